"""Take in orders to leave as the official file tells them, one household at a time; list those that wait for a fact.

Taking one in opens its case and triages it, in one transaction: a household is in, whole, or it is not. The reference
of the order stops doubles: the same order again changes nothing, other content under the same reference is told and
changes nothing either, unless the desk says that it completes an order that waits, or that the facts of the official
file are to be brought up to date in a case that is not closed.

What lies in another region is not told: there, an order is taken in or was there before, and the answer is the same. Of
an order that belongs here while its case lies elsewhere, only that it cannot be taken in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import shape
from vault.cases.calendar import belgian_day
from vault.cases.deadlines import term_end
from vault.cases.details import Details, note_of
from vault.cases.eligibility import check_facts
from vault.cases.flow import State, Step
from vault.cases.identifiers import normalise_for_index
from vault.cases.journey import coach_type_of, take
from vault.cases.model import Case, CaseEvent, Origin
from vault.cases.orders import Intake, Order, Placement, TakenOrder, brought_up_to_date, placed
from vault.errors import Conflict, InvalidInput, NotFound
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.coaches import changed_by_step
from vault.usecases.open_case import OpenCase, begin, index_tokens, record_for, write_contact, write_identity
from vault.usecases.read_case import PAGE_LIMIT
from vault.usecases.steps import TakeStep, take_step
from vault.vocabulary import Action, Facts, Kind, Phase, Purpose

ADMIN: Final = Purpose.CASE_ADMINISTRATION
_HOUSEHOLD: Final = "household"
_FACTS: Final = "facts"
#: Afterwards a case is what it was when it ended.
_UPDATED_IN: Final = frozenset({Phase.PENDING, Phase.ACTIVE, Phase.SUSPENDED, Phase.CLOSING})


@dataclass(frozen=True, slots=True, repr=False)
class TakeIn:
    """look: say what would become of it, and write nothing. complete: fill in what an order that waits was missing.
    update: bring the facts of the official file up to date in the case of the same household."""

    order: Order
    look: bool = False
    complete: bool = False
    update: bool = False


@dataclass(frozen=True, slots=True)
class _Said:
    """Keyed digests of what an order says: who and where, and the facts."""

    household: bytes
    facts: bytes


@dataclass(frozen=True, slots=True)
class _Found:
    """What is there already under the reference. case: within the actor's region; elsewhere: in another one."""

    case: Case | None = None
    taken: TakenOrder | None = None
    elsewhere: bool = False


def take_in(uow: UnitOfWork, actor: Actor, cmd: TakeIn, casework: Casework) -> Values:
    """Take in one order. Returns what became of it, and what is missing.

    Raises AccessDenied, InvalidInput, UnaccompaniedMinor, Conflict.
    """
    order = cmd.order
    if not order.identity.oqt_reference:
        raise InvalidInput("an order that is taken in from a file has a reference", field="oqt_reference")
    today = belgian_day(casework.clock.now())
    check_facts(Origin.ORDER, order.facts, order.identity, casework.parameters, today)
    placement = placed(order, casework.parameters, casework.organisation, today)
    said = _Said(
        casework.index.token("order/household", order.household_text),
        casework.index.token("order/facts", order.facts_text),
    )
    found = _find(uow, actor, cmd, casework)
    status = _status(actor, cmd, placement, found, said)
    permit = _ask(uow, actor, cmd, status, found, casework)
    case = found.case
    if not cmd.look:
        if status is Intake.COMPLETED:
            case = _complete(uow, actor, order, placement, existing(case), said, permit, casework)
        elif status is Intake.UPDATED:
            case = _update(uow, order, existing(case), said, permit, casework)
        elif found.elsewhere and status is not Intake.PASSED_ON:
            raise Conflict("this order cannot be taken in here: a regional head can find out why")
        elif case is None and not found.elsewhere:
            case = _begin(uow, actor, order, placement, said, permit, casework)
    return _told(permit, status, placement, None if status is Intake.PASSED_ON else case, _differing(found, said))


