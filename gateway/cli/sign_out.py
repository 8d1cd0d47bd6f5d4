"""`parefeu sign-out`."""

from __future__ import annotations

import typer

from gateway.cli.desk import Desk, Session, at_desk
from gateway.client import Problem
from vault.vocabulary import ZoneKind

app = typer.Typer(add_completion=False)


@app.command()
@at_desk(kinds=tuple(ZoneKind))
def sign_out(desk: Desk) -> None:
    """End the session; the very next request with its token is refused."""
    try:
        desk.ask("DELETE", "/session")
    except Problem as problem:
        if problem.status != 401:  # one that has ended already
            raise
    Session.forget(desk.zone)
    desk.done({"zone": str(desk.zone)}, f"signed out of {desk.zone}")
