"""What is told with a step: which values each takes, and what of it goes where.

A value that a step does not take is refused, so that nothing is typed in vain. What may stand in the case's own row
(codes of attendance, days, the outcome) becomes the event's note; what was confided, and every ground, is sealed
(`sealed_of`), because whoever reads the database must not learn who heads for which avenue, or why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum, unique
from typing import Final

from vault.cases.calendar import plausible
from vault.cases.flow import NONCOLLABORATION, Outcome, Step
from vault.cases.model import LANGUAGES, REGIONS, CoachType
from vault.cases.parameters import Parameters
from vault.errors import InvalidInput
from vault.ids import ActorId
from vault.vocabulary import Kind, Provenance


@unique
class Avenue(StrEnum):
    """Towards which right of residence. The person files; the coach decides nothing."""

    HUMANITARIAN_9BIS = "9bis"
    MEDICAL_9TER = "9ter"
    FAMILY_REUNIFICATION = "family_reunification"
    ASYLUM = "asylum"
    TRAFFICKING_VICTIM = "trafficking_victim"
    STUDY = "study"
    STATELESS = "stateless"
    OTHER = "other"


@unique
class Attendee(StrEnum):
    """Who was there besides the people of the case and the coach. Codes: no name stands in a status row."""

    LAWYER = "lawyer"
    TRUSTED_PERSON = "trusted_person"
    OTHER = "other"


@unique
class Interpreting(StrEnum):
    PRESENT = "present"
    BY_PHONE = "by_phone"
    NOT_NEEDED = "not_needed"


@unique
class SuspensionReason(StrEnum):
    PUBLIC_ORDER = "public_order"
    NEW_PROCEDURE = "new_procedure"


@dataclass(frozen=True, slots=True)
class Details:
    """Everything that some step takes; each takes a few (`TAKES`). None: not told."""

    outcome: Outcome | None = None
    leaflet: str | None = None
    language: str | None = None
    day: date | None = None  # of the appointment, in Belgium
    attendees: tuple[Attendee, ...] | None = None
    interpreter: Interpreting | None = None
    criterion: str | None = None
    region: str | None = None
    coach_type: CoachType | None = None
    coach: ActorId | None = None
    avenue: Avenue | None = None
    partner: str | None = None
    agreed: bool | None = None
    ground: str | None = None
    reason: SuspensionReason | None = None
    until: date | None = None

    def told(self) -> frozenset[str]:
        """The names of the values that were given."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name) is not None)


#: For the steps that say all by being taken.
NOTHING: Final = Details()


@dataclass(frozen=True, slots=True)
class Takes:
    """needed: without it the step is refused. optional: may be told."""

    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


_INVITATION: Final = ("day", "language", "leaflet")
TAKES: Final[dict[Step, Takes]] = dict.fromkeys(Step, Takes()) | {
    Step.TRIAGE: Takes(("criterion",), ("region", "coach_type", "coach")),
    Step.INVITE: Takes(_INVITATION, ("coach",)),
    Step.EXCUSE_ABSENCE: Takes(_INVITATION),
    Step.WALK_IN: Takes((), ("coach", "attendees", "interpreter")),
    Step.BEGIN_INTAKE: Takes(("attendees", "interpreter")),
    Step.GIVE_NOTICE: Takes(("language", "leaflet")),
    Step.ORIENT_STAY: Takes(("avenue",)),
    Step.ORIENT_RETURN: Takes(("partner", "agreed")),
    Step.ASK_EXTENSION: Takes(("ground",)),
    Step.GRANT_EXTENSION: Takes(("until",)),
    Step.SUSPEND: Takes(("reason",)),
    Step.EXPLAIN_CONSEQUENCES: Takes(("language",)),
    Step.SEND_CONSEQUENCES_LETTER: Takes(("language", "leaflet")),
    Step.BEGIN_CLOSING: Takes(("outcome",)),
    Step.CLOSE: Takes(("outcome",)),
    Step.REOPEN: Takes(_INVITATION),
}

#: Where a step's sealed part belongs, and who told it. The note keeps nothing of it.
SEALED: Final[dict[Step, tuple[Kind, Provenance]]] = {
    Step.ORIENT_STAY: (Kind.AVENUE, Provenance.INTERVIEW),
    Step.ORIENT_RETURN: (Kind.RETURN_PLAN, Provenance.INTERVIEW),
    Step.ASK_EXTENSION: (Kind.GROUND, Provenance.INTERVIEW),
    Step.SUSPEND: (Kind.GROUND, Provenance.ADMIN),
}


def check(step: Step, details: Details, parameters: Parameters, today: date) -> None:
    """Whether these values can be meant with this step. Raises InvalidInput, naming the field."""
    takes, told = TAKES[step], details.told()
    for name in takes.needed:
        if name not in told:
            raise InvalidInput(f"the step {step} needs {name}", field=name)
    for name in sorted(told - {*takes.needed, *takes.optional}):
        raise InvalidInput(f"the step {step} takes no {name}", field=name)
    if details.language is not None and details.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    if details.leaflet is not None:
        _check_leaflet(details.leaflet)
    if details.region is not None and details.region not in REGIONS:
        raise InvalidInput(f"region must be one of {', '.join(REGIONS)}", field="region")
    _one_of("criterion", details.criterion, parameters.criteria)
    _one_of("ground", details.ground, parameters.extension_grounds)
    _one_of("partner", details.partner, parameters.return_partners)
    if details.agreed is False:
        raise InvalidInput("a return is prepared with a partner only if the person agrees", field="agreed")
    if details.day is not None:
        _check_appointment(details.day, parameters, today)
    if details.until is not None and not plausible(details.until):
        raise InvalidInput("the day cannot be meant", field="until")
    if step is Step.BEGIN_CLOSING and details.outcome not in NONCOLLABORATION:
        raise InvalidInput("closing for non-collaboration is for REFUSED and NO_SHOW only", field="outcome")


def _one_of(name: str, value: str | None, known: Mapping[str, object]) -> None:
    if value is not None and value not in known:
        raise InvalidInput(f"{name} must be one of {', '.join(known)}", field=name)


def _check_leaflet(leaflet: str) -> None:
    plain = leaflet.replace("-", "").replace(".", "")
    if not (plain.isascii() and plain.isalnum() and len(leaflet) <= 40):
        raise InvalidInput("name the leaflet's version in letters, digits, '-' and '.'", field="leaflet")


def _check_appointment(day: date, parameters: Parameters, today: date) -> None:
    furthest = parameters.flow.furthest_appointment.value
    if not today <= day <= today + timedelta(days=furthest):
        raise InvalidInput(f"an appointment is today or within {furthest} days", field="day")


def note_of(details: Details) -> str:
    """The event's note: codes and days, at most 80 characters. An appointment's day comes first."""
    parts: list[str] = []
    if details.day is not None:
        parts.append(details.day.isoformat())
    if details.until is not None:
        parts.append(details.until.isoformat())
    parts += [text for text in (details.criterion, details.language, details.leaflet) if text is not None]
    if details.outcome is not None:
        parts.append(details.outcome.value)
    if details.attendees:
        parts.append("+".join(sorted(set(details.attendees))))
    if details.interpreter is not None:
        parts.append(f"interpreter:{details.interpreter}")
    return " ".join(parts)


def sealed_of(step: Step, details: Details) -> dict[str, str]:
    """What of a step is sealed; {} where nothing is."""
    if step not in SEALED:
        return {}
    values = (details.avenue, details.partner, details.ground, details.reason)
    names = ("avenue", "partner", "ground", "reason")
    return {name: str(value) for name, value in zip(names, values, strict=True) if value is not None}
