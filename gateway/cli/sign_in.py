"""`parefeu sign-in`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.desk import Desk, Session, at_desk
from vault.vocabulary import CASEWORK, ZoneKind

app = typer.Typer(add_completion=False)


@app.command()
@at_desk(kinds=tuple(ZoneKind), default=CASEWORK)
def sign_in(
    desk: Desk,
    login: str,
    password_file: Annotated[Path | None, typer.Option("--password-file", help="Default: you are asked.")] = None,
    code: Annotated[
        str | None, typer.Option("--code", help="The six digits, or a recovery code; default: you are asked.")
    ] = None,
) -> None:
    """Sign in to a zone (--zone; default: casework). The session is kept for this user only, mode 0600."""
    from gateway.instance import read_passphrase

    if password_file is not None:
        password = read_passphrase(password_file).expose()
    else:
        password = typer.prompt("Password", hide_input=True, err=True)
    digits = code or typer.prompt("Code", err=True)
    body = {"login": login, "password": password, "code": digits.strip().replace(" ", "")}
    reply = desk.ask("POST", "/session", body, token="")
    Session(desk.zone, reply.pop("token"), desk.place, login, reply["expires_at"]).keep()
    used = reply.get("recovery_codes_used", [])
    if used:
        typer.echo(f"a recovery code was used at {', '.join(used)}: if that was not you, make new ones", err=True)
    desk.done(reply, f"signed in to {reply['zone']} as {reply['name']} ({reply['role']}) until {reply['expires_at']}")
