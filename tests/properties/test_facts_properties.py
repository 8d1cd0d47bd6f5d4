"""Whatever is recorded, revised and corrected, in whatever order, well or badly: nothing said first is ever lost, and
where a fact comes from never changes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.settings import Settings
from tests.crash.checks import faults
from tests.house import Caller, House, house_on
from tests.recorded import FACTS

SECTIONS: Final = tuple(FACTS)
#: What one step tries: a new fact; or a change of one that is there, based on a version that is the newest or is not.
STEP: Final = st.one_of(
    st.tuples(st.just("record"), st.sampled_from(SECTIONS), st.sampled_from(["admin", "interview", "partner"])),
    st.tuples(
        st.just("revise"), st.integers(0, 5), st.integers(-1, 1), st.sampled_from(["", "mal compris", "no"]),
        st.sampled_from(["", "admin", "interview"]), st.sampled_from(SECTIONS),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def room(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Caller]]:
    home = tmp_path_factory.mktemp("facts") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house:
        yield house, house.client("coach")
        assert faults(house.settings) == []


class Told:
    """What was said, as the test remembers it."""

    def __init__(self, section: str, fact: str, provenance: str) -> None:
        self.section, self.fact, self.provenance = section, fact, provenance
        self.details: list[str] = []
        self.corrections: list[int | None] = []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, min_size=3, max_size=14))
def test_no_sequence_of_edits_loses_a_word_or_changes_a_provenance(
    room: tuple[House, Caller], steps: list[tuple[Any, ...]]
) -> None:
    house, coach = room
    case = house.open_case(coach)
    told: list[Told] = []
    for number, step in enumerate(steps):
        _take(coach, case, told, step, f"Dit au pas {number}.")
    for one in told:
        reply = coach.get(f"/cases/{case}/facts/{one.section}/{one.fact}").json()
        versions = [*reply["facts"], *reply["earlier"]][::-1]
        assert [version["version"] for version in versions] == list(range(1, len(one.details) + 1))
        assert [version["detail"] for version in versions] == one.details
        assert {version["provenance"] for version in versions} == {one.provenance}
        assert [version["correction"] and version["correction"]["corrects"] for version in versions] == one.corrections


def _take(coach: Caller, case: str, told: list[Told], step: tuple[Any, ...], detail: str) -> None:
    if step[0] == "record":
        _, section, provenance = step
        body = FACTS[section] | {"detail": detail, "provenance": provenance}
        reply = coach.post(f"/cases/{case}/facts/{section}", json=body)
        assert reply.status_code == 201
        one = Told(section, reply.json()["record"], provenance)
        one.details.append(detail)
        one.corrections.append(None)
        told.append(one)
        return
    _, which, off, correction, provenance, section = step
    if not told:
        return
    one = told[which % len(told)]
    newest = len(one.details)
    body = FACTS[section] | {"detail": detail, "based_on": newest + off, "correction": correction}
    if provenance:
        body["provenance"] = provenance  # a revision has no such field
    reply = coach.put(f"/cases/{case}/facts/{section}/{one.fact}", json=body)
    good = not provenance and off == 0 and correction != "no" and section == one.section
    assert (reply.status_code == 200) is good, reply.text
    if good:
        one.details.append(detail)
        one.corrections.append(newest if correction else None)
