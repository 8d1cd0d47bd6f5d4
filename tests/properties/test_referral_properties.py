"""No path shows a partner a field that the person did not agree to, nor anything once the consent has ended.

Hypothesis plays referrals of one case to two partners through the real interface: proposals, consents to some of
the fields, refusals, sending, answers, withdrawals by coach and head, days that pass, the case that changes hands in
the middle of it all, the case closed. Whoever has it no more can do nothing of this, nor see how far it is.
A model of a few lines knows what each partner may see; after each step everything that each partner can ask
for is compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests.api.stage_people import People
from tests.house import Caller
from tests.properties.walks import Walk
from vault.cases.partners import FIELDS
from vault.cases.referrals import REFERRAL_STEPS, AnswerStatus, ReferralStatus, ReferralStep

#: A word for each field, found wherever the field's content stands.
MARKS: Final = {
    "family_name": "Fauvettenoire", "given_names": "Grivemusicienne", "birth_date": "1987-06-05",
    "nationality": "Zibelinie", "phone": "0499 11 22 33", "email": "mesange7@example.be", "address": "rue du Geai 4",
    "language": "fr",
}  # fmt: skip
PARTNERS: Final = ("caritas", "fedasil")
ALWAYS: Final = {"release", "pseudonym", "need", "expires_on"}
COACHES: Final = ("coach", "colleague")
LOGINS: Final = (*COACHES, "head", *PARTNERS)
SOME_FIELDS: Final = st.sets(st.sampled_from(list(FIELDS)), min_size=1)


@dataclass
class Known:
    """What the model knows of one referral."""

    partner: str
    proposed: set[str]
    status: ReferralStatus = ReferralStatus.PROPOSED
    agreed: set[str] = field(default_factory=set)
    until: datetime | None = None
    release: str = ""
    waiting: list[AnswerStatus] = field(default_factory=list)


class Referring(Walk):
    @initialize()
    def open(self) -> None:
        self.move_in()
        person = {name: MARKS[name] for name in ("family_name", "given_names", "birth_date", "nationality")}
        contact = {name: MARKS[name] for name in ("phone", "email", "address")}
        self._sign_in()
        self.case = self.house.open_case(self.callers["coach"], people=[person], contact=contact)
        made = People(self.house, lambda: self.case)
        self.ids = {login: made.profile(login) for login in COACHES}
        self.owner = "coach"
        self.known: dict[str, Known] = {}
        self.closed = False

    def _sign_in(self) -> None:
        for login in LOGINS:
            self.house.renew(login)
        self.callers: dict[str, Caller] = {login: self.house.client(login) for login in LOGINS}

    @property
    def coach(self) -> Caller:
        """Whoever has the case."""
        return self.callers[self.owner]

    def _post(self, referral: str, tail: str, body: Any = None) -> Any:
        """By whoever has the case; the other one, who tries the same first, is told that there is no such case."""
        path = f"/cases/{self.case}/referrals/{referral}{tail}"
        (other,) = set(COACHES) - {self.owner}
        assert self.callers[other].post(path, json=body).status_code == 404
        return self.coach.post(path, json=body)

    def _took(self, referral: str, step: ReferralStep, reply: Any, *, allowed: bool = True) -> bool:
        """The table decides whether a step works; the reply must say the same."""
        known = self.known[referral]
        listed = (known.status, step) in REFERRAL_STEPS
        if reply.status_code >= 300:
            assert reply.status_code in {400, 404, 409}, reply.text
            assert not listed or not allowed, (known, step, reply.text)
            return False
        assert allowed
        assert listed
        known.status = REFERRAL_STEPS[known.status, step]
        assert reply.json()["status"] == known.status.value
        return True

    def _pick(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.known)))

    @property
    def now(self) -> datetime:
        return self.house.clock.moment

    def _live(self, known: Known) -> bool:
        seen = {ReferralStatus(word.value) for word in AnswerStatus} | {ReferralStatus.SENT}
        return known.status in seen and known.until is not None and self.now < known.until

    # -- rules ------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.known) < 5)
    @rule(partner=st.sampled_from(PARTNERS), fields=SOME_FIELDS)
    def propose(self, partner: str, fields: set[str]) -> None:
        body = {"partner": partner, "need": "shelter", "fields": sorted(fields)}
        reply = self.coach.post(f"/cases/{self.case}/referrals", json=body)
        assert (reply.status_code == 201) is not self.closed, reply.text
        if not self.closed:
            self.known[reply.json()["referral"]] = Known(partner, fields)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), fields=SOME_FIELDS, within=st.booleans(), days=st.integers(0, 40))
    def consent(self, data: st.DataObject, fields: set[str], within: bool, days: int) -> None:
        referral = self._pick(data)
        known = self.known[referral]
        agreed = fields & known.proposed or known.proposed if within else fields
        last = (self.now + timedelta(days=days)).date()
        reply = self._post(referral, "/consent", {"fields": sorted(agreed), "expires_on": last.isoformat()})
        fitting = agreed <= known.proposed and not self.closed
        if self._took(referral, ReferralStep.CONSENT, reply, allowed=fitting):
            known.agreed = agreed
            known.until = datetime(last.year, last.month, last.day, tzinfo=self.now.tzinfo) + timedelta(days=1)

    @precondition(lambda self: len(self.known) < 5 and not self.closed)
    @rule(
        partner=st.sampled_from(PARTNERS),
        fields=SOME_FIELDS,
        other=st.sampled_from(list(FIELDS)),
        days=st.integers(0, 1),
    )
    def refer(self, partner: str, fields: set[str], other: str, days: int) -> None:
        """All the way to the partner in one step, so that short paths get far."""
        body = {"partner": partner, "need": "shelter", "fields": sorted(fields | {other})}
        referral = self.coach.post(f"/cases/{self.case}/referrals", json=body).json()["referral"]
        last = (self.now + timedelta(days=days)).date()
        consent = {"fields": sorted(fields), "expires_on": last.isoformat()}
        assert self._post(referral, "/consent", consent).status_code == 201
        release = self._post(referral, "/send").json()["release"]
        until = datetime(last.year, last.month, last.day, tzinfo=self.now.tzinfo) + timedelta(days=1)
        self.known[referral] = Known(partner, fields | {other}, ReferralStatus.SENT, fields, until, release)

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def decline(self, data: st.DataObject) -> None:
        referral = self._pick(data)
        self._took(referral, ReferralStep.DECLINE, self._post(referral, "/refusal"), allowed=not self.closed)

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        referral = self._pick(data)
        known = self.known[referral]
        live = known.until is not None and self.now < known.until
        reply = self._post(referral, "/send")
        if self._took(referral, ReferralStep.SEND, reply, allowed=live and not self.closed):
            known.release = reply.json()["release"]

    @precondition(lambda self: self.known)
    @rule(data=st.data(), status=st.sampled_from(AnswerStatus))
    def answer(self, data: st.DataObject, status: AnswerStatus) -> None:
        known = self.known[self._pick(data)]
        if not known.release:
            return
        body = {"status": status.value, "message": f"nous avons vu {MARKS['family_name']}."}
        reply = self.callers[known.partner].post(f"/referrals/{known.release}/answers", json=body)
        assert reply.status_code == (201 if self._live(known) else 404), reply.text
        if reply.status_code == 201:
            known.waiting.append(status)

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        referral = self._pick(data)
        known = self.known[referral]
        lines = [line for line in self.house.waiting(self.coach) if line["referral"] == referral]
        assert len(lines) == len(known.waiting)
        for line, status in zip(lines, known.waiting, strict=True):
            reply = self._post(referral, f"/answers/{line['answer']}")
            assert reply.status_code == 201, reply.text
            assert reply.json()["message"] == "nous avons vu [PERSONNE-1]."
            if known.status is not ReferralStatus.WITHDRAWN:
                known.status = ReferralStatus(status.value)
        known.waiting.clear()

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        referral = self._pick(data)
        if self.known[referral].status is ReferralStatus.WITHDRAWN:
            assert self._post(referral, "/withdraw").status_code == 200  # again: nothing happens
        else:
            self._took(referral, ReferralStep.WITHDRAW, self._post(referral, "/withdraw"))

    @rule(to=st.sampled_from(COACHES))
    def reassign(self, to: str) -> None:
        told = self.callers["head"].post(f"/cases/{self.case}/assignment", json={"coach": self.ids[to]})
        assert told.status_code == 200 or self.closed or to == self.owner, told.text
        if told.status_code == 200:
            self.owner = to

    @rule(head=st.booleans())
    def withdraw_all(self, *, head: bool) -> None:
        assert self.callers["head" if head else self.owner].post(f"/cases/{self.case}/withdraw").status_code == 200
        for known in self.known.values():
            known.status = REFERRAL_STEPS.get((known.status, ReferralStep.WITHDRAW), known.status)

    @rule(hours=st.sampled_from([1, 15, 25, 49]))
    def wait(self, hours: int) -> None:
        self.house.clock.move(hours=hours)
        self._sign_in()

    @precondition(lambda self: not self.closed and len(self.known) > 1)
    @rule()
    def close(self) -> None:
        self.house.step(self.coach, self.case, "close", outcome="STAY_OBTAINED")
        self.closed = True

    # -- what must hold ---------------------------------------------------------------------------

    @invariant()
    def a_partner_sees_what_was_agreed_to_while_it_is(self) -> None:
        if not hasattr(self, "house"):
            return
        for partner in PARTNERS:
            caller = self.callers[partner]
            live = {
                known.release: known for known in self.known.values() if known.partner == partner and self._live(known)
            }
            assert {line["release"] for line in caller.get("/referrals").json()["referrals"]} == set(live)
            for known in self.known.values():
                if not known.release:
                    continue
                reply = caller.get(f"/referrals/{known.release}")
                assert reply.status_code == (200 if known.release in live else 404)
                told = reply.json() if reply.status_code == 200 else {}
                shown = {name for name, value in told.items() if value is not None} - ALWAYS
                assert shown == (known.agreed if told else set())
                assert not [
                    name
                    for name, mark in MARKS.items()
                    if name not in known.agreed | {"language"} and mark in reply.text
                ]

    @invariant()
    def the_coach_sees_how_far_each_is(self) -> None:
        if not hasattr(self, "house"):
            return
        for login in COACHES:
            there = self.callers[login].get(f"/cases/{self.case}/referrals")
            assert there.status_code == (200 if login == self.owner else 404)
            assert bool(self.house.waiting(self.callers[login])) is (
                login == self.owner and any(known.waiting for known in self.known.values())
            )
        lines = self.coach.get(f"/cases/{self.case}/referrals").json()["referrals"]
        told = {line["referral"]: (line["status"], line["open_to_partner"], line["waiting"]) for line in lines}
        assert told == {
            referral: (known.status.value, self._live(known), len(known.waiting))
            for referral, known in self.known.items()
        }


TestReferring = Referring.TestCase
TestReferring.settings = settings(max_examples=12, stateful_step_count=24, deadline=None)
