"""Facts, files' descriptions, notes' prefaces, drafts, tasks, templates: what can be meant, and how it is kept."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from vault.cases import attachments, tasks
from vault.cases.corrections import Correction, check_reason
from vault.cases.drafts import DraftText
from vault.cases.facts import CODES, NEEDS, Fact, check, check_day, codes_of
from vault.cases.file_types import MediaType
from vault.cases.letters import ADDED
from vault.cases.notes import NOTE_LIMIT, NoteText, check_size
from vault.cases.templates import TEMPLATES, NoteTemplate, parse_stored, template_for
from vault.errors import ConfigurationError, InvalidInput, RecordTampered
from vault.vocabulary import FACT_KINDS, KIND_COMPARTMENT, Compartment, Kind

# -- facts -------------------------------------------------------------------------------------------


def plausible(code: str) -> Fact:
    known = CODES[code]
    return Fact(
        code, known.values[0] if known.values else "", known.statuses[0] if known.statuses else "",
        detail="" if known.values else "Dit-elle.",
    )  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_each_code_is_good_in_its_own_compartment_and_in_no_other(code: str) -> None:
    fact, known = plausible(code), CODES[code]
    for kind in FACT_KINDS:
        if kind is known.kind:
            check(fact, kind)
            assert Fact.decode(fact.encode()).encode() == fact.encode()
        else:
            with pytest.raises(InvalidInput) as refused:
                check(fact, kind)
            assert refused.value.field == "code"


def test_what_is_protected_lives_in_the_sensitive_compartment() -> None:
    """Health, school, trafficking, violence, faith, orientation, criminal matters: apart, under a key of their own."""
    where = {code: KIND_COMPARTMENT[known.kind] for code, known in CODES.items()}
    for code in ("health", "school", "trafficking_sign", "violence", "orientation", "religion", "criminal_matter",
                 "vulnerability", "need", "health_obstacle", "persecution"):  # fmt: skip
        assert where[code] is Compartment.SENSITIVE, code
    assert {where[code] for code in ("avenue", "procedure", "lawyer")} == {Compartment.STAY_ANALYSIS}
    assert {where[code] for code in ("return_wish", "return_plan", "obstacle")} == {Compartment.RETURN_PLAN}
    assert {where[code] for code in ("housing", "host")} == {Compartment.CONTACT}
    assert {KIND_COMPARTMENT[kind] for kind in FACT_KINDS} == set(where.values())


def test_the_lists_hold_what_a_coach_hears() -> None:
    """Every subject that the requirements name has a code."""
    named = {
        "family", "school", "health", "housing", "host", "work", "debts", "route", "entry_date", "fear_of_return",
        "violence", "trafficking_sign", "procedure", "lawyer", "document_held", "embassy_contact", "language_spoken",
        "return_wish", "obstacle", "vulnerability", "need", "avenue",
    }  # fmt: skip
    assert named <= set(CODES)
    assert set(CODES["need"].values) == set(NEEDS)
    assert all(codes_of(kind) for kind in FACT_KINDS)


WRONG: Final[dict[str, tuple[Fact, str]]] = {
    "no such code": (Fact("shoe_size", "42"), "code"),
    "no such value": (Fact("school", "university"), "value"),
    "no value": (Fact("school"), "value"),
    "a status where there is none": (Fact("school", "primary", "open"), "status"),
    "no such status": (Fact("need", "shelter", "urgent"), "status"),
    "nothing said": (Fact("trafficking_sign", "other", detail="x" * 8193), "detail"),
    "half a character": (Fact("school", "primary", detail="\ud83d"), "detail"),
    "too long a name": (Fact("school", "primary", about="é" * 201), "about"),
    "a service for a school": (Fact("school", "primary", service="caritas"), "service"),
    "a service that is a sentence": (Fact("need", "shelter", "open", service="to whom it concerns"), "service"),
    "a referral that is none": (Fact("need", "shelter", "referred", referral="abc"), "referral"),
    "a day that is none": (Fact("school", "primary", on="2026-02-30"), "on"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_fact_that_cannot_be_meant_names_its_field_and_repeats_nothing(name: str) -> None:
    fact, field = WRONG[name]
    with pytest.raises(InvalidInput) as refused:
        check(fact, Kind.SENSITIVE_FACT)
    assert refused.value.field == field
    assert "xxx" not in str(refused.value)


def test_a_code_without_values_needs_a_word_or_a_date() -> None:
    with pytest.raises(InvalidInput):
        check(Fact("entry_date"), Kind.FACT)
    check(Fact("entry_date", on="2019"), Kind.FACT)
    check(Fact("employer", detail="Une boulangerie."), Kind.FACT)


@pytest.mark.parametrize("text", ["2026", "2024-02", "2024-02-29", "1900-01-01", "0001"])
def test_a_day_a_month_or_a_year(text: str) -> None:
    check_day(text)


@pytest.mark.parametrize(
    "text",
    [
        "26",
        "2026-13",
        "2023-02-29",
        "2026-1-1",
        "2026/01/01",
        "0000",
        " 2026",
        "2026-01-01T00:00",
        "２０２６",
        "20260101",
    ],
)
def test_no_day_of_any_calendar(text: str) -> None:
    with pytest.raises(InvalidInput):
        check_day(text)


# -- plaintexts --------------------------------------------------------------------------------------

FACT: Final = Fact("school", "primary", detail="x", correction=Correction(1, "mal compris"))
MANIFEST: Final = attachments.Manifest(MediaType.PDF, 10, "00" * 32, "a.pdf", "b")


@pytest.mark.parametrize(
    ("made", "decode"),
    [(FACT, Fact.decode), (MANIFEST, attachments.Manifest.decode), (DraftText("x", 2), DraftText.decode)],
    ids=["fact", "manifest", "draft"],
)
def test_a_plaintext_of_another_shape_is_not_believed(made: Any, decode: Any) -> None:
    assert decode(made.encode()) == made
    data = json.loads(made.encode())
    bad = [b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"text":1}', b"[" * 100_000]
    bad += [json.dumps(data | {"more": 1}).encode()]
    for name in data:
        bad.append(json.dumps({other: value for other, value in data.items() if other != name}).encode())
        bad.append(json.dumps(data | {name: {"nested": []}}).encode())
    for plaintext in bad:
        with pytest.raises(RecordTampered):
            decode(plaintext)


def test_a_manifest_of_a_type_that_is_not_taken_is_not_believed() -> None:
    for changed in ({"media_type": "text/html"}, {"size": 0}, {"size": -1}, {"size": True}):
        data = json.loads(MANIFEST.encode()) | changed
        with pytest.raises(RecordTampered):
            attachments.Manifest.decode(json.dumps(data).encode())


@pytest.mark.parametrize(
    "data",
    [
        {}, {"corrects": 0, "reason": "x"}, {"corrects": True, "reason": "x"}, {"corrects": 1, "reason": 2},
        {"corrects": 1, "reason": "x", "by": "me"}, [], None,
    ],
)  # fmt: skip
def test_a_correction_of_another_shape_is_not_believed(data: Any) -> None:
    with pytest.raises(RecordTampered):
        Correction.from_json(data)


def test_a_notes_text_is_its_plaintext_and_a_correction_stands_before_it() -> None:
    plain = NoteText("Elle a {faim}.\n[PERSONNE-1]")
    assert plain.encode() == plain.text.encode(), "notes from before there were corrections read as they are"
    assert NoteText.decode(plain.encode()) == plain
    corrected = NoteText("Elle n'a pas faim.", Correction(3, 'dit "non", pas "oui"'))
    assert NoteText.decode(corrected.encode()) == corrected
    for broken in (b"\x02", b"\x02{}\x03x", b"\x02[]\x03x", b'\x02{"corrects":1,"reason":"x"}', b"\xff", b"\x02\x03"):
        with pytest.raises(RecordTampered):
            NoteText.decode(broken)


def test_a_correction_says_why_and_of_what() -> None:
    check_reason("mal compris", 1)
    for reason, based_on in (("non", 1), ("    a ", 1), ("x" * 501, 1), ("mal compris", 0)):
        with pytest.raises(InvalidInput):
            check_reason(reason, based_on)


def test_a_note_has_a_size() -> None:
    check_size("a" * NOTE_LIMIT)
    for text in ("é" * (NOTE_LIMIT // 2) + "a", "\ud800"):
        with pytest.raises(InvalidInput):
            check_size(text)


# -- files' names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Certificat.pdf", "scan 2026-11-03.PDF", "e\u0301cole.pdf", "قرار.pdf", "[PERSONNE-1].pdf"]
)
def test_a_plain_name_is_kept_in_one_spelling(name: str) -> None:
    kept = attachments.check_name(f"  {name} ", MediaType.PDF)
    assert kept == attachments.check_name(kept, MediaType.PDF)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", ".pdf", "..pdf", "a", "a.exe", "a.pdf.exe", "a.txt", "../a.pdf", "a/b.pdf", "a\\b.pdf", "C:a.pdf",
        "a\n.pdf", "a\0.pdf", "fdp\u202eexe.pdf", "a\u200b.pdf", "a\u2028.pdf", "\ud800.pdf", "a?.pdf", "a*.pdf",
        'a".pdf', "a<b>.pdf", "a|b.pdf", "x" * 120 + ".pdf",
    ],
)  # fmt: skip
def test_a_name_that_could_be_a_path_or_a_trick_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        attachments.check_name(name, MediaType.PDF)
    assert refused.value.field == "name"


def test_the_ending_is_that_of_the_content() -> None:
    assert attachments.check_name("a.jpeg", MediaType.JPEG) == "a.jpeg"
    with pytest.raises(InvalidInput):
        attachments.check_name("a.jpeg", MediaType.PDF)


def test_a_caption_has_a_size() -> None:
    attachments.check_caption("é" * 1000)
    for caption in ("é" * 1001, "\udc00"):
        with pytest.raises(InvalidInput):
            attachments.check_caption(caption)


# -- tasks and templates -----------------------------------------------------------------------------


def test_a_task_has_a_title_and_a_day_within_reach() -> None:
    today = date(2026, 11, 3)
    tasks.check("Rappeler", today, today, today)
    tasks.check("Rappeler", date(2026, 10, 1), date(2026, 10, 1), today)  # overdue when it was noted down
    for title, due, remind, field in (
        (" ", today, today, "title"), ("x" * 1001, today, today, "title"), ("\ud800", today, today, "title"),
        ("a", date(2206, 1, 1), today, "due_on"), ("a", date(1926, 1, 1), date(1926, 1, 1), "due_on"),
        ("a", today, date(2026, 11, 4), "remind_on"), ("a", today, date(1, 1, 1), "remind_on"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            tasks.check(title, due, remind, today)
        assert refused.value.field == field


SKELETONS: Final = dict.fromkeys(("fr", "nl", "de", "en"), "# Titre")


def test_a_note_names_the_template_it_was_begun_from() -> None:
    templates = {name: NoteTemplate(name, 3, SKELETONS) for name in TEMPLATES}
    assert template_for(templates, "intake", None) == "intake/3"
    assert template_for(templates, "intake", 1) == "intake/1"
    for name, version in (("poem", None), ("intake", 0), ("intake", 4)):
        with pytest.raises(InvalidInput):
            template_for(templates, name, version)
    assert [parse_stored(stored) for stored in ("intake/12", "intake", "intake/x", "")] == [
        ("intake", 12), ("intake", 0), ("intake", 0), ("", 0),
    ]  # fmt: skip


def test_every_stored_template_fits_its_column() -> None:
    assert max(len(NoteTemplate(name, 99_999, SKELETONS).stored) for name in TEMPLATES) <= 40


def test_a_template_without_a_language_is_refused() -> None:
    for name, version, skeletons in (
        ("poem", 1, SKELETONS), ("intake", 0, SKELETONS), ("intake", 100_000, SKELETONS),
        ("intake", 1, {"fr": "x"}), ("intake", 1, SKELETONS | {"de": " "}), ("intake", 1, SKELETONS | {"it": "x"}),
    ):  # fmt: skip
        with pytest.raises(ConfigurationError):
            NoteTemplate(name, version, skeletons)


def test_the_page_for_coaches_names_every_code_field_and_limit() -> None:
    page = (Path(__file__).parents[3] / "docs" / "records.md").read_text("utf-8")
    for code in CODES.values():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{code.code}` |"))
        assert row.split("|")[2].split() == list(code.values)
        assert row.split("|")[3].split() == list(code.statuses)
    for letter, fields in ADDED.items():
        assert f"| `{letter}` |" in page
        assert all(f"`{field}`" in page for field in fields)
    assert f"{attachments.LARGEST_FILE:,} bytes" in page.replace("\n", " ")
    assert all(template in page for template in TEMPLATES)
