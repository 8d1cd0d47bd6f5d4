"""The ceremony against owners of zones: whoever has one zone's keys and every row of both databases opens no identity.

In one process, on the real parts: the attacker's share of the installation is a zone's keyring, taken from its folder,
and the rows. What `test_owned_zone` does with whole processes, this does for the one thing that needs two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.api.test_ceremonies import WHO
from tests.asked import agreed, begin, begun, end, opened
from tests.crash.snapshot import Snapshot, look
from tests.house import House
from vault.crypto.envelope import Release, ReleaseContext, open_release
from vault.crypto.hierarchy import ZoneKeyring
from vault.crypto.shares import ShareContext, open_share
from vault.errors import VaultError
from vault.ids import EntryId, KeyId, ReleaseId
from vault.sensitive import Sensitive
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Compartment, Purpose, Zone


def _second_shares(found: Snapshot, row: Any, ring: ZoneKeyring, now: datetime) -> list[Sensitive[bytes] | None]:
    """Every second share that these keys open, by whatever context the rows spell out; and none."""
    release, key = ReleaseId(bytes(row["release_id"])), KeyId(bytes(row["key_id"]))
    tried = [(OVERSIGHT, CASEWORK, row["decision"], row["open_until"], row["share"], row["share_signature"])]
    if row["opened_decision"] is not None:
        tried.append(
            (FOLLOW_UP, OVERSIGHT, row["opened_decision"], row["expires_at"], row["opened_share"],
             row["opened_signature"])
        )  # fmt: skip
    shares: list[Sensitive[bytes] | None] = [None]
    for reader, sender, decision, until, sealed, signature in tried:
        context = ShareContext(
            release, key, reader, sender, EntryId(bytes(decision)), bytes(row["policy"]), row["minutes"], until
        )
        try:
            signer = found.directory.of(sender).verify
            share = open_share(bytes(sealed), bytes(signature), context, own=ring.sealing, sender=signer, now=now)
            shares.append(share)
        except VaultError:
            continue
    return shares


def opens(house: House, zones: Sequence[Zone], at: datetime | None = None) -> list[bytes]:
    """What the owner of these zones opens of every identity that left by ceremony. at: by a clock that they set."""
    found = look(house.settings)
    texts = []
    for row in found["ceremonies"]:
        copy = next(each for each in found["releases"] if each["release_id"] == row["release_id"])
        context = ReleaseContext(
            bytes(copy["subject"]), Compartment.IDENTITY, FOLLOW_UP, CASEWORK, ReleaseId(bytes(row["release_id"])),
            KeyId(bytes(row["key_id"])), Purpose.OQT_FOLLOW_UP, EntryId(bytes(copy["entry_id"])),
            bytes(copy["policy"]), copy["schema_number"], copy["expires_at"],
        )  # fmt: skip
        rings = [found.keyrings[zone] for zone in zones]
        now = at or row["begun_at"]
        shares = [share for ring in rings for share in _second_shares(found, row, ring, now)]
        for wrap in [bytes(each["wrap"]) for each in found["wraps"] if each["key_id"] == row["key_id"]]:
            for ring in rings:
                for second in shares:
                    try:
                        texts.append(
                            open_release(
                                Release(bytes(copy["sealed"]), wrap, bytes(copy["signature"])), context,
                                own=ring.sealing, sender=found.directory.of(CASEWORK).verify, now=now, second=second,
                            )
                        )  # fmt: skip
                    except VaultError:
                        continue
    return texts


@pytest.mark.parametrize("zones", [(FOLLOW_UP,), (OVERSIGHT,), (CASEWORK,)], ids=str)
def test_no_single_zones_keys_open_what_was_begun(lite_house: House, zones: tuple[Zone, ...]) -> None:
    """Casework's neither: it kept no share. (It can open the identity itself, where that stands: it is casework's.)"""
    begun(lite_house)
    assert opens(lite_house, zones) == []


def test_follow_ups_keys_open_it_once_oversight_let_go_and_no_longer_once_it_was_ended(lite_house: House) -> None:
    house = lite_house
    ceremony = opened(house)
    texts = opens(house, (FOLLOW_UP,))
    assert len(texts) == 1, "the control: with both shares it opens"
    assert WHO["family_name"].encode() in texts[0]
    assert opens(house, (OVERSIGHT,)) == []
    assert end(house, ceremony, "dpo").status_code == 201
    assert opens(house, (FOLLOW_UP, OVERSIGHT, CASEWORK)) == [], "its first share is destroyed"


def test_two_owned_zones_open_what_a_head_began_and_nothing_before(lite_house: House) -> None:
    """A known limit, said in SECURITY.md: follow-up and oversight together need no data protection officer."""
    house = lite_house
    number = agreed(house)
    assert opens(house, (FOLLOW_UP, OVERSIGHT)) == []
    begin(house, number)
    assert len(opens(house, (FOLLOW_UP, OVERSIGHT))) == 1


def test_no_share_opens_at_its_end(lite_house: House) -> None:
    """To the second, by the clock that is handed in; the end itself is signed and cannot be moved."""
    house = lite_house
    opened(house)
    row = look(house.settings)["ceremonies"][0]
    assert opens(house, (FOLLOW_UP,), row["expires_at"]) == []
    for column in ("expires_at", "open_until"):
        moved = dict(row) | {column: row[column].replace(year=2030)}
        found = look(house.settings)
        ring = found.keyrings[FOLLOW_UP if column == "expires_at" else OVERSIGHT]
        assert _second_shares(found, moved, ring, row["begun_at"]) == [None]
