"""A plausible request for every route, as the member of staff whom the rules let make it.

Each request has a case of its own in the state it needs, so that they can be sent in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from tests import passkeys
from tests import recorded as r
from tests.api.stage_access import access_calls
from tests.api.stage_case_samples import sample_calls
from tests.api.stage_emergencies import emergency_calls
from tests.api.stage_erasures import erasure_calls
from tests.api.stage_exceptions import exception_calls
from tests.api.stage_people import people_calls
from tests.flow_paths import Paths
from tests.house import CASE, Caller, House
from tests.orders import fresh_order
from vault.cases.flow import FLOW, State, Step

NOTE: Final[dict[str, Any]] = {"text": "Elle a parlé de sa sœur.", "language": "fr", "template": "interview"}
DRAFT: Final[dict[str, Any]] = {"text": "Elle a parlé de sa sœur Kadi.", "language": "fr"}
PROPOSAL: Final[dict[str, Any]] = {"partner": "caritas", "need": "shelter", "fields": ["family_name"]}
CONSENT: Final[dict[str, Any]] = {"fields": ["family_name"], "expires_on": "2026-12-31"}


_DAY: Final = urlencode(r.LOG_DAY)
JUDGED: Final = {"judgement": "appropriate", "reason_code": "case_work", "reason": "Expliqué."}


@dataclass(frozen=True)
class Call:
    """One request. path: from the root."""

    login: str
    method: str
    path: str
    status: int
    json: Any = None
    content: bytes | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """What is sent: a file as it is, anything else as JSON."""
        return {"json": self.json} if self.content is None else {"content": self.content}


@dataclass
class Stage:
    """Makes what a request needs."""

    house: House
    made: dict[str, str] = field(default_factory=dict)

    def case(self, *, closing: bool = False, closed: bool = False, notice: bool = True) -> str:
        coach = self.house.client("coach")
        case = self.house.open_case(coach, notice=notice)
        if closing:
            self.house.begin_closing(coach, case)
        if closed:
            self.house.step(coach, case, "close", outcome="STAY_OBTAINED")
        return case

    def noted(self) -> tuple[str, str]:
        case = self.case()
        return case, self.house.write_note(self.house.client("coach"), case)

    def named(self) -> tuple[str, dict[str, str]]:
        """A case whose note names its person in two forms, and somebody else; stand-ins by what they mean."""
        coach, case = self.house.client("coach"), self.case()
        self.house.write_note(coach, case, "Vu Aminata Diallo et son amie Kadi. Aminata revient.")
        rows = coach.get(f"/cases/{case}/stand-ins").json()["stand_ins"]
        return case, {row["text"]: row["token"] for row in rows}

    def sheet(self) -> str:
        """The follow-up service's release."""
        return self.house.hand_over(self.house.client("coach"), self.house.client("head"), self.case())

    def oversight_sheet(self) -> str:
        """Oversight's copy: its id stands in the entry that began the release."""
        self.sheet()
        trail = self.house.client("auditor").get("/entries?limit=50").json()["entries"]
        found: str = next(e["object"] for e in trail if e["action"] == "release_begun" and e["outcome"] == "oversight")
        return found

    def referral(self, partner: str) -> str:
        """A partner's release."""
        return self.house.refer(self.house.client("coach"), self.case(), partner)

    def asked(self) -> str:
        """An entry that records a question to the firewall."""
        self.case()
        trail = self.house.client("auditor").get("/entries?limit=20").json()["entries"]
        found: str = next(entry["entry"] for entry in trail if entry["kind"] == "notice")
        return found

    def review(self, *, decided: bool = False, signed: bool = False) -> str:
        """The auditor's review of a coach's look; the data protection officer decides it, the auditor signs."""
        auditor, dpo = self.house.client("auditor"), self.house.client("dpo")
        reply = auditor.post("/reviews", json={"entry": self.asked(), "origin": "by_hand"})
        assert reply.status_code == 201, reply.text
        review: str = reply.json()["review"]
        if decided:
            reply = dpo.post(f"/reviews/{review}/decision", json={"based_on": 1, **JUDGED})
            assert reply.status_code == 201, reply.text
        if signed:
            reply = auditor.post(f"/reviews/{review}/signature", json={"based_on": 2, "move": "sign"})
            assert reply.status_code == 201, reply.text
        return review

    def asked_about(self) -> str:
        """The auditor's question to the coach about a look of theirs."""
        body = {"based_on": 1, "move": "ask", "reason": "Pourquoi ce dossier ?", "asks": "why_this_case"}
        reply = self.house.client("auditor").post(f"/reviews/{self.review()}/notes", json=body)
        assert reply.status_code == 201, reply.text
        question: str = reply.json()["entry"]
        return question

    def report_asked(self) -> str:
        """A request for the report of who consulted what."""
        reply = self.house.client("coach").post(f"/cases/{self.case()}/access-report")
        assert reply.status_code == 201, reply.text
        release: str = reply.json()["release"]
        return release

    def proposed(self, *, agreed: bool = False, sent: bool = False) -> tuple[str, str]:
        """Case and referral to Caritas, as far as said."""
        house, coach, case = self.house, self.house.client("coach"), self.case()
        referral = house.consent(coach, case) if agreed or sent else house.propose(coach, case)
        if sent:
            house.send(coach, case, referral)
        return case, referral

    def withdrawn(self, partner: str) -> str:
        """A release that ended."""
        house, coach, case = self.house, self.house.client("coach"), self.case()
        referral = house.consent(coach, case, partner)
        release = house.send(coach, case, referral)
        house.withdraw(coach, case, referral)
        return release

    def answered(self, *, taken: bool = False) -> tuple[str, str, str]:
        """Case, referral and answer of Caritas."""
        house, coach, case = self.house, self.house.client("coach"), self.case()
        referral = house.consent(coach, case)
        house.answer(house.client("caritas"), house.send(coach, case, referral), "Aminata Diallo est venue.")
        answer = coach.get(f"/cases/{case}/referrals/{referral}").json()["answers"][0]["answer"]
        if taken:
            assert coach.post(f"/cases/{case}/referrals/{referral}/answers/{answer}").status_code == 201
        return case, referral, answer

    def entry(self) -> str:
        self.case()
        found: str = self.house.client("auditor").get("/entries?limit=1").json()["entries"][0]["entry"]
        return found


