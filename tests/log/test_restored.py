"""A database that goes back under a keeper that runs on, and a backup that is older than the last new tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.house import house_on
from tests.log.test_keeper import keeper_of, let_go
from tests.log.test_sequencer import work
from vault.errors import LogRolledBack


def _copy(home: Path) -> dict[str, bytes]:
    return {name: (home / name).read_bytes() for name in ("main.db", "keystore.db")}


def _put_back(home: Path, kept: dict[str, bytes]) -> None:
    for name, content in kept.items():
        (home / name).unlink()
        (home / name).write_bytes(content)
        for rest in ("-wal", "-shm"):
            (home / f"{name}{rest}").unlink(missing_ok=True)


def test_a_database_that_goes_back_under_a_running_keeper_is_noticed(sqlite_settings: Settings) -> None:
    """The process of the log lives on while the database's server is stopped, restored and started again."""
    with house_on(sqlite_settings) as house:
        work(house)
        first = keeper_of(house)
        first.turn()
        let_go(first)
    kept = _copy(sqlite_settings.home)
    with house_on(sqlite_settings) as house:
        keeper = keeper_of(house)
        house.hire("colleague")
        keeper.turn()
        keeper.show()
    keeper._store._store.close()  # every connection is lost
    _put_back(sqlite_settings.home, kept)
    with house_on(sqlite_settings) as house:
        house.hire("desk")
        seen = (sqlite_settings.log_home / "seen").read_text()
        for _ in range(2):
            with pytest.raises(LogRolledBack, match="restored or replaced"):
                keeper.turn()
        assert (sqlite_settings.log_home / "seen").read_text() == seen
        let_go(keeper)


def test_a_new_tree_never_bears_the_name_of_one_that_was_shown(sqlite_settings: Settings) -> None:
    """The backup knows nothing of the tree that was opened after it: its name would be signed a second time."""
    with house_on(sqlite_settings) as house:
        work(house)
        first = keeper_of(house)
        first.turn()
        first.show()
        let_go(first)
    kept, origins = _copy(sqlite_settings.home), []
    for who in ("colleague", "desk", "head"):
        with house_on(sqlite_settings) as house:
            keeper = keeper_of(house)
            house.hire(who)
            head = keeper.turn(reopen="restored").head
            assert head is not None
            origins.append(head.origin.rpartition("/")[2])
            keeper.forget_seen()
            keeper.show()
            let_go(keeper)
        _put_back(sqlite_settings.home, kept)
    assert origins == ["2026h2-1", "2026h2-2", "2026h2-3"]
