"""Envelopes: what leaves a zone for another, under a fresh key, for one reader, signed by its sender.

    release.sealed     the text as a sealed record under a fresh data key
    release.wrap       that data key, HPKE-sealed to the reader; `info` is the release's whole context
    release.signature  the sender's, over context, SHA-256(wrap) and SHA-256(sealed)

The context binds reader, sender, purpose, decision, policy digest and expiry: an envelope shown with any
other context is refused by its signature and does not open. The reader keeps the data key under its own
wrapper (`keep_release`), bound to the same context, and opens it cheaply from then on (`open_kept`).

A release may need two shares (`vault.crypto.shares`): then what the wrap holds is the first, and the text stands under
a key that both make together. Whoever has one of them has nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from vault.crypto.canonical import encode
from vault.crypto.committing import KEY_BYTES
from vault.crypto.hpke import SealingKeyPair, SealingPublicKey
from vault.crypto.record import RecordContext, open_record, seal_record
from vault.crypto.shares import combine
from vault.crypto.signing import SigningKey, VerifyKey
from vault.crypto.wrap import SymmetricWrapper, WrapContext
from vault.errors import EnvelopeRejected
from vault.ids import ID_BYTES, EntryId, KeyId, ReleaseId
from vault.ports import Entropy
from vault.sensitive import Sensitive
from vault.vocabulary import Compartment, Purpose, Zone

_LABEL: Final = "parefeu/release/1"
_SIGNED_LABEL: Final = "parefeu/release/1/signed"
_SIGNED_AS: Final = "release"
_DIGEST_BYTES: Final = 32
_FIRST_VERSION: Final = 1  # a release is written once


@dataclass(frozen=True, slots=True)
class ReleaseContext:
    """What a release is, to whom, why and until when.

    case: 16 bytes, the case's pseudonym in the reader's domain. decision: the audit entry that allowed it.
    policy_digest: 32 bytes. schema: from 0, the shape of the plaintext. expires_at: aware, or None for never.
    """

    case: bytes
    compartment: Compartment
    reader: Zone
    sender: Zone
    release: ReleaseId
    key: KeyId
    purpose: Purpose
    decision: EntryId
    policy_digest: bytes
    schema: int
    expires_at: datetime | None

    def __post_init__(self) -> None:
        if len(self.case) != ID_BYTES or len(self.policy_digest) != _DIGEST_BYTES:
            raise ValueError("case is 16 bytes, policy_digest 32")
        if self.expires_at is not None and self.expires_at.utcoffset() is None:
            raise ValueError("expires_at needs a time zone")

    def canonical(self) -> bytes:
        """The bytes bound into the wrap and the signature."""
        return encode(
            _LABEL,
            self.case,
            self.compartment,
            str(self.reader),
            str(self.sender),
            self.release.raw,
            self.key.raw,
            self.purpose,
            self.decision.raw,
            self.policy_digest,
            self.schema,
            self.expires_at,
        )

    def record(self) -> RecordContext:
        """Where the sealed text stands."""
        return RecordContext(self.compartment, self.case, self.release.raw, _FIRST_VERSION, self.schema, self.key)

    def kept(self) -> WrapContext:
        """Where the reader's own wrap of the data key stands: tied to the whole release context."""
        return WrapContext(self.case, self.compartment, self.reader, self.key, bound=sha256(self.canonical()).digest())


@dataclass(frozen=True, slots=True)
class Release:
    """What is stored and carried: three byte strings, none of them readable by the carrier."""

    sealed: bytes
    wrap: bytes
    signature: bytes


def seal_release(
    plaintext: bytes,
    context: ReleaseContext,
    *,
    to: SealingPublicKey,
    sender: SigningKey,
    entropy: Entropy,
    second: Sensitive[bytes] | None = None,
) -> Release:
    """Seal `plaintext` to the reader `to` under a fresh data key, and sign it. The data key is kept nowhere.

    to: the key of `context.reader`, from the zone directory. sender: the signing key of `context.sender`.
    second: 32 fresh bytes without which the reader cannot open it either.
    """
    data_key = entropy.bytes(KEY_BYTES)
    canonical = context.canonical()
    sealed = seal_record(_whole(data_key, second, canonical), context.record(), plaintext, entropy)
    wrap = to.seal(data_key, canonical)
    return Release(sealed, wrap, sender.sign(_signed_bytes(canonical, wrap, sealed), _SIGNED_AS))


def open_release(
    release: Release,
    context: ReleaseContext,
    *,
    own: SealingKeyPair,
    sender: VerifyKey,
    now: datetime,
    second: Sensitive[bytes] | None = None,
) -> bytes:
    """Return the released text.

    sender: the key of `context.sender`, from the zone directory. second: the share that it was sealed with, if it was.
    Raises EnvelopeRejected if (1) the signature is not the sender's over exactly this release and context, or (2) it
    has expired (`now` >= expires_at); (3) RecordTampered or UnsupportedFormat if it was not sealed to `own`, or with
    another second share.
    """
    data_key = _data_key(release, context, own=own, sender=sender, now=now)
    return open_record(_whole(data_key, second, context.canonical()), context.record(), release.sealed)


def keep_release(
    release: Release,
    context: ReleaseContext,
    *,
    own: SealingKeyPair,
    sender: VerifyKey,
    now: datetime,
    wrapper: SymmetricWrapper,
    entropy: Entropy,
) -> bytes:
    """Return the released data key under the reader's own wrapper, for `open_kept`: 61 bytes.

    Checks everything that `open_release` checks, the sealed text included, and raises the same.
    """
    data_key = _data_key(release, context, own=own, sender=sender, now=now)
    open_record(data_key, context.record(), release.sealed)
    return wrapper.wrap(data_key, context.kept(), entropy)


def open_kept(
    sealed: bytes, wrapped: bytes, context: ReleaseContext, *, wrapper: SymmetricWrapper, now: datetime
) -> bytes:
    """Return the released text by way of the reader's own wrap. No signature: the wrap was made after one.

    Raises EnvelopeRejected once expired, RecordTampered or UnsupportedFormat if anything does not fit.
    """
    _refuse_expired(context, now)
    return open_record(wrapper.unwrap(wrapped, context.kept()), context.record(), sealed)


def _data_key(
    release: Release, context: ReleaseContext, *, own: SealingKeyPair, sender: VerifyKey, now: datetime
) -> bytes:
    canonical = context.canonical()
    sender.verify(_signed_bytes(canonical, release.wrap, release.sealed), release.signature, _SIGNED_AS)  # 1
    _refuse_expired(context, now)  # 2
    data_key = own.open(release.wrap, canonical)  # 3
    if len(data_key) != KEY_BYTES:
        raise EnvelopeRejected("the sender sealed something else than a data key")
    return data_key


def _whole(data_key: bytes, second: Sensitive[bytes] | None, canonical: bytes) -> bytes:
    """The key that the text stands under: the data key itself, or what it makes together with a second share."""
    return data_key if second is None else combine(data_key, second, canonical)


def _refuse_expired(context: ReleaseContext, now: datetime) -> None:
    if now.utcoffset() is None:
        raise ValueError("now needs a time zone")
    if context.expires_at is not None and now >= context.expires_at:
        raise EnvelopeRejected("the release has expired")


def _signed_bytes(canonical: bytes, wrap: bytes, sealed: bytes) -> bytes:
    return encode(_SIGNED_LABEL, canonical, sha256(wrap).digest(), sha256(sealed).digest())
