"""Interview notes: write, revise, read, list, search, and restoring the names in one.

A note is stored with stand-ins for whatever identifies people, once nothing found in it is undecided (see
note_review); every revision is kept, and a correction says which version it corrects and why. Two people who edit the
same note never lose text: the second is refused and gets both texts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import shape
from vault.cases.corrections import Correction, check_reason
from vault.cases.model import LANGUAGES, Case, RecordHead, SealedRecord, Standing
from vault.cases.notes import NoteText, check_size
from vault.cases.templates import parse_stored, template_for
from vault.errors import InvalidInput, NotFound, StaleVersion
from vault.freetext import Looked, restore
from vault.freetext.folding import folded_text
from vault.freetext.normalise import refuse_unwritable
from vault.freetext.review_counts import count
from vault.ids import CaseId, KeyId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference, require_notice
from vault.usecases.drafts import clear_draft
from vault.usecases.free_text import open_map, store_map, with_stand_ins
from vault.usecases.note_review import Decided, Typed, decide, looked_at, traced
from vault.vocabulary import CASEWORK, Action, Facts, Kind, Phase, Provenance, Purpose

#: A search opens at most this many notes; beyond it the caller is told that the answer is not complete.
SCAN_LIMIT: Final = 5_000
HIT_LIMIT: Final = 200


@dataclass(frozen=True, slots=True, repr=False)
class WriteNote:
    """based_on: 0 for a new note, else the version that was read before editing.

    template_version: the one whose skeleton it was begun from; None for the present one. correction: why the version
    it is based on was wrong; "" for an ordinary revision. looked: at exactly this text; None: the use case looks
    itself, which takes time. decided: what the coach decided about the findings; None: nothing yet.
    unreviewed_from: nobody reviewed the text, and every finding must be at least so sure.
    """

    case: CaseId
    text: str
    language: str
    template: str
    note: RecordId | None = None
    based_on: int = 0
    template_version: int | None = None
    correction: str = ""
    looked: Looked | None = None
    decided: Decided | None = None
    unreviewed_from: float | None = None

    def looking(self, looked: Looked) -> WriteNote:
        """The same with what the stages found."""
        return replace(self, looked=looked)


def write_note(uow: UnitOfWork, actor: Actor, cmd: WriteNote, casework: Casework) -> Values:
    """Replace what identifies people, seal, store. Returns the receipt.

    Raises NotFound, NoticeMissing, InvalidInput, ReviewNeeded, ReviewStale, Surviving, StaleVersion (with both texts,
    see `both_versions`), Conflict.
    """
    check(cmd)
    template = template_for(casework.texts.notes, cmd.template, cmd.template_version)
    case = uow.cases.get(cmd.case)
    base = uow.records.head(cmd.note) if cmd.note is not None else None
    if cmd.note is not None and (base is None or base.case != cmd.case or base.kind is not Kind.NOTE):
        case = None  # a note of another case is no note of this one
    reviewed_by_hand = cmd.unreviewed_from is None or cmd.decided is not None
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.NOTE, case, purpose=Purpose.COACHING,
        asked=cmd.note.hex() if cmd.note is not None else cmd.case.hex(),
        outcome=_outcome(cmd) + ("" if reviewed_by_hand else "_unreviewed"),
        reason="" if reviewed_by_hand else f"stored without review: every finding at least {cmd.unreviewed_from:.2f}",
    )  # fmt: skip
    case = existing(case)
    require_notice(uow, cmd.case)
    note = cmd.note or RecordId(casework.entropy.bytes(16))
    if base is not None and base.version != cmd.based_on:
        raise StaleVersion(expected=cmd.based_on, current=base.version)
    looked = cmd.looked or casework.office.look(cmd.text, cmd.language)
    typed = Typed(cmd.case, cmd.text, cmd.language, looked, cmd.note)
    done, names = looked_at(uow, permit, case, typed, casework)
    reviewed = decide(done, cmd.decided, cmd.unreviewed_from, cmd.language, actor, casework)
    grown = traced(reviewed, note, cmd.based_on + 1)
    correction = None
    if cmd.correction:
        said, grown = with_stand_ins({"correction": cmd.correction}, names.known, grown, cmd.language)
        correction = Correction(cmd.based_on, said["correction"])
    stored = casework.keeper.write(
        uow, permit, kind=Kind.NOTE, case=cmd.case, record=note, version=cmd.based_on + 1,
        plaintext=NoteText(_one_spelling(reviewed.text), correction).encode(), author=actor.id, at=casework.clock.now(),
        provenance=Provenance.INTERVIEW, template=template, language=cmd.language,
    )  # fmt: skip
    store_map(uow, permit, cmd.case, names.at, grown, actor, casework)
    uow.review_counts.add(count(reviewed.spans, cmd.language).items(), permit.entry)
    clear_draft(uow, actor, cmd.note, stored, permit.entry, casework)
    return shape(
        permit.profile,
        {
            "reference": reference(cmd.case),
            "note": note.hex(),
            "release": None,
            "version": stored.version,
            "state": case.state.value,
        },
    )


def _outcome(cmd: WriteNote) -> str:
    return "corrected" if cmd.correction else "revised" if cmd.note is not None else "written"


def check(cmd: WriteNote) -> None:
    """Raises InvalidInput for what can be refused without looking at the case."""
    if cmd.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    check_text(cmd.text)
    if cmd.correction:
        check_reason(cmd.correction, cmd.based_on)
    if cmd.unreviewed_from is not None and not 0.5 <= cmd.unreviewed_from <= 1.0:
        raise InvalidInput("unreviewed_from is between 0.5 and 1", field="unreviewed_from")
    if (cmd.note is None) != (cmd.based_on == 0):
        raise InvalidInput("a revision names the version it is based on", field="based_on")


def check_text(text: str) -> None:
    """Raises InvalidInput for what no note may hold, or too much of it."""
    if not text.strip():
        raise InvalidInput("the note is empty", field="text")
    check_size(text)
    refuse_unwritable(text)


def read_note(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, note: RecordId, casework: Casework, version: int | None = None
) -> Values:
    """One note, its stand-ins kept: the hot path. version: None for the newest. Raises NotFound, Erased."""
    record = uow.records.head(note) if version is None else uow.records.version(note, version)
    case: Case | Standing | None
    if version is not None:
        case = uow.cases.get(case_id)
    elif record is not None:
        case = uow.cases.standing(record)
    else:
        case = None
        # A note that is there comes with its key, fetched ahead: one that is not costs that look-up as well.
        uow.keys.wrap(KeyId(note.raw), CASEWORK)
    if record is None or record.case != case_id or record.kind is not Kind.NOTE:
        case = None
    permit = casework.ask(uow, actor, Action.READ, Kind.NOTE, case, purpose=Purpose.COACHING, asked=note.hex())
    assert record is not None
    return shape(permit.profile, note_values(record, casework.keeper.open(uow, permit, record).expose()))


def note_values(record: SealedRecord, plaintext: bytes) -> Values:
    note = NoteText.decode(plaintext)
    values = head_values(record)
    values["reference"] = reference(record.case)
    values["text"] = note.text
    values["correction"] = note.correction.to_json() if note.correction is not None else None
    return values


def head_values(record: SealedRecord | RecordHead) -> Values:
    template, version = parse_stored(record.template)
    return {
        "note": record.id.hex(),
        "version": record.version,
        "template": template,
        "template_version": version,
        "language": record.language,
        "provenance": str(record.provenance),
        "written_at": record.written_at.isoformat(),
        "author": record.author.hex(),
    }


def list_notes(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework, note: RecordId | None = None
) -> list[Values]:
    """The notes of a case without their text; or, with `note`, that note's versions. Raises NotFound."""
    case = uow.cases.get(case_id)
    newest = uow.records.newest_head(note) if note is not None else None
    if note is not None and (newest is None or newest.case != case_id or newest.kind is not Kind.NOTE):
        case = None  # a note of another case is no note of this one
    asked = note.hex() if note is not None else case_id.hex()
    permit = casework.ask(uow, actor, Action.LIST, Kind.NOTE, case, purpose=Purpose.COACHING, asked=asked)
    # Not before: how many notes a foreign case has, or versions a foreign note, would show in the time of the refusal.
    heads = uow.records.versions(note) if note is not None else uow.records.heads(case_id, Kind.NOTE)
    return [shape(permit.profile, head_values(head)) for head in heads]


