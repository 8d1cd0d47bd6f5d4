"""The demo's orders: taken in from a file as the desk would, then played as far as each goes; and one to try it with.

`seed/orders/` holds `taken_in.csv` with `played.json` beside it (what becomes of each, by its reference), and
`example.csv`, which nobody has taken in. `{{-3}}` in a file stands for the day three days before that of the playing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from gateway.demo.people import Caller
from gateway.instance import write_private
from gateway.order_files import OrderFile, households
from gateway.reviewing import accept_all, send_note
from vault.errors import ConfigurationError

#: In the demo's home.
FOLDER: Final = "orders"
EXAMPLE_FILE: Final = "example.csv"
LEAFLET: Final = "2026-1"
TAKEN_IN: Final = "taken_in.csv"
_DAY: Final = re.compile(r"\{\{(-[0-9]+)\}\}")
_DESKS: Final = ("brussels-1", "brussels-2")
#: How many days ahead the agenda is filled at most.
_AHEAD: Final = 10
#: Two of these are an appointment.
_CELL: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class PlayedOrder:
    """What becomes of one order of the file. flow: steps, notes, bookings and assignments, in order."""

    slug: str
    story: str
    reference: str
    flow: tuple[dict[str, Any], ...]


def load_orders() -> tuple[PlayedOrder, ...]:
    """Raises ConfigurationError."""
    try:
        listed = json.loads((_packaged() / "played.json").read_text("utf-8"))
        return tuple(PlayedOrder(one["slug"], one["story"], one["oqt_reference"], tuple(one["flow"])) for one in listed)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ConfigurationError("the demo's orders cannot be read") from fault


def write_orders(home: Path, name: str, today: date) -> Path:
    """Write one of the files (`taken_in.csv`, `example.csv`) with the days of a playing on `today`; where it lies."""
    text = (_packaged() / name).read_text("utf-8")
    path = home / FOLDER / name
    dated = _DAY.sub(lambda found: (today + timedelta(days=int(found[1]))).isoformat(), text)
    write_private(path, dated.encode())
    return path


@dataclass
class Hours:
    """Times at which the region's desks are free, from today on; each is given out once."""

    desk: Caller
    today: date
    _times: Iterator[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self._times = self._free()

    def next(self) -> tuple[str, str]:
        """A desk and a moment, as Belgium's clocks show it. Raises ConfigurationError if all is taken."""
        found = next(self._times, None)
        if found is None:
            raise ConfigurationError("the demo's desks are never free")
        return found

    def _free(self) -> Iterator[tuple[str, str]]:
        for number in range(_AHEAD):
            day = (self.today + timedelta(days=number)).isoformat()
            free: dict[str, set[datetime]] = {}
            for desk in _DESKS:
                told: Any = self.desk.get(f"/desks/{desk}/free", day=day)
                free[desk] = {datetime.fromisoformat(time) for time in told["free"]}
            hours = sorted(time for time in set().union(*free.values()) if not time.minute)
            for place, time in enumerate(hours):
                there = [desk for desk in _DESKS if {time, time + _CELL} <= free[desk]]
                if there:
                    yield there[place % len(there)], time.isoformat(timespec="minutes")


def take_in(desk: Caller, path: Path) -> dict[str, str]:
    """Send each household of the file; the case of each, by the reference of its order."""
    found = {}
    for one in households(OrderFile.at(path)):
        if one.body is None:
            raise ConfigurationError(f"{path.name}: {one.fault.text if one.fault else ''}")
        found[one.reference] = str(desk.post("/orders", {**one.body, "look": False})["reference"])
    return found


def play_order(order: PlayedOrder, case: str, crew: Mapping[str, Caller], hours: Hours, today: date) -> list[str]:
    """Take the order's flow, each step by whom it names. crew: coach and desk of its region. Returns its notes."""
    at, notes = f"/cases/{case}", []
    coach, desk = crew["coach"], crew["desk"]
    for told in order.flow:
        if "assign" in told:
            desk.post(f"{at}/assignment", {})
        elif "note" in told:
            body = {"text": told["text"], "language": told["language"], "template": told["note"]}
            notes.append(str(send_note(coach.ask, "POST", f"{at}/notes", body, accept_all)["note"]))
        elif "book" in told:
            book(desk, case, told, hours)
        else:
            details = {name: value for name, value in told.items() if name not in {"step", "by"}}
            details = {name: today.isoformat() if value == "today" else value for name, value in details.items()}
            crew[told.get("by", "coach")].post(f"{at}/steps/{told['step'].replace('_', '-')}", details)
    return notes


def book(desk: Caller, case: str, told: Mapping[str, Any], hours: Hours) -> None:
    """An appointment at the next time that a desk is free."""
    where, when = hours.next()
    booking = {
        "occasion": told["book"], "starts_at": when, "minutes": told["minutes"], "desk": where, "leaflet": LEAFLET,
        "language": told.get("language", "fr"), "interpreting": told.get("interpreting", ""),
    }  # fmt: skip
    desk.post(f"/cases/{case}/appointments", booking)


def _packaged() -> Path:
    return Path(str(files("gateway.demo") / "seed" / "orders"))
