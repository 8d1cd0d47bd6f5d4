"""Makes `attachment.json`, our published vectors: ./run python -m tests.vectors.make_attachment > FILE

Everything comes out alike in every run (entropy is SHAKE256 of a seed). Of the file with chunks of 64 KiB only the
digests stand there: whoever seals the pattern finds the same.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from typing import Any

from tests.unit.crypto.kit import SeededEntropy
from vault.crypto.chunked import ChunkCipher, ChunkContext, Splitter, begin
from vault.ids import KeyId
from vault.vocabulary import Compartment

#: Exponent and size: below, at and above a bucket; below, at and above a chunk; three chunks; one of real size.
CASES = ((8, 0), (8, 1), (8, 252), (8, 253), (8, 256), (8, 512), (8, 700), (9, 1000), (16, 70_000))
_WHOLE = 2_000  # bytes; of larger files the digests alone are published


def pattern(size: int) -> bytes:
    """The file's bytes: byte i is the low byte of i * i + 3 * i + 7."""
    return bytes((i * i + 3 * i + 7) & 0xFF for i in range(size))


def files() -> list[dict[str, Any]]:
    made = []
    for number, (exponent, size) in enumerate(CASES):
        entropy = SeededEntropy(f"attachment {number}")
        data_key, case, attachment, key = (entropy.bytes(length) for length in (32, 16, 16, 16))
        compartment = list(Compartment)[number % 7]
        context = ChunkContext(compartment, case, attachment, KeyId(key))
        header = begin(data_key, context, entropy, exponent=exponent)
        cipher, splitter = ChunkCipher(data_key, context, header), Splitter(1 << exponent)
        chunks = [*splitter.feed(pattern(size)), *splitter.finish()]
        sealed = [cipher.seal(place, chunk) for place, chunk in enumerate(chunks[:-1])]
        sealed.append(cipher.seal_last(len(chunks) - 1, chunks[-1], size))
        made.append(
            {
                "data_key": data_key.hex(),
                "compartment": str(compartment),
                "case": case.hex(),
                "attachment": attachment.hex(),
                "key": key.hex(),
                "exponent": exponent,
                "size": size,
                "context": context.canonical(exponent).hex(),
                "header": header.hex(),
                "chunks": [one.hex() for one in sealed] if size <= _WHOLE else None,
                "digests": [sha256(one).hexdigest() for one in sealed],
            }
        )
    return made


def document() -> dict[str, Any]:
    return {
        "format": "parefeu-vectors-1",
        "specification": "docs/formats/attachment.md",
        "pattern": "byte i is the low byte of i * i + 3 * i + 7",
        "files": files(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1) + "\n")
