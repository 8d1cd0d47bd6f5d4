"""`parefeu db`: both databases."""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import typer

from gateway.cli.home import Home, plain_settings

if TYPE_CHECKING:
    from gateway.settings import Settings

app = typer.Typer(
    help="Bring both databases to this program's schema, check them.", no_args_is_help=True, add_completion=False
)


@app.command()
def migrate(home: Home = None) -> None:
    """Run the migrations that are missing, one transaction per database. Nobody may be serving meanwhile."""
    from vault.errors import ConfigurationError
    from vault.storage import migrate as migrations
    from vault.storage.store import claim

    settings = plain_settings(home)
    with ExitStack() as held:
        if settings.sqlite:
            if not settings.home.is_dir():
                raise ConfigurationError("there is no installation here: run `parefeu init` first")
            held.enter_context(claim(settings.home, lambda: f"a migration, process {os.getpid()}"))
        migrations.upgrade(settings.main_url, "main")
        migrations.upgrade(settings.keys_url, "keystore")
    _report(settings)


@app.command()
def check(home: Home = None) -> None:
    """Say whether both databases have this program's schema, and whether their files are sound (SQLite)."""
    _report(plain_settings(home))


@app.command()
def sweep(ctx: typer.Context, home: Home = None) -> None:
    """Empty forgotten drafts and files that nobody described. A server that runs does this by itself."""
    from gateway.cli.home import hooks_of
    from gateway.cli.staff import at_the_store
    from vault.usecases.sweep import sweep as sweep_some
    from vault.vocabulary import CASEWORK

    swept = 0
    with at_the_store(home, CASEWORK, hooks_of(ctx)) as (services, _):
        casework = services.casework
        assert casework is not None
        while done := services.worker.run(CASEWORK, lambda uow: sweep_some(uow, casework)):
            swept += done
    typer.echo(f"{swept} emptied")


def _report(settings: Settings) -> None:
    from vault.errors import ConfigurationError, StoreUnavailable
    from vault.storage import migrate as migrations
    from vault.storage.store import make_engine

    databases: tuple[tuple[migrations.Which, str], ...] = (("main", settings.main_url), ("keystore", settings.keys_url))
    for which, url in databases:
        if settings.sqlite and not (settings.home / f"{which}.db").is_file():
            raise ConfigurationError(f"there is no {which} database in {settings.home}")
        engine = make_engine(url)
        try:
            migrations.check(engine, which)
            if settings.sqlite:
                with engine.connect() as connection:
                    if connection.exec_driver_sql("PRAGMA quick_check").scalar() != "ok":
                        raise StoreUnavailable(f"the {which} database is damaged: put back its backup")
        finally:
            engine.dispose()
        typer.echo(f"{which:<10}{migrations.head(which)}")


if find_spec("gateway.cli.db_roles") is not None:
    _roles = import_module("gateway.cli.db_roles")
    if hasattr(_roles, "app"):
        app.add_typer(_roles.app, name="roles")
    elif hasattr(_roles, "roles"):
        app.command("roles")(_roles.roles)
