"""The invented notes every contestant serves: the same ones, made from their number alone.

>>> sample_notes(2)[0].reference
'DO-000000-00'
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

NOTES_PER_CASE: Final = 10
#: Characters of text; with the other fields and JSON's punctuation the answer has about 2 KB.
TEXT_LENGTH: Final = 1_750
_SEED: Final = 20261122
_WORDS: Final = """
    de la le en entretien retour famille logement santé école [[PERS-1]] [[PERS-2]] [[LIEU-1]] démarche
    partenaire rendez-vous document ambassade souhaite explique hésite propose rappelle comprend demande
    travail projet enfants soutien voyage date semaine mois avec sans pour après avant chez vers parce que
    [[ORG-1]] situation décision recours délai information orale écrite remise confirmée notée
"""
_BEGINNING: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SampleNote:
    """One note. note and case: 32 lower-case hexadecimal digits; written_at: RFC 3339, UTC."""

    note: str
    case: str
    reference: str
    version: int
    template: str
    language: str
    text: str
    provenance: str
    written_at: str
    author: str


def sample_notes(count: int) -> list[SampleNote]:
    """`count` notes, `NOTES_PER_CASE` to a case; the same list in every process."""
    return [_note(number) for number in range(count)]


def _note(number: int) -> SampleNote:
    chance = random.Random(_SEED * 1_000_003 + number)
    case, place = divmod(number, NOTES_PER_CASE)
    text = " ".join(chance.choices(_WORDS.split(), k=TEXT_LENGTH // 4))[:TEXT_LENGTH]
    return SampleNote(
        note=chance.randbytes(16).hex(),
        case=random.Random(_SEED + case).randbytes(16).hex(),
        reference=f"DO-{case:06d}-{place:02d}",
        version=1,
        template="coaching_interview",
        language="fr",
        text=text,
        provenance="interview",
        written_at=(_BEGINNING + timedelta(minutes=17 * number)).isoformat().replace("+00:00", "Z"),
        author="coach-07",
    )
