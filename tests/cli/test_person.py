"""What the person can ask, by command: passed on by a coach, answered by the DPO, checked without a key."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.kit import UNKNOWN, Shell, signed_in
from tests.house import House


def test_a_request_is_passed_on_answered_and_checked(desk: Shell, lite_house: House, tmp_path: Path) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    lite_house.write_note(coach, case)
    for login in ("coach", "dpo"):
        signed_in(lite_house, login)
    number = desk.ok("person", "ask", case).out.strip()
    ((shown, name, *_),) = desk.ok("person", "requests").rows
    assert shown == number
    kept = tmp_path / "report.json"
    told = desk.ok("person", "access-report", number, "--lang", "nl", "--out", kept).out
    assert "Wie heeft uw dossier ingekeken" in told
    assert "Genoteerd of gewijzigd: wat u vertelde" in told
    assert "Qui a consulté" in desk.ok("person", "access-report", name.lower()).out
    home = lite_house.settings.home
    assert "sound" in desk.ok("person", "check", kept, "--home", home).out
    report = json.loads(kept.read_text("utf-8"))
    for changed in ({"consultations": 0}, {"signature": ""}, {"signature": "not base64"}, {"days": []}):
        kept.write_text(json.dumps(report | changed), "utf-8")
        desk.refused("envelope_rejected", "person", "check", kept, "--home", home)
    for content in ("[]", "{", ""):
        kept.write_text(content, "utf-8")
        desk.refused("invalid_input", "person", "check", kept, "--home", home)


def test_what_nobody_asked_for_is_not_made(desk: Shell, lite_house: House) -> None:
    for login in ("coach", "dpo"):
        signed_in(lite_house, login)
    desk.refused("not_found", "person", "ask", UNKNOWN)
    desk.refused("not_found", "person", "access-report", "ab" * 16)
    desk.refused("not_found", "person", "access-report", "V-0000-0000-0000-0000-0000-0000-00X")
    assert desk.run("person", "access-report", "ab" * 16, "--lang", "es").code == 2
