"""People of an identity provider, on both databases: linked once, unlinked by the operator, two at once."""

from __future__ import annotations

from functools import partial

import pytest

from tests.crash.checks import faults
from tests.federation import ISSUER, actor_of, entered, stepped_up, unlinked
from tests.house import House
from vault.errors import InvalidInput, SignInRefused
from vault.usecases import federated
from vault.usecases.federated import Claimed
from vault.vocabulary import CASEWORK


def test_such_a_session_releases_only_after_a_step_up_and_only_for_a_time(house: House) -> None:
    house.hire("head")
    token = entered(house, "head")
    assert actor_of(house, "head", token).must_step_up
    stepped_up(house, "head", token)
    assert not actor_of(house, "head", token).must_step_up
    house.clock.move(minutes=9, seconds=59)
    assert not actor_of(house, "head", token).must_step_up
    house.clock.move(seconds=1)
    assert actor_of(house, "head", token).must_step_up
    assert not actor_of(house, "head", house.tokens["head"]).must_step_up, "two factors of our own are proof enough"
    assert faults(house.settings) == []


def test_another_session_of_the_same_person_is_not_stepped_up_with_it(house: House) -> None:
    house.hire("head")
    one, other = entered(house, "head"), entered(house, "head")
    stepped_up(house, "head", one)
    assert actor_of(house, "head", other).must_step_up


def test_one_person_there_is_one_person_here(house: House) -> None:
    for login in ("head", "coach"):
        house.hire(login)
    entered(house, "head")
    with pytest.raises(SignInRefused) as refused:
        entered(house, "head", "employee-18")
    assert refused.value.noted == "other_identity"
    token = entered(house, "coach")  # the same person, whatever login the provider claims now
    assert actor_of(house, "head", token).id == house.staff["head"].id
    unlinked(house, "head")
    with pytest.raises(InvalidInput):
        unlinked(house, "head")
    token = entered(house, "coach")
    assert actor_of(house, "coach", token).id == house.staff["coach"].id
    entered(house, "head", "employee-18")
    assert faults(house.settings) == []


def test_nobody_of_another_zone_or_unknown_here_comes_in(house: House) -> None:
    service = house.services.sign_in[CASEWORK]
    for login in ("nobody", "", "officer"):
        claimed = Claimed(ISSUER, "x", login)
        with pytest.raises(SignInRefused) as refused:
            house.services.worker.run(CASEWORK, partial(federated.sign_in, claimed=claimed, source="", service=service))
        assert refused.value.noted == "unknown"


def test_a_mark_lets_nobody_read_who_it_is(house: House) -> None:
    """Another zone, another mark; and issuer and subject do not run together."""
    services = house.services.sign_in
    marks = {service.identity_mark("https://a.example", "17") for service in services.values()}
    assert len(marks) == len(services)
    one = next(iter(services.values()))
    assert one.identity_mark("https://a.example", "17") != one.identity_mark("https://a.example1", "7")
