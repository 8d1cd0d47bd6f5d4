"""The invariants hold for the shipped rules, and each of them notices a rule that breaks it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from types import MappingProxyType

import pytest

from policies.compiler import UNLISTED, Table
from policies.facts import ALL_FACTS, mask_of
from policies.firewall import TableFirewall
from policies.invariants import INVARIANTS, broken_invariants
from policies.lines import Source
from tests.policies.support import table_of
from vault.vocabulary import (
    FACTS,
    KIND_COMPARTMENT,
    ROLE_ZONE,
    Action,
    Allowed,
    Compartment,
    Denied,
    Fact,
    Facts,
    Kind,
    Phase,
    Purpose,
    Question,
    ReleaseProfile,
    Role,
    Treatment,
    ZoneKind,
)

BREAKING = [
    ("only casework reaches", "fu-90,follow_up_officer,note,read,oqt_follow_up,active,own,outcome_sheet,allow"),
    ("only casework reaches", "pa-90,partner_agent,contact,read,referral,none,consent+addressed,referral,allow"),
    ("only casework reaches", "ov-90,dpo,token_map,read,data_protection,none,addressed,audit_entry,allow"),
    (
        "nobody outside casework reaches narrative",
        "fu-90,follow_up_officer,note,release,oqt_follow_up,closing,grant,outcome_sheet,allow",
    ),
    (
        "nobody outside casework reaches narrative",
        "pa-90,partner_agent,stay_fact,read,referral,none,consent+addressed+grant,referral,allow",
    ),
    ("nobody outside casework reaches narrative", "ov-90,dpo,task,search,data_protection,none,grant,audit_entry,allow"),
    (
        "outside casework contact, sensitive",
        "pa-90,partner_agent,sensitive_fact,read,referral,none,consent+addressed,referral,allow",
    ),
    (
        "outside casework contact, sensitive",
        "fu-90,follow_up_officer,whereabouts,read,oqt_follow_up,none,grant+addressed,outcome_sheet,allow",
    ),
    ("outside casework contact, sensitive", "pa-90,partner_agent,referral,read,referral,none,addressed,referral,allow"),
    (
        "outside casework contact, sensitive",
        "ov-90,dpo,referral,read,data_protection,none,consent+addressed,audit_entry,allow",
    ),
    ("follow-up and its purpose", "fu-90,follow_up_officer,referral,read,oqt_follow_up,none,addressed,referral,allow"),
    ("follow-up and its purpose", "cw-90,coach,case,read,oqt_follow_up,active,own,case_status,allow"),
    ("each role acts for its own", "cw-90,desk_officer,case,read,coaching,active,region,desk_list,allow"),
    ("an erased case gives nothing", "cw-90,coach,note,read,coaching,any,own,note_full,allow"),
    (
        "outside casework nobody changes",
        "fu-90,follow_up_officer,outcome_sheet,write,oqt_follow_up,none,addressed,sheet_list,allow",
    ),
    # What oversight writes down is its own check of the log: nothing else, in no other way, and nobody but oversight.
    ("outside casework nobody changes", "ov-90,auditor,audit_entry,write,access_review,none,none,audit_entry,allow"),
    ("outside casework nobody changes", "ov-90,dpo,audit_detail,write,data_protection,none,none,audit_detail,allow"),
    ("outside casework nobody changes", "ov-90,auditor,log_state,release,access_review,none,none,log_state,allow"),
    ("outside casework nobody changes", "ov-90,auditor,log_state,create,access_review,none,none,log_state,allow"),
    ("outside casework nobody changes", "ov-90,auditor,case,write,access_review,none,addressed,audit_entry,allow"),
    ("outside casework nobody changes", "ov-90,dpo,log_state,sign,data_protection,none,second,log_state,allow"),
    ("outside casework nobody changes", "ov-90,auditor,finding,write,access_review,none,none,finding,allow"),
    ("outside casework nobody changes", "ov-90,auditor,sample,create,access_review,none,none,finding,allow"),
    ("outside casework nobody changes", "ov-90,auditor,review_case,release,access_review,none,second,finding,allow"),
    ("nobody reviews their own look", "ov-90,auditor,review_case,search,access_review,none,none,review_list,allow"),
    ("nobody reviews their own look", "ov-90,dpo,review_case,search,data_protection,none,own,review_list,allow"),
    ("outside casework nobody changes", "pa-90,partner_agent,log_state,write,referral,none,consent,referral,allow"),
    ("a copy opens only in the zone", "pa-90,partner_agent,referral,list,referral,none,consent,referral_list,allow"),
    ("the matrix of compartments", "cw-90,coach,outcome_sheet,read,case_administration,closing,own,receipt,allow"),
    (
        "the matrix of compartments",
        "cw-90,regional_head,audit_entry,list,case_administration,none,region,receipt,allow",
    ),
    ("a copy opens only", "fu-90,follow_up_officer,outcome_sheet,read,oqt_follow_up,none,grant,outcome_sheet,allow"),
    ("a partner reads and answers only", "pa-90,partner_agent,referral,read,referral,none,addressed,referral,allow"),
    (
        "a partner reads and answers only",
        "pa-90,partner_agent,referral_answer,write,referral,none,addressed,own_answer,allow",
    ),
    (
        "outside casework nobody changes",
        "pa-90,partner_agent,referral,write,referral,none,addressed+consent,own_answer,allow",
    ),
    (
        "outside casework nobody changes",
        "ov-90,dpo,withdrawal,write,data_protection,none,addressed,withdrawal_watch,allow",
    ),
    (
        "only casework reaches",
        "pa-90,partner_agent,referral_answer,read,referral,none,addressed+consent,own_answer,allow",
    ),
    ("only casework reaches", "ov-90,dpo,referral_answer,list,data_protection,none,addressed,audit_entry,allow"),
    (
        "follow-up and its purpose",
        "fu-90,follow_up_officer,withdrawal,list,oqt_follow_up,none,addressed,sheet_list,allow",
    ),
    ("a copy opens only", "pa-90,partner_agent,withdrawal,list,referral,none,consent,withdrawal_notice,allow"),
    (
        "casework needs a relation",
        "cw-90,coach,withdrawal,write,case_administration,active,none,referral_receipt,allow",
    ),
    ("content is reached", "cw-90,coach,referral_answer,read,coaching,none,own,case_answer,allow"),
    (
        "content is reached",
        "pa-90,partner_agent,referral_answer,write,referral,active,addressed+consent,own_answer,allow",
    ),
    ("after closing no content", "cw-90,coach,referral,write,coaching,closed,own,referral_receipt,allow"),
    ("an erased case gives nothing", "cw-90,coach,referral_answer,read,coaching,erased,own,case_answer,allow"),
    ("what leaves was consented", "cw-90,coach,referral,release,coaching,active,own,receipt,allow"),
    (
        "what leaves was consented",
        "cw-90,regional_head,outcome_sheet,release,case_administration,closing,region,receipt,allow",
    ),
    (
        "what leaves was consented",
        "cw-90,regional_head,outcome_sheet,release,case_administration,active,region+second,receipt,allow",
    ),
    ("what leaves was consented", "cw-90,coach,note,release,coaching,active,own+consent,receipt,allow"),
    ("what leaves was consented", "cw-90,coach,access_report,release,case_administration,active,none,receipt,allow"),
    ("a copy opens only", "ov-90,dpo,access_report,read,data_protection,none,none,access_report,allow"),
    ("casework needs a relation", "cw-90,coach,case,read,case_administration,active,none,case_status,allow"),
    ("what a coach records", "cw-90,regional_head,note,read,coaching,active,region,note_full,allow"),
    (
        "what a coach records",
        "cw-90,desk_officer,sensitive_fact,read,case_administration,active,region,fact_full,allow",
    ),
    ("what a coach records", "cw-90,regional_head,letter,list,case_administration,active,region,letter_list,allow"),
    ("what a coach records", "cw-90,coach,attachment,read,coaching,active,region,attachment_full,allow"),
    ("drafts are reached", "cw-90,coach,draft,read,coaching,closed,own,draft_full,allow"),
    ("only casework reaches", "pa-90,partner_agent,return_fact,read,referral,none,consent+addressed,referral,allow"),
    (
        "only casework reaches",
        "fu-90,follow_up_officer,identity_attachment,read,oqt_follow_up,none,addressed,outcome_sheet,allow",
    ),
    ("after closing no content", "cw-90,coach,fact,write,coaching,closed,own,recorded,allow"),
    ("only casework reaches", "fu-90,follow_up_officer,appointment,read,oqt_follow_up,none,addressed,sheet_list,allow"),
    ("only casework reaches", "fu-90,follow_up_officer,calendar,read,oqt_follow_up,none,addressed,sheet_list,allow"),
    ("who came along", "cw-90,desk_officer,attendees,read,case_administration,active,region,appointment_slot,allow"),
    ("who came along", "cw-90,coach,attendees,read,coaching,active,region,attendees_full,allow"),
    ("why a coach must not", "cw-90,coach,conflict,list,case_administration,active,own,conflict_list,allow"),
    (
        "what a coach records",
        "cw-90,regional_head,referral_answer,read,coaching,active,region,case_answer,allow",
    ),
    ("what a coach records", "cw-90,regional_head,note,read,coaching,active,region,note_full,allow"),
    ("content is reached", "cw-90,coach,note,read,coaching,none,own,note_full,allow"),
    ("content is reached", "cw-90,coach,note,search,coaching,active,own,note_hit,allow"),
    ("after closing no content", "cw-90,coach,note,write,coaching,closed,own,receipt,allow"),
    ("after closing no content", "cw-90,coach,case,write,case_administration,handed_over,own,receipt,allow"),
    ("after closing no content", "cw-90,coach,case,close,case_administration,closed,own,receipt,allow"),
    ("before an intake", "cw-90,coach,note,write,coaching,pending,own,receipt,allow"),
    ("before an intake", "cw-90,coach,notice,write,coaching,pending,own,receipt,allow"),
    ("before an intake", "cw-90,coach,ground,write,coaching,pending,own,receipt,allow"),
    ("the desk moves", "cw-90,desk_officer,case,invite,case_administration,active,region,receipt,allow"),
    ("the desk moves", "cw-90,desk_officer,case,close,case_administration,closing,region,receipt,allow"),
    ("a closing for non", "cw-90,regional_head,case,begin_closing,case_administration,active,region,receipt,allow"),
    ("a closing for non", "cw-90,regional_head,case,sign,case_administration,closing,region,receipt,allow"),
    ("a closing for non", "cw-90,coach,case,sign,case_administration,closing,own+second,receipt,allow"),
    ("after closing no content", "cw-90,coach,case,reopen,case_administration,handed_over,own,receipt,allow"),
    ("emergency access", "cw-90,regional_head,identity,read,emergency,active,region,identity_full,allow"),
    ("emergency access", "cw-90,coach,identity,read,emergency,active,break_glass,identity_emergency,allow"),
    ("an emergency shows", "cw-90,coach,note,read,emergency,active,region+break_glass,note_full,allow"),
    ("an emergency shows", "cw-90,coach,identity,write,emergency,active,region+break_glass,receipt,allow"),
    ("an emergency shows", "cw-90,coach,identity,read,emergency,closed,region+break_glass,identity_emergency,allow"),
    (
        "an emergency shows",
        "cw-90,regional_head,contact,read,emergency,active,region+break_glass,contact_emergency,allow",
    ),
    ("a break-glass is", "cw-90,coach,break_glass,sign,case_administration,active,region,break_glass_receipt,allow"),
    ("a break-glass is", "cw-90,desk_officer,break_glass,list,case_administration,none,region,break_glass_list,allow"),
    ("a break-glass is", "cw-90,coach,break_glass,create,case_administration,active,own,break_glass_receipt,allow"),
    ("what a coach records", "cw-90,regional_head,note,read,supervision,active,region,sample_note,allow"),
    ("supervision sees", "cw-90,regional_head,note,read,supervision,active,sample,sample_note,allow"),
    ("supervision sees", "cw-90,regional_head,note,read,supervision,closed,region+sample,sample_note,allow"),
    ("supervision sees", "cw-90,regional_head,note,reveal,supervision,active,region+sample,revealed_note,allow"),
    ("supervision sees", "cw-90,regional_head,note,search,supervision,none,region+sample,note_hit,allow"),
    ("supervision sees", "cw-90,regional_head,sensitive_fact,read,supervision,active,region+sample,sample_facts,allow"),
    ("supervision sees", "cw-90,regional_head,identity,read,supervision,active,region+sample,identity_full,allow"),
    ("supervision sees", "cw-90,regional_head,contact,read,supervision,active,region+sample,contact_full,allow"),
    ("supervision sees", "cw-90,regional_head,note,write,supervision,active,region+sample,receipt,allow"),
    ("each role acts for", "cw-90,coach,note,read,supervision,active,own,sample_note,allow"),
    ("a sample is for", "cw-90,regional_head,case_sample,read,supervision,active,region,sample_full,allow"),
    ("a sample is for", "cw-90,regional_head,case_sample,close,supervision,active,region,sample_receipt,allow"),
    ("a sample is for", "cw-90,coach,case_sample,read,case_administration,active,own,sample_full,allow"),
    ("a sample is for", "cw-90,coach,case_sample,list,case_administration,none,region,sample_notice,allow"),
    ("a sample is for", "cw-90,desk_officer,case_sample,list,case_administration,none,own,sample_notice,allow"),
    ("granted fields open", "fu-90,follow_up_officer,grant,read,oqt_follow_up,none,addressed,granted_fields,allow"),
    (
        "granted fields open",
        "fu-90,follow_up_officer,grant,list,oqt_follow_up,none,addressed+grant,granted_fields,allow",
    ),
    ("granted fields open", "cw-90,coach,grant,read,case_administration,active,own,grant_receipt,allow"),
    (
        "an identity behind a pseudonym",
        "fu-90,follow_up_officer,ceremony,read,oqt_follow_up,none,addressed+grant,ceremony_identity,allow",
    ),
    (
        "an identity behind a pseudonym",
        "fu-90,follow_up_officer,ceremony,list,oqt_follow_up,none,addressed+grant+second,ceremony_identity,allow",
    ),
    (
        "an identity behind a pseudonym",
        "fu-90,follow_up_officer,ceremony,read,oqt_follow_up,none,addressed+grant+second,granted_fields,allow",
    ),
    ("an identity behind a pseudonym", "cw-90,coach,ceremony,close,case_administration,active,own,receipt,allow"),
    (
        "an identity behind a pseudonym",
        "cw-90,regional_head,ceremony,sign,case_administration,active,own+second,ceremony_receipt,allow",
    ),
    ("an identity behind a pseudonym", "ov-90,dpo,ceremony,sign,data_protection,none,addressed,ceremony_opened,allow"),
    (
        "what leaves was",
        "cw-90,regional_head,ceremony,release,case_administration,active,own,ceremony_receipt,allow",
    ),
    ("who asks for access", "cw-90,coach,access_request,sign,case_administration,none,own,request_answer,allow"),
    ("who asks for access", "ov-90,dpo,access_request,read,data_protection,none,addressed,form_full,allow"),
    (
        "who asks for access",
        "fu-90,follow_up_officer,access_request,read,oqt_follow_up,none,addressed,request_own,allow",
    ),
    (
        "outside casework nobody changes",
        "fu-90,follow_up_officer,access_form,sign,oqt_follow_up,none,addressed,request_receipt,allow",
    ),
    ("a copy opens only", "fu-90,follow_up_officer,access_request,read,oqt_follow_up,none,own,request_own,allow"),
    (
        "what leaves was consented",
        "cw-90,regional_head,grant,release,case_administration,active,own,grant_receipt,allow",
    ),
    (
        "what leaves was consented",
        "cw-90,regional_head,grant,release,case_administration,none,own+second,grant_receipt,allow",
    ),
    (
        "casework needs a relation",
        "cw-90,regional_head,grant,close,case_administration,active,none,grant_receipt,allow",
    ),
    (
        "a lawful exception is for",
        "cw-90,regional_head,disclosure,release,case_administration,active,own,disclosure_receipt,allow",
    ),
    (
        "a lawful exception is for",
        "cw-90,coach,disclosure,release,case_administration,active,own+second,disclosure_receipt,allow",
    ),
    (
        "a lawful exception is for",
        "pa-90,partner_agent,disclosure,read,legal_obligation,none,addressed,disclosure,allow",
    ),
    ("a lawful exception is for", "pa-90,partner_agent,disclosure,read,referral,none,addressed+grant,disclosure,allow"),
    (
        "a lawful exception is for",
        "pa-90,partner_agent,referral,read,legal_obligation,none,addressed+consent,referral,allow",
    ),
    ("a lawful exception is for", "cw-90,coach,disclosure,read,case_administration,active,own,exception_list,allow"),
    ("a lawful exception is for", "cw-90,coach,disclosure,list,case_administration,active,own,contact_full,allow"),
    (
        "a case is erased when",
        "cw-90,coach,erasure,create,case_administration,closed,own,erasure_receipt,allow",
    ),
    (
        "a case is erased when",
        "cw-90,regional_head,erasure,create,case_administration,none,region,erasure_receipt,allow",
    ),
    (
        "a case is erased when",
        "cw-90,regional_head,erasure,create,case_administration,erased,region,erasure_receipt,allow",
    ),
    (
        "a case is erased when",
        "cw-90,coach,erasure,create,case_administration,active,own,erasure_receipt,allow",
    ),
    (
        "a case is erased when",
        "cw-90,regional_head,erasure,create,case_administration,closed,none,erasure_receipt,allow",
    ),
    (
        "a case is erased when",
        "ov-90,auditor,erasure,sign,access_review,none,addressed,erasure_answer,allow",
    ),
    ("an answer is built", "fu-90,follow_up_officer,outcome_sheet,read,oqt_follow_up,none,addressed,note_full,allow"),
]


def test_the_shipped_rules_keep_every_invariant(table: Table) -> None:
    assert broken_invariants(table) == ()


@pytest.mark.parametrize(("statement", "line"), BREAKING)
def test_an_invariant_notices_a_rule_that_breaks_it(source: Source, statement: str, line: str) -> None:
    faults = broken_invariants(table_of(source, [line]))
    assert any(fault.startswith(f"invariant: {statement}") for fault in faults), faults


def test_every_invariant_is_seen_to_break() -> None:
    for invariant in INVARIANTS:
        assert any(invariant.statement.startswith(statement) for statement, _ in BREAKING), invariant.statement


def test_access_that_vanishes_with_one_more_fact_is_noticed(source: Source) -> None:
    table = table_of(source, ["cw-90,coach,referral,release,coaching,active,own+consent,receipt,allow"])
    (key, cell), *_ = table.cells.items()
    answers = dict(cell.answers[Phase.ACTIVE])
    answers[1], answers[5] = answers[5], UNLISTED  # own alone allows, own with consent does not
    planted = replace(cell, answers=MappingProxyType({**cell.answers, Phase.ACTIVE: MappingProxyType(answers)}))
    faults = broken_invariants(replace(table, cells=MappingProxyType({key: planted})))
    assert any("more facts never remove access" in fault and fault.endswith("consent") for fault in faults)


@pytest.mark.parametrize(
    ("profile", "field"),
    [
        ("outcome_sheet", "notes"),
        ("sheet_list", "reason"),
        ("referral", "text"),
        ("withdrawal_notice", "message"),
        ("own_answer", "message"),
        ("outcome_sheet_oversight", "ov_number"),
    ],
)
def test_no_profile_lets_a_confided_field_out(table: Table, profile: str, field: str) -> None:
    profiles = {**table.source.profiles, profile: ReleaseProfile(profile, ((field, Treatment.CLEAR),))}
    leaking = replace(table, source=replace(table.source, profiles=MappingProxyType(profiles)))
    assert broken_invariants(leaking)
    assert not broken_invariants(table)


def test_outside_casework_nobody_reaches_a_note_with_every_fact_and_purpose(firewall: TableFirewall) -> None:
    for role in Role:
        if ROLE_ZONE[role] is ZoneKind.CASEWORK:
            continue
        for kind in (Kind.NOTE, Kind.TOKEN_MAP, Kind.CONTACT, Kind.IDENTITY, Kind.CASE, Kind.NOTICE):
            for action in Action:
                for purpose in Purpose:
                    for phase in Phase:
                        decision = firewall.decide(Question(role, action, kind, purpose, phase), Facts(ALL_FACTS))
                        assert isinstance(decision, Denied)


def test_over_every_request_nobody_outside_casework_reaches_the_protected(table: Table) -> None:
    """Not the allowed requests of the table are walked, but all there are: every word, phase and set of facts."""
    firewall = TableFirewall(table)
    never = {Compartment.NARRATIVE, Compartment.STAY_ANALYSIS}
    by_consent = {Compartment.CONTACT, Compartment.SENSITIVE, Compartment.RETURN_PLAN}
    agreed = mask_of((Fact.CONSENT, Fact.ADDRESSED))
    reached = 0
    for role in (role for role in Role if ROLE_ZONE[role] is not ZoneKind.CASEWORK):
        for kind in (kind for kind in Kind if KIND_COMPARTMENT[kind] in never | by_consent):
            for action, purpose, phase in product(Action, Purpose, Phase):
                question = Question(role, action, kind, purpose, phase)
                # Of a cell that no rule names there is one answer, whatever the facts.
                every = range(ALL_FACTS + 1) if (role, kind, action, purpose) in table.cells else (0, ALL_FACTS)
                for held in every:
                    if isinstance(firewall.decide(question, Facts(held)), Allowed):
                        reached += 1
                        if (role, kind, action) == (Role.PARTNER_AGENT, Kind.REFERRAL_ANSWER, Action.WRITE):
                            # What it writes is sealed to casework: it sees none of it, not even its own.
                            assert held & agreed == agreed, question
                            continue
                        assert KIND_COMPARTMENT[kind] in by_consent, question
                        if (role, kind, action) == (Role.DPO, Kind.DISCLOSURE, Action.CLOSE):
                            # It stops what left, and is shown nothing of what is in it.
                            assert held & mask_of((Fact.ADDRESSED,)), question
                            continue
                        if kind is Kind.DISCLOSURE:  # what two functions signed for, to its recipient
                            assert (role, purpose) == (Role.PARTNER_AGENT, Purpose.LEGAL_OBLIGATION), question
                            assert held & mask_of((Fact.ADDRESSED,)), question
                            assert action is Action.LIST or held & mask_of((Fact.GRANT,)), question
                            continue
                        assert (role, kind, purpose) == (Role.PARTNER_AGENT, Kind.REFERRAL, Purpose.REFERRAL), question
                        assert held & agreed == agreed, question
    assert reached > 0, "a partner does read what was referred"


def test_over_every_request_one_more_fact_takes_away_only_what_a_deny_line_names(table: Table) -> None:
    firewall = TableFirewall(table)
    for (role, kind, action, purpose), phase in product(table.cells, Phase):
        question = Question(role, action, kind, purpose, phase)
        allowed = [isinstance(firewall.decide(question, Facts(held)), Allowed) for held in range(ALL_FACTS + 1)]
        for held, bit in product(range(ALL_FACTS + 1), (1 << place for place in range(len(FACTS)))):
            if allowed[held] and not allowed[held | bit]:
                denied = firewall.decide(question, Facts(held | bit))
                assert isinstance(denied, Denied)
                assert denied.rule, question
