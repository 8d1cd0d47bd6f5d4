"""Hand a case over: the outcome sheet goes to follow-up, and a copy without the file's numbers to oversight.

Two halves, see `releasing`: the entries commit first, then the sheets are sealed and leave.
"""

from __future__ import annotations

from dataclasses import dataclass

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.releases import SHEET_SCHEMA, Sender, outcome_sheet
from vault.cases.details import NOTHING
from vault.cases.flow import Step
from vault.cases.journey import take
from vault.cases.model import CaseEvent
from vault.cases.people import Identity
from vault.cases.protocols import categories_of
from vault.errors import NotFound, StaleVersion
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, receipt, relation, with_excuses
from vault.usecases.known_names import index_name
from vault.usecases.open_case import record_for
from vault.usecases.releasing import Planned, completed, plan, unchanged
from vault.usecases.slots import expect_no_more
from vault.usecases.steps import second_person
from vault.vocabulary import FOLLOW_UP, OVERSIGHT, Action, Compartment, Kind, Purpose, Zone


@dataclass(frozen=True, slots=True)
class Authorised:
    """The first half's result. version: the case's, so that nothing changes in between."""

    permit: Permit
    case: CaseId
    version: int
    releases: tuple[Planned, ...]


def authorise_hand_over(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework, based_on: int | None = None
) -> Authorised:
    """The second signature, by another person than the one who began the closing.

    based_on: the version of the case that the actor looked at. Raises NotFound, StaleVersion, IllegalStep.
    """
    case = uow.cases.get(case_id)
    events = uow.cases.events(case_id)  # looked for whether or not there is a case: both roads are as long
    situation = casework.situation(case, events, actor) if case is not None else None
    permit = casework.ask(
        uow, actor, Action.RELEASE, Kind.OUTCOME_SHEET, case, purpose=Purpose.CASE_ADMINISTRATION,
        asked=case_id.hex(), facts=relation(actor, case, second=second_person(situation)), outcome="signed",
        config=casework.config,
    )  # fmt: skip
    case = existing(case)
    assert situation is not None
    if based_on is not None and based_on != case.version:
        raise StaleVersion(expected=based_on, current=case.version)
    now = casework.clock.now()
    situation = with_excuses(uow, situation)
    take(situation, Step.HAND_OVER, NOTHING, at=now)
    sheet = categories_of(Kind.OUTCOME_SHEET, ())
    casework.protocols.require(FOLLOW_UP, _sheet_purpose(FOLLOW_UP), sheet, now)
    plans = tuple(
        plan(uow, actor, permit, Kind.OUTCOME_SHEET, case_id, reader, casework) for reader in (FOLLOW_UP, OVERSIGHT)
    )
    return Authorised(permit, case_id, case.version, plans)


def hand_over(uow: UnitOfWork, actor: Actor, granted: Authorised, casework: Casework, sender: Sender) -> Values:
    """Seal the sheets and move the case on, all or nothing. Raises StaleVersion if the case changed since."""
    case = unchanged(uow, actor, granted.permit, granted.case, granted.version)
    now = casework.clock.now()
    situation = with_excuses(uow, casework.situation(case, uow.cases.events(case.id), actor))
    closed = take(situation, Step.HAND_OVER, NOTHING, at=now)
    record = uow.records.head(record_for(granted.case, Kind.IDENTITY, casework))
    if record is None:
        raise NotFound("no such item, or not for you")
    identity = Identity.decode(casework.keeper.open(uow, granted.permit, record).expose())
    done = completed(
        uow, actor, granted.permit, Kind.OUTCOME_SHEET, granted.case, casework, count=len(granted.releases)
    )
    for planned in granted.releases:
        sheet = outcome_sheet(closed, identity, record.provenance, naming=planned.reader == FOLLOW_UP)
        sender.seal(
            uow, granted.permit, sheet, release=planned.release, reader=planned.reader, subject=planned.subject.token,
            kind=Kind.OUTCOME_SHEET, compartment=Compartment.OUTCOME_SHEET, purpose=_sheet_purpose(planned.reader),
            decision=planned.entry, policy=casework.guard.policy_digest, schema=SHEET_SCHEMA, expires_at=None,
        )  # fmt: skip
    index_name(uow, case.id, casework, done)
    uow.cases.update(closed, done)
    expect_no_more(uow, done, case.id, casework, actor=actor, at=now)
    number = len(situation.history.events) + 1
    uow.cases.add_event(granted.case, CaseEvent(number, Step.HAND_OVER, closed.state, now, actor.id), done)
    return receipt(granted.permit, closed, release=granted.releases[0].release.hex())


def _sheet_purpose(reader: Zone) -> Purpose:
    return Purpose.OQT_FOLLOW_UP if reader == FOLLOW_UP else Purpose.ACCESS_REVIEW
