"""Notes: every version is kept, nobody loses text, and a text that cannot be meant is refused."""

from __future__ import annotations

import asyncio
import json
import threading
import unicodedata
from typing import Any, Final

from sqlalchemy import delete, func, select

from gateway.auth.sessions import hash_token
from gateway.clock import SystemEntropy
from gateway.settings import Settings
from gateway.wiring import Services, build
from tests.api.stage import NOTE, Stage
from tests.api.support import counts, entries, since
from tests.crash.checks import faults
from tests.house import CASE, House, decided, house_on, shipped_firewall
from tests.unit.crypto.kit import WeakFileRoot
from vault.errors import StaleVersion
from vault.ids import RecordId
from vault.storage import tables as t
from vault.usecases import notes
from vault.usecases.casework import parse_reference
from vault.usecases.sign_in import authenticate
from vault.vocabulary import CASEWORK

WRITERS: Final = 6


def _revise(house: House, case: str, note: str, text: str, based_on: Any, **changed: Any) -> Any:
    body = NOTE | {"text": text, "based_on": based_on} | changed
    return house.client("coach").put(f"/cases/{case}/notes/{note}", json=body)


def test_every_version_is_kept(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case, "Première version.")
    for number, text in enumerate(("Deuxième version.", "Troisième version."), start=1):
        assert _revise(house, case, note, text, number).json()["version"] == number + 1
    versions = coach.get(f"/cases/{case}/notes/{note}/versions").json()["versions"]
    assert [line["version"] for line in versions] == [3, 2, 1]
    assert all("text" not in line for line in versions)
    texts = [coach.get(f"/cases/{case}/notes/{note}/versions/{number}").json()["text"] for number in (1, 2, 3)]
    assert texts == ["Première version.", "Deuxième version.", "Troisième version."]
    assert coach.get(f"/cases/{case}/notes/{note}").json()["text"] == "Troisième version."
    assert [line["note"] for line in coach.get(f"/cases/{case}/notes").json()["notes"]] == [note]
    assert faults(house.settings) == []


def test_a_conflict_shows_both_texts_and_loses_neither(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case, "Base commune.")
    assert _revise(house, case, note, "Ma version.", 1).status_code == 200
    before, rows = len(entries(house)), counts(house)
    second = _revise(house, case, note, "Son autre version.", 1)
    assert second.status_code == 409
    told = second.json()
    assert (told["expected"], told["current"]) == (1, 2)
    assert [version["text"] for version in told["versions"]] == ["Ma version.", "Base commune."]
    written = since(house, before)
    assert [(e["action"], e["outcome"]) for e in written] == [("write", "stale_version"), ("read", ""), ("read", "")]
    assert counts(house) == rows
    assert _revise(house, case, note, "Son autre version, fusionnée.", 2).json()["version"] == 3


def test_a_revision_of_a_version_that_is_not_there(lite_house: House) -> None:
    case, note = Stage(lite_house).noted()
    for based_on, status in ((0, 400), (-1, 400), (3, 409), (2**31 - 1, 409), (2**31, 400), (10**40, 400)):
        reply = _revise(lite_house, case, note, "Texte", based_on)
        assert reply.status_code == status, based_on
        if status == 409:
            assert len(reply.json()["versions"]) == 2, "even then the author gets the present text"


def test_a_version_that_is_not_there(lite_house: House) -> None:
    case, note = Stage(lite_house).noted()
    for version in ("0", "-1", "99", "2147483648", "1" * 40, "one", "1.5", "é"):
        reply = lite_house.client("coach").get(f"/cases/{case}/notes/{note}/versions/{version}")
        assert reply.status_code == (404 if version == "99" else 400), version


def test_of_writers_at_once_exactly_one_wins(house: House) -> None:
    """All in one group or in several: the primary key decides, and the others are told the number."""
    case, note = Stage(house).noted()
    services = house.services
    casework = services.casework
    assert casework is not None
    token = _hash(house)

    def job(text: str) -> Any:
        cmd = notes.WriteNote(parse_reference(case), text, "fr", "intake", RecordId.parse(note), 1)
        return lambda uow: notes.write_note(uow, authenticate(uow, token, "", house.clock), cmd, casework)

    async def race() -> list[Any]:
        return await asyncio.gather(
            *(services.worker.submit(CASEWORK, job(f"Version {n}"), quick=n % 2 == 0) for n in range(WRITERS)),
            return_exceptions=True,
        )

    replies = asyncio.run(race())
    assert sum(isinstance(reply, dict) for reply in replies) == 1
    assert sum(isinstance(reply, StaleVersion) for reply in replies) == WRITERS - 1
    assert faults(house.settings) == []


