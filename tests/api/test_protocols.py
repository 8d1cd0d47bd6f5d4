"""No flow to another body without a published protocol that runs: at leaving, at every look, to the second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.protocol_rules import load_protocols
from gateway.settings import Settings
from tests.api.support import comparable, entries, since
from tests.asked import agreed, approved, granted, opened
from tests.house import House, house_on
from vault.cases.partners import FIELDS
from vault.cases.protocols import categories_of
from vault.errors import ConfigurationError
from vault.vocabulary import FOLLOW_UP, Compartment, Kind, Purpose

SHIPPED = Path(load_protocols.__code__.co_filename).parent / "protocols.toml"
#: The first moment after the last day of these tests' protocols, in Belgium.
END = datetime(2026, 11, 5, 23, tzinfo=UTC)
Serve = Callable[..., House]


@pytest.fixture
def serve(sqlite_settings: Settings, tmp_path: Path) -> Iterator[Serve]:
    """A house whose protocols are the shipped ones, changed by replacing texts."""
    held = []

    def make(*changes: tuple[str, str]) -> House:
        text = SHIPPED.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "protocols.toml"
        file.write_text(text, "utf-8")
        one = house_on(sqlite_settings.model_copy(update={"protocols_file": file}))
        held.append(one)
        return one.__enter__()

    yield make
    for each in held:
        each.__exit__(None, None, None)


ENDS = ("until = 2099-12-31", "until = 2026-11-05")


def _code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["type"].rpartition(":")[2]


def test_a_sheet_leaves_while_the_protocol_runs_and_is_seen_until_it_ends(serve: Serve) -> None:
    house = serve(ENDS)
    coach, head = house.client("coach"), house.client("head")
    sheet = house.hand_over(coach, head, house.open_case(coach))
    late = house.open_case(coach, ov_number="8123457")
    house.clock.moment = datetime(2026, 11, 5, 22, 59, 59, tzinfo=UTC)
    for login in ("officer", "coach", "head", "auditor"):
        house.renew(login)
    officer = house.client("officer")
    assert officer.get(f"/sheets/{sheet}").status_code == 200
    house.clock.moment = END
    gone = officer.get(f"/sheets/{sheet}")
    assert comparable(gone) == comparable(officer.get(f"/sheets/{'ab' * 16}"))
    assert officer.get("/sheets").status_code == 403, "there is nothing to be listed for this body"
    coach, head = house.client("coach"), house.client("head")
    house.begin_closing(coach, late)
    before = len(entries(house))
    assert _code(head.post(f"/cases/{late}/steps/hand-over")) == (409, "protocol_missing")
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
    house.clock.moment = END
    for login in ("caritas", "coach"):
        house.renew(login)
    caritas = house.client("caritas")
    assert comparable(caritas.get(f"/referrals/{release}")) == comparable(caritas.get(f"/referrals/{'ab' * 16}"))
    body = {"status": "accepted", "message": "Vu."}
    assert caritas.post(f"/referrals/{release}/answers", json=body).status_code == 404
    assert caritas.get("/referrals").status_code == 403
    sent = house.client("coach").post(f"/cases/{case}/referrals/{waiting}/send")
    assert _code(sent) == (409, "protocol_missing")


def test_a_category_that_the_protocol_does_not_name_does_not_flow(serve: Serve) -> None:
    house = serve(('categories = ["identity", "contact", "status"]', 'categories = ["identity", "status"]'))
    coach = house.client("coach")
    case = house.open_case(coach)
    telephone = house.consent(coach, case, "caritas", ["family_name", "phone"])
    assert _code(coach.post(f"/cases/{case}/referrals/{telephone}/send")) == (409, "protocol_missing")
    name = house.consent(coach, case, "caritas", ["family_name"])
    assert coach.post(f"/cases/{case}/referrals/{name}/send").status_code == 201


def test_a_partner_without_a_protocol_gets_nothing(serve: Serve) -> None:
    house = serve(('party = "partner:caritas"', 'party = "partner:elsewhere"'))
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    assert _code(coach.post(f"/cases/{case}/referrals/{referral}/send")) == (409, "protocol_missing")
    house.refer(coach, case, "fedasil", fields=["family_name"])


def test_a_protocol_that_is_published_later_begins_then(serve: Serve) -> None:
    house = serve(("published_on = 2020-01-01", "published_on = 2026-11-05"))
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    send = f"/cases/{case}/referrals/{referral}/send"
    assert _code(coach.post(send)) == (409, "protocol_missing")
    house.clock.moment = datetime(2026, 11, 4, 23, tzinfo=UTC)  # midnight in Brussels
    house.renew("coach")
    assert house.client("coach").post(send).status_code == 201


@pytest.mark.parametrize("how", ["grant", "ceremony"])
def test_what_was_given_upon_a_request_ends_with_the_protocol(serve: Serve, how: str) -> None:
    house = serve(ENDS)
    house.clock.moment = datetime(2026, 11, 5, 22, 59, tzinfo=UTC)
    house.open_case(house.client("coach"), ov_number="8123450")
    about = {"by": "ov_number", "value": "8123450"}
    if how == "grant":
        release, waiting = granted(house, about=about), approved(house, about=about)
        path, go = f"/grants/{release}", f"/access-requests/{waiting}/grant"
    else:
        release, waiting = opened(house), agreed(house, ov_number="8123459")
        path, go = f"/ceremonies/{release}", f"/access-requests/{waiting}/ceremony"
    assert house.client("officer").get(path).status_code == 200
    house.clock.moment = END
    assert house.client("officer").get(path).status_code == 404
    assert _code(house.client("head").post(go)) == (409, "protocol_missing")


def test_a_grant_that_the_protocol_covers_in_part_does_not_go(serve: Serve) -> None:
    house = serve(('"outcome_sheet", "identity", "contact", "status"', '"outcome_sheet", "identity"'))
    house.open_case(house.client("coach"))
    number = approved(house)  # a name, and whether a procedure is pending
    assert _code(house.client("head").post(f"/access-requests/{number}/grant")) == (409, "protocol_missing")


def test_the_protocols_digest_stands_in_the_entries(serve: Serve) -> None:
    house = serve(ENDS)
    coach, head = house.client("coach"), house.client("head")
    sheet = house.hand_over(coach, head, house.open_case(coach))
    assert house.client("officer").get(f"/sheets/{sheet}").status_code == 200
    digest = load_protocols(house.settings.protocols_file).digest.hex()
    told = {(e["action"], e["kind"]) for e in entries(house) if e["config"] == digest}
    assert {("release_begun", "outcome_sheet"), ("read", "outcome_sheet")} <= told


# -- the file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('party = "follow_up"', 'party = "oversight"'), ('party = "follow_up"', 'party = "nobody"'),
        ('purposes = ["oqt_follow_up"]', 'purposes = ["referral"]'), ('purposes = ["oqt_follow_up"]', "purposes = []"),
        ('"outcome_sheet", "identity"', '"narrative", "identity"'),
        ('"outcome_sheet", "identity"', '"stay_analysis", "identity"'),
        ('"outcome_sheet", "identity"', '"sensitive", "identity"'),
        ("until = 2099-12-31", "until = 1999-12-31"), ("until = 2099-12-31", 'until = "soon"'),
        ("example = true", "example = true\nsecret = 1"), ('version = "shipped-1"', ""),
    ],
)  # fmt: skip
def test_a_file_that_says_more_than_could_ever_flow_does_not_load(tmp_path: Path, old: str, new: str) -> None:
    text = SHIPPED.read_text("utf-8")
    assert old in text
    file = tmp_path / "protocols.toml"
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ConfigurationError):
        load_protocols(file)


def test_an_empty_file_lets_nothing_flow(tmp_path: Path) -> None:
    file = tmp_path / "protocols.toml"
    file.write_text('version = "none"\n', "utf-8")
    found = load_protocols(file)
    now = datetime(2026, 11, 3, tzinfo=UTC)
    assert not found.covers(FOLLOW_UP, Purpose.OQT_FOLLOW_UP, (), now)


def test_every_field_of_a_referral_has_its_category() -> None:
    for name, field in FIELDS.items():
        assert categories_of(Kind.REFERRAL, [name]) == {field.compartment}
    assert categories_of(Kind.GRANT, ["family_name"]) == {Compartment.IDENTITY}
    assert categories_of(Kind.GRANT, ["address", "procedure_pending"]) == {Compartment.CONTACT, Compartment.STATUS}
    assert categories_of(Kind.OUTCOME_SHEET, ["anything"]) == {Compartment.OUTCOME_SHEET}
