"""Corpora in columns become texts as print has them, with their spans in place."""

from __future__ import annotations

from bench.tagger.conll import examples

COLUMNS = """Mr O
Daoud B-PER
Amiri I-PER
, O
of O
`` O
Oxfam I-ORG
'' O
( O
London B-LOC
) O
, O
did O
n't O
come O
. O

Ghent B-LOC
's O
mayor O

@someone O
hello B-PER

-DOCSTART- O
"""


def test_tokens_are_put_together_and_spans_point_at_them() -> None:
    first, second = examples(COLUMNS.splitlines(), "columns", "en", 1)
    assert first["text"] == 'Mr Daoud Amiri, of "Oxfam" (London), didn\'t come.'
    assert [(str(first["text"])[one["start"] : one["end"]], one["type"]) for one in first["spans"]] == [  # type: ignore[attr-defined]
        ("Daoud Amiri", "PERSON"), ("Oxfam", "ORG"), ("London", "LOC"),
    ]  # fmt: skip
    assert second["text"] == "Ghent's mayor"


def test_sentences_are_joined_and_what_is_no_prose_is_left_out() -> None:
    (joined,) = examples(COLUMNS.splitlines(), "columns", "en", 5)
    text = str(joined["text"])
    assert text.endswith("come. Ghent's mayor")
    assert "@" not in text
    assert [text[one["start"] : one["end"]] for one in joined["spans"]][-1] == "Ghent"  # type: ignore[attr-defined]
