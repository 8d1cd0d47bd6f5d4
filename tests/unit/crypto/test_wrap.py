"""Wraps under a zone's symmetric key."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields, replace
from typing import Any

import pytest

from tests.unit.crypto.kit import ENTROPY, other
from vault.crypto.canonical import encode
from vault.crypto.wrap import WRAPPED_BYTES, SymmetricWrapper, WrapContext
from vault.errors import CryptoError, RecordTampered
from vault.ids import KeyId
from vault.vocabulary import CASEWORK, Compartment, Zone

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
