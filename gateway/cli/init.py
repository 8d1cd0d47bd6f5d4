"""`parefeu init`: make an installation, whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.home import Home, Hooks, home_folder, hooks_of, plain_settings
from gateway.cli.output import as_called, at_home
from vault.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from gateway.settings import Settings
    from vault.vocabulary import Zone

app = typer.Typer(add_completion=False)


@app.command()
def init(
    ctx: typer.Context,
    home: Home = None,
    partner: Annotated[
        list[str] | None,
        typer.Option("--partner", help="A partner organisation, by a short name; repeat it for more."),
    ] = None,
    log_name: Annotated[
        str, typer.Option("--log-name", help="What the access log's origins begin with, like log.example.org.")
    ] = "",
) -> None:
    """Make keys for every zone, the signed directory and both databases. Refuses an existing home."""
    folder = home_folder(home)
    pin = create_home(folder, tuple(partner) if partner else None, hooks_of(ctx), log_name=log_name)
    settings = plain_settings(folder)
    offline = folder / "offline" / "directory.key"
    typer.echo(f"made        {folder}")
    typer.echo(f"pin         {pin}")
    typer.echo("Write the pin down, off this machine. Every zone compares the directory with it at start")
    typer.echo("(PAREFEU_DIRECTORY_PIN; production insists on it).")
    typer.echo("")
    typer.echo("Now move offline, and delete here:")
    typer.echo(f"  {offline}    whoever has it can name new keys for every zone")
    if settings.passphrase_dir is None:
        typer.echo("Hand to each zone's service manager, and delete here:")
        typer.echo(f"  {folder / 'passphrases'}/ZONE    they stand beside the keys they protect: for looking only")
    typer.echo(
        f"Hand {settings.log_home / 'policy.txt'} to the auditor: it says whose signatures count for the access log."
    )
    typer.echo("Give each zone's process its own folder only:")
    typer.echo(f"  {folder / 'zones'}/ZONE")
    typer.echo("")
    typer.echo(as_called(f"Next: `parefeu staff add{at_home(home)} …`, then `parefeu serve{at_home(home)}`."))


def create_home(
    folder: Path, partners: tuple[str, ...] | None, hooks: Hooks, *, mark: str = "", log_name: str = ""
) -> str:  # fmt: skip
    """Make an installation beside `folder` and move it there when it is whole. Returns the directory's pin.

    mark: a file to put into it. Raises ConfigurationError if there is something already, InvalidInput, StoreError.
    """
    from gateway.clock import SystemClock, SystemEntropy
    from gateway.instance import create_instance
    from vault.storage import installation

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} is not empty; nothing was changed")
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = folder.with_name(f".{folder.name}.making-{os.getpid()}")
    given = {"partners": partners} if partners is not None else {}
    settings = plain_settings(making, **given)
    zones = _zones(settings)
    try:
        making.mkdir(mode=0o700)
        if mark:
            (making / mark).touch()
        clock = hooks.clock or SystemClock()
        pin = create_instance(settings, zones, clock, SystemEntropy(), hooks.root_class(), log_name)
        installation.prepare(settings.main_url, settings.keys_url, pin)
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return pin


def _zones(settings: Settings) -> tuple[Zone, ...]:
    if settings.zone:
        raise ConfigurationError("init makes every zone: run it without PAREFEU_ZONE")
    try:
        return settings.zones
    except ValueError:
        raise InvalidInput("a partner is named by 2-24 lower-case letters, digits or '_'", field="partner") from None
