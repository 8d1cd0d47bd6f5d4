"""Wraps that no row names: which they are, and that none is taken which a running use case is about to name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from tests.crash.checks import faults
from tests.house import House
from tests.storage.test_rotating import all_of, furnished
from vault.errors import InvalidInput
from vault.storage import orphans
from vault.storage import tables as t
from vault.storage.orphans import SAFE_AGE, Orphan
from vault.vocabulary import CASEWORK

_DAY: Final = timedelta(days=1)


def found(house: House, age: timedelta = _DAY, at_once: int = 3) -> list[Orphan]:
    """All of them, a few wraps at a time."""
    store, all_found = house.services.store, []
    last: Orphan | None = Orphan(b"", "")
    while last is not None:
        of = orphans.readers(store, house.settings.zones)
        more, last = orphans.found(store, of, house.clock.now(), age, last, at_once)
        all_found += more
    return all_found


def put(house: House, key: bytes, reader: str = "casework") -> None:
    row = {"key_id": key, "reader": reader, "wrap": b"x" * 61, "created_at": house.clock.now()}
    house.services.store.keystore.execute(t.wraps.insert().values(**row))


def test_what_some_row_names_is_no_orphan(house: House) -> None:
    furnished(house)
    house.clock.move(days=400)
    assert found(house) == []
    assert faults(house.settings) == []


def test_an_old_wrap_that_nobody_names_is_deleted_and_a_young_one_is_not(house: House) -> None:
    furnished(house)
    before = all_of(house, t.wraps)
    put(house, b"\x01" * 16)
    house.clock.move(days=2)
    put(house, b"\x02" * 16)
    assert found(house) == [Orphan(b"\x01" * 16, "casework")]
    assert orphans.delete(house.services.store, found(house), house.clock.now(), _DAY) == 1
    assert found(house) == []
    left = {bytes(row[0]) for row in all_of(house, t.wraps)}
    assert left == {bytes(row[0]) for row in before} | {b"\x02" * 16}
    assert faults(house.settings) == []


def test_on_postgresql_only_caseworks_own_are_judged(house: House) -> None:
    """Casework's role sees no release: whatever was released would look like an orphan."""
    furnished(house)
    put(house, b"\x01" * 16, "follow_up")
    house.clock.move(days=2)
    assert bool(found(house)) == house.services.store.sqlite
    if not house.services.store.sqlite:
        assert orphans.readers(house.services.store, house.settings.zones) == [CASEWORK]


def test_a_wrap_whose_row_is_being_committed_is_not_taken(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two commits of a use case, somebody sweeps with the shortest age there is."""
    coach = house.client("coach")
    hot, seen = house.services.worker._runner.hot, []
    usual = hot.finish

    def sweeping(entries: Any) -> None:
        seen.append((len(all_of(house, t.wraps)), found(house, SAFE_AGE)))
        usual(entries)

    monkeypatch.setattr(hot, "finish", sweeping)
    before = len(all_of(house, t.wraps))
    case = house.open_case(coach, notice=False)
    assert [orphaned for wraps, orphaned in seen if wraps > before] == [[]]
    monkeypatch.undo()
    assert coach.get(f"/cases/{case}/identity").status_code == 200
    assert faults(house.settings) == []


def test_what_is_named_after_it_was_found_is_not_deleted(house: House) -> None:
    """A list of orphans is a list of yesterday: whether somebody names them is asked again."""
    furnished(house)
    house.clock.move(days=2)
    store = house.services.store
    key = next(bytes(row[0]) for row in store.main.execute(t.data_keys.select()))
    before = len(all_of(house, t.wraps))
    assert orphans.delete(store, [Orphan(key, "casework")], house.clock.now(), _DAY) == 0
    assert len(all_of(house, t.wraps)) == before


def test_nobody_sweeps_what_is_younger_than_an_hour(house: House) -> None:
    with pytest.raises(InvalidInput):
        found(house, SAFE_AGE - timedelta(seconds=1))
