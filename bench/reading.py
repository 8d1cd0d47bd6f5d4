"""Read one note over HTTP: all contestants of a run side by side, in shuffled slices.

Measures of a round, all costs: `busy_seconds` per request and `busy_p99` at 16 connections, `alone_p50` at one.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import catalogue, ours, plain
from bench.catalogue import ALONE, BUSY, HTTP_RATIOS, HttpRatio
from bench.contestant import BenchFailed, BenchUnavailable, Contestant
from bench.interleave import Round, Slice, Summary, ratio, run_rounds, summarise, value
from bench.load import LoadGenerator
from bench.notes import SampleNote, sample_notes
from bench.pg import Postgres, throwaway_postgres
from bench.report import Figure, Outcome
from bench.servers import Server, keep_bytecode
from bench.settings import Effort


@dataclass
class _Site:
    """Where contestants are prepared: a folder, the notes, and PostgreSQL once somebody needs it."""

    folder: Path
    notes: list[SampleNote]
    stack: ExitStack
    notices: dict[str, str] = field(default_factory=dict)
    _postgres: Postgres | None = None

    @property
    def postgres(self) -> Postgres:
        if self._postgres is None:
            self._postgres = self.stack.enter_context(throwaway_postgres())
        return self._postgres

    def place(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    @property
    def version(self) -> str:
        return "" if self._postgres is None else self._postgres.version


def _usual_sqlite(site: _Site) -> Contestant:
    from bench.rivals import usual

    return usual.prepare(f"sqlite:///{site.place('usual')}/usual.db", site.notes)


def _usual_postgres(site: _Site) -> Contestant:
    from bench.rivals import usual

    url = site.postgres.create_database("bench_usual").replace("postgresql:", "postgresql+psycopg:", 1)
    return usual.prepare(url, site.notes)


def _rls(site: _Site, cipher: str) -> Contestant:
    from bench.rivals import rls

    database = f"bench_rls_{cipher}"
    url = site.postgres.create_database(database)
    return rls.prepare(url, site.postgres.url(database, f"app_{cipher}"), cipher, site.notes)


def _rls_pgp(site: _Site) -> Contestant:
    from bench.rivals import rls

    if rls.has_pgcrypto(site.postgres.url("postgres")):
        return _rls(site, "pgp")
    # A harder rival than the one asked for: AES-GCM in Python costs a hundredth of pgp_sym_decrypt.
    site.notices[catalogue.RLS] = "no pgcrypto here: the rival decrypts with AES-GCM in Python, which is faster"
    return _rls(site, "application")


_PREPARE: Final[Mapping[str, Callable[[_Site], Contestant]]] = {
    catalogue.PLAIN: lambda site: plain.prepare(site.notes),
    catalogue.OURS_SQLITE: lambda site: ours.prepare_sqlite(site.place("ours"), site.notes),
    catalogue.OURS_UNAUDITED: lambda site: ours.prepare_sqlite(site.place("unaudited"), site.notes, audit=False),
    catalogue.OURS_POSTGRES: lambda site: ours.prepare_postgres(
        site.postgres.create_database("bench_ours"), site.place("ours_pg"), site.notes
    ),
    catalogue.USUAL_SQLITE: _usual_sqlite,
    catalogue.USUAL_POSTGRES: _usual_postgres,
    catalogue.RLS: _rls_pgp,
    catalogue.RLS_RAW: lambda site: _rls(site, "raw"),
}


def _needed(names: Collection[str]) -> list[str]:
    """The contestants that the wanted figures compare, in the catalogue's order."""
    wanted = {who for one in HTTP_RATIOS if one.name in names for who in one.contestants}
    if any(name.startswith("plain.") for name in names):
        wanted.add(catalogue.PLAIN)
    if "start.seconds" in names:
        wanted.add(catalogue.OURS_SQLITE)
    return [name for name in _PREPARE if name in wanted]


def _slice(generator: LoadGenerator, server: Server, effort: Effort, errors: dict[str, str]) -> Slice:
    def run() -> dict[str, float]:
        measured: dict[str, float] = {}
        for kind, connections in (("busy", BUSY), ("alone", ALONE)):
            load = generator.run(
                port=server.port,
                paths=server.contestant.paths,
                headers=server.contestant.headers,
                connections=connections,
                seconds=effort.seconds,
                warm_seconds=effort.warm_seconds,
                least=effort.least,
            )
            if load.errors:
                errors[server.name] = f"{load.errors} errors in a slice ({load.first_error})"
            if load.answers <= 10 * load.errors:
                said = f"{load.answers} answers, {load.errors} errors in {load.seconds:.1f} s: {load.first_error}"
                raise BenchFailed(f"{server.name}: {said}\n{server.log_tail()}")
            measured[f"{kind}_seconds"] = load.seconds / load.answers
            measured[f"{kind}_p50"], measured[f"{kind}_p99"] = load.p50, load.p99
        return measured

    return run


