"""Who accompanies whom: the choice of a coach by kind, region and load, with every step of it told.

A coach has the kinds of case they take and a capacity. The choice is a comparison of numbers and codes that stands in
the answer: no score of a person, and a head may always name somebody else.

1. Only coaches of the case's region who are at work, take its kind and have no conflict of interest with it.
2. Of these, only those below their capacity.
3. Of these, the smallest part of the capacity in use; then the fewest cases; then whoever was given a case longest
   ago; then the smaller id, so that the same facts give the same answer.

    propose(need, candidates).coach
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum, unique
from fractions import Fraction
from typing import Final

from vault.cases.model import CoachType
from vault.errors import InvalidInput, NotAssignable
from vault.ids import AbsenceId, ActorId, CaseId

#: Cases at a time. The design size is 14,000 files a year for 85 coaches; nobody accompanies a thousand.
LARGEST_CAPACITY: Final = 999


@unique
class Cause(StrEnum):
    """Why a case changed hands."""

    CHOSEN = "chosen"  # by kind, region and load
    NAMED = "named"  # by a regional head
    ABSENCE = "absence"  # handed over for a holiday or a leave
    RETURN = "return"  # given back after one
    CONFLICT = "conflict"  # a conflict of interest was declared
    STEP = "step"  # named with a step of the case: at triage, with an invitation, at a walk-in


@unique
class AbsenceKind(StrEnum):
    """How long, not why: what kind of leave it is belongs to the staff office."""

    HOLIDAY = "holiday"
    LEAVE = "leave"


@unique
class Obstacle(StrEnum):
    """Why a coach is not chosen."""

    OTHER_REGION = "other_region"
    INACTIVE = "inactive"
    NO_PROFILE = "no_profile"
    OTHER_TYPE = "other_type"
    ABSENT = "absent"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    FULL = "full"


#: What even a named coach cannot get past. The others are a head's to judge.
ABSOLUTE: Final = frozenset({Obstacle.OTHER_REGION, Obstacle.INACTIVE, Obstacle.CONFLICT_OF_INTEREST})


@dataclass(frozen=True, slots=True)
class Profile:
    """The kinds of case a coach takes, and how many at a time."""

    types: frozenset[CoachType]
    capacity: int

    def __post_init__(self) -> None:
        if not self.types:
            raise InvalidInput(f"name at least one of {', '.join(CoachType)}", field="types")
        if not 1 <= self.capacity <= LARGEST_CAPACITY:
            raise InvalidInput(f"a capacity is 1 to {LARGEST_CAPACITY} cases", field="capacity")


@dataclass(frozen=True, slots=True)
class Absence:
    """A coach away from `first_day` to `last_day`, both included; None: until they return."""

    id: AbsenceId
    coach: ActorId
    kind: AbsenceKind
    first_day: date
    last_day: date | None
    handed_over_at: datetime | None = None
    returned_at: datetime | None = None

    def covers(self, day: date) -> bool:
        if self.returned_at is not None:
            return False
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True)
class Need:
    """What a case asks of a coach."""

    region: str
    type: CoachType


@dataclass(frozen=True, slots=True)
class Candidate:
    """One coach as the choice sees them. load: open cases. given_at: when they were last given a case."""

    coach: ActorId
    region: str
    active: bool
    profile: Profile | None
    load: int
    given_at: datetime | None = None
    absent: bool = False
    conflict: bool = False

    def obstacles(self, need: Need) -> tuple[Obstacle, ...]:
        """Everything that stands in the way, in the order of the rules."""
        profile = self.profile
        found = {
            Obstacle.OTHER_REGION: self.region != need.region,
            Obstacle.INACTIVE: not self.active,
            Obstacle.NO_PROFILE: profile is None,
            Obstacle.OTHER_TYPE: profile is not None and need.type not in profile.types,
            Obstacle.ABSENT: self.absent,
            Obstacle.CONFLICT_OF_INTEREST: self.conflict,
            Obstacle.FULL: profile is not None and self.load >= profile.capacity,
        }
        return tuple(obstacle for obstacle, there in found.items() if there)

    @property
    def use(self) -> Fraction:
        """The part of the capacity that is in use. Only for a coach with a profile."""
        assert self.profile is not None
        return Fraction(self.load, self.profile.capacity)


@dataclass(frozen=True, slots=True)
class Considered:
    """A candidate and what became of them. rank: 1 is chosen; None where an obstacle stands in the way."""

    candidate: Candidate
    obstacles: tuple[Obstacle, ...]
    rank: int | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The choice and all that was weighed for it. coach None: nobody can take the case."""

    need: Need
    coach: ActorId | None
    considered: tuple[Considered, ...]

    @property
    def explanation(self) -> str:
        """The choice in one line of codes and numbers, to stand in the history."""
        if self.coach is None:
            return f"{self.need.type} in {self.need.region}: nobody of {len(self.considered)}"
        able = [each for each in self.considered if each.rank is not None]
        first = next(each.candidate for each in able if each.rank == 1)
        assert first.profile is not None
        return f"{self.need.type}: load {first.load}/{first.profile.capacity}, least of {len(able)}"

    def chosen(self) -> ActorId:
        """Raises NotAssignable where nobody can take the case."""
        if self.coach is None:
            seen = {obstacle for each in self.considered for obstacle in each.obstacles}
            raise NotAssignable(
                "no coach of the region can take this case now", tuple(one for one in Obstacle if one in seen)
            )
        return self.coach


_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def propose(need: Need, candidates: Sequence[Candidate]) -> Proposal:
    """Choose among the candidates. The same candidates in another order give the same choice."""
    weighed = [(candidate, candidate.obstacles(need)) for candidate in candidates]
    able = sorted((candidate for candidate, obstacles in weighed if not obstacles), key=_order)
    ranks = {candidate.coach: rank for rank, candidate in enumerate(able, start=1)}
    considered = sorted(
        (Considered(candidate, obstacles, ranks.get(candidate.coach)) for candidate, obstacles in weighed),
        key=lambda each: (each.rank is None, each.rank or 0, each.candidate.coach.raw),
    )
    return Proposal(need, able[0].coach if able else None, tuple(considered))


def _order(candidate: Candidate) -> tuple[Fraction, int, datetime, bytes]:
    return candidate.use, candidate.load, candidate.given_at or _NEVER, candidate.coach.raw


def check_named(need: Need, candidate: Candidate) -> tuple[Obstacle, ...]:
    """What a head overrides by naming this coach. Raises NotAssignable for what cannot be overridden."""
    obstacles = candidate.obstacles(need)
    absolute = tuple(one for one in obstacles if one in ABSOLUTE)
    if absolute:
        raise NotAssignable("this coach cannot take this case", absolute)
    return obstacles


@dataclass(frozen=True, slots=True)
class Assignment:
    """One change of hands. number: of the case's, from 1. before: None where nobody had it.

    explanation: codes and numbers (`Proposal.explanation`, or the obstacles that a head overrode), never free text.
    """

    case: CaseId
    number: int
    before: ActorId | None
    coach: ActorId | None
    cause: Cause
    at: datetime
    by: ActorId
    explanation: str = ""
    absence: AbsenceId | None = None


@dataclass(frozen=True, slots=True)
class ConflictOfInterest:
    """That this coach must not have this case. Why is sealed apart, for the head of the region alone."""

    case: CaseId
    coach: ActorId
    declared_at: datetime
    declared_by: ActorId
    withdrawn_at: datetime | None = None
