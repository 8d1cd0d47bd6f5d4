"""Sealed audit details: every zone writes them, oversight alone reads them.

An X-Wing seal per entry would cost half a request. So a lane (one writer) draws a chain seed, seals it once
per epoch to oversight by HPKE, and steps a ratchet for each entry:

    chain 0                      = the sealed seed, 32 random bytes
    key n ‖ chain n+1            = BLAKE2b-512(key = chain n, person = "parefeu/detail/1", no text), 32 bytes each
    sealed n                     = 01 ‖ nonce 12 ‖ AES-256-GCM(key n, padded text, context n) ‖ tag 16

Chain values are replaced as they are used: whoever takes over the process later learns the key of no entry
already written. The step is BLAKE2b in its keyed mode (RFC 7693, 2.9), a pseudorandom function at the price of
one hash call: 1.5 µs, where HMAC-SHA512 takes 7, more than the encryption.

A group of the database that is rolled back rewinds its lanes (`snapshot`, `restore`), and the numbers are
used again. The ciphertexts of the lost group may survive on disk, so nonces are random and never rewound:
two texts under one key never share a nonce.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.crypto.canonical import encode
from vault.crypto.hpke import SealingKeyPair, SealingPublicKey
from vault.crypto.padding import pad, unpad
from vault.crypto.unprintable import Unprintable
from vault.errors import RecordTampered, UnsupportedFormat
from vault.ids import ID_BYTES, EntryId
from vault.ports import Entropy

FORMAT: Final = 1
MOST_ENTRIES: Final = 1_000_000  # per epoch: ten minutes at 1,600 a second; bounds what a reader must step
LONGEST_LANE: Final = 64  # bytes

_CHAIN_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_NONCES_AT_ONCE: Final = 64
_OVERHEAD: Final = 1 + _NONCE_BYTES + 16
_STEP: Final = b"parefeu/detail/1"  # BLAKE2b's personalisation: exactly 16 bytes
_SEED_LABEL: Final = "parefeu/detail-seed/1"
_ENTRY_LABEL: Final = "parefeu/detail"
_VERSION_BYTE: Final = bytes([FORMAT])
# See record.py: `encode`'s form of number and entry id, laid out once; held equal by a test.
_TAIL: Final = struct.Struct(">5sq5s16s")
_INTEGER_HEAD: Final = b"\x03" + (8).to_bytes(4, "big")
_BYTES_HEAD: Final = b"\x01" + ID_BYTES.to_bytes(4, "big")


@dataclass(slots=True, eq=False, repr=False)
class LaneSnapshot(Unprintable):
    """A lane's place before a group. Drop it once the group is committed: it holds the chain value."""

    owner: object
    number: int
    chain: bytes


class DetailLane(Unprintable):
    """One writer's chain for one epoch. `sealed_key` is stored once, beside the details.

    Not for two threads or a forked child: each starts a lane of its own.
    """

    __slots__ = ("_chain", "_entropy", "_head", "_nonces", "_number", "_used", "sealed_key")

    def __init__(self, seed: bytes, sealed_key: bytes, head: bytes, entropy: Entropy) -> None:
        self.sealed_key: Final = sealed_key
        self._chain = seed
        self._number = 0
        self._head: Final = head
        self._entropy: Final = entropy
        self._nonces = b""
        self._used = 0

    @classmethod
    def start(cls, oversight: SealingPublicKey, lane: bytes, epoch: int, entropy: Entropy) -> DetailLane:
        """Begin a chain. lane: 1 to 64 bytes, the writer. epoch: the running number of the ten minutes."""
        info, head = _bindings(lane, epoch)
        seed = entropy.bytes(_CHAIN_BYTES)
        return cls(seed, oversight.seal(seed, info), head, entropy)

    @property
    def next_number(self) -> int:
        """The number the next entry must carry: counts from 0 within the epoch."""
        return self._number

    def seal(self, number: int, entry_id: EntryId, plaintext: bytes) -> bytes:
        """Return the detail of entry `entry_id`, the `number`-th of this chain, and step on.

        Raises ValueError unless `number` is `next_number`, or when the epoch is full.
        """
        if number != self._number or number >= MOST_ENTRIES:
            raise ValueError("details are sealed in order, at most a million per epoch")
        padded = pad(plaintext)
        start = self._used
        if start == len(self._nonces):
            # 64 at a time: a system call per entry would cost a sixth of the seal. Never goes back, see above.
            self._nonces, start = self._entropy.bytes(_NONCE_BYTES * _NONCES_AT_ONCE), 0
        self._used = start + _NONCE_BYTES
        nonce = self._nonces[start : start + _NONCE_BYTES]
        context = self._head + _TAIL.pack(_INTEGER_HEAD, number, _BYTES_HEAD, entry_id.raw)
        out = blake2b(key=self._chain, person=_STEP).digest()  # _step, in place
        sealed = AESGCM(out[:_CHAIN_BYTES]).encrypt(nonce, padded, context)
        self._chain = out[_CHAIN_BYTES:]
        self._number = number + 1
        return b"".join((_VERSION_BYTE, nonce, sealed))

    def skip(self) -> None:
        """Step on past an entry that has no detail of its own: numbers stay the entries' places in the chain."""
        if self._number >= MOST_ENTRIES:
            raise ValueError("details are sealed in order, at most a million per epoch")
        self._chain = _step(self._chain)[1]
        self._number += 1

    def snapshot(self) -> LaneSnapshot:
        return LaneSnapshot(self, self._number, self._chain)

    def restore(self, snapshot: LaneSnapshot) -> None:
        """Go back to `snapshot`, after the group that followed it was lost. Raises ValueError for another lane's."""
        if snapshot.owner is not self:
            raise ValueError("the snapshot is another lane's")
        self._number, self._chain = snapshot.number, snapshot.chain