def _casework(stage: Stage) -> dict[str, Callable[[], Call]]:
    base = "/casework/cases"

    def on_case(login: str, method: str, tail: str, status: int, json: Any = None, **state: bool) -> Callable[[], Call]:
        return lambda: Call(login, method, f"{base}/{stage.case(**state)}{tail}", status, json)

    def on_note(method: str, tail: str, status: int, json: Any = None) -> Callable[[], Call]:
        def make() -> Call:
            case, note = stage.noted()
            return Call("coach", method, f"{base}/{case}/notes/{note}{tail}", status, json)

        return make

    def on_named(tail: str, body: Callable[[dict[str, str]], Any]) -> Callable[[], Call]:
        def make() -> Call:
            case, tokens = stage.named()
            return Call("coach", "POST", f"{base}/{case}/stand-ins{tail}", 200, body(tokens))

        return make

    identity = {"people": CASE["people"], "ov_number": CASE["ov_number"], "based_on": 1}
    return {
        "casework_open_case": lambda: Call("coach", "POST", base, 201, CASE),
        "casework_list_cases": lambda: Call("coach", "GET", base, 200),
        "casework_find_case": lambda: Call(
            "coach", "POST", "/casework/find", 200, {"field": "ov_number", "value": "8123456"}
        ),
        "casework_search_notes": lambda: Call("coach", "POST", "/casework/search", 200, {"word": "sœur"}),
        "casework_list_questions": lambda: Call("coach", "GET", "/casework/questions", 200),
        "casework_answer_question": lambda: Call(
            "coach", "POST", f"/casework/questions/{stage.asked_about()}/answer", 201, {"answer": "Mon propre dossier."}
        ),
        "casework_read_case": on_case("coach", "GET", "", 200),
        "casework_read_identity": on_case("coach", "GET", "/identity", 200),
        "casework_revise_identity": on_case("coach", "PUT", "/identity", 200, identity),
        "casework_read_contact": on_case("coach", "GET", "/contact", 200),
        "casework_revise_contact": on_case("coach", "PUT", "/contact", 200, CASE["contact"] | {"based_on": 1}),
        "casework_list_steps": on_case("coach", "GET", "/steps", 200),
        "casework_list_deadlines": on_case("coach", "GET", "/deadlines", 200),
        "casework_list_avenues": on_case("coach", "GET", "/avenues", 200),
        "casework_list_return_plans": on_case("coach", "GET", "/return-plans", 200),
        "casework_list_grounds": on_case("coach", "GET", "/grounds", 200),
        "casework_ask_access_report": on_case("coach", "POST", "/access-report", 201),
        "casework_list_notes": on_case("coach", "GET", "/notes", 200),
        "casework_write_note": on_case("coach", "POST", "/notes", 201, NOTE),
        "casework_revise_note": on_note("PUT", "", 200, NOTE | {"based_on": 1}),
        "casework_review_note": on_case("coach", "POST", "/note-review", 200, DRAFT),
        "casework_rescan_note": on_note("POST", "/rescan", 200),
        "casework_list_stand_ins": on_case("coach", "GET", "/stand-ins", 200),
        "casework_merge_stand_ins": on_named(
            "/merge", lambda tokens: {"token": tokens["Kadi"], "into": tokens["Aminata Diallo"]}
        ),
        "casework_split_stand_in": on_named(
            "/split", lambda tokens: {"token": tokens["Aminata Diallo"], "forms": ["Aminata"]}
        ),
        "casework_note_versions": on_note("GET", "/versions", 200),
        "casework_note_version": on_note("GET", "/versions/1", 200),
        "casework_reveal_note": on_note("POST", "/reveal", 200, {"reason": "rendez-vous à confirmer"}),
        "casework_read_note": on_note("GET", "", 200),
    }


