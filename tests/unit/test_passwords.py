"""A password is compared as one reads it on the keyboard, whichever characters a machine sends for it."""

from __future__ import annotations

import unicodedata

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.auth.passwords import LONGEST, SHORTEST, check_password, hash_password, opaque
from gateway.clock import SystemEntropy
from vault.errors import InvalidInput

_TYPED = "l'été à Nîmes 12"
_DECOMPOSED = unicodedata.normalize("NFD", _TYPED)
_ENTROPY = SystemEntropy()


def _as_before(password: str) -> str:
    """What was stored when a password was hashed as it came."""
    kdf = Argon2id(salt=bytes(16), length=32, iterations=2, lanes=1, memory_cost=19 * 1024)
    return kdf.derive_phc_encoded(password.encode())


def test_the_two_ways_to_send_it_differ() -> None:
    assert _DECOMPOSED != _TYPED


@pytest.mark.parametrize("made", [_TYPED, _DECOMPOSED], ids=["composed", "decomposed"])
@pytest.mark.parametrize("typed", [_TYPED, _DECOMPOSED], ids=["composed", "decomposed"])
def test_an_accent_may_come_with_its_letter_or_behind_it(made: str, typed: str) -> None:
    assert check_password(hash_password(made, _ENTROPY), typed)


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2003", "\u3000"])
def test_every_kind_of_space_is_a_space(space: str) -> None:
    assert check_password(hash_password(_TYPED.replace(" ", space), _ENTROPY), _TYPED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Correct Horse Bat", "correct horse bat"),  # RFC 8265, 4.2.2: no case mapping
        ("\uff43orrect horse", "correct horse"),  # no width mapping
        ("\ufb01fteen horses", "fifteen horses"),  # NFC, not NFKC
        ("l'été à Nîmes 12", "l'ete a Nimes 12"),
    ],
)
def test_what_looks_different_is_different(one: str, other: str) -> None:
    assert not check_password(hash_password(one, _ENTROPY), other)


@pytest.mark.parametrize("password", [_TYPED, _DECOMPOSED, "deux\u00a0mots d'ici", "plain ascii words"])
def test_what_was_stored_as_it_came_goes_on_working_as_it_came(password: str) -> None:
    assert check_password(_as_before(password), password)
    assert not check_password(_as_before(password), password + "x")


def test_an_old_one_made_of_whole_letters_opens_to_either() -> None:
    assert check_password(_as_before(_TYPED), _DECOMPOSED)


def test_its_length_is_counted_in_what_one_sees() -> None:
    with pytest.raises(InvalidInput):
        hash_password(unicodedata.normalize("NFD", "é" * (SHORTEST - 1)), _ENTROPY)
    assert check_password(hash_password(unicodedata.normalize("NFD", "é" * LONGEST), _ENTROPY), "é" * LONGEST)


@pytest.mark.parametrize("char", ["\x00", "\n", "\x7f", "\u0085", "\ud800", "\uffff", "\u0378"])
def test_no_password_is_made_of_what_nobody_types(char: str) -> None:
    with pytest.raises(InvalidInput) as told:
        hash_password(f"long enough{char}words", _ENTROPY)
    assert told.value.field == "password"


def test_nobodys_password_is_never_right() -> None:
    assert not check_password(None, "nobody's password")


def test_the_form_that_is_compared_is_stable() -> None:
    assert opaque(opaque(_DECOMPOSED)) == opaque(_DECOMPOSED) == _TYPED
