"""What a lawful exception gives: let it go, take it back, and what the recipient sees of it.

A disclosure is a copy of exactly the items that both functions signed for, freshly sealed to the recipient under a key
of its own. Of a fact it holds code, value, standing and date: no words that somebody wrote or said. Two halves, like
every release; revoking binds at its commit, and the key is destroyed after it.

    leave = authorise(uow, head, request, desk)              entries commit
    disclose(uow, head, leave, desk, sender)                 sealed, and it left
    read_disclosed(uow, agent, release, reception)           the recipient, while it lives
    stop(uow, officer, release, cause, desk)                 oversight, at once
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.releases import Receiver, Sender
from vault.access.shaping import shape
from vault.asking import GrantRow
from vault.cases.access_requests import AccessForm, Manner, Revocation, Standing
from vault.cases.exceptions import ITEM_FACTS, ITEM_FIELDS, kind_of, leaving_name
from vault.cases.facts import Fact
from vault.cases.model import Case
from vault.cases.people import Contact, Identity
from vault.cases.protocols import categories_of_kinds
from vault.errors import Conflict, EnvelopeRejected, Erased, InvalidInput, NotFound, StoreBusy
from vault.ids import RecordId, ReleaseId, RequestId
from vault.provenance import Leaving, Sourced
from vault.unit_of_work import ReleaseRow, UnitOfWork
from vault.usecases import granting
from vault.usecases.answering import PURPOSE as ANSWERING
from vault.usecases.answering import AnsweringDesk, before_whom
from vault.usecases.casework import Casework, Values
from vault.usecases.granting import Authorised, in_casework, released, still_ready
from vault.usecases.open_case import record_for
from vault.usecases.received import LIST_LIMIT, Reception
from vault.vocabulary import CASEWORK, KIND_COMPARTMENT, Action, Facts, Kind, Purpose

SCHEMA: Final = 1
PURPOSE: Final = Purpose.LEGAL_OBLIGATION
#: Everything that a copy can hold, so that what is not in one is told as not there.
_NAMES: Final = (*ITEM_FIELDS, *(kind.value for kind in ITEM_FACTS))


# -- casework ----------------------------------------------------------------------------------------


def authorise(uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk) -> Authorised:
    """First half. Raises NotFound, ProtocolMissing, Conflict for a request that is not ready, or of another manner."""
    return granting.authorise(uow, actor, request, desk, Manner.EXCEPTION)


def disclose(uow: UnitOfWork, actor: Actor, leave: Authorised, desk: AnsweringDesk, sender: Sender) -> Values:
    """Second half: seal the items. Raises Conflict, StaleVersion if something changed since."""
    found, casework = still_ready(uow, actor, leave, desk), in_casework(desk)
    now = desk.office.clock.now()
    entry = released(uow, actor, leave, len(found.fields), desk)
    expires_at = now + timedelta(hours=found.form.hours)
    key = sender.seal(
        uow, leave.permit, _content(uow, leave.permit, found.case, found.form, casework), release=leave.release,
        reader=leave.reader, subject=leave.subject.token, kind=Kind.DISCLOSURE,
        compartment=KIND_COMPARTMENT[Kind.DISCLOSURE], purpose=PURPOSE, decision=leave.entry,
        policy=casework.guard.policy_digest, schema=SCHEMA, expires_at=expires_at,
    )  # fmt: skip
    given = GrantRow(
        leave.release, leave.request, leave.reader, found.form.requester, found.form.answerable, key, now, expires_at
    )
    uow.grants.add(given, entry)
    return shape(leave.permit.profile, _values(given) | {"standing": Standing.GRANTED.value})


def revoke(uow: UnitOfWork, actor: Actor, release: ReleaseId, cause: Revocation, desk: AnsweringDesk) -> Values:
    """Take it back. Once this has committed, the recipient is shown nothing of it. Raises as `granting.revoke`."""
    permit, given, now = granting.taken_back(uow, actor, release, cause, desk, Kind.DISCLOSURE)
    return shape(permit.profile, _values(given) | {"standing": Standing.REVOKED.value, "revoked_at": now})


def stop(uow: UnitOfWork, actor: Actor, release: ReleaseId, cause: Revocation, desk: AnsweringDesk) -> Values:
    """Stop what left: the data protection officer's word, which each read finds at once. Casework destroys the key.

    Oversight changes no row of casework's and holds none of its keys: it adds an answer, signed, which nobody can take
    away. Raises NotFound, Conflict for one that is over, StoreBusy while somebody reads and does not let go.
    """
    office, given = desk.office, uow.grants.get(release)
    place = before_whom(uow, actor, given.request if given is not None else RequestId(release.raw), desk)
    left = given is not None and place.row is not None and place.row.zone == CASEWORK and desk.casework is None
    permit = office.guard.permit(
        uow, actor, Action.CLOSE, Item(Kind.DISCLOSURE, release.hex()), purpose=ANSWERING[office.zone],
        facts=place.facts if left else Facts(), outcome=cause.value, config=office.exceptions.digest.hex(),
    )  # fmt: skip
    if given is None:
        raise NotFound("no such item, or not for you")
    if not uow.grants.exclude(release):
        raise StoreBusy("somebody is reading this and does not let go: try again")
    now, given = office.clock.now(), uow.grants.get(release) or given  # as it is now that nobody else is at it
    if not given.live(now):
        raise Conflict("this is over already")
    word = office.stop(uow, permit, given, actor.role, actor.id, cause.value)
    return shape(permit.profile, _values(given) | {"standing": Standing.REVOKED.value, "revoked_at": word.at})


def _content(uow: UnitOfWork, permit: Permit, case: Case, form: AccessForm, casework: Casework) -> Leaving:
    """The items' values; None where the case knows nothing. Only what is named is opened. Raises Conflict."""
    found: dict[str, Sourced] = {}
    for kind in dict.fromkeys(map(kind_of, form.fields)):
        items = [item for item in form.fields if kind_of(item) is kind]
        if kind in (Kind.IDENTITY, Kind.CONTACT):
            found |= _fields(uow, permit, case, kind, items, casework)
        else:
            facts = [_fact(uow, permit, case, item, casework) for item in items]
            found[kind.value] = Sourced(facts, f"{kind.value}.value")
    around = {"request": form.request.hex(), "basis": form.basis}
    return Leaving(found, around, under="items")


