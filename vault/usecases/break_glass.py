"""An emergency, from a colleague's request to its end: ask, let a second person open it, look, end it.

Whoever is asked for must be a case of one's own region, named by its reference: nobody finds a case this way. Neither
asking nor opening shows anything of the person; looking does, and each look is decided and logged anew, for the purpose
`emergency`, while the minutes run. Nothing that somebody told can be reached on this road: no rule, and no function
here, opens another kind than identity and contact.

    asked = ask(uow, coach, Ask(case, Cause.HEALTH, "…"), casework)
    decide(uow, colleague, id, casework, opens=True)
    look_at(uow, coach, id, Kind.IDENTITY, casework)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import narrowed, shape
from vault.cases.break_glass import BreakGlass, Cause, Standing, parse_reason
from vault.cases.calendar import belgian_day
from vault.cases.model import Case
from vault.cases.people import PERSON_FIELDS, Contact, Identity, decode_content, encode_content
from vault.errors import BudgetSpent, Conflict, InvalidInput, NotFound
from vault.ids import ActorId, BreakGlassId, CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference, relation
from vault.usecases.open_case import record_for
from vault.usecases.read_case import staff_names
from vault.vocabulary import Action, Facts, Kind, Provenance, Purpose, Role

LIST_LIMIT: Final = 200
#: What a list goes back to: what is older is in the log.
_LISTED: Final = timedelta(days=90)
_ADMIN: Final = Purpose.CASE_ADMINISTRATION
_SEEN: Final = (Kind.IDENTITY, Kind.CONTACT)


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """reason: free text, sealed at once; the second person and oversight read it."""

    case: CaseId
    cause: Cause
    reason: str


class _There(NamedTuple):
    """An emergency as it lies before an actor. row, case: None where there is none."""

    row: BreakGlass | None
    case: Case | None

    def concerns(self, actor: Actor, now: datetime) -> bool:
        """A head sees those of the region; a coach their own, what they opened, and what waits for a second person."""
        if self.row is None:
            return False
        waits = self.row.standing(now) is Standing.ASKED
        return actor.role is Role.REGIONAL_HEAD or waits or actor.id in (self.row.actor, self.row.decided_by)


def ask(uow: UnitOfWork, actor: Actor, cmd: Ask, casework: Casework) -> Values:
    """Ask to see who somebody is. Raises NotFound, InvalidInput, BudgetSpent, Conflict for one's own case."""
    rules, now = casework.emergency_rules, casework.clock.now()
    reason = parse_reason(cmd.reason)
    emergency = BreakGlassId(casework.entropy.bytes(16))
    case = uow.cases.get(cmd.case)
    permit = casework.ask(
        uow, actor, Action.CREATE, Kind.BREAK_GLASS, case, purpose=_ADMIN, asked=emergency.hex(), reason=reason,
        outcome=cmd.cause.value, config=rules.digest.hex(),
    )  # fmt: skip
    case = existing(case)
    if case.coach == actor.id:
        raise Conflict("this case is yours: nothing needs to be opened")
    period = rules.period.of(belgian_day(now))
    number = uow.emergencies.in_period(actor.id, period) + 1
    most = rules.budget[actor.role]
    if number > most:
        raise BudgetSpent(f"one person asks for at most {most} a {rules.period.value}: turn to your regional head")
    row = BreakGlass(
        emergency, case.id, actor.id, actor.role, case.region, cmd.cause, period, number, now, now + rules.answer_within
    )
    uow.emergencies.add(row, permit.entry)
    casework.keeper.write(
        uow, permit, kind=Kind.BREAK_GLASS, case=case.id, record=RecordId(emergency.raw), version=1,
        plaintext=encode_content({"reason": reason}), author=actor.id, at=now, provenance=Provenance.ADMIN,
    )  # fmt: skip
    return _receipt(permit, row, casework, left=most - number)


def list_emergencies(uow: UnitOfWork, actor: Actor, casework: Casework, *, limit: int = 50) -> list[Values]:
    """Those of the region that concern this actor, newest first."""
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.BREAK_GLASS), purpose=_ADMIN, facts=Facts.of(region=bool(actor.region))
    )
    now = casework.clock.now()
    rows = [
        row
        for row in uow.emergencies.of_region(actor.region, now - _LISTED, LIST_LIMIT)
        if _There(row, None).concerns(actor, now)
    ]
    names = staff_names(uow, [row.actor for row in rows])
    return [shape(permit.profile, _told(row, names, actor, casework)) for row in rows[:limit]]


def read(uow: UnitOfWork, actor: Actor, emergency: BreakGlassId, casework: Casework) -> Values:
    """Why somebody asks: for whoever may open it. Raises NotFound."""
    there, permit = _look(uow, actor, Action.READ, emergency, casework)
    assert there.row is not None
    record = uow.records.head(RecordId(emergency.raw))
    if record is None:
        raise NotFound("no such item, or not for you")
    said = decode_content(casework.keeper.open(uow, permit, record).expose())
    names = staff_names(uow, [there.row.actor, there.row.decided_by])
    return shape(
        permit.profile,
        _told(there.row, names, actor, casework)
        | {"reason": said.get("reason"), "decided_by": names[there.row.decided_by] or None},
    )


def open_for(uow: UnitOfWork, actor: Actor, emergency: BreakGlassId, casework: Casework) -> Values:
    """Open what somebody else asked for. Raises NotFound (also for one's own), Conflict for one that waits no more."""
    there, permit = _look(uow, actor, Action.SIGN, emergency, casework, outcome="opened")
    row, now = _waiting(there, casework), casework.clock.now()
    opened = replace(row, decided_by=actor.id, decided_at=now, expires_at=now + casework.emergency_rules.lasts)
    uow.emergencies.update(opened, permit.entry)
    return _receipt(permit, opened, casework)


