"""Whoever owns a zone's database role adds entries of any bytes to the log. The auditor's desk goes on, and says so."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from gateway.cli.doctoring import look
from gateway.log.ocsf import Leaf, encode, event_of
from tests.api.support import entries
from tests.house import House
from vault.audit.merkle import leaf_hash
from vault.storage import tables as t

#: A lane of the attacker's own: no process of the vault writes there.
LANE: Final = bytes.fromhex("5a" * 8)


#: What the attacker adds, in order: bytes, or words to change in an entry that is well made.
MADE: Final[tuple[bytes | dict[str, Any], ...]] = (
    b"\xff\xfe", b"", b"{}", b"[" * 5_000,
    {"subject": "x" * 4_000}, {"role": "a\x00b"}, {"at": "never"},
    {"at": "0001-01-01T00:00:00.000000+23:59"}, {"at": "9999-12-31T23:59:59.999999+00:00"},  # no hour of Brussels
    {"at": "2026-11-03T10:00:00.000000+01:00"},  # a moment, and not as this program writes it
    {"count": "many"}, {"session": "nobody"},
    {"zone": "casework"},  # in the name of another zone
    {"entry": "00" * 16},  # in the place of another entry
    {"action": "<script>alert(1)</script>", "kind": "unheard_of"},  # well made, of words that nobody knows
)  # fmt: skip
ILLEGIBLE: Final = len(MADE) - 1


def body(number: int, example: dict[str, Any]) -> bytes:
    """example: the fields of a real entry."""
    words = MADE[number]
    if isinstance(words, bytes):
        return words
    own = {"entry": entry_id(number).hex(), "lane": LANE.hex(), "number": number, "zone": "follow_up"}
    return json.dumps({**example, **own, **words}, sort_keys=True, separators=(",", ":")).encode()


def entry_id(number: int) -> bytes:
    return LANE + number.to_bytes(8, "big")


@pytest.fixture
def attacked(house: House) -> tuple[House, str]:
    """After the attack; the case that the last real entry is about."""
    coach = house.client("coach")
    case = house.open_case(coach)
    assert coach.get(f"/cases/{case}").status_code == 200
    example = next(entry for entry in reversed(entries(house)) if entry["subject"])
    rows = [{"entry_id": entry_id(number), "body": body(number, example)} for number in range(len(MADE))]
    with house.services.store.main.engine.begin() as connection:
        connection.execute(t.lanes.insert().values(lane=LANE, zone="follow_up", opened_at=house.clock.now()))
        connection.execute(t.entries.insert(), rows)
        connection.execute(t.outbox.insert().values(entry_id=rows[0]["entry_id"], epoch=0, detail=None, run=len(rows)))
    return house, case


def test_the_auditor_sees_them_and_everything_else(attacked: tuple[House, str]) -> None:
    house, _ = attacked
    auditor = house.client("auditor")
    found = auditor.get("/entries", params={"limit": 200}).json()["entries"]
    theirs = [line for line in found if line["entry"].startswith(LANE.hex())]
    assert len(theirs) == len(MADE), "none is kept from the auditor"
    assert len(found) > len(theirs) + 3, "nor is anything else"
    illegible = [line for line in theirs if line["action"] == "illegible"]
    assert len(illegible) == ILLEGIBLE, "one is well made, of words that nobody knows"
    assert {(line["zone"], line["kind"]) for line in illegible} == {("follow_up", "audit_entry")}
    assert auditor.get("/entries", params={"action": "illegible"}).json()["entries"] != []
    state = auditor.get("/log-state").json()
    assert state["illegible"] == len(illegible)


def test_no_look_at_the_log_fails(attacked: tuple[House, str]) -> None:
    house, _ = attacked
    period = {"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
    for role in ("auditor", "dpo"):
        client = house.client(role)
        for path in ("entries", "explanations", "findings", "samples", "reviews", "emergencies", "log-state",
                     "ceremonies", "log-figures", "detection-rules"):  # fmt: skip
            heard = client.get(f"/{path}", params={} if path == "detection-rules" else period)
            assert heard.status_code < 500, (role, path, heard.text)
        heard = client.get("/entries", params={"limit": 200})
        assert heard.status_code == 200, (role, heard.text)
        for line in heard.json()["entries"]:
            if line["entry"].startswith(LANE.hex()):
                own = f"/entries/{line['entry']}"
                assert client.get(own).status_code == 200
                assert client.get(f"{own}/explanation").status_code < 500
                assert client.get(f"{own}/detail").status_code == 404


#: Well made, about the case, and of words that no report has.
UNHEARD_OF: Final[tuple[dict[str, Any], ...]] = (
    {"role": "nobody"}, {"purpose": "unheard_of"}, {"action": "release_begun", "outcome": "no zone"},
    {"action": "release_begun", "outcome": ""}, {"outcome": "filed withheld_until=never", "object": "aa"},
    {"outcome": "filed withheld_until=9999-12-31", "object": "bb"}, {"object": "bb", "role": "unheard_of"},
)  # fmt: skip


def test_the_persons_report_is_made_and_nothing_is_kept_from_it(house: House) -> None:
    """Follow-up knows its own name of the case, so whoever owns that zone can write entries about it."""
    coach, officer, head, dpo = (house.client(who) for who in ("coach", "officer", "head", "dpo"))
    case = house.open_case(coach)
    sheet = house.hand_over(coach, head, case)
    assert officer.get(f"/sheets/{sheet}").status_code == 200
    example = next(e for e in reversed(entries(house)) if e["zone"] == "follow_up" and e["subject"])
    places = [{"entry": entry_id(n).hex(), "lane": LANE.hex(), "number": n} for n in range(len(UNHEARD_OF))]
    bodies = [{**example, **place, **words} for place, words in zip(places, UNHEARD_OF, strict=True)]
    release = coach.post(f"/cases/{case}/access-report").json()["release"]
    before = dpo.get(f"/access-reports/{release}").json()["report"]
    with house.services.store.main.engine.begin() as connection:
        connection.execute(t.lanes.insert().values(lane=LANE, zone="follow_up", opened_at=house.clock.now()))
        connection.execute(
            t.entries.insert(),
            [
                {"entry_id": entry_id(number), "body": json.dumps(body, sort_keys=True).encode()}
                for number, body in enumerate(bodies)
            ],
        )
    for language in ("fr", "nl", "de", "en"):
        heard = dpo.get(f"/access-reports/{release}", params={"lang": language})
        assert heard.status_code == 200, heard.text
    report = heard.json()["report"]
    assert report["withheld"] == before["withheld"]
    assert report["consultations"] == before["consultations"] + len(UNHEARD_OF) + 4, (
        "each is told, and so is each report"
    )


def test_other_systems_hear_of_each(attacked: tuple[House, str]) -> None:
    house, _ = attacked
    with house.services.store.main.engine.connect() as connection:
        rows = connection.execute(t.entries.select().where(t.entries.c.entry_id > LANE).order_by(t.entries.c.entry_id))
        theirs = [bytes(row.body) for row in rows if bytes(row.entry_id).startswith(LANE)]
    assert len(theirs) == len(MADE)
    for number, made in enumerate(theirs):
        event = event_of(made, Leaf("log.example/2026h2", number, leaf_hash(made), number + 1), bytes(32))
        assert encode(event).isascii()
        assert (event["class_uid"] == 2004) == (number < 12), "it knows no lanes: of those that lie, the tree alone"


def test_the_doctor_names_each(attacked: tuple[House, str]) -> None:
    house, _ = attacked
    named = {finding.what for finding in look(house.settings, house.clock) if finding.check.name == "log_lanes"}
    assert any("not what this program writes" in what for what in named), named
