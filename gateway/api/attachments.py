"""Files of a case, streamed in and out a mebibyte at a time: the process never holds a whole one.

In: the raw bytes as the body. What has arrived is described by a second request, and only then anybody sees it. Out:
as an attachment, of the type that its content was found to be. Every piece is a transaction of its own, in which the
session is looked at again; a piece leaves after it was authenticated and its transaction committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from gateway.api import record_models as m
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from vault.cases.attachments import ARRIVAL_LONGEST, LARGEST_FILE, Manifest
from vault.cases.file_types import TypeCheck
from vault.crypto.chunked import CHUNK_BYTES, Splitter
from vault.errors import ConfigurationError, Conflict, InvalidInput, VaultError
from vault.ids import CaseId, RecordId
from vault.sensitive import Sensitive
from vault.usecases import attachments
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, Action, Kind, Provenance, Purpose

SECTIONS: Final[dict[str, Kind]] = {
    "narrative": Kind.ATTACHMENT,
    "identity": Kind.IDENTITY_ATTACHMENT,
    "sensitive": Kind.SENSITIVE_ATTACHMENT,
    "stay-analysis": Kind.STAY_ATTACHMENT,
    "return-plan": Kind.RETURN_ATTACHMENT,
}
#: Chunks sealed or opened in one transaction: a mebibyte, a few milliseconds.
_AT_ONCE: Final = 16
_MEDIA_TYPE: Final = "application/octet-stream"

log = logging.getLogger("parefeu.gateway")


class _Upload:
    """One file on its way in. Holds what has come and is not sealed yet: less than a transaction's worth."""

    def __init__(self, arrival: attachments.Arrival) -> None:
        self.arrival = arrival
        self.splitter = Splitter()
        self.check = TypeCheck()
        self.digest = sha256()
        self.next = 0
        self.waiting: list[Sensitive[bytes]] = []

    def feed(self, piece: bytes) -> None:
        """Raises InvalidInput for what is too large or begins as nothing that is taken."""
        if self.splitter.size + len(piece) > LARGEST_FILE:
            raise InvalidInput(f"a file has at most {LARGEST_FILE} bytes", field="content")
        self.check.feed(piece)
        self.digest.update(piece)
        self.waiting += map(Sensitive, self.splitter.feed(piece))

    def finish(self) -> Manifest:
        """Raises InvalidInput for what is nothing that is taken."""
        if not self.splitter.size:
            raise InvalidInput("the file is empty", field="content")
        found = self.check.finish()
        self.waiting += map(Sensitive, self.splitter.finish())
        return Manifest(found, self.splitter.size, self.digest.hexdigest())

    def take(self, count: int) -> list[Sensitive[bytes]]:
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken


class _Attachments:
    """The handlers of one compartment."""

    def __init__(self, gate: Gate, kind: Kind) -> None:
        if gate.services.casework is None:
            raise ConfigurationError("this process has no casework keys")
        self.gate, self.kind, self.casework = gate, kind, gate.services.casework

    async def read_attachments(self, request: Request, case: str) -> Response:
        """The files of this compartment: names, captions, types, sizes."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: attachments.read_attachments(uow, actor, wanted, self.kind, self.casework)
            )
        )

    async def add_attachment(
        self, request: Request, case: str, provenance: Provenance = Provenance.INTERVIEW
    ) -> Response:
        """Send a file: its bytes as the body. Describe it afterwards; what is not described in time is swept."""
        wanted = parse_reference(case)
        arrival = await self.gate.run(
            request,
            lambda uow, actor: attachments.begin_attachment(uow, actor, wanted, self.kind, provenance, self.casework),
        )
        upload = _Upload(arrival)
        try:
            async with asyncio.timeout(ARRIVAL_LONGEST.total_seconds()):
                reply = await self._receive(request, upload)
        except TimeoutError:
            await self._abandon(request, upload)
            raise Conflict("the file took too long to arrive: send it again") from None
        except ClientDisconnect:
            await self._abandon(request, upload)
            return Response(status_code=400)  # nobody is there to read it
        except BaseException:
            await self._abandon(request, upload)
            raise
        return json_response(reply, 201)

    async def _receive(self, request: Request, upload: _Upload) -> Any:
        async for piece in request.stream():
            for start in range(0, len(piece), CHUNK_BYTES):  # a server may hand over more at once than is sealed
                upload.feed(piece[start : start + CHUNK_BYTES])
                while len(upload.waiting) >= _AT_ONCE:
                    await self._store(request, upload)
        manifest = upload.finish()
        while len(upload.waiting) > _AT_ONCE:
            await self._store(request, upload)
        last, first, arrival = upload.take(_AT_ONCE), upload.next, upload.arrival
        return await self.gate.run(
            request,
            lambda uow, actor: attachments.end_attachment(uow, actor, arrival, first, last, manifest, self.casework),
            quick=False,
        )

    async def _store(self, request: Request, upload: _Upload) -> None:
        chunks, first, arrival = upload.take(_AT_ONCE), upload.next, upload.arrival
        upload.arrival = await self.gate.run(
            request,
            lambda uow, actor: attachments.add_chunks(uow, actor, arrival, first, chunks, self.casework),
            quick=False,
        )
        upload.next += len(chunks)

    async def _abandon(self, request: Request, upload: _Upload) -> None:
        """Empty what has come. If that fails too (signed out, the store gone), the sweep will do it."""
        arrival = upload.arrival
        with suppress(VaultError):
            await self.gate.run(
                request, lambda uow, actor: attachments.abandon_attachment(uow, actor, arrival, self.casework),
                quick=False,
            )  # fmt: skip

    async def describe_attachment(
        self, request: Request, case: str, attachment: str, body: m.DescriptionBody
    ) -> Response:
        """Give a file its name and caption, or new ones. Names that the case knows become stand-ins."""
        cmd = attachments.DescribeAttachment(
            parse_reference(case), self.kind, RecordId.parse(attachment), body.name, body.caption, body.language,
            body.based_on,
        )  # fmt: skip
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: attachments.describe_attachment(uow, actor, cmd, self.casework)
            )
        )

    async def read_attachment(self, request: Request, case: str, attachment: str) -> Response:
        """The file itself, as a download."""
        wanted, record = parse_reference(case), RecordId.parse(attachment)
        departure, first = await self._leave(request, wanted, record)
        values = departure.values
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(values['name'], safe='')}",
            "content-length": str(departure.size),
        }
        return StreamingResponse(
            self._send(request, departure, first), headers=headers, media_type=values["media_type"]
        )

    async def _leave(
        self, request: Request, case: CaseId, record: RecordId
    ) -> tuple[attachments.Departure, list[Sensitive[bytes]]]:
        """What it is and its first pieces, so that a file that does not open is refused and not begun."""
        departure = await self.gate.run(
            request,
            lambda uow, actor: attachments.open_attachment(uow, actor, case, self.kind, record, self.casework),
        )
        return await self._pieces(request, departure, 0)

    async def _send(
        self, request: Request, departure: attachments.Departure, pieces: list[Sensitive[bytes]]
    ) -> AsyncIterator[bytes]:
        """A piece that fails ends the answer short of its announced length: whoever receives it notices."""
        sent = 0
        while pieces:
            for piece in pieces:
                yield piece.expose()
            sent += len(pieces)
            if sent >= (departure.row.chunks or 0):
                return
            try:
                departure, pieces = await self._pieces(request, departure, sent)
            except VaultError as fault:
                log.error("a download broke off", extra={"code": fault.code})
                raise

    async def _pieces(
        self, request: Request, departure: attachments.Departure, first: int
    ) -> tuple[attachments.Departure, list[Sensitive[bytes]]]:
        found: tuple[attachments.Departure, list[Sensitive[bytes]]] = await self.gate.run(
            request,
            lambda uow, actor: attachments.read_chunks(uow, actor, departure, first, _AT_ONCE, self.casework),
            quick=False,
        )
        return found


def router(gate: Gate) -> APIRouter:
    """Four routes a compartment; each declares what it asks."""
    api = APIRouter(tags=["attachments"], route_class=StrictRoute)
    for section, kind in SECTIONS.items():
        own = _Attachments(gate, kind)
        base = f"/casework/cases/{{case}}/attachments/{section}"
        table: tuple[tuple[str, str, Callable[..., Coroutine[Any, Any, Response]], Action], ...] = (
            ("GET", base, own.read_attachments, Action.READ),
            ("POST", base, own.add_attachment, Action.WRITE),
            ("PUT", f"{base}/{{attachment}}", own.describe_attachment, Action.WRITE),
            ("GET", f"{base}/{{attachment}}", own.read_attachment, Action.READ),
        )
        for method, path, handler, action in table:
            extra = Asks(str(CASEWORK), action, kind, Purpose.COACHING).extra()
            if method == "POST":
                extra["requestBody"] = {"required": True, "content": {_MEDIA_TYPE: {}}}
            api.add_api_route(
                path,
                handler,
                methods=[method],
                operation_id=f"casework_{handler.__name__}_{section.replace('-', '_')}",
                openapi_extra=extra,
                response_model=None,
            )
    return api
