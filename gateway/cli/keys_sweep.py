"""`parefeu keys sweep`: wraps that no row names are deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli import output
from gateway.cli.home import Home, Json, hooks_of

if TYPE_CHECKING:
    from gateway.wiring import Services
    from vault.storage.orphans import Orphan

#: Looked at in one go, and deleted in one transaction.
_AT_ONCE: Final = 500


def sweep(
    ctx: typer.Context,
    home: Home = None,
    hours: Annotated[int, typer.Option("--older-than", min=1, help="Hours; younger ones stay.")] = 24,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count them; no more.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete wraps that no row names: what a crash between the two databases left behind. They open nothing.

    Not after a main database was put back from a backup, while a newer one might still be found: its rows need them.
    """
    from gateway.cli.staff import at_the_store
    from gateway.log.lanes import write
    from vault.audit.events import Event, Happening, Verdict
    from vault.storage.orphans import delete
    from vault.vocabulary import CASEWORK

    age = timedelta(hours=hours)
    with at_the_store(home, CASEWORK, hooks_of(ctx)) as (services, _):
        orphans, deleted = _all(services, age), 0
        if orphans and not dry_run:
            if not yes:
                typer.confirm(f"{len(orphans)} wraps will be deleted for good. Go on?", abort=True, err=True)
            write(services, CASEWORK, Event(Happening.SWEPT.value, "wrap", Verdict.NONE, count=len(orphans)))
            for start in range(0, len(orphans), _AT_ONCE):
                with services.exclusive() as store:
                    deleted += delete(store, orphans[start : start + _AT_ONCE], services.clock.now(), age)
    told = {"found": len(orphans), "deleted": deleted}
    if as_json:
        output.show_json(told)
    else:
        output.show_record(told)


def _all(services: Services, age: timedelta) -> list[Orphan]:
    from vault.storage.orphans import Orphan, found, readers

    orphans: list[Orphan] = []
    last: Orphan | None = Orphan(b"", "")
    while last is not None:
        with services.exclusive() as store:
            of = readers(store, services.settings.zones)
            more, last = found(store, of, services.clock.now(), age, last, _AT_ONCE)
        orphans += more
    return orphans
