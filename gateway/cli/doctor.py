"""`parefeu doctor`: checks every invariant of an installation, and says in plain words what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli import output
from gateway.cli.home import Home, Json, hooks_of, plain_settings

if TYPE_CHECKING:
    from vault.doctor.checks import Findings, Progress

app = typer.Typer(add_completion=False)
#: Exit code where something is wrong; 1 is for what could not be looked at, 2 for wrong usage.
WRONG: Final = 3


@app.command()
def doctor(
    ctx: typer.Context,
    home: Home = None,
    opening: Annotated[
        int, typer.Option("--open", min=0, max=100_000, help="Also try whether this many records open. Logged.")
    ] = 0,
    listing: Annotated[bool, typer.Option("--list", help="Say what is checked, and check nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Check an installation whole: files, keys, both databases, the log, every case's history. Shows no content.

    Reads one moment of each database, beside a running server if there is one, as the databases' owner.
    --open needs casework's keys, and an embedded store that nobody serves.

    Exit code: 0 nothing is wrong; 3 something is; 1 it could not be looked at.
    """
    from gateway.cli.doctoring import CHECKS, look, roots_here, sample_of, try_sample
    from gateway.cli.staff import at_the_store
    from gateway.clock import SystemClock
    from vault.vocabulary import CASEWORK

    if listing:
        rows = [{"check": c.name, "holds": c.holds, "why": c.why, "advice": c.advice} for c in CHECKS]
        _list(rows, as_json)
        return
    settings, hooks = plain_settings(home), hooks_of(ctx)
    with _bar() as progress:
        findings = look(settings, hooks.clock or SystemClock(), progress)
        if opening and findings.sound:
            sample = sample_of(settings, opening)
            with at_the_store(home, CASEWORK, hooks) as (services, _):
                try_sample(services, sample, findings, progress)
    _told(findings, len(CHECKS), roots_here(settings), as_json)
    if not findings.sound:
        raise typer.Exit(WRONG)


def _told(findings: Findings, checks: int, roots: dict[str, str], as_json: bool) -> None:
    found = list(findings)
    if as_json:
        told = [one.values() for one in found]
        output.show_json({"sound": findings.sound, "checks": checks, "roots": roots, "findings": told})
        return
    for one in found:
        places = ", ".join(one.places) + (" …" if one.count > len(one.places) > 0 else "")
        typer.echo(f"{one.check.severity.value.upper():<7} {one.check.name}: {one.what} ({one.count})")
        for label, text in (("where", places), ("means", one.check.why), ("do", one.check.advice)):
            if text:
                typer.echo(output.as_called(f"        {label:<6} {text}"))
    if findings.sound:
        typer.echo(f"sound: {checks} checks, nothing wrong" + (f", {len(found)} to look at" if found else ""))
    else:
        typer.echo(f"NOT SOUND: {len(found)} findings")
    if roots:
        typer.echo("roots: " + ", ".join(f"{name} {kind}" for name, kind in roots.items()))


def _list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        output.show_json({"checks": rows})
    else:
        output.show_rows(rows, ("check", "holds", "why", "advice"))


@contextmanager
def _bar() -> Iterator[Progress]:
    """A bar per part, on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=max(total, 1))
