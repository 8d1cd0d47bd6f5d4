"""A coach's calendar as the text that calendar programs read (iCalendar, RFC 5545).

No case, no person, no language of anybody: every event has the same few words. Times are in UTC, so that no change of
the clocks moves one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from icalendar import Calendar, Event, vDuration

from vault.usecases.calendars import Feed

MEDIA_TYPE: Final = "text/calendar"
#: The same for every event, in the feed's language.
SUMMARY: Final = {"fr": "Rendez-vous", "nl": "Afspraak", "de": "Termin", "en": "Appointment"}
_PRODUCT: Final = "-//Parefeu//Calendar 1//EN"
#: How often a program should ask again. It may ask more often; each time is logged.
_INTERVAL: Final = timedelta(hours=4)


def render(feed: Feed, now: datetime) -> bytes:
    """The bytes of the calendar. now: aware."""
    summary = SUMMARY[feed.language]
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("refresh-interval", _INTERVAL, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(_INTERVAL))
    for values in feed.events:
        calendar.add_component(_event(values, summary, now))
    text: bytes = calendar.to_ical()
    return text


def _event(values: dict[str, Any], summary: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{values['uid']}@parefeu.invalid")
    event.add("dtstamp", now.replace(microsecond=0))
    event.add("dtstart", datetime.fromisoformat(values["starts_at"]))
    event.add("dtend", datetime.fromisoformat(values["ends_at"]))
    event.add("sequence", values["sequence"])
    event.add("summary", summary)
    event.add("location", values["place"])
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE")
    return event
