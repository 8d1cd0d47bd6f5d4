"""Pseudonyms: unrelated across domains, forgiving to type, strict about errors."""

from __future__ import annotations

import hmac

import pytest

from tests.unit.crypto.kit import ENTROPY
from vault.crypto.canonical import encode
from vault.errors import InvalidIdentifier
from vault.ids import CaseId
from vault.pseudonyms import (
    LOG,
    STATISTICS,
    DomainKind,
    Pseudonym,
    PseudonymDomain,
    PseudonymKeys,
    domain_of,
    parse_pseudonym,
)
from vault.pseudonyms.domains import LETTERS
from vault.pseudonyms.readable import ALPHABET
from vault.sensitive import Sensitive
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone

CARITAS, IOM = (domain_of(Zone.parse(f"partner:{name}")) for name in ("caritas", "iom"))
DOMAINS = [domain_of(CASEWORK), domain_of(FOLLOW_UP), domain_of(OVERSIGHT), CARITAS, IOM, LOG, STATISTICS]
KEYS = PseudonymKeys(Sensitive(bytes(range(32))))
CASE = CaseId(bytes(range(16)))


def test_a_case_has_one_name_per_domain_and_no_two_alike() -> None:
    tokens = {KEYS.token(domain, CASE).token for domain in DOMAINS}
    assert len(tokens) == len(DOMAINS)
    assert CASE.raw not in tokens
    assert all(KEYS.token(domain, CASE) == KEYS.token(domain, CASE) for domain in DOMAINS)


def test_another_root_gives_other_names() -> None:
    assert PseudonymKeys(Sensitive(bytes(32))).token(LOG, CASE) != KEYS.token(LOG, CASE)


def test_the_derivation_is_the_documented_one() -> None:
    key = hmac.digest(bytes(range(32)), encode("parefeu/pseudonym-domain/1", "partner:iom"), "sha256")
    expected = hmac.digest(key, encode("parefeu/pseudonym/1", CASE.raw), "sha256")[:16]
    assert KEYS.token(IOM, CASE).token == expected


def test_each_zone_has_its_domain() -> None:
    assert [(domain.letter, domain.name) for domain in DOMAINS] == [
        ("C", "casework"),
        ("F", "follow_up"),
        ("V", "oversight"),
        ("P", "partner:caritas"),
        ("P", "partner:iom"),
        ("L", "log"),
        ("S", "statistics"),
    ]


@pytest.mark.parametrize(("kind", "organisation"), [("partner", ""), ("partner", "X"), ("log", "iom")])
def test_a_domain_that_cannot_be_is_refused(kind: str, organisation: str) -> None:
    with pytest.raises(ValueError):
        PseudonymDomain(DomainKind(kind), organisation)


def test_keys_need_a_whole_root_and_do_not_show_it() -> None:
    with pytest.raises(ValueError):
        PseudonymKeys(Sensitive(b"short"))
    assert repr(KEYS) == "<PseudonymKeys>"


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_the_readable_form_reads_back(domain: PseudonymDomain) -> None:
    for token in (bytes(16), b"\xff" * 16, ENTROPY.bytes(16)):
        text = Pseudonym(domain, token).text
        assert len(text) == 35
        assert text.startswith(domain.letter + "-")
        assert parse_pseudonym(text, domain) == Pseudonym(domain, token)


def test_the_documented_example_reads() -> None:
    name = parse_pseudonym("F-0123-4567-89AB-CDEF-GHJK-MNPQ-RS7", domain_of(FOLLOW_UP))
    assert name.token.hex() == "0110c8531d0952d8d73e1194e95b5f19"


def test_typing_is_forgiven() -> None:
    for domain in (LOG, CARITAS):
        name = Pseudonym(domain, b"\x00\x44" * 8)
        text = name.text
        for typed in (
            text.lower(),
            text.replace("-", ""),
            text.replace("-", " "),
            "  " + text.replace("-", "\u2011") + "\u00a0",
            text[0] + text[1:].replace("0", "O").replace("1", "l"),
            text[0] + text[1:].replace("0", "o").replace("1", "I"),
        ):
            assert parse_pseudonym(typed, domain) == name
    assert parse_pseudonym("1" + Pseudonym(LOG, bytes(16)).text[1:], LOG).domain == LOG


def test_every_single_wrong_character_is_detected() -> None:
    plain = Pseudonym(CARITAS, ENTROPY.bytes(16)).text.replace("-", "")
    for place, right in enumerate(plain):
        for wrong in ALPHABET:
            if wrong != right:
                with pytest.raises(InvalidIdentifier):
                    parse_pseudonym(plain[:place] + wrong + plain[place + 1 :], CARITAS)


def test_every_exchange_of_two_characters_is_detected() -> None:
    """Neighbours as the requirement asks, and any other two as well, the domain's letter included."""
    for _ in range(2):
        plain = Pseudonym(CARITAS, ENTROPY.bytes(16)).text.replace("-", "")
        for first in range(len(plain)):
            for second in range(first + 1, len(plain)):
                if plain[first] != plain[second]:
                    swapped = list(plain)
                    swapped[first], swapped[second] = swapped[second], swapped[first]
                    with pytest.raises(InvalidIdentifier):
                        parse_pseudonym("".join(swapped), CARITAS)


def test_another_domains_letter_is_refused_even_with_a_fitting_check() -> None:
    for domain in DOMAINS:
        for expected in DOMAINS:
            if domain.letter != expected.letter:
                with pytest.raises(InvalidIdentifier):
                    parse_pseudonym(Pseudonym(domain, b"t" * 16).text, expected)


def test_one_token_has_one_spelling() -> None:
    """27 characters carry 130 bits of token; the two in front must be zero."""
    for first in ALPHABET[8:]:
        body = first + "0" * 25
        for check in ALPHABET:
            with pytest.raises(InvalidIdentifier):
                parse_pseudonym(f"F{body}{check}", domain_of(FOLLOW_UP))


@pytest.mark.parametrize(
    "text", ["", "F", "F-" + "0" * 26, "F-" + "U" * 27, "F-" + "\u0131" * 27, "F" * 1000, "é" * 28]
)
def test_what_is_no_pseudonym_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        parse_pseudonym(text, domain_of(FOLLOW_UP))


@pytest.mark.parametrize("token", [b"", bytes(15), bytes(17)])
def test_a_token_has_sixteen_bytes(token: bytes) -> None:
    with pytest.raises(InvalidIdentifier):
        Pseudonym(LOG, token)


def test_letters_are_distinct_and_readable() -> None:
    values = [1 if letter == "L" else ALPHABET.index(letter) for letter in LETTERS.values()]
    assert len(set(values)) == len(DomainKind)
