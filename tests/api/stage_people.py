"""A plausible request for every route of appointments, coaches, assignment, conflicts and calendars.

The house's clock stands on Tuesday 3 November 2026, 10:00 in Belgium.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.house import Caller, House

if TYPE_CHECKING:
    from tests.api.stage import Call, Stage

#: A Tuesday, two weeks after the house's clock begins; no holiday.
DAY: Final = "2026-11-17"
BOOKING: Final[dict[str, Any]] = {
    "starts_at": f"{DAY}T09:00", "minutes": 30, "channel": "desk", "desk": "brussels-1", "language": "fr",
}  # fmt: skip
#: Whom one calls needs no desk: such an appointment can be booked again and again.
CALL: Final[dict[str, Any]] = BOOKING | {
    "starts_at": f"{DAY}T15:00",
    "channel": "telephone",
    "desk": "",
    "despite_clashes": True,
}
NEW: Final[dict[str, Any]] = BOOKING | {"occasion": "interview"}
PROFILE: Final[dict[str, Any]] = {"types": ["individuals", "families"], "capacity": 40}
ABSENCE: Final[dict[str, Any]] = {"kind": "holiday", "first_day": "2026-12-01", "last_day": "2026-12-11"}
CONFLICT: Final[dict[str, Any]] = {"reason": "Un parent éloigné habite la même maison."}


#: The one route whose key stands in its address: a program that shows calendars cannot sign in.
SECRET_ADDRESS: Final = "casework_read_calendar"
WALK_IN: Final[dict[str, Any]] = {"desk": "brussels-1", "despite_clashes": True}


class People:
    """Makes what such a request needs. Each booking has a time of its own, so that none stands in another's way."""

    def __init__(self, house: House, case: Callable[[], str]) -> None:
        self.house = house
        self.case = case
        self.booked = 0
        self.holidays = 0

    def free_time(self) -> dict[str, str]:
        """A time of a Tuesday morning that nobody used yet: six half hours, then the Tuesday after."""
        week, cell = divmod(self.booked, 6)
        self.booked += 1
        day = date.fromisoformat(DAY) + timedelta(weeks=week)
        return {"starts_at": f"{day}T{9 + cell // 2:02}:{30 * (cell % 2):02}"}

    def appointment(self) -> tuple[str, str]:
        """Case and appointment of `coach`."""
        case = self.case()
        return case, booked(self.house.client("coach"), case, **self.free_time())["appointment"]

    def profile(self, login: str) -> str:
        """The id of a coach who takes every kind of case."""
        self.house.client(login)
        who = self.house.staff[login].id.hex()
        reply = self.house.client("head").put(f"/coaches/{who}", json=PROFILE)
        assert reply.status_code == 200, reply.text
        return who

    def holiday(self) -> dict[str, Any]:
        """A holiday in a year of its own, far from every appointment."""
        self.holidays += 1
        year = 2040 + self.holidays
        return ABSENCE | {"first_day": f"{year}-12-01", "last_day": f"{year}-12-11"}

    def absence(self, login: str = "colleague", **changed: Any) -> str:
        """An absence of a coach that was recorded."""
        self.house.client(login)
        who = self.house.staff[login].id.hex()
        reply = self.house.client("head").post(f"/coaches/{who}/absences", json=self.holiday() | changed)
        assert reply.status_code == 201, reply.text
        found: str = reply.json()["absence"]
        return found

    def conflict(self) -> tuple[str, str]:
        """A case of `coach` from which `colleague` is kept, and who that is."""
        case = self.case()
        self.house.client("colleague")
        who = self.house.staff["colleague"].id.hex()
        reply = self.house.client("head").post(f"/cases/{case}/conflicts", json=CONFLICT | {"coach": who})
        assert reply.status_code == 201, reply.text
        return case, who

    def calendar(self) -> dict[str, Any]:
        """A new address of the coach's calendar; the oldest goes when there are too many."""
        coach = self.house.client("coach")
        live = [feed for feed in coach.get("/calendar").json()["calendars"] if feed["revoked_at"] is None]
        if len(live) >= 4:
            assert coach.delete(f"/calendar/{live[-1]['feed']}").status_code == 200
        told: dict[str, Any] = coach.post("/calendar", json={"language": "fr"}).json()
        return told


def booked(caller: Caller, case: str, **changed: Any) -> dict[str, Any]:
    reply = caller.post(f"/cases/{case}/appointments", json=NEW | changed)
    assert reply.status_code == 201, reply.text
    told: dict[str, Any] = reply.json()
    return told


