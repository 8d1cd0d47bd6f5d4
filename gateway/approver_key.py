"""An approver's own key: a folder with a root under a passphrase, and under that the signing key.

    fingerprint = create(folder, passphrase, entropy)        goes into the office's access file, by another hand
    evidence = sign(shown, key, login, now)                  goes with the approval

What is signed is computed here from the canonical form that the gateway showed, never taken from a digest it names.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from gateway.policy_approval import create_reviewer, open_reviewer
from vault.access.evidence import Approval, Evidence, KeyEvidence
from vault.cases.access_requests import Act
from vault.crypto.providers.file import FileRoot
from vault.crypto.signing import SigningKey
from vault.errors import EnvelopeRejected, InvalidInput, MalformedId
from vault.ids import RequestId
from vault.ports import Entropy
from vault.sensitive import Sensitive
from vault.vocabulary import Role

_KEY_CONTEXT: Final = b"parefeu/access-approver/1"


def create(folder: Path, passphrase: Sensitive[str], entropy: Entropy, root: type[FileRoot] = FileRoot) -> str:
    """Make a key. Returns its fingerprint. Raises Conflict, InvalidInput, KeyringError."""
    return create_reviewer(folder, passphrase, entropy, root, context=_KEY_CONTEXT)


def load(folder: Path, passphrase: Sensitive[str], entropy: Entropy, root: type[FileRoot] = FileRoot) -> SigningKey:
    """Raises KeyringMissing, WrongPassphrase, KeyringDamaged."""
    return open_reviewer(folder, passphrase, entropy, root, context=_KEY_CONTEXT)


def sign(
    shown: Mapping[str, Any], fields: Sequence[str], function: Role, login: str, at: datetime, key: SigningKey
) -> dict[str, str]:
    """Sign for `fields` of the request as it was shown. Raises InvalidInput for what is no request."""
    return KeyEvidence.sign(_approval(shown, function, shown["version"], fields), login, at, key).to_json()


@dataclass(frozen=True, slots=True)
class Checked:
    """One approval held against its signature. fingerprint: "" where the signature does not hold, or is missing.

    means: with what it was signed, and for a passkey at which address.
    """

    function: str
    login: str
    signed_at: str
    fields: tuple[str, ...]
    fingerprint: str
    means: str


def check(shown: Mapping[str, Any]) -> list[Checked]:
    """Every approval of a request as it was exported, offline. Raises InvalidInput for what is no request.

    A request that was explained has several versions; approvals of earlier ones cannot be held against this one.
    """
    found = []
    try:
        for answer in shown["answers"]:
            if answer["act"] != Act.APPROVED.value or answer["version"] != shown["version"]:
                continue
            approval = _approval(shown, Role(answer["function"]), answer["version"], answer["fields"])
            told, signer, means = answer["evidence"] or {}, "", ""
            if told:
                try:
                    evidence = Evidence.from_json(told)
                    signer, means = evidence.verify(approval), evidence.means
                except (InvalidInput, EnvelopeRejected):
                    signer = ""
            found.append(
                Checked(
                    answer["function"], str(told.get("login", "")), str(told.get("signed_at", "")),
                    tuple(answer["fields"]), signer, means,
                )
            )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidInput("this is no request for access as `parefeu access show --json` prints it") from None
    return found


def _approval(shown: Mapping[str, Any], function: Role, version: int, fields: Sequence[str]) -> Approval:
    try:
        digest = sha256(b64decode(shown["canonical"], validate=True)).digest()
        return Approval(RequestId.parse(shown["request"]), version, digest, function, tuple(fields))
    except (KeyError, TypeError, ValueError, MalformedId):
        raise InvalidInput("this is no request for access as the gateway shows it") from None
