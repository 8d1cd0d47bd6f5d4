"""The proof of the third wall: whoever owns a zone, with both databases, opens what was released to it. No more.

Follow-up, a partner and oversight really run, each as `parefeu serve --zone` on PostgreSQL with its own role,
keys and home. The attacker takes a process whole (environment, files, open files, memory, keys, credentials),
adds every row of both databases, and tries everything with everything (`attacker.py`). The same attacker with
casework's keys opens every record: what stays closed, stays closed for want of a key.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from bench.pg import Postgres
from gateway.clock import SystemClock, SystemEntropy
from gateway.instance import read_directory
from tests.attacks.attacker import Attacker, Rows, Taken, release_context
from tests.attacks.estate import ANSWERED, CANARY, OWNED, Estate, Process, as_superuser, estate, restored
from tests.house import CARITAS, FEDASIL
from vault.crypto.directory import DirectoryEntry, sign_directory
from vault.crypto.envelope import ReleaseContext, seal_release
from vault.crypto.hierarchy import ZoneKeyring
from vault.crypto.record import RecordContext, seal_record
from vault.crypto.signing import SigningKey
from vault.crypto.wrap import WrapContext
from vault.errors import DirectoryRejected
from vault.ids import CaseId, EntryId, KeyId, ReleaseId
from vault.pseudonyms import LOG, PseudonymKeys, domain_of
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Compartment, Kind, Purpose, Zone

pytestmark = pytest.mark.xdist_group("owned_zone")

ENTROPY: Final = SystemEntropy()
Loot = dict[Zone, tuple[list[ZoneKeyring], list[bytes]]]
GUESSES: Final = [("ov_number", f"812345{digit}") for digit in range(10)]


@pytest.fixture(scope="module")
def place(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with estate(postgres, tmp_path_factory.mktemp("estate")) as made:
        for zone, path in ((FOLLOW_UP, "sheets/"), (CARITAS, "referrals/"), (OVERSIGHT, "sheets/")):
            # Each has opened what is its own, so that whatever is ever in its memory is there.
            name = {FOLLOW_UP: "follow_up", CARITAS: "caritas", OVERSIGHT: "oversight"}[zone]
            assert made.owned[zone].get(f"/{path}{made.release[name]}").status_code == 200
        yield made


@pytest.fixture(scope="module")
def dump(place: Estate) -> Rows:
    return place.dump()


@pytest.fixture(scope="module")
def loot(place: Estate) -> Loot:
    """The keys that each owned zone's attacker finds with what lies in the process's files and environment."""
    found = {zone: place.owned[zone].unlocked() for zone in OWNED}
    for zone, (rings, _) in found.items():
        assert [ring.zone for ring in rings] == [zone], "what lies in its home opens its own keyring, no other"
    return found


@pytest.fixture(scope="module")
def spoils(dump: Rows, loot: Loot) -> dict[Zone, Taken]:
    """What each owned zone's attacker opened."""
    return {zone: Attacker(*loot[zone], dump).attack(GUESSES) for zone in OWNED}


@pytest.fixture(scope="module")
def keyring(place: Estate) -> ZoneKeyring:
    """Casework's: for the positive control, and to know what must not be found."""
    return place.keyring(CASEWORK)


def released_to(dump: Rows, zone: Zone) -> set[tuple[str, str]]:
    rows = [row for row in dump["exchange.releases"] if row["reader"] == str(zone)]
    assert rows
    return {("exchange.releases", row["release_id"].hex()) for row in rows}


# -- what opens ----------------------------------------------------------------------------------------


def test_the_attacker_with_caseworks_keys_opens_every_record(place: Estate, dump: Rows, keyring: ZoneKeyring) -> None:
    """The positive control: the engine works, and only keys stop it."""
    taken = Attacker([keyring], [], dump).attack(GUESSES)
    answers = {("exchange.answers", row["answer_id"].hex()) for row in dump["exchange.answers"]}
    assert len(answers) == 2
    assert set(taken.opened) == answers | {
        ("casework.records", f"{row['record_id'].hex()}/{row['version']}") for row in dump["casework.records"]
    }
    assert all(mark.encode() in taken.texts() for mark in ANSWERED.values())
    assert all(mark.encode() in taken.texts() for name, mark in CANARY.items() if name != "reason")
    assert set(taken.by_compartment()) == {"identity", "contact", "narrative"}
    maker = PseudonymKeys(keyring.pseudonym_root) if keyring.pseudonym_root else None
    assert maker is not None
    for name, zone in (("handed_over", FOLLOW_UP), ("handed_over", OVERSIGHT), ("caritas", CARITAS)):
        case = CaseId(place.case_id(name))
        assert maker.token(domain_of(zone), case).token in taken.tokens
        assert maker.token(LOG, case).token in taken.tokens
    assert len(taken.indexed) == 4
    assert len(taken.named) == 6  # casework's staff


