"""What the codes of the log, its reviews and its checks are called on the auditor's pages."""

from __future__ import annotations

from typing import Final

from gateway.pages.words_of_outcomes import OUTCOMES

_MENU: Final = {
    "unexplained": "Unexplained", "log_state": "How whole the log is", "evidence": "Evidence",
    "findings": "Findings", "samples": "Samples", "reviews": "Reviews", "emergencies": "Emergencies",
    "ceremonies": "Ceremonies",
    "log_figures": "Figures of the log", "operation": "How it runs", "questions": "Questions to you",
}  # fmt: skip
#: What the log says about itself, and what an entry is about that no rule knows of.
ACTIONS: Final = {
    "log_opened": "tree of the log begun", "log_closed": "tree of the log closed", "heartbeat": "sign of life",
    "gap_found": "gap found", "witness_contradicts": "contradicted by a witness",
    "tree_unnamed": "no key for the tree of a half-year",
    "keys_loaded": "keys taken into use", "settings_loaded": "settings taken into use",
    "wraps_rotating": "keys being re-wrapped", "wraps_rotated": "keys re-wrapped, the old one destroyed",
    "root_replaced": "root of a zone replaced",
    "erasure_begun": "erasure of a case begun", "erasure_lapsed": "erasure of a case lapsed",
    "erasure_replayed": "case erased again after a backup was put back", "erased": "case erased",
    "details_erased": "details destroyed", "evaluate": "asked by another system", "entrusted": "case entrusted",
}  # fmt: skip
_KINDS: Final = {
    "log": "log", "keyring": "keys of a zone", "log_key": "key of the log", "settings": "settings", "policy": "rules",
    "record": "sealed record", "wrap": "wrapped key", "store": "whatever is stored", "use_case": "operation",
    "request": "request", "erasure": "erasure of a case", "identity_provider": "identity provider",
    "namespace": "rules of another system", "unknown": "not known",
}  # fmt: skip
WORDS: Final[dict[str, dict[str, str]]] = {
    "notice": {
        "forbidden": "must not be told yet", "due": "is to be told", "overdue": "should have been told by now",
        "given": "was told",
    },
    "came_to": OUTCOMES,
    "decision": {"allow": "allowed", "deny": "refused", "none": "nothing was asked"},
    "spoken_for": {
        "role": "whoever has the role may", "no_case": "about no single case", "assignment": "assignment",
        "region": "region", "appointment": "appointment", "second_signature": "second signature",
        "consent": "consent", "release": "sent to this zone", "delegation": "request handed on", "approval": "approval",
        "emergency": "emergency that somebody else opened", "review": "somebody else's look",
        "question": "question of oversight",
    },
    "lack": {
        "not_in_log": "nothing in the log says so", "contradicted": "the log says otherwise",
        "rule_unknown": "the rule that decided is not known here",
    },
    "finding": {
        "outside_caseload": "Outside the caseload", "after_hours": "After hours", "volume_own": "More than usual",
        "volume_peers": "More than others", "sequential_browsing": "One case after the other",
        "closed_case": "In a closed case", "denied_attempts": "Refused again and again",
        "search_only": "Searched and did not open", "break_glass": "In an emergency", "sample": "Drawn by lot",
        "by_hand": "Somebody thought of it", "ceremony": "In a ceremony",
    },
    "duty": {
        "keys": "Replace the keys", "details": "Destroy old names and addresses of the log",
        "sweep": "Empty what was forgotten, and keys of what is over", "examination": "Try whether records open",
    },
    "punctuality": {"late": "late", "soon": "soon", "in_time": "in time", "unknown": "not known"},
    "ceremony_course": {"begun": "begun, not opened", "opened": "opened", "ended": "opened and ended"},
    "log_step": {"day": "Day", "week": "Week from"},
    "log_steps": {"day": "a day", "week": "a week"},
    "log_measure": {
        "by_zone": "Looks by zone", "by_role": "Looks by role", "by_purpose": "Looks by purpose",
        "refused": "Refused", "emergency": "Looks in an emergency", "search_only": "Searched and did not open",
        "after_hours": "Looks after hours",
    },
    "log_counted": {
        "by_zone": "Looks that were allowed, by the zone of whoever looked.",
        "by_role": "Looks that were allowed, by the role of whoever looked.",
        "by_purpose": "Looks that were allowed, by the purpose that was given.",
        "refused": "Whatever was asked and refused, by role.",
        "emergency": "Looks for the purpose of an emergency, by role.",
        "search_only": "Searches after which no case was opened within the minutes of the detection rule, by role.",
        "after_hours": "Looks outside the hours of the detection rule, on weekends and on holidays, by role.",
    },
    "trouble": {
        "filing": "Very many entries cannot be searched yet: that goes on by itself, or with parefeu audit file.",
        "no_tree": "The log has no tree yet: start what keeps it.",
        "lag": "The log lags behind: look at what keeps it.",
        "gaps": "Entries are missing from the log, or out of place: touch nothing, and call the auditor.",
        "quorum": "Not enough witnesses sign: look whether they answer.",
        "silent": "A zone was never started, or does not say so.",
        "late_keys": "Keys of a zone are in use for longer than the timetable allows.",
        "late_details": "Names and addresses stay in the log for longer than the timetable allows.",
        "late_sweep": "Nobody sweeps: look whether the process of guidance runs, and at what it says.",
        "late_examination": "For too long nobody has tried whether records open.",
    },
    "rule_figure": {
        "at_least": "at least %(figure)s", "begins": "from %(figure)s", "ends": "until %(figure)s",
        "factor": "%(figure)s times as many", "days": "%(figure)s days", "minutes": "%(figure)s minutes",
    },
    "review_stage": {
        "opened": "under review", "asked": "question asked", "decided": "decided, to be signed",
        "signed": "signed by two", "closed": "review over",
    },
    "review_move": {
        "ask": "Asked", "answer": "Answered", "decide": "Decided", "sign": "Signed by the second person",
        "give_back": "Given back", "close": "Closed",
    },
    "judgement": {
        "appropriate": "appropriate", "policy_breach": "against the office's rules",
        "breach": "breach of personal data",
    },
    "reason_code": {
        "case_work": "work on the case", "stand_in": "for a colleague, not written down", "error": "by mistake",
        "rule_too_wide": "the rule finds what is ordinary", "curiosity": "curiosity", "passed_on": "passed on",
        "other": "another reason",
    },
    "asks": {
        "why_this_case": "Why did you look at this case?", "why_then": "Why at that time?",
        "why_so_many": "Why so many cases?", "for_whom": "For whom did you look?",
        "what_became": "What became of what you saw?",
        "whose_case": "Whose case is it? Tell the person, if they must be told.",
    },
    "cause": {
        "health": "Health", "danger": "Somebody threatens the person", "child": "A child is in danger",
        "missing": "Somebody is missing", "other": "Another emergency",
    },
    "emergency_standing": {
        "asked": "waits for a second person", "lapsed": "nobody opened it in time", "refused": "not opened",
        "open": "open now", "opened": "open or run out", "ended": "over",
    },
    "emergency_field": {
        "address": "Address", "phone": "Telephone", "email": "E-mail", "whereabouts_note": "Where they stay",
    },
    "integrity": {
        "no_tree": "The log has no tree yet.", "gaps": "Entries are missing from the log, or out of place.",
        "unnamed": "The log stays in the tree of a half-year that is over: its policy file has no key for the next "
        "one, or a clock is wrong. Entries are kept and proved as before.",
        "illegible": "The log holds entries that this program did not write: somebody else can write to its database.",
        "contradicted": "A witness says that it was shown another log, and proves nothing. "
        "It is broken, or lies, or the others forgot: ask who keeps it.",
        "quorum": "Too few witnesses signed the log.", "lag": "New entries do not get into the log's tree.",
        "check_failed": "The last check of a copy found something wrong.",
        "check_differs": "A copy was checked that is not this log.", "unchecked": "Nobody has checked a copy yet.",
    },
    "quorum": {
        "met": "enough of them signed", "not_met": "too few of them signed",
        "none_asked": "none is asked for by the log's policy", "unknown": "the log's policy cannot be read here",
    },
    "ending": {
        "sound": "sound", "hash": "an entry was changed", "root": "entries are not those that were signed",
        "signature": "not the log's signature", "gap": "entries are missing", "fork": "two stories",
        "stale": "out of date", "quorum": "too few witnesses", "read": "could not be read",
        "unfinished": "not finished in time",
    },
    "ending_means": {
        "sound": "Every entry is the one that was logged, and the log signed exactly these.",
        "hash": "An entry is not what was logged: its bytes changed after the log took it. Touch nothing.",
        "root": "The entries are not those that the log signed: one was exchanged, added, dropped or moved.",
        "signature": "The newest head is not signed by the log's key, or somebody changed it.",
        "gap": "Entries of a writer are missing, or stand where they cannot have been written.",
        "fork": "Two signed statements about this log contradict each other: keep both, they are evidence.",
        "stale": "The log stopped, or this is an old copy: newer entries may exist.",
        "quorum": "Too few witnesses confirmed this head: others may be shown another log.",
        "read": "The log could not be read here. Ask the operator, and check a copy elsewhere.",
        "unfinished": "The log is too long to be checked while somebody waits. Check a copy with the verifier.",
    },
}  # fmt: skip
_DONE: Final = {
    "review_opened": "The review is open.", "review_asked": "What you asked is written down.",
    "review_answered": "The answer is written down.",
    "review_decided": "Your decision is written down. Somebody else signs it.",
    "review_signed": "It is signed.", "review_given_back": "It is given back.", "review_closed": "It is closed.",
    "emergency_asked": "A second person must open it. Tell them.", "emergency_open": "It is open, for minutes.",
    "emergency_refuse": "It is not opened.", "emergency_end": "It is over.",
    "question_answered": "Your answer is with oversight.",
}  # fmt: skip
#: Added to groups that other pages share.
MORE: Final = {"menu": _MENU, "done": _DONE, "kind": _KINDS}
FAULTS: Final[dict[str, str]] = {
    "checking": "The log is being checked for somebody else. Ask again in a moment.",
    "too_much_speaks": "Too much speaks for these entries. Ask for one case, or a shorter period.",
    "too_much_to_count": "Nothing was counted: too many entries, or too long a period. Ask for fewer days.",
    "period_too_long": "This period is too long: at most 31 days, and fewer where much was logged.",
    "not_of_casework": "The vault asks members of the guidance service alone. Ask others elsewhere.",
    "no_evidence": "No tree of the log holds such an entry yet. Try again in ten seconds, or look for something else.",
}
