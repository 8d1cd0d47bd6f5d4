"""Two change one case, or what hangs on it, at the same moment: whoever comes second decides upon what the first left.

On PostgreSQL two casework processes stand beside each other: here, two services with a connection each. On SQLite there
is one process with one writer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.auth.sessions import hash_token
from gateway.wiring import Services
from tests.api.stage_people import People
from tests.api.test_coaches import away, id_of
from tests.api.test_invitations import invited, missed_thrice
from tests.crash.checks import faults
from tests.crash.snapshot import look
from tests.flow_paths import Paths
from tests.house import House
from tests.patience import PATIENCE
from tests.storage.test_booking_race import beside
from vault.cases.appointments import Channel, Occasion, Slot, Status
from vault.cases.details import Details
from vault.cases.flow import Outcome, State, Step
from vault.errors import Conflict, IllegalStep, NotAssignable, NotFound, VaultError
from vault.ids import AbsenceId, ActorId, AppointmentId, RecordId
from vault.usecases import appointments, assign, caseloads, hand_over, notes, sign_in
from vault.usecases.casework import parse_reference
from vault.usecases.steps import TakeStep, take_step
from vault.vocabulary import CASEWORK

#: What somebody does in casework, at one of the processes.
Act = Callable[[Any, Any, Services], Any]
WHY = "Un parent éloigné habite la même maison."


def process_beside(house: House) -> AbstractContextManager[Services]:
    @contextmanager
    def the_only_one() -> Iterator[Services]:
        yield house.services

    return the_only_one() if house.services.store.sqlite else beside(house)


def as_(house: House, services: Services, login: str, act: Act, pause: Callable[[], None] = lambda: None) -> Any:
    """The committed reply. pause: called before the commit."""
    hashed = hash_token(house.tokens[login])

    def job(uow: Any) -> Any:
        found = act(uow, sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock), services)
        pause()
        return found

    return services.worker.run(CASEWORK, job)


def one_after_the_other(house: House, first: tuple[str, Act], second: tuple[str, Act]) -> VaultError | dict[str, Any]:
    """What the second was told, who asked while the first was not committed yet."""
    for login, _ in (first, second):
        house.client(login)
    inside, go_on, told = threading.Event(), threading.Event(), list[Any]()

    def pause() -> None:
        inside.set()
        assert go_on.wait(PATIENCE)

    def begin() -> None:
        try:
            as_(house, house.services, *first, pause)
        finally:
            inside.set()

    with process_beside(house) as other:

        def come_second() -> None:
            try:
                told.append(as_(house, other, *second))
            except VaultError as refused:
                told.append(refused)

        threads = [threading.Thread(target=begin), threading.Thread(target=come_second)]
        threads[0].start()
        assert inside.wait(PATIENCE)
        threads[1].start()
        threads[1].join(0.3)  # waits, or has done already what it should have waited for
        go_on.set()
        for thread in threads:
            thread.join(20)
        assert len(told) == 1
    assert faults(house.settings) == []
    found: VaultError | dict[str, Any] = told[0]
    return found


# -- an appointment, and the end of its case ---------------------------------------------------------


def booking(case: str, occasion: Occasion = Occasion.INTERVIEW, hour: int = 9) -> Act:
    begins = datetime(2026, 11, 19, hour, tzinfo=UTC)
    slot = Slot(begins, begins + timedelta(minutes=30), Channel.DESK, "brussels-1")
    wanted = appointments.Booking(slot, "fr", "2026-1", despite=True)

    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        cmd = appointments.Book(parse_reference(case), occasion, wanted)
        return appointments.book(uow, actor, cmd, services.casework)

    return act


def step(case: str, which: Step, details: Details) -> Act:
    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return take_step(uow, actor, TakeStep(parse_reference(case), which, details), services.casework)

    return act


def handing_over(house: House, case: str) -> Act:
    """The second half; the first has committed."""
    house.client("head")

    def first(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return hand_over.authorise_hand_over(uow, actor, parse_reference(case), services.casework)

    leave = as_(house, house.services, "head", first)

    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        assert services.sender is not None
        return hand_over.hand_over(uow, actor, leave, services.casework, services.sender)

    return act


def expected(house: House) -> list[str]:
    return [row["status"] for row in look(house.settings)["appointments"] if row["status"] == Status.BOOKED.value]


def closing(house: House) -> tuple[str, Act]:
    coach = house.client("coach")
    case = house.open_case(coach)
    house.begin_closing(coach, case)
    return case, handing_over(house, case)


def simply_closed(house: House) -> tuple[str, Act]:
    case = house.open_case(house.client("coach"))
    return case, step(case, Step.CLOSE, Details(outcome=Outcome.OTHER))


ENDS = pytest.mark.parametrize(("ends", "login"), [(closing, "head"), (simply_closed, "coach")])


@ENDS
def test_nobody_is_expected_of_a_case_that_ends_at_this_moment(
    house: House, ends: Callable[[House], tuple[str, Act]], login: str
) -> None:
    """Else a desk reads, on that day, the name of somebody whose order is followed up by then."""
    case, end = ends(house)
    told = one_after_the_other(house, (login, end), ("coach", booking(case)))
    assert isinstance(told, NotFound)
    assert expected(house) == []


@ENDS
def test_the_end_of_a_case_takes_back_what_is_booked_at_this_moment(
    house: House, ends: Callable[[House], tuple[str, Act]], login: str
) -> None:
    case, end = ends(house)
    told = one_after_the_other(house, ("coach", booking(case)), (login, end))
    assert isinstance(told, dict)
    assert expected(house) == []


def test_of_two_invitations_at_once_one_goes_out(house: House) -> None:
    """Also where the case is invited already, and the step needs not be taken again."""
    case = Paths(house).case_in(State.TRIAGED)
    invited(house.client("desk"), case, starts_at="2026-11-19T13:00")
    (out,) = house.client("desk").get(f"/cases/{case}/appointments").json()["appointments"]
    assert house.client("desk").post(f"/cases/{case}/appointments/{out['appointment']}/cancel").status_code == 200
    inviting = [booking(case, Occasion.INVITATION, hour) for hour in (9, 10)]
    told = one_after_the_other(house, ("desk", inviting[0]), ("coach", inviting[1]))
    assert isinstance(told, Conflict)
    assert len(expected(house)) == 1


# -- an excuse, and what rests on an absence ---------------------------------------------------------


def excusing(case: str, address: str) -> Act:
    appointment = AppointmentId.parse(address.rpartition("/")[2])
    cmd = appointments.Settle(parse_reference(case), appointment, Status.EXCUSED)

    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return appointments.settle(uow, actor, cmd, services.casework)

    return act


def test_nobody_is_handed_over_as_absent_whose_excuse_is_being_recorded(house: House) -> None:
    case, (invitation, *_) = missed_thrice(house)
    over = handing_over(house, case)
    told = one_after_the_other(house, ("desk", excusing(case, invitation)), ("head", over))
    assert isinstance(told, IllegalStep)
    assert told.reason == "reinvitations_left"
    assert look(house.settings)["releases"] == []


def test_nobody_signs_for_an_absence_whose_excuse_is_being_recorded(house: House) -> None:
    case, (invitation, *_) = missed_thrice(house)
    sign = step(case, Step.SIGN_CLOSING, Details())
    told = one_after_the_other(house, ("desk", excusing(case, invitation)), ("head", sign))
    assert isinstance(told, IllegalStep)
    assert told.reason == "reinvitations_left"


def test_no_excuse_is_acknowledged_once_the_sheet_leaves(house: House) -> None:
    case, (invitation, *_) = missed_thrice(house)
    told = one_after_the_other(house, ("head", handing_over(house, case)), ("desk", excusing(case, invitation)))
    assert isinstance(told, NotFound)


# -- whose the case is -------------------------------------------------------------------------------


def giving(case: str, coach: str) -> Act:
    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        cmd = assign.Assign(parse_reference(case), ActorId.parse(coach))
        return assign.assign(uow, actor, cmd, services.casework)

    return act


def declaring(case: str, coach: str) -> Act:
    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        cmd = assign.DeclareConflict(parse_reference(case), ActorId.parse(coach), WHY)
        return assign.declare_conflict(uow, actor, cmd, services.casework)

    return act


def people(house: House) -> tuple[str, str]:
    """A coach's case, and a colleague who could take it."""
    case = house.open_case(house.client("coach"))
    made = People(house, lambda: case)
    made.profile("third_coach")
    return case, made.profile("colleague")