def people_calls(stage: Stage, call: type[Call]) -> dict[str, Callable[[], Call]]:
    """Operation id to a maker of its request."""
    people = People(stage.house, stage.case)
    base = "/casework"

    def on_case(login: str, method: str, tail: str, status: int, json: Any = None) -> Callable[[], Call]:
        return lambda: call(login, method, f"{base}/cases/{people.case()}{tail}", status, json)

    def on_one(login: str, method: str, tail: str, status: int, json: Any = None) -> Callable[[], Call]:
        def make() -> Call:
            case, one = people.appointment()
            return call(login, method, f"{base}/cases/{case}/appointments/{one}{tail}", status, json)

        return make

    def on_conflict(method: str) -> Callable[[], Call]:
        def make() -> Call:
            case, who = people.conflict()
            return call("head", method, f"{base}/cases/{case}/conflicts/{who}", 200)

        return make

    attendees = {"attendees": [{"role": "lawyer", "name": "Me Inventée"}], "based_on": 0}
    return {
        "casework_book_appointment": on_case("coach", "POST", "/appointments", 201, CALL | {"occasion": "interview"}),
        "casework_list_appointments": on_case("coach", "GET", "/appointments", 200),
        "casework_look_for_clashes": on_case("coach", "POST", "/appointments/clashes", 200, BOOKING),
        "casework_move_appointment": on_one("coach", "POST", "/move", 201, CALL),
        "casework_cancel_appointment": on_one("coach", "POST", "/cancel", 200),
        "casework_settle_appointment": on_one("coach", "POST", "/attendance", 200, {"status": "excused"}),
        "casework_read_attendees": on_one("coach", "GET", "/attendees", 200),
        "casework_record_attendees": on_one("coach", "PUT", "/attendees", 200, attendees),
        "casework_receive_walk_in": on_case("coach", "POST", "/walk-in", 201, WALK_IN),
        "casework_coach_days": lambda: call("coach", "GET", f"{base}/days?day={DAY}&days=3", 200),
        "casework_list_desks": lambda: call("coach", "GET", f"{base}/desks", 200),
        "casework_free_times": lambda: call("coach", "GET", f"{base}/desks/brussels-1/free?day={DAY}", 200),
        "casework_desk_day": lambda: call("desk", "GET", f"{base}/desks/brussels-1/day?day={DAY}", 200),
    } | _coaches(people, call) | {
        "casework_read_assignment": on_case("head", "GET", "/assignment", 200),
        "casework_list_conflicts": on_case("head", "GET", "/conflicts", 200),
        "casework_declare_conflict": on_case("coach", "POST", "/conflicts", 201, CONFLICT),
        "casework_read_conflict": on_conflict("GET"),
        "casework_lift_conflict": on_conflict("DELETE"),
    }  # fmt: skip


def _coaches(people: People, call: type[Call]) -> dict[str, Callable[[], Call]]:
    """What is asked about coaches and their calendars."""
    base = "/casework"

    def assigned() -> Call:
        people.profile("colleague")
        return call("head", "POST", f"{base}/cases/{people.case()}/assignment", 200, {})

    return {
        "casework_list_coaches": lambda: call("head", "GET", f"{base}/coaches", 200),
        "casework_set_profile": lambda: call(
            "head", "PUT", f"{base}/coaches/{people.profile('coach')}", 200, PROFILE
        ),
        "casework_record_coach_absence": lambda: call(
            "head", "POST", f"{base}/coaches/{people.profile('colleague')}/absences", 201, people.holiday()
        ),
        "casework_hand_over_caseload": lambda: call(
            "head", "POST", f"{base}/absences/{people.absence()}/hand-over", 200, {}
        ),
        "casework_take_back_caseload": lambda: call("head", "POST", f"{base}/absences/{people.absence()}/return", 200),
        "casework_assign_case": assigned,
        "casework_make_calendar": lambda: call("coach", "POST", f"{base}/calendar", 201, {"language": "fr"}),
        "casework_list_calendars": lambda: call("coach", "GET", f"{base}/calendar", 200),
        "casework_revoke_calendar": lambda: call(
            "coach", "DELETE", f"{base}/calendar/{people.calendar()['feed']}", 200
        ),
        "casework_read_calendar": lambda: call("coach", "GET", people.calendar()["address"], 200),
    }  # fmt: skip


#: Who may, as in `test_who_may`: coach of the case, another coach, desk and head of the region, head of another region.
#: 0: this role may as well, but the request works only once; such cases have tests of their own.
PEOPLE_TABLE: Final[dict[str, tuple[int, int, int, int, int]]] = {
    "casework_book_appointment": (201, 404, 201, 403, 403),
    "casework_list_appointments": (200, 404, 200, 403, 403),
    "casework_look_for_clashes": (200, 404, 200, 403, 403),
    "casework_move_appointment": (201, 404, 0, 403, 403),
    "casework_cancel_appointment": (200, 404, 0, 403, 403),
    "casework_settle_appointment": (200, 404, 0, 403, 403),
    "casework_read_attendees": (200, 404, 403, 403, 403),
    "casework_record_attendees": (200, 404, 403, 403, 403),
    "casework_receive_walk_in": (201, 404, 0, 403, 403),
    "casework_coach_days": (200, 200, 403, 403, 403),
    "casework_list_desks": (200, 200, 200, 200, 200),
    "casework_free_times": (200, 200, 200, 200, 403),
    "casework_desk_day": (403, 403, 200, 403, 403),
    "casework_list_coaches": (403, 403, 403, 200, 200),
    "casework_set_profile": (403, 403, 403, 200, 404),
    "casework_record_coach_absence": (403, 403, 403, 201, 404),
    "casework_hand_over_caseload": (403, 403, 403, 200, 404),
    "casework_take_back_caseload": (403, 403, 403, 200, 404),
    "casework_read_assignment": (403, 403, 403, 200, 404),
    "casework_assign_case": (403, 403, 0, 200, 404),
    "casework_list_conflicts": (403, 403, 403, 200, 404),
    "casework_declare_conflict": (201, 404, 403, 0, 404),
    "casework_read_conflict": (403, 403, 403, 200, 404),
    "casework_lift_conflict": (0, 404, 403, 200, 404),
    "casework_make_calendar": (201, 201, 403, 403, 403),
    "casework_list_calendars": (200, 200, 403, 403, 403),
    "casework_revoke_calendar": (200, 404, 403, 403, 403),
    # Whoever has the address has the calendar: nobody is asked who they are.
    "casework_read_calendar": (200, 200, 200, 200, 200),
}
