"""Lanes: numbered without gaps, chained by hash, rewound as if nothing had been, never reopened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house import MovableClock
from tests.unit.crypto.kit import ENTROPY, pair
from vault.audit.events import Detail, Event, Happening, Verdict
from vault.audit.log import EPOCH_SECONDS, DetailKey, Lane, WrittenEntry
from vault.crypto.detail import DetailLane, DetailReader, commitment
from vault.ids import EntryId
from vault.vocabulary import CASEWORK

OVERSEER = pair("oversight of lanes")


def a_lane(clock: MovableClock) -> Lane:
    def start(lane: bytes, epoch: int) -> DetailLane:
        return DetailLane.start(OVERSEER.public, lane, epoch, ENTROPY)

    return Lane(CASEWORK, clock=clock, entropy=ENTROPY, start_epoch=start)


def an_event(outcome: str = "") -> Event:
    return Event("read", "note", Verdict.ALLOW, actor="a-1", outcome=outcome)


def check(kept: list[WrittenEntry], keys: dict[tuple[bytes, int], DetailKey]) -> None:
    """Gapless, chained, and every detail opens and is the one committed to."""
    previous = bytes(32)
    for number, entry in enumerate(kept):
        body = json.loads(entry.body)
        lane = entry.id.raw[:8]
        assert entry.id == EntryId(lane + number.to_bytes(8, "big"))
        assert (body["number"], body["previous"], body["entry"]) == (number, previous.hex(), entry.id.hex())
        key = keys[lane, entry.epoch]
        reader = DetailReader(OVERSEER, lane, entry.epoch, key.sealed_key)
        plain = reader.open(number - key.first, entry.id, entry.detail)
        assert commitment(bytes.fromhex(json.loads(plain)["salt"]), plain).hex() == body["commitment"]
        previous = hashlib.sha256(b"\x00" + entry.body).digest()


#: What may happen between two commits: write, write and undo, the clock moves on or back, a group is lost.
STEPS = st.lists(
    st.sampled_from(["write", "undo", "later", "much later", "earlier", "much earlier", "lose"]), max_size=25
)


@given(STEPS)
def test_whatever_is_undone_the_lane_stays_whole(steps: list[str]) -> None:
    clock = MovableClock()
    lane = a_lane(clock)
    kept = [lane.opening()]
    keys: dict[tuple[bytes, int], DetailKey] = {}

    def commit() -> None:
        """As the worker does: keys go to the keystore before the entries commit, a lost group's are replaced."""
        keys.update({(key.lane, key.epoch): key for key in lane.keys})
        lane.keys.clear()

    commit()
    acts: dict[str, Callable[[], None]] = {
        "later": lambda: clock.move(seconds=70),
        "much later": lambda: clock.move(seconds=EPOCH_SECONDS),
        "earlier": lambda: clock.move(seconds=-70),
        "much earlier": lambda: clock.move(seconds=-EPOCH_SECONDS),
    }
    for step in steps:
        if step in acts:
            acts[step]()
        elif step == "write":
            kept.append(lane.write(an_event(), Detail("id", "Coach")))
            commit()
        else:
            mark = lane.mark()
            lane.write(an_event("lost"), Detail("id", "Coach"))
            lane.write(an_event("lost"), Detail())
            if step == "lose":
                commit()  # the keystore took the group's keys, then the main database did not take the group
            lane.rewind(mark)
    kept.append(lane.write(an_event(), Detail()))
    commit()
    check(kept, keys)


def test_a_clock_set_back_does_not_replace_the_key_of_an_epoch() -> None:
    clock = MovableClock()
    lane = a_lane(clock)
    kept = [lane.opening()]
    for seconds in (EPOCH_SECONDS, -EPOCH_SECONDS, -EPOCH_SECONDS, 1):
        clock.move(seconds=seconds)
        kept.append(lane.write(an_event(), Detail()))
    places = [(key.lane, key.epoch) for key in lane.keys]
    assert len(places) == len(set(places)) == 2
    check(kept, {(key.lane, key.epoch): key for key in lane.keys})


def test_a_full_chain_is_followed_by_the_next_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a million entries in ten minutes must not make a zone wait for the ten minutes' end."""
    clock = MovableClock()
    monkeypatch.setattr("vault.audit.log.MOST_ENTRIES", 3)
    monkeypatch.setattr("vault.crypto.detail.MOST_ENTRIES", 3)
    lane = a_lane(clock)
    kept = [lane.opening(), *(lane.write(an_event(), Detail()) for _ in range(7))]
    clock.move(seconds=EPOCH_SECONDS)
    kept += [lane.write(an_event(), Detail()) for _ in range(2)]
    assert [(key.first, key.epoch - lane.keys[0].epoch) for key in lane.keys] == [(0, 0), (3, 1), (6, 2), (9, 3)]
    check(kept, {(key.lane, key.epoch): key for key in lane.keys})


def test_a_new_lane_shares_nothing_with_the_old_one() -> None:
    lane = a_lane(MovableClock())
    first = lane.opening()
    lane.open()
    second = lane.opening()
    assert first.id.raw[:8] != second.id.raw[:8]
    assert json.loads(second.body)["number"] == 0
    assert json.loads(second.body)["previous"] == bytes(32).hex()
    assert json.loads(second.body)["action"] == Happening.LANE_OPENED


def test_an_entry_holds_codes_and_pseudonyms_and_the_person_only_sealed() -> None:
    lane = a_lane(MovableClock())
    entry = lane.write(an_event(), Detail("actor-id", "Sophie Peeters", "10.1.2.3", "parce que"))
    for secret in (b"actor-id", b"Sophie", b"10.1.2.3", b"parce"):
        assert secret not in entry.body
        assert secret not in entry.detail


@given(st.text(), st.text(), st.integers(0, 2**40))
def test_the_bytes_are_canonical(actor: str, subject: str, count: int) -> None:
    event = Event("read", "note", Verdict.DENY, actor=actor, subject=subject, count=count)
    body = a_lane(MovableClock()).write(event, Detail(name=actor)).body
    told = json.loads(body)
    assert (told["actor"], told["subject"], told["count"]) == (actor, subject, count)
    assert body == json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
