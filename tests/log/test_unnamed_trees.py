"""A tree is begun for a half-year whose key auditors have: a clock that is years ahead opens none for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from auditor.verify import Policy
from gateway.cli.doctoring import NAMES, look
from gateway.clock import SystemEntropy
from gateway.log.keeper import LogKeeper
from gateway.log.key import load_log_key, periods_named, read_policy
from gateway.pages.integrity import alarms
from tests.house import House
from tests.log.kit import jump
from tests.log.test_keeper import keeper_of, let_go, verdict
from tests.log.test_sequencer import tree, work
from tests.unit.crypto.kit import WeakFileRoot
from vault.errors import ConfigurationError

YEAR = 365  # days


@contextmanager
def keeping(house: House) -> Iterator[LogKeeper]:
    keeper = keeper_of(house)
    try:
        yield keeper
    finally:
        let_go(keeper)


def said(house: House) -> list[str]:
    return [entry["object"] for entry in tree(house) if entry["action"] == "tree_unnamed"]


def state_of(house: House) -> list[str]:
    """What alarms the auditor."""
    return alarms(house.client("auditor").get("/log-state").json())


def turn(house: House, keeper: LogKeeper) -> str:
    """Work, have it sequenced with whatever the keeper has to say, and tell in which half-year's tree."""
    work(house)
    keeper.turn()
    head = keeper.turn().head
    assert head is not None
    return head.period


def test_a_clock_years_ahead_begins_no_tree_and_nothing_is_lost(house: House) -> None:
    with keeping(house) as keeper:
        assert turn(house, keeper) == "2026h2"
        assert "unnamed" not in state_of(house)
        jump(house, days=6 * YEAR)
        assert turn(house, keeper) == "2026h2"
        assert said(house) == ["period:2032h2"]
        assert verdict(house, keeper) == "sound"
        assert "unnamed" in state_of(house)
        jump(house, days=-6 * YEAR)
        assert turn(house, keeper) == "2026h2"
        assert "unnamed" not in state_of(house)
        jump(house, days=60)
        assert turn(house, keeper) == "2027h1", "as if nothing had been"
        assert verdict(house, keeper) == "sound"


def test_it_is_said_again_every_hour_and_by_each_process(house: House) -> None:
    with keeping(house) as keeper:
        turn(house, keeper)
        jump(house, days=6 * YEAR)
        for hours in (0, 0.5, 0.6):
            house.clock.move(hours=hours)
            turn(house, keeper)
        assert len(said(house)) == 2
    with keeping(house) as keeper:
        turn(house, keeper)
        assert len(said(house)) == 3


def test_a_half_year_whose_key_is_put_into_the_policy_begins_its_tree(house: House) -> None:
    """A policy file that nobody renewed for four years, and then somebody does."""
    with keeping(house) as keeper:
        turn(house, keeper)
        jump(house, days=4 * YEAR)
        assert turn(house, keeper) == "2026h2"
    key = load_log_key(house.settings, SystemEntropy(), WeakFileRoot)
    line = f"log {key.signer(f'{key.name}/2030h2').verifier}\n"
    (house.settings.log_home / "policy.txt").write_text(line + read_policy(house.settings))
    with keeping(house) as keeper:
        assert turn(house, keeper) == "2030h2"
        assert verdict(house, keeper) == "sound"
        assert "unnamed" not in state_of(house)


@pytest.mark.parametrize(("years", "first"), [(9, "2030h1"), (-3, "2026h2")])
def test_the_first_tree_is_the_nearest_that_is_named(house: House, years: int, first: str) -> None:
    jump(house, days=years * YEAR)
    with keeping(house) as keeper:
        assert turn(house, keeper) == first
        assert verdict(house, keeper) == "sound"


def test_a_policy_that_names_no_tree_of_this_log_begins_none(house: House) -> None:
    policy = read_policy(house.settings)
    file = house.settings.log_home / "policy.txt"
    file.write_text("".join(line for line in policy.splitlines(True) if not line.startswith("log ")))
    work(house)
    with keeping(house) as keeper:
        with pytest.raises(ConfigurationError, match="names no tree"):
            keeper.turn()
        assert keeper._reader.heads() == []
    file.write_text(policy)
    with keeping(house) as keeper:
        turn(house, keeper)
        assert verdict(house, keeper) == "sound", "what waited is in it"


def test_a_tree_opened_on_purpose_bears_a_half_year_that_is_named(house: House) -> None:
    with keeping(house) as keeper:
        turn(house, keeper)
        jump(house, days=6 * YEAR)
        head = keeper.turn("restored").head
        assert head is not None
        assert (head.period, head.origin.rpartition("/")[2]) == ("2026h2", "2026h2-1")


def test_the_doctor_says_half_a_year_before_that_a_key_is_missing(house: House) -> None:
    name = load_log_key(house.settings, SystemEntropy(), WeakFileRoot).name
    named = periods_named(Policy.parse(read_policy(house.settings)), name)
    assert (min(named), max(named), len(named)) == ("2026h2", "2030h1", 8)
    with keeping(house) as keeper:
        turn(house, keeper)
    told = []
    for days in (0, 3 * YEAR, 90, 180):
        house.clock.move(days=days)
        found = [finding for finding in look(house.settings, house.clock) if finding.check is NAMES]
        told.append([place for finding in found for place in finding.places])
    assert told == [[], [], ["2030h2"], ["2030h2", "2031h1"]]
