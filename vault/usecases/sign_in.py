"""Sign in, stay signed in, sign out. Passwords are checked outside, between two of these: Argon2 never runs here.

Wrong name, wrong password and wrong code give the same answer; so does a blocked account until the right
person waits. Attempts are counted per login and per source address under keyed hashes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

from vault.access.actor import Actor
from vault.audit.events import Detail, Event, Happening, Verdict
from vault.errors import ConfigurationError, InvalidInput, NotSignedIn, SignInRefused, SignInThrottled
from vault.ids import ActorId, EntryId, SessionId
from vault.ports import Clock
from vault.unit_of_work import AttemptRow, SessionRow, StaffRow, UnitOfWork
from vault.usecases.factors import Factor, find_factor, spend
from vault.usecases.factors import SignIn as SignIn  # the zone's, for whoever signs somebody in
from vault.usecases.factors import totp as totp
from vault.vocabulary import ROLE_ZONE, Role

SESSION_LIFETIME: Final = timedelta(hours=10)
SERVICE_LIFETIME_LONGEST: Final = timedelta(days=90)
#: After this many failures within the window, wait; the wait doubles with each further failure.
FREE_FAILURES: Final = 5
WINDOW: Final = timedelta(minutes=15)
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
TOKEN_BYTES: Final = 32
_ROLES: Final = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may be signing in. staff: None for an unknown or inactive login; the password is checked all the same."""

    staff: StaffRow | None
    login: str
    source: str


def look_up(uow: UnitOfWork, login: str, source: str, service: SignIn) -> Candidate:
    """First half. Raises SignInThrottled before any password is looked at."""
    throttle(uow, login, source, service)
    return Candidate(_active(uow, login, service), login, source)


def look_up_own(uow: UnitOfWork, actor: Actor, service: SignIn) -> Candidate:
    """The same for somebody who is signed in and proves anew who they are. Raises SignInThrottled, NotSignedIn."""
    staff = uow.staff.by_ids([actor.id]).get(actor.id)
    if staff is None or not works_here(staff, service):
        raise NotSignedIn("sign in first")
    throttle(uow, staff.login, actor.source, service)
    return Candidate(staff, staff.login, actor.source)


def works_here(staff: StaffRow, service: SignIn) -> bool:
    """Whether this is an active member of the zone's staff, and no other system's service."""
    return staff.zone == service.zone and staff.active and staff.role in _ROLES


def _active(uow: UnitOfWork, login: str, service: SignIn) -> StaffRow | None:
    staff = uow.staff.by_login(service.zone, login)
    return staff if staff is not None and works_here(staff, service) else None


def throttle(uow: UnitOfWork, login: str, source: str, service: SignIn) -> None:
    """Raises SignInThrottled while this login or this address has to wait."""
    now = service.clock.now()
    wait = max(_blocked(uow, service, kind, value, now) for kind, value in _counted(login, source))
    if wait > 0:
        raise SignInThrottled(wait)


