"""An approver's own signature under an approval: what shows afterwards that this person said yes to this very form.

A row can be inserted by whoever writes the database, and a zone's signature by whoever owns that zone. A key that lies
with a person, under a passphrase, can be used by neither. What is signed: the form's digest, the fields, the function,
the approver's login and the moment. Everything needed to check it is kept beside the answer, so that an auditor can do
so offline and without any key of ours.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vault.crypto.canonical import encode
from vault.crypto.directory import fingerprint
from vault.crypto.signing import SigningKey, VerifyKey
from vault.errors import EnvelopeRejected, InvalidInput, RecordTampered
from vault.ids import RequestId
from vault.vocabulary import Role

SIGNED_AS: Final = "access approval"
_LABEL: Final = "parefeu/access-approval/1"
_NAMES: Final = frozenset({"login", "signed_at", "key", "signature"})
LOGIN_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Approval:
    """What is signed. digest: 32 bytes, of the form."""

    request: RequestId
    version: int
    digest: bytes
    function: Role
    fields: Sequence[str]

    def statement(self, login: str, signed_at: datetime) -> bytes:
        return encode(
            _LABEL, self.request.raw, self.version, self.digest, self.function.value, ",".join(self.fields), login,
            signed_at,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """A signature with what it takes to check it."""

    login: str
    signed_at: datetime
    key: VerifyKey
    signature: bytes

    @classmethod
    def sign(cls, approval: Approval, login: str, signed_at: datetime, key: SigningKey) -> Evidence:
        return cls(login, signed_at, key.public, key.sign(approval.statement(login, signed_at), SIGNED_AS))

    def verify(self, approval: Approval) -> str:
        """Return the fingerprint of the key that signed this approval. Raises EnvelopeRejected."""
        self.key.verify(approval.statement(self.login, self.signed_at), self.signature, SIGNED_AS)
        return fingerprint(self.key)

    def to_json(self) -> dict[str, str]:
        return {
            "login": self.login, "signed_at": self.signed_at.isoformat(),
            "key": b64encode(self.key.raw).decode("ascii"), "signature": b64encode(self.signature).decode("ascii"),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Any) -> Evidence:
        """Raises InvalidInput for another shape."""
        try:
            found = cls(
                data["login"], datetime.fromisoformat(data["signed_at"]),
                VerifyKey(b64decode(data["key"], validate=True)), b64decode(data["signature"], validate=True),
            )  # fmt: skip
            whole = set(data) == _NAMES and 1 <= len(found.login) <= LOGIN_LONGEST
            if whole and found.signed_at.utcoffset() is not None:
                return found
        except (ValueError, TypeError, AttributeError, InvalidInput, EnvelopeRejected, RecordTampered):
            raise InvalidInput("this is no signature of an approver", field="evidence") from None
        raise InvalidInput("this is no signature of an approver", field="evidence")

    def encode(self) -> bytes:
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def decode(cls, stored: bytes) -> Evidence | None:
        """None where there is none, or what is there is none."""
        try:
            return cls.from_json(json.loads(stored)) if stored else None
        except (ValueError, InvalidInput):
            return None
