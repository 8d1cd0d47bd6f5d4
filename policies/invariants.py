"""What must hold whatever the rules say. Each is checked over every request that the table allows.

The rules may change from year to year; these may not, unless the requirement does. They look at the decided
table, not at the lines, so no way of writing a rule gets round them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from policies.compiler import Answer, Table
from policies.facts import facts_of, mask_of
from policies.fields import CONFIDED_FIELDS, CONTRACT, DISCLOSED_FIELDS, GRANTED_FIELDS, IDENTIFIED_FIELDS
from policies.leaks import leaks
from policies.lines import Key
from policies.retention import an_erasure_takes_two
from policies.supervision import a_sample_is_its_heads, is_a_look_at_a_sample, supervision_sees_a_drawn_case_alone
from vault.vocabulary import (
    ATTACHMENT_KINDS,
    FACT_KINDS,
    KIND_COMPARTMENT,
    OPENS,
    ROLE_ZONE,
    Action,
    Compartment,
    Fact,
    Kind,
    Opening,
    Phase,
    Purpose,
    Role,
    ZoneKind,
)

_Request = tuple[Key, Phase, int, Answer]
_READING: Final = frozenset({Action.READ, Action.LIST, Action.SEARCH, Action.REVEAL, Action.REVIEW})
#: What is confided, who confided it, and where and when that person can be found.
_CONFIDED_KINDS: Final = frozenset(
    {
        Kind.NOTE, Kind.TOKEN_MAP, Kind.CONTACT, Kind.IDENTITY, Kind.NOTICE, Kind.CASE, *FACT_KINDS, *ATTACHMENT_KINDS,
        Kind.TASK, Kind.DRAFT, Kind.LETTER, Kind.INVITATION, Kind.STEP, Kind.DEADLINE, Kind.AVENUE, Kind.RETURN_PLAN,
        Kind.GROUND, Kind.APPOINTMENT, Kind.DAY_LIST, Kind.ATTENDEES, Kind.ASSIGNMENT, Kind.CONFLICT, Kind.ORDER,
        Kind.REFERRAL_ANSWER,
    }
)  # fmt: skip
#: What a coach writes down or takes in, and why a step was taken: for the coach of the case and for nobody else of
#: casework.
_COACHS_OWN: Final = frozenset(
    {
        Kind.NOTE, Kind.TOKEN_MAP, *FACT_KINDS, *ATTACHMENT_KINDS, Kind.TASK, Kind.DRAFT, Kind.LETTER, Kind.AVENUE,
        Kind.RETURN_PLAN, Kind.GROUND, Kind.REFERRAL_ANSWER,
    }
)  # fmt: skip
#: What is written once the person knows who reads what. A letter may invite or explain before; what a partner wrote
#: back about an earlier referral is taken in also while a reopened case waits for its first meeting.
_AFTER_NOTICE: Final = frozenset({*_COACHS_OWN - {Kind.LETTER, Kind.REFERRAL_ANSWER}, Kind.NOTICE})
#: All that another zone may ever write: a partner's answer, and its receipt for a withdrawal.
_PARTNERS_WORDS: Final = frozenset({Kind.REFERRAL_ANSWER, Kind.WITHDRAWAL})
#: How casework itself is organised; from it one learns when and where somebody is met.
_OWN_KINDS: Final = frozenset(
    {Kind.COACH, Kind.DESK, Kind.CALENDAR, Kind.FIGURES, Kind.BREAK_GLASS, Kind.CASE_SAMPLE, Kind.REVIEW_QUESTION}
)
#: What the desk keeps until a case is closed: slots, and that somebody accompanies the person.
_DESK_KINDS: Final = frozenset({Kind.APPOINTMENT, Kind.ASSIGNMENT})
_AUDIT_KINDS: Final = frozenset(
    {
        Kind.AUDIT_ENTRY, Kind.AUDIT_DETAIL, Kind.LOG_STATE, Kind.FINDING, Kind.SAMPLE, Kind.REVIEW_CASE,
        Kind.EMERGENCY_USE, Kind.CEREMONY_USE, Kind.LOG_FIGURES, Kind.OPERATION, Kind.PASSKEY,
    }
)  # fmt: skip
#: What oversight itself writes down: how its check of a copy of the log ended, the acts of its reviews, that it vouches
#: for a colleague's passkey or ends one, and that what left by a lawful exception is stopped. Each is one more entry;
#: nothing that the log says already is among it.
_OVERSIGHTS_OWN: Final[dict[Kind, frozenset[Action]]] = {
    Kind.LOG_STATE: frozenset({Action.WRITE}),
    Kind.REVIEW_CASE: frozenset({Action.CREATE, Action.WRITE, Action.REVIEW, Action.SIGN, Action.CLOSE}),
    Kind.PASSKEY: frozenset({Action.SIGN, Action.CLOSE}),
    Kind.DISCLOSURE: frozenset({Action.CLOSE}),
}
#: What oversight does about somebody else only.
_NEVER_ONES_OWN: Final = frozenset({Kind.REVIEW_CASE, Kind.PASSKEY})
#: What another zone asks to know of one case, and what approvers see of it.
_ASKED_KINDS: Final = frozenset({Kind.ACCESS_REQUEST, Kind.ACCESS_FORM})
#: What roles outside casework may do besides reading: ask, and answer what was asked.
_ASKING: Final = frozenset(
    {
        (Role.FOLLOW_UP_OFFICER, Kind.ACCESS_REQUEST, Action.CREATE),
        (Role.FOLLOW_UP_OFFICER, Kind.ACCESS_REQUEST, Action.WRITE),
        (Role.DPO, Kind.ACCESS_FORM, Action.SIGN),
        (Role.DPO, Kind.ACCESS_FORM, Action.CLOSE),
        (Role.DPO, Kind.ACCESS_FORM, Action.WRITE),
        (Role.DPO, Kind.ERASURE, Action.SIGN),
        (Role.DPO, Kind.ERASURE, Action.CLOSE),
        (Role.DPO, Kind.CEREMONY, Action.SIGN),
        (Role.DPO, Kind.CEREMONY, Action.CLOSE),
    }
)
_PURPOSES: Final = {
    Role.COACH: {Purpose.COACHING, Purpose.CASE_ADMINISTRATION, Purpose.EMERGENCY},
    Role.DESK_OFFICER: {Purpose.CASE_ADMINISTRATION},
    Role.REGIONAL_HEAD: {Purpose.CASE_ADMINISTRATION, Purpose.EMERGENCY, Purpose.SUPERVISION},
    Role.FOLLOW_UP_OFFICER: {Purpose.OQT_FOLLOW_UP},
    Role.PARTNER_AGENT: {Purpose.REFERRAL, Purpose.LEGAL_OBLIGATION},
    Role.AUDITOR: {Purpose.ACCESS_REVIEW},
    Role.DPO: {Purpose.DATA_PROTECTION},
    Role.OPERATOR: {Purpose.ACCESS_REVIEW},
}


#: Never for anybody outside casework, and only as the fields of a referral that the person agreed to.
_NEVER_LEAVES: Final = frozenset({Compartment.NARRATIVE, Compartment.STAY_ANALYSIS})
_LEAVES_BY_CONSENT: Final = frozenset({Compartment.CONTACT, Compartment.SENSITIVE, Compartment.RETURN_PLAN})


def _needs(held: int, *facts: Fact) -> bool:
    """Whether all these facts are held. A request that is allowed without one of them breaks the invariant."""
    wanted = mask_of(facts)
    return held & wanted == wanted


def _casework(key: Key) -> bool:
    return ROLE_ZONE[key[0]] is ZoneKind.CASEWORK


def _partners_word(key: Key) -> bool:
    return key[0] is Role.PARTNER_AGENT and key[1] in _PARTNERS_WORDS and key[2] is Action.WRITE


def _only_casework_reaches_the_confided(request: _Request) -> bool:
    key = request[0]
    return _casework(key) or key[1] not in _CONFIDED_KINDS | _OWN_KINDS or _partners_word(key)


def _narrative_and_stay_analysis_never_leave(request: _Request) -> bool:
    key = request[0]
    # What a partner writes back comes in, and opens in casework alone: it never sees it again.
    return _casework(key) or KIND_COMPARTMENT[key[1]] not in _NEVER_LEAVES or _partners_word(key)


def _the_protected_leaves_by_live_consent_alone(request: _Request) -> bool:
    (role, kind, _, purpose), _, held, answer = request
    if _casework(request[0]) or KIND_COMPARTMENT[kind] not in _LEAVES_BY_CONSENT:
        return True
    if kind is Kind.DISCLOSURE:  # of these, what two functions signed for: the invariant on lawful exceptions
        return True
    agreed = role is Role.PARTNER_AGENT and kind is Kind.REFERRAL and purpose is Purpose.REFERRAL
    return agreed and _needs(held, Fact.CONSENT, Fact.ADDRESSED) and CONTRACT[answer.profile].zone is ZoneKind.PARTNER


def _follow_up_purpose_reaches_the_sheet_alone(request: _Request) -> bool:
    role, kind, _, purpose = request[0]
    concerned = purpose is Purpose.OQT_FOLLOW_UP or role is Role.FOLLOW_UP_OFFICER
    return not concerned or (
        purpose is Purpose.OQT_FOLLOW_UP
        and role is Role.FOLLOW_UP_OFFICER
        and kind in (Kind.OUTCOME_SHEET, Kind.ACCESS_REQUEST, Kind.GRANT, Kind.CEREMONY)
    )


def _granted_fields_open_for_one_person_while_the_grant_lives(request: _Request) -> bool:
    (role, kind, act, _), _, held, _ = request
    if kind is not Kind.GRANT or act not in _READING:
        return True
    return role is Role.FOLLOW_UP_OFFICER and act is Action.READ and _needs(held, Fact.GRANT, Fact.ADDRESSED)


def _an_identity_opens_by_a_ceremony_of_three_zones(request: _Request) -> bool:
    """Casework begins it, oversight lets the second share go, one person of follow-up reads: none does two of these."""
    (role, kind, act, purpose), phase, held, answer = request
    if kind is not Kind.CEREMONY:
        return True
    if act is Action.READ:
        return (
            role is Role.FOLLOW_UP_OFFICER
            and purpose is Purpose.OQT_FOLLOW_UP
            and _needs(held, Fact.GRANT, Fact.ADDRESSED, Fact.SECOND)
            and not CONTRACT[answer.profile].fields & (GRANTED_FIELDS - IDENTIFIED_FIELDS)
        )
    if act is Action.RELEASE:
        return role is Role.REGIONAL_HEAD and phase is not Phase.NONE and _needs(held, Fact.OWN, Fact.SECOND)
    if act is Action.SIGN:
        return role is Role.DPO and _needs(held, Fact.ADDRESSED, Fact.SECOND)
    return act is Action.CLOSE and role in (Role.REGIONAL_HEAD, Role.DPO)


def _who_asks_does_not_answer(request: _Request) -> bool:
    """Answers come from casework and oversight; about whom somebody asks, outside casework they alone see."""
    (role, kind, act, _), _, held, _ = request
    if kind not in _ASKED_KINDS:
        return True
    if act in (Action.SIGN, Action.CLOSE):
        return role in (Role.REGIONAL_HEAD, Role.DPO)
    if role is Role.FOLLOW_UP_OFFICER and act in (Action.READ, Action.WRITE):
        return _needs(held, Fact.OWN)
    return kind is Kind.ACCESS_FORM or role in (Role.FOLLOW_UP_OFFICER, Role.REGIONAL_HEAD)


def _each_role_has_its_own_purposes(request: _Request) -> bool:
    return request[0][3] in _PURPOSES[request[0][0]]


def _erased_gives_nothing(request: _Request) -> bool:
    return request[1] is not Phase.ERASED


def _outside_casework_nobody_changes_anything(request: _Request) -> bool:
    role, kind, act, _ = key = request[0]
    noted = ROLE_ZONE[role] is ZoneKind.OVERSIGHT and act in _OVERSIGHTS_OWN.get(kind, ())
    permitted = noted or (role, kind, act) in _ASKING or _partners_word(key)
    return _casework(key) or act in (Action.READ, Action.LIST) or permitted


def _the_matrix_prevails(request: _Request) -> bool:
    (role, kind, act, _), _, held, _ = request
    if act not in _READING:
        return True
    opening = OPENS[ROLE_ZONE[role]][KIND_COMPARTMENT[kind]]
    return opening is Opening.OPENS or (opening is Opening.SEALED_COPY and _needs(held, Fact.ADDRESSED))


def _copies_open_where_they_were_sent(request: _Request) -> bool:
    key, _, held, _ = request
    asks = (key[1], key[2]) == (Kind.ACCESS_REQUEST, Action.CREATE)  # opens nothing: there is no copy yet
    return _casework(key) or asks or key[1] in _AUDIT_KINDS or _needs(held, Fact.ADDRESSED)


def _a_partner_needs_consent(request: _Request) -> bool:
    (role, kind, _, _), _, held, _ = request
    # That a consent ended is told once it has ended; the notice says nothing of the person. What a law or a court wants
    # is not consented to: it has an invariant of its own.
    exempt = kind in (Kind.WITHDRAWAL, Kind.DISCLOSURE)
    return role is not Role.PARTNER_AGENT or exempt or _needs(held, Fact.CONSENT)


def _a_lawful_exception_is_for_its_recipient_upon_two_signatures(request: _Request) -> bool:
    (role, kind, act, purpose), phase, held, answer = request
    obliged = purpose is Purpose.LEGAL_OBLIGATION
    if kind is not Kind.DISCLOSURE:
        return not obliged
    if act is Action.RELEASE:
        return role is Role.REGIONAL_HEAD and phase is not Phase.NONE and _needs(held, Fact.OWN, Fact.SECOND)
    shown = CONTRACT[answer.profile].fields & (DISCLOSED_FIELDS | CONFIDED_FIELDS)
    if role is Role.DPO:  # it stops one, and sees nothing of what is in it
        return act is Action.CLOSE and _needs(held, Fact.ADDRESSED) and not shown
    if not _casework(request[0]):
        mine = role is Role.PARTNER_AGENT and obliged and _needs(held, Fact.ADDRESSED)
        return mine and (act is Action.LIST or (act is Action.READ and _needs(held, Fact.GRANT)))
    return act in (Action.CREATE, Action.LIST, Action.WRITE, Action.CLOSE) and not shown


def _what_leaves_was_agreed_or_signed(request: _Request) -> bool:
    (_, kind, act, _), phase, held, _ = request
    if act is not Action.RELEASE:
        return True
    if kind is Kind.OUTCOME_SHEET:
        return phase is Phase.CLOSING and _needs(held, Fact.SECOND)
    if kind is Kind.ACCESS_REPORT:
        return bool(held & mask_of((Fact.OWN, Fact.REGION)))
    if kind in (Kind.GRANT, Kind.CEREMONY, Kind.DISCLOSURE):
        return phase is not Phase.NONE and _needs(held, Fact.OWN, Fact.SECOND)
    return kind is Kind.REFERRAL and _needs(held, Fact.OWN, Fact.CONSENT)


def _casework_needs_a_relation(request: _Request) -> bool:
    (role, kind, act, _), _, held, _ = request
    if ROLE_ZONE[role] is not ZoneKind.CASEWORK or (kind, act) == (Kind.CASE, Action.CREATE):
        return True
    return bool(held & mask_of((Fact.OWN, Fact.REGION, Fact.BREAK_GLASS)))


def _what_is_recorded_belongs_to_its_coach(request: _Request) -> bool:
    key, _, held, _ = request
    if key[1] not in _COACHS_OWN or _partners_word(key) or is_a_look_at_a_sample(request):
        return True
    return key[0] is Role.COACH and _needs(held, Fact.OWN)


def _drafts_end_with_the_work(request: _Request) -> bool:
    """A case that is closed has no unfinished notes: what was not saved is nobody's any more."""
    return request[0][1] is not Kind.DRAFT or request[1] in (Phase.ACTIVE, Phase.SUSPENDED, Phase.CLOSING)


