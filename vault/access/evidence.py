"""An approver's own signature under an approval: what shows afterwards that this person said yes to this very form.

A row can be inserted by whoever writes the database, and a zone's signature by whoever owns that zone. A key that lies
with a person, under a passphrase or in an authenticator that knows them, can be used by neither. What is signed: the
form's digest, the fields, the function, the approver's login and the moment. Everything needed to check it is kept
beside the answer, so that an auditor can do so offline and without any key of ours.

    evidence = KeyEvidence.sign(approval, login, now, key)               a key file, on the command line
    evidence = PasskeyEvidence(login, now, public, assertion)            a passkey that signed challenge(approval, ...)
    Evidence.from_json(told).verify(approval)                            the fingerprint of the key that signed

What can be signed so is anything with a statement of its own (`Signable`): approvals are one.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Protocol

from vault.crypto import passkey
from vault.crypto.canonical import encode
from vault.crypto.directory import fingerprint
from vault.crypto.passkey import Assertion
from vault.crypto.signing import SigningKey, VerifyKey
from vault.errors import EnvelopeRejected, InvalidInput, RecordTampered
from vault.ids import RequestId
from vault.vocabulary import Role

SIGNED_AS: Final = "access approval"
_LABEL: Final = "parefeu/access-approval/1"
_CHALLENGE_LABEL: Final = "parefeu/passkey-signature/1"
_KEY_NAMES: Final = frozenset({"login", "signed_at", "key", "signature"})
_PASSKEY_NAMES: Final = frozenset(
    {"login", "signed_at", "credential", "public_key", "client_data", "authenticator_data", "signature"}
)
LOGIN_LONGEST: Final = 64


class Signable(Protocol):
    """What a person can put their own signature under."""

    @property
    def signed_as(self) -> str:
        """Names the purpose: a signature for one is none for another."""
        ...

    def statement(self, login: str, signed_at: datetime) -> bytes:
        """All of it, with who signs and when, in one canonical encoding."""
        ...


@dataclass(frozen=True, slots=True)
class Approval:
    """What is signed. digest: 32 bytes, of the form."""

    request: RequestId
    version: int
    digest: bytes
    function: Role
    fields: Sequence[str]

    @property
    def signed_as(self) -> str:
        return SIGNED_AS

    def statement(self, login: str, signed_at: datetime) -> bytes:
        return encode(
            _LABEL, self.request.raw, self.version, self.digest, self.function.value, ",".join(self.fields), login,
            signed_at,
        )  # fmt: skip


def challenge(said: Signable, login: str, signed_at: datetime) -> bytes:
    """32 bytes for an authenticator to sign: nothing else that a passkey is asked here has that length."""
    return sha256(encode(_CHALLENGE_LABEL, said.signed_as, said.statement(login, signed_at))).digest()


@dataclass(frozen=True, slots=True)
class Evidence(ABC):
    """A signature with what it takes to check it."""

    login: str
    signed_at: datetime

    @abstractmethod
    def verify(self, said: Signable) -> str:
        """Return the fingerprint of the key that signed this. Raises EnvelopeRejected."""

    @abstractmethod
    def parts(self) -> dict[str, bytes]:
        """What is kept besides who and when."""

    @property
    @abstractmethod
    def means(self) -> str:
        """With what it was signed, for people."""

    def to_json(self) -> dict[str, str]:
        told = {name: b64encode(value).decode("ascii") for name, value in self.parts().items()}
        return {"login": self.login, "signed_at": self.signed_at.isoformat()} | told

    @classmethod
    def from_json(cls, data: Any) -> Evidence:
        """Raises InvalidInput for another shape."""
        try:
            login, signed_at = data["login"], datetime.fromisoformat(data["signed_at"])
            told = {name: b64decode(data[name], validate=True) for name in set(data) - {"login", "signed_at"}}
            found: Evidence | None = None
            if set(data) == _KEY_NAMES:
                found = KeyEvidence(login, signed_at, VerifyKey(told["key"]), told["signature"])
            elif set(data) == _PASSKEY_NAMES:
                found = PasskeyEvidence.of(login, signed_at, told)
            if found is not None and 1 <= len(login) <= LOGIN_LONGEST and signed_at.utcoffset() is not None:
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
        except (ValueError, RecursionError, InvalidInput):
            return None


@dataclass(frozen=True, slots=True)
class KeyEvidence(Evidence):
    """By a key that lies in the approver's own folder."""

    key: VerifyKey
    signature: bytes

    @classmethod
    def sign(cls, said: Signable, login: str, signed_at: datetime, key: SigningKey) -> KeyEvidence:
        return cls(login, signed_at, key.public, key.sign(said.statement(login, signed_at), said.signed_as))

    def verify(self, said: Signable) -> str:
        self.key.verify(said.statement(self.login, self.signed_at), self.signature, said.signed_as)
        return fingerprint(self.key)

    def parts(self) -> dict[str, bytes]:
        return {"key": self.key.raw, "signature": self.signature}

    @property
    def means(self) -> str:
        return "key file"


@dataclass(frozen=True, slots=True)
class PasskeyEvidence(Evidence):
    """By an authenticator that knew its user. public: COSE key.

    The authenticator uses a key for the host alone for which it was made, so a listed key cannot have signed elsewhere;
    on which of that host's ports the browser stood is `means`, and is compared where the signature is given.
    """

    public: bytes
    assertion: Assertion

    @classmethod
    def of(cls, login: str, signed_at: datetime, told: dict[str, bytes]) -> PasskeyEvidence:
        """Raises InvalidInput for parts that no authenticator made."""
        assertion = Assertion(told["credential"], told["client_data"], told["authenticator_data"], told["signature"])
        assertion.check_lengths()
        if not 1 <= len(told["public_key"]) <= passkey.PUBLIC_KEY_LONGEST:
            raise InvalidInput("this is no signature of an approver", field="evidence")
        return cls(login, signed_at, told["public_key"], assertion)

    def verify(self, said: Signable) -> str:
        passkey.verify(
            self.assertion, challenge(said, self.login, self.signed_at), self.public, self.assertion.origin()
        )
        return passkey.fingerprint(self.public)

    def parts(self) -> dict[str, bytes]:
        signed = self.assertion
        return {
            "credential": signed.credential, "public_key": self.public, "client_data": signed.client_data,
            "authenticator_data": signed.authenticator_data, "signature": signed.signature,
        }  # fmt: skip

    @property
    def means(self) -> str:
        try:
            return f"passkey at {self.assertion.origin().text}"
        except EnvelopeRejected:
            return "passkey"
