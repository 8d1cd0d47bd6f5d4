"""A reply holds what its release profile lists, in its order, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.access.shaping import MASKED, coarsen, narrowed, shape
from vault.errors import PolicyRejected
from vault.vocabulary import ReleaseProfile, Treatment

NAMES = ("reference", "text", "author", "written_at", "phone")
PROFILES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(Treatment)), unique_by=lambda pair: pair[0])


@given(PROFILES)
def test_no_field_gets_out_that_the_profile_does_not_list(fields: list[tuple[str, Treatment]]) -> None:
    values = {name: f"secret {name}" for name in NAMES}
    reply = shape(ReleaseProfile("p", tuple(fields)), values)
    assert list(reply) == [name for name, _ in fields]
    for name, treatment in fields:
        shown = treatment in {Treatment.CLEAR, Treatment.PSEUDONYM}
        assert (f"secret {name}" in str(reply[name])) is shown


def test_a_field_that_the_use_case_does_not_know_is_an_error_and_no_empty_answer() -> None:
    with pytest.raises(PolicyRejected, match="unknown field colour"):
        shape(ReleaseProfile("p", (("colour", Treatment.CLEAR),)), {"text": "x"})


def test_masking_says_that_something_is_there_and_not_what() -> None:
    profile = ReleaseProfile("p", (("phone", Treatment.MASK),))
    assert shape(profile, {"phone": "0499"}) == {"phone": MASKED}
    assert shape(profile, {"phone": ""}) == {"phone": None}


def test_coarsening_keeps_the_year_of_a_date_and_the_day_of_a_moment() -> None:
    assert coarsen(date(1991, 4, 12)) == 1991
    assert coarsen(datetime(2026, 11, 3, 9, 41, tzinfo=UTC)) == "2026-11-03"
    assert coarsen(datetime(2026, 11, 3, 23, 41, tzinfo=UTC)) == "2026-11-04", "in Belgium, as every day that is told"
    assert coarsen("12 avril 1991") == MASKED
    assert coarsen(None) is None


@given(PROFILES, st.sets(st.sampled_from(NAMES)))
def test_the_parts_of_a_profile_make_up_the_whole(fields: list[tuple[str, Treatment]], names: set[str]) -> None:
    profile = ReleaseProfile("p", tuple(fields))
    inside, outside = (narrowed(profile, names, inside=side).fields for side in (True, False))
    assert sorted(inside + outside) == sorted(profile.fields)
    assert {name for name, _ in inside} <= names
