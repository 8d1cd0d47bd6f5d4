"""Referrals by pages: proposed, agreed, sent, answered, taken in, taken back, confirmed; what no page shows before."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

import gateway
from gateway.settings import Settings
from tests.crash.checks import faults
from tests.house import House, house_on
from tests.pages.visiting import Visitor

FIELDS: Final = ["family_name", "phone", "language"]


@pytest.fixture
def case(lite_house: House) -> str:
    return lite_house.open_case(lite_house.client("coach"))


def proposed(coach: Visitor, case: str, **changed: Any) -> str:
    form = {"need": "caritas/shelter", "fields": FIELDS} | changed
    return coach.send(f"/cases/{case}/referrals/new", **form).partition("?")[0]


def agreed(coach: Visitor, case: str) -> str:
    place = proposed(coach, case)
    coach.send(place, act="consent", fields=["family_name", "phone"], expires_on="2026-12-31")
    return place


def test_a_referral_goes_its_way_by_pages(lite_house: House, case: str) -> None:
    house, coach, partner, dpo = lite_house, *(Visitor(lite_house, login) for login in ("coach", "caritas", "dpo"))
    assert "No referral was proposed yet." in coach.look(f"/cases/{case}/referrals")
    place = proposed(coach, case)
    page = coach.look(place)
    assert "Send it to the partner" not in page, "nothing can be sent before the person agreed"
    assert "Family name, Telephone, Language" in page
    coach.send(place, act="consent", fields=["family_name", "phone"], expires_on="2026-12-31")
    assert "Nothing was sent to you." in partner.look("/")
    coach.send(place, act="send")
    assert "can see it" in coach.look(place)
    release = re.search(r"/referrals/([0-9a-f]{32})", partner.look("/"))
    assert release is not None
    seen = partner.look(f"/referrals/{release[1]}")
    assert "Diallo" in seen
    assert "Aminata" not in seen
    partner.send(f"/referrals/{release[1]}", status="accepted", message="Mme Diallo peut venir lundi.")
    home = coach.look("/")
    answer = re.search(rf"{place}/answers/([0-9a-f]{{32}})", home)
    assert answer is not None
    at = f"{place}/answers/{answer[1]}"
    assert "lundi" not in coach.look(at), "opened after a click, which is logged"
    reading = coach.send(at, 200, _look="yes")
    assert "Mme Diallo peut venir lundi." in reading
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', reading)
    assert digest is not None
    coach.send(at, digest=digest[1])
    kept = coach.look(at)
    assert "peut venir lundi." in kept
    assert "Diallo" not in kept
    assert "Accepted by the partner" in coach.look(place)
    assert "An answer to open" not in coach.look("/")
    coach.send(place, act="withdraw")
    partner.look(f"/referrals/{release[1]}", 404)
    assert "say what became of your copies" in partner.look("/")
    house.clock.move(days=40)
    coach, partner, dpo = (_again(house, login) for login in ("coach", "caritas", "dpo"))
    assert "No receipt yet" in coach.look("/")
    assert "late" in dpo.look("/withdrawals")
    partner.send(f"/withdrawals/{release[1]}", outcome="deleted")
    assert "Copies deleted" in partner.look("/withdrawals")
    assert "Copies deleted" in coach.look(place)
    assert "No receipt is overdue." in dpo.look("/withdrawals")
    assert "Copies deleted" in dpo.look("/withdrawals?all=1")
    assert faults(house.settings) == []


def _again(house: House, login: str) -> Visitor:
    house.renew(login)
    return Visitor(house, login)


@pytest.mark.parametrize(
    "changed",
    [{"need": ""}, {"need": "caritas"}, {"need": "caritas/gold"}, {"need": "nobody/shelter"}, {"need": "A B/shelter"},
     {"fields": []}, {"fields": ["ov_number"]}],
)  # fmt: skip
def test_a_proposal_that_cannot_be_meant_comes_back_as_it_was(
    lite_house: House, case: str, changed: dict[str, Any]
) -> None:
    coach = Visitor(lite_house, "coach")
    page = coach.send(f"/cases/{case}/referrals/new", 422, **{"need": "caritas/shelter", "fields": FIELDS} | changed)
    assert "There is a problem" in page
    assert page.count(" checked") == len(set(changed.get("fields", FIELDS)) & set(FIELDS))
    assert lite_house.client("coach").get(f"/cases/{case}/referrals").json()["referrals"] == []


@pytest.mark.parametrize(
    "changed",
    [{"fields": []}, {"fields": ["email"]}, {"expires_on": ""}, {"expires_on": "soon"}, {"expires_on": "2020-01-01"},
     {"expires_on": "9999-12-31"}],
)  # fmt: skip
def test_a_consent_that_cannot_be_meant_is_not_written_down(
    lite_house: House, case: str, changed: dict[str, Any]
) -> None:
    coach = Visitor(lite_house, "coach")
    place = proposed(coach, case)
    form = {"act": "consent", "fields": ["phone"], "expires_on": "2026-12-31"} | changed
    assert "There is a problem" in coach.send(place, 422, **form)
    assert "nothing yet" in coach.look(place)


@pytest.mark.parametrize("now", ["2026-11-02T22:59", "2026-11-02T23:01", "2026-11-03T23:30"])
def test_the_day_that_is_offered_can_be_taken(sqlite_settings: Settings, tmp_path: Path, now: str) -> None:
    """Where the office lets a consent last for less than what is offered elsewhere, at whatever time of the day."""
    rules = (Path(gateway.__file__).parent / "referrals.toml").read_text("utf-8").replace("days = 366", "days = 9")
    (tmp_path / "referrals.toml").write_text(rules, "utf-8")
    with house_on(sqlite_settings.model_copy(update={"referrals": tmp_path / "referrals.toml"})) as house:
        house.clock.moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
        case, coach = house.open_case(house.client("coach")), Visitor(house, "coach")
        place = proposed(coach, case)
        offered = re.search(r'name="expires_on"[^>]*value="([0-9-]+)"|value="([0-9-]+)"[^>]*name="expires_on"',
                            coach.look(place))  # fmt: skip
        assert offered is not None
        coach.send(place, act="consent", fields=["phone"], expires_on=offered[1] or offered[2])


def test_steps_that_are_not_possible_now_say_so(lite_house: House, case: str) -> None:
    coach = Visitor(lite_house, "coach")
    place = proposed(coach, case)
    for act in ("send", "withdraw"):
        coach.send(place, 422, act=act)
    coach.send(place, 404, act="burn")
    coach.send(place, act="decline")
    assert "Write the consent down" not in coach.look(place)


def test_the_head_ends_every_consent_while_the_coach_is_away(lite_house: House, case: str) -> None:
    coach, head, partner = (Visitor(lite_house, login) for login in ("coach", "head", "caritas"))
    coach.send(agreed(coach, case), act="send")
    assert "The person takes everything back" in head.look(f"/cases/{case}")
    head.look(f"/cases/{case}/referrals", 403)
    head.send(f"/cases/{case}/withdrawal")
    assert "Nothing was sent to you." in partner.look("/")


def test_nobody_else_looks_at_or_answers_a_referral(lite_house: House, case: str) -> None:
    coach, colleague, other = (Visitor(lite_house, login) for login in ("coach", "colleague", "fedasil"))
    place = agreed(coach, case)
    coach.send(place, act="send")
    release = lite_house.client("caritas").get("/referrals").json()["referrals"][0]["release"]
    for path in (f"/cases/{case}/referrals", place):
        colleague.look(path, 404)
    colleague.send(place, 404, act="withdraw")
    other.look(f"/referrals/{release}", 404)
    other.send(f"/referrals/{release}", 404, status="accepted", message="")
    other.look(f"/withdrawals/{release}", 404)


def test_an_answer_without_a_choice_or_a_message_is_not_sent(lite_house: House, case: str) -> None:
    coach, partner = Visitor(lite_house, "coach"), Visitor(lite_house, "caritas")
    coach.send(agreed(coach, case), act="send")
    release = lite_house.client("caritas").get("/referrals").json()["referrals"][0]["release"]
    for form in ({"message": "Complet."}, {"status": "answered", "message": " "}, {"status": "sent", "message": "a"}):
        page = partner.send(f"/referrals/{release}", 422, **form)
        assert form["message"].strip() in page
    assert lite_house.waiting(lite_house.client("coach")) == []
