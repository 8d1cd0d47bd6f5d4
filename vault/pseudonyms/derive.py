"""From a case to its pseudonym in a domain, by keys that casework alone holds.

    domain key = HMAC-SHA256(root, canonical("parefeu/pseudonym-domain/1", domain name))
    token      = first 16 bytes of HMAC-SHA256(domain key, canonical("parefeu/pseudonym/1", case id))

Recipients get finished tokens, never a key that makes them; without the root, two domains' tokens of one
case are unrelated random strings.
"""

from __future__ import annotations

import hmac
from typing import Final, Protocol

from vault.crypto.canonical import encode
from vault.crypto.unprintable import Unprintable
from vault.ids import CaseId
from vault.pseudonyms.domains import PseudonymDomain
from vault.pseudonyms.readable import TOKEN_BYTES, Pseudonym
from vault.sensitive import Sensitive

_DOMAIN_LABEL: Final = "parefeu/pseudonym-domain/1"
_TOKEN_LABEL: Final = "parefeu/pseudonym/1"


class PseudonymSource(Protocol):
    """Whatever names cases in domains. A two-party conversion (an oblivious PRF, PEP) can stand here later."""

    def token(self, domain: PseudonymDomain, case: CaseId) -> Pseudonym: ...


class PseudonymKeys(Unprintable):
    """A PseudonymSource that holds the root itself. root: 32 bytes, casework's."""

    __slots__ = ("_domain_keys", "_root")

    def __init__(self, root: Sensitive[bytes]) -> None:
        if len(root.expose()) != 32:
            raise ValueError("a pseudonym root is 32 bytes")
        self._root: Final = root
        self._domain_keys: Final[dict[PseudonymDomain, bytes]] = {}

    def token(self, domain: PseudonymDomain, case: CaseId) -> Pseudonym:
        """Return the name of `case` in `domain`: always the same."""
        key = self._domain_keys.get(domain)
        if key is None:
            key = hmac.digest(self._root.expose(), encode(_DOMAIN_LABEL, domain.name), "sha256")
            self._domain_keys[domain] = key
        return Pseudonym(domain, hmac.digest(key, encode(_TOKEN_LABEL, case.raw), "sha256")[:TOKEN_BYTES])
