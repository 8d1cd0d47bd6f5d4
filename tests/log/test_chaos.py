"""Twenty SIGKILLs of writers and of sequencers, jumping clocks, full disks: nothing is lost, double or missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.crash.checks import faults as house_faults
from tests.house import House, house_on
from tests.log.chaos import DEATHS
from tests.log.kit import Keeper, verdict
from tests.log.test_sequencer import faults, work
from tests.patience import PATIENCE
from vault.errors import StoreUnavailable

ROOT = Path(__file__).parents[2]


def test_killed_writers_and_sequencers_lose_nothing(house_settings: Settings) -> None:
    place = [str(house_settings.home), house_settings.database_url, house_settings.keystore_url]
    done = subprocess.run(
        [sys.executable, "-m", "tests.log.chaos", *place],
        cwd=ROOT, capture_output=True, text=True, timeout=4 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["lost"], told["double"], told["gaps"], told["not_in_the_tree"]) == (0, 0, 0, 0), told
    assert told["wrong"] == []
    assert told["verdict"] == "sound"
    assert told["deaths"] == (
        {"both": 2 * DEATHS} if house_settings.sqlite else {"writer": DEATHS, "sequencer": DEATHS}
    )
    # How much is done in these lives hangs on the machine; that something was is what makes the zeroes say something.
    assert told["acknowledged"] > 0
    assert told["said"]["turned"] > 0


@pytest.mark.parametrize("which", ["main", "keystore"])
@pytest.mark.parametrize("pages", [0, 1, 3])
def test_a_sequencer_on_a_full_disk_signs_nothing_by_halves(lite_house: House, which: str, pages: int) -> None:
    keeper = Keeper(lite_house)
    keeper.turn()
    work(lite_house)
    coach = lite_house.client("coach")
    for _ in range(400):
        assert coach.get("/cases").status_code == 200
    assert lite_house.open_case(coach)
    raw = getattr(keeper.store, which).raw
    (used,) = raw.execute("PRAGMA page_count").fetchone()
    raw.execute(f"PRAGMA max_page_count={used + pages}")
    head = keeper.store.main.raw.execute("SELECT size, root FROM heads").fetchone()
    with pytest.raises(StoreUnavailable):
        keeper.turn()
    assert keeper.store.main.raw.execute("SELECT size, root FROM heads").fetchone() == head
    assert faults(lite_house) == []
    raw.execute("PRAGMA max_page_count=1073741823")
    keeper.turn()
    assert keeper.turn().taken == 0
    assert (faults(lite_house), house_faults(lite_house.settings)) == ([], [])
    assert verdict(keeper.live()) == "sound"
    keeper.close()


@pytest.mark.parametrize("table", ["log.leaves", "log.tiles", "log.checkpoints", "keystore.details"])
def test_a_postgres_without_room_signs_nothing_by_halves(postgres_settings: Settings, table: str) -> None:
    """The server's own code for a full disk, raised where it would be."""
    with house_on(postgres_settings) as house:
        keeper = Keeper(house)
        keeper.turn()
        house.clock.move(minutes=1)
        work(house)
        raw = (keeper.store.keystore if table.startswith("keystore") else keeper.store.main).raw
        raw.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$"
        )
        raw.execute(f"CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION full_disk()")
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                keeper.turn()
            assert faults(house) == []
        raw.execute(f"DROP TRIGGER no_room ON {table}")
        keeper.turn()
        assert keeper.turn().taken == 0
        assert (faults(house), house_faults(house.settings)) == ([], [])
        assert verdict(keeper.live()) == "sound"
        keeper.close()
