"""Nothing of an attacker's making passes for true: notes, releases, changed envelopes, keys in the directory.

The attacker owns another zone's process with all its keys, and writes both databases as their superuser.
"""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.clock import SystemClock, SystemEntropy
from gateway.instance import read_directory
from tests.attacks.attacker import Rows, release_context
from tests.attacks.estate import OWNED, Estate, as_superuser, restored
from tests.attacks.refusals import read_release, refused
from tests.house import CARITAS
from tests.patience import PATIENCE
from vault.crypto.directory import DirectoryEntry, sign_directory
from vault.crypto.envelope import ReleaseContext, seal_release
from vault.crypto.record import RecordContext, seal_record
from vault.crypto.signing import SigningKey
from vault.crypto.wrap import WrapContext
from vault.errors import DirectoryRejected
from vault.ids import EntryId, KeyId, ReleaseId
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Compartment, Kind, Purpose, Zone

ENTROPY: Final = SystemEntropy()

# -- notes and releases --------------------------------------------------------------------------------


def forged_wraps(place: Estate, case: bytes, key: KeyId, data_key: bytes) -> dict[str, bytes]:
    """A data key of the attacker's, in every form that might be taken for casework's wrap."""
    ring = place.keyring(FOLLOW_UP)
    context = WrapContext(case, Compartment.NARRATIVE, CASEWORK, key)
    public = read_directory(place.settings).of(CASEWORK).sealing
    own = ring.wrapper.wrap(data_key, context, ENTROPY)
    return {
        "under its own wrapper": own,
        "sealed to casework's public key": public.seal(data_key, context.canonical()),
        "in clear": data_key,
        "in clear, in the shape of a wrap": b"\x01" + bytes(12) + data_key + bytes(16),
        "empty": b"",
    }


def test_no_forged_note_is_accepted(place: Estate) -> None:
    """The attacker writes rows as the superuser: a data key, wraps and a note of its own making."""
    case, key, data_key = place.case_id("kept"), KeyId(ENTROPY.bytes(16)), ENTROPY.bytes(32)
    record = ENTROPY.bytes(16)
    sealed = seal_record(data_key, RecordContext(Compartment.NARRATIVE, case, record, 1, 1, key), b"forged", ENTROPY)
    for how, wrap in forged_wraps(place, case, key, data_key).items():
        with restored(place.wall, "casework.records", "keystore.wraps", "casework.data_keys"):
            as_superuser(
                place.wall,
                "INSERT INTO casework.records SELECT %s, 1, case_id, kind, provenance, template, language, author, "
                "written_at, %s, %s, entry_id FROM casework.records WHERE kind = 'note' AND case_id = %s LIMIT 1",
                record, key.raw, sealed, case,
            )  # fmt: skip
            as_superuser(
                place.wall, "INSERT INTO keystore.wraps VALUES (%s, 'casework', %s, 0)", key.raw, wrap,
                database="keystore",
            )  # fmt: skip
            reply = place.coach.get(f"/cases/{place.case['kept']}/notes/{record.hex()}")
            assert "forged" not in reply.text, how
            refused(reply, "record_tampered")


def test_a_replaced_key_makes_a_case_unreadable_not_forgeable(place: Estate, dump: Rows) -> None:
    """The true key's wrap replaced by the attacker's, and the note sealed anew under it."""
    row = next(r for r in dump["casework.records"] if r["record_id"].hex() == place.note["caritas"])
    case, key, data_key = row["case_id"], KeyId(row["key_id"]), ENTROPY.bytes(32)
    context = RecordContext(Compartment.NARRATIVE, case, row["record_id"], 1, 1, key)
    for wrap in forged_wraps(place, case, key, data_key).values():
        with restored(place.wall, "casework.records", "keystore.wraps"):
            as_superuser(
                place.wall, "UPDATE casework.records SET sealed = %s WHERE record_id = %s",
                seal_record(data_key, context, b"forged", ENTROPY), row["record_id"],
            )  # fmt: skip
            as_superuser(
                place.wall, "UPDATE keystore.wraps SET wrap = %s WHERE key_id = %s", wrap, key.raw,
                database="keystore",
            )  # fmt: skip
            refused(place.coach.get(f"/cases/{place.case['caritas']}/notes/{place.note['caritas']}"), "record_tampered")
    assert place.coach.get(f"/cases/{place.case['caritas']}/notes/{place.note['caritas']}").status_code == 200


