"""Drafts of notes: save, read, throw away. One for each case, note and author; nobody names another's.

The place of a draft is derived from its author too, so a colleague who takes over the case finds an empty place.
Saving the note empties it (`clear_draft`, called in the same operation), and so does its age
(`vault.usecases.sweep`). A form says which writing of the place it had seen (`since`): what it sent before its note was
saved, and what arrives only afterwards, is kept no more. A form that is still open is told, and goes on from there.

A browser keeps a copy of its own for when the vault does not answer. It is sealed under a key that comes with the form,
to the author alone, for that place alone, each time they may write there: whoever finds the copy, or may no longer see
the case, has noise (ADR 0036).
"""

from __future__ import annotations

from dataclasses import dataclass

from vault.access.actor import Actor
from vault.access.shaping import shape
from vault.cases.drafts import DRAFT_LIFETIME, DraftText
from vault.cases.model import LANGUAGES, Case, SealedRecord
from vault.cases.notes import check_size
from vault.cases.templates import parse_stored, template_for
from vault.errors import InvalidInput, NotFound, StaleVersion
from vault.ids import CaseId, EntryId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference, require_notice
from vault.vocabulary import Action, Kind, Provenance, Purpose


@dataclass(frozen=True, slots=True, repr=False)
class SaveDraft:
    """note: the note that is revised; None for one that is not there yet. based_on: the version that was read.

    since: the newest writing of the place that whoever types had seen; None: they cannot be late.
    """

    case: CaseId
    text: str
    language: str
    template: str
    note: RecordId | None = None
    based_on: int = 0
    template_version: int | None = None
    since: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class BrowserSeal:
    """What a browser seals its copy of a draft with, and what it says with what it sends.

    place: 16 bytes that tell nothing; key: 32 bytes, AES-256-GCM. since: for `SaveDraft`.
    """

    place: bytes
    key: bytes
    since: int


def save_draft(uow: UnitOfWork, actor: Actor, cmd: SaveDraft, casework: Casework) -> Values:
    """Seal what was typed, over what the author had there.

    Raises NotFound, NoticeMissing, InvalidInput; StaleVersion for what was sent before the place was emptied.
    """
    if cmd.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    if (cmd.note is None) != (cmd.based_on == 0):
        raise InvalidInput("a revision names the version it is based on", field="based_on")
    check_size(cmd.text)
    template = template_for(casework.texts.notes, cmd.template, cmd.template_version)
    place = _place(cmd.case, cmd.note, actor, casework)
    case = _case_of(uow, cmd.case, cmd.note)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.DRAFT, case, purpose=Purpose.COACHING, asked=place.hex(), outcome="saved"
    )
    case = existing(case)
    require_notice(uow, cmd.case)
    before = uow.drafts.version(place)
    if cmd.since is not None and cmd.since < before and uow.drafts.get(place) is None:
        raise StaleVersion(expected=cmd.since, current=before)
    now = casework.clock.now()
    sealed = casework.keeper.seal(
        uow, permit, kind=Kind.DRAFT, case=cmd.case, record=place, version=before + 1,
        plaintext=DraftText(cmd.text, cmd.based_on).encode(), author=actor.id, at=now,
        provenance=Provenance.INTERVIEW, template=template, language=cmd.language,
    )  # fmt: skip
    uow.drafts.put(sealed, now + DRAFT_LIFETIME, permit.entry)
    return shape(
        permit.profile,
        {
            "reference": reference(cmd.case),
            "record": place.hex(),
            "version": sealed.version,
            "state": case.state.value,
        },
    )


def read_draft(uow: UnitOfWork, actor: Actor, case_id: CaseId, note: RecordId | None, casework: Casework) -> Values:
    """What the actor had typed. Raises NotFound where there is nothing, or nothing any more."""
    found, _ = begin_writing(uow, actor, case_id, note, casework)
    if found is None:
        raise NotFound("no such item, or not for you")
    return found


def begin_writing(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, note: RecordId | None, casework: Casework
) -> tuple[Values | None, BrowserSeal]:
    """What the actor had typed, None for nothing, and what their browser seals its own copy with. Raises NotFound."""
    place = _place(case_id, note, actor, casework)
    case = _case_of(uow, case_id, note)
    permit = casework.ask(uow, actor, Action.READ, Kind.DRAFT, case, purpose=Purpose.COACHING, asked=place.hex())
    seal = BrowserSeal(
        casework.index.token("draft in a browser", place.hex())[:16],
        casework.index.token("key of a draft in a browser", place.hex()),
        uow.drafts.version(place),
    )
    found = uow.drafts.get(place)
    if found is None or casework.clock.now() >= found[1]:
        return None, seal
    sealed, expires_at = found
    draft = DraftText.decode(casework.keeper.open(uow, permit, sealed).expose())
    template, version = parse_stored(sealed.template)
    told = {
        "reference": reference(case_id),
        "note": note.hex() if note is not None else None,
        "text": draft.text,
        "based_on": draft.based_on,
        "template": template,
        "template_version": version,
        "language": sealed.language,
        "written_at": sealed.written_at.isoformat(),
        "expires_at": expires_at.isoformat(timespec="seconds"),
    }
    return shape(permit.profile, told), seal


def discard_draft(uow: UnitOfWork, actor: Actor, case_id: CaseId, note: RecordId | None, casework: Casework) -> Values:
    """Throw it away. The same receipt whether or not there was one. Raises NotFound."""
    place = _place(case_id, note, actor, casework)
    case = _case_of(uow, case_id, note)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.DRAFT, case, purpose=Purpose.COACHING, asked=place.hex(), outcome="discarded"
    )
    case = existing(case)
    uow.drafts.clear(place, permit.entry)
    return shape(
        permit.profile,
        {
            "reference": reference(case_id),
            "record": place.hex(),
            "version": uow.drafts.version(place),
            "state": case.state.value,
        },
    )


def clear_draft(
    uow: UnitOfWork, actor: Actor, note: RecordId | None, saved: SealedRecord, entry: EntryId, casework: Casework
) -> None:
    """The note was saved: its author's draft is gone with the same operation. note: None for a new one."""
    uow.drafts.close(_place(saved.case, note, actor, casework), saved, entry)


def _case_of(uow: UnitOfWork, case: CaseId, note: RecordId | None) -> Case | None:
    """The case, if the note is one of it. Looked up in any event: a refusal takes the same road whatever is there."""
    found = uow.cases.get(case)
    if note is not None:
        newest = uow.records.newest_head(note)
        if newest is None or newest.case != case or newest.kind is not Kind.NOTE:
            return None
    return found


def _place(case: CaseId, note: RecordId | None, actor: Actor, casework: Casework) -> RecordId:
    told = f"{case.hex()}/{note.hex() if note is not None else 'new'}/{actor.id.hex()}"
    return RecordId(casework.index.token("draft", told)[:16])
