"""Wraps under a zone's symmetric key."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.unit.crypto.kit import ENTROPY, other
from vault.crypto.canonical import encode
from vault.crypto.wrap import LATER_WRAPPED_BYTES, WRAPPED_BYTES, SymmetricWrapper, WrapContext, generation_of
from vault.errors import CryptoError, GenerationMissing, RecordTampered, UnsupportedFormat
from vault.ids import KeyId
from vault.vocabulary import CASEWORK, FOLLOW_UP, Compartment, Zone

CONTEXT = WrapContext(b"c" * 16, Compartment.NARRATIVE, CASEWORK, KeyId(b"k" * 16))
WRAPPER = SymmetricWrapper(b"w" * 32)
DATA_KEY = bytes(range(32))


def test_a_wrap_opens_where_it_was_made() -> None:
    wrapped = WRAPPER.wrap(DATA_KEY, CONTEXT, ENTROPY)
    assert len(wrapped) == WRAPPED_BYTES == 61
    assert WRAPPER.unwrap(wrapped, CONTEXT) == DATA_KEY


def test_every_single_bit_of_a_wrap_matters() -> None:
    wrapped = WRAPPER.wrap(DATA_KEY, CONTEXT, ENTROPY)
    for place in range(8 * len(wrapped)):
        changed = bytearray(wrapped)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(CryptoError):
            WRAPPER.unwrap(bytes(changed), CONTEXT)


@pytest.mark.parametrize("field", [field.name for field in fields(WrapContext)])
def test_every_field_of_the_context_matters(field: str) -> None:
    wrapped = WRAPPER.wrap(DATA_KEY, CONTEXT, ENTROPY)
    changes: dict[str, Any] = {field: other(getattr(CONTEXT, field))}
    with pytest.raises(RecordTampered):
        WRAPPER.unwrap(wrapped, replace(CONTEXT, **changes))


def test_another_zones_wrapper_does_not_open() -> None:
    with pytest.raises(RecordTampered):
        SymmetricWrapper(b"v" * 32).unwrap(WRAPPER.wrap(DATA_KEY, CONTEXT, ENTROPY), CONTEXT)


@pytest.mark.parametrize("wrapped", [b"", b"\x01" * 60, b"\x01" * 62])
def test_another_length_is_refused(wrapped: bytes) -> None:
    with pytest.raises(RecordTampered):
        WRAPPER.unwrap(wrapped, CONTEXT)


@pytest.mark.parametrize("bound", [b"", b"b" * 32])
@pytest.mark.parametrize("reader", [CASEWORK, Zone.parse("partner:caritas")])
def test_the_fast_context_is_the_canonical_one(reader: Zone, bound: bytes) -> None:
    c = replace(CONTEXT, reader=reader, bound=bound)
    assert c.canonical() == encode("parefeu/wrap", 1, c.compartment, str(c.reader), c.case, c.key.raw, c.bound)


def test_only_whole_keys_are_wrapped() -> None:
    with pytest.raises(ValueError):
        WRAPPER.wrap(b"short", CONTEXT, ENTROPY)
    with pytest.raises(ValueError):
        SymmetricWrapper(b"short")
    with pytest.raises(ValueError):
        replace(CONTEXT, case=b"short")
    with pytest.raises(ValueError):
        replace(CONTEXT, bound=b"short")


def test_a_wrapper_never_shows_its_key() -> None:
    assert f"{WRAPPER} {WRAPPER!r} {WRAPPER!s}" == " ".join(["<SymmetricWrapper>"] * 3)
    for escape in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            escape(WRAPPER)


def test_later_generations_say_so_and_are_bound_to_it() -> None:
    """The layout is that of the general encoding; a number that was changed does not open."""
    second = SymmetricWrapper(b"w" * 32).with_next(b"v" * 32).activated()
    wrap = second.wrap(DATA_KEY, CONTEXT, ENTROPY)
    assert (len(wrap), generation_of(wrap)) == (LATER_WRAPPED_BYTES, 2)
    assert second.unwrap(wrap, CONTEXT) == DATA_KEY
    bound = encode("parefeu/wrap/2", 2, CONTEXT.canonical())
    assert AESGCM(b"v" * 32).decrypt(wrap[9:21], wrap[21:], bound) == DATA_KEY
    both = SymmetricWrapper(b"v" * 32, 3, {2: b"u" * 32})
    with pytest.raises(RecordTampered):
        both.unwrap(wrap[:8] + b"\x03" + wrap[9:], CONTEXT)
    with pytest.raises(UnsupportedFormat):
        second.unwrap(b"\x03" + wrap[1:], CONTEXT)


def test_older_wraps_open_until_their_key_is_dropped() -> None:
    first = WRAPPER.wrap(DATA_KEY, CONTEXT, ENTROPY)
    staged = WRAPPER.with_next(b"v" * 32)
    assert (staged.current, staged.staged, staged.retired) == (1, 2, ())
    assert generation_of(staged.wrap(DATA_KEY, CONTEXT, ENTROPY)) == 1
    active = staged.activated()
    assert (active.current, active.staged, active.retired) == (2, None, (1,))
    assert active.unwrap(first, CONTEXT) == DATA_KEY
    left = active.without_retired()
    assert set(left.held) == {2}
    with pytest.raises(GenerationMissing):
        left.unwrap(first, CONTEXT)


def test_generations_are_few_distinct_and_counted_from_one() -> None:
    for current, others in ((0, {}), (1, {2: b"w" * 32}), (1, {2: b"a" * 32, 3: b"b" * 32, 4: b"c" * 32})):
        with pytest.raises(ValueError, match="generations"):
            SymmetricWrapper(b"w" * 32, current, others)


def test_a_mark_tells_keys_zones_and_generations_apart_and_nothing_else() -> None:
    one, same = WRAPPER.marks(CASEWORK), SymmetricWrapper(b"w" * 32).marks(CASEWORK)
    assert one == same
    others = [SymmetricWrapper(b"v" * 32).marks(CASEWORK)[1], WRAPPER.marks(FOLLOW_UP)[1]]
    others += [SymmetricWrapper(b"w" * 32, 2).marks(CASEWORK)[2]]
    assert len({one[1], *others}) == 4
    assert b"w" * 32 not in one.values()


def test_what_is_no_wrap_of_a_zone_has_no_generation() -> None:
    assert [generation_of(raw) for raw in (b"", b"\x01" * 60, b"\x02" * 61, b"\x01" * 69, b"\x01" * 1169)] == [0] * 5
