"""Let granted fields go, take a grant back, destroy its key.

A grant is a copy: exactly the fields that every function approved, freshly sealed to the asking zone under a key of its
own, which ends to the second. What was not granted is not hidden in it; it is not there. Every value comes from the
official file (`SOURCES`): of what somebody said there is no field, and a record whose provenance is not ADMIN gives
nothing.

Two halves, like every release: the entries commit first, then the copy is sealed (`authorise`, `grant`). Revoking
binds at its commit (`revoke`); the key is destroyed right after (`destroy_keys`), and again by the sweep if that was
lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from vault.access.actor import Actor
from vault.access.asking import AccessOffice
from vault.access.enforcement import Item, Permit
from vault.access.releases import Sender
from vault.access.shaping import shape
from vault.asking import GrantRow
from vault.audit.events import Event, Happening, Verdict
from vault.cases.access_requests import (
    AccessForm,
    Designation,
    Manner,
    Naming,
    Revocation,
    Standing,
    missing,
    releasable,
    standing,
)
from vault.cases.exceptions import WITHHELD_UNTIL, Silence
from vault.cases.identifiers import normalise_for_index
from vault.cases.model import Case
from vault.cases.people import Contact, Identity
from vault.cases.protocols import categories_of
from vault.errors import Conflict, InvalidInput, NotFound, StaleVersion, StoreBusy
from vault.ids import CaseId, EntryId, KeyId, ReleaseId, RequestId
from vault.provenance import Leaving, Sourced
from vault.pseudonyms import Pseudonym, domain_of
from vault.sensitive import Sensitive
from vault.unit_of_work import UnitOfWork
from vault.usecases.answering import AnsweringDesk, before_whom, look
from vault.usecases.asking import given_upon, grant_values
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.known_names import index_name
from vault.usecases.open_case import record_for
from vault.usecases.releasing import destroy_over
from vault.vocabulary import (
    CASEWORK,
    FOLLOW_UP,
    KIND_COMPARTMENT,
    Action,
    Facts,
    Kind,
    Phase,
    Provenance,
    Purpose,
    Zone,
)

SCHEMA: Final = 1
#: By these a request names what the official file says of its case, and may say otherwise by now.
_NUMBERS: Final = (Naming.OV_NUMBER, Naming.OQT_REFERENCE)
#: What is let go for each manner of asking.
KIND_OF: Final = {Manner.GRANT: Kind.GRANT, Manner.CEREMONY: Kind.CEREMONY, Manner.EXCEPTION: Kind.DISCLOSURE}
#: Where each grantable field comes from; all of it the official file's. A test holds this against the closed list.
SOURCES: Final[dict[str, Kind]] = {
    "family_name": Kind.IDENTITY,
    "given_names": Kind.IDENTITY,
    "birth_date": Kind.IDENTITY,
    "nationality": Kind.IDENTITY,
    "address": Kind.CONTACT,
    "procedure_pending": Kind.CASE,
}


@dataclass(frozen=True, slots=True)
class Authorised:
    """Leave to grant. entry: committed, and good for this release only. version: the case's, that it stays the same."""

    permit: Permit
    request: RequestId
    case: CaseId
    version: int
    release: ReleaseId
    reader: Zone
    subject: Pseudonym
    entry: EntryId


