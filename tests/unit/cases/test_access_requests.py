"""How a request for access stands, and what of it may go: every combination that matters, as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from gateway.access_rules import load_access_rules
from policies.fields import GRANTED_FIELDS
from vault.cases.access_requests import (
    GRANTABLE,
    IDENTIFYING,
    AccessForm,
    AccessRules,
    Act,
    Answer,
    Designation,
    GrantStanding,
    Naming,
    Standing,
    approvals,
    missing,
    parse_fields,
    releasable,
    standing,
)
from vault.errors import InvalidInput, RecordTampered
from vault.ids import ActorId, ReleaseId, RequestId
from vault.usecases.granting import SOURCES
from vault.vocabulary import FOLLOW_UP, Kind, Purpose, Role

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
DUE = NOW + timedelta(days=10)
HEAD, DPO, OFFICER = (ActorId(bytes([n]) * 16) for n in (1, 2, 3))
REQUEST = RequestId(bytes(16))
ABOUT = Designation(Naming.OV_NUMBER, "8123456", bytes(32))
RULES: AccessRules = load_access_rules()
FORM = AccessForm(
    REQUEST, 1, OFFICER, "Officer", FOLLOW_UP, ("family_name", "procedure_pending"), Purpose.OQT_FOLLOW_UP,
    "oqt_execution", "Pour réserver un vol", 24, NOW, bytes(32), bytes(32), ABOUT.mark(REQUEST),
)  # fmt: skip


def said(function: Role, act: Act = Act.APPROVED, *fields: str, form: AccessForm = FORM, **changed: object) -> Answer:
    actor = {Role.REGIONAL_HEAD: HEAD, Role.DPO: DPO}.get(function, HEAD)
    given = Answer(1, form.version, act, function, actor, NOW, fields or form.fields, "", form.digest)
    return replace(given, **changed)  # type: ignore[arg-type]


BOTH = [said(Role.REGIONAL_HEAD), said(Role.DPO)]


@pytest.mark.parametrize(
    ("answers", "lacking", "goes"),
    [
        ([], (Role.REGIONAL_HEAD, Role.DPO), ()),
        ([said(Role.REGIONAL_HEAD)], (Role.DPO,), ("procedure_pending",)),
        ([said(Role.DPO)], (Role.REGIONAL_HEAD,), ()),
        (BOTH, (), ("family_name", "procedure_pending")),
        ([said(Role.REGIONAL_HEAD), said(Role.DPO, Act.APPROVED, "procedure_pending")], (), ("procedure_pending",)),
        ([said(Role.REGIONAL_HEAD, Act.APPROVED, "family_name"), said(Role.DPO)], (), ("family_name",)),
        # What does not count: a question, a delegation, another form, another version, unsigned, the requester's own.
        ([said(Role.REGIONAL_HEAD, Act.ASKED), said(Role.DPO)], (Role.REGIONAL_HEAD,), ()),
        ([said(Role.REGIONAL_HEAD, Act.DELEGATED), said(Role.DPO)], (Role.REGIONAL_HEAD,), ()),
        ([said(Role.REGIONAL_HEAD, digest=bytes(32)), said(Role.DPO)], (Role.REGIONAL_HEAD,), ()),
        ([said(Role.REGIONAL_HEAD, version=2), said(Role.DPO)], (Role.REGIONAL_HEAD,), ()),
        ([said(Role.REGIONAL_HEAD, sound=False), said(Role.DPO)], (Role.REGIONAL_HEAD,), ()),
        ([said(Role.REGIONAL_HEAD, actor=OFFICER), said(Role.DPO)], (Role.REGIONAL_HEAD,), ()),
        # One person in two functions is one person.
        ([said(Role.REGIONAL_HEAD), said(Role.DPO, actor=HEAD)], (Role.DPO,), ("procedure_pending",)),
    ],
)  # fmt: skip
def test_a_field_goes_when_every_function_that_must_has_approved_it(
    answers: list[Answer], lacking: tuple[Role, ...], goes: tuple[str, ...]
) -> None:
    assert missing(FORM, answers, RULES) == lacking
    assert releasable(FORM, answers, RULES) == goes


@pytest.mark.parametrize(
    ("answers", "now", "grant", "stands"),
    [
        ([], NOW, None, Standing.OPEN),
        ([said(Role.REGIONAL_HEAD)], NOW, None, Standing.OPEN),
        (BOTH, NOW, None, Standing.READY),
        (BOTH, DUE - timedelta(microseconds=1), None, Standing.READY),
        (BOTH, DUE, None, Standing.LAPSED),
        ([*BOTH, said(Role.DPO, Act.ASKED)], NOW, None, Standing.ASKED_BACK),
        ([*BOTH, said(Role.DPO, Act.REFUSED)], NOW, None, Standing.REFUSED),
        ([*BOTH, said(Role.DPO, Act.REFUSED, sound=False)], NOW, None, Standing.READY),
        ([said(Role.DPO, Act.REFUSED)], DUE, None, Standing.REFUSED),
        (BOTH, NOW, (DUE, None), Standing.GRANTED),
        (BOTH, DUE, (DUE, None), Standing.ENDED),
        (BOTH, NOW, (DUE, NOW), Standing.REVOKED),
        ([said(Role.REGIONAL_HEAD, Act.APPROVED, "family_name"), said(Role.DPO, Act.APPROVED, "procedure_pending")],
         NOW, None, Standing.OPEN),
    ],
)  # fmt: skip
def test_how_a_request_stands(
    answers: list[Answer], now: datetime, grant: tuple[datetime, datetime | None] | None, stands: Standing
) -> None:
    given = GrantStanding(ReleaseId(bytes(16)), *grant) if grant is not None else None
    assert standing(FORM, DUE, answers, RULES, given, now) is stands


def test_a_question_is_open_until_the_next_version() -> None:
    explained = replace(FORM, version=2, reason="Un vol est réservé pour mardi")
    asked = said(Role.DPO, Act.ASKED)
    assert standing(FORM, DUE, [asked], RULES, None, NOW) is Standing.ASKED_BACK
    assert standing(explained, DUE, [*BOTH, asked], RULES, None, NOW) is Standing.OPEN, "and old approvals are void"


def test_with_signatures_required_only_listed_keys_count() -> None:
    strict = replace(RULES, signed=True, keys={"aa": (Role.DPO, "dpo"), "bb": (Role.REGIONAL_HEAD, "head")})
    signed = [said(Role.REGIONAL_HEAD, signed_by="bb"), said(Role.DPO, signed_by="aa")]
    assert releasable(FORM, signed, strict) == FORM.fields
    for head, dpo in product(("", "aa", "cc"), ("", "bb")):
        answers = [said(Role.REGIONAL_HEAD, signed_by=head), said(Role.DPO, signed_by=dpo)]
        assert approvals(FORM, answers, strict) == {}


def test_the_closed_list_is_the_official_files_and_the_policys() -> None:
    """Nothing that was said in an interview has a name here."""
    assert frozenset(GRANTABLE) == GRANTED_FIELDS == set(SOURCES)
    assert set(SOURCES.values()) == {Kind.IDENTITY, Kind.CONTACT, Kind.CASE}
    assert set(RULES.approvals) == set(GRANTABLE)
    assert all(set(RULES.approvals[name]) == {Role.REGIONAL_HEAD, Role.DPO} for name in IDENTIFYING)


@pytest.mark.parametrize("fields", [(), ("notes",), ("family_name", "family_name"), ("phone",), ("family_name", "x")])
def test_what_cannot_be_asked_for_is_refused(fields: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        parse_fields(fields)


def test_a_copy_says_what_was_written_and_nothing_else() -> None:
    assert AccessForm.decode(FORM.encode(ABOUT)) == (FORM, ABOUT)
    assert AccessForm.decode(FORM.encode(None)) == (FORM, None)
    assert b"8123456" not in FORM.encode(None)
    other = Designation(Naming.OV_NUMBER, "8123457", bytes(32))
    for spoilt in (
        FORM.encode(other),
        FORM.encode(ABOUT).replace(b"family_name", b"whereabouts"),
        FORM.encode(ABOUT).replace(b'"version":1', b'"version":true'),
        b"[]",
        b"{}",
    ):
        with pytest.raises(RecordTampered):
            AccessForm.decode(spoilt)


@pytest.mark.parametrize(
    "changed",
    [
        {"fields": ("family_name",)}, {"reason": "Autre chose, plus long"}, {"hours": 25}, {"basis": "court_decision"},
        {"version": 2}, {"requester": HEAD}, {"asked_by": "X"}, {"policy": bytes([1]) * 32}, {"mark": bytes(32)},
        {"request": RequestId(bytes([1]) * 16)}, {"written_at": DUE}, {"rules": bytes([1]) * 32},
    ],
)  # fmt: skip
def test_whatever_is_changed_in_a_form_is_another_form(changed: dict[str, object]) -> None:
    assert replace(FORM, **changed).digest != FORM.digest  # type: ignore[arg-type]
