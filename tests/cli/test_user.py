"""What staff do on the command line: cases, notes, what was released, the access history."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.kit import UNKNOWN, Shell, signed_in
from tests.house import CASE, House


@pytest.fixture
def case(desk: Shell, lite_house: House) -> str:
    """A case of `coach`, opened from a file, with its notice given."""
    signed_in(lite_house, "coach")
    Path("case.json").write_text(json.dumps(CASE), "utf-8")
    reference = desk.ok("case", "open", "case.json").out.strip()
    desk.ok("case", "give-notice", reference, "--language", "fr", "--leaflet", "2026-1")
    return reference


def write(desk: Shell, case: str, text: str = "Vu Aminata Diallo.") -> str:
    return desk.ok("note", "write", case, "-", "--language", "fr", typed=text).out.strip()


def test_a_case_is_opened_found_and_read(desk: Shell, case: str) -> None:
    assert desk.ok("case", "list").rows[0][0] == case
    assert desk.ok("case", "list", "--state", "closed").rows == []
    assert desk.ok("case", "find", "--ov", "8123456").rows[0][0] == case
    assert desk.run("case", "find").code == 2
    assert "people.1.family_name\tDiallo" in desk.ok("case", "identity", case).out
    assert desk.ok("case", "contact", case, "--json").json["phone"] == "0499 00 00 11"
    assert desk.ok("case", "show", case, "--json").json["notice_given"] is True


def test_a_case_is_opened_from_options(desk: Shell, lite_house: House) -> None:
    signed_in(lite_house, "coach")
    words = ("case", "open", "--region", "brussels", "--language", "nl", "--given-names", "Jan")
    assert desk.ok(*words, typed="Verzonnen\n").out.split()[-1].startswith("C-")
    assert desk.run("case", "open").code == 2
    wrong = desk.refused("invalid_identifier", *words, "--national-number", "85073003329", typed="Verzonnen\n")
    assert "85073003329" not in wrong.err
    Path("bad.json").write_text('{"region": ', "utf-8")
    assert desk.run("case", "open", "bad.json").code == 2


def test_unknown_and_foreign_cases_read_alike(desk: Shell, lite_house: House, case: str) -> None:
    signed_in(lite_house, "colleague")
    foreign = desk.refused("not_found", "case", "show", case)
    unknown = desk.refused("not_found", "case", "show", UNKNOWN)
    assert foreign.err == unknown.err
    desk.refused("invalid_identifier", "case", "show", "C-0000")
    assert desk.run("case", "show", "..").code == 2


def test_a_note_is_written_read_and_revealed(desk: Shell, case: str) -> None:
    note = write(desk, case)
    assert desk.ok("note", "read", case, note).out == "Vu [PERSONNE-1].\n"
    assert desk.ok("note", "reveal", case, note, "--reason", "letter to the court").out == "Vu Aminata Diallo.\n"
    assert desk.refused("invalid_input", "note", "reveal", case, note, "--reason", "x").out == ""
    assert desk.ok("note", "search", "vu").rows[0][1] == note
    assert desk.ok("note", "list", case).rows[0][0] == note


def test_no_note_before_the_notice_and_what_was_typed_is_kept(desk: Shell, lite_house: House, tmp_path: Path) -> None:
    signed_in(lite_house, "coach")
    case = lite_house.open_case(lite_house.client("coach"), notice=False)
    ran = desk.refused("notice_missing", "note", "write", case, "-", "--language", "fr", typed="Mot-témoin confié.")
    assert "Mot-témoin" not in ran.err
    (kept,) = (tmp_path / "state" / "parefeu" / "kept").iterdir()
    assert kept.read_text() == "Mot-témoin confié."
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_two_people_revise_and_nobody_loses_text(desk: Shell, case: str, tmp_path: Path) -> None:
    note = write(desk, case, "Première.")
    desk.ok("note", "revise", case, note, "-", typed="Deuxième.")
    ran = desk.refused("stale_version", "note", "revise", case, note, "-", "--based-on", "1", typed="La mienne.")
    assert "Deuxième." in ran.out
    assert "La mienne." in ran.out
    (kept,) = (tmp_path / "state" / "parefeu" / "kept").iterdir()
    assert kept.read_text() == "La mienne."
    assert desk.ok("note", "read", case, note, "--version", "1").out == "Première.\n"
    assert len(desk.ok("note", "list", case, note).rows) == 2


def test_a_referral_is_made_answered_and_withdrawn(desk: Shell, lite_house: House, case: str) -> None:
    partners = desk.ok("refer", "partners", "--json").json["partners"]
    assert {found["partner"] for found in partners} >= {"caritas", "fedasil"}
    assert all("phone" in found["fields"] for found in partners)
    words = ("--partner", "caritas", "--need", "shelter", "--field", "phone", "--field", "address")
    referral = desk.ok("refer", "propose", case, *words).out.strip()
    desk.refused("consent_missing", "refer", "send", case, referral)
    desk.ok("refer", "consent", case, referral, "--field", "phone", "--until", "2026-12-31")
    release = desk.ok("refer", "send", case, referral).out.split()[-1]
    signed_in(lite_house, "caritas")
    (line,) = desk.ok("referrals", "list").rows
    assert line[0] == release
    shown = desk.ok("referrals", "show", release, "--json").json
    assert (shown["phone"], shown["address"]) == ("0499 00 00 11", None)
    desk.ok("referrals", "answer", release, "-", "--status", "accepted", typed="Aminata Diallo peut venir.")
    (waiting,) = desk.ok("refer", "answers").rows
    taken = desk.ok("refer", "take", case, referral, waiting[3]).out
    assert "message\t[PERSONNE-1] peut venir." in taken
    assert desk.ok("refer", "read", case, referral, waiting[3]).out == taken
    assert desk.ok("refer", "list", case).rows[0][3] == "accepted"
    desk.ok("refer", "withdraw", case, referral)
    desk.refused("not_found", "referrals", "show", release)
    assert desk.ok("refer", "receipts").rows == []
    lite_house.clock.move(days=15)
    for login in ("coach", "caritas", "dpo"):
        lite_house.renew(login)
        signed_in(lite_house, login)
    assert desk.ok("refer", "receipts").rows[0][:3] == [case, referral, "caritas"]
    assert desk.ok("audit", "receipts").rows[0][0] == "caritas"
    assert desk.ok("referrals", "withdrawn").rows[0][0] == release
    desk.ok("referrals", "receipt", release, "--outcome", "deleted")
    assert desk.ok("refer", "receipts").rows == []
    assert desk.ok("audit", "receipts").rows == []
    assert "receipt\tdeleted" in desk.ok("refer", "show", case, referral).out
    other = desk.ok("refer", "propose", case, *words).out.strip()
    assert "declined" in desk.ok("refer", "decline", case, other).out
    assert "withdrawn" in desk.ok("refer", "withdraw", case).out


def test_the_sheet_and_the_trail(desk: Shell, lite_house: House, case: str) -> None:
    desk.refused("illegal_step", "case", "begin-closing", case, "--outcome", "REFUSED")
    for _ in range(2):
        desk.ok("case", "explain-consequences", case, "--language", "fr")
        desk.ok("case", "begin-closing", case, "--outcome", "REFUSED")
        desk.ok("case", "resume", case)
    desk.ok("case", "explain-consequences", case, "--language", "fr")
    desk.ok("case", "begin-closing", case, "--outcome", "REFUSED")
    desk.refused("access_denied", "case", "hand-over", case)
    signed_in(lite_house, "head")
    desk.ok("case", "hand-over", case)
    for login in ("officer", "auditor"):
        signed_in(lite_house, login)
    (sheet,) = desk.ok("sheets", "list").rows
    assert "outcome_code\tREFUSED" in desk.ok("sheets", "show", sheet[0], "--zone", "follow_up").out
    entries = desk.ok("audit", "list", "--limit", "100", "--json").json["entries"]
    released = next(entry for entry in entries if entry["action"] == "release_begun")
    assert desk.ok("audit", "detail", released["entry"], "--json").json["actor_name"] == "Head"
    about = desk.ok("audit", "list", "--subject", released["subject"], "--json").json["entries"]
    assert {entry["subject"] for entry in about} == {released["subject"]}


def test_output_steers_no_terminal() -> None:
    from gateway.cli.output import clean

    assert "\x1b" not in clean("a\x1b[2Jb\x9b31m")
    assert clean("line\nnext\ttab") == "line\nnext\ttab"


def test_the_editor_gets_a_private_file_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.cli.editor import edit

    script = tmp_path / "editor"
    script.write_text(f'#!/bin/sh\nstat -c "%a %n" "$1" > {tmp_path}/seen\nprintf " Deuxième." >> "$1"\n', "utf-8")
    script.chmod(0o700)
    monkeypatch.setenv("EDITOR", str(script))
    assert edit("Première.") == "Première. Deuxième."
    mode, _, name = (tmp_path / "seen").read_text().strip().partition(" ")
    assert mode == "600"
    assert not Path(name).exists()
