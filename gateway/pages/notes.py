"""Notes on the screen: write, revise, read, restore names; drafts that survive; two who edit the same note."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gateway.looking import looking_of
from gateway.pages.casework import CaseworkPages, told_unusable
from gateway.pages.reviewing import Look, decided
from gateway.pages.site import Door, Visit
from vault.access.actor import Actor
from vault.cases.drafts import DRAFT_LIFETIME
from vault.cases.model import LANGUAGES
from vault.cases.notes import NOTE_LIMIT
from vault.errors import InvalidInput, NotFound, ReviewNeeded, ReviewStale, StaleVersion
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases import drafts, note_review, notes
from vault.vocabulary import Phase

_WRITABLE = {Phase.ACTIVE.value, Phase.SUSPENDED.value, Phase.CLOSING.value}


class NotePages(CaseworkPages):
    """Write and read. A draft is kept by the server, sealed, for its author alone."""

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        self.looking = looking_of(door.gate)

    async def read(self, visit: Visit) -> Response:
        """One note, its stand-ins kept; with a reason, the names restored."""
        case, note = self.wanted(visit), RecordId.parse(visit.place("note"))
        shown: Any = None
        if visit.saving:
            reason = visit.form.text("reason").strip()
            permit = await visit.attempt(
                lambda uow, actor: notes.authorise_reveal(uow, actor, case, note, reason, self.casework)
            )
            if permit is not None:
                shown = await visit.run(lambda uow, actor: notes.reveal_note(uow, actor, permit, note, self.casework))

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, list[Any]]:
            found = notes.read_note(uow, actor, case, note, self.casework)
            # Of a first version there is no other to list: nothing is asked that nobody is shown.
            return found, notes.list_notes(uow, actor, case, self.casework, note) if found["version"] > 1 else []

        found, versions = await visit.run(work)
        return visit.draw(
            "note.html", note=found, versions=versions, newest=True, shown=shown, reference=visit.place("case")
        )

    async def version(self, visit: Visit) -> Response:
        """An earlier version of a note."""
        case, note = self.wanted(visit), RecordId.parse(visit.place("note"))
        number = visit.place("version")
        if not (number.isascii() and number.isdigit() and 0 < len(number) < 9):
            raise NotFound("no such item, or not for you")
        found = await visit.run(lambda uow, actor: notes.read_note(uow, actor, case, note, self.casework, int(number)))
        return visit.draw("note.html", note=found, versions=[], newest=False, shown=None, reference=visit.place("case"))

    async def write(self, visit: Visit) -> Response:
        """A new note."""
        case = self.wanted(visit)
        status = await visit.run(lambda uow, actor: self.status(uow, actor, case))
        values = await self._begun(visit, case, None, status)
        if await self._button(visit, case, None):
            return visit.go(f"/cases/{visit.place('case')}", done="draft")
        review = None
        if visit.saving and "_template" not in visit.form:
            reply, review = await self._store(visit, self._command(visit, case, None, values))
            if reply is not None:
                return visit.go(f"/cases/{visit.place('case')}/notes/{reply['note']}", done="note")
        return self._form(visit, status, values, None, None, review)

    async def revise(self, visit: Visit) -> Response:
        """A new version. Where somebody was faster: both texts, and what was typed."""
        case, note = self.wanted(visit), RecordId.parse(visit.place("note"))
        status = await visit.run(lambda uow, actor: self.status(uow, actor, case))
        values = await self._begun(visit, case, note, status)
        if await self._button(visit, case, note):
            return visit.go(f"/cases/{visit.place('case')}/notes/{note.hex()}", done="draft")
        both: tuple[Any, Any] | None = None
        review = None
        if visit.saving and "_template" not in visit.form:
            cmd = self._command(visit, case, note, values)
            try:
                reply, review = await self._store(visit, cmd)
            except StaleVersion as stale:
                fault = stale
                both = await visit.run(lambda uow, actor: notes.both_versions(uow, actor, cmd, fault, self.casework))
                visit.faults.add("text", "stale_version")
                values["based_on"] = fault.current
            else:
                if reply is not None:
                    return visit.go(f"/cases/{visit.place('case')}/notes/{note.hex()}", done="note")
        return self._form(visit, status, values, note, both, review)

    async def keep_draft(self, visit: Visit) -> Response:
        """What was typed so far, sealed. For the script: no page."""
        case = self.wanted(visit)
        name = visit.request.path_params.get("note")
        note = RecordId.parse(name) if name else None
        if not visit.saving:
            return Response(status_code=403)
        values = _typed(visit, {"text": "", "language": "fr", "template": "interview", "based_on": 0, "correction": ""})
        since = visit.form.text("since")
        cmd = drafts.SaveDraft(
            case, values["text"], values["language"], values["template"], note, values["based_on"],
            since=int(since) if since.isascii() and since.isdigit() and len(since) < 10 else None,
        )  # fmt: skip
        try:
            reply = await visit.attempt(lambda uow, actor: drafts.save_draft(uow, actor, cmd, self.casework))
        except StaleVersion as late:  # for a form that is still open: it goes on from there
            return Response(str(late.current), status_code=409, media_type="text/plain")
        return Response(status_code=204 if reply is not None else 422)

    # -- the form -----------------------------------------------------------------------------------

    async def _begun(self, visit: Visit, case: CaseId, note: RecordId | None, status: Any) -> dict[str, Any]:
        """What the form holds: what was sent, else one's draft, else the note, else a skeleton."""
        language = status["language"]
        template = "interview" if status.get("notes") else "intake"
        values: dict[str, Any] = {
            "text": "", "language": language, "template": template, "based_on": 0, "correction": "", "draft": None,
            "seal": None,
        }  # fmt: skip
        if visit.posted:
            values |= _typed(visit, values)
            if "_template" in visit.form and visit.saving:
                values["text"] = self._skeleton(values["template"], values["language"])
            if status["phase"] in _WRITABLE:
                _, values["seal"] = await self._begin_writing(visit, case, note)
            return values
        if note is not None:
            found = await visit.run(lambda uow, actor: notes.read_note(uow, actor, case, note, self.casework))
            values |= {name: found[name] for name in ("text", "language", "template")} | {"based_on": found["version"]}
        else:
            values["text"] = self._skeleton(template, language)
        if status["phase"] in _WRITABLE:
            draft, values["seal"] = await self._begin_writing(visit, case, note)
            if draft is not None:
                values |= {name: draft[name] for name in ("text", "language", "template", "based_on")}
                values["draft"] = draft["written_at"]
        return values

    async def _begin_writing(self, visit: Visit, case: CaseId, note: RecordId | None) -> Any:
        """One's draft, and what the browser seals its own copy with; neither for who may not write there now."""
        try:
            return await visit.run(lambda uow, actor: drafts.begin_writing(uow, actor, case, note, self.casework))
        except NotFound:
            return None, None

    def _skeleton(self, template: str, language: str) -> str:
        found = self.casework.texts.notes.get(template)
        return found.skeletons[language] if found is not None else ""

    async def _button(self, visit: Visit, case: CaseId, note: RecordId | None) -> bool:
        """The form's other button: throw the draft away (True)."""
        if not visit.saving:
            return False
        if "_discard" in visit.form:
            await visit.run(lambda uow, actor: drafts.discard_draft(uow, actor, case, note, self.casework))
            return True
        return False

    @staticmethod
    def _command(visit: Visit, case: CaseId, note: RecordId | None, values: dict[str, Any]) -> notes.WriteNote:
        return notes.WriteNote(
            case, values["text"], values["language"], values["template"], note, values["based_on"],
            correction=values["correction"], decided=decided(visit.form),
        )  # fmt: skip

    async def _store(self, visit: Visit, cmd: notes.WriteNote) -> tuple[Any, Look | None]:
        """The receipt; or what is to be decided first. Neither where the form tells what was refused."""
        try:
            notes.check(cmd)
        except InvalidInput as refused:
            visit.faults.add(refused.field or "text", _why(cmd.text) if refused.field == "text" else "unusable")
            return None, None
        looked = await self.looking.look(visit.request, cmd.text, cmd.language)
        ready = cmd.looking(looked)
        if "_look" not in visit.form and not told_unusable(visit):
            try:
                reply = await visit.attempt(
                    lambda uow, actor: notes.write_note(uow, actor, ready, self.casework), main="text"
                )
                if visit.faults.by_field.get("text") == "unusable":
                    visit.faults.by_field["text"] = "stand_in"
                if reply is not None or "missed" not in visit.faults.by_field:
                    return reply, None
            except (ReviewNeeded, ReviewStale) as refused:
                visit.faults.add("review", refused.code)
        return None, await self._look(visit, note_review.Typed(cmd.case, cmd.text, cmd.language, looked, cmd.note))

    async def _look(self, visit: Visit, typed: note_review.Typed) -> Look | None:
        """What is to be decided; None, with the fault told, where the text cannot be stored whatever is decided."""
        try:
            return await self.shown(
                visit,
                lambda choices: lambda uow, actor: note_review.review_note(uow, actor, typed, self.casework, choices),
            )
        except InvalidInput as refused:
            visit.faults.add("text", "stand_in" if refused.field == "text" else "unusable")
            return None

    def _form(
        self, visit: Visit, status: Any, values: dict[str, Any], note: RecordId | None, both: tuple[Any, Any] | None,
        review: Look | None,
    ) -> Response:  # fmt: skip
        return visit.draw(
            "note_form.html", 409 if both else 0, case=status, values=values, both=both,
            note=note.hex() if note is not None else "", reference=visit.place("case"),
            skeletons=self.casework.texts.notes, review=review, kept_days=DRAFT_LIFETIME.days,
        )  # fmt: skip


def _why(text: str) -> str:
    """Why no note may hold this, as a code of `words.FAULTS`."""
    if not text.strip():
        return "missing"
    return "too_long" if len(text.encode(errors="replace")) > NOTE_LIMIT else "unseen"


def _typed(visit: Visit, otherwise: dict[str, Any]) -> dict[str, Any]:
    form = visit.form
    based_on = form.text("based_on", str(otherwise["based_on"]))
    if not (based_on.isascii() and based_on.isdigit() and len(based_on) < 9):
        raise InvalidInput("a revision names the version it is based on", field="based_on")
    language = form.text("language", otherwise["language"])
    return {
        "text": form.text("text", otherwise["text"]),
        "language": language if language in LANGUAGES else otherwise["language"],
        "template": form.text("template", otherwise["template"]),
        "based_on": int(based_on),
        "correction": form.text("correction", otherwise["correction"]).strip(),
    }
