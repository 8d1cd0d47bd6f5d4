"""Which entries of the log explain which rows: a table that no part of the program shares."""

from __future__ import annotations

from typing import Final

from vault.cases.details import SEALED
from vault.cases.flow import QUESTIONS, Step
from vault.vocabulary import ATTACHMENT_KINDS, FACT_KINDS

_FILES: Final = frozenset({("write", kind.value) for kind in ATTACHMENT_KINDS})
#: What writes a sealed record of its own kind.
_WRITTEN: Final = frozenset(
    {("write", kind.value) for kind in (*FACT_KINDS, *ATTACHMENT_KINDS)}
    | {("write", kind) for kind in ("note", "task", "draft", "letter", "invitation", "referral_answer")}
)
_REFERRED: Final = frozenset(
    {("write", "referral"), ("released", "referral"), ("write", "referral_answer"), ("write", "withdrawal")}
)
#: How each step stands in the log; a hand-over's rows name the entry that says the sheet has left.
_STEPS: Final = frozenset(
    {(action.value, kind.value) for step, (action, kind, _) in QUESTIONS.items() if step is not Step.HAND_OVER}
    | {("released", "outcome_sheet"), ("write", "case")}  # the last: how resuming and reopening were once logged
)
#: Steps that seal why they were taken.
_SEALING: Final = frozenset((step.value, "case") for step in SEALED)
#: A case changes hands, or must not be somebody's.
_HANDS: Final = frozenset({("write", "assignment"), ("write", "conflict")})
#: Acts that seal who came along, which interpreter was booked, or why somebody must not have a case.
_NAMING: Final = frozenset({("write", "conflict"), ("write", "attendees"), ("write", "appointment")})
#: Password and code were asked again, and one of them was used up.
_PROVED_ANEW: Final = frozenset({("passkey_enrolled", "passkey"), ("recovery_codes_made", "recovery_code")})
#: An approval that a passkey signed counts its use.
_SIGNED: Final = frozenset({("sign", "access_request"), ("sign", "access_form")})
#: With a case its appointments end that lie ahead.
_ENDED: Final = frozenset({("close", "case"), ("released", "outcome_sheet")})
#: A case gets its tombstone, for the first time or again.
_ERASING: Final = frozenset({("erasure_begun", "case"), ("erasure_replayed", "case")})
#: Which entries explain a row: (action, kind) as they stand in the log; kind "" for any.
EXPLAINS: Final[dict[str, frozenset[tuple[str, str]]]] = {
    "staff": frozenset({("staff_added", "staff"), ("signed_in", "session"), *_PROVED_ANEW}),
    "sessions": frozenset(
        {
            ("signed_in", "session"),
            ("service_token_issued", "session"),
            ("signed_out", "session"),
            ("stepped_up", "session"),
        }
    ),
    "attempts": frozenset({("sign_in_refused", "session"), ("signed_in", "session"), *_PROVED_ANEW}),
    "passkeys": frozenset({("passkey_enrolled", "passkey"), ("signed_in", "session"), *_SIGNED}),
    "passkey_words": frozenset({("passkey_revoked", "passkey"), ("sign", "passkey"), ("close", "passkey")}),
    "recovery_codes": frozenset({("recovery_codes_made", "recovery_code"), ("recovery_code_used", "recovery_code")}),
    "federated_identities": frozenset({(act, "identity_provider") for act in ("identity_linked", "identity_unlinked")}),
    "cases": frozenset({("create", "case"), ("write", "order"), *_STEPS, *_HANDS, *_ERASING}),
    "case_events": _STEPS,
    "break_glass": frozenset({(action, "break_glass") for action in ("create", "sign", "close")}),
    "case_samples": frozenset({("create", "case_sample")}),
    "case_sample_ends": frozenset({("close", "case_sample")}),
    "data_keys": frozenset(
        {("create", "case"), ("create", "break_glass"), ("create", "case_sample"), *_WRITTEN, *_SEALING, *_NAMING}
    ),
    "records": frozenset(
        {
            ("create", "case"),
            ("write", "identity"),
            ("write", "contact"),
            ("write", "token_map"),
            ("triage", "case"),  # an order that waited, completed
            ("create", "break_glass"),
            ("create", "case_sample"),
            ("close", "case_sample"),
            *_WRITTEN,
            *_SEALING,
            *_NAMING,
        }
    ),
    "attachments": frozenset({*_FILES, ("swept", "attachment")}),
    "attachment_chunks": frozenset({*_FILES, ("swept", "attachment")}),
    "tasks": frozenset({("write", "task")}),
    "drafts": frozenset({("write", "draft"), ("write", "note"), ("swept", "draft")}),
    "blind_index": frozenset(
        {
            ("create", "case"),
            ("write", "identity"),
            ("triage", "case"),
            ("released", "outcome_sheet"),
            ("released", "grant"),
            ("released", "ceremony"),
        }
    ),
    "orders": frozenset({("create", "order"), ("write", "order")}),
    "consents": frozenset({("write", "referral"), ("write", "withdrawal")}),
    "referrals": _REFERRED,
    "referral_events": _REFERRED,
    "coaches": frozenset({("write", "coach")}),
    "absences": frozenset({("write", "coach")}),
    "assignments": _HANDS | _STEPS,
    "conflicts": frozenset({("write", "conflict")}),
    "appointments": frozenset({("write", "appointment"), ("write", "attendees")}) | _ENDED,
    "desk_cells": frozenset({("write", "appointment")}) | _ENDED | _ERASING,
    "calendar_feeds": frozenset({("write", "calendar")}),
    "review_counts": frozenset({("write", "note")}),
    "releases": frozenset(
        {
            ("release_begun", kind)
            for kind in ("outcome_sheet", "referral", "access_report", "grant", "ceremony", "disclosure")
        }
    ),
    "erasures": frozenset({("create", "erasure")}),
    "erasure_words": frozenset({("sign", "erasure"), ("close", "erasure")}),
    "erasure_cases": frozenset({("create", "erasure"), ("erasure_lapsed", "case")}),
    "tombstones": _ERASING | {("erased", "case")},
    "buried_keys": _ERASING,
    "buried_acts": _ERASING,
    "access_requests": frozenset({("create", "access_request"), ("create", "disclosure")}),
    "access_copies": frozenset({("create", "access_request"), ("write", "access_request"), ("create", "disclosure")}),
    "taken_requests": frozenset({("list", "access_request"), ("create", "disclosure")}),
    "access_answers": frozenset(
        {
            ("write", "disclosure"),  # the person was told
            ("close", "disclosure"),  # oversight stopped it
            *((action, kind) for action in ("sign", "close", "write") for kind in ("access_request", "access_form")),
        }
    ),
    "grants": frozenset((act, kind) for act in ("released", "close", "swept") for kind in ("grant", "disclosure")),
    "ceremonies": frozenset((action, "ceremony") for action in ("released", "sign", "close", "swept")),
    "withdrawals": frozenset({("release_withdrawn", "referral")}),
    "receipts": frozenset({("write", "withdrawal")}),
    "review_questions": frozenset({("write", "review_case"), ("write", "review_question")}),
    "answers": frozenset({("write", "referral_answer"), ("answer_taken", "referral_answer")}),
}
