"""`parefeu letter`: letters to the person, as data and as plain text. Rendering them is another program's work."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted, refuse
from vault.cases.letters import ADDED, KIND_OF_LETTER
from vault.vocabulary import CASEWORK, Kind

app = typer.Typer(
    help="Invitations and other letters to the person, as data.", no_args_is_help=True, add_completion=False
)


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
) -> None:
    """Compose a letter; it is kept, sealed, as what the person was told."""
    body: dict[str, Any] = {"letter": letter, "languages": language}
    for one in field:
        name, equals, value = one.partition("=")
        if not equals or name not in ADDED.get(letter, ()):
            refuse(f"--field is NAME=VALUE; this letter needs {', '.join(ADDED.get(letter, ()))}")
        body[name] = value.split(",") if name == "shared" else value
    reply = desk.post(f"/cases/{quoted(ref)}/{_plural(letter)}", body)
    _show(desk, reply)


@app.command("read")
@at_desk(CASEWORK)
def read(desk: Desk, ref: str, letter: str, record: str) -> None:
    """A letter that was composed."""
    _show(desk, desk.get(f"/cases/{quoted(ref)}/{_plural(letter)}/{quoted(record)}"))


@app.command("list")
@at_desk(CASEWORK)
def list_letters(desk: Desk, ref: str, plural: Annotated[str, typer.Argument(help="letters, invitations")]) -> None:
    """Which ones were composed, and when."""
    if plural not in {"letters", "invitations"}:
        refuse("list letters, or invitations")
    columns = ("record", "letter", "letter_version", "language", "written_at")
    desk.show_list(desk.get(f"/cases/{quoted(ref)}/{plural}"), "letters", columns)


def _show(desk: Desk, reply: Any) -> None:
    if desk.as_json:
        output.show_json(reply)
        return
    typer.echo(output.clean(reply["record"]), err=True)
    for language in reply["languages"]:
        text = reply["texts"][language]
        parts = (text["subject"], text["salutation"], *text["paragraphs"], text["closing"])
        output.show_text(f"{reply['letter']} · {language}", "\n\n".join(parts) + "\n")