def both_versions(
    uow: UnitOfWork, actor: Actor, cmd: WriteNote, stale: StaleVersion, casework: Casework
) -> tuple[Values, Values]:
    """After a StaleVersion: the note as it is now, and as the caller based the change on it; both read by permit."""
    assert cmd.note is not None
    current = read_note(uow, actor, cmd.case, cmd.note, casework)
    there = 0 < stale.expected <= stale.current  # a caller may name a version that never was
    base = read_note(uow, actor, cmd.case, cmd.note, casework, version=stale.expected) if there else current
    return current, base


def search_notes(uow: UnitOfWork, actor: Actor, word: str, casework: Casework) -> tuple[list[Values], bool]:
    """Notes of the actor's own caseload that hold `word` (case, accents and typography do not matter), newest first.

    Every note is opened and scanned: an index of words would tell what is in them. Returns the hits and
    whether everything was looked at. Raises InvalidInput.
    """
    wanted = folded_text(word)
    if len(wanted) < 2 or len(word) > 80:
        raise InvalidInput("search for 2 to 80 characters", field="word")
    rows = uow.cases.caseload(coach=actor.id, limit=10_000)
    own = [row.case.id for row in rows if row.case.phase is not Phase.ERASED]
    records: Sequence[SealedRecord] = uow.records.newest(own, Kind.NOTE) if own else ()
    complete = len(records) <= SCAN_LIMIT
    records = records[:SCAN_LIMIT]
    permit = casework.guard.permit(
        uow, actor, Action.SEARCH, Item(Kind.NOTE, scope=frozenset(own)), purpose=Purpose.COACHING,
        facts=Facts.of(own=True), count=len(records),
    )  # fmt: skip
    hits = [
        shape(permit.profile, {**head_values(record), "reference": reference(record.case)})
        for record, text in casework.keeper.open_many(uow, permit, records)
        if wanted in folded_text(NoteText.decode(text.expose()).text)
    ]
    return hits[:HIT_LIMIT], complete and len(hits) <= HIT_LIMIT


