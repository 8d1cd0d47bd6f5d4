"""The estate that attackers own, and what they find in it: made once, every test puts back what it changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.pg import Postgres
from tests.attacks.attacker import Attacker, Rows, Taken
from tests.attacks.estate import GUESSES, OWNED, Estate, Loot, estate
from tests.house import CARITAS
from vault.crypto.hierarchy import ZoneKeyring
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone


@pytest.fixture(scope="session")
def place(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with estate(postgres, tmp_path_factory.mktemp("estate")) as made:
        for zone, path in ((FOLLOW_UP, "sheets/"), (CARITAS, "referrals/"), (OVERSIGHT, "sheets/")):
            # Each has opened what is its own, so that whatever is ever in its memory is there.
            name = {FOLLOW_UP: "follow_up", CARITAS: "caritas", OVERSIGHT: "oversight"}[zone]
            assert made.owned[zone].get(f"/{path}{made.release[name]}").status_code == 200
        yield made


@pytest.fixture(scope="session")
def dump(place: Estate) -> Rows:
    return place.dump()


@pytest.fixture(scope="session")
def loot(place: Estate) -> Loot:
    """The keys that each owned zone's attacker finds with what lies in the process's files and environment."""
    found = {zone: place.owned[zone].unlocked() for zone in OWNED}
    for zone, (rings, _) in found.items():
        assert [ring.zone for ring in rings] == [zone], "what lies in its home opens its own keyring, no other"
    return found


@pytest.fixture(scope="session")
def spoils(dump: Rows, loot: Loot) -> dict[Zone, Taken]:
    """What each owned zone's attacker opened."""
    return {zone: Attacker(*loot[zone], dump).attack(GUESSES) for zone in OWNED}


@pytest.fixture(scope="session")
def keyring(place: Estate) -> ZoneKeyring:
    """Casework's: for the positive control, and to know what must not be found."""
    return place.keyring(CASEWORK)
