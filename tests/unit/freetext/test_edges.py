"""Where a name begins and ends, and which words with a capital are names of nobody knows what."""

from __future__ import annotations

import pytest

from vault.freetext import edges, make_pipeline
from vault.freetext.capitals import is_no_word
from vault.freetext.findings import Finding
from vault.freetext.name_models import Entities, NameModels, _as_person, _as_place
from vault.freetext.reading import Reading
from vault.freetext.settle import settle
from vault.freetext.spans import Reason, Source, Tier, TokenType
from vault.freetext.titles import Titles
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
        ("van Heukelsel", "van Heukelsel"),
        ("van de Kalazar", "Kalazar"),
        ("saint Ferréol", "saint Ferréol"),
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
        ("De Vereniging zweeg.", "De Vereniging", True),
        ("Het ligt aan de Westelijke Oceaan.", "de Westelijke Oceaan", True),
        ("Dan zei mevrouw de Westelijke Oceaan iets.", "de Westelijke Oceaan", False),
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
        ("vu Mohammed B hier", "Mohammed", "Mohammed B"),
        ("vu Mohammed Bis hier", "Mohammed", "Mohammed"),
        ("VU MOHAMMED A BRUXELLES", "MOHAMMED", "MOHAMMED"),
        ("chez saint Ferréol", "Ferréol", "saint Ferréol"),
        ("de heer van Heukelsel", "van Heukelsel", "van Heukelsel"),
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
    ("text", "kind"),
    [
        ("in de gemeente Pekelaar", TokenType.PLACE),
        ("tijdens de slag bij Pekelaar", TokenType.PLACE),
        ("dans les îles de Pekelaar", TokenType.PLACE),
        ("l'idée est de Pekelaar", TokenType.PERSON),
        ("er is geen meer Pekelaar", TokenType.PERSON),
        ("mijn gemeente en Pekelaar", TokenType.PERSON),
    ],
)
def test_what_stands_behind_a_word_for_a_place_is_one_unless_the_model_is_very_sure(text: str, kind: TokenType) -> None:
    assert _as_place(text, _model(text, "Pekelaar", score=0.8)).type is kind
    assert _as_place(text, _model(text, "Pekelaar", score=0.98)).type is TokenType.PERSON


def test_a_sure_person_goes_before_the_place_that_a_model_sees_in_more_words() -> None:
    text = "son professeur de théâtre Kotlar Mieczy rejoint la ville"
    place = _model(text, "théâtre Kotlar Mieczy", TokenType.PLACE, 0.7)
    found = settle(text, [place, _model(text, "Kotlar Mieczy", score=0.8)])
    assert [(text[one.start : one.end], one.type) for one in found] == [
        ("théâtre", TokenType.PLACE),
        ("Kotlar Mieczy", TokenType.PERSON),
    ]
    found = settle(text, [place, _model(text, "Kotlar Mieczy", score=0.5)])
    assert [one.type for one in found] == [TokenType.PLACE]


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("Hij belde met loodgieter Xhelili daarna.", "nl", "Xhelili"),
        ("Elle a vu le plombier Zbrouk hier.", "fr", "Zbrouk"),
        ("Mme Zbroukian et Jan, enfants wisamel et Nour", "fr", "wisamel"),
        ("zegt dat m'hamedou komt", "nl", "m'hamedou"),
        ("gesprek met mr de neef vandaag", "nl", "de neef"),
        ("Dan sprak mevrouw de Zbrouk lang.", "nl", "de Zbrouk"),
        ("AFSPRAAK MET MEVR DE WOLF DONDERDAG", "nl", "DE WOLF"),
        ("elle connaît N'Zbrouk depuis longtemps", "fr", "N'Zbrouk"),
    ],
)
def test_what_stands_before_a_name_gives_it_away(text: str, language: str, name: str) -> None:
    reading = Reading(text, language)
    assert name in [text[one.start : one.end] for one in Titles().find(reading, ())]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("elle m'appelle et n'arrive pas", "fr"),
        ("l'assurance sociale (Riksverket) répond", "fr"),
        ("un plombier est venu", "fr"),
        ("Mme Diallo dit que les jumeaux du Minnesota", "fr"),
        ("zijn broer komt met m'n moeder", "nl"),
        ("gesprek met mevr de directrice vandaag", "nl"),
        ("Hier belde mevrouw de Directrice nog.", "nl"),
    ],
)
def test_ordinary_words_behind_a_cue_are_nobody(text: str, language: str) -> None:
    reading = Reading(text, language)
    assert {text[one.start : one.end] for one in Titles().find(reading, ())} <= {"Diallo"}


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


def _entities(*marked: tuple[str, str]) -> Entities:
    """What the French model is to say: words and labels."""
    return lambda text: [
        (text.index(words), text.index(words) + len(words), label) for words, label in marked if words in text
    ]


def test_what_the_french_model_only_knows_to_name_something_is_hidden() -> None:
    text = "Elle parle de la Grande Zbrouk avec sa soeur et de la Guerre des CPAS."
    stage = NameModels(_entities(("Guerre des CPAS", "MISC")))
    names = [text[one.start : one.end] for one in stage.find(Reading(text, "fr"), ()) if one.type is TokenType.NAME]
    assert names == ["Guerre"]


def test_an_ordinary_word_that_the_french_model_alone_takes_for_a_person_is_only_suggested() -> None:
    text = "Ont comparu devant la cour."
    found = list(NameModels(_entities(("Ont", "PER"))).find(Reading(text, "fr"), ()))
    (settled,) = settle(text, found)
    assert (text[settled.start : settled.end], settled.tier) == ("Ont", Tier.SUGGEST)