def authorise(
    uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk, manner: Manner = Manner.GRANT
) -> Authorised:
    """First half. Raises NotFound, Conflict for a request that is not ready, about nobody, or of another manner."""
    casework, kind = in_casework(desk), KIND_OF[manner]
    looked = look(uow, actor, Action.READ, request, desk)
    form, case = looked.opened.form, looked.case
    if form.manner is not manner:
        raise Conflict(f"this request is for a {form.manner.value}")
    if looked.standing is not Standing.READY:
        lacking = ", ".join(role.value for role in missing(form, looked.answers, desk.office.rules))
        raise Conflict(
            f"not ready: the request is {looked.standing.value}" + (f", lacking {lacking}" if lacking else "")
        )
    if case is None:
        raise Conflict("there is no such case: nothing can be granted")
    check_limits(form, desk.office)
    fields = releasable(form, looked.answers, desk.office.rules)
    exception = manner is Manner.EXCEPTION
    if exception and (looked.opened.about is None or looked.opened.about.value != reference(case.id)):
        raise Conflict("this request is about another case than its row says")
    theirs = before_whom(uow, actor, request, desk).facts
    release, reader = ReleaseId(casework.entropy.bytes(16)), form.reader
    permit = casework.guard.permit(
        uow, actor, Action.RELEASE, Item(kind, release.hex(), case.id, casework.subject(case.id)),
        purpose=Purpose.CASE_ADMINISTRATION, phase=case.phase,
        facts=Facts(theirs.held | Facts.of(second=True).held), outcome=str(reader),
        count=len(fields), config=desk.office.rules.digest.hex(),
    )  # fmt: skip
    casework.protocols.require(form.reader, form.purpose, categories_of(kind, fields), desk.office.clock.now())
    subject = casework.pseudonyms.token(domain_of(reader), case.id)
    event = Event(
        Happening.RELEASE_BEGUN.value, kind.value, Verdict.ALLOW, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), object=release.hex(), subject=subject.text, rule=permit.rule,
        purpose=form.purpose.value if exception else permit.purpose.value,
        policy=casework.guard.policy_digest.hex(), outcome=str(reader) + remark(form.silence),
        config=casework.protocols.digest.hex(),
    )  # fmt: skip
    entry = uow.audit.append(event, actor.detail())
    return Authorised(permit, request, case.id, case.version, release, reader, subject, entry)


def remark(silence: Silence | None) -> str:
    """What an entry of an exception says besides: until which day the person's report keeps it back, and no longer."""
    return f" {WITHHELD_UNTIL}{silence.until.isoformat()}" if silence is not None else ""


def grant(uow: UnitOfWork, actor: Actor, leave: Authorised, desk: AnsweringDesk, sender: Sender) -> Values:
    """Second half: seal the fields that were approved. Raises Conflict, StaleVersion if something changed since."""
    found, now = still_ready(uow, actor, leave, desk), desk.office.clock.now()
    entry = released(uow, actor, leave, len(found.fields), desk)
    expires_at = now + timedelta(hours=found.form.hours)
    key = seal(uow, leave, found, desk, sender, expires_at)
    given = GrantRow(
        leave.release, leave.request, leave.reader, found.form.requester, found.fields, key, now, expires_at
    )
    uow.grants.add(given, entry)
    return shape(
        leave.permit.profile,
        grant_values(given) | {"request": leave.request.hex(), "standing": Standing.GRANTED.value},
    )


class Ready(NamedTuple):
    """What is about to leave. fields: that every function approved."""

    case: Case
    form: AccessForm
    fields: tuple[str, ...]


def still_ready(uow: UnitOfWork, actor: Actor, leave: Authorised, desk: AnsweringDesk) -> Ready:
    """Everything is as it was authorised, and stays so until the commit: nobody refuses meanwhile.

    Raises StaleVersion, Conflict, PermitInvalid for another actor, StoreBusy while somebody is at the request.
    """
    office = desk.office
    leave.permit.used_by(actor.id)
    if not uow.requests.exclude(leave.request):
        raise StoreBusy("somebody is answering this request and does not let go: try again")
    case = existing(uow.cases.get_to_change(leave.case))
    if case.version != leave.version:
        raise StaleVersion(expected=leave.version, current=case.version)
    row = uow.requests.get(leave.request)
    if row is None:
        raise NotFound("no such request")
    opened = office.open(uow, leave.permit, leave.request)
    form = opened.form
    answers, now = office.answers(uow, leave.request), office.clock.now()
    if (
        given_upon(uow, [leave.request])
        or KIND_OF[form.manner] is not leave.permit.item.kind
        or standing(form, row.due_at, answers, office.rules, None, now) is not Standing.READY
    ):
        raise Conflict("the request was answered otherwise meanwhile")
    check_limits(form, office)
    if opened.about is not None and opened.about.naming in _NUMBERS:
        _check_named(uow, leave.permit, case, opened.about, in_casework(desk))
    return Ready(case, form, releasable(form, answers, office.rules))


