"""Committed entries become leaves, once each; a crash, a rival or an altered row never makes a wrong signed head."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import text

from auditor.verify import Failed, verify_logs
from gateway.settings import Settings
from tests.api.support import entries as logged
from tests.crash.snapshot import look
from tests.house import House, house_on
from tests.log.kit import KEY, NAME, POLICY, Keeper, jump, lane_of, verdict
from vault.audit.checkpoint import open_checkpoint
from vault.audit.events import Detail
from vault.audit.log import EPOCH_SECONDS
from vault.audit.log_events import details_erased, heartbeat
from vault.audit.merkle import leaf_hash, root_of
from vault.audit.sequencer import Turned
from vault.errors import LogRolledBack, StoreUnavailable
from vault.storage.tables import detail_keys
from vault.vocabulary import CASEWORK

ORIGIN = f"{NAME}/2026h2"


def tree(house: House, shard: int = 0) -> list[dict[str, Any]]:
    """The entries of one tree in their order, each as its JSON says."""
    found = look(house.settings)
    bodies = {bytes(row["entry_id"]): bytes(row["body"]) for row in found["entries"]}
    rows = sorted((row["leaf"], bytes(row["entry_id"])) for row in found["leaves"] if row["shard"] == shard)
    assert [leaf for leaf, _ in rows] == list(range(len(rows)))
    return [json.loads(bodies[entry]) for _, entry in rows]


def faults(house: House) -> list[str]:
    """What is wrong with the trees as they stand in the databases."""
    found = look(house.settings)
    wrong = []
    bodies = {bytes(row["entry_id"]): bytes(row["body"]) for row in found["entries"]}
    leaves = [bytes(row["entry_id"]) for row in found["leaves"]]
    waiting = [bytes(row["entry_id"]) for row in found["outbox"]]
    if sorted(leaves + waiting) != sorted(bodies):
        wrong.append("not every entry is either a leaf or waiting, once")
    for head in found["heads"]:
        rows = sorted((row["leaf"], bytes(row["entry_id"])) for row in found["leaves"] if row["shard"] == head["shard"])
        hashes = [leaf_hash(bodies[entry]) for _, entry in rows]
        if (head["size"], bytes(head["root"])) != (len(hashes), root_of(hashes)):
            wrong.append(f"the head of {head['origin']} is not that of its leaves")
        key = KEY.signer(head["origin"]).verifier
        notes = [head["note"], *(row["note"] for row in found["checkpoints"] if row["shard"] == head["shard"])]
        for note in notes:
            signed = open_checkpoint(note, [key], head["origin"])
            if signed.root != root_of(hashes[: signed.size]):
                wrong.append(f"a checkpoint of {head['origin']} at {signed.size} has another root")
    return wrong


def work(house: House, notes: int = 3) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    for _ in range(notes):
        house.write_note(coach, case)
    assert coach.get("/cases").status_code == 200


def test_every_committed_entry_becomes_one_leaf(keeper: Keeper) -> None:
    work(keeper.house)
    turned = keeper.turn()
    entries = tree(keeper.house)
    assert [entry["action"] for entry in entries[:3]] == ["lane_opened", "log_opened", "keys_loaded"]
    assert turned.head.size == len(entries)
    assert turned.taken == len(entries) - 3
    assert faults(keeper.house) == []
    found = look(keeper.house.settings)
    assert found["outbox"] == []
    assert {bytes(row["entry_id"]) for row in found["details"]} == {
        bytes(row["entry_id"]) for row in found["entries"] if json.loads(bytes(row["body"]))["commitment"]
    }
    work(keeper.house)
    keeper.turn()
    assert faults(keeper.house) == []
    assert tree(keeper.house)[: len(entries)] == entries


def test_nothing_waits_and_nothing_happens(keeper: Keeper) -> None:
    first = keeper.turn()
    assert keeper.turn() == Turned(first.head)
    assert faults(keeper.house) == []


def test_details_are_read_from_beside_the_keystore(keeper: Keeper) -> None:
    work(keeper.house, notes=1)
    keeper.turn()
    auditor = keeper.house.client("auditor")
    keeper.turn()
    entries = auditor.get("/entries?limit=500").json()["entries"]
    assert len(entries) > 10
    assert {auditor.get(f"/entries/{entry['entry']}/detail").status_code for entry in entries} == {200}


def test_batches_that_are_full_are_followed_by_the_rest(house: House) -> None:
    work(house, notes=10)
    keeper = Keeper(house, batch=4)
    try:
        turns = [keeper.turn()]
        while turns[-1].full:
            turns.append(keeper.turn())
        assert len(turns) > 4
        assert faults(house) == []
        assert look(house.settings)["outbox"] == []
    finally:
        keeper.close()


def test_a_new_half_year_closes_the_tree_and_the_next_one_names_its_head(keeper: Keeper) -> None:
    work(keeper.house)
    keeper.turn()
    work(keeper.house)
    jump(keeper.house, days=60)
    head = keeper.turn().head
    assert (head.shard, head.origin) == (1, f"{NAME}/2027h1")
    old = next(row for row in look(keeper.house.settings)["heads"] if row["shard"] == 0)
    assert old["closed"]
    assert tree(keeper.house)[-1]["action"] == "log_closed"
    opened = tree(keeper.house, 1)[0]
    assert opened["action"] == "log_opened"
    assert opened["object"] == f"{ORIGIN}@{old['size']}:{bytes(old['root']).hex()}"
    assert opened["outcome"] == "period"
    work(keeper.house)
    keeper.turn()
    assert faults(keeper.house) == []
    jump(keeper.house, days=-61)
    work(keeper.house)
    assert keeper.turn().head.shard == 1, "a clock set back reopens nothing"
    assert faults(keeper.house) == []


def test_an_entry_taken_away_before_it_was_a_leaf_leaves_a_gap_that_is_said(keeper: Keeper) -> None:
    coach = keeper.house.client("coach")
    keeper.turn()
    assert coach.get("/cases").status_code == 200
    assert coach.get("/cases").status_code == 200
    lost = max(bytes(row["entry_id"]) for row in look(keeper.house.settings)["outbox"])
    assert coach.get("/cases").status_code == 200
    with keeper.store.main.engine.begin() as connection:
        schema = "" if keeper.store.sqlite else "log."
        for table in ("outbox", "entries"):
            connection.execute(text(f"DELETE FROM {schema}{table} WHERE entry_id = :e"), {"e": lost})
    assert keeper.turn().gaps == 1
    keeper.turn()
    said = [entry for entry in tree(keeper.house) if entry["action"] == "gap_found"]
    assert [entry["object"] for entry in said] == [f"{lost[:8].hex()}:{int.from_bytes(lost[8:], 'big')}"]


@pytest.mark.parametrize("change", ["allow", "previous", "entry"])
def test_an_entry_altered_before_it_was_a_leaf_is_told_and_stops_nobody(keeper: Keeper, change: str) -> None:
    """Who has the database may do it within that second. The tree keeps what it found, and says so."""
    coach = keeper.house.client("coach")
    keeper.turn()
    for _ in range(3):
        assert coach.get("/cases").status_code == 200
    rows = sorted(look(keeper.house.settings)["outbox"], key=lambda row: bytes(row["entry_id"]))
    entry = bytes(rows[0]["entry_id"])
    schema = "" if keeper.store.sqlite else "log."
    with keeper.store.main.engine.begin() as connection:
        where = {"e": entry}
        body = bytes(connection.execute(text(f"SELECT body FROM {schema}entries WHERE entry_id = :e"), where).scalar())
        told = json.loads(body)
        new = {
            "allow": body.replace(b'"decision":"allow"', b'"decision":"deny"'),
            "previous": body.replace(told["previous"].encode(), b"0" * 64),
            "entry": body.replace(told["entry"].encode(), b"1" * 32),
        }[change]
        assert new != body
        connection.execute(text(f"UPDATE {schema}entries SET body = :b WHERE entry_id = :e"), where | {"b": new})
    assert keeper.turn().gaps >= 1
    assert keeper.turn().gaps == 0
    number = told["number"] + (change == "allow")  # a changed verdict shows where the next one should go on
    assert f"{told['lane']}:{number}" in {each["object"] for each in of_gaps(keeper)}
    assert "out_of_place" in {each["outcome"] for each in of_gaps(keeper)}
    assert faults(keeper.house) == []
    with pytest.raises(Failed, match=r"out of place: .*; all else is sound"):
        verify_logs(keeper.live(), POLICY)
    work(keeper.house)
    assert keeper.turn().gaps == 0, "the log goes on"
    assert faults(keeper.house) == []


def of_gaps(keeper: Keeper) -> list[dict[str, Any]]:
    bodies = [bytes(row["body"]) for row in look(keeper.house.settings)["entries"]]
    return [json.loads(body) for body in bodies if b'"action":"gap_found"' in body]


#: What somebody who owns a zone's database role may put into the log.
HOSTILE: list[bytes] = [
    b"\xff\xfe", b"", b"{}",
    b'{"entry":"%(entry)s","previous":"%(previous)s"}',
    b'{"at":"never","entry":"%(entry)s","previous":"%(previous)s"}',
    b'{"at":"2026-11-03T09:00:00","entry":"%(entry)s","previous":"%(previous)s"}',
    b"[" * 65_535,
    b"[" * 65_536,  # longer than any file of the log holds
]  # fmt: skip


def hostile(entry: bytes, body: bytes) -> tuple[bytes, bytes]:
    return entry, body % {b"entry": entry.hex().encode(), b"previous": b"0" * 64} if b"%(" in body else body


def test_nothing_that_a_zone_may_write_stops_the_log(keeper: Keeper) -> None:
    house = keeper.house
    work(house)
    keeper.turn()
    rows = [hostile(bytes([0x5A] * 7 + [at] + [0] * 8), body) for at, body in enumerate(HOSTILE)]
    rows += [hostile(b"\x5b" * 8 + at.to_bytes(8, "big"), body) for at, body in enumerate(HOSTILE[::-1])]
    plant(keeper, rows, [(entry, 1) for entry, _ in rows])
    assert keeper.turn().gaps == 9, "each trouble of each lane is told once"
    keeper.turn()
    found = look(house.settings)
    assert found["outbox"] == [], "nothing is left that every turn would stumble over"
    assert len(found["entries"]) == len(found["leaves"]) + 2, "but for what no file could hold"
    assert {entry["outcome"] for entry in of_gaps(keeper)} == {"missing", "out_of_place", "too_long"}
    work(house)
    keeper.turn()
    with pytest.raises(Failed, match=r"out of place: .*; all else is sound"):
        verify_logs(keeper.live(), POLICY)
    head = look(house.settings)["heads"][-1]
    assert head["size"] == len(look(house.settings)["leaves"])


def test_an_entry_put_after_anothers_lane_stops_neither_the_log_nor_that_zone(keeper: Keeper) -> None:
    house = keeper.house
    work(house)
    keeper.turn()
    last = max(bytes(row["entry_id"]) for row in look(house.settings)["leaves"] if lane_is(house, row, "casework"))
    place = last[:8] + (int.from_bytes(last[8:], "big") + 1).to_bytes(8, "big")
    plant(keeper, [(place, b"{}")], [(place, 1)])
    work(house)
    assert keeper.turn().gaps == 1
    keeper.turn()
    assert [entry["outcome"] for entry in of_gaps(keeper)] == ["out_of_place"]
    assert faults(house) == []


def test_a_detail_key_put_before_anothers_fails_nobodys_request_and_is_said(postgres_settings: Settings) -> None:
    """Every zone adds detail keys, and a row that was sent names the lane it was written in."""
    with house_on(postgres_settings) as house:
        coach, lane = house.client("coach"), house.services.lanes[CASEWORK]
        case = house.open_case(coach)
        before, epoch = lane.lane, int(house.clock.now().timestamp()) // EPOCH_SECONDS
        with house.services.store.keystore.engine.begin() as connection:
            connection.execute(
                detail_keys.insert(),
                [{"lane": before, "epoch": epoch + n, "first": 0, "sealed_key": b"planted"} for n in range(1, 9)],
            )
        for _ in range(2):
            house.clock.move(minutes=11)
            assert coach.get(f"/cases/{case}").status_code == 200
        opened = [e for e in logged(house) if (e["action"], e["lane"]) == ("lane_opened", lane.lane.hex())]
    assert lane.lane != before
    assert [entry["outcome"] for entry in opened] == ["place_taken"]


def lane_is(house: House, row: dict[str, Any], zone: str) -> bool:
    lanes = {bytes(each["lane"]): each["zone"] for each in look(house.settings)["lanes"]}
    return lanes[bytes(row["entry_id"])[:8]] == zone


def plant(keeper: Keeper, entries: list[tuple[bytes, bytes]], outbox: list[tuple[bytes, int]]) -> None:
    schema = "" if keeper.store.sqlite else "log."
    with keeper.store.main.engine.begin() as connection:
        for entry, body in entries:
            connection.execute(
                text(f"INSERT INTO {schema}entries (entry_id, body) VALUES (:e, :b)"), {"e": entry, "b": body}
            )
        for entry, run in outbox:
            connection.execute(
                text(f"INSERT INTO {schema}outbox (entry_id, run, epoch) VALUES (:e, :r, 0)"), {"e": entry, "r": run}
            )


@pytest.mark.parametrize("run", [1, -5, (1 << 31) - 1])
def test_an_outbox_row_of_somebody_else_takes_no_entry_away_and_none_in_twice(keeper: Keeper, run: int) -> None:
    """A row for an entry that is a leaf already, and one in the midst of what another row covers."""
    house = keeper.house
    work(house)
    keeper.turn()
    leaf = min(bytes(row["entry_id"]) for row in look(house.settings)["leaves"])
    lane = lane_of(house)
    written = [lane.opening(), *(lane.write(heartbeat(), Detail()) for _ in range(4))]
    places = [each.id.raw for each in written]
    plant(keeper, [(each.id.raw, each.body) for each in written], [(places[0], 5), (places[2], run), (leaf, run)])
    assert keeper.turn().gaps == 0
    assert set(places) <= {bytes(row["entry_id"]) for row in look(house.settings)["leaves"]}
    assert faults(house) == []
    assert verdict(keeper.live()) == "sound"


def test_an_entry_at_the_end_of_all_numbers_stops_nothing(keeper: Keeper) -> None:
    work(keeper.house)
    keeper.turn()
    last = b"\x5a" * 8 + b"\xff" * 8
    plant(keeper, [(last, b"{}")], [(last, 9)])
    assert keeper.turn().gaps == 2, "all before it are missing, and it names no place"
    assert faults(keeper.house) == []


STEPS = ("head", "waiting", "write", "add", "take", "named", "stored", "swap", "keep", "open")


@pytest.mark.parametrize("step", STEPS)
def test_a_turn_that_fails_at_any_step_leaves_the_old_head(
    keeper: Keeper, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vault.storage.log_store import SqlLogTurn

    work(keeper.house)
    if step != "open":
        keeper.turn()
        jump(keeper.house, days=250 if step == "write" else 1)
        work(keeper.house)
    before = look(keeper.house.settings)["heads"]

    def fail(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the wire was cut")

    monkeypatch.setattr(SqlLogTurn, step, fail)
    with pytest.raises(StoreUnavailable):
        keeper.turn()
    monkeypatch.undo()
    assert look(keeper.house.settings)["heads"] == before
    while keeper.turn().taken:
        pass
    assert faults(keeper.house) == []
    assert look(keeper.house.settings)["outbox"] == []


def test_before_the_first_signature_somebody_may_refuse(house: House) -> None:
    work(house)
    first = Keeper(house)
    first.turn()

    def refuse(head: Any) -> None:
        raise LogRolledBack(f"a witness saw more than {head.size}")

    stopped = Keeper(house, before_signing=refuse)
    work(house)
    for _ in range(2):
        with pytest.raises(LogRolledBack):
            stopped.turn()
    head = stopped.turn(reopen="restored").head
    assert (head.shard, head.origin) == (1, f"{ORIGIN}-1")
    assert tree(house, 1)[1]["outcome"] == "restored"
    assert look(house.settings)["heads"][0]["closed"] == 2, "abandoned: no last entry was signed"
    assert faults(house) == []
    first.close()
    stopped.close()


def test_rivals_take_every_entry_once(house: House) -> None:
    keepers = [Keeper(house, batch=7) for _ in range(3)]
    done = threading.Event()
    troubles: list[BaseException] = []

    def run(keeper: Keeper) -> None:
        while not done.is_set():
            try:
                keeper.turn()
            except StoreUnavailable:
                continue  # SQLite: another one writes
            except BaseException as fault:  # noqa: BLE001 - told below
                troubles.append(fault)
                return

    threads = [threading.Thread(target=run, args=(keeper,)) for keeper in keepers]
    try:
        work(house, notes=1)
        for thread in threads:
            thread.start()
        coach = house.client("coach")
        for _ in range(60):
            assert coach.get("/cases").status_code == 200
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert troubles == []
    while keepers[0].turn().taken:
        pass
    assert faults(house) == []
    assert not any(entry["action"] == "gap_found" for entry in tree(house)), "what a rival took is not missing"
    for keeper in keepers:
        keeper.close()


def test_what_a_rival_took_meanwhile_is_not_missing(house: House) -> None:
    one, other = Keeper(house), Keeper(house)
    for keeper in (one, other, one, one, other):
        work(house, notes=1)
        assert keeper.turn().gaps == 0
    assert faults(house) == []
    one.close()
    other.close()


def test_a_sequencer_that_ends_closes_its_lane_and_says_what_it_was_told_to_say(keeper: Keeper) -> None:
    work(keeper.house)
    keeper.turn(last=True)
    work(keeper.house)
    keeper.turn(say=[details_erased("before:2026-01-01", 3, "retention")])
    keeper.turn(last=True)
    entries = tree(keeper.house)
    assert [entry["action"] for entry in entries].count("lane_closed") == 2
    said = [(entry["action"], entry["count"], entry["lane"]) for entry in entries if entry["kind"] == "audit_detail"]
    assert said == [("details_erased", 3, entries[-1]["lane"])]
    assert entries[-1]["action"] == "lane_closed"
    assert faults(keeper.house) == []
    assert verdict(keeper.live()) == "sound"


def test_what_is_said_about_gaps_comes_before_a_lane_is_closed(keeper: Keeper) -> None:
    coach = keeper.house.client("coach")
    keeper.turn()
    assert coach.get("/cases").status_code == 200
    assert coach.get("/cases").status_code == 200
    lost = max(bytes(row["entry_id"]) for row in look(keeper.house.settings)["outbox"])
    assert coach.get("/cases").status_code == 200
    with keeper.store.main.engine.begin() as connection:
        schema = "" if keeper.store.sqlite else "log."
        connection.execute(text(f"DELETE FROM {schema}outbox WHERE entry_id = :e"), {"e": lost})
    assert keeper.turn(last=True).gaps == 1
    assert [entry["action"] for entry in tree(keeper.house)][-2:] == ["gap_found", "lane_closed"]


@pytest.fixture
def half_taken(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> Keeper:
    """Details are in the keystore, the turn was lost: what a crash between the two databases leaves."""
    from vault.storage.log_store import SqlLogTurn

    work(keeper.house)
    honest = SqlLogTurn.add

    def fail(*_: Any) -> None:
        raise StoreUnavailable("killed")

    monkeypatch.setattr(SqlLogTurn, "add", fail)
    with pytest.raises(StoreUnavailable):
        keeper.turn()
    monkeypatch.setattr(SqlLogTurn, "add", honest)
    return keeper


def test_details_that_were_kept_before_a_crash_are_kept_once(half_taken: Keeper) -> None:
    assert look(half_taken.house.settings)["leaves"] == []
    half_taken.turn()
    assert faults(half_taken.house) == []
    found = look(half_taken.house.settings)
    assert len({bytes(row["entry_id"]) for row in found["details"]}) == len(found["details"])
