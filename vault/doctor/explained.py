"""Which acts of the log explain a row of which table, and which acts must have left a row.

`EXPLAINED_BY` is one line per table that names an entry; `LEAVES` says of acts whose rows are never written again which
table holds one for each of them. A table or an act that is missing here is noticed by a test.
"""

from __future__ import annotations

from typing import Final

from vault.audit.events import Happening
from vault.cases.details import SEALED
from vault.cases.flow import QUESTIONS, Step
from vault.vocabulary import ATTACHMENT_KINDS, FACT_KINDS, Action, Kind

#: (action, kind) as they stand in an entry.
Act = tuple[str, str]


def _written(*kinds: Kind | str) -> frozenset[Act]:
    return frozenset((Action.WRITE.value, str(kind)) for kind in kinds)


_OPENED: Final = frozenset({(Action.CREATE.value, Kind.CASE.value)})
_STEPS: Final = frozenset(
    (action.value, kind.value) for step, (action, kind, _) in QUESTIONS.items() if step is not Step.HAND_OVER
)
#: A hand-over's rows name the entry that says the sheet has left. `write case`: resuming and reopening, as once logged.
_MOVED: Final = _STEPS | {("released", Kind.OUTCOME_SHEET.value), ("write", Kind.CASE.value)}
#: An order that waited is triaged with what it says now.
_COMPLETED: Final = frozenset({(Action.TRIAGE.value, Kind.CASE.value)})
#: Where a case ends, the appointments that lie ahead of it are taken back with it.
_ENDED: Final = frozenset({(Action.CLOSE.value, Kind.CASE.value), ("released", Kind.OUTCOME_SHEET.value)})
_SEALING: Final = frozenset((QUESTIONS[step][0].value, QUESTIONS[step][1].value) for step in SEALED)
_HANDS: Final = _written(Kind.ASSIGNMENT, Kind.CONFLICT)
_NAMING: Final = _written(Kind.CONFLICT, Kind.ATTENDEES, Kind.APPOINTMENT)
_RECORDED: Final = _written(
    *FACT_KINDS, *ATTACHMENT_KINDS, Kind.NOTE, Kind.TASK, Kind.LETTER, Kind.INVITATION, Kind.REFERRAL_ANSWER
)
_REFERRED: Final = _written(Kind.REFERRAL, Kind.REFERRAL_ANSWER, Kind.WITHDRAWAL) | {("released", Kind.REFERRAL.value)}
_SWEPT: Final = ("swept", Kind.ATTACHMENT.value)
_EMERGENCY: Final = frozenset({(Action.CREATE.value, Kind.BREAK_GLASS.value)})
_DRAWN: Final = frozenset({(Action.CREATE.value, Kind.CASE_SAMPLE.value)})
_DONE: Final = frozenset({(Action.CLOSE.value, Kind.CASE_SAMPLE.value)})
_ERASING: Final = frozenset({("erasure_begun", Kind.CASE.value), ("erasure_replayed", Kind.CASE.value)})
_TO_ERASE: Final = frozenset({(Action.CREATE.value, Kind.ERASURE.value)})
#: Another zone asks, or casework files a lawful exception.
_FILED: Final = frozenset(
    {(Action.CREATE.value, Kind.ACCESS_REQUEST.value), (Action.CREATE.value, Kind.DISCLOSURE.value)}
)
_ANSWERED: Final = frozenset(
    (act.value, kind.value) for act in (Action.SIGN, Action.CLOSE) for kind in (Kind.ACCESS_REQUEST, Kind.ACCESS_FORM)
)

#: Password and code were asked again, and were right.
_PROVED_ANEW: Final = frozenset({("passkey_enrolled", "passkey"), ("recovery_codes_made", "recovery_code")})

