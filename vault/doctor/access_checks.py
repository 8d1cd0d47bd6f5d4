"""Checks of gated access: whoever asked and answered may, what was granted was approved, what is over has no key.

Whom a request is about stands in sealed copies, so none of this says it. That an answer was signed by its zone only the
directory's keys tell; the program holds each against them whenever it counts one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from vault.access.asking import ASKING_ZONES, READERS
from vault.cases.access_requests import APPROVERS, GRANTABLE, IDENTIFYING, Act
from vault.doctor.checks import Check, Fault
from vault.doctor.key_checks import with_wraps
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey
from vault.vocabulary import CASEWORK, ROLE_ZONE, Kind, Role, Zone

#: How long the key of a grant that is over may wait for the sweep, which comes every quarter of an hour.
WAITS: Final = timedelta(days=1)
_ANSWER: Final = ("request_id", "number", "zone", "function", "actor_id", "act")
_GRANT: Final = ("release_id", "request_id", "reader", "requester", "fields", "key_id", "expires_at")


_FUNCTIONS: Final = tuple(role.value for role in APPROVERS)
_CEREMONY: Final = (
    "release_id", "request_id", "reader", "requester", "key_id", "minutes", "begun_at", "open_until", "opened_at",
    "expires_at",
)  # fmt: skip


class _Approval(NamedTuple):
    function: str
    actor: bytes
    fields: frozenset[str]


def _staff(survey: Survey) -> dict[bytes, tuple[str, str]]:
    return {actor: (zone, role) for actor, zone, role in survey.rows("staff", "actor_id", "zone", "role")}


def _requests(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """Each was filed by somebody of a zone that asks, and has every copy of each of its versions, with its key."""
    staff, asking = _staff(survey), {str(zone) for zone in ASKING_ZONES}
    there: dict[bytes, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for request, version, reader in survey.rows("access_copies", "request_id", "version", "reader"):
        there[request][version].add(reader)
    for reader in {*map(str, READERS), *asking}:
        copies = survey.rows("access_copies", "key_id", "request_id", order=("key_id",), reader=reader)
        for _key, request, held in with_wraps(survey, copies, reader):
            if not held:
                yield Fault(f"a copy of a request for access has no key: {reader} cannot open it", request.hex())
    for request, zone, requester in survey.rows("access_requests", "request_id", "zone", "requester"):
        if zone not in asking or staff.get(requester, ("", ""))[0] != zone:
            yield Fault("a request for access was filed by somebody who cannot ask", request.hex())
        wanted, versions = {*map(str, READERS), zone}, there[request]
        if sorted(versions) != list(range(1, len(versions) + 1)) or any(each != wanted for each in versions.values()):
            yield Fault("a copy of a request for access is missing, or one too many", request.hex())
        elif not versions:
            yield Fault("a request for access has no copy", request.hex())


def _answers(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    staff, numbers = _staff(survey), defaultdict[bytes, list[int]](list)
    for request, number, zone, function, actor, act in survey.rows("access_answers", *_ANSWER):
        numbers[request].append(number)
        telling = act == Act.NOTIFIED.value and function in (Role.COACH.value, Role.REGIONAL_HEAD.value)
        stopping = act == Act.STOPPED.value and function != Role.DPO.value
        known = (function in {role.value for role in APPROVERS} or telling) and staff.get(actor) == (zone, function)
        known = known and not stopping
        if not known or ROLE_ZONE[Role(function)] is not Zone.parse(zone).kind:
            yield Fault("a request for access was answered by somebody who does not hold that function", request.hex())
    for request, given in numbers.items():
        if sorted(given) != list(range(1, len(given) + 1)):
            yield Fault("an answer to a request for access is missing", request.hex())


def _approved(survey: Survey) -> Mapping[bytes, list[_Approval]]:
    """By request: what was approved of its newest version. What was approved of an earlier one is void."""
    newest: dict[bytes, int] = defaultdict(int)
    for request, version in survey.rows("access_copies", "request_id", "version"):
        newest[request] = max(newest[request], version)
    found: dict[bytes, list[_Approval]] = defaultdict(list)
    columns = ("request_id", "version", "function", "actor_id", "fields")
    for request, version, function, actor, fields in survey.rows("access_answers", *columns, act=Act.APPROVED.value):
        if version == newest[request]:
            found[request].append(_Approval(function, actor, frozenset(fields.split(","))))
    return found


def _grants(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """Each names the copy that left, its request's own person, and fields that the functions approved, two by two.

    What a lawful exception may hold, and who signed for it, is another check's.
    """
    asked = {row[0]: row[1:] for row in survey.rows("access_requests", "request_id", "requester", "zone")}
    approved = _approved(survey)
    columns = ("release_id", "reader", "key_id", "expires_at")
    copies = {
        row[0]: (kind, *row[1:])
        for kind in (Kind.GRANT.value, Kind.DISCLOSURE.value)
        for row in survey.rows("releases", *columns, kind=kind)
    }
    for release, request, reader, requester, fields, key, expires in survey.rows("grants", *_GRANT):
        who, zone = asked.get(request, (b"", ""))
        exception = zone == str(CASEWORK)
        kind = Kind.DISCLOSURE.value if exception else Kind.GRANT.value
        if copies.pop(release, None) != (kind, reader, key, expires):
            yield Fault("a grant says something else than the copy that left", release.hex())
        if who != requester:
            yield Fault("a grant is for somebody else than who asked", release.hex())
        own = approved.get(request, [])
        if not exception and not all(_agreed(name, requester, own) for name in fields.split(",")):
            yield Fault("a grant holds a field that was not approved by all who must", release.hex())
    for release in copies:
        yield Fault("a copy left that no grant stands for", release.hex())


def _agreed(field: str, requester: bytes, approvals: list[_Approval]) -> bool:
    """Whether the functions that no office can do without approved it, each another person, none who asked."""
    if field not in GRANTABLE:
        return False
    people = {
        role: {one.actor for one in approvals if one.function == role.value and field in one.fields} - {requester}
        for role in APPROVERS
    }
    heads, officers = people[Role.REGIONAL_HEAD], people[Role.DPO]
    return bool(heads) and (field not in IDENTIFYING or any(a != b for a in heads for b in officers))


def _keys(survey: Survey, around: Surroundings) -> Iterator[Fault]:
    """That a key is missing altogether is another check's."""
    wraps = {
        (key, reader): bool(wrap)
        for reader in survey.distinct("grants", "reader")
        for key, wrap in survey.rows("wraps", "key_id", "wrap", reader=reader)
    }
    exceptions = {request for (request,) in survey.rows("access_requests", "request_id", zone=str(CASEWORK))}
    stopped = dict(survey.rows("access_answers", "request_id", "at", act=Act.STOPPED.value))
    columns = ("release_id", "request_id", "key_id", "reader", "expires_at", "revoked_at", "erased_at")
    for release, request, key, reader, expires, revoked, erased in survey.rows("grants", *columns):
        what = "lawful exception" if request in exceptions else "grant"
        ended = min(each for each in (expires, revoked, stopped.get(request)) if each is not None)
        there = wraps.get((key, reader))
        if erased is not None and there:
            yield Fault(f"the key of a {what} that is over was to be destroyed, and is there", release.hex())
        elif erased is None and there is False and around.now < ended:
            yield Fault(f"the key of a live {what} was destroyed", release.hex())
        elif erased is None and there and around.now >= ended + WAITS:
            yield Fault(f"the key of a {what} that is over was not destroyed", release.hex())


