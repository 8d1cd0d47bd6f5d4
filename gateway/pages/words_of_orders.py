"""What became of an order of the official file, what it lacks, and what is wrong with it."""

from __future__ import annotations

from typing import Final

from gateway.order_faults import TEXTS

WORDS: Final[dict[str, dict[str, str]]] = {
    "intake": {
        "new": "would be taken in", "triaged": "taken in and triaged", "waiting": "taken in; waits for a fact",
        "passed_on": "for another region", "same": "was taken in before",
        "differs": "taken in before, says something else",
        "updated": "facts brought up to date", "completed": "completed and triaged",
        "known": "this case was opened by hand", "refused": "cannot be taken in here", "duplicate": "twice in the file",
        "invalid": "cannot be used", "not_sent": "not taken in yet",
    },
    "order_missing": {
        "criterion": "code of triage missing", "region": "region missing", "address": "address missing",
        "birth_date": "date of birth missing",
    },
    "order_differing": {"household": "people or place changed", "facts": "facts changed"},
    "order_fault": TEXTS,
}  # fmt: skip
FAULTS: Final = {"order_file": "Nothing of this file was used. Why stands below."}
MORE: Final = {"menu": {"orders": "Take in orders"}}
