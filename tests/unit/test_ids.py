"""Ids: one type each, one spelling."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import MalformedId
from vault.ids import ActorId, CaseId, EntryId, KeyId, RecordId, ReleaseId, SessionId

TYPES = (ActorId, CaseId, EntryId, KeyId, RecordId, ReleaseId, SessionId)


@given(st.binary(min_size=16, max_size=16))
def test_text_and_bytes_are_the_same_id(raw: bytes) -> None:
    for kind in TYPES:
        assert kind.parse(kind(raw).hex()) == kind(raw)
        assert str(kind(raw)) == raw.hex()


@pytest.mark.parametrize(
    "text", ["", "0" * 31, "0" * 33, "A" * 32, "g" * 32, " " * 32, "0" * 30 + "\n0", "٠" * 32, "0x" + "0" * 30]
)
def test_any_other_spelling_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(MalformedId) as refused:
        RecordId.parse(text)
    assert not text.strip() or text not in str(refused.value)


@given(st.binary(max_size=40).filter(lambda raw: len(raw) != 16))
def test_another_length_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedId):
        CaseId(raw)


def test_a_string_or_a_byte_array_is_no_id() -> None:
    for wrong in ("0" * 16, bytearray(16), memoryview(bytes(16)), None, 16):
        with pytest.raises(MalformedId):
            CaseId(wrong)  # type: ignore[arg-type]


def test_ids_of_two_types_are_never_equal() -> None:
    raw = bytes(16)
    assert len({kind(raw) for kind in TYPES}) == len(TYPES)


def test_entries_are_ordered_by_lane_and_number() -> None:
    place = [EntryId(lane + number.to_bytes(8, "big")) for lane in (b"a" * 8, b"b" * 8) for number in (0, 1, 256)]
    assert all(before < after for before, after in itertools.pairwise(place))
