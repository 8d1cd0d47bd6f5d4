"""Cases drawn by lot for a regional head: why, how one stands, and the codes of what is recorded about stay."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, dict[str, str]]] = {
    "sample_reason": {
        "quality": "Quality of the work", "complaint": "After a complaint", "training": "For training",
    },
    "sample_standing": {"running": "runs", "done": "done", "expired": "its time is over"},
}  # fmt: skip
FAULTS: Final = {
    "samples_spent": "You have had as many cases drawn this month as one head may.",
    "too_few_cases": "So few cases are active there that drawing one would be choosing it. Draw among more.",
    "words_of_a_head": "One line of at least 10 characters, and no number or address of anybody.",
}
#: Added to groups that other pages share.
MORE: Final = {
    "kind": {"case_sample": "sample of a case"},
    "purpose": {"supervision": "supervision of quality"},
    "fact": {"sample": "if the case was drawn by lot for them"},
    "spoken_for": {"sample": "drawn by lot"},
    "done": {
        "sample_drawn": "A case was drawn. Its coach is told.",
        "sample_done": "It is done. What you found is sealed.",
    },
    "fact_code": {
        "avenue": "Way to a right of residence", "procedure": "Procedure", "appeal": "Appeal", "lawyer": "Lawyer",
        "ties": "Ties", "extension_ground": "Ground for more time", "dublin_state": "State that is competent",
    },
    "fact_value": {
        "annulment": "Annulment", "extreme_urgency": "Extreme urgency", "cassation": "Cassation",
        "private": "Chosen and paid", "long_stay": "Long stay", "school_children": "Children at school",
        "work": "Work", "language": "Language", "health": "Health", "return_under_way": "Return under way",
        "family_ties": "Family ties", "participation": "Takes part in the guidance", "filed": "Filed",
        "granted": "Granted", "appealed": "Appealed", "withdrawn": "Withdrawn",
    },
}  # fmt: skip
