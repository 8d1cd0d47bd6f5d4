"""`parefeu figures`: outcome figures of one's region, for its head. Internal: not for publication."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk
from vault.statistics.measures import By
from vault.vocabulary import CASEWORK

app = typer.Typer(add_completion=False)


@app.command("figures")
@at_desk(CASEWORK)
def figures(
    desk: Desk,
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day of the period, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option("--to", metavar="DAY", help="The day after its last, YYYY-MM-DD.")],
    by: Annotated[By, typer.Option("--by", help="Into which groups.")] = By.COACH_TYPE,
) -> None:
    """Invitations, attendance, interviews, extensions, outcomes and durations, counted from what is recorded.

    What each figure counts, in which unit and of which whole: docs/figures.md, and under `definitions` with --json.
    """
    found = desk.get("/figures", **{"from": first, "to": end, "by": by.value})
    if desk.as_json:
        output.show_json(found)
        return
    groups = [group["group"] for group in found["groups"]]
    rows = [_row(name, one, found) for name, one in found["definitions"].items()]
    output.show_rows(
        rows, ("figure", "unit", "of", "all", *(f"{group or '(none)'}" for group in groups)),
        title=f"{found['region']}, {found['from']} to {found['to']} (not inside), counted on {found['counted_on']}",
    )  # fmt: skip
    typer.echo(f"NOT FOR PUBLICATION: {found['caution']}", err=True)


def _row(name: str, definition: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    told = {group["group"] or "(none)": group[name] for group in found["groups"]}
    return {"figure": name, "unit": definition["unit"], "of": definition["whole"], "all": found["whole"][name], **told}
