"""Whatever the file, however it arrives: it comes back; and whatever is changed in what is stored, it does not open."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.crypto.kit import SeededEntropy
from vault.crypto.chunked import ChunkCipher, ChunkContext, Splitter, begin, count_of, padded_size
from vault.errors import RecordTampered, UnsupportedFormat
from vault.ids import KeyId
from vault.vocabulary import Compartment

KEY: Final = b"k" * 32
CONTEXT: Final = ChunkContext(Compartment.NARRATIVE, b"c" * 16, b"a" * 16, KeyId(b"i" * 16))
#: Small chunks, so that small files have many.
EXPONENT: Final = 8
CONTENT: Final = st.binary(max_size=3000)


def sealed(content: bytes, seed: int = 0) -> tuple[bytes, list[bytes]]:
    header = begin(KEY, CONTEXT, SeededEntropy(str(seed)), exponent=EXPONENT)
    cipher, splitter = ChunkCipher(KEY, CONTEXT, header), Splitter(1 << EXPONENT)
    chunks = [*splitter.feed(content), *splitter.finish()]
    done = [cipher.seal(number, chunk) for number, chunk in enumerate(chunks[:-1])]
    return header, [*done, cipher.seal_last(len(chunks) - 1, chunks[-1], len(content))]


def opened(header: bytes, chunks: list[bytes], size: int) -> bytes:
    cipher = ChunkCipher(KEY, CONTEXT, header)
    if len(chunks) != count_of(size, EXPONENT):
        raise RecordTampered("another number of chunks")
    return b"".join(cipher.open(number, chunk, size) for number, chunk in enumerate(chunks))


@given(CONTENT)
def test_open_undoes_seal(content: bytes) -> None:
    header, chunks = sealed(content)
    assert opened(header, chunks, len(content)) == content
    assert sum(len(chunk) - 16 for chunk in chunks) == padded_size(len(content))


@given(CONTENT, st.lists(st.integers(1, 700), min_size=1, max_size=40))
def test_the_pieces_that_a_file_arrives_in_do_not_matter(content: bytes, lengths: list[int]) -> None:
    splitter, at, chunks = Splitter(1 << EXPONENT), 0, []
    turn = 0
    while at < len(content):
        step = lengths[turn % len(lengths)]
        chunks += splitter.feed(content[at : at + step])
        at, turn = at + step, turn + 1
    chunks += splitter.finish()
    whole = Splitter(1 << EXPONENT)
    assert chunks == [*whole.feed(content), *whole.finish()]


@settings(max_examples=200)
@given(CONTENT, st.data())
def test_any_changed_bit_is_noticed(content: bytes, data: Any) -> None:
    header, chunks = sealed(content)
    which = data.draw(st.integers(-1, len(chunks) - 1))
    target = header if which < 0 else chunks[which]
    place, bit = data.draw(st.integers(0, len(target) - 1)), data.draw(st.integers(0, 7))
    changed = target[:place] + bytes([target[place] ^ 1 << bit]) + target[place + 1 :]
    stored = (changed, chunks) if which < 0 else (header, [*chunks[:which], changed, *chunks[which + 1 :]])
    with pytest.raises((RecordTampered, UnsupportedFormat)):
        opened(*stored, len(content))


@settings(max_examples=200)
@given(st.binary(min_size=300, max_size=3000), st.data())
def test_any_other_order_number_or_choice_of_chunks_is_noticed(content: bytes, data: Any) -> None:
    header, chunks = sealed(content)
    _, strangers = sealed(content, seed=1)
    other = data.draw(st.lists(st.sampled_from([*chunks, *strangers]), max_size=len(chunks) + 2))
    assume(other != chunks)
    for size in {len(content), data.draw(st.integers(0, 3500))}:
        with pytest.raises(RecordTampered):
            opened(header, other, size)
