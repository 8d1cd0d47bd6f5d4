"""Erasures: what was asked and answered; tombstones in both databases; what is taken away, in which order.

Rows go children first, so that no foreign key is ever without its row. What names the case in another zone's domain is
found by that zone's name of the case, which casework computes and nothing stores.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vault.cases.flow import State
from vault.cases.model import Case, Origin, Place
from vault.erasures import Asked, Names
from vault.errors import StoreUnavailable
from vault.ids import ActorId, CaseId, EntryId, ErasureId, KeyId
from vault.lifecycle.erasure import Buried, ErasureRow, Tombstone, Verdict, WordRow
from vault.lifecycle.holds import Hold
from vault.storage import tables as t
from vault.storage.erasure_holds import holds
from vault.storage.legible import all_legible, legible, short
from vault.storage.repositories import CASE_COLUMNS, case_of, refuse_duplicate
from vault.storage.store import DRIVER_ERRORS, Database
from vault.storage.transaction import Transaction
from vault.vocabulary import CASEWORK, OVERSIGHT, Compartment, Zone

_CLOSED: Final = (State.CLOSED.value, State.HANDED_OVER.value)
#: Files, of up to 25 MiB each, that are taken away in one operation.
FILES_AT_ONCE: Final = 2
#: What a case's row says once it is erased: nothing of the case.
_HUSK: Final[dict[str, Any]] = {
    "state": State.ERASED.value, "region": "", "language": "", "coach": None, "closed_at": None, "outcome": "",
    "annex": "", "term_end": None, "extended": 0, "procedure_pending": 0, "minors": 0, "fitness_check": 0,
    "origin": Origin.ORDER.value, "place": Place.KNOWN_ADDRESS.value, "coach_type": "", "criterion": "",
    "notified_on": None, "term_days": None, "second_measure": 0,
}  # fmt: skip
#: Rows that name their case, children of each other first. Emergencies and samples stay: they count what members of
#: staff did, and say nothing of the person; why they were asked for goes with the records.
OF_CASE: Final = (
    t.referrals, t.consents, t.attachments, t.drafts, t.tasks, t.records, t.conflicts,
    t.assignments, t.appointments, t.orders, t.blind_index, t.case_events,
)  # fmt: skip


class ErasureRepository:
    """Implements `vault.erasures.Erasures`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    # -- asking and answering ---------------------------------------------------------------------

    def add(self, row: ErasureRow, case: CaseId) -> None:
        c = t.erasure_cases.c
        before = self._tx.read(select(func.max(c.number)).where(c.case_id == case.raw)).scalar_one()
        self._tx.write(
            insert(t.erasures).values(
                erasure_id=row.id.raw,
                reader=str(OVERSIGHT),
                sender=str(CASEWORK),
                subject=row.subject,
                ground=row.ground,
                actor_id=row.actor.raw,
                asked_by=row.asked_by,
                asked_at=row.asked_at,
                closed_at=row.closed_at,
                signature=row.signature,
                entry_id=row.entry.raw,
            )
        )
        named = {"erasure_id": row.id.raw, "case_id": case.raw, "number": (before or 0) + 1, "entry_id": row.entry.raw}
        try:
            self._tx.write(insert(t.erasure_cases).values(named))
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "somebody asked that this case be erased at the same moment") from fault

    def get(self, erasure: ErasureId) -> Asked | None:
        row = self._tx.read(self._asked().where(t.erasures.c.erasure_id == erasure.raw)).first()
        return legible(row, _asked) if row is not None else None

    def newest(self, limit: int, before: datetime | None, *, waiting: bool = False) -> list[Asked]:
        c = t.erasures.c
        wanted = self._asked().where(short(c.signature))
        if waiting:
            wanted = wanted.where(t.erasure_words.c.erasure_id.is_(None))
        if before is not None:
            wanted = wanted.where(c.asked_at < before)
        return all_legible(self._tx.read(wanted.order_by(c.asked_at.desc(), c.erasure_id).limit(limit)), _asked)

    def of_cases(self, cases: Collection[CaseId]) -> dict[CaseId, Asked]:
        c = t.erasure_cases.c
        wanted = self._asked().where(c.case_id.in_([case.raw for case in cases])).order_by(c.case_id, c.number)
        found = all_legible(self._tx.read(wanted), _asked)
        return {each.case: each for each in found if each.case is not None}

    def say(self, word: WordRow) -> None:
        try:
            self._tx.write(
                insert(t.erasure_words).values(
                    erasure_id=word.erasure.raw,
                    zone=str(OVERSIGHT),
                    told_to=str(CASEWORK),
                    verdict=word.verdict.value,
                    code=word.code,
                    actor_id=word.actor.raw,
                    at=word.at,
                    signature=word.signature,
                    entry_id=word.entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this was answered already") from fault

    def approved(self, limit: int) -> list[Asked]:
        c = t.erasures.c
        waiting = and_(
            t.erasure_words.c.verdict == Verdict.APPROVED.value,
            t.erasure_cases.c.lapsed_at.is_(None),
            t.tombstones.c.case_id.is_(None),
            short(t.erasure_words.c.signature),
        )
        return all_legible(self._tx.read(self._asked().where(waiting).order_by(c.asked_at).limit(limit)), _asked)

    def lapse(self, erasure: ErasureId, at: datetime, entry: EntryId) -> None:
        c = t.erasure_cases.c
        self._tx.write(
            update(t.erasure_cases).where(c.erasure_id == erasure.raw).values(lapsed_at=at, entry_id=entry.raw)
        )

    def _asked(self) -> Select[Any]:
        """In casework with the case and what became of it; oversight's role sees neither."""
        words, asked = t.erasure_words, t.erasures
        columns = [*(c for c in asked.c if c.name not in ("reader", "sender")), *_WORD]
        found = asked.outerjoin(words, words.c.erasure_id == asked.c.erasure_id)
        if self._tx.zone != CASEWORK:
            return select(*columns).select_from(found)
        cases, stones = t.erasure_cases, t.tombstones
        found = found.outerjoin(cases, cases.c.erasure_id == asked.c.erasure_id)
        found = found.outerjoin(stones, stones.c.case_id == cases.c.case_id)
        return select(*columns, *_CASE).select_from(found)

    # -- what is due, and what holds --------------------------------------------------------------

    def closed(self, region: str, before: datetime, limit: int) -> list[tuple[Case, frozenset[Compartment]]]:
        c = t.cases.c
        wanted = select(*CASE_COLUMNS).where(c.region == region, c.state.in_(_CLOSED), c.closed_at < before)
        cases = [case_of(row) for row in self._tx.read(wanted.order_by(c.closed_at, c.case_id).limit(limit))]
        held: dict[bytes, set[Compartment]] = {}
        keys = t.data_keys.c
        rows = self._tx.read(
            select(keys.case_id, keys.compartment).where(keys.case_id.in_([case.id.raw for case in cases]))
        )
        for case, part in rows:
            held.setdefault(bytes(case), set()).add(Compartment(part))
        return [(case, frozenset(held.get(case.id.raw, ()))) for case in cases]

    def holds(self, case: CaseId, names: Names, now: datetime) -> list[Hold]:
        return holds(self._tx, case, names, now)

    def readers(self) -> list[Zone]:
        rows = self._tx.read(select(t.releases.c.reader).distinct())
        return all_legible(rows, lambda row: Zone.parse(row[0]))

    # -- erasing ----------------------------------------------------------------------------------

    def bury(self, case: CaseId, names: Names, at: datetime, entry: EntryId) -> int:
        self._tx.write(insert(t.tombstones).values(case_id=case.raw, at=at, entry_id=entry.raw))
        found = dict.fromkeys(self._wraps(case, names))
        for key, reader in found:
            row = {"key_id": key, "reader": reader, "case_id": case.raw, "entry_id": entry.raw}
            self._tx.write(insert(t.buried_keys).values(row))
        for act in dict.fromkeys(self._acts(case, names)):
            self._tx.write(insert(t.buried_acts).values(act=act, entry_id=entry.raw))
        booked = select(t.appointments.c.appointment_id).where(t.appointments.c.case_id == case.raw)
        cells = update(t.desk_cells).where(t.desk_cells.c.appointment_id.in_(booked))
        self._tx.write(cells.values(appointment_id=None, entry_id=entry.raw))
        husk = _HUSK | {"opened_at": at, "version": t.cases.c.version + 1, "entry_id": entry.raw}
        self._tx.write(update(t.cases).where(t.cases.c.case_id == case.raw).values(husk))
        return len(found)

    def _wraps(self, case: CaseId, names: Names) -> Iterator[tuple[bytes, str]]:
        keys = t.data_keys.c
        for (key,) in self._tx.read(select(keys.key_id).where(keys.case_id == case.raw)):
            yield bytes(key), str(CASEWORK)
        sent = t.releases.c
        releases = []
        for row in self._tx.read(select(sent.release_id, sent.key_id, sent.reader).where(_named(names))):
            releases.append(bytes(row[0]))
            yield bytes(row[1]), row[2]
        back = t.answers.c
        for (key,) in self._tx.read(select(back.key_id).where(back.release_id.in_(releases))):
            yield bytes(key), str(CASEWORK)
        copies = t.access_copies.c
        for key, reader in self._tx.read(
            select(copies.key_id, copies.reader).where(copies.request_id.in_(_requests(case)))
        ):
            yield bytes(key), reader

    def _acts(self, case: CaseId, names: Names) -> Iterator[bytes]:
        """Entries, in another zone's words, of acts whose rows will go: nothing else says that these are of an erased
        case. Which of them is of which case stands nowhere."""
        sent = select(t.releases.c.release_id).where(_named(names))
        for table, belongs in (
            (t.access_requests, t.access_requests.c.request_id.in_(_requests(case))),
            (t.access_answers, t.access_answers.c.request_id.in_(_requests(case))),
            (t.withdrawals, t.withdrawals.c.release_id.in_(sent)),
        ):
            yield from (bytes(row[0]) for row in self._tx.read(select(table.c.entry_id).where(belongs)))

    def tombstone(self, case: CaseId) -> Tombstone | None:
        c = t.tombstones.c
        row = self._tx.read(select(c.case_id, c.at, c.done_at).where(c.case_id == case.raw).with_for_update()).first()
        return Tombstone(case, row[1], row[2]) if row is not None else None

    def in_keystore(self, case: CaseId) -> bool:
        c = t.buried_cases.c
        return self._tx.read_keystore(select(c.case_id).where(c.case_id == case.raw)).first() is not None

    def buried_cases(self) -> list[CaseId]:
        c = t.tombstones.c.case_id
        return [CaseId(bytes(row[0])) for row in self._tx.read(select(c).order_by(c))]

    def unfinished(self) -> list[CaseId]:
        return _unfinished(self._tx.read(_STONES), self._tx.read_keystore(_BURIED))

    def destroy(self, case: CaseId, at: datetime) -> list[Buried]:
        c = t.buried_keys.c
        rows = self._tx.read(select(c.key_id, c.reader).where(c.case_id == case.raw).order_by(c.key_id, c.reader))
        found = [Buried(KeyId(bytes(row[0])), Zone.parse(row[1])) for row in rows]
        for each in found:
            self._tx.destroy_wrap(each.key, each.reader)
        self._tx.bury(case, at)
        return found

    def buried(self, case: CaseId) -> int:
        counted = select(func.count()).where(t.buried_keys.c.case_id == case.raw)
        return int(self._tx.read(counted).scalar_one())

    def take_away(self, case: CaseId, names: Names) -> int:
        self._tx.erasing()
        files = t.attachments.c
        some = self._tx.read(select(files.attachment_id).where(files.case_id == case.raw).limit(FILES_AT_ONCE)).all()
        if some:
            wanted = [bytes(row[0]) for row in some]
            gone = self._gone(t.attachment_chunks, t.attachment_chunks.c.attachment_id.in_(wanted))
            return gone + self._gone(t.attachments, files.attachment_id.in_(wanted))
        return self._exchanged(case, names) + self._confided(case)

    def _exchanged(self, case: CaseId, names: Names) -> int:
        sent = t.releases.c
        found = self._tx.read(select(sent.release_id).where(_named(names)))
        releases = [bytes(row[0]) for row in found]
        gone = sum(
            self._gone(table, table.c.release_id.in_(releases)) for table in (t.answers, t.receipts, t.withdrawals)
        )
        asked = [bytes(row[0]) for row in self._tx.read(_requests(case))]
        tables = (t.ceremonies, t.grants, t.access_answers, t.access_copies)
        gone += sum(self._gone(table, table.c.request_id.in_(asked)) for table in tables)
        gone += self._gone(t.releases, sent.release_id.in_(releases))
        for table in (t.taken_requests, t.access_requests):
            gone += self._gone(table, table.c.request_id.in_(asked))
        return gone

    def _confided(self, case: CaseId) -> int:
        sent = select(t.referrals.c.referral_id).where(t.referrals.c.case_id == case.raw)
        gone = self._gone(t.referral_events, t.referral_events.c.referral_id.in_(sent))
        return gone + sum(self._gone(table, table.c.case_id == case.raw) for table in OF_CASE)

    def _gone(self, table: Table, which: ColumnElement[bool]) -> int:
        return self._tx.write(delete(table).where(which)).rowcount

    def done(self, case: CaseId, at: datetime, entry: EntryId) -> None:
        c = t.tombstones.c
        self._tx.write(update(t.tombstones).where(c.case_id == case.raw).values(done_at=at, entry_id=entry.raw))


def unfinished(main: Database, keystore: Database) -> list[CaseId]:
    """The same as a use case sees it, for a process that starts: nothing is logged, nothing written.

    Raises StoreUnavailable.
    """
    try:
        return _unfinished(main.execute(_STONES), keystore.execute(_BURIED))
    except DRIVER_ERRORS as fault:
        raise StoreUnavailable("the databases do not say which cases were erased") from fault


_STONES: Final = select(t.tombstones.c.case_id, t.tombstones.c.done_at)
_BURIED: Final = select(t.buried_cases.c.case_id)


def _unfinished(stones: Iterable[Any], buried: Iterable[Any]) -> list[CaseId]:
    done = {bytes(row[0]): row[1] is not None for row in stones}
    started = {case for case, whole in done.items() if not whole}
    return [CaseId(raw) for raw in sorted(started | (done.keys() ^ {bytes(row[0]) for row in buried}))]


def _requests(case: CaseId) -> Select[Any]:
    return select(t.taken_requests.c.request_id).where(t.taken_requests.c.case_id == case.raw)


def _named(names: Names) -> ColumnElement[bool]:
    """Copies under any of these names; none for no name."""
    c = t.releases.c
    return or_(c.release_id.is_(None), *(and_(c.reader == str(zone), c.subject == token) for zone, token in names))


_WORD: Final = [t.erasure_words.c[name].label(f"word_{name}") for name in (
    "erasure_id", "verdict", "code", "actor_id", "at", "signature", "entry_id",
)]  # fmt: skip
_CASE: Final = (
    t.erasure_cases.c.case_id.label("of_case"), t.erasure_cases.c.lapsed_at, t.tombstones.c.at.label("buried_at"),
    t.tombstones.c.done_at,
)  # fmt: skip


def _asked(r: Any) -> Asked:
    row = ErasureRow(
        ErasureId(bytes(r.erasure_id)), bytes(r.subject), r.ground, ActorId(bytes(r.actor_id)), r.asked_by, r.asked_at,
        r.closed_at, bytes(r.signature), EntryId(bytes(r.entry_id)),
    )  # fmt: skip
    word = None
    if r.word_erasure_id is not None:
        word = WordRow(
            row.id, Verdict(r.word_verdict), r.word_code, ActorId(bytes(r.word_actor_id)), r.word_at,
            bytes(r.word_signature), EntryId(bytes(r.word_entry_id)),
        )  # fmt: skip
    told: dict[str, Any] = r._mapping
    of_case = told.get("of_case")
    case = CaseId(bytes(of_case)) if of_case is not None else None
    buried = told.get("buried_at")
    stone = Tombstone(case, buried, told["done_at"]) if case is not None and buried is not None else None
    return Asked(row, word, case, told.get("lapsed_at"), stone)
