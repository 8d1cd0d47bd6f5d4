"""Passkeys: enrolled and revoked by whoever holds them, vouched for and revoked by oversight, used to sign in.

    enrol(uow, actor, proof, NewPasskey(...), desk)           password and code again, then what the authenticator made
    sign_in(uow, assertion, bound, source, desk)              unknown, revoked and wrong answer alike
    countersign(uow, officer, passkey, desk)                  in oversight: another person, of another function
    revoke_own(uow, actor, passkey, desk) · revoke(uow, officer, passkey, desk) · revoke_for(uow, staff, passkey, desk)

A challenge is bound to the browser or session that asked for it, lives for minutes, and works once: the moment at which
it was issued must be later than that of the last one answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple

from vault.access.actor import Actor
from vault.access.enforcement import Guard, Item, Permit
from vault.access.passkeys import (
    COUNTERSIGNED_AS,
    MOST,
    Trust,
    may_vouch,
    parse_name,
    statement,
    trust,
)
from vault.access.shaping import shape
from vault.audit.events import Detail, Event, Happening, Verdict
from vault.crypto.directory import ZoneDirectory
from vault.crypto.passkey import Assertion, Origin, challenge_of, enrolled, fingerprint, verify
from vault.crypto.signing import SigningKey
from vault.errors import ConfigurationError, Conflict, EnvelopeRejected, InvalidInput, NotFound
from vault.ids import EntryId, PasskeyId
from vault.signing_in import Passkey, Said, Word
from vault.unit_of_work import SessionRow, StaffRow, UnitOfWork
from vault.usecases.casework import Values
from vault.usecases.factors import SignIn
from vault.usecases.sign_in import (
    Candidate,
    Proven,
    begin,
    clear,
    counted_refusal,
    prove,
    spend_factor,
    throttle,
    works_here,
)
from vault.usecases.trail import purpose_of
from vault.vocabulary import Action, Facts, Kind

_SIGNING_IN: Final = "sign-in"
_ENROLLING: Final = "enrolment"
#: What an unknown credential is held against, so that it costs what a known one does: a point of P-256, COSE.
_NOBODY: Final = bytes.fromhex(
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_PAGE: Final = 200
#: More than this an installation does not enrol; a list beyond it says so.
_LISTED: Final = 2000


@dataclass(frozen=True, slots=True)
class PasskeyDesk:
    """One zone's services. origin: None where no address is set, and so no passkey can be made or used."""

    sign_in: SignIn
    guard: Guard
    directory: ZoneDirectory
    signing: SigningKey
    origin: Origin | None

    def place(self) -> Origin:
        """Raises ConfigurationError."""
        if self.origin is None:
            raise ConfigurationError("passkeys need PAREFEU_PUBLIC_URL: the address at which browsers find this vault")
        return self.origin


class Proof(NamedTuple):
    """That somebody who is signed in proved anew who they are. code: six digits or a recovery code."""

    candidate: Candidate
    password_right: bool
    code: str


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """name: what its holder calls it. made: what the authenticator answered, as JSON."""

    name: str
    made: str = field(repr=False)


# -- one's own ---------------------------------------------------------------------------------------


def enrolment_challenge(actor: Actor, desk: PasskeyDesk) -> bytes:
    """For this person in this session."""
    desk.place()
    return desk.sign_in.challenge(_ENROLLING, actor.session.raw + actor.id.raw)


