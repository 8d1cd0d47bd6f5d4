"""What a record's row says of it is sealed with it: a row that says something else does not open."""

from __future__ import annotations

import sqlite3

import pytest

from tests.house import House


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("provenance", "admin"),
        ("template", "closing"),
        ("language", "nl"),
        ("author", bytes(16)),
        ("written_at", 1),
    ],
)
def test_a_row_that_was_changed_does_not_open(lite_house: House, column: str, value: object) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    note = lite_house.write_note(coach, case)
    assert coach.get(f"/cases/{case}/notes/{note}").status_code == 200
    with sqlite3.connect(lite_house.settings.home / "main.db") as rogue:
        rogue.execute("DROP TRIGGER tr_records_entry")  # somebody who owns the file owns its triggers
        rogue.execute(f"UPDATE records SET {column} = ? WHERE record_id = ?", (value, bytes.fromhex(note)))
    rogue.close()
    refused = coach.get(f"/cases/{case}/notes/{note}")
    assert refused.status_code == 500
    assert refused.json()["type"] == "urn:problem-type:parefeu:record_tampered"


def test_a_look_from_elsewhere_keeps_a_detail_of_its_own_and_one_from_here_points_to_the_sign_in(
    lite_house: House,
) -> None:
    from gateway.auth.passwords import hash_password
    from tests.unit.crypto.kit import ENTROPY

    password = "an invented passphrase"
    lite_house.hire("coach", password=hash_password(password, ENTROPY))
    begun = lite_house.app.post(
        "/casework/session", json={"login": "coach", "password": password, "code": lite_house.code("coach")}
    ).json()
    lite_house.tokens["coach"] = begun["token"]
    coach = lite_house.client("coach")
    lite_house.open_case(coach)
    auditor = lite_house.client("auditor")
    entries = auditor.get("/entries?limit=50").json()["entries"]
    opened = next(entry for entry in entries if entry["action"] == "create")
    detail = auditor.get(f"/entries/{opened['entry']}/detail").json()
    assert detail["actor_name"] == "Coach"
    assert detail["session"] == next(entry["entry"] for entry in entries if entry["action"] == "signed_in")
    assert detail["reason"] == ""
