"""`parefeu note`: interview notes. They are read with stand-ins; restoring names is an act of its own."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.decide import Choice, way
from gateway.cli.desk import Desk, at_desk, quoted, read_text, refuse
from gateway.cli.editor import edit, keep
from gateway.client import Problem
from gateway.reviewing import send_note
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="Write, read, revise, review, list, search and reveal interview notes.",
    no_args_is_help=True,
    add_completion=False,
)
Source = Annotated[Path | None, typer.Argument(help="A text file, - for standard input; left out: your $EDITOR.")]
Template = Annotated[str, typer.Option("--template", help="intake, interview, conclusions, …")]


@app.command("write")
@at_desk(CASEWORK)
def write(
    desk: Desk,
    ref: str,
    file: Source = None,
    language: Annotated[str, typer.Option("--language", help="fr, nl, de or en.")] = "",
    template: Template = "interview",
    suggestions: Choice = None,
) -> None:
    """Write a note. What identifies people becomes stand-ins before it is stored; you decide about what is unsure."""
    if not language:
        refuse("name the note's --language: fr, nl, de or en")
    path = f"/cases/{quoted(ref)}/notes"
    skeleton, version = "", None
    if file is None and sys.stdin.isatty():
        skeleton, version = _skeleton(desk, template, language)
    text, typed = _text(file, skeleton)
    if skeleton and text == skeleton:
        refuse("nothing was written; nothing was sent")
    body = {"text": text, "language": language, "template": template, "template_version": version}
    try:
        reply = send_note(desk.ask, "POST", path, body, way(suggestions))
    except BaseException:
        _keep(text, typed)
        raise
    desk.done(reply, reply["note"])


@app.command("revise")
@at_desk(CASEWORK)
def revise(
    desk: Desk,
    ref: str,
    note: str,
    file: Source = None,
    based_on: Annotated[int, typer.Option("--based-on", min=0, help="The version you read; default: the newest.")] = 0,
    correct: Annotated[
        str, typer.Option("--correct", help="Why that version was wrong; it stays beside the new one.")
    ] = "",
    suggestions: Choice = None,
) -> None:
    """Write a new version of a note. If somebody else wrote one meanwhile, both are shown and yours is kept."""
    path = f"/cases/{quoted(ref)}/notes/{quoted(note)}"
    read = desk.get(f"{path}/versions/{based_on}" if based_on else path)
    text, typed = _text(file, read["text"])
    if typed and text == read["text"]:
        desk.done(read, "nothing was changed")
        return
    body = {
        "text": text,
        "language": read["language"],
        "template": read["template"],
        "template_version": read["template_version"] or None,
        "based_on": read["version"],
        "correction": correct,
    }
    try:
        reply = send_note(desk.ask, "PUT", path, body, way(suggestions))
    except Problem as problem:
        if problem.code == "stale_version":
            _show_both(problem, text)
        _keep(text, typed)
        raise
    except BaseException:
        _keep(text, typed)
        raise
    desk.done(reply, f"{reply['note']}\tversion {reply['version']}")


def _show_both(problem: Problem, own: str) -> None:
    versions = problem.body.get("versions") or []
    if versions:
        newest = versions[0]
        output.show_text(f"version {newest['version']}, as it is now", newest["text"])
    output.show_text("yours, not stored", own)


@app.command("review")
@at_desk(CASEWORK)
def review(desk: Desk, ref: str, note: str, suggestions: Choice = None) -> None:
    """Look through a stored note with what the program and the case know today, and store what you agree to."""
    path = f"/cases/{quoted(ref)}/notes/{quoted(note)}"
    look = desk.post(f"{path}/rescan")
    new = [span for span in look["spans"] if not span["decided_before"] and span["decision"] == "pending"]
    if not new:
        desk.done(look, "nothing new was found")
        return
    automatic = sum(span["tier"] == "auto" for span in new)
    typer.echo(f"{automatic} found, {len(new) - automatic} suggested", err=True)
    read = desk.get(f"{path}/versions/{look['version']}")
    body = {
        "text": look["text"],
        "language": read["language"],
        "template": read["template"],
        "template_version": read["template_version"] or None,
        "based_on": look["version"],
    }
    decided = {"digest": look["digest"], "decisions": way(suggestions)(look)}
    reply = desk.ask("PUT", path, body | decided)
    desk.done(reply, f"{reply['note']}\tversion {reply['version']}")


@app.command("read")
@at_desk(CASEWORK)
def read(
    desk: Desk,
    ref: str,
    note: str,
    version: Annotated[int, typer.Option("--version", min=0, help="Default: the newest.")] = 0,
) -> None:
    """Read a note, stand-ins kept."""
    path = f"/cases/{quoted(ref)}/notes/{quoted(note)}"
    reply = desk.get(f"{path}/versions/{version}" if version else path)
    if desk.as_json:
        output.show_json(reply)
        return
    heading = f"{reply['template']} · {reply['language']} · version {reply['version']} · {reply['written_at'][:16]}"
    if reply["correction"]:
        typer.echo(f"corrects version {reply['correction']['corrects']}: {reply['correction']['reason']}", err=True)
    output.show_text(heading, reply["text"])


@app.command("skeleton")
@at_desk(CASEWORK)
def skeleton(
    desk: Desk, template: str, language: Annotated[str, typer.Option("--language", help="fr, nl, de or en.")]
) -> None:
    """The headings that a template asks for, to begin a note with."""
    text, version = _skeleton(desk, template, language)
    output.show_text(f"{template} · version {version}", text)


@app.command("list")
@at_desk(CASEWORK)
def list_notes(
    desk: Desk,
    ref: str,
    note: Annotated[str, typer.Argument(help="Left out: all notes of the case; else this note's versions.")] = "",
) -> None:
    """The notes of a case, or one note's versions, without their text."""
    columns = ("note", "version", "template", "language", "written_at")
    if note:
        desk.show_list(desk.get(f"/cases/{quoted(ref)}/notes/{quoted(note)}/versions"), "versions", columns)
    else:
        desk.show_list(desk.get(f"/cases/{quoted(ref)}/notes"), "notes", columns)


