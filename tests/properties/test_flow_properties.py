"""No path of steps releases a confided word to follow-up; what it gets is the sheet of the closed list.

Hypothesis plays a case through the real interface: notes, consents, referrals, and any step of the table at any time by
anybody who works in casework. After each, follow-up's, the partners' and oversight's whole view is read and searched.
The walk by the table alone, longer and with a way out of every state, is in tests/unit/cases/test_journey.py.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests.flow_paths import ORDER, Paths
from tests.house import CASE, STAFF
from tests.properties.walks import Walk
from vault.access.releases import SHEET_FIELDS
from vault.cases.flow import Outcome, State, Step, row_of
from vault.cases.partners import FIELDS

#: What was confided, in every field that takes it; follow-up and oversight see none of it, nor does a partner.
CONFIDED: Final = "zibeline"
SEEN_BY_FOLLOW_UP: Final = {*SHEET_FIELDS, "pseudonym", "handed_over_at"}
#: Reasons that depend on what is told with the step, beside those that `…/steps` shows before.
BY_DETAIL: Final = frozenset({"consequences_not_told", "second_signature_missing", "coach_missing"})
CALLERS: Final = ("coach", "colleague", "desk", "head", "far_head")
ENDS: Final = frozenset({State.CLOSED, State.HANDED_OVER})


class CaseOfSteps(Walk):
    @initialize(walked_in=st.booleans())
    def open(self, *, walked_in: bool) -> None:
        self.move_in()
        self.coach, self.head = self.house.client("coach"), self.house.client("head")
        self.paths = Paths(self.house)
        contact = CASE["contact"] | {"whereabouts_note": f"chez {CONFIDED}", "address": f"{CONFIDED} 3"}
        people = [CASE["people"][0] | {"aliases": [CONFIDED]}]
        body = CASE | {"contact": contact, "people": people, "facts": ORDER, "oqt_reference": "OQT-2026-00001"}
        opener = self.coach if walked_in else self.house.client("desk")
        reply = opener.post("/cases", json=body | {"origin": "walk_in" if walked_in else "order"})
        self.case = reply.json()["reference"]
        self.state = State.INTAKE if walked_in else State.OQT_NOTIFIED
        self.version = 1
        self.handed = 0

    def _options(self) -> dict[str, Any]:
        shown = self.head.get(f"/cases/{self.case}/steps").json()["steps"]
        return {option["step"]: option for option in shown}

    def _try(self, step: Step, login: str, **changed: Any) -> Any:
        """Send a step; the reply must agree with the table, with what the case said before, and leave it consistent."""
        options = self._options()
        reply = self.paths.send(self.case, step, login, **changed)
        row, option = row_of(self.state, step), options.get(step.value)
        if reply.status_code == 201:
            assert row is not None
            assert STAFF[login][1] in row.actors
            assert option is not None
            assert option["possible"] or not {one["code"] for one in option["reasons"]} - {"same_person"}
            assert reply.json()["state"] == option["next"]
            self.state, self.version = State(option["next"]), self.version + 1
            self.handed += step is Step.HAND_OVER
        elif reply.status_code == 409:
            problem = reply.json()
            known = {"not_listed"} if option is None else {one["code"] for one in option["reasons"]} | BY_DETAIL
            assert problem["reason"] in known, (step, problem)
            assert problem["possible"] == [
                name for name, one in options.items() if one["possible"] and name != step.value
            ]
        else:
            assert reply.status_code in {400, 403, 404}, reply.text
        shown = self.head.get(f"/cases/{self.case}").json()
        assert (shown["state"], shown["version"]) == (self.state.value, self.version)
        return reply

    @rule(step=st.sampled_from(Step), login=st.sampled_from(CALLERS), outcome=st.sampled_from(Outcome))
    def any_step_by_anybody(self, step: Step, login: str, outcome: Outcome) -> None:
        self._try(step, login, **({"outcome": outcome.value} if step in {Step.CLOSE, Step.BEGIN_CLOSING} else {}))

    @precondition(lambda self: self.state not in ENDS)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """A step that the case calls possible, by whom the table names: it works."""
        possible = [name for name, option in self._options().items() if option["possible"]]
        step = Step(data.draw(st.sampled_from(possible)))
        login = self.paths.actor(self.case, step)
        if step is Step.BEGIN_CLOSING:  # as a refusal or as an absence, whichever the person was told the effects of
            refused = self._try(step, login, outcome="REFUSED")
            assert refused.status_code == 201 or self._try(step, login, outcome="NO_SHOW").status_code == 201
            return
        changed: dict[str, Any] = {}
        if step is Step.GRANT_EXTENSION:
            changed["until"] = (date(2027, 1, 1) + timedelta(days=self.version)).isoformat()
        if self.state is State.OQT_NOTIFIED and step is Step.WALK_IN:
            changed["coach"] = "coach"
        assert self._try(step, login, **changed).status_code == 201

    @rule()
    def write(self) -> None:
        body = {"text": f"Elle a dit : {CONFIDED}.", "language": "fr", "template": "interview"}
        given = self.coach.get(f"/cases/{self.case}").json().get("notice_given")
        reply = self.coach.post(f"/cases/{self.case}/notes", json=body)
        assert reply.status_code in {201, 404, 409}
        assert reply.status_code != 201 or given, "no note before the notice"

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
    def every_state_before_an_end_can_go_on(self) -> None:
        if hasattr(self, "house") and self.state not in ENDS:
            assert any(option["possible"] for option in self._options().values())

    @invariant()
    def every_deadline_says_why(self) -> None:
        if not hasattr(self, "house"):
            return
        for deadline in self.head.get(f"/cases/{self.case}/deadlines").json()["deadlines"]:
            assert deadline["because"]
            assert all(one["rule"] and one["inputs"] and one["source"] and one["sure"] for one in deadline["because"])
            assert deadline["day"] is not None or deadline["because"][-1]["rule"] == "missing"

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
        for login in ("desk", "head"):
            for path in ("", "/steps", "/deadlines"):
                seen += self.house.client(login).get(f"/cases/{self.case}{path}").text
        assert CONFIDED not in seen


TestCaseOfSteps = CaseOfSteps.TestCase
TestCaseOfSteps.settings = settings(max_examples=6, stateful_step_count=16, deadline=None)
