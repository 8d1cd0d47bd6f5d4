"""`parefeu notes import PATH…`: notes from text and Markdown files; `parefeu notes rescan`: stored ones again.

A file opens with what it is, then comes the note:

    ---
    case: C-0123-…
    language: fr
    template: interview
    ---
    Première rencontre …

Every file goes the road of a typed note: it is looked through, and nothing is stored that nobody reviewed. `--review`
asks at the terminal, file by file; `--unreviewed-from SCORE` stores without asking what holds no suggestion and no
finding less sure than that, which the log records; everything else waits. Every file is checked before the first one
is written; a first failure while writing stops the run. What was written stands in `.parefeu-import.tsv` beside the
files (a digest, the case, the note), so that a re-run imports nothing twice. Delete that report with the folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.decide import at_terminal
from gateway.cli.desk import Desk, at_desk, quoted
from gateway.cli.import_files import Candidate, Reports, Status, gathered
from gateway.client import Problem
from gateway.reviewing import pending, send_note
from vault.vocabulary import CASEWORK

app = typer.Typer(help="Import notes from files; look through stored ones again.", add_completion=False)
_WRITABLE = frozenset({"active", "suspended", "closing"})
_COLUMNS = ("file", "status", "case", "note", "why", "found", "suggested", "least")


@app.callback()
def notes() -> None:
    """Import notes from files; look through stored ones again."""


@app.command("import")
@at_desk(CASEWORK)
def import_notes(
    desk: Desk,
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders with everything in them.")],
    write: Annotated[bool, typer.Option("--write/--dry-run", help="Default: only check and look through.")] = False,
    review: Annotated[bool, typer.Option("--review", help="Ask about each note at the terminal.")] = False,
    unreviewed_from: Annotated[
        float | None,
        typer.Option(
            "--unreviewed-from", min=0.5, max=1.0, show_default=False,
            help="Store unreviewed what has no suggestion and no finding less sure than this. It is logged.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Check and look through every file and, with --write, store what was reviewed. Exit code 1 if any file fails."""
    with closing(Reports(writing=write)) as reports:
        found = gathered(paths, reports)
        _check_cases(desk, found)
        _look_through(desk, found)
        failed = [one for one in found if one.status is Status.FAILED]
        if write and not failed:
            _write(desk, found, review=review, unreviewed_from=unreviewed_from)
            failed = [one for one in found if one.status is Status.FAILED]
    _show(desk, found)
    if failed:
        typer.echo(_verdict(found, write=write), err=True)
        raise typer.Exit(1)
    waiting = sum(one.status in {Status.READY, Status.WAITING} for one in found)
    if waiting and write:
        typer.echo(f"{waiting} file(s) wait for a review: run it again with --write --review", err=True)
    elif waiting:
        typer.echo(f"{waiting} file(s) can be imported: run it again with --write and --review", err=True)


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
    try:
        status = desk.get(f"/cases/{quoted(case)}")
    except Problem as problem:
        if problem.status in {400, 404}:
            return "this case is unknown, or not yours" if problem.status == 404 else "no case reference"
        raise
    if not status["notice_given"]:
        return "the privacy notice was not given yet"
    if status["phase"] not in _WRITABLE:
        return f"the case is {status['state']}: no notes are written any more"
    return ""


def _look_through(desk: Desk, found: list[Candidate]) -> None:
    """What each file holds that identifies people, as counts."""
    ready = [one for one in found if one.status is Status.READY]
    with ProgressBar("looking", len(ready)) as bar:
        for one in ready:
            try:
                look = desk.post(f"/cases/{quoted(one.case)}/note-review", {"text": one.text, "language": one.language})
            except Problem as problem:
                if problem.status >= 500:
                    raise
                one.fail(problem.sentence)
            else:
                one.suggested = len(pending(look))
                one.found = len(look["spans"]) - one.suggested
                one.least = min((span["score"] for span in look["spans"]), default=1.0)
            bar.advance()


def _write(desk: Desk, found: list[Candidate], *, review: bool, unreviewed_from: float | None) -> None:
    """Write what is ready, in order, until one fails."""
    ready = [one for one in found if one.status is Status.READY]
    for one in ready:
        if not _may_be_written(one, review, unreviewed_from):
            one.wait("waits for a review")
    ready = [one for one in ready if one.status is Status.READY]
    with ProgressBar("importing", len(ready), quiet=review) as bar:
        for one in ready:
            body: dict[str, Any] = {"text": one.text, "language": one.language, "template": one.template}
            if unreviewed_from is not None and not review:
                body["unreviewed_from"] = unreviewed_from
            try:
                one.report.begin(one)
            except OSError as fault:
                one.fail(f"not stored: its report cannot be written ({fault.strerror})")
                return
            try:
                receipt = _stored(desk, one, body, review=review)
            except Problem as problem:
                if problem.status < 500:
                    one.report.undo(one)
                if problem.code == "review_needed":
                    one.wait("waits for a review")
                    continue
                one.fail(problem.sentence)
                return
            if receipt is None:
                one.report.undo(one)
                one.wait("left by the reviewer")
                continue
            one.status, one.note = Status.WRITTEN, receipt["note"]
            try:
                one.report.done(one, receipt["note"])
            except OSError as fault:
                one.fail(f"stored, but its report cannot be written ({fault.strerror})")
                return
            bar.advance()


