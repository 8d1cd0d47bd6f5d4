"""`parefeu appointment`: invitations and talks, from the booking to who came. Times as Belgium's clocks show them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from gateway.cli.desk import Desk, at_desk, quoted, refuse
from vault.cases.appointments import AttendeeRole, Channel, Occasion
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="Invite, book, move and cancel; who came, and who came along.", no_args_is_help=True, add_completion=False
)
#: The occasions that are booked; who walks in has no appointment.
_BOOKED: Final = tuple(one.value for one in Occasion if one is not Occasion.WALK_IN)
_LINE: Final = (
    "appointment", "occasion", "starts_at", "ends_at", "channel", "desk", "language", "leaflet", "status", "company",
    "interpreting", "version",
)  # fmt: skip
_DAY_LINE: Final = (
    "starts_at", "ends_at", "reference", "appointment", "occasion", "status", "family_name", "given_names", "language",
    "interpreting", "channel", "desk", "company",
)  # fmt: skip

At = Annotated[str, typer.Option("--at", help="YYYY-MM-DDTHH:MM in Belgium, or with an offset.")]
Minutes = Annotated[int, typer.Option("--minutes", help="How long.")]
By = Annotated[Channel, typer.Option("--by", help="At a desk, or without coming.")]
DeskCode = Annotated[str, typer.Option("--desk", help="The desk's code; `parefeu desk list` shows them.")]
Language = Annotated[str, typer.Option("--language", help="fr, nl, de or en.")]
Leaflet = Annotated[str, typer.Option("--leaflet", help="The leaflet's version; an invitation names one.")]
Interpreter = Annotated[
    str, typer.Option("--interpreter", help="The interpreter's number at the service that sends them; sealed.")
]
Interpreting = Annotated[str, typer.Option("--interpreting", help="The language interpreted, ISO 639 such as ti.")]
Despite = Annotated[bool, typer.Option("--despite-clashes", help="Book although something stands in the way.")]
With = Annotated[list[AttendeeRole] | None, typer.Option("--with", help="Who came along; repeat for more.")]


def _booking(
    at: str, minutes: int, by: Channel, desk_code: str, language: str, leaflet: str, interpreter: str,
    interpreting: str, despite: bool,
) -> dict[str, Any]:  # fmt: skip
    return {
        "starts_at": at, "minutes": minutes, "channel": by.value, "desk": desk_code, "language": language,
        "leaflet": leaflet, "interpreter": interpreter, "interpreting": interpreting, "despite_clashes": despite,
    }  # fmt: skip


def _told(desk: Desk, reply: Any) -> None:
    """A receipt: which appointment, when, what became of it, where the case stands; clashes that were accepted."""
    parts = [reply["appointment"], reply["starts_at"], reply["status"], reply["state"], *reply["clashes"]]
    desk.done(reply, "\t".join(parts))


@app.command("book")
@at_desk(CASEWORK)
def book(
    desk: Desk,
    ref: str,
    occasion: Annotated[str, typer.Argument(help=f"{', '.join(_BOOKED)}.")],
    at: At,
    language: Language,
    minutes: Minutes = 60,
    by: By = Channel.DESK,
    desk_code: DeskCode = "",
    leaflet: Leaflet = "",
    interpreter: Interpreter = "",
    interpreting: Interpreting = "",
    despite: Despite = False,
) -> None:  # fmt: skip
    """Book an appointment. An invitation is a step of the case as well."""
    if occasion not in _BOOKED:
        refuse(f"an appointment is for one of {', '.join(_BOOKED)}")
    body = _booking(at, minutes, by, desk_code, language, leaflet, interpreter, interpreting, despite)
    _told(desk, desk.post(f"/cases/{quoted(ref)}/appointments", body | {"occasion": occasion}))


@app.command("look")
@at_desk(CASEWORK)
def look(
    desk: Desk,
    ref: str,
    at: At,
    minutes: Minutes = 60,
    by: By = Channel.DESK,
    desk_code: DeskCode = "",
    interpreter: Interpreter = "",
    interpreting: Interpreting = "",
) -> None:
    """What would stand in the way of a time: coach, desk, interpreter, the person, a holiday. Books nothing."""
    body = _booking(at, minutes, by, desk_code, "fr", "", interpreter, interpreting, False)
    desk.show(desk.post(f"/cases/{quoted(ref)}/appointments/clashes", body))


@app.command("list")
@at_desk(CASEWORK)
def list_appointments(desk: Desk, ref: str) -> None:
    """A case's appointments, also those that were moved or cancelled."""
    desk.show_list(desk.get(f"/cases/{quoted(ref)}/appointments"), "appointments", _LINE)


