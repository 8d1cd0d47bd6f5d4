"""What explains a look, from entries of the log alone: a table of small logs."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest

from vault.cases.case_samples import Told, draw, outcome_of
from vault.oversight.explaining import EVIDENCE, CaseFile, explain, is_access
from vault.vocabulary import Fact

CASE: Final = "L-case"
_N: Final = {"count": 1, "kind": "case", "session": "s1", "object": "", "subject": CASE, "zone": "casework", "rule": ""}


def at(minute: int, action: str, **said: Any) -> dict[str, Any]:
    moment = f"2026-11-03T09:{minute:02}:00.000000+00:00"
    decision = said.pop("decision", "none" if action in ("entrusted", "signed_in") else "allow")
    told = {"entry": f"e{minute}", "at": moment, "action": action, "actor": "a-coach", "decision": decision}
    return {**_N, "outcome": "", **told, **said}


def _when(minute: int) -> dict[str, Any]:
    told = at(minute, "read")
    return {"entry": told["entry"], "at": told["at"]}


def entrusted(minute: int, coach: str, region: str = "brussels") -> dict[str, Any]:
    return at(minute, "entrusted", actor="a-head", object=coach, outcome=region)


LOOK: Final = at(30, "read", kind="note", rule="cw-13")
MEANWHILE: Final = {**LOOK, "at": LOOK["at"].replace(":00.", ":05."), "entry": "e30x"}
BEGAN: Final = {**at(1, "signed_in", outcome="brussels"), "entry": "s1", "subject": ""}
OWN, REGION, SECOND, CONSENT, ADDRESSED = Fact.OWN, Fact.REGION, Fact.SECOND, Fact.CONSENT, Fact.ADDRESSED
RELEASED: Final = at(6, "release_begun", kind="referral", object="r1", outcome="partner:caritas", actor="a-coach")
PROPOSED: Final = at(4, "write", kind="referral", object="c1", outcome="propose")
AGREED: Final = at(5, "write", kind="referral", object="f1", outcome="consent")
TAKEN_BACK: Final = at(7, "write", kind="withdrawal", object="f1", outcome="withdraw")
ENDED: Final = at(8, "release_withdrawn", kind="referral", object="r1", outcome="partner:caritas reader_held_on")
SENT: Final = {**LOOK, "action": "release", "kind": "referral", "object": "f1"}
ASKED: Final = {**LOOK, "kind": "access_request"}
URGENT, BROKEN = {**LOOK, "purpose": "emergency"}, Fact.BREAK_GLASS
OPENED: Final = (
    at(5, "create", kind="break_glass", object="b1"),
    at(6, "sign", kind="break_glass", object="b1", actor="a-head"),
)
LOT: Final = draw([f"L-{number}" for number in range(7)], bytes(16))
DRAWN: Final = at(
    5, "create", kind="case_sample", object="s1", outcome=outcome_of(Told("quality", date(2026, 11, 10), LOT, "a-6"))
)
WATCHED, LATE = {**LOOK, "purpose": "supervision"}, {**LOOK, "at": "2026-11-11T00:00:00.000000+00:00", "entry": "e99"}
CHOSEN: Final = LOT._replace(place=(LOT.place + 1) % LOT.of)
RECEIVED: Final = {**LOOK, "zone": "partner:caritas", "kind": "referral", "object": "r1"}


@pytest.mark.parametrize(
    ("look", "need", "acts", "told"),
    [
        pytest.param(LOOK, (), [], "role", id="a rule that asks for nothing"),
        pytest.param({**LOOK, "subject": ""}, (OWN,), [], "no_case", id="a list is about no single case"),
        pytest.param(LOOK, None, [], "rule_unknown", id="the policy was not kept"),
        pytest.param(LOOK, (OWN,), [], "own not_in_log", id="nothing says whose it was"),
        pytest.param(LOOK, (OWN,), [entrusted(2, "a-coach")], "assignment e2", id="entrusted to the actor"),
        pytest.param(LOOK, (OWN,), [entrusted(2, "a-other")], "own contradicted e2", id="entrusted to another"),
        pytest.param(LOOK, (OWN,), [entrusted(2, "")], "own contradicted e2", id="entrusted to nobody"),
        pytest.param(
            MEANWHILE, (OWN,), [entrusted(2, "a-coach"), entrusted(30, "a-other")], "assignment e2",
            id="being taken away, not committed yet"
        ),
        pytest.param(
            MEANWHILE, (OWN,), [entrusted(2, "a-third"), entrusted(30, "a-other")], "own contradicted e30",
            id="being taken away from somebody else"
        ),
        pytest.param(
            {**MEANWHILE, "at": MEANWHILE["at"].replace(":05.", ":06.")}, (OWN,),
            [entrusted(2, "a-coach"), entrusted(30, "a-other")], "own contradicted e30", id="taken away six seconds ago"
        ),
        pytest.param(
            MEANWHILE, (OWN,), [entrusted(1, "a-coach"), entrusted(2, "a-third"), entrusted(30, "a-other")],
            "own contradicted e30", id="taken away, and then from the next"
        ),
        pytest.param(
            MEANWHILE, (REGION,), [entrusted(2, "", "brussels"), entrusted(30, "", "liege")], "region e2",
            id="moving to another region, not committed yet"
        ),
        pytest.param(
            LOOK, (OWN,), [entrusted(9, "a-other"), entrusted(2, "a-coach")], "own contradicted e9",
            id="taken away before"
        ),
        pytest.param(
            LOOK, (OWN,), [entrusted(2, "a-coach"), entrusted(31, "a-other")], "assignment e2",
            id="taken away afterwards"
        ),
        pytest.param(LOOK, (OWN,), [entrusted(31, "a-coach")], "own not_in_log", id="entrusted only afterwards"),
        pytest.param(
            LOOK, (OWN,), [{**entrusted(2, "a-coach"), "subject": "L-other"}], "own not_in_log", id="another case"
        ),
        pytest.param(LOOK, (REGION,), [entrusted(2, "")], "region e2", id="in the region of the sign-in"),
        pytest.param(
            LOOK, (REGION,), [entrusted(2, ""), at(5, "write", kind="appointment")], "region e2, appointment e5",
            id="with an appointment there"
        ),
        pytest.param(
            LOOK, (OWN,), [at(5, "write", kind="appointment")], "own not_in_log", id="an appointment is no assignment"
        ),
        pytest.param(LOOK, (REGION,), [entrusted(2, "", "liege")], "region contradicted e2", id="in another region"),
        pytest.param(
            {**LOOK, "session": "s9"}, (REGION,), [entrusted(2, "")], "region not_in_log", id="an unknown session"
        ),
        pytest.param(
            {**LOOK, "actor": "a-thief"}, (REGION,), [entrusted(2, "")], "region not_in_log",
            id="somebody else's session"
        ),
        pytest.param(
            LOOK, (SECOND,), [at(5, "begin_closing", actor="a-other")], "second_signature e5", id="begun by another"
        ),
        pytest.param(URGENT, (BROKEN,), [*OPENED], "emergency e6", id="opened by somebody else"),
        pytest.param(URGENT, (BROKEN,), [], "break_glass not_in_log", id="nobody asked"),
        pytest.param(URGENT, (BROKEN,), [OPENED[0]], "break_glass not_in_log", id="asked and not opened"),
        pytest.param(
            URGENT, (BROKEN,), [OPENED[0], {**OPENED[1], "actor": "a-coach"}], "break_glass not_in_log",
            id="opened by who asked"
        ),
        pytest.param(
            URGENT, (BROKEN,), [{**OPENED[0], "actor": "a-other"}, OPENED[1]], "break_glass not_in_log",
            id="asked for by somebody else"
        ),
        pytest.param(
            URGENT, (BROKEN,), [*OPENED, at(7, "close", kind="break_glass", object="b1")],
            "break_glass contradicted e7", id="ended before"
        ),
        pytest.param(WATCHED, (Fact.SAMPLE,), [DRAWN], "sample e5", id="drawn by lot for the actor"),
        pytest.param(WATCHED, (Fact.SAMPLE,), [], "sample not_in_log", id="nothing was drawn"),
        pytest.param(
            WATCHED, (Fact.SAMPLE,), [{**DRAWN, "actor": "a-other"}], "sample not_in_log", id="drawn for somebody else"
        ),
        pytest.param(
            WATCHED, (Fact.SAMPLE,), [{**DRAWN, "count": 0}], "sample not_in_log", id="a draw that came to nothing"
        ),
        pytest.param(LATE, (Fact.SAMPLE,), [DRAWN], "sample contradicted e5", id="after its last day"),
        pytest.param(
            WATCHED, (Fact.SAMPLE,),
            [{**DRAWN, "outcome": outcome_of(Told("quality", date(2026, 11, 10), CHOSEN, ""))}],
            "sample contradicted e5", id="chosen and not drawn"
        ),
        pytest.param(
            WATCHED, (Fact.SAMPLE,), [DRAWN, at(7, "close", kind="case_sample", object="s1")],
            "sample contradicted e7", id="done before"
        ),
        pytest.param(
            WATCHED, (Fact.SAMPLE,), [DRAWN, at(7, "close", kind="case_sample", object="s2")], "sample e5",
            id="another one was done"
        ),
        pytest.param(
            {**LOOK, "kind": "case_sample", "object": "s1"}, (OWN,), [DRAWN], "sample e5", id="their own sample"
        ),
        pytest.param(
            {**LOOK, "kind": "case_sample", "object": "s1"}, (OWN,), [{**DRAWN, "actor": "a-other"}],
            "own not_in_log", id="somebody else's sample"
        ),
        pytest.param(OPENED[1], (SECOND,), [OPENED[0]], "second_signature e5", id="asked for by another"),
        pytest.param(
            {**OPENED[1], "actor": "a-coach"}, (SECOND,), [OPENED[0]], "second contradicted e5", id="asked for oneself"
        ),
        pytest.param(LOOK, (SECOND,), [at(5, "begin_closing")], "second contradicted e5", id="begun by the same"),
        pytest.param(
            LOOK, (SECOND,), [at(5, "begin_closing", actor="a-other", count=0)], "second not_in_log",
            id="came to nothing"
        ),
        pytest.param(
            LOOK, (SECOND,), [at(5, "begin_closing", actor="a-other", decision="deny")], "second not_in_log",
            id="refused"
        ),
        pytest.param(SENT, (CONSENT,), [PROPOSED, AGREED], "consent e5", id="consented"),
        pytest.param(SENT, (CONSENT,), [PROPOSED], "consent not_in_log", id="proposed and not agreed to"),
        pytest.param({**SENT, "object": "f2"}, (CONSENT,), [AGREED], "consent not_in_log", id="another referral's"),
        pytest.param(SENT, (CONSENT,), [AGREED, TAKEN_BACK], "consent contradicted e7", id="taken back"),
        pytest.param(
            SENT, (CONSENT,), [PROPOSED, AGREED, {**TAKEN_BACK, "object": "c1"}], "consent contradicted e7",
            id="all taken back"
        ),
        pytest.param(
            SENT, (CONSENT,), [PROPOSED, AGREED, {**TAKEN_BACK, "object": "f2"}], "consent e5",
            id="another one taken back"
        ),
        pytest.param(
            {**SENT, "object": ""}, (CONSENT,), [AGREED, {**AGREED, "object": "f2", **_when(6)}, TAKEN_BACK],
            "consent e6", id="asked about any referral"
        ),
        pytest.param(
            SENT, (CONSENT,), [AGREED, TAKEN_BACK, {**AGREED, **_when(8)}], "consent e8", id="agreed to again"
        ),
        pytest.param(
            SENT, (CONSENT,), [AGREED, {**TAKEN_BACK, "decision": "deny"}], "consent e5", id="not taken back: refused"
        ),
        pytest.param(RECEIVED, (ADDRESSED, CONSENT), [RELEASED], "release e6, release e6", id="referred here"),
        pytest.param(
            {**RECEIVED, "action": "write", "kind": "referral_answer"}, (ADDRESSED, CONSENT), [RELEASED],
            "release e6, release e6", id="answered from here"
        ),
        pytest.param(
            RECEIVED, (ADDRESSED, CONSENT), [RELEASED, ENDED], "release e6, consent contradicted e8",
            id="looked at once it had ended"
        ),
        pytest.param(
            RECEIVED, (CONSENT,), [RELEASED, {**ENDED, "object": "r2"}], "release e6", id="another one ended"
        ),
        pytest.param(
            {**RECEIVED, "action": "write", "kind": "withdrawal"}, (ADDRESSED,), [RELEASED, ENDED], "release e8",
            id="confirmed that it ended"
        ),
        pytest.param(
            {**RECEIVED, "action": "write", "kind": "withdrawal"}, (ADDRESSED,), [RELEASED],
            "addressed not_in_log", id="confirmed what never ended"
        ),
        pytest.param(
            {**RECEIVED, "object": "r2"}, (ADDRESSED,), [RELEASED], "addressed not_in_log", id="another referral"
        ),
        pytest.param(
            {**RECEIVED, "zone": "partner:fedasil"}, (ADDRESSED,), [RELEASED], "addressed not_in_log", id="another zone"
        ),
        pytest.param(LOOK, (Fact.GRANT,), [entrusted(2, "a-coach")], "grant not_in_log", id="nothing shows a grant"),
        pytest.param(
            {**RECEIVED, "kind": "grant"}, (Fact.GRANT, ADDRESSED), [{**RELEASED, "kind": "grant"}],
            "release e6, release e6", id="granted here"
        ),
        pytest.param(ASKED, (OWN,), [entrusted(2, "a-coach")], "region e2", id="a request about a case of the region"),
        pytest.param(ASKED, (OWN,), [entrusted(2, "", "liege")], "own not_in_log", id="a request of another region"),
        pytest.param(
            ASKED, (OWN,), [entrusted(2, "", "liege"), at(5, "write", actor="a-far", kind="access_request",
                                                          outcome="delegated")],
            "delegation e5", id="handed on by another head"
        ),
        pytest.param(
            {**ASKED, "kind": "grant", "action": "release"}, (OWN, SECOND),
            [entrusted(2, ""), at(5, "sign", kind="access_request", outcome="approved")], "region e2, approval e5",
            id="let go as approved"
        ),
        pytest.param(
            {**ASKED, "kind": "grant", "action": "release"}, (SECOND,),
            [at(5, "begin_closing", actor="a-other")], "second not_in_log", id="a closing is no approval"
        ),
        pytest.param(
            LOOK, (OWN, SECOND), [entrusted(2, "a-coach")], "assignment e2, second not_in_log",
            id="each fact on its own"
        ),
    ],
)  # fmt: skip
def test_a_look_is_explained_by_what_came_before_it(
    look: dict[str, Any], need: tuple[Fact, ...] | None, acts: list[dict[str, Any]], told: str
) -> None:
    found = explain(look, need, CaseFile.of(acts, [BEGAN]))
    said = [" ".join(filter(None, (one.basis, one.entry))) for one in found.evidence]
    said += [" ".join(filter(None, (one.fact, one.lack, one.entry))) for one in found.missing]
    assert ", ".join(said) == told
    assert found.explained is not any(lack in told for lack in ("not_in_log", "contradicted", "unknown"))


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (LOOK, True),
        ({**LOOK, "decision": "deny"}, False),
        ({**LOOK, "decision": "none"}, False),
        ({**LOOK, "rule": ""}, False),
        (RELEASED, False),
        (BEGAN, False),
    ],
)
def test_only_what_was_allowed_to_a_person_is_an_access(entry: dict[str, Any], wanted: bool) -> None:
    assert is_access(entry) is wanted


def test_an_entry_that_is_no_beginning_introduces_nobody() -> None:
    file = CaseFile.of([entrusted(2, "")], [{**BEGAN, "action": "signed_out"}])
    assert not explain(LOOK, (REGION,), file).explained


def test_every_kind_of_evidence_is_one_that_the_store_is_asked_for() -> None:
    shown = [entrusted(2, ""), at(5, "begin_closing"), at(5, "write", kind="appointment"), RELEASED]
    shown += [PROPOSED, AGREED, TAKEN_BACK, ENDED, at(5, "sign", kind="access_request")]
    assert {(body["action"], body["kind"]) for body in shown} <= set(EVIDENCE)


@pytest.mark.parametrize(("looked", "told"), [("a-other", "review"), ("a-coach", "contradicted"), (None, "not_in_log")])
def test_a_review_is_explained_by_whose_look_it_is(looked: str | None, told: str) -> None:
    act = at(30, "review", kind="review_case", object="r1", rule="ov-308")
    looks = {"r1": at(3, "read", actor=looked)} if looked is not None else {}
    found = explain(act, (SECOND,), CaseFile.of([], [BEGAN], looks))
    assert [each.basis for each in found.evidence] + [each.lack for each in found.missing] == [told]
