"""Vectors of sealed files: made by the vault, read by it, and read and made again by a decoder of its own."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from tests.vectors import independent, make_attachment
from vault.crypto.chunked import ChunkCipher, ChunkContext, count_of, padded_size
from vault.ids import KeyId
from vault.vocabulary import Compartment

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("attachment.json").read_text())
raw = independent.raw
each = pytest.mark.parametrize("v", VECTORS["files"], ids=lambda v: f"{v['size']}-{v['exponent']}")


def test_the_script_still_makes_the_published_file() -> None:
    assert make_attachment.document() == VECTORS


@each
def test_the_vault_reads_its_vectors(v: dict[str, Any]) -> None:
    context = ChunkContext(Compartment(v["compartment"]), raw(v, "case"), raw(v, "attachment"), KeyId(raw(v, "key")))
    assert context.canonical(v["exponent"]) == raw(v, "context") == independent.attachment_context(v)
    assert padded_size(v["size"]) == independent.padded_length(v["size"])
    cipher = ChunkCipher(raw(v, "data_key"), context, raw(v, "header"))
    chunks = [bytes.fromhex(one) for one in v["chunks"] or ()]
    if not chunks:
        chunks = independent.seal_attachment(v, make_attachment.pattern(v["size"]))
    assert len(chunks) == count_of(v["size"], v["exponent"])
    assert [sha256(chunk).hexdigest() for chunk in chunks] == v["digests"]
    opened = b"".join(cipher.open(number, chunk, v["size"]) for number, chunk in enumerate(chunks))
    assert opened == make_attachment.pattern(v["size"])


@each
def test_another_program_reads_and_makes_them(v: dict[str, Any]) -> None:
    content = make_attachment.pattern(v["size"])
    assert [sha256(chunk).hexdigest() for chunk in independent.seal_attachment(v, content)] == v["digests"]
    if v["chunks"] is not None:
        assert independent.open_attachment(v) == content


def test_the_other_program_refuses_a_changed_vector() -> None:
    """Otherwise its agreement would prove nothing."""
    v = next(v for v in VECTORS["files"] if v["chunks"] is not None and len(v["chunks"]) > 2)
    swapped = [v["chunks"][1], v["chunks"][0], *v["chunks"][2:]]
    for changed in ({"chunks": swapped}, {"size": v["size"] - 1}, {"chunks": [*v["chunks"][:-1], v["chunks"][0]]}):
        with pytest.raises((InvalidTag, AssertionError)):
            independent.open_attachment(v | changed)
    with pytest.raises(AssertionError):
        independent.open_attachment(v | {"compartment": "audit"})
