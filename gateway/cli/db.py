"""`parefeu db`: both databases."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer

from gateway.cli.db_roles import roles
from gateway.cli.home import Home, plain_settings

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.wiring import Services
    from vault.storage.store import Database

app = typer.Typer(
    help="Bring both databases to this program's schema, check them.", no_args_is_help=True, add_completion=False
)
app.command("roles")(roles)


@app.command()
def migrate(home: Home = None) -> None:
    """Run the migrations that are missing, one transaction per database. Nobody may be serving meanwhile.

    Refuses, before anything is changed, databases that are not this installation's, or not each other's.
    """
    from gateway.instance import read_directory, read_pin
    from vault.errors import ConfigurationError
    from vault.storage import installation
    from vault.storage.store import claim

    settings = plain_settings(home)
    with ExitStack() as held:
        if settings.sqlite:
            if not settings.home.is_dir():
                raise ConfigurationError("there is no installation here: run `parefeu init` first")
            held.enter_context(claim(settings.home, lambda: f"a migration, process {os.getpid()}"))
        read_directory(settings)  # the pin that both will bear is the one of a directory that holds
        installation.prepare(settings.main_url, settings.keys_url, read_pin(settings))
    _report(settings)


@app.command()
def check(home: Home = None) -> None:
    """Say whether both databases are this installation's and have this program's schema; on SQLite, are sound."""
    _report(plain_settings(home))


@app.command()
def sweep(ctx: typer.Context, home: Home = None) -> None:
    """Empty forgotten drafts and files that nobody described. A server that runs does this by itself."""
    from gateway.cli.home import hooks_of
    from gateway.cli.staff import at_the_store
    from vault.vocabulary import CASEWORK

    with at_the_store(home, CASEWORK, hooks_of(ctx)) as (services, _):
        swept = asyncio.run(_swept(services))
    typer.echo(f"{swept} emptied")


async def _swept(services: Services) -> int:
    from gateway.sweeper import sweep_all, tell

    swept = await sweep_all(services)
    await tell(services, swept)
    return swept


def _report(settings: Settings) -> None:
    from gateway.instance import read_directory, read_pin
    from vault.storage import installation
    from vault.storage import migrate as migrations
    from vault.storage.store import Store

    read_directory(settings)
    store = Store(settings.main_url, settings.keys_url)
    pairs: tuple[tuple[migrations.Which, Database], ...] = (("main", store.main), ("keystore", store.keystore))
    try:
        for which, database in pairs:
            migrations.check(database.engine, which)
            database.connect()
            installation.check(database, which, read_pin(settings))
            migrations.look_through(database.engine, which)
            typer.echo(f"{which:<10}{migrations.head(which)}")
    finally:
        store.close()