def _may_be_written(one: Candidate, review: bool, unreviewed_from: float | None) -> bool:
    if review:
        return True
    return unreviewed_from is not None and one.suggested == 0 and one.least >= unreviewed_from


def _stored(desk: Desk, one: Candidate, body: Mapping[str, Any], *, review: bool) -> Any:
    """The receipt; None if the reviewer did not agree."""
    path = f"/cases/{quoted(one.case)}/notes"
    if not review:
        return desk.post(path, body)
    look = desk.post(f"/cases/{quoted(one.case)}/note-review", {"text": one.text, "language": one.language})
    typer.echo(f"\n{one.name}: {one.found} found, {one.suggested} suggested", err=True)
    decisions = at_terminal(look)
    typer.echo(output.clean(look["preview"]), err=True)
    if not typer.confirm("store this note?", default=True, err=True):
        return None
    return send_note(desk.ask, "POST", path, {**body, "digest": look["digest"], "decisions": decisions}, at_terminal)


class ProgressBar:
    """A progress bar on a terminal's stderr; nothing elsewhere."""

    def __init__(self, title: str, total: int, *, quiet: bool = False) -> None:
        self._title = title
        self._total = total
        self._quiet = quiet
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> ProgressBar:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._progress = Progress(
            console=console, transient=True, disable=self._quiet or not self._total or not console.is_terminal
        )
        self._progress.start()
        self._task = self._progress.add_task(self._title, total=self._total)
        return self

    def advance(self) -> None:
        self._progress.advance(self._task)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _show(desk: Desk, found: Sequence[Candidate]) -> None:
    rows = [
        {
            "file": one.name,
            "status": one.status.value,
            "case": one.case,
            "note": one.note,
            "found": one.found,
            "suggested": one.suggested,
            "least": f"{one.least:.2f}",
            "why": one.why,
        }
        for one in found
    ]
    if desk.as_json:
        output.show_json({"files": rows})
    else:
        output.show_rows(rows, _COLUMNS)


@app.command("rescan")
@at_desk(CASEWORK)
def rescan(
    desk: Desk,
    refs: Annotated[list[str] | None, typer.Argument(help="Cases; left out: all your own.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also notes in which nothing new is found.")] = False,
) -> None:
    """Look through stored notes again, with what the program and the cases know today. Nothing is changed: what is
    found is listed, and `parefeu note review` stores what you agree to."""
    cases = refs or _own_cases(desk)
    wanted = [(case, line["note"]) for case in cases for line in desk.get(f"/cases/{quoted(case)}/notes")["notes"]]
    rows = []
    with ProgressBar("looking again", len(wanted)) as bar:
        for case, note in wanted:
            rows.append(_looked_again(desk, case, note))
            bar.advance()
    shown = [row for row in rows if every or row["found"] or row["suggested"] or row["why"]]
    if desk.as_json:
        output.show_json({"looked_at": len(rows), "notes": shown})
        return
    output.show_rows(shown, ("case", "note", "version", "found", "suggested", "why"))
    new = sum(bool(row["found"] or row["suggested"]) for row in rows)
    typer.echo(f"{len(rows)} note(s) looked at, {new} with something new; nothing was changed", err=True)


def _own_cases(desk: Desk) -> list[str]:
    cases: list[str] = []
    before: dict[str, str] = {}
    while True:
        reply = desk.get("/cases", limit=200, **before)
        cases += [line["reference"] for line in reply["cases"]]
        if reply["complete"] or not reply["cases"]:
            return cases
        before = {"before": reply["cases"][-1]["opened_at"]}


def _looked_again(desk: Desk, case: str, note: str) -> dict[str, Any]:
    row: dict[str, Any] = {"case": case, "note": note, "version": "", "found": 0, "suggested": 0, "why": ""}
    try:
        look = desk.post(f"/cases/{quoted(case)}/notes/{quoted(note)}/rescan")
    except Problem as problem:
        if problem.status >= 500:
            raise
        return row | {"why": problem.sentence}
    new = [span for span in look["spans"] if span["decision"] == "pending"]
    suggested = len(pending(look))
    return row | {"version": look["version"], "found": len(new) - suggested, "suggested": suggested}
