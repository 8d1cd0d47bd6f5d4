"""Figures, their bars and how they are shown: a table for people, JSON and Markdown for files.

A missed bar is said, never hidden, and never fails the run: times depend on the machine and the hour.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.interleave import Summary


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure shall keep. at_most: the limit is a ceiling; otherwise a floor."""

    limit: float
    at_most: bool = True

    def met(self, figure: float) -> bool:
        return figure <= self.limit if self.at_most else figure >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. low, high: quartiles over the repetitions. unit: `×` for a ratio."""

    name: str
    median: float
    low: float
    high: float
    repetitions: int
    unit: str
    bar: Bar | None
    note: str

    @classmethod
    def of(cls, name: str, summary: Summary, *, unit: str, bar: Bar | None, note: str = "") -> Figure:
        return cls(name, summary.median, summary.low, summary.high, summary.repetitions, unit, bar, note)

    @property
    def verdict(self) -> str:
        """`ok`, `missed` or, without a bar, nothing."""
        if self.bar is None:
            return ""
        return "ok" if self.bar.met(self.median) else "missed"


@dataclass(frozen=True, slots=True)
class Report:
    """One run. machine: what a reader needs to place it; missing: figures left out, each with its reason."""

    machine: Mapping[str, str]
    figures: Sequence[Figure]
    missing: Mapping[str, str]


@dataclass
class Outcome:
    """Figures of a part of the bench, those left out with their reasons, and facts about the machine."""

    figures: list[Figure] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)


def number(value: float) -> str:
    """Three significant digits at least, no exponent."""
    for limit, digits in ((0.1, 4), (1, 3), (100, 2), (1000, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}"
    return f"{value:,.0f}"


def _rows(report: Report) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (
            figure.name,
            f"{number(figure.median)} {figure.unit}",
            f"{number(figure.low)}–{number(figure.high)}",
            str(figure.repetitions),
            str(figure.bar or ""),
            figure.verdict,
            figure.note,
        )
        for figure in report.figures
    ]
    return rows + [(name, "—", "", "", "", "not run", reason) for name, reason in report.missing.items()]


_TITLES = ("figure", "median", "quartiles", "n", "bar", "verdict", "note")


def table(report: Report) -> str:
    """The run as aligned text."""
    rows = [_TITLES, *_rows(report)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_TITLES))]
    right = {1, 2, 3, 4}
    lines = [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join([*_machine_lines(report), "", *lines, "", conclusion(report)])


def markdown(report: Report) -> str:
    """The run as a Markdown document."""
    lines = ["# Measured ratios", "", *(f"- {line}" for line in _machine_lines(report)), ""]
    lines += ["| " + " | ".join(_TITLES) + " |", "|---|--:|--:|--:|--:|---|---|"]
    for row in _rows(report):
        lines.append("| " + " | ".join([f"`{row[0]}`", *(cell.replace("|", "\\|") for cell in row[1:])]) + " |")
    return "\n".join([*lines, "", conclusion(report), ""])


def as_json(report: Report) -> str:
    """The run as JSON: machine, figures by name (with verdict), missing."""
    figures: dict[str, dict[str, Any]] = {}
    for figure in report.figures:
        fields = asdict(figure)
        fields["bar"] = None if figure.bar is None else str(figure.bar)
        fields["spread"] = [fields.pop("low"), fields.pop("high")]
        fields["verdict"] = figure.verdict
        del fields["name"]
        figures[figure.name] = fields
    whole = {"machine": dict(report.machine), "figures": figures, "missing": dict(report.missing)}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def conclusion(report: Report) -> str:
    """One sentence: how many bars are met, and the names of those that are not."""
    barred = [figure for figure in report.figures if figure.bar is not None]
    missed = [figure.name for figure in barred if figure.verdict == "missed"]
    said = f"{len(barred) - len(missed)} of {len(barred)} bars met"
    said += f"; missed: {', '.join(missed)}" if missed else ""
    return said + (f"; {len(report.missing)} figures not run" if report.missing else "") + "."


def _machine_lines(report: Report) -> list[str]:
    return [f"{name}: {text}" for name, text in report.machine.items()]