def _check_named(uow: UnitOfWork, permit: Permit, case: Case, about: Designation, casework: Casework) -> None:
    """The case bears the number that was asked about. One that was corrected leads to it still, and is somebody else's.

    Raises Conflict.
    """
    opened = _official(uow, permit, case, Kind.IDENTITY, casework)
    if opened is None:
        raise Conflict("the official file holds no identity here: whether it is who was asked about is not known")
    identity = Identity.decode(opened.plaintext)
    borne = identity.ov_number if about.naming is Naming.OV_NUMBER else identity.oqt_reference
    if not borne or normalise_for_index(about.naming.value, borne) != about.value:
        raise Conflict("the case does not bear this number any more: whoever was asked about is somebody else")


def check_limits(form: AccessForm, office: AccessOffice) -> None:
    """Nothing leaves beyond what the office lets anybody ask for now, whoever approved it. Raises Conflict."""
    if form.manner is not Manner.EXCEPTION:
        if not office.rules.within(form):
            raise Conflict("this asks for more, or upon another basis, than the office lets anybody ask for")
        return
    assert form.recipient is not None
    try:
        office.exceptions.check(form.basis, form.recipient)
        office.exceptions.check_hours(form.hours)
    except InvalidInput as refused:
        raise Conflict(f"the office's file does not bear this out any more: {refused}") from None


def released(uow: UnitOfWork, actor: Actor, leave: Authorised, count: int, desk: AnsweringDesk) -> EntryId:
    """Write down that it leaves, under casework's own name of the case."""
    casework = in_casework(desk)
    event = Event(
        Happening.RELEASED.value, leave.permit.item.kind.value, Verdict.ALLOW, actor=actor.log_name,
        role=actor.role.value, session=actor.session.hex(), object=leave.release.hex(),
        subject=casework.subject(leave.case), purpose=leave.permit.purpose.value, rule=leave.permit.rule,
        policy=casework.guard.policy_digest.hex(), outcome=str(leave.reader), count=count,
    )  # fmt: skip
    entry = uow.audit.append(event, actor.detail())
    if leave.reader == FOLLOW_UP:
        index_name(uow, leave.case, casework, entry)
    return entry


def seal(
    uow: UnitOfWork, leave: Authorised, found: Ready, desk: AnsweringDesk, sender: Sender, expires_at: datetime,
    second: Sensitive[bytes] | None = None,
) -> KeyId:  # fmt: skip
    """Seal the fields' values to the reader. second: a share without which the reader opens nothing either."""
    casework, kind = in_casework(desk), leave.permit.item.kind
    values = _values(uow, leave.permit, found.case, found.fields, casework)
    return sender.seal(
        uow, leave.permit, content(found.form, found.fields, values), release=leave.release, reader=leave.reader,
        subject=leave.subject.token, kind=kind, compartment=KIND_COMPARTMENT[kind], purpose=found.form.purpose,
        decision=leave.entry, policy=casework.guard.policy_digest, schema=SCHEMA, expires_at=expires_at, second=second,
    )  # fmt: skip


def content(form: AccessForm, fields: tuple[str, ...], values: Mapping[str, Sourced]) -> Leaving:
    """What is sealed: for whom, upon which request, and these fields and no other."""
    around = {"for": form.requester.hex(), "request": form.request.hex()}
    return Leaving({name: values[name] for name in fields}, around, under="fields")


def revoke(uow: UnitOfWork, actor: Actor, release: ReleaseId, cause: Revocation, desk: AnsweringDesk) -> Values:
    """Take a grant back. Once this has committed, no reader is answered from it.

    Raises NotFound, Conflict for one that was revoked already, StoreBusy while somebody holds it and does not let go.
    """
    permit, given, now = taken_back(uow, actor, release, cause, desk, Kind.GRANT)
    return shape(
        permit.profile,
        grant_values(given) | {"request": given.request.hex(), "standing": Standing.REVOKED.value, "revoked_at": now},
    )


