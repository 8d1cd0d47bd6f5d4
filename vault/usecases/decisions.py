"""Answer other systems that ask what the firewall would say: about one question, or which ones it would allow.

Whatever such a system claims about people and cases is not looked at. The subject is a member of staff of this zone,
by login; the resource a kind of this vault, by the name it has in this zone; and the facts are read in this
transaction with this zone's rights, by the same means as for a request of its own. So a decision point of a zone
answers with what that zone knows and no more: follow-up's has no case to look at.

Nothing is opened and no permit is minted. Every answer leaves an entry that names the client as the actor, the member
of staff asked about (`object`) and the case (`subject`), each by pseudonym, with the outcome `evaluated`; a search
leaves one for all that it weighed. Unknown staff, unknown and forbidden cases are the same refusal, on the same road.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple, TypeVar

from vault.access.actor import Actor
from vault.access.enforcement import Guard
from vault.audit.events import Event, Verdict
from vault.cases.protocols import ANOTHER_BODY
from vault.errors import InvalidInput, MalformedId
from vault.ids import EntryId, ReleaseId, SessionId
from vault.ports import Clock
from vault.unit_of_work import ReleaseRow, StaffRow, UnitOfWork
from vault.usecases.casework import Casework, parse_reference, reference, relation
from vault.usecases.decision_clients import CLIENT_ROLE, DecisionClient
from vault.usecases.received import PURPOSES_OF, Reception, hold_sight, is_live
from vault.usecases.steps import second_person
from vault.vocabulary import (
    Action,
    Allowed,
    Decision,
    Denied,
    Fact,
    Facts,
    Kind,
    Phase,
    Purpose,
    Question,
    ReleaseProfile,
    Role,
    Zone,
)

SUBJECT_TYPE: Final = "staff"
#: Instead of a name: the question is about no single item, as for a list or a search.
NO_SINGLE_ONE: Final = "*"
#: What has no single item: the fact says how the query itself is restricted, as in `read_case.list_cases`.
_UNRESTRICTED: Final = frozenset({Action.LIST, Action.SEARCH})
_RELEASED: Final = frozenset({Kind.OUTCOME_SHEET, Kind.REFERRAL})
#: Facts that nothing here can know yet: unknown, so they never help.
_UNKNOWN: Final = Facts.of(**{each.value: None for each in (Fact.GRANT, Fact.BREAK_GLASS, Fact.SAMPLE)}).known
_ROLES: Final[Mapping[str, Role]] = {role.value: role for role in Role}
_ACTIONS: Final[Mapping[str, Action]] = {action.value: action for action in Action}
_KINDS: Final[Mapping[str, Kind]] = {kind.value: kind for kind in Kind}
_PURPOSES: Final[Mapping[str, Purpose]] = {purpose.value: purpose for purpose in Purpose}
_Row = TypeVar("_Row")
_NO_SESSION: Final = SessionId(bytes(16))
_CHUNK: Final = 100
#: Rows that one search looks at; what is left comes with the next page.
SCANNED_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """Words as the caller wrote them; "" for what a search is to find, or for what was not said.

    recipient: for a referral, the organisation it would go to. request: the caller's own name for its request.
    """

    subject_type: str
    subject: str
    action: str
    kind: str
    resource: str
    purpose: str
    recipient: str = ""
    request: str = ""


class Evaluated(NamedTuple):
    """entry: of the log. profile: what an answer may be built from; None where the answer is no."""

    allowed: bool
    entry: EntryId
    at: datetime
    profile: ReleaseProfile | None = None


class Found(NamedTuple):
    """A page of a search. following: where the next page begins; None after the last one."""

    names: tuple[str, ...]
    following: str | None


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """One zone's means to answer. casework: in that zone only; reception: in every other."""

    zone: Zone
    guard: Guard
    clock: Clock
    casework: Casework | None = None
    reception: Reception | None = None


