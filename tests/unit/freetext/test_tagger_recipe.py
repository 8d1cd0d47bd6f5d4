"""The recipe of the name tagger: seeded texts, exact marks, variants that keep them."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from bench.tagger import generator, lexicon, names
from bench.tagger.augment import recased, swapped, varied
from bench.tagger.corpus import Example, Marking
from vault.freetext.features import LANGUAGES
from vault.freetext.word_filter import WordFilter, hashes

SUPPLY = generator.Supply(tuple(names.own()))
TEMPLATES = sorted((Path(generator.__file__).parent / "templates").glob("*.txt"))


def made(count: int = 40, **options: object) -> list[Example]:
    return list(generator.examples(count, SUPPLY, **options))  # type: ignore[arg-type]


def test_the_generator_is_seeded() -> None:
    assert made() == made()
    assert made(seed=2) != made()


def test_every_mark_lies_on_words_and_never_across_another() -> None:
    for example in made():
        end = 0
        for one in example.markings:
            assert end <= one.start < one.end <= len(example.text)
            assert example.text[one.start : one.end].strip()
            end = one.end


def test_no_slot_is_left_unfilled() -> None:
    for example in made(150):
        assert not re.search(r"[{}|]|\[[^\]]*\|", example.text), example.text


def test_notes_come_in_every_language_in_small_letters_and_in_capitals() -> None:
    notes = [one for one in made(150) if one.source == "notes"]
    assert {one.language for one in notes} == set(LANGUAGES)
    assert any(one.text.isupper() for one in notes)
    assert any(one.text.islower() for one in notes)
    assert any(not one.markings for one in notes)


def test_a_held_out_part_shares_no_template_and_no_origin_with_training() -> None:
    origins = names.own()
    seen = {one.name for one in generator.origins_of(origins, (1, 5), held_out=False)}
    unseen = {one.name for one in generator.origins_of(origins, (1, 5), held_out=True)}
    assert seen
    assert unseen
    assert not seen & unseen
    for language in LANGUAGES:
        lines = generator._templates("notes", language)
        training = set(generator._split(lines, (1, 5), held_out=False))
        held_out = set(generator._split(lines, (1, 5), held_out=True))
        assert training | held_out == set(lines)
        assert not training & held_out


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_stands_twice(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert len(lines) == len(set(lines))


def test_variants_move_the_marks_with_the_names() -> None:
    text = "Vu Awa Ndiaye à Liège."
    example = Example("1", "notes", "fr", text, (Marking(3, 13, "PERSON"), Marking(16, 21, "PLACE")))
    chance = random.Random(3)
    for variant in varied(example, SUPPLY.origins, chance, 5.0):
        assert [one.type for one in variant.markings] == ["PERSON", "PLACE"]
    other = swapped(example, SUPPLY.origins, chance)
    person, place = other.markings
    assert "Ndiaye" not in other.text
    assert other.text[place.start : place.end] == "Liège"
    assert other.text[: person.start] == "Vu "
    assert recased(example, str.upper, "").text == "VU AWA NDIAYE À LIÈGE."


def test_labels_follow_the_marks() -> None:
    example = Example("1", "notes", "fr", "Vu El Amrani à Liège", (Marking(3, 12, "PERSON"), Marking(15, 20, "PLACE")))
    tokens, labels = example.labelled()
    assert list(zip([token.text for token in tokens], labels, strict=True)) == [
        ("Vu", "O"), ("El", "B"), ("Amrani", "I"), ("à", "O"), ("Liège", "P"),
    ]  # fmt: skip


def test_a_word_filter_knows_its_words_and_few_others() -> None:
    words = [f"mot{number}" for number in range(2000)]
    bloom = WordFilter.of(words)
    assert all(hashes(word) in bloom for word in words)
    assert sum(hashes(f"autre{number}") in bloom for number in range(4000)) < 120
    assert WordFilter.of(reversed(words)) == bloom


def test_names_of_several_words_are_known_by_each_word_but_their_particles() -> None:
    given, families = lexicon.name_words([names.Origin("x", ("Marie Claire",), ("Jean-Luc",), ("Van den Broeck",))])
    assert given == {"marie", "claire", "jean", "luc"}
    assert families == {"broeck"}
