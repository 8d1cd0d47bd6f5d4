"""Appointments: when somebody is expected, where, and what became of it.

A row says a time, a place, roles and codes; it names nobody. Who came along (a lawyer, a trusted person, an
interpreter) is personal data of third parties: their names are sealed in a record of their own (`Company`).

What can become of an appointment is data; the code only walks it:

    Status.BOOKED, Outcome.NO_SHOW -> Status.NO_SHOW

Why somebody was excused is not recorded here: "ill" is health, and belongs into a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum, unique
from typing import Any, Final

from vault.cases.calendar import belgian_day
from vault.cases.model import LANGUAGES
from vault.cases.organisation import wall_clock
from vault.cases.people import decode_content, encode_content
from vault.errors import Conflict, InvalidInput
from vault.ids import ActorId, AppointmentId, CaseId

_LEAFLET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}")
_TONGUE: Final = re.compile(r"[a-z]{2,3}")
_INTERPRETER: Final = re.compile(r"(?=[A-Z-]*[0-9])[A-Z0-9](?:[A-Z0-9-]{0,18}[A-Z0-9])?")


@unique
class Occasion(StrEnum):
    """What the appointment is for."""

    INVITATION = "invitation"  # the first talk, to which the person was invited
    INTERVIEW = "interview"
    CONCLUSIONS = "conclusions"
    WALK_IN = "walk_in"  # came without one


@unique
class Channel(StrEnum):
    DESK = "desk"
    TELEPHONE = "telephone"
    VIDEO = "video"


@unique
class Status(StrEnum):
    BOOKED = "booked"
    ATTENDED = "attended"
    NO_SHOW = "no_show"  # without excuse
    EXCUSED = "excused"  # absent with an excuse, said before or after
    CANCELLED = "cancelled"
    MOVED = "moved"  # another appointment stands in its place


#: From one status to another; a pair that is not listed is refused.
MOVES: Final[frozenset[tuple[Status, Status]]] = frozenset(
    {
        (Status.BOOKED, Status.ATTENDED),
        (Status.BOOKED, Status.NO_SHOW),
        (Status.BOOKED, Status.EXCUSED),
        (Status.BOOKED, Status.CANCELLED),
        (Status.BOOKED, Status.MOVED),
        (Status.NO_SHOW, Status.EXCUSED),  # the excuse came later
    }
)
#: What keeps the desk's time. What was kept or missed has had it.
HOLDING: Final = frozenset({Status.BOOKED, Status.ATTENDED, Status.NO_SHOW})


@unique
class AttendeeRole(StrEnum):
    """Who may come along, besides the people of the case."""

    LAWYER = "lawyer"
    TRUSTED_PERSON = "trusted_person"
    INTERPRETER = "interpreter"


@unique
class ClashKind(StrEnum):
    """What stands in the way of an appointment. None of them forbids it; whoever books says that it is meant."""

    COACH_BUSY = "coach_busy"
    COACH_ABSENT = "coach_absent"
    NO_COACH = "no_coach"
    INTERPRETER_BUSY = "interpreter_busy"
    PERSON_BUSY = "person_busy"
    DESK_CLOSED = "desk_closed"
    WALK_IN_HOURS = "walk_in_hours"
    HOLIDAY = "holiday"
    NO_ADDRESS = "no_address"  # an invitation that no post can bring: give it by hand
    OPEN_RETURN_PLACE = "open_return_place"  # the desk is where people live, and this person does not


@dataclass(frozen=True, slots=True)
class AgendaRules:
    """An office's own limits. horizon: how far ahead one books, a parameter of the flow; grace: how late one comes."""

    shortest: timedelta = timedelta(minutes=15)
    longest: timedelta = timedelta(hours=4)
    horizon: timedelta = timedelta(days=180)
    grace: timedelta = timedelta(minutes=30)
    walk_in_length: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Slot:
    """A time and a place. Both moments aware; desk: its code, for `Channel.DESK` and for nothing else."""

    starts_at: datetime
    ends_at: datetime
    channel: Channel
    desk: str = ""

    def check(self, rules: AgendaRules, now: datetime) -> None:
        """Raises InvalidInput for a time or place that cannot be meant."""
        if (self.channel is Channel.DESK) != bool(self.desk):
            raise InvalidInput("a desk is named exactly where somebody comes to one", field="desk")
        if not rules.shortest <= self.ends_at - self.starts_at <= rules.longest:
            raise InvalidInput(
                f"an appointment lasts {_minutes(rules.shortest)} to {_minutes(rules.longest)} minutes", field="minutes"
            )
        if wall_clock(self.starts_at).date() != wall_clock(self.ends_at - timedelta(microseconds=1)).date():
            raise InvalidInput("an appointment ends on the day it begins", field="minutes")
        if self.starts_at <= now:
            raise InvalidInput("an appointment lies ahead", field="starts_at")
        if self.starts_at > now + rules.horizon:
            raise InvalidInput(f"appointments are booked at most {rules.horizon.days} days ahead", field="starts_at")

    def overlaps(self, other: Slot) -> bool:
        """Whether they share a moment; one may begin when the other ends."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Appointment:
    """interpreter: 16 bytes, equal for the same interpreter and telling nothing else, or b"" for none.

    interpreting: the language interpreted, ISO 639, or "". language, leaflet: of the invitation. before: the
    appointment that this one stands in for. settled: when and by whom it was last changed, None while booked.
    """

    id: AppointmentId
    case: CaseId
    occasion: Occasion
    slot: Slot
    language: str
    leaflet: str
    status: Status
    company: frozenset[AttendeeRole]
    interpreter: bytes
    interpreting: str
    before: AppointmentId | None
    booked_at: datetime
    booked_by: ActorId
    settled_at: datetime | None
    settled_by: ActorId | None
    version: int

    def settle(
        self, status: Status, *, at: datetime, by: ActorId, rules: AgendaRules, company: frozenset[AttendeeRole] | None
    ) -> Appointment:
        """What became of it. company: who came along, where they came. Raises Conflict, InvalidInput."""
        if (self.status, status) not in MOVES:
            raise Conflict(f"an appointment that is {self.status} does not become {status}")
        if status is Status.ATTENDED and at < self.slot.starts_at - rules.grace:
            raise InvalidInput("nobody attends an appointment that has not begun", field="attended")
        if status is Status.NO_SHOW and at < self.slot.starts_at + rules.grace:
            raise InvalidInput(
                f"somebody is absent {_minutes(rules.grace)} minutes after the time, not before", field="attended"
            )
        return replace(
            self, status=status, settled_at=at, settled_by=by, version=self.version + 1,
            company=self.company if company is None else company,
        )  # fmt: skip


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds()) // 60


def check_words(language: str, leaflet: str, interpreting: str) -> None:
    """The codes of an invitation. Raises InvalidInput."""
    if language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    if leaflet and not _LEAFLET.fullmatch(leaflet):
        raise InvalidInput("name the leaflet's version in letters, digits, '-' and '.'", field="leaflet")
    if interpreting and not _TONGUE.fullmatch(interpreting):
        raise InvalidInput("the interpreter's language is an ISO 639 code such as `ti`", field="interpreting")


def interpreter_number(text: str) -> str:
    """An interpreter's number at the service that sends them, canonical. Raises InvalidInput."""
    number = "".join(text.split()).upper()
    if not _INTERPRETER.fullmatch(number):
        raise InvalidInput(
            "an interpreter's number has 1 to 20 letters, digits and hyphens, a digit among them: no name",
            field="interpreter",
        )
    return number


