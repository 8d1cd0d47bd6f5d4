"""Look-up tokens; what the package offers and what importing it costs."""

from __future__ import annotations

import doctest
import subprocess
import sys
from importlib import import_module

import pytest

import vault.crypto
from vault.crypto.blind_index import BlindIndex

INDEX = BlindIndex(bytes(range(32)))


def test_tokens_are_stable_and_differ_by_value_field_and_key() -> None:
    token = INDEX.token("ov_number", "8123456")
    assert len(token) == 32
    assert token == BlindIndex(bytes(range(32))).token("ov_number", "8123456")
    others = [INDEX.token("ov_number", "8123457"), INDEX.token("niss", "8123456")]
    others.append(BlindIndex(bytes(32)).token("ov_number", "8123456"))
    assert len({token, *others}) == 4


def test_field_and_value_do_not_run_together() -> None:
    assert INDEX.token("ab", "c") != INDEX.token("a", "bc")


def test_an_index_needs_a_whole_key_and_does_not_show_it() -> None:
    with pytest.raises(ValueError):
        BlindIndex(b"short")
    assert repr(INDEX) == "<BlindIndex>"


@pytest.mark.parametrize("name", vault.crypto.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(vault.crypto, name) is not None


def test_an_unknown_name_is_unknown() -> None:
    with pytest.raises(AttributeError):
        _ = vault.crypto.no_such_name


def test_importing_the_package_loads_no_cryptographic_library() -> None:
    script = "import sys, vault.crypto; raise SystemExit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("module", ["vault.crypto.canonical", "vault.crypto.padding", "vault.pseudonyms.domains"])
def test_examples_in_docstrings_are_true(module: str) -> None:
    failed, tried = doctest.testmod(import_module(module))
    assert failed == 0
    assert tried > 0
