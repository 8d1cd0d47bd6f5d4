"""A disk that is full: 503, and nothing written by halves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.crash.checks import faults
from tests.house import CASE, House


def _full(house: House, database: Any, *, pages: int) -> None:
    """The file may grow by so many pages and no further: what a full disk does to SQLite."""
    raw = database.raw
    (used,) = raw.execute("PRAGMA page_count").fetchone()
    raw.execute(f"PRAGMA max_page_count={used + pages}")


@pytest.mark.parametrize("which", ["main", "keystore"])
@pytest.mark.parametrize("pages", [0, 1, 3])
def test_a_full_disk_answers_503_and_writes_nothing_by_halves(lite_house: House, which: str, pages: int) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    note = lite_house.write_note(coach, case, "Court.")
    database = getattr(lite_house.services.store, which)
    _full(lite_house, database, pages=pages)
    body = {"text": "a " * 60_000, "language": "fr", "template": "interview"}
    answers = []
    for _ in range(60):
        reply = coach.post(f"/cases/{case}/notes", json=body) if which == "main" else coach.post("/cases", json=CASE)
        answers.append(reply.status_code)
        if reply.status_code == 503:
            assert reply.headers["retry-after"] == "1"
            assert reply.json()["detail"] == "Nothing was written. Try again in a moment."
            break
    assert answers[-1] == 503
    assert faults(lite_house.settings) == []
    database.raw.execute("PRAGMA max_page_count=1073741823")
    assert coach.get(f"/cases/{case}/notes/{note}").json()["text"] == "Court."
    assert lite_house.write_note(coach, case)
    assert lite_house.open_case(coach)
    assert faults(lite_house.settings) == []


def test_a_disk_that_is_full_for_the_log_gives_no_answer_either(lite_house: House) -> None:
    """No entry, no answer: a read needs room as well."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    _full(lite_house, lite_house.services.store.main, pages=0)
    answers = [coach.get(f"/cases/{case}/identity") for _ in range(40)]
    refused = [reply for reply in answers if reply.status_code != 200]
    assert refused
    assert {reply.status_code for reply in refused} == {503}
    assert all("Diallo" not in reply.text for reply in refused)
    lite_house.services.store.main.raw.execute("PRAGMA max_page_count=1073741823")
    assert coach.get(f"/cases/{case}/identity").status_code == 200
    assert faults(lite_house.settings) == []
