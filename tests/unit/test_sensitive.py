"""Plaintext and keys never print, copy or serialise themselves."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import pytest

from vault.cases.people import Contact, Identity, Person
from vault.sensitive import Sensitive

SECRET = "rue des Tilleuls 14"


def test_it_shows_nothing_wherever_it_is_printed(caplog: pytest.LogCaptureFixture) -> None:
    value = Sensitive(SECRET)
    logging.getLogger("test").warning("value %s %r", value, value)
    for text in (repr(value), str(value), f"{value}", f"{value!s}", f"{value:>40}", f"{[value]}", caplog.text):
        assert SECRET not in text
    assert value.expose() == SECRET


def test_it_is_not_pickled_copied_compared_or_hashed() -> None:
    value = Sensitive(SECRET)
    for act in (pickle.dumps, copy.copy, copy.deepcopy, hash, lambda v: v == Sensitive(SECRET), json.dumps):
        with pytest.raises(TypeError) as refused:
            act(value)
        assert SECRET not in str(refused.value)


def test_it_has_no_attribute_that_could_be_listed() -> None:
    with pytest.raises(TypeError):
        vars(Sensitive(SECRET))


def test_the_people_of_a_case_do_not_print_themselves() -> None:
    person = Person("Diallo", "Aminata", aliases=("Mimi",), national_number="93051822361")
    for value in (person, Identity((person,), "8123456"), Contact(address=SECRET, phone="0499")):
        assert not any(secret in repr(value) for secret in ("Diallo", "Mimi", "9305", "8123456", SECRET, "0499"))
