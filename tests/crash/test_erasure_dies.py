"""Erasing a case, failing at every write: what is left is whole or unfinished, and the next start finishes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.settings import Settings
from tests.crash.checks import faults
from tests.crash.erasure_plays import erase
from tests.crash.hooks import Steps, watched
from tests.crash.plays import Stagehand
from tests.crash.points import Stage
from tests.crash.snapshot import look
from tests.crash.test_failing import _Failures
from tests.house import House, house_on

pytestmark = pytest.mark.long


@pytest.fixture
def watched_house(house_settings: Settings) -> Iterator[tuple[House, Steps]]:
    with watched() as steps, house_on(house_settings) as house:
        yield house, steps


@pytest.mark.parametrize("after", [False, True], ids=["lost", "kept but unanswered"])
def test_an_erasure_that_fails_anywhere_is_finished_by_the_next_start(
    watched_house: tuple[House, Steps], after: bool
) -> None:
    house, steps = watched_house
    hand = Stagehand(house)
    stage = Stage("erase a case", erase, hand, steps)
    stage.everywhere(_Failures(house, steps, after))
    assert len(stage.groups) == 5, "tombstone, keys, files, rows, confirmation"
    assert faults(house.settings) == []
    assert any(row["done_at"] is None for row in look(house.settings)["tombstones"])
    house.reopen()
    assert all(row["done_at"] is not None for row in look(house.settings)["tombstones"])
    assert faults(house.settings) == []
