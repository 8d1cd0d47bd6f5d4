"""Rotation behind the store wall: a zone's own role replaces no wrap; the keystore's owner does, beside servers."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from bench.pg import Postgres
from gateway.clock import SystemEntropy
from gateway.rotation import stage
from gateway.wiring import build
from tests.attacks.walled import houses_of, walled
from tests.house import CARITAS, House, make_keys, shipped_firewall
from tests.storage.test_rotating import file_of, generations_of, read_all, seen_through, wraps_of
from tests.unit.crypto.kit import ENTROPY, WeakFileRoot
from vault.errors import StoreUnavailable
from vault.vocabulary import CASEWORK


def _written(house: House) -> dict[str, str]:
    coach = house.client("coach")
    return {case: house.write_note(coach, case) for case in (house.open_case(coach), house.open_case(coach))}


def test_a_zones_role_cannot_rotate_and_goes_on_serving(postgres: Postgres, tmp_path: Path) -> None:
    settings = make_keys(tmp_path / "home")
    with walled(postgres) as made, houses_of(made, settings, (CASEWORK,)) as houses:
        house = houses[CASEWORK]
        notes = _written(house)
        wraps = wraps_of(house)
        stage(file_of(house), ENTROPY)
        with pytest.raises(StoreUnavailable, match="owner"):
            seen_through(house.services)
        assert wraps_of(house) == wraps
        assert file_of(house).keyring.wrapper.current == 1, "nothing may stand under what the keystore does not know"
        assert len(read_all(house, notes)) == 2
        house.open_case(house.client("coach"))


def test_the_keystores_owner_rotates_beside_every_zones_server(postgres: Postgres, tmp_path: Path) -> None:
    settings = make_keys(tmp_path / "home")
    with walled(postgres) as made, houses_of(made, settings, (CASEWORK, CARITAS)) as houses:
        house = houses[CASEWORK]
        notes = _written(house)
        texts = read_all(house, notes)
        command = made.settings(settings, CASEWORK).model_copy(update={"keystore_url": made.keys})
        services = build(
            command, clock=house.clock, entropy=SystemEntropy(), root=WeakFileRoot, firewall=shipped_firewall()
        )
        with closing(services):
            stage(services.keyring_files[CASEWORK], ENTROPY)
            outcome = seen_through(services, at_once=1).outcome
        assert outcome.finished
        assert outcome.destroyed == (1,)
        assert read_all(house, notes) == texts
        coach = house.client("coach")
        case = house.open_case(coach)
        house.answer(houses[CARITAS].client("caritas"), house.refer(coach, case))
        [waiting] = house.waiting(coach)
        referral = waiting["referral"]
        assert coach.post(f"/cases/{case}/referrals/{referral}/answers/{waiting['answer']}").status_code == 201
        assert generations_of(house) == {2}
