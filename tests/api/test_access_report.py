"""Who consulted what of a case, for the person: complete over all zones, nameless, signed, and not for everybody."""

from __future__ import annotations

import json
import secrets
from base64 import b64decode
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.stage import Stage
from tests.api.support import comparable, entries, since
from tests.house import Caller, House
from tests.log.kit import Keeper, jump
from vault.errors import EnvelopeRejected
from vault.usecases.access_report import SIGNED_AS, signed_bytes
from vault.vocabulary import OVERSIGHT


def lines(report: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """(manner, category, function, service) of every line."""
    return [
        (line["manner"], line["category"], line["function"], line["service"])
        for day in report["days"]
        for line in day["lines"]
    ]


def asked(house: House, case: str) -> str:
    reply = house.client("coach").post(f"/cases/{case}/access-report")
    assert reply.status_code == 201, reply.text
    release: str = reply.json()["release"]
    return release


def reported(dpo: Caller, release: str, **query: str) -> dict[str, Any]:
    reply = dpo.get(f"/access-reports/{release}", params=query)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["report"]
    return found


def test_the_report_joins_what_every_zone_logged_under_its_own_name_of_the_case(house: House) -> None:
    coach, officer, caritas = house.client("coach"), house.client("officer"), house.client("caritas")
    case = house.open_case(coach)
    note = house.write_note(coach, case)
    assert coach.get(f"/cases/{case}/notes/{note}").status_code == 200
    assert house.client("colleague").get(f"/cases/{case}/notes/{note}").status_code == 404
    referral = house.refer(coach, case)
    assert caritas.get(f"/referrals/{referral}").status_code == 200
    sheet = house.hand_over(coach, house.client("head"), case)
    assert officer.get(f"/sheets/{sheet}").status_code == 200
    other = house.open_case(house.client("colleague"), ov_number="8123457")
    assert house.client("colleague").get(f"/cases/{other}").status_code == 200
    copy = next(e["object"] for e in entries(house) if e["action"] == "release_begun" and e["outcome"] == "oversight")
    assert house.client("auditor").get(f"/sheets/{copy}").status_code == 200

    report = reported(house.client("dpo"), asked(house, case))
    found = lines(report)
    assert ("consulted", "narrative", "coach", "casework") in found
    assert ("consulted", "contact", "partner_agent", "partner:caritas") in found
    assert ("consulted", "outcome_sheet", "follow_up_officer", "follow_up") in found
    passed_on = {line["recipient"] for day in report["days"] for line in day["lines"] if line["manner"] == "passed_on"}
    assert passed_on == {"partner:caritas", "follow_up", "oversight"}
    assert report["refused"] == 1
    assert report["withheld"] == [{"reason": "check_under_way", "count": 1}]
    # Complete: each entry about the case under any of its names is shown or counted, once.
    dpo = house.client("dpo")
    rows = dpo.get("/access-reports").json()["requests"]
    assert [row["pseudonym"] for row in rows] == [report["pseudonym"]]
    # Whose the case is now is said beside the act that made it so, which is there itself.
    about = [e for e in entries(house) if e["subject"] and e["action"] != "entrusted"]
    others = {
        e["subject"] for e in about if e["actor"] == house.staff["colleague"].log_name and e["decision"] == "allow"
    }
    mine = [e for e in about if e["subject"] not in others]
    made = [e for e in mine if (e["action"], e["kind"], e["zone"]) == ("read", "access_report", "oversight")]
    assert report["consultations"] + report["refused"] + 1 == len(mine) - len(made)


def test_the_report_shows_a_partners_looks_and_that_its_sight_was_ended(lite_house: House) -> None:
    house, coach, caritas = lite_house, lite_house.client("coach"), lite_house.client("caritas")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    release = house.send(coach, case, referral)
    for _ in range(2):
        assert caritas.get(f"/referrals/{release}").status_code == 200
    house.answer(caritas, release)
    house.withdraw(coach, case, referral)
    assert caritas.get(f"/referrals/{release}").status_code == 404
    assert caritas.post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"}).status_code == 201
    reply = house.client("dpo").get(f"/access-reports/{asked(house, case)}", params={"lang": "en"}).json()
    found = {
        (line["manner"], line["category"], line["service"], line["recipient"]): line["count"]
        for day in reply["report"]["days"]
        for line in day["lines"]
    }
    assert found["passed_on", "contact", "casework", "partner:caritas"] == 1
    assert found["consulted", "contact", "partner:caritas", ""] == 2
    assert found["recorded", "narrative", "partner:caritas", ""] == 1
    assert found["taken_back", "contact", "casework", "partner:caritas"] == 1
    assert found["recorded", "status", "partner:caritas", ""] == 1  # the receipt
    assert "Your consent taken back, access closed for" in reply["text"]


def test_no_name_of_staff_and_no_id_of_theirs_is_in_the_reply(lite_house: House) -> None:
    stage = Stage(lite_house)
    case, note = stage.noted()
    lite_house.client("coach").get(f"/cases/{case}/notes/{note}")
    reply = lite_house.client("dpo").get(f"/access-reports/{asked(lite_house, case)}", params={"lang": "nl"}).text
    for row in lite_house.staff.values():
        for secret in (row.log_name, row.id.hex(), row.display_name + '"', row.login + '"'):
            if secret not in ('coach"', 'dpo"'):  # the words for the functions
                assert secret not in reply
    assert case not in reply
    assert "Diallo" not in reply
    assert not [
        e["subject"] for e in entries(lite_house) if e["subject"][:2] in ("L-", "F-", "P-") and e["subject"] in reply
    ]


def test_the_report_names_the_tree_and_the_leaf_of_each_line(house: House) -> None:
    case, _ = Stage(house).noted()
    release = asked(house, case)
    dpo = house.client("dpo")
    house.clock.move(seconds=2)
    before = reported(dpo, release)
    assert before["checkpoint"] is None
    assert before["unsequenced"] == before["consultations"] > 0
    keeper = Keeper(house)
    try:
        keeper.turn()
        report = reported(dpo, release, until=before["made_at"])
        head = house.services.worker.run(OVERSIGHT, lambda uow: uow.trail.newest())
    finally:
        keeper.close()
    assert report["unsequenced"] == 0
    assert report["checkpoint"]["origin"] == head.origin
    assert (report["checkpoint"]["size"], b64decode(report["checkpoint"]["root"])) == (head.size, head.root)
    leaves = [
        index
        for day in report["days"]
        for line in day["lines"]
        for place in line["leaves"]
        for index in place["indexes"]
    ]
    assert len(leaves) == len(set(leaves)) == report["consultations"]
    with house.services.store.main.engine.connect() as connection:
        prefix = "" if house.settings.sqlite else "log."
        rows = connection.execute(
            text(f"SELECT l.leaf, e.body FROM {prefix}leaves l JOIN {prefix}entries e ON e.entry_id = l.entry_id")
        ).all()
    bodies = {row[0]: json.loads(bytes(row[1])) for row in rows}
    subjects = {bodies[leaf]["subject"] for leaf in leaves}
    assert all(subjects)
    assert {subject[0] for subject in subjects} == {"L", "V"}


def test_the_signature_is_oversights_and_over_every_word(lite_house: House) -> None:
    report = reported(lite_house.client("dpo"), Stage(lite_house).report_asked())
    key = lite_house.services.directory.of(OVERSIGHT).verify
    signature = b64decode(report["signature"])
    key.verify(signed_bytes(report), signature, SIGNED_AS)
    for name in set(report) - {"signature", "signed_by"}:
        with pytest.raises(EnvelopeRejected):
            key.verify(signed_bytes(report | {name: "another"}), signature, SIGNED_AS)


def test_making_a_report_is_logged_and_shown_in_the_next(lite_house: House) -> None:
    release, dpo = Stage(lite_house).report_asked(), lite_house.client("dpo")
    before = len(entries(lite_house))
    reported(dpo, release)
    (made,) = since(lite_house, before)
    assert (made["action"], made["kind"], made["purpose"]) == ("read", "access_report", "data_protection")
    assert made["subject"].startswith("V-")
    assert ("consulted", "status", "dpo", "oversight") in lines(reported(dpo, release))


@pytest.mark.parametrize(
    ("login", "status"), [("auditor", 403), ("officer", 401), ("coach", 401), ("caritas", 401), ("dpo", 200)]
)
def test_the_data_protection_officer_alone_makes_it(lite_house: House, login: str, status: int) -> None:
    release = Stage(lite_house).report_asked()
    token = lite_house.client(login).token
    for path in (f"/oversight/access-reports/{release}", "/oversight/access-reports"):
        reply = lite_house.app.get(path, headers={"authorization": f"Bearer {token}"})
        assert reply.status_code == status, reply.text


def test_what_is_no_request_is_as_unknown_as_none(lite_house: House) -> None:
    stage, dpo = Stage(lite_house), lite_house.client("dpo")
    nowhere = dpo.get(f"/access-reports/{secrets.token_hex(16)}")
    assert nowhere.status_code == 404
    for release in (stage.sheet(), stage.oversight_sheet(), stage.referral("caritas")):
        assert comparable(dpo.get(f"/access-reports/{release}")) == comparable(nowhere)
    # Nor is a request an outcome sheet.
    auditor = lite_house.client("auditor")
    assert auditor.get(f"/sheets/{stage.report_asked()}").status_code == 404


def test_after_three_months_the_names_open_no_more(lite_house: House) -> None:
    release = Stage(lite_house).report_asked()
    lite_house.client("dpo")
    jump(lite_house, days=91)
    assert lite_house.client("dpo").get(f"/access-reports/{release}").status_code == 200
    jump(lite_house, days=1)
    assert lite_house.client("dpo").get(f"/access-reports/{release}").status_code == 404
    assert lite_house.client("dpo").get("/access-reports").json()["requests"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"lang": "es"}, {"lang": ""}, {"since": "yesterday"}, {"since": "2026-11-05", "until": "2026-11-05"},
        {"since": "2026-11-06T00:00:00Z", "until": "2026-11-05T00:00:00Z"},
    ],
)  # fmt: skip
def test_odd_questions_are_refused_before_anything_opens(lite_house: House, query: dict[str, str]) -> None:
    reply = lite_house.client("dpo").get(f"/access-reports/{Stage(lite_house).report_asked()}", params=query)
    assert reply.status_code == 400, reply.text


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_period_that_no_clock_of_brussels_knows_is_refused(lite_house: House, moment: str) -> None:
    coach, dpo = lite_house.client("coach"), lite_house.client("dpo")
    release = coach.post(f"/cases/{lite_house.open_case(coach)}/access-report").json()["release"]
    for name in ("since", "until"):
        heard = dpo.get(f"/access-reports/{release}", params={name: moment})
        assert heard.status_code == 400, heard.text


def test_a_period_holds_its_beginning_and_not_its_end(lite_house: House) -> None:
    house = lite_house
    case = house.open_case(house.client("coach"))
    house.clock.move(hours=2)
    moment = house.clock.moment
    assert house.client("coach").get(f"/cases/{case}").status_code == 200
    release = asked(house, case)
    later = reported(house.client("dpo"), release, since=moment.isoformat())
    earlier = reported(house.client("dpo"), release, until=moment.isoformat())
    assert ("recorded", "status", "coach", "casework") not in lines(later)
    assert ("consulted", "status", "coach", "casework") in lines(later)
    assert ("consulted", "status", "coach", "casework") not in lines(earlier)
    whole = reported(house.client("dpo"), release)
    made = sum(line[2:] == ("dpo", "oversight") for line in lines(whole))
    assert made >= 1