def _recorded(stage: Stage) -> dict[str, Callable[[], Call]]:
    """Facts, files, tasks, drafts and letters."""
    base, coach = "/casework/cases", stage.house.client("coach")

    def on(method: str, tail: str, status: int, *, json: Any = None, content: bytes | None = None, login: str = "coach",
           make: Callable[[str], str] | None = None) -> Callable[[], Call]:  # fmt: skip
        """make: makes the item of a case that `{item}` in the path stands for."""

        def call() -> Call:
            # The desk invites whom the coach has not received yet.
            case = Paths(stage.house).case_in(State.TRIAGED) if login == "desk" else stage.case()
            item = make(case) if make is not None else ""
            return Call(login, method, f"{base}/{case}{tail.replace('{item}', item)}", status, json, content)

        return call

    found: dict[str, Callable[[], Call]] = {}
    for section, body in r.FACTS.items():
        name, path = section.replace("-", "_"), f"/facts/{section}"
        new, revised = body | {"provenance": "interview"}, body | {"based_on": 1}
        make = partial(r.record_fact, coach, section=section)
        found |= {
            f"casework_read_facts_{name}": on("GET", path, 200),
            f"casework_record_fact_{name}": on("POST", path, 201, json=new),
            f"casework_read_fact_{name}": on("GET", f"{path}/{{item}}", 200, make=make),
            f"casework_revise_fact_{name}": on("PUT", f"{path}/{{item}}", 200, json=revised, make=make),
        }
    for section in r.FILE_SECTIONS:
        name, path = section.replace("-", "_"), f"/attachments/{section}"
        make = partial(r.attach, coach, section=section)
        told = {"name": "autre.pdf", "caption": "", "language": "fr", "based_on": 2}
        found |= {
            f"casework_read_attachments_{name}": on("GET", path, 200),
            f"casework_add_attachment_{name}": on("POST", path, 201, content=r.pdf()),
            f"casework_describe_attachment_{name}": on("PUT", f"{path}/{{item}}", 200, json=told, make=make),
            f"casework_read_attachment_{name}": on("GET", f"{path}/{{item}}", 200, make=make),
        }
    task, draft = partial(r.set_task, coach), partial(_drafted, coach)
    letter, invited = partial(r.compose, coach), partial(r.compose, coach, body=r.INVITATION)
    return found | {
        "casework_read_overview": lambda: Call("coach", "GET", "/casework/overview", 200),
        "casework_read_agenda": lambda: Call("coach", "POST", "/casework/agenda", 200, {}),
        "casework_read_tasks": on("GET", "/tasks", 200),
        "casework_set_task": on("POST", "/tasks", 201, json=r.TASK),
        "casework_change_task": on("PUT", "/tasks/{item}", 200, json=r.TASK | {"based_on": 1}, make=task),
        "casework_read_draft": on("GET", "/drafts/{item}", 200, make=draft),
        "casework_save_draft": on("PUT", "/drafts/new", 200, json=r.DRAFT),
        "casework_discard_draft": on("DELETE", "/drafts/new", 200),
        "casework_compose_letter": on("POST", "/letters", 201, json=r.CONSEQUENCES),
        "casework_list_letters": on("GET", "/letters", 200),
        "casework_read_letter": on("GET", "/letters/{item}", 200, make=letter),
        "casework_print_letter": on("GET", "/letters/{item}/pdf", 200, make=letter),
        "casework_print_invitation": on("GET", "/invitations/{item}/pdf", 200, login="desk", make=invited),
        "casework_compose_invitation": on("POST", "/invitations", 201, json=r.INVITATION, login="desk"),
        "casework_list_invitations": on("GET", "/invitations", 200, login="desk"),
        "casework_read_invitation": on("GET", "/invitations/{item}", 200, login="desk", make=invited),
    }


