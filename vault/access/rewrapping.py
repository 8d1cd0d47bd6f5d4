"""Data keys from under an older generation of casework's wrapping key to under the present one.

The data key itself stays, and with it every record; nobody is shown one. No permit: nothing confided is opened.
"""

from __future__ import annotations

from typing import NamedTuple

from vault.crypto.wrap import SymmetricWrapper, WrapContext
from vault.errors import CryptoError, KeyringError
from vault.ids import KeyId
from vault.ports import Entropy
from vault.vocabulary import CASEWORK, Compartment


class Place(NamedTuple):
    """Where a data key belongs, as its row says."""

    case: bytes
    compartment: str


def rewrap(key: bytes, wrapped: bytes, place: Place, wrapper: SymmetricWrapper, entropy: Entropy) -> bytes | None:
    """The same data key under the present generation; None if the wrap does not open where it stands.

    It is opened again before it is believed: what takes the place of the only copy must be one.
    """
    try:
        context = WrapContext(place.case, Compartment(place.compartment), CASEWORK, KeyId(key))
        data_key = wrapper.unwrap(wrapped, context)
        again = wrapper.wrap(data_key, context, entropy)
        return again if wrapper.unwrap(again, context) == data_key else None
    except (CryptoError, KeyringError, ValueError):
        return None
