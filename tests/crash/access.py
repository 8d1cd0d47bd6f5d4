"""What must hold for requests for access, their answers and grants, whatever happened in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from vault.cases.access_requests import AccessForm
from vault.crypto.envelope import Release, ReleaseContext, open_release
from vault.errors import VaultError
from vault.ids import EntryId, KeyId, ReleaseId
from vault.vocabulary import Compartment, Purpose, Zone

if TYPE_CHECKING:
    from tests.crash.checks import Snapshot

#: Which compartment each reader's copy stands in, and whether it says whom it is about.
_READERS: Final = {
    "casework": (Compartment.IDENTITY, True),
    "follow_up": (Compartment.IDENTITY, True),
    "oversight": (Compartment.STATUS, False),
}


def access_faults(found: Snapshot) -> Iterator[str]:
    """No request without all its copies; each opens and says what it must; no grant without its copy, and no more."""
    requests = {bytes(row["request_id"]) for row in found["access_requests"]}
    versions: dict[bytes, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in found["access_copies"]:
        versions[bytes(row["request_id"])][row["version"]].add(row["reader"])
        yield from _copy(found, row)
    if set(versions) != requests:
        yield "requests: not each has copies"
    for raw, seen in versions.items():
        if sorted(seen) != list(range(1, len(seen) + 1)) or any(readers != set(_READERS) for readers in seen.values()):
            yield f"request {raw.hex()}: a version or a copy is missing"
    numbers: dict[bytes, list[int]] = defaultdict(list)
    for row in found["access_answers"]:
        numbers[bytes(row["request_id"])].append(row["number"])
    for raw, given in numbers.items():
        if sorted(given) != list(range(1, len(given) + 1)):
            yield f"request {raw.hex()}: its answers have a gap"
    yield from _grants(found)


def _copy(found: Snapshot, row: Mapping[str, Any]) -> Iterator[str]:
    place = f"copy of {bytes(row['request_id']).hex()} for {row['reader']}"
    compartment, whole = _READERS[row["reader"]]
    reader, sender, raw = Zone.parse(row["reader"]), Zone.parse(row["zone"]), bytes(row["request_id"])
    wraps = [
        bytes(each["wrap"])
        for each in found["wraps"]
        if (each["key_id"], each["reader"]) == (row["key_id"], row["reader"])
    ]
    context = ReleaseContext(
        raw, compartment, reader, sender, ReleaseId(raw), KeyId(bytes(row["key_id"])), Purpose.OQT_FOLLOW_UP,
        EntryId(bytes(row["entry_id"])), bytes(row["policy"]), 1, None,
    )  # fmt: skip
    try:
        plaintext = open_release(
            Release(bytes(row["sealed"]), wraps[0] if wraps else b"", bytes(row["signature"])), context,
            own=found.keyrings[reader].sealing, sender=found.directory.of(sender).verify, now=row["written_at"],
        )  # fmt: skip
        _, about = AccessForm.decode(plaintext)
    except VaultError as fault:
        yield f"{place}: does not open ({fault.code})"
    else:
        if (about is not None) != whole:
            yield f"{place}: says more or less than its reader is told"


def _grants(found: Snapshot) -> Iterator[str]:
    copies = {bytes(row["release_id"]): row for row in found["releases"] if row["kind"] == "grant"}
    grants = {bytes(row["release_id"]): row for row in found["grants"]}
    if set(copies) != set(grants):
        yield "grants: not each has its copy, or a copy no grant"
        return
    wraps = {(bytes(row["key_id"]), row["reader"]): bytes(row["wrap"]) for row in found["wraps"]}
    for raw, row in grants.items():
        copy = copies[raw]
        if (copy["key_id"], copy["reader"], copy["expires_at"]) != (row["key_id"], row["reader"], row["expires_at"]):
            yield f"grant {raw.hex()}: says something else than its copy"
        wrap = wraps.get((bytes(row["key_id"]), row["reader"]))
        if row["erased_at"] is not None and wrap != b"":
            yield f"grant {raw.hex()}: its key was to be destroyed and is there"
        # Emptied, and the row that says so lost: the grant is over all the same.
        if row["erased_at"] is None and wrap == b"" and row["revoked_at"] is None and row["expires_at"] > _last(found):
            yield f"grant {raw.hex()}: its key is gone while it lives"


def _last(found: Snapshot) -> Any:
    return max(row["released_at"] for row in found["releases"])
