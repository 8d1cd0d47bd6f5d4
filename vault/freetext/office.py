"""The pipeline as an office uses it: its own shapes of numbers, and what it leaves in notes.

A note in which every year, sum and nationality is a stand-in cannot be worked with. So these stay by default, though
`detect` finds them: bare years (a birth date coarsened to its year is what the rules allow elsewhere too), dates of
appointments and terms, sums, origins, occupations. Dates of birth and all other dates never stay. An office that
wants them replaced says so (`PAREFEU_FREETEXT_LEAVE`).
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from vault.freetext.findings import APPOINTMENT, YEAR, Finding
from vault.freetext.pipeline import Looked, Pipeline, make_pipeline
from vault.freetext.replace import exact_stand_ins
from vault.freetext.shapes import Shapes
from vault.freetext.spans import Source, TokenType

#: What stays in notes unless the office says otherwise; `date` here means years, appointments and terms only.
STAYS: Final = frozenset({TokenType.DATE, TokenType.AMOUNT, TokenType.ORIGIN, TokenType.OCCUPATION})


class Office:
    """Looks through notes before they are stored. The models are loaded at the first one; safe between threads."""

    def __init__(
        self,
        *,
        shapes: Sequence[Shapes] | None = None,
        stays: Collection[TokenType] = STAYS,
        french: bool = True,
        skeletons: Iterable[str] = (),
    ) -> None:
        """shapes: the operator's own. stays: out of STAYS. french: with spaCy's model where it is installed.

        skeletons: of the office's note templates, in all languages.
        """
        self._skeletons = tuple(skeletons)
        self._shapes = shapes
        self._stays = frozenset(stays)
        self._french = french
        self._pipeline: Pipeline | None = None
        self._making = threading.Lock()

    def look(self, text: str, language: str) -> Looked:
        """What the stages find in `text`; some 50 ms for 1,000 characters, so outside any transaction."""
        with self._making:
            if self._pipeline is None:
                self._pipeline = make_pipeline(french=self._french, shapes=self._shapes, skeletons=self._skeletons)
        return self._pipeline.read(exact_stand_ins(text), language)

    def leaves(self, found: Finding) -> bool:
        """Whether notes keep this as it was typed. What the case knows is never left."""
        if found.source is Source.KNOWN or found.type not in self._stays:
            return False
        return found.type is not TokenType.DATE or found.reason.detail in {YEAR, APPOINTMENT}
