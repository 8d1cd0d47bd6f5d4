"""Every ceremony as the log tells it: who began it, who let the second share go, who read, whether it was reviewed.

Nothing here is taken from the rows that casework writes: an identity opens only once two entries are committed, one of
casework and one of oversight; nobody else's word begins or opens one. Each ceremony that was opened is to be reviewed
(`reviewing`), like an emergency, by two people of oversight who had no part in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, unique
from typing import Any, Final

from vault.audit.events import Happening, Verdict
from vault.vocabulary import CASEWORK, OVERSIGHT, Action, Kind

Body = Mapping[str, Any]
_CEREMONY: Final = Kind.CEREMONY.value
#: Whose word each act must be. Whoever may read it reads.
_SAID_BY: Final = {
    Happening.RELEASE_BEGUN.value: frozenset({str(CASEWORK)}),
    Action.SIGN.value: frozenset({str(OVERSIGHT)}),
    Action.CLOSE.value: frozenset({str(CASEWORK), str(OVERSIGHT)}),
}


@unique
class Course(StrEnum):
    """How far it came."""

    BEGUN = "begun"  # nobody let the second share go: nobody read anything
    OPENED = "opened"
    ENDED = "ended"  # before its time


@dataclass(frozen=True, slots=True)
class Told:
    """One ceremony. ceremony: its id, hexadecimal. entry: what a review is about: its opening, or its beginning.

    subject: the name of the case in the asking zone's domain. reader: that zone. looks: entries of whoever read it.
    """

    ceremony: str
    entry: str
    subject: str
    reader: str
    begun_by: str
    begun_at: datetime
    course: Course = Course.BEGUN
    opened_by: str = ""
    opened_at: datetime | None = None
    minutes: int = 0
    ended_at: datetime | None = None
    looks: tuple[str, ...] = ()

    @property
    def about(self) -> frozenset[str]:
        return frozenset({self.entry, *self.looks})


def ceremonies(acts: Iterable[Body]) -> list[Told]:
    """acts: entries about ceremonies, in any order. The newest ceremony first."""
    found: dict[str, Told] = {}
    for body in sorted(acts, key=lambda body: (body["at"], body["entry"])):
        if body["kind"] == _CEREMONY and body["decision"] == Verdict.ALLOW.value and body["count"]:
            _take(found, body)
    return sorted(found.values(), key=lambda told: (told.begun_at, told.ceremony), reverse=True)


def _take(found: dict[str, Told], body: Body) -> None:
    at, known = datetime.fromisoformat(body["at"]), found.get(body["object"])
    if body["zone"] not in _SAID_BY.get(body["action"], {body["zone"]}):
        return
    if body["action"] == Happening.RELEASE_BEGUN.value:
        new = Told(body["object"], body["entry"], body["subject"], body["outcome"], body["actor"], at)
        found.setdefault(new.ceremony, new)
    elif known is None:
        return
    elif body["action"] == Action.SIGN.value and known.opened_at is None:
        found[known.ceremony] = replace(
            known, entry=body["entry"], opened_by=body["actor"], opened_at=at, minutes=body["count"],
            course=Course.OPENED if known.course is Course.BEGUN else known.course,
        )  # fmt: skip
    elif body["action"] == Action.CLOSE.value and known.ended_at is None:
        found[known.ceremony] = replace(known, course=Course.ENDED, ended_at=at)
    elif body["action"] == Action.READ.value:
        found[known.ceremony] = replace(known, looks=(*known.looks, body["entry"]))
