"""The proof of the third wall: whoever owns a zone, with both databases, opens what was released to it. No more.

Follow-up, a partner and oversight really run, each as `parefeu serve --zone` on PostgreSQL with its own role,
keys and home. The attacker takes a process whole (environment, files, open files, memory, keys, credentials),
adds every row of both databases, and tries everything with everything (`attacker.py`). The same attacker with
casework's keys opens every record: what stays closed, stays closed for want of a key.
"""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.attacks.attacker import Attacker, Rows, Taken
from tests.attacks.estate import ANSWERED, CANARY, GUESSES, OWNED, Estate, Loot
from tests.attacks.granted import BIRTH_DATE
from tests.attacks.walled import ZONES
from tests.house import CARITAS, FEDASIL
from vault.crypto.hierarchy import ZoneKeyring
from vault.ids import CaseId
from vault.pseudonyms import LOG, PseudonymKeys, domain_of
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone


def released_to(dump: Rows, zone: Zone) -> set[tuple[str, str]]:
    """What was sealed to this zone and whose key was not destroyed."""
    destroyed = {row["release_id"] for row in dump["exchange.grants"] if row["erased_at"] is not None}
    rows = [row for row in dump["exchange.releases"] if row["reader"] == str(zone)]
    assert rows
    return {("exchange.releases", row["release_id"].hex()) for row in rows if row["release_id"] not in destroyed}


def requests_for(dump: Rows, zone: Zone) -> set[tuple[str, str]]:
    """The copies of requests for access that this zone reads."""
    rows = [row for row in dump["exchange.access_copies"] if row["reader"] == str(zone)]
    assert len(rows) == 3
    return {("exchange.access_copies", f"{row['request_id'].hex()}/{zone}") for row in rows}


# -- what opens ----------------------------------------------------------------------------------------


def test_the_attacker_with_caseworks_keys_opens_every_record(place: Estate, dump: Rows, keyring: ZoneKeyring) -> None:
    """The positive control: the engine works, and only keys stop it."""
    taken = Attacker([keyring], [], dump).attack(GUESSES)
    answers = {("exchange.answers", row["answer_id"].hex()) for row in dump["exchange.answers"]}
    assert len(answers) == 2
    assert set(taken.opened) == answers | {
        ("casework.records", f"{row['record_id'].hex()}/{row['version']}") for row in dump["casework.records"]
    } | {("casework.drafts", row["draft_id"].hex()) for row in dump["casework.drafts"] if row["sealed"] is not None} | {
        ("casework.attachment_chunks", f"{row['attachment_id'].hex()}/{row['number']}")
        for row in dump["casework.attachment_chunks"]
    } | requests_for(dump, CASEWORK)
    assert len(dump["casework.attachment_chunks"]) == 10
    assert all(mark.encode() in taken.texts() for mark in ANSWERED.values())
    assert all(mark.encode() in taken.texts() for name, mark in CANARY.items() if name != "reason")
    assert set(taken.by_compartment()) == {
        "identity", "contact", "narrative", "sensitive", "stay_analysis", "return_plan",
    }  # fmt: skip
    maker = PseudonymKeys(keyring.pseudonym_root) if keyring.pseudonym_root else None
    assert maker is not None
    for name, zone in (("handed_over", FOLLOW_UP), ("handed_over", OVERSIGHT), ("caritas", CARITAS)):
        case = CaseId(place.case_id(name))
        assert maker.token(domain_of(zone), case).token in taken.tokens
        assert maker.token(LOG, case).token in taken.tokens
    assert len(taken.indexed) == 4
    assert len(taken.named) == 7  # casework's staff


def test_owned_follow_up_opens_its_sheet_what_was_granted_and_nothing_else(
    place: Estate, dump: Rows, spoils: dict[Zone, Taken]
) -> None:
    """Its own requests apart. What was asked for and not granted is not hidden: it is nowhere among the rows."""
    taken = spoils[FOLLOW_UP]
    assert set(taken.opened) == released_to(dump, FOLLOW_UP) | requests_for(dump, FOLLOW_UP)
    assert taken.by_compartment() == {"outcome_sheet": 1, "identity": 1 + 3}
    sheet = taken.opened["exchange.releases", place.release["follow_up"]]
    assert json.loads(sheet.text)["ov_number"] == "8123451"
    grant = json.loads(taken.opened["exchange.releases", place.release["grant"]].text)
    assert set(grant) == {"for", "request", "fields"}
    assert grant["fields"] == {"birth_date": BIRTH_DATE, "procedure_pending": False}
    assert ("exchange.releases", place.release["revoked"]) not in taken.opened
    assert not any(mark.encode() in taken.texts() for mark in CANARY.values())


def test_the_key_of_a_grant_that_was_taken_back_is_nowhere(place: Estate, dump: Rows) -> None:
    """Not even with every key of every zone: the only wrap that there was holds nothing now."""
    row = next(row for row in dump["exchange.releases"] if row["release_id"].hex() == place.release["revoked"])
    assert [each["wrap"] for each in dump["keystore.wraps"] if each["key_id"] == row["key_id"]] == [b""]
    rings = [place.keyring(zone) for zone in ZONES]
    rows = dump | {"exchange.releases": [row], "casework.records": [], "casework.attachment_chunks": []}
    taken = Attacker(rings, [], rows)
    taken._unwrap()
    taken._open_releases([*taken.taken.data_keys, *taken.raw])
    assert ("exchange.releases", place.release["revoked"]) not in taken.taken.opened


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
    assert set(taken.opened) == released_to(dump, OVERSIGHT) | details | requests_for(dump, OVERSIGHT)
    assert len(details) > 30
    asked = [found.text for found in taken.opened.values() if found.table == "exchange.access_copies"]
    assert not any(b"81234" in text or b"about" in text for text in asked), "it never learns whom a request is about"
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
        for table in ("casework.records", "casework.cases", "casework.blind_index", "casework.attachment_chunks",
                      "casework.drafts", "casework.tasks"):  # fmt: skip
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
