"""Builds one AES-GCM ciphertext that opens under two keys, as two texts.

GCM's tag is linear in each ciphertext block over GF(2^128), so one free block can be solved for such that
one tag fits both keys. Source: Dodis, Grubbs, Ristenpart, Woodage, CRYPTO 2018, section 3.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

BLOCK = 16


def _block(key: bytes, text: bytes) -> int:
    return int.from_bytes(Cipher(AES(key), ECB()).encryptor().update(text), "big")


def _times(left: int, right: int) -> int:
    """Multiplication in GCM's field, bit 0 leftmost. Source: NIST SP 800-38D, 6.3."""
    total = 0
    for bit in range(127, -1, -1):
        if left >> bit & 1:
            total ^= right
        right = right >> 1 ^ (0xE1 << 120 if right & 1 else 0)
    return total


def _power(value: int, exponent: int) -> int:
    result = 1 << 127
    while exponent:
        if exponent & 1:
            result = _times(result, value)
        value, exponent = _times(value, value), exponent >> 1
    return result


def _blocks(data: bytes) -> list[int]:
    filled = data + bytes(-len(data) % BLOCK)
    return [int.from_bytes(filled[i : i + BLOCK], "big") for i in range(0, len(filled), BLOCK)]


def keystream(key: bytes, nonce: bytes, blocks: int) -> bytes:
    counters = (nonce + (2 + i).to_bytes(4, "big") for i in range(blocks))
    return b"".join(_block(key, counter).to_bytes(BLOCK, "big") for counter in counters)


def open_under_both(
    first: bytes, second: bytes, nonce: bytes, aads: tuple[bytes, bytes], body: bytes, free: int
) -> bytes:
    """Return ciphertext and tag valid under both keys. body: whole blocks; block number `free` is replaced.

    aads: the associated data for each key.
    """
    blocks = _blocks(body)
    blocks[free] = 0
    constants, factors = 0, 0
    for key, aad in zip((first, second), aads, strict=True):
        h = _block(key, bytes(BLOCK))
        sequence = [*_blocks(aad), *blocks, len(aad) * 8 << 64 | len(body) * 8]
        tag = 0
        for value in sequence:
            tag = _times(tag ^ value, h)
        constants ^= tag ^ _block(key, nonce + (1).to_bytes(4, "big"))
        factors ^= _power(h, len(blocks) - free + 1)
    blocks[free] = _times(constants, _power(factors, (1 << 128) - 2))
    ciphertext = b"".join(value.to_bytes(BLOCK, "big") for value in blocks)
    h, tag = _block(first, bytes(BLOCK)), 0
    for value in [*_blocks(aads[0]), *blocks, len(aads[0]) * 8 << 64 | len(body) * 8]:
        tag = _times(tag ^ value, h)
    return ciphertext + (tag ^ _block(first, nonce + (1).to_bytes(4, "big"))).to_bytes(BLOCK, "big")