def _ceremonies(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """Each names the copy that left and its request's own person, upon two signed approvals, and kept to its times."""
    asked = dict(survey.rows("access_requests", "request_id", "requester"))
    signed = {
        (request, number)
        for request, number, evidence in survey.rows("access_answers", "request_id", "number", "evidence")
        if evidence
    }
    approved: dict[bytes, set[tuple[str, bytes]]] = defaultdict(set)
    columns = ("request_id", "number", "function", "actor_id")
    for request, number, function, actor in survey.rows("access_answers", *columns, act=Act.APPROVED.value):
        if (request, number) in signed:
            approved[request].add((function, actor))
    copies = {
        row[0]: row[1:] for row in survey.rows("releases", "release_id", "reader", "key_id", kind=Kind.CEREMONY.value)
    }
    for row in survey.rows("ceremonies", *_CEREMONY):
        release, request, reader, requester, key, minutes, begun, until, opened, expires = row
        if copies.pop(release, None) != (reader, key) or asked.get(request) != requester:
            yield Fault(
                "a ceremony says something else than the copy that left, or is for another than asked", release.hex()
            )
        people = {function: {who for what, who in approved[request] if what == function} for function in _FUNCTIONS}
        heads, officers = (people[function] - {requester} for function in _FUNCTIONS)
        if not any(head != officer for head in heads for officer in officers):
            yield Fault("a ceremony was begun without two signed approvals", release.hex())
        if opened is not None and not (
            begun <= opened < until and expires is not None and expires <= opened + timedelta(minutes=minutes)
        ):
            yield Fault("a ceremony was opened outside its time, or for longer than was asked", release.hex())
        if opened is None and expires is not None:
            yield Fault("a ceremony was opened outside its time, or for longer than was asked", release.hex())
    for release in copies:
        yield Fault("an identity left that no ceremony stands for", release.hex())


def _ceremony_keys(survey: Survey, around: Surroundings) -> Iterator[Fault]:
    wraps = {
        (key, reader): bool(wrap)
        for reader in survey.distinct("ceremonies", "reader")
        for key, wrap in survey.rows("wraps", "key_id", "wrap", reader=reader)
    }
    columns = ("release_id", "key_id", "reader", "open_until", "expires_at", "ended_at", "erased_at")
    for release, key, reader, until, expires, ended, erased in survey.rows("ceremonies", *columns):
        over = min(ended, expires or until) if ended is not None else expires or until
        there = wraps.get((key, reader))
        if erased is not None and there:
            yield Fault("the key of a ceremony that is over was to be destroyed, and is there", release.hex())
        elif erased is None and there is False and around.now < over:
            yield Fault("the key of a live ceremony was destroyed", release.hex())
        elif erased is None and there and around.now >= over + WAITS:
            yield Fault("the key of a ceremony that is over was not destroyed", release.hex())


_FORGED: Final = "somebody wrote to the database past the program, or rows were taken away"
ACCESS_CHECKS: Final = (
    Check("access_requests", "every request for access was filed by who may ask, and all who read it have their copy",
          _FORGED, "compare with the log's entries of that request", store=_requests),
    Check("access_answers", "every answer to a request for access is by somebody who holds that function",
          _FORGED, "revoke what was granted upon it (`parefeu access revoke`); tell the DPO", store=_answers),
    Check("grant_approvals", "every grant was approved, field by field, by two people of two functions",
          "somebody was shown who or where a person is, upon one person's word or nobody's",
          "revoke it at once (`parefeu access revoke`); tell the DPO; look in the log who has read it", store=_grants),
    Check("grant_keys", "a live grant or lawful exception has its key, and one that is over has none",
          "what was taken back can still be opened by whoever holds the receiving zone's keys",
          "start the casework process, or `parefeu db sweep`; if the key came back, look which backup brought it",
          store=_keys),
    Check("ceremonies", "every ceremony was signed for by two people of two functions, and opened in its time",
          "who hides behind a pseudonym was told past those who must sign for it",
          "end it at once (`parefeu ceremony end`); tell the DPO; look in the log who has read it", store=_ceremonies),
    Check("ceremony_keys", "a live ceremony has its first share, and one that is over has none",
          "what is over can still be opened by whoever holds the asking zone's keys and kept the second share",
          "start the casework process, or `parefeu db sweep`; if the key came back, look which backup brought it",
          store=_ceremony_keys),
)  # fmt: skip