def test_owned_follow_up_opens_its_sheet_and_nothing_else(dump: Rows, spoils: dict[Zone, Taken]) -> None:
    taken = spoils[FOLLOW_UP]
    assert set(taken.opened) == released_to(dump, FOLLOW_UP)
    assert taken.by_compartment() == {"outcome_sheet": 1}
    [found] = taken.opened.values()
    assert json.loads(found.text)["ov_number"] == "8123451"
    assert not any(mark.encode() in taken.texts() for mark in CANARY.values())


def test_an_owned_partner_opens_its_referral_and_nothing_else(dump: Rows, spoils: dict[Zone, Taken]) -> None:
    taken = spoils[CARITAS]
    # Two were sealed to it; the one that was withdrawn its database role no longer reads, but here it has every row.
    assert set(taken.opened) == released_to(dump, CARITAS)
    assert len(taken.opened) == 2
    assert all(json.loads(found.text).keys() == {"family_name", "phone", "need"} for found in taken.opened.values())
    assert not any(word.encode() in taken.texts() for word in ANSWERED.values()), "not even its own answers"
    confided = set(CANARY) - {"family"}  # the name was consented to
    assert not any(CANARY[name].encode() in taken.texts() for name in confided)


def test_owned_oversight_opens_audit_details_and_sheets_without_numbers(dump: Rows, spoils: dict[Zone, Taken]) -> None:
    taken = spoils[OVERSIGHT]
    details = {("log.outbox", row["entry_id"].hex()) for row in dump["log.outbox"]}
    assert set(taken.opened) == released_to(dump, OVERSIGHT) | details
    assert len(details) > 30
    sheets = [found.text for found in taken.opened.values() if found.table == "exchange.releases"]
    assert all(not {"ov_number", "oqt_reference"} & json.loads(sheet).keys() for sheet in sheets)
    confided = set(CANARY) - {"reason"}  # why a coach restored names is for oversight to judge
    assert not any(CANARY[name].encode() in taken.texts() for name in confided)


def test_zones_that_collude_open_what_each_could_and_no_more(dump: Rows, loot: Loot, spoils: dict[Zone, Taken]) -> None:
    rings = [ring for one in loot.values() for ring in one[0]]
    roots = [root for one in loot.values() for root in one[1]]
    taken = Attacker(rings, roots, dump).attack(GUESSES)
    assert set(taken.opened) == {item for one in spoils.values() for item in one.opened}
    assert taken.tokens == set()
    assert taken.indexed == set()


@pytest.mark.parametrize("zone", OWNED, ids=str)
def test_an_owned_zone_recomputes_no_pseudonym_and_no_index(spoils: dict[Zone, Taken], dump: Rows, zone: Zone) -> None:
    taken = spoils[zone]
    assert taken.tries > 100_000
    assert taken.tokens == set()
    assert taken.indexed == set()
    own = {row["actor_id"] for row in dump["auth.staff"] if row["zone"] == str(zone)}
    assert taken.named == own, "its own staff's names in the log, by design; nobody else's"


# -- what lies about in the process --------------------------------------------------------------------


@pytest.mark.parametrize("zone", OWNED, ids=str)
def test_a_zones_process_holds_no_key_and_no_word_of_another(place: Estate, keyring: ZoneKeyring, zone: Zone) -> None:
    """Files, environment, open files and memory: no other zone's secret, nothing confided that was not released."""
    process = place.owned[zone]
    secrets = _secrets(keyring)
    for other in (*OWNED, FEDASIL):
        if other != zone:
            secrets |= {f"{other} {n}": s for n, s in _secrets(place.keyring(other)).items()}
    allowed = {CARITAS: {"family"}, OVERSIGHT: {"reason"}}.get(zone, set())
    words = {name: mark.encode() for name, mark in CANARY.items() if name not in allowed}
    held = [*process.files().values(), *(f"{k}={v}".encode() for k, v in process.environment().items())]
    for name, wanted in (secrets | words).items():
        assert not any(wanted in content for content in held), name
    own = place.keyring(zone).log_key.expose()
    seen = set()
    for piece in process.memory():
        seen |= {name for name, wanted in (secrets | words | {"own": own}).items() if wanted in piece}
    assert seen == {"own"}, "its own key is found, so the search works; nothing else is"
    assert not any(mark in process.said() for mark in CANARY.values())


