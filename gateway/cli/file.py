"""`parefeu file import FILE`: orders and facts of the official file; `parefeu file missing`: which wait, and for what.

A dry run by default: every household is looked at, by the gateway too, and nothing is written. With --write each is
taken in by one request of its own: whole, or not at all. The report has one line for each line of the file. An order
that was taken in before is told as `same`, so after an interruption the same command is given again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum, unique
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, refuse
from gateway.cli.notes import ProgressBar
from gateway.client import Problem, Unreachable
from gateway.order_faults import TEXTS, UnusableFile
from gateway.order_files import COLUMNS, PEOPLE_COLUMNS, Household, OrderFile, Survey, households, survey
from vault.cases.orders import Intake
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="Take in orders from the official file; list those that wait for a fact.",
    no_args_is_help=True, add_completion=False,
)  # fmt: skip
REPORT: Final = ("line", "status", "case", "region", "coach_type", "criterion", "missing", "differing", "why")
_WAITING: Final = ("reference", "opened_on", "language", "missing")
#: Somebody must look at these.
_OPEN: Final = frozenset({"invalid", "refused", Intake.DIFFERS.value})
#: What an empty file with the columns' names would help with.
_OF_HEADERS: Final = frozenset({"header", "unknown_column"})
#: Whatever household is sent next, the answer is the same.
_HOPELESS: Final = frozenset({401, 403, 404, 405, 429})


@unique
class Template(StrEnum):
    CSV = "csv"
    JSON = "json"


@app.callback()
def files() -> None:
    """Take in orders from the official file; list those that wait for a fact."""


@app.command("import")
@at_desk(CASEWORK)
def import_file(
    desk: Desk,
    file: Annotated[Path | None, typer.Argument(help="A .csv, .json or .jsonl file in UTF-8.")] = None,
    write: Annotated[bool, typer.Option("--write/--dry-run", help="Default: only look.")] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="Fill in what an order that waits was missing, and triage it.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Bring the facts of the file up to date where the people are the same.")
    ] = False,
    template: Annotated[
        Template | None, typer.Option("--template", help="Print an empty file and end.", show_default=False)
    ] = None,
) -> None:  # fmt: skip
    """Open and triage a case for each household of the file. Exit code 1 if a person must look at something.

    One report line a line of the file: what became of it, where it belongs, what is missing, which column is wrong.
    Never what stands in a cell. The format: docs/intake.md.
    """
    if template is not None:
        typer.echo(_template(template))
        return
    if file is None:
        refuse("name a FILE, or --template csv")
    orders = OrderFile.at(file)
    try:
        seen = survey(orders)
    except UnusableFile as unusable:
        refuse(f"{file}: {unusable}{' (see --template)' if unusable.fault.code in _OF_HEADERS else ''}")
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    counts: dict[str, int] = {}
    with Report(desk.as_json) as report, ProgressBar("taking in" if write else "looking", seen.households) as bar:
        stopped = ""
        for one, told in answers(desk, orders, seen, {"look": not write, "complete": complete, "update": update}):
            for row in report_rows(one, told):
                report.add(row)
            counts[told["status"]] = counts.get(told["status"], 0) + 1
            stopped = told.get("stopped", "")
            bar.advance()
    _end(counts, write=write, stopped=stopped)


class Poster(Protocol):
    """Whoever sends what the desk sends."""

    def post(self, path: str, body: Any, /) -> Any: ...


def answers(
    desk: Poster, file: OrderFile, seen: Survey, how: Mapping[str, bool]
) -> Iterator[tuple[Household, dict[str, Any]]]:
    """What became of each household, in the file's order, until the gateway gives no answer any more."""
    sent: set[bytes] = set()
    for one in households(file):
        fault = seen.fault_of(one)
        if fault is not None or one.body is None:
            yield one, {"status": "invalid", "why": fault.text if fault is not None else ""}
            continue
        if one.key in sent:
            yield one, {"status": "duplicate", "why": TEXTS["twice"]}
            continue
        sent.add(one.key)
        told = _sent(desk, one, how)
        yield one, told
        if "stopped" in told:
            return


def _sent(desk: Poster, one: Household, how: Mapping[str, bool]) -> dict[str, Any]:
    body = {**(one.body or {}), **how}
    for attempt in (1, 2):
        try:
            reply = desk.post("/orders", body)
        except Unreachable as lost:
            return {"status": "unanswered", "why": "no answer: it is taken in or it is not", "stopped": str(lost)}
        except Problem as problem:
            if problem.status in _HOPELESS:
                raise
            if problem.status >= 500:
                return {"status": "unanswered", "why": "no answer: it is taken in or it is not",
                        "stopped": problem.sentence}  # fmt: skip
            if problem.status == 409 and attempt == 1:
                continue  # somebody takes in the same order at this moment: the next answer says what came of it
            return {"status": "refused" if problem.status == 409 else "invalid", "why": _why(one, problem)}
        return dict(reply)
    raise AssertionError("two attempts end")


