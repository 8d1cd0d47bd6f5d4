"""The log's signing secret: one key per tree, all from one seed, and how that is stored under the log's own root.

    key of a tree = Ed25519 seed HMAC-SHA256(secret, "parefeu/log-key/1" ‖ 0A ‖ origin)

So each half-year has a key of its own, as policy files demand, and the keys to come can be handed to witnesses and
auditors ahead. The secret belongs to no zone: whoever owns a zone's process cannot sign for the log.

    document = 01 ‖ kind, 1 ‖ length of the name, 1 ‖ name ‖ secret under the root

kind is the note signature type of the keys, so that a log can move to another algorithm at its next tree.
"""

from __future__ import annotations

import hmac
from typing import Final

from vault.crypto.canonical import encode
from vault.crypto.note_keys import ED25519, SEED_BYTES, NoteSigner, check_name
from vault.crypto.unprintable import Unprintable
from vault.errors import InvalidInput, KeyringDamaged, UnsupportedFormat
from vault.ports import Entropy, KeyProvider
from vault.sensitive import Sensitive

FORMAT: Final = 1
_LABEL: Final = "parefeu/log-key"
_DERIVE: Final = b"parefeu/log-key/1\n"
LONGEST_NAME: Final = 120  # bytes; an origin adds the half-year


class LogKey(Unprintable):
    """name: what the origins of all trees begin with, like `log.example.org`."""

    __slots__ = ("_secret", "kind", "name")

    def __init__(self, name: str, secret: Sensitive[bytes], kind: int = ED25519) -> None:
        """Raises InvalidInput, NoteRejected."""
        if len(secret.expose()) != SEED_BYTES:
            raise InvalidInput(f"a log's secret is {SEED_BYTES} bytes")
        if len(check_name(name).encode()) > LONGEST_NAME:
            raise InvalidInput("the log's name is too long", field="log_name")
        self.name: Final = name
        self.kind: Final = kind
        self._secret: Final = secret

    @classmethod
    def generate(cls, name: str, entropy: Entropy) -> LogKey:
        return cls(name, Sensitive(entropy.bytes(SEED_BYTES)))

    def signer(self, origin: str) -> NoteSigner:
        """The key of one tree."""
        seed = hmac.digest(self._secret.expose(), _DERIVE + origin.encode(), "sha256")
        return NoteSigner(origin, Sensitive(seed), self.kind)

    def store(self, provider: KeyProvider) -> bytes:
        """The document to store: the secret under the provider's root."""
        name = self.name.encode()
        head = bytes([FORMAT, self.kind, len(name)]) + name
        return head + provider.wrap(self._secret.expose(), encode(_LABEL, FORMAT, self.kind, self.name))

    @staticmethod
    def root_kind_of(document: bytes) -> int:
        """The first byte of the root's wrap: see `vault.crypto.providers.KINDS`. Raises KeyringDamaged."""
        end = 3 + (document[2] if len(document) > 2 else 0)
        if len(document) <= end:
            raise KeyringDamaged("the log's key is not whole")
        return document[end]

    @classmethod
    def load(cls, document: bytes, provider: KeyProvider) -> LogKey:
        """Raises KeyringDamaged if the document is not whole or not under this root, UnsupportedFormat."""
        if len(document) < 3:
            raise KeyringDamaged("the log's key is not whole")
        if document[0] != FORMAT:
            raise UnsupportedFormat(f"log key format {document[0]} is not known")
        kind, end = document[1], 3 + document[2]
        try:
            name = document[3:end].decode()
        except UnicodeDecodeError:
            raise KeyringDamaged("the log's key is not whole") from None
        return cls(name, Sensitive(provider.unwrap(document[end:], encode(_LABEL, FORMAT, kind, name))), kind)