def test_of_writers_in_two_processes_exactly_one_wins(postgres_settings: Settings) -> None:
    """Two services on one database, as two gateways would be: the second waits for the first one's commit."""
    settings = postgres_settings
    with house_on(settings) as house:
        case, note = Stage(house).noted()
        token = _hash(house)
        other = build(
            settings, clock=house.clock, entropy=SystemEntropy(), root=WeakFileRoot, firewall=shipped_firewall()
        )
        ready, replies = threading.Barrier(2), []

        def write(services: Services, version: int) -> None:
            casework = services.casework
            assert casework is not None
            text = f"Version de {id(services)}"
            cmd = notes.WriteNote(parse_reference(case), text, "fr", "intake", RecordId.parse(note), version)
            ready.wait()
            try:
                replies.append(
                    services.worker.run(
                        CASEWORK,
                        lambda uow: notes.write_note(uow, authenticate(uow, token, "", house.clock), cmd, casework),
                    )
                )
            except StaleVersion as stale:
                replies.append(stale)

        for version in range(1, 6):
            replies.clear()
            threads = [threading.Thread(target=write, args=(s, version)) for s in (house.services, other)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(type(reply).__name__ for reply in replies) == ["StaleVersion", "dict"]
        other.close()
        assert faults(settings) == []


def _hash(house: House) -> bytes:
    return hash_token(house.client("coach").token)


def test_the_notice_comes_first(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach, notice=False)
    rows, before = counts(lite_house), len(entries(lite_house))
    refused = coach.post(f"/cases/{case}/notes", json=NOTE)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "notice_missing")
    assert counts(lite_house) == rows
    assert [(e["action"], e["outcome"], e["count"]) for e in since(lite_house, before)] == [
        ("write", "notice_missing", 0)
    ]
    coach.post(f"/cases/{case}/steps/give-notice", json={"language": "fr", "leaflet": "2026-1"})
    assert coach.post(f"/cases/{case}/notes", json=NOTE).status_code == 201


GOOD: Final = {
    "one letter": "a",
    "combining accents": "e\u0301le\u0300ve",
    "Arabic": "قالت إنها خائفة",
    "Georgian and emoji": "დედა 👩‍👧‍👦 🇬🇪",
    "line breaks and tabs": "Un\n\n\tdeux\n",
    "the largest": "à" * 65_536,
    "what looks like markup": "<script>alert('x')</script> & {{7*7}} %s ${x} '; DROP TABLE cases; --",
}
BAD: Final = {
    "empty": "",
    "blank": " \n\t ",
    "a NUL": "avant\x00après",
    "an escape": "rouge \x1b[31m",
    "a bell": "\x07 ding",
    "delete": "a\x7fb",
    "half a character": "\ud83d oups",
    "the other half": "\udc00 oups",
    "one byte too many": "à" * 65_536 + "a",
}


