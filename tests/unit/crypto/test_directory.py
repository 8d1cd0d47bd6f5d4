"""The zone directory: nobody slips in a key."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.unit.crypto.kit import NOW, pair, signer
from vault.crypto.directory import (
    LARGEST_DOCUMENT,
    DirectoryEntry,
    fingerprint,
    load_directory,
    sign_directory,
)
from vault.errors import DirectoryRejected, InvalidInput
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone

PARTNER = Zone.parse("partner:caritas")
PIN = fingerprint(signer("offline").public)


def _entry(zone: Zone, name: str | None = None) -> DirectoryEntry:
    name = name or str(zone)
    return DirectoryEntry(zone, pair(name).public, signer(name).public, 1)


ENTRIES = [_entry(zone) for zone in (OVERSIGHT, CASEWORK, PARTNER, FOLLOW_UP)]
DOCUMENT = sign_directory(ENTRIES, 7, NOW, signer("offline"))


def test_a_directory_gives_back_what_was_signed() -> None:
    directory = load_directory(DOCUMENT, PIN, at_least_serial=7)
    assert (directory.serial, directory.issued_at) == (7, NOW)
    assert directory.entries == tuple(sorted(ENTRIES, key=lambda entry: entry.zone))
    assert directory.of(PARTNER) == ENTRIES[2]
    with pytest.raises(DirectoryRejected):
        directory.of(Zone.parse("partner:fedasil"))


def test_layout_of_the_json_carries_no_meaning() -> None:
    compact = json.dumps(json.loads(DOCUMENT), sort_keys=True, separators=(",", ":")).encode()
    assert load_directory(compact, PIN) == load_directory(DOCUMENT, PIN)


def test_another_offline_key_is_refused() -> None:
    with pytest.raises(DirectoryRejected, match="pinned"):
        load_directory(sign_directory(ENTRIES, 8, NOW, signer("attacker")), PIN)
    with pytest.raises(DirectoryRejected, match="pinned"):
        load_directory(DOCUMENT, "not a pin \u00e9")


def test_an_older_directory_is_refused() -> None:
    with pytest.raises(DirectoryRejected, match="older"):
        load_directory(DOCUMENT, PIN, at_least_serial=8)


def _swap_zones(d: dict[str, Any]) -> None:
    d["zones"][0]["zone"], d["zones"][1]["zone"] = d["zones"][1]["zone"], d["zones"][0]["zone"]


def _slip_in(d: dict[str, Any]) -> None:
    d["zones"][0]["sealing"] = d["zones"][1]["sealing"]


def _flip(text: str) -> str:
    return text[:100] + ("A" if text[100] != "A" else "B") + text[101:]


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "serial": lambda d: d.update(serial=8),
    "serial as text": lambda d: d.update(serial="7"),
    "serial as truth": lambda d: d.update(serial=True),
    "serial with fraction": lambda d: d.update(serial=7.0),
    "serial without end": lambda d: d.update(serial=1 << 80),
    "moment": lambda d: d.update(issued_at="2026-03-02T09:30:00.000001Z"),
    "moment without zone": lambda d: d.update(issued_at="2026-03-02T09:30:00"),
    "format": lambda d: d.update(format="parefeu-zone-directory-2"),
    "zones swapped": _swap_zones,
    "key slipped in": _slip_in,
    "zone dropped": lambda d: d["zones"].pop(),
    "zone twice": lambda d: d["zones"].append(d["zones"][-1]),
    "zone unknown": lambda d: d["zones"][0].update(zone="police"),
    "zones as text": lambda d: d.update(zones="casework"),
    "zone as number": lambda d: d["zones"][0].update(zone=1),
    "zone as list": lambda d: d["zones"].__setitem__(0, []),
    "unknown field": lambda d: d.update(comment="hello"),
    "unknown zone field": lambda d: d["zones"][0].update(comment="hello"),
    "missing field": lambda d: d.pop("issued_at"),
    "key version": lambda d: d["zones"][0].update(key_version=2),
    "short key": lambda d: d["zones"][0].update(sealing="AAAA"),
    "key not base64": lambda d: d["zones"][0].update(verify="%%%%"),
    "loose base64": lambda d: d.update(signature=d["signature"][:-3] + "B=="),
    "signature": lambda d: d.update(signature=_flip(d["signature"])),
    "offline key": lambda d: d.update(offline_key=_flip(d["offline_key"])),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_changed_directory_is_refused(change: str) -> None:
    parsed = json.loads(DOCUMENT)
    CHANGES[change](parsed)
    with pytest.raises(DirectoryRejected):
        load_directory(json.dumps(parsed).encode(), PIN)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"null",
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"serial": ' + b"9" * 10_000 + b"}",
        DOCUMENT.replace(b'"serial": 7', b'"serial": 7, "serial": 7'),
        DOCUMENT.replace(b'"serial": 7', b'"serial": NaN'),
        DOCUMENT + b" " * LARGEST_DOCUMENT,
        DOCUMENT + b"{}",
    ],
)
def test_what_is_no_directory_is_refused(document: bytes) -> None:
    with pytest.raises(DirectoryRejected):
        load_directory(document, PIN)


@pytest.mark.parametrize(
    ("entries", "serial"),
    [
        ([_entry(CASEWORK), _entry(CASEWORK, "again")], 1),
        ([_entry(CASEWORK, "same"), _entry(FOLLOW_UP, "same")], 1),
        ([DirectoryEntry(CASEWORK, pair("a").public, signer("a").public, 0)], 1),
        (ENTRIES, 0),
    ],
)
def test_a_directory_that_contradicts_itself_is_not_signed(entries: list[DirectoryEntry], serial: int) -> None:
    with pytest.raises(DirectoryRejected):
        sign_directory(entries, serial, NOW, signer("offline"))


def test_a_moment_without_time_zone_is_not_signed() -> None:
    with pytest.raises(InvalidInput):
        sign_directory(ENTRIES, 1, datetime(2026, 1, 1), signer("offline"))  # noqa: DTZ001 - the case under test