def _fields(
    uow: UnitOfWork, permit: Permit, case: Case, kind: Kind, items: list[str], casework: Casework
) -> dict[str, Sourced]:
    record = uow.records.head(record_for(case.id, kind, casework))
    if record is None:
        raise Conflict("the case has nothing of this any more")
    plaintext = casework.keeper.open(uow, permit, record).expose()
    if kind is Kind.IDENTITY:
        told = Identity.decode(plaintext).people[0].to_json()
    else:
        contact = Contact.decode(plaintext)
        told = {"phone": contact.phone, "email": contact.email, "address": contact.address}
    return {name: Sourced(told.get(name) or None, f"{kind.value}.{name}", record.provenance) for name in items}


def _fact(uow: UnitOfWork, permit: Permit, case: Case, item: str, casework: Casework) -> dict[str, str]:
    """Code, value, standing and date: nothing in words. Raises Conflict for one that is not there, or holds, no more:
    the copy has no word for that, and would say what is not so."""
    record = uow.records.head(RecordId.parse(item.partition(":")[2]))
    if record is None or record.case != case.id or record.kind is not kind_of(item):
        raise Conflict("an item is none of this case's any more")
    fact = Fact.decode(casework.keeper.open(uow, permit, record).expose())
    if not fact.holds:
        raise Conflict("an item is no longer so: file another exception, without it")
    return {"code": fact.code, "value": fact.value, "status": fact.status, "on": fact.on}


