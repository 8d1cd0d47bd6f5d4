"""`parefeu coach`: a region's coaches, their load and absences; whose a case is, and whose it must not be."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import typer

from gateway.cli.desk import Desk, at_desk, quoted, refuse
from vault.cases.assignment import AbsenceKind
from vault.cases.model import CoachType, Place
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="Coaches, their load and absences; whose a case is, and must not be.",
    no_args_is_help=True,
    add_completion=False,
)
_ID: Final = re.compile(r"[0-9a-f]{32}")
_LINE: Final = ("coach", "name", "types", "capacity", "load", "appointments", "absent")
_AWAY: Final = ("absence", "coach", "name", "kind", "first_day", "last_day", "handed_over")
_BECOMES: Final = ("reference", "becomes", "coach", "obstacles", "at_once")
Who = Annotated[str, typer.Argument(metavar="COACH", help="Id or full name; `parefeu coach list` shows both.")]


def _id(desk: Desk, who: str) -> str:
    """The id of a coach of one's region who is named."""
    if _ID.fullmatch(who):
        return who
    named = [one["coach"] for one in desk.get("/coaches")["coaches"] if one["name"].casefold() == who.casefold()]
    if len(named) != 1:
        refuse("no coach of your region, or more than one, has this name: give the id")
    return str(named[0])


@app.command("list")
@at_desk(CASEWORK)
def list_coaches(desk: Desk) -> None:
    """The coaches of your region: what they take, how much they have, whether they are away today."""
    desk.show_list(desk.get("/coaches"), "coaches", _LINE)


@app.command("absences")
@at_desk(CASEWORK)
def absences(desk: Desk) -> None:
    """Who of your region is or will be away, and whether the cases were handed over."""
    reply = desk.get("/coaches")
    rows = [one | {"coach": row["coach"], "name": row["name"]} for row in reply["coaches"] for one in row["absences"]]
    desk.show_list({"absences": rows}, "absences", _AWAY)


@app.command("profile")
@at_desk(CASEWORK)
def profile(
    desk: Desk,
    who: Who,
    kinds: Annotated[list[CoachType], typer.Option("--type", help="A kind of case; repeat for more.")],
    capacity: Annotated[int, typer.Option("--capacity", help="Cases at a time.")],
) -> None:
    """Say which kinds of case a coach takes, and how many."""
    body = {"types": [kind.value for kind in kinds], "capacity": capacity}
    reply = desk.put(f"/coaches/{_id(desk, who)}", body)
    desk.done(reply, f"{reply['name']}\t{', '.join(reply['types'])}\t{reply['capacity']}")


@app.command("away")
@at_desk(CASEWORK)
def away(
    desk: Desk,
    who: Who,
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--until", help="Last day; left out: until they return.")] = "",
    kind: Annotated[AbsenceKind, typer.Option("--kind")] = AbsenceKind.HOLIDAY,
) -> None:
    """Write down a holiday or a leave. Prints its id, which handing over and returning ask for."""
    body = {"kind": kind.value, "first_day": first, "last_day": last or None}
    reply = desk.post(f"/coaches/{_id(desk, who)}/absences", body)
    desk.done(reply, reply["absence"])


@app.command("hand-over")
@at_desk(CASEWORK)
def hand_over(
    desk: Desk,
    absence: str,
    to: Annotated[str, typer.Option("--to", help="Who takes all of them; left out: chosen for each case.")] = "",
    look: Annotated[
        bool, typer.Option("--look", help="Only say what would become of each case; `at_once`: appointments.")
    ] = False,
) -> None:
    """Give every open case of an absent coach to somebody else."""
    body: dict[str, Any] = {"coach": _id(desk, to)} if to else {}
    if look:
        reply = desk.post(f"/absences/{quoted(absence)}/hand-over", body | {"look": True})
        desk.show_list(reply, "cases", _BECOMES)
        return
    _moved(desk, desk.post(f"/absences/{quoted(absence)}/hand-over", body))


@app.command("returned")
@at_desk(CASEWORK)
def returned(desk: Desk, absence: str) -> None:
    """End an absence: what was handed over and is still with the stand-in goes back."""
    _moved(desk, desk.post(f"/absences/{quoted(absence)}/return"))


def _moved(desk: Desk, reply: Any) -> None:
    desk.done(reply, f"{reply['name']}\t{reply['moved']} moved\t{reply['left']} left")


# -- one case -------------------------------------------------------------------------------------


@app.command("of")
@at_desk(CASEWORK)
def of(desk: Desk, ref: str) -> None:
    """Whose a case is and was, and who could take it: rank, load, obstacles."""
    desk.show(desk.get(f"/cases/{quoted(ref)}/assignment"))


@app.command("assign")
@at_desk(CASEWORK)
def assign(
    desk: Desk,
    ref: str,
    to: Annotated[str, typer.Option("--to", help="A coach; left out: chosen by kind, region and load.")] = "",
    region: Annotated[
        str, typer.Option("--region", help="Move the case to this region; its coach is chosen there.")
    ] = "",
    place: Annotated[Place | None, typer.Option("--place", help="Where the people live now.")] = None,
    kind: Annotated[CoachType | None, typer.Option("--type", help="The kind of coach they need now.")] = None,
) -> None:
    """Give a case to a coach; say where the people live now.

    The desk has the first coach chosen; a regional head does the rest.
    """
    body: dict[str, Any] = {
        "coach": _id(desk, to) if to else None, "region": region or None,
        "place": place.value if place is not None else None, "coach_type": kind.value if kind is not None else None,
    }  # fmt: skip
    reply = desk.post(f"/cases/{quoted(ref)}/assignment", body)
    desk.done(reply, f"{reply['reference']}\t{reply['coach'] or 'nobody yet'}\t{reply['explanation']}")


@app.command("conflict")
@at_desk(CASEWORK)
def conflict(
    desk: Desk,
    ref: str,
    who: Annotated[str, typer.Option("--coach", help="For a head: whom it concerns; left out: yourself.")] = "",
) -> None:
    """Declare a conflict of interest: the case goes to somebody else at once. Why is asked for, and sealed."""
    reason = typer.prompt("Why (for the regional head alone)", err=True)
    reply = desk.post(f"/cases/{quoted(ref)}/conflicts", {"coach": _id(desk, who) if who else None, "reason": reason})
    desk.done(reply, f"{reply['reference']}\tconflict of interest declared")


@app.command("conflicts")
@at_desk(CASEWORK)
def conflicts(desk: Desk, ref: str) -> None:
    """Which conflicts of interest were declared in a case; not why."""
    columns = ("coach", "name", "declared_at", "declared_by", "withdrawn_at")
    desk.show_list(desk.get(f"/cases/{quoted(ref)}/conflicts"), "conflicts", columns)


@app.command("why")
@at_desk(CASEWORK)
def why(desk: Desk, ref: str, who: Who) -> None:
    """Why a coach must not have the case. Logged."""
    desk.show(desk.get(f"/cases/{quoted(ref)}/conflicts/{_id(desk, who)}"))


@app.command("lift")
@at_desk(CASEWORK)
def lift(desk: Desk, ref: str, who: Who) -> None:
    """Lift a conflict of interest. The case stays where it is."""
    reply = desk.ask("DELETE", f"/cases/{quoted(ref)}/conflicts/{_id(desk, who)}")
    desk.done(reply, f"{reply['reference']}\tconflict of interest lifted")
