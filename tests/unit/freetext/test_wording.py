"""What the office prints into notes names nobody; what is typed behind it may."""

from __future__ import annotations

import pytest

from gateway.office_texts import load_texts
from vault.cases.model import LANGUAGES
from vault.cases.templates import TEMPLATES
from vault.freetext import make_pipeline
from vault.freetext.office import Office
from vault.freetext.spans import TokenType

NOTES = load_texts(None).notes
SKELETONS = [text for note in NOTES.values() for text in note.skeletons.values()]
OFFICE = Office(skeletons=SKELETONS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_an_empty_skeleton_holds_nothing(template: str, language: str) -> None:
    assert OFFICE.look(NOTES[template].skeletons[language], language).findings == ()


def test_without_its_skeletons_the_pipeline_takes_a_heading_for_a_name() -> None:
    """Or the test above would prove nothing."""
    assert make_pipeline().read(NOTES["intake"].skeletons["fr"], "fr").findings


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f"])
def test_a_heading_is_known_by_whichever_space(space: str) -> None:
    """Skeletons of an earlier version had plain ones, and editors put in what they like."""
    text = f"Logement, travail, dettes{space}:\nVoie{space}:"
    assert make_pipeline().read(text, "fr").findings
    assert OFFICE.look(text, "fr").findings == ()


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("Logement, travail, dettes : chez Mme Aminata Diallo", "fr", "Aminata Diallo"),
        ("Aanwezig (advocaat, vertrouwenspersoon, tolk): Mr. Pieter Verhaegen", "nl", "Pieter Verhaegen"),
        ("  ## Questions de la personne\nMme Diallo demande un délai.", "fr", "Diallo"),
    ],
)
def test_what_is_typed_behind_a_heading_is_found(text: str, language: str, name: str) -> None:
    looked = OFFICE.look(text, language)
    people = [text[one.start : one.end] for one in looked.findings if one.type is TokenType.PERSON]
    assert any(name in found for found in people)


def test_a_heading_counts_at_the_beginning_of_a_line_alone() -> None:
    text = "Elle s'appelle Logement, travail, dettes :"
    office = Office(skeletons=["Logement, travail, dettes :"])
    assert [one.type for one in office.look(text, "fr").findings] == [
        one.type for one in make_pipeline().read(text, "fr").findings
    ]


def test_a_name_that_a_heading_begins_with_is_found_whole() -> None:
    office = Office(skeletons=["Closing"])
    text = "Closing\nMme Closing Diallo est venue."
    assert any("Diallo" in text[one.start : one.end] for one in office.look(text, "fr").findings)
