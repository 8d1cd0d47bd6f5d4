"""Why the firewall answered as it did, in plain words.

    explain(firewall, question, Facts.of(own=False)).text()
    # Denied: a coach may not read notes for coaching while the case is active.
    # It would be allowed if the case were assigned to the person who asks.

The sentences name roles, kinds and facts, never a case. Rule ids stand apart (`Explanation.rules`): the person
who asked sees the words, oversight sees the ids. Texts come from a catalogue by key and language; a language
that lacks a key falls back to English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policies.facts import ALL_FACTS, facts_of
from policies.firewall import TableFirewall
from policies.lines import Rule
from vault.vocabulary import Action, Allowed, Denied, Fact, Facts, Kind, Phase, Purpose, Question, Role


def _texts(language: str) -> dict[str, str]:
    """`texts/LANGUAGE.toml`, a table's key becoming `table.key`."""
    read = tomllib.loads((Path(__file__).parent / "texts" / f"{language}.toml").read_text("utf-8"))
    flat = {key: text for key, text in read.items() if isinstance(text, str)}
    return flat | {f"{table}.{key}": text for table in read.keys() - flat.keys() for key, text in read[table].items()}


#: Key to text, by language.
CATALOGUE: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "allowed": "Allowed: {role} may {action} {kind} for {purpose} {phase}.",
        "denied": "Denied: {role} may not {action} {kind} for {purpose} {phase}.",
        "shows": "The answer holds: {fields}.",
        "used": "It rests on this: {facts}.",
        "forbidden": "A rule forbids it: {why}.",
        "missing": "It would be allowed if {facts}.",
        "unknown": "Not known, so not counted in favour: {facts}.",
        "other_phase": "It can be allowed {phases}.",
        "other_purpose": "It can be allowed for {purposes}.",
        "never": "No rule allows it, whatever the circumstances.",
        "and": " and ",
        "or": " or ",
        "role.coach": "a coach",
        "role.desk_officer": "a desk officer",
        "role.regional_head": "a regional head",
        "role.follow_up_officer": "an OQT follow-up officer",
        "role.partner_agent": "a partner organisation",
        "role.auditor": "an auditor",
        "role.dpo": "the data protection officer",
        "role.operator": "an operator",
        "action.create": "open",
        "action.read": "read",
        "action.list": "list",
        "action.search": "search",
        "action.write": "write",
        "action.close": "close",
        "action.sign": "sign",
        "action.release": "release",
        "action.reveal": "restore the names in",
        "action.triage": "triage",
        "action.invite": "invite in",
        "action.record_absence": "record an absence in",
        "action.excuse_absence": "excuse an absence in",
        "action.walk_in": "record a walk-in in",
        "action.begin_intake": "begin the intake in",
        "action.begin_analysis": "begin the analysis in",
        "action.give_conclusions": "give the conclusions in",
        "action.orient_stay": "orient towards stay in",
        "action.orient_return": "orient towards return in",
        "action.orient_transfer": "orient towards transfer in",
        "action.continue_follow_up": "continue the follow-up in",
        "action.ask_extension": "ask for an extension in",
        "action.grant_extension": "record a granted extension in",
        "action.refuse_extension": "record a refused extension in",
        "action.suspend": "suspend",
        "action.resume": "resume",
        "action.explain_consequences": "explain the consequences in",
        "action.send_consequences_letter": "send the letter on consequences in",
        "action.begin_closing": "begin the closing for non-collaboration in",
        "action.reopen": "reopen",
        "action.review": "look for names in",
        "kind.case": "a case's status",
        "kind.identity": "identities",
        "kind.contact": "contact details",
        "kind.notice": "the privacy notice",
        "kind.note": "notes",
        "kind.token_map": "the list of stand-ins",
        "kind.outcome_sheet": "an outcome sheet",
        "kind.referral": "a referral",
        "kind.referral_answer": "a partner's answers",
        "kind.withdrawal": "withdrawn consents and their receipts",
        "kind.fact": "recorded facts",
        "kind.whereabouts": "where somebody stays",
        "kind.sensitive_fact": "facts about health and other protected matters",
        "kind.stay_fact": "facts about avenues of stay",
        "kind.return_fact": "facts about return",
        "kind.attachment": "files",
        "kind.identity_attachment": "identity papers",
        "kind.sensitive_attachment": "medical and other protected papers",
        "kind.stay_attachment": "papers about the stay",
        "kind.return_attachment": "papers about the return",
        "kind.task": "tasks",
        "kind.draft": "unfinished notes",
        "kind.invitation": "invitations",
        "kind.letter": "letters to the person",
        "kind.access_report": "who consulted what, for the person",
        "kind.access_request": "a request for access",
        "kind.access_form": "a request for access without whom it is about",
        "kind.grant": "granted fields",
        "kind.ceremony": "who hides behind a pseudonym",
        "kind.disclosure": "what a lawful exception gives another body",
        "kind.break_glass": "emergency access",
        "kind.case_sample": "a sample: a case drawn by lot",
        "kind.erasure": "the erasure of a case",
        "kind.emergency_use": "emergencies and their review",
        "kind.operation": "how the installation runs",
        "kind.log_figures": "figures of the log",
        "kind.ceremony_use": "ceremonies and their review",
        "kind.audit_entry": "log entries",
        "kind.audit_detail": "log details",
        "kind.log_state": "the state of the log",
        "kind.finding": "findings in the log",
        "kind.sample": "samples of the log",
        "kind.review_case": "reviews of looks",
        "kind.step": "a case's steps",
        "kind.deadline": "a case's deadlines",
        "kind.avenue": "avenues towards residence",
        "kind.return_plan": "plans for a return",
        "kind.ground": "grounds",
        "kind.appointment": "appointments",
        "kind.day_list": "a list of whom is expected",
        "kind.attendees": "who came along",
        "kind.assignment": "whose a case is",
        "kind.conflict": "conflicts of interest",
        "kind.coach": "what coaches have and take",
        "kind.desk": "desks",
        "kind.order": "orders from the official file",
        "kind.review_question": "what oversight asks about a look",
        "kind.figures": "outcome figures of a region",
        "kind.calendar": "a coach's calendar",
        "kind.passkey": "passkeys of colleagues",
        "purpose.coaching": "coaching",
        "purpose.case_administration": "case administration",
        "purpose.oqt_follow_up": "OQT follow-up",
        "purpose.referral": "a referral",
        "purpose.access_review": "a review of access",
        "purpose.data_protection": "data protection",
        "purpose.emergency": "an emergency",
        "purpose.supervision": "supervision of quality",
        "purpose.legal_obligation": "a legal obligation",
        "phase.none": "in a question about no single case",
        "phase.pending": "before the intake",
        "phase.active": "while the case is active",
        "phase.suspended": "while the case is suspended",
        "phase.closing": "while the case is being closed",
        "phase.closed": "once the case is closed",
        "phase.handed_over": "once the case was handed over",
        "phase.erased": "once the case was erased",
        "fact.own": "the case is assigned to the person who asks",
        "fact.region": "the case lies in the region of the person who asks",
        "fact.consent": "there is a valid consent for this recipient",
        "fact.grant": "there is a valid grant",
        "fact.addressed": "it was sent to the zone that asks",
        "fact.second": "somebody else took the step before",
        "fact.break_glass": "a break-glass is open",
        "fact.sample": "the case was drawn by lot for the person who asks, and the sample still runs",
        "way": "{role} may {action} {kind} for {purpose}, {phases}{condition}.",
        "way_if": ", if {facts}",
        "nobody": "No rule lets {role} do this, whatever the case.",
        "others": "It is the task of: {roles}.",
        "alike": "An unknown case and one that is not for you get the same answer: it does not say which exists.",
        "give.own": "Assigning a case is up to the regional head.",
        "give.region": "The region of a member of staff is registered by the operator.",
        "give.consent": "The consent comes from the person; their coach records it.",
        "give.grant": "A grant is asked for; the functions that the rule names approve it.",
        "give.addressed": "Only casework can release it to you.",
        "give.second": "Somebody else must have taken the step before.",
        "give.break_glass": "A break-glass is opened with a reason and a second person.",
        "give.sample": "Ask for a sample, with a reason: a case of the region is drawn by lot, and its coach is told.",
    },
    **{language: _texts(language) for language in ("fr", "nl", "de")},
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """sentences: for the person who asked. rules: ids of the lines that decided or came near, for oversight."""

    allowed: bool
    sentences: tuple[str, ...]
    rules: tuple[str, ...]

    def text(self) -> str:
        return "\n".join(self.sentences)


