"""`parefeu questions`: what oversight asks you about a look of yours."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.desk import Desk, at_desk, quoted
from vault.vocabulary import CASEWORK

app = typer.Typer(help="What oversight asks you about a look of yours.", no_args_is_help=True, add_completion=False)
_LINE = ("question", "asks", "looked_at", "action", "kind", "subject", "asked_at", "answered_at")


@app.command("list")
@at_desk(CASEWORK)
def list_questions(desk: Desk) -> None:
    """Questions put to you, unanswered ones first. Which case: `parefeu case find --log-name SUBJECT`."""
    desk.show_list(desk.get("/questions"), "questions", _LINE)


@app.command("answer")
@at_desk(CASEWORK)
def answer(
    desk: Desk, question: str,
    text: Annotated[str, typer.Option("--text", help="Sealed to oversight; - or nothing to be asked.")] = "-",
) -> None:  # fmt: skip
    """Answer, once. Nobody of casework reads it back."""
    said = typer.prompt("Answer", err=True) if text == "-" else text
    reply = desk.post(f"/questions/{quoted(question)}/answer", {"answer": said})
    desk.done(reply, f"{reply['question']}\tanswered")