def _ask(
    uow: UnitOfWork, actor: Actor, cmd: TakeIn, status: Intake, found: _Found, casework: Casework
) -> Permit:  # fmt: skip
    """Ask whether the actor hands in orders; where a case is to be changed, about that case.

    The entry names the list that divides the country; the flow's values stand in the entries of opening and triage.
    """
    config = casework.organisation.digest.hex()
    if status is Intake.UPDATED and not cmd.look:
        case = existing(found.case)
        return casework.ask(
            uow, actor, Action.WRITE, Kind.ORDER, case, purpose=ADMIN, asked=case.id.hex(), outcome=status.value,
            config=config,
        )  # fmt: skip
    return casework.guard.permit(
        uow, actor, Action.CREATE, _item(found.case, casework), purpose=ADMIN,
        facts=Facts.of(region=bool(actor.region)),
        outcome=f"would_be_{status}" if cmd.look else status.value, config=config,
    )  # fmt: skip


def _find(uow: UnitOfWork, actor: Actor, cmd: TakeIn, casework: Casework) -> _Found:
    """Look for the reference: within the region, and, where something is to be written, everywhere."""
    token = casework.index.token(
        "oqt_reference", normalise_for_index("oqt_reference", cmd.order.identity.oqt_reference)
    )
    near = uow.cases.find(token, region=actor.region)
    if near:
        taken = uow.orders.of_cases(near)
        return _Found(uow.cases.get(taken.case if taken is not None else near[0]), taken)
    # Only looking is told nothing of other regions: there the question is not even asked.
    return _Found(elsewhere=not cmd.look and bool(uow.cases.find(token)))


def _status(actor: Actor, cmd: TakeIn, placement: Placement, found: _Found, said: _Said) -> Intake:
    if found.case is not None:
        if found.taken is None:
            return Intake.KNOWN
        differing = _differing(found, said)
        if not differing:
            return Intake.SAME
        if cmd.complete and found.case.state is State.OQT_NOTIFIED and not placement.missing:
            return Intake.COMPLETED
        if cmd.update and found.case.phase in _UPDATED_IN and differing == [_FACTS]:
            return Intake.UPDATED
        return Intake.DIFFERS
    if placement.region and placement.region != actor.region:
        return Intake.PASSED_ON
    if cmd.look:
        return Intake.NEW
    return Intake.WAITING if placement.missing else Intake.TRIAGED


def _differing(found: _Found, said: _Said) -> list[str]:
    """Which part of a known order is another one than before; [] for none."""
    if found.taken is None:
        return []
    parts = ((_HOUSEHOLD, found.taken.household, said.household), (_FACTS, found.taken.facts, said.facts))
    return [name for name, before, now in parts if before != now]


def _item(case: Case | None, casework: Casework) -> Item:
    if case is None:
        return Item(Kind.ORDER)
    return Item(Kind.ORDER, "", case.id, casework.subject(case.id))


def _begin(
    uow: UnitOfWork, actor: Actor, order: Order, placement: Placement, said: _Said, permit: Permit,
    casework: Casework,
) -> Case:  # fmt: skip
    """Open the case and, if nothing is missing, triage it, which may send it to another region.

    A case that cannot be triaged begins where it belongs, or here if nothing tells: here somebody finds out.
    """
    region = (placement.region if placement.missing else "") or actor.region
    cmd = OpenCase(
        region, order.language, order.identity, order.contact, order.facts, Origin.ORDER, order.place
    )  # fmt: skip
    _, case = begin(uow, actor, cmd, casework)
    mark = casework.index.token("order/reference", order.identity.oqt_reference)
    uow.orders.add(
        mark, TakenOrder(case.id, said.household, said.facts, placement.missing, case.opened_at), permit.entry
    )
    if placement.missing:
        return case
    take_step(uow, actor, TakeStep(case.id, Step.TRIAGE, _triage(placement, region)), casework)
    return existing(uow.cases.get(case.id))


def _triage(placement: Placement, region: str) -> Details:
    return Details(criterion=placement.criterion, region=placement.region if placement.region != region else None)


