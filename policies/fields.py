"""The contract with the gateway: which fields each release profile may hold at most, and for which zone.

`release.csv` chooses from these lists and says how each field is shown; it can leave a field out, never
add one. So no change of a data file can put a note into an outcome sheet. The lists of the outcome sheet are
the closed list C7 of the requirements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vault.vocabulary import ZoneKind


@dataclass(frozen=True, slots=True)
class ProfileContract:
    """zone: whose roles may be answered with it. fields: the most that it may ever hold."""

    zone: ZoneKind
    fields: frozenset[str]


def _contract(zone: ZoneKind, fields: str) -> ProfileContract:
    return ProfileContract(zone, frozenset(fields.split()))


_C7: Final = (
    "pseudonym closing_date outcome_code term_end extended procedure_pending minors fitness_check language "
    "handed_over_at"
)
_PEOPLE: Final = (
    "people family_name given_names birth_date national_number nationality aliases relation ov_number oqt_reference"
)
#: What an access request says, but for whom it is about.
_FORM: Final = "version asked_for purpose basis reason hours manner minutes filed_at due_at"
_ANSWERS: Final = "asked_by answer_soon standing canonical answers missing releasable answerable"
_GRANT: Final = "grant granted granted_at expires_at revoked_at"
#: A ceremony as the log tells it, to whoever reviews it.
_CEREMONY_USE: Final = (
    "ceremony course subject reader begun_by begun_at opened_by opened_at minutes ended_at looks entry review stage "
    "due_on overdue"
)
#: How a ceremony stands: moments and numbers, nothing of the person.
_DISCLOSURE: Final = "request disclosure recipient disclosed disclosed_at expires_at revoked_at standing"
_CEREMONY: Final = "ceremony request minutes begun_at open_until opened_at expires_at ended_at standing"
#: Of a lawful exception alone: to whom, and how it stands with those who must be told.
_EXCEPTION: Final = "recipient silence silent_until notice notice_by acknowledge acknowledge_by acknowledged_at"
_RECEIPT: Final = "receipt_due receipt receipt_at overdue"
_TRAIL: Final = "entry time action kind object subject purpose decision rule outcome count"

_CASEWORK: Final = {
    "case_status": (
        "reference phase state region language opened_on coach notice_given notes closing_outcome version origin place "
        "coach_type criterion annex notified_on term_end extended procedure_pending"
    ),
    "case_list": "reference state region language opened_on coach notes last_note_on opened_at",
    "desk_list": "reference state language opened_on opened_at",
    "identity_full": f"{_PEOPLE} version",
    "contact_full": "address phone email whereabouts_note provenance version",
    "note_full": "reference note version template template_version language text correction provenance written_at "
    "author",
    "note_list": "note version template template_version language provenance written_at author",
    "note_hit": "reference note version written_at",
    "revealed_note": "reference note version text restored_spans",
    "answer_review": "reference referral partner answer provenance answer_status answer_sent_at language text spans "
    "preview pending digest pipeline",
    "note_review": "reference note version text spans preview pending digest pipeline",
    "token_map_full": "reference token category text forms merged_into",
    "receipt": "reference note release version state",
    "recorded": "reference record version state",
    "fact_full": "reference facts earlier fact version code value status on about detail source service referral holds "
    "provenance language written_at author correction",
    "attachment_full": "reference attachments attachment version name caption media_type size provenance language "
    "written_at author content",
    "task_list": "reference tasks task version title due_on remind_on done_on written_at author",
    "task_due": "reference task version title due_on remind_on written_at",
    "draft_full": "reference note text based_on template template_version language written_at expires_at",
    "letter_full": "reference record letter letter_version languages fields texts written_at",
    "letter_list": "record letter letter_version language written_at",
    # Steps that a case can take, and those that it took: one list, so that no reader sees one without the other.
    "step_list": "step next possible reasons needs optional actors deadline number taken state day codes",
    "deadline_list": "deadline day left because",
    "overview": (
        "reference state region language opened_on opened_at coach notes last_note_on next done deadline day left "
        "expected"
    ),
    "avenue_list": "number step avenue day",
    "return_plan_list": "number step partner day",
    "ground_list": "number step ground reason duty day",
    "appointment_full": (
        "reference appointment occasion starts_at ends_at channel desk language leaflet "
        "status company interpreting before booked_at settled_at version"
    ),
    "appointment_slot": (
        "reference appointment occasion starts_at ends_at channel desk language leaflet status interpreting version"
    ),
    "appointment_receipt": "reference appointment status starts_at ends_at desk clashes version state",
    "appointment_clashes": "starts_at ends_at desk clashes free",
    "day_list_coach": (
        "starts_at ends_at reference appointment occasion status family_name given_names language "
        "interpreting channel desk company suspended"
    ),
    "day_list_desk": (
        "starts_at ends_at reference appointment occasion status family_name given_names language interpreting coach "
        "suspended"
    ),
    "attendees_full": "reference appointment attendees role name organisation interpreter version",
    "assignment_full": "reference region coach_type coach history considered explanation",
    "assignment_receipt": "reference coach cause explanation version state",
    "conflict_list": "reference coach name declared_at declared_by withdrawn_at",
    "conflict_full": "reference coach name declared_at declared_by withdrawn_at reason",
    "conflict_receipt": "reference declared version state",
    "coach_list": "coach name types capacity load appointments absent absences",
    "coach_receipt": "coach name types capacity absence kind first_day last_day moved left over cases plan",
    "desk_hours": "desk name site region open_return_place hours walk_in open_now closed_for",
    "desk_free": "desk day cell_minutes free",
    "order_receipt": "status reference state version region coach_type criterion missing differing",
    "order_list": "reference language opened_on opened_at missing",
    "question_list": "question asks looked_at action kind subject asked_at answered_at",
    "question_answered": "question answered_at",
    "figures": "region from to by counted_on whole groups definitions caution",
    "calendar_receipt": "feed address expires_on revoked",
    "calendar_list": "feed language created_at expires_on revoked_at",
    "calendar_feed": "uid starts_at ends_at place sequence",
    # What other zones ask to know: names of fields, never what stands in them.
    "request_desk": f"request reference filed_at due_at answer_soon standing manner {_EXCEPTION}",
    "request_case": f"request reference designation {_FORM} {_ANSWERS} {_GRANT} {_EXCEPTION}",
    "request_answer": "request version standing missing",
    "grant_receipt": "request grant granted expires_at revoked_at standing",
    "ceremony_receipt": _CEREMONY,
    # Lawful exceptions: which items by name, never what stands in them.
    "exception_receipt": "request filed_at due_at standing",
    "exception_list": (
        "request basis items asked_by filed_at due_at standing disclosure disclosed_at expires_at revoked_at "
        f"question refused_for {_EXCEPTION}"
    ),
    "disclosure_receipt": _DISCLOSURE,
    "referral_receipt": "reference referral status release receipt_due version",
    "case_referral_list": (
        "referral partner need status expires_on open_to_partner waiting proposed_at sent_at withdrawn_at"
    ),
    "case_referral": (
        "reference referral partner need status fields consented_fields expires_on open_to_partner proposed_at sent_at "
        f"withdrawn_at {_RECEIPT} version steps step to_status at by_partner answers answer answer_sent_at taken_at"
    ),
    "withdrawal_list": f"reference referral partner withdrawn_at {_RECEIPT}",
    "answer_list": "reference referral partner answer answer_sent_at",
    # An emergency: who asks for what, and all that a second person lets them see.
    "break_glass_receipt": "emergency reference standing asked_at lapses_at expires_at left",
    "break_glass_list": "emergency reference cause asked_by role asked_at lapses_at standing expires_at yours",
    "break_glass_full": (
        "emergency reference cause reason asked_by role asked_at lapses_at standing decided_by expires_at ended_at "
        "yours"
    ),
    # Retention: days, codes and the names of compartments; nothing that stands in one.
    "erasure_due": "reference phase closed_at due_on compartments holds erasure standing refused_for",
    "erasure_receipt": "erasure reference standing asked_at",
    # A sample: which case was drawn, and what a head is shown of it. No author: whose case it is stands beside it once.
    "sample_receipt": "sample reference reason drawn_at expires_at standing left of",
    "sample_list": "sample reference reason drawn_at expires_at ended_at standing",
    "sample_full": ("sample reference reason explanation coach of drawn_at expires_at ended_at standing finding"),
    "sample_notice": "reference reason role drawn_at expires_at ended_at standing",
    "sample_note_list": "note version template template_version language written_at",
    "sample_note": "reference note version template template_version language text provenance written_at",
    "sample_facts": (
        "reference facts fact version code value status on about detail source provenance language written_at"
    ),
    "identity_emergency": "people family_name given_names birth_date relation version",
    "contact_emergency": "address phone email whereabouts_note provenance version",
    "case_answer": "reference referral partner answer answer_status message provenance answer_sent_at taken_at",
}
#: What a ceremony tells of a person.
IDENTIFIED: Final = "family_name given_names birth_date nationality"
#: The closed list of what a grant may hold of a person.
GRANTED: Final = "family_name given_names birth_date nationality address procedure_pending"
#: The closed list of what a lawful exception may hold: fields, and facts by code, value, standing and date.
DISCLOSED: Final = (
    "family_name given_names birth_date nationality phone email address whereabouts sensitive_fact return_fact"
)
_FOLLOW_UP: Final = {
    "outcome_sheet": f"{_C7} oqt_reference ov_number",
    "sheet_list": "release pseudonym handed_over_at",
    "request_receipt": "request version filed_at due_at standing",
    "request_list": "request filed_at due_at standing manner grant expires_at",
    "request_own": f"request designation {_FORM} standing questions refused_for {_GRANT}",
    "ceremony_identity": f"ceremony request pseudonym purpose minutes opened_at expires_at {IDENTIFIED}",
    "granted_fields": f"grant request pseudonym purpose granted granted_at expires_at {GRANTED}",
}
_PARTNER: Final = {
    "referral": (
        "release pseudonym family_name given_names birth_date nationality phone email address language need expires_on"
    ),
    "referral_list": "release pseudonym need expires_on received_at",
    "own_answer": "release pseudonym answer_status answered_at",
    # By a lawful exception, from casework.
    "disclosure": f"disclosure request pseudonym purpose basis disclosed_at expires_at {DISCLOSED}",
    "disclosure_list": "disclosure pseudonym disclosed_at expires_at standing ended_at",
    "withdrawal_notice": f"release pseudonym withdrawn_at {_RECEIPT} authentic",
    "withdrawal_confirmed": "release pseudonym withdrawn_at receipt_due receipt receipt_at",
}
_REVIEW: Final = (
    "review look actor subject origin stage opened_at opened_by judgement reason_code decided_by version strays"
)
_OVERSIGHT: Final = {
    "outcome_sheet_oversight": _C7,
    "withdrawal_watch": f"recipient release pseudonym withdrawn_at {_RECEIPT} authentic",
    "audit_entry": f"{_TRAIL} lane number actor role zone policy config",
    "audit_detail": "entry actor_id actor_name session source_address reason opened opening",
    "log_state": "origin size root turned_at waiting lag_seconds quorum cosigned_size "
    "cosigned_origin cosigned_at witnesses gaps newest_gap illegible contradicted verified checked",
    "log_verified": "entry origin size verdict agrees",
    "finding": "rule role actor subject day entry last counted usual review",
    "detection_rule": "rule on why roles figures opened judged precision",
    "review_receipt": "review entry stage version",
    "review_list": _REVIEW,
    "review_full": f"{_REVIEW} reason acts",
    "emergency_list": (
        "emergency cause role actor subject asked_at standing second opened_at ended_at looks entry review stage "
        "due_on overdue"
    ),
    "emergency_counts": "period opened not_opened",
    "log_figures": "measure period group count",
    "operation": "version policy store zones directory log gaps filing swept_at erased timetable",
    "ceremony_uses": _CEREMONY_USE,
    "ceremony_evidence": (
        f"{_CEREMONY_USE} request manner asked_for purpose basis reason asked_by version filed_at open_until "
        "expires_at canonical answers signatures trusted"
    ),
    "passkey_list": "passkey zone login holder function name enrolled_at used_at standing synced fingerprint yours",
    "passkey_receipt": "passkey standing",
    # A case by its name in the log alone, and why it is to go.
    "erasure_asked": "erasure subject cause legal asked_by asked_at closed_at standing refused_for",
    "erasure_answer": "erasure standing answered_at",
    "own_trail": _TRAIL,
    "report_list": "release pseudonym received_at expires_on",
    "form_list": f"request filed_at due_at answer_soon standing manner {_EXCEPTION}",
    "form_full": f"request {_FORM} {_ANSWERS} {_GRANT} {_EXCEPTION}",
    "form_answer": "request version standing missing",
    "ceremony_opened": _CEREMONY,
    # It stops what left, and sees which items by name, never what stands in them.
    "disclosure_stopped": _DISCLOSURE,
    "access_report": "format release pseudonym made_at since until time_zone days consultations refused withheld "
    "unsequenced checkpoint policy signature signed_by",
}

CONTRACT: Final[dict[str, ProfileContract]] = {
    name: _contract(zone, fields)
    for zone, profiles in (
        (ZoneKind.CASEWORK, _CASEWORK),
        (ZoneKind.FOLLOW_UP, _FOLLOW_UP),
        (ZoneKind.PARTNER, _PARTNER),
        (ZoneKind.OVERSIGHT, _OVERSIGHT),
    )
    for name, fields in profiles.items()
}

#: What was said, or leads to it. Never in a profile of another zone than casework.
CONFIDED_FIELDS: Final = frozenset(
    {
        "text", "notes", "note", "template", "whereabouts_note", "restored_spans", "aliases", "token", "forms", "spans",
        "preview", "author", "coach", "facts", "earlier", "code", "value", "about", "detail", "source", "correction",
        "attachments", "caption", "content", "tasks", "title", "texts", "fields", "avenue", "partner", "ground",
        "codes", "criterion",
        # When and where somebody is expected, and with whom.
        "starts_at", "ends_at", "desk", "place", "appointment", "attendees", "company", "organisation", "interpreter",
        "message",
    }
)  # fmt: skip
#: C7: the outcome sheet's closed list, whoever receives it.
OUTCOME_SHEET_FIELDS: Final = CONTRACT["outcome_sheet"].fields
#: What a ceremony tells of a person: who, and nothing of where.
IDENTIFIED_FIELDS: Final = frozenset(IDENTIFIED.split())
#: What stands in a granted copy of a person.
GRANTED_FIELDS: Final = frozenset(GRANTED.split())
#: What a lawful exception may hold of a person.
DISCLOSED_FIELDS: Final = frozenset(DISCLOSED.split())
