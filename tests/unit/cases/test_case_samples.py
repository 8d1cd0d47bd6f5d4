"""The lot that draws a case for a head, how the log tells it, and how long a sample shows anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.cases.case_samples import (
    CaseSample,
    Lot,
    Standing,
    Told,
    draw,
    outcome_of,
    parse_words,
    told_in,
)
from vault.errors import InvalidInput
from vault.freetext.identifying import identifying_numbers
from vault.ids import ActorId, CaseId, CaseSampleId

NAMES = [f"L-{number:03}" for number in range(12)]
AT = datetime(2026, 11, 3, 9, tzinfo=UTC)
HEAD, OTHER = ActorId(bytes(16)), ActorId(bytes([1] * 16))
SEEDS = st.binary(min_size=16, max_size=16)


def sample(**changed: object) -> CaseSample:
    found = CaseSample(
        CaseSampleId(bytes(16)), CaseId(bytes(16)), HEAD, "brussels", None, "quality", "2026-11", 1,
        draw(NAMES, bytes(16)), AT, AT + timedelta(days=7),
    )  # fmt: skip
    return replace(found, **changed)  # type: ignore[arg-type]


def test_the_same_seed_and_list_draw_the_same_place_and_nothing_else_does() -> None:
    lot = draw(NAMES, bytes(16))
    assert lot == draw(NAMES, bytes(16))
    assert lot.listed != draw([*NAMES[:-1], "L-999"], bytes(16)).listed
    assert len({draw(NAMES, bytes([number] * 16)).place for number in range(60)}) > 8


def test_no_place_is_favoured() -> None:
    counted = Counter(draw(NAMES, number.to_bytes(16)).place for number in range(6000))
    assert set(counted) == set(range(12))
    assert max(counted.values()) < 600 < min(counted.values()) + 200, "about 500 each"


@given(seed=SEEDS, size=st.integers(1, 40))
def test_a_lot_is_sound_and_one_place_further_is_not(seed: bytes, size: int) -> None:
    lot = draw([f"L-{number}" for number in range(size)], seed)
    assert lot.sound
    assert 0 <= lot.place < lot.of == size
    assert not lot._replace(place=lot.place + 1).sound
    assert not lot._replace(of=0, place=0).sound


@given(seed=SEEDS, coach=st.sampled_from(["", "a-17"]))
def test_what_the_log_tells_is_the_whole_lot(seed: bytes, coach: str) -> None:
    told = Told("quality", date(2026, 11, 10), draw(NAMES, seed), coach)
    assert told_in(outcome_of(told)) == told


@pytest.mark.parametrize(
    "outcome",
    ["", "quality", "too_few_cases", "conflict until=2026-11-10 of=3", "quality until=2026-13-10 of=3 at=1 seed="
     + "0" * 32 + " list=" + "0" * 64],
)  # fmt: skip
def test_what_is_no_draw_tells_no_lot(outcome: str) -> None:
    assert told_in(outcome) is None


def test_it_shows_to_its_head_while_it_runs() -> None:
    found = sample()
    last = found.expires_at - timedelta(microseconds=1)
    assert found.shows_to(HEAD, AT)
    assert found.shows_to(HEAD, last)
    assert not found.shows_to(OTHER, AT)
    assert not found.shows_to(HEAD, found.expires_at)
    assert not sample(ended_at=AT).shows_to(HEAD, AT)


def test_it_runs_is_done_or_its_time_is_over() -> None:
    assert sample().standing(AT) is Standing.RUNNING
    assert sample().standing(AT + timedelta(days=7)) is Standing.EXPIRED
    assert sample(ended_at=AT).standing(AT + timedelta(days=9)) is Standing.DONE


@pytest.mark.parametrize("text", ["", "vite", "x" * 301, "deux\nlignes de texte", "contrôle\x00des notes"])
def test_words_that_are_too_few_too_many_or_not_on_one_line_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_words(text, "explanation", 300)
    assert refused.value.field == "explanation"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Contrôle mensuel de la qualité des notes, art. 74/14", ()), ("voir la note du 3 novembre 2026", ()),
        ("appeler le 0499 12 34 56", ("phone",)), ("a.b@example.be s'est plaint", ("email",)),
        ("NISS 93051822361", ("niss",)),
    ],
)  # fmt: skip
def test_numbers_and_addresses_of_somebody_are_found(text: str, kinds: tuple[str, ...]) -> None:
    assert set(kinds) <= set(identifying_numbers(text))
    assert bool(kinds) is bool(identifying_numbers(text))
    if kinds:
        with pytest.raises(InvalidInput, match="say it without"):
            parse_words(text, "finding", 500, kinds)


def test_a_lot_of_one_case_is_that_case() -> None:
    assert draw(["L-1"], bytes(16)) == Lot(bytes(16), 1, 0, draw(["L-1"], bytes(16)).listed)
