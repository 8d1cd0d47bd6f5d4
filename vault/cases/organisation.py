"""Where the work is done: regions, sites and desks with their hours.

A site is a building. A desk is one place in it, where one person is received at a time: sites are not desks, and are
counted apart. The list is an office's own and therefore configuration; the five regions and the words are not.

Hours are wall-clock time in Belgium. A desk's day is cut into cells of equal length, the smallest piece that can be
booked; a cell is named by its first moment in UTC, so that a day of 23 or 25 hours has no cell twice and none too many.

    organisation = parse_organisation(tomllib.loads(text))
    organisation.cells("brussels-1", date(2026, 11, 25))      # (2026-11-25 08:00 UTC, 08:30 UTC, …)
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from vault.cases.calendar import BRUSSELS
from vault.cases.model import LANGUAGES, REGIONS
from vault.errors import ConfigurationError, InvalidInput

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CODE: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_CODE: Final = 40
_SPAN: Final = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_POSTCODE: Final = re.compile(r"[1-9][0-9]{3}")
_POSTCODES: Final = re.compile(r"([1-9][0-9]{3})(?:-([1-9][0-9]{3}))?")
#: Cells that divide an hour: then the clocks' change of an hour moves no cell off the grid.
_CELL_MINUTES: Final = (5, 10, 15, 20, 30, 60)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """From `opens` to `closes`, every week on that day. weekday: 0 is Monday. Wall-clock time in Belgium."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Site:
    """A building. open_return_place: people live there for up to thirty days, with a counsellor and a coach."""

    code: str
    region: str
    name: str
    open_return_place: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """One place of a site where one person is received at a time. walk_in: when people come without an appointment."""

    code: str
    site: Site
    name: str
    hours: tuple[Hours, ...]
    walk_in: tuple[Hours, ...] = ()

    @property
    def region(self) -> str:
        return self.site.region


@dataclass(frozen=True, slots=True, order=True)
class PostcodeRange:
    """Belgian postcodes from `first` to `last`, both inside, and the region that they belong to."""

    first: int
    last: int
    region: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """The whole list. cell: the smallest piece of a desk's time. digest: 32 bytes over the file that it was read from.
    postcodes: in order, no two overlap; an office that names none is told each order's region.

    Looked up by code; order is that of the file.
    """

    regions: Mapping[str, Mapping[str, str]]  # code to name, by language
    sites: Mapping[str, Site]
    desks: Mapping[str, Desk]
    cell: timedelta
    digest: bytes = bytes(32)
    postcodes: tuple[PostcodeRange, ...] = ()

    def region_of(self, postcode: str) -> str:
        """The region whose coaches go where this postcode is; "" where the list does not say."""
        if not _POSTCODE.fullmatch(postcode):
            return ""
        return next((one.region for one in self.postcodes if one.first <= int(postcode) <= one.last), "")

    def desk(self, code: str) -> Desk:
        """Raises InvalidInput for a code that no desk has."""
        try:
            return self.desks[code]
        except KeyError:
            raise InvalidInput("no such desk", field="desk") from None

    def desks_of(self, region: str) -> tuple[Desk, ...]:
        return tuple(desk for desk in self.desks.values() if desk.region == region)

    def cells(self, desk: Desk, day: date) -> tuple[datetime, ...]:
        """The first moments (UTC) of the cells that lie wholly within the desk's hours of that day, in order.

        Cells at a wall-clock time that does not exist or exists twice that day are left out: nobody could be told
        when to come.
        """
        found = []
        for hours in desk.hours:
            if hours.weekday != day.weekday():
                continue
            wall, end = datetime.combine(day, hours.opens), datetime.combine(day, hours.closes)
            while wall + self.cell <= end:
                if (moment := unambiguous(wall)) is not None:
                    found.append(moment)
                wall += self.cell
        return tuple(sorted(found))

    def covered(self, starts_at: datetime, ends_at: datetime) -> tuple[datetime, ...]:
        """The cells that an appointment takes, in order. Raises InvalidInput if it does not begin and end with one."""
        if not (self._on_the_grid(starts_at) and self._on_the_grid(ends_at)) or ends_at <= starts_at:
            minutes = int(self.cell.total_seconds()) // 60
            raise InvalidInput(f"an appointment at a desk begins and ends at a multiple of {minutes} minutes")
        count = (ends_at - starts_at) // self.cell
        return tuple(starts_at + number * self.cell for number in range(count))

    def _on_the_grid(self, moment: datetime) -> bool:
        return moment.astimezone(UTC).timestamp() % self.cell.total_seconds() == 0