EXPLAINED_BY: Final[dict[str, frozenset[Act]]] = {
    "staff": frozenset({("staff_added", "staff"), ("signed_in", "session")}) | _PROVED_ANEW,
    "sessions": frozenset(
        {
            ("signed_in", "session"),
            ("service_token_issued", "session"),
            ("signed_out", "session"),
            ("stepped_up", "session"),
        }
    ),
    "attempts": frozenset({("sign_in_refused", "session"), ("signed_in", "session")}) | _PROVED_ANEW,
    "passkeys": frozenset({("passkey_enrolled", "passkey"), ("signed_in", "session")}) | _ANSWERED,
    "passkey_words": frozenset(
        {("passkey_revoked", "passkey"), (Action.SIGN.value, "passkey"), (Action.CLOSE.value, "passkey")}
    ),
    "recovery_codes": frozenset({("recovery_codes_made", "recovery_code"), ("recovery_code_used", "recovery_code")}),
    "federated_identities": frozenset(
        {("identity_linked", "identity_provider"), ("identity_unlinked", "identity_provider")}
    ),
    "cases": _OPENED | _MOVED | _HANDS | _written(Kind.ORDER) | _ERASING,
    "case_events": _MOVED,
    "break_glass": _EMERGENCY | {(act.value, Kind.BREAK_GLASS.value) for act in (Action.SIGN, Action.CLOSE)},
    "case_samples": _DRAWN,
    "case_sample_ends": _DONE,
    "data_keys": _OPENED | _EMERGENCY | _DRAWN | _RECORDED | _SEALING | _NAMING | _written(Kind.DRAFT),
    "records": _OPENED
    | _RECORDED
    | _SEALING
    | _NAMING
    | _written(Kind.IDENTITY, Kind.CONTACT, Kind.TOKEN_MAP)
    | _COMPLETED
    | _EMERGENCY
    | _DRAWN
    | _DONE,
    "blind_index": _OPENED
    | _written(Kind.IDENTITY)
    | _COMPLETED
    | {("released", kind.value) for kind in (Kind.OUTCOME_SHEET, Kind.GRANT, Kind.CEREMONY)},
    "orders": _written(Kind.ORDER) | {(Action.CREATE.value, Kind.ORDER.value)},
    "consents": _written(Kind.REFERRAL, Kind.WITHDRAWAL),
    "referrals": _REFERRED,
    "referral_events": _REFERRED,
    "review_counts": _written(Kind.NOTE),
    "attachments": _written(*ATTACHMENT_KINDS) | {_SWEPT},
    "attachment_chunks": _written(*ATTACHMENT_KINDS) | {_SWEPT},
    "tasks": _written(Kind.TASK),
    "drafts": _written(Kind.DRAFT, Kind.NOTE) | {("swept", Kind.DRAFT.value)},
    "coaches": _written(Kind.COACH),
    "absences": _written(Kind.COACH),
    "assignments": _HANDS | _MOVED,
    "conflicts": _written(Kind.CONFLICT),
    "appointments": _written(Kind.APPOINTMENT, Kind.ATTENDEES) | _ENDED,
    "desk_cells": _written(Kind.APPOINTMENT) | _ENDED | _ERASING,
    "calendar_feeds": _written(Kind.CALENDAR),
    "releases": frozenset(
        ("release_begun", kind.value)
        for kind in (Kind.OUTCOME_SHEET, Kind.REFERRAL, Kind.ACCESS_REPORT, Kind.GRANT, Kind.CEREMONY, Kind.DISCLOSURE)
    ),
    "erasures": _TO_ERASE,
    "erasure_words": frozenset((act.value, Kind.ERASURE.value) for act in (Action.SIGN, Action.CLOSE)),
    "erasure_cases": _TO_ERASE | {("erasure_lapsed", Kind.CASE.value)},
    "tombstones": _ERASING | {("erased", Kind.CASE.value)},
    "buried_keys": _ERASING,
    "buried_acts": _ERASING,
    "access_requests": _FILED,
    "access_copies": _FILED | _written(Kind.ACCESS_REQUEST),
    "access_answers": _ANSWERED
    | _written(Kind.ACCESS_REQUEST, Kind.ACCESS_FORM, Kind.DISCLOSURE)
    | {(Action.CLOSE.value, Kind.DISCLOSURE.value)},  # the data protection officer stopped what left
    "taken_requests": frozenset(
        {(Action.LIST.value, Kind.ACCESS_REQUEST.value), (Action.CREATE.value, Kind.DISCLOSURE.value)}
    ),
    "grants": frozenset(
        (act, kind.value)
        for act in (Happening.RELEASED.value, Action.CLOSE.value, Happening.SWEPT.value)
        for kind in (Kind.GRANT, Kind.DISCLOSURE)
    ),
    "ceremonies": frozenset(
        (act, Kind.CEREMONY.value)
        for act in (Happening.RELEASED.value, Action.SIGN.value, Action.CLOSE.value, Happening.SWEPT.value)
    ),
    "withdrawals": frozenset({("release_withdrawn", Kind.REFERRAL.value)}),
    "receipts": _written(Kind.WITHDRAWAL),
    "review_questions": _written(Kind.REVIEW_CASE, Kind.REVIEW_QUESTION),
    "answers": _written(Kind.REFERRAL_ANSWER) | {("answer_taken", Kind.REFERRAL_ANSWER.value)},
}

#: Allowed acts that came to something, each of which left a row that nothing writes again: which table, and of which
#: kind where its rows have kinds.
LEAVES: Final[dict[Act, tuple[str, str]]] = {
    **dict.fromkeys(_OPENED, ("records", Kind.IDENTITY.value)),
    **dict.fromkeys(_STEPS, ("case_events", "")),
    **dict.fromkeys(_EMERGENCY, ("records", Kind.BREAK_GLASS.value)),
    **dict.fromkeys(_DRAWN, ("case_samples", "")),
    **dict.fromkeys(_DONE, ("case_sample_ends", "")),
    **dict.fromkeys(_FILED, ("access_requests", "")),
    **dict.fromkeys(_ANSWERED | _written(Kind.ACCESS_FORM), ("access_answers", "")),
    **{
        (Action.WRITE.value, kind.value): ("records", kind.value)
        for kind in (Kind.NOTE, Kind.IDENTITY, Kind.CONTACT, Kind.LETTER, Kind.INVITATION, *FACT_KINDS)
    },
    ("release_withdrawn", Kind.REFERRAL.value): ("withdrawals", ""),
}
