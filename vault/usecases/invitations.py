"""The steps of a case that its invitations are: each is taken as every other step is, asked and logged on its own.

An invitation that is booked invites; one that is put in the place of another, or booked anew after an excuse, gives a
new day without counting as an absence. The desk records an absence; the coach's meeting begins the intake.
"""

from __future__ import annotations

from collections.abc import Sequence

from vault.access.actor import Actor
from vault.cases.appointments import Appointment, AttendeeRole, Status
from vault.cases.calendar import belgian_day
from vault.cases.details import Attendee, Details, Interpreting
from vault.cases.flow import State, Step
from vault.cases.guards import Obstacle
from vault.cases.journey import refused
from vault.cases.model import Case
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework
from vault.usecases.steps import TakeStep, take_step
from vault.vocabulary import Phase, Role

_ATTENDEES = {AttendeeRole.LAWYER: Attendee.LAWYER, AttendeeRole.TRUSTED_PERSON: Attendee.TRUSTED_PERSON}


def check_invitable(uow: UnitOfWork, case: Case, casework: Casework) -> None:
    """Nobody is invited whom a coach receives already, or no more. Raises IllegalStep with what is possible."""
    if case.phase is not Phase.PENDING:
        message = f"a case in state {case.state} is not invited: book an interview, or reopen a closed case"
        raise refused(casework.situation(case, uow.cases.events(case.id)), Step.INVITE, Obstacle("not_listed", message))


def invited(
    uow: UnitOfWork, actor: Actor, case: Case, appointment: Appointment, earlier: Sequence[Appointment],
    casework: Casework,
) -> None:  # fmt: skip
    """A new invitation. earlier: the case's invitations before this one. Raises IllegalStep, AccessDenied."""
    excused = bool(earlier) and earlier[-1].status is Status.EXCUSED
    if case.state is State.INVITED:
        _new_day(uow, actor, case, appointment, casework)
    else:
        step = Step.EXCUSE_ABSENCE if case.state is State.NO_SHOW and excused else Step.INVITE
        _take(uow, actor, case, step, _words(appointment), casework)


def moved(uow: UnitOfWork, actor: Actor, case: Case, appointment: Appointment, casework: Casework) -> None:
    """An invitation was put in the place of another. Raises IllegalStep, AccessDenied."""
    if case.state is State.INVITED:
        _new_day(uow, actor, case, appointment, casework)


def absence_recorded(uow: UnitOfWork, actor: Actor, case: Case, casework: Casework) -> None:
    """Nobody came, without excuse. Raises IllegalStep, AccessDenied."""
    if case.state is State.INVITED:
        _take(uow, actor, case, Step.RECORD_ABSENCE, Details(), casework)


def attended(uow: UnitOfWork, actor: Actor, case: Case, appointment: Appointment, casework: Casework) -> None:
    """The person came. Where the coach says so, the intake begins; the desk only lets them in."""
    if case.state is State.INVITED and actor.role is Role.COACH:
        _take(uow, actor, case, Step.BEGIN_INTAKE, _company(appointment), casework)


def walked_in(uow: UnitOfWork, actor: Actor, case: Case, appointment: Appointment, casework: Casework) -> None:
    """Somebody came without an appointment; before the intake that begins it. Raises IllegalStep, AccessDenied."""
    if case.phase is Phase.PENDING:
        _take(uow, actor, case, Step.WALK_IN, _company(appointment), casework)


def _new_day(uow: UnitOfWork, actor: Actor, case: Case, appointment: Appointment, casework: Casework) -> None:
    """Nothing is said twice: a step that named the same day already stands."""
    if casework.situation(case, uow.cases.events(case.id)).history.appointment != belgian_day(
        appointment.slot.starts_at
    ):
        _take(uow, actor, case, Step.EXCUSE_ABSENCE, _words(appointment), casework)


def _words(appointment: Appointment) -> Details:
    day = belgian_day(appointment.slot.starts_at)
    return Details(day=day, language=appointment.language, leaflet=appointment.leaflet)


def _company(appointment: Appointment) -> Details:
    present = AttendeeRole.INTERPRETER in appointment.company
    others = tuple(code for role, code in _ATTENDEES.items() if role in appointment.company)
    return Details(attendees=others, interpreter=Interpreting.PRESENT if present else Interpreting.NOT_NEEDED)


def _take(uow: UnitOfWork, actor: Actor, case: Case, step: Step, details: Details, casework: Casework) -> None:
    take_step(uow, actor, TakeStep(case.id, step, details), casework)