def _office() -> dict[str, Callable[[], Call]]:
    """What is about no case that is there: orders that come in, and figures."""
    figures = "/casework/figures?from=2026-01-01&to=2027-01-01&by=annex"
    return {
        "casework_read_figures": lambda: Call("head", "GET", figures, 200),
        "casework_take_in_order": lambda: Call("desk", "POST", "/casework/orders", 200, fresh_order()),
        "casework_list_orders": lambda: Call("desk", "GET", "/casework/orders", 200),
    }


def _drafted(coach: Caller, case: str) -> str:
    r.save_draft(coach, case)
    return "new"


def _referrals(stage: Stage) -> dict[str, Callable[[], Call]]:
    base = "/casework/cases"

    def on_referral(method: str, tail: str, status: int, json: Any = None, **state: bool) -> Callable[[], Call]:
        def make() -> Call:
            case, referral = stage.proposed(**state)
            return Call("coach", method, f"{base}/{case}/referrals/{referral}{tail}", status, json)

        return make

    def on_answer(method: str, status: int, tail: str = "", json: Any = None, *, taken: bool) -> Callable[[], Call]:
        def make() -> Call:
            case, referral, answer = stage.answered(taken=taken)
            return Call("coach", method, f"{base}/{case}/referrals/{referral}/answers/{answer}{tail}", status, json)

        return make

    def all_of_case() -> Call:
        return Call("coach", "POST", f"{base}/{stage.proposed(sent=True)[0]}/withdraw", 200)

    return {
        "casework_propose_referral": lambda: Call("coach", "POST", f"{base}/{stage.case()}/referrals", 201, PROPOSAL),
        "casework_list_referrals": lambda: Call("coach", "GET", f"{base}/{stage.proposed()[0]}/referrals", 200),
        "casework_read_referral": on_referral("GET", "", 200, sent=True),
        "casework_record_consent": on_referral("POST", "/consent", 201, CONSENT),
        "casework_record_refusal": on_referral("POST", "/refusal", 200),
        "casework_send_referral": on_referral("POST", "/send", 201, agreed=True),
        "casework_withdraw_referral": on_referral("POST", "/withdraw", 200, sent=True),
        "casework_withdraw_all": all_of_case,
        "casework_list_withdrawals": lambda: Call("coach", "GET", "/casework/withdrawals", 200),
        "casework_list_answers": lambda: Call("coach", "GET", "/casework/answers", 200),
        "casework_review_answer": on_answer("POST", 200, "/review", {}, taken=False),
        "casework_take_answer": on_answer("POST", 201, taken=False),
        "casework_read_answer": on_answer("GET", 200, taken=True),
    }


def _partner(stage: Stage, name: str) -> dict[str, Callable[[], Call]]:
    base = f"/partner/{name}"
    answer = {"status": "answered", "message": "Elle est attendue lundi."}
    return {
        f"partner_{name}_list_referrals": lambda: Call(name, "GET", f"{base}/referrals", 200),
        f"partner_{name}_read_referrals": lambda: Call(name, "GET", f"{base}/referrals/{stage.referral(name)}", 200),
        f"partner_{name}_answer_referral": lambda: Call(
            name, "POST", f"{base}/referrals/{stage.referral(name)}/answers", 201, answer
        ),
        f"partner_{name}_list_withdrawals": lambda: Call(name, "GET", f"{base}/withdrawals", 200),
        f"partner_{name}_give_receipt": lambda: Call(
            name, "POST", f"{base}/withdrawals/{stage.withdrawn(name)}/receipt", 201, {"outcome": "deleted"}
        ),
    }


def _step(house: House, step: Step) -> Call:
    """A step in the first state that the table lists it for."""
    paths, row = Paths(house), next(row for row in FLOW if row.step is step)
    case = paths.case_in(row.state)
    changed = paths.make_possible(case, row.state, step)
    path = f"/casework/cases/{case}/steps/{step.value.replace('_', '-')}"
    return Call(paths.actor(case, step), "POST", path, 201, paths.details(step) | changed)


