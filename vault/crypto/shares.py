"""A release key in two shares: one for the reader, one that another zone holds until it may be let go.

    first    what the release's wrap holds, sealed to the reader
    second   32 fresh bytes, sealed to the zone that keeps them (`seal_share`), and by it to the reader in its time
    key      HKDF-SHA256(first || second, info = the release's whole context)

Each share is as long as the key and drawn at random, so one of them says nothing of it: the key exists for the reader
only once the keeper has let its share go. A share travels like everything that crosses zones: sealed by HPKE with its
context as `info`, and signed by its sender over that context and what was sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vault.crypto.canonical import encode
from vault.crypto.hpke import SealingKeyPair, SealingPublicKey
from vault.crypto.signing import SigningKey, VerifyKey
from vault.errors import EnvelopeRejected
from vault.ids import EntryId, KeyId, ReleaseId
from vault.sensitive import Sensitive
from vault.vocabulary import Zone

SHARE_BYTES: Final = 32
_LABEL: Final = "parefeu/share/1"
_SIGNED_LABEL: Final = "parefeu/share/1/signed"
_COMBINED_LABEL: Final = "parefeu/two-shares/1"
_SIGNED_AS: Final = "second share"


@dataclass(frozen=True, slots=True)
class ShareContext:
    """Which share this is, from whom to whom, by which entry, and until when it may be used.

    release, key: of the release that it opens. decision: the log's entry under which it was sealed. policy: 32 bytes.
    minutes: how long the reader is to have it. until: aware, exclusive.
    """

    release: ReleaseId
    key: KeyId
    reader: Zone
    sender: Zone
    decision: EntryId
    policy: bytes
    minutes: int
    until: datetime

    def canonical(self) -> bytes:
        return encode(
            _LABEL, self.release.raw, self.key.raw, str(self.reader), str(self.sender), self.decision.raw, self.policy,
            self.minutes, self.until,
        )  # fmt: skip


def combine(first: bytes, second: Sensitive[bytes], context: bytes) -> bytes:
    """The key of both shares. context: canonical, of the release. Raises ValueError for another length."""
    both = first + second.expose()
    if len(first) != SHARE_BYTES or len(both) != 2 * SHARE_BYTES:
        raise ValueError("a share is 32 bytes")
    return HKDF(algorithm=SHA256(), length=SHARE_BYTES, salt=None, info=encode(_COMBINED_LABEL, context)).derive(both)


def seal_share(
    share: Sensitive[bytes], context: ShareContext, *, to: SealingPublicKey, sender: SigningKey
) -> tuple[bytes, bytes]:
    """The share sealed to `context.reader`, whose key is `to`, and its sender's signature."""
    canonical = context.canonical()
    sealed = to.seal(share.expose(), canonical)
    return sealed, sender.sign(_signed(canonical, sealed), _SIGNED_AS)


def open_share(
    sealed: bytes, signature: bytes, context: ShareContext, *, own: SealingKeyPair, sender: VerifyKey, now: datetime
) -> Sensitive[bytes]:
    """The share that was sealed to `own`.

    Raises EnvelopeRejected if its sender did not sign it so, or its time is over (`now` >= until), RecordTampered if
    it was sealed to somebody else.
    """
    canonical = context.canonical()
    sender.verify(_signed(canonical, sealed), signature, _SIGNED_AS)
    if now >= context.until:
        raise EnvelopeRejected("the time of this share is over")
    share = own.open(sealed, canonical)
    if len(share) != SHARE_BYTES:
        raise EnvelopeRejected("the sender sealed something else than a share")
    return Sensitive(share)


def _signed(canonical: bytes, sealed: bytes) -> bytes:
    return encode(_SIGNED_LABEL, canonical, sha256(sealed).digest())
