"""Properties that hold for every text, context and encoding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.crypto.kit import ENTROPY
from vault.crypto.canonical import encode
from vault.crypto.committing import derive
from vault.crypto.padding import bucket, pad, unpad
from vault.crypto.record import RecordContext, open_record, seal_record
from vault.crypto.wrap import SymmetricWrapper, WrapContext
from vault.errors import CryptoError, InvalidInput, RecordTampered
from vault.ids import KeyId
from vault.pseudonyms import LOG, Pseudonym, parse_pseudonym
from vault.vocabulary import CASEWORK, FOLLOW_UP, Compartment, Zone

quick = settings(max_examples=80, deadline=None)

ids = st.binary(min_size=16, max_size=16)
keys = st.binary(min_size=32, max_size=32)
small = st.integers(1, 2**63 - 1)
zones = st.sampled_from([CASEWORK, FOLLOW_UP, Zone.parse("partner:caritas")])
contexts = st.builds(RecordContext, st.sampled_from(Compartment), ids, ids, small, small, ids.map(KeyId))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=offsets)  # noqa: DTZ001
encodable = st.one_of(
    st.none(),
    st.binary(max_size=20),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.integers(-(2**63), 2**63 - 1),
    moments,
)
labels = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


def decode(raw: bytes) -> list[object]:
    """Takes an encoding apart again, by its specification alone. That this works is why it is injective."""
    items: list[object] = []
    while raw:
        kind, size = raw[0], int.from_bytes(raw[1:5], "big")
        value, raw = raw[5 : 5 + size], raw[5 + size :]
        assert len(value) == size
        match kind:
            case 0x4C | 2:
                items.append(value.decode())
            case 1:
                items.append(value)
            case 3:
                items.append(int.from_bytes(value, "big", signed=True))
            case 4:
                items.append(None)
            case 5:
                since = int.from_bytes(value, "big", signed=True)
                items.append(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=since))
            case _:
                raise AssertionError(f"type {kind} is none")
    return items


@quick
@given(labels, st.lists(encodable, max_size=6))
def test_an_encoding_can_be_taken_apart_in_one_way(label: str, fields: list[object]) -> None:
    decoded = decode(encode(label, *fields))  # type: ignore[arg-type]
    assert decoded == [label, *fields]
    assert [type(item) for item in decoded] == [str, *map(type, fields)]


@quick
@given(st.lists(encodable, max_size=3), st.lists(encodable, max_size=3))
def test_different_fields_never_encode_alike(left: list[object], right: list[object]) -> None:
    same = [(type(item), item) for item in left] == [(type(item), item) for item in right]
    assert (encode("x", *left) == encode("x", *right)) == same  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [True, 1.0, [], object()])
def test_what_has_no_encoding_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode("x", value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "\ud800", datetime(2026, 1, 1)])  # noqa: DTZ001
def test_values_out_of_range_are_refused(value: int | str | datetime) -> None:
    with pytest.raises(InvalidInput):
        encode("x", value)


@quick
@given(st.binary(max_size=5000))
def test_padding_comes_off_again(text: bytes) -> None:
    padded = pad(text)
    assert len(padded) == bucket(len(text))
    assert unpad(padded) == text


@quick
@given(st.binary(max_size=600))
def test_unpadding_accepts_only_what_padding_makes(padded: bytes) -> None:
    try:
        text = unpad(padded)
    except RecordTampered:
        return
    assert pad(text) == padded


@quick
@given(keys, contexts, st.binary(max_size=3000))
def test_opening_undoes_sealing(key: bytes, context: RecordContext, text: bytes) -> None:
    assert open_record(key, context, seal_record(key, context, text, ENTROPY)) == text


@quick
@given(keys, contexts, contexts, st.binary(max_size=300))
def test_a_record_opens_in_its_own_context_only(
    key: bytes, context: RecordContext, other: RecordContext, text: bytes
) -> None:
    sealed = seal_record(key, context, text, ENTROPY)
    if other != context:
        assert other.canonical() != context.canonical()
        with pytest.raises(RecordTampered):
            open_record(key, other, sealed)


@quick
@given(keys, contexts, st.binary(max_size=400), st.data())
def test_any_changed_byte_fails(key: bytes, context: RecordContext, text: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal_record(key, context, text, ENTROPY))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CryptoError):
        open_record(key, context, bytes(sealed))


@quick
@given(keys, contexts, st.binary(max_size=400))
def test_random_bytes_never_open(key: bytes, context: RecordContext, noise: bytes) -> None:
    with pytest.raises(CryptoError):
        open_record(key, context, noise)


@quick
@given(keys, keys, ids, st.sampled_from(Compartment), zones, ids)
def test_unwrapping_undoes_wrapping(
    key: bytes, data_key: bytes, case: bytes, compartment: Compartment, reader: Zone, key_id: bytes
) -> None:
    context = WrapContext(case, compartment, reader, KeyId(key_id))
    wrapper = SymmetricWrapper(key)
    assert wrapper.unwrap(wrapper.wrap(data_key, context, ENTROPY), context) == data_key


@quick
@given(keys, keys, st.binary(max_size=300))
def test_our_hkdf_is_the_librarys(key: bytes, salt: bytes, context: bytes) -> None:
    assert b"".join(derive(key, salt, context)) == HKDF(SHA256(), 64, salt, context).derive(key)


@quick
@given(ids)
def test_a_pseudonym_reads_back(token: bytes) -> None:
    assert parse_pseudonym(Pseudonym(LOG, token).text, LOG).token == token
