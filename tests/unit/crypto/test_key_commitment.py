"""One ciphertext, two keys, two texts: plain GCM accepts it, a sealed record does not."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.unit.crypto.kit import record_context
from tests.unit.crypto.two_keys import keystream, open_under_both
from vault.crypto.committing import derive
from vault.crypto.record import open_record
from vault.errors import RecordTampered

FIRST, SECOND = b"\x01" * 32, b"\x02" * 32
STAY, GO = b"Person may stay.", b"Person must go!!"


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def test_plain_gcm_opens_one_ciphertext_as_two_texts() -> None:
    nonce = bytes(12)
    streams = [keystream(key, nonce, 3) for key in (FIRST, SECOND)]
    body = _xor(STAY, streams[0][:16]) + _xor(GO, streams[1][16:32]) + bytes(16)
    forged = open_under_both(FIRST, SECOND, nonce, (b"", b""), body, free=2)
    assert AESGCM(FIRST).decrypt(nonce, forged, None)[:16] == STAY
    assert AESGCM(SECOND).decrypt(nonce, forged, None)[16:32] == GO


def test_a_sealed_record_opens_under_one_key_only() -> None:
    """The attacker picks both data keys and the salt, and builds a body that is valid GCM under both."""
    context, salt, nonce = record_context(), b"\x07" * 32, bytes(12)
    aad = context.canonical()
    (key_1, commitment_1), (key_2, commitment_2) = derive(FIRST, salt, aad), derive(SECOND, salt, aad)
    # Under the first key also the padding is right: 252 bytes of text, none of zeros.
    wanted = (252).to_bytes(4, "big") + STAY + b"." * 236
    body = _xor(wanted, keystream(key_1, nonce, 16))
    forged = open_under_both(key_1, key_2, nonce, (aad, aad), body, free=15)

    assert AESGCM(key_1).decrypt(nonce, forged, aad) != AESGCM(key_2).decrypt(nonce, forged, aad)
    with_first = b"\x01" + salt + commitment_1 + forged
    with_second = b"\x01" + salt + commitment_2 + forged
    assert open_record(FIRST, context, with_first)[:16] == STAY
    for data_key, sealed in ((SECOND, with_first), (FIRST, with_second)):
        with pytest.raises(RecordTampered, match="does not open"):
            open_record(data_key, context, sealed)
