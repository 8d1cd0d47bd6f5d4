"""What a use case may do with erasures and tombstones, as a protocol. `vault.storage.erasures` implements it.

Two databases know of each erased case: the main one its tombstones, the keystore its buried cases. A tombstone is
written before anything is taken away; the keystore's mark together with the destruction of the wraps. So a difference
between the two says which was put back from before, or where an erasure was cut short.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from vault.cases.model import Case
from vault.ids import CaseId, EntryId, ErasureId
from vault.lifecycle.erasure import Buried, ErasureRow, Tombstone, WordRow
from vault.lifecycle.holds import Hold
from vault.vocabulary import Compartment, Zone

#: Under which name each zone knows a case: 16 bytes of its own domain.
Names = Sequence[tuple[Zone, bytes]]


class Asked(NamedTuple):
    """A request with what became of it. case: casework alone knows it; None in another zone."""

    row: ErasureRow
    word: WordRow | None
    case: CaseId | None
    lapsed_at: datetime | None
    tombstone: Tombstone | None


class Erasures(Protocol):
    # -- asking and answering ---------------------------------------------------------------------

    def add(self, row: ErasureRow, case: CaseId) -> None:
        """Raises Conflict if somebody asked for the same case at the same moment."""
        ...

    def get(self, erasure: ErasureId) -> Asked | None: ...
    def newest(self, limit: int, before: datetime | None, *, waiting: bool = False) -> list[Asked]:
        """What this zone may see, the newest first. waiting: what nobody answered."""
        ...

    def of_cases(self, cases: Collection[CaseId]) -> dict[CaseId, Asked]:
        """The newest of each."""
        ...

    def say(self, word: WordRow) -> None:
        """Raises Conflict if it was answered already."""
        ...

    def approved(self, limit: int) -> list[Asked]:
        """Answered with yes, neither lapsed nor begun; the oldest first. What the word says is not believed yet."""
        ...

    def lapse(self, erasure: ErasureId, at: datetime, entry: EntryId) -> None: ...

    # -- what is due, and what holds --------------------------------------------------------------

    def closed(self, region: str, before: datetime, limit: int) -> list[tuple[Case, frozenset[Compartment]]]:
        """Cases of a region that were closed by then, the longest closed first, and which compartments they hold."""
        ...

    def holds(self, case: CaseId, names: Names, now: datetime) -> list[Hold]:
        """What of the case still runs, its state apart. RECEIPT: one was asked for, and its day has not come; whether
        the partner has signed one is the caller's to look at."""
        ...

    def readers(self) -> list[Zone]:
        """Every zone that something was ever released to and not taken away since."""
        ...

    # -- erasing ----------------------------------------------------------------------------------

    def bury(self, case: CaseId, names: Names, at: datetime, entry: EntryId) -> int:
        """The tombstone, the case's row as a husk, and the list of its wraps: how many these are."""
        ...

    def tombstone(self, case: CaseId) -> Tombstone | None: ...  # nobody else goes on with it until the commit
    def in_keystore(self, case: CaseId) -> bool: ...
    def buried_cases(self) -> list[CaseId]:
        """Every case with a tombstone, by id."""
        ...

    def unfinished(self) -> list[CaseId]:
        """Cases whose tombstone stands in one database alone, or that are not done."""
        ...

    def destroy(self, case: CaseId, at: datetime) -> list[Buried]:
        """Empty every wrap of the list, and write the keystore's own mark: at once, and before this group's rows."""
        ...

    def buried(self, case: CaseId) -> int:
        """How many wraps its list has."""
        ...

    def take_away(self, case: CaseId, names: Names) -> int:
        """Some rows of a case that has a tombstone. Returns how many; call again until it is 0."""
        ...

    def done(self, case: CaseId, at: datetime, entry: EntryId) -> None: ...


class Erasing(Protocol):
    """The part of a unit of work that erasing needs."""

    @property
    def erasures(self) -> Erasures: ...
