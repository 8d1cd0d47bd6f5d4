"""What oversight looks entries up by, filed in batches and outside of requests.

An index in the entries' own table would be written by every request of every zone, and the one over cases
all over the place: on SQLite a third of what a read costs. So an entry is its id and its bytes, and oversight
copies its moment and what is searched for (`FILED_FIELDS`) into `log.filed`, lane after lane. A lane's entries commit
in their order, so "filed up to here" misses none. The lane of a process that was killed stays open for ever, for nobody
can know that it will not go on; so the database says in one statement which lanes have anything new, and what is asked
of each lane by itself depends on how many wrote, not on how many there ever were.

Filing goes on by itself, batch by batch, in the process that serves oversight (`gateway.background`), and before every
look at the log: an answer is complete. Where more waits than a look may file, the look says how far filing is
(`LogBeingFiled`). Each batch is a transaction of its own or its look's: whoever is killed leaves nothing half filed.
Two processes that file the same lane copy the same bytes: the second finds its rows there, and no place goes back.

Whoever owns a zone's database role may put an entry into a lane before its time, or end one that goes on: then the
place runs ahead of what is still to come. The sequencer says of each such lane what is out of place
(`vault.audit.lanes`), and when that word is filed, what the place passed over is filed too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Executable, Select, Table, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult

from vault.audit.events import FILED_FIELDS, Happening
from vault.audit.lanes import ends_lane
from vault.audit.legible import illegible, said
from vault.audit.log_events import LogHappening
from vault.errors import LogBeingFiled, StoreUnavailable
from vault.storage import tables as t
from vault.storage.store import DRIVER_ERRORS, Database
from vault.vocabulary import OVERSIGHT

#: Entries filed by one call in the background: some ten milliseconds.
BATCH: Final = 1_000
#: The most that a look at the log files before it answers: about half a second. Beyond, the caller is asked to wait.
BEFORE_A_LOOK: Final = 50_000
_LANE: Final = 8  # bytes of an entry's id; its number follows, counted from 0
_LAST_NUMBER: Final = b"\xff" * 8
#: As the sequencer names an entry that is out of place: lane and number.
_OUT_OF_PLACE: Final = re.compile(r"([0-9a-f]{16}):([0-9]{1,20})")


class Filed(NamedTuple):
    """How far filing is. filed, unfiled: entries, counted by their numbers in their lanes."""

    filed: int
    unfiled: int


class Filing(Protocol):
    """What filing needs of a transaction."""

    @property
    def sqlite(self) -> bool: ...
    def read(self, statement: Executable) -> CursorResult[*tuple[Any, ...]]: ...
    def write(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]: ...


class _Place(NamedTuple):
    """How far one lane is filed. last: the entry up to which it is; None before its first."""

    lane: bytes
    last: bytes | None
    zone: str
    opened_at: datetime


def file_entries(tx: Filing, limit: int) -> int:
    """File up to `limit` entries that are not filed yet. Returns how many; fewer than `limit`: all are."""
    filed = 0
    for place in _behind(tx):
        if filed >= limit:
            break
        filed += _file_lane(tx, place, limit - filed)
    return filed


def file_before_a_look(tx: Filing) -> None:
    """File what is not filed yet. Raises LogBeingFiled, having filed nothing, if that is too much to wait for."""
    waiting = [(place, missing) for place in _behind(tx) if (missing := _unfiled(tx, place))]
    if sum(missing for _, missing in waiting) > BEFORE_A_LOOK:
        raise LogBeingFiled(*how_far(tx))
    for place, missing in waiting:
        _file_lane(tx, place, missing)


def how_far(tx: Filing) -> Filed:
    """Goes through all lanes there ever were: for telling it, not for every look."""
    places = tx.read(select(t.filings.c.entry_id)).scalars()
    return Filed(sum(_number(bytes(place)) + 1 for place in places), sum(_unfiled(tx, place) for place in _behind(tx)))


class OwnFiling:
    """Filing on a connection of its own, for a command: one transaction a batch, kept whenever it is killed.

    database: the main one, connected, as oversight or the owner.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.sqlite = database.sqlite

    def read(self, statement: Executable) -> CursorResult[*tuple[Any, ...]]:
        return self._database.execute(statement)

    def write(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        return self._database.execute(statement, parameters)

    def how_far(self) -> Filed:
        """Raises StoreUnavailable."""
        try:
            return how_far(self)
        except DRIVER_ERRORS as fault:
            raise StoreUnavailable("how far the log is filed cannot be read") from fault

    def batch(self, limit: int = BATCH) -> int:
        """File a batch and commit. Returns how many; fewer than `limit`: all are. Raises StoreUnavailable."""
        database = self._database
        try:
            database.begin()
            filed = file_entries(self, limit)
            database.commit()
        except DRIVER_ERRORS as fault:
            raise StoreUnavailable("the log could not be filed: nothing of this batch was") from fault
        finally:
            if database.in_transaction:
                database.rollback()
        return filed


def _behind(tx: Filing) -> Iterator[_Place]:
    """Lanes with an entry that is not filed, in an order that all who file keep.

    The next entry after a lane's place, whosesoever it is, is one step in the index: it is the lane's own, or nothing
    waits there.
    """
    lanes, filings, entries = t.lanes.c, t.filings.c, t.entries.c
    place = func.coalesce(filings.entry_id, lanes.lane)
    after = select(func.min(entries.entry_id)).where(entries.entry_id > place)
    following = after.correlate(t.lanes, t.filings).scalar_subquery()
    rows = tx.read(
        select(lanes.lane, filings.entry_id, lanes.zone, lanes.opened_at)
        .select_from(t.lanes.outerjoin(t.filings, filings.lane == lanes.lane))
        .where(or_(filings.ended.is_(None), filings.ended == 0), func.substr(following, 1, _LANE) == lanes.lane)
        .order_by(lanes.lane)
    ).all()
    return (
        _Place(bytes(lane), bytes(last) if last is not None else None, zone, opened_at)
        for lane, last, zone, opened_at in rows
    )


def _unfiled(tx: Filing, place: _Place) -> int:
    """How many entries of a lane wait, by the number of its newest; counted, where that would keep a look waiting."""
    c = t.entries.c
    newest = tx.read(
        select(c.entry_id)
        .where(c.entry_id > (place.last or place.lane), c.entry_id <= place.lane + _LAST_NUMBER)
        .order_by(c.entry_id.desc())
        .limit(1)
    ).scalar()
    if newest is None:
        return 0
    told = _number(bytes(newest)) - (_number(place.last) if place.last is not None else -1)
    if told <= BEFORE_A_LOOK:
        return told
    some = _after(place).with_only_columns(c.entry_id).limit(BEFORE_A_LOOK + 1).subquery()
    counted: int = tx.read(select(func.count()).select_from(some)).scalar_one()
    return counted if counted <= BEFORE_A_LOOK else told


def _after(place: _Place) -> Select[*tuple[Any, ...]]:
    """The entries of a lane after its place."""
    c = t.entries.c
    first = place.last or place.lane  # the shorter one stands before every entry of its lane
    return select(c.entry_id, c.body).where(c.entry_id > first, c.entry_id <= place.lane + _LAST_NUMBER)


def _number(entry: bytes) -> int:
    return int.from_bytes(entry[_LANE:], "big")


def _file_lane(tx: Filing, place: _Place, limit: int) -> int:
    rows = tx.read(_after(place).order_by(t.entries.c.entry_id).limit(limit)).all()
    if rows:
        found = list(_read(tx, place, rows))
        _keep(tx, found)
        last, body = found[-1]
        ended = body["action"] == Happening.LANE_CLOSED.value and ends_lane(bytes(rows[-1][1]))
        _move(tx, place, {"ended": int(ended), "entry_id": last})
        if place.zone == str(OVERSIGHT):
            for _, body in found:
                if body["action"] == LogHappening.GAP_FOUND.value:
                    _file_passed_over(tx, body["object"])
    return len(rows)


def _file_passed_over(tx: Filing, what: str) -> None:
    """File what the sequencer found out of place, and what follows it in its lane, wherever the lane's place is."""
    named = _OUT_OF_PLACE.fullmatch(what)
    if named is None or int(named[2]) >> 64:
        return
    lane, number = bytes.fromhex(named[1]), int(named[2])
    lanes, filings = t.lanes.c, t.filings.c
    row = tx.read(
        select(filings.entry_id, lanes.zone, lanes.opened_at)
        .select_from(t.lanes.outerjoin(t.filings, filings.lane == lanes.lane))
        .where(lanes.lane == lane)
    ).first()
    if row is None:
        return
    place = _Place(lane, bytes(row[0]) if row[0] is not None else None, row[1], row[2])
    c = t.entries.c
    passed_over = (
        select(c.entry_id, c.body)
        .select_from(t.entries.outerjoin(t.filed, t.filed.c.entry_id == c.entry_id))
        .where(c.entry_id >= lane + number.to_bytes(_LANE, "big"), c.entry_id <= (place.last or lane))
        .where(t.filed.c.entry_id.is_(None))
        .order_by(c.entry_id)
        .limit(BATCH)
    )
    while rows := tx.read(passed_over).all():
        _keep(tx, list(_read(tx, place, rows)))
    while _file_lane(tx, place, BATCH) == BATCH:
        place = place._replace(last=bytes(tx.read(select(filings.entry_id).where(filings.lane == lane)).scalar_one()))


def _read(tx: Filing, place: _Place, rows: Iterable[Sequence[Any]]) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """What entries say. One that cannot be read is filed as that, at the moment of the one before it in its lane."""
    at: datetime | None = None
    for row in rows:
        entry = bytes(row[0])
        body = said(bytes(row[1]), entry, place.zone)
        if body is None:
            at = at if at is not None else _moment_of(tx, place)
            body = illegible(entry.hex(), at, place.zone)
        at = datetime.fromisoformat(body["at"])
        yield entry, body


def _moment_of(tx: Filing, place: _Place) -> datetime:
    """When the last one that was filed of a lane happened; where none was, when the lane was opened."""
    c = t.filed.c
    found: datetime | None = tx.read(select(c.at).where(c.entry_id == place.last)).scalar() if place.last else None
    return found if found is not None else place.opened_at


def _keep(tx: Filing, found: Sequence[tuple[bytes, dict[str, Any]]]) -> None:
    """Copy what is searched for. What another process, or a lane's disorder, had filed before stays as it is."""
    # On PostgreSQL another process may be filing the same entries: it waits for this one, and adds what is left.
    tx.write(
        _insert(tx, t.filed).on_conflict_do_nothing(),
        [
            {
                "entry_id": entry,
                "at": datetime.fromisoformat(body["at"]),
                **{name: body[name] for name in FILED_FIELDS},
            }
            for entry, body in found
        ],
    )


def _move(tx: Filing, place: _Place, reached: dict[str, Any]) -> None:
    """Remember how far a lane is filed; where another process is further, it stays so."""
    c = t.filings.c
    if place.last is not None:
        tx.write(update(t.filings).where(c.lane == place.lane, c.entry_id < reached["entry_id"]).values(**reached))
        return
    made = _insert(tx, t.filings).values(lane=place.lane, **reached)
    further = c.entry_id < made.excluded.entry_id
    tx.write(made.on_conflict_do_update(index_elements=["lane"], set_=reached, where=further))


def _insert(tx: Filing, table: Table) -> postgresql.Insert | sqlite.Insert:
    return sqlite.insert(table) if tx.sqlite else postgresql.insert(table)
