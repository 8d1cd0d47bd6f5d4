"""`parefeu audit file`: make everything that was logged findable now, however much waits.

A server that serves oversight does so by itself, between requests. This is for whoever does not want to wait, and for
an installation that nobody serves. It tells nobody what is in the log, so it asks no sign-in; like `audit sequence` it
is the operator's, and on PostgreSQL oversight's role or the owner's is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli.home import Home, settings_of
from vault.errors import ConfigurationError, StoreBusy

if TYPE_CHECKING:
    from gateway.settings import Settings
    from vault.storage.filing import OwnFiling

#: Where a server files, its progress is looked at so often; without any for so long, something is wrong there.
_LOOKS: Final = 0.5  # seconds
_PATIENCE: Final = 60.0  # seconds


def file(
    home: Home = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0.0, help="Seconds to watch a server that files and gets no further.")
    ] = _PATIENCE,
) -> None:
    """Make every entry of the log findable for oversight, with a progress bar. What is done stays, if it is ended."""
    from auditor.verify import bar

    with _filing(settings_of(home)) as (filing, own):
        begun = filing.how_far()
        step: Callable[[], bool] = (lambda: bool(filing.batch())) if own else _watching(filing, wait)
        far = begun
        while far.unfiled:
            bar(far.filed, far.filed + far.unfiled)
            if not step():
                break
            far = filing.how_far()
        far = filing.how_far()
        bar(far.filed, far.filed + far.unfiled)
    typer.echo("", err=True)
    typer.echo(f"{far.filed - begun.filed} entries filed; {far.filed} can be searched")
    if not own and far.unfiled:
        raise ConfigurationError("the server that serves this store does not file: look at its own messages")


def _watching(filing: OwnFiling, wait: float) -> Callable[[], bool]:
    """A step that waits for the server's: False once it got no further for `wait` seconds."""
    seen, since = -1, time.monotonic()

    def step() -> bool:
        nonlocal seen, since
        time.sleep(min(_LOOKS, wait))
        if (filed := filing.how_far().filed) > seen:
            seen, since = filed, time.monotonic()
        return time.monotonic() - since < wait

    return step


@contextmanager
def _filing(settings: Settings) -> Iterator[tuple[OwnFiling, bool]]:
    """The log's filing, and whether this process may do it: an embedded store has one writer, which does it itself."""
    from vault.storage import migrate
    from vault.storage.filing import OwnFiling
    from vault.storage.store import Database, claim, make_engine

    if settings.sqlite and not (settings.home / "main.db").is_file():
        raise ConfigurationError("there is no installation here: run `parefeu init` first")
    engine = make_engine(settings.main_url)
    migrate.check(engine, "main")
    with ExitStack() as held:
        own = True
        if settings.sqlite:
            try:
                held.enter_context(claim(settings.home, lambda: "a command that files the log"))
            except StoreBusy:
                own = False
        database = Database(engine)
        held.callback(engine.dispose)
        held.callback(database.close)
        database.connect()
        yield OwnFiling(database), own