def enrol(uow: UnitOfWork, actor: Actor, proof: Proof, new: NewPasskey, desk: PasskeyDesk) -> Values:
    """Keep a passkey that the actor's authenticator just made.

    Raises SignInRefused for a wrong password or code, counted; InvalidInput, Conflict.
    """
    service, origin = desk.sign_in, desk.place()
    proven = prove_own(uow, actor, proof, service)
    staff = proven.staff
    name = parse_name(new.name)
    try:
        challenge = challenge_of(new.made)
        issued = service.issued(challenge, _ENROLLING, actor.session.raw + actor.id.raw)
        key = enrolled(new.made, challenge, origin)
    except EnvelopeRejected:
        raise InvalidInput("no passkey was made here for this: try again", field="passkey") from None
    if sum(each is not Trust.REVOKED for _, each in _with_trust(uow, uow.passkeys.of(actor.id), desk)) >= MOST:
        raise Conflict(f"one person has at most {MOST} passkeys: revoke one first")
    passkey, now = PasskeyId(service.entropy.bytes(16)), service.clock.now()
    event = Event(
        Happening.PASSKEY_ENROLLED.value, "passkey", Verdict.NONE, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), object=passkey.hex(),
    )  # fmt: skip
    entry = uow.audit.append(event, actor.detail())
    row = Passkey(
        passkey, service.zone, actor.id, staff.login, staff.display_name, staff.role, name, key.credential, key.public,
        key.counter, key.transports, key.synced, now, issued, None, entry,
    )  # fmt: skip
    uow.passkeys.add(row, entry)
    spend_factor(uow, proven, entry, service)
    clear(uow, proof.candidate, service, entry)
    return _own(row, Trust.WAITING)


def prove_own(uow: UnitOfWork, actor: Actor, proof: Proof, service: SignIn) -> Proven:
    """That it is the actor who proved it. Raises SignInRefused, counted; SignInThrottled."""
    proven = prove(uow, proof.candidate, proof.password_right, proof.code, service)
    if proven.staff.id != actor.id:
        raise counted_refusal(proof.candidate, service)
    return proven


def list_own(uow: UnitOfWork, actor: Actor, desk: PasskeyDesk) -> list[Values]:
    """The actor's passkeys that were not revoked, the oldest first."""
    found = _with_trust(uow, uow.passkeys.of(actor.id), desk)
    return [_own(row, standing) for row, standing in found if standing is not Trust.REVOKED]


def revoke_own(uow: UnitOfWork, actor: Actor, passkey: PasskeyId, desk: PasskeyDesk) -> None:
    """Good for nothing from the next request on. Raises NotFound, also for somebody else's and a revoked one."""
    row = uow.passkeys.get(passkey)
    live = (
        []
        if row is None
        else [each for each, standing in _with_trust(uow, [row], desk) if standing is not Trust.REVOKED]
    )
    if not live or live[0].actor != actor.id:
        raise NotFound("no such item, or not for you")
    event = Event(
        Happening.PASSKEY_REVOKED.value, "passkey", Verdict.NONE, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), object=passkey.hex(), outcome="own",
    )  # fmt: skip
    _say(uow, live[0], Said.REVOKED, actor, desk, uow.audit.append(event, actor.detail()))


def member(uow: UnitOfWork, login: str, service: SignIn) -> StaffRow:
    """Somebody of this zone's staff, also one who is no longer active. Raises InvalidInput."""
    staff = uow.staff.by_login(service.zone, login)
    if staff is None:
        raise InvalidInput("no such login in this zone", field="login")
    return staff


def revoke_for(uow: UnitOfWork, staff: StaffRow, passkey: PasskeyId, desk: PasskeyDesk) -> None:
    """The operator's word, at the store. Raises NotFound for one that is not this person's, Conflict if it was said."""
    row = uow.passkeys.get(passkey)
    if row is None or row.actor != staff.id:
        raise NotFound("this member of staff has no such passkey")
    event = Event(
        Happening.PASSKEY_REVOKED.value, "passkey", Verdict.NONE, actor=staff.log_name, role=staff.role,
        object=passkey.hex(), outcome="operator",
    )  # fmt: skip
    entry = uow.audit.append(event, Detail(staff.id.hex(), staff.display_name))
    word = Word(passkey, Said.REVOKED, desk.sign_in.zone, row.zone, staff.id, staff.role, desk.sign_in.clock.now(), b"")
    uow.passkeys.say(word, entry)


