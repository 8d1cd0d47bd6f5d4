"""A file sealed in chunks: written and read piece by piece, so that nobody holds the whole of it.

    header   01 ‖ e ‖ salt 32 ‖ commitment 32            chunks hold 2^e bytes; e is 16 in what is written here
    chunk i  AES-256-GCM(file key, nonce = 0⁷ ‖ i ‖ last, associated data = context, i, and at the end count and size)

The file key hangs on 256 fresh random bits and the context, as a record's does. Each chunk says where it stands in its
nonce and in what is authenticated beside it, the last one also that it is the last, of how many, and how long the file
is: a chunk that is moved, repeated, left out or cut off does not open. The file is padded to a record's buckets, so
that its length tells little. Byte-exact: docs/formats/attachment.md. After the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015.

    header = begin(data_key, context, entropy)
    cipher = ChunkCipher(data_key, context, header)
    sealed = [cipher.seal(0, first), cipher.seal_last(1, last, size)]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.crypto.canonical import encode
from vault.crypto.committing import COMMITMENT_BYTES, SALT_BYTES, TAG_BYTES, derive
from vault.crypto.padding import bucket
from vault.crypto.unprintable import Unprintable
from vault.errors import RecordTampered, UnsupportedFormat
from vault.ids import ID_BYTES, KeyId
from vault.ports import Entropy
from vault.vocabulary import Compartment

FORMAT: Final = 1
#: 64 KiB: small beside memory, large beside a tag and a row.
CHUNK_EXPONENT: Final = 16
CHUNK_BYTES: Final = 1 << CHUNK_EXPONENT
HEADER_BYTES: Final = 2 + SALT_BYTES + COMMITMENT_BYTES
#: 2^20 chunks of 64 KiB are 64 GiB under one key, far below what GCM bears (NIST SP 800-38D, 5.2.1.1 and 8.3).
MOST_CHUNKS: Final = 1 << 20

_EXPONENTS: Final = range(8, 21)
_LABEL: Final = "parefeu/attachment"
_CHUNK_LABEL: Final = "parefeu/attachment/chunk"
_COMMITMENT_AT: Final = 2 + SALT_BYTES


@dataclass(frozen=True, slots=True)
class ChunkContext:
    """Where a sealed file stands. case, attachment: 16 bytes each. key: which data key."""

    compartment: Compartment
    case: bytes
    attachment: bytes
    key: KeyId

    def __post_init__(self) -> None:
        if len(self.case) != ID_BYTES or len(self.attachment) != ID_BYTES:
            raise ValueError("case and attachment are 16 bytes each")

    def canonical(self, exponent: int = CHUNK_EXPONENT) -> bytes:
        """The bytes bound into the file key."""
        return encode(_LABEL, FORMAT, exponent, self.compartment, self.case, self.attachment, self.key.raw)


def begin(data_key: bytes, context: ChunkContext, entropy: Entropy, *, exponent: int = CHUNK_EXPONENT) -> bytes:
    """Return a fresh header, 66 bytes, for one file. data_key: 32 bytes."""
    salt = entropy.bytes(SALT_BYTES)
    _, commitment = derive(data_key, salt, context.canonical(exponent))
    return bytes((FORMAT, exponent)) + salt + commitment


def padded_size(size: int) -> int:
    """Bytes that a file of `size` bytes fills: the bucket of a record's text of that length."""
    return bucket(size)


def count_of(size: int, exponent: int = CHUNK_EXPONENT) -> int:
    """How many chunks a file of `size` bytes has."""
    return -(-padded_size(size) >> exponent)


