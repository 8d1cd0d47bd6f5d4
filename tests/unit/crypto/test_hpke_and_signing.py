"""Sealing to a zone, and proof of the sender."""

from __future__ import annotations

import pytest

from tests.unit.crypto.kit import ENTROPY, pair, signer
from vault.crypto.hpke import PUBLIC_BYTES, SECRET_BYTES, SealingKeyPair, SealingPublicKey
from vault.crypto.signing import SIGNATURE_BYTES, SigningKey, VerifyKey
from vault.errors import CryptoError, EnvelopeRejected, InvalidInput, RecordTampered, UnsupportedFormat
from vault.sensitive import Sensitive


def test_only_the_zone_sealed_to_opens() -> None:
    sealed = pair("casework").public.seal(b"key", b"info")
    assert len(sealed) == 1137 + 3
    assert pair("casework").open(sealed, b"info") == b"key"
    with pytest.raises(RecordTampered):
        pair("follow_up").open(sealed, b"info")
    with pytest.raises(RecordTampered):
        pair("casework").open(sealed, b"other info")


def test_any_changed_byte_of_a_seal_fails() -> None:
    sealed = pair("casework").public.seal(b"k" * 32, b"info")
    for position in range(0, len(sealed), 13):
        changed = bytearray(sealed)
        changed[position] ^= 0x10
        with pytest.raises(CryptoError):
            pair("casework").open(bytes(changed), b"info")


def test_a_seal_with_a_point_of_small_order_is_refused() -> None:
    sealed = pair("casework").public.seal(b"k" * 32, b"info")
    with pytest.raises(RecordTampered):
        pair("casework").open(sealed[: 1 + 1088] + bytes(32) + sealed[1121:], b"info")


def test_shortened_and_unknown_seals_are_refused() -> None:
    sealed = pair("casework").public.seal(b"", b"info")
    with pytest.raises(RecordTampered):
        pair("casework").open(sealed[:-1], b"info")
    with pytest.raises(UnsupportedFormat):
        pair("casework").open(b"\x02" + sealed[1:], b"info")


def test_a_pair_comes_back_from_its_secret() -> None:
    made = SealingKeyPair.generate(ENTROPY)
    again = SealingKeyPair.from_secret(made.secret)
    assert again.public == made.public
    assert len(made.public.raw) == PUBLIC_BYTES == 1216
    assert again.open(SealingPublicKey(made.public.raw).seal(b"x", b""), b"") == b"x"


@pytest.mark.parametrize("raw", [b"", bytes(1215), b"\xff" * 1216, pair("a").public.raw[:1184] + bytes(32)])
def test_bytes_that_are_no_sealing_key_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        SealingPublicKey(raw)


def test_secrets_of_another_length_are_refused() -> None:
    with pytest.raises(InvalidInput):
        SealingKeyPair.from_secret(Sensitive(bytes(SECRET_BYTES - 1)))
    with pytest.raises(InvalidInput):
        SigningKey.from_secret(Sensitive(bytes(63)))
    with pytest.raises(InvalidInput):
        VerifyKey(bytes(1983))


def test_a_signature_verifies_for_its_message_context_and_key_only() -> None:
    key = signer("casework")
    signature = key.sign(b"message", "release")
    assert len(signature) == SIGNATURE_BYTES == 3374
    VerifyKey(key.public.raw).verify(b"message", signature, "release")
    for message, context, by in (
        (b"massage", "release", key),
        (b"message", "directory", key),
        (b"message", "release", signer("follow_up")),
    ):
        with pytest.raises(EnvelopeRejected):
            by.public.verify(message, signature, context)


def test_both_halves_of_a_signature_must_verify() -> None:
    key, signature, foreign = signer("a"), signer("a").sign(b"m", "c"), signer("b").sign(b"m", "c")
    for mixed in (
        signature[:65] + foreign[65:],
        foreign[:65] + signature[65:],
        b"\x02" + signature[1:],
        signature[:-1],
        signature + b"\0",
        b"",
    ):
        with pytest.raises(EnvelopeRejected):
            key.public.verify(b"m", mixed, "c")


def test_a_half_made_for_another_pair_cannot_be_lifted() -> None:
    """Two pairs that share the Ed25519 seed still cannot use each other's Ed25519 half."""
    seed = b"s" * 32
    left, right = (SigningKey.from_secret(Sensitive(seed + other * 32)) for other in (b"l", b"r"))
    mixed = left.sign(b"m", "c")[:65] + right.sign(b"m", "c")[65:]
    with pytest.raises(EnvelopeRejected):
        right.public.verify(b"m", mixed, "c")


def test_any_changed_byte_of_a_signature_fails() -> None:
    key, signature = signer("a"), signer("a").sign(b"m", "c")
    for position in range(0, len(signature), 61):
        changed = bytearray(signature)
        changed[position] ^= 1
        with pytest.raises(EnvelopeRejected):
            key.public.verify(b"m", bytes(changed), "c")


def test_keys_print_nothing_of_themselves() -> None:
    assert repr(pair("a")) == "<SealingKeyPair>"
    assert f"{signer('a')}" == "<SigningKey>"