class _Place(NamedTuple):
    """What a question is about, as this zone's database knows it. facts: how a member of staff stands to it."""

    phase: Phase
    facts: Callable[[Actor], Facts]
    subject: str = ""


_NOWHERE: Final = _Place(Phase.NONE, lambda _: Facts())  # nothing holds


def evaluate(uow: UnitOfWork, client: DecisionClient, asked: Asked, point: DecisionPoint) -> Evaluated:
    """One decision, with its entry."""
    staff = uow.staff.by_login(point.zone, asked.subject) if asked.subject_type == SUBJECT_TYPE else None
    place = _place(uow, asked, point)
    decision = _weigh(asked, _stands_for(staff), place, point)
    entry = _record(uow, client, asked, staff, place, decision, point)
    profile = decision.profile if isinstance(decision, Allowed) else None
    return Evaluated(profile is not None, entry, point.clock.now(), profile)


def search_actions(uow: UnitOfWork, client: DecisionClient, asked: Asked, point: DecisionPoint) -> Found:
    """The actions that are allowed, in the vocabulary's order."""
    staff = uow.staff.by_login(point.zone, asked.subject) if asked.subject_type == SUBJECT_TYPE else None
    actor, names = _stands_for(staff), []
    places = {whole: _place(uow, _as(asked, whole), point) for whole in (Action.READ, Action.LIST)}
    for action in Action:
        place = places[Action.LIST if action in _UNRESTRICTED else Action.READ]
        if isinstance(_weigh(_as(asked, action), actor, place, point), Allowed):
            names.append(action.value)
    _record_search(uow, client, asked, "searched_actions", len(names), point, staff, places[Action.READ])
    return Found(tuple(names), None)


def search_subjects(
    uow: UnitOfWork, client: DecisionClient, asked: Asked, after: str, limit: int, point: DecisionPoint
) -> Found:
    """Logins of this zone's staff to whom it is allowed, from the first one after `after`."""
    place = _place(uow, asked, point)
    names, following = _page(
        _staff_of(uow, point.zone, after) if asked.subject_type == SUBJECT_TYPE else iter(()),
        lambda row: isinstance(_weigh(asked, _stands_for(row), place, point), Allowed),
        lambda row: row.login, lambda row: row.login, after, limit,
    )  # fmt: skip
    _record_search(uow, client, asked, "searched_subjects", len(names), point, None, place)
    return Found(names, following)


def search_resources(
    uow: UnitOfWork, client: DecisionClient, asked: Asked, after: str, limit: int, point: DecisionPoint
) -> Found:
    """Names of cases, or of what was sent to this zone, the newest first; after: the moment where the last page ended.

    A signature of somebody else and a consent are not looked up here, so what needs one is not found; ask about it.
    Raises InvalidInput for an `after` that is no moment.
    """
    before = _moment(after)
    staff = uow.staff.by_login(point.zone, asked.subject) if asked.subject_type == SUBJECT_TYPE else None
    actor = _stands_for(staff)
    names, following = _page(
        _candidates(uow, asked, actor, before, point) if actor is not None else iter(()),
        lambda candidate: isinstance(_weigh(asked, actor, candidate.place, point), Allowed),
        lambda candidate: candidate.name, lambda candidate: candidate.at.isoformat(), after, limit,
    )  # fmt: skip
    _record_search(uow, client, asked, "searched_resources", len(names), point, staff, _NOWHERE)
    return Found(names, following)


# -- deciding ----------------------------------------------------------------------------------------


def _stands_for(staff: StaffRow | None) -> Actor | None:
    """The actor this member of staff would be, without a session: it can be asked about and does nothing."""
    role = _ROLES.get(staff.role) if staff is not None and staff.active else None
    if staff is None or role is None:
        return None
    return Actor(staff.id, role, staff.zone, staff.region, _NO_SESSION, staff.log_name)


