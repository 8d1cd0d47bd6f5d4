"""`parefeu emergency`: see in an emergency who somebody is, upon a second person's word; review it afterwards.

parefeu emergency ask C-… --cause health --reason "…"
parefeu emergency open NUMBER           a colleague of the region
parefeu emergency identity NUMBER       who asked, while it is open
parefeu emergency review --waiting      oversight: what is still to be reviewed
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from gateway.cli.desk import Desk, Since, Waiting, at_desk, quoted
from vault.vocabulary import CASEWORK, OVERSIGHT

app = typer.Typer(
    help="See in an emergency who somebody is, upon a second person's word; review it afterwards.",
    no_args_is_help=True, add_completion=False,
)  # fmt: skip
_COLUMNS: Final = ("asked_at", "standing", "cause", "reference", "asked_by", "yours", "expires_at", "emergency")
_USES: Final = (
    "asked_at",
    "standing",
    "cause",
    "role",
    "actor",
    "looks",
    "stage",
    "due_on",
    "overdue",
    "entry",
    "review",
)
Number = Annotated[str, typer.Argument(help="The emergency's number.")]


@app.command("ask")
@at_desk(CASEWORK)
def ask(
    desk: Desk,
    ref: Annotated[str, typer.Argument(help="The case's reference (C-…).")],
    cause: Annotated[str, typer.Option("--cause", help="health, danger, child, missing or other.")],
    reason: Annotated[str, typer.Option("--reason", help="Why you must know at once; the second person reads it.")],
) -> None:
    """Ask to see who somebody of your region is. Somebody else must open it."""
    reply = desk.post(f"/cases/{quoted(ref)}/emergencies", {"cause": cause, "reason": reason})
    desk.done(reply, f"{reply['emergency']}\tto be opened by {reply['lapses_at']}\t{reply['left']} more left")


@app.command("list")
@at_desk(CASEWORK)
def list_emergencies(desk: Desk, limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50) -> None:
    """Your own, and those that wait for a second person; for a head all of the region."""
    desk.show_list(desk.get("/emergencies", limit=limit), "emergencies", _COLUMNS)


@app.command("show")
@at_desk(CASEWORK)
def show(desk: Desk, number: Number) -> None:
    """Why a colleague asks."""
    desk.show(desk.get(f"/emergencies/{quoted(number)}"))


@app.command("open")
@at_desk(CASEWORK)
def open_emergency(
    desk: Desk,
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: you have read the reason already.")] = False,
) -> None:
    """Open, for some minutes, what somebody else asked for."""
    if not yes:
        found = desk.get(f"/emergencies/{quoted(number)}")
        for name in ("asked_by", "reference", "cause", "reason"):
            typer.echo(f"{name}: {found[name]}", err=True)
        typer.confirm("Open this?", abort=True, err=True)
    reply = desk.post(f"/emergencies/{quoted(number)}/opening")
    desk.done(reply, f"open until {reply['expires_at']}")


@app.command("refuse")
@at_desk(CASEWORK)
def refuse_emergency(desk: Desk, number: Number) -> None:
    """Refuse one that waits, or take back your own."""
    reply = desk.post(f"/emergencies/{quoted(number)}/refusal")
    desk.done(reply, reply["standing"])


@app.command("end")
@at_desk(CASEWORK)
def end_emergency(desk: Desk, number: Number) -> None:
    """End one before its time."""
    reply = desk.post(f"/emergencies/{quoted(number)}/end")
    desk.done(reply, reply["standing"])


@app.command("identity")
@at_desk(CASEWORK)
def identity(desk: Desk, number: Number) -> None:
    """Who the people of the case are, while your emergency is open. Each look is logged."""
    found = desk.get(f"/emergencies/{quoted(number)}/identity")
    if not desk.as_json:
        found["people"] = [
            " ".join(str(person[name]) for name in ("family_name", "given_names", "birth_date") if person[name])
            for person in found["people"]
        ]
    desk.show(found)


@app.command("contact")
@at_desk(CASEWORK)
def contact(desk: Desk, number: Number) -> None:
    """How they are reached, while your emergency is open (coach)."""
    desk.show(desk.get(f"/emergencies/{quoted(number)}/contact"))


@app.command("review")
@at_desk(OVERSIGHT)
def review(
    desk: Desk,
    since: Since = "",
    waiting: Waiting = False,
) -> None:
    """Emergencies, each with its review (`parefeu audit review open ENTRY --origin break_glass`)."""
    desk.show_reviewed("emergencies", _USES, since, waiting=waiting)


@app.command("counts")
@at_desk(OVERSIGHT)
def counts(desk: Desk) -> None:
    """How many a quarter, as may be published: small numbers are not told."""
    found = desk.get("/emergencies/counts")
    if not desk.as_json:
        small = f"fewer than {found['smallest_told']}"
        found["quarters"] = [
            {name: small if value is None else value for name, value in row.items()} for row in found["quarters"]
        ]
    desk.show_list(found, "quarters", ("period", "opened", "not_opened"))
