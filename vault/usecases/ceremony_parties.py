"""Who of oversight had a part in a ceremony: approved it, asked back, let the second share go, ended it.

None of them reviews it. By their names in the log, from the log: a row that somebody changed hides no approver's entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from vault.audit.reading import EntryFilter
from vault.errors import MalformedId
from vault.ids import ReleaseId, RequestId
from vault.unit_of_work import UnitOfWork
from vault.vocabulary import OVERSIGHT, Action, Kind

#: A request waits for its answers so long at most, and a ceremony ends within hours of them.
_BEFORE: Final = timedelta(days=90)
_AFTER: Final = timedelta(days=1)
_PAGE: Final = 500
#: By which somebody of oversight takes part.
_PARTS: Final = (
    (Action.SIGN, Kind.ACCESS_FORM), (Action.WRITE, Kind.ACCESS_FORM), (Action.SIGN, Kind.CEREMONY),
    (Action.CLOSE, Kind.CEREMONY),
)  # fmt: skip
_REQUESTED: Final = frozenset({Kind.ACCESS_REQUEST.value, Kind.ACCESS_FORM.value})


def parties_of(uow: UnitOfWork, look: Mapping[str, Any]) -> frozenset[str]:
    """look: an entry's body, or nothing. Empty where it is about no ceremony."""
    names = _names(uow, look)
    if not names:
        return frozenset()
    at = datetime.fromisoformat(look["at"])
    found: set[str] = set()
    for action, kind in _PARTS:
        wanted: EntryFilter | None = EntryFilter(
            since=at - _BEFORE, until=at + _AFTER, limit=_PAGE, action=action.value, kind=kind.value,
            zone=str(OVERSIGHT),
        )  # fmt: skip
        while wanted is not None:
            page = uow.trail.entries(wanted)
            bodies = [entry.told() for entry in page.entries]
            found |= {body["actor"] for body in bodies if body["object"] in names}
            wanted = replace(wanted, before=page.upto) if page.upto is not None else None
    return frozenset(found)


def _names(uow: UnitOfWork, look: Mapping[str, Any]) -> frozenset[str]:
    """What entries call the ceremony, and the request that it came of."""
    kind, name = look.get("kind", ""), look.get("object", "")
    try:
        if kind == Kind.CEREMONY.value:
            row = uow.ceremonies.get(ReleaseId.parse(name))
        elif kind in _REQUESTED:
            row = uow.ceremonies.of([RequestId.parse(name)]).get(RequestId.parse(name))
            if row is None:
                return frozenset()
        else:
            return frozenset()
    except MalformedId:
        return frozenset()
    return frozenset({name}) if row is None else frozenset({row.release.hex(), row.request.hex()})
