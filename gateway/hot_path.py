"""Reading one note, past the framework: what coaches do all day.

FastAPI's stack around a route costs more than deciding, unwrapping, decrypting and logging together. So the
application answers `GET /casework/cases/CASE/notes/NOTE` itself: the same gate, the same use case, the same
problems and the same headers, without middleware, routing table and response objects. The route stays
registered inside the application as well (description, tests, and any request that this one leaves alone).
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway import problems
from gateway.auth.sessions import token_hash
from gateway.gate import Gate, source_of
from gateway.middleware import SECURITY_HEADERS
from vault.errors import NotSignedIn, VaultError
from vault.ids import RecordId
from vault.storage.hot import Want
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, parse_reference
from vault.usecases.notes import read_note
from vault.usecases.sign_in import authenticate
from vault.vocabulary import CASEWORK

_PREFIX: Final = "/casework/cases/"
_CONTENT_TYPE: Final = (b"content-type", b"application/json")


class HotPath:
    """Answers the requests that `wanted` accepts; the application answers all others.

    turned_away: told the path and the code of whoever is not signed in.
    """

    def __init__(self, gate: Gate, casework: Casework, turned_away: Callable[[str, str], None]) -> None:
        self._gate = gate
        self._casework = casework
        self._turned_away = turned_away
        self._clock = gate.services.clock
        self._submit = gate.services.worker.submit

    @staticmethod
    def wanted(scope: Scope) -> list[str] | None:
        """The path's parts if this is a read of one note: `["", "casework", "cases", CASE, "notes", NOTE]`."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_PREFIX):
            return None
        parts: list[str] = scope["path"].split("/")
        whole = len(parts) == 6 and parts[4] == "notes" and parts[5] and not scope["query_string"]
        return parts if whole else None

    async def answer(self, parts: list[str], scope: Scope, receive: Receive, send: Send) -> None:
        """Decide, open, log, commit, then reply."""
        try:
            case, note = parse_reference(parts[3]), RecordId.parse(parts[5])
            hashed = token_hash(scope, CASEWORK)
            source, casework, clock = source_of(scope), self._casework, self._clock

            def work(uow: UnitOfWork) -> dict[str, object]:
                return read_note(uow, authenticate(uow, hashed, source, clock), case, note, casework)

            reply = await self._submit(CASEWORK, work, want=Want(hashed, note.raw))
        except VaultError as refusal:
            await self._problem(problems.vault_problem(refusal), scope, receive, send)
            return
        except Exception as fault:  # noqa: BLE001 - anything unforeseen is a number and no detail
            await self._problem(problems.unforeseen(fault), scope, receive, send)
            return
        body = orjson.dumps(reply)
        headers = [_CONTENT_TYPE, (b"content-length", b"%d" % len(body)), *SECURITY_HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _problem(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self._turned_away(scope["path"], NotSignedIn.code)
        response.raw_headers.extend(SECURITY_HEADERS)
        await response(scope, receive, send)
