"""What must hold of erased cases at every moment of an erasure; and the store without them, for all other checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.crash.snapshot import Rows, Snapshot

#: What stays of an erased case: its husk, its tombstone, the names of its keys; what counts acts of staff.
_STAYS = frozenset(
    {"cases", "data_keys", "tombstones", "buried_keys", "buried_cases", "erasure_cases", "break_glass", "case_samples"}
)


def erasure_faults(found: Snapshot) -> Iterator[str]:
    """The tombstone first, then keys, then rows; the keystore knows of none that the main database does not."""
    stones = {bytes(row["case_id"]): row for row in found["tombstones"]}
    buried = {bytes(row["case_id"]) for row in found["buried_cases"]}
    states = {bytes(row["case_id"]): row["state"] for row in found["cases"]}
    if not buried <= set(stones):
        yield "erasure: keys were destroyed before a tombstone said so"
    for case, row in stones.items():
        place = f"erased case {case.hex()}"
        if states.get(case, "erased") != "erased":
            yield f"{place}: has a tombstone and another state"
        if row["done_at"] is not None and case not in buried:
            yield f"{place}: is done, and its keys are not destroyed"
        left = [
            name for name, rows in found.rows.items()
            if name not in _STAYS and any(bytes(each.get("case_id") or b"") == case for each in rows)
        ]  # fmt: skip
        if row["done_at"] is not None and left:
            yield f"{place}: is done, and rows of {', '.join(left)} are left"
    listed = {(bytes(row["key_id"]), row["reader"]): bytes(row["case_id"]) for row in found["buried_keys"]}
    for row in found["data_keys"]:
        case = bytes(row["case_id"])
        if case in stones and (bytes(row["key_id"]), "casework") not in listed:
            yield f"erased case {case.hex()}: a key is on no list"
    for place_, case in listed.items():
        if case in buried and found.wraps.get(place_, b"") != b"":
            yield f"erased case {case.hex()}: a key was to be destroyed and is there"


def living(found: Snapshot) -> Snapshot:
    """The store without what is of cases that have a tombstone, or is under one of their keys."""
    stones = {bytes(row["case_id"]) for row in found["tombstones"]}
    keys = {(bytes(row["key_id"]), row["reader"]) for row in found["buried_keys"]}
    files = {bytes(row["attachment_id"]) for row in found["attachments"] if bytes(row["case_id"]) in stones}
    sent = {bytes(row["referral_id"]) for row in found["referrals"] if bytes(row["case_id"]) in stones}

    def kept(name: str, rows: Rows) -> Rows:
        return [
            row for row in rows
            if name in ("tombstones", "buried_keys")
            or not (
                bytes(row.get("case_id") or b"") in stones
                or (name == "attachment_chunks" and bytes(row["attachment_id"]) in files)
                or (name == "referral_events" and bytes(row["referral_id"]) in sent)
                or (name != "wraps" and "key_id" in row and (bytes(row["key_id"]), row.get("reader")) in keys)
            )
        ]  # fmt: skip

    return replace(found, rows={name: kept(name, rows) for name, rows in found.rows.items()})
