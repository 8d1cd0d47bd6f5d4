"""One case, end to end, through the HTTP interface, on both databases."""

from __future__ import annotations

from tests.crash.checks import faults
from tests.house import CASE, House


def test_a_note_is_written_read_and_traced(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case, "Elle a faim.")
    read = coach.get(f"/cases/{case}/notes/{note}")
    assert read.status_code == 200
    assert read.json()["text"] == "Elle a faim."
    assert coach.get(f"/cases/{case}/identity").json()["people"][0]["family_name"] == "Diallo"
    assert coach.get(f"/cases/{case}/contact").json()["phone"] == "0499 00 00 11"
    trail = house.client("auditor").get("/entries?limit=100").json()["entries"]
    assert [entry["object"] for entry in trail if entry["kind"] == "note" and entry["action"] == "read"] == [note]


def test_only_the_sheet_reaches_follow_up(house: House) -> None:
    coach, head, officer = house.client("coach"), house.client("head"), house.client("officer")
    case = house.open_case(coach)
    house.write_note(coach, case)
    release = house.hand_over(coach, head, case)
    assert [sheet["release"] for sheet in officer.get("/sheets").json()["sheets"]] == [release]
    sheet = officer.get(f"/sheets/{release}").json()
    assert sheet["outcome_code"] == "REFUSED"
    assert sheet["ov_number"] == "8123456"
    assert "Diallo" not in str(sheet)


def test_a_partner_reads_the_referral_addressed_to_it(house: House) -> None:
    coach = house.client("coach")
    release = house.refer(coach, house.open_case(coach))
    assert house.client("caritas").get(f"/referrals/{release}").json()["family_name"] == "Diallo"
    assert house.client("fedasil").get(f"/referrals/{release}").status_code == 404


def test_a_confided_address_never_becomes_one_of_the_official_file(house: House) -> None:
    """What follow-up may ever ask for is an ADMIN address: an edit must not make one."""
    coach = house.client("coach")
    case = house.open_case(coach)
    sheet = CASE["contact"] | {"provenance": "interview"}
    path, version = f"/cases/{case}/contact", 1
    for before, after, status in (
        ("interview", "interview", 200),
        ("interview", "admin", 400),
        ("interview", "partner", 200),
        ("partner", "admin", 400),
    ):
        reply = coach.put(path, json=sheet | {"provenance": after, "based_on": version})
        assert reply.status_code == status, (before, after, reply.text)
        version += status == 200
        told = coach.get(path).json()
        assert told["provenance"] == (after if status == 200 else before)
        assert told["version"] == version, "a refused edit writes nothing"
    assert faults(house.settings) == []
