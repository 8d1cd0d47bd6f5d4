"""The model file that the name tagger reads, and the SHA-256 it must have. Written by `bench/tagger`."""

from typing import Final

FILE: Final = "names-1.bin"
DIGEST: Final = "8689f069d71fb48d41ca363bc8892fe749a946dab7ec6b7ed10bbe1532427c10"
