"""What proves who somebody is, besides a password: six digits, a recovery code; and challenges for passkeys.

All of it hangs on one zone's log key, so that a stolen database holds none of it: TOTP secrets are derived and stored
nowhere, recovery codes are stored under a keyed hash, and a challenge carries its own moment and seal instead of a row
that anybody could make the server write by asking.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vault.crypto.canonical import encode
from vault.errors import EnvelopeRejected
from vault.ids import ActorId, EntryId
from vault.ports import Clock, Entropy
from vault.sensitive import Sensitive
from vault.unit_of_work import StaffRow, UnitOfWork
from vault.vocabulary import Zone

_TOTP_SECONDS: Final = 30
#: How long somebody has to touch their authenticator.
CHALLENGE_LIFETIME: Final = timedelta(minutes=5)
_NONCE_BYTES: Final = 16
_MOMENT_BYTES: Final = 8
_SEAL_BYTES: Final = 32
_CHALLENGE_BYTES: Final = _MOMENT_BYTES + _NONCE_BYTES + _SEAL_BYTES
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND: Final = timedelta(microseconds=1)
#: Crockford's base32: no letter that is read as a digit, and those that are, are taken for it.
CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: 50 bits; guesses are throttled like any other sign-in, and a stolen hash cannot be tried without the zone's key.
CODE_LENGTH: Final = 10
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


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

    def identity_mark(self, issuer: str, subject: str) -> bytes:
        """32 bytes for somebody of an identity provider: neither its name nor theirs is stored."""
        return self._derive("federated identity", encode("parefeu/federated-identity/1", issuer, subject))

    def user_handle(self, actor: ActorId) -> bytes:
        """32 bytes by which an authenticator tells its users apart; it names nobody."""
        return self._derive("passkey user", actor.raw)

    def code_hash(self, actor: ActorId, generation: int, code: str) -> bytes:
        """32 bytes. code: as `parse_code` gives it."""
        return self._derive("recovery code", encode("parefeu/recovery-code/1", actor.raw, generation, code))

    def challenge(self, purpose: str, bound: bytes) -> bytes:
        """56 bytes for an authenticator to sign. bound: the session or the browser that asks; good for no other."""
        moment = (self.clock.now() - _EPOCH) // _MICROSECOND
        head = moment.to_bytes(_MOMENT_BYTES, "big") + self.entropy.bytes(_NONCE_BYTES)
        return head + self._seal(purpose, bound, head)

    def issued(self, challenge: bytes, purpose: str, bound: bytes) -> datetime:
        """When this zone issued it, for this purpose, to this browser. Raises EnvelopeRejected, also once it is old."""
        head, seal = challenge[:-_SEAL_BYTES], challenge[-_SEAL_BYTES:]
        if len(challenge) != _CHALLENGE_BYTES or not hmac.compare_digest(seal, self._seal(purpose, bound, head)):
            raise EnvelopeRejected("no challenge of ours")
        issued = _EPOCH + int.from_bytes(head[:_MOMENT_BYTES], "big") * _MICROSECOND
        if not timedelta(0) <= self.clock.now() - issued <= CHALLENGE_LIFETIME:
            raise EnvelopeRejected("a challenge that is over")
        return issued

    def _seal(self, purpose: str, bound: bytes, head: bytes) -> bytes:
        return self._derive("passkey challenge", encode("parefeu/passkey-challenge/1", purpose, bound, head))


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor that fits. step: of the six digits. code: number of a recovery code. One of the two is None."""

    step: int | None = None
    code: int | None = None
    generation: int = 0
    left: int = 0  # recovery codes, once this one is used


def find_factor(uow: UnitOfWork, staff: StaffRow, typed: str, service: SignIn) -> Factor | None:
    """What was typed in place of the second factor; None for a wrong, old or replayed one."""
    step = _totp_step(staff, typed, service)
    if step is not None:
        return Factor(step=step)
    code = parse_code(typed)
    if code is None:
        return None
    generation, codes = uow.recovery_codes.newest(staff.id)
    hashed = service.code_hash(staff.id, generation, code)
    found = None
    for each in codes:
        if hmac.compare_digest(each.hash, hashed) and each.used_at is None:
            found = each.number
    left = sum(each.used_at is None for each in codes) - 1
    return Factor(code=found, generation=generation, left=left) if found is not None else None


def spend(uow: UnitOfWork, staff: StaffRow, factor: Factor, at: datetime, entry: EntryId) -> bool:
    """Use it up. False if it was used meanwhile."""
    if factor.step is not None:
        return uow.staff.use_totp_step(staff.id, factor.step, entry)
    assert factor.code is not None
    return uow.recovery_codes.use(staff.id, factor.generation, factor.code, at, entry)


def parse_code(typed: str) -> str | None:
    """A recovery code as somebody types it, or None."""
    code = typed.upper().translate(_READ_AS) if len(typed) <= 40 else ""
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) else None


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
