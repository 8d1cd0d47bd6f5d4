"""Building a reply from a release profile: the profile's field list, not the record, decides what is in it.

A field that the profile does not name cannot get out; a field that the profile names and the record lacks
is an error here, not an empty answer there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final

from vault.cases.calendar import belgian_day
from vault.errors import PolicyRejected
from vault.vocabulary import ReleaseProfile, Treatment

MASKED: Final = {"confidential": True}


def shape(profile: ReleaseProfile, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the released fields in the profile's order. values: everything the use case could tell.

    A PSEUDONYM field must already hold the recipient's own pseudonym: no key that makes one is here.
    Raises PolicyRejected for a profile field that the use case does not know.
    """
    reply: dict[str, Any] = {}
    for name, treatment in profile.fields:
        try:
            value = values[name]
        except KeyError:
            raise PolicyRejected((f"release profile {profile.name} names the unknown field {name}",)) from None
        if treatment is Treatment.CLEAR or treatment is Treatment.PSEUDONYM:
            reply[name] = value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        elif treatment is Treatment.COARSEN:
            reply[name] = coarsen(value)
        else:
            reply[name] = MASKED if value else None
    return reply


def narrowed(profile: ReleaseProfile, names: Collection[str], *, inside: bool) -> ReleaseProfile:
    """The part of a profile whose fields are (`inside`) or are not among `names`: for lists inside a reply."""
    return ReleaseProfile(profile.name, tuple(pair for pair in profile.fields if (pair[0] in names) is inside))


def coarsen(value: Any) -> Any:
    """A date becomes its year, a moment its day in Belgium; anything else is masked rather than guessed at."""
    if isinstance(value, datetime):
        return belgian_day(value).isoformat()
    if isinstance(value, date):
        return value.year
    return MASKED if value else None