def _weigh(asked: Asked, actor: Actor | None, place: _Place, point: DecisionPoint) -> Decision:
    """The firewall's answer; a word that it does not know is a denial without a question."""
    action, kind, purpose = _ACTIONS.get(asked.action), _KINDS.get(asked.kind), _PURPOSES.get(asked.purpose)
    if actor is None or action is None or kind is None or purpose is None:
        return Denied("", (), point.guard.policy_digest)
    question = Question(actor.role, action, kind, purpose, place.phase)
    return point.guard.weigh(question, place.facts(actor))


def _place(uow: UnitOfWork, asked: Asked, point: DecisionPoint) -> _Place:
    """Look the resource up with this zone's rights. Unknown and mistyped names are nowhere."""
    kind = _KINDS.get(asked.kind)
    if kind is None:
        return _NOWHERE
    if asked.resource == NO_SINGLE_ONE:
        return (
            _Place(Phase.NONE, partial(_reach, purpose=_PURPOSES.get(asked.purpose), point=point))
            if _ACTIONS.get(asked.action) in _UNRESTRICTED
            else _NOWHERE
        )
    try:
        if point.casework is not None:
            return _in_casework(uow, asked, point.casework)
        if point.reception is not None and kind in _RELEASED:
            release = ReleaseId.parse(asked.resource)
            hold_sight(uow, kind, point.reception)  # a yes after a withdrawal was acknowledged would be a lie
            row = uow.releases.get(release, kind)
            return _received(row, kind, point.reception, point.clock.now())
    except (MalformedId, InvalidInput):
        return _NOWHERE
    return _NOWHERE  # the log's entries have neither a phase nor facts


def _in_casework(uow: UnitOfWork, asked: Asked, casework: Casework) -> _Place:
    case_id = parse_reference(asked.resource)
    case, events = uow.cases.get(case_id), uow.cases.events(case_id)
    subject = casework.subject(case_id)  # for an unknown case too: its time must tell nothing
    known = casework.rules.organisations
    partner = next((zone for zone in known if zone.organisation == asked.recipient), None)
    consents = uow.referrals.consents(case_id).values()  # whether or not there is such a partner or case
    if case is None:
        return _NOWHERE
    now = casework.clock.now()
    agreed = any(consent.recipient == partner and consent.live_at(now) for consent in consents)

    def facts(actor: Actor) -> Facts:
        held = relation(actor, case, second=second_person(casework.situation(case, events, actor)), consent=agreed).held
        return Facts(held, _UNKNOWN)

    return _Place(case.phase, facts, subject)


def _received(row: ReleaseRow | None, kind: Kind, reception: Reception, now: datetime) -> _Place:
    if row is None or row.kind is not kind or row.reader != reception.receiver.zone:
        return _NOWHERE
    valid = is_live(row, now) and reception.agreed(PURPOSES_OF[kind])
    facts = Facts(Facts.of(addressed=valid, consent=valid).held, _UNKNOWN)
    return _Place(Phase.NONE, _always(facts), reception.receiver.pseudonym(row))


def _always(facts: Facts) -> Callable[[Actor], Facts]:
    """The same facts whoever asks."""
    return lambda _: facts


def _reach(actor: Actor, purpose: Purpose | None, point: DecisionPoint) -> Facts:
    """How a list or search of this actor is restricted by the query itself: the use cases ask just so.

    Where no protocol runs the use case lists nothing; that is told here as a fact that does not hold.
    """
    if point.reception is not None and actor.zone.kind in ANOTHER_BODY:
        return Facts.of(addressed=purpose is not None and point.reception.agreed(purpose), consent=True)
    own = actor.role is Role.COACH
    return Facts.of(own=own, region=not own and bool(actor.region))


def _as(asked: Asked, action: Action) -> Asked:
    return replace(asked, action=action.value)


# -- searching ---------------------------------------------------------------------------------------


class _Candidate(NamedTuple):
    name: str
    at: datetime
    place: _Place


