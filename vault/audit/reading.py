"""The log as oversight reads it back: what may be asked for, what comes of it. `vault.storage.trail` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple, Protocol

from vault.audit.events import FILED_FIELDS
from vault.audit.legible import illegible, said
from vault.ids import EntryId


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An audit entry as read back. body: the stored bytes. at, zone: as it was filed; where it is not, of its lane."""

    id: EntryId
    body: bytes
    at: datetime
    zone: str

    def told(self) -> dict[str, Any]:
        """Its fields; where its bytes are no entry of this program, that they cannot be read."""
        found = said(self.body, self.id.raw, self.zone)
        return found if found is not None else illegible(self.id.hex(), self.at, self.zone)


class Place(NamedTuple):
    """Where an entry stands: which leaf of which tree."""

    origin: str
    leaf: int


class TreeHead(NamedTuple):
    """A signed head of a tree of the log. root: 32 bytes."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class StoredDetail:
    """A sealed detail with what is needed to open it."""

    lane: bytes
    epoch: int
    first: int
    sealed_key: bytes
    detail: bytes


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which audit entries. All given conditions must hold; newest first. since is inside, until is not.

    The words are an entry's own, as it stands in the log; "" for any. before: where the page before ended.
    """

    actor: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50
    before: EntryId | None = None
    action: str = ""
    kind: str = ""
    role: str = ""
    zone: str = ""
    purpose: str = ""
    decision: str = ""
    rule: str = ""

    def words(self) -> dict[str, str]:
        """What is asked for by word, without what is left open."""
        return {name: word for name in FILED_FIELDS if (word := getattr(self, name))}


class EntryPage(NamedTuple):
    """entries: newest first. upto: from where to go on (`before`), None where nothing older fits.

    A page may hold fewer than were asked for, and still go on: a look goes through so many lines at most.
    """

    entries: list[StoredEntry]
    upto: EntryId | None


class SignedHead(NamedTuple):
    """A signed head as it was kept. note: with the signatures of the witnesses that answered."""

    origin: str
    size: int
    at: datetime
    note: str


class Line(NamedTuple):
    """What an entry is filed under, without its bytes. entry: hexadecimal."""

    entry: str
    at: datetime
    actor: str
    subject: str
    action: str
    kind: str
    role: str
    zone: str
    purpose: str
    decision: str
    rule: str


class TallyRules(NamedTuple):
    """How lines are told apart. looking: actions that are looks. offset: of the clock on the wall from UTC.

    begins, ends: hours of work by that clock. within: after a search something is opened so soon, or nothing was.
    """

    looking: tuple[str, ...]
    offset: timedelta
    begins: time
    ends: time
    within: timedelta


class Tally(NamedTuple):
    """How many lines of a stretch are alike. led_nowhere: searches after which their actor opened no case."""

    zone: str
    role: str
    purpose: str
    decision: str
    look: bool
    in_hours: bool
    led_nowhere: bool
    lines: int


class Volume(NamedTuple):
    """About how many cases somebody was allowed something on a day of UTC."""

    actor: str
    role: str
    day: date
    cases: int


class LogStanding(NamedTuple):
    """How far the log is. turned_at: when the sequencer last looked; waiting: entries that no tree holds yet.

    kept: signed heads, newest first. gaps: how many holes the log itself found. verified: the newest entries in which
    somebody says that they checked a copy of the log, newest first. illegible: entries that this program cannot have
    written. contradicted: the newest in which the log says that a witness does.
    cosigned: of each set of witnesses the newest head that these signed, newest first, from however long ago.
    """

    turned_at: datetime | None
    waiting: int
    newest: TreeHead | None
    kept: list[SignedHead]
    gaps: int
    newest_gap: StoredEntry | None
    verified: list[StoredEntry]
    illegible: int = 0
    contradicted: StoredEntry | None = None
    cosigned: Sequence[SignedHead] = ()


class Trail(Protocol):
    """Reading the log back; oversight only."""

    def entries(self, wanted: EntryFilter) -> EntryPage: ...
    def evidence(
        self, subjects: Sequence[str], acts: Sequence[tuple[str, str]], until: datetime, limit: int
    ) -> list[StoredEntry]:
        """Entries of these acts (action, kind) about these cases, until a moment (inside); `limit` of them at most."""
        ...

    def lines(self, since: datetime, until: datetime, limit: int) -> list[Line]:
        """What the entries of a period are filed under, the oldest first; `limit` of them at most."""
        ...

    def volumes(self, since: datetime, until: datetime) -> list[Volume]:
        """since is inside, until is not; both at the beginning of a day."""
        ...

    def tallies(self, since: datetime, until: datetime, how: TallyRules, limit: int) -> list[Tally]:
        """The lines of a stretch, counted by what they are; `limit` lines of it at most, whichever."""
        ...

    def looks(self, since: datetime, until: datetime, roles: Sequence[str], limit: int) -> list[EntryId]:
        """Entries of a period by which people of these roles were allowed something about a case."""
        ...

    def several(self, entries: Sequence[EntryId]) -> dict[EntryId, StoredEntry]: ...
    def standing(self, kept: int) -> LogStanding:
        """kept: how many signed heads to look at, at most."""
        ...

    def root(self, origin: str, size: int) -> bytes | None:
        """The root that a tree of this database had when it held so many entries; None if it never did."""
        ...

    def how_far(self) -> tuple[int, int]:
        """How many entries can be found, and how many cannot yet. Goes through all lanes."""
        ...

    def file(self, limit: int) -> int:
        """Make up to `limit` new entries findable. Returns how many there were; fewer than `limit`: all are."""
        ...

    def entry(self, entry: EntryId) -> StoredEntry | None: ...
    def about(
        self, subjects: Sequence[str], since: datetime | None, until: datetime | None, limit: int
    ) -> list[StoredEntry]:
        """Entries about a case under any of its names, the oldest first. since is inside, until is not."""
        ...

    def places(self, entries: Sequence[EntryId]) -> dict[EntryId, Place]:
        """Those that a tree holds."""
        ...

    def newest(self) -> TreeHead | None:
        """The newest signed head; None before the first."""
        ...

    def detail(self, entry: EntryId) -> StoredDetail | None: ...
    def oldest_detail(self) -> datetime | None:
        """Since when details are stored, to ten minutes; None where there are none. Goes through their keys."""
        ...
