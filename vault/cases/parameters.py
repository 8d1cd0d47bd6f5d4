"""What no source settles, or a law may change: values of the case flow, each with its source and how sure it is.

The vault knows only these shapes. `gateway/parameters.toml` holds the values that are shipped, an operator's file may
replace some; the gateway validates both and computes the digest. The digest stands in the audit entry of whatever
was computed with a value, so that an old file explains an old decision.

    parameters.flow.reinvitations.value     # 2
    parameters.flow.reinvitations.source    # where that comes from
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique
from typing import Generic, TypeVar

from vault.cases.model import CoachType

T = TypeVar("T")


@unique
class Sureness(StrEnum):
    """How well a value is known."""

    HIGH = "H"  # read in an official or primary text
    MEDIUM = "M"  # a secondary or dated text
    BACKGROUND = "B"  # background knowledge, to be verified
    DESIGN = "D"  # our choice: no source settles it


@unique
class Duty(StrEnum):
    """Whether the Office must or may grant more time on a ground."""

    MUST = "must"
    MAY = "may"


@dataclass(frozen=True, slots=True)
class Sourced(Generic[T]):
    """A value and where it comes from. source: a law and its article, a publication, or that it is our choice."""

    value: T
    source: str
    sure: Sureness


@dataclass(frozen=True, slots=True)
class Annex:
    """A form of order. term: days for leaving, counted from notification, where the order itself says none.

    transfer: an order of transfer to another member state.
    """

    term: Sourced[int]
    transfer: bool = False


@dataclass(frozen=True, slots=True)
class Appeal:
    """A way to appeal. days: from notification. second_measure: for a measure that follows another one alone.

    instead_of: the way to appeal that is not open where this one is, "" for none: its longer term would be missed.
    """

    days: Sourced[int]
    second_measure: bool = False
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A code by which files are triaged. coach_type: None where the people of the file decide.

    excluded: who is triaged so is not guided here; the case can only be closed. transfer: for orders of transfer alone.
    """

    coach_type: Sourced[CoachType | None]
    excluded: bool = False
    transfer: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a case should wait at most for the next step. working: counted in working days."""

    days: Sourced[int]
    working: bool = False


@dataclass(frozen=True, slots=True)
class FlowParameters:
    """reinvitations: after this many invitations that followed an absence, a closing can begin.

    majority: age in years. furthest_appointment: days ahead for which an invitation makes sense.
    """

    reinvitations: Sourced[int]
    majority: Sourced[int]
    furthest_appointment: Sourced[int]


@dataclass(frozen=True, slots=True)
class TermParameters:
    """first_day: on which day after notification the counting begins. appeals_move: a term for an appeal that ends on a
    day that is not worked ends on the next working day. extension: where the power to extend stands.
    general: a term under this many days must be reasoned. extra_holidays: beside the legal ones."""

    first_day: Sourced[int]
    general: Sourced[int]
    appeals_move: Sourced[bool]
    extension: Sourced[bool]
    extra_holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameters:
    """All of them. version: as the file names itself. digest: 32 bytes, SHA-256 over every validated value."""

    version: str
    digest: bytes
    flow: FlowParameters
    terms: TermParameters
    annexes: Mapping[str, Annex]
    appeals: Mapping[str, Appeal]
    extension_grounds: Mapping[str, Sourced[Duty]]
    criteria: Mapping[str, Criterion]
    return_partners: Mapping[str, Sourced[bool]]
    waits: Mapping[str, Wait]