def _page(
    rows: Iterator[_Row], allowed: Callable[[_Row], bool], name: Callable[[_Row], str], position: Callable[[_Row], str],
    after: str, limit: int,
) -> tuple[tuple[str, ...], str | None]:  # fmt: skip
    """The names of the first `limit` rows that are allowed, and where to go on, if there may be more."""
    names: list[str] = []
    for scanned, row in enumerate(rows):
        if len(names) == limit or scanned == SCANNED_MOST:
            return tuple(names), after
        if allowed(row):
            names.append(name(row))
        after = position(row)
    return tuple(names), None


def _staff_of(uow: UnitOfWork, zone: Zone, after: str) -> Iterator[StaffRow]:
    while rows := uow.staff.active(zone, after, _CHUNK):
        yield from rows
        after = rows[-1].login


def _candidates(
    uow: UnitOfWork, asked: Asked, actor: Actor, before: datetime | None, point: DecisionPoint
) -> Iterator[_Candidate]:
    """Everything of that kind within this actor's reach: others could be allowed to nobody of this role."""
    kind = _KINDS.get(asked.kind)
    if kind is None:
        return
    if point.casework is not None:
        coach, region = (actor.id, None) if actor.role is Role.COACH else (None, actor.region)
        while rows := uow.cases.caseload(coach=coach, region=region, limit=_CHUNK, before=before):
            for row in rows:
                case, subject = row.case, point.casework.subject(row.case.id)
                facts = _always(Facts(relation(actor, case).held, _UNKNOWN))
                yield _Candidate(reference(case.id), case.opened_at, _Place(case.phase, facts, subject))
            before = rows[-1].case.opened_at
    elif point.reception is not None and kind in _RELEASED:
        now = point.clock.now()
        hold_sight(uow, kind, point.reception)
        while sent := uow.releases.addressed(point.zone, kind, _CHUNK, before):
            for item in sent:
                yield _Candidate(item.id.hex(), item.released_at, _received(item, kind, point.reception, now))
            before = sent[-1].released_at


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput("this is no page of this search", field="page")
    return moment


# -- recording ---------------------------------------------------------------------------------------


def _record(
    uow: UnitOfWork, client: DecisionClient, asked: Asked, staff: StaffRow | None, place: _Place, decision: Decision,
    point: DecisionPoint,
) -> EntryId:  # fmt: skip
    allowed = isinstance(decision, Allowed)
    event = _event(
        client, asked, "evaluated", 1, point, staff, place, Verdict.ALLOW if allowed else Verdict.DENY, decision.rule
    )
    return uow.audit.append(event, client.detail(_reason(asked)))


def _record_search(
    uow: UnitOfWork, client: DecisionClient, asked: Asked, outcome: str, count: int, point: DecisionPoint,
    staff: StaffRow | None, place: _Place,
) -> None:  # fmt: skip
    event = _event(client, asked, outcome, count, point, staff, place, Verdict.NONE, "")
    uow.audit.append(event, client.detail(_reason(asked)))


def _event(
    client: DecisionClient, asked: Asked, outcome: str, count: int, point: DecisionPoint, staff: StaffRow | None,
    place: _Place, verdict: Verdict, rule: str,
) -> Event:  # fmt: skip
    """Only words of the vocabulary and pseudonyms enter the log: what else a caller wrote does not."""
    return Event(
        asked.action if asked.action in _ACTIONS else "evaluate",
        asked.kind if asked.kind in _KINDS else "unknown",
        verdict,
        actor=client.log_name,
        role=CLIENT_ROLE,
        session=client.session.hex(),
        object=staff.log_name if staff is not None else "",
        subject=place.subject,
        purpose=asked.purpose if asked.purpose in _PURPOSES else "",
        rule=rule,
        policy=point.guard.policy_digest.hex(),
        outcome=outcome,
        count=count,
    )


def _reason(asked: Asked) -> str:
    return f"request {asked.request}" if asked.request else ""
