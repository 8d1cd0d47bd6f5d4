"""Re-identification by ceremony: who hides behind a pseudonym, told to one person for minutes, upon two signatures.

It is asked for and answered like any request of gated access, and stricter: all of the identity or nothing, approvals
that count with a listed key of their approver alone. Then three zones take part, each act an entry that is committed
before what it allows:

1. `begin` (casework, a regional head): the identity is sealed to the asking zone under a key of two shares. The first
   goes to the asking zone with it, the second to oversight. Nobody keeps the key: it exists nowhere yet.
2. `let_go` (oversight, the data protection officer): once more all is held against oversight's own files, the entry
   commits, and only then the second share is sealed to the asking zone. The minutes begin.
3. `read_identity` (the one who asked): both shares make the key, for each look anew, each logged.

It ends by time, or because a head or the data protection officer ends it (`end`); then the first share is destroyed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.asking import AccessOffice
from vault.access.enforcement import Item, Permit
from vault.access.releases import Sender
from vault.access.second_share import draw, entrust, receive
from vault.access.second_share import let_go as hand_on
from vault.access.shaping import shape
from vault.audit.events import Happening, Verdict
from vault.cases.access_requests import IDENTITY_FIELDS, Manner, Revocation, Standing, conclusive
from vault.cases.protocols import categories_of
from vault.ceremonies import CeremonyRow
from vault.errors import Conflict, EnvelopeRejected, Erased, NotFound, StoreBusy
from vault.ids import ReleaseId, RequestId
from vault.unit_of_work import UnitOfWork
from vault.usecases.answering import PURPOSE as ANSWERING
from vault.usecases.answering import AnsweringDesk, before_whom, look
from vault.usecases.asking import PURPOSE, as_grant, bound
from vault.usecases.casework import Casework, Values
from vault.usecases.granting import Authorised, authorise, in_casework, released, seal, still_ready
from vault.usecases.received import Reception
from vault.usecases.releasing import destroy_over
from vault.vocabulary import Action, Facts, Kind, Phase

#: What a ceremony tells, for the protocol with the body that it is told to.
_IDENTITY: Final = categories_of(Kind.CEREMONY, IDENTITY_FIELDS)


@dataclass(frozen=True, slots=True)
class Opening:
    """Leave to let the second share go. permit: its entry is committed, and good for this ceremony only."""

    permit: Permit
    release: ReleaseId


# -- casework ----------------------------------------------------------------------------------------


def authorise_beginning(uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk) -> Authorised:
    """First half. Raises NotFound, Conflict for a request that is not ready, about nobody, or for a grant."""
    return authorise(uow, actor, request, desk, Manner.CEREMONY)


def begin(uow: UnitOfWork, actor: Actor, leave: Authorised, desk: AnsweringDesk, sender: Sender) -> Values:
    """Second half: seal the identity under a key of two shares. Raises Conflict, StaleVersion if something changed."""
    found, office = still_ready(uow, actor, leave, desk), desk.office
    now = office.clock.now()
    entry = released(uow, actor, leave, len(found.fields), desk)
    open_until = now + office.rules.open_within
    second = draw(office.entropy)
    # The copy outlives the time for opening by the minutes; what ends it to the second is the share.
    ends = open_until + timedelta(minutes=found.form.minutes)
    key = seal(uow, leave, found, desk, sender, ends, second)
    row = CeremonyRow(
        leave.release, leave.request, leave.reader, found.form.requester, key, found.form.minutes, now, open_until,
        in_casework(desk).guard.policy_digest, leave.entry, b"", b"",
    )  # fmt: skip
    uow.ceremonies.add(entrust(second, row, sender), entry)
    return shape(leave.permit.profile, ceremony_values(row) | {"standing": Standing.BEGUN.value})


# -- oversight ---------------------------------------------------------------------------------------


def authorise_opening(uow: UnitOfWork, actor: Actor, release: ReleaseId, desk: AnsweringDesk) -> Opening:
    """First half: everything is held against oversight's own keys, access file and log, and the entry written.

    Raises NotFound, Conflict for one that is open, over, or not approved by all who must, ProtocolMissing.
    """
    office, ceremony = desk.office, uow.ceremonies.get(release)
    request = ceremony.request if ceremony is not None else RequestId(release.raw)
    looked = look(uow, actor, Action.READ, request, desk)
    if ceremony is None:
        raise NotFound("no such ceremony")
    _openable(ceremony, desk)
    subject = _begun_in_the_log(uow, ceremony)
    form = looked.opened.form
    fits = form.manner is Manner.CEREMONY and form.minutes == ceremony.minutes and form.zone == ceremony.reader
    fits = fits and form.requester == ceremony.requester and office.rules.within(form)
    approved = fits and conclusive(form, looked.answers, office.rules)
    if not approved:
        raise Conflict("not both functions have approved this with their signatures")
    permit = office.guard.permit(
        uow, actor, Action.SIGN, Item(Kind.CEREMONY, release.hex(), None, subject), purpose=ANSWERING[office.zone],
        facts=Facts.of(addressed=True, second=approved), outcome=str(ceremony.reader), count=ceremony.minutes,
        config=office.rules.digest.hex(),
    )  # fmt: skip
    office.protocols.require(form.zone, form.purpose, _IDENTITY, office.clock.now())
    return Opening(permit, release)


def let_go(uow: UnitOfWork, actor: Actor, leave: Opening, desk: AnsweringDesk) -> Values:
    """Second half: seal the second share to who asked, for their minutes. Raises Conflict if it changed since."""
    office = desk.office
    leave.permit.used_by(actor.id)
    ceremony = uow.ceremonies.get(leave.release)
    if ceremony is None:
        raise NotFound("no such ceremony")
    _openable(ceremony, desk)
    now = office.clock.now()
    office.protocols.require(ceremony.reader, PURPOSE[ceremony.reader], _IDENTITY, now)
    entry = leave.permit.entry
    opened = hand_on(ceremony, office, leave.permit, entry, now, now + timedelta(minutes=ceremony.minutes))
    if not uow.ceremonies.opened(opened, entry):
        raise Conflict("somebody opened or ended this meanwhile")
    return shape(leave.permit.profile, ceremony_values(opened) | {"standing": Standing.GRANTED.value})


def _openable(ceremony: CeremonyRow, desk: AnsweringDesk) -> None:
    if ceremony.opened_at is not None:
        raise Conflict("the second share was let go already")
    if not ceremony.live(desk.office.clock.now()):
        raise Conflict("this ceremony is over: another one is asked for")


def _begun_in_the_log(uow: UnitOfWork, ceremony: CeremonyRow) -> str:
    """The name under which the log says that it was begun. Raises Conflict where the log does not say so."""
    stored = uow.trail.entry(ceremony.decision)
    body = stored.told() if stored is not None else {}
    said = tuple(body.get(name) for name in ("action", "kind", "object", "outcome", "decision"))
    wanted = Happening.RELEASE_BEGUN.value, Kind.CEREMONY.value, ceremony.release.hex(), str(ceremony.reader)
    if said != (*wanted, Verdict.ALLOW.value):
        raise Conflict("the log does not say that this ceremony was begun")
    subject: str = body["subject"]
    return subject


# -- either ------------------------------------------------------------------------------------------


def end(uow: UnitOfWork, actor: Actor, release: ReleaseId, cause: Revocation, desk: AnsweringDesk) -> Values:
    """End a ceremony at once. When this has committed, no reader is answered from it.

    Raises NotFound, Conflict for one that was ended already, StoreBusy while somebody reads and does not let go.
    """
    office, ceremony = desk.office, uow.ceremonies.get(release)
    request = ceremony.request if ceremony is not None else RequestId(release.raw)
    place = before_whom(uow, actor, request, desk)
    theirs = ceremony is not None and (desk.casework is None or place.case is not None)
    permit = office.guard.permit(
        uow, actor, Action.CLOSE,
        Item(Kind.CEREMONY, release.hex(), place.case.id if place.case is not None else None, place.subject),
        purpose=ANSWERING[office.zone], phase=place.phase if theirs else Phase.NONE,
        facts=place.facts if theirs else Facts(), outcome=cause.value, config=office.rules.digest.hex(),
    )  # fmt: skip
    if ceremony is None:
        raise NotFound("no such ceremony")
    if not uow.grants.exclude(release):
        raise StoreBusy("somebody is reading this and does not let go: try again")
    now = office.clock.now()
    if not uow.ceremonies.end(release, now, office.zone, cause.value, permit.entry):
        raise Conflict("this was ended already")
    return shape(permit.profile, ceremony_values(ceremony) | {"standing": Standing.REVOKED.value, "ended_at": now})


def destroy_keys(uow: UnitOfWork, casework: Casework) -> int:
    """Destroy the first shares of some ceremonies that are over. Returns how many; call again until it is 0."""
    return destroy_over(uow, uow.ceremonies, Kind.CEREMONY, casework.clock.now())


# -- who asked ---------------------------------------------------------------------------------------


def read_identity(
    uow: UnitOfWork, actor: Actor, release: ReleaseId, office: AccessOffice, reception: Reception
) -> Values:
    """Who it is. Each look is its own decision and entry.

    Raises NotFound for a ceremony that is unknown, somebody else's, over, or whose second share was not let go.
    """
    receiver, purpose = reception.receiver, PURPOSE[office.zone]
    uow.grants.hold(release)
    ceremony, row = uow.ceremonies.get(release), uow.releases.get(release, Kind.CEREMONY)
    now = office.clock.now()
    mine = row is not None and row.reader == actor.zone
    live = mine and ceremony is not None and ceremony.live(now)
    theirs = live and ceremony is not None and ceremony.requester == actor.id
    theirs = theirs and row is not None and row.purpose is purpose
    agreed = reception.agreed(purpose, _IDENTITY)
    permit = office.guard.permit(
        uow, actor, Action.READ,
        Item(Kind.CEREMONY, release.hex(), None, receiver.pseudonym(row) if row is not None and mine else ""),
        purpose=purpose,
        facts=Facts.of(addressed=live and agreed, grant=theirs, second=ceremony is not None and ceremony.open(now)),
        config=reception.protocols.digest.hex(),
    )  # fmt: skip
    if row is None or ceremony is None:
        raise NotFound("no such ceremony")
    try:
        second = receive(ceremony, office, permit, office.clock.now())
        content = receiver.open(uow, permit, row, second).expose()
    except (EnvelopeRejected, Erased):
        if office.clock.now() < ceremony.over_at:
            raise
        raise NotFound("no such ceremony") from None  # it ended between the question and the answer
    bound(content, actor, as_grant(ceremony))
    given: dict[str, Any] = content["fields"]
    return shape(
        permit.profile,
        {name: given.get(name) for name in IDENTITY_FIELDS}
        | ceremony_values(ceremony)
        | {"pseudonym": receiver.pseudonym(row), "purpose": row.purpose.value},
    )


def ceremony_values(row: CeremonyRow) -> dict[str, Any]:
    """What is told of a ceremony: moments and numbers, nothing of the person."""
    return {
        "ceremony": row.release.hex(), "request": row.request.hex(), "minutes": row.minutes, "begun_at": row.begun_at,
        "open_until": row.open_until, "opened_at": row.opened_at, "expires_at": row.expires_at,
        "ended_at": row.ended_at,
    }  # fmt: skip
