"""What stands in the way of a coach, how a case came to one, and what becomes of the cases of one who is away."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, dict[str, str]]] = {
    "unable": {
        "other_region": "of another region", "inactive": "does not work here any more",
        "no_profile": "nobody said what cases they take", "other_type": "does not take this kind of case",
        "absent": "away", "conflict_of_interest": "conflict of interest", "full": "has as many cases as they can take",
    },
    "came_by": {
        "chosen": "chosen by kind, region and load", "named": "named by a head", "step": "named with a step",
        "absence": "stands in", "return": "came back", "conflict": "conflict of interest",
    },
    "absence_kind": {"holiday": "Holiday", "leave": "Longer leave"},
    "becomes": {
        "goes": "would be handed over", "stays": "would stay: nobody can take it", "given": "handed over",
        "kept": "handed over; stays where it is", "back": "given back",
    },
}  # fmt: skip
FAULTS: Final = {
    "not_assignable": "This case cannot be given so. What stands in the way is named below.",
    "away_already": "An absence that is written down already covers some of these days.",
}
MORE: Final = {
    "menu": {"coaches": "Coaches"},
    "done": {
        "assigned": "The case has its coach.", "profile": "What they take is written down.",
        "absence": "The absence is written down. Look below what would become of the cases.",
        "caseload": "The cases are handed over. Below stands what became of each.",
        "caseload_back": "The absence has ended. Below stands what became of each case.",
    },
}  # fmt: skip