#: What the forger is, what it claims to be, and whom it wants to deceive.
FORGERIES: Final = [
    (forger, claimed, reader)
    for forger in OWNED
    for reader in OWNED
    for claimed in (CASEWORK, forger)
]  # fmt: skip


@pytest.mark.parametrize(("forger", "claimed", "reader"), FORGERIES, ids=str)
def test_no_forged_release_is_accepted(place: Estate, forger: Zone, claimed: Zone, reader: Zone) -> None:
    """Sealed to the reader's true public key and signed with the forger's own key, in its own or casework's name."""
    ring = place.keyring(forger)
    context = forged_context(place, reader, claimed)
    plaintext = json.dumps({"outcome_code": "REFUSED", "family_name": "forged"}).encode()
    to = read_directory(place.settings).of(reader).sealing
    made = seal_release(plaintext, context, to=to, sender=ring.signing, entropy=ENTROPY)
    with restored(place.wall, "exchange.releases", "keystore.wraps"):
        insert_release(place, context, made.sealed, made.signature, made.wrap)
        reply = read_release(place.owned[reader], context.release.hex())
        assert "forged" not in reply.text
        refused(reply, "envelope_rejected")


def forged_context(place: Estate, reader: Zone, claimed: Zone) -> ReleaseContext:
    """All that is true of the reader's real release but its ids."""
    name = {FOLLOW_UP: "follow_up", CARITAS: "caritas", OVERSIGHT: "oversight"}[reader]
    row = next(r for r in place.dump()["exchange.releases"] if r["release_id"].hex() == place.release[name])
    true = release_context(row)
    return ReleaseContext(
        true.case, true.compartment, reader, claimed, ReleaseId(ENTROPY.bytes(16)), KeyId(ENTROPY.bytes(16)),
        true.purpose, EntryId(ENTROPY.bytes(16)), true.policy_digest, true.schema, true.expires_at,
    )  # fmt: skip


def insert_release(place: Estate, c: ReleaseContext, sealed: bytes, signature: bytes, wrap: bytes) -> None:
    kind = Kind.OUTCOME_SHEET if c.compartment is Compartment.OUTCOME_SHEET else Kind.REFERRAL
    until = int(c.expires_at.timestamp() * 1_000_000) if c.expires_at else None
    as_superuser(
        place.wall,
        "INSERT INTO exchange.releases VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s)",
        c.release.raw, str(c.reader), str(c.sender), kind.value, c.compartment.value, c.case, c.purpose.value,
        c.policy_digest, c.schema, c.key.raw, sealed, signature, until, c.decision.raw,
    )  # fmt: skip
    as_superuser(
        place.wall, "INSERT INTO keystore.wraps VALUES (%s, %s, %s, 0)", c.key.raw, str(c.reader), wrap,
        database="keystore",
    )  # fmt: skip


CHANGED: Final = {
    "another subject": "subject = decode(repeat('07', 16), 'hex')",
    "another purpose": f"purpose = '{Purpose.COACHING}'",
    "no expiry": "expires_at = NULL, released_at = released_at + 1",
    "later expiry": "expires_at = coalesce(expires_at, released_at) + 31536000000000",
    "another policy": "policy = decode(repeat('07', 32), 'hex')",
    "another decision": "entry_id = (SELECT entry_id FROM log.entries LIMIT 1)",
    "another compartment": "compartment = 'narrative'",
    "a flipped bit": "sealed = set_byte(sealed, 100, get_byte(sealed, 100) # 1)",
    "another signature": "signature = set_byte(signature, 20, get_byte(signature, 20) # 1)",
    "another schema": "schema_number = 2",
}


@pytest.mark.parametrize(
    ("zone", "how"),
    [(zone, how) for zone in OWNED for how in CHANGED if zone == CARITAS or how != "no expiry"],
    ids=str,
)
def test_no_changed_release_is_accepted(place: Estate, zone: Zone, how: str) -> None:
    release = place.release[{FOLLOW_UP: "follow_up", CARITAS: "caritas", OVERSIGHT: "oversight"}[zone]]
    with restored(place.wall, "exchange.releases"):
        as_superuser(
            place.wall, f"UPDATE exchange.releases SET {CHANGED[how]} WHERE release_id = %s", bytes.fromhex(release)
        )
        refused(read_release(place.owned[zone], release), "envelope_rejected")
    assert read_release(place.owned[zone], release).status_code == 200


