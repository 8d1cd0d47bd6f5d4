"""No flow to another body without a published protocol that runs: at leaving, at every look, to the second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.log.replay import replay
from gateway.protocol_rules import load_protocols
from gateway.settings import Settings
from tests.api.decision_client import asker
from tests.api.support import comparable, counts, entries, since
from tests.asked import agreed, approved, begin, granted, opened
from tests.emergencies import opened as in_an_emergency
from tests.house import CARITAS, FOLLOW_UP, House, house_on, shipped_firewall
from tests.pages.visiting import Visitor

SHIPPED = Path(load_protocols.__code__.co_filename).parent / "protocols.toml"
#: The first moment after the last day of these tests' protocols, in Belgium.
END = datetime(2026, 11, 5, 23, tzinfo=UTC)
ENDS = ("until = 2099-12-31", "until = 2026-11-05")
NOBODYS = "ab" * 16
TOLD = "No published protocol with that body covers this, or it has ended."
Serve = Callable[..., House]


@pytest.fixture
def serve(sqlite_settings: Settings, tmp_path: Path) -> Iterator[Serve]:
    """A house whose protocols are the shipped ones, changed by replacing texts."""
    held = []

    def make(*changes: tuple[str, str]) -> House:
        settings = sqlite_settings.model_copy(update={"protocols_file": tmp_path / "protocols.toml"})
        write(settings, *changes)
        one = house_on(settings)
        held.append(one)
        return one.__enter__()

    yield make
    for each in held:
        each.__exit__(None, None, None)


def write(settings: Settings, *changes: tuple[str, str]) -> None:
    text = SHIPPED.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    assert settings.protocols_file is not None
    settings.protocols_file.write_text(text, "utf-8")


def replaced(house: House, *changes: tuple[str, str]) -> None:
    """Another file, and the process starts again."""
    write(house.settings, *changes)
    house.reopen()


def past_the_end(house: House, *logins: str) -> None:
    house.clock.moment = END
    for login in logins:
        house.renew(login)


def _code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["type"].rpartition(":")[2]


MISSING = (409, "protocol_missing")


def test_a_sheet_leaves_while_the_protocol_runs_and_is_seen_until_it_ends(serve: Serve) -> None:
    house = serve(ENDS)
    coach, head = house.client("coach"), house.client("head")
    sheet = house.hand_over(coach, head, house.open_case(coach))
    late = house.open_case(coach, ov_number="8123457")
    house.clock.moment = END - timedelta(seconds=1)
    for login in ("officer", "coach", "head", "auditor"):
        house.renew(login)
    officer = house.client("officer")
    assert officer.get(f"/sheets/{sheet}").status_code == 200
    house.clock.moment = END
    gone = officer.get(f"/sheets/{sheet}")
    assert comparable(gone) == comparable(officer.get(f"/sheets/{NOBODYS}"))
    listed = officer.get("/sheets")
    assert _code(listed) == MISSING, "there is nothing to be listed for this body"
    assert "sheets" not in listed.json()
    coach, head = house.client("coach"), house.client("head")
    house.begin_closing(coach, late)
    before, rows = len(entries(house)), counts(house)
    assert _code(head.post(f"/cases/{late}/steps/hand-over")) == MISSING
    assert counts(house) == rows, "nothing is half handed over"
    assert [(e["action"], e["outcome"], e["count"]) for e in since(house, before)] == [
        ("release", "protocol_missing", 0)
    ]
    # Oversight belongs to the office itself: its copy needs no protocol.
    trail = house.client("auditor").get("/entries?limit=90").json()["entries"]
    copy = next(e["object"] for e in trail if e["action"] == "release_begun" and e["outcome"] == "oversight")
    assert house.client("auditor").get(f"/sheets/{copy}").status_code == 200


def test_a_referral_leaves_and_is_seen_while_the_protocol_runs(serve: Serve) -> None:
    house = serve(ENDS)
    coach = house.client("coach")
    case = house.open_case(coach)
    release = house.refer(coach, case)
    waiting = house.consent(coach, case, "fedasil", ["family_name"])
    assert house.client("caritas").get(f"/referrals/{release}").status_code == 200
    past_the_end(house, "caritas", "coach")
    caritas = house.client("caritas")
    assert comparable(caritas.get(f"/referrals/{release}")) == comparable(caritas.get(f"/referrals/{NOBODYS}"))
    body = {"status": "accepted", "message": "Vu."}
    answers = [caritas.post(f"/referrals/{each}/answers", json=body) for each in (release, NOBODYS)]
    assert comparable(answers[0]) == comparable(answers[1])
    assert _code(caritas.get("/referrals")) == MISSING
    assert _code(house.client("coach").post(f"/cases/{case}/referrals/{waiting}/send")) == MISSING


def test_a_withdrawal_and_its_receipt_need_no_protocol(serve: Serve) -> None:
    house = serve(ENDS)
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    release = house.send(coach, case, referral)
    past_the_end(house, "caritas", "coach")
    house.withdraw(house.client("coach"), case, referral)
    caritas = house.client("caritas")
    assert [row["release"] for row in caritas.get("/withdrawals").json()["withdrawals"]] == [release]
    assert caritas.post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"}).status_code == 201


def test_who_may_not_send_learns_nothing_of_protocols(serve: Serve) -> None:
    house = serve(ENDS)
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    house.begin_closing(coach, case)
    number = approved(house)
    past_the_end(house, "colleague", "far_head", "desk", "far_coach")
    for login, path in (
        ("colleague", f"/cases/{case}/referrals/{referral}/send"), ("far_coach", f"/cases/{case}/steps/hand-over"),
        ("far_head", f"/cases/{case}/steps/hand-over"), ("far_head", f"/access-requests/{number}/grant"),
        ("desk", f"/cases/{case}/steps/hand-over"), ("far_head", f"/access-requests/{number}/ceremony"),
    ):  # fmt: skip
        reply = house.client(login).post(path)
        assert reply.status_code in {403, 404}, (login, path)
        assert "protocol" not in reply.text


def test_a_category_that_the_protocol_does_not_name_does_not_flow(serve: Serve) -> None:
    house = serve(('categories = ["identity", "contact", "status"]', 'categories = ["identity", "status"]'))
    coach = house.client("coach")
    case = house.open_case(coach)
    telephone = house.consent(coach, case, "caritas", ["family_name", "phone"])
    assert _code(coach.post(f"/cases/{case}/referrals/{telephone}/send")) == MISSING
    name = house.consent(coach, case, "caritas", ["family_name"])
    assert coach.post(f"/cases/{case}/referrals/{name}/send").status_code == 201


def test_what_a_referral_is_needed_for_is_weighed_before_anything_is_decided_to_leave(serve: Serve) -> None:
    """The need leaves with every referral: a protocol without that category stops it in the first half."""
    house = serve(('categories = ["identity", "contact", "status"]', 'categories = ["identity", "contact"]'))
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    before = len(entries(house))
    assert _code(coach.post(f"/cases/{case}/referrals/{referral}/send")) == MISSING
    assert [entry["action"] for entry in since(house, before)] == ["release"], "no release was begun"


def test_a_partner_without_a_protocol_gets_nothing(serve: Serve) -> None:
    house = serve(('party = "partner:caritas"', 'party = "partner:elsewhere"'))
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    assert _code(coach.post(f"/cases/{case}/referrals/{referral}/send")) == MISSING
    house.refer(coach, case, "fedasil", fields=["family_name"])


def test_a_protocol_that_is_published_later_begins_then(serve: Serve) -> None:
    house = serve(("published_on = 2000-01-01", "published_on = 2026-11-05"))
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    send = f"/cases/{case}/referrals/{referral}/send"
    assert _code(coach.post(send)) == MISSING
    house.clock.moment = datetime(2026, 11, 4, 23, tzinfo=UTC)  # midnight in Brussels
    house.renew("coach")
    assert house.client("coach").post(send).status_code == 201


def test_wherever_the_end_falls_all_of_it_leaves_or_nothing(serve: Serve) -> None:
    """The end moves through both halves of sending: the tests' clock gives each microsecond once."""
    house = serve(ENDS)
    coach = house.client("coach")
    case = house.open_case(coach)
    first, *waiting = [house.consent(coach, case) for _ in range(7)]
    house.clock.moment = END - timedelta(hours=1)
    house.renew("coach")
    coach, start = house.client("coach"), house.clock.moment
    house.send(coach, case, first)
    whole = house.clock.moment - start + timedelta(microseconds=2)
    seen = set()
    for step, referral in enumerate(waiting):
        house.clock.moment = END - whole + whole * step / (len(waiting) - 1)  # the log's order is the clock's
        before, rows = len(entries(house)), counts(house)["releases"]
        reply = coach.post(f"/cases/{case}/referrals/{referral}/send")
        sent = counts(house)["releases"] - rows
        begun = any(entry["action"] == "release_begun" for entry in since(house, before))
        assert (sent, reply.status_code) == (1, 201) or (sent, *_code(reply)) == (0, *MISSING), reply.text
        seen.add((begun, sent))
    assert seen == {(False, 0), (True, 0), (True, 1)}, "before both halves, between them, after them"


