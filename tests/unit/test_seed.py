"""The invented cases of the demo: they load, they can be opened, and their notes give the vault work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from gateway.api.models import OpenCaseBody
from gateway.cli.import_files import Reports, Status, candidates
from gateway.demo.seed_data import COACHES, ENDING, PATHS, SeedCase, import_example, load_seed
from vault.cases.identifiers import NationalNumber
from vault.cases.model import LANGUAGES
from vault.cases.notes import NOTE_LIMIT
from vault.cases.templates import TEMPLATES
from vault.errors import ConfigurationError
from vault.freetext import TokenMap, pseudonymise
from vault.pseudonyms import Pseudonym, domain_of
from vault.usecases.free_text import known_identities
from vault.vocabulary import CASEWORK

CASES = load_seed()
each_case = pytest.mark.parametrize("case", CASES, ids=[case.slug for case in CASES])
each_note = pytest.mark.parametrize(
    ("case", "number"),
    [(case, number) for case in CASES for number in range(len(case.notes))],
    ids=[f"{case.slug}-{number + 1}" for case in CASES for number in range(len(case.notes))],
)


def body_of(case: SeedCase) -> OpenCaseBody:
    return OpenCaseBody(**case.body)


def test_there_are_eight_cases_of_five_regions_in_both_languages_on_every_path() -> None:
    assert [case.slug for case in CASES] == [
        "family_brussels",
        "single_man_antwerp_dublin",
        "couple_liege_return",
        "single_woman_ghent_health",
        "man_charleroi_no_address",
        "single_man_brussels_refusal",
        "mother_child_antwerp",
        "young_man_brussels_asylum",
    ]
    assert {case.body["region"] for case in CASES} == {"brussels", "antwerp", "liege", "ghent", "charleroi"}
    assert {case.body["language"] for case in CASES} == {"fr", "nl"}
    assert {case.path for case in CASES} == set(PATHS)
    assert {case.coach for case in CASES} == set(COACHES)


@each_case
def test_every_body_is_one_the_gateway_accepts(case: SeedCase) -> None:
    body = body_of(case)
    identity, contact, facts = body.identity(), body.contact.contact(), body.facts.facts()
    assert identity.people[0].relation == "head"
    assert identity.ov_number
    assert identity.oqt_reference
    assert contact.phone
    assert facts.minors == any(person.relation == "child" for person in identity.people)
    assert (case.outcome is None) == (case.path not in ENDING)


@each_case
@pytest.mark.parametrize("today", [date(2026, 11, 26), date(2028, 2, 29), date(2040, 12, 31)])
def test_a_case_can_be_played_on_any_day_and_its_dates_move_with_it(case: SeedCase, today: date) -> None:
    facts = OpenCaseBody.model_validate_json(json.dumps(case.body_on(today))).facts.facts()
    assert facts.notified_on is not None
    assert facts.term_end is not None
    assert facts.notified_on <= facts.term_end
    assert facts.notified_on <= today


def test_numbers_of_files_are_used_once() -> None:
    for field in ("ov_number", "oqt_reference"):
        values = [case.body[field] for case in CASES]
        assert len(set(values)) == len(values)


def test_national_numbers_fit_the_date_of_birth_and_carry_the_last_serials_of_a_day() -> None:
    people = [person for case in CASES for person in body_of(case).people if person.national_number]
    assert 3 <= len(people) <= 6
    for person in people:
        digits = NationalNumber.parse(person.national_number).digits
        assert isinstance(person.birth_date, date)
        month = int(digits[2:4]) % 20
        assert (digits[:2], month, int(digits[4:6])) == (
            f"{person.birth_date.year % 100:02d}", person.birth_date.month, person.birth_date.day,
        )  # fmt: skip
        assert digits[6:9] in {"997", "998"}


@each_case
def test_what_could_reach_somebody_is_visibly_invented(case: SeedCase) -> None:
    text = "\n".join([json.dumps(case.body, ensure_ascii=False), *(note.text for note in case.notes)])
    phones = re.findall(r"\b0[1-9]\d{2} \d{2} \d{2} \d{2}\b", text)
    assert phones
    assert all(phone.startswith("0499 00 00 ") for phone in phones)
    assert all(host in {"example.be", "example.org"} for host in re.findall(r"@([\w.-]*\w)", text))


@each_note
def test_every_note_is_one_to_three_pages_and_names_a_known_person(case: SeedCase, number: int) -> None:
    note = case.notes[number]
    names = [name for person in body_of(case).people for name in (person.family_name, person.given_names)]
    assert 350 <= len(note.text.split()) <= 1100
    assert len(note.text.encode()) < NOTE_LIMIT
    assert note.language in LANGUAGES
    assert note.template in TEMPLATES
    assert any(re.search(rf"\b{re.escape(name)}\b", note.text, re.IGNORECASE) for name in names)


@each_case
def test_the_numbers_of_the_file_stand_in_the_notes_so_that_their_replacement_shows(case: SeedCase) -> None:
    text = "\n".join(note.text for note in case.notes)
    assert 2 <= len(case.notes) <= 4
    assert case.body["oqt_reference"] in text
    assert case.body["ov_number"] in text.replace(".", "")
    assert case.body["contact"]["phone"] in text


@each_case
def test_no_known_name_or_number_is_left_once_the_notes_are_replaced(case: SeedCase) -> None:
    body, tokens = body_of(case), TokenMap.empty()
    known = known_identities(body.identity(), body.contact.contact())
    names = [word for person in body.people for word in (person.family_name, *person.given_names.split())]
    for note in case.notes:
        done = pseudonymise(note.text, known, tokens, note.language)
        tokens = done.token_map
        assert done.text != note.text
        assert not [name for name in names if re.search(rf"\b{re.escape(name)}", done.text, re.IGNORECASE)]
        assert case.body["contact"]["phone"] not in done.text
        assert case.body["oqt_reference"] not in done.text


def test_of_the_import_example_only_the_unknown_template_stops_one_note(tmp_path: Path) -> None:
    reference = Pseudonym(domain_of(CASEWORK), bytes(16)).text
    examples = import_example()
    assert [name for name, _ in examples] == sorted(name for name, _ in examples)
    assert len(examples) == 5
    for name, text in examples:
        assert re.findall(r"^case: \{\{([1-8])\}\}$", text, re.MULTILINE)
        (tmp_path / name).write_text(re.sub(r"\{\{[1-8]\}\}", reference, text), "utf-8")
    found = candidates(tmp_path, Reports())
    failed = [one for one in found if one.status is Status.FAILED]
    assert [one.status for one in found].count(Status.READY) == 4
    assert [one.why for one in failed] == [f"template must be one of {', '.join(TEMPLATES)}"]


def test_one_coach_can_import_the_whole_example_since_the_cases_are_hers_and_still_open() -> None:
    numbers = {int(number) for _, text in import_example() for number in re.findall(r"\{\{(\d)\}\}", text)}
    cases = [CASES[number - 1] for number in numbers]
    assert {case.coach for case in cases} == {"amina"}
    assert not {case.path for case in cases} & {"closed", "handed_over"}


def _one_case(root: Path) -> Path:
    folder = root / "01_small"
    folder.mkdir()
    case = {"slug": "small", "story": "A story.", "path": "closed", "outcome": "OTHER", "coach": "amina"}
    case |= {
        "notified_days_ago": 30,
        "term_ends_in_days": 0,
        "flow": [{"step": "give_notice"}, "note", {"step": "close"}],
    }
    (folder / "case.json").write_text(json.dumps(case), "utf-8")
    (folder / "note1.fr.intake.md").write_text("Une note.", "utf-8")
    return folder


def _set(key: str, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = json.loads((folder / "case.json").read_text("utf-8"))
        (folder / "case.json").write_text(json.dumps({**data, key: value}), "utf-8")

    return change


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "case.json").write_text("{", "utf-8"), "01_small/case.json: cannot be read as JSON"),
        (lambda folder: (folder / "case.json").write_text("[]", "utf-8"), "an object is expected"),
        (_set("slug", "other"), "the slug is 'other', the folder says 'small'"),
        (_set("story", ""), "story must be a text"),
        (_set("path", "lost"), "path must be one of"),
        (_set("path", "open"), "the path open has no outcome"),
        (_set("path", "closing"), "outcome must be one of NO_SHOW, REFUSED"),
        (_set("outcome", None), "outcome must be a text"),
        (_set("coach", "zoe"), "coach must be one of"),
        (_set("notified_days_ago", -1), "notified_days_ago must be a number of days"),
        (_set("term_ends_in_days", -31), "term_ends_in_days must be a number of days, not before the notification"),
        (_set("term_ends_in_days", "soon"), "term_ends_in_days must be a number of days"),
        (_set("flow", {}), "flow must be a list of steps"),
        (_set("flow", ["note", "pause"]), "a step is an object"),
        (_set("flow", ["note", {"step": "dance"}]), "step must be one of"),
        (_set("flow", ["note", {"step": "close", "by": "mayor"}]), "by must be one of"),
        (_set("flow", ["note", "note"]), "the flow has 2 notes, the folder 1"),
        (lambda folder: (folder / "note1.fr.intake.md").rename(folder / "note2.fr.intake.md"), "note 1 is expected"),
        (lambda folder: (folder / "note2.xx.intake.md").write_text("x", "utf-8"), "language must be one of"),
        (lambda folder: (folder / "note2.fr.diary.md").write_text("x", "utf-8"), "template must be one of"),
        (lambda folder: (folder / "note2.fr.intake.md").write_text(" \n", "utf-8"), "the note is empty"),
        (lambda folder: (folder / "remark.md").write_text("x", "utf-8"), "a note is called noteN"),
        (lambda folder: (folder / "note1.fr.intake.md").unlink(), "at least one note"),
    ],
)
def test_a_mistake_in_the_seed_is_named_precisely(tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    folder = _one_case(tmp_path)
    assert load_seed(tmp_path)[0].outcome == "OTHER"
    spoil(folder)
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        load_seed(tmp_path)


def test_an_empty_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no case folder"):
        load_seed(tmp_path)
