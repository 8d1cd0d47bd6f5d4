"""Erasing a case and replacing the key beside each other: neither brings back or stops what the other did."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.rotation import Rotation, stage
from tests.crash.checks import faults
from tests.erasures import closed_case, erase
from tests.house import House
from tests.storage.test_orphans import found
from tests.storage.test_rotating import (
    all_of,
    file_of,
    furnished,
    generations_of,
    read_all,
    rotated,
    seen_through,
)
from tests.unit.crypto.kit import ENTROPY
from vault.storage import tables as t
from vault.vocabulary import CASEWORK


def destroyed(house: House) -> set[bytes]:
    return {bytes(row.key_id) for row in house.services.store.keystore.execute(t.wraps.select()) if not row.wrap}


def test_a_rotation_leaves_destroyed_keys_destroyed(house: House) -> None:
    notes = furnished(house)
    erase(house, closed_case(house))
    gone = destroyed(house)
    assert gone
    outcome = rotated(house).outcome
    assert outcome.finished
    assert outcome.orphans == 0
    assert destroyed(house) == gone
    assert generations_of(house) == {2}
    assert len(read_all(house, notes)) == 3
    assert faults(house.settings) == []


@pytest.mark.parametrize("batches", [1, 3])
def test_a_case_is_erased_while_a_rotation_is_under_way(house: House, batches: int) -> None:
    notes = furnished(house)
    case = closed_case(house)
    stage(file_of(house), ENTROPY)
    under_way = Rotation(house.services, CASEWORK, at_once=2).carry_on()
    for _ in range(batches):
        next(under_way)
    under_way.close()  # as a server that stops
    erase(house, case)
    gone = destroyed(house)
    assert seen_through(house.services).outcome.finished
    assert destroyed(house) == gone
    assert generations_of(house) == {2}
    assert len(read_all(house, notes)) == 3
    assert faults(house.settings) == []


def test_a_case_whose_keys_are_of_a_later_generation_is_erased_like_any(house: House) -> None:
    notes = furnished(house)
    rotated(house)
    case = closed_case(house)
    rotated(house)
    erase(house, case)
    assert destroyed(house)
    assert house.client("coach").get(f"/cases/{case}").status_code == 404
    assert len(read_all(house, notes)) == 3
    assert faults(house.settings) == []


def test_what_an_erasure_left_of_its_keys_is_no_orphan(house: House) -> None:
    """The list of an erased case's keys names them: they stay, empty, and say so to a keystore from before."""
    erase(house, closed_case(house))
    before = all_of(house, t.wraps)
    house.clock.move(seconds=timedelta(days=400).total_seconds())
    assert found(house) == []
    assert all_of(house, t.wraps) == before
