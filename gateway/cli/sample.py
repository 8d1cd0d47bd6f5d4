"""`parefeu sample`: look at a case of one's region that is drawn by lot, for a stated reason and some days.

parefeu sample ask --reason quality --explanation "…" [--coach NUMBER]
parefeu sample notes NUMBER              then: read NUMBER NOTE, facts NUMBER --of stay
parefeu sample done NUMBER --finding "…"
parefeu sample notices                   coach: which of one's own cases were drawn
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from gateway.cli.desk import Desk, at_desk, quoted, refuse
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="Look at a case of your region that is drawn by lot (head); which were drawn (coach).",
    no_args_is_help=True, add_completion=False,
)  # fmt: skip
_COLUMNS: Final = ("drawn_at", "standing", "reason", "reference", "expires_at", "sample")
_NOTICES: Final = ("drawn_at", "standing", "reason", "role", "reference", "expires_at")
Number = Annotated[str, typer.Argument(help="The sample's number.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=200)]


@app.command("ask")
@at_desk(CASEWORK)
def ask(
    desk: Desk,
    reason: Annotated[str, typer.Option("--reason", help="A code of the office's file, such as quality.")],
    explanation: Annotated[str, typer.Option("--explanation", help="Why, in a sentence; oversight reads it.")],
    coach: Annotated[str, typer.Option("--coach", help="Among this coach's cases alone (`coach list`).")] = "",
) -> None:
    """Have a case of your region drawn. The lot falls where it falls, and its coach is told."""
    body = {"reason": reason, "explanation": explanation} | ({"coach": coach} if coach else {})
    reply = desk.post("/samples", body)
    desk.done(reply, f"{reply['sample']}\t{reply['reference']}\tuntil {reply['expires_at']}\t{reply['left']} more left")


@app.command("list")
@at_desk(CASEWORK)
def list_samples(desk: Desk, limit: Limit = 50) -> None:
    """What was drawn for you."""
    desk.show_list(desk.get("/samples", limit=limit), "samples", _COLUMNS)


@app.command("show")
@at_desk(CASEWORK)
def show(desk: Desk, number: Number) -> None:
    """Why it was drawn, until when, and what came of it."""
    desk.show(desk.get(f"/samples/{quoted(number)}"))


@app.command("notes")
@at_desk(CASEWORK)
def notes(desk: Desk, number: Number) -> None:
    """Which notes the drawn case has."""
    columns = ("written_at", "template", "language", "version", "note")
    desk.show_list(desk.get(f"/samples/{quoted(number)}/notes"), "notes", columns)


@app.command("read")
@at_desk(CASEWORK)
def read(desk: Desk, number: Number, note: Annotated[str, typer.Argument(help="The note's number.")]) -> None:
    """One note of it, with its stand-ins. Each look is logged."""
    desk.show(desk.get(f"/samples/{quoted(number)}/notes/{quoted(note)}"))


@app.command("facts")
@at_desk(CASEWORK)
def facts(
    desk: Desk, number: Number, of: Annotated[str, typer.Option("--of", help="stay or return.")] = "stay"
) -> None:
    """What is recorded about stay, or about return."""
    if of not in ("stay", "return"):
        refuse("--of takes stay or return")
    columns = ("code", "value", "status", "on", "detail", "written_at")
    desk.show_list(desk.get(f"/samples/{quoted(number)}/{of}-facts"), "facts", columns)


@app.command("done")
@at_desk(CASEWORK)
def done(
    desk: Desk,
    number: Number,
    finding: Annotated[str, typer.Option("--finding", help="What came of it, in a sentence; oversight reads it.")],
) -> None:
    """Say what came of it. From then on nothing of the case is shown to you."""
    reply = desk.post(f"/samples/{quoted(number)}/end", {"finding": finding})
    desk.done(reply, reply["standing"])


@app.command("notices")
@at_desk(CASEWORK)
def notices(desk: Desk, limit: Limit = 50) -> None:
    """Which of your own cases were drawn for your head, why, and until when (coach)."""
    desk.show_list(desk.get("/sample-notices", limit=limit), "notices", _NOTICES)
