"""Erasing closed cases: what keeps one, upon which ground, how a request stands, why it was refused."""

from __future__ import annotations

from typing import Final

from vault.lifecycle.holds import WHY

WORDS: Final[dict[str, dict[str, str]]] = {
    "erasure_hold": {hold.value: why for hold, why in WHY.items()},
    # As `gateway/retention.toml` ships them: an office's own text stands as the office wrote it.
    "erasure_ground": {
        "retention_over":
            "Storage limitation: the time for which the data may be kept is over (GDPR, art. 5(1)(e))",
        "person_asks": "Right to erasure, upon the request of the person (GDPR, art. 17(1))",
        "unlawful":
            "The data were processed unlawfully, such as a case opened about the wrong person (GDPR, art. 17(1)(d))",
        "ordered": "Order of a court or of the supervisory authority (GDPR, art. 17(1)(e), art. 58(2)(g))",
    },
    "erasure_standing": {
        "asked": "waits for the data protection officer", "refused": "the data protection officer refused",
        "approved": "agreed: it will be erased", "lapsed": "lapsed: the case was reopened",
        "begun": "is being erased", "erased": "case erased", "forged": "forged: nobody of guidance signed it",
    },
    "erasure_said": {
        "approved": "Agree: the case is erased",
        "still_needed": "Refuse: it is still needed, for its purpose or for legal claims (GDPR, art. 17(3)(e))",
        "bound_by_law": "Refuse: a law wants it kept, or an authority asked that it be (GDPR, art. 17(3)(b))",
        "ground_not_met": "Refuse: the ground is not met",
    },
    "erasure_refusal": {
        "still_needed": "still needed, for its purpose or for legal claims (GDPR, art. 17(3)(e))",
        "bound_by_law": "a law wants it kept, or an authority asked that it be (GDPR, art. 17(3)(b))",
        "ground_not_met": "the ground is not met",
    },
}  # fmt: skip
FAULTS: Final = {
    "erasure_held": "Something holds this case: it stands below, with what ends it.",
    "erasure_not_due": "This ground can be used only once the case is due.",
    "erasure_asked": "Somebody asked for this already.",
    "erasure_answered": "This was answered already, or nobody signed it.",
}
#: Added to groups that other pages share.
MORE: Final = {
    "menu": {"erasures": "Erasing cases"},
    "done": {
        "erasure_asked": "It is asked. The data protection officer answers; nothing is erased before.",
        "erasure_approved": "You agreed. The case is erased soon.",
        "erasure_refused": "You refused. The case stays.",
    },
}