def _secrets(ring: ZoneKeyring) -> dict[str, bytes]:
    named = {
        "sealing": ring.sealing.secret, "signing": ring.signing.secret, "wrapper": ring.wrapper.secret,
        "log": ring.log_key, "root": ring.pseudonym_root, "index": ring.blind_index_key,
    }  # fmt: skip
    return {name: secret.expose()[:32] for name, secret in named.items() if secret is not None}


@pytest.mark.parametrize("zone", OWNED, ids=str)
def test_its_database_credentials_show_no_more_than_its_own(place: Estate, zone: Zone) -> None:
    found = place.owned[zone].environment()
    with psycopg.connect(found["PAREFEU_DATABASE_URL"]) as main, psycopg.connect(found["PAREFEU_KEYSTORE_URL"]) as keys:
        readers = main.execute("SELECT DISTINCT reader FROM exchange.releases").fetchall()
        assert readers == [(str(zone),)]
        assert keys.execute("SELECT DISTINCT reader FROM keystore.wraps").fetchall() == [(str(zone),)]
        assert main.execute("SELECT DISTINCT zone FROM auth.staff").fetchall() == [(str(zone),)]
        for table in ("casework.records", "casework.cases", "casework.blind_index"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                main.execute(f"SELECT 1 FROM {table}".encode())
            main.rollback()


@pytest.mark.parametrize("zone", OWNED, ids=str)
def test_a_process_serves_its_own_zone_and_no_other(place: Estate, zone: Zone) -> None:
    process = place.owned[zone]
    paths = process.get("/../openapi.json").json()["paths"] if zone != CARITAS else {}
    assert not any(path.startswith("/casework") for path in paths)
    case, note = place.case["kept"], place.note["kept"]
    assert process.get(f"/../casework/cases/{case}/notes/{note}").status_code == 404


# -- forging -------------------------------------------------------------------------------------------


def refused(reply: Any, code: str) -> None:
    assert reply.status_code == (410 if code == "erased" else 500), reply.text
    assert reply.json()["type"].rpartition(":")[2] == code
    assert not any(mark in reply.text for mark in CANARY.values())


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


def read_release(process: Process, release: str) -> Any:
    return process.get(f"/{'referrals' if process.zone == CARITAS else 'sheets'}/{release}")


#: A true release, changed as superuser: what, and how.
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
    assert process.process.wait(40) == 1
    assert "directory_rejected" in process.said()


# -- rows moved about ----------------------------------------------------------------------------------

_SWAP: Final = (
    "UPDATE casework.records a SET {set} FROM casework.records b WHERE "
    "(a.record_id, a.version) IN ((%(one)s, %(va)s), (%(two)s, %(vb)s)) AND "
    "(b.record_id, b.version) IN ((%(one)s, %(va)s), (%(two)s, %(vb)s)) AND (a.record_id, a.version) <> "
    "(b.record_id, b.version)"
)
#: What is moved (statement), between which notes (names in the estate, version), and in which database.
MOVED: Final[dict[str, tuple[str, tuple[str, int], tuple[str, int], str]]] = {
    "texts of two notes of one case": (_SWAP.format(set="sealed = b.sealed"), ("kept", 2), ("other", 1), "main"),
    "texts of two cases": (_SWAP.format(set="sealed = b.sealed"), ("caritas", 1), ("fedasil", 1), "main"),
    "texts and keys of two cases": (
        _SWAP.format(set="sealed = b.sealed, key_id = b.key_id"), ("caritas", 1), ("fedasil", 1), "main",
    ),
    "texts of two versions": (_SWAP.format(set="sealed = b.sealed"), ("kept", 1), ("kept", 2), "main"),
    "keys of two cases": (_SWAP.format(set="key_id = b.key_id"), ("caritas", 1), ("fedasil", 1), "main"),
    "a note into another case": (
        "UPDATE casework.records SET case_id = (SELECT case_id FROM casework.records WHERE record_id = %(one)s "
        "LIMIT 1) WHERE record_id = %(two)s", ("caritas", 1), ("fedasil", 1), "moved",
    ),
    "an old version under a new number": (
        "INSERT INTO casework.records SELECT record_id, 3, case_id, kind, provenance, template, language, author, "
        "written_at, key_id, sealed, entry_id FROM casework.records WHERE record_id = %(one)s AND version = 1",
        ("kept", 1), ("kept", 1), "main",
    ),
    "an old version in the newest one's place": (
        "UPDATE casework.records SET sealed = (SELECT sealed FROM casework.records WHERE record_id = %(one)s "
        "AND version = 1) WHERE record_id = %(one)s AND version = 2", ("kept", 1), ("kept", 1), "main",
    ),
    "the contact sheet into a note": (
        "UPDATE casework.records n SET sealed = c.sealed, key_id = c.key_id FROM casework.records c "
        "WHERE n.record_id = %(one)s AND c.case_id = n.case_id AND c.kind = 'contact'",
        ("caritas", 1), ("caritas", 1), "main",
    ),
    "a sheet of follow-up into a note": (
        "UPDATE casework.records SET sealed = r.sealed, key_id = r.key_id FROM exchange.releases r "
        "WHERE record_id = %(one)s AND reader = 'follow_up'", ("handed_over", 1), ("handed_over", 1), "main",
    ),
    "one flipped bit": (
        "UPDATE casework.records SET sealed = set_byte(sealed, 90, get_byte(sealed, 90) # 1) WHERE record_id = %(one)s",
        ("caritas", 1), ("caritas", 1), "main",
    ),
    "the end cut off": (
        "UPDATE casework.records SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE record_id = %(one)s",
        ("caritas", 1), ("caritas", 1), "main",
    ),
    "nothing": (
        "UPDATE casework.records SET sealed = '' WHERE record_id = %(one)s", ("caritas", 1), ("caritas", 1), "main",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MOVED)
def test_rows_moved_about_are_refused(place: Estate, what: str) -> None:
    statement, (one, first), (two, second), where = MOVED[what]
    values = {
        "one": bytes.fromhex(place.note[one]), "two": bytes.fromhex(place.note[two]), "va": first, "vb": second,
    }  # fmt: skip
    seen = [(one, one), (two, two)] if where == "main" else [(one, two)]
    with restored(place.wall, "casework.records"):
        with place.wall.superuser() as admin:
            admin.execute("SET session_replication_role = replica")
            assert admin.execute(statement.encode(), values).rowcount in (1, 2)
        for case, note in seen:
            case = "kept" if case == "other" else case
            # A key that was never casework's has no wrap for casework: as if it had been destroyed.
            code = "erased" if what.startswith("a sheet") else "record_tampered"
            refused(place.coach.get(f"/cases/{place.case[case]}/notes/{place.note[note]}"), code)
    for case, note in seen:
        case = "kept" if case == "other" else note
        assert place.coach.get(f"/cases/{place.case[case]}/notes/{place.note[note]}").status_code == 200


def test_wraps_moved_between_keys_are_refused(place: Estate, dump: Rows) -> None:
    """Between two cases, and between two compartments of one."""
    keys = {(row["case_id"], row["compartment"]): row["key_id"] for row in dump["casework.data_keys"]}
    case, other = place.case_id("caritas"), place.case_id("fedasil")
    for a, b in (
        (keys[case, "narrative"], keys[other, "narrative"]),
        (keys[case, "narrative"], keys[case, "contact"]),
        (keys[case, "narrative"], keys[case, "identity"]),
    ):
        with restored(place.wall, "keystore.wraps"):
            as_superuser(
                place.wall,
                "UPDATE keystore.wraps x SET wrap = y.wrap FROM keystore.wraps y "
                "WHERE x.key_id IN (%s, %s) AND y.key_id IN (%s, %s) AND x.key_id <> y.key_id",
                a, b, a, b, database="keystore",
            )  # fmt: skip
            refused(place.coach.get(f"/cases/{place.case['caritas']}/notes/{place.note['caritas']}"), "record_tampered")


@pytest.mark.parametrize("kind", ["identity", "contact"])
def test_a_record_called_a_note_does_not_open_as_one(place: Estate, dump: Rows, kind: str) -> None:
    case = place.case_id("caritas")
    row = next(r for r in dump["casework.records"] if r["case_id"] == case and r["kind"] == kind)
    with restored(place.wall, "casework.records"):
        as_superuser(place.wall, "UPDATE casework.records SET kind = 'note' WHERE record_id = %s", row["record_id"])
        refused(place.coach.get(f"/cases/{place.case['caritas']}/notes/{row['record_id'].hex()}"), "record_tampered")


def test_a_detail_moved_to_another_entry_is_refused(place: Estate, dump: Rows) -> None:
    rows = [row for row in dump["log.outbox"] if row["detail"]][:2]
    with restored(place.wall, "log.outbox"):
        as_superuser(
            place.wall, "UPDATE log.outbox SET detail = %s WHERE entry_id = %s", rows[0]["detail"], rows[1]["entry_id"]
        )
        refused(place.owned[OVERSIGHT].get(f"/entries/{rows[1]['entry_id'].hex()}/detail"), "record_tampered")