def _companions_belong_to_the_coach(request: _Request) -> bool:
    (role, kind, _, _), _, held, _ = request
    return kind is not Kind.ATTENDEES or (role is Role.COACH and _needs(held, Fact.OWN))


def _why_is_told_to_the_head_alone(request: _Request) -> bool:
    (role, kind, act, _), _, held, _ = request
    concerned = kind is Kind.CONFLICT and act in _READING
    return not concerned or (role is Role.REGIONAL_HEAD and _needs(held, Fact.REGION))


def _content_belongs_to_a_case(request: _Request) -> bool:
    key, phase, _, _ = request
    _, kind, act, _ = key
    if kind not in _CONFIDED_KINDS or act is Action.LIST:  # a list is of cases, or of one case's notes
        return True
    if _partners_word(key):  # about a release: a partner knows no case
        return phase is Phase.NONE
    return (act in (Action.SEARCH, Action.CREATE)) is (phase is Phase.NONE)


def _no_content_is_written_after_closing(request: _Request) -> bool:
    (_, kind, act, _), phase, _, _ = request
    if phase not in (Phase.CLOSED, Phase.HANDED_OVER) or act in _READING:
        return True
    # The person may ask at any time, and so may another zone: nothing of content is written.
    if kind in _ASKED_KINDS | {Kind.ACCESS_REPORT, Kind.GRANT, Kind.CEREMONY, Kind.DISCLOSURE, Kind.ERASURE}:
        return True
    # A consent may be withdrawn at any time, and what a partner answered meanwhile is not lost; a closed case may be
    # reopened or given to somebody else, one that was handed over may not.
    given = kind in (Kind.ASSIGNMENT, Kind.CONFLICT) and phase is Phase.CLOSED
    if given or kind in (Kind.WITHDRAWAL, Kind.REFERRAL_ANSWER):
        return act is Action.WRITE
    return (kind, act, phase) == (Kind.CASE, Action.REOPEN, Phase.CLOSED)


