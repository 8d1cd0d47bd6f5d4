"""`parefeu simulate`: fills an empty vault with years of invented cases, through the real use cases."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli import output
from gateway.cli.home import Home, Json, hooks_of, settings_of
from vault.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.simulation.run import Done, Progress
    from gateway.simulation.standing import Plan, Standing
    from gateway.wiring import Services
    from vault.ports import Clock

app = typer.Typer(add_completion=False)
#: The design size: shells of ten years.
DESIGN: Final = 35_000  # cases a year
#: What says what is simulated: settled when it began, so it is not said again when it goes on.
_PLANNED: Final = ("years", "seed", "cases", "scale", "until")


@app.command()
def simulate(
    ctx: typer.Context,
    home: Home = None,
    years: Annotated[int, typer.Option("--years", min=1, max=30)] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same lives.")] = 1,
    cases: Annotated[int, typer.Option("--cases", min=0, help="How many; default: 35,000 a year.")] = 0,
    scale: Annotated[float, typer.Option("--scale", min=0.0001, max=10, help="A part of the default.")] = 1.0,
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="The day it ends before; default: today.")] = "",
    again: Annotated[bool, typer.Option("--continue", help="Go on with the one that was stopped here.")] = False,
    as_json: Json = False,
) -> None:
    """Fill an empty vault with invented cases: orders, invitations, absences, interviews, notes, avenues, ends.

    By its own clock, ending today, so that dates spread over the years. For measuring and rehearsing: everybody in it
    is invented, and production refuses the home. Ctrl-C or SIGTERM stops it in good order, and `--continue` goes on,
    also days later. A vault that holds anything is refused, one whose simulation was killed too: begin again with a new
    one (`parefeu init`). Without a text model of French: PAREFEU_FREETEXT_FRENCH=0.
    """
    from gateway.clock import SystemClock
    from gateway.simulation.standing import Plan, kept

    settings, hooks = settings_of(home), hooks_of(ctx)
    standing = None
    if again:
        for name in _PLANNED:
            source = ctx.get_parameter_source(name)
            if source is not None and source.name == "COMMANDLINE":
                raise InvalidInput("what is simulated was said when it began: give --continue alone", field=name)
        standing = kept(settings.home)
        plan = standing.plan
    else:
        end = _day(until) if until else (hooks.clock or SystemClock()).now().date()
        wanted = cases or round(DESIGN * years * scale)
        if wanted < 1:
            raise InvalidInput("at least one case is simulated", field="cases")
        plan = Plan(seed=seed, cases=wanted, first=end.replace(year=end.year - years, day=min(end.day, 28)), end=end)
    with _bar() as progress, _stopped_by_signals() as stop:
        done, standing = fill(settings, hooks.parts(), plan, progress, standing=standing, stop=stop)
    told = {
        "cases": done.cases, "steps": done.steps, "notes": done.notes, "facts": done.facts, "sign_ins": done.sign_ins,
        "seconds": round(done.seconds, 1), "steps_per_second": round(done.rate), "seed": plan.seed,
        "until": plan.end.isoformat(), "reached": (standing.moment.date() if standing else plan.end).isoformat(),
        "finished": standing is None,
    }  # fmt: skip
    if as_json:
        output.show_json(told)
    else:
        output.show_record(told)
        named = output.at_home(home)
        look, on = f"Look it over: `parefeu doctor{named}`", f"Go on: `parefeu simulate{named} --continue`"
        typer.echo(output.as_called(look if standing is None else on), err=True)


def fill(
    settings: Settings, parts: dict[str, Any], plan: Plan, progress: Progress, *, standing: Standing | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Done, Standing | None]:  # fmt: skip
    """Simulate into an empty installation, or go on from where it stands; what was done, and where it was stopped.

    Raises ConfigurationError unless it is empty, StoreBusy, SimulationFailed.
    """
    from gateway.log.lanes import close_lanes
    from gateway.simulation.clock import SimulatedClock
    from gateway.simulation.run import Simulation
    from gateway.simulation.standing import keep
    from gateway.wiring import build

    if standing is None and not _empty(settings):
        raise ConfigurationError(
            "this vault holds something already, and only an empty one is filled: nothing was changed"
        )
    # What is written names nobody: a second model would find nothing, and take seconds to load.
    settings = settings.model_copy(update={"freetext_french": False})
    clock = SimulatedClock(datetime.combine(plan.first, time(6), UTC) if standing is None else standing.moment)
    with ExitStack() as held:
        services = build(settings, note=lambda: "a simulation", **{**parts, "clock": clock})
        held.callback(services.close)
        keep(settings.home, None)  # whoever is killed from here on left a vault that nobody knows
        sequence = _sequencer(settings, services, clock, parts, plan, held)
        simulation = Simulation(services, clock, plan, sequence=sequence, progress=progress, stop=stop)
        standing = simulation.run(standing)
        close_lanes(services)
        sequence()
        if standing is not None:
            keep(settings.home, standing)
    return simulation.done, standing


@contextmanager
def _stopped_by_signals() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM came; a second one ends the program as ever, and leaves a vault half filled."""
    came: list[int] = []

    def note(number: int, _frame: object) -> None:
        came.append(number)
        signal.signal(number, before[number])

    before: dict[int, Any] = {int(each): signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _empty(settings: Settings) -> bool:
    """Whether nobody ever used these databases. Raises StoreUnavailable, StoreMismatch."""
    from vault.storage import migrate
    from vault.storage.store import make_engine
    from vault.storage.survey import SqlSurvey

    engine = make_engine(settings.main_url)
    try:
        migrate.check(engine, "main")
    finally:
        engine.dispose()
    with SqlSurvey(settings.main_url, settings.keys_url) as survey:
        return not any(survey.count(table) for table in ("entries", "staff", "cases"))


def _sequencer(
    settings: Settings, services: Services, clock: Clock, parts: dict[str, Any], plan: Plan, held: ExitStack
) -> Callable[[], None]:
    """Take what waits into the trees of the simulated years; nothing to do where this home does not keep the log."""
    from gateway.clock import SystemEntropy
    from gateway.log.key import AHEAD, has_log_key, load_log_key, policy_text, replace_file
    from gateway.log.running import make_keeper
    from vault.crypto.providers.file import FileRoot

    if not has_log_key(settings):
        return lambda: None
    root = parts.get("root", FileRoot)
    key = load_log_key(settings, SystemEntropy(), root)
    begin = datetime.combine(plan.first, time(6), UTC)
    count = 2 * (plan.end.year - begin.year + 1) + AHEAD
    replace_file(settings.log_home / "policy.txt", policy_text(key, begin, count).encode())
    # It sequences by the thousand, days of its clock apart: that entries waited is no news here.
    log = logging.getLogger("parefeu.log")
    held.callback(log.setLevel, log.level)
    log.setLevel(logging.ERROR)
    keeper = make_keeper(settings, clock, root, services)
    held.callback(keeper.close)

    def turn() -> None:
        while keeper.turn().full:
            pass
        keeper.show()

    return turn


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("a day is written YYYY-MM-DD", field="until") from None


@contextmanager
def _bar() -> Iterator[Progress]:
    """How far the years are, and when it will be done; on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.fields[cases]:,} cases, {task.fields[steps]:,} steps, {task.fields[rate]:,} a second"),
        BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0, cases=0, steps=0, rate=0)
        yield lambda part, done: bar.update(
            task, completed=part, cases=done.cases, steps=done.steps, rate=round(done.rate)
        )
