"""Interview notes: write, revise, read, list, search, and restoring the names in one.

A note is stored with stand-ins for whatever identifies people, once nothing found in it is undecided (see note_review);
every revision is kept. Two people who edit the
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
from vault.cases.flow import Step
from vault.cases.model import LANGUAGES, RecordHead, SealedRecord
from vault.errors import InvalidInput, NotFound, NoticeMissing, StaleVersion
from vault.freetext import Looked, restore
from vault.freetext.corrections import count
from vault.freetext.normalise import refuse_unwritable
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.note_review import Decided, Draft, decide, looked_at, open_map, store_map, traced
from vault.vocabulary import Action, Facts, Kind, Phase, Provenance, Purpose

#: Three closely written pages are about 12 kB; a note of ten times that is a paste accident.
NOTE_LIMIT: Final = 128 * 1024
TEMPLATES: Final = ("intake", "interview", "legal_analysis", "conclusions", "stay", "return", "extension", "closing")
#: A search opens at most this many notes; beyond it the caller is told that the answer is not complete.
SCAN_LIMIT: Final = 5_000
HIT_LIMIT: Final = 200


@dataclass(frozen=True, slots=True, repr=False)
class WriteNote:
    """based_on: 0 for a new note, else the version that was read before editing. looked: at exactly this text; None:
    the use case looks itself, which takes time. decided: what the coach decided about the findings; None: nothing yet.
    unreviewed_from: nobody reviewed the text, and every finding must be at least so sure.
    """

    case: CaseId
    text: str
    language: str
    template: str
    note: RecordId | None = None
    based_on: int = 0
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
    case = uow.cases.get(cmd.case)
    base = uow.records.head(cmd.note) if cmd.note is not None else None
    if cmd.note is not None and (base is None or base.case != cmd.case or base.kind is not Kind.NOTE):
        case = None  # a note of another case is no note of this one
    reviewed_by_hand = cmd.unreviewed_from is None or cmd.decided is not None
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.NOTE, case, purpose=Purpose.COACHING,
        asked=cmd.note.hex() if cmd.note is not None else cmd.case.hex(),
        outcome=("revised" if cmd.note is not None else "written") + ("" if reviewed_by_hand else "_unreviewed"),
        reason="" if reviewed_by_hand else f"stored without review: every finding at least {cmd.unreviewed_from:.2f}",
    )  # fmt: skip
    case = existing(case)
    if not any(event.step is Step.GIVE_NOTICE for event in uow.cases.events(cmd.case)):
        raise NoticeMissing("the privacy notice has not been given yet: record it before the first note")
    note = cmd.note or RecordId(casework.entropy.bytes(16))
    if base is not None and base.version != cmd.based_on:
        raise StaleVersion(expected=cmd.based_on, current=base.version)
    looked = cmd.looked or casework.office.look(cmd.text, cmd.language)
    draft = Draft(cmd.case, cmd.text, cmd.language, looked, cmd.note)
    done, before = looked_at(uow, permit, case, draft, casework)
    reviewed = decide(done, cmd.decided, cmd.unreviewed_from, cmd.language, actor, casework)
    stored = casework.keeper.write(
        uow, permit, kind=Kind.NOTE, case=cmd.case, record=note, version=cmd.based_on + 1,
        plaintext=reviewed.text.encode(), author=actor.id, at=casework.clock.now(), provenance=Provenance.INTERVIEW,
        template=cmd.template, language=cmd.language,
    )  # fmt: skip
    store_map(uow, permit, cmd.case, before, traced(reviewed, note, stored.version), actor, casework)
    uow.corrections.add(count(reviewed.spans, cmd.language).items(), permit.entry)
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


def check(cmd: WriteNote) -> None:
    """Raises InvalidInput for what can be refused without looking at the case."""
    if cmd.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    if cmd.template not in TEMPLATES:
        raise InvalidInput(f"template must be one of {', '.join(TEMPLATES)}", field="template")
    check_text(cmd.text)
    if cmd.unreviewed_from is not None and not 0.5 <= cmd.unreviewed_from <= 1.0:
        raise InvalidInput("unreviewed_from is between 0.5 and 1", field="unreviewed_from")
    if (cmd.note is None) != (cmd.based_on == 0):
        raise InvalidInput("a revision names the version it is based on", field="based_on")


def check_text(text: str) -> None:
    """Raises InvalidInput for what no note may hold, or too much of it."""
    if not text.strip():
        raise InvalidInput("the note is empty", field="text")
    refuse_unwritable(text)
    size = len(text.encode())
    if size > NOTE_LIMIT:
        raise InvalidInput(f"a note holds at most {NOTE_LIMIT} bytes, this one has {size}", field="text")


def read_note(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, note: RecordId, casework: Casework, version: int | None = None
) -> Values:
    """One note, its stand-ins kept: the hot path. version: None for the newest. Raises NotFound, Erased."""
    record = uow.records.head(note) if version is None else uow.records.version(note, version)
    case = None
    if record is not None and record.case == case_id and record.kind is Kind.NOTE:
        case = uow.cases.standing(record)
    permit = casework.ask(uow, actor, Action.READ, Kind.NOTE, case, purpose=Purpose.COACHING, asked=note.hex())
    assert record is not None
    return shape(permit.profile, note_values(record, casework.keeper.open(uow, permit, record).expose().decode()))


def note_values(record: SealedRecord, text: str) -> Values:
    values = head_values(record)
    values["reference"] = reference(record.case)
    values["text"] = text
    return values


def head_values(record: SealedRecord | RecordHead) -> Values:
    return {
        "note": record.id.hex(),
        "version": record.version,
        "template": record.template,
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
    asked = note.hex() if note is not None else case_id.hex()
    heads = uow.records.heads(case_id, Kind.NOTE) if note is None else uow.records.versions(note)
    if note is not None and (not heads or heads[0].case != case_id or heads[0].kind is not Kind.NOTE):
        case = None  # a note of another case is no note of this one
    permit = casework.ask(uow, actor, Action.LIST, Kind.NOTE, case, purpose=Purpose.COACHING, asked=asked)
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
    """Notes of the actor's own caseload that hold `word` (case and accents do not matter), newest first.

    Every note is opened and scanned: an index of words would tell what is in them. Returns the hits and
    whether everything was looked at. Raises InvalidInput.
    """
    wanted = fold(word)
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
        if wanted in fold(text.expose().decode())
    ]
    return hits[:HIT_LIMIT], complete and len(hits) <= HIT_LIMIT


def fold(text: str) -> str:
    """Without case, accents and compatibility forms, for comparing only."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def authorise_reveal(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, note: RecordId, reason: str, casework: Casework
) -> Permit:
    """First half of restoring names: its entry commits before anything is opened. Raises NotFound, InvalidInput."""
    if len(reason.strip()) < 5 or len(reason) > 500:
        raise InvalidInput("say in 5 to 500 characters why the names are needed", field="reason")
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
    text = casework.keeper.open(uow, permit, record).expose().decode()
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