@dataclass(frozen=True, slots=True)
class Busy:
    """What else is booked in the time of a slot that is looked at."""

    coach: Sequence[Slot] = ()
    interpreter: Sequence[Slot] = ()
    person: Sequence[Slot] = ()


@dataclass(frozen=True, slots=True)
class Around:
    """What an organisation knows about the time of a slot. open, walk_in: of the desk, where there is one.

    no_address: the person is to be invited and has no known address. lived_in: the desk is in an open return place,
    and the person lives elsewhere.
    """

    has_coach: bool
    coach_absent: bool
    holiday: bool
    open: bool = True
    walk_in: bool = False
    no_address: bool = False
    lived_in: bool = False


def clashes(slot: Slot, busy: Busy, around: Around) -> tuple[ClashKind, ...]:
    """Everything that stands in the way of `slot`, in the order of `ClashKind`."""
    at_desk = slot.channel is Channel.DESK
    found = {
        ClashKind.COACH_BUSY: any(slot.overlaps(other) for other in busy.coach),
        ClashKind.COACH_ABSENT: around.coach_absent,
        ClashKind.NO_COACH: not around.has_coach,
        ClashKind.INTERPRETER_BUSY: any(slot.overlaps(other) for other in busy.interpreter),
        ClashKind.PERSON_BUSY: any(slot.overlaps(other) for other in busy.person),
        ClashKind.DESK_CLOSED: at_desk and not around.open,
        ClashKind.WALK_IN_HOURS: at_desk and around.walk_in,
        ClashKind.HOLIDAY: around.holiday,
        ClashKind.NO_ADDRESS: around.no_address,
        ClashKind.OPEN_RETURN_PLACE: at_desk and around.lived_in,
    }
    return tuple(kind for kind, there in found.items() if there)


def excused_days(missed: Iterable[tuple[datetime, Status]]) -> frozenset[date]:
    """The days on which an absence was excused and none stands. missed: beginning and status of a case's invitations.

    A day counts whole: the steps of a case know the day of an invitation and no hour.
    """
    days: dict[Status, set[date]] = {Status.EXCUSED: set(), Status.NO_SHOW: set()}
    for at, status in missed:
        if status in days:
            days[status].add(belgian_day(at))
    return frozenset(days[Status.EXCUSED] - days[Status.NO_SHOW])


# -- who came along ------------------------------------------------------------------------------------


ATTENDEE_FIELDS: Final = ("role", "name", "organisation")


@dataclass(frozen=True, slots=True, repr=False)
class Attendee:
    """One third party, in the plaintext of a sealed record."""

    role: AttendeeRole
    name: str
    organisation: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"role": self.role.value, "name": self.name, "organisation": self.organisation}


@dataclass(frozen=True, slots=True, repr=False)
class Company:
    """Who comes along to one appointment, and the interpreter's number: plaintext of the `attendees` record."""

    attendees: tuple[Attendee, ...] = ()
    interpreter: str = ""

    def encode(self) -> bytes:
        return encode_content(
            {"attendees": [attendee.to_json() for attendee in self.attendees], "interpreter": self.interpreter}
        )

    @classmethod
    def decode(cls, plaintext: bytes) -> Company:
        """Raises RecordTampered."""
        data = decode_content(plaintext)
        attendees = tuple(
            Attendee(AttendeeRole(each["role"]), each["name"], each["organisation"]) for each in data["attendees"]
        )
        return cls(attendees, data["interpreter"])

    @property
    def roles(self) -> frozenset[AttendeeRole]:
        found = {attendee.role for attendee in self.attendees}
        return frozenset(found | ({AttendeeRole.INTERPRETER} if self.interpreter else set()))
