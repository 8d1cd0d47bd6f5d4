"""The model file that the name tagger reads, and the SHA-256 it must have. Written by `bench/tagger`."""

from typing import Final

FILE: Final = "names-1.bin"
DIGEST: Final = "b18119bc41a2a22941d58e0e754dddcdd017333a9c271355a8013e4542d87898"
