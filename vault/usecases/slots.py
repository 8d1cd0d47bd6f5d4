"""How appointments are told: times as Belgium's clocks show them, receipts, and which appointment is meant.

And how one ends: what became of it, and the desk's time that it gives up. Where a case ends, so does what lies ahead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.shaping import shape
from vault.cases.appointments import HOLDING, Appointment, AttendeeRole, Slot, Status
from vault.cases.model import Case
from vault.cases.organisation import Desk, wall_clock
from vault.errors import InvalidInput
from vault.ids import AppointmentId, CaseId, EntryId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference


def appointment_of(uow: UnitOfWork, case_id: CaseId, appointment: AppointmentId) -> Appointment | None:
    """The appointment of that case; one of another case is none."""
    found = uow.agenda.get(appointment)
    return found if found is not None and found.case == case_id else None


def desk_of(code: str, case: Case, casework: Casework) -> Desk:
    """A desk of the case's region. Raises InvalidInput."""
    desk = casework.organisation.desk(code)
    if desk.region != case.region:
        raise InvalidInput("the desk is in another region than the case", field="desk")
    return desk


def times(slot: Slot) -> Values:
    """When and where."""
    return {
        "starts_at": wall_clock(slot.starts_at).isoformat(timespec="minutes"),
        "ends_at": wall_clock(slot.ends_at).isoformat(timespec="minutes"),
        "channel": slot.channel.value,
        "desk": slot.desk or None,
    }


def appointment_values(appointment: Appointment) -> Values:
    """Everything that a row tells. Times as Belgium's clocks show them, with their offset."""
    return {
        **times(appointment.slot),
        "reference": reference(appointment.case),
        "appointment": appointment.id.hex(),
        "occasion": appointment.occasion.value,
        "language": appointment.language,
        "leaflet": appointment.leaflet,
        "status": appointment.status.value,
        "company": sorted(appointment.company),
        "interpreting": appointment.interpreting or None,
        "before": appointment.before.hex() if appointment.before is not None else None,
        "booked_at": appointment.booked_at,
        "settled_at": appointment.settled_at,
        "version": appointment.version,
    }


def receipt(uow: UnitOfWork, permit: Permit, appointment: Appointment, found: Sequence[str]) -> Values:
    """The appointment as it is now, and the state of its case. found: clashes that were accepted."""
    case = existing(uow.cases.get(appointment.case))
    return shape(permit.profile, {**appointment_values(appointment), "clashes": list(found), "state": case.state.value})


def cells_of(slot: Slot, casework: Casework) -> tuple[datetime, ...]:
    """The cells of its desk that a slot takes; none where nobody comes to one."""
    return casework.organisation.covered(slot.starts_at, slot.ends_at) if slot.desk else ()


def settled(
    uow: UnitOfWork, entry: EntryId, old: Appointment, status: Status, casework: Casework, *, actor: Actor,
    at: datetime, company: frozenset[AttendeeRole] | None = None, kept: Collection[datetime] = (),
) -> Appointment:  # fmt: skip
    """Change what became of it, and give up the desk's time that lies ahead. kept: cells that another takes over."""
    changed = old.settle(status, at=at, by=actor.id, rules=casework.agenda_rules, company=company)
    uow.agenda.update(changed, entry)
    if status not in HOLDING:
        free = [cell for cell in cells_of(old.slot, casework) if cell > at and cell not in kept]
        uow.agenda.give_up_cells(old, free, entry)
    return changed


def expect_no_more(
    uow: UnitOfWork, entry: EntryId, case: CaseId, casework: Casework, *, actor: Actor, at: datetime
) -> None:
    """Take back what lies ahead of a case that ends. Nobody could do it later: an ended case takes no appointment.

    Else a desk would read on the day the name of somebody whose order is followed up by then, and keep the time for
    them. What has begun stays as it is. entry: of the step that ends the case.
    """
    for one in uow.agenda.of_case(case):
        if one.status is Status.BOOKED and one.slot.starts_at > at:
            settled(uow, entry, one, Status.CANCELLED, casework, actor=actor, at=at)