def explain(firewall: TableFirewall, question: Question, facts: Facts, *, language: str = "en") -> Explanation:
    """Ask the firewall, and say why it answers so."""
    say = _Voice(language)
    decision = firewall.decide(question, facts)
    words = {
        "role": say(f"role.{question.role}"),
        "action": say(f"action.{question.action}"),
        "kind": say(f"kind.{question.kind}"),
        "purpose": say(f"purpose.{question.purpose}"),
        "phase": say(f"phase.{question.phase}"),
    }
    if isinstance(decision, Allowed):
        fields = ", ".join(f"{name} ({shown})" for name, shown in decision.profile.fields)
        sentences = [say("allowed", **words), say("shows", fields=fields)]
        if used := facts_of(_rule(firewall, decision.rule).needed):
            sentences.append(say("used", facts=say.facts(used)))
        return Explanation(True, tuple(sentences), (decision.rule,))
    sentences = [say("denied", **words), *_reasons(say, firewall, question, facts, decision)]
    rules = (decision.rule, *(miss.rule for miss in decision.nearest))
    return Explanation(False, tuple(sentences), tuple(rule for rule in rules if rule))


def what_rules_say(
    firewall: TableFirewall, role: Role, *, action: Action | None = None, kind: Kind | None = None,
    purpose: Purpose | None = None, language: str = "en",
) -> Explanation:  # fmt: skip
    """What this role may do of what is named, under which conditions, who can bring those about, or whose task it is.

    Of the rules alone: no case, no person and no fact is looked at, so nothing can be learnt of any. Nothing named:
    all that the role may do.
    """
    say = _Voice(language)
    ways = tuple(
        rule
        for rule in firewall.table.source.rules
        if rule.allows and rule.role is role and _about(rule, action, kind, purpose)
    )
    if not ways:
        others = {
            other.role for other in firewall.table.source.rules if other.allows and _about(other, action, kind, purpose)
        }
        sentences = [say("nobody", role=say(f"role.{role}"))]
        if others:
            sentences.append(say("others", roles=", ".join(say(f"role.{each}") for each in Role if each in others)))
        return Explanation(False, tuple(sentences), ())
    needed = dict.fromkeys(fact for rule in ways for fact in facts_of(rule.needed))
    givers = tuple(say(f"give.{fact}") for fact in needed)
    about_a_case = any(rule.phases != {Phase.NONE} for rule in ways)
    sentences = [_way(say, rule) for rule in ways]
    return Explanation(
        True, (*sentences, *givers, *((say("alike"),) if about_a_case else ())), tuple(rule.id for rule in ways)
    )


