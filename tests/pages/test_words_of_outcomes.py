"""The outcome of an entry is told in words in four languages, and the code stays beside it."""

from __future__ import annotations

import re

import pytest

from gateway.pages import catalogs, words
from gateway.pages.words_of_outcomes import outcome
from tests.api.stage import Stage
from tests.api.support import entries
from tests.house import House
from tests.pages.visiting import Visitor
from vault import errors
from vault.audit.log_events import Trouble
from vault.cases.access_requests import Doubt, Refusal, Revocation
from vault.cases.flow import Step
from vault.cases.referrals import ReferralStep
from vault.usecases.log_standing import CHECKED

#: Errors of files, keys and the store itself: they stop a start, a process or a look, and no act comes to them.
_NOT_OF_ACTS = {
    "vault_error", "crypto_error", "directory_rejected", "unsupported_format", "log_error", "invalid_proof",
    "note_rejected", "log_damaged", "log_rolled_back", "keyring_error", "wrong_passphrase", "keyring_missing",
    "keyring_damaged", "policy_rejected", "store_error", "log_being_filed", "store_mismatch", "foreign_store",
    "printing_error", "configuration_error", "provider_unavailable", "root_missing", "root_refused",
    "root_unavailable", "root_unsuitable", "erasure_pending",
}  # fmt: skip


def said(code: str, kind: str = "case", language: str = "en") -> str:
    return outcome(catalogs.catalogue(language).gettext, words.WORDS, kind, code)


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("written_unreviewed", "note", "written, without a look through it"),
        ("partner:caritas", "referral", "Partner organisation, Caritas"),
        ("caritas reader_held_on", "referral", "Caritas, a reader did not let go"),
        ("sound:differs", "log_state", "sound, not the tree of this log"),
        ("decide:breach", "review_case", "Decided, breach of personal data"),
        ("not_found withheld_until=2026-11-10", "disclosure",
         "not there, or not for them, kept back from the person's report until that day"),
        ("would_be_waiting", "order", "only looked at; it would be, taken in; it waits"),
        ("consequences", "letter", "Letter on the consequences"),
        ("brussels", "session", "Brussels"),
        ("ground_not_met", "erasure", "the ground is not met"),
        ("erasure_held", "erasure", "something held the case"),
        ("words_of_nobody", "case", ""),
        ("", "case", ""),
    ],
)  # fmt: skip
def test_an_outcome_is_told_by_its_parts(code: str, kind: str, told: str) -> None:
    assert said(code, kind) == told


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_every_code_that_an_act_comes_to_has_words_in_each_language(language: str) -> None:
    closed = [*Step, *ReferralStep, *Refusal, *Doubt, *Revocation, *Trouble, CHECKED]
    assert [code for code in closed if not said(str(code), language=language)] == []
    raised = [
        error.code for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.VaultError) and error.code not in _NOT_OF_ACTS
    ]  # fmt: skip
    assert len(raised) > 20
    assert [code for code in raised if not said(code, language=language)] == []


def test_whatever_the_stage_logs_has_words_and_the_page_shows_them_with_the_code(lite_house: House) -> None:
    stage = Stage(lite_house)
    stage.noted()
    stage.referral("caritas")
    stage.sheet()
    logged = entries(lite_house)
    outcomes = {(body["kind"], body["outcome"]) for body in logged if body["outcome"]}
    assert len(outcomes) > 10
    assert [each for each in outcomes if not said(each[1], each[0])] == []
    written = next(body for body in logged if body["outcome"] == "written")
    page = Visitor(lite_house, "auditor").look(f"/entries/{written['entry']}")
    assert re.search(r">written <span[^>]*>\(written\)</span>", page), page
