"""Known names that are spelt out, or torn by a blank: found; and what only looks like it: left."""

from __future__ import annotations

import pytest

from vault.freetext import KnownIdentities, KnownPerson, TokenMap, pseudonymise
from vault.freetext.folding import fold
from vault.freetext.names import Named, NameFinder
from vault.freetext.spelt_out import SpeltOut

KNOWN = KnownIdentities(
    people=(
        KnownPerson("1", "Diallo", "Aminata", ("Mimi",)),
        KnownPerson("2", "Bah", "Lamine"),
        KnownPerson("3", "El Mansouri", "Noé"),
    )
)


def _stored(text: str) -> str:
    return pseudonymise(text, KNOWN, TokenMap(), "fr").text


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Ça s'écrit D I A L L O.", "Ça s'écrit [PERSONNE-1]."),
        ("Ça s'écrit d i a l l o.", "Ça s'écrit [PERSONNE-1]."),
        ("Ça s'écrit D.I.A.L.L.O.", "Ça s'écrit [PERSONNE-1]."),
        ("Ça s'écrit D-I-A-L-L-O.", "Ça s'écrit [PERSONNE-1]."),
        ("Ça s'écrit D, I, A, L, L, O, dit-elle.", "Ça s'écrit [PERSONNE-1], dit-elle."),
        ("Ça s'écrit D / I / A / L / L / O.", "Ça s'écrit [PERSONNE-1]."),
        ("D I A\nL L O", "[PERSONNE-1]"),
        ("Il y a D I A L L O et d'autres.", "Il y a [PERSONNE-1] et d'autres."),
        ("A M I N A T A D I A L L O", "[PERSONNE-1]"),
        ("D\u202fI\u202fA\u202fL\u202fL\u202fO", "[PERSONNE-1]"),
        ("Ｄ Ｉ Ａ Ｌ Ｌ Ｏ", "[PERSONNE-1]"),
        ("N O É", "[PERSONNE-1]"),
        ("B A H", "[PERSONNE-1]"),
        ("E L M A N S O U R I", "[PERSONNE-1]"),
        ("Mme Dia llo est venue.", "Mme [PERSONNE-1] est venue."),
        ("Ami nata est venue.", "[PERSONNE-1] est venue."),
        ("Aminata Dia\nllo est venue.", "[PERSONNE-1] est venue."),
    ],
)
def test_spelt_out_and_torn_names_are_replaced(written: str, stored: str) -> None:
    assert _stored(written) == stored


@pytest.mark.parametrize(
    "text",
    [
        "Points a, b et c ; x y z.",
        "Il y a à B A H I A une sœur.",  # three letters among others
        "Di allonge la liste.",
        "M. I. M. est absent.",
        "Dia  llo",  # two blanks: two words
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert _stored(text) == text


def test_a_name_of_several_people_says_so() -> None:
    names = NameFinder([Named("1", "Diallo", "Aminata"), Named("2", "Diallo", "Mamadou")])
    [found] = SpeltOut(names).search(fold("D I A L L O"))
    assert (found.start, found.end, found.person, set(found.same_as)) == (0, 11, None, {"1", "2"})


def test_nobody_known_finds_nothing() -> None:
    assert list(SpeltOut(NameFinder([])).search(fold("D I A L L O Dia llo"))) == []


def test_two_words_that_anybody_writes_are_no_name() -> None:
    names = NameFinder([Named("1", "Pardon", "Aminata")])
    text = fold("Il y a par don et par D O N.")
    assert [found.start for found in SpeltOut(names).search(text)] == [7]
    assert list(SpeltOut(names, {"par", "don"}.__contains__).search(text)) == []


def test_a_note_of_nothing_but_letters_is_looked_through() -> None:
    """As long as a note may be, and nothing in it: each place is looked at once for each length of a name."""
    assert list(SpeltOut(NameFinder([Named("1", "Diallo", "Aminata")])).search(fold("d i a l l " * 13_000))) == []
