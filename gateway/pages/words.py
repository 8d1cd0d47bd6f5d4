"""What each code is called on a page, in English: the text that the catalogues translate. No page prints a code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from markupsafe import Markup, escape

from gateway.pages import (
    words_of_access,
    words_of_coaches,
    words_of_erasures,
    words_of_orders,
    words_of_oversight,
    words_of_samples,
)

WORDS: Final[dict[str, dict[str, str]]] = {
    "role": {
        "coach": "Coach", "desk_officer": "Desk officer", "regional_head": "Regional head",
        "follow_up_officer": "Follow-up officer", "partner_agent": "Partner organisation", "auditor": "Auditor",
        "dpo": "Data protection officer", "operator": "Operator",
    },
    "zone": {
        "casework": "Guidance", "follow_up": "Follow-up of orders", "partner": "Partner organisation",
        "oversight": "Oversight",
    },
    "zone_told": {
        "casework": "What is confided here stays here.",
        "follow_up": "This service sees outcome sheets, and what was granted of one person.",
        "partner": "This service sees what a person agreed to share with it, and what a law obliged to give it.",
        "oversight": "This service sees who looked at what, never what was confided.",
    },
    "menu": {
        "home": "Today", "cases": "Cases", "new_case": "Open a case", "search": "Search", "sheets": "Outcome sheets",
        "referrals": "Referrals", "withdrawals": "Consents taken back", "log": "The log",
        "passkeys": "Passkeys", "requests": "Requests for access", "ask": "Ask for access", "approvals": "To sign",
        "day": "The day",
        "waiting": "Before the first interview", "calendar": "Calendar", "figures": "Figures",
    },
    "language": {"fr": "French", "nl": "Dutch", "de": "German", "en": "English"},
    "region": {
        "brussels": "Brussels", "antwerp": "Antwerp", "liege": "Liège", "ghent": "Ghent", "charleroi": "Charleroi",
    },
    "relation": {
        "head": "Main person", "partner": "Partner (spouse)", "child": "Child",
        "ward": "Ward (minor under guardianship)", "parent": "Parent",
        "sibling": "Sibling", "other": "Other",
    },
    "provenance": {
        "admin": "From the official file", "interview": "Confided in the interview", "partner": "From a partner",
    },
    "state": {
        "oqt_notified": "Order notified", "triaged": "Triaged", "invited": "Invited", "no_show": "Did not come",
        "intake": "First interview", "analysis": "Analysis of the file", "follow_up": "Guidance under way",
        "orient_stay": "Towards a right of residence", "orient_return": "Towards return",
        "orient_transfer": "Towards transfer", "extension": "Extension asked for", "suspended": "Suspended",
        "closing_noncollab": "Closing for non-collaboration", "closed": "Closed", "handed_over": "Handed over",
        "erased": "Erased",
    },
    "step": {
        "triage": "Triage", "invite": "Invite", "record_absence": "Record an absence without excuse",
        "excuse_absence": "Take an excuse and give a new day", "walk_in": "Receive a walk-in",
        "begin_intake": "Begin the first interview", "give_notice": "Give the privacy notice",
        "begin_analysis": "Begin the analysis of the file", "give_conclusions": "Give the conclusions",
        "orient_stay": "Work towards a right of residence", "orient_return": "Work towards return",
        "orient_transfer": "Work towards transfer", "continue_follow_up": "Give this up: back to guidance",
        "ask_extension": "Ask for an extension", "grant_extension": "Write down a granted extension",
        "refuse_extension": "Write down a refused extension", "suspend": "Suspend", "resume": "Resume",
        "explain_consequences": "Explain the consequences",
        "send_consequences_letter": "Record the letter about the consequences",
        "begin_closing": "Begin the closing for non-collaboration", "sign_closing": "Sign the closing",
        "close": "Close the case", "hand_over": "Sign and hand over to follow-up", "reopen": "Reopen the case",
    },
    "outcome": {
        "STAY_OBTAINED": "Right of residence obtained", "PROCEDURE_FILED": "Procedure filed",
        "RETURN_VOLUNTARY": "Voluntary return", "TRANSFERRED": "Transferred", "NOT_ELIGIBLE": "Not eligible",
        "REFUSED": "Refused to collaborate", "NO_SHOW": "Did not come", "UNREACHABLE": "Not reachable",
        "OTHER": "Other outcome",
    },
    "template": {
        "intake": "First interview", "interview": "Interview", "legal_analysis": "Legal analysis",
        "conclusions": "Conclusions", "stay": "Right of residence", "return": "Return", "extension": "Extension",
        "closing": "Closing",
    },
    "deadline": {
        "departure": "End of the term for leaving", "appeal_annulment": "Last day to appeal (annulment)",
        "appeal_extreme_urgency": "Last day to appeal (extreme urgency)",
        "appeal_second_measure": "Last day to appeal (second measure)", "triage": "Triage",
        "invitation": "Send the invitation", "appointment": "Appointment", "reinvitation": "Invite again",
        "analysis": "Begin the analysis", "conclusions": "Give the conclusions", "next_interview": "Next interview",
        "avenue_review": "Review of the chosen way", "extension_decision": "Decision on the extension",
        "suspension_review": "Review of the suspension", "second_signature": "Second signature",
    },
    "rule": {
        "file_says": "The official file gives this day.", "order_term": "Counted from notification, as the order says.",
        "annex_term": "Counted from notification, as this form of order has it.", "days_after": "Counted in days.",
        "working_days_after": "Counted in working days.",
        "next_working_day": "The last day is not worked: the next working day counts.",
        "extended": "The Office granted more time.", "appointed": "The day that was agreed.",
        "must_be_reasoned": "A term shorter than the general one must be reasoned.",
        "missing": "It cannot be computed: something is not known.",
    },
    "sure": {
        "H": "read in an official text", "M": "from a secondary text", "B": "to be verified",
        "D": "a choice of this office",
    },
    "obstacle": {
        "not_eligible": "Triage excludes this person from the guidance.", "coach_missing": "No coach is assigned yet.",
        "coach_type_missing": "The type of coach is not recorded yet.",
        "appointment_ahead": "The day of the appointment has not come yet.",
        "reinvitations_used_up": "All re-invitations were used.", "reinvitations_left": "Re-invitations are left.",
        "notice_missing": "The privacy notice must be given first.",
        "no_transfer_order": "The order is not one of transfer.",
        "consequences_not_told": "The consequences must be explained first, or the letter sent.",
        "same_person": "The second signature must be another person's.", "signed_already": "It is signed already.",
        "second_signature_missing": "The second person has not signed yet.",
    },
    "coach_type": {"individuals": "Individuals", "families": "Families", "open_return": "Open return places"},
    "place": {
        "known_address": "Known address", "no_known_address": "No known address", "reception": "Reception place",
        "open_return_place": "Open return place",
    },
    "origin": {"order": "An order was notified", "self_referral": "The person asked for help", "walk_in": "Walk-in"},
    "avenue": {
        "9bis": "Humanitarian (9bis)", "9ter": "Medical (9ter)", "family_reunification": "Family reunification",
        "asylum": "Asylum", "trafficking_victim": "Victim of trafficking", "study": "Study", "stateless": "Stateless",
        "other": "Other",
    },
    "attendee": {"lawyer": "Lawyer", "trusted_person": "Trusted person", "other": "Somebody else"},
    "interpreter": {"present": "Interpreter present", "by_phone": "Interpreter by telephone",
                    "not_needed": "Not needed"},
    "criterion": {
        "ADDRESS": "Known address", "RECEPTION": "Reception place", "OPEN_RETURN": "Open return place",
        "INTERCEPTED": "Intercepted, no known address", "TRANSFER": "Transfer to another state",
        "FAST_TRACK": "Refused in a fast procedure", "FAMILY": "Family with minors", "SELF_REFERRAL": "Asked for help",
        "UNACCOMPANIED_MINOR": "Unaccompanied minor",
    },
    "ground": {
        "health": "Health", "pregnancy": "Pregnancy", "no_transport": "No transport",
        "no_identification": "No identification", "length_of_stay": "Length of stay", "school": "Children at school",
        "voluntary_return": "A voluntary return is being finished", "family_ties": "Family or social ties",
    },
    "partner": {"fedasil": "Fedasil", "iom": "IOM", "caritas": "Caritas"},
    "reason": {"public_order": "Public order", "new_procedure": "New residence procedure"},
    "need": {
        "return_counselling": "Return counselling", "reintegration": "Reintegration", "legal_aid": "Legal aid",
        "medical_care": "Medical care", "psychological_care": "Psychological care", "shelter": "Shelter",
        "social_aid": "Social aid",
    },
    "referral_status": {
        "proposed": "Proposed", "declined": "The person said no", "consented": "The person agreed", "sent": "Sent",
        "accepted": "Accepted by the partner", "refused": "Refused by the partner", "answered": "Answered",
        "withdrawn": "Taken back by the person",
    },
    "referral_step": {
        "propose": "Proposed to the person", "consent": "The person agreed", "decline": "The person said no",
        "send": "Sent to the partner", "accept": "The partner accepted", "refuse": "The partner refused",
        "answer": "The partner answered", "withdraw": "The person took it back",
    },
    "answer_status": {
        "accepted": "We take the person on", "refused": "We cannot take the person on",
        "answered": "News, or a question",
    },
    "receipt": {"deleted": "Copies deleted", "kept_by_law": "Kept, as a law demands"},
    "occasion": {
        "invitation": "First interview", "interview": "Interview", "conclusions": "Conclusions", "walk_in": "Walk-in",
    },
    "channel": {"desk": "At a desk", "telephone": "By telephone", "video": "By video"},
    "appointment": {
        "booked": "Booked", "attended": "Came", "no_show": "Did not come", "excused": "Excused",
        "cancelled": "Cancelled", "moved": "Moved",
    },
    "clash": {
        "coach_busy": "The coach has another appointment then.", "coach_absent": "The coach is away that day.",
        "no_coach": "The case has no coach yet.", "interpreter_busy": "The interpreter has another appointment then.",
        "person_busy": "The person has another appointment then.", "desk_closed": "The desk is closed then.",
        "walk_in_hours": "The desk receives people without appointment then.", "holiday": "It is a public holiday.",
        "no_address": "No post reaches the person: give the invitation by hand.",
        "open_return_place": "People live where this desk is, and this person does not.",
    },
    "company": {"lawyer": "Lawyer", "trusted_person": "Trusted person", "interpreter": "Interpreter"},
    "figure_by": {
        "region": "Region", "coach_type": "Type of coach", "annex": "Form of order", "outcome": "Outcome",
    },
    "figure_unit": {"files": "files", "events": "times", "ratio": "ratio", "days": "days"},
    "figure": {
        "opened": "Opened", "walked_in": "Received without appointment", "invited": "Invited",
        "invitations": "Invitations", "attended": "Came after an invitation", "no_shows": "Absences without excuse",
        "interviews": "Interviews", "interviewed": "Files with an interview",
        "extensions_asked": "Extensions asked for", "extensions_granted": "Extensions granted",
        "extensions_refused": "Extensions refused", "suspended": "Suspensions", "reopened": "Reopenings",
        "handed_over": "Handed over to follow-up", "ended": "Ended", "attendance": "Attendance",
        "interviews_per_file": "Interviews per file", "days_to_interview": "Days to the first interview",
        "days_to_end": "Days to the end",
    },
    "counted": {
        "opened": "Files opened in the period.",
        "walked_in": "People received without an appointment in the period.",
        "invited": "Files with an invitation in the period, each once, however often it was invited.",
        "invitations": "Invitations in the period, also those with a new day after an excuse. Each time.",
        "attended": "Files invited in the period whose person came since, by today. A young period can still grow.",
        "no_shows": "Absences in the period that no excuse took away, not even a late one. Each time.",
        "interviews": "Days on which a person was met in the period; a file and a day count once.",
        "interviewed": "Files with at least one interview in the period, each once.",
        "extensions_asked": "Extensions asked for in the period. Each time.",
        "extensions_granted": "Extensions granted in the period, whenever they were asked for. Each time.",
        "extensions_refused": "Extensions refused in the period, whenever they were asked for. Each time.",
        "suspended": "Suspensions that began in the period. Each time.",
        "reopened": "Files reopened in the period. Each time.",
        "handed_over": "Files handed over to the follow-up of orders in the period. It happens once to a file.",
        "ended": "Files closed or handed over in the period. A file that was reopened can end twice.",
        "attendance": "Files whose person came, divided by files invited.",
        "interviews_per_file": "Interviews, divided by files with an interview.",
        "days_to_interview": "Median of the days from the first invitation of the period to the day the person came.",
        "days_to_end": "Median of the days from the opening, or the last reopening, to each end in the period.",
    },
    "section": {
        "narrative": "General", "identity": "Identity papers", "sensitive": "Health and other protected matters",
        "stay-analysis": "Right of residence", "return-plan": "Return",
    },
    "letter": {
        "invitation": "Invitation", "reminder": "Reminder after an absence",
        "consequences": "Letter on the consequences", "closing": "Letter on the closing",
        "referral": "Letter on the referral",
    },
    "letter_reason": {"no_show": "The person did not come", "refusal": "The person refuses the guidance"},
    "shared": {
        "family_name": "Family name", "given_names": "Given names", "phone": "Telephone", "address": "Address",
        "language": "Language", "need": "Need",
    },
    "field": {
        "oqt_reference": "Reference of the order", "ov_number": "OV/SP number", "closing_date": "Closed on",
        "outcome_code": "Outcome", "term_end": "End of the term for leaving", "extended": "Term extended",
        "procedure_pending": "Procedure pending", "minors": "Minors",
        "fitness_check": "Fitness check before any measure",
        "language": "Language", "handed_over_at": "Handed over", "pseudonym": "Pseudonym", "family_name": "Family name",
        "given_names": "Given names", "phone": "Telephone", "address": "Address", "need": "Need",
        "birth_date": "Date of birth", "nationality": "Nationality", "email": "E-mail",
        "received_at": "Received", "expires_on": "Consent until", "release": "Release",
    },
    "done": {
        "calendar_revoked": "The address is revoked.", "company": "Who came along is written down.",
        "note": "The note is saved.", "step": "The step is recorded.", "task": "The task is saved.",
        "opened": "The case is open. It is yours from now on.", "draft": "The draft was thrown away.",
        "asked": "Your request is filed.", "explained": "Your answer is sent.",
        "answered": "Your answer is recorded.", "let_go": "The approved fields were let go.",
        "disclosed": "The items were sent to the recipient.", "acknowledged": "It is recorded that you took note.",
        "taken_back": "The grant was taken back.", "begun": "The ceremony has begun.",
        "share_let_go": "The second share was let go.", "ceremony_ended": "The ceremony was ended.",
        "handed_over": "The outcome sheet was sent to follow-up.", "people": "The changes are saved.",
        "document": "The document is sealed in the case.",
        "letter": "The letter is written and kept. Print it, or save it as PDF.",
        "proposed": "The referral is proposed. Nothing has left.",
        "referral_consent": "The consent is written down.", "referral_decline": "The refusal is written down.",
        "referral_send": "It is with the partner.",
        "referral_withdraw": "It is taken back. The partner sees nothing any more.",
        "answer_taken": "The answer is kept with the case.",
        "withdrawn_all": "Every consent of this case has ended.",
        "answer_sent": "Your answer is sent, sealed for the guidance service. It cannot be read back here.",
        "receipt": "Your receipt is recorded.",
        "appointment": "The appointment is booked.", "appointment_attended": "It is recorded that the person came.",
        "appointment_no_show": "It is recorded that the person did not come.",
        "appointment_excused": "The excuse is recorded.", "appointment_cancelled": "The appointment is cancelled.",
        "walked_in": "The person is received.", "session_ended": "It is ended.",
        "passkey_added": "The passkey is added. It can sign you in at once.",
        "passkey_revoked": "The passkey is revoked.", "passkey_countersigned": "You have vouched for the passkey.",
        "recovery_used": "A recovery code was used to sign in. Look below when, and how many are left.",
    },
    "passkey": {"waiting": "nobody vouched for it yet", "countersigned": "vouched for", "revoked": "revoked"},
    "verdict": {"allow": "allowed", "deny": "refused", "none": "–", "": "–"},
    "purpose": {
        "coaching": "guidance", "case_administration": "administration of cases",
        "oqt_follow_up": "follow-up of orders", "referral": "referral", "access_review": "review of access",
        "data_protection": "data protection", "emergency": "emergency",
        "legal_obligation": "legal obligation",
    },
    "compartment": {
        "identity": "who the person is", "contact": "how the person is reached",
        "status": "where a case stands: state and dates",
        "narrative": "what was confided: notes, facts, files, letters",
        "sensitive": "health and other protected matters", "stay_analysis": "ways to a right of residence",
        "return_plan": "ways to return", "outcome_sheet": "the outcome sheet of a case that was handed over",
        "audit": "the log: who looked at what", "aggregates": "published figures",
    },
    "fact": {
        "own": "of their own cases", "region": "of their region", "consent": "while the person agrees",
        "grant": "with a granted request", "addressed": "if it was sent to them", "second": "as the second person",
        "break_glass": "in an emergency, reviewed afterwards",
    },
    "action": {
        "create": "opened", "read": "read", "list": "listed", "search": "searched", "write": "wrote", "close": "closed",
        "sign": "signed", "release": "released", "reveal": "restored names", "lane_opened": "log lane opened",
        "lane_closed": "log lane closed", "signed_in": "signed in", "sign_in_refused": "sign-in refused",
        "signed_out": "signed out", "staff_added": "member of staff added",
        "service_token_issued": "token for a service issued", "passkey_enrolled": "passkey enrolled",
        "identity_linked": "person of the identity provider linked",
        "identity_unlinked": "person of the identity provider unlinked", "stepped_up": "proved anew who they are",
        "passkey_revoked": "passkey revoked", "recovery_codes_made": "recovery codes made",
        "recovery_code_used": "recovery code used", "release_begun": "release begun", "released": "released",
        "swept": "emptied what was forgotten", "failed": "failed",
        "swept_through": "emptied all that was due", "examined": "tried whether records open",
        "release_withdrawn": "release withdrawn", "answer_taken": "answer taken over", "policy_loaded": "rules loaded",
        "policy_refused": "rules refused", "turned_away": "turned away", "illegible": "cannot be read",
    },
    "kind": {
        "case": "case", "identity": "identity", "contact": "contact", "notice": "privacy notice", "note": "note",
        "token_map": "names behind stand-ins", "outcome_sheet": "outcome sheet", "referral": "referral",
        "fact": "fact", "whereabouts": "whereabouts", "sensitive_fact": "protected fact", "stay_fact": "fact on stay",
        "return_fact": "fact on return", "attachment": "document", "identity_attachment": "identity paper",
        "sensitive_attachment": "protected document", "stay_attachment": "document on stay",
        "return_attachment": "document on return", "task": "task", "draft": "draft", "invitation": "invitation",
        "letter": "letter", "step": "steps of a case", "deadline": "days that count", "avenue": "avenue of stay",
        "return_plan": "plan of return", "ground": "ground", "appointment": "appointment",
        "day_list": "list of the day",
        "attendees": "who attends", "assignment": "assignment of a coach", "conflict": "conflict of interest",
        "coach": "coach and absences", "desk": "desk and opening hours", "calendar": "calendar",
        "figures": "outcome figures", "review_question": "question of oversight",
        "order": "order from the official file",
        "referral_answer": "answer of a partner", "withdrawal": "end of a consent",
        "access_report": "report of who consulted what",
        "access_request": "request for access", "access_form": "request for access, without the person",
        "grant": "granted fields", "ceremony": "who hides behind a pseudonym",
        "disclosure": "items given by a lawful exception",
        "break_glass": "emergency access", "emergency_use": "emergencies and their review",
        "ceremony_use": "ceremonies and their review", "log_figures": "figures of the log",
        "operation": "how the installation runs",
        "audit_entry": "entry of the log",
        "audit_detail": "detail of the log", "log_state": "state of the log",
        "finding": "finding in the log", "sample": "sample of the log", "review_case": "review of a look",
        "session": "session", "staff": "staff", "lane": "lane",
        "passkey": "passkey", "recovery_code": "recovery code",
    },
    "entry": {
        "entry": "Entry", "actor": "Who (pseudonym)", "zone": "Zone", "subject": "Case (pseudonym of the log)",
        "object": "Record", "outcome": "What it came to", "count": "How many", "lane": "Lane", "number": "Number",
        "policy": "Rules in force", "config": "Parameters in force", "actor_name": "Name",
        "source_address": "Network address", "reason": "Reason given", "actor_id": "Number of the member of staff",
        "session": "Session",
    },
    "found": {
        "person": "Person", "name": "Other name", "organisation": "Organisation", "school": "School",
        "employer": "Employer", "place": "Place", "address": "Address", "phone": "Telephone", "email": "E-mail",
        "web": "Web address", "profile": "User name", "birth_date": "Date of birth", "date": "Day",
        "niss": "National number",
        "iban": "Account",
        "card": "Card number", "vat": "VAT number", "ov_number": "OV/SP number", "cgra_number": "CGRA number",
        "oqt_reference": "Reference of the order", "passport": "Passport", "plate": "Number plate",
        "file_number": "File number", "origin": "Origin", "occupation": "Occupation", "amount": "Amount",
    },
    "found_by": {
        "known": "the case knows it", "hand": "added by hand", "checked": "its check digits are right",
        "pattern": "by its shape", "title": "after a title or a family word", "model": "the language model takes it so",
        "repeat": "as elsewhere in the note", "capital": "by its capital letter",
    },
    "yes_no": {"yes": "Yes", "no": "No"},
}  # fmt: skip

WORDS.update(words_of_oversight.WORDS | words_of_access.WORDS | words_of_coaches.WORDS | words_of_orders.WORDS)
WORDS.update(words_of_samples.WORDS | words_of_erasures.WORDS)
for _group in ("menu", "done", "kind"):
    for _part in (words_of_oversight, words_of_access, words_of_coaches, words_of_orders, words_of_erasures):
        WORDS[_group] |= _part.MORE.get(_group, {})
for _group, _more in words_of_samples.MORE.items():
    WORDS[_group] |= _more
# A step stands in the log as an action of its own.
WORDS["action"] = WORDS["step"] | WORDS["action"] | {"review": "looked through"} | words_of_oversight.ACTIONS

#: What is wrong with a field, or with the form as a whole.
FAULTS: Final[dict[str, str]] = WORDS["obstacle"] | {
    "missing": "This must be filled in.",
    "unusable": "This cannot be used as it is. Check it.",
    "too_long": "This is too long.",
    "earlier_session":
        "This page was opened in an earlier session. What you typed is here: check it and send it again.",
    "not_now": "This step is not possible now. Look at the case again.",
    "conflict": "Somebody changed this in the meantime. Look at it again.",
    "notice_missing": "The privacy notice must be given first.",
    "identity_survives": "A name that the case knows would remain in the text. Write it as it stands in the case.",
    "unaccompanied_minor": "An unaccompanied minor is not guided here: a guardian is competent.",
    "consent_missing": "The person has not agreed, or that agreement has ended.",
    "protocol_missing": "No published protocol with that body covers this, or it has ended.",
    "clash": "Something stands in the way. Choose another time, or say that it is meant.",
    "slot_taken": "Somebody was faster: the desk is taken then.",
    "time_past": "This time is over. Choose one that lies ahead.",
    "time_far": "This is too far ahead to be booked. Choose an earlier day.",
    "time_off_grid":
        "A desk's appointments begin and end at its fixed times. Choose one of these, and a length that fits.",
    "identifier": "The digits of this number do not fit, or some are missing. Compare it with the document.",
    "not_in_text": "These words stand nowhere in the text by themselves, or are replaced already.",
    "missed_too_long": "At most 200 characters at once: name them in parts.",
    "missed_too_many": "At most 50 at once: save, then revise the note and name the rest.",
    "stand_in": "What stands in square brackets looks like a stand-in, and this case has none like it. Write the name, "
        "or leave out the brackets.",
    "unseen": "A character in it is not shown, or turns others around. Type the place anew.",
    "budget_spent": "You have filed as many requests today as one person may.",
    "store_busy": "Nothing was saved: the vault is busy. What you typed is here. Send it again in a moment.",
    "written_meanwhile": "Somebody else wrote this meanwhile. Nothing is lost.",
    "too_many_calendars": "Five addresses work already: revoke one first.",
    "stale_version": "Somebody saved a newer version in the meantime. Both texts are below. Nothing is lost.",
    "too_large": "This is too long.",
    "file_too_large": "This file is too large: at most 25 MiB. Send it in parts.",
    "file_type": "This file is of no type that is taken, or damaged. An office document must hold no macros.",
    "file_empty": "This file is empty.",
    "file_name": "This name cannot be used: it must end as the file's type does, and hold no invisible characters.",
    "file_cut": "The file did not arrive whole. Choose it and send it again.",
    "file_slow": "The file took too long to arrive. Send it again, or a smaller one.",
    "sign_in_refused": "Password or code is wrong. A code works once: wait for the next one.",
    "sign_in_throttled": "Too many attempts. Wait a while.",
    "unsigned": "Nothing was signed: you have no passkey that somebody vouched for, or no script runs here.",
    "no_button": "Nothing was done: press one of the two buttons.",
    "passkey": "The passkey could not be added. It may be enrolled already; or load the page again.",
    "files_full": "This case takes no more files now: others are on their way, or it holds as many as it can.",
    "review_needed": "Some places may name somebody. Decide about them below, then save.",
    "review_stale": "The text or the case has changed since the look. Decide again, then save.",
} | words_of_oversight.FAULTS | words_of_access.FAULTS | words_of_coaches.FAULTS | words_of_orders.FAULTS  # fmt: skip
FAULTS.update(words_of_samples.FAULTS | words_of_erasures.FAULTS)

#: Why a page is not shown: what it says, and what to do.
REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "not_found": (
        "There is no such page, or it is not for you",
        "A case of somebody else and a case that does not exist give this same answer. Check the reference.",
    ),
    "access_denied": ("This is not for your role", "Your role cannot do this, whatever the case."),
    "erased": ("This was erased", "Its keys were destroyed. Nobody can read it any more."),
    "store_busy": ("The vault is busy", "Nothing was written. Try again in a moment."),
    "store_unavailable": ("The vault does not answer", "Nothing was written. Try again in a moment."),
    "invalid_input": ("This cannot be used", "Go back and check what was sent."),
    "invalid_identifier": ("This is no reference of a case", "Check the reference: one character is wrong."),
    "stale_version": ("Somebody was faster", "A newer version was saved in the meantime. Look at it again."),
    "illegal_step": ("This is not possible now", "The case is in another state. Look at the case again."),
    "letter_not_printable": (
        "This letter cannot be saved as PDF",
        "It is too long, or a name holds a character that our fonts do not have. Go back and print the page instead.",
    ),
    "printer_unavailable": (
        "Letters cannot be saved as PDF at the moment",
        "The letter is kept. Go back and print the page instead, and tell whoever runs this vault.",
    ),
    "provider_unavailable": (
        "The identity provider does not answer",
        "Sign in with your password, or try again in a moment.",
    ),
    "too_large": (
        "This is too long",
        "Nothing was saved. Go back: what you typed stands there. Shorten it, or save it in parts.",
    ),
    "conflict": (
        "Something else happened in the meantime",
        "Nothing was saved. Go back, look at the page again, then send it once more.",
    ),
    "failed": ("Something failed", "It was logged. Nothing that you did was lost without being told."),
}

_STAND_IN: Final = re.compile(r"\[[A-ZÀ-Ý][A-ZÀ-Ý_ ]*-\d+\]")


def word(translate: Callable[[str], str], group: str, code: object) -> str:
    """What a code is called; the code itself where somebody's own file brought one that has no word."""
    text = str(code)
    if group == "fault":
        return translate(FAULTS.get(text, FAULTS["unusable"]))
    if group in {"refusal", "remedy"}:
        return translate(REFUSALS[text][group == "remedy"])
    known = WORDS[group].get(text)
    return translate(known) if known is not None else text


def told(done: str) -> str:
    """What an address says was done, where there is a word for it; "" for anything that somebody else wrote there."""
    return done if done in WORDS["done"] else ""


def choices(group: str) -> tuple[str, ...]:
    """The codes of a group, in order."""
    return tuple(WORDS[group])


def texts() -> Iterable[str]:
    """Every text here, for the catalogues."""
    for group in WORDS.values():
        yield from group.values()
    yield from FAULTS.values()
    for pair in REFUSALS.values():
        yield from pair


def marked(text: str, spans: Iterable[tuple[int, int]] = ()) -> Markup:
    """A note for the screen: stand-ins set off, restored names underlined. spans: of restored names, in order."""
    pieces, place = [], 0
    found = [(start, end, "p-restored") for start, end in spans]
    found += [(m.start(), m.end(), "p-stand-in") for m in _STAND_IN.finditer(text)]
    for start, end, kind in sorted(found):
        if start >= place:
            pieces += [escape(text[place:start]), Markup('<span class="{}">{}</span>').format(kind, text[start:end])]
            place = end
    return Markup("").join([*pieces, escape(text[place:])])
