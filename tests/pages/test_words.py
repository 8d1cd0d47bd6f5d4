"""Every text of a page is there in four languages; no page prints a bare code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract

from gateway.exception_rules import load_exception_rules
from gateway.pages import catalogs, words
from vault.audit.events import Happening
from vault.audit.log_events import LogHappening
from vault.cases.access_requests import GRANTABLE, Act, Doubt, Manner, Naming, Refusal, Revocation, Standing
from vault.cases.appointments import Channel, ClashKind, Occasion
from vault.cases.appointments import Status as AppointmentStatus
from vault.cases.assignment import Cause, Obstacle
from vault.cases.exceptions import ITEM_FACTS, ITEM_FIELDS, NoticeStanding
from vault.cases.facts import CODES
from vault.cases.families import Relation
from vault.cases.flow import Outcome, State, Step
from vault.cases.partners import FIELDS
from vault.cases.referrals import AnswerStatus, ReceiptOutcome, ReferralStatus, ReferralStep
from vault.cases.templates import TEMPLATES
from vault.freetext.spans import Source, TokenType
from vault.oversight.timetable import Duty, Punctuality
from vault.vocabulary import Action, Compartment, Fact, Kind, Purpose, Role

#: What can leave by a lawful exception of a case's facts, and what the shipped file lists.
LEAVING = {code.code: code for code in CODES.values() if code.kind in ITEM_FACTS}
SHIPPED = load_exception_rules(None)
TEMPLATE_FILES = sorted((Path(catalogs.__file__).parent / "templates").glob("*.html"))
TRANSLATED = [language for language in catalogs.LANGUAGES if language != catalogs.SOURCE]
FIELD = re.compile(r"%\(\w+\)s|\{\w+\}")


def said() -> set[str | tuple[str, str]]:
    found: set[str | tuple[str, str]] = set(words.texts())
    for path in TEMPLATE_FILES:
        with path.open("rb") as file:
            options = {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}
            found |= {text for _, text, _, _ in extract("jinja2.ext:babel_extract", file, options=options)}
    return found


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_with_its_fields(language: str) -> None:
    catalogue = catalogs.catalogue(language)
    missing = []
    for text in said():
        one, many = (text, text) if isinstance(text, str) else text
        if isinstance(text, str):
            there = [catalogue.gettext(text)] if text in catalogue._catalog else []  # type: ignore[attr-defined]
        else:
            there = [catalogue.ngettext(one, many, number) for number in (1, 7)]
            there = [] if there == [one, many] else there
        if not there:
            missing.append(text)
        assert all(set(FIELD.findall(found)) == set(FIELD.findall(one)) for found in there), text
    assert not missing


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_holds_nothing_that_no_page_says(language: str) -> None:
    catalogue = catalogs.catalogue(language)._catalog  # type: ignore[attr-defined]
    known = {text if isinstance(text, str) else text[0] for text in said()}
    assert {key if isinstance(key, str) else key[0] for key in catalogue if key} <= known


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("role", Role), ("state", State), ("step", Step), ("outcome", Outcome), ("kind", Kind), ("action", Action),
        ("action", Happening), ("action", LogHappening),
        ("unable", Obstacle), ("came_by", Cause), ("duty", Duty), ("punctuality", Punctuality),
        ("purpose", Purpose), ("compartment", Compartment), ("fact", Fact),
        ("template", TEMPLATES), ("found", TokenType), ("found_by", Source),
        ("relation", Relation),
        ("standing", Standing), ("refused_for", Refusal), ("doubt", Doubt), ("revocation", Revocation), ("act", Act),
        ("naming", Naming), ("manner", Manner), ("field", GRANTABLE), ("field", FIELDS),
        ("referral_status", ReferralStatus),
        ("referral_step", ReferralStep), ("answer_status", AnswerStatus), ("receipt", ReceiptOutcome),
        ("item", (*ITEM_FIELDS, *ITEM_FACTS)), ("fact_code", LEAVING), ("exception_basis", SHIPPED.bases),
        ("fact_value", [one for code in LEAVING.values() for one in (*code.values, *code.statuses)]),
        ("silence_ground", SHIPPED.grounds), ("notice", NoticeStanding),
        ("occasion", Occasion), ("channel", Channel), ("appointment", AppointmentStatus), ("clash", ClashKind),
    ],
)  # fmt: skip
def test_every_code_has_a_word(group: str, codes: type) -> None:
    assert {str(code) for code in codes} - set(words.WORDS[group]) == set()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("header", "language"),
    [("nl-BE,nl;q=0.9,fr;q=0.5", "nl"), ("pl, de;q=0.3, fr;q=0.4", "fr"), ("", "fr"), ("xx;q=abc", "fr"), ("en", "en")],
)
def test_the_browser_says_which_language_comes_first(header: str, language: str) -> None:
    assert catalogs.preferred(header) == language
