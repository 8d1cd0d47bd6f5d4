"""Sequencers over a house, closed when the test ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house import House
from tests.log.kit import Keeper


@pytest.fixture
def keeper(house: House) -> Iterator[Keeper]:
    made = Keeper(house)
    yield made
    made.close()
