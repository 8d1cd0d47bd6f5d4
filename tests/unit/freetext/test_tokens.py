"""Tokens: every one a slice of the text, whatever the text is."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.freetext.tokens import tokenise


def texts_of(text: str) -> list[str]:
    return [token.text for token in tokenise(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "N'Diaye, 34 ans, l'ami de Jean-Luc",
            ["N'", "Diaye", ",", "34", "ans", ",", "l'", "ami", "de", "Jean", "-", "Luc"],
        ),
        ("l’Ahmed d’Aminata", ["l’", "Ahmed", "d’", "Aminata"]),
        ("O'Hara's file", ["O", "'", "Hara", "'", "s", "file"]),
        ("aujourd'hui", ["aujourd", "'", "hui"]),
        ("annexe 26quater", ["annexe", "26", "quater"]),
        ("04 99/00.00.11", ["04", "99", "/", "00", ".", "00", ".", "11"]),
        ("x_y", ["x", "_", "y"]),
        ("", []),
        (" \n\t\u00a0", []),
    ],
)
def test_words_digits_and_signs_stand_alone_and_elided_words_keep_their_apostrophe(
    text: str, expected: list[str]
) -> None:
    assert texts_of(text) == expected


def test_an_accent_of_its_own_and_a_joiner_stay_inside_their_word() -> None:
    assert texts_of("vu Ame\u0301lie hier") == ["vu", "Ame\u0301lie", "hier"]
    assert texts_of("می\u200cخواهد برود") == ["می\u200cخواهد", "برود"]
    assert texts_of("Fa\u200dtima") == ["Fa\u200dtima"]


def test_characters_that_show_nothing_are_no_tokens_of_their_own() -> None:
    assert texts_of("a \u200b \u200f b") == ["a", "b"]


@given(st.text())
def test_tokens_are_slices_in_order_that_leave_out_nothing_visible(text: str) -> None:
    tokens = tokenise(text)
    end = 0
    for token in tokens:
        assert token.start >= end
        assert token.end > token.start
        assert text[token.start : token.end] == token.text
        end = token.end
    covered = {place for token in tokens for place in range(token.start, token.end)}
    for place, char in enumerate(text):
        if place not in covered:
            assert char.isspace() or unicodedata.category(char) in {"Cf", "Cc", "Mn", "Mc", "Me"}


@pytest.mark.parametrize("unit", ["a", "1", "'", "l'", "é\u0301", "\u200b", "Ab-", "🙂"])
def test_time_grows_with_the_length_alone(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        best = 9.0
        for _ in range(3):
            started = time.process_time()
            tokenise(text)
            best = min(best, time.process_time() - started)
        return best

    assert seconds(160_000) < 64 * max(seconds(10_000), 0.0005)
