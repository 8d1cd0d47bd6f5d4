"""What a coach records, on the command line."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.cli.kit import UNKNOWN, Shell, signed_in
from tests.crash.checks import faults
from tests.flow_paths import Paths
from tests.house import CASE, House, MovableClock, house_on
from tests.recorded import pdf, png, save_draft, send_file
from vault.cases.facts import CODES
from vault.cases.flow import State


@pytest.fixture
def case(desk: Shell, lite_house: House) -> str:
    """A case of `coach` with its notice given."""
    signed_in(lite_house, "coach")
    Path("case.json").write_text(json.dumps(CASE), "utf-8")
    reference = desk.ok("case", "open", "case.json").out.strip()
    desk.ok("case", "give-notice", reference, "--language", "fr", "--leaflet", "2026-1")
    return reference


def test_the_codes_are_listed_with_their_compartment(desk: Shell) -> None:
    rows = desk.ok("fact", "codes").rows
    assert len(rows) == len(CODES)
    assert ["sensitive", "school"] in [row[:2] for row in rows]
    assert {row[0] for row in desk.ok("fact", "codes", "return-plan").rows} == {"return-plan"}
    assert desk.run("fact", "codes", "outcome-sheet").code == 2


def test_a_fact_is_recorded_revised_corrected_and_shown(desk: Shell, case: str) -> None:
    Path("detail.txt").write_text("Va à l'école avec Aminata Diallo.", "utf-8")
    fact = desk.ok(
        "fact", "add", case, "school", "primary", "--about", "Aminata Diallo", "--detail", "detail.txt"
    ).out.strip()
    row = desk.ok("fact", "list", case, "--in", "sensitive").rows[0]
    assert row[2:4] == ["school", "primary"]
    assert "[PERSONNE-1]" in row
    assert (
        desk.ok("fact", "revise", case, fact, "--in", "sensitive", "--on", "2026-09").out.strip().endswith("version 2")
    )
    words = ("fact", "revise", case, fact, "--in", "sensitive", "--value", "secondary", "--correct", "mal compris")
    assert desk.ok(*words).out.strip().endswith("version 3")
    shown = desk.ok("fact", "show", case, fact, "--in", "sensitive", "--json").json
    assert [(one["version"], one["value"], one["on"]) for one in (*shown["facts"], *shown["earlier"])] == [
        (3, "secondary", "2026-09"), (2, "primary", "2026-09"), (1, "primary", ""),
    ]  # fmt: skip
    assert "version 2: mal compris" in desk.ok("fact", "show", case, fact, "--in", "sensitive").out
    desk.ok("fact", "revise", case, fact, "--in", "sensitive", "--over")
    assert desk.ok("fact", "list", case, "--in", "sensitive", "--json").json["facts"][0]["holds"] is False


def test_a_fact_that_cannot_be_meant_is_refused_in_one_line(desk: Shell, case: str) -> None:
    desk.refused("invalid_input", "fact", "add", case, "school", "university")
    desk.refused("invalid_input", "fact", "add", case, "school", "primary", "--on", "hier")
    desk.refused("not_found", "fact", "add", UNKNOWN, "school", "primary")
    for words in (("add", case, "shoe_size", "42"), ("list", case, "--in", "identity"), ("list", case)):
        assert desk.run("fact", *words).code == 2


def test_a_file_is_added_listed_and_saved_for_its_reader_alone(desk: Shell, case: str) -> None:
    Path("Certificat Diallo.pdf").write_bytes(pdf(300_000))
    added = desk.ok("attachment", "add", case, "Certificat Diallo.pdf", "--in", "sensitive", "--caption", "De Mimi")
    attachment = added.out.strip()
    row = desk.ok("attachment", "list", case, "--in", "sensitive").rows[0]
    assert row[:4] == [attachment, "2", "Certificat [PERSONNE-1].pdf", "application/pdf"]
    saved = Path(desk.ok("attachment", "save", case, attachment, "--in", "sensitive").out.strip())
    assert saved == Path("Certificat [PERSONNE-1].pdf")
    assert saved.read_bytes() == pdf(300_000)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert desk.run("attachment", "save", case, attachment, "--in", "sensitive").code == 2, "nothing is overwritten"
    desk.ok("attachment", "save", case, attachment, "--in", "sensitive", "--to", "copie.pdf")
    renamed = ("attachment", "describe", case, attachment, "--in", "sensitive", "--name", "b.pdf", "--based-on", "2")
    assert desk.ok(*renamed).out.strip().endswith("version 3")
    desk.refused("not_found", "attachment", "save", case, attachment, "--in", "identity", "--to", "other.pdf")
    assert not Path("other.pdf").exists()


def test_a_file_that_is_not_taken_or_not_there(desk: Shell, case: str) -> None:
    Path("page.html").write_text("<html>" * 40, "utf-8")
    desk.refused("invalid_input", "attachment", "add", case, "page.html", "--in", "narrative")
    assert desk.run("attachment", "add", case, "nowhere.pdf", "--in", "narrative").code == 2
    Path("scan.pdf").write_bytes(png())
    ran = desk.refused("invalid_input", "attachment", "add", case, "scan.pdf", "--in", "narrative")
    assert "waits for its description" in ran.err
    assert desk.run("attachment", "list", case, "--in", "contact").code == 2


def test_tasks_and_the_agenda(desk: Shell, case: str) -> None:
    task = desk.ok("task", "add", case, "Rappeler Aminata Diallo", "--due", "2026-11-02").out.strip()
    desk.ok("task", "add", case, "Plus tard", "--due", "2026-12-02", "--remind", "2026-11-20")
    assert [row[-1] for row in desk.ok("task", "agenda").rows] == ["Rappeler [PERSONNE-1]"]
    assert len(desk.ok("task", "agenda", "--until", "2026-11-20").rows) == 2
    desk.ok("task", "done", case, task)
    assert desk.ok("task", "agenda").rows == []
    assert [row[4] for row in desk.ok("task", "list", case).rows] == ["2026-11-03", ""]
    assert desk.run("task", "done", case, "00" * 16).code == 2


def test_letters_are_composed_read_and_saved_as_pdf(desk: Shell, case: str, lite_house: House, tmp_path: Path) -> None:
    fields = (
        "--field",
        "reason=no_show",
        "--field",
        "respond_by=2026-12-15",
        "--field",
        "place=Ici",
        "--field",
        "contact=02",
    )
    ran = desk.ok("letter", "write", case, "consequences", "--language", "fr", "--language", "nl", *fields)
    assert "Geachte mevrouw" in ran.out
    record = ran.err.strip()
    assert desk.ok("letter", "read", case, "consequences", record).out == ran.out
    assert desk.ok("letter", "list", case, "letters").rows[0][:2] == [record, "consequences"]
    paper = tmp_path / "letter.pdf"
    assert desk.ok("letter", "read", case, "consequences", record, "--pdf", str(paper)).out == ""
    assert paper.read_bytes().startswith(b"%PDF-")
    assert paper.stat().st_mode & 0o077 == 0
    assert desk.run("letter", "read", case, "consequences", record, "--pdf", str(paper)).code == 2
    again = tmp_path / "again.pdf"
    desk.ok("letter", "write", case, "consequences", "--language", "fr", *fields, "--pdf", str(again))
    assert again.read_bytes() != paper.read_bytes(), "another letter, in another language"
    assert desk.run("letter", "write", case, "consequences", "--language", "fr", "--field", "story=long").code == 2
    assert desk.run("letter", "write", case, "threat", "--language", "fr", "--field", "a=b").code == 2
    assert desk.run("letter", "list", case, "parcels").code == 2
    early = Paths(lite_house).case_in(State.TRIAGED)
    signed_in(lite_house, "desk")
    invited = desk.ok(
        "letter", "write", early, "invitation", "--language", "en", "--field", "appointment_on=2026-12-02", "--field",
        "appointment_time=09:30", "--field", "place=Here", "--field", "contact=02", "--field", "leaflet=2026-1",
    )  # fmt: skip
    assert "02/12/2026 at 09:30" in invited.out


def test_a_note_begins_with_its_skeleton_and_is_corrected(desk: Shell, case: str) -> None:
    skeleton = desk.ok("note", "skeleton", "intake", "--language", "nl").out
    assert skeleton.startswith("# Eerste gesprek")
    assert desk.run("note", "skeleton", "poem", "--language", "nl").code == 2
    note = desk.ok("note", "write", case, "-", "--language", "nl", "--template", "intake", typed=skeleton).out.strip()
    desk.ok("note", "revise", case, note, "-", "--correct", "verkeerd begrepen", typed="Anders.")
    ran = desk.ok("note", "read", case, note)
    assert ran.out == "Anders.\n"
    assert "corrects version 1: verkeerd begrepen" in ran.err
    told = desk.ok("note", "read", case, note, "--json").json
    assert (told["template"], told["template_version"], told["version"]) == ("intake", 2, 2)


def test_a_draft_is_kept_shown_and_thrown_away(desk: Shell, case: str) -> None:
    desk.refused("not_found", "draft", "show", case)
    desk.ok("draft", "save", case, "-", "--language", "fr", typed="Elle dit qu'Aminata")
    assert desk.ok("draft", "show", case).out == "Elle dit qu'Aminata\n"
    desk.ok("draft", "discard", case)
    desk.refused("not_found", "draft", "show", case)
    note = desk.ok("note", "write", case, "-", "--language", "fr", typed="Première.").out.strip()
    words = ("draft", "save", case, "-", "--language", "fr", "--note", note)
    desk.refused("invalid_input", *words, typed="x")
    desk.ok(*words, "--based-on", "1", typed="Deuxième, pas finie")
    assert desk.ok("draft", "show", case, "--note", note, "--json").json["based_on"] == 1


def test_the_operator_sweeps_what_nobody_came_back_for(shell: Shell, sqlite_settings: Settings) -> None:
    with house_on(sqlite_settings) as house:
        coach = house.client("coach")
        case = house.open_case(coach)
        save_draft(coach, case)
        assert send_file(coach, case, pdf()).status_code == 201
        busy = shell.refused("store_busy", "db", "sweep", "--home", sqlite_settings.home)
        assert "another process serves this store" in busy.err
    shell.hooks.clock = MovableClock(datetime(2026, 11, 3, 10, tzinfo=UTC))
    assert shell.ok("db", "sweep", "--home", sqlite_settings.home).out == "0 emptied\n"
    shell.hooks.clock = MovableClock(datetime(2026, 11, 20, tzinfo=UTC))
    assert shell.ok("db", "sweep", "--home", sqlite_settings.home).out == "2 emptied\n"
    assert faults(sqlite_settings) == []
