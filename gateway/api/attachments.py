"""Files of a case, streamed in and out a mebibyte at a time: the process never holds a whole one.

In: the raw bytes as the body. What has arrived is described by a second request, and only then anybody sees it. Out:
as an attachment, of the type that its content was found to be. Every piece is a transaction of its own, in which the
session is looked at again; a piece leaves after it was authenticated and its transaction committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from gateway.api import record_models as m
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from gateway.uploads import Upload
from vault.cases.attachments import ARRIVAL_LONGEST
from vault.errors import ConfigurationError, Conflict, VaultError
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
#: Chunks opened in one transaction: a mebibyte, a few milliseconds.
_AT_ONCE: Final = 16
_MEDIA_TYPE: Final = "application/octet-stream"

log = logging.getLogger("parefeu.gateway")


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
        upload = await Upload.begin(self.gate, self.casework, request, wanted, self.kind, provenance)
        try:
            async with asyncio.timeout(ARRIVAL_LONGEST.total_seconds()):
                async for piece in request.stream():
                    await upload.take(piece)
                reply = await upload.end(upload.finish())
        except TimeoutError:
            await upload.abandon()
            raise Conflict("the file took too long to arrive: send it again") from None
        except ClientDisconnect:
            await upload.abandon()
            return Response(status_code=400)  # nobody is there to read it
        except BaseException:
            await upload.abandon()
            raise
        return json_response(reply, 201)

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
