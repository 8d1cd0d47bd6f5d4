"""Passkeys: what an authenticator made or signed, held against what was asked of it.

    key = enrolled(text, challenge, origin)            a new key pair's public half
    seen = verify(assertion, challenge, key.public, origin)

Both demand that the authenticator knew its user (a finger, a face, a PIN), that the browser stood on the very origin,
and that the very challenge was answered. The private half never leaves the authenticator, and the authenticator uses it
for the host alone for which it was made. Formats and signatures are the library's business (W3C Web Authentication,
level 3); what it does not look at, a page framed by another site, is refused here. Attestation is not asked for: which
maker's device it is does not matter, whose it is does, and a colleague vouches for that.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from vault.crypto.canonical import encode
from vault.errors import ConfigurationError, EnvelopeRejected, InvalidInput

#: Longest parts in bytes: ids as the standard bounds them, the others many times what browsers send.
CREDENTIAL_LONGEST: Final = 1023
_CLIENT_DATA_LONGEST: Final = 4096
_AUTHENTICATOR_DATA_LONGEST: Final = 2048
_SIGNATURE_LONGEST: Final = 4096
PUBLIC_KEY_LONGEST: Final = 2048
#: An enrolment or an assertion as JSON.
TEXT_LONGEST: Final = 32 * 1024
_ORIGIN: Final = re.compile(r"(?:https://|http://(?=localhost(?::|$)))(?P<host>[a-z0-9.-]{1,253})(?::[0-9]{1,5})?")
#: ES256, EdDSA, RS256: what authenticators in use offer. Codes of IANA's COSE registry.
ALGORITHMS: Final = (-7, -8, -257)
_TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where browsers find the pages, and so for which host passkeys are made: its host alone, never a wider domain."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Origin:
        """`https://host` or `https://host:port`; in clear for `localhost` only. Raises ConfigurationError."""
        if _ORIGIN.fullmatch(text) is None:
            raise ConfigurationError("passkeys need an address such as https://vault.example, without a path")
        return cls(text)

    @property
    def host(self) -> str:
        """The relying party's id."""
        found = _ORIGIN.fullmatch(self.text)
        assert found is not None
        return found["host"]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator signed, in its parts. user: the handle that it keeps beside the key, b"" for none."""

    credential: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user: bytes = b""

    @classmethod
    def parse(cls, text: str) -> Assertion:
        """From the JSON that a browser makes of it. Raises InvalidInput."""
        told, response = _parts(text)
        return cls(
            _bytes(told.get("rawId"), CREDENTIAL_LONGEST),
            _bytes(response.get("clientDataJSON"), _CLIENT_DATA_LONGEST),
            _bytes(response.get("authenticatorData"), _AUTHENTICATOR_DATA_LONGEST),
            _bytes(response.get("signature"), _SIGNATURE_LONGEST),
            _bytes(response["userHandle"], 64) if response.get("userHandle") else b"",
        )

    def check_lengths(self) -> None:
        """Raises InvalidInput for parts that are missing or too long."""
        for part, longest in (
            (self.credential, CREDENTIAL_LONGEST), (self.client_data, _CLIENT_DATA_LONGEST),
            (self.authenticator_data, _AUTHENTICATOR_DATA_LONGEST), (self.signature, _SIGNATURE_LONGEST),
        ):  # fmt: skip
            if not 1 <= len(part) <= longest:
                raise InvalidInput("this is nothing that a passkey made", field="passkey")

    def challenge(self) -> bytes:
        """What the browser says it was asked; `verify` holds it against what was. Raises EnvelopeRejected."""
        return _unpadded(str(_client_data(self.client_data).get("challenge", "")))

    def origin(self) -> Origin:
        """Where the browser says it stood. Raises EnvelopeRejected."""
        try:
            return Origin.parse(str(_client_data(self.client_data).get("origin", "")))
        except ConfigurationError:
            raise EnvelopeRejected("signed on no page of ours") from None


@dataclass(frozen=True, slots=True)
class Seen:
    """counter: how often the authenticator says the key was used; 0 where it does not count."""

    counter: int


@dataclass(frozen=True, slots=True)
class NewKey:
    """public: COSE key, CBOR. synced: its authenticator may copy it to its user's other devices."""

    credential: bytes
    public: bytes
    counter: int
    synced: bool
    transports: tuple[str, ...]


