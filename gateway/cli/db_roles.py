"""`parefeu db roles`: make the database roles of the zones, or print the SQL that would.

Runs as the owner of both databases (PAREFEU_DATABASE_URL, PAREFEU_KEYSTORE_URL), never as a zone. Passwords
are read from files; a zone without one keeps how it logs in.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.home import Home, plain_settings, settings_of, zone_of

if TYPE_CHECKING:
    from gateway.settings import Settings
    from vault.vocabulary import Zone


def roles(
    home: Home = None,
    print_only: Annotated[bool, typer.Option("--print", help="Print the SQL for review and change nothing.")] = False,
    zone: Annotated[
        list[str] | None,
        typer.Option("--zone", help="Only this zone; repeat it. Default: all that the directory names."),
    ] = None,
    passwords: Annotated[
        Path | None,
        typer.Option(
            "--passwords",
            help="A folder with a file per zone, and one named log (mode 0600), with the role's password.",
        ),
    ] = None,
) -> None:
    """Give each zone, and the log's sequencer, a database role that can do what it needs, and nothing else."""
    from gateway.private import read_passphrase
    from vault.errors import ConfigurationError
    from vault.storage.roles import SEQUENCER, apply_roles, render_roles, role_name

    settings = plain_settings(home, zone="") if zone else settings_of(home, zone="")
    wanted = [zone_of(name) for name in zone] if zone else list(settings.zones)
    if print_only:
        typer.echo(render_roles(wanted, sequencer=not zone), nl=False)
        return
    if settings.sqlite or settings.keys_url.startswith("sqlite"):
        raise ConfigurationError(
            "SQLite has no roles: set PAREFEU_DATABASE_URL and PAREFEU_KEYSTORE_URL to PostgreSQL, as its owner"
        )
    file = passwords / "log" if passwords is not None and not zone else None
    apply_roles(
        settings.main_url, settings.keys_url, wanted, _passwords(settings, wanted, passwords), sequencer=not zone,
        sequencer_password=read_passphrase(file).expose() if file is not None and file.exists() else "",
    )  # fmt: skip
    if not zone:
        typer.echo(f"{'the log':24} {SEQUENCER}")
    for name in wanted:
        typer.echo(f"{name!s:24} {role_name(name)}")


def _passwords(settings: Settings, zones: list[Zone], folder: Path | None) -> dict[Zone, str]:
    """Those of the zones that have a file, named as their passphrase files are."""
    from gateway.instance import read_passphrase
    from vault.errors import ConfigurationError

    if folder is None:
        return {}
    if not folder.is_dir():
        raise ConfigurationError(f"{folder.name} is no folder of passwords")
    files = {zone: folder / settings.passphrase_file(zone).name for zone in zones}
    return {zone: read_passphrase(file).expose() for zone, file in files.items() if file.exists()}
