"""Recovery codes: for whoever lost the telephone with the six digits. They stand in for those, never for a password.

A set is shown once, when it is made, and stored under a keyed hash. A newer set voids the older ones. Each code works
once; its use has an entry of its own and is told at the next sign-in, so that one that was not theirs is noticed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from vault.access.actor import Actor
from vault.audit.events import Event, Happening, Verdict
from vault.unit_of_work import SessionRow, UnitOfWork
from vault.usecases.casework import Values
from vault.usecases.factors import CODE_ALPHABET, CODE_LENGTH, SignIn, parse_code
from vault.usecases.passkeys import Proof, prove_own
from vault.usecases.sign_in import clear, spend_factor

CODES: Final = 10


def make_codes(uow: UnitOfWork, actor: Actor, proof: Proof, service: SignIn) -> list[str]:
    """A new set, in groups for reading; every older one is void. Raises SignInRefused, counted."""
    proven = prove_own(uow, actor, proof, service)
    generation = uow.recovery_codes.newest(actor.id)[0] + 1
    codes = [_code(service) for _ in range(CODES)]
    event = Event(
        Happening.RECOVERY_CODES_MADE.value, "recovery_code", Verdict.NONE, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), count=CODES,
    )  # fmt: skip
    entry = uow.audit.append(event, actor.detail())
    spend_factor(uow, proven, entry, service)
    hashes = [service.code_hash(actor.id, generation, parse_code(code) or "") for code in codes]
    uow.recovery_codes.add(service.zone, actor.id, generation, hashes, service.clock.now(), entry)
    clear(uow, proof.candidate, service, entry)
    return codes


def standing(uow: UnitOfWork, actor: Actor) -> Values:
    """How many are left of the newest set, when it was made, when codes of it were used."""
    _, codes = uow.recovery_codes.newest(actor.id)
    return {
        "left": sum(each.used_at is None for each in codes),
        "made_at": codes[0].made_at if codes else None,
        "used": sorted(each.used_at for each in codes if each.used_at is not None),
    }


def to_tell(uow: UnitOfWork, session: SessionRow) -> list[datetime]:
    """When codes were used since the sign-in before this one: told once, when their owner signs in next."""
    _, codes = uow.recovery_codes.newest(session.actor)
    used = sorted(each.used_at for each in codes if each.used_at is not None)
    if not used:
        return []
    before = uow.sessions.begun_before(session.actor, session.session)
    return [at for at in used if before is None or at >= before]


def _code(service: SignIn) -> str:
    """Two groups of five, of Crockford's base32. 256 is a multiple of 32: no character is likelier than another."""
    drawn = "".join(CODE_ALPHABET[byte % 32] for byte in service.entropy.bytes(CODE_LENGTH))
    return f"{drawn[:5]}-{drawn[5:]}"