@app.command("move")
@at_desk(CASEWORK)
def move(
    desk: Desk,
    ref: str,
    appointment: str,
    at: At,
    language: Language,
    minutes: Minutes = 60,
    by: By = Channel.DESK,
    desk_code: DeskCode = "",
    leaflet: Leaflet = "",
    interpreter: Interpreter = "",
    interpreting: Interpreting = "",
    despite: Despite = False,
) -> None:  # fmt: skip
    """Put another time in the place of a booked one. Who interprets stays, unless named anew."""
    body = _booking(at, minutes, by, desk_code, language, leaflet, interpreter, interpreting, despite)
    _told(desk, desk.post(f"{_path(ref, appointment)}/move", body))


@app.command("cancel")
@at_desk(CASEWORK)
def cancel(desk: Desk, ref: str, appointment: str) -> None:
    """Take a booked appointment back; the desk's time is free again."""
    _told(desk, desk.post(f"{_path(ref, appointment)}/cancel"))


@app.command("attended")
@at_desk(CASEWORK)
def attended(desk: Desk, ref: str, appointment: str, company: With = None) -> None:
    """The person came. At an invitation, the coach who says so begins the intake."""
    _settle(desk, ref, appointment, "attended", company)


@app.command("absent")
@at_desk(CASEWORK)
def absent(desk: Desk, ref: str, appointment: str) -> None:
    """Nobody came, without excuse. At an invitation that is a no-show of the case."""
    _settle(desk, ref, appointment, "no_show", None)


@app.command("excused")
@at_desk(CASEWORK)
def excused(desk: Desk, ref: str, appointment: str) -> None:
    """Nobody came, with an excuse, said before or after. Why is not asked: it may be health."""
    _settle(desk, ref, appointment, "excused", None)


def _settle(desk: Desk, ref: str, appointment: str, status: str, company: list[AttendeeRole] | None) -> None:
    body: dict[str, Any] = {"status": status}
    if company:
        body["company"] = [role.value for role in company]
    _told(desk, desk.post(f"{_path(ref, appointment)}/attendance", body))


@app.command("walk-in")
@at_desk(CASEWORK)
def walk_in(
    desk: Desk,
    ref: str,
    desk_code: Annotated[str, typer.Option("--desk", help="Where the person stands.")],
    company: With = None,
    despite: Annotated[bool, typer.Option("--despite-clashes", help="Although the desk receives nobody now.")] = False,
) -> None:
    """Receive somebody of a known case who comes without an appointment."""
    body = {"desk": desk_code, "company": [role.value for role in company or ()], "despite_clashes": despite}
    _told(desk, desk.post(f"/cases/{quoted(ref)}/walk-in", body))


@app.command("company")
@at_desk(CASEWORK)
def company(desk: Desk, ref: str, appointment: str) -> None:
    """Who came along, by name. Logged."""
    desk.show(desk.get(f"{_path(ref, appointment)}/attendees"))


@app.command("record-company")
@at_desk(CASEWORK)
def record_company(
    desk: Desk,
    ref: str,
    appointment: str,
    company: With = None,
    interpreter: Interpreter = "",
    based_on: Annotated[int, typer.Option("--based-on", help="The version you read; 0 where there was none.")] = 0,
    despite: Annotated[bool, typer.Option("--despite-clashes", help="Although the interpreter is busy then.")] = False,
) -> None:
    """Write down who came along. Names are asked for: a shell would keep them."""
    attendees = [
        {
            "role": role.value,
            "name": typer.prompt(f"Name ({role.value.replace('_', ' ')})", err=True),
            "organisation": typer.prompt("Organisation", default="", show_default=False, err=True),
        }
        for role in company or ()
    ]
    body = {
        "attendees": attendees, "interpreter": interpreter, "based_on": based_on, "despite_clashes": despite
    }  # fmt: skip
    _told(desk, desk.put(f"{_path(ref, appointment)}/attendees", body))


@app.command("expected")
@at_desk(CASEWORK)
def expected(
    desk: Desk,
    day: Annotated[str, typer.Argument(help="YYYY-MM-DD")],
    days: Annotated[int, typer.Option("--days", min=1, max=31)] = 1,
) -> None:
    """Whom you expect, by name and time, from that day on. Logged as a look at names."""
    desk.show_list(desk.get("/days", day=day, days=days), "appointments", _DAY_LINE)


def _path(ref: str, appointment: str) -> str:
    return f"/cases/{quoted(ref)}/appointments/{quoted(appointment)}"
