"""Sign in, stay signed in, sign out. Passwords are checked outside, between two of these: Argon2 never runs here.

Wrong name, wrong password and wrong code give the same answer; so does a blocked account until the right
person waits. Attempts are counted per login and per source address under keyed hashes.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from vault.access.actor import Actor
from vault.audit.events import Detail, Event, Happening, Verdict
from vault.errors import ConfigurationError, InvalidInput, NotSignedIn, SignInRefused, SignInThrottled
from vault.ids import ActorId, EntryId, SessionId
from vault.ports import Clock, Entropy
from vault.sensitive import Sensitive
from vault.unit_of_work import AttemptRow, SessionRow, StaffRow, UnitOfWork
from vault.vocabulary import ROLE_ZONE, Role, Zone

SESSION_LIFETIME: Final = timedelta(hours=10)
SERVICE_LIFETIME_LONGEST: Final = timedelta(days=90)
#: After this many failures within the window, wait; the wait doubles with each further failure.
FREE_FAILURES: Final = 5
WINDOW: Final = timedelta(minutes=15)
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
TOKEN_BYTES: Final = 32
_TOTP_SECONDS: Final = 30
_ROLES: Final = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class SignIn:
    """One zone's sign-in. key: the zone's log key; names, TOTP secrets and attempt counters are derived from it."""

    zone: Zone
    key: Sensitive[bytes]
    clock: Clock
    entropy: Entropy

    def _derive(self, label: str, *parts: bytes) -> bytes:
        return hmac.digest(self.key.expose(), b"\x00".join((label.encode(), *parts)), "sha256")

    def log_name(self, actor: ActorId) -> str:
        """The actor's pseudonym in the log."""
        return f"a-{self._derive('actor', actor.raw)[:12].hex()}"

    def totp_secret(self, actor: ActorId, generation: int) -> bytes:
        """20 bytes, as RFC 4226 recommends. Not stored anywhere: a stolen database holds no second factor."""
        return self._derive("totp", actor.raw, str(generation).encode())[:20]

    def attempt_subject(self, kind: str, value: str) -> bytes:
        return self._derive("attempt", kind.encode(), value.encode(errors="surrogatepass"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may be signing in. staff: None for an unknown or inactive login; the password is checked all the same."""

    staff: StaffRow | None
    login: str
    source: str


def look_up(uow: UnitOfWork, login: str, source: str, service: SignIn) -> Candidate:
    """First half. Raises SignInThrottled before any password is looked at."""
    _throttle(uow, login, source, service)
    return Candidate(_active(uow, login, service), login, source)


def _active(uow: UnitOfWork, login: str, service: SignIn) -> StaffRow | None:
    staff = uow.staff.by_login(service.zone, login)
    return staff if staff is not None and staff.active and staff.role in _ROLES else None


def _throttle(uow: UnitOfWork, login: str, source: str, service: SignIn) -> None:
    now = service.clock.now()
    wait = max(_blocked(uow, service, kind, value, now) for kind, value in (("login", login), ("source", source)))
    if wait > 0:
        raise SignInThrottled(wait)


def _blocked(uow: UnitOfWork, service: SignIn, kind: str, value: str, now: datetime) -> int:
    row = uow.attempts.find(service.zone, service.attempt_subject(kind, value))
    if row is None or row.blocked_until is None or row.blocked_until <= now:
        return 0
    return int((row.blocked_until - now).total_seconds()) + 1


def conclude(
    uow: UnitOfWork, candidate: Candidate, password_right: bool, code: str, service: SignIn
) -> tuple[str, SessionRow]:
    """Second half: check the code, start the session, or count the failure and refuse.

    Returns the token, known to its bearer alone, and the session. Raises SignInRefused, which undoes this use case;
    the caller then runs `refuse`, which counts and logs the failure. Raises SignInThrottled: guesses sent at
    once have all passed `look_up` before the first of them is counted.

    The password was checked against the row of the first half; everything else is asked of the row as it is now.
    """
    _throttle(uow, candidate.login, candidate.source, service)
    staff = _active(uow, candidate.login, service)
    if candidate.staff is None or staff is None or staff.password != candidate.staff.password:
        staff = None
    step = _totp_step(staff, code, service) if staff is not None else None
    if staff is None or not password_right or step is None:
        raise SignInRefused("name, password or code is wrong")
    now = service.clock.now()
    token = service.entropy.bytes(TOKEN_BYTES)
    entry = uow.audit.append(
        Event(
            Happening.SIGNED_IN.value,
            "session",
            Verdict.NONE,
            actor=staff.log_name,
            role=staff.role,
            outcome=staff.region,
        ),
        Detail(staff.id.hex(), staff.display_name, candidate.source),
    )
    session = SessionId(entry.raw)  # entries of this session point here: who and from where is sealed once
    if not uow.staff.use_totp_step(staff.id, step, entry):
        raise SignInRefused("name, password or code is wrong")
    _clear(uow, candidate, service, entry, now)
    expires = now + SESSION_LIFETIME
    hashed = sha256(token).digest()
    mark = source_mark(hashed, candidate.source)
    uow.sessions.start(
        hashed, session, staff, service=False, now=now, expires_at=expires, source_mark=mark, entry=entry
    )
    row = SessionRow(
        session, staff.id, str(staff.zone), staff.role, staff.region, staff.log_name, staff.display_name, False,
        expires, False, True, mark,
    )  # fmt: skip
    return token.hex(), row


def refuse(uow: UnitOfWork, candidate: Candidate, service: SignIn) -> None:
    """Count a failure, in a use case of its own: what refuses must not undo its own counting."""
    now = service.clock.now()
    staff = candidate.staff
    entry = uow.audit.append(
        Event(
            Happening.SIGN_IN_REFUSED.value, "session", Verdict.DENY, actor=staff.log_name if staff else "",
            role=staff.role if staff else "", outcome="refused",
        ),
        Detail(staff.id.hex() if staff else "", staff.display_name if staff else "", candidate.source),
    )  # fmt: skip
    for kind, value in (("login", candidate.login), ("source", candidate.source)):
        subject = service.attempt_subject(kind, value)
        row = uow.attempts.find(service.zone, subject)
        if row is None or now - (row.blocked_until or row.since) > WINDOW:  # quiet, once the wait was over
            row = AttemptRow(0, now, None)
        failures = row.failures + 1
        allowed = FREE_FAILURES if kind == "login" else FREE_FAILURES * 10  # a desk shares one address
        blocked = None
        if failures > allowed:
            blocked = now + min(FIRST_WAIT * 2 ** min(failures - allowed - 1, 10), LONGEST_WAIT)
        uow.attempts.put(service.zone, subject, replace(row, failures=failures, blocked_until=blocked), entry)


def _clear(uow: UnitOfWork, candidate: Candidate, service: SignIn, entry: EntryId, now: datetime) -> None:
    subject = service.attempt_subject("login", candidate.login)
    if uow.attempts.find(service.zone, subject) is not None:
        uow.attempts.put(service.zone, subject, AttemptRow(0, now, None), entry)


def _totp_step(staff: StaffRow, code: str, service: SignIn) -> int | None:
    """The step this code is good for, newer than the last one used; None for a wrong, old or replayed code."""
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    secret = service.totp_secret(staff.id, staff.totp_generation)
    present = int(service.clock.now().timestamp()) // _TOTP_SECONDS
    matching = None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(totp(secret, step), code) and step > staff.totp_step:
            matching = step
    return matching


def totp(secret: bytes, step: int) -> str:
    """The six digits of one 30-second step. Source: RFC 6238 over RFC 4226, SHA-1."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


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
    return Actor(row.actor, role, uow.zone, row.region, row.session, row.log_name, row.name, source, introduced)


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
