"""Outcome figures over the interface: counted over pages, for the region alone, logged once, as the table says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.support import entries, since
from tests.flow_paths import Paths
from tests.house import House
from vault.cases.flow import State, Step
from vault.usecases import figures

YEAR = "from=2026-01-01&to=2027-01-01"


def played(house: House) -> Paths:
    """Two that were invited, of whom one came, was met again and stayed; one handed over; one far away."""
    paths = Paths(house)
    came = paths.case_in(State.FOLLOW_UP)
    paths.take(came, Step.CLOSE, outcome="STAY_OBTAINED")
    missed = paths.case_in(State.NO_SHOW)
    assert paths.state(missed) is State.NO_SHOW
    house.hand_over(house.client("coach"), house.client("head"), house.open_case(house.client("coach")))
    house.open_case(house.client("far_coach"), region="liege")
    return paths


def test_the_figures_of_a_region(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "PAGE", 2)  # so that there is more than one page
    played(house)
    before = len(entries(house))
    reply = house.client("head").get(f"/figures?{YEAR}&by=outcome")
    assert reply.status_code == 200, reply.text
    found = reply.json()
    whole: dict[str, Any] = found["whole"]
    assert {name: whole[name] for name in ("opened", "invited", "attended", "no_shows", "interviews", "ended")} == {
        "opened": 3, "invited": 2, "attended": 1, "no_shows": 1, "interviews": 2, "ended": 2,
    }  # fmt: skip
    assert (whole["attendance"], whole["handed_over"], whole["ended_stay_obtained"]) == (0.5, 1, 1)
    assert [group["group"] for group in found["groups"]] == ["", "REFUSED", "STAY_OBTAINED"]
    assert sum(group["opened"] for group in found["groups"]) == 3
    assert (found["region"], found["by"], found["from"]) == ("brussels", "outcome", "2026-01-01")
    assert "internal" in found["caution"]
    assert found["definitions"]["attendance"] == {
        "unit": "ratio", "counts": "attended / invited", "whole": "invited", "once": "",
    }  # fmt: skip
    asked = [(e["action"], e["kind"], e["decision"], e["outcome"]) for e in since(house, before)]
    assert asked == [("list", "figures", "allow", "outcome")]


def test_another_regions_head_counts_their_own(house: House) -> None:
    played(house)
    found = house.client("far_head").get(f"/figures?{YEAR}&by=region").json()
    assert [(group["group"], group["opened"]) for group in found["groups"]] == [("liege", 1)]


@pytest.mark.parametrize("login", ["coach", "desk"])
def test_nobody_else_of_casework_counts(lite_house: House, login: str) -> None:
    assert lite_house.client(login).get(f"/figures?{YEAR}").status_code == 403


@pytest.mark.parametrize(
    "query", ["from=2027-01-01&to=2026-01-01", "from=2026-01-01&to=2026-01-01", "from=1900-01-01&to=2026-01-01",
              "from=2026-13-01&to=2027-01-01", "to=2026-01-01", f"{YEAR}&by=nationality",
              "from=2000-01-01&to=2020-01-01"],
)  # fmt: skip
def test_a_period_that_cannot_be_meant_is_refused(lite_house: House, query: str) -> None:
    assert lite_house.client("head").get(f"/figures?{query}").status_code == 400
