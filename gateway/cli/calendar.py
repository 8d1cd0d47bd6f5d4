"""`parefeu calendar`: secret addresses of one's own appointments, for programs that show calendars."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.desk import Desk, at_desk, quoted
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="Secret addresses of your appointments, for programs that show calendars.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("make")
@at_desk(CASEWORK)
def make(desk: Desk, language: Annotated[str, typer.Option("--language", help="fr, nl, de or en.")] = "fr") -> None:
    """Make an address. It is shown this once; whoever has it sees when and where you are busy, and nobody's name."""
    reply = desk.post("/calendar", {"language": language})
    desk.done(reply, f"{reply['address']}\tuntil {reply['expires_on']}")
    if not desk.as_json:
        typer.echo("it stands below your gateway's own address; keep it as you keep a password", err=True)


@app.command("list")
@at_desk(CASEWORK)
def list_calendars(desk: Desk) -> None:
    """The addresses you made, without their secrets."""
    desk.show_list(desk.get("/calendar"), "calendars", ("feed", "language", "created_at", "expires_on", "revoked_at"))


@app.command("revoke")
@at_desk(CASEWORK)
def revoke(desk: Desk, feed: str) -> None:
    """End an address; the very next fetch finds nothing."""
    reply = desk.ask("DELETE", f"/calendar/{quoted(feed)}")
    desk.done(reply, f"{reply['feed']}\trevoked")