@pytest.mark.parametrize("how", ["grant", "ceremony"])
def test_what_was_given_upon_a_request_ends_with_the_protocol(serve: Serve, how: str) -> None:
    house = serve(ENDS)
    house.clock.moment = datetime(2026, 11, 5, 22, 59, tzinfo=UTC)
    house.open_case(house.client("coach"), ov_number="8123450")
    about = {"by": "ov_number", "value": "8123450"}
    if how == "grant":
        release, waiting = granted(house, about=about), approved(house, about=about)
        path, go = "/grants/", f"/access-requests/{waiting}/grant"
    else:
        release, waiting = opened(house), agreed(house, ov_number="8123459")
        path, go = "/ceremonies/", f"/access-requests/{waiting}/ceremony"
    officer = house.client("officer")
    assert officer.get(path + release).status_code == 200
    house.clock.moment = END
    assert comparable(officer.get(path + release)) == comparable(officer.get(path + NOBODYS))
    rows = counts(house)
    assert _code(house.client("head").post(go)) == MISSING
    assert counts(house) == rows


def test_a_second_share_is_not_let_go_once_the_protocol_has_ended(serve: Serve) -> None:
    """Casework began in time; oversight looks at its own file and clock before it completes the key."""
    house = serve(ENDS)
    house.clock.moment = datetime(2026, 11, 5, 22, 59, tzinfo=UTC)
    ceremony = begin(house, agreed(house))
    house.clock.moment = END
    rows = counts(house)
    assert _code(house.client("dpo").post(f"/ceremonies/{ceremony}/opening")) == MISSING
    assert counts(house) == rows
    assert house.client("officer").get(f"/ceremonies/{ceremony}").status_code == 404


