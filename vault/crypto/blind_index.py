"""Blind indexes: find a record by an exact value without storing the value.

Each field has a key of its own, so that the same number in two fields gives unrelated tokens. Only for
values that are hard to guess in bulk, and only casework holds the key: a dump without it tells nothing, a
dump with it lets whoever holds it try values one by one.
"""

from __future__ import annotations

import hmac
from typing import Final

from vault.crypto.canonical import encode
from vault.crypto.unprintable import Unprintable

TOKEN_BYTES: Final = 32
_FIELD_LABEL: Final = "parefeu/blind-index/field/1"
_TOKEN_LABEL: Final = "parefeu/blind-index/token/1"


class BlindIndex(Unprintable):
    """Makes look-up tokens. key: 32 bytes, casework's."""

    __slots__ = ("_field_keys", "_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("a blind-index key is 32 bytes")
        self._key: Final = key
        self._field_keys: Final[dict[str, bytes]] = {}

    def token(self, field: str, normalised: str) -> bytes:
        """Return 32 bytes: HMAC-SHA256 of the value under the field's key.

        field: a name from code, never from a request. normalised: the value in its one spelling; the caller
        normalises, and two spellings are two tokens.
        """
        field_key = self._field_keys.get(field)
        if field_key is None:
            field_key = self._field_keys[field] = hmac.digest(self._key, encode(_FIELD_LABEL, field), "sha256")
        return hmac.digest(field_key, encode(_TOKEN_LABEL, normalised), "sha256")
