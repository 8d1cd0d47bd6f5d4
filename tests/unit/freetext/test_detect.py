"""`detect`: one small interface over all stages. Offsets are exact, time is bounded, and nothing odd makes it fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import pytest
from stdnum import luhn

from vault.errors import InvalidInput
from vault.freetext import Pipeline, Span, Tier, detect, make_pipeline

PIPELINE: Final[Pipeline] = make_pipeline(french=False)


def found(text: str, language: str | None = "fr", known: Sequence[str] = ()) -> list[tuple[str, str]]:
    return [(text[one.start : one.end], one.type.value) for one in detect(text, language, known)]


def kinds(text: str, language: str | None = "fr") -> set[str]:
    """Types of the automatic findings by our own stages alone."""
    looked = PIPELINE.read(text, language)
    return {one.type.value for one in looked.findings if one.tier is Tier.AUTO}


@pytest.mark.parametrize(
    ("text", "language", "hidden", "kind"),
    [
        ("Son frère Ousmane est là.", "fr", "Ousmane", "person"),
        ("Me Vandenbroucke introduit le recours.", "fr", "Vandenbroucke", "person"),
        ("Zijn broer Yusuf belde.", "nl", "Yusuf", "person"),
        ("Ihre Schwester Zeynep kommt.", "de", "Zeynep", "person"),
        ("Her brother Bilal called.", "en", "Bilal", "person"),
        ("Elle habite rue Haute 12, 1000 Bruxelles.", "fr", "rue Haute 12", "address"),
        ("Hij woont Kerkstraat 5 bus 2, 2000 Antwerpen.", "nl", "Kerkstraat 5", "address"),
        ("Né le 3 mai 1990 à Conakry.", "fr", "3 mai 1990", "birth_date"),
        ("Geboren op 03/05/1990.", "nl", "03/05/1990", "birth_date"),
        ("Tél 0499/12.34.56", "fr", "0499/12.34.56", "phone"),
        ("gsm +32 499 12 34 56", "nl", "+32 499 12 34 56", "phone"),
        ("Mail: jan.peeters@example.org", "nl", "jan.peeters@example.org", "email"),
        ("Dossier CGRA 21/12345", "fr", "21/12345", "cgra_number"),
        ("OV-nummer 8123456", "nl", "8123456", "ov_number"),
        ("NISS 93.05.18-223.61", "fr", "93.05.18-223.61", "niss"),
        ("NISS 93.05.18-223.99", "fr", "93.05.18-223.99", "niss"),
        ("rijksregisternummer 93051822361", "nl", "93051822361", "niss"),
        ("compte BE68 5390 0754 7034", "fr", "BE68 5390 0754 7034", "iban"),
        ("compte BE68 5390 0754 7035", "fr", "BE68 5390 0754 7035", "iban"),
        ("TVA BE 0403.170.701", "fr", "BE 0403.170.701", "vat"),
    ],
)
def test_what_identifies_somebody_is_found(text: str, language: str, hidden: str, kind: str) -> None:
    spans = [one for one in detect(text, language) if one.tier is Tier.AUTO]
    start, end = text.index(hidden), text.index(hidden) + len(hidden)
    assert any(one.start <= start and one.end >= end for one in spans), found(text, language)
    assert kind in {one.type.value for one in spans if one.start < end and one.end > start}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Le CGRA a refusé la demande.", "fr"),
        ("Fedasil en het OCMW antwoorden niet.", "nl"),
        ("Elle dort mal et mange peu.", "fr"),
        ("Hij komt morgen terug.", "nl"),
        ("Der Antrag wurde abgelehnt.", "de"),
    ],
)
def test_administrations_and_plain_words_stay(text: str, language: str) -> None:
    assert kinds(text, language) == set()


def test_a_known_name_is_found_in_other_forms() -> None:
    known = ["Youssef El Mansouri"]
    for typed in (
        "youssef el mansouri", "EL MANSOURI Youssef", "Y. El Mansouri", "Youssef Mansouri", "Yousef El Mansouri",
        "Yussef El Mansuri",
    ):  # fmt: skip
        spans = detect(f"vu {typed} hier", "fr", known)
        assert any(one.reasons[0].source.value == "known" and one.end - one.start >= 5 for one in spans), typed


def test_findings_are_in_order_without_overlaps_and_point_into_what_was_given() -> None:
    text = "Vu Zoe\u0308 Dia\u200dllo\u200f, son mari Аlphа Barry (né le 1/2/1980), tél. \uff10499\u00a012 34 56."
    spans = detect(text, "fr", ["Zoë Diallo"])
    assert all(0 <= one.start < one.end <= len(text) for one in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert "Zoe\u0308 Dia\u200dllo" in {text[one.start : one.end].rstrip("\u200f") for one in spans}


def test_an_unknown_language_is_refused_and_none_is_told_by_the_text() -> None:
    with pytest.raises(InvalidInput):
        detect("x", "es")
    assert detect("Zijn broer Yusuf woont nu in Gent.", None)


def test_mixed_notes_are_read_in_each_sentences_language() -> None:
    text = "Elle a vu son frère Ousmane hier. Haar broer Yusuf is er niet bij geweest vandaag."
    names = {words for words, kind in found(text, None) if kind == "person"}
    assert all(any(name in words for words in names) for name in ("Ousmane", "Yusuf"))


ODD: Final[dict[str, str]] = {
    "nothing": "",
    "one space": " ",
    "controls": "".join(map(chr, range(32))) * 20,
    "right to left": "\u202eolaiD atanimA\u202c \u2066x\u2069",
    "half characters": "\ud800Diallo\udfff",
    "joiners": "Fa\u200dtou\u200c Ba\u2060rry",
    "combining": "e" + "\u0301" * 5_000,
    "homoglyphs": "Vu Mme Аminаtа Diаllо",
    "our own stand-ins": "[PERSONNE-1] [PERSONNE-1][ADRESSE-99999999] [[PERSON-1]] [PERSONNE-",
    "a number": "7" * 100_000,
    "a spaced number": "12 " * 30_000,
    "emoji": "👩‍👩‍👧‍👦" * 500,
    "no spaces": "Aminata" * 5_000,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_text_is_looked_through_like_any_other(name: str) -> None:
    text = ODD[name]
    spans = [one for language in ("fr", None) for one in detect(text, language, ["Aminata Diallo"])]
    assert all(0 <= one.start < one.end <= len(text) for one in spans)


GROWING: Final[dict[str, Callable[[int], str]]] = {
    "notes": lambda size: ("Vu Mme Awa Barry, NISS 93.05.18-223.61, rue Haute 12, 1000 Bruxelles. " * size)[:size],
    "digits": lambda size: "7" * size,
    "pairs of digits": lambda size: ("12 " * size)[:size],
    "capitals": lambda size: ("Aa " * size)[:size],
    "one word": lambda size: "a" * size,
    "particles": lambda size: ("van de " * size)[:size],
    "streets": lambda size: ("rue de la " * size)[:size],
    "addresses": lambda size: ("a@" * size)[:size],
    "courts": lambda size: ("tribunal de " * size)[:size],
    "accounts": lambda size: ("BE68 " * size)[:size],
    "brackets": lambda size: ("[PERSONNE-" * size)[:size],
    "hyphens": lambda size: ("A-" * size)[:size],
    "points": lambda size: "." * size,
    "lines": lambda size: "\n" * size,
    "quotes": lambda size: '"' * size,
}


@pytest.mark.parametrize("name", GROWING)
def test_time_grows_with_the_length_alone(name: str) -> None:
    """Four times the text takes about four times as long: 16 for what is quadratic."""
    make = GROWING[name]
    PIPELINE.read(make(2_000), "fr")
    small, large = (_seconds(make(size)) for size in (10_000, 40_000))
    assert large < 9 * small + 0.1, (small, large)


def _seconds(text: str) -> float:
    """Of processor time, the shorter of two."""
    taken = []
    for _ in range(2):
        began = time.process_time()
        PIPELINE.read(text, "fr")
        taken.append(time.process_time() - began)
    return min(taken)


def test_cards_are_proven_by_their_digit() -> None:
    number = "453201511283036"
    valid = number + luhn.calc_check_digit(number)
    grouped = " ".join(valid[at : at + 4] for at in range(0, 16, 4))
    assert "card" in kinds(f"payé avec {grouped} hier")


def test_scores_say_how_sure_each_finding_is() -> None:
    spans: list[Span] = detect("Mme Awa Barry, NISS 93.05.18-223.61", "fr")
    assert max(one.score for one in spans) == 1.0
    assert all(0 < one.score <= 1 for one in spans)
