"""Hand a case over: the outcome sheet goes to follow-up, and a copy without the file's numbers to oversight.

Two halves, see `releasing`: the entries commit first, then the sheets are sealed and leave.
"""

from __future__ import annotations

from dataclasses import dataclass

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.releases import SHEET_SCHEMA, Sender, outcome_sheet
from vault.access.shaping import shape
from vault.cases.flow import Step
from vault.cases.model import CaseEvent
from vault.cases.people import Identity
from vault.errors import NotFound
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference, relation, second_person
from vault.usecases.open_case import record_for
from vault.usecases.releasing import Planned, completed, plan, unchanged
from vault.vocabulary import FOLLOW_UP, OVERSIGHT, Action, Compartment, Kind, Purpose, Zone


@dataclass(frozen=True, slots=True)
class Authorised:
    """The first half's result. version: the case's, so that nothing changes in between."""

    permit: Permit
    case: CaseId
    version: int
    releases: tuple[Planned, ...]


def authorise_hand_over(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> Authorised:
    """The second signature, by another person than the one who began the closing. Raises NotFound, IllegalStep."""
    case = uow.cases.get(case_id)
    second = second_person(actor, uow.cases.events(case_id))
    permit = casework.ask(
        uow, actor, Action.RELEASE, Kind.OUTCOME_SHEET, case, purpose=Purpose.CASE_ADMINISTRATION,
        asked=case_id.hex(), facts=relation(actor, case, second=second), outcome="signed",
    )  # fmt: skip
    case = existing(case)
    case.take(Step.HAND_OVER, at=casework.clock.now())
    plans = tuple(
        plan(uow, actor, permit, Kind.OUTCOME_SHEET, case_id, reader, casework) for reader in (FOLLOW_UP, OVERSIGHT)
    )
    return Authorised(permit, case_id, case.version, plans)


def hand_over(uow: UnitOfWork, actor: Actor, granted: Authorised, casework: Casework, sender: Sender) -> Values:
    """Seal the sheets and move the case on, all or nothing. Raises StaleVersion if the case changed since."""
    case = unchanged(uow, actor, granted.permit, granted.case, granted.version)
    now = casework.clock.now()
    closed = case.take(Step.HAND_OVER, at=now)
    record = uow.records.head(record_for(granted.case, Kind.IDENTITY, casework))
    if record is None:
        raise NotFound("no such item, or not for you")
    identity = Identity.decode(casework.keeper.open(uow, granted.permit, record).expose())
    done = completed(
        uow, actor, granted.permit, Kind.OUTCOME_SHEET, granted.case, casework, count=len(granted.releases)
    )
    for planned in granted.releases:
        sheet = outcome_sheet(closed, identity, naming=planned.reader == FOLLOW_UP)
        sender.seal(
            uow, granted.permit, sheet, release=planned.release, reader=planned.reader, subject=planned.subject.token,
            kind=Kind.OUTCOME_SHEET, compartment=Compartment.OUTCOME_SHEET, purpose=_sheet_purpose(planned.reader),
            decision=planned.entry, policy=casework.guard.policy_digest, schema=SHEET_SCHEMA, expires_at=None,
        )  # fmt: skip
    uow.cases.update(closed, done)
    events = uow.cases.events(granted.case)
    uow.cases.add_event(granted.case, CaseEvent(len(events) + 1, Step.HAND_OVER, closed.state, now, actor.id), done)
    return shape(
        granted.permit.profile,
        {
            "reference": reference(granted.case),
            "note": None,
            "release": granted.releases[0].release.hex(),
            "version": closed.version,
            "state": closed.state.value,
        },
    )


def _sheet_purpose(reader: Zone) -> Purpose:
    return Purpose.OQT_FOLLOW_UP if reader == FOLLOW_UP else Purpose.ACCESS_REVIEW
