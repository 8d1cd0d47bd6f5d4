"""Two people sign before a policy that lets anybody do or see more is put in force.

A reviewer has a key in a folder of their own (`parefeu policy reviewer`): a root under a passphrase, and under that the
signing key. The vault is told the fingerprints of its reviewers' keys as a setting, by another hand than the one that
writes policies. `parefeu policy approve OLD NEW` shows in sentences what would change and adds a signature to
`NEW/approvals.json`. What is signed: the content of both policies and those sentences, so an approval fits this one
step and no other, and a policy that was narrowed later cannot be widened again by an old file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway.instance import write_private
from policies.impact import Impact
from policies.lines import Source
from vault.crypto.canonical import encode
from vault.crypto.directory import fingerprint
from vault.crypto.providers.file import FileRoot
from vault.crypto.signing import SigningKey, VerifyKey
from vault.errors import (
    ConfigurationError,
    EnvelopeRejected,
    InvalidInput,
    KeyringMissing,
    PolicyRejected,
    RecordTampered,
)
from vault.ports import Entropy
from vault.sensitive import Sensitive

#: Signatures that a widening needs, by as many people.
NEEDED: Final = 2
FILE: Final = "approvals.json"
_CONTEXT: Final = "policy-approval"
_LABEL: Final = "parefeu/policy-approval/1"
_KEY_CONTEXT: Final = b"parefeu/policy-reviewer/1"
_LARGEST: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Step:
    """From one policy to another. sentences: all that changes, as `policy diff` says it."""

    before: bytes
    after: bytes
    sentences: tuple[str, ...]

    def statement(self, reviewer: str, at: str) -> bytes:
        """What a reviewer signs."""
        return encode(_LABEL, self.before, self.after, "\n".join(self.sentences), reviewer, at)


def step_of(before: Source, after: Source, impact: Impact) -> Step:
    return Step(content_of(before), content_of(after), impact.sentences)


def content_of(source: Source) -> bytes:
    """SHA-256 over the files of a policy, each preceded by its name and length: the same on every machine."""
    digest = hashlib.sha256()
    for name, content in source.files:
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.digest()


# -- keys --------------------------------------------------------------------------------------------


def create_reviewer(
    folder: Path, passphrase: Sensitive[str], entropy: Entropy, root: type[FileRoot] = FileRoot, *,
    context: bytes = _KEY_CONTEXT,
) -> str:  # fmt: skip
    """Make a reviewer's key, or with `context` somebody else's. Returns its fingerprint.

    Raises Conflict, InvalidInput, KeyringError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    provider = root.create(folder / "root.key", passphrase, entropy)
    key = SigningKey.generate(entropy)
    write_private(folder / "signing", provider.wrap(key.secret.expose(), context))
    return fingerprint(key.public)


def open_reviewer(
    folder: Path, passphrase: Sensitive[str], entropy: Entropy, root: type[FileRoot] = FileRoot, *,
    context: bytes = _KEY_CONTEXT,
) -> SigningKey:  # fmt: skip
    """Raises KeyringMissing, WrongPassphrase, KeyringDamaged."""
    provider = root.open(folder / "root.key", passphrase, entropy)
    try:
        wrapped = (folder / "signing").read_bytes()
    except OSError:
        raise KeyringMissing("there is no such key in that folder") from None
    return SigningKey.from_secret(Sensitive(provider.unwrap(wrapped, context)))


# -- signing and checking ----------------------------------------------------------------------------


def approve(folder: Path, step: Step, reviewer: str, key: SigningKey, at: datetime) -> int:
    """Add a signature to the policy in `folder`. Returns how many there are for this step.

    Signatures of another step are dropped: the policy changed since. Raises PolicyRejected for a damaged file,
    ConfigurationError for one who signed already.
    """
    if not (1 <= len(reviewer) <= 80 and reviewer.isprintable()):
        raise InvalidInput("a reviewer's name has 1 to 80 printable characters", field="name")
    own = fingerprint(key.public)
    kept = []
    for line in _lines(_read(folder)):
        with_signer = _signer(line, step)
        if with_signer == own:
            raise ConfigurationError("this key has signed this step already: another person must")
        if with_signer is not None:
            kept.append(line)
    when = at.isoformat(timespec="seconds")
    signature = key.sign(step.statement(reviewer, when), _CONTEXT)
    kept.append({"reviewer": reviewer, "at": when, "key": _text(key.public.raw), "signature": _text(signature)})
    document = {
        "format": 1, "from": step.before.hex(), "to": step.after.hex(), "changes": list(step.sentences),
        "approvals": kept,
    }  # fmt: skip
    (folder / FILE).write_text(json.dumps(document, indent=1, ensure_ascii=True) + "\n", "ascii")
    return len(kept)


def signers(folder: Path, step: Step, trusted: Sequence[str]) -> tuple[str, ...]:
    """Names of the trusted reviewers who signed this very step, a key once. Raises PolicyRejected: a damaged file."""
    found: dict[str, str] = {}
    for line in _lines(_read(folder)):
        signer = _signer(line, step)
        if signer is not None and signer in trusted:
            found.setdefault(signer, line["reviewer"])
    return tuple(found.values())


def check_widening(folder: Path, step: Step, trusted: Sequence[str]) -> None:
    """Raises PolicyRejected unless two reviewers signed."""
    names = signers(folder, step, trusted)
    if len(names) < NEEDED:
        raise PolicyRejected(
            (
                f"this policy lets somebody do or see more than the one in force: {NEEDED} reviewers must sign it, "
                f"{len(names)} did (parefeu policy approve)",
                *(sentence for sentence in step.sentences if sentence.startswith("wider")),
            )
        )


def _read(folder: Path) -> Any:
    try:
        with (folder / FILE).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PolicyRejected((f"{FILE}: cannot be read ({type(error).__name__})",)) from error
    try:
        return json.loads(content if len(content) <= _LARGEST else b"")
    except (ValueError, RecursionError):
        raise PolicyRejected((f"{FILE}: is no file of approvals",)) from None


def _lines(document: Any) -> list[dict[str, str]]:
    lines = document.get("approvals", []) if isinstance(document, dict) else None
    fields = {"reviewer", "at", "key", "signature"}
    if not isinstance(lines, list) or not all(
        isinstance(line, dict) and line.keys() == fields and all(isinstance(v, str) for v in line.values())
        for line in lines
    ):
        raise PolicyRejected((f"{FILE}: is no file of approvals",))
    return lines


def _signer(line: dict[str, str], step: Step) -> str | None:
    """The fingerprint of the key that signed this step in this line; None if none did."""
    try:
        key = VerifyKey(_bytes(line["key"]))
        key.verify(step.statement(line["reviewer"], line["at"]), _bytes(line["signature"]), _CONTEXT)
    except (EnvelopeRejected, InvalidInput, RecordTampered, ValueError):
        return None
    return fingerprint(key)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