def _counted(login: str, source: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """What failures are counted by. A subscriber has a /64 of IPv6 or more (RFC 6177): counted singly, its addresses
    would be as many sources as anybody wants. An IPv4 address is one, also where a door for both families maps it."""
    try:
        address = ip_address(source)
    except ValueError:
        return ("login", login), ("source", source)
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        source = str(mapped) if mapped is not None else str(ip_network((address.packed[:8] + bytes(8), 64)))
    return ("login", login), ("source", source)


def _blocked(uow: UnitOfWork, service: SignIn, kind: str, value: str, now: datetime) -> int:
    row = uow.attempts.find(service.zone, service.attempt_subject(kind, value))
    if row is None or row.blocked_until is None or row.blocked_until <= now:
        return 0
    return int((row.blocked_until - now).total_seconds()) + 1


def conclude(
    uow: UnitOfWork, candidate: Candidate, password_right: bool, code: str, service: SignIn
) -> tuple[str, SessionRow]:
    """Second half: check the code, start the session, or count the failure and refuse.

    code: six digits, or a recovery code in their place. Returns the token, known to its bearer alone, and the session.
    Raises SignInRefused, counted. Raises SignInThrottled: guesses sent at once have all passed `look_up` before the
    first of them is counted.
    """
    proven = prove(uow, candidate, password_right, code, service)
    begun = begin(uow, proven.staff, candidate.source, service)
    spend_factor(uow, proven, begun.entry, service)
    clear(uow, candidate, service, begun.entry)
    return begun.token, begun.session


class Proven(NamedTuple):
    """Who proved both factors, and the second one, not spent yet."""

    candidate: Candidate
    staff: StaffRow
    factor: Factor


def prove(uow: UnitOfWork, candidate: Candidate, password_right: bool, code: str, service: SignIn) -> Proven:
    """Raises SignInRefused, counted; SignInThrottled.

    The password was checked against the row of the first half; everything else is asked of the row as it is now.
    """
    throttle(uow, candidate.login, candidate.source, service)
    staff = _active(uow, candidate.login, service)
    if candidate.staff is None or staff is None or staff.password != candidate.staff.password:
        staff = None
    factor = find_factor(uow, staff, code, service) if staff is not None else None
    if staff is None or not password_right or factor is None:
        raise counted_refusal(candidate, service)
    return Proven(candidate, staff, factor)


def counted_refusal(candidate: Candidate, service: SignIn, noted: str = "refused") -> SignInRefused:
    """What undoes the use case that raises it; `refuse` then runs in its place, before any other use case: of guesses
    that are sent at once no more are looked at than of those that are sent in a row."""
    error = SignInRefused("name, password or code is wrong", noted=noted)
    error.instead = lambda uow: refuse(uow, candidate, service, noted)
    return error


def spend_factor(uow: UnitOfWork, proven: Proven, entry: EntryId, service: SignIn) -> None:
    """Use the second factor up; a recovery code with an entry of its own. entry: of what it was used for.

    Raises SignInRefused, counted, if somebody else has used it meanwhile.
    """
    candidate, staff, factor = proven
    if factor.code is not None:
        event = Event(
            Happening.RECOVERY_CODE_USED.value, "recovery_code", Verdict.NONE, actor=staff.log_name, role=staff.role,
            object=entry.hex(), count=factor.left,
        )  # fmt: skip
        entry = uow.audit.append(event, Detail(staff.id.hex(), staff.display_name))
    if not spend(uow, staff, factor, service.clock.now(), entry):
        raise counted_refusal(candidate, service)


class Begun(NamedTuple):
    """token: known to its bearer alone. entry: the one that says that the session began."""

    token: str
    session: SessionRow
    entry: EntryId


def begin(
    uow: UnitOfWork, staff: StaffRow, source: str, service: SignIn, *, by: str = "", must_step_up: bool = False
) -> Begun:
    """Start the session of somebody who proved who they are. by: the passkey or identity, if it was one.

    must_step_up: before anything is released.
    """
    now = service.clock.now()
    token = service.entropy.bytes(TOKEN_BYTES)
    entry = uow.audit.append(
        Event(
            Happening.SIGNED_IN.value,
            "session",
            Verdict.NONE,
            actor=staff.log_name,
            role=staff.role,
            object=by,
            outcome=staff.region,
        ),
        Detail(staff.id.hex(), staff.display_name, source),
    )
    session = SessionId(entry.raw)  # entries of this session point here: who and from where is sealed once
    expires = now + SESSION_LIFETIME
    hashed = sha256(token).digest()
    mark = source_mark(hashed, source)
    uow.sessions.start(
        hashed, session, staff, service=False, now=now, expires_at=expires, source_mark=mark, entry=entry,
        releases_until=now if must_step_up else None,
    )  # fmt: skip
    row = SessionRow(
        session, staff.id, str(staff.zone), staff.role, staff.region, staff.log_name, staff.display_name, False,
        expires, False, True, mark, now if must_step_up else None,
    )  # fmt: skip
    return Begun(token.hex(), row, entry)


def refuse(uow: UnitOfWork, candidate: Candidate, service: SignIn, noted: str = "refused") -> None:
    """Count a failure, in a use case of its own: what refuses would undo its own counting. noted: a code."""
    now = service.clock.now()
    staff = candidate.staff
    entry = uow.audit.append(
        Event(
            Happening.SIGN_IN_REFUSED.value, "session", Verdict.DENY, actor=staff.log_name if staff else "",
            role=staff.role if staff else "", outcome=noted,
        ),
        Detail(staff.id.hex() if staff else "", staff.display_name if staff else "", candidate.source),
    )  # fmt: skip
    for kind, value in _counted(candidate.login, candidate.source):
        if not value:  # nobody knows whose it was: nobody else is made to wait for it
            continue
        subject = service.attempt_subject(kind, value)
        row = uow.attempts.find(service.zone, subject, to_change=True)
        if row is None or now - (row.blocked_until or row.since) > WINDOW:  # quiet, once the wait was over
            row = AttemptRow(0, now, None)
        failures = row.failures + 1
        allowed = FREE_FAILURES if kind == "login" else FREE_FAILURES * 10  # a desk shares one address
        blocked = None
        if failures > allowed:
            blocked = now + min(FIRST_WAIT * 2 ** min(failures - allowed - 1, 10), LONGEST_WAIT)
        uow.attempts.put(service.zone, subject, replace(row, failures=failures, blocked_until=blocked), entry)


def clear(uow: UnitOfWork, candidate: Candidate, service: SignIn, entry: EntryId) -> None:
    """Somebody proved who they are: earlier failures of this login no longer count."""
    subject = service.attempt_subject("login", candidate.login)
    if uow.attempts.find(service.zone, subject) is not None:
        uow.attempts.put(service.zone, subject, AttemptRow(0, service.clock.now(), None), entry)


def authenticate(uow: UnitOfWork, token_hash: bytes, source: str, clock: Clock) -> Actor:
    """Who bears this token, from the database, in the transaction of what they ask. Raises NotSignedIn.

    A session of another zone is none: a follow-up token opens no casework route.
    """
    row = uow.sessions.find(token_hash)
    if row is None or row.ended or not row.active or row.expires_at <= clock.now() or row.zone != str(uow.zone):
        raise NotSignedIn("sign in first")
    role = _ROLES.get(row.role)
    if role is None:  # a service that may ask for decisions and do nothing else
        raise NotSignedIn("sign in first")
    introduced = row.source_mark == source_mark(token_hash, source)
    must_step_up = row.releases_until is not None and row.releases_until <= clock.now()
    return Actor(
        row.actor, role, uow.zone, row.region, row.session, row.log_name, row.name, source, introduced, must_step_up
    )


def source_mark(token_hash: bytes, source: str) -> bytes:
    """16 bytes that say whether a request comes from where its session began, without storing where that is."""
    return sha256(token_hash + source.encode(errors="surrogatepass")).digest()[:16]


def sign_out(uow: UnitOfWork, actor: Actor, clock: Clock) -> None:
    """End the session; the very next request finds it ended."""
    event = Event(
        Happening.SIGNED_OUT.value, "session", Verdict.NONE, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(),
    )  # fmt: skip
    uow.sessions.end(actor.session, clock.now(), uow.audit.append(event, actor.detail()))


@dataclass(frozen=True, slots=True, repr=False)
class NewStaff:
    """password: already hashed, PHC string."""

    login: str
    display_name: str
    role: Role
    region: str
    password: str


def add_staff(uow: UnitOfWork, new: NewStaff, service: SignIn) -> StaffRow:
    """Add a member of staff. Raises ConfigurationError for a role of another zone, Conflict, InvalidInput."""
    if ROLE_ZONE[new.role] is not service.zone.kind:
        raise ConfigurationError(f"the role {new.role} does not belong to the zone {service.zone}")
    if not (1 <= len(new.login) <= 80 and new.login.isascii() and new.login == new.login.lower()):
        raise InvalidInput("a login has 1 to 80 lower-case ASCII characters", field="login")
    actor = ActorId(service.entropy.bytes(16))
    staff = StaffRow(
        actor, service.zone, new.login, new.display_name, new.role.value, new.region, service.log_name(actor),
        new.password, 1, 0, True,
    )  # fmt: skip
    event = Event(Happening.STAFF_ADDED.value, "staff", Verdict.NONE, actor=staff.log_name, role=staff.role)
    uow.staff.add(staff, uow.audit.append(event, Detail(actor.hex(), new.display_name)))
    return staff


def issue_token(uow: UnitOfWork, login: str, lifetime: timedelta, service: SignIn) -> str:
    """A bearer token for a service that acts as this member of staff. Shown once. Raises InvalidInput."""
    if not timedelta(minutes=1) <= lifetime <= SERVICE_LIFETIME_LONGEST:
        raise InvalidInput(f"a token lives 1 minute to {SERVICE_LIFETIME_LONGEST.days} days", field="lifetime")
    staff = uow.staff.by_login(service.zone, login)
    if staff is None:
        raise InvalidInput("no such login in this zone", field="login")
    now = service.clock.now()
    token = service.entropy.bytes(TOKEN_BYTES)
    event = Event(
        Happening.SERVICE_TOKEN_ISSUED.value, "session", Verdict.NONE, actor=staff.log_name, role=staff.role,
        outcome=staff.region,
    )  # fmt: skip
    entry = uow.audit.append(event, Detail(staff.id.hex(), staff.display_name))
    # A service has no place where it began: each of its entries says where it came from.
    uow.sessions.start(
        sha256(token).digest(), SessionId(entry.raw), staff, service=True, now=now, expires_at=now + lifetime,
        source_mark=b"", entry=entry,
    )  # fmt: skip
    return token.hex()
