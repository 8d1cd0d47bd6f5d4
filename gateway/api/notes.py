"""Writing notes: look through, decide, store; look again at stored ones; the stand-ins of a case.

Looking through a text takes up to a tenth of a second per thousand characters. It happens in a thread, a few at a
time, once it is known that somebody signed in asks, and never inside the store's transaction. The text stays in the
request's memory.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api import note_models as m
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from gateway.looking import looking_of
from vault.errors import ConfigurationError, ReviewNeeded, StaleVersion
from vault.ids import RecordId
from vault.usecases import note_review, notes, stand_ins
from vault.usecases.casework import parse_reference
from vault.vocabulary import Action, Kind, Purpose


class _Notes:
    def __init__(self, gate: Gate) -> None:
        if gate.services.casework is None:
            raise ConfigurationError("this process has no casework keys")
        self.gate = gate
        self.casework = gate.services.casework
        self._look = looking_of(gate).look

    async def review_note(self, request: Request, case: str, body: m.LookBody) -> Response:
        """Look through a text for what identifies people. Nothing is stored; decisions are tried out on it."""
        wanted, decisions = parse_reference(case), body.choices()
        note = RecordId.parse(body.note) if body.note is not None else None
        notes.check_text(body.text)
        looked = await self._look(request, body.text, body.language)
        typed = note_review.Typed(wanted, body.text, body.language, looked, note)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: note_review.review_note(uow, actor, typed, self.casework, decisions)
            )
        )

    async def write_note(self, request: Request, case: str, body: m.WrittenNoteBody) -> Response:
        """Write an interview note. What identifies people becomes stand-ins before it is stored. Refused, with what is
        to be decided, while anything in it is only suggested."""
        cmd = notes.WriteNote(
            parse_reference(case), body.text, body.language, body.template, template_version=body.template_version,
            decided=body.decided(), unreviewed_from=body.unreviewed_from,
        )  # fmt: skip
        return json_response(await self._write(request, cmd), 201)

    async def revise_note(self, request: Request, case: str, note: str, body: m.RevisedNoteBody) -> Response:
        """Write a new version of a note. Refused with both texts if somebody wrote one in between."""
        cmd = notes.WriteNote(
            parse_reference(case), body.text, body.language, body.template, RecordId.parse(note), body.based_on,
            body.template_version, body.correction, decided=body.decided(), unreviewed_from=body.unreviewed_from,
        )  # fmt: skip
        try:
            reply = await self._write(request, cmd)
        except StaleVersion as stale:
            fault = stale
            stale.versions = list(
                await self.gate.run(
                    request, lambda uow, actor: notes.both_versions(uow, actor, cmd, fault, self.casework)
                )
            )
            raise
        return json_response(reply)

    async def _write(self, request: Request, cmd: notes.WriteNote) -> Any:
        notes.check(cmd)
        looked = await self._look(request, cmd.text, cmd.language)
        looked_at = cmd.looking(looked)
        try:
            return await self.gate.run(
                request, lambda uow, actor: notes.write_note(uow, actor, looked_at, self.casework)
            )
        except ReviewNeeded as needed:
            typed = note_review.Typed(cmd.case, cmd.text, cmd.language, looked, cmd.note)
            needed.review = await self.gate.run(
                request, lambda uow, actor: note_review.review_note(uow, actor, typed, self.casework)
            )
            raise

    async def rescan_note(self, request: Request, case: str, note: str) -> Response:
        """Look through a stored note again, with what the program and the case know today. It proposes, and changes
        nothing: whoever agrees revises the note."""
        wanted, record = parse_reference(case), RecordId.parse(note)
        text, language, version = await self.gate.run(
            request, lambda uow, actor: note_review.note_to_look_at(uow, actor, wanted, record, self.casework)
        )
        looked = await self._look(request, text, language)
        typed = note_review.Typed(wanted, text, language, looked, record)
        return json_response(
            await self.gate.run(
                request,
                lambda uow, actor: note_review.review_note(uow, actor, typed, self.casework, version=version),
            )
        )

    async def list_stand_ins(self, request: Request, case: str) -> Response:
        """Which stand-in means whom. Logged as a look at names."""
        wanted = parse_reference(case)
        rows = await self.gate.run(
            request, lambda uow, actor: stand_ins.list_stand_ins(uow, actor, wanted, self.casework)
        )
        return json_response({"stand_ins": rows})

    async def merge_stand_ins(self, request: Request, case: str, body: m.MergeStandInsBody) -> Response:
        """Two stand-ins turn out to mean the same: new mentions get one of them, old notes keep what they have."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(
                request,
                lambda uow, actor: stand_ins.merge(uow, actor, wanted, body.token, body.into, self.casework),
            )
        )

    async def split_stand_in(self, request: Request, case: str, body: m.SplitStandInBody) -> Response:
        """Some of what a stand-in stands for turns out to be somebody else: those places get a new one, in new versions
        of the notes that have them."""
        wanted, forms = parse_reference(case), tuple(body.forms)
        return json_response(
            await self.gate.run(
                request,
                lambda uow, actor: stand_ins.split(uow, actor, wanted, body.token, forms, self.casework),
                quick=False,
            )
        )


def router(gate: Gate) -> APIRouter:
    """Every route declares what it asks of the firewall."""
    own = _Notes(gate)
    api = APIRouter(tags=["casework"], route_class=StrictRoute)
    case = "/casework/cases/{case}"
    note = f"{case}/notes/{{note}}"
    also = {
        "merge_stand_ins": ((Action.READ, Kind.TOKEN_MAP),),
        "split_stand_in": ((Action.READ, Kind.TOKEN_MAP), (Action.READ, Kind.NOTE), (Action.WRITE, Kind.NOTE)),
    }
    table: tuple[tuple[str, str, Any, Action, Kind], ...] = (
        ("POST", f"{case}/note-review", own.review_note, Action.REVIEW, Kind.NOTE),
        ("POST", f"{case}/notes", own.write_note, Action.WRITE, Kind.NOTE),
        ("PUT", note, own.revise_note, Action.WRITE, Kind.NOTE),
        ("POST", f"{note}/rescan", own.rescan_note, Action.REVIEW, Kind.NOTE),
        ("GET", f"{case}/stand-ins", own.list_stand_ins, Action.READ, Kind.TOKEN_MAP),
        ("POST", f"{case}/stand-ins/merge", own.merge_stand_ins, Action.WRITE, Kind.TOKEN_MAP),
        ("POST", f"{case}/stand-ins/split", own.split_stand_in, Action.WRITE, Kind.TOKEN_MAP),
    )
    for method, path, handler, action, kind in table:
        api.add_api_route(
            path,
            handler,
            methods=[method],
            operation_id=f"casework_{handler.__name__}",
            openapi_extra=Asks("casework", action, kind, Purpose.COACHING, also.get(handler.__name__, ())).extra(),
            response_model=None,
        )
    return api