def _why(one: Household, problem: Problem) -> str:
    """Which column is wrong, and how; of a person also on which line. Never what stands there."""
    detail = str(problem.body.get("detail") or "")
    parts = []
    for issue in problem.body.get("issues", ()):
        *path, name = (str(issue.get("name") or "")).split(".")
        column = name if name in COLUMNS else next((part for part in reversed(path) if part in COLUMNS), name)
        place = int(path[1]) if len(path) > 1 and path[0] == "people" and path[1].isdecimal() else None
        people = one.people_lines
        where = f" (line {people[place]})" if place is not None and len(people) > place and len(people) > 1 else ""
        parts.append(f"{column}{where}: {issue.get('detail') or detail}".strip(": "))
    return "; ".join(parts) or detail or problem.sentence


def report_rows(one: Household, told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The report's lines about a household: one for each of its lines in the file."""
    for line in one.lines:
        if line in one.doubles:
            yield {"line": line, "status": "duplicate", "why": TEXTS["twice_line"]}
            continue
        yield {
            "line": line,
            "status": told["status"],
            "case": told.get("reference") or "",
            "region": told.get("region") or "",
            "coach_type": told.get("coach_type") or "",
            "criterion": told.get("criterion") or "",
            "missing": told.get("missing", []),
            "differing": told.get("differing", []),
            "why": told.get("why", ""),
        }


class Report:
    """The report's lines: as they come into a pipe, so that an interruption leaves what was done; else at the end."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._streams = not as_json and not output.on_terminal()
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> Report:
        if self._streams:
            output.show_rows([], REPORT)
        return self

    def add(self, row: dict[str, Any]) -> None:
        if self._streams:
            output.show_line(row, REPORT)
        else:
            self._rows.append(row)

    def __exit__(self, *_: object) -> None:
        if self._as_json:
            output.show_json({"lines": self._rows})
        elif not self._streams:
            output.show_rows(self._rows, REPORT)


def _end(counts: Mapping[str, int], *, write: bool, stopped: str) -> None:
    """How many households became what. Raises typer.Exit(1) where somebody must look."""
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "nothing in it"
    typer.echo(f"households: {told}" + ("" if write else "; nothing was written"), err=True)
    if stopped:
        typer.echo(f"stopped: {stopped}; run it again, what is taken in is told as `same`", err=True)
    if stopped or _OPEN & set(counts):
        raise typer.Exit(1)


def _template(kind: Template) -> str:
    if kind is Template.CSV:
        return ";".join(COLUMNS)
    example: dict[str, Any] = {name: _EXAMPLE.get(name, "") for name in COLUMNS if name not in PEOPLE_COLUMNS}
    example = {name: value for name, value in example.items() if value != ""}
    return json.dumps([example | {"people": _EXAMPLE_PEOPLE}], ensure_ascii=False, indent=2)


#: Invented people.
_EXAMPLE: Final[dict[str, Any]] = {
    "oqt_reference": "OQT-2026/000001", "ov_number": "8123456", "criterion": "FAMILY", "language": "fr",
    "place": "known_address", "annex": "13", "notified_on": "2026-11-02", "term_days": 30, "procedure_pending": False,
    "street": "rue des Tilleuls-Inventés 14 bte 2", "postcode": "4000", "town": "Liège",
}  # fmt: skip
_EXAMPLE_PEOPLE: Final = [
    {"relation": "head", "family_name": "Exemple", "given_names": "Awa", "birth_date": "1990-05-04",
     "nationality": "GN", "aliases": ["Eve"]},
    {"relation": "child", "family_name": "Exemple", "given_names": "Ibou", "birth_date": "2019-02-11",
     "nationality": "GN"},
]  # fmt: skip


@app.command("missing")
@at_desk(CASEWORK)
def missing(
    desk: Desk,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50,
    before: Annotated[str, typer.Option("--before", help="opened_at of the last line seen (--json shows it).")] = "",
) -> None:
    """Orders of the region that wait for triage, and what was missing. Newest first.

    `parefeu case triage REF` places one by hand; a file that says what was missing does with --write --complete.
    """
    desk.show_list(desk.get("/orders", limit=limit, before=before), "orders", _WAITING)
