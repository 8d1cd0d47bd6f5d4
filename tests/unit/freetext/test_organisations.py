"""Where the name of a school, a shop or an employer ends: not in the next sentence."""

from __future__ import annotations

import pytest

from vault.freetext.organisations import Organisations
from vault.freetext.reading import Reading


def _found(text: str, language: str) -> list[str]:
    return [text[one.start : one.end] for one in Organisations().find(Reading(text, language), ())]


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("fr", "Elle travaille au café Marcel à Gand. Son fils est en stage.", "Marcel à Gand"),
        ("fr", "Il dort au foyer Les Tilleuls. Sa sœur téléphone.", "Les Tilleuls"),
        ("fr", "Inscrit à l'école Saint-Joseph.Son dossier suit.", "Saint-Joseph"),
        ("nl", "Hij staat in café Marcel in Gent. Zijn moeder belt.", "Marcel in Gent"),
        ("nl", "Zij werkt bij Bakkerij Janssens. Morgen komt ze terug.", "Bakkerij Janssens"),
        ("de", "Er arbeitet bei der Firma Nordwind. Seine Frau ruft an.", "Firma Nordwind"),
        ("de", "Das Kind geht in die Kita Sonnenschein. Morgen Termin.", "Kita Sonnenschein"),
        ("en", "He sleeps at the shelter Open House. His sister calls.", "Open House"),
        ("en", "She works at the restaurant Bombay Palace. Next meeting on Monday.", "Bombay Palace"),
    ],
)
def test_a_name_ends_with_its_sentence(language: str, text: str, name: str) -> None:
    assert name in _found(text, language)
    assert not [one for one in _found(text, language) if "." in one]


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("fr", "Il dort au foyer St. Jean de Dieu.", "St. Jean de Dieu"),
        ("fr", "Inscrit à l'école Ste. Marie.", "Ste. Marie"),
        ("fr", "Suivi à la clinique Dr. Hadjadj à Uccle.", "Dr. Hadjadj à Uccle"),
        ("nl", "Hij werkt bij garage J. Vermeulen.", "J. Vermeulen"),
        ("nl", "Lid van de vereniging V.O.E.M. Antwerpen.", "V.O.E.M. Antwerpen"),
        ("de", "Er schläft im Heim St. Peter.", "Heim St. Peter"),
        ("de", "Sie putzt bei Dr.Meyer Zahnärzte.", "Dr.Meyer Zahnärzte"),
        ("en", "He works at the restaurant J.P. Morgan House.", "J.P. Morgan House"),
        ("en", "She worked for Parcel.com Belgium.", "Parcel.com Belgium"),
    ],
)
def test_a_point_inside_a_name_does_not_end_it(language: str, text: str, name: str) -> None:
    assert name in _found(text, language)
