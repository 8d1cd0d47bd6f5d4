"""`parefeu demo`: a vault with invented cases, served on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.home import hooks_of
from gateway.cli.output import called

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    ctx: typer.Context,
    home: Annotated[Path, typer.Option("--home", help="Where the demo lives.")] = Path("demo-home"),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 8460,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw the present demo away and begin anew.")] = False,
    code: Annotated[str, typer.Option("--code", metavar="LOGIN", help="Only print this login's present code.")] = "",
    only_make: Annotated[bool, typer.Option("--only-make", help="Make it, serve nothing.")] = False,
) -> None:
    """Make a vault with invented staff and cases (or reuse it), serve it on loopback, print the sign-ins.

    For looking only: one process holds all zones, and their passphrases lie beside the keys.
    """
    if code:
        _print_code(home, code)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from gateway.demo.setup import prepare

    console = Console(stderr=True)
    columns = (TextColumn("making the demo"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=100)
        made = prepare(
            home, hooks_of(ctx), lambda done, total: bar.update(task, completed=done, total=total), fresh=fresh
        )
    if only_make:
        typer.echo(f"made {home}: {len(made.cases)} cases; `{called()} demo --home {home}` serves it")
        return
    from gateway.demo.server import serve_demo

    typer.echo("parefeu: for looking only: one process holds all zones, passphrases lie beside the keys", err=True)
    serve_demo(home, port, made, hooks_of(ctx))
    typer.echo("parefeu: the demo has ended; its home stays", err=True)


def _print_code(home: Path, login: str) -> None:
    import pyotp

    from gateway.demo.setup import Demo
    from vault.errors import ConfigurationError

    secret = Demo.load(home).secrets.get(login)
    if secret is None:
        raise ConfigurationError("the demo has no such login")
    typer.echo(pyotp.TOTP(secret).now())
