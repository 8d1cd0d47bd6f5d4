"""No path of steps releases a confided word to follow-up; what it gets is the sheet of the closed list.

Hypothesis plays a case through the real interface: notes, consents, referrals, steps in any order by the coach
and two heads. After each step follow-up's and oversight's whole view is read and searched.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.crash.checks import faults
from tests.house import CASE, House, house_on, migrated_template, sqlite_home
from vault.access.releases import SHEET_FIELDS
from vault.cases.flow import STEPS, Outcome, State, Step
from vault.cases.partners import FIELDS

#: What was confided, in every field that takes it; follow-up and oversight see none of it, nor does a partner.
CONFIDED: Final = "zibeline"
SEEN_BY_FOLLOW_UP: Final = {*SHEET_FIELDS, "pseudonym", "handed_over_at"}


@pytest.fixture(scope="module", autouse=True)
def _template() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        CaseOfSteps.template = migrated_template(Path(folder) / "template")
        CaseOfSteps.folder = Path(folder)
        yield


class CaseOfSteps(RuleBasedStateMachine):
    template: Path
    folder: Path
    number = 0

    @initialize()
    def open(self) -> None:
        CaseOfSteps.number += 1
        self.context = house_on(sqlite_home(self.template, self.folder / f"home-{CaseOfSteps.number}"))
        self.house: House = self.context.__enter__()
        self.coach, self.head = self.house.client("coach"), self.house.client("head")
        contact = CASE["contact"] | {"whereabouts_note": f"chez {CONFIDED}", "address": f"{CONFIDED} 3"}
        people = [CASE["people"][0] | {"aliases": [CONFIDED]}]
        body = CASE | {"contact": contact, "people": people}
        self.case = self.coach.post("/cases", json=body).json()["reference"]
        self.state = State.INTAKE
        self.handed = 0
        self.begun = False

    def teardown(self) -> None:
        if hasattr(self, "house"):
            assert faults(self.house.settings) == []
            self.context.__exit__(None, None, None)

    def _took(self, step: Step, reply: Any, *, allowed: bool = True) -> None:
        """The table decides whether a step works; the reply must say the same."""
        listed = (self.state, step) in STEPS
        if reply.status_code in {200, 201}:
            assert listed
            assert allowed
            self.state = STEPS[self.state, step]
            assert reply.json()["state"] == self.state.value
        else:
            assert reply.status_code in {404, 409}, reply.text
            assert not listed or not allowed
        assert self.coach.get(f"/cases/{self.case}").json()["state"] == self.state.value

    @rule()
    def give_notice(self) -> None:
        reply = self.coach.post(f"/cases/{self.case}/notice", json={"language": "fr", "leaflet": "2026-1"})
        self._took(Step.GIVE_NOTICE, reply)

    @rule()
    def write(self) -> None:
        body = {"text": f"Elle a dit : {CONFIDED}.", "language": "fr", "template": "interview"}
        assert self.coach.post(f"/cases/{self.case}/notes", json=body).status_code in {201, 404, 409}

    @rule(outcome=st.sampled_from(Outcome))
    def begin_closing(self, outcome: Outcome) -> None:
        body = {"step": "begin_closing", "outcome": outcome.value, "explained": True}
        fitting = {Outcome.NO_SHOW} if self.state is State.INTAKE else {Outcome.NO_SHOW, Outcome.REFUSED}
        self._took(
            Step.BEGIN_CLOSING, self.coach.post(f"/cases/{self.case}/close", json=body), allowed=outcome in fitting
        )

    @rule(outcome=st.sampled_from(Outcome))
    def close(self, outcome: Outcome) -> None:
        alone = outcome not in {Outcome.NO_SHOW, Outcome.REFUSED}  # these two end by a second person's signature
        body = {"step": "close", "outcome": outcome.value}
        self._took(Step.CLOSE, self.coach.post(f"/cases/{self.case}/close", json=body), allowed=alone)

    @rule(step=st.sampled_from([Step.RESUME, Step.REOPEN]))
    def come_back(self, step: Step) -> None:
        self._took(step, self.coach.post(f"/cases/{self.case}/reopen", json={"step": step.value}))

    @rule()
    def hand_over_alone(self) -> None:
        assert self.coach.post(f"/cases/{self.case}/hand-over").status_code == 403

    @rule()
    def hand_over(self) -> None:
        reply = self.head.post(f"/cases/{self.case}/hand-over")
        self._took(Step.HAND_OVER, reply)
        self.handed += reply.status_code == 201

    @rule(partner=st.sampled_from(["caritas", "fedasil"]), fields=st.sets(st.sampled_from(list(FIELDS)), min_size=1))
    def refer(self, partner: str, fields: set[str]) -> None:
        agreed = sorted(fields - {"address"} or {"phone"})
        body = {"partner": partner, "need": "shelter", "fields": agreed}
        proposed = self.coach.post(f"/cases/{self.case}/referrals", json=body)
        if proposed.status_code == 201:
            at = f"/cases/{self.case}/referrals/{proposed.json()['referral']}"
            consent = {"fields": agreed, "expires_on": "2026-12-31"}
            assert self.coach.post(f"{at}/consent", json=consent).status_code == 201
            assert self.coach.post(f"{at}/send").status_code == 201

    @invariant()
    def nobody_outside_sees_what_was_confided(self) -> None:
        if not hasattr(self, "house"):
            return
        officer = self.house.client("officer")
        sheets = officer.get("/sheets").json()["sheets"]
        assert len(sheets) == self.handed <= 1
        seen = str(sheets)
        for sheet in sheets:
            told = officer.get(f"/sheets/{sheet['release']}").json()
            assert set(told) == SEEN_BY_FOLLOW_UP
            assert told["outcome_code"] in {"REFUSED", "NO_SHOW"}
            seen += str(told)
        for partner in ("caritas", "fedasil"):
            caller = self.house.client(partner)
            for line in caller.get("/referrals").json()["referrals"]:
                seen += caller.get(f"/referrals/{line['release']}").text
        seen += self.house.client("auditor").get("/entries?limit=500").text
        assert CONFIDED not in seen


TestCaseOfSteps = CaseOfSteps.TestCase
TestCaseOfSteps.settings = settings(max_examples=5, stateful_step_count=12, deadline=None)
