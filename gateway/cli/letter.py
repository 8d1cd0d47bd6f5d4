"""`parefeu letter`: letters to the person, as data, as plain text, and as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted, refuse
from gateway.instance import write_private
from vault.cases.letters import ADDED, KIND_OF_LETTER
from vault.vocabulary import CASEWORK, Kind

app = typer.Typer(
    help="Invitations and other letters to the person, as data or PDF.", no_args_is_help=True, add_completion=False
)
Paper = Annotated[
    Path | None,
    typer.Option("--pdf", metavar="FILE", help="Save it as PDF, readable by you alone; the file is not there yet."),
]


def _plural(name: str) -> str:
    if name not in KIND_OF_LETTER:
        refuse(f"a letter is one of {', '.join(KIND_OF_LETTER)}")
    return "invitations" if KIND_OF_LETTER[name] is Kind.INVITATION else "letters"


@app.command("write")
@at_desk(CASEWORK)
def write(
    desk: Desk,
    ref: str,
    letter: Annotated[str, typer.Argument(help=f"{', '.join(ADDED)}.")],
    language: Annotated[list[str], typer.Option("--language", help="Repeat for more than one text.")],
    field: Annotated[list[str], typer.Option("--field", help="NAME=VALUE; which ones: docs/records.md. Repeat.")],
    pdf: Paper = None,
) -> None:
    """Compose a letter; it is kept, sealed, as what the person was told."""
    body: dict[str, Any] = {"letter": letter, "languages": language}
    for one in field:
        name, equals, value = one.partition("=")
        if not equals or name not in ADDED.get(letter, ()):
            refuse(f"--field is NAME=VALUE; this letter needs {', '.join(ADDED.get(letter, ()))}")
        body[name] = value.split(",") if name == "shared" else value
    _check_new(pdf)
    path = f"/cases/{quoted(ref)}/{_plural(letter)}"
    reply = desk.post(path, body)
    _show(desk, reply)
    _save(desk, f"{path}/{quoted(reply['record'])}", pdf)


@app.command("read")
@at_desk(CASEWORK)
def read(desk: Desk, ref: str, letter: str, record: str, pdf: Paper = None) -> None:
    """A letter that was composed. With --pdf it is saved instead of shown."""
    _check_new(pdf)
    path = f"/cases/{quoted(ref)}/{_plural(letter)}/{quoted(record)}"
    if pdf is None:
        _show(desk, desk.get(path))
    _save(desk, path, pdf)


@app.command("list")
@at_desk(CASEWORK)
def list_letters(desk: Desk, ref: str, plural: Annotated[str, typer.Argument(help="letters, invitations")]) -> None:
    """Which ones were composed, and when."""
    if plural not in {"letters", "invitations"}:
        refuse("list letters, or invitations")
    columns = ("record", "letter", "letter_version", "language", "written_at")
    desk.show_list(desk.get(f"/cases/{quoted(ref)}/{plural}"), "letters", columns)


def _check_new(pdf: Path | None) -> None:
    """Before anything is composed or looked at."""
    if pdf is not None and pdf.exists():
        refuse(f"{pdf} exists already")


def _save(desk: Desk, path: str, pdf: Path | None) -> None:
    if pdf is not None:
        write_private(pdf, desk.fetch_file(f"{path}/pdf")[1])
        typer.echo(output.clean(str(pdf)), err=True)


def _show(desk: Desk, reply: Any) -> None:
    if desk.as_json:
        output.show_json(reply)
        return
    typer.echo(output.clean(reply["record"]), err=True)
    for language in reply["languages"]:
        text = reply["texts"][language]
        parts = (text["subject"], text["salutation"], *text["paragraphs"], text["closing"])
        output.show_text(f"{reply['letter']} · {language}", "\n\n".join(parts) + "\n")
