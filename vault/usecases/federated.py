"""Sign in with what the office's identity provider says, link its people to ours, and step up before a release.

Who somebody is comes from the provider; what they may, never: role, region and zone stand in our own row. A person of
the provider is known by a keyed mark of issuer and subject, out of which neither can be read. The first sign-in links
it to the login that the provider claims; from then on the claim is not looked at, so that a login which the provider
gives to somebody else opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vault.access.actor import Actor
from vault.audit.events import Detail, Event, Happening, Verdict
from vault.errors import Conflict, InvalidInput, SignInRefused
from vault.ids import EntryId
from vault.signing_in import FederatedIdentity
from vault.unit_of_work import StaffRow, UnitOfWork
from vault.usecases.factors import SignIn
from vault.usecases.sign_in import Begun, Candidate, begin, clear, works_here

KIND: Final = "identity_provider"
_REFUSED: Final = "not known here, or not to be let in"


@dataclass(frozen=True, slots=True, repr=False)
class Claimed:
    """What a checked ID token says. login: as the office maps a claim to it, lower case; "" for none."""

    issuer: str
    subject: str
    login: str


def sign_in(uow: UnitOfWork, claimed: Claimed, source: str, service: SignIn) -> Begun:
    """Start the session of whoever the provider vouches for. Raises SignInRefused; the caller then runs `refuse`."""
    mark = service.identity_mark(claimed.issuer, claimed.subject)
    known = uow.federated.by_mark(service.zone, mark)
    if known is None:
        staff, known = _link(uow, claimed, mark, source, service)
    else:
        found = uow.staff.by_ids([known.actor]).get(known.actor)
        if found is None or not works_here(found, service):
            raise SignInRefused(_REFUSED, noted="not_active")
        staff = found
    begun = begin(uow, staff, source, service, by=known.mark[:16].hex(), must_step_up=True)
    clear(uow, Candidate(staff, staff.login, source), service, begun.entry)
    return begun


def candidate_of(uow: UnitOfWork, claimed: Claimed | None, source: str, service: SignIn) -> Candidate:
    """Whose failure it is, for counting it."""
    login = claimed.login if claimed is not None else ""
    return Candidate(uow.staff.by_login(service.zone, login) if login else None, login, source)


def _link(
    uow: UnitOfWork, claimed: Claimed, mark: bytes, source: str, service: SignIn
) -> tuple[StaffRow, FederatedIdentity]:
    staff = uow.staff.by_login(service.zone, claimed.login) if claimed.login else None
    if staff is None or not works_here(staff, service):
        raise SignInRefused(_REFUSED, noted="unknown")
    newest = uow.federated.newest(staff.id)
    if newest is not None and newest.ended_at is None:
        raise SignInRefused(_REFUSED, noted="other_identity")
    identity = FederatedIdentity(
        staff.id, newest.generation + 1 if newest is not None else 1, mark, service.clock.now()
    )
    entry = uow.audit.append(
        _event(Happening.IDENTITY_LINKED, staff, identity), Detail(staff.id.hex(), staff.display_name, source)
    )
    try:
        uow.federated.add(service.zone, identity, entry)
    except Conflict:
        raise SignInRefused(_REFUSED, noted="other_identity") from None
    return staff, identity


def unlink(uow: UnitOfWork, login: str, service: SignIn) -> None:
    """Somebody has another account at the provider: their next sign-in there links anew. Raises InvalidInput."""
    staff = uow.staff.by_login(service.zone, login)
    newest = uow.federated.newest(staff.id) if staff is not None else None
    if staff is None or newest is None or newest.ended_at is not None:
        raise InvalidInput(
            "no such login in this zone, or nobody of the identity provider is linked to it", field="login"
        )
    entry: EntryId = uow.audit.append(
        _event(Happening.IDENTITY_UNLINKED, staff, newest), Detail(staff.id.hex(), staff.display_name)
    )
    uow.federated.end(newest, service.clock.now(), entry)


def step_up(uow: UnitOfWork, actor: Actor, claimed: Claimed, lifetime: timedelta, service: SignIn) -> None:
    """Whoever is signed in proved it anew: their session may release for so long.

    Raises SignInRefused if the provider speaks of somebody else.
    """
    known = uow.federated.by_mark(service.zone, service.identity_mark(claimed.issuer, claimed.subject))
    if known is None or known.actor != actor.id:
        raise SignInRefused("somebody else signed in there", noted="other_identity")
    event = Event(
        Happening.STEPPED_UP.value, "session", Verdict.NONE, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(),
    )  # fmt: skip
    uow.sessions.step_up(actor.session, service.clock.now() + lifetime, uow.audit.append(event, actor.detail()))


def _event(what: Happening, staff: StaffRow, identity: FederatedIdentity) -> Event:
    return Event(
        what.value, KIND, Verdict.NONE, actor=staff.log_name, role=staff.role, object=identity.mark[:16].hex()
    )  # fmt: skip
