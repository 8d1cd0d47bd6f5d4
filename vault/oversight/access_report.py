"""Entries about one case, told to the person: by day, what kind of look, which function, for which purpose, how often.

A line never says who: function and service only. What each entry was is told by its class: consulted, consulted with
names restored, recorded, a step, passed on. What was refused or came to nothing showed nobody anything and is counted.
What may lawfully be kept back is counted with its reason and nothing else.

Whoever owns a zone's database role can add entries of any words about a case that the zone knows. So a word that no
list has is left out and its entry told all the same, and only casework's own entries keep anything back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum, unique
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from vault.audit.events import Happening
from vault.audit.reading import Place
from vault.cases.calendar import end_of
from vault.cases.exceptions import WITHHELD_UNTIL
from vault.ids import EntryId
from vault.vocabulary import CASEWORK, KIND_COMPARTMENT, Action, Kind, Purpose, Role, Zone

FORMAT: Final = "parefeu-access-report-1"
#: Where the person lives: a day begins there at midnight.
TIME_ZONE: Final = "Europe/Brussels"


@unique
class Manner(StrEnum):
    CONSULTED = "consulted"
    NAMES_RESTORED = "names_restored"
    RECORDED = "recorded"
    PASSED_ON = "passed_on"
    REIDENTIFIED = "reidentified"  # who hides behind a pseudonym was told, by ceremony
    TAKEN_BACK = "taken_back"
    STEP = "step"


_MANNERS: Final[dict[str, Manner]] = {
    Action.READ.value: Manner.CONSULTED,
    Action.LIST.value: Manner.CONSULTED,
    Action.SEARCH.value: Manner.CONSULTED,
    Action.REVIEW.value: Manner.CONSULTED,
    Action.REVEAL.value: Manner.NAMES_RESTORED,
    Action.CREATE.value: Manner.RECORDED,
    Action.WRITE.value: Manner.RECORDED,
    # One per recipient, and it names the recipient. It commits before the thing leaves: were the second half lost, the
    # report would say too much, never too little.
    Happening.RELEASE_BEGUN.value: Manner.PASSED_ON,
    # The person withdrew a consent: one for each recipient whose sight ended, and it names that recipient.
    Happening.RELEASE_WITHDRAWN.value: Manner.TAKEN_BACK,
    Happening.ANSWER_TAKEN.value: Manner.RECORDED,
}  # everything else is a step in the file
_NAMING_A_RECIPIENT: Final = frozenset({Manner.PASSED_ON, Manner.TAKEN_BACK, Manner.REIDENTIFIED})


#: Why entries about a lawful exception are kept back, until the day that it names.
NOTICE_FORBIDDEN: Final = "notice_forbidden"
#: Acts (action, kind) whose entries name that day: an exception was filed, a copy of it left.
SILENCING: Final = (
    (Action.CREATE.value, Kind.DISCLOSURE.value), (Happening.RELEASE_BEGUN.value, Kind.DISCLOSURE.value),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Withholding:
    """Entries of this role and purpose are counted and not shown. reason: a code with words in every language."""

    role: str
    purpose: str
    reason: str


class Key(NamedTuple):
    """What entries of one line have in common. category: of data, a compartment. recipient: of what was passed on."""

    manner: Manner
    category: str
    role: str
    service: str
    purpose: str
    recipient: str


def _passed(moment: datetime) -> float:
    """Seconds since 1970. By the clock on the wall one hour of autumn would come before itself."""
    return moment.timestamp()


@dataclass(slots=True)
class Line:
    """Entries of one day that say the same. leaves: where each stands in the log, (origin, index)."""

    key: Key
    moments: list[datetime] = field(default_factory=list)
    leaves: list[tuple[str, int]] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        leaves: dict[str, list[int]] = defaultdict(list)
        for origin, index in self.leaves:
            leaves[origin].append(index)
        return {
            "manner": self.key.manner.value,
            "category": self.key.category,
            "function": self.key.role,
            "service": self.key.service,
            "purpose": self.key.purpose,
            "recipient": self.key.recipient,
            "count": len(self.moments),
            "first": min(self.moments, key=_passed).strftime("%H:%M"),
            "last": max(self.moments, key=_passed).strftime("%H:%M"),
            "leaves": [{"origin": origin, "indexes": sorted(found)} for origin, found in sorted(leaves.items())],
        }


@dataclass(slots=True)
class Day:
    day: date
    lines: list[Line]

    def values(self) -> dict[str, Any]:
        return {"day": self.day.isoformat(), "lines": [line.values() for line in self.lines]}


@dataclass(slots=True)
class Report:
    """consultations: entries shown. unsequenced: of these, how many no tree holds yet."""

    days: list[Day]
    consultations: int
    refused: int
    withheld: list[tuple[str, int]]
    unsequenced: int


def summarise(
    entries: Sequence[tuple[EntryId, Mapping[str, Any]]], places: Mapping[EntryId, Place],
    withheld: Sequence[Withholding], now: datetime, before: Iterable[Mapping[str, Any]] = (),
) -> Report:  # fmt: skip
    """entries: id and parsed body, all about one case, each once. now: what is forbidden to be told until then.

    before: further entries of `SILENCING` about the case, from whenever: they may name the day until which others are
    kept back.
    """
    silent = _silent([*(body for _, body in entries), *before], now)
    reasons = {(each.role, each.purpose): each.reason for each in withheld}
    zone = ZoneInfo(TIME_ZONE)
    days: dict[date, dict[Key, Line]] = defaultdict(dict)
    refused = shown = unsequenced = 0
    kept_back = Counter[str]()
    for entry, body in entries:
        if body["action"] == Happening.ENTRUSTED.value:
            continue  # said beside the act that did it, which has its own line
        reason = NOTICE_FORBIDDEN if body.get("object") in silent else reasons.get((body["role"], body["purpose"]))
        if reason is not None:
            kept_back[reason] += 1
        elif body["decision"] == "deny" or not body["count"]:
            refused += 1
        else:
            moment = datetime.fromisoformat(body["at"]).astimezone(zone)
            key = _key(body)
            line = days[moment.date()].setdefault(key, Line(key))
            line.moments.append(moment)
            place = places.get(entry)
            if place is None:
                unsequenced += 1
            else:
                line.leaves.append((place.origin, place.leaf))
            shown += 1
    told = [
        Day(day, sorted(days[day].values(), key=lambda line: (_passed(line.moments[0]), line.key)))
        for day in sorted(days)
    ]
    return Report(told, shown, refused, sorted(kept_back.items()), unsequenced)


def _silent(bodies: Iterable[Mapping[str, Any]], now: datetime) -> frozenset[str]:
    """What entries are about that the person must not be told of yet: lawful exceptions, and the copies of them."""
    found = set()
    for body in bodies:
        until = _day(str(body["outcome"]).partition(WITHHELD_UNTIL)[2]) if body["zone"] == str(CASEWORK) else None
        if until is not None and body.get("object") and now < end_of(until):
            found.add(body["object"])
    return frozenset(found)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _key(body: Mapping[str, Any]) -> Key:
    manner = _MANNERS.get(body["action"], Manner.STEP)
    if manner is Manner.PASSED_ON and body["kind"] == Kind.CEREMONY.value:
        manner = Manner.REIDENTIFIED
    try:
        category = KIND_COMPARTMENT[Kind(body["kind"])].value
    except ValueError:  # a kind of a later version, or one that holds nothing of a case
        category = ""
    # A zone's name, and perhaps a remark after it.
    recipient = _zone(body["outcome"].partition(" ")[0]) if manner in _NAMING_A_RECIPIENT else ""
    role, purpose = (_known(body[name], words) for name, words in (("role", Role), ("purpose", Purpose)))
    return Key(manner, category, role, body["zone"], purpose, recipient)


def _known(word: str, words: type[StrEnum]) -> str:
    return word if word in {each.value for each in words} else ""


def _zone(word: str) -> str:
    try:
        return str(Zone.parse(word))
    except ValueError:
        return ""