def taken_back(
    uow: UnitOfWork, actor: Actor, release: ReleaseId, cause: Revocation, desk: AnsweringDesk, kind: Kind
) -> tuple[Permit, GrantRow, datetime]:
    """The row that was revoked, and when. kind: of the copy; a number of the other kind is nobody's. Raises as
    `revoke`."""
    casework = in_casework(desk)
    given = uow.grants.get(release)
    place = before_whom(uow, actor, given.request if given is not None else RequestId(release.raw), desk)
    theirs = given is not None and place.case is not None
    theirs = theirs and place.row is not None and (place.row.zone == CASEWORK) is (kind is Kind.DISCLOSURE)
    permit = casework.guard.permit(
        uow, actor, Action.CLOSE,
        Item(kind, release.hex(), place.case.id if place.case is not None else None, place.subject),
        purpose=Purpose.CASE_ADMINISTRATION, phase=place.phase if theirs else Phase.NONE,
        facts=place.facts if theirs else Facts(), outcome=cause.value, config=desk.office.rules.digest.hex(),
    )  # fmt: skip
    if given is None:
        raise NotFound("no such grant")
    if not uow.grants.exclude(release):
        raise StoreBusy("somebody is reading this and does not let go: try again")
    now, given = desk.office.clock.now(), uow.grants.get(release) or given  # as it is now that nobody else is at it
    if given.stopped_at is not None or not uow.grants.revoke(release, now, cause.value, permit.entry):
        raise Conflict("this was revoked already")
    return permit, given, now


def destroy_keys(uow: UnitOfWork, casework: Casework) -> int:
    """Destroy the keys of some grants that are over. Returns how many; call again until it is 0."""
    return destroy_over(uow, uow.grants, Kind.GRANT, casework.clock.now())


def _values(
    uow: UnitOfWork, permit: Permit, case: Case, fields: tuple[str, ...], casework: Casework
) -> dict[str, Sourced]:
    """The fields' values from the official file; None where it has none. Only what is needed is opened."""
    needed = {SOURCES[name] for name in fields}
    found = {name: Sourced(None, f"{SOURCES[name].value}.{name}") for name in fields}
    if Kind.IDENTITY in needed and (opened := _official(uow, permit, case, Kind.IDENTITY, casework)) is not None:
        person = Identity.decode(opened.plaintext).people[0]
        values = {
            "family_name": person.family_name,
            "given_names": person.given_names,
            "birth_date": person.birth_date.isoformat() if person.birth_date else None,
            "nationality": person.nationality or None,
        }
        found |= {name: Sourced(value, f"identity.{name}", opened.provenance) for name, value in values.items()}
    if Kind.CONTACT in needed and (opened := _official(uow, permit, case, Kind.CONTACT, casework)) is not None:
        contact = Contact.decode(opened.plaintext)
        # The contact says it too, inside: an address that somebody told is none of the official file's.
        address = (contact.address or None) if contact.provenance is Provenance.ADMIN else None
        found["address"] = Sourced(address, "contact.address", opened.provenance)
    if Kind.CASE in needed:
        found["procedure_pending"] = Sourced(case.facts.procedure_pending, "case.procedure_pending")
    return found


class _Opened(NamedTuple):
    plaintext: bytes
    provenance: Provenance


def _official(uow: UnitOfWork, permit: Permit, case: Case, kind: Kind, casework: Casework) -> _Opened | None:
    """The record's plaintext if its provenance, which is sealed with it, is ADMIN."""
    record = uow.records.head(record_for(case.id, kind, casework))
    if record is None or record.provenance is not Provenance.ADMIN:
        return None
    return _Opened(casework.keeper.open(uow, permit, record).expose(), record.provenance)


def in_casework(desk: AnsweringDesk) -> Casework:
    """Raises NotFound in a zone that has no case to grant anything of."""
    if desk.casework is None:
        raise NotFound("no such request")
    return desk.casework
