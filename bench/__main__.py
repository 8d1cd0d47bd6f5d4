"""`python -m bench`: measure, print a table, write files. Exit status 0 whatever the figures say; 2 for misuse."""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import audit_log, catalogue, micro, paging, reading, simulating
from bench.contestant import BenchFailed
from bench.report import Outcome, Report, as_json, markdown, table
from bench.settings import FULL, QUICK

#: Families that a quick look leaves out: they fill a vault first.
_LONG: Final = ("pages.", "simulate.")


def main(arguments: list[str] | None = None) -> int:
    """Run the bench. Returns the exit status: 1 if a contestant failed, so that nothing could be measured."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["freetext"]:
        from bench import freetext

        return freetext.main(given[1:])
    options = _options(given)
    if options.list:
        for one in catalogue.ALL:
            print(f"{one.name:<50}{one.bar or ''!s:<8}{one.about}")
        return 0
    try:
        names = catalogue.chosen([pattern for each in options.only for pattern in each.split(",")])
    except ValueError as unknown:
        print(f"bench: no figure is named like {str(unknown)!r}; --list shows them all", file=sys.stderr)
        return 2
    if options.quick and not options.only:
        names = [name for name in names if not name.startswith(_LONG)]
    effort = QUICK if options.quick else FULL
    chance = random.Random(options.seed)
    began = time.monotonic()
    try:
        parts = [part.measure(names, effort, chance, _say) for part in (micro, reading, audit_log, simulating)]
        parts.append(paging.measure(names, effort, chance, _say, options.home))
    except BenchFailed as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    report = _joined(parts, "quick" if options.quick else "full", time.monotonic() - began)
    print(table(report))
    if options.json:
        options.json.write_text(as_json(report), "utf-8")
    if options.markdown:
        options.markdown.write_text(markdown(report), "utf-8")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench", description="Measured ratios: the vault, a plain route, fair rivals.")
    parser.add_argument(
        "--quick", action="store_true",
        help="within a minute, with a wider spread; without pages and simulate unless --only names them",
    )  # fmt: skip
    parser.add_argument(
        "--only", metavar="PATTERN[,PATTERN…]", action="append", default=[],
        help="figures that match or begin so: 'read_note.*', 'seal_4k', 'audit_log'; may be given more than once",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="name the figures and their bars, measure nothing")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures as JSON")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the figures as Markdown")
    parser.add_argument("--home", metavar="HOME", type=Path, help="pages: a vault that `parefeu simulate` filled")
    parser.add_argument("--seed", type=int, default=None, help="of the order of slices; default: another each time")
    return parser.parse_args(arguments)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _joined(parts: list[Outcome], mode: str, seconds: float) -> Report:
    machine = {
        "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {mode}, {seconds:.0f} s",
        "machine": f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}",
        "flush": f"{_flush_micros():.0f} µs for 4 KiB written and flushed in {tempfile.gettempdir()}",
    }
    figures = {figure.name: figure for part in parts for figure in part.figures}
    missing = {name: reason for part in parts for name, reason in part.missing.items()}
    for part in parts:
        machine |= part.machine
    in_order = [figures[name] for name in catalogue.NAMES if name in figures]
    return Report(machine, in_order, {name: missing[name] for name in catalogue.NAMES if name in missing})


def _flush_micros(times: int = 50) -> float:
    """The median price of a durable write where the databases stood: on a RAM disk, FULL costs nothing."""
    with tempfile.TemporaryFile(buffering=0) as file:
        spent: list[float] = []
        for _ in range(times):
            began = time.perf_counter()
            file.write(b"\0" * 4096)
            os.fsync(file.fileno())
            spent.append(time.perf_counter() - began)
    return sorted(spent)[times // 2] * 1e6


if __name__ == "__main__":
    raise SystemExit(main())