def _nothing_is_confided_before_the_notice_can_be(request: _Request) -> bool:
    (_, kind, act, _), phase, _, _ = request
    return phase is not Phase.PENDING or act in _READING or kind not in _AFTER_NOTICE


def _the_desk_arranges_first_meetings_alone(request: _Request) -> bool:
    (role, kind, act, _), phase, _, _ = request
    concerned = role is Role.DESK_OFFICER and kind is Kind.CASE and act not in _READING
    return not concerned or phase in (Phase.NONE, Phase.PENDING)


def _nobody_reviews_themself(request: _Request) -> bool:
    """Whose own look it is neither decides nor reads its review; nobody vouches for a passkey of their own."""
    (role, kind, act, _), _, held, _ = request
    if (
        kind not in _NEVER_ONES_OWN or act is Action.LIST
    ):  # a list leaves out one's own look, and marks one's own passkey
        return True
    return ROLE_ZONE[role] is ZoneKind.OVERSIGHT and _needs(held, Fact.SECOND)


def _a_closing_has_two_signatures(request: _Request) -> bool:
    (role, kind, act, _), phase, held, _ = request
    if kind in _NEVER_ONES_OWN:  # of oversight, see above
        return True
    if act is Action.BEGIN_CLOSING:
        return role is Role.COACH
    if kind in _ASKED_KINDS | {Kind.BREAK_GLASS, Kind.CEREMONY, Kind.ERASURE}:
        return True
    return act is not Action.SIGN or (
        role is Role.REGIONAL_HEAD and phase is Phase.CLOSING and _needs(held, Fact.SECOND)
    )