def unambiguous(wall: datetime) -> datetime | None:
    """The moment (UTC) of a wall-clock time in Belgium; None if it is skipped or passed twice on that day."""
    first, second = (wall.replace(tzinfo=BRUSSELS, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first != second:
        return None
    return first


def moment_of(wall: datetime, *, field: str) -> datetime:
    """The same. Raises InvalidInput with what is wrong."""
    moment = unambiguous(wall)
    if moment is None:
        raise InvalidInput("the clocks change at this time: it does not exist, or exists twice", field=field)
    return moment


def wall_clock(moment: datetime) -> datetime:
    """An aware moment as Belgium's clocks show it."""
    return moment.astimezone(BRUSSELS)


def day_span(day: date) -> tuple[datetime, datetime]:
    """From midnight to the next midnight in Belgium, in UTC: 23, 24 or 25 hours. The end is not part of it."""
    return tuple(  # type: ignore[return-value] # two of them
        datetime.combine(each, time.min, BRUSSELS).astimezone(UTC) for each in (day, day + timedelta(days=1))
    )


def is_open(hours: Sequence[Hours], starts_at: datetime, ends_at: datetime | None = None) -> bool:
    """Whether one of these spans holds the whole time, or the moment if no end is named. Both aware."""
    ends_at = starts_at + _INSTANT if ends_at is None else ends_at
    first, last = wall_clock(starts_at), wall_clock(ends_at)
    if first.date() != last.date():
        return False
    begin, end = first.time(), last.time()
    return any(span.weekday == first.weekday() and span.opens <= begin and end <= span.closes for span in hours)


def written_hours(hours: Sequence[Hours]) -> list[str]:
    """`wednesday 09:00-12:00`, one text for each span."""
    return [f"{WEEKDAYS[span.weekday]} {span.opens:%H:%M}-{span.closes:%H:%M}" for span in hours]


# -- reading ------------------------------------------------------------------------------------------


def parse_organisation(data: Mapping[str, Any], digest: bytes = bytes(32)) -> Organisation:
    """Build it from the parsed file. Raises ConfigurationError that names the place of the first mistake."""
    place = _Place("organisation")
    place.known(data, "cell_minutes", "regions", "sites", "desks", "postcodes")
    regions = _regions(place.table(data, "regions"))
    sites = {site.code: site for site in _sites(place.table(data, "sites"), regions)}
    desks = {desk.code: desk for desk in _desks(place.table(data, "desks"), sites)}
    if not desks:
        raise ConfigurationError("organisation: name at least one desk")
    minutes = data.get("cell_minutes")
    if minutes not in _CELL_MINUTES or isinstance(minutes, bool):
        raise ConfigurationError(f"organisation.cell_minutes: one of {', '.join(map(str, _CELL_MINUTES))} is expected")
    postcodes = _postcodes(data.get("postcodes", {}), regions)
    return Organisation(regions, sites, desks, timedelta(minutes=minutes), digest, postcodes)


class _Place:
    """Where in the file one is, for messages."""

    def __init__(self, name: str) -> None:
        self.name = name

    def inside(self, key: str) -> _Place:
        return _Place(f"{self.name}.{key}")

    def wrong(self, message: str) -> ConfigurationError:
        return ConfigurationError(f"{self.name}: {message}")

    def known(self, data: Mapping[str, Any], *names: str) -> None:
        unknown = sorted(set(data) - set(names))
        if unknown:
            raise self.wrong(f"unknown: {', '.join(map(ascii, unknown))}")

    def table(self, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = data.get(key)
        if not isinstance(value, dict) or not value:
            raise self.inside(key).wrong("a table that is not empty is expected")
        return value

    def text(self, data: Mapping[str, Any], key: str) -> str:
        value = data.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > 120 or not value.isprintable():
            raise self.inside(key).wrong("a text of 1 to 120 characters is expected")
        return value.strip()


def _code(place: _Place, code: str) -> str:
    if len(code) > _LONGEST_CODE or not _CODE.fullmatch(code):
        raise place.wrong(f"a code has at most {_LONGEST_CODE} lower-case letters, digits and single hyphens")
    return code


def _regions(data: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    if set(data) != set(REGIONS):
        raise ConfigurationError(f"organisation.regions: exactly {', '.join(REGIONS)} are expected")
    found = {}
    for code in REGIONS:
        place = _Place(f"organisation.regions.{code}")
        place.known(data[code], *LANGUAGES)
        found[code] = {language: place.text(data[code], language) for language in LANGUAGES}
    return found


def _postcodes(data: Any, regions: Mapping[str, Any]) -> tuple[PostcodeRange, ...]:
    """`{ liege = ["4000-4999", "6600-6999"] }`. No postcode belongs to two regions; some may belong to none."""
    place = _Place("organisation.postcodes")
    if not isinstance(data, dict):
        raise place.wrong("a table of regions is expected")
    place.known(data, *regions)
    found: list[PostcodeRange] = []
    for region, spans in data.items():
        here = place.inside(region)
        if not isinstance(spans, list):
            raise here.wrong('a list such as ["4000-4999"] is expected')
        for span in spans:
            match = _POSTCODES.fullmatch(span) if isinstance(span, str) else None
            if match is None or int(match[1]) > int(match[2] or match[1]):
                raise here.wrong("postcodes are written 4000-4999, or 4000 for a single one")
            found.append(PostcodeRange(int(match[1]), int(match[2] or match[1]), region))
    found.sort()
    for before, after in itertools.pairwise(found):
        if after.first <= before.last:
            raise place.wrong(f"the postcode {after.first} stands in two ranges")
    return tuple(found)


def _sites(data: Mapping[str, Any], regions: Mapping[str, Any]) -> Iterator[Site]:
    for code, told in data.items():
        place = _Place(f"organisation.sites.{ascii(code)[1:-1]}")
        if not isinstance(told, dict):
            raise place.wrong("a table is expected")
        place.known(told, "region", "name", "open_return_place")
        region = place.text(told, "region")
        if region not in regions:
            raise place.inside("region").wrong(f"one of {', '.join(regions)} is expected")
        lived_in = told.get("open_return_place", False)
        if not isinstance(lived_in, bool):
            raise place.inside("open_return_place").wrong("true or false is expected")
        yield Site(_code(place, code), region, place.text(told, "name"), lived_in)


def _desks(data: Mapping[str, Any], sites: Mapping[str, Site]) -> Iterator[Desk]:
    for code, told in data.items():
        place = _Place(f"organisation.desks.{ascii(code)[1:-1]}")
        if not isinstance(told, dict):
            raise place.wrong("a table is expected")
        place.known(told, "site", "name", "hours", "walk_in")
        site = sites.get(place.text(told, "site"))
        if site is None:
            raise place.inside("site").wrong("no such site")
        hours = _hours(place.inside("hours"), told.get("hours"))
        walk_in = _hours(place.inside("walk_in"), told.get("walk_in", {}))
        for span in walk_in:
            if not any(o.weekday == span.weekday and o.opens <= span.opens and span.closes <= o.closes for o in hours):
                raise place.inside("walk_in").wrong(f"{WEEKDAYS[span.weekday]} lies outside the desk's hours")
        yield Desk(_code(place, code), site, place.text(told, "name"), hours, walk_in)


def _hours(place: _Place, data: Any) -> tuple[Hours, ...]:
    """`{ wednesday = ["09:00-12:00"] }`. Spans of a day are in order and do not overlap."""
    if not isinstance(data, dict):
        raise place.wrong("a table of weekdays is expected")
    place.known(data, *WEEKDAYS)
    found: list[Hours] = []
    for number, weekday in enumerate(WEEKDAYS):
        spans = data.get(weekday, [])
        if not isinstance(spans, list):
            raise place.inside(weekday).wrong('a list such as ["09:00-12:00"] is expected')
        for span in spans:
            hours = _span(place.inside(weekday), number, span)
            if found and found[-1].weekday == number and hours.opens < found[-1].closes:
                raise place.inside(weekday).wrong("spans are in order and do not overlap")
            found.append(hours)
    return tuple(found)


def _span(place: _Place, weekday: int, text: Any) -> Hours:
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise place.wrong("hours are written HH:MM-HH:MM")
    try:
        opens, closes = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    except ValueError:
        raise place.wrong("hours lie within one day, from 00:00 to 23:59") from None
    if opens >= closes:
        raise place.wrong("a desk closes after it opens")
    return Hours(weekday, opens, closes)
