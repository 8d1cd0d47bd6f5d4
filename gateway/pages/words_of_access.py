"""What the codes of gated access and of lawful exceptions are called, in English. See `words`."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, dict[str, str]]] = {
    "standing": {
        "open": "Before the approvers", "asked_back": "Asked back", "ready": "Approved", "refused": "Refused",
        "lapsed": "Ran out", "begun": "Begun", "granted": "Granted", "ended": "Time is over", "revoked": "Taken back",
        "damaged": "Damaged",
    },
    "manner": {
        "grant": "Some fields, for some hours", "ceremony": "Who hides behind a pseudonym, for some minutes",
        "exception": "Named items to another body, by law",
    },
    "naming": {
        "pseudonym": "Your service's pseudonym (F-…)", "ov_number": "OV/SP number",
        "oqt_reference": "Reference of the order", "reference": "Reference of the case",
    },
    "basis": {
        "oqt_execution": "Execution of an order to leave the territory",
        "duty_to_cooperate": "Duty to cooperate in establishing identity",
        "court_decision": "A decision of a court that names the person",
    },
    "act": {
        "approved": "approved", "refused": "refused", "asked": "asked back", "delegated": "handed on",
        "acknowledged": "took note", "notified": "told the person",
        "stopped": "took it back",
    },
    "refused_for": {
        "not_necessary": "It is not needed for the purpose.", "no_valid_basis": "The legal basis does not carry it.",
        "disproportionate": "It asks for too much.", "other_means": "It can be known by other means.",
        "nothing_to_give": "There is nothing to give.",
    },
    "doubt": {
        "why": "What is it needed for?", "which_basis": "On which legal basis exactly?",
        "why_these_fields": "Why these fields?", "why_so_long": "Why for so long?",
    },
    "revocation": {
        "no_longer_needed": "It is no longer needed.", "given_by_mistake": "It was given by mistake.",
        "misused": "It was misused.",
    },
    # What a lawful exception rests on, as far as the shipped file lists it; an office's own basis has its own text.
    "exception_basis": {
        "offence_report": "Duty of officials to report an offence",
        "court_order": "Order of a court or an investigating judge that names the person",
        "imminent_danger": "Imminent danger to somebody's life or limb",
        "child_protection": "Protection of a child in danger",
        "council_file": "File for the Council for Alien Law Litigation",
        "publicity": "Publicity of administration",
    },
    "silence_ground": {
        "secret_inquiry": "Secrecy of a criminal inquiry",
        "danger_to_somebody": "Telling would put somebody in danger",
    },
    "next_act": {
        "disclose": "to send", "acknowledge": "take note", "tell": "tell the person", "late": "the person was not told",
    },
    "item": {
        "family_name": "Family name", "given_names": "Given names", "birth_date": "Date of birth",
        "nationality": "Nationality", "phone": "Telephone", "email": "E-mail", "address": "Address",
        "whereabouts": "Where the person stays", "sensitive_fact": "Health and other protected matters",
        "return_fact": "Return",
    },
    # Of facts that can be an item: what is recorded, what it can be, and how far it is.
    "fact_code": {
        "housing": "Housing", "host": "Host", "moves": "Moves", "health": "Health", "school": "School",
        "trafficking_sign": "Sign of trafficking", "violence": "Violence", "orientation": "Sexual orientation",
        "religion": "Faith", "persecution": "Persecution", "criminal_matter": "Criminal matter",
        "vulnerability": "Vulnerability", "need": "Need", "health_obstacle": "Health stands against travelling",
        "return_wish": "Wish to return", "destination": "Destination", "return_plan": "Plan of return",
        "reintegration": "Reintegration", "travel_document": "Travel document",
        "embassy_contact": "Contact with the embassy", "obstacle": "What stands against return",
    },
    "fact_value": {
        "reception_centre": "Reception centre", "open_return_place": "Open return place", "rented": "Rented",
        "with_host": "With a host", "shelter": "Shelter", "squat": "Squat", "street": "On the street",
        "other": "Other", "family": "Family", "friend": "Friend", "acquaintance": "Acquaintance",
        "employer": "Employer", "community": "Community", "recent": "Recent", "planned": "Planned",
        "frequent": "Frequent", "serious_illness": "Serious illness", "chronic_illness": "Chronic illness",
        "under_treatment": "Under treatment", "pregnancy": "Pregnancy", "mental_health": "Mental health",
        "disability": "Disability", "addiction": "Addiction", "none": "None", "nursery": "Nursery school",
        "primary": "Primary school", "secondary": "Secondary school", "special": "Special school",
        "higher": "Higher education", "not_enrolled": "Not enrolled", "absent": "Absent",
        "sexual_exploitation": "Sexual exploitation", "labour_exploitation": "Labour exploitation",
        "forced_begging": "Forced begging", "forced_crime": "Forced crime", "debt_bondage": "Debt bondage",
        "papers_withheld": "Papers withheld", "partner": "Partner", "gender_based": "Based on gender",
        "torture": "Torture", "war": "War", "police": "Police", "detention": "Detention", "told": "Told",
        "undisclosed_elsewhere": "Not known elsewhere", "persecuted": "Persecuted", "converted": "Converted",
        "religion": "Religion", "political_opinion": "Political opinion", "ethnicity": "Ethnicity",
        "gender": "Gender", "orientation": "Sexual orientation", "group": "Belonging to a group",
        "conviction": "Conviction", "pending": "Pending", "victim": "Victim", "witness": "Witness",
        "minor": "Minor", "elderly": "Elderly", "single_parent": "Single parent", "pregnant": "Pregnant",
        "disabled": "Disabled", "trauma": "Trauma", "trafficking_victim": "Victim of trafficking",
        "violence_victim": "Victim of violence", "isolated": "Isolated", "illiterate": "Cannot read or write",
        "return_counselling": "Return counselling", "reintegration": "Reintegration", "legal_aid": "Legal aid",
        "medical_care": "Medical care", "psychological_care": "Psychological care", "social_aid": "Social aid",
        "illness": "Illness", "treatment": "Treatment", "unfit_to_travel": "Unfit to travel", "wanted": "Wanted",
        "considered": "Considered", "undecided": "Undecided", "conditional": "With conditions", "refused": "Refused",
        "origin": "Country of origin", "third_country": "Third country", "counselling": "Counselling",
        "application": "Application", "booked": "Booked", "departed": "Departed", "cancelled": "Cancelled",
        "business": "Business", "housing": "Housing", "education": "Education", "medical": "Medical", "valid": "Valid",
        "expired": "Expired", "lost": "Lost", "requested": "Requested", "not_needed": "Not needed", "made": "Made",
        "document_promised": "Document promised", "document_issued": "Document issued", "not_wanted": "Not wanted",
        "no_identification": "No identification", "no_travel_document": "No travel document",
        "no_transport": "No transport", "debts": "Debts", "housing_there": "Housing there", "safety": "Safety",
        "children_at_school": "Children at school", "procedure_pending": "Procedure pending", "money": "Money",
        "open": "Open", "referred": "Referred", "met": "Met", "declined": "Declined",
    },
}  # fmt: skip
_MENU: Final = {"exceptions": "Lawful exceptions", "disclosures": "Given by law"}
_DONE: Final = {
    "exception_filed": "The exception is filed. Nothing leaves before two others have signed.",
    "exception_told": "It is written down that the person was told.",
    "exception_taken_back": "It is taken back. The recipient finds nothing any more.",
}  # fmt: skip
MORE: Final = {"menu": _MENU, "done": _DONE}
FAULTS: Final[dict[str, str]] = {
    "items_none": "Tick at least one item, and at most twelve. Each is named by itself.",
    "items_other": "One of the items is none of this case any more. Show the single facts again, and choose anew.",
    "reason_names": "Say why on one line, in 10 to 500 characters, and name nobody: one of the two approvers must not "
    "learn whom it is about.",
    "hours_number": "Give a whole number of hours, and no more than the office allows.",
    "silence_whole": "Choose the ground and its last day, or neither.",
    "silence_day": "Give a day that is not past, and not further away than the office allows.",
    "basis_none": "Choose who gets it, and upon which basis.",
}
