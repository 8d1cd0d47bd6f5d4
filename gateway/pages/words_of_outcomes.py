"""What the outcome of an entry of the log is called on the auditor's pages.

An outcome is a code, or several with what belongs to them: `written_unreviewed`, `partner:caritas`, `sound:differs`,
`not_found withheld_until=2026-11-10`. Most are words that other pages have already; the rest stand here. The code is
shown beside, for whoever looks it up or searches by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

#: Outcomes that are no word of another page.
OUTCOMES: Final = {
    "would_be_": "only looked at; it would be",
    "written": "written",
    "revised": "written anew",
    "corrected": "corrected",
    "unreviewed": "without a look through it",
    "recorded": "recorded",
    "saved": "saved",
    "discarded": "thrown away",
    "looked_through": "looked through for names",
    "opened_for_look": "opened to be looked through",
    "names_restored": "shown with its names",
    "split": "one stand-in made two",
    "set": "set",
    "changed": "changed",
    "done": "done",
    "begun": "begun",
    "continued": "continued",
    "arrived": "arrived whole",
    "abandoned": "given up on its way",
    "described": "described",
    "content": "its content was read",
    "opened": "opened",
    "ended": "ended",
    "signed": "signed",
    "countersigned": "somebody vouched for it",
    "sent": "sent",
    "filed": "filed",
    "ceremony": "filed, for a ceremony",
    "assigned": "given to a coach",
    "absence": "because of an absence",
    "return": "after a return",
    "profile": "which cases they take",
    "triaged": "taken in and triaged",
    "updated": "an earlier one was brought up to date",
    "waiting": "taken in; it waits",
    "log_name": "by its pseudonym in the log",
    "reader_held_on": "a reader did not let go",
    "address_made": "address made",
    "address_revoked": "address revoked",
    "from_elsewhere": "ended from another device",
    "own": "by its holder",
    "operator": "by the operator",
    "counted": "counted",
    "explained": "explained",
    "detected": "rules were run",
    "exported": "given out as evidence",
    "checked": "checked",
    "differs": "not the tree of this log",
    "of": "out of this many",
    "policy_compared": "compared with another policy",
    "withheld_until": "kept back from the person's report until that day",
    "first": "the first tree",
    "period": "a half-year ended",
    "restored": "after a backup was restored",
    "missing": "missing",
    "out_of_place": "out of place",
    "too_long": "too long",
    "more_entries": "it says that it was shown more entries",
    "another_history": "it says that it was shown another log",
    "place_taken": "its place was taken by somebody else",
    "sample": "a sample",
    "error": "it failed, and nobody foresaw how",
    "not_signed_in": "not signed in",
    "cross_site": "from another site",
    "sign_in_refused": "sign-in refused",
    "sign_in_throttled": "too many attempts",
    "step_up_needed": "a fresh sign-in was needed",
    "access_denied": "not allowed",
    "permit_invalid": "the permission was over",
    "not_found": "not there, or not for them",
    "conflict": "something else happened in the meantime",
    "stale_version": "somebody was faster",
    "illegal_step": "not possible in this state",
    "invalid_input": "could not be used as it was sent",
    "malformed_id": "no reference",
    "invalid_identifier": "no reference of a case",
    "unaccompanied_minor": "an unaccompanied minor",
    "notice_missing": "the privacy notice was not given",
    "review_needed": "a look through it was needed",
    "review_stale": "the text had changed since the look through it",
    "slot_taken": "the time was taken",
    "erasure_held": "something held the case",
    "clash": "it clashed with another appointment",
    "not_assignable": "nobody could take the case",
    "too_few_cases": "too few cases to draw from",
    "consent_missing": "no consent",
    "protocol_missing": "no protocol between the bodies",
    "provenance_refused": "it was told in an interview",
    "budget_spent": "no more this month",
    "identity_survives": "names would have stayed in it",
    "erased": "erased",
    "key_generation_missing": "a newer key than the program held was needed",
    "store_busy": "the vault was busy",
    "store_unavailable": "the vault did not answer",
    "record_tampered": "the record was not what was stored",
    "envelope_rejected": "the envelope was not signed as it must be",
    "letter_not_printable": "the letter could not be printed",
    "printer_unavailable": "letters could not be printed",
}  # fmt: skip
#: Where other pages have a word, in this order; of a kind of its own first.
_GROUPS: Final = (
    "act", "step", "referral_step", "receipt", "letter", "region", "partner", "zone", "refused_for", "doubt",
    "revocation", "cause", "appointment", "sample_reason", "exception_basis", "ending", "log_step", "figure_by",
    "review_move", "judgement", "reason_code", "asks", "finding", "intake",
)  # fmt: skip
_OF_KIND: Final = {
    "review_case": ("review_move", "judgement", "reason_code", "finding"), "review_question": ("review_move", "asks"),
    "letter": ("letter",), "log_state": ("ending",), "break_glass": ("cause",), "case_sample": ("sample_reason",),
    "appointment": ("appointment",), "erasure": ("erasure_refusal", "erasure_ground", "erasure_standing"),
}  # fmt: skip
_PARTS: Final = re.compile(r"[ :]+")
#: A file of orders that was only looked at.
_WOULD_BE: Final = "would_be_"
_UNREVIEWED: Final = "_unreviewed"
Groups = Mapping[str, Mapping[str, str]]


def outcome(translate: Callable[[str], str], groups: Groups, kind: str, code: str) -> str:
    """An outcome in words; "" where no part of it has one. groups: the words of all pages."""
    return ", ".join(translate(each) for part in _parts(code) if (each := _one(groups, kind, part)))


def _parts(code: str) -> list[str]:
    found: list[str] = []
    for part in _PARTS.split(code):
        name = part.partition("=")[0]
        if name.endswith(_UNREVIEWED):
            found += [name.removesuffix(_UNREVIEWED), _UNREVIEWED.removeprefix("_")]
        elif name.startswith(_WOULD_BE):
            found += [_WOULD_BE, name.removeprefix(_WOULD_BE)]
        else:
            found.append(name)
    return found


def _one(groups: Groups, kind: str, part: str) -> str:
    for group in _OF_KIND.get(kind, ()):
        if part in groups[group]:
            return groups[group][part]
    if part in OUTCOMES:
        return OUTCOMES[part]
    return next((groups[group][part] for group in _GROUPS if part in groups[group]), "")
