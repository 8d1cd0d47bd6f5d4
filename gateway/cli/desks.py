"""`parefeu desk`: the desks of one's region, when they are free, whom they receive; and the office's own list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted
from gateway.cli.home import Json
from gateway.organisation import load_organisation
from vault.cases.organisation import written_hours
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="Desks and their hours, when they are free, whom they receive.", no_args_is_help=True, add_completion=False
)
_LINE: Final = (
    "desk", "name", "site", "region", "open_return_place", "hours", "walk_in", "open_now", "closed_for",
)  # fmt: skip
_RECEIVED: Final = (
    "starts_at", "ends_at", "reference", "appointment", "occasion", "status", "family_name", "given_names", "language",
    "interpreting", "coach",
)  # fmt: skip


@app.command("list")
@at_desk(CASEWORK)
def list_desks(desk: Desk) -> None:
    """The desks of your region: hours, when people may walk in, open now or not."""
    desk.show_list(desk.get("/desks"), "desks", _LINE)


@app.command("free")
@at_desk(CASEWORK)
def free(desk: Desk, code: str, day: Annotated[str, typer.Argument(help="YYYY-MM-DD")]) -> None:
    """When a desk is free on a day; walk-in hours and holidays are left out."""
    desk.show(desk.get(f"/desks/{quoted(code)}/free", day=day))


@app.command("day")
@at_desk(CASEWORK)
def day(desk: Desk, code: str, on: Annotated[str, typer.Argument(help="YYYY-MM-DD")]) -> None:
    """Whom a desk receives; by name on the day itself alone. Logged as a look at names."""
    desk.show_list(desk.get(f"/desks/{quoted(code)}/day", day=on), "appointments", _RECEIVED)


@app.command("organisation")
def organisation(
    file: Annotated[
        Path | None,
        typer.Option("--file", envvar="PAREFEU_ORGANISATION_FILE", help="Check this file of an office's own list."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Every region, site and desk with its hours, and the digest that stands in the log. Needs no vault."""
    found, _ = load_organisation(file)
    rows = [
        {
            "desk": one.code, "name": one.name, "site": one.site.code, "region": one.region,
            "open_return_place": one.site.open_return_place, "hours": written_hours(one.hours),
            "walk_in": written_hours(one.walk_in),
        }
        for one in found.desks.values()
    ]  # fmt: skip
    if as_json:
        output.show_json({"digest": found.digest.hex(), "sites": len(found.sites), "desks": rows})
        return
    output.show_rows(rows, _LINE)
    typer.echo(f"{len(found.sites)} sites, {len(found.desks)} desks, digest {found.digest.hex()}")
