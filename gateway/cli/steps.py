"""A command for each step of the case flow, made from the table: `parefeu case invite REF --day … --language …`.

What a step needs becomes required options, what it may be told optional ones; the gateway checks the values.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Final

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted
from vault.cases.details import TAKES, Attendee, Avenue, Interpreting, SuspensionReason
from vault.cases.flow import FLOW, Outcome, Step
from vault.cases.model import CoachType
from vault.vocabulary import CASEWORK

#: Type and help of each option, by the name of what is told.
_OPTIONS: Final[dict[str, tuple[Any, str]]] = {
    "outcome": (Outcome, "How the case ends."),
    "leaflet": (str, "The leaflet's version."),
    "language": (str, "fr, nl, de or en."),
    "day": (str, "Day of the appointment, YYYY-MM-DD."),
    "attendees": (list[Attendee], "Who was there; repeat for more."),
    "interpreter": (Interpreting, "How it was interpreted."),
    "criterion": (str, "Code of triage; `parefeu flow parameters` lists them."),
    "region": (str, "The region that the case goes to."),
    "coach_type": (CoachType, "Where the criterion does not say it."),
    "coach": (str, "Login of the coach to assign."),
    "avenue": (Avenue, "Towards which right of residence; sealed."),
    "partner": (str, "With whom the person means to return; sealed."),
    "agreed": (bool, "That the person agrees."),
    "ground": (str, "Why more time is asked for; sealed. `parefeu flow parameters` lists them."),
    "reason": (SuspensionReason, "Why the guidance is suspended; sealed."),
    "until": (str, "Last day of the extended term, YYYY-MM-DD."),
}
#: Several may be told, or nobody was there: left out means none.
_LISTS: Final = frozenset({"attendees"})
_STEPS: Final = "Steps"
_OPTION_LINE: Final = ("step", "next", "possible", "reasons", "needs", "actors")
_TAKEN_LINE: Final = ("number", "taken", "state", "day", "codes")


def add_steps(app: typer.Typer) -> None:
    """Add a command per step, and those that look at them."""
    app.command("steps", rich_help_panel=_STEPS)(at_desk(CASEWORK)(steps))
    app.command("deadlines", rich_help_panel=_STEPS)(at_desk(CASEWORK)(deadlines))
    app.command("reasons", rich_help_panel=_STEPS)(at_desk(CASEWORK)(reasons))
    for step in Step:
        app.command(step.value.replace("_", "-"), rich_help_panel=_STEPS)(at_desk(CASEWORK)(_command(step)))


def steps(desk: Desk, ref: str) -> None:
    """The steps this case can take now, or why not; and those it took."""
    reply = desk.get(f"/cases/{quoted(ref)}/steps")
    if desk.as_json:
        desk.show(reply)
        return
    rows = [{**row, "reasons": "; ".join(reason["text"] for reason in row["reasons"])} for row in reply["steps"]]
    output.show_rows(rows, _OPTION_LINE, title="Steps in this state")
    output.show_rows(reply["taken"], _TAKEN_LINE, title="Steps taken")


def deadlines(desk: Desk, ref: str) -> None:
    """The days that count for a case, each with its rule, source and inputs."""
    reply = desk.get(f"/cases/{quoted(ref)}/deadlines")
    if desk.as_json:
        desk.show(reply)
        return
    rows = [
        {"deadline": row["deadline"], "day": row["day"], "left": row["left"], "because": _because(row["because"])}
        for row in reply["deadlines"]
    ]
    output.show_rows(rows, ("deadline", "day", "left", "because"))


def _because(reasons: list[dict[str, Any]]) -> str:
    """The computation in one line: rule, inputs, result, source."""
    told = []
    for reason in reasons:
        inputs = ", ".join(f"{name} {value}" for name, value in reason["inputs"].items())
        result = f" = {reason['result']}" if reason["result"] else ""
        told.append(f"{reason['rule'].replace('_', ' ')}: {inputs}{result} [{reason['source']}; {reason['sure']}]")
    return " · ".join(told)


def reasons(desk: Desk, ref: str) -> None:
    """Why steps were taken: avenues, plans for a return, grounds. Sealed; logged as three looks."""
    at = f"/cases/{quoted(ref)}"
    reply = {name: desk.get(f"{at}/{name.replace('_', '-')}")[name] for name in ("avenues", "return_plans", "grounds")}
    desk.show(reply)


def _command(step: Step) -> Callable[..., None]:
    """The command of one step, with its options in the order of the table of details."""
    takes = TAKES[step]

    def take(desk: Desk, ref: str, **given: Any) -> None:
        body = {name: _plain(value) for name, value in given.items() if value is not None}
        reply = desk.post(f"/cases/{quoted(ref)}/steps/{step.value.replace('_', '-')}", body)
        line = f"{reply['reference']}\t{reply['state']}"
        desk.done(reply, f"{line}\t{reply['release']}" if reply["release"] else line)

    take.__name__, take.__doc__ = step.value, _help(step)
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("desk", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Desk),
        inspect.Parameter("ref", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str),
        *(_option(name, needed=True) for name in takes.needed),
        *(_option(name, needed=False) for name in takes.optional),
        inspect.Parameter("based_on", keyword, annotation=_BASED_ON, default=None),
    ]
    take.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return take


_BASED_ON: Final = Annotated[
    int | None, typer.Option("--based-on", help="The version of the case you looked at; refused if it moved on.")
]


def _option(name: str, *, needed: bool) -> inspect.Parameter:
    kind, told = _OPTIONS[name]
    flag = f"--{name.replace('_', '-')}"
    default: Any = None
    if needed and name not in _LISTS:
        default = inspect.Parameter.empty
    else:
        kind = kind | None
        default = [] if needed else None
    option = typer.Option(flag, help=told)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, option], default=default)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, Enum) else value


def _help(step: Step) -> str:
    """Who, from where, to where: from the table."""
    rows = [row for row in FLOW if row.step is step]
    actors = " or ".join(dict.fromkeys(role.value.replace("_", " ") for row in rows for role in row.actors))
    targets = ", ".join(dict.fromkeys(row.next.value if row.next else "where the case was" for row in rows))
    return f"{step.value.replace('_', ' ').capitalize()}, by {actors}; leads to {targets}."