def test_a_release_addressed_anew_does_not_open_for_its_new_reader(place: Estate) -> None:
    release = bytes.fromhex(place.release["fedasil"])
    with restored(place.wall, "exchange.releases", "keystore.wraps"):
        as_superuser(
            place.wall, "UPDATE exchange.releases SET reader = 'partner:caritas' WHERE release_id = %s", release
        )
        as_superuser(
            place.wall, "UPDATE keystore.wraps SET reader = 'partner:caritas' WHERE reader = 'partner:fedasil'",
            database="keystore",
        )  # fmt: skip
        refused(read_release(place.owned[CARITAS], release.hex()), "envelope_rejected")


# -- the directory -------------------------------------------------------------------------------------


def directories(place: Estate) -> dict[str, bytes]:
    """The directory with a key of the attacker's slipped in, in every way it can sign or edit."""
    true = json.loads((place.settings.home / "directory.json").read_bytes())
    mine = place.keyring(FOLLOW_UP)
    entries = {entry.zone: entry for entry in read_directory(place.settings).entries}
    swapped = [
        DirectoryEntry(CASEWORK, mine.sealing.public, mine.signing.public, 1),
        *(entry for zone, entry in entries.items() if zone not in (CASEWORK, FOLLOW_UP)),
    ]
    found = {}
    for name, zone, key, value in (
        ("another zone's signing key for casework", "casework", "verify", _field(true, "follow_up", "verify")),
        ("the attacker's sealing key for oversight", "oversight", "sealing", _field(true, "follow_up", "sealing")),
        ("another version", "casework", "key_version", 2),
    ):
        edited = json.loads(json.dumps(true))
        next(item for item in edited["zones"] if item["zone"] == zone)[key] = value
        found[name] = json.dumps(edited).encode()
    resigned = sign_directory(swapped, 2, SystemClock().now(), SigningKey.generate(ENTROPY))
    found["signed by a key of its own"] = resigned
    found["signed by its own zone key"] = sign_directory(swapped, 2, SystemClock().now(), mine.signing)
    pretended = json.loads(resigned) | {"offline_key": true["offline_key"]}
    found["signed by a key of its own, in the true key's name"] = json.dumps(pretended).encode()
    found["true signature over other entries"] = json.dumps(json.loads(resigned) | {
        "offline_key": true["offline_key"], "signature": true["signature"], "serial": true["serial"],
        "issued_at": true["issued_at"],
    }).encode()  # fmt: skip
    return found


def _field(document: Any, zone: str, name: str) -> Any:
    return next(item for item in document["zones"] if item["zone"] == zone)[name]


def test_no_key_is_slipped_into_the_directory(place: Estate) -> None:
    """Casework's own check, with the pin from its settings, over every forged document."""
    path = place.homes[CASEWORK] / "directory.json"
    true = path.read_bytes()
    pin = (place.settings.home / "directory.pin").read_text("ascii")
    settings = place.house.settings.model_copy(update={"directory_pin": pin})
    try:
        for name, document in directories(place).items():
            path.write_bytes(document)
            with pytest.raises(DirectoryRejected):
                read_directory(settings)
            assert document != true, name
    finally:
        path.write_bytes(true)
    assert read_directory(settings).of(CASEWORK)


def test_a_process_does_not_start_on_a_forged_directory(place: Estate, tmp_path: Path) -> None:
    """Even where the attacker edits the pin file too: the pin in the settings is from another hand."""
    home = tmp_path / "home"
    shutil.copytree(place.homes[CARITAS], home)
    (home / "directory.json").write_bytes(directories(place)["signed by a key of its own"])
    forged = sha256(b"whatever the attacker likes").hexdigest()
    (home / "directory.pin").write_text(forged)
    process = place.start(CARITAS, home)
    assert process.process.wait(PATIENCE) == 1
    assert "directory_rejected" in process.said()