class ChunkCipher(Unprintable):
    """Seals and opens the chunks of one file, in any order."""

    __slots__ = ("_canonical", "_cipher", "chunk_bytes", "exponent")

    def __init__(self, data_key: bytes, context: ChunkContext, header: bytes) -> None:
        """Raises RecordTampered if the header was not made with this key in this context, UnsupportedFormat."""
        if len(header) != HEADER_BYTES:
            raise RecordTampered("a header of another length")
        if header[0] != FORMAT or header[1] not in _EXPONENTS:
            raise UnsupportedFormat(f"attachment format {header[0]}, exponent {header[1]} is not known")
        self.exponent: Final = header[1]
        self.chunk_bytes: Final = 1 << header[1]
        self._canonical: Final = context.canonical(header[1])
        file_key, commitment = derive(data_key, header[2:_COMMITMENT_AT], self._canonical)
        if not compare_digest(commitment, header[_COMMITMENT_AT:]):
            raise RecordTampered("does not open with this key in this context")
        self._cipher: Final = AESGCM(file_key)

    def seal(self, number: int, chunk: bytes) -> bytes:
        """A chunk that is not the last: full. number: from 0."""
        if len(chunk) != self.chunk_bytes:
            raise ValueError("every chunk but the last is full")
        return self._cipher.encrypt(_nonce(number, last=False), chunk, self._data(number, None, None))

    def seal_last(self, number: int, chunk: bytes, size: int) -> bytes:
        """The last chunk of a file of `size` bytes. Raises ValueError unless the chunk is as long as that makes it."""
        count = self._last_of(size)
        if number != count - 1 or len(chunk) != padded_size(size) - number * self.chunk_bytes:
            raise ValueError("the last chunk is not the one that this size makes")
        return self._cipher.encrypt(_nonce(number, last=True), chunk, self._data(number, count, size))

    def open(self, number: int, sealed: bytes, size: int) -> bytes:
        """Return what chunk `number` holds of a file of `size` bytes: its padding is checked and taken off.

        Raises RecordTampered for a chunk of another place or file, a changed one, or a `size` that is not the file's
        (which shows at its last chunk at the latest).
        """
        count = self._last_of(size)
        last = number == count - 1
        expected = padded_size(size) - number * self.chunk_bytes if last else self.chunk_bytes
        if not 0 <= number < count or len(sealed) != expected + TAG_BYTES:
            raise RecordTampered("no chunk of this file")
        data = self._data(number, count, size) if last else self._data(number, None, None)
        try:
            chunk = self._cipher.decrypt(_nonce(number, last=last), sealed, data)
        except InvalidTag:
            raise RecordTampered("the chunk does not open in this place") from None
        wanted = min(max(size - number * self.chunk_bytes, 0), len(chunk))
        if chunk[wanted:].strip(b"\0"):
            raise RecordTampered("the padding is not what this format makes")
        return chunk[:wanted]

    def _last_of(self, size: int) -> int:
        if size < 0 or (count := count_of(size, self.exponent)) > MOST_CHUNKS:
            raise RecordTampered("no size of a file")
        return count

    def _data(self, number: int, count: int | None, size: int | None) -> bytes:
        """What is authenticated beside a chunk; the context first."""
        return encode(_CHUNK_LABEL, self._canonical, number, count, size)


class Splitter:
    """Cuts what arrives in pieces of any length into full chunks, and pads the end.

    Holds less than two chunks. `feed` gives the chunks that are certainly not the last; `finish` all that remain, with
    the last one.
    """

    def __init__(self, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._chunk_bytes = chunk_bytes
        self._held = bytearray()
        self.size = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        self._held += piece
        self.size += len(piece)
        while len(self._held) > self._chunk_bytes:
            yield bytes(self._held[: self._chunk_bytes])
            del self._held[: self._chunk_bytes]

    def finish(self) -> Iterator[bytes]:
        """In order; the last one is not full unless the padded size says so."""
        remaining = padded_size(self.size) - (self.size - len(self._held))
        held = bytes(self._held)
        while remaining > 0:
            length = min(self._chunk_bytes, remaining)
            yield held[:length].ljust(length, b"\0")
            held, remaining = held[length:], remaining - length


def _nonce(number: int, *, last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4, "big") + bytes((last,))