def test_a_grant_that_the_protocol_covers_in_part_does_not_go(serve: Serve) -> None:
    house = serve(('"outcome_sheet", "identity", "contact", "status"', '"outcome_sheet", "identity"'))
    house.open_case(house.client("coach"))
    number = approved(house)  # a name, and whether a procedure is pending
    assert _code(house.client("head").post(f"/access-requests/{number}/grant")) == MISSING


def test_what_a_narrower_protocol_covers_no_more_is_not_shown_and_comes_back_with_a_wider_one(serve: Serve) -> None:
    house = serve()
    coach, head = house.client("coach"), house.client("head")
    referral = house.refer(coach, house.open_case(coach))
    sheet = house.hand_over(coach, head, house.open_case(coach, ov_number="8123457"))
    given = granted(house)
    seen = (("caritas", "/referrals/", referral), ("officer", "/sheets/", sheet), ("officer", "/grants/", given))

    def answers() -> list[int]:
        return [house.client(login).get(path + number).status_code for login, path, number in seen]

    assert answers() == [200, 200, 200]
    replaced(
        house, ('categories = ["identity", "contact", "status"]', 'categories = ["identity", "status"]'),
        ('"outcome_sheet", "identity", "contact", "status"', '"contact"'),
    )  # fmt: skip
    assert answers() == [404, 404, 404]
    for login, path, number in seen:
        caller = house.client(login)
        assert comparable(caller.get(path + number)) == comparable(caller.get(path + NOBODYS))
    before = len(entries(house))
    assert house.client("caritas").get("/referrals").status_code == 200, "something may still flow to this body"
    assert "Diallo" not in str(since(house, before))
    replaced(house)
    assert answers() == [200, 200, 200]


def test_an_emergency_and_the_cases_own_work_need_no_protocol(serve: Serve) -> None:
    house = serve(ENDS)
    past_the_end(house, "coach")
    coach = house.client("coach")
    case = house.open_case(coach)
    house.write_note(coach, case)
    assert coach.get(f"/cases/{case}/identity").status_code == 200
    seen = house.client("colleague").get(f"/emergencies/{in_an_emergency(house, case)}/identity")
    assert "Diallo" in seen.text