def _figure(one: HttpRatio, rounds: list[Round], notes: Mapping[str, str]) -> Figure:
    if one.share_saved:
        (over, measure), (under, _) = one.over, one.under
        summary = summarise([1 - this[under][measure] / this[over][measure] for this in rounds])
    else:
        summary = ratio(rounds, over=one.over, under=one.under)
    said = "; ".join(notes[who] for who in dict.fromkeys(one.contestants) if who in notes)
    return Figure.of(one.name, summary, unit="" if one.share_saved else "×", bar=one.bar, note=said)


def measure(names: Collection[str], effort: Effort, chance: random.Random, say: Callable[[str], None]) -> Outcome:
    """All wanted figures that need a server."""
    outcome = Outcome()
    needed = _needed(names)
    if not needed:
        return outcome
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parefeu-bench-")))
        keep_bytecode(folder / "bytecode")
        site = _Site(folder, sample_notes(effort.notes), stack)
        absent: dict[str, str] = {}
        contestants: dict[str, Contestant] = {}
        for name in needed:
            say(f"preparing {name}")
            try:
                contestants[name] = _PREPARE[name](site)
            except BenchUnavailable as reason:
                absent[name] = str(reason)
        if site.version:
            outcome.machine["postgresql"] = site.version
        _start(outcome, names, contestants, absent, folder, effort, say)
        rounds = _rounds(names, contestants, site, effort, chance, say)
    for one in HTTP_RATIOS:
        if one.name in names:
            lacking = [absent[who] for who in one.contestants if who in absent]
            if lacking:
                outcome.missing[one.name] = lacking[0]
            else:
                outcome.figures.append(_figure(one, rounds, site.notices))
    _machine_figures(outcome, names, rounds)
    return outcome


def _rounds(
    names: Collection[str],
    contestants: Mapping[str, Contestant],
    site: _Site,
    effort: Effort,
    chance: random.Random,
    say: Callable[[str], None],
) -> list[Round]:
    present = {who for one in HTTP_RATIOS if one.name in names for who in one.contestants if who in contestants}
    if any(name.startswith("plain.") for name in names):
        present.add(catalogue.PLAIN)
    if not present:
        return []

    def progress(number: int, values: Round) -> None:
        rates = ", ".join(f"{name} {1 / seen['busy_seconds']:,.0f}/s" for name, seen in values.items())
        say(f"round {number}/{effort.rounds}: {rates}")

    with ExitStack() as stack:
        generator = stack.enter_context(LoadGenerator())
        servers = [Server(name, contestants[name], site.folder) for name in contestants if name in present]
        for server in servers:  # all at once: the next starts while the one before gets ready
            stack.callback(server.stop)
            server.launch()
        cases: dict[str, Slice] = {}
        for server in servers:
            server.wait_until_ready()
            server.check_duty()
            cases[server.name] = _slice(generator, server, effort, site.notices)
        return run_rounds(cases, rounds=effort.rounds, slices=effort.slices, chance=chance, progress=progress)


def _start(
    outcome: Outcome,
    names: Collection[str],
    contestants: Mapping[str, Contestant],
    absent: Mapping[str, str],
    folder: Path,
    effort: Effort,
    say: Callable[[str], None],
) -> None:
    if "start.seconds" not in names:
        return
    name = catalogue.OURS_SQLITE
    if name in absent:
        outcome.missing["start.seconds"] = absent[name]
        return
    seconds: list[float] = []
    for number in range(effort.starts + 1):  # the first one compiles bytecode and is not counted
        with Server(f"start-{number}", contestants[name], folder) as server:
            seconds.append(server.start_seconds)
        say(f"start {number}/{effort.starts}: {seconds[-1]:.2f} s")
    del seconds[0]
    _add(outcome, "start.seconds", summarise(seconds))


def _machine_figures(outcome: Outcome, names: Collection[str], rounds: list[Round]) -> None:
    if "plain.requests_per_second" in names:
        rates = summarise([1 / one[catalogue.PLAIN]["busy_seconds"] for one in rounds])
        _add(outcome, "plain.requests_per_second", rates)
    if "plain.alone_micros" in names:
        alone = value(rounds, catalogue.PLAIN, "alone_p50")
        micros = Summary(alone.median * 1e6, alone.low * 1e6, alone.high * 1e6, alone.repetitions)
        _add(outcome, "plain.alone_micros", micros)


def _add(outcome: Outcome, name: str, summary: Summary) -> None:
    spec = next(one for one in catalogue.OTHERS if one.name == name)
    outcome.figures.append(Figure.of(name, summary, unit=spec.unit, bar=spec.bar))
