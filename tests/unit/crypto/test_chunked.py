"""Files in chunks: each opens in its place, and in no other; nothing can be left out, added or cut off."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from gateway.clock import SystemEntropy
from tests.unit.crypto.kit import SeededEntropy
from vault.crypto.chunked import (
    CHUNK_BYTES,
    HEADER_BYTES,
    ChunkCipher,
    ChunkContext,
    Splitter,
    begin,
    count_of,
    padded_size,
)
from vault.crypto.padding import bucket
from vault.errors import RecordTampered, UnsupportedFormat
from vault.ids import KeyId
from vault.vocabulary import Compartment

KEY: Final = b"k" * 32
CONTEXT: Final = ChunkContext(Compartment.SENSITIVE, b"c" * 16, b"a" * 16, KeyId(b"i" * 16))
SIZES: Final = (0, 1, 252, 253, 65_531, 65_532, 65_536, 65_537, 131_072, 200_000)


def sealed(content: bytes, *, context: ChunkContext = CONTEXT, key: bytes = KEY, seed: str = "one") -> Sealed:
    header = begin(key, context, SeededEntropy(seed))
    cipher, splitter = ChunkCipher(key, context, header), Splitter()
    chunks = [*splitter.feed(content), *splitter.finish()]
    done = [cipher.seal(number, chunk) for number, chunk in enumerate(chunks[:-1])]
    return header, [*done, cipher.seal_last(len(chunks) - 1, chunks[-1], len(content))]


Sealed = tuple[bytes, list[bytes]]


def opened(stored: Sealed, size: int, *, context: ChunkContext = CONTEXT, key: bytes = KEY) -> bytes:
    cipher = ChunkCipher(key, context, stored[0])
    if len(stored[1]) != count_of(size):
        raise RecordTampered("another number of chunks")
    return b"".join(cipher.open(number, chunk, size) for number, chunk in enumerate(stored[1]))


@pytest.mark.parametrize("size", SIZES)
def test_open_undoes_seal(size: int) -> None:
    content = SystemEntropy().bytes(size) if size else b""
    stored = sealed(content)
    assert len(stored[0]) == HEADER_BYTES
    assert opened(stored, size) == content
    assert sum(map(len, stored[1])) == padded_size(size) + 16 * len(stored[1])


def test_lengths_fall_into_a_records_buckets() -> None:
    assert [padded_size(size) for size in SIZES] == [bucket(size) for size in SIZES]
    assert padded_size(1) == padded_size(252) == 256


def test_no_piece_is_larger_than_a_chunk_however_it_arrives() -> None:
    content = bytes(range(256)) * 1000
    for step in (1_000, 65_536, 70_000, len(content)):
        splitter = Splitter()
        chunks: list[bytes] = []
        for start in range(0, len(content), step):
            chunks += splitter.feed(content[start : start + step])
            assert len(splitter._held) <= CHUNK_BYTES
        chunks += splitter.finish()
        assert all(len(chunk) == CHUNK_BYTES for chunk in chunks[:-1])
        assert 0 < len(chunks[-1]) <= CHUNK_BYTES
        assert b"".join(chunks).rstrip(b"\0") == content.rstrip(b"\0")
        assert len(b"".join(chunks)) == padded_size(len(content))


def test_chunks_that_are_moved_repeated_left_out_or_cut_off_do_not_open() -> None:
    content = b"x" * 300_000
    header, chunks = sealed(content)
    size = len(content)
    assert len(chunks) == 5
    for changed in (
        [chunks[1], chunks[0], *chunks[2:]],
        [chunks[0], chunks[0], *chunks[2:]],
        chunks[1:],
        [*chunks, chunks[-1]],
        [*chunks[:-2], chunks[-1]],
    ):
        with pytest.raises(RecordTampered):
            opened((header, changed), size)
    for shorter in (CHUNK_BYTES * 2, CHUNK_BYTES, 4 * CHUNK_BYTES - 20_000):
        """Cut off, with a size that hides it: the chunk that would be last was not sealed as the last."""
        with pytest.raises(RecordTampered):
            opened((header, chunks[: count_of(shorter)]), shorter)


def test_a_size_that_is_not_the_files_is_noticed_at_the_last_chunk() -> None:
    content = b"y" * 1000
    header, chunks = sealed(content)
    for size in (999, 1001, 1010, 0):
        assert size == 0 or padded_size(size) == padded_size(1000)
        with pytest.raises(RecordTampered):
            opened((header, chunks), size)


@pytest.mark.parametrize(
    "other",
    [
        replace(CONTEXT, compartment=Compartment.NARRATIVE), replace(CONTEXT, case=b"d" * 16),
        replace(CONTEXT, attachment=b"b" * 16), replace(CONTEXT, key=KeyId(b"j" * 16)),
    ],
    ids=["compartment", "case", "attachment", "key id"],
)  # fmt: skip
def test_a_file_does_not_open_elsewhere(other: ChunkContext) -> None:
    stored = sealed(b"z" * 500)
    with pytest.raises(RecordTampered):
        ChunkCipher(KEY, other, stored[0])
    with pytest.raises(RecordTampered):
        ChunkCipher(b"l" * 32, CONTEXT, stored[0])


def test_chunks_of_two_files_do_not_mix() -> None:
    """The same case, id and key: only the salt differs, as when one file is sent twice."""
    first, second = sealed(b"m" * 200_000), sealed(b"n" * 200_000, seed="two")
    with pytest.raises(RecordTampered):
        opened((first[0], [*first[1][:1], *second[1][1:]]), 200_000)


def test_any_changed_byte_of_the_header_is_noticed() -> None:
    header, _ = sealed(b"h")
    for place in range(HEADER_BYTES):
        changed = header[:place] + bytes([header[place] ^ 1]) + header[place + 1 :]
        with pytest.raises((RecordTampered, UnsupportedFormat)):
            ChunkCipher(KEY, CONTEXT, changed)
    for length in (0, HEADER_BYTES - 1, HEADER_BYTES + 1):
        with pytest.raises(RecordTampered):
            ChunkCipher(KEY, CONTEXT, header[:length].ljust(length, b"\0"))


def test_a_format_from_the_future_is_told_from_a_damaged_one() -> None:
    header, _ = sealed(b"f")
    for first, exponent in ((2, 16), (0, 16), (1, 7), (1, 21), (1, 255)):
        with pytest.raises(UnsupportedFormat):
            ChunkCipher(KEY, CONTEXT, bytes([first, exponent]) + header[2:])


def test_a_writer_cannot_seal_what_no_reader_would_open() -> None:
    cipher = ChunkCipher(KEY, CONTEXT, sealed(b"")[0])
    with pytest.raises(ValueError, match="full"):
        cipher.seal(0, b"short")
    with pytest.raises(ValueError, match="last"):
        cipher.seal_last(0, b"x" * 256, 70_000)
    with pytest.raises(ValueError, match="last"):
        cipher.seal_last(0, b"x" * 255, 10)


def test_padding_that_is_not_zeros_is_refused() -> None:
    """Whoever holds the key and hides something behind the end of a file is found out."""
    header = begin(KEY, CONTEXT, SeededEntropy("padding"))
    cipher = ChunkCipher(KEY, CONTEXT, header)
    hidden = cipher.seal_last(0, b"ab" + b"\0" * 200 + b"hidden" + b"\0" * 48, 2)
    with pytest.raises(RecordTampered):
        cipher.open(0, hidden, 2)


def test_two_keys_never_open_one_header() -> None:
    """The commitment: a header fits one key, so nobody builds one file that opens as two."""
    header, _ = sealed(b"c")
    for other in range(1, 50):
        with pytest.raises(RecordTampered):
            ChunkCipher(bytes([other]) * 32, CONTEXT, header)


def test_the_cipher_prints_nothing_and_is_not_copied() -> None:
    cipher = ChunkCipher(KEY, CONTEXT, sealed(b"")[0])
    assert repr(cipher) == "<ChunkCipher>"
    with pytest.raises(TypeError):
        cipher.__reduce__()


@pytest.mark.parametrize("length", [15, 17])
def test_ids_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        ChunkContext(Compartment.NARRATIVE, b"c" * length, b"a" * 16, KeyId(bytes(16)))
    with pytest.raises(ValueError, match="16 bytes"):
        ChunkContext(Compartment.NARRATIVE, b"c" * 16, b"a" * length, KeyId(bytes(16)))
