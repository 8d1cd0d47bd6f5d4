"""No leaf's hash rests on one reckoning: what was read or written wrongly in memory is never signed."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.crash.snapshot import look
from tests.log.kit import Keeper, lane_of
from tests.log.test_sequencer import faults, plant, work
from vault.audit.events import Detail
from vault.audit.log_events import heartbeat
from vault.errors import LogDamaged
from vault.storage.log_store import SqlLogTurn


def test_a_lanes_last_entry_is_read_twice_before_it_is_signed(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    work(keeper.house)
    honest = SqlLogTurn.stored
    times = count()
    monkeypatch.setattr(SqlLogTurn, "stored", lambda *a: [b"%d" % next(times) + body for body in honest(*a)])
    with pytest.raises(LogDamaged, match="nothing was signed"):
        keeper.turn()
    monkeypatch.undo()
    assert look(keeper.house.settings)["heads"] == []
    keeper.turn()
    assert faults(keeper.house) == []


@pytest.mark.parametrize("place", [0, 1, -2, -1])
def test_an_entry_read_wrongly_is_never_signed(keeper: Keeper, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bit that turns over in memory: its writer's hash stands in the next entry, and the last one is read twice."""
    house = keeper.house
    keeper.turn()
    lane = lane_of(house)
    written = [lane.opening(), *(lane.write(heartbeat(), Detail()) for _ in range(5))]
    plant(keeper, [(each.id.raw, each.body) for each in written], [(written[0].id.raw, len(written))])
    turned = written[place].id.raw
    honest = SqlLogTurn.waiting

    def waiting(self: SqlLogTurn, limit: int) -> Any:
        found, rows = honest(self, limit)
        return [each._replace(body=each.body[:-1] + b"]") if each.entry == turned else each for each in found], rows

    monkeypatch.setattr(SqlLogTurn, "waiting", waiting)
    before = look(house.settings)["heads"]
    with pytest.raises(LogDamaged, match="nothing was signed"):
        keeper.turn()
    monkeypatch.undo()
    assert look(house.settings)["heads"] == before
    while keeper.turn().taken:
        pass
    assert faults(house) == []


def test_entries_of_the_logs_own_that_are_not_there_are_never_signed(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = SqlLogTurn.stored
    monkeypatch.setattr(SqlLogTurn, "stored", lambda *a: honest(*a)[1:])
    with pytest.raises(LogDamaged, match="nothing was signed"):
        keeper.turn()
    monkeypatch.undo()
    assert look(keeper.house.settings)["heads"] == []


def test_leaves_that_name_other_entries_are_never_signed(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    work(keeper.house)
    honest = SqlLogTurn.add
    monkeypatch.setattr(
        SqlLogTurn, "add", lambda self, shard, first, entries, tiles: honest(self, shard, first, entries[::-1], tiles)
    )
    with pytest.raises(LogDamaged, match="nothing was signed"):
        keeper.turn()
    monkeypatch.undo()
    assert look(keeper.house.settings)["heads"] == []
