"""The sealed record: opens undone, moved, changed, by another key."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.unit.crypto.kit import ENTROPY, other, record_context
from vault.crypto.canonical import encode
from vault.crypto.committing import derive, open_sealed
from vault.crypto.padding import MAX_PLAINTEXT, bucket, pad, unpad
from vault.crypto.record import RECORD_OVERHEAD, RecordContext, open_record, seal_record
from vault.errors import CryptoError, InvalidInput, RecordTampered, UnsupportedFormat
from vault.vocabulary import Compartment

KEY = bytes(range(32))


def test_every_single_bit_of_a_sealed_record_matters() -> None:
    context = record_context()
    sealed = seal_record(KEY, context, b"She is afraid to go back.", ENTROPY)
    for position in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[position] ^= 1 << bit
            with pytest.raises(CryptoError):
                open_record(KEY, context, bytes(changed))
    assert open_record(KEY, context, sealed) == b"She is afraid to go back."


@pytest.mark.parametrize("field", [field.name for field in fields(RecordContext)])
def test_every_field_of_the_context_matters(field: str) -> None:
    context = record_context()
    sealed = seal_record(KEY, context, b"text", ENTROPY)
    changes: dict[str, Any] = {field: other(getattr(context, field))}
    with pytest.raises(RecordTampered):
        open_record(KEY, replace(context, **changes), sealed)


def test_another_key_does_not_open() -> None:
    sealed = seal_record(KEY, record_context(), b"text", ENTROPY)
    with pytest.raises(RecordTampered):
        open_record(bytes(32), record_context(), sealed)


@pytest.mark.parametrize("cut", [0, 1, 64, 80, 81, 336])
def test_a_shortened_record_does_not_open(cut: int) -> None:
    sealed = seal_record(KEY, record_context(), b"text", ENTROPY)
    with pytest.raises(RecordTampered):
        open_record(KEY, record_context(), sealed[:cut])


def test_a_lengthened_record_does_not_open() -> None:
    with pytest.raises(RecordTampered):
        open_record(KEY, record_context(), seal_record(KEY, record_context(), b"text", ENTROPY) + b"\0")


def test_another_format_is_named_as_such() -> None:
    sealed = seal_record(KEY, record_context(), b"text", ENTROPY)
    with pytest.raises(UnsupportedFormat):
        open_record(KEY, record_context(), b"\x02" + sealed[1:])


def test_sealing_twice_gives_unrelated_bytes() -> None:
    first, second = (seal_record(KEY, record_context(), b"text", ENTROPY) for _ in range(2))
    assert first[1:65] != second[1:65]
    assert first[65:] != second[65:]


@pytest.mark.parametrize("compartment", list(Compartment))
def test_the_fast_context_is_the_canonical_one(compartment: Compartment) -> None:
    c = replace(record_context(), compartment=compartment)
    expected = encode("parefeu/record", 1, c.compartment, c.case, c.record, c.version, c.schema, c.key.raw)
    assert c.canonical() == expected


@pytest.mark.parametrize("change", [{"case": b"c" * 15}, {"record": b"r" * 17}, {"version": 0}, {"schema": -1}])
def test_a_context_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(record_context(), **change)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_data_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError):
        seal_record(bytes(length), record_context(), b"text", ENTROPY)


def test_short_notes_look_alike() -> None:
    sizes = {len(seal_record(KEY, record_context(), b"x" * n, ENTROPY)) for n in (0, 1, 40, 252)}
    assert sizes == {256 + RECORD_OVERHEAD}


def test_buckets_cost_at_most_an_eighth_and_never_shrink() -> None:
    sizes = [bucket(length) for length in range(70_000)]
    assert sizes == sorted(sizes)
    assert all(length + 4 <= size <= max(256, (length + 4) * 1.12) for length, size in enumerate(sizes))
    assert len(set(sizes)) < 150


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        bytes(255),
        bytes(257),
        (1).to_bytes(4, "big") + bytes(251),
        (253).to_bytes(4, "big") + bytes(252),
        (0xFFFFFFFF).to_bytes(4, "big") + bytes(252),
        (0).to_bytes(4, "big") + bytes(251) + b"\x01",
        (0).to_bytes(4, "big") + b"\x01" + bytes(251),
        pad(b"text") + bytes(16),
    ],
)
def test_bad_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(RecordTampered):
        unpad(padded)


def test_buckets_are_the_documented_ones() -> None:
    assert [bucket(n) for n in (0, 252, 253, 268, 269, 1000, 4096)] == [256, 256, 272, 272, 288, 1024, 4352]


def test_a_text_beyond_the_limit_is_refused() -> None:
    with pytest.raises(InvalidInput):
        pad(bytes(MAX_PLAINTEXT + 1))


def test_our_hkdf_is_the_librarys() -> None:
    for size in (0, 1, 63, 64, 65, 500):
        key, salt, context = ENTROPY.bytes(32), ENTROPY.bytes(32), ENTROPY.bytes(size)
        assert b"".join(derive(key, salt, context)) == HKDF(SHA256(), 64, salt, context).derive(key)


def test_the_commitment_alone_decides_before_anything_is_decrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal_record(KEY, record_context(), b"text", ENTROPY)

    class Unreachable:
        def __init__(self, key: bytes) -> None:
            raise AssertionError("decryption was reached")

    monkeypatch.setattr("vault.crypto.committing.AESGCM", Unreachable)
    with pytest.raises(RecordTampered):
        open_sealed(bytes(32), record_context().canonical(), sealed, skip=1)
