"""How appointments are told: times as Belgium's clocks show them, receipts, and which appointment is meant."""

from __future__ import annotations

from collections.abc import Sequence

from vault.access.enforcement import Permit
from vault.access.shaping import shape
from vault.cases.appointments import Appointment, Slot
from vault.cases.model import Case
from vault.cases.organisation import Desk, wall_clock
from vault.errors import InvalidInput
from vault.ids import AppointmentId, CaseId
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
