"""Rows to concepts and back, in the worker's transaction. No row is written before its audit entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vault.cases.flow import Outcome, State, Step
from vault.cases.model import (
    AdminFacts,
    Case,
    CaseEvent,
    CoachType,
    Origin,
    Place,
    RecordHead,
    SealedRecord,
    Standing,
)
from vault.errors import Conflict, StaleVersion
from vault.ids import ActorId, CaseId, EntryId, KeyId, RecordId
from vault.storage import tables as t
from vault.storage.hot import record_row
from vault.storage.store import unique_violation
from vault.storage.transaction import Transaction
from vault.unit_of_work import CaseRow, ReviewCountKey
from vault.vocabulary import Compartment, Kind, Provenance

CASE_COLUMNS = [c for c in t.cases.c if c.name != "entry_id"]
_RECORD = [
    t.records.c[name]
    for name in (
        "record_id", "version", "case_id", "kind", "provenance", "template", "language", "author", "written_at",
        "key_id", "sealed",
    )
]  # fmt: skip
_HEAD = _RECORD[:9]


# Statements of every step, built once: building one costs more than SQLite takes to run it.
_GET_CASE: Final = select(*CASE_COLUMNS).where(t.cases.c.case_id == bindparam("case"))
# Whoever adds a record to a case goes on meanwhile: its foreign key asks for no more than that the case stays.
_GET_CASE_TO_CHANGE: Final = _GET_CASE.with_for_update(key_share=True)
_SET_CASE: Final = update(t.cases).where(
    t.cases.c.case_id == bindparam("case"), t.cases.c.version == bindparam("before")
)
_EVENTS: Final = (
    select(*(t.case_events.c[name] for name in ("number", "step", "to_state", "at", "actor_id", "note")))
    .where(t.case_events.c.case_id == bindparam("case"))
    .order_by(t.case_events.c.number)
)
_KEY: Final = select(t.data_keys.c.key_id).where(
    t.data_keys.c.case_id == bindparam("case"), t.data_keys.c.compartment == bindparam("part")
)
_VERSIONS: Final = (
    select(*_HEAD).where(t.records.c.record_id == bindparam("record")).order_by(t.records.c.version.desc())
)
_NEWEST_VERSION: Final = _VERSIONS.limit(1)
_ADD_CASE: Final = insert(t.cases)
_ADD_EVENT: Final = insert(t.case_events)
_ADD_TOKEN: Final = insert(t.blind_index)
_ADD_KEY: Final = insert(t.data_keys)
_ADD_RECORD: Final = insert(t.records)


_NEVER: Final = datetime.min.replace(tzinfo=UTC)
#: What stands where no row is, so that its absence is not told by the time of the answer: turned into an object and let
#: go like one that is there and may not be seen.
_NO_CASE: Final = (
    bytes(16), State.FOLLOW_UP.value, "brussels", "fr", bytes(16), _NEVER, None, "", "", None, 0, 0, 0, 0, 1,
    Origin.ORDER.value, Place.KNOWN_ADDRESS.value, "", "", None, None, 0,
)  # fmt: skip
_NO_HEAD: Final = (
    bytes(16), 1, bytes(16), Kind.NOTE.value, Provenance.INTERVIEW.value, "intake/1", "fr", bytes(16), _NEVER,
)  # fmt: skip


def case_of(row: Any) -> Case:
    origin, place, coach_type, criterion, notified_on, term_days, second_measure = row[15:22]
    facts = AdminFacts(
        row[8], row[9], bool(row[10]), bool(row[11]), bool(row[12]), bool(row[13]), notified_on, term_days,
        bool(second_measure),
    )  # fmt: skip
    return Case(
        CaseId(bytes(row[0])), State(row[1]), row[2], row[3], ActorId(bytes(row[4])) if row[4] is not None else None,
        row[5], row[6], Outcome(row[7]) if row[7] else None, facts, row[14], Origin(origin), Place(place),
        CoachType(coach_type) if coach_type else None, criterion,
    )  # fmt: skip


def _record(row: Any) -> SealedRecord:
    values = list(row)
    values[8] = t.to_micros(values[8])
    return record_row(values)


def _head(row: Any) -> RecordHead:
    return RecordHead(
        RecordId(bytes(row[0])), row[1], CaseId(bytes(row[2])), Kind(row[3]), Provenance(row[4]), row[5], row[6],
        ActorId(bytes(row[7])), row[8],
    )  # fmt: skip


def _case_values(case: Case) -> dict[str, Any]:
    facts = case.facts
    return {
        "state": case.state.value,
        "region": case.region,
        "language": case.language,
        "coach": case.coach.raw if case.coach is not None else None,
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
        "outcome": case.outcome.value if case.outcome else "",
        "annex": facts.annex,
        "term_end": facts.term_end,
        "extended": int(facts.extended),
        "procedure_pending": int(facts.procedure_pending),
        "minors": int(facts.minors),
        "fitness_check": int(facts.fitness_check),
        "version": case.version,
        "origin": case.origin.value,
        "place": case.place.value,
        "coach_type": case.coach_type.value if case.coach_type is not None else "",
        "criterion": case.criterion,
        "notified_on": facts.notified_on,
        "term_days": facts.term_days,
        "second_measure": int(facts.second_measure),
    }


class CaseRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, case: CaseId) -> Case | None:
        return self._one(_GET_CASE, case)

    def get_to_change(self, case: CaseId) -> Case | None:
        return self._one(_GET_CASE_TO_CHANGE, case)

    def _one(self, statement: Select[Any], case: CaseId) -> Case | None:
        row = self._tx.read(statement, {"case": case.raw}).first()
        found = case_of(row if row is not None else _NO_CASE)
        return found if row is not None else None

    def standing(self, record: SealedRecord) -> Standing | None:
        known = self._tx.standing(record)
        if known is not None:
            return known
        case = self.get(record.case)
        return Standing(case.id, case.state, case.region, case.coach) if case is not None else None

    def add(self, case: Case, entry: EntryId) -> None:
        self._tx.write(_ADD_CASE, {"case_id": case.id.raw, "entry_id": entry.raw, **_case_values(case)})

    def update(self, case: Case, entry: EntryId) -> None:
        """Raises StaleVersion if somebody changed the case since it was read."""
        named = {"case": case.id.raw, "before": case.version - 1}
        result = self._tx.write(_SET_CASE, {**named, "entry_id": entry.raw, **_case_values(case)})
        if result.rowcount != 1:
            raise StaleVersion(expected=case.version - 1, current=case.version)

    def caseload(
        self, *, coach: ActorId | None = None, region: str | None = None, states: Sequence[State] = (),
        language: str = "", limit: int = 50, before: datetime | None = None,
    ) -> list[CaseRow]:  # fmt: skip
        conditions: list[Any] = []
        if coach is not None:
            conditions.append(t.cases.c.coach == coach.raw)
        if region is not None:
            conditions.append(t.cases.c.region == region)
        if states:
            conditions.append(t.cases.c.state.in_([state.value for state in states]))
        if language:
            conditions.append(t.cases.c.language == language)
        if before is not None:
            conditions.append(t.cases.c.opened_at < before)
        page = (
            select(*CASE_COLUMNS)
            .where(and_(*conditions))
            .order_by(t.cases.c.opened_at.desc(), t.cases.c.case_id)
            .limit(limit)
        ).subquery("page")
        notes = t.records
        counted = (
            select(func.count(func.distinct(notes.c.record_id)))
            .where(notes.c.case_id == page.c.case_id, notes.c.kind == Kind.NOTE.value)
            .scalar_subquery()
        )
        last = (
            select(func.max(notes.c.written_at))
            .where(notes.c.case_id == page.c.case_id, notes.c.kind == Kind.NOTE.value)
            .scalar_subquery()
        )
        rows = self._tx.read(select(page, counted, last).order_by(page.c.opened_at.desc(), page.c.case_id)).all()
        return [CaseRow(case_of(row), row[-2], row[-1]) for row in rows]

    def of_region(self, region: str, after: CaseId | None, limit: int) -> list[Case]:
        """Cases of a region by id, from the first one after `after`; those that were erased are left out."""
        c = t.cases.c
        wanted = select(*CASE_COLUMNS).where(c.region == region, c.state != State.ERASED.value)
        if after is not None:
            wanted = wanted.where(c.case_id > after.raw)
        return [case_of(row) for row in self._tx.read(wanted.order_by(c.case_id).limit(limit))]

    def events(self, case: CaseId) -> list[CaseEvent]:
        rows = self._tx.read(_EVENTS, {"case": case.raw})
        return [CaseEvent(r[0], Step(r[1]), State(r[2]), r[3], ActorId(bytes(r[4])), r[5]) for r in rows]

    def histories(self, cases: Sequence[CaseId]) -> dict[CaseId, list[CaseEvent]]:
        found: dict[CaseId, list[CaseEvent]] = {}
        if not cases:
            return found
        c = t.case_events.c
        rows = self._tx.read(
            select(c.case_id, c.number, c.step, c.to_state, c.at, c.actor_id, c.note)
            .where(c.case_id.in_([case.raw for case in cases]))
            .order_by(c.case_id, c.number)
        )
        for r in rows:
            event = CaseEvent(r[1], Step(r[2]), State(r[3]), r[4], ActorId(bytes(r[5])), r[6])
            found.setdefault(CaseId(bytes(r[0])), []).append(event)
        return found

    def add_event(self, case: CaseId, event: CaseEvent, entry: EntryId) -> None:
        self._tx.write(
            _ADD_EVENT,
            {
                "case_id": case.raw,
                "number": event.number,
                "step": event.step.value,
                "to_state": event.to_state.value,
                "at": event.at,
                "actor_id": event.actor.raw,
                "note": event.note,
                "entry_id": entry.raw,
            },
        )

    def find(self, token: bytes, *, coach: ActorId | None = None, region: str | None = None) -> list[CaseId]:
        """Cases that bear an identifier. coach, region: only that coach's, only that region's.

        The reach is part of the question: sifted afterwards, a foreign case would show in the time of the answer.
        """
        wanted = select(t.blind_index.c.case_id).where(t.blind_index.c.token == token)
        if coach is not None or region is not None:
            wanted = wanted.join(t.cases, t.cases.c.case_id == t.blind_index.c.case_id)
        if coach is not None:
            wanted = wanted.where(t.cases.c.coach == coach.raw)
        if region is not None:
            wanted = wanted.where(t.cases.c.region == region)
        return [CaseId(bytes(row[0])) for row in self._tx.read(wanted)]

    def within(self, coach: ActorId | None, region: str | None) -> list[CaseId]:
        c = t.cases.c
        wanted = select(c.case_id)
        if coach is not None:
            wanted = wanted.where(c.coach == coach.raw)
        if region is not None:
            wanted = wanted.where(c.region == region)
        return [CaseId(bytes(row[0])) for row in self._tx.read(wanted)]

    def index(self, case: CaseId, tokens: Sequence[bytes], entry: EntryId) -> None:
        for token in dict.fromkeys(tokens):
            self._tx.write(_ADD_TOKEN, {"token": token, "case_id": case.raw, "entry_id": entry.raw})

    def key(self, case: CaseId, compartment: Compartment) -> KeyId | None:
        row = self._tx.read(_KEY, {"case": case.raw, "part": compartment.value}).first()
        return KeyId(bytes(row[0])) if row is not None else None

    def add_key(self, case: CaseId, compartment: Compartment, key: KeyId, entry: EntryId) -> None:
        named = {"key_id": key.raw, "case_id": case.raw, "compartment": compartment.value}
        self._tx.write(_ADD_KEY, {**named, "entry_id": entry.raw})


class RecordRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def _newest(self, columns: Sequence[Any]) -> Select[Any]:
        other = t.records.alias("newer")
        newest = select(func.max(other.c.version)).where(other.c.record_id == t.records.c.record_id).scalar_subquery()
        return select(*columns).where(t.records.c.version == newest)

    def head(self, record: RecordId) -> SealedRecord | None:
        found = self._tx.record(record.raw)
        return found[0] if found is not None else None

    def version(self, record: RecordId, version: int) -> SealedRecord | None:
        row = self._tx.read(
            select(*_RECORD).where(t.records.c.record_id == record.raw, t.records.c.version == version)
        ).first()
        return _record(row) if row is not None else None

    def heads(self, case: CaseId, kind: Kind) -> list[RecordHead]:
        rows = self._tx.read(
            self._newest(_HEAD)
            .where(t.records.c.case_id == case.raw, t.records.c.kind == kind.value)
            .order_by(t.records.c.written_at.desc(), t.records.c.record_id)
        )
        return [_head(row) for row in rows]

    def versions(self, record: RecordId) -> list[RecordHead]:
        return [_head(row) for row in self._tx.read(_VERSIONS, {"record": record.raw})]

    def newest_head(self, record: RecordId) -> RecordHead | None:
        row = self._tx.read(_NEWEST_VERSION, {"record": record.raw}).first()
        # As long as for one that is there: no clock tells a foreign record from none.
        head = _head(row if row is not None else _NO_HEAD)
        return head if row is not None else None

    def newest(self, cases: Sequence[CaseId], kind: Kind) -> list[SealedRecord]:
        rows = self._tx.read(
            self._newest(_RECORD)
            .where(t.records.c.case_id.in_([case.raw for case in cases]), t.records.c.kind == kind.value)
            .order_by(t.records.c.written_at.desc(), t.records.c.record_id)
        )
        return [_record(row) for row in rows]

    def history(self, record: RecordId) -> list[SealedRecord]:
        rows = self._tx.read(
            select(*_RECORD).where(t.records.c.record_id == record.raw).order_by(t.records.c.version.desc())
        )
        return [_record(row) for row in rows]

    def count(self, case: CaseId, kind: Kind) -> int:
        found: int = self._tx.read(
            select(func.count(func.distinct(t.records.c.record_id))).where(
                t.records.c.case_id == case.raw, t.records.c.kind == kind.value
            )
        ).scalar_one()
        return found

    def add(self, record: SealedRecord, entry: EntryId) -> None:
        """Raises StaleVersion if that version is there already: the primary key is the version check."""
        values = {
            "record_id": record.id.raw,
            "version": record.version,
            "case_id": record.case.raw,
            "kind": record.kind.value,
            "provenance": record.provenance.value,
            "template": record.template,
            "language": record.language,
            "author": record.author.raw,
            "written_at": record.written_at,
            "key_id": record.key.raw,
            "sealed": record.sealed,
            "entry_id": entry.raw,
        }
        try:
            self._tx.write(_ADD_RECORD, values)
        except IntegrityError as fault:
            if not unique_violation(fault):
                raise
            raise StaleVersion(expected=record.version - 1, current=record.version) from fault


def refuse_duplicate(fault: IntegrityError, message: str) -> Conflict:
    """A Conflict for a key that exists already; anything else is raised again as it is."""
    if unique_violation(fault):
        return Conflict(message)
    raise fault


class ReviewCountRepository:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, counts: Iterable[tuple[ReviewCountKey, int]], entry: EntryId) -> None:
        c = t.review_counts.c
        columns = (c.language, c.type, c.source, c.tier, c.decision)
        for number, (key, counted) in enumerate(sorted(counts)):
            values = {column.name: value for column, value in zip(columns, key, strict=True)}
            self._tx.write(insert(t.review_counts).values(entry_id=entry.raw, number=number, counted=counted, **values))

    def totals(self) -> dict[ReviewCountKey, int]:
        c = t.review_counts.c
        columns = (c.language, c.type, c.source, c.tier, c.decision)
        rows = self._tx.read(select(*columns, func.sum(c.counted)).group_by(*columns))
        return {(row[0], row[1], row[2], row[3], row[4]): int(row[5]) for row in rows}
