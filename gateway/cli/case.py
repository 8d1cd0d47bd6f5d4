"""`parefeu case`: the work on cases of coach, desk and regional head; a command for each step of the flow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.desk import Desk, at_desk, quoted, read_text, refuse
from gateway.cli.steps import add_steps
from vault.cases.flow import State
from vault.cases.model import Origin, Place
from vault.vocabulary import CASEWORK

app = typer.Typer(help="Open, list, show and find cases; take their steps.", no_args_is_help=True, add_completion=False)
_LINE = ("reference", "state", "region", "language", "opened_on", "coach", "notes", "last_note_on")
Language = Annotated[str, typer.Option("--language", help="fr, nl, de or en.")]


@app.command("open")
@at_desk(CASEWORK)
def open_case(
    desk: Desk,
    file: Annotated[
        Path | None,
        typer.Argument(help="JSON as the interface takes it (POST /casework/cases); - for standard input."),
    ] = None,
    region: Annotated[str, typer.Option("--region")] = "",
    language: Language = "",
    family_name: Annotated[str, typer.Option("--family-name", help="Asked for if left out; shells keep it.")] = "",
    given_names: Annotated[str, typer.Option("--given-names", help="Asked for if left out.")] = "",
    birth_date: Annotated[str, typer.Option("--birth-date", help="YYYY-MM-DD")] = "",
    nationality: Annotated[str, typer.Option("--nationality")] = "",
    national_number: Annotated[str, typer.Option("--national-number", help="NISS or bis number.")] = "",
    ov: Annotated[str, typer.Option("--ov", help="OV/SP number.")] = "",
    oqt: Annotated[str, typer.Option("--oqt", help="OQT reference.")] = "",
    address: Annotated[str, typer.Option("--address")] = "",
    phone: Annotated[str, typer.Option("--phone")] = "",
    email: Annotated[str, typer.Option("--email")] = "",
    annex: Annotated[str, typer.Option("--annex", help="The form of the order, such as 13 or 26quater.")] = "",
    notified_on: Annotated[str, typer.Option("--notified-on", help="YYYY-MM-DD")] = "",
    origin: Annotated[Origin, typer.Option("--origin", help="A coach opens walk-ins, the desk the others.")] = (
        Origin.WALK_IN
    ),
    place: Annotated[Place, typer.Option("--place")] = Place.KNOWN_ADDRESS,
) -> None:  # fmt: skip
    """Open a case, from a file or from options. A file keeps names out of the shell's history."""
    if file is not None:
        body = _json(file)
    else:
        if not region or not language:
            refuse("name a FILE, or --region and --language")
        person = {
            "family_name": family_name or typer.prompt("Family name", err=True),
            "given_names": given_names or typer.prompt("Given names", err=True),
            "birth_date": birth_date or None,
            "nationality": nationality,
            "national_number": national_number,
        }
        body = {"region": region, "language": language, "people": [person], "ov_number": ov, "oqt_reference": oqt}
        body["contact"] = {"address": address, "phone": phone, "email": email}
        body["facts"] = {"annex": annex, "notified_on": notified_on or None}
        body |= {"origin": origin.value, "place": place.value}
    reply = desk.post("/cases", body)
    desk.done(reply, reply["reference"])


def _json(file: Path) -> Any:
    try:
        return json.loads(read_text(file))
    except ValueError as fault:
        # A JSON error's own text quotes nothing, but its position is all that helps.
        refuse(f"{file}: not JSON (line {getattr(fault, 'lineno', '?')}, column {getattr(fault, 'colno', '?')})")


@app.command("list")
@at_desk(CASEWORK)
def list_cases(
    desk: Desk,
    state: Annotated[list[State] | None, typer.Option("--state", help="Repeat for more than one.")] = None,
    language: Language = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50,
    before: Annotated[str, typer.Option("--before", help="opened_at of the last line seen (--json shows it).")] = "",
) -> None:
    """The caseload: a coach's own; for a regional head or the desk, the region's. Newest first."""
    states = [one.value for one in state or ()]
    desk.show_list(desk.get("/cases", state=states, language=language, limit=limit, before=before), "cases", _LINE)


@app.command("show")
@at_desk(CASEWORK)
def show(desk: Desk, ref: str) -> None:
    """Where a case stands."""
    desk.show(desk.get(f"/cases/{quoted(ref)}"))


@app.command("identity")
@at_desk(CASEWORK)
def identity(desk: Desk, ref: str) -> None:
    """Who the people of a case are. Logged as a look at names."""
    desk.show(desk.get(f"/cases/{quoted(ref)}/identity"))


@app.command("contact")
@at_desk(CASEWORK)
def contact(desk: Desk, ref: str) -> None:
    """How the people of a case are reached. Logged."""
    desk.show(desk.get(f"/cases/{quoted(ref)}/contact"))


@app.command("find")
@at_desk(CASEWORK)
def find(
    desk: Desk,
    national_number: Annotated[str, typer.Option("--national-number", help="NISS or bis number; - to be asked.")] = "",
    ov: Annotated[str, typer.Option("--ov", help="OV/SP number; - to be asked.")] = "",
    oqt: Annotated[str, typer.Option("--oqt", help="OQT reference; - to be asked.")] = "",
    log_name: Annotated[str, typer.Option("--log-name", help="The log's pseudonym of it; this is logged.")] = "",
) -> None:
    """Find a case within one's reach by an exact number, or by the pseudonym that oversight asks about."""
    named = {"national_number": national_number, "ov_number": ov, "oqt_reference": oqt, "log_name": log_name}
    given = [(field, value) for field, value in named.items() if value]
    if len(given) != 1:
        refuse("name exactly one of --national-number, --ov, --oqt, --log-name")
    field, value = given[0]
    if value == "-":
        value = typer.prompt("Number", err=True)
    desk.show_list(desk.post("/find", {"field": field, "value": value}), "cases", _LINE)


add_steps(app)
