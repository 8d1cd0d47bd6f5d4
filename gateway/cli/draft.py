"""`parefeu draft`: one's own unfinished note of a case. Nobody else is given it; saving the note empties it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted, read_text
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="Keep, find and throw away your own unfinished notes.", no_args_is_help=True, add_completion=False
)
Note = Annotated[str, typer.Option("--note", help="The note that is revised; default: one that is not there yet.")]


@app.command("save")
@at_desk(CASEWORK)
def save(
    desk: Desk,
    ref: str,
    file: Annotated[Path, typer.Argument(help="A text file, - for standard input.")],
    language: Annotated[str, typer.Option("--language", help="fr, nl, de or en.")],
    template: Annotated[str, typer.Option("--template")] = "interview",
    note: Note = "new",
    based_on: Annotated[int, typer.Option("--based-on", min=0, help="The version you read, with --note.")] = 0,
) -> None:
    """Keep what was written so far, over what you had there. Names stay as typed until the note is saved."""
    body = {"text": read_text(file), "language": language, "template": template, "based_on": based_on}
    reply = desk.put(f"/cases/{quoted(ref)}/drafts/{quoted(note)}", body)
    desk.done(reply, f"{reply['reference']}\tdraft kept")


@app.command("show")
@at_desk(CASEWORK)
def show(desk: Desk, ref: str, note: Note = "new") -> None:
    """What you had written and not saved."""
    reply = desk.get(f"/cases/{quoted(ref)}/drafts/{quoted(note)}")
    if desk.as_json:
        output.show_json(reply)
        return
    output.show_text(
        f"{reply['template']} · {reply['language']} · gone after {reply['expires_at'][:10]}", reply["text"]
    )


@app.command("discard")
@at_desk(CASEWORK)
def discard(desk: Desk, ref: str, note: Note = "new") -> None:
    """Throw it away."""
    reply = desk.ask("DELETE", f"/cases/{quoted(ref)}/drafts/{quoted(note)}")
    desk.done(reply, f"{reply['reference']}\tno draft")
