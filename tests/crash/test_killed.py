"""Dying by SIGKILL before every write of every act: then every invariant at once (`victim`)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.crash.plays import PLAYS
from tests.patience import PATIENCE

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]


def test_a_killed_process_leaves_nothing_half_done(house_settings: Settings) -> None:
    place = [str(house_settings.home), house_settings.database_url, house_settings.keystore_url]
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.victim", *place],
        cwd=ROOT, capture_output=True, text=True, timeout=8 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == [], done.stderr[-2000:]
    assert set(told["kills"]) == set(PLAYS)
    assert told["kills"] == told["writes"], "one death before each write of an undisturbed act"
    assert {play: kills for play, kills in told["kills"].items() if kills < 3} == {}
    assert told["orphans"] > 0, "some died between the two databases"
