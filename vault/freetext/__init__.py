"""Free text: whatever names people becomes a stand-in before anything is stored.

Looking through a text, which needs no case:
    normalise   one spelling, offsets kept         folding     comparing without case, accents, punctuation
    languages   sentences and their languages      tokens      words and signs
    reading     a text prepared for all stages     findings    what a stage is and what it gives
    checked     numbers with check digits          references  numbers by word and shape (`shapes`)
    contacts    telephones, e-mail, pages, users   addresses   streets and localities
    dates       in figures and words               amounts, origins, organisations
    titles      people by what stands before       name_models our tagger, and spaCy's French model
    repeat      found once, found everywhere       capitals    suggestions
    settle      which finding counts               pipeline    all of it in order; `detect`

With a case:
    known       its people as a stage (`names`, `similar_names`, `numbers`)
    token_map   which stand-in means whom          linking     which stand-in a finding gets
    replace     text in, stand-ins out             review      what the coach decides
    restore     names back, an act of its own

    done = pseudonymise("Vu Aminata Diallo.", known, TokenMap.empty(), "fr")   # done.text: "Vu [PERSONNE-1]."
    restore(done.text, done.token_map).text                                   # "Vu Aminata Diallo."
"""

from vault.freetext.findings import Finding, Stage
from vault.freetext.known import KnownIdentities, KnownPerson
from vault.freetext.normalise import Normalised, normalise
from vault.freetext.pipeline import Looked, Pipeline, default_pipeline, detect, make_pipeline
from vault.freetext.replace import Before, Pseudonymised, exact_stand_ins, look_through, pseudonymise
from vault.freetext.restore import Restored, RestoredSpan, restore
from vault.freetext.review import (
    Accept,
    Add,
    Apart,
    Choice,
    Extend,
    Merge,
    Missed,
    Reject,
    Rejection,
    Retype,
    Reviewed,
    Split,
    review,
)
from vault.freetext.spans import Decision, Reason, Source, Span, Tier, TokenType
from vault.freetext.stand_ins import defused
from vault.freetext.token_map import Entry, Kept, NoteTrace, TokenMap

__all__ = [
    "Accept",
    "Add",
    "Apart",
    "Before",
    "Choice",
    "Decision",
    "Entry",
    "Extend",
    "Finding",
    "Kept",
    "KnownIdentities",
    "KnownPerson",
    "Looked",
    "Merge",
    "Missed",
    "Normalised",
    "NoteTrace",
    "Pipeline",
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
    "Split",
    "Stage",
    "Tier",
    "TokenMap",
    "TokenType",
    "default_pipeline",
    "defused",
    "detect",
    "exact_stand_ins",
    "look_through",
    "make_pipeline",
    "normalise",
    "pseudonymise",
    "restore",
    "review",
]