def fingerprint(public: bytes) -> str:
    """What is compared and listed: 64 lower-case hexadecimal digits of SHA-256 over the public key."""
    return sha256(encode("parefeu/passkey-key/1", public)).hexdigest()


def verify(assertion: Assertion, challenge: bytes, public: bytes, origin: Origin) -> Seen:
    """What was proved. The counter is the caller's to compare. Raises EnvelopeRejected, and never says what differs."""
    from webauthn import verify_authentication_response

    _refuse_framed(assertion.client_data)
    credential = _text(assertion.credential)
    told = {
        "id": credential, "rawId": credential, "type": "public-key",
        "response": {
            "clientDataJSON": _text(assertion.client_data),
            "authenticatorData": _text(assertion.authenticator_data),
            "signature": _text(assertion.signature),
        },
    }  # fmt: skip
    try:
        found = verify_authentication_response(
            credential=told, expected_challenge=challenge, expected_rp_id=origin.host, expected_origin=origin.text,
            credential_public_key=public, credential_current_sign_count=0, require_user_verification=True,
        )  # fmt: skip
    except Exception:  # noqa: BLE001 - whatever a hostile sender makes a parser raise is a no
        raise EnvelopeRejected("this is not signed by that passkey, here, for this") from None
    return Seen(found.new_sign_count)


def enrolled(text: str, challenge: bytes, origin: Origin) -> NewKey:
    """The key that an authenticator made upon `challenge`. Raises InvalidInput, EnvelopeRejected."""
    from webauthn import verify_registration_response
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    told, response = _parts(text)
    _refuse_framed(_bytes(response.get("clientDataJSON"), _CLIENT_DATA_LONGEST))
    told["response"] = {name: response.get(name) for name in ("clientDataJSON", "attestationObject")}
    try:
        found = verify_registration_response(
            credential=told, expected_challenge=challenge, expected_rp_id=origin.host, expected_origin=origin.text,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(code) for code in ALGORITHMS],
        )  # fmt: skip
    except Exception:  # noqa: BLE001 - as above
        raise EnvelopeRejected("no passkey was made here for this") from None
    credential, public = found.credential_id, found.credential_public_key
    if not 1 <= len(credential) <= CREDENTIAL_LONGEST or not 1 <= len(public) <= PUBLIC_KEY_LONGEST:
        raise EnvelopeRejected("no passkey that can be kept")
    named = response.get("transports")
    transports = sorted(_TRANSPORTS & {str(each) for each in named}) if isinstance(named, list) else []
    synced = found.credential_device_type.value == "multi_device"
    return NewKey(credential, public, found.sign_count, synced, tuple(transports))


def challenge_of(text: str) -> bytes:
    """What an enrolment says it was made upon. Raises InvalidInput, EnvelopeRejected."""
    _, response = _parts(text)
    said = _client_data(_bytes(response.get("clientDataJSON"), _CLIENT_DATA_LONGEST))
    return _unpadded(str(said.get("challenge", "")))


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        told = json.loads(text) if len(text) <= TEXT_LONGEST else None
    except (ValueError, RecursionError):
        told = None
    response = told.get("response") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(response, dict):
        raise InvalidInput("this is nothing that a passkey made", field="passkey")
    return told, response


def _bytes(value: Any, longest: int) -> bytes:
    try:
        found = _unpadded(value) if isinstance(value, str) else b""
    except EnvelopeRejected:
        found = b""
    if not 1 <= len(found) <= longest:
        raise InvalidInput("this is nothing that a passkey made", field="passkey")
    return found


def _unpadded(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        raise EnvelopeRejected("not base64url") from None


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _client_data(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise EnvelopeRejected("no client data")
    return found


def _refuse_framed(client_data: bytes) -> None:
    """A page of ours is never inside another's; the library does not look."""
    said = _client_data(client_data)
    if said.get("crossOrigin", False) is not False or "topOrigin" in said:
        raise EnvelopeRejected("signed in a frame of another page")
