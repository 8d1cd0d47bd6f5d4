"""Importing notes: a dry run first, nothing half-imported, nothing twice."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.import_files import REPORT, Report, Reports, candidates, gathered
from tests.cli.kit import UNKNOWN, Shell, signed_in
from tests.house import House
from vault.errors import ConfigurationError


def note(case: str, text: str, language: str = "fr", template: str = "interview") -> str:
    return f"---\ncase: {case}\nlanguage: {language}\ntemplate: {template}\n---\n{text}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "notes"
    made.mkdir()
    return made


@pytest.fixture
def case(desk: Shell, lite_house: House) -> str:
    signed_in(lite_house, "coach")
    return lite_house.open_case(lite_house.client("coach"))


def count(desk: Shell, case: str) -> int:
    return len(desk.ok("note", "list", case).rows)


def test_dry_run_write_and_run_again(desk: Shell, folder: Path, case: str) -> None:
    (folder / "a.md").write_text(note(case, "Premier entretien."), "utf-8")
    (folder / "b.txt").write_text("\ufeff" + note(case, "Deuxième."), "utf-8")
    (folder / "c.md").write_text(note(case, "Premier entretien.\n"), "utf-8")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8")
    dry = desk.ok("notes", "import", folder)
    assert [row[1] for row in dry.rows] == ["ready", "ready", "skipped", "skipped"]
    assert count(desk, case) == 0
    assert [row[1] for row in desk.ok("notes", "import", folder, "--write").rows][:2] == ["waiting", "waiting"]
    assert count(desk, case) == 0
    written = desk.ok("notes", "import", folder, "--write", "--unreviewed-from", "0.9")
    assert [row[1] for row in written.rows] == ["written", "written", "skipped", "skipped"]
    assert count(desk, case) == 2
    again = desk.ok("notes", "import", folder, "--write")
    assert {row[1] for row in again.rows} == {"skipped"}
    assert count(desk, case) == 2
    assert "entretien" not in (folder / REPORT).read_text()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no opening part", "does not open with ---"),
        (b"---\ncase: x\n", "not closed"),
        (b"---\ncase: C-1\nlanguage: fr\ntemplate: interview\n---\nx", "case:"),
        (b"---\nlanguage: fr\ntemplate: interview\n---\nx", "lacks case"),
        (b"---\nauthor: me\n---\nx", "only case, language, template"),
        (b"---\ncase: CASE\nlanguage: it\ntemplate: interview\n---\nx", "language must be"),
        (b"---\ncase: CASE\nlanguage: fr\ntemplate: poem\n---\nx", "template must be"),
        (b"---\ncase: CASE\nlanguage: fr\ntemplate: interview\n---\n \n", "empty"),
        (b"---\ncase: CASE\nlanguage: fr\ntemplate: interview\n---\nca\xe9", "not UTF-8"),
        (note(UNKNOWN, "x").encode("utf-16"), "UTF-16"),
        (b"---\ncase: CASE\nlanguage: fr\ntemplate: interview\n---\na\x00b", "control characters"),
        (b"---\ncase: CASE\nlanguage: fr\ntemplate: interview\n---\n" + b"x" * 140_000, "larger than"),
        (note(UNKNOWN, "x").encode(), "unknown, or not"),
    ],
)  # fmt: skip
def test_one_bad_file_and_nothing_is_written(desk: Shell, folder: Path, case: str, content: bytes, why: str) -> None:
    (folder / "a.md").write_text(note(case, "Bon."), "utf-8")
    (folder / "b.md").write_bytes(content.replace(b"CASE", case.encode()))
    ran = desk.run("notes", "import", folder, "--write")
    assert ran.code == 1
    assert ran.rows[1][1] == "failed"
    assert why in ran.rows[1][4]
    assert count(desk, case) == 0
    assert not (folder / REPORT).exists()


def test_a_case_without_notice_or_closed_is_refused_before_writing(
    desk: Shell, lite_house: House, folder: Path
) -> None:
    coach = lite_house.client("coach")
    signed_in(lite_house, "coach")
    early = lite_house.open_case(coach, notice=False)
    closed = lite_house.open_case(coach)
    lite_house.step(coach, closed, "close", outcome="OTHER")
    (folder / "a.md").write_text(note(early, "x"), "utf-8")
    (folder / "b.md").write_text(note(closed, "x"), "utf-8")
    ran = desk.run("notes", "import", folder)
    assert ran.code == 1
    assert [row[4].split(":")[0] for row in ran.rows] == ["the privacy notice was not given yet", "the case is closed"]


def test_it_stops_at_the_first_failure_and_a_second_run_goes_on(
    desk: Shell, folder: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (folder / f"{name}.md").write_text(note(case, f"Note {name}."), "utf-8")
    send = desk.hooks.gateway.send  # type: ignore[union-attr]

    def failing(method: str, path: str, **options: object) -> object:
        body = options.get("body")
        if isinstance(body, dict) and body.get("text") == "Note b." and path.endswith("/notes"):
            body["language"] = "xx"
        return send(method, path, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as faulty:
        faulty.setattr(desk.hooks.gateway, "send", failing)
        first = desk.run("notes", "import", folder, "--write", "--unreviewed-from", "0.9")
    assert first.code == 1
    assert [row[1] for row in first.rows] == ["written", "failed", "ready"]
    second = desk.ok("notes", "import", folder, "--write", "--unreviewed-from", "0.9")
    assert [row[1] for row in second.rows] == ["skipped", "written", "written"]
    assert count(desk, case) == 3


def test_a_file_is_imported_once_by_whichever_folder_it_is_named(desk: Shell, folder: Path, case: str) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (folder / "a.md").write_text(note(case, "Dehors."), "utf-8")
    (inner / "b.md").write_text(note(case, "Dedans."), "utf-8")
    write = ("--write", "--unreviewed-from", "0.9")
    assert [row[1] for row in desk.ok("notes", "import", inner, *write).rows] == ["written"]
    assert [row[1] for row in desk.ok("notes", "import", folder, *write).rows] == ["written", "skipped"]
    (inner / "c.md").write_text(note(case, "Plus tard."), "utf-8")
    assert [row[1] for row in desk.ok("notes", "import", folder, *write).rows] == ["skipped", "skipped", "written"]
    for again in (inner, inner / "c.md"):
        assert {row[1] for row in desk.ok("notes", "import", again, *write).rows} == {"skipped"}
    assert count(desk, case) == 3


def test_a_name_that_is_no_utf_8_stops_nothing_half_way(desk: Shell, folder: Path, case: str) -> None:
    (folder / "a.md").write_text(note(case, "Premier."), "utf-8")
    Path(os.fsdecode(os.fsencode(folder) + b"/entretien-\xe9t\xe9.md")).write_text(note(case, "Deuxième."), "utf-8")
    (folder / "z\x0bz.md").write_text(note(case, "Troisième."), "utf-8")
    written = desk.ok("notes", "import", folder, "--write", "--unreviewed-from", "0.9")
    assert [row[1] for row in written.rows] == ["written"] * 3
    again = desk.ok("notes", "import", folder, "--write", "--unreviewed-from", "0.9")
    assert [row[1] for row in again.rows] == ["skipped"] * 3
    assert [row[3] for row in again.rows] == [row[3] for row in written.rows]


def test_a_file_whose_writing_was_cut_off_is_not_written_twice_unseen(folder: Path) -> None:
    (folder / "a.md").write_text(note(UNKNOWN, "x"), "utf-8")
    (one,) = candidates(folder, Reports())
    Report.load(folder).begin(one)
    (again,) = gathered([folder])
    assert again.status.value == "failed"
    assert "an earlier run stopped" in again.why


def test_of_two_runs_over_one_folder_at_once_one_is_refused(
    desk: Shell, folder: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would store what the other one is about to store."""
    write = ("notes", "import", folder, "--write", "--unreviewed-from", "0.9")
    for name in "ab":
        (folder / f"{name}.md").write_text(note(case, f"Note {name}."), "utf-8")
    send, second = desk.hooks.gateway.send, []  # type: ignore[union-attr]

    def meanwhile(method: str, path: str, **options: Any) -> Any:
        if path.endswith("/notes") and not second:
            second.append(None)
            second[0] = desk.refused("conflict", *write)
            assert "another import" in second[0].err
            assert "another import" not in desk.run("notes", "import", folder).err, "looking is no writing"
        return send(method, path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(desk.hooks.gateway, "send", meanwhile)
        first = desk.ok(*write)
    assert second
    assert [row[1] for row in first.rows] == ["written", "written"]
    assert {row[1] for row in desk.ok(*write).rows} == {"skipped"}
    assert count(desk, case) == 2


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """A disk on which no file can have more bytes: what does not fit is cut, as on a full one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_on_a_full_disk_no_file_is_begun_that_the_report_does_not_know(folder: Path) -> None:
    """A line that was cut would name no file: the note would be stored, and stored again by the next run."""
    (folder / "a.md").write_text(note(UNKNOWN, "x"), "utf-8")
    (one,) = gathered([folder])
    with room_for(20), pytest.raises(OSError):
        one.report.begin(one)
    (unwritten,) = gathered([folder])
    assert unwritten.status.value == "ready"
    unwritten.report.begin(unwritten)
    (begun,) = gathered([folder])
    assert "an earlier run stopped" in begun.why, "what follows a line that was cut is a line of its own"


def test_a_report_that_is_no_file_of_this_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    """A link would have lines added to any file of whoever imports."""
    (folder / "a.md").write_text(note(UNKNOWN, "x"), "utf-8")
    (one,) = gathered([folder])
    other = tmp_path / "profile"
    other.write_text("kept\n")
    (folder / REPORT).symlink_to(other)
    with pytest.raises(OSError):
        one.report.begin(one)
    assert other.read_text() == "kept\n"
    with pytest.raises(ConfigurationError, match="report"):
        gathered([folder])
    (folder / REPORT).unlink()
    os.mkfifo(folder / REPORT)
    with pytest.raises(ConfigurationError, match="report"):
        gathered([folder])


def test_no_folder_is_wrong_usage(desk: Shell, case: str) -> None:
    assert desk.run("notes", "import", "nowhere").code == 2
