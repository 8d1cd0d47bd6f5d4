"""Passkeys of members of staff: whose each is, what was said about it, and what it may therefore do.

An enrolled passkey signs its holder in: whoever enrolled it had just proved password and code. It signs nothing before
somebody of oversight, another person of another function, has vouched that it is this person's: they compared the
fingerprint with what the holder reads out. Vouching is signed by oversight's zone, so a row that anybody else writes
vouches for nothing. Revoking needs no signature: whoever can write it does no more than lock somebody out.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum, unique
from typing import Final

from vault.crypto.canonical import encode
from vault.crypto.directory import ZoneDirectory
from vault.errors import DirectoryRejected, EnvelopeRejected, InvalidInput
from vault.ids import ActorId
from vault.signing_in import Passkey, Said, Word
from vault.vocabulary import OVERSIGHT, Role

_LABEL: Final = "parefeu/passkey-countersignature/1"
COUNTERSIGNED_AS: Final = "passkey countersignature"
NAME_LONGEST: Final = 40
#: Live passkeys of one person. A lost telephone and two keys in a drawer are fewer.
MOST: Final = 10


@unique
class Trust(StrEnum):
    """What a passkey may do."""

    WAITING = "waiting"  # signs in, and nothing else
    COUNTERSIGNED = "countersigned"  # signs in, and signs
    REVOKED = "revoked"


def statement(word: Word, passkey: Passkey) -> bytes:
    """What a countersignature covers: all that makes the passkey this person's."""
    return encode(
        _LABEL, passkey.id.raw, str(passkey.zone), passkey.actor.raw, passkey.login, passkey.function,
        passkey.credential, passkey.public, word.actor.raw, word.function, word.at,
    )  # fmt: skip


def trust(passkey: Passkey, words: Iterable[Word], directory: ZoneDirectory) -> Trust:
    """What it may do, by what was said about it and signed as it must be."""
    own = [word for word in words if word.passkey == passkey.id]
    if any(word.said is Said.REVOKED for word in own):
        return Trust.REVOKED
    vouched = any(word.said is Said.COUNTERSIGNED and _sound(word, passkey, directory) for word in own)
    return Trust.COUNTERSIGNED if vouched else Trust.WAITING


def may_vouch(actor: ActorId, function: Role, passkey: Passkey) -> bool:
    """Another person, of another function."""
    return actor != passkey.actor and function.value != passkey.function


def _sound(word: Word, passkey: Passkey, directory: ZoneDirectory) -> bool:
    if word.zone != OVERSIGHT or word.actor == passkey.actor or word.function == passkey.function:
        return False
    try:
        directory.of(OVERSIGHT).verify.verify(statement(word, passkey), word.signature, COUNTERSIGNED_AS)
    except (EnvelopeRejected, DirectoryRejected):
        return False
    return True


def parse_name(text: str) -> str:
    """What its holder calls it. Raises InvalidInput."""
    found = " ".join(text.split())
    if not 1 <= len(found) <= NAME_LONGEST or not found.isprintable():
        raise InvalidInput(f"a name has 1 to {NAME_LONGEST} printable characters", field="name")
    return found
