"""What simulated coaches write: a few dozen texts of 1 to 8 kB that name nobody, each looked through once.

Looking through a text takes most of the time that a note costs, and gives the same for the same text: what was found
is kept per text, and handed to the use case with it, as the gateway does after looking before the transaction.
"""

from __future__ import annotations

from random import Random
from typing import Final

from gateway.simulation.chance import seeded
from vault.errors import ConfigurationError
from vault.freetext import Looked
from vault.freetext.office import Office

_SENTENCES: Final = {
    "fr": (
        "L'entretien s'est déroulé dans le calme, avec un interprète.",
        "La personne comprend la décision et pose des questions sur les recours possibles.",
        "Elle parle de son logement, partagé avec des connaissances.",
        "Les enfants vont à l'école et suivent bien.",
        "La possibilité d'un retour accompagné a été expliquée, sans engagement.",
        "Elle souhaite réfléchir et en parler avec sa famille.",
        "Les documents manquants ont été énumérés, et comment les demander.",
        "Elle dit mal dormir et a rendez-vous chez un médecin.",
        "Nous avons relu ensemble la notice sur la confidentialité.",
        "Le travail sans contrat a été évoqué; elle craint l'employeur.",
    ),
    "nl": (
        "Het gesprek verliep rustig, met een tolk.",
        "De persoon begrijpt de beslissing en vraagt naar een mogelijk beroep.",
        "Er is gesproken over de huidige woning, die met kennissen wordt gedeeld.",
        "De kinderen gaan naar school en volgen goed.",
        "De mogelijkheid van een begeleide terugkeer is uitgelegd, zonder verbintenis.",
        "Zij wil nadenken en er met haar familie over praten.",
        "De ontbrekende documenten zijn opgesomd, en hoe ze gevraagd worden.",
        "Zij slaapt slecht en heeft een afspraak bij een arts.",
        "Wij hebben samen de informatie over vertrouwelijkheid gelezen.",
        "Het werk zonder contract kwam ter sprake; zij vreest de werkgever.",
    ),
}
_PER_LANGUAGE: Final = 12
_SHORTEST, _LONGEST = 1_000, 8_000


class Texts:
    """office: looks through each text when it is first used."""

    def __init__(self, office: Office, seed: int) -> None:
        self._office = office
        chance = seeded(seed, "texts")
        self._texts = {
            language: [_text(chance, sentences, place) for place in range(_PER_LANGUAGE)]
            for language, sentences in _SENTENCES.items()
        }
        self._looked: dict[str, Looked] = {}

    def one(self, chance: Random, language: str) -> tuple[str, Looked]:
        """A text of that language in which nothing is found that somebody would have to decide about."""
        while texts := self._texts[language]:
            text = chance.choice(texts)
            looked = self._looked.get(text)
            if looked is None:
                looked = self._looked[text] = self._office.look(text, language)
            if not looked.findings:
                return text, looked
            texts.remove(text)
        raise ConfigurationError("something is found in every text of the simulation: it cannot write notes")


def _text(chance: Random, sentences: tuple[str, ...], place: int) -> str:
    """Lengths spread evenly over the range, most of them short."""
    length = _SHORTEST + (_LONGEST - _SHORTEST) * (place / _PER_LANGUAGE) ** 2
    found: list[str] = []
    while sum(map(len, found)) < length:
        found.append(chance.choice(sentences))
    return " ".join(found)