def test_other_systems_are_told_what_the_routes_do(serve: Serve) -> None:
    house = serve(ENDS)
    coach, head = house.client("coach"), house.client("head")
    referral = house.refer(coach, house.open_case(coach))
    sheet = house.hand_over(coach, head, house.open_case(coach, ov_number="8123457"))
    for login in ("officer", "caritas"):
        house.renew(login)
    asked = (
        (FOLLOW_UP, "officer", "outcome_sheet", sheet, "oqt_follow_up"),
        (CARITAS, "caritas", "referral", referral, "referral"),
    )
    clients = {zone: asker(house, zone) for zone, *_ in asked}

    def told(action: str) -> list[bool]:
        return [
            clients[zone].decision(login, action, kind, "*" if action == "list" else item, purpose)
            for zone, login, kind, item, purpose in asked
        ]

    assert told("read") == told("list") == [True, True]
    past_the_end(house)
    clients = {zone: asker(house, zone, login="late") for zone in clients}
    assert told("read") == told("list") == [False, False]


def test_the_protocols_digest_stands_in_the_entries_and_every_decision_can_be_made_again(serve: Serve) -> None:
    house = serve(ENDS)
    coach, head, officer = house.client("coach"), house.client("head"), house.client("officer")
    referral = house.refer(coach, house.open_case(coach))
    sheet = house.hand_over(coach, head, house.open_case(coach, ov_number="8123457"))
    given = granted(house)
    reads = (("officer", f"/sheets/{sheet}"), ("officer", f"/grants/{given}"), ("caritas", f"/referrals/{referral}"))
    for login, path in reads:
        assert house.client(login).get(path).status_code == 200
    assert officer.get("/sheets").status_code == 200
    past_the_end(house, "officer", "caritas")
    for login, path in reads:
        assert house.client(login).get(path).status_code == 404
    digest = load_protocols(house.settings.protocols_file).digest.hex()
    told = {(e["action"], e["kind"], e["decision"]) for e in entries(house) if e["config"] == digest}
    kinds = ("outcome_sheet", "referral", "grant")
    assert {("release_begun", kind, "allow") for kind in kinds} <= told
    assert {("read", kind, answer) for kind in kinds for answer in ("allow", "deny")} <= told
    assert ("list", "outcome_sheet", "allow") in told
    for body in entries(house):
        if body["action"] in {"read", "list"} and body["config"] == digest:
            assert replay(body, shipped_firewall()).under, body


# -- pages -------------------------------------------------------------------------------------------


def test_the_pages_say_in_plain_words_that_a_protocol_is_missing(serve: Serve) -> None:
    house = serve(ENDS)
    house.clock.moment = END - timedelta(minutes=1)
    for login in ("coach", "head"):
        house.renew(login)
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    release = house.refer(coach, case)
    number = approved(house)
    ceremony = agreed(house, ov_number="8123459")
    closing = house.open_case(coach, ov_number="8123457")
    house.begin_closing(coach, closing)
    past_the_end(house, "coach", "head", "officer", "caritas")
    pages = {login: Visitor(house, login) for login in ("coach", "head", "officer", "caritas")}
    assert TOLD in pages["coach"].send(f"/cases/{case}/referrals/{referral}", 422, act="send")
    assert TOLD in pages["head"].send(f"/requests/{number}", 422, act="let_go", based_on="1")
    assert TOLD in pages["head"].send(f"/requests/{ceremony}", 422, act="begin", based_on="1")
    assert TOLD in pages["head"].send(f"/cases/{closing}/steps/hand-over", 422)
    for login in ("officer", "caritas"):
        page = pages[login].look("/sheets" if login == "officer" else "/")
        assert "There is no published protocol between our office and yours that runs" in page
        assert release not in page
        assert "Nothing was sent to you." not in page, "that would not be true"
    house.withdraw(house.client("coach"), case, next(
        row["referral"] for row in house.client("coach").get(f"/cases/{case}/referrals").json()["referrals"]
        if row["status"] == "sent"
    ))  # fmt: skip
    assert "say what became of your copies" in pages["caritas"].look("/"), "receipts are owed all the same"