def refuse(uow: UnitOfWork, actor: Actor, emergency: BreakGlassId, casework: Casework) -> Values:
    """Refuse one that waits; whoever asked takes it back so. Raises NotFound, Conflict."""
    there, permit = _look(uow, actor, Action.CLOSE, emergency, casework, outcome="refused")
    refused = replace(_waiting(there, casework), decided_by=actor.id, decided_at=casework.clock.now())
    uow.emergencies.update(refused, permit.entry)
    return _receipt(permit, refused, casework)


def end(uow: UnitOfWork, actor: Actor, emergency: BreakGlassId, casework: Casework) -> Values:
    """End one that is open before its time. Once this has committed nobody is shown anything upon it.

    Raises NotFound, Conflict.
    """
    there, permit = _look(uow, actor, Action.CLOSE, emergency, casework, outcome="ended")
    row, now = there.row, casework.clock.now()
    if row is None or row.standing(now) is not Standing.OPEN:
        raise Conflict("this emergency is not open")
    ended = replace(row, ended_at=now)
    uow.emergencies.update(ended, permit.entry)
    return _receipt(permit, ended, casework)


def look_at(uow: UnitOfWork, actor: Actor, emergency: BreakGlassId, kind: Kind, casework: Casework) -> Values:
    """Who the people of the case are, or how they are reached. Raises NotFound, also once the minutes are over; Erased.

    kind: identity or contact; nothing else can be looked at in an emergency.
    """
    if kind not in _SEEN:
        raise InvalidInput("an emergency shows identity and contact alone", field="kind")
    there = _there(uow, emergency, to_change=False)
    row, case = there
    wanted = record_for(row.case if row is not None else CaseId(emergency.raw), kind, casework)
    near = relation(actor, case)
    opens = row is not None and row.opens_for(actor.id, casework.clock.now())
    permit = casework.ask(
        uow, actor, Action.READ, kind, case, purpose=Purpose.EMERGENCY, asked=wanted.hex(),
        facts=Facts(near.held | Facts.of(break_glass=opens).held), config=casework.emergency_rules.digest.hex(),
    )  # fmt: skip
    record = uow.records.head(wanted)
    if record is None:
        raise NotFound("no such item, or not for you")
    plaintext = casework.keeper.open(uow, permit, record).expose()
    values = _people if kind is Kind.IDENTITY else _contact
    return values(permit, plaintext, record.version)


# -- parts -------------------------------------------------------------------------------------------


def _there(uow: UnitOfWork, emergency: BreakGlassId, *, to_change: bool) -> _There:
    """The same statements whether or not there is such an emergency."""
    row = uow.emergencies.get_to_change(emergency) if to_change else uow.emergencies.get(emergency)
    case = uow.cases.get(row.case if row is not None else CaseId(emergency.raw))
    return _There(row, case if row is not None else None)


def _look(
    uow: UnitOfWork, actor: Actor, action: Action, emergency: BreakGlassId, casework: Casework, *, outcome: str = ""
) -> tuple[_There, Permit]:
    there = _there(uow, emergency, to_change=action is not Action.READ)
    row, case = there
    facts = Facts()
    if row is not None and there.concerns(actor, casework.clock.now()):
        facts = relation(actor, case, second=row.actor != actor.id)
    permit = casework.ask(
        uow, actor, action, Kind.BREAK_GLASS, case, purpose=_ADMIN, asked=emergency.hex(), facts=facts,
        outcome=outcome, config=casework.emergency_rules.digest.hex(),
    )  # fmt: skip
    return there, permit


def _waiting(there: _There, casework: Casework) -> BreakGlass:
    """Raises Conflict."""
    row = there.row
    if row is None or row.standing(casework.clock.now()) is not Standing.ASKED:
        raise Conflict("this emergency does not wait for an answer any more")
    return row


def _told(row: BreakGlass, names: dict[ActorId | None, str], actor: Actor, casework: Casework) -> dict[str, Any]:
    return {
        "emergency": row.id.hex(), "reference": reference(row.case), "cause": row.cause.value,
        "asked_by": names[row.actor], "role": row.role.value, "asked_at": row.asked_at, "lapses_at": row.lapses_at,
        "standing": row.standing(casework.clock.now()).value, "expires_at": row.expires_at, "ended_at": row.ended_at,
        "yours": row.actor == actor.id,
    }  # fmt: skip


def _receipt(permit: Permit, row: BreakGlass, casework: Casework, *, left: int | None = None) -> Values:
    """left: what remains of the asker's own budget."""
    return shape(
        permit.profile,
        {
            "emergency": row.id.hex(), "reference": reference(row.case), "asked_at": row.asked_at,
            "standing": row.standing(casework.clock.now()).value, "lapses_at": row.lapses_at,
            "expires_at": row.expires_at, "left": left,
        },
    )  # fmt: skip


def _people(permit: Permit, plaintext: bytes, version: int) -> Values:
    each = narrowed(permit.profile, PERSON_FIELDS, inside=True)
    people = [shape(each, person.to_json()) for person in Identity.decode(plaintext).people]
    return shape(narrowed(permit.profile, PERSON_FIELDS, inside=False), {"people": people, "version": version})


def _contact(permit: Permit, plaintext: bytes, version: int) -> Values:
    contact = Contact.decode(plaintext)
    return shape(
        permit.profile,
        {
            "address": contact.address, "phone": contact.phone, "email": contact.email,
            "whereabouts_note": contact.whereabouts_note, "provenance": contact.provenance.value, "version": version,
        },
    )  # fmt: skip
