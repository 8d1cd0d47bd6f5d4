"""What stands in the way of a coach, and how a case came to one."""

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
}  # fmt: skip
FAULTS: Final = {"not_assignable": "This case cannot be given so. What stands in the way is named below."}
MORE: Final = {"done": {"assigned": "The case has its coach."}}
