"""`parefeu keys rotate`: a zone's wrapping key is replaced while the zone serves."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli import output
from gateway.cli.home import Home, Hooks, Json, hooks_of, settings_of, zone_of

if TYPE_CHECKING:
    from gateway.keyring_file import KeyringFile
    from gateway.rotation import Outcome
    from gateway.settings import Settings
    from vault.vocabulary import Zone

ZoneName = Annotated[str, typer.Option("--zone", help="The zone whose wrapping key is replaced: casework.")]
_LOOK_EVERY: Final = 0.5  # seconds, at a server that does the work
_STILL: Final = 30  # looks at which nothing moved
Bar = Callable[[str, int, int], None]


def rotate(
    ctx: typer.Context,
    zone: ZoneName,
    home: Home = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what stands under which key; no more.")] = False,
    stage_only: Annotated[
        bool,
        typer.Option("--stage", help="Make the new key and stop: to copy the keyring to the zone's other machines."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Put every wrapped data key of a zone under a new key, while it serves; then destroy the old one.

    Records stay as they are. Interrupted, run it again: it goes on. On PostgreSQL with the keystore's owner's address.
    """
    from gateway.clock import SystemEntropy
    from gateway.instance import open_zone
    from gateway.rotation import refuse_other_zones, stage, under_way
    from vault.errors import Conflict

    wanted = zone_of(zone)
    hooks, settings = hooks_of(ctx), _settings(home, wanted)
    refuse_other_zones(wanted)
    entropy = SystemEntropy()
    file = open_zone(settings, wanted, entropy, hooks.root_class())
    if dry_run:
        _show_standing(settings, file, as_json)
        return
    try:
        staged = stage(file, entropy)
    except Conflict:
        file.renew()
        if not settings.sqlite or not under_way(file.keyring.wrapper):
            raise
        staged = False  # whoever holds the embedded store is at it: that is watched
    if stage_only:
        generation = file.keyring.wrapper.staged or file.keyring.wrapper.current
        typer.echo(f"generation {generation} {'is staged' if staged else 'was staged before'}: copy the file `keyring`")
        return
    with _bar() as bar:
        while (outcome := _here(settings, wanted, hooks, bar)) is None:
            if _watched(settings, file, bar):
                break
    _report(outcome, file, as_json)


def _settings(home: Any, zone: Zone) -> Settings:
    """Raises ConfigurationError where this is another zone's process, or no such zone is here."""
    from vault.errors import ConfigurationError

    settings = settings_of(home)
    if zone not in settings.zones:
        raise ConfigurationError(f"zone {zone} is not one that these settings serve ({settings.zone or 'all'})")
    return settings if settings.sqlite else settings_of(home, zone=str(zone))


def _here(settings: Settings, zone: Zone, hooks: Hooks, bar: Bar) -> Outcome | None:
    """Do it in this process; None where a server holds the embedded store, which does it then."""
    from gateway.log.lanes import closing_lanes
    from gateway.rotation import Rotation
    from gateway.wiring import build
    from vault.errors import StoreBusy

    with ExitStack() as held:
        try:
            services = build(settings, note=lambda: f"a rotation of keys, process {os.getpid()}", **hooks.parts())
        except StoreBusy:
            return None
        held.callback(closing_lanes(services).close)
        rotation = Rotation(services, zone)
        steps = rotation.carry_on()
        held.callback(steps.close)
        for step in steps:
            bar(*step)
    return rotation.outcome


def _watched(settings: Settings, file: KeyringFile, bar: Bar) -> bool:
    """Whether who holds the store is done; False after some time in which nothing moved: they may be gone.

    Ctrl-C leaves them to their work.
    """
    from gateway.rotation import under_way

    typer.echo("the server that holds this store re-wraps, and goes on with it if this command is stopped", err=True)
    total, last, still = 0, -1, 0
    while under_way(file.keyring.wrapper):
        found = _counted(settings, file)
        left = sum(count for generation, count in found.items() if generation < max(file.keyring.wrapper.held))
        total, still, last = max(total, left), still + 1 if left == last else 0, left
        if still > _STILL:
            return False
        bar("re-wrapping", total - left, total)
        time.sleep(_LOOK_EVERY)
        file.renew()
    return True


def _counted(settings: Settings, file: KeyringFile) -> dict[int, int]:
    from vault.storage.rewrapping import counted
    from vault.storage.store import Store

    store = Store(settings.main_url, settings.keys_url)
    try:
        return counted(store.connect(), file.zone)
    finally:
        store.close()


def _show_standing(settings: Settings, file: KeyringFile, as_json: bool) -> None:
    wrapper, found = file.keyring.wrapper, _counted(settings, file)
    words = {wrapper.current: "in use", wrapper.staged or 0: "staged"}
    words |= dict.fromkeys(wrapper.retired, "older, still needed to open")
    rows = [
        {"generation": number, "wraps": found.get(number, 0), "key": words.get(number, "not held")}
        for number in sorted({*wrapper.held, *found})
    ]
    if as_json:
        output.show_json({"zone": str(file.zone), "generations": rows})
        return
    output.show_rows(rows, ("generation", "wraps", "key"))
    typer.echo("nothing was changed")


def _report(outcome: Outcome | None, file: KeyringFile, as_json: bool) -> None:
    if outcome is None:
        told: dict[str, object] = {"zone": str(file.zone), "generation": file.keyring.wrapper.current, "finished": True}
    else:
        told = {
            "zone": str(file.zone), "generation": outcome.generation, "finished": outcome.finished,
            "rewrapped": outcome.rewrapped, "orphans": outcome.orphans, "waiting": outcome.waiting,
            "broken": [key.hex() for key in outcome.broken], "destroyed": list(outcome.destroyed),
        }  # fmt: skip
    if as_json:
        output.show_json(told)
    else:
        output.show_record(told)
    if outcome is not None and not outcome.finished:
        typer.echo(
            "the older key is kept: wraps that are `waiting` are too young to be taken for orphans (run this again in "
            "ten minutes), `broken` ones do not open (`parefeu doctor`)",
            err=True,
        )
        raise typer.Exit(3)


@contextmanager
def _bar() -> Iterator[Bar]:
    """On a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=max(total, 1))
