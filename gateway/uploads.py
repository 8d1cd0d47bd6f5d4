"""A file on its way from a request into the vault, sealed a mebibyte at a time: the process never holds a whole one.

    upload = await Upload.begin(gate, request, case, kind, provenance)
    async for piece in request.stream():
        await upload.take(piece)
    receipt = await upload.end()

Every batch is a transaction of its own, in which the session is looked at again. Nothing of a file lies on a disk but
sealed. Whoever begins ends, or abandons; what dies in between is swept.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import Any, Final, Self

from starlette.requests import Request

from gateway.gate import Gate
from vault.cases.attachments import LARGEST_FILE, Manifest
from vault.cases.file_types import TypeCheck
from vault.crypto.chunked import CHUNK_BYTES, Splitter
from vault.errors import InvalidInput, VaultError
from vault.ids import CaseId
from vault.sensitive import Sensitive
from vault.usecases import attachments
from vault.usecases.casework import Casework
from vault.vocabulary import Kind, Provenance

#: Chunks sealed in one transaction: a mebibyte, a few milliseconds.
_AT_ONCE: Final = 16


class Upload:
    """Holds what has come and is not sealed yet: less than a transaction's worth."""

    def __init__(self, gate: Gate, casework: Casework, request: Request, arrival: attachments.Arrival) -> None:
        self._gate, self._casework, self._request, self._arrival = gate, casework, request, arrival
        self._splitter = Splitter()
        self._check = TypeCheck()
        self._digest = sha256()
        self._next = 0
        #: Bytes that have come, and whether they were too many.
        self.size = 0
        self.full = False
        self._waiting: list[Sensitive[bytes]] = []

    @classmethod
    async def begin(
        cls, gate: Gate, casework: Casework, request: Request, case: CaseId, kind: Kind, provenance: Provenance
    ) -> Self:
        """Raises NotFound, NoticeMissing, Conflict, Erased."""
        arrival = await gate.run(
            request, lambda uow, actor: attachments.begin_attachment(uow, actor, case, kind, provenance, casework)
        )
        return cls(gate, casework, request, arrival)

    async def take(self, piece: bytes) -> None:
        """The next bytes, of any length. Raises InvalidInput for what is too large or is nothing that is taken."""
        for start in range(0, len(piece), CHUNK_BYTES):  # a server may hand over more at once than is sealed
            self._feed(piece[start : start + CHUNK_BYTES])
            while len(self._waiting) >= _AT_ONCE:
                await self._store()

    def _feed(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > LARGEST_FILE:
            self.full = True
            raise InvalidInput(f"a file has at most {LARGEST_FILE} bytes", field="content")
        self._check.feed(piece)
        self._digest.update(piece)
        self._waiting += map(Sensitive, self._splitter.feed(piece))

    def finish(self) -> Manifest:
        """What has come, now that it is whole. Raises InvalidInput for what is nothing that is taken."""
        if not self.size:
            raise InvalidInput("the file is empty", field="content")
        found = self._check.finish()
        self._waiting += map(Sensitive, self._splitter.finish())
        return Manifest(found, self.size, self._digest.hexdigest())

    async def end(self, manifest: Manifest) -> Any:
        """The receipt of a file that has arrived and waits for its description. Raises Conflict."""
        while len(self._waiting) > _AT_ONCE:
            await self._store()
        last, first, arrival = self._taken(), self._next, self._arrival
        return await self._gate.run(
            self._request,
            lambda uow, actor: attachments.end_attachment(uow, actor, arrival, first, last, manifest, self._casework),
            quick=False,
        )

    async def abandon(self) -> None:
        """Empty what has come. If that fails too (signed out, the store gone), the sweep will do it."""
        arrival = self._arrival
        with suppress(VaultError):
            await self._gate.run(
                self._request,
                lambda uow, actor: attachments.abandon_attachment(uow, actor, arrival, self._casework),
                quick=False,
            )

    async def _store(self) -> None:
        chunks, first, arrival = self._taken(), self._next, self._arrival
        self._arrival = await self._gate.run(
            self._request,
            lambda uow, actor: attachments.add_chunks(uow, actor, arrival, first, chunks, self._casework),
            quick=False,
        )
        self._next += len(chunks)

    def _taken(self) -> list[Sensitive[bytes]]:
        taken, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        return taken
