"""`parefeu recovery-codes`: for whoever lost the telephone with the six digits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.desk import Desk, at_desk
from vault.vocabulary import ZoneKind

app = typer.Typer(help="Codes in place of the six digits, once each.", no_args_is_help=True, add_completion=False)


@app.command("show")
@at_desk(kinds=tuple(ZoneKind))
def show(desk: Desk) -> None:
    """How many are left, since when, and when some were used."""
    desk.show(desk.get("/recovery-codes"))


@app.command("new")
@at_desk(kinds=tuple(ZoneKind))
def new(
    desk: Desk,
    password_file: Annotated[Path | None, typer.Option("--password-file", help="Default: you are asked.")] = None,
    code: Annotated[str | None, typer.Option("--code", help="Six digits, or a recovery code.")] = None,
) -> None:
    """Make a new set, shown this once; every older code is void."""
    from gateway.instance import read_passphrase

    if password_file is not None:
        password = read_passphrase(password_file).expose()
    else:
        password = typer.prompt("Password", hide_input=True, err=True)
    reply = desk.post(
        "/recovery-codes", {"password": password, "code": (code or typer.prompt("Code", err=True)).strip()}
    )
    desk.done(reply, "\n".join(reply["codes"]))
