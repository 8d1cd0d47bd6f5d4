"""Casework's routes: cases, people, notes. The steps of a case are in `flow.py`, referrals in `referrals.py`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gateway.api import models as m
from gateway.api.json import StrictRoute, check_query, json_response
from gateway.auth.sessions import token_hash
from gateway.gate import Asks, Gate, source_of
from vault.cases.flow import State
from vault.errors import ConfigurationError
from vault.ids import RecordId
from vault.storage.hot import Want
from vault.usecases import notes, open_case, read_case, steps
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, Action, Kind, Purpose

ADMIN, COACHING = Purpose.CASE_ADMINISTRATION, Purpose.COACHING
_NOTE_PATH = "/casework/cases/{case}/notes/{note}"


def asks(action: Action, kind: Kind, purpose: Purpose) -> dict[str, Any]:
    return Asks("casework", action, kind, purpose).extra()


class _Router:
    """The handlers share the gate and casework's services."""

    def __init__(self, gate: Gate) -> None:
        services = gate.services
        if services.casework is None:
            raise ConfigurationError("this process has no casework keys")
        self.gate = gate
        self.casework = services.casework

    # -- cases ------------------------------------------------------------------------------------

    async def open_case(self, request: Request, body: m.OpenCaseBody) -> Response:
        """Open a case with its people, how they are reached and the facts of the official file."""
        cmd = open_case.OpenCase(
            body.region, body.language, body.identity(), body.contact.contact(), body.facts.facts(), body.origin,
            body.place, body.coach_type,
        )  # fmt: skip
        reply = await self.gate.run(request, lambda uow, actor: open_case.open_case(uow, actor, cmd, self.casework))
        return json_response(reply, 201)

    async def list_cases(
        self, request: Request, state: Annotated[list[State] | None, Query()] = None,
        language: Annotated[str, Query(pattern="^(fr|nl|de|en)?$")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50, before: datetime | None = None,
    ) -> Response:  # fmt: skip
        """The actor's caseload (a coach's own; for a regional head or the desk, the region's), newest first."""
        cmd = read_case.ListCases(tuple(state or ()), language, limit, aware(before))
        rows = await self.gate.run(request, lambda uow, actor: read_case.list_cases(uow, actor, cmd, self.casework))
        return json_response({"cases": rows, "complete": len(rows) < limit})

    async def find_case(self, request: Request, body: m.FindBody) -> Response:
        """Find a case within one's reach by an exact identifier, or by its pseudonym in the log (`log_name`)."""
        rows = await self.gate.run(
            request,
            lambda uow, actor: read_case.find_case(uow, actor, body.field, body.value, self.casework),
            quick=body.field != read_case.LOG_NAME,
        )
        return json_response({"cases": rows})

    async def read_case(self, request: Request, case: str) -> Response:
        """Where a case stands."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(request, lambda uow, actor: read_case.read_case(uow, actor, wanted, self.casework))
        )

    async def read_identity(self, request: Request, case: str) -> Response:
        """Who the people of the case are. Logged as a look at names."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(request, lambda uow, actor: read_case.read_identity(uow, actor, wanted, self.casework))
        )

    async def revise_identity(self, request: Request, case: str, body: m.RevisedIdentityBody) -> Response:
        """Write a new version of who the people are; the old one is kept."""
        wanted, identity = parse_reference(case), body.identity()
        return json_response(
            await self.gate.run(
                request,
                lambda uow, actor: steps.revise_identity(uow, actor, wanted, identity, body.based_on, self.casework),
            )
        )

    async def read_contact(self, request: Request, case: str) -> Response:
        """How the people of the case are reached. Logged."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(request, lambda uow, actor: read_case.read_contact(uow, actor, wanted, self.casework))
        )

    async def revise_contact(self, request: Request, case: str, body: m.RevisedContactBody) -> Response:
        """Write a new version of how they are reached; the old one is kept."""
        wanted, contact = parse_reference(case), body.contact()
        return json_response(
            await self.gate.run(
                request,
                lambda uow, actor: steps.revise_contact(uow, actor, wanted, contact, body.based_on, self.casework),
            )
        )

    # -- notes ------------------------------------------------------------------------------------

    async def list_notes(self, request: Request, case: str) -> Response:
        """The notes of a case, without their text."""
        wanted = parse_reference(case)
        rows = await self.gate.run(request, lambda uow, actor: notes.list_notes(uow, actor, wanted, self.casework))
        return json_response({"notes": rows})

    async def note_versions(self, request: Request, case: str, note: str) -> Response:
        """The versions of a note, without their text."""
        wanted, record = parse_reference(case), RecordId.parse(note)
        rows = await self.gate.run(
            request, lambda uow, actor: notes.list_notes(uow, actor, wanted, self.casework, record)
        )
        return json_response({"versions": rows})

    async def note_version(
        self, request: Request, case: str, note: str, version: Annotated[int, Path(ge=1, le=m.LARGEST_VERSION)]
    ) -> Response:
        """One version of a note."""
        wanted, record = parse_reference(case), RecordId.parse(note)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: notes.read_note(uow, actor, wanted, record, self.casework, version)
            )
        )

    async def reveal_note(self, request: Request, case: str, note: str, body: m.RevealBody) -> Response:
        """Restore the names in a note: its own act, with a reason; logged before anything opens."""
        wanted, record = parse_reference(case), RecordId.parse(note)
        permit = await self.gate.run(
            request,
            lambda uow, actor: notes.authorise_reveal(uow, actor, wanted, record, body.reason, self.casework),
        )
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: notes.reveal_note(uow, actor, permit, record, self.casework)
            )
        )

    async def search_notes(self, request: Request, body: m.SearchBody) -> Response:
        """Notes of one's own caseload that hold a word. Opened and scanned; there is no index of words."""
        hits, complete = await self.gate.run(
            request, lambda uow, actor: notes.search_notes(uow, actor, body.word, self.casework), quick=False
        )
        return json_response({"notes": hits, "complete": complete})

    # -- the hot path -----------------------------------------------------------------------------

    async def read_note(self, request: Request) -> Response:
        """One note, stand-ins kept. A plain Starlette route: no per-request dependency tree."""
        check_query(request, {})
        path = request.path_params
        case, note = parse_reference(path["case"]), RecordId.parse(path["note"])
        hashed = token_hash(request.scope, CASEWORK)
        casework = self.casework
        job = self.gate.job(
            hashed, source_of(request.scope), lambda uow, actor: notes.read_note(uow, actor, case, note, casework)
        )
        reply = await self.gate.services.worker.submit(CASEWORK, job, want=Want(hashed, note.raw))
        return json_response(reply)


def aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def router(gate: Gate) -> APIRouter:
    """Every route declares what it asks of the firewall."""
    own = _Router(gate)
    api = APIRouter(tags=["casework"], route_class=StrictRoute)
    case = "/casework/cases/{case}"
    note = _NOTE_PATH
    table: tuple[tuple[str, str, Any, Action, Kind, Purpose], ...] = (
        ("POST", "/casework/cases", own.open_case, Action.CREATE, Kind.CASE, ADMIN),
        ("GET", "/casework/cases", own.list_cases, Action.LIST, Kind.CASE, ADMIN),
        ("POST", "/casework/find", own.find_case, Action.SEARCH, Kind.CASE, ADMIN),
        ("POST", "/casework/search", own.search_notes, Action.SEARCH, Kind.NOTE, COACHING),
        ("GET", case, own.read_case, Action.READ, Kind.CASE, ADMIN),
        ("GET", f"{case}/identity", own.read_identity, Action.READ, Kind.IDENTITY, COACHING),
        ("PUT", f"{case}/identity", own.revise_identity, Action.WRITE, Kind.IDENTITY, COACHING),
        ("GET", f"{case}/contact", own.read_contact, Action.READ, Kind.CONTACT, COACHING),
        ("PUT", f"{case}/contact", own.revise_contact, Action.WRITE, Kind.CONTACT, COACHING),
        ("GET", f"{case}/notes", own.list_notes, Action.LIST, Kind.NOTE, COACHING),
        ("GET", f"{note}/versions", own.note_versions, Action.LIST, Kind.NOTE, COACHING),
        ("GET", f"{note}/versions/{{version}}", own.note_version, Action.READ, Kind.NOTE, COACHING),
        ("POST", f"{note}/reveal", own.reveal_note, Action.REVEAL, Kind.NOTE, COACHING),
    )
    for method, path, handler, action, kind, purpose in table:
        api.add_api_route(
            path,
            handler,
            methods=[method],
            operation_id=f"casework_{handler.__name__}",
            openapi_extra=asks(action, kind, purpose),
            response_model=None,
        )
    return api


def hot_route(gate: Gate) -> tuple[str, Any, dict[str, Any]]:
    """Path, handler and declaration of the read-one-note route."""
    return _NOTE_PATH, _Router(gate).read_note, asks(Action.READ, Kind.NOTE, COACHING)