def own_passkeys(uow: UnitOfWork, staff: StaffRow, desk: PasskeyDesk) -> list[Values]:
    """Everything a member of staff ever enrolled, for the operator."""
    return [_own(row, standing) for row, standing in _with_trust(uow, uow.passkeys.of(staff.id), desk)]


# -- signing in --------------------------------------------------------------------------------------


def sign_in_challenge(bound: bytes, desk: PasskeyDesk) -> bytes:
    """For one browser: bound is what it keeps in a cookie. Nothing is written for whoever merely asks."""
    desk.place()
    return desk.sign_in.challenge(_SIGNING_IN, bound)


def candidate_of(uow: UnitOfWork, assertion: Assertion, source: str, desk: PasskeyDesk) -> Candidate:
    """Whose passkey that is said to be, to count a failure against."""
    service = desk.sign_in
    row = uow.passkeys.by_credential(service.zone, assertion.credential)
    staff = uow.staff.by_ids([row.actor]).get(row.actor) if row is not None else None
    if row is None or staff is None or not works_here(staff, service):
        return Candidate(None, f"passkey {sha256(assertion.credential).hexdigest()}", source)
    return Candidate(staff, staff.login, source)


def sign_in(
    uow: UnitOfWork, assertion: Assertion, bound: bytes, source: str, desk: PasskeyDesk
) -> tuple[str, SessionRow]:
    """The token and the session. Raises SignInThrottled; SignInRefused, counted."""
    service, origin = desk.sign_in, desk.place()
    candidate = candidate_of(uow, assertion, source, desk)
    throttle(uow, candidate.login, source, service)
    row = uow.passkeys.by_credential(service.zone, assertion.credential)
    try:
        challenge = assertion.challenge()
        issued = service.issued(challenge, _SIGNING_IN, bound)
        seen = verify(assertion, challenge, row.public if row is not None else _NOBODY, origin)
    except EnvelopeRejected:
        raise counted_refusal(candidate, service) from None
    staff = candidate.staff
    if row is None or staff is None or _trust(uow, row, desk) is Trust.REVOKED or row.function != staff.role:
        raise counted_refusal(candidate, service)
    if assertion.user and assertion.user != service.user_handle(staff.id):
        raise counted_refusal(candidate, service)
    begun = begin(uow, staff, source, service, by=row.id.hex())
    now = service.clock.now()
    if not uow.passkeys.use(row.id, issued=issued, counter=seen.counter, at=now, entry=begun.entry):
        # A copy of the authenticator, or an answer that was listened to and sent again.
        raise counted_refusal(candidate, service, noted="replayed")
    clear(uow, candidate, service, begun.entry)
    return begun.token, begun.session


# -- oversight ---------------------------------------------------------------------------------------


def list_enrolled(uow: UnitOfWork, actor: Actor, desk: PasskeyDesk, *, waiting: bool = False) -> list[Values]:
    """Passkeys of all zones, those that wait for a second person first. waiting: these alone."""
    rows: list[Passkey] = []
    while len(rows) < _LISTED:
        page = uow.passkeys.enrolled(rows[-1].id if rows else None, _PAGE)
        rows += page
        if len(page) < _PAGE:
            break
    found = [
        (row, standing)
        for row, standing in _with_trust(uow, rows, desk)
        if standing is Trust.WAITING or not waiting
    ]  # fmt: skip
    permit = desk.guard.permit(
        uow, actor, Action.LIST, Item(Kind.PASSKEY), purpose=purpose_of(actor), facts=Facts(), count=len(found)
    )
    found.sort(key=lambda each: (each[1] is not Trust.WAITING, each[0].enrolled_at, each[0].id.raw))
    return [shape(permit.profile, _told(row, standing, actor)) for row, standing in found]


