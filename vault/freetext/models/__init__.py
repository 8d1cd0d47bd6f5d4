"""The model file that the name tagger reads, and the SHA-256 it must have. Written by `bench/tagger`."""

from typing import Final

FILE: Final = "names-1.bin"
DIGEST: Final = "6b8f5fdafecf15f641c6c0921c484148379ebe6d96a93ba2cba7489877468591"
