"""What a coach says of one place in a note holds for that place and those that the page shows with it, and no other."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from tests.house import House
from tests.pages.test_missed import stored
from tests.pages.visiting import Visitor

#: The same word names a neighbour and a town: two lines on the page, each with a decision of its own.
TWO: Final = "Gezien met madam Paris in Paris. De buurvrouw heet paris. Paris is mooi."
_LINE: Final = re.compile(
    r'<legend class="govuk-visually-hidden">([^<]+)</legend>.*?<p class="p-small">(\w+) ·.*?name="span-(\w+)"'
    r"(?:(?!</fieldset>).)*?</fieldset>",
    re.DOTALL,
)


def form(text: str) -> dict[str, Any]:
    return {"template": "intake", "language": "nl", "text": text, "based_on": "0"}


@pytest.fixture
def path(lite_house: House) -> str:
    return f"/cases/{lite_house.open_case(lite_house.client('coach'))}/notes/new"


def digest(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def places(page: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Words and kind of each line: its place's name, and what is chosen there."""
    found = {}
    for line in _LINE.finditer(page):
        chosen = re.search(r'value="(\w+)" checked', line[0])
        found[line[1], line[2]] = (f"span-{line[3]}", chosen[1] if chosen is not None else "")
    return found


@pytest.mark.parametrize("town_first", [False, True], ids=["person first", "town first"])
def test_leaving_a_town_does_not_leave_a_person_who_is_called_the_same(
    lite_house: House, path: str, town_first: bool
) -> None:
    coach = Visitor(lite_house, "coach")
    page = coach.send(path, 200, **form(TWO), _look="yes")
    lines = places(page)
    said = {lines["Paris", "Person"][0]: "replace", lines["Paris", "Place"][0]: "leave"}
    if town_first:
        said = dict(reversed(said.items()))
    again = coach.send(path, 200, **form(TWO), _look="yes", digest=digest(page), **said)
    assert dict(places(again).values()) == said
    text = stored(lite_house, coach, coach.send(path, **form(TWO), digest=digest(page), **said))
    assert text == "Gezien met madam [PERSOON-1] in Paris. De buurvrouw heet paris. [PERSOON-1] is mooi."


def test_replacing_a_full_name_leaves_what_was_left_of_it_elsewhere(lite_house: House, path: str) -> None:
    coach, text = Visitor(lite_house, "coach"), "Gezien met Rosa Parmentier. Later belde Rosa Parmentier en ook Rosa."
    page = coach.send(path, 200, **form(text), _look="yes")
    lines = places(page)
    said = {lines["Rosa", "Person"][0]: "leave", lines["Rosa Parmentier", "Person"][0]: "replace"}
    kept = stored(lite_house, coach, coach.send(path, **form(text), digest=digest(page), **said))
    assert kept == "Gezien met [PERSOON-1]. Later belde [PERSOON-1] en ook Rosa."


def test_what_was_said_of_a_place_is_not_said_of_another_once_the_text_has_changed(
    lite_house: House, path: str
) -> None:
    coach = Visitor(lite_house, "coach")
    page = coach.send(path, 200, **form("Rosa en Khadija wandelen in Paris."), _look="yes")
    lines = places(page)
    said = {name: "leave" if words == "Paris" else "replace" for (words, _), (name, _) in lines.items()}
    changed = form("Wandelen in Paris: nu Rosa en Khadija.")
    page = coach.send(path, 422, **changed, digest=digest(page), **said)
    assert "Decide again" in page
    assert {words: chosen for (words, _), (_, chosen) in places(page).items()} == dict.fromkeys(
        ("Paris", "Rosa", "Khadija"), "replace"
    )
    assert "en [PERSOON-2]." in re.sub("<[^>]+>", "", page), "the preview shows what would be stored"
    page = coach.send(path, 200, **changed, _look="yes", digest="0" * 32, **said)
    assert "leave" not in {chosen for _, chosen in places(page).values()}


@pytest.mark.parametrize(
    "missed",
    [
        {"missed": "het " * 60},
        {"missed": "groene hoed", "missed-kind": "nothing"},
        {"missed": "groene hoed", "added": [f"person woord{number}" for number in range(50)]},
    ],
    ids=["too long", "of no kind", "too many"],
)  # fmt: skip
def test_what_was_named_as_missed_and_cannot_be_taken_is_told_before_anything_is_stored(
    lite_house: House, path: str, missed: dict[str, Any]
) -> None:
    coach = Visitor(lite_house, "coach")
    text = " ".join(["De man met de groene hoed.", "het " * 60, *(f"woord{number}" for number in range(50))])
    page = coach.send(path, 200, **form(text), _look="yes")
    said = {name: "leave" for name, _ in places(page).values()}
    told = coach.send(path, 422, **form(text), digest=digest(page), **said, **{"missed-kind": "person"} | missed)
    assert 'id="missed-fault"' in told
    assert missed["missed"].strip() in told, "what was typed stays"
    assert lite_house.client("coach").get(path.removesuffix("/new")).json()["notes"] == []


def test_what_was_left_in_an_earlier_version_is_shown_as_left(lite_house: House, path: str) -> None:
    coach, text = Visitor(lite_house, "coach"), "Gezien in Paris met Rosa Parmentier."
    page = coach.send(path, 200, **form(text), _look="yes")
    said = {name: "leave" if words == "Paris" else "replace" for (words, _), (name, _) in places(page).items()}
    note = coach.send(path, **form(text), digest=digest(page), **said).partition("?")[0]
    again = form("Gezien in Paris met [PERSOON-1]. Later ook.") | {"based_on": "1"}
    page = coach.send(f"{note}/edit", 200, **again, _look="yes")
    assert places(page)["Paris", "Place"][1] == "leave"
    same = dict(places(page).values()) | {"digest": digest(page)}
    assert "in Paris met" in stored(lite_house, coach, coach.send(f"{note}/edit", **again, **same))


def test_what_was_left_for_a_reason_is_not_called_always_replaced(lite_house: House, path: str) -> None:
    coach, text = lite_house.client("coach"), {"text": "Le centre Diallo est loin.", "language": "fr"}
    look = coach.post(path.removesuffix("/notes/new") + "/note-review", json=text).json()
    left = [
        {"decision": "reject", "span": span["id"], "reason": "le centre, pas la personne"} for span in look["spans"]
    ]
    assert any(span["needs_reason"] for span in look["spans"])
    body = text | {"template": "intake", "digest": look["digest"], "decisions": left}
    note = coach.post(path.removesuffix("/new"), json=body).json()["note"]
    page = Visitor(lite_house, "coach").send(
        f"{path.removesuffix('/new')}/{note}/edit", 200, template="intake", language="fr", based_on="1",
        text="Le centre Diallo est loin. Trop loin.", _look="yes",
    )  # fmt: skip
    assert "Always replaced" not in page
    assert "Left as it is, for the reason given before." in page
    assert "Le centre Diallo est loin. Trop" in page.partition("What will be stored")[2]
