"""A sample: a regional head looks at one case of the region, which was drawn by lot, for a stated reason and some days.

The head names a reason and, if need be, one coach; never a case. The gateway draws among the cases that are active
then, in the order of their names in the log, and writes into the entry how many there were, which place the lot fell
on, the seed, and a digest of the whole list: who holds the log computes the place again, and who also knows which cases
were active then, the list.

    lot = draw(["L-…", "L-…", "L-…"], seed)     Lot(seed, of=3, place=1, listed=…)
    lot.sound                                   True: the place is where this seed falls

Plain values: nothing is opened here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, unique
from hashlib import sha256
from typing import Final, NamedTuple

from vault.errors import InvalidInput
from vault.ids import ActorId, CaseId, CaseSampleId

SEED_BYTES: Final = 16
SHORTEST: Final = 10
#: Of what a head writes: why one looks, and what came of it.
EXPLANATION_LONGEST, FINDING_LONGEST = 300, 500
_MARK: Final = b"parefeu sample 1\n"
_TOLD: Final = re.compile(
    r"(?P<reason>[a-z_]+) until=(?P<until>\d{4}-\d\d-\d\d) of=(?P<of>\d+) at=(?P<place>\d+) "
    r"seed=(?P<seed>[0-9a-f]{32}) list=(?P<listed>[0-9a-f]{64})(?: coach=(?P<coach>\S+))?"
)


@unique
class Standing(StrEnum):
    RUNNING = "running"
    DONE = "done"  # the head said so
    EXPIRED = "expired"


class Lot(NamedTuple):
    """of: how many cases the list had. place: which one, from 0. listed: 32 bytes over the list."""

    seed: bytes
    of: int
    place: int
    listed: bytes

    @property
    def sound(self) -> bool:
        """Whether the lot falls there with this seed."""
        return 0 <= self.place < self.of and self.place == _place(self.seed, self.of, self.listed)


class Told(NamedTuple):
    """What an entry says of a draw. until: the last day to look, in Belgium. coach: as the log names them, or ""."""

    reason: str
    until: date
    lot: Lot
    coach: str


def draw(names: Sequence[str], seed: bytes) -> Lot:
    """names: of all that can be drawn, each once, sorted, as the log names them; one at least. seed: 16 bytes."""
    listed = sha256(_MARK + "\n".join(names).encode()).digest()
    return Lot(seed, len(names), _place(seed, len(names), listed), listed)


def _place(seed: bytes, of: int, listed: bytes) -> int:
    return int.from_bytes(sha256(_MARK + seed + listed).digest()) % of


def outcome_of(told: Told) -> str:
    """As the entry of a draw says it: codes, numbers and digests."""
    lot = told.lot
    text = f"{told.reason} until={told.until.isoformat()} of={lot.of} at={lot.place} seed={lot.seed.hex()} "
    return f"{text}list={lot.listed.hex()}" + (f" coach={told.coach}" if told.coach else "")


def told_in(outcome: str) -> Told | None:
    """None for an entry of another shape: no draw, or one that came to nothing."""
    found = _TOLD.fullmatch(outcome)
    if found is None:
        return None
    try:
        until = date.fromisoformat(found["until"])
    except ValueError:
        return None
    lot = Lot(bytes.fromhex(found["seed"]), int(found["of"]), int(found["place"]), bytes.fromhex(found["listed"]))
    return Told(found["reason"], until, lot, found["coach"] or "")


@dataclass(frozen=True, slots=True)
class CaseSampleRules:
    """Configuration. digest: 32 bytes, stands in the entries.

    reasons: codes. budget: how many one head has drawn in a calendar month. working_days: for which one looks, after
    the day of the draw. fewest: a list that is shorter is not drawn from: with one case, a draw would be a choice.
    """

    reasons: tuple[str, ...]
    budget: int
    working_days: int
    fewest: int
    digest: bytes

    def check(self, reason: str) -> None:
        """Raises InvalidInput for one that is not listed."""
        if reason not in self.reasons:
            raise InvalidInput(f"reason must be one of {', '.join(self.reasons)}", field="reason")


@dataclass(frozen=True, slots=True)
class CaseSample:
    """number: the how-manieth of this head in that month; no two are alike. coach: whose cases alone were listed."""

    id: CaseSampleId
    case: CaseId
    actor: ActorId
    region: str
    coach: ActorId | None
    reason: str
    period: str
    number: int
    lot: Lot
    drawn_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def standing(self, now: datetime) -> Standing:
        """What ends at a moment is over at that moment."""
        if self.ended_at is not None:
            return Standing.DONE
        return Standing.RUNNING if now < self.expires_at else Standing.EXPIRED

    def shows_to(self, actor: ActorId, now: datetime) -> bool:
        """To whom it was drawn for, while it runs."""
        return self.actor == actor and self.standing(now) is Standing.RUNNING


def parse_words(text: str, field: str, longest: int, numbers: Collection[str] = ()) -> str:
    """One line of a head's own words. numbers: what in it identifies somebody. Raises InvalidInput naming the field."""
    typed = text.strip()
    if not SHORTEST <= len(typed) <= longest or not typed.isprintable():
        raise InvalidInput(f"{field} has {SHORTEST} to {longest} characters on one line", field=field)
    if numbers:
        raise InvalidInput(f"{field} holds a number or an address of somebody: say it without", field=field)
    return typed