def _emergency_needs_break_glass(request: _Request) -> bool:
    return request[0][3] is not Purpose.EMERGENCY or _needs(request[2], Fact.BREAK_GLASS, Fact.REGION)


def _an_emergency_shows_who_and_where(request: _Request) -> bool:
    """Nothing that was told, nothing for good, and to nobody but a colleague who works in the region."""
    (role, kind, act, purpose), phase, _, _ = request
    if purpose is not Purpose.EMERGENCY:
        return True
    under_way = phase in (Phase.PENDING, Phase.ACTIVE, Phase.SUSPENDED, Phase.CLOSING)
    seen = {Role.COACH: (Kind.IDENTITY, Kind.CONTACT), Role.REGIONAL_HEAD: (Kind.IDENTITY,)}.get(role, ())
    return act is Action.READ and kind in seen and under_way


def _a_break_glass_takes_two(request: _Request) -> bool:
    (role, kind, act, _), phase, held, _ = request
    if kind is not Kind.BREAK_GLASS:
        return True
    if role not in (Role.COACH, Role.REGIONAL_HEAD) or not _needs(held, Fact.REGION):
        return False
    return act is not Action.SIGN or (_needs(held, Fact.SECOND) and phase is not Phase.NONE)


def _answers_stay_in_their_zone(request: _Request) -> bool:
    return CONTRACT[request[3].profile].zone is ROLE_ZONE[request[0][0]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """statement: what holds, with its requirement. holds: whether one allowed request keeps it."""

    statement: str
    holds: Callable[[_Request], bool]


INVARIANTS: Final = (
    Invariant(
        "only casework reaches what is confided, and who and where the person is (F2)",
        _only_casework_reaches_the_confided,
    ),
    Invariant(
        "nobody outside casework reaches narrative or stay analysis, whatever the state, purpose or grant (F2)",
        _narrative_and_stay_analysis_never_leave,
    ),
    Invariant(
        "outside casework contact, sensitive and return facts are fields of a live consented referral, or items of a "
        "lawful exception (F2, F7)",
        _the_protected_leaves_by_live_consent_alone,
    ),
    Invariant(
        "follow-up and its purpose reach the outcome sheet, its own requests and what was given upon them (F2, F3)",
        _follow_up_purpose_reaches_the_sheet_alone,
    ),
    Invariant(
        "granted fields open for one person of the zone they were sent to, while the grant lives",
        _granted_fields_open_for_one_person_while_the_grant_lives,
    ),
    Invariant(
        "an identity behind a pseudonym opens for one person, once casework began and oversight let its share go (F2)",
        _an_identity_opens_by_a_ceremony_of_three_zones,
    ),
    Invariant(
        "who asks for access does not answer, and others do not see whom they asked about", _who_asks_does_not_answer
    ),
    Invariant("each role acts for its own purposes only (F5, F8)", _each_role_has_its_own_purposes),
    Invariant("an erased case gives nothing to anyone", _erased_gives_nothing),
    Invariant(
        "outside casework nobody changes, releases or restores anything; follow-up asks, the DPO answers, a partner "
        "answers and confirms, oversight notes its checks and reviews",
        _outside_casework_nobody_changes_anything,
    ),
    Invariant("the matrix of compartments and zones prevails (docs/architecture.md)", _the_matrix_prevails),
    Invariant("a copy opens only in the zone it was sent to (F3)", _copies_open_where_they_were_sent),
    Invariant(
        "a partner reads and answers only while the consent lasts, a lawful exception apart (F7)",
        _a_partner_needs_consent,
    ),
    Invariant(
        "what leaves was consented to, signed by a second person while closing, asked for by the person, or approved "
        "by every function that must (F3, F7)",
        _what_leaves_was_agreed_or_signed,
    ),
    Invariant(
        "a lawful exception is for its one recipient, for its own purpose, upon two signatures; nobody else reads it "
        "(2.2)",
        _a_lawful_exception_is_for_its_recipient_upon_two_signatures,
    ),
    Invariant("casework needs a relation to the case (F1)", _casework_needs_a_relation),
    Invariant(
        "what a coach records or takes in, letters and stand-ins are for the case's own coach, samples apart",
        _what_is_recorded_belongs_to_its_coach,
    ),
    Invariant("drafts are reached while the case is worked on, and not afterwards", _drafts_end_with_the_work),
    Invariant("who came along is for the case's own coach", _companions_belong_to_the_coach),
    Invariant("why a coach must not have a case is told to the head alone", _why_is_told_to_the_head_alone),
    Invariant("content is reached through a case, lists and searches apart", _content_belongs_to_a_case),
    Invariant(
        "after closing no content is written; a consent may end, an answer may arrive, a case may be reopened (F7)",
        _no_content_is_written_after_closing,
    ),
    Invariant(
        "before an intake nothing confided is written, and no notice recorded (F12)",
        _nothing_is_confided_before_the_notice_can_be,
    ),
    Invariant("the desk moves a case before the intake alone", _the_desk_arranges_first_meetings_alone),
    Invariant(
        "nobody reviews their own look or vouches for their own passkey, and a second person signs a review",
        _nobody_reviews_themself,
    ),
    Invariant(
        "a closing for non-collaboration is begun by a coach and signed by another person",
        _a_closing_has_two_signatures,
    ),
    Invariant("emergency access needs an open break-glass in one's own region (F11)", _emergency_needs_break_glass),
    Invariant(
        "an emergency shows who and where somebody is, and nothing else (F2, F11)", _an_emergency_shows_who_and_where
    ),
    Invariant("a break-glass is asked for by one of the region and opened by another (F11)", _a_break_glass_takes_two),
    Invariant("supervision sees notes, stay and return of a drawn case (2.2)", supervision_sees_a_drawn_case_alone),
    Invariant("a sample is for the head that asked, and told to the case's coach (2.2)", a_sample_is_its_heads),
    Invariant("a case is erased when its head asked and the DPO agreed (GDPR 17)", an_erasure_takes_two),
    Invariant("an answer is built from a profile of the asker's own zone", _answers_stay_in_their_zone),
)


def broken_invariants(table: Table) -> tuple[str, ...]:
    """One line for each invariant and rule that breaks it; nothing if all hold."""
    found: dict[str, None] = {}
    for request in table.allowed():
        for invariant in INVARIANTS:
            if not invariant.holds(request):
                (role, kind, act, purpose), phase, held, answer = request
                facts = "+".join(facts_of(held)) or "no fact"
                asked = f"{role} {act} {kind} for {purpose} in {phase} with {facts}"
                found.setdefault(f"invariant: {invariant.statement}: {asked} is allowed by {answer.rule}")
    return (*found, *_losses(table), *leaks(table))


def _losses(table: Table) -> Iterator[str]:
    """One more fact takes access away only by a deny line that says so."""
    for (role, kind, act, purpose), phase, held, _ in table.allowed():
        cell = table.cells[(role, kind, act, purpose)]
        for fact in facts_of(cell.relevant & ~held):
            answer = cell.answer(phase, held | mask_of((fact,)))
            if not answer.allowed and not answer.rule:
                yield f"invariant: more facts never remove access: {role} {act} {kind} for {purpose} in {phase}: {fact}"