def countersign(uow: UnitOfWork, actor: Actor, passkey: PasskeyId, desk: PasskeyDesk) -> Values:
    """Vouch that it is its holder's. Raises NotFound, also for one's own function's; Conflict for a settled one."""
    row, permit = _look(uow, actor, Action.SIGN, passkey, desk, "countersigned")
    if _trust(uow, row, desk) is not Trust.WAITING:
        raise Conflict("this passkey does not wait for a countersignature")
    _say(uow, row, Said.COUNTERSIGNED, actor, desk, permit.entry)
    return shape(permit.profile, {"passkey": row.id.hex(), "standing": _trust(uow, row, desk).value})


def revoke(uow: UnitOfWork, actor: Actor, passkey: PasskeyId, desk: PasskeyDesk) -> Values:
    """Revoke somebody else's. Raises NotFound, Conflict for one that is revoked already."""
    row, permit = _look(uow, actor, Action.CLOSE, passkey, desk, "revoked")
    if _trust(uow, row, desk) is Trust.REVOKED:
        raise Conflict("this passkey is revoked already")
    _say(uow, row, Said.REVOKED, actor, desk, permit.entry)
    return shape(permit.profile, {"passkey": row.id.hex(), "standing": Trust.REVOKED.value})


# -- parts -------------------------------------------------------------------------------------------


def live(uow: UnitOfWork, actor: Actor, credential: bytes, desk: PasskeyDesk) -> Passkey | None:
    """The actor's own passkey of that credential, countersigned and not revoked, of their present function."""
    row = uow.passkeys.by_credential(desk.sign_in.zone, credential)
    if row is None or row.actor != actor.id or row.function != actor.role.value:
        return None
    return row if _trust(uow, row, desk) is Trust.COUNTERSIGNED else None


def _look(
    uow: UnitOfWork, actor: Actor, action: Action, passkey: PasskeyId, desk: PasskeyDesk, outcome: str
) -> tuple[Passkey, Permit]:
    row = uow.passkeys.get(passkey)
    if action is Action.SIGN:
        theirs = row is not None and may_vouch(actor.id, actor.role, row)
    else:
        theirs = row is not None and row.actor != actor.id
    permit = desk.guard.permit(
        uow, actor, action, Item(Kind.PASSKEY, passkey.hex()), purpose=purpose_of(actor), facts=Facts.of(second=theirs),
        outcome=outcome,
    )  # fmt: skip
    if row is None:
        raise NotFound("no such item, or not for you")
    return row, permit


def _say(uow: UnitOfWork, row: Passkey, said: Said, actor: Actor, desk: PasskeyDesk, entry: EntryId) -> None:
    word = Word(row.id, said, desk.sign_in.zone, row.zone, actor.id, actor.role.value, desk.sign_in.clock.now(), b"")
    signature = b""
    if said is Said.COUNTERSIGNED:
        signature = desk.signing.sign(statement(word, row), COUNTERSIGNED_AS)
    uow.passkeys.say(
        Word(word.passkey, said, word.zone, word.told_to, word.actor, word.function, word.at, signature), entry
    )


def _trust(uow: UnitOfWork, row: Passkey, desk: PasskeyDesk) -> Trust:
    return trust(row, uow.passkeys.words([row.id]), desk.directory)


def _with_trust(uow: UnitOfWork, rows: Sequence[Passkey], desk: PasskeyDesk) -> list[tuple[Passkey, Trust]]:
    words = uow.passkeys.words([row.id for row in rows])
    return [(row, trust(row, words, desk.directory)) for row in rows]


def _own(row: Passkey, standing: Trust) -> Values:
    return {
        "passkey": row.id.hex(),
        "name": row.name,
        "enrolled_at": row.enrolled_at,
        "used_at": row.used_at,
        "standing": standing.value,
        "synced": row.synced,
        "fingerprint": fingerprint(row.public),
    }


def _told(row: Passkey, standing: Trust, actor: Actor) -> Values:
    return _own(row, standing) | {
        "zone": str(row.zone),
        "login": row.login,
        "holder": row.holder,
        "function": row.function,
        "yours": row.actor == actor.id,
    }
