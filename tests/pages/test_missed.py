"""What the program missed is named by the coach on the page, and replaced wherever it stands."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from tests.house import House
from tests.pages.visiting import Visitor

#: A nickname that no list and no model takes for a name, twice by itself and once within a word.
TEXT: Final = "Zzykotte dort chez un ami. Demain zzykotte viendra avec Zzykotte, pas avec Zzykottes."
FORM: Final = {"template": "intake", "language": "fr", "text": TEXT, "based_on": "0"}


@pytest.fixture
def path(lite_house: House) -> str:
    return f"/cases/{lite_house.open_case(lite_house.client('coach'))}/notes/new"


def looked(coach: Visitor, path: str, status: int = 200, **values: Any) -> dict[str, Any]:
    """The page after a look, and what its form would send again."""
    page = coach.send(path, status, **FORM, **values)
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', page)
    assert digest is not None
    decided = dict.fromkeys(re.findall(r'name="(span-[^"]+)"', page), "leave")
    added = re.findall(r'name="added" type="checkbox" value="([^"]+)"', page)
    return {"page": page, "again": {"digest": digest[1], "added": added} | decided}


def stored(house: House, coach: Visitor, place: str) -> str:
    page = coach.look(place.removeprefix("/pages/casework").partition("?")[0])
    note = re.search(r'<div class="p-note"[^>]*>(.*?)</div>', page, re.DOTALL)
    assert note is not None
    return re.sub("<[^>]+>", "", note[1])


def test_what_was_missed_is_replaced_wherever_it_stands_by_itself(lite_house: House, path: str) -> None:
    coach = Visitor(lite_house, "coach")
    first = looked(coach, path, _look="yes")
    second = looked(coach, path, _look="yes", **first["again"] | {"missed": "Zzykotte", "missed-kind": "person"})
    assert second["again"]["added"] == ["person Zzykotte"]
    assert "What will be stored" in second["page"]
    text = stored(lite_house, coach, coach.send(path, **FORM, **second["again"]))
    assert text.count("[PERSONNE-") == 2
    assert "zzykotte viendra" in text, "as it is written, no more"
    assert "Zzykottes" in text, "a longer word is another word"
    assert "Zzykotte dort" not in text


def test_saving_at_once_takes_along_what_was_just_named(lite_house: House, path: str) -> None:
    coach = Visitor(lite_house, "coach")
    first = looked(coach, path, _look="yes")
    named = first["again"] | {"missed": " Zzykotte ", "missed-kind": "person"}
    text = stored(lite_house, coach, coach.send(path, **FORM, **named))
    assert "Zzykotte dort" not in text


def test_taking_the_tick_away_undoes_it(lite_house: House, path: str) -> None:
    coach = Visitor(lite_house, "coach")
    again = looked(coach, path, _look="yes", **looked(coach, path, _look="yes")["again"] | {"added": "person Zzykotte"})
    text = stored(lite_house, coach, coach.send(path, **FORM, **again["again"] | {"added": []}))
    assert "Zzykotte dort" in text


@pytest.mark.parametrize("words", ["Nulle part", "Zzyko", "[PERSONNE-7]"])
def test_words_that_stand_nowhere_by_themselves_are_told_and_nothing_is_stored(
    lite_house: House, path: str, words: str
) -> None:
    coach = Visitor(lite_house, "coach")
    first = looked(coach, path, _look="yes")
    told = looked(coach, path, 422, **first["again"] | {"missed": words, "missed-kind": "person"})
    assert "stand nowhere in the text" in told["page"]
    assert first["again"]["digest"] == told["again"]["digest"], "the look is as good as it was"
    assert told["again"]["added"] == [], "the next try is not refused for the same words"
    assert lite_house.client("coach").get(path.removesuffix("/new")).json()["notes"] == []


def test_kinds_that_there_are_not_are_passed_over(lite_house: House, path: str) -> None:
    coach = Visitor(lite_house, "coach")
    first = looked(coach, path, _look="yes")
    again = looked(
        coach, path, _look="yes", **first["again"] | {"added": ["gold Zzykotte", "person", "person " + "x" * 300]}
    )
    assert again["again"]["added"] == []