def authorise_reveal(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, note: RecordId, reason: str, casework: Casework
) -> Permit:
    """First half of restoring names: its entry commits before anything is opened. Raises NotFound, InvalidInput."""
    if len(reason.strip()) < 5 or len(reason) > 500:
        raise InvalidInput("say in 5 to 500 characters why the names are needed", field="reason")
    refuse_unwritable(reason, "reason")  # whoever reviews the look reads it as it was written
    record = uow.records.head(note)
    case = None
    if record is not None and record.case == case_id and record.kind is Kind.NOTE:
        case = uow.cases.standing(record)
    return casework.ask(
        uow, actor, Action.REVEAL, Kind.NOTE, case, purpose=Purpose.COACHING, asked=note.hex(), reason=reason,
        outcome="names_restored",
    )  # fmt: skip


def reveal_note(uow: UnitOfWork, actor: Actor, permit: Permit, note: RecordId, casework: Casework) -> Values:
    """Second half: against a permit whose entry is committed. Raises PermitInvalid, Erased."""
    permit.used_by(actor.id)
    record = uow.records.head(note)
    if record is None:
        raise NotFound("no such item, or not for you")
    text = NoteText.decode(casework.keeper.open(uow, permit, record).expose()).text
    token_map = open_map(uow, permit, record.case, casework).token_map
    trace = token_map.trace(record.id.hex(), record.version)
    restored = restore(text, token_map, trace.marks if trace is not None else ())
    return shape(
        permit.profile,
        {
            "reference": reference(record.case),
            "note": record.id.hex(),
            "version": record.version,
            "text": restored.text,
            "restored_spans": [[span.start, span.end] for span in restored.spans],
        },
    )


def _one_spelling(text: str) -> str:
    """Composed (NFC) and with plain line ends: the same words are the same bytes, whoever typed them where."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
