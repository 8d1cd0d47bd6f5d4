"""The list of regions, sites and desks, as it is shipped and as an office may write it wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.organisation import load_organisation
from vault.cases.calendar import BRUSSELS
from vault.cases.model import REGIONS
from vault.cases.organisation import is_open, moment_of, parse_organisation, unambiguous
from vault.errors import ConfigurationError, InvalidInput

SHIPPED, RULES = load_organisation()
WEDNESDAY = date(2026, 11, 25)


def test_every_region_has_a_desk_and_sites_are_not_desks() -> None:
    assert tuple(SHIPPED.regions) == REGIONS
    assert all(SHIPPED.desks_of(region) for region in REGIONS)
    assert {desk.region for desk in SHIPPED.desks.values()} == set(REGIONS)
    assert len(SHIPPED.desks) > len(SHIPPED.sites)
    assert sum(site.open_return_place for site in SHIPPED.sites.values()) == 2
    assert all(names[language] for names in SHIPPED.regions.values() for language in ("fr", "nl", "de", "en"))


def test_people_walk_in_on_wednesday_mornings_in_three_cities() -> None:
    found = {
        desk.region: (span.weekday, span.opens, span.closes) for desk in SHIPPED.desks.values() for span in desk.walk_in
    }
    assert set(found) == {"brussels", "antwerp", "liege"}
    assert set(found.values()) == {(2, time(9), time(12))}


def test_walk_in_hours_begin_and_end_to_the_minute() -> None:
    desk = SHIPPED.desk("brussels-1")

    def at(hour: int, minute: int, day: date = WEDNESDAY) -> datetime:
        return datetime.combine(day, time(hour, minute), BRUSSELS)

    assert [is_open(desk.walk_in, at(*t)) for t in ((8, 59), (9, 0), (11, 59), (12, 0))] == [False, True, True, False]
    assert not is_open(desk.walk_in, at(10, 0, WEDNESDAY + timedelta(days=1)))
    assert is_open(desk.hours, at(9, 0), at(12, 0))
    assert not is_open(desk.hours, at(11, 30), at(13, 30)), "lunch lies between"


def test_summer_hours_are_the_same_on_the_wall_and_others_in_utc() -> None:
    desk = SHIPPED.desk("brussels-1")
    winter, summer = SHIPPED.cells(desk, date(2026, 3, 27)), SHIPPED.cells(desk, date(2026, 3, 30))
    assert winter[0] == datetime(2026, 3, 27, 8, tzinfo=UTC)
    assert summer[0] == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert {cell.astimezone(BRUSSELS).time() for cell in (winter[0], summer[0])} == {time(9)}


def test_a_time_that_the_clocks_skip_or_repeat_cannot_be_meant() -> None:
    assert unambiguous(datetime.fromisoformat("2026-03-29T02:30")) is None
    assert unambiguous(datetime.fromisoformat("2026-10-25T02:30")) is None
    assert unambiguous(datetime.fromisoformat("2026-10-25T03:00")) == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="the clocks change"):
        moment_of(datetime.fromisoformat("2026-03-29T02:30"), field="starts_at")


def test_an_appointment_takes_the_cells_from_its_beginning_to_its_end() -> None:
    start = datetime(2026, 11, 25, 8, tzinfo=UTC)
    half = timedelta(minutes=30)
    assert SHIPPED.covered(start, start + 3 * half) == (start, start + half, start + 2 * half)
    for begin, end in ((start + half / 2, start + 2 * half), (start, start + half * 1.5), (start, start)):
        with pytest.raises(InvalidInput, match="a multiple of 30 minutes"):
            SHIPPED.covered(begin, end)


def test_an_unknown_desk_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no such desk"):
        SHIPPED.desk("atlantis-1")


GOOD: dict[str, Any] = {
    "cell_minutes": 30,
    "regions": {region: dict.fromkeys(("fr", "nl", "de", "en"), "x") for region in REGIONS},
    "sites": {"one": {"region": "brussels", "name": "One"}},
    "desks": {"one-1": {"site": "one", "name": "Desk", "hours": {"monday": ["09:00-12:00", "13:00-17:00"]}}},
}


def _set(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        for part in path[:-1]:
            data = data[part]
        data[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_set("colour", value=1), "organisation: unknown: 'colour'"),
        (_set("cell_minutes", value=25), "cell_minutes: one of 5, 10"),
        (_set("cell_minutes", value=True), "cell_minutes: one of"),
        (_set("regions", "atlantis", value={}), "organisation.regions: exactly brussels"),
        (_set("regions", "ghent", "nl", value=""), "organisation.regions.ghent.nl: a text"),
        (_set("regions", "ghent", "it", value="x"), "organisation.regions.ghent: unknown"),
        (_set("sites", value={}), "organisation.sites: a table"),
        (_set("sites", "One", value={"region": "brussels", "name": "x"}), "organisation.sites.One: a code"),
        (_set("sites", "one", "region", value="atlantis"), "organisation.sites.one.region: one of"),
        (_set("sites", "one", "name", value="a\nb"), "organisation.sites.one.name: a text"),
        (_set("sites", "one", "open_return_place", value=1), "open_return_place: true or false"),
        (_set("sites", "one", value="x"), "organisation.sites.one: a table"),
        (_set("postcodes", value=[]), "organisation.postcodes: a table of regions"),
        (_set("postcodes", value={"atlantis": []}), "organisation.postcodes: unknown"),
        (_set("postcodes", value={"ghent": "9000"}), "organisation.postcodes.ghent: a list"),
        (_set("postcodes", value={"ghent": ["0900-9999"]}), "postcodes are written"),
        (_set("postcodes", value={"ghent": ["9100-9000"]}), "postcodes are written"),
        (_set("postcodes", value={"ghent": [9000]}), "postcodes are written"),
        (_set("postcodes", value={"ghent": ["9000-9100"], "liege": ["9100"]}), "the postcode 9100 stands in two"),
        (_set("desks", value={}), "organisation.desks: a table"),
        (_set("desks", "one-1", "site", value="two"), "organisation.desks.one-1.site: no such site"),
        (_set("desks", "one-1", "hours", value=None), "one-1.hours: a table of weekdays"),
        (_set("desks", "one-1", "hours", "moonday", value=[]), "one-1.hours: unknown"),
        (_set("desks", "one-1", "hours", "monday", value="09:00-12:00"), "monday: a list"),
        (_set("desks", "one-1", "hours", "monday", value=["9-12"]), "monday: hours are written"),
        (_set("desks", "one-1", "hours", "monday", value=["09:00-24:00"]), "monday: hours lie within one day"),
        (_set("desks", "one-1", "hours", "monday", value=["12:00-09:00"]), "closes after it opens"),
        (_set("desks", "one-1", "hours", "monday", value=["09:00-12:00", "11:00-13:00"]), "do not overlap"),
        (_set("desks", "one-1", "walk_in", value={"tuesday": ["09:00-12:00"]}), "outside the desk's hours"),
        (_set("desks", "one-1", "walk_in", value={"monday": ["11:00-14:00"]}), "outside the desk's hours"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_place(spoil: Callable[[dict[str, Any]], None], says: str) -> None:
    assert parse_organisation(GOOD).desk("one-1").site.name == "One"
    data = copy.deepcopy(GOOD)
    spoil(data)
    with pytest.raises(ConfigurationError) as wrong:
        parse_organisation(data)
    assert says in str(wrong.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("grace_minutes = 30", "grace_minutes = -1", "agenda.grace_minutes: a whole number"),
        ("grace_minutes = 30", "grace_minutes = 30.5", "agenda.grace_minutes"),
        ("grace_minutes = 30", "grace = 30", "agenda: unknown: 'grace'"),
        ("shortest_minutes = 15", "shortest_minutes = 240", None),
        ("longest_minutes = 240", "longest_minutes = 15", None),
        ("[agenda]", "[diary]", "exactly the tables agenda and organisation"),
        ("[agenda]", "[agenda", "no TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, old: str, new: str, says: str | None) -> None:
    shipped = (Path(__file__).parents[3] / "gateway" / "organisation.toml").read_text("utf-8")
    path = tmp_path / "organisation.toml"
    path.write_text(shipped.replace(old, new, 1), "utf-8")
    if says is None:
        assert load_organisation(path)[1].shortest <= load_organisation(path)[1].longest
        return
    with pytest.raises(ConfigurationError, match=says):
        load_organisation(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_organisation(tmp_path / "nowhere.toml")
