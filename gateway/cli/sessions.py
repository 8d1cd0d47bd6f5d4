"""`parefeu sessions`: where one is signed in, and signing out elsewhere."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from gateway.cli.desk import Desk, at_desk, quoted
from vault.vocabulary import ZoneKind

app = typer.Typer(help="Where you are signed in; sign out elsewhere.", no_args_is_help=True, add_completion=False)
_LINE: Final = ("session", "begun_at", "expires_at", "service", "here")


@app.command("list")
@at_desk(kinds=tuple(ZoneKind))
def list_sessions(desk: Desk) -> None:
    """Your open sessions, the oldest first. service: a token that was issued for a program."""
    desk.show_list(desk.get("/sessions"), "sessions", _LINE)


@app.command("end")
@at_desk(kinds=tuple(ZoneKind))
def end_session(desk: Desk, session: Annotated[str, typer.Argument(help="as `list` shows it")]) -> None:
    """End one of your sessions; the very next request with its token is refused."""
    desk.ask("DELETE", f"/sessions/{quoted(session)}")
    desk.done({"session": session}, f"ended {session}")


@app.command("end-others")
@at_desk(kinds=tuple(ZoneKind))
def end_others(desk: Desk) -> None:
    """End all of your sessions but this one, tokens of programs among them."""
    reply = desk.ask("DELETE", "/sessions")
    desk.done(reply, f"ended {reply['ended']}")