def _complete(
    uow: UnitOfWork, actor: Actor, order: Order, placement: Placement, case: Case, said: _Said, permit: Permit,
    casework: Casework,
) -> Case:  # fmt: skip
    """Triage a case that waited, with what the order says now. The sheets get a new version; the old ones stay."""
    triage = casework.ask(
        uow, actor, Action.TRIAGE, Kind.CASE, case, purpose=ADMIN, asked=case.id.hex(), outcome=Step.TRIAGE.value,
        config=casework.config,
    )  # fmt: skip
    facts = replace(order.facts, term_end=term_end(order.facts, casework.parameters))
    told = replace(
        case, facts=facts, language=order.language, place=order.place,
        coach_type=coach_type_of(facts, placement.composition, order.place),
    )  # fmt: skip
    details, now = _triage(placement, case.region), casework.clock.now()
    situation = casework.situation(told, uow.cases.events(case.id), actor)
    changed = take(situation, Step.TRIAGE, details, at=now)
    event = CaseEvent(len(situation.history.events) + 1, Step.TRIAGE, changed.state, now, actor.id, note_of(details))
    uow.cases.update(changed, triage.entry)
    uow.cases.add_event(case.id, event, triage.entry)
    changed_by_step(uow, triage, case, changed, Step.TRIAGE, actor=actor, at=now)
    identity, contact = (_next_version(uow, case.id, kind, casework) for kind in (Kind.IDENTITY, Kind.CONTACT))
    write_identity(uow, triage, case.id, order.identity, casework, actor=actor, version=identity, at=now)
    write_contact(uow, triage, case.id, order.contact, casework, actor=actor, version=contact, at=now)
    known = index_tokens(order.identity, casework)
    fresh = [token for token in known if case.id not in uow.cases.find(token)]
    uow.cases.index(case.id, fresh, triage.entry)
    uow.orders.complete(case.id, said.household, said.facts, permit.entry)
    return changed


def _update(uow: UnitOfWork, order: Order, case: Case, said: _Said, permit: Permit, casework: Casework) -> Case:
    """Bring the facts of the official file up to date; who the people are, and where, stays as it is."""
    facts = replace(order.facts, term_end=term_end(order.facts, casework.parameters))
    changed = replace(case, facts=brought_up_to_date(case.facts, facts), version=case.version + 1)
    uow.cases.update(changed, permit.entry)
    uow.orders.update(case.id, said.facts, permit.entry)
    return changed


def _next_version(uow: UnitOfWork, case: CaseId, kind: Kind, casework: Casework) -> int:
    newest = uow.records.head(record_for(case, kind, casework))
    if newest is None:
        raise NotFound("no such item, or not for you")
    return newest.version + 1


def _told(permit: Permit, status: Intake, placement: Placement, case: Case | None, differing: Sequence[str]) -> Values:
    """What became of it. Of another region's case nothing is told: all else here is computed from the order itself."""
    return shape(
        permit.profile,
        {
            "status": status.value,
            "reference": reference(case.id) if case is not None else None,
            "state": case.state.value if case is not None else None,
            "version": case.version if case is not None else None,
            "region": placement.region or None,
            "coach_type": placement.coach_type.value,
            "criterion": placement.criterion or None,
            "missing": [code.value for code in placement.missing],
            "differing": list(differing),
        },
    )


def list_waiting(
    uow: UnitOfWork, actor: Actor, limit: int, before: datetime | None, casework: Casework
) -> Sequence[Values]:
    """Orders of the actor's region that are not triaged, each with what was missing when it was taken in."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {PAGE_LIMIT}", field="limit")
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.ORDER), purpose=ADMIN, facts=Facts.of(region=bool(actor.region))
    )
    return [
        shape(
            permit.profile,
            {
                "reference": reference(one.case),
                "language": one.language,
                "opened_on": belgian_day(one.opened_at).isoformat(),
                "opened_at": one.opened_at.isoformat(),
                "missing": [code.value for code in one.missing],
            },
        )
        for one in uow.orders.waiting(actor.region, limit, before)
    ]
