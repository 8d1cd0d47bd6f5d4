"""Checks of who works here: roles that must not meet in one person, also when they were written past the program."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from vault.cases.model import REGIONS
from vault.doctor.checks import Check, Fault, Severity
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey
from vault.vocabulary import CASEWORK, ROLE_ZONE, Role, Zone, ZoneKind

#: What stands in place of a role in the row of another system's service; it is no word of the policy.
_SERVICE: Final = "decision_client"
#: Columns that say who did something in casework.
_ACTORS: Final = (
    ("case_events", "actor_id"), ("records", "author"), ("assignments", "by_actor"), ("appointments", "booked_by"),
    ("appointments", "settled_by"), ("attachments", "author"), ("drafts", "author"), ("conflicts", "declared_by"),
)  # fmt: skip


def _folded(text: str) -> str:
    """Without accents, case and spaces that differ: `Amina  VERZONNEN` is `amina verzonnen`."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in plain if not unicodedata.combining(char)).split())


def _apart(zones: set[str]) -> bool:
    """Whether one person may not work in all of these: casework's people nowhere else, and nobody in two kinds."""
    return len(zones) > 1


def _shared(survey: Survey, column: str) -> Iterator[tuple[list[str], list[str]]]:
    """Members who share a login or name over zones: the zones, and their ids."""
    found: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for actor, zone, role, active, value in survey.rows("staff", "actor_id", "zone", "role", "active", column):
        if active and role != _SERVICE:
            found[_folded(value)].append((zone, actor))
    for members in found.values():
        zones = {zone for zone, _ in members}
        if _apart(zones):
            yield sorted(zones), [actor.hex() for _, actor in members]


def _separate(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    for zones, members in _shared(survey, "login"):
        for member in members:
            yield Fault(f"one login works in {' and in '.join(zones)}", member)


def _namesakes(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    for zones, members in _shared(survey, "display_name"):
        for member in members:
            yield Fault(f"the same name works in {' and in '.join(zones)}", member)


def _roles(survey: Survey, around: Surroundings) -> Iterator[Fault]:
    for actor, zone, role, region in survey.rows("staff", "actor_id", "zone", "role", "region"):
        if zone not in around.zones:
            yield Fault("a member of staff works in a zone that the directory does not name", actor.hex())
            continue
        kind = Zone.parse(zone).kind
        if role == _SERVICE:
            continue
        if role not in set(Role) or ROLE_ZONE[Role(role)] is not kind:
            yield Fault(f"a member of staff in {zone} has a role of another zone", actor.hex())
        elif (region in REGIONS) != (kind is ZoneKind.CASEWORK) or (region and kind is not ZoneKind.CASEWORK):
            yield Fault("a member of staff lacks a region, or has one where there are none", actor.hex())


def _sessions(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    zones = dict(survey.rows("staff", "actor_id", "zone"))
    for session, actor, zone in survey.rows("sessions", "session_id", "actor_id", "zone"):
        if actor in zones and zones[actor] != zone:
            yield Fault(f"a session in {zone} is of somebody who works elsewhere", session.hex())


def _authors(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    own = {actor for (actor,) in survey.rows("staff", "actor_id", zone=str(CASEWORK))}
    for table, column in _ACTORS:
        for actor in survey.distinct(table, column):
            if actor not in own:
                yield Fault(f"a row of {table} was written by somebody who does not work in casework", actor.hex())


PEOPLE_CHECKS: Final = (
    Check("separate_duties", "nobody works in two zones: who guides never follows up",
          "what was confided can be used to arrest the one who confided it",
          "take one of the two sign-ins away at once; tell the DPO; look in the log what both have read",
          store=_separate),
    Check("namesakes", "no name works in two zones",
          "it may be one person with two sign-ins, or two people of one name",
          "ask whether it is one person; if so, take one of the two sign-ins away", store=_namesakes,
          severity=Severity.REMARK),
    Check("roles", "everybody's role is one of their zone, and casework's people have a region",
          "the firewall answers by role: this one was not given by `parefeu staff add`",
          "take the sign-in away; look in the log what it has been used for", store=_roles),
    Check("session_zones", "every session is of the zone where its bearer works",
          "a session of another zone was planted in the database",
          "end it; look who can write to the database, and in the log what it has been used for", store=_sessions),
    Check("authors", "whatever was written in casework was written by somebody who works there",
          "rows were planted, or somebody was taken out of the staff",
          "compare with the log's entries of those rows", store=_authors),
)  # fmt: skip
