"""A person's own signature under what they decide: what an authenticator is to sign, and what counts once it has.

Whatever has a statement of its own (`Signable`) can be signed so: an approval, or another act upon somebody's word.

    asked = to_sign(uow, actor, approval, passkeys)                  challenge, moment, and the passkeys that may
    evidence = by_passkey(uow, actor, assertion, signed_at, passkeys)
    check(uow, actor, approval, evidence, rules, passkeys, entry, required=…)     raises unless it is theirs and counts
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from vault.access.actor import Actor
from vault.access.evidence import Evidence, PasskeyEvidence, Signable, challenge
from vault.cases.access_requests import AccessRules
from vault.crypto.passkey import Assertion, verify
from vault.errors import EnvelopeRejected, InvalidInput
from vault.ids import EntryId
from vault.signing_in import Passkey
from vault.unit_of_work import UnitOfWork
from vault.usecases.factors import CHALLENGE_LIFETIME
from vault.usecases.passkeys import PasskeyDesk, live


class ToSign(NamedTuple):
    """challenge: 32 bytes. signed_at: what goes back with the signature. credentials: the actor's that may sign."""

    challenge: bytes
    signed_at: datetime
    credentials: tuple[bytes, ...]


def to_sign(uow: UnitOfWork, actor: Actor, said: Signable, passkeys: PasskeyDesk) -> ToSign:
    """Raises InvalidInput for somebody without a passkey that was vouched for."""
    passkeys.place()
    now, staff = passkeys.sign_in.clock.now(), uow.staff.by_ids([actor.id])[actor.id]
    held = [row.credential for row in uow.passkeys.of(actor.id) if live(uow, actor, row.credential, passkeys)]
    if not held:
        raise InvalidInput("you have no passkey that somebody vouched for", field="passkey")
    return ToSign(challenge(said, staff.login, now), now, tuple(held))


def by_passkey(
    uow: UnitOfWork, actor: Actor, assertion: Assertion, signed_at: datetime, passkeys: PasskeyDesk
) -> PasskeyEvidence:
    """What is kept of it. Raises InvalidInput for a passkey that is not the actor's, or that nobody vouched for."""
    row = live(uow, actor, assertion.credential, passkeys)
    if row is None:
        raise InvalidInput("the signature is not yours, not of this, or by a key that does not count", field="passkey")
    return PasskeyEvidence(uow.staff.by_ids([actor.id])[actor.id].login, signed_at, row.public, assertion)


def check(
    uow: UnitOfWork, actor: Actor, said: Signable, evidence: Evidence | None, rules: AccessRules,
    passkeys: PasskeyDesk | None, entry: EntryId, *, required: bool,
) -> None:  # fmt: skip
    """Raises InvalidInput for a signature that is missing, another's, of something else, or by a key that counts not.

    entry: of what is signed; a passkey's counter goes on under it. required: only a listed key counts.
    """
    if evidence is None:
        if required:
            raise InvalidInput(
                "an approval needs your own signature: parefeu access approve --key, or your passkey on the pages",
                field="evidence",
            )
        return
    staff = uow.staff.by_ids([actor.id]).get(actor.id)
    try:
        signer = evidence.verify(said)
    except EnvelopeRejected:
        signer = ""
    own = staff is not None and staff.login == evidence.login
    listed = rules.keys.get(signer) == (actor.role, evidence.login)
    if signer and isinstance(evidence, PasskeyEvidence):
        own = own and _used_now(uow, actor, evidence, passkeys, entry)
    if not signer or not own or (required and not listed):
        raise InvalidInput("the signature is not yours, not of this, or by a key that is not listed", field="evidence")


def _used_now(
    uow: UnitOfWork, actor: Actor, evidence: PasskeyEvidence, passkeys: PasskeyDesk | None, entry: EntryId
) -> bool:
    """Whether it was given here, within minutes, by a passkey of the actor's that counts and goes on counting."""
    if passkeys is None or passkeys.origin is None or evidence.assertion.origin() != passkeys.origin:
        return False
    now = passkeys.sign_in.clock.now()
    row: Passkey | None = live(uow, actor, evidence.assertion.credential, passkeys)
    if row is None or row.public != evidence.public or not evidence.signed_at <= now <= (
        evidence.signed_at + CHALLENGE_LIFETIME
    ):  # fmt: skip
        return False
    seen = verify(
        evidence.assertion, evidence.assertion.challenge(), row.public, passkeys.origin
    )  # `Evidence.verify` has held the challenge against what is signed
    return uow.passkeys.count(row.id, counter=seen.counter, at=now, entry=entry)