def _values(given: GrantRow) -> dict[str, Any]:
    return {
        "request": given.request.hex(), "disclosure": given.release.hex(), "recipient": str(given.reader),
        "disclosed": list(given.fields), "disclosed_at": given.granted_at, "expires_at": given.expires_at,
        "revoked_at": given.taken_back_at,
    }  # fmt: skip


# -- the recipient -----------------------------------------------------------------------------------


def list_disclosed(
    uow: UnitOfWork, actor: Actor, reception: Reception, *, limit: int = 50, before: datetime | None = None,
    ended: bool = False,
) -> list[Values]:  # fmt: skip
    """What this zone was given by lawful exceptions and can open now, newest first; or what has ended, and when.

    Of what was taken back it learns the number and the moment: the database shows it no more than that. Raises
    ProtocolMissing.
    """
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    receiver = reception.receiver
    permit = reception.guard.permit(
        uow, actor, Action.LIST, Item(Kind.DISCLOSURE), purpose=PURPOSE, facts=Facts.of(addressed=True),
        config=reception.protocols.digest.hex(),
    )  # fmt: skip
    now = receiver.clock.now()
    reception.protocols.require(receiver.zone, PURPOSE, (), now)
    found = []
    for given in uow.grants.given_to(receiver.zone, limit, before):
        copy = uow.releases.get(given.release, Kind.DISCLOSURE)
        if given.live(now) is not ended and (ended or copy is not None):
            found.append(shape(permit.profile, _listed(given, copy, receiver, now)))
    return found


def _listed(given: GrantRow, copy: ReleaseRow | None, receiver: Receiver, now: datetime) -> dict[str, Any]:
    stand, over = Standing.GRANTED, given.taken_back_at
    if not given.live(now):
        stand, over = (Standing.ENDED, given.expires_at) if over is None else (Standing.REVOKED, over)
    return _values(given) | {
        "pseudonym": receiver.pseudonym(copy) if copy is not None else None,
        "disclosed_at": given.granted_at.isoformat(),  # the whole moment: lists are paged by it
        "standing": stand.value, "ended_at": over,
    }  # fmt: skip


def read_disclosed(uow: UnitOfWork, actor: Actor, release: ReleaseId, reception: Reception) -> Values:
    """The items. Each look is its own decision and entry.

    Raises NotFound for one that is unknown, another zone's, over, revoked, or covered by no protocol that runs. Whoever
    revokes waits until this transaction is over.
    """
    receiver = reception.receiver
    uow.grants.hold(release)
    given, row = uow.grants.get(release), uow.releases.get(release, Kind.DISCLOSURE)
    now = receiver.clock.now()
    mine = row is not None and row.reader == actor.zone
    live = given is not None and given.reader == actor.zone and given.live(now)
    live = live and row is not None and given is not None and row.expires_at == given.expires_at
    agreed = given is not None and live and reception.agreed(PURPOSE, categories_of_kinds(given.fields))
    permit = reception.guard.permit(
        uow, actor, Action.READ,
        Item(Kind.DISCLOSURE, release.hex(), None, receiver.pseudonym(row) if row is not None and mine else ""),
        purpose=PURPOSE, facts=Facts.of(addressed=mine and agreed, grant=live),
        config=reception.protocols.digest.hex(),
    )  # fmt: skip
    if row is None or given is None:
        raise NotFound("no such item, or not for you")
    try:
        content = receiver.open(uow, permit, row).expose()
    except (EnvelopeRejected, Erased):
        if receiver.clock.now() < given.expires_at:
            raise
        raise NotFound("no such item, or not for you") from None  # it ended between the question and the answer
    items = content["items"]
    if content["request"] != given.request.hex() or {leaving_name(name) for name in items} - set(_NAMES):
        raise EnvelopeRejected("the row says something else of this disclosure than was sealed")
    told = _values(given) | {"pseudonym": receiver.pseudonym(row), "purpose": row.purpose.value}
    return shape(permit.profile, dict.fromkeys(_NAMES) | items | told | {"basis": content["basis"]})
