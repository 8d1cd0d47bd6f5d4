"""Corrections: an earlier version was wrong. It stays, the newer one says which, and why.

An ordinary revision adds what was learnt since; a correction says that what stood there should not have. Who
corrected is the author of the version that carries it; the reason is sealed with that version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from vault.errors import InvalidInput, RecordTampered

SHORTEST_REASON: Final = 5  # characters; a word, not a full stop
LONGEST_REASON: Final = 500


@dataclass(frozen=True, slots=True, repr=False)
class Correction:
    """corrects: the version that was wrong, from 1. reason: in words, names replaced."""

    corrects: int
    reason: str

    def to_json(self) -> dict[str, Any]:
        return {"corrects": self.corrects, "reason": self.reason}

    @classmethod
    def from_json(cls, data: Any) -> Correction:
        """Raises RecordTampered for anything that `to_json` does not make."""
        match data:
            case {"corrects": int(corrects), "reason": str(reason), **rest} if (
                not rest and type(corrects) is int and corrects >= 1
            ):
                return cls(corrects, reason)
        raise RecordTampered("an authentic record with a correction of another shape")


def check_reason(reason: str, based_on: int) -> None:
    """A correction has a reason and something to correct. Raises InvalidInput."""
    if len(reason.strip()) < SHORTEST_REASON or len(reason) > LONGEST_REASON:
        raise InvalidInput(
            f"say in {SHORTEST_REASON} to {LONGEST_REASON} characters why it was wrong", field="correction"
        )
    if based_on < 1:
        raise InvalidInput("what is new corrects nothing", field="correction")
