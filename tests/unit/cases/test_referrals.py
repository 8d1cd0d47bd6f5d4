"""The life of a referral as a table; what it may carry to whom; the operator's rules, read strictly."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from gateway.referral_rules import load_referral_rules
from vault.access.enforcement import ALSO_OPENS
from vault.cases.partners import CARRIES, FIELDS, PartnerKind, ReferralField, fields_for, parse_rules
from vault.cases.referrals import (
    REFERRAL_STEPS,
    WITHDRAWABLE,
    AnswerStatus,
    Consent,
    Referral,
    ReferralStatus,
    ReferralStep,
    next_status,
    possible_steps,
)
from vault.errors import ConfigurationError, IllegalStep, InvalidInput
from vault.ids import CaseId, ConsentId, ReferralId
from vault.usecases.referral_fields import SOURCES
from vault.vocabulary import OPENS, Action, Compartment, Kind, Opening, Zone, ZoneKind

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
CARITAS = Zone.parse("partner:caritas")
PROPOSED = Referral(
    ReferralId(b"r" * 16), CaseId(b"c" * 16), CARITAS, "shelter", ("address", "phone"), ReferralStatus.PROPOSED, NOW
)
_WITH_PARTNER = {ReferralStatus.SENT, ReferralStatus.ACCEPTED, ReferralStatus.REFUSED, ReferralStatus.ANSWERED}
#: From the requirements, not from the code: where each step may be taken.
EXPECTED: dict[ReferralStep, set[ReferralStatus]] = {
    ReferralStep.PROPOSE: set(),  # how a referral begins
    ReferralStep.CONSENT: {ReferralStatus.PROPOSED, ReferralStatus.CONSENTED},
    ReferralStep.DECLINE: {ReferralStatus.PROPOSED},
    ReferralStep.SEND: {ReferralStatus.CONSENTED},
    ReferralStep.ACCEPT: _WITH_PARTNER,
    ReferralStep.REFUSE: _WITH_PARTNER,
    ReferralStep.ANSWER: _WITH_PARTNER,
    ReferralStep.WITHDRAW: {
        ReferralStatus.CONSENTED, ReferralStatus.SENT, ReferralStatus.ACCEPTED, ReferralStatus.REFUSED,
        ReferralStatus.ANSWERED,
    },
}  # fmt: skip


def agreed(*fields: str, days: int = 9) -> Consent:
    return Consent(ConsentId(b"k" * 16), PROPOSED.case, CARITAS, fields, NOW, NOW + timedelta(days=days))


@pytest.mark.parametrize(("status", "step"), [*product(ReferralStatus, ReferralStep)])
def test_every_listed_step_works_and_every_other_says_what_is_possible(
    status: ReferralStatus, step: ReferralStep
) -> None:
    if status in EXPECTED[step]:
        assert next_status(status, step) is REFERRAL_STEPS[status, step]
        return
    with pytest.raises(IllegalStep) as refused:
        next_status(status, step)
    assert refused.value.possible == possible_steps(status)
    assert set(refused.value.possible) == {other for other, where in EXPECTED.items() if status in where}


def test_whatever_a_partner_may_have_seen_can_be_withdrawn() -> None:
    for (_, step), status in REFERRAL_STEPS.items():
        if step in {ReferralStep.SEND, ReferralStep.ACCEPT, ReferralStep.REFUSE, ReferralStep.ANSWER}:
            assert status in WITHDRAWABLE
            assert REFERRAL_STEPS[status, ReferralStep.WITHDRAW] is ReferralStatus.WITHDRAWN


def test_a_consent_covers_proposed_fields_only() -> None:
    assert PROPOSED.agreed(agreed("phone")).status is ReferralStatus.CONSENTED
    with pytest.raises(InvalidInput):
        PROPOSED.agreed(agreed("phone", "email"))


def test_a_consent_holds_until_its_very_end_and_not_after_it_was_withdrawn() -> None:
    consent = agreed("phone", days=1)
    assert consent.live_at(consent.expires_at - timedelta(microseconds=1))
    assert not consent.live_at(consent.expires_at)
    assert not replace(consent, withdrawn_at=NOW).live_at(NOW)


def test_a_receipt_is_due_of_who_saw_something() -> None:
    consented = PROPOSED.agreed(agreed("phone"))
    due = NOW + timedelta(days=14)
    assert consented.withdrawn(NOW, due).receipt_due is None
    sent = consented.sent(NOW)
    assert sent.answered(AnswerStatus.REFUSED).withdrawn(NOW, due).receipt_due == due
    assert sent.version == consented.version + 1 == PROPOSED.version + 2


# -- what may be carried -------------------------------------------------------------------------------


def test_no_referral_carries_narrative_or_stay_analysis() -> None:
    for carried in CARRIES.values():
        assert not carried & {Compartment.NARRATIVE, Compartment.STAY_ANALYSIS, Compartment.OUTCOME_SHEET}
        assert all(OPENS[ZoneKind.PARTNER][compartment] is Opening.SEALED_COPY for compartment in carried)


def test_medical_and_social_partners_get_no_status_and_no_return_plan() -> None:
    for kind in (PartnerKind.MEDICAL, PartnerKind.SOCIAL):
        assert not CARRIES[kind] & {Compartment.STATUS, Compartment.RETURN_PLAN}


@pytest.mark.parametrize(
    ("compartment", "kinds"),
    [
        (Compartment.NARRATIVE, {PartnerKind.LAWYER}),
        (Compartment.STAY_ANALYSIS, {PartnerKind.LAWYER}),
        (Compartment.RETURN_PLAN, {PartnerKind.RETURN_OPERATOR, PartnerKind.MEDICAL}),
        (Compartment.SENSITIVE, set()),
    ],
)
def test_a_field_that_no_referral_carries_cannot_be_declared(compartment: Compartment, kinds: set[PartnerKind]) -> None:
    with pytest.raises(ValueError):
        ReferralField("anything", compartment, frozenset(kinds))


def test_every_field_has_one_source_in_its_own_compartment_and_leave_to_open_it() -> None:
    sourced = [(name, source.compartment) for source in SOURCES for name in source.fields]
    assert sorted(sourced) == sorted((field.name, field.compartment) for field in FIELDS.values())
    opened = {source.opens for source in SOURCES if source.opens is not None}
    assert opened == ALSO_OPENS[Action.RELEASE, Kind.REFERRAL]


# -- the operator's rules ------------------------------------------------------------------------------


def packaged() -> dict[str, Any]:
    return tomllib.loads((files("gateway") / "referrals.toml").read_text("utf-8"))


def test_the_packaged_rules_name_the_return_operators() -> None:
    rules = load_referral_rules(None)
    kinds = {str(zone): found.kind for zone, found in rules.organisations.items()}
    assert kinds == dict.fromkeys(("partner:fedasil", "partner:iom", "partner:caritas"), PartnerKind.RETURN_OPERATOR)
    assert rules.receipt.days == 14
    assert rules.limited_to([CARITAS]).organisations.keys() == {CARITAS}
    with pytest.raises(InvalidInput):
        rules.limited_to([CARITAS]).organisation(Zone.parse("partner:iom"))
    for found in rules.organisations.values():
        assert set(fields_for(found.kind)) <= set(FIELDS)


def test_any_change_of_the_rules_changes_their_digest() -> None:
    rules = packaged()
    before = parse_rules(rules).digest
    rules["terms"]["receipt"]["source"] += " "
    assert parse_rules(rules).digest != before
    assert parse_rules(packaged()).digest == before


def _set(rules: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for name in way:
        rules = rules[name]
    if value is None:
        del rules[last]
    else:
        rules[last] = value


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("colour", {}, "colour is not known"),
        ("partners", None, "partners is missing"),
        ("needs", None, "needs is missing"),
        ("terms", None, "terms.receipt needs days, source and sure"),
        ("terms.receipt.days", 0, "terms.receipt.days is a whole number"),
        ("terms.receipt.days", True, "terms.receipt.days is a whole number"),
        ("terms.receipt.days", 1.5, "terms.receipt.days is a whole number"),
        ("terms.receipt.source", " ", "terms.receipt.source says"),
        ("terms.receipt.sure", "certain", "terms.receipt.sure is one of"),
        ("terms.longest_consent.days", None, "terms.longest_consent needs"),
        ("terms.another", {"days": 1}, "terms.another is not known"),
        ("partners.caritas.kind", "prefecture", "partners.caritas: kind is one of"),
        ("partners.caritas.needs", [], "partners.caritas.needs is a list"),
        ("partners.caritas.needs", ["shelter", "shelter"], "partners.caritas.needs is a list"),
        ("partners.caritas.needs", ["arrest"], "names a need that is not listed"),
        ("partners.caritas.fields", ["narrative"], "partners.caritas.fields is not known"),
        ("partners.caritas.names", {"fr": "Caritas"}, "needs a name in each of"),
        ("partners.Caritas", {}, "partners.Caritas"),
        ("partners.caritas", "return_operator", "partners.caritas is no table"),
        ("needs.shelter.nl", "", "needs.shelter needs a name in each of"),
        ("needs.Shelter", {}, "a code is 2 to 40"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_by_their_place(path: str, value: Any, says: str) -> None:
    rules = packaged()
    _set(rules, path, value)
    with pytest.raises(ConfigurationError, match="the rules for referrals cannot be used") as refused:
        parse_rules(rules)
    assert says in str(refused.value)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    for name, content in {"broken": b"[terms", "binary": b"\xff\xfe", "large": b"#" * (256 * 1024 + 1)}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigurationError):
            load_referral_rules(tmp_path / name)
    with pytest.raises(ConfigurationError):
        load_referral_rules(tmp_path / "nowhere")
