"""Free text: whatever names people becomes a stand-in before anything is stored.

normalise   one spelling of the text, offsets kept     folding   comparing without case, accents, punctuation
spans       what was found, and what was decided       detect    what a detector gives
names       every way to write a known name            numbers   the same for numbers, telephones, addresses
known       the case's own people as a detector        stand_ins how `[PERSONNE-1]` is written and read
token_map   which stand-in means whom                  replace   text in, stand-ins out
review      what the coach decides                     restore   names back, an act of its own

    done = pseudonymise("Vu Aminata Diallo.", known, TokenMap.empty(), "fr")   # done.text: "Vu [PERSONNE-1]."
    restore(done.text, done.token_map).text                                   # "Vu Aminata Diallo."
"""

from vault.freetext.detect import Candidate, Detector
from vault.freetext.known import KnownIdentities, KnownPerson
from vault.freetext.normalise import Normalised, normalise
from vault.freetext.replace import Pseudonymised, pseudonymise
from vault.freetext.restore import Restored, RestoredSpan, restore
from vault.freetext.review import Accept, Add, Merge, Reject, Rejection, Retype, Reviewed, review
from vault.freetext.spans import Decision, Reason, Source, Span, Tier, TokenType
from vault.freetext.stand_ins import defused
from vault.freetext.token_map import Entry, TokenMap

__all__ = [
    "Accept",
    "Add",
    "Candidate",
    "Decision",
    "Detector",
    "Entry",
    "KnownIdentities",
    "KnownPerson",
    "Merge",
    "Normalised",
    "Pseudonymised",
    "Reason",
    "Reject",
    "Rejection",
    "Restored",
    "RestoredSpan",
    "Retype",
    "Reviewed",
    "Source",
    "Span",
    "Tier",
    "TokenMap",
    "TokenType",
    "defused",
    "normalise",
    "pseudonymise",
    "restore",
    "review",
]