class DetailReader(Unprintable):
    """Oversight's view of one chain. Reading in order costs one step per entry."""

    __slots__ = ("_chain", "_head", "_number", "_seed")

    def __init__(self, own: SealingKeyPair, lane: bytes, epoch: int, sealed_key: bytes) -> None:
        """Raises RecordTampered or UnsupportedFormat if the chain was not sealed to `own` for this lane and epoch."""
        info, self._head = _bindings(lane, epoch)
        self._seed: Final = own.open(sealed_key, info)
        if len(self._seed) != _CHAIN_BYTES:
            raise RecordTampered("the sealed chain is not one")
        self._number, self._chain = 0, self._seed

    def open(self, number: int, entry_id: EntryId, sealed: bytes) -> bytes:
        """Return one entry's detail. Raises RecordTampered, UnsupportedFormat."""
        if not 0 <= number < MOST_ENTRIES or len(sealed) < _OVERHEAD:
            raise RecordTampered("no detail of this chain")
        if sealed[0] != FORMAT:
            raise UnsupportedFormat(f"detail format {sealed[0]} is not known")
        if number < self._number:
            self._number, self._chain = 0, self._seed
        while self._number < number:
            self._chain = _step(self._chain)[1]
            self._number += 1
        key, _ = _step(self._chain)
        try:
            return unpad(
                AESGCM(key).decrypt(
                    sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], _context(self._head, number, entry_id)
                )
            )
        except InvalidTag:
            raise RecordTampered("the detail does not open in this place") from None


def open_detail(
    own: SealingKeyPair, lane: bytes, epoch: int, sealed_key: bytes, number: int, entry_id: EntryId, sealed: bytes
) -> bytes:
    """Return one detail, stepping from the chain's start. Raises RecordTampered, UnsupportedFormat.

    For many details of one chain use one DetailReader.
    """
    return DetailReader(own, lane, epoch, sealed_key).open(number, entry_id, sealed)


def commitment(salt: bytes, plaintext: bytes) -> bytes:
    """Return the 32 bytes that stand in the log for `plaintext`: HMAC-SHA256 under `salt`, 32 random bytes.

    Without the salt the text cannot be guessed from it; erasing salt and detail leaves nothing personal.
    """
    if len(salt) != 32:
        raise ValueError("a commitment's salt is 32 bytes")
    return hmac.digest(salt, plaintext, "sha256")


def _bindings(lane: bytes, epoch: int) -> tuple[bytes, bytes]:
    if not 1 <= len(lane) <= LONGEST_LANE:
        raise ValueError("a lane is named by 1 to 64 bytes")
    return encode(_SEED_LABEL, lane, epoch), encode(_ENTRY_LABEL, FORMAT, lane, epoch)


def _step(chain: bytes) -> tuple[bytes, bytes]:
    out = blake2b(key=chain, person=_STEP).digest()
    return out[:32], out[32:]


def _context(head: bytes, number: int, entry_id: EntryId) -> bytes:
    return head + _TAIL.pack(_INTEGER_HEAD, number, _BYTES_HEAD, entry_id.raw)
