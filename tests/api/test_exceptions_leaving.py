"""What a lawful exception lets go is what is so, and what the office's file bears out, at the moment it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.excepted import disclose, fact_of, read, signed
from tests.house import House


@pytest.fixture
def case(lite_house: House) -> str:
    return lite_house.open_case(lite_house.client("coach"))


def _code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["type"].rpartition(":")[2]


def test_what_holds_no_longer_does_not_leave_as_if_it_did(lite_house: House, case: str) -> None:
    """The copy says code, value and date, and has no word for it."""
    house, coach = lite_house, lite_house.client("coach")
    fact = fact_of(house, case)
    number = signed(house, case, items=[f"sensitive_fact:{fact}"])
    body = {"code": "health", "value": "pregnancy", "language": "fr", "based_on": 1, "holds": False}
    assert coach.put(f"/cases/{case}/facts/sensitive/{fact}", json=body).status_code == 200
    reply = house.client("head").post(f"/access-requests/{number}/disclosure")
    assert _code(reply) == (409, "conflict")
    assert coach.put(
        f"/cases/{case}/facts/sensitive/{fact}", json=body | {"based_on": 2, "holds": True}
    ).status_code == 200  # fmt: skip
    assert read(house, disclose(house, number)).status_code == 200


def test_what_the_offices_file_lists_no_longer_does_not_leave(
    lite_house: House, case: str, tmp_path: Path
) -> None:  # fmt: skip
    """Approved while it was listed; let go once it is not."""
    number = signed(lite_house, case)
    text = (Path(__file__).parents[1] / "exceptions.toml").read_text("utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text.replace('["partner:fedasil"]', '["partner:caritas"]'), "utf-8")
    lite_house.settings = lite_house.settings.model_copy(update={"exceptions_file": own})
    lite_house.reopen()
    reply = lite_house.client("head").post(f"/access-requests/{number}/disclosure")
    assert _code(reply) == (409, "conflict")
