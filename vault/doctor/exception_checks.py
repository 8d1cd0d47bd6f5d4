"""Checks of lawful exceptions: two people signed, a partner received, nothing left that none may give, and of one case.

Which items are in a copy, and whom it is about, stands sealed. What the store can tell without opening: kinds of items,
who answered with a signature of their own, and under which name of the log each act was written down.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from vault.access.evidence import Evidence
from vault.audit.events import Happening
from vault.cases.access_requests import APPROVERS, Act
from vault.cases.exceptions import ITEM_FACTS, ITEM_FIELDS
from vault.doctor.checks import Check, Fault
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey
from vault.vocabulary import CASEWORK, Action, Kind, Zone, ZoneKind

#: What a lawful exception can hold, by kind of record.
ITEM_KINDS: Final = frozenset(kind.value for kind in (*ITEM_FIELDS.values(), *ITEM_FACTS))
_DISCLOSURE: Final = f'"kind":"{Kind.DISCLOSURE.value}"'.encode()


class _Signed(NamedTuple):
    function: str
    actor: bytes
    kinds: frozenset[str]


def _signed(survey: Survey) -> Mapping[bytes, list[_Signed]]:
    """By request: approvals of its newest version that bear a signature of the approver's own."""
    newest: dict[bytes, int] = defaultdict(int)
    for request, version in survey.rows("access_copies", "request_id", "version"):
        newest[request] = max(newest[request], version)
    found: dict[bytes, list[_Signed]] = defaultdict(list)
    columns = ("request_id", "version", "function", "actor_id", "fields", "evidence")
    for request, version, function, actor, fields, evidence in survey.rows(
        "access_answers", *columns, act=Act.APPROVED.value
    ):
        if version == newest[request] and Evidence.decode(evidence) is not None:
            found[request].append(_Signed(function, actor, frozenset(fields.split(","))))
    return found


def _exceptions(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    filed = dict(survey.rows("access_requests", "request_id", "requester", zone=str(CASEWORK)))
    signed = _signed(survey)
    for release, request, reader, fields in survey.rows("grants", "release_id", "request_id", "reader", "fields"):
        if request not in filed:
            continue
        kinds = frozenset(fields.split(","))
        if not _is_partner(reader):
            yield Fault(f"a lawful exception gave something to {_plainly(reader)}, which none may", release.hex())
        if not kinds <= ITEM_KINDS:
            yield Fault(
                "a lawful exception gave what none may give: a note, free text or the analysis of a stay", release.hex()
            )
        heads, officers = (
            {one.actor for one in signed.get(request, ()) if one.function == role.value and one.kinds == kinds}
            - {filed[request]}
            for role in APPROVERS
        )
        if not any(head != officer for head in heads for officer in officers):
            yield Fault("a lawful exception left without two people's own signatures for it", release.hex())


def _cases(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """Request, copy and the row that says whom it is about: the log calls the case by one name in all of them."""
    filed = {
        str(body["object"]): str(body["subject"])
        for _, body in _acts(survey, "access_requests")
        if body["action"] == Action.CREATE.value
    }
    left = {
        str(body["object"]): str(body["subject"])
        for _, body in _acts(survey, "grants")
        if body["subject"] and body["action"] == Happening.RELEASED.value
    }
    for release, request in survey.rows("grants", "release_id", "request_id"):
        names = filed.get(request.hex()), left.get(release.hex())
        if None not in names and names[0] != names[1]:
            yield Fault("what left by a lawful exception is of another case than it was filed for", release.hex())
    entries = {entry: case for case, entry in survey.rows("cases", "case_id", "entry_id")}
    named = {
        entries[entry]: str(subject)
        for entry, body in survey.explained("cases")
        if entry in entries and (subject := json.loads(body)["subject"])
    }
    for request, case in survey.rows("taken_requests", "request_id", "case_id"):
        names = filed.get(request.hex()), named.get(case)
        if None not in names and names[0] != names[1]:
            yield Fault("a lawful exception is before the head of another case than it was filed for", request.hex())


def _acts(survey: Survey, table: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The entries about lawful exceptions that rows of a table name."""
    for entry, body in survey.explained(table):
        if _DISCLOSURE in body:
            yield entry, json.loads(body)


def _is_partner(zone: str) -> bool:
    try:
        return Zone.parse(zone).kind is ZoneKind.PARTNER
    except ValueError:
        return False


def _plainly(zone: str) -> str:
    """No stored text that is none of the program's own words is repeated."""
    return zone if zone in {kind.value for kind in ZoneKind} else "a zone that is none"


EXCEPTION_CHECKS: Final = (
    Check("exceptions",
          "every lawful exception went to a partner, upon two people's own signatures, and holds what it may",
          "something left without consent, past those who must sign for it or to whom none may go",
          "revoke it at once (`parefeu exception revoke`); tell the DPO; look in the log who has read it",
          store=_exceptions),
    Check("exception_cases", "every lawful exception is of the case for which it was filed and signed",
          "another person's data left than two people signed for, or the wrong head answers",
          "revoke it at once (`parefeu exception revoke`); tell the DPO; compare with the log's entries of both",
          store=_cases),
)  # fmt: skip
