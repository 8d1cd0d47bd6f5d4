"""The log as oversight reads it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Select, and_, case, exists, func, literal_column, or_, select, type_coerce

from vault.audit.events import Happening, Verdict
from vault.audit.log import EPOCH_SECONDS
from vault.audit.log_events import LogHappening
from vault.audit.merkle import HASH_BYTES, root_from
from vault.audit.note import parse_signature, with_signatures
from vault.audit.reading import (
    EntryFilter,
    EntryPage,
    Line,
    LogStanding,
    Place,
    SignedHead,
    StoredDetail,
    StoredEntry,
    Tally,
    TallyRules,
    TreeHead,
    Volume,
)
from vault.audit.tiles import TileId, node_reader
from vault.errors import InvalidProof
from vault.ids import EntryId
from vault.storage import tables as t
from vault.storage.filing import file_before_a_look, file_entries, how_far
from vault.storage.transaction import Transaction
from vault.vocabulary import OVERSIGHT, Action, Kind

_AT_ONCE: Final = 500  # ids in one question
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400_000_000  # microseconds, as moments are stored
#: Lines that one page goes through at most, where several words are asked for: some ten milliseconds.
LOOKED_THROUGH: Final = 20_000
#: Signatures of witnesses among which the last head that enough signed is looked for: days of one that signs every ten
#: seconds while the others are away, some twenty milliseconds.
_COSIGNATURES: Final = 50_000
#: Which word's index is taken, if several are asked for: the one with the fewest lines to a word. The others have no
#: index of their own.
_NARROWEST: Final = ("subject", "actor", "rule", "action")


class TrailRepository:
    """Reading the log. On PostgreSQL only oversight's role is granted it."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def entries(self, wanted: EntryFilter) -> EntryPage:
        """Raises LogBeingFiled while so much is not filed that doing it now would keep the caller waiting.

        Along the index of the narrowest word that is asked for, through `LOOKED_THROUGH` lines of it at most: what a
        page costs depends neither on how long the log is nor on how deep in it the page lies.
        """
        file_before_a_look(self._tx)
        c, words = t.filed.c, wanted.words()
        lead = next((name for name in _NARROWEST if name in words), None)
        conditions: list[Any] = [c[lead] == words.pop(lead)] if lead is not None else []
        if wanted.since is not None:
            conditions.append(c.at >= wanted.since)
        if wanted.until is not None:
            conditions.append(c.at < wanted.until)
        if wanted.before is not None:
            place = self._tx.read(select(c.at).where(c.entry_id == wanted.before.raw)).first()
            if place is None:
                return EntryPage([], None)
            # Said as a bound of its own, so that the index is entered there and not walked from its newest line.
            conditions += [c.at <= place[0], or_(c.at < place[0], c.entry_id < wanted.before.raw)]
        span = max(LOOKED_THROUGH, wanted.limit) if words else wanted.limit
        looked = select(t.filed).where(and_(True, *conditions)).order_by(c.at.desc(), c.entry_id.desc()).limit(span)
        lines = looked.subquery("looked").c
        page = (
            select(lines.entry_id, lines.at, lines.zone)
            .where(and_(True, *(lines[name] == word for name, word in words.items())))
            .order_by(lines.at.desc(), lines.entry_id.desc())
            .limit(wanted.limit)
            .subquery("page")
        )
        rows = self._tx.read(
            select(t.entries.c.entry_id, t.entries.c.body, page.c.at, page.c.zone)
            .join(page, page.c.entry_id == t.entries.c.entry_id)
            .order_by(page.c.at.desc(), page.c.entry_id.desc())
        )
        found = _stored(rows)
        if len(found) == wanted.limit:
            return EntryPage(found, found[-1].id)
        if not words:
            return EntryPage(found, None)
        last = self._tx.read(looked.with_only_columns(c.entry_id).offset(span - 1).limit(1)).first()
        return EntryPage(found, EntryId(bytes(last[0])) if last is not None else None)

    def evidence(
        self, subjects: Sequence[str], acts: Sequence[tuple[str, str]], until: datetime, limit: int
    ) -> list[StoredEntry]:
        """Raises LogBeingFiled as `entries` does."""
        file_before_a_look(self._tx)
        c = t.filed.c
        wanted = or_(*(and_(c.action == action, c.kind == kind) for action, kind in acts))
        found: list[StoredEntry] = []
        for start in range(0, len(subjects), _AT_ONCE):
            page = (
                select(c.entry_id, c.at, c.zone)
                .where(c.subject.in_(subjects[start : start + _AT_ONCE]), c.subject != "", c.at <= until, wanted)
                .order_by(c.at, c.entry_id)
                .limit(limit - len(found))
                .subquery()
            )
            rows = self._tx.read(
                select(t.entries.c.entry_id, t.entries.c.body, page.c.at, page.c.zone)
                .join(page, page.c.entry_id == t.entries.c.entry_id)
                .order_by(page.c.at, page.c.entry_id)
            )
            found += _stored(rows)
        return found

    def lines(self, since: datetime, until: datetime, limit: int) -> list[Line]:
        """Raises LogBeingFiled as `entries` does."""
        file_before_a_look(self._tx)
        c = t.filed.c
        rows = self._tx.read(
            select(c.entry_id, c.at, *(c[name] for name in Line._fields[2:]))
            .where(c.at >= since, c.at < until)
            .order_by(c.at, c.entry_id)
            .limit(limit)
        )
        return [Line(bytes(row[0]).hex(), *row[1:]) for row in rows]

    def volumes(self, since: datetime, until: datetime) -> list[Volume]:
        """Raises LogBeingFiled as `entries` does."""
        file_before_a_look(self._tx)
        c = t.filed.c
        day = type_coerce(c.at, BigInteger).op("/")(literal_column(str(_DAY))).label("day")
        rows = self._tx.read(
            select(c.actor, c.role, day, func.count(c.subject.distinct()))
            .where(c.at >= since, c.at < until, c.decision == Verdict.ALLOW.value, c.subject != "", c.actor != "")
            .group_by(c.actor, c.role, day)
            .order_by(day, c.actor, c.role)
        )
        return [Volume(row[0], row[1], (_EPOCH + timedelta(days=row[2])).date(), row[3]) for row in rows]

    def tallies(self, since: datetime, until: datetime, how: TallyRules, limit: int) -> list[Tally]:
        """Raises LogBeingFiled as `entries` does."""
        file_before_a_look(self._tx)
        c, later = t.filed.c, t.filed.alias("later").c
        at = type_coerce(c.at, BigInteger)
        clock = (at + literal_column(str(_micros(how.offset)))) % literal_column(str(_DAY))
        begins, ends = (_micros(_since_midnight(clock_time)) for clock_time in (how.begins, how.ends))
        opened = exists().where(
            later.actor == c.actor, type_coerce(later.at, BigInteger) >= at,
            type_coerce(later.at, BigInteger) <= at + literal_column(str(_micros(how.within))),
            later.subject != "", later.decision == Verdict.ALLOW.value, later.action != Action.SEARCH.value,
        )  # fmt: skip
        lines = (
            select(
                c.zone, c.role, c.purpose, c.decision,
                case((c.action.in_(how.looking), 1), else_=0).label("look"),
                case((and_(clock >= begins, clock < ends), 1), else_=0).label("in_hours"),
                case((and_(c.action == Action.SEARCH.value, ~opened), 1), else_=0).label("led_nowhere"),
            )
            .where(c.at >= since, c.at < until)
            .limit(limit)
            .subquery("lines")
        )  # fmt: skip
        kinds = list(lines.c)
        rows = self._tx.read(select(*kinds, func.count()).group_by(*kinds).order_by(*kinds))
        return [Tally(r[0], r[1], r[2], r[3], bool(r[4]), bool(r[5]), bool(r[6]), r[7]) for r in rows]

    def looks(self, since: datetime, until: datetime, roles: Sequence[str], limit: int) -> list[EntryId]:
        """Raises LogBeingFiled as `entries` does."""
        file_before_a_look(self._tx)
        c = t.filed.c
        rows = self._tx.read(
            select(c.entry_id)
            .where(
                c.at >= since, c.at < until, c.role.in_(roles), c.decision == Verdict.ALLOW.value, c.subject != "",
                c.rule != "",
            )
            .limit(limit)
        )  # fmt: skip
        return [EntryId(bytes(row[0])) for row in rows]

    def several(self, entries: Sequence[EntryId]) -> dict[EntryId, StoredEntry]:
        found = dict[EntryId, StoredEntry]()
        for start in range(0, len(entries), _AT_ONCE):
            ids = [entry.raw for entry in entries[start : start + _AT_ONCE]]
            rows = self._tx.read(_with_its_place().where(t.entries.c.entry_id.in_(ids)))
            found.update((entry.id, entry) for entry in _stored(rows))
        return found

    def about(
        self, subjects: Sequence[str], since: datetime | None, until: datetime | None, limit: int
    ) -> list[StoredEntry]:
        """Raises LogBeingFiled as `entries` does."""
        file_before_a_look(self._tx)
        c = t.filed.c
        conditions: list[Any] = [c.subject.in_(subjects), c.subject != ""]
        if since is not None:
            conditions.append(c.at >= since)
        if until is not None:
            conditions.append(c.at < until)
        known = select(c.entry_id, c.at, c.zone).where(and_(*conditions))
        page = known.order_by(c.at, c.entry_id).limit(limit).subquery()
        rows = self._tx.read(
            select(t.entries.c.entry_id, t.entries.c.body, page.c.at, page.c.zone)
            .join(page, page.c.entry_id == t.entries.c.entry_id)
            .order_by(page.c.at, page.c.entry_id)
        )
        return _stored(rows)

    def places(self, entries: Sequence[EntryId]) -> dict[EntryId, Place]:
        h, leaves = t.heads.c, t.leaves.c
        found: dict[EntryId, Place] = {}
        for start in range(0, len(entries), _AT_ONCE):
            rows = self._tx.read(
                select(leaves.entry_id, h.origin, leaves.leaf)
                .join(t.heads, h.shard == leaves.shard)
                .where(leaves.entry_id.in_([entry.raw for entry in entries[start : start + _AT_ONCE]]))
            )
            found.update((EntryId(bytes(r[0])), Place(r[1], r[2])) for r in rows)
        return found

    def newest(self) -> TreeHead | None:
        c = t.heads.c
        row = self._tx.read(select(c.origin, c.size, c.root).where(c.note != "").order_by(c.shard.desc())).first()
        return TreeHead(row[0], row[1], bytes(row[2])) if row is not None else None

    def standing(self, kept: int) -> LogStanding:
        """Raises LogBeingFiled as `entries` does."""
        file_before_a_look(self._tx)
        h, k = t.heads.c, t.checkpoints.c
        turned = self._tx.read(select(h.turned_at).order_by(h.shard.desc()).limit(1)).first()
        waiting = self._tx.read(select(func.coalesce(func.sum(t.outbox.c.run), 0))).scalar_one()
        rows = self._tx.read(
            select(k.shard, k.size, k.at, k.note, h.origin)
            .join(t.heads, h.shard == k.shard)
            .order_by(k.shard.desc(), k.size.desc())
            .limit(kept)
        ).all()
        heads = [SignedHead(row[4], row[1], row[2], self._cosigned(row[0], row[1], row[3])) for row in rows]
        gaps = self._tx.read(
            select(func.count())
            .select_from(t.filed)
            .where(t.filed.c.action == LogHappening.GAP_FOUND.value, t.filed.c.zone == str(OVERSIGHT))
        ).scalar_one()
        own = str(OVERSIGHT)  # the log's own lane is oversight's, and nobody else writes of that zone
        newest_gap = self.entries(EntryFilter(action=LogHappening.GAP_FOUND.value, zone=own, limit=1)).entries
        contradicts = LogHappening.WITNESS_CONTRADICTS.value
        contradicted = self.entries(EntryFilter(action=contradicts, zone=own, limit=1)).entries
        illegible = self._tx.read(
            select(func.count()).select_from(t.filed).where(t.filed.c.action == Happening.ILLEGIBLE.value)
        ).scalar_one()
        verified = self.entries(
            EntryFilter(
                action=Action.WRITE.value, kind=Kind.LOG_STATE.value, decision=Verdict.ALLOW.value, zone=own, limit=1
            )
        ).entries
        return LogStanding(
            turned[0] if turned is not None else None, int(waiting), self.newest(), heads, int(gaps),
            newest_gap[0] if newest_gap else None, verified, int(illegible),
            contradicted[0] if contradicted else None, self._cosigned_heads(kept),
        )  # fmt: skip

    def _cosigned_heads(self, limit: int) -> list[SignedHead]:
        """Of each set of witnesses the newest head that these, and no others, signed; newest first."""
        h, k, c = t.heads.c, t.checkpoints.c, t.cosignatures.c
        newest = select(c.shard, c.size, c.witness).order_by(c.shard.desc(), c.size.desc(), c.witness)
        lines = newest.limit(_COSIGNATURES).subquery("lines").c
        names = func.aggregate_strings(lines.witness, " ").label("names")
        signed = select(lines.shard, lines.size, names).group_by(lines.shard, lines.size).subquery("signed").c
        last = select(signed.shard, func.max(signed.size).label("size")).group_by(signed.shard, signed.names)
        head = last.subquery("head")
        rows = self._tx.read(
            select(k.shard, k.size, k.at, k.note, h.origin)
            .join(head, and_(head.c.shard == k.shard, head.c.size == k.size))
            .join(t.heads, h.shard == k.shard)
            .order_by(k.shard.desc(), k.size.desc())
            .limit(limit)
        ).all()
        return [SignedHead(row[4], row[1], row[2], self._cosigned(row[0], row[1], row[3])) for row in rows]

    def _cosigned(self, shard: int, size: int, note: str) -> str:
        c = t.cosignatures.c
        rows = self._tx.read(select(c.line).where(c.shard == shard, c.size == size).order_by(c.witness)).all()
        return with_signatures(note, [parse_signature(row[0]) for row in rows])

    def root(self, origin: str, size: int) -> bytes | None:
        h, c = t.heads.c, t.tiles.c
        head = self._tx.read(select(h.shard, h.size).where(h.origin == origin)).first()
        if head is None or not 0 <= size <= head[1]:
            return None

        def read(tile: TileId) -> bytes:
            where = (c.shard == head[0], c.level == tile.level, c.tile == tile.index)
            row = self._tx.read(select(c.hashes).where(*where)).first()
            held = bytes(row[0])[: tile.width * HASH_BYTES] if row is not None else b""
            if len(held) != tile.width * HASH_BYTES:
                raise InvalidProof("the log holds no such tile")
            return held

        return root_from(size, node_reader(head[1], read))

    def how_far(self) -> tuple[int, int]:
        return how_far(self._tx)

    def file(self, limit: int) -> int:
        return file_entries(self._tx, limit)

    def entry(self, entry: EntryId) -> StoredEntry | None:
        rows = self._tx.read(_with_its_place().where(t.entries.c.entry_id == entry.raw))
        return next(iter(_stored(rows)), None)

    def detail(self, entry: EntryId) -> StoredDetail | None:
        """The sealed detail, from the outbox while it is young, else from beside the keystore."""
        o, d, k = t.outbox.c, t.details.c, t.detail_keys.c
        row = self._tx.read(select(o.epoch, o.detail).where(o.entry_id == entry.raw, o.detail.is_not(None))).first()
        if row is None:
            row = self._tx.read_keystore(select(d.epoch, d.detail).where(d.entry_id == entry.raw)).first()
        if row is None:
            return None
        lane = entry.raw[:8]
        key = self._tx.read_keystore(select(k.first, k.sealed_key).where(k.lane == lane, k.epoch == row[0])).first()
        if key is None:
            return None
        return StoredDetail(lane, row[0], key[0], bytes(key[1]), bytes(row[1]))

    def oldest_detail(self) -> datetime | None:
        """By their keys: one for each lane and ten minutes, destroyed with the details that it seals."""
        epoch = self._tx.read_keystore(select(func.min(t.detail_keys.c.epoch))).scalar_one()
        return datetime.fromtimestamp(epoch * EPOCH_SECONDS, UTC) if epoch is not None else None


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _since_midnight(clock: time) -> timedelta:
    return datetime.combine(date.min, clock) - datetime.combine(date.min, time.min)


def _stored(rows: Iterable[Sequence[Any]]) -> list[StoredEntry]:
    return [
        StoredEntry(EntryId(bytes(row[0])), bytes(row[1]), row[2] if row[2] is not None else _EPOCH, row[3] or "")
        for row in rows
    ]


def _with_its_place() -> Select[*tuple[Any, ...]]:
    """Entries with moment and zone as they were filed; where they are not yet, with those of their lane.

    The zone is never taken from an entry's own bytes: whoever owns a zone's role writes there what they like.
    """
    filed, lanes = t.filed.c, t.lanes.c
    lane = lanes.lane == func.substr(t.entries.c.entry_id, 1, 8)
    return select(
        t.entries.c.entry_id, t.entries.c.body, func.coalesce(filed.at, lanes.opened_at),
        func.coalesce(filed.zone, lanes.zone),
    ).select_from(
        t.entries.outerjoin(t.filed, filed.entry_id == t.entries.c.entry_id).outerjoin(t.lanes, lane)
    )  # fmt: skip
