"""`parefeu audit figures`: how much is looked at, refused, searched and done after hours, by zone, role and purpose."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.desk import Desk, at_desk
from vault.oversight.log_figures import Step
from vault.vocabulary import OVERSIGHT


@at_desk(OVERSIGHT)
def figures(
    desk: Desk,
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day of the period, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option("--to", metavar="DAY", help="The day after its last, YYYY-MM-DD.")],
    step: Annotated[Step, typer.Option("--step", help="Days, or weeks from Monday on.")] = Step.WEEK,
) -> None:
    """Looks by zone, role and purpose; refusals, emergencies, searches that opened nothing, looks after hours."""
    found = desk.get("/log-figures", **{"from": first, "to": end, "step": step.value})
    desk.show_list(found, "rows", ("measure", "period", "group", "count"))
