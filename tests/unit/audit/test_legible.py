"""What an entry's bytes say: everything that this program writes, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.audit.events import FILED_FIELDS, Event, Happening, Verdict, entry_body
from vault.audit.legible import illegible, said

ENTRY: Final = "0a" * 16
PLACE: Final[dict[str, Any]] = {
    "entry": ENTRY, "at": "2026-11-03T09:00:00.000001+00:00", "zone": "casework", "lane": ENTRY[:16], "number": 7,
    "previous": "ff" * 32, "commitment": "",
}  # fmt: skip
WRITTEN: Final = entry_body(Event("read", "note", Verdict.ALLOW, "al-x", "coach", ENTRY, subject="ls-y"), **PLACE)
TOLD: Final[dict[str, Any]] = json.loads(WRITTEN)


def with_(**changed: Any) -> bytes:
    return json.dumps(TOLD | changed, sort_keys=True, separators=(",", ":")).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in TOLD.items() if key != name}).encode()


def test_what_is_written_is_read_back() -> None:
    assert said(WRITTEN) == TOLD


def test_an_entry_of_version_1_names_no_parameters() -> None:
    assert said(without("config")) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff\x00", b"null", b"[]", b"7", b'{"action":', b"[" * 10_000, WRITTEN + b" " * 20_000,
        with_(number="7"), with_(count=True), with_(count=1.5), with_(v=None), with_(role=None), with_(action=["read"]),
        with_(actor="a" * 41), with_(subject="s" * 41), with_(rule="r" * 401), with_(purpose="a\x00b"),
        with_(kind="n\u00f6te"), with_(zone="\ud800"), with_(outcome="a\nb"), with_(session="not an id"),
        with_(entry="0A" * 16), with_(at="yesterday"), with_(at="2026-11-03T09:00:00.000001"), with_(at=5),
        with_(at="2026-11-03 09:00:00+00:00"), with_(config=7),
        WRITTEN.replace(b'"number":7', b'"number":' + b"7" * 5_000),
        *(without(name) for name in TOLD if name != "config"),
    ],
)  # fmt: skip
def test_anything_else_is_illegible(body: bytes) -> None:
    assert said(body) is None


@given(st.binary(max_size=300))
def test_no_bytes_stop_whoever_reads(body: bytes) -> None:
    assert said(body) is None or isinstance(said(body), dict)


@given(st.integers(0, len(WRITTEN) - 1), st.integers(0, 255))
def test_a_changed_byte_is_read_or_illegible_and_fit_to_be_filed(place: int, byte: int) -> None:
    told = said(WRITTEN[:place] + bytes([byte]) + WRITTEN[place + 1 :])
    if told is not None:
        assert all(isinstance(told[name], str) and "\x00" not in told[name] for name in FILED_FIELDS)
        assert datetime.fromisoformat(told["at"]).tzinfo is not None


def test_what_is_told_in_its_place_has_every_field_and_none_of_its_bytes() -> None:
    told = illegible(ENTRY, datetime(2026, 11, 3, 9, tzinfo=UTC), "follow_up")
    assert set(told) == set(TOLD)
    assert (told["action"], told["zone"], told["object"]) == (Happening.ILLEGIBLE, "follow_up", ENTRY)
    assert said(json.dumps(told).encode()) == told, "it is fit to be filed itself"
