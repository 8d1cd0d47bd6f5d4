"""`parefeu notes import FOLDER`: notes from text and Markdown files.

A file opens with what it is, then comes the note:

    ---
    case: C-0123-…
    language: fr
    template: interview
    ---
    Première rencontre …

Every file is checked before the first one is written; a first failure while writing stops the run. What was
written stands in `.parefeu-import.tsv` beside the files (a digest, the case, the note), so that a re-run
imports nothing twice. Delete that report with the folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, refuse
from gateway.cli.import_files import Candidate, Report, Status, candidates
from gateway.client import Problem
from vault.vocabulary import CASEWORK

app = typer.Typer(help="Import notes from files.", add_completion=False)
_WRITABLE = frozenset({"active", "suspended", "closing"})
_COLUMNS = ("file", "status", "case", "note", "why")


@app.callback()
def notes() -> None:
    """Import notes from files."""


@app.command("import")
@at_desk(CASEWORK)
def import_notes(
    desk: Desk,
    folder: Path,
    write: Annotated[bool, typer.Option("--write/--dry-run", help="Default: only check.")] = False,
) -> None:
    """Check every file of a folder and, with --write, import them. Exit code 1 if any file cannot be imported."""
    if not folder.is_dir():
        refuse(f"{folder} is no folder")
    report = Report.load(folder)
    found = candidates(folder, report)
    _check_cases(desk, found)
    failed = [one for one in found if one.status is Status.FAILED]
    if write and not failed:
        _write(desk, found, report)
        failed = [one for one in found if one.status is Status.FAILED]
    _show(desk, found)
    ready = sum(one.status is Status.READY for one in found)
    if failed:
        typer.echo(_verdict(found, write=write), err=True)
        raise typer.Exit(1)
    if not write and ready:
        typer.echo(f"{ready} file(s) can be imported: run it again with --write", err=True)


def _verdict(found: list[Candidate], *, write: bool) -> str:
    failed = sum(one.status is Status.FAILED for one in found)
    written = sum(one.status is Status.WRITTEN for one in found)
    if written:
        return f"stopped at the first failure; {written} file(s) are written and will be skipped when you run it again"
    told = f"{failed} of {len(found)} file(s) cannot be imported; nothing was written"
    return told if write else f"{told}, nor would be with --write: mend them or take them out, then run it again"


def _check_cases(desk: Desk, found: list[Candidate]) -> None:
    """Ask once per case: do I know it, was the notice given, can notes be written. Fills in what is wrong."""
    asked: dict[str, str] = {}
    for one in found:
        if one.status is not Status.READY:
            continue
        if one.case not in asked:
            asked[one.case] = _case_fault(desk, one.case)
        if asked[one.case]:
            one.fail(asked[one.case])


def _case_fault(desk: Desk, case: str) -> str:
    from urllib.parse import quote

    try:
        status = desk.get(f"/cases/{quote(case, safe='')}")
    except Problem as problem:
        if problem.status in {400, 404}:
            return "this case is unknown, or not yours" if problem.status == 404 else "no case reference"
        raise
    if not status["notice_given"]:
        return "the privacy notice was not given yet"
    if status["phase"] not in _WRITABLE:
        return f"the case is {status['state']}: no notes are written any more"
    return ""


def _write(desk: Desk, found: list[Candidate], report: Report) -> None:
    """Write what is ready, in order, until one fails."""
    from urllib.parse import quote

    ready = [one for one in found if one.status is Status.READY]
    with _ProgressBar(len(ready)) as bar:
        for one in ready:
            report.begin(one)
            body = {"text": one.text, "language": one.language, "template": one.template}
            try:
                receipt = desk.post(f"/cases/{quote(one.case, safe='')}/notes", body)
            except Problem as problem:
                if problem.status < 500:
                    report.undo(one)
                one.fail(problem.sentence)
                return
            report.done(one, receipt["note"])
            one.status, one.note = Status.WRITTEN, receipt["note"]
            bar.advance()


class _ProgressBar:
    """A progress bar on a terminal's stderr; nothing elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> _ProgressBar:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._progress = Progress(console=console, transient=True, disable=not console.is_terminal)
        self._progress.start()
        self._task = self._progress.add_task("importing", total=self._total)
        return self

    def advance(self) -> None:
        self._progress.advance(self._task)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _show(desk: Desk, found: list[Candidate]) -> None:
    rows = [
        {
            "file": one.name,
            "status": one.status.value,
            "case": one.case,
            "note": one.note,
            "why": one.why,
        }
        for one in found
    ]
    if desk.as_json:
        output.show_json({"files": rows})
    else:
        output.show_rows(rows, _COLUMNS)