def _about(rule: Rule, action: Action | None, kind: Kind | None, purpose: Purpose | None) -> bool:
    return action in (None, rule.act) and kind in (None, rule.kind) and purpose in (None, rule.purpose)


def _way(say: _Voice, rule: Rule) -> str:
    needed = facts_of(rule.needed)
    text = say(
        "way",
        role=say(f"role.{rule.role}"),
        action=say(f"action.{rule.act}"),
        kind=say(f"kind.{rule.kind}"),
        purpose=say(f"purpose.{rule.purpose}"),
        phases=say.choice("phase", [phase.value for phase in Phase if phase in rule.phases]),
        condition=say("way_if", facts=say.facts(needed)) if needed else "",
    )
    return text[0].upper() + text[1:]


class _Voice:
    """The catalogue in one language."""

    def __init__(self, language: str) -> None:
        self._texts = CATALOGUE.get(language, CATALOGUE["en"])

    def __call__(self, key: str, **words: str) -> str:
        text = self._texts.get(key) or CATALOGUE["en"][key]
        return text.format(**words) if words else text

    def facts(self, facts: tuple[Fact, ...]) -> str:
        return self("and").join(self(f"fact.{fact}") for fact in facts)

    def choice(self, prefix: str, words: list[str]) -> str:
        return self("or").join(self(f"{prefix}.{word}") for word in words)


def _rule(firewall: TableFirewall, rule_id: str) -> Rule:
    return next(rule for rule in firewall.table.source.rules if rule.id == rule_id)


def _reasons(
    say: _Voice, firewall: TableFirewall, question: Question, facts: Facts, decision: Denied
) -> tuple[str, ...]:
    """What stood in the way: a deny line, missing facts, or that nothing allows it here."""
    reasons = []
    if decision.rule:
        reasons.append(say("forbidden", why=_rule(firewall, decision.rule).why))
    reasons.extend(say("missing", facts=say.facts(miss.missing)) for miss in decision.nearest if miss.missing)
    missing = {fact for miss in decision.nearest for fact in miss.missing}
    if unknown := tuple(fact for fact in facts_of(ALL_FACTS & ~facts.known) if fact in missing):
        reasons.append(say("unknown", facts=say.facts(unknown)))
    if not decision.rule and not decision.nearest:
        reasons.append(_elsewhere(say, firewall, question))
    return tuple(reasons)


def _elsewhere(say: _Voice, firewall: TableFirewall, question: Question) -> str:
    """Where the same role may do the same: in another phase, or for another purpose; or nowhere."""
    asked = (question.role, question.kind, question.action)
    similar = [rule for rule in firewall.table.source.rules if rule.allows and rule.key[:3] == asked]
    here = {phase for rule in similar if rule.purpose == question.purpose for phase in rule.phases}
    if here:
        return say("other_phase", phases=say.choice("phase", [phase for phase in Phase if phase in here]))
    if similar:
        purposes = list(dict.fromkeys(rule.purpose.value for rule in similar))
        return say("other_purpose", purposes=say.choice("purpose", purposes))
    return say("never")
