"""Cases of the first flow, in every state it had, under the whole flow: none is lost, none stuck, none unprotected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.house import House
from vault.audit.events import Detail, Event, Verdict
from vault.cases.flow import Outcome, State, Step
from vault.cases.model import AdminFacts, Case, CaseEvent, CoachType
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK

AT = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
#: How a case of the first flow came to each of its states: step, state that it led to, and the note of the event.
STORIES: dict[State, tuple[tuple[Step, State, str], ...]] = {
    State.INTAKE: (),
    State.FOLLOW_UP: ((Step.GIVE_NOTICE, State.FOLLOW_UP, "fr 2026-1"),),
    State.CLOSING_NONCOLLAB: (
        (Step.GIVE_NOTICE, State.FOLLOW_UP, "fr 2026-1"),
        (Step.BEGIN_CLOSING, State.CLOSING_NONCOLLAB, "REFUSED"),
    ),
    State.CLOSED: ((Step.GIVE_NOTICE, State.FOLLOW_UP, "fr 2026-1"), (Step.CLOSE, State.CLOSED, "OTHER")),
}
#: What the first flow allowed and the whole one does not: on without a notice, and back without an invitation.
ODD: dict[str, tuple[tuple[Step, State, str], ...]] = {
    "resumed without notice": (
        (Step.BEGIN_CLOSING, State.CLOSING_NONCOLLAB, "NO_SHOW"),
        (Step.RESUME, State.FOLLOW_UP, ""),
    ),
    "reopened into follow-up": (
        *STORIES[State.CLOSED],
        (Step.REOPEN, State.FOLLOW_UP, ""),
    ),
}


def _old_case(house: House, story: tuple[tuple[Step, State, str], ...]) -> str:
    """Rows as the first flow wrote them and the migration filled them."""
    coach = house.staff.get("coach") or house.hire("coach")
    state = story[-1][1] if story else State.INTAKE
    outcome = Outcome.REFUSED if state is State.CLOSING_NONCOLLAB else None
    # For its people and as the first flow opened it; then its steps are the old ones'.
    made = house.open_case(house.client("coach"), notice=False, facts={"annex": "13"})

    def write(uow: Any) -> str:
        entry = uow.audit.append(Event("create", "case", Verdict.ALLOW), Detail())
        case: Case = uow.cases.get(parse_reference(made))
        version = len(story) + 1
        for number, (step, to_state, note) in enumerate(story, start=1):
            changed = Case(
                case.id, to_state, "brussels", "fr", coach.id, AT, None, outcome, AdminFacts("13"), number + 1,
                coach_type=CoachType.INDIVIDUALS,
            )  # fmt: skip
            uow.cases.update(changed, entry)
            event = CaseEvent(number, step, to_state, AT, coach.id, note)
            uow.cases.add_event(case.id, event, entry)
            entry = uow.audit.append(Event("write", "case", Verdict.ALLOW), Detail())
        assert uow.cases.get(case.id).version == version
        return made

    reference: str = house.services.worker.run(CASEWORK, write)
    return reference


@pytest.mark.parametrize("state", STORIES)
def test_an_old_case_goes_on(house: House, state: State) -> None:
    case = _old_case(house, STORIES[state])
    coach = house.client("coach")
    shown = coach.get(f"/cases/{case}").json()
    assert shown["state"] == state.value
    assert shown["notice_given"] is (state is not State.INTAKE)
    assert (shown["origin"], shown["place"], shown["coach_type"]) == ("walk_in", "known_address", "individuals")
    options = coach.get(f"/cases/{case}/steps").json()["steps"]
    assert any(option["possible"] for option in options)
    if state is State.CLOSED:
        house.step(coach, case, "reopen", day="2026-11-05", language="fr", leaflet="2026-1")
        house.step(coach, case, "begin_intake", attendees=[], interpreter="not_needed")
        assert coach.get(f"/cases/{case}").json()["notice_given"] is False
    elif state is State.CLOSING_NONCOLLAB:
        assert house.step(coach, case, "resume") == "follow_up"
    assert house.step(coach, case, "close", outcome="OTHER") == "closed"


@pytest.mark.parametrize("name", ODD)
def test_what_the_first_flow_let_through_is_protected_now(house: House, name: str) -> None:
    """No note before a notice, however the case came there; and the notice can be given where the case stands."""
    case = _old_case(house, ODD[name])
    coach = house.client("coach")
    note = {"text": "Elle a parlé.", "language": "fr", "template": "intake"}
    refused = coach.post(f"/cases/{case}/notes", json=note)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:problem-type:parefeu:notice_missing")
    assert house.step(coach, case, "give_notice", language="fr", leaflet="2026-1") == "follow_up"
    assert coach.post(f"/cases/{case}/notes", json=note).status_code == 201
    assert house.step(coach, case, "orient_stay", avenue="9bis") == "orient_stay"
