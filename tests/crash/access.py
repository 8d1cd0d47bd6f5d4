"""What must hold for requests for access, their answers and grants, whatever happened in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from vault.cases.access_requests import AccessForm
from vault.crypto.envelope import Release, ReleaseContext, open_release
from vault.crypto.shares import ShareContext, open_share
from vault.errors import EnvelopeRejected, VaultError
from vault.ids import EntryId, KeyId, ReleaseId
from vault.vocabulary import CASEWORK, OVERSIGHT, Compartment, Purpose, Zone

if TYPE_CHECKING:
    from tests.crash.snapshot import Snapshot

#: Which compartment each reader's copy stands in, and whether it says whom it is about.
_READERS: Final = {
    "casework": (Compartment.IDENTITY, True),
    "follow_up": (Compartment.IDENTITY, True),
    "oversight": (Compartment.STATUS, False),
}


#: For what each zone asks.
_PURPOSES: Final = {"follow_up": Purpose.OQT_FOLLOW_UP, "casework": Purpose.LEGAL_OBLIGATION}
#: What a row of `grants` stands for: granted fields, or what a lawful exception gave.
_GIVEN: Final = ("grant", "disclosure")


def access_faults(found: Snapshot) -> Iterator[str]:
    """No request without all its copies; each opens and says what it must; no grant without its copy, and no more."""
    requests = {bytes(row["request_id"]) for row in found["access_requests"]}
    versions: dict[bytes, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in found["access_copies"]:
        versions[bytes(row["request_id"])][row["version"]].add(row["reader"])
        yield from _copy(found, row)
    if set(versions) != requests:
        yield "requests: not each has copies"
    zones = {bytes(row["request_id"]): row["zone"] for row in found["access_requests"]}
    for raw, seen in versions.items():
        wanted = {"casework", "oversight", zones.get(raw, "follow_up")}  # who asked has a copy too
        if sorted(seen) != list(range(1, len(seen) + 1)) or any(readers != wanted for readers in seen.values()):
            yield f"request {raw.hex()}: a version or a copy is missing"
    numbers: dict[bytes, list[int]] = defaultdict(list)
    for row in found["access_answers"]:
        numbers[bytes(row["request_id"])].append(row["number"])
    for raw, given in numbers.items():
        if sorted(given) != list(range(1, len(given) + 1)):
            yield f"request {raw.hex()}: its answers have a gap"
    yield from _grants(found)
    yield from _ceremonies(found)


def _copy(found: Snapshot, row: Mapping[str, Any]) -> Iterator[str]:
    place = f"copy of {bytes(row['request_id']).hex()} for {row['reader']}"
    compartment, whole = _READERS[row["reader"]]
    reader, sender, raw = Zone.parse(row["reader"]), Zone.parse(row["zone"]), bytes(row["request_id"])
    wrap = found.wraps.get((bytes(row["key_id"]), row["reader"]), b"")
    context = ReleaseContext(
        raw, compartment, reader, sender, ReleaseId(raw), KeyId(bytes(row["key_id"])), _PURPOSES[row["zone"]],
        EntryId(bytes(row["entry_id"])), bytes(row["policy"]), 1, None,
    )  # fmt: skip
    try:
        release, at = Release(bytes(row["sealed"]), wrap, bytes(row["signature"])), row["written_at"]
        own, verify = found.keyrings[reader].sealing, found.directory.of(sender).verify
        read = partial(open_release, release, context, own=own, sender=verify, now=at)
        plaintext = found.once(read, release, context, at)
        _, about = AccessForm.decode(plaintext)
    except VaultError as fault:
        yield f"{place}: does not open ({fault.code})"
    else:
        if (about is not None) != whole:
            yield f"{place}: says more or less than its reader is told"


def _grants(found: Snapshot) -> Iterator[str]:
    copies = {bytes(row["release_id"]): row for row in found["releases"] if row["kind"] in _GIVEN}
    grants = {bytes(row["release_id"]): row for row in found["grants"]}
    if set(copies) != set(grants):
        yield "grants: not each has its copy, or a copy no grant"
        return
    wraps = found.wraps
    zones = {bytes(row["request_id"]): row["zone"] for row in found["access_requests"]}
    stopped = {bytes(row["request_id"]) for row in found["access_answers"] if row["act"] == "stopped"}
    for raw, row in grants.items():
        copy = copies[raw]
        if (copy["key_id"], copy["reader"], copy["expires_at"]) != (row["key_id"], row["reader"], row["expires_at"]):
            yield f"grant {raw.hex()}: says something else than its copy"
        if (copy["kind"] == "disclosure") != (zones.get(bytes(row["request_id"])) == "casework"):
            yield f"grant {raw.hex()}: another zone asked than may get such a copy"
        wrap = wraps.get((bytes(row["key_id"]), row["reader"]))
        if row["erased_at"] is not None and wrap != b"":
            yield f"grant {raw.hex()}: its key was to be destroyed and is there"
        # Emptied, and the row that says so lost: the grant is over all the same.
        taken_back = row["revoked_at"] is not None or bytes(row["request_id"]) in stopped
        if row["erased_at"] is None and wrap == b"" and not taken_back and row["expires_at"] > _last(found):
            yield f"grant {raw.hex()}: its key is gone while it lives"


def _ceremonies(found: Snapshot) -> Iterator[str]:
    """Each has its copy; both shares make the key; the second is with the reader only once an entry says so."""
    copies = {bytes(row["release_id"]): row for row in found["releases"] if row["kind"] == "ceremony"}
    rows = {bytes(row["release_id"]): row for row in found["ceremonies"]}
    if set(copies) != set(rows):
        yield "ceremonies: not each has its copy, or a copy no ceremony"
        return
    acts = found.bodies
    wraps = found.wraps
    for raw, row in rows.items():
        place, wrap = f"ceremony {raw.hex()}", wraps.get((bytes(row["key_id"]), row["reader"]))
        if (row["opened_at"] is None) != (row["opened_decision"] is None):
            yield f"{place}: opened without an entry, or the reverse"
        if row["opened_decision"] is not None:
            act = acts.get(bytes(row["opened_decision"]), {})
            if (act.get("action"), act.get("kind"), act.get("object")) != ("sign", "ceremony", raw.hex()):
                yield f"{place}: the entry that let its share go is about something else"
        if row["erased_at"] is not None and wrap != b"":
            yield f"{place}: its first share was to be destroyed and is there"
        if not wrap:
            # By time, too, it is over: unopened, or its minutes have passed. What says so may have been lost.
            ends, known = row["expires_at"] or row["open_until"], row["erased_at"] or _last(found)
            if row["ended_at"] is None and ends > known:
                yield f"{place}: its first share is gone while it lives"
            continue
        try:
            _open_with_both(found, row, copies[raw], wrap)
        except VaultError as fault:
            yield f"{place}: does not open ({fault.code})"


def _open_with_both(found: Snapshot, row: Mapping[str, Any], copy: Mapping[str, Any], wrap: bytes) -> None:
    """By oversight's copy of the second share. Raises VaultError."""
    release, key = ReleaseId(bytes(row["release_id"])), KeyId(bytes(row["key_id"]))
    sender = found.directory.of(CASEWORK).verify
    entrusted = ShareContext(
        release, key, OVERSIGHT, CASEWORK, EntryId(bytes(row["decision"])), bytes(row["policy"]), row["minutes"],
        row["open_until"],
    )  # fmt: skip
    second = open_share(
        bytes(row["share"]), bytes(row["share_signature"]), entrusted, own=found.keyrings[OVERSIGHT].sealing,
        sender=sender, now=row["begun_at"],
    )  # fmt: skip
    reader = Zone.parse(row["reader"])
    context = ReleaseContext(
        bytes(copy["subject"]), Compartment.IDENTITY, reader, CASEWORK, release, key, Purpose(copy["purpose"]),
        EntryId(bytes(copy["entry_id"])), bytes(copy["policy"]), copy["schema_number"], copy["expires_at"],
    )  # fmt: skip
    released = Release(bytes(copy["sealed"]), wrap, bytes(copy["signature"]))
    own = found.keyrings[reader].sealing
    open_release(released, context, own=own, sender=sender, now=copy["released_at"], second=second)
    try:
        open_release(released, context, own=own, sender=sender, now=copy["released_at"])
    except VaultError:
        return
    raise EnvelopeRejected("one share was enough")


def _last(found: Snapshot) -> Any:
    return max(row["released_at"] for row in found["releases"])