def coach_of(house: House, case: str) -> str:
    found: str = house.client("head").get(f"/cases/{case}/assignment").json()["coach"]
    return found


def test_no_case_is_given_to_whom_a_conflict_of_interest_is_being_declared_of(house: House) -> None:
    case, colleague = people(house)
    house.client("head")
    told = one_after_the_other(house, ("head", declaring(case, colleague)), ("head", giving(case, colleague)))
    assert isinstance(told, NotAssignable)
    assert coach_of(house, case) == "Coach"


def test_a_conflict_of_interest_takes_away_what_is_being_given(house: House) -> None:
    case, colleague = people(house)
    told = one_after_the_other(house, ("head", giving(case, colleague)), ("head", declaring(case, colleague)))
    assert isinstance(told, dict)
    assert coach_of(house, case) not in ("Colleague", "")


def test_a_look_of_the_coach_whose_case_is_being_given_away_is_explained(house: House) -> None:
    """On PostgreSQL another process still sees whose the case was, a second after the entry that says otherwise."""
    case, colleague = people(house)
    note = house.write_note(house.client("coach"), case)

    def reading(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        house.clock.move(seconds=1)
        return notes.read_note(uow, actor, parse_reference(case), RecordId.parse(note), services.casework)

    told = one_after_the_other(house, ("head", giving(case, colleague)), ("coach", reading))
    assert isinstance(told, NotFound) is house.services.store.sqlite
    assert house.client("auditor").get("/explanations", params={"unexplained": "true"}).json()["explanations"] == []
    house.clock.move(minutes=1)
    assert house.client("coach").get(f"/cases/{case}/notes/{note}").status_code == 404


@pytest.mark.parametrize("turn", ["hand over", "return"])
def test_an_absence_does_not_end_while_its_caseload_changes_hands(house: House, turn: str) -> None:
    """Else the absence is over and the cases stay with the stand-in, or the other way round."""
    case, colleague = people(house)
    absence = AbsenceId.parse(away(house))

    def hand(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return caseloads.hand_over_caseload(uow, actor, absence, ActorId.parse(colleague), services.casework)

    def back(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return caseloads.take_back_caseload(uow, actor, absence, services.casework)

    first, second = (hand, back) if turn == "hand over" else (back, hand)
    told = one_after_the_other(house, ("head", first), ("head", second))
    assert isinstance(told, dict) is (turn == "hand over")
    assert coach_of(house, case) == "Coach"
    (row,) = look(house.settings)["absences"]
    assert row["returned_at"] is not None
    assert (row["handed_over_at"] is not None) is (turn == "hand over")


def test_no_caseload_goes_to_whom_a_conflict_of_interest_is_being_declared_of(house: House) -> None:
    case, colleague = people(house)
    absence = AbsenceId.parse(away(house))

    def hand(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return caseloads.hand_over_caseload(uow, actor, absence, ActorId.parse(colleague), services.casework)

    told = one_after_the_other(house, ("head", declaring(case, colleague)), ("head", hand))
    assert isinstance(told, dict)
    assert (told["moved"], told["left"]) == (0, 1)
    assert coach_of(house, case) == "Coach"
    assert id_of(house, "colleague") == colleague
