"""Cases in any state, played through the interface: who must take which steps, told what, to get there.

case = Paths(house).case_in(State.ORIENT_STAY)
Paths(house).take(case, Step.CLOSE)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from tests.house import CASE, House
from vault.cases.calendar import belgian_day
from vault.cases.flow import State, Step

#: Who takes a step in these tests, where the table lets several.
ACTORS: Final[dict[Step, str]] = dict.fromkeys(Step, "coach") | {
    Step.TRIAGE: "desk",
    Step.SUSPEND: "head",
    Step.SIGN_CLOSING: "head",
    Step.HAND_OVER: "head",
}
#: An order of transfer, so that every avenue is open.
ORDER: Final[dict[str, Any]] = {"annex": "26quater", "notified_on": "2026-10-20", "minors": True}

_TO: Final[dict[State, tuple[State, tuple[Step, ...]]]] = {
    State.TRIAGED: (State.OQT_NOTIFIED, (Step.TRIAGE,)),
    State.INVITED: (State.TRIAGED, (Step.INVITE,)),
    State.NO_SHOW: (State.INVITED, (Step.RECORD_ABSENCE,)),
    State.INTAKE: (State.INVITED, (Step.BEGIN_INTAKE, Step.GIVE_NOTICE)),
    State.ANALYSIS: (State.INTAKE, (Step.BEGIN_ANALYSIS,)),
    State.FOLLOW_UP: (State.ANALYSIS, (Step.GIVE_CONCLUSIONS,)),
    State.ORIENT_STAY: (State.FOLLOW_UP, (Step.ORIENT_STAY,)),
    State.ORIENT_RETURN: (State.FOLLOW_UP, (Step.ORIENT_RETURN,)),
    State.ORIENT_TRANSFER: (State.FOLLOW_UP, (Step.ORIENT_TRANSFER,)),
    State.EXTENSION: (State.FOLLOW_UP, (Step.ASK_EXTENSION,)),
    State.SUSPENDED: (State.FOLLOW_UP, (Step.SUSPEND,)),
    State.CLOSING_NONCOLLAB: (State.FOLLOW_UP, (Step.EXPLAIN_CONSEQUENCES, Step.BEGIN_CLOSING)),
    State.CLOSED: (State.FOLLOW_UP, (Step.CLOSE,)),
    State.HANDED_OVER: (State.CLOSING_NONCOLLAB, (Step.HAND_OVER,)),
}


@dataclass
class Paths:
    house: House

    def details(self, step: Step) -> dict[str, Any]:
        """What is told with a step so that it can work."""
        today = belgian_day(self.house.clock.moment)
        invitation = {"day": today.isoformat(), "language": "fr", "leaflet": "2026-1"}
        self.house.client("coach")
        told: dict[Step, dict[str, Any]] = {
            Step.TRIAGE: {"criterion": "ADDRESS", "coach": "coach"},
            Step.INVITE: invitation,
            Step.EXCUSE_ABSENCE: invitation,
            Step.REOPEN: invitation,
            Step.BEGIN_INTAKE: {"attendees": ["lawyer"], "interpreter": "not_needed"},
            Step.GIVE_NOTICE: {"language": "fr", "leaflet": "2026-1"},
            Step.ORIENT_STAY: {"avenue": "9bis"},
            Step.ORIENT_RETURN: {"partner": "fedasil", "agreed": True},
            Step.ASK_EXTENSION: {"ground": "school"},
            Step.GRANT_EXTENSION: {"until": (today + timedelta(days=120)).isoformat()},
            Step.SUSPEND: {"reason": "new_procedure"},
            Step.EXPLAIN_CONSEQUENCES: {"language": "fr"},
            Step.SEND_CONSEQUENCES_LETTER: {"language": "fr", "leaflet": "2026-1"},
            Step.BEGIN_CLOSING: {"outcome": "REFUSED"},
            Step.CLOSE: {"outcome": "OTHER"},
        }
        return told.get(step, {})

    def send(self, case: str, step: Step, login: str = "", **changed: Any) -> Any:
        """The reply to one step."""
        caller = self.house.client(login or self.actor(case, step))
        path = f"/cases/{case}/steps/{step.value.replace('_', '-')}"
        return caller.post(path, json=self.details(step) | changed)

    def actor(self, case: str, step: Step) -> str:
        """Who may take the step here: a suspension is ended by the head, a closing taken back by the coach.

        Nobody is assigned before triage: then it is the desk that brings a person to a coach.
        """
        state = self.state(case)
        if state is State.OQT_NOTIFIED or (step is Step.RESUME and state is State.SUSPENDED):
            return "desk" if step is not Step.RESUME else "head"
        return ACTORS[step]

    def state(self, case: str) -> State:
        return State(self.house.client("head").get(f"/cases/{case}").json()["state"])

    def take(self, case: str, step: Step, login: str = "", **changed: Any) -> State:
        reply = self.send(case, step, login, **changed)
        assert reply.status_code == 201, (step, reply.text)
        return State(reply.json()["state"])

    def open(self, **changed: Any) -> str:
        """A case that begins with an order."""
        body = CASE | {"origin": "order", "facts": ORDER, "oqt_reference": "OQT-2026-00001"} | changed
        reply = self.house.client("desk").post("/cases", json=body)
        assert reply.status_code == 201, reply.text
        reference: str = reply.json()["reference"]
        return reference

    def case_in(self, state: State, **changed: Any) -> str:
        case = self.open(**changed)
        for step in _steps_to(state):
            self.take(case, step)
        return case

    def make_possible(self, case: str, state: State, step: Step) -> dict[str, Any]:
        """Take what must come before a listed step can work in this state; what is then to be told differently."""
        if state is State.OQT_NOTIFIED and step is Step.WALK_IN:
            return {"coach": "coach"}
        if state is State.NO_SHOW and step is Step.BEGIN_CLOSING:
            for _ in range(2):
                self.take(case, Step.INVITE)
                self.take(case, Step.RECORD_ABSENCE)
            self.take(case, Step.SEND_CONSEQUENCES_LETTER)
            return {"outcome": "NO_SHOW"}
        if step is Step.BEGIN_CLOSING:
            self.take(case, Step.EXPLAIN_CONSEQUENCES)
        return {}


def _steps_to(state: State) -> tuple[Step, ...]:
    if state is State.OQT_NOTIFIED:
        return ()
    before, steps = _TO[state]
    return (*_steps_to(before), *steps)