def _reviewing(stage: Stage) -> dict[str, Callable[[], Call]]:
    """Reviews of a coach's look, as the auditor does them; whoever signs is not who decides."""
    path, based = "/oversight/reviews", {"based_on": 1}
    return {
        "oversight_open_review": lambda: Call(
            "auditor", "POST", path, 201, {"entry": stage.asked(), "origin": "by_hand"}
        ),
        "oversight_list_reviews": lambda: Call("auditor", "GET", path, 200),
        "oversight_read_review": lambda: Call("auditor", "GET", f"{path}/{stage.review()}", 200),
        "oversight_note_in_review": lambda: Call(
            "auditor", "POST", f"{path}/{stage.review()}/notes", 201, based | {"move": "ask", "reason": "Pourquoi ?"}
        ),
        "oversight_decide_review": lambda: Call(
            "auditor", "POST", f"{path}/{stage.review()}/decision", 201, based | JUDGED
        ),
        "oversight_sign_review": lambda: Call(
            "auditor", "POST", f"{path}/{stage.review(decided=True)}/signature", 201, {"based_on": 2, "move": "sign"}
        ),
        "oversight_close_review": lambda: Call(
            "auditor", "POST", f"{path}/{stage.review(decided=True, signed=True)}/close", 201, {"based_on": 3}
        ),
    }


def _of_passkey(house: House, tail: str) -> Call:
    passkey = passkeys.enrolled(house, "head")[1]
    return Call("auditor", "POST", f"/oversight/staff-passkeys/{passkey}/{tail}", 201)


def calls(house: House) -> dict[str, Callable[[], Call]]:
    """Operation id to a maker of its plausible request. Session routes and health ask nothing and are not here."""
    stage = Stage(house)
    steps = {f"casework_{step.value}": partial(_step, house, step) for step in Step}
    found = (
        _casework(stage)
        | _recorded(stage)
        | _office()
        | steps
        | people_calls(stage, Call)
        | access_calls(house, Call)
        | exception_calls(house, Call)
        | emergency_calls(house, stage.case, Call)
        | sample_calls(house, stage.noted, Call)
        | erasure_calls(house, Call)
        | _referrals(stage)
        | {
            "follow_up_list_sheets": lambda: Call("officer", "GET", "/follow-up/sheets", 200),
            "follow_up_read_sheets": lambda: Call("officer", "GET", f"/follow-up/sheets/{stage.sheet()}", 200),
            "oversight_list_enrolled": lambda: Call("auditor", "GET", "/oversight/staff-passkeys", 200),
            **{
                f"oversight_{name}": partial(_of_passkey, house, tail)
                for name, tail in (("countersign_passkey", "countersignature"), ("revoke_enrolled", "revocation"))
            },
            "oversight_list_withdrawals": lambda: Call("dpo", "GET", "/oversight/withdrawals", 200),
            "oversight_list_entries": lambda: Call("auditor", "GET", "/oversight/entries", 200),
            "oversight_list_explanations": lambda: Call("auditor", "GET", "/oversight/explanations", 200),
            "oversight_read_explanation": lambda: Call(
                "auditor", "GET", f"/oversight/entries/{stage.asked()}/explanation", 200
            ),
            "oversight_read_log_state": lambda: Call("auditor", "GET", "/oversight/log-state", 200),
            "oversight_check_log": lambda: Call("auditor", "POST", "/oversight/log-state/check", 201),
            "oversight_export_evidence": lambda: Call("auditor", "GET", "/oversight/evidence?kind=review_case", 200),
            "oversight_record_verification": lambda: Call(
                "auditor",
                "POST",
                "/oversight/log-state/verifications",
                201,
                r.CHECKED,
            ),
            "oversight_list_findings": lambda: Call("auditor", "GET", f"/oversight/findings?{_DAY}", 200),
            "oversight_read_detection_rules": lambda: Call("auditor", "GET", "/oversight/detection-rules", 200),
            "oversight_draw_sample": lambda: Call("auditor", "POST", "/oversight/samples", 201, r.LOG_DAY),
            **_reviewing(stage),
            "oversight_read_entry": lambda: Call("auditor", "GET", f"/oversight/entries/{stage.entry()}", 200),
            "oversight_read_detail": lambda: Call("auditor", "GET", f"/oversight/entries/{stage.entry()}/detail", 200),
            "oversight_explain_entry": lambda: Call("auditor", "GET", f"/oversight/entries/{stage.asked()}/why", 200),
            "oversight_list_access_reports": lambda: Call("dpo", "GET", "/oversight/access-reports", 200),
            "oversight_make_access_report": lambda: Call(
                "dpo", "GET", f"/oversight/access-reports/{stage.report_asked()}", 200
            ),
            "oversight_read_sheets": lambda: Call(
                "auditor", "GET", f"/oversight/sheets/{stage.oversight_sheet()}", 200
            ),
        }
    )
    for name in ("caritas", "fedasil"):
        found |= _partner(stage, name)
    return found
