"""`parefeu sheets`: outcome sheets, as follow-up (or, one by one, oversight) opens them."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.desk import Desk, at_desk, quoted
from vault.vocabulary import FOLLOW_UP, ZoneKind

app = typer.Typer(help="Outcome sheets that were handed over (follow-up).", no_args_is_help=True, add_completion=False)
Limit = Annotated[int, typer.Option("--limit", min=1, max=200)]


@app.command("list")
@at_desk(FOLLOW_UP)
def list_sheets(desk: Desk, limit: Limit = 50, before: Annotated[str, typer.Option("--before")] = "") -> None:
    """Which sheets were handed over, newest first."""
    reply = desk.get("/sheets", limit=limit, before=before)
    desk.show_list(reply, "sheets", ("release", "pseudonym", "handed_over_at"))


@app.command("show")
@at_desk(kinds=(ZoneKind.FOLLOW_UP, ZoneKind.OVERSIGHT))
def show_sheet(desk: Desk, release: str) -> None:
    """Open one sheet."""
    desk.show(desk.get(f"/sheets/{quoted(release)}"))
