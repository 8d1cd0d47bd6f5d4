"""Where a name begins and ends, and which words with a capital are names of nobody knows what."""

from __future__ import annotations

import pytest

from vault.freetext import edges, make_pipeline
from vault.freetext.capitals import is_no_word
from vault.freetext.findings import Finding
from vault.freetext.name_models import _as_person, _as_place
from vault.freetext.settle import settle
from vault.freetext.spans import Reason, Source, Tier, TokenType
from vault.freetext.words import load_words

PIPELINE = make_pipeline(french=False)


def _model(text: str, inside: str, kind: TokenType = TokenType.PERSON, score: float = 0.9) -> Finding:
    start = text.index(inside)
    return Finding(start, start + len(inside), kind, Reason(Source.MODEL, "name tagger"), score)


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ("Joop Munsterman kwam", "Joop Munsterman"),
        ("David Lloyd George kwam de", "David Lloyd George"),
        ("de dirigent Thomas Beecham", "Thomas Beecham"),
        ("van prinses Charlotte", "Charlotte"),
        ("Prins Reinier", "Reinier"),
        ("Major General Edward Braddock", "Edward Braddock"),
        ("mari de Dahbia", "Dahbia"),
        ("« Diallo »", "Diallo"),
        ("Diallo's", "Diallo"),
        # What belongs to a name stays.
        ("de la Cruz", "de la Cruz"),
        ("de Vries", "de Vries"),
        ("Jan van den Berg", "Jan van den Berg"),
        ("ousmane diallo", "ousmane diallo"),
        ("Ousmane diallo", "Ousmane diallo"),
        ("Prins", "Prins"),
    ],
)
def test_only_what_is_nobodys_name_is_taken_off(taken: str, name: str) -> None:
    (found,) = settle(taken, [_model(taken, taken)])
    assert taken[found.start : found.end] == name


@pytest.mark.parametrize(
    ("text", "inside", "doubtful"),
    [
        ("Zo was het.", "Zo", True),
        ("Ze belde. Nummer onbekend.", "Nummer", True),
        ("Hij is de Baas van de winkel hier.", "van de winkel", True),
        ("Hij zag Nummer drie.", "Nummer", False),
        ("Zo was Ousmane.", "Ousmane", False),
        ("baas van de winkel", "van de winkel", False),  # all small: a name may be too
    ],
)
def test_an_unsure_model_only_suggests_ordinary_words(text: str, inside: str, doubtful: bool) -> None:
    (found,) = settle(text, [_model(text, inside, score=0.2)])
    assert (found.tier is Tier.SUGGEST) == doubtful
    assert edges.is_doubtful(text, text.index(inside), text.index(inside) + len(inside)) == doubtful


@pytest.mark.parametrize(
    ("text", "inside", "whole"),
    [
        ("vu Jean Cousin l'Ancien hier", "Jean Cousin", "Jean Cousin l'Ancien"),
        ("met Willem de Oude daar", "Willem", "Willem de Oude"),
        ("by James Renwick, Jr. then", "James Renwick", "James Renwick, Jr."),
        ("vu Jean Cousin le matin", "Jean Cousin", "Jean Cousin"),
    ],
)
def test_an_epithet_belongs_to_its_name(text: str, inside: str, whole: str) -> None:
    (found,) = settle(text, [_model(text, inside)])
    assert text[found.start : found.end] == whole


@pytest.mark.parametrize(
    ("taken", "person"),
    [
        ("comédien italien Mario Rossi", "Mario Rossi"),
        ("Fatima Benali", "Fatima Benali"),
        ("Zeynalov Tadesse", "Zeynalov Tadesse"),
        ("Wolde Marokko", None),
        ("Sint-Gillis", None),
        ("Maison communale", None),
        ("gare du Midi", None),
    ],
)
def test_a_place_or_organisation_called_like_a_person_is_one(taken: str, person: str | None) -> None:
    found = _as_person(taken, _model(taken, taken, TokenType.PLACE))
    assert (found.type is TokenType.PERSON) == (person is not None)
    assert taken[found.start : found.end] == (person or taken)


@pytest.mark.parametrize(
    ("word", "score", "kind"),
    [
        ("Marokko", 0.7, TokenType.PLACE),
        ("Marokko", 0.99, TokenType.PERSON),
        ("Mbaye", 0.3, TokenType.PERSON),
        ("marokko", 0.7, TokenType.PERSON),
    ],
)
def test_what_lists_know_as_a_place_alone_is_hidden_as_one(word: str, score: float, kind: TokenType) -> None:
    found = _as_place(word, _model(word, word, score=score))
    assert (found.type, found.tier) == (kind, Tier.AUTO)


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ("Vu Diallo.", True),
        ("Hier. Vu Diallo.", True),
        ("et Vu Diallo", False),
        ("Rose Diallo", False),
        ("Xhel Diallo", False),
    ],
)
def test_a_verb_that_opens_a_sentence_is_no_part_of_a_known_name(text: str, opening: bool) -> None:
    name = text.index("Diallo")
    start = text.rindex(" ", 0, name - 1) + 1 if " " in text[: name - 1] else 0
    assert edges.is_opening(text, start, name) == opening
    known = Finding(name, name + 6, TokenType.PERSON, Reason(Source.KNOWN, "family name"), person="1")
    (found,) = settle(text, [_model(text, text[start : name + 6]), known])
    assert (found.person == "1") == opening
    assert text[found.start : found.end] == ("Diallo" if opening else text[start : name + 6])


def test_a_doubting_model_does_not_make_a_locality_a_person() -> None:
    text = "Mme Ouarab habite à Bruxelles et travaille pour Caritas."
    kinds = {text[one.start : one.end]: one.type for one in PIPELINE.read(text, "fr").findings}
    assert kinds["Bruxelles"] is TokenType.PLACE
    assert kinds["Ouarab"] is TokenType.PERSON


@pytest.mark.parametrize(
    ("word", "strange"),
    [
        ("Prasutagus", True),
        ("Nurhaci", True),
        ("Maison", False),
        ("Wereld", False),
        ("CPAS", False),
        ("UNHCR", False),
        ("Zov", False),
        ("qwrtzx", False),
    ],
)
def test_a_word_of_no_language_with_a_capital_is_told_from_abbreviations_and_words(word: str, strange: bool) -> None:
    assert is_no_word(word, load_words()) == strange


def test_a_capital_on_no_word_inside_a_sentence_is_masked_as_a_name() -> None:
    text = "Ze sprak lang over Krzwtilmo en ging weg."
    (found,) = (one for one in PIPELINE.read(text, "nl").findings if text[one.start : one.end] == "Krzwtilmo")
    assert found.tier is Tier.AUTO
    assert found.type in {TokenType.NAME, TokenType.PERSON, TokenType.PLACE, TokenType.ORGANISATION}
    assert not [one for one in PIPELINE.read("Sie sprach lange über das Krzwtilmo.", "de").findings
                if one.type is TokenType.NAME]  # fmt: skip
