"""An authenticator in software: makes keys and signs as W3C Web Authentication says, and lies where a test wants it to.

device = Authenticator()
made = device.make(options["create"], origin)      what `navigator.credentials.create` gives, as JSON
said = device.sign(options["get"], origin)         what `navigator.credentials.get` gives
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

#: User present, user verified, may be copied to other devices, has keys.
UP, UV, BE, AT = 0x01, 0x04, 0x08, 0x40


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def raw(encoded: str) -> bytes:
    return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


@dataclass
class Authenticator:
    """One key. counts: whether it tells how often it was used. Everything else is what a lie may change."""

    counts: bool = True
    counter: int = 0
    flags: int = UP | UV
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    credential: bytes = field(default_factory=lambda: os.urandom(32))
    user: bytes = b""

    @property
    def public(self) -> bytes:
        """The COSE key."""
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def make(self, options: Mapping[str, Any], origin: str, **said: Any) -> str:
        self.user = raw(options["user"]["id"])
        client = client_data("webauthn.create", options["challenge"], origin, said)
        held = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + self.public
        data = self._data(origin, self.flags | AT) + held
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": text(client), "attestationObject": text(attestation), "transports": ["internal", "usb"]
        }  # fmt: skip
        return self._credential(response)

    def sign(self, options: Mapping[str, Any], origin: str, **said: Any) -> str:
        return self._credential(self.response(raw(options["challenge"]), origin, **said))

    def response(self, asked: bytes, origin: str, **said: Any) -> dict[str, Any]:
        if self.counts:
            self.counter += 1
        client = client_data("webauthn.get", text(asked), origin, said)
        data = self._data(origin, self.flags)
        signature = self.key.sign(data + sha256(client).digest(), ECDSA(SHA256()))
        return {
            "clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature),
            "userHandle": text(self.user),
        }  # fmt: skip

    def _data(self, origin: str, flags: int) -> bytes:
        host = urlsplit(origin).hostname or ""
        return sha256(host.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _credential(self, response: dict[str, Any]) -> str:
        name = text(self.credential)
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
        )


def client_data(kind: str, challenge: str, origin: str, said: Mapping[str, Any]) -> bytes:
    told = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False} | dict(said)
    return json.dumps(told, separators=(",", ":")).encode()


ORIGIN: Final = "https://parefeu.test"
