"""Lawful exceptions: what leaves for another body because a law or a court wants it, without the person's consent.

An exception names one case, one recipient, one basis of the office's own list, and items one by one: fields of identity
and contact, or single facts by code. There is no item for a note, for free text, or for the analysis of a stay; and no
recipient in the follow-up service, whatever a file says. Who asks, who approves and how it stands is that of every
request for access (`vault.cases.access_requests`, manner `EXCEPTION`); here stands what is its own.

    parse_items(["family_name", "sensitive_fact:0af1…"])     the same, each once, in a fixed order
    notice_of(form, given, told, rules, now)                 Notice(NoticeStanding.DUE, by)

The person is told within days, unless a ground forbids it until a day (`Silence`). Plain values: nothing is opened.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum, unique
from typing import Final, NamedTuple

from vault.cases.calendar import end_of
from vault.errors import InvalidInput
from vault.vocabulary import Kind, Zone, ZoneKind

#: Fields of the case's first person that can be an item, and the kind of record each stands in.
ITEM_FIELDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("family_name", "given_names", "birth_date", "nationality"), Kind.IDENTITY),
    **dict.fromkeys(("phone", "email", "address"), Kind.CONTACT),
}
#: Kinds of facts of which single ones can be items, `KIND:RECORD`. Never of narrative or of stay analysis.
ITEM_FACTS: Final = (Kind.WHEREABOUTS, Kind.SENSITIVE_FACT, Kind.RETURN_FACT)
#: More is no exception any more.
MOST_ITEMS: Final = 12
#: In the outcome of an entry, with the day after it: until then the person's own report counts it and does not show it.
WITHHELD_UNTIL: Final = "withheld_until="
_FACT_ITEM: Final = re.compile(rf"({'|'.join(kind.value for kind in ITEM_FACTS)}):[0-9a-f]{{32}}")


@unique
class NoticeStanding(StrEnum):
    FORBIDDEN = "forbidden"  # until its day
    DUE = "due"
    OVERDUE = "overdue"
    GIVEN = "given"


class Notice(NamedTuple):
    """by: until when the person is to be told; while it is forbidden, the moment from which it is not."""

    standing: NoticeStanding
    by: datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """That the person must not be told yet. ground: a code of the file. until: the last day, in Belgium."""

    ground: str
    until: date

    @property
    def ends(self) -> datetime:
        return end_of(self.until)


@dataclass(frozen=True, slots=True)
class Basis:
    """text: what it rests on, in the office's words. recipients: who can get anything upon it; nobody as shipped."""

    text: str
    recipients: tuple[Zone, ...]


@dataclass(frozen=True, slots=True)
class ExceptionRules:
    """Configuration. digest: 32 bytes, stands in the entries.

    bases: by code. grounds: code to text of each ground on which the person's notice is forbidden. per_day: how many
    one person files. answer_within, longest_hours: as of a grant. acknowledge_within: for the data protection officer.
    notice_within: for telling the person. longest_silence: days that a ground holds at most.
    """

    bases: Mapping[str, Basis]
    grounds: Mapping[str, str]
    per_day: int
    answer_within: timedelta
    longest_hours: int
    acknowledge_within: timedelta
    notice_within: timedelta
    longest_silence: int
    digest: bytes

    def check(self, basis: str, recipient: Zone) -> None:
        """Raises InvalidInput for a basis that is not listed, or a recipient that is not listed for it."""
        found = self.bases.get(basis)
        if found is None:
            raise InvalidInput(f"basis must be one of {', '.join(self.bases)}", field="basis")
        if recipient not in found.recipients or recipient.kind is not ZoneKind.PARTNER:
            raise InvalidInput("nobody of that name gets anything upon this basis", field="recipient")

    def check_hours(self, hours: int) -> None:
        """Raises InvalidInput for none, or more than the file lets anything be open."""
        if not 1 <= hours <= self.longest_hours:
            raise InvalidInput(f"hours must be between 1 and {self.longest_hours}", field="hours")

    def check_silence(self, silence: Silence | None, today: date) -> None:
        """Raises InvalidInput for a ground that is not listed, or a day that is past or too far."""
        if silence is None:
            return
        if silence.ground not in self.grounds:
            raise InvalidInput(f"ground must be one of {', '.join(self.grounds)}", field="ground")
        if not today <= silence.until <= today + timedelta(days=self.longest_silence):
            raise InvalidInput(
                f"the person's notice can be forbidden for at most {self.longest_silence} days", field="until"
            )

    def lets_be_silent(self, silence: Silence | None, today: date) -> bool:
        """Whether there is a ground, and the file bears it out."""
        try:
            self.check_silence(silence, today)
        except InvalidInput:
            return False
        return silence is not None


def parse_items(items: Sequence[str]) -> tuple[str, ...]:
    """In one order: fields as they are listed, then facts. Raises InvalidInput for none, too many, one twice, or one
    that is no item."""
    known = listed_items(items)
    if not known or len(known) != len(items) or len(known) > MOST_ITEMS:
        raise InvalidInput(
            f"name 1 to {MOST_ITEMS} items, each once: {', '.join(ITEM_FIELDS)}, or a fact as KIND:NUMBER with kind "
            f"{', '.join(kind.value for kind in ITEM_FACTS)}",
            field="items",
        )
    return known


def listed_items(items: Collection[str]) -> tuple[str, ...]:
    """The known ones, once each, in the one order."""
    fields = tuple(name for name in ITEM_FIELDS if name in items)
    return fields + tuple(sorted({item for item in items if _FACT_ITEM.fullmatch(item)}))


def kind_of(item: str) -> Kind:
    """Which kind of record it stands in."""
    return ITEM_FIELDS[item] if item in ITEM_FIELDS else Kind(item.partition(":")[0])


def kinds_of(items: Sequence[str]) -> tuple[str, ...]:
    """The kinds that items are of, once each: short enough to stand in a row."""
    return tuple(dict.fromkeys(kind_of(item).value for item in items))


def leaving_name(item: str) -> str:
    """Under which name it stands in the copy: a field's own, or the kind of a fact."""
    return item.partition(":")[0]


def notice_of(
    silence: Silence | None, given_at: datetime, told_at: datetime | None, rules: ExceptionRules, now: datetime
) -> Notice:
    """How it stands with telling the person. given_at: when it left. told_at: when the person was told, if so."""
    begins = max(given_at, silence.ends) if silence is not None else given_at
    by = begins + rules.notice_within
    if told_at is not None:
        return Notice(NoticeStanding.GIVEN, told_at)
    if silence is not None and now < silence.ends:
        return Notice(NoticeStanding.FORBIDDEN, silence.ends)
    return Notice(NoticeStanding.OVERDUE if now >= by else NoticeStanding.DUE, by)
