"""An OpenID provider that does what a test tells it to, wrong things too. On loopback, in a thread.

    with identity_provider() as provider:
        provider.claims = {"sub": "17", "acr": "two"}         # what the next ID token says
        provider.wrong["nonce"] = "another"                   # over what it should say

The well-behaved one of the browser's tests is a program of others (oidc-provider-mock).
"""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT = "parefeu-tests"
SECRET = "not a secret of anybody"
GOOD_ACR, STEP_UP_ACR = "urn:test:two-factors", "urn:test:card"


@dataclass
class IdentityProvider:
    """claims: of the next ID token. wrong: claims that replace the right ones; None takes one away."""

    address: str
    key: RSAKey
    claims: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    published: list[RSAKey] = field(default_factory=list)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256"})
    pending: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    token: str | None = None
    raw_reply: bytes | None = None
    odd_keys: list[Any] = field(default_factory=list)
    moment: float | None = None

    def visit(self, url: str) -> dict[str, str]:
        """What a browser would bring back after signing in there: the query of the way back."""
        query = dict(parse_qsl(urlsplit(url).query))
        code = sha256(query["state"].encode()).hexdigest()
        self.pending[code] = query
        return {"code": code, "state": query["state"]}

    def id_token(self, query: dict[str, str]) -> str:
        now = int(self.moment or time.time())
        told = {
            "iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query["nonce"], "auth_time": now,
        } | self.claims | self.wrong  # fmt: skip
        told = {name: value for name, value in told.items() if value is not None}
        header = {"kid": self.key.thumbprint()} | self.header
        if header["alg"] == "none":
            parts = [urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in (header, told)]
            return ".".join([*parts, ""])
        return jwt.encode(header, told, self.key)

    def answer(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint: a code works once, for who began it (RFC 7636)."""
        query = self.pending.pop(form.get("code", ""), None)
        right = "Basic " + urlsafe_b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        plain = "Basic " + urlsafe_b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization not in (right, plain):
            return 401, {"error": "invalid_client"}
        if query is None or form.get("redirect_uri") != query["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = urlsafe_b64decode(query["code_challenge"] + "=")
        if query.get("code_challenge_method") != "S256" or sha256(form["code_verifier"].encode()).digest() != challenge:
            return 400, {"error": "invalid_grant"}
        token = self.token if self.token is not None else self.id_token(query)
        return 200, {"access_token": "unused", "token_type": "Bearer", "expires_in": 60, "id_token": token}

    def reply(self, path: str) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            known = {
                "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token", "jwks_uri": f"{self.address}/keys",
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }  # fmt: skip
            return 200, known | self.metadata
        if path == "/keys":
            told = dict(KeySet(list(self.published)).as_dict()) if self.published else {"keys": []}
            return 200, {"keys": [*self.odd_keys, *told["keys"]]}
        return 404, {}


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    class Handler(BaseHTTPRequestHandler):
        def _send(self, status: int, content: dict[str, Any] | bytes) -> None:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._send(*made.reply(self.path))

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            status, content = made.answer(form, self.headers.get("authorization", ""))
            self._send(status, content if made.raw_reply is None else made.raw_reply)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    key = RSAKey.generate_key(2048, private=True)
    made = IdentityProvider(f"http://127.0.0.1:{server.server_address[1]}", key, published=[key])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rules_file(folder: Path, issuer: str, zones: tuple[str, ...] = ("casework",), **changed: Any) -> Path:
    """The office's file for these zones, with its secret beside it."""
    secret = folder / "oidc-secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    lines = []
    for zone in zones:
        table = {
            "issuer": issuer, "client_id": CLIENT, "secret_file": str(secret), "acr": [GOOD_ACR],
            "step_up_acr": [STEP_UP_ACR],
        } | changed  # fmt: skip
        lines += [f"[{zone}]", *(f"{name} = {json.dumps(value)}" for name, value in table.items())]
    path = folder / "oidc.toml"
    path.write_text("\n".join(lines))
    return path