def test_a_text_comes_back_as_it_was_written(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    for name, text in GOOD.items():
        reply = decided(coach, f"/cases/{case}/notes", NOTE | {"text": text})
        assert reply.status_code == 201, (name, reply.text)
        read = coach.get(f"/cases/{case}/notes/{reply.json()['note']}").json()["text"]
        assert unicodedata.normalize("NFC", read) == unicodedata.normalize("NFC", text), name


def test_a_text_that_cannot_be_meant_is_refused_and_not_repeated(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    rows = counts(lite_house)
    for name, text in BAD.items():
        body = json.dumps(NOTE | {"text": text})  # lone surrogates as \\ud83d
        reply = coach.post(f"/cases/{case}/notes", content=body, headers={"content-type": "application/json"})
        assert reply.status_code == 400, (name, reply.status_code)
        assert reply.json()["issues"], name
        assert "oups" not in reply.text
        assert "après" not in reply.text
    assert counts(lite_house) == rows


def test_template_and_language_are_closed_lists(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    wrong: tuple[dict[str, Any], ...] = (
        {"template": "poem"}, {"template": ""}, {"template": 1}, {"language": "it"}, {"language": "FR"},
        {"language": None},
    )  # fmt: skip
    for changed in wrong:
        assert coach.post(f"/cases/{case}/notes", json=NOTE | changed).status_code == 400, changed


def test_names_are_stored_as_stand_ins_and_restored_by_an_act_of_its_own(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    note = lite_house.write_note(coach, case, "Vu Aminata Diallo à la permanence.")
    assert "Diallo" not in coach.get(f"/cases/{case}/notes/{note}").text
    before = len(entries(lite_house))
    assert coach.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "    "}).status_code == 400
    assert coach.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "x" * 501}).status_code == 400
    assert coach.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "appel \u202e urgent"}).status_code == 400
    assert since(lite_house, before) == []
    told = coach.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "appel à préparer"}).json()
    assert told["text"] == "Vu Aminata Diallo à la permanence."
    start, end = told["restored_spans"][0]
    assert told["text"][start:end] == "Aminata Diallo"
    (entry,) = since(lite_house, before)
    assert (entry["action"], entry["object"], entry["outcome"]) == ("reveal", note, "names_restored")
    assert "appel" not in str(entry)
    detail = lite_house.client("auditor").get(f"/entries/{entry['entry']}/detail").json()
    assert (detail["reason"], detail["actor_name"]) == ("appel à préparer", "Coach")


def test_a_destroyed_key_binds_the_very_next_request(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case, "Ne doit plus s'ouvrir.")
    url = f"/cases/{case}/notes/{note}"
    assert coach.get(url).status_code == 200
    with house.services.store.keystore.engine.connect() as connection:
        connection.execute(delete(t.wraps))
        connection.commit()
    before = len(entries(house))
    for path in (url, f"{url}/versions/1", f"/cases/{case}/identity", f"/cases/{case}/contact"):
        gone = coach.get(path)
        assert gone.status_code == 410, path
        assert "ouvrir" not in gone.text
    assert coach.post(f"{url}/reveal", json={"reason": "pour voir"}).status_code == 410
    assert coach.post("/search", json={"word": "ouvrir"}).json()["notes"] == []
    assert _revise(house, case, note, "Encore", 1).status_code == 410
    # Each look at what is no longer there is in the log: allowed, and in vain. (Of revealing, the first half.)
    assert [entry["outcome"] for entry in since(house, before)].count("erased") == 5


def test_a_tampered_record_is_refused_and_leaves_an_entry(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    note = lite_house.write_note(coach, case, "Texte authentique.")
    with lite_house.services.store.main.engine.connect() as connection:
        where = t.records.c.record_id == bytes.fromhex(note)
        row = connection.execute(select(t.records.c.sealed, t.records.c.entry_id).where(where)).one()
        sealed = bytes(row[0])
        other = connection.execute(
            select(t.entries.c.entry_id).where(t.entries.c.entry_id != row[1]).limit(1)
        ).scalar_one()
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute(t.records.update().where(where).values(sealed=changed, entry_id=other))
        connection.commit()
    before = len(entries(lite_house))
    reply = coach.get(f"/cases/{case}/notes/{note}")
    assert reply.status_code == 500
    assert set(reply.json()) == {"type", "title", "status", "instance"}
    (entry,) = since(lite_house, before)
    assert (entry["action"], entry["object"], entry["outcome"]) == ("read", note, "record_tampered")
    assert faults(lite_house.settings) != []


def test_identity_and_contact_keep_their_versions_too(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    people = [CASE["people"][0] | {"family_name": "Barry"}]
    body = {"people": people, "ov_number": "8123456", "based_on": 1}
    assert coach.put(f"/cases/{case}/identity", json=body).json()["version"] == 2
    assert coach.put(f"/cases/{case}/identity", json=body).status_code == 409
    assert (
        coach.put(f"/cases/{case}/contact", json=CASE["contact"] | {"phone": "", "based_on": 1}).json()["version"] == 2
    )
    assert coach.get(f"/cases/{case}/identity").json()["people"][0]["family_name"] == "Barry"
    with lite_house.services.store.main.engine.connect() as connection:
        kept = connection.execute(
            select(t.records.c.kind, func.count()).group_by(t.records.c.kind).order_by(t.records.c.kind)
        ).all()
    assert {(row[0], row[1]) for row in kept} >= {("contact", 2), ("identity", 2)}
    assert faults(lite_house.settings) == []
