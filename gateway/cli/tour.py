"""`parefeu tour`: one whole case, played."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.home import hooks_of

app = typer.Typer(add_completion=False)


@app.command()
def tour(
    ctx: typer.Context,
    home: Annotated[
        Path | None, typer.Option("--home", help="Build the vault here and keep it; default: a temporary folder.")
    ] = None,
    pause: Annotated[bool, typer.Option("--pause", help="Wait for Enter between chapters.")] = False,
) -> None:
    """Play one whole case: what the coach sees, what the database holds, who is refused and why, and an attack."""
    from rich.console import Console

    from gateway.demo.tour import play_tour

    def wait() -> None:
        if pause:
            typer.prompt("Enter goes on", default="", show_default=False, prompt_suffix=" ", err=True)

    findings = play_tour(home, hooks_of(ctx), pause=wait, console=Console(highlight=False))
    if any(one.confided or one.beyond for one in findings):
        raise typer.Exit(1)
