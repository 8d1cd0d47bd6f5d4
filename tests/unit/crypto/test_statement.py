"""Signed statements between zones: about one thing, from one sender, and never in place of another."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.crypto.kit import LATER, NOW, signer
from vault.crypto.statement import ErasureStatement, ReceiptStatement, WithdrawalStatement
from vault.errors import EnvelopeRejected
from vault.ids import EntryId, ErasureId, ReleaseId
from vault.vocabulary import CASEWORK, Zone

CARITAS, FEDASIL = Zone.parse("partner:caritas"), Zone.parse("partner:fedasil")
WITHDRAWAL = WithdrawalStatement(b"c" * 16, ReleaseId(b"r" * 16), CARITAS, CASEWORK, NOW, LATER, EntryId(b"e" * 16))
RECEIPT = ReceiptStatement(b"c" * 16, ReleaseId(b"r" * 16), CASEWORK, CARITAS, "deleted", NOW, EntryId(b"e" * 16))
ERASURE = ErasureStatement(
    b"c" * 16, ErasureId(b"r" * 16), CASEWORK, "approved", "", "person_asks", NOW, LATER, EntryId(b"e" * 16)
)
Statement = WithdrawalStatement | ReceiptStatement | ErasureStatement
ALL = pytest.mark.parametrize("statement", [WITHDRAWAL, RECEIPT, ERASURE], ids=["withdrawal", "receipt", "erasure"])


def another(value: Any) -> Any:
    if isinstance(value, Zone):
        return FEDASIL
    if isinstance(value, bytes):
        return b"x" * 16
    if isinstance(value, str):
        return "kept_by_law"
    return value + timedelta(microseconds=1) if value in (NOW, LATER) else type(value)(b"x" * 16)


@ALL
def test_a_statement_is_its_senders_and_every_field_matters(statement: Statement) -> None:
    key = signer("casework")
    signature = statement.sign(key)
    statement.verify(signature, key.public)
    with pytest.raises(EnvelopeRejected):
        statement.verify(signature, signer("another").public)
    for field in fields(statement):
        changes = {field.name: another(getattr(statement, field.name))}
        with pytest.raises(EnvelopeRejected):
            replace(statement, **changes).verify(signature, key.public)


@ALL
def test_any_changed_byte_of_the_signature_is_refused(statement: Statement) -> None:
    key = signer("casework")
    signature = statement.sign(key)
    for position in range(0, len(signature), 97):
        changed = bytearray(signature)
        changed[position] ^= 1
        with pytest.raises(EnvelopeRejected):
            statement.verify(bytes(changed), key.public)
    for cut in (b"", signature[:-1], signature + b"\0"):
        with pytest.raises(EnvelopeRejected):
            statement.verify(cut, key.public)


def test_one_statement_does_not_stand_in_for_the_other_or_for_a_release() -> None:
    """The same bytes signed as something else: the context of the signature keeps them apart."""
    key = signer("casework")
    for context in ("release", "withdrawal receipt", "zone directory"):
        with pytest.raises(EnvelopeRejected):
            WITHDRAWAL.verify(key.sign(WITHDRAWAL.canonical(), context), key.public)
    for context in ("release", "withdrawal"):
        with pytest.raises(EnvelopeRejected):
            RECEIPT.verify(key.sign(RECEIPT.canonical(), context), key.public)
    for context in ("release", "withdrawal", "withdrawal receipt", "access answer"):
        with pytest.raises(EnvelopeRejected):
            ERASURE.verify(key.sign(ERASURE.canonical(), context), key.public)


def test_what_was_asked_is_no_yes_to_it() -> None:
    key = signer("oversight")
    asked = replace(ERASURE, said="asked")
    with pytest.raises(EnvelopeRejected):
        ERASURE.verify(asked.sign(key), key.public)


def test_a_case_is_named_by_sixteen_bytes() -> None:
    for statement in (WITHDRAWAL, RECEIPT):
        with pytest.raises(ValueError):
            replace(statement, case=b"short")