@app.command("search")
@at_desk(CASEWORK)
def search(desk: Desk, word: str) -> None:
    """Notes of your own caseload that hold a word; case and accents do not matter."""
    desk.show_list(desk.post("/search", {"word": word}), "notes", ("reference", "note", "version", "written_at"))


@app.command("reveal")
@at_desk(CASEWORK)
def reveal(
    desk: Desk, ref: str, note: str, reason: Annotated[str, typer.Option("--reason", help="Oversight reads it.")]
) -> None:
    """Restore the names in a note. Logged before anything is opened."""
    reply = desk.post(f"/cases/{quoted(ref)}/notes/{quoted(note)}/reveal", {"reason": reason})
    if desk.as_json:
        output.show_json(reply)
        return
    names = len(reply["restored_spans"])
    output.show_text(f"version {reply['version']} · {names} stand-in(s) restored · logged", reply["text"])


def _skeleton(desk: Desk, template: str, language: str) -> tuple[str, int]:
    templates = {one["template"]: one for one in desk.get("/templates")["templates"]}
    if template not in templates or language not in templates[template]["skeletons"]:
        refuse("there is no such template in that language")
    found = templates[template]
    return found["skeletons"][language], found["template_version"]


def _text(file: Path | None, before: str) -> tuple[str, bool]:
    """What to send, and whether it was typed just now (and stands nowhere else)."""
    if file is not None:
        return read_text(file), str(file) == "-"
    if not sys.stdin.isatty():
        return read_text(Path("-")), True
    text = edit(before)
    if not text.strip():
        refuse("the note is empty; nothing was sent")
    return text, True


def _keep(text: str, typed: bool) -> None:
    """What was typed is never lost: into a private file, and say where."""
    if typed:
        place: Any = keep(text, datetime.now(UTC))
        typer.echo(f"parefeu: your text is kept in {place}; delete it once it is stored", err=True)
