"""Our published vectors: made by the vault, read by it, and read by a decoder that shares no code with it."""

from __future__ import annotations

import ast
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import independent, make_sealed_record
from vault.crypto.blind_index import BlindIndex
from vault.crypto.detail import DetailReader, commitment
from vault.crypto.envelope import Release, ReleaseContext, open_release
from vault.crypto.hpke import SealingKeyPair
from vault.crypto.record import RecordContext, open_record
from vault.crypto.signing import VerifyKey
from vault.crypto.wrap import SymmetricWrapper, WrapContext
from vault.ids import CaseId, EntryId, KeyId, ReleaseId
from vault.pseudonyms import DomainKind, PseudonymDomain, PseudonymKeys, parse_pseudonym
from vault.sensitive import Sensitive
from vault.vocabulary import Compartment, Purpose, Zone

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("sealed_record.json").read_text())
raw = independent.raw


def test_the_independent_decoder_shares_no_code_with_the_vault() -> None:
    tree = ast.parse(Path(independent.__file__).read_text())
    roots = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
    }
    assert roots == {"__future__", "collections", "cryptography", "hashlib", "hmac", "typing"}


def test_the_script_still_makes_the_published_file() -> None:
    """All but what the library randomises: HPKE's encapsulation and ML-DSA's hedging."""
    made = make_sealed_record.document()
    for part in ("records", "wraps", "pseudonyms", "tokens"):
        assert made[part] == VECTORS[part], part
    assert made["details"]["entries"] == VECTORS["details"]["entries"]
    for fresh, published in zip(made["envelopes"], VECTORS["envelopes"], strict=True):
        assert {k: v for k, v in fresh.items() if k not in ("wrap", "signature")} == {
            k: v for k, v in published.items() if k not in ("wrap", "signature")
        }


@pytest.mark.parametrize("v", VECTORS["records"])
def test_records(v: dict[str, Any]) -> None:
    context = RecordContext(
        Compartment(v["compartment"]), raw(v, "case"), raw(v, "record"), v["version"], v["schema"], KeyId(raw(v, "key"))
    )
    assert context.canonical() == raw(v, "context") == independent.record_context(v)
    assert open_record(raw(v, "data_key"), context, raw(v, "sealed")) == raw(v, "plaintext")
    assert independent.open_record(raw(v, "data_key"), raw(v, "context"), raw(v, "sealed")) == raw(v, "plaintext")


@pytest.mark.parametrize("v", VECTORS["wraps"])
def test_wraps(v: dict[str, Any]) -> None:
    context = WrapContext(
        raw(v, "case"), Compartment(v["compartment"]), Zone.parse(v["reader"]), KeyId(raw(v, "key")), raw(v, "bound")
    )
    assert context.canonical() == raw(v, "context") == independent.wrap_context(v)
    assert SymmetricWrapper(raw(v, "wrapper")).unwrap(raw(v, "wrapped"), context) == raw(v, "data_key")
    assert independent.open_wrap(v) == raw(v, "data_key")


@pytest.mark.parametrize("v", VECTORS["envelopes"])
def test_envelopes(v: dict[str, Any]) -> None:
    since = v["expires_at_microseconds"]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    context = ReleaseContext(
        case=raw(v, "case"),
        compartment=Compartment(v["compartment"]),
        reader=Zone.parse(v["reader"]),
        sender=Zone.parse(v["sender"]),
        release=ReleaseId(raw(v, "release")),
        key=KeyId(raw(v, "key")),
        purpose=Purpose(v["purpose"]),
        decision=EntryId(raw(v, "decision")),
        policy_digest=raw(v, "policy_digest"),
        schema=v["schema"],
        expires_at=None if since is None else epoch + timedelta(microseconds=since),
    )
    assert context.canonical() == raw(v, "context") == independent.release_context(v)
    own = SealingKeyPair.from_secret(Sensitive(raw(v, "reader_secret")))
    assert own.public.raw == raw(v, "reader_public")
    opened = open_release(
        Release(raw(v, "sealed"), raw(v, "wrap"), raw(v, "signature")),
        context,
        own=own,
        sender=VerifyKey(raw(v, "sender_public")),
        now=datetime(2026, 3, 3, tzinfo=UTC),
    )
    assert opened == raw(v, "plaintext") == independent.open_envelope(v)


@pytest.mark.parametrize("v", VECTORS["pseudonyms"])
def test_pseudonyms(v: dict[str, Any]) -> None:
    kind, _, organisation = v["domain"].partition(":")
    domain = PseudonymDomain(DomainKind(kind), organisation)
    name = PseudonymKeys(Sensitive(raw(v, "root"))).token(domain, CaseId(raw(v, "case")))
    assert (name.token, name.text) == (raw(v, "token"), v["text"]) == independent.pseudonym(v)
    assert parse_pseudonym(v["text"], domain) == name


def test_details() -> None:
    v = VECTORS["details"]
    own = SealingKeyPair.from_secret(Sensitive(raw(v, "oversight_secret")))
    reader = DetailReader(own, raw(v, "lane"), v["epoch"], raw(v, "sealed_key"))
    expected = [raw(entry, "plaintext") for entry in v["entries"]]
    opened = [reader.open(e["number"], EntryId(raw(e, "entry")), raw(e, "sealed")) for e in v["entries"]]
    assert opened == expected == independent.open_details(v)


def test_tokens() -> None:
    blind, bound = VECTORS["tokens"]["blind_index"], VECTORS["tokens"]["commitment"]
    token = BlindIndex(raw(blind, "key")).token(blind["field"], blind["value"])
    assert token == raw(blind, "token") == independent.blind_token(blind)
    value = commitment(raw(bound, "salt"), raw(bound, "plaintext"))
    assert value == raw(bound, "value") == independent.mac(raw(bound, "salt"), raw(bound, "plaintext"))
