"""A root in a real OpenBao: what a zone's token may not, which keys are refused, and what each failure is called."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.roots.openbao import Authority, OpenBao, documented_policy
from tests.roots.test_pkcs11 import told
from tests.unit.crypto.kit import ENTROPY
from vault.crypto.providers.transit import TransitKey, TransitRoot
from vault.errors import (
    ConfigurationError,
    Conflict,
    KeyringDamaged,
    RootMissing,
    RootRefused,
    RootUnavailable,
    RootUnsuitable,
)
from vault.sensitive import Sensitive


@pytest.fixture
def name() -> str:
    """A key of this test's own."""
    return f"key-{ENTROPY.bytes(4).hex()}"


def opening(place: TransitKey, token: str) -> Callable[[], TransitRoot]:
    return lambda: TransitRoot.open(place, lambda: Sensitive(token), ENTROPY)


def test_a_token_of_follow_up_cannot_use_the_key_of_casework(openbao: OpenBao, name: str) -> None:
    """With the policy that the documentation prints, asked of the server itself."""
    casework, follow_up = openbao.key(f"{name}-casework"), openbao.key(f"{name}-follow-up")
    own, foreign = openbao.token(casework), openbao.token(follow_up)
    wrapped = openbao.opened(casework, ENTROPY, own).wrap(b"secret", b"context")
    place = openbao.place(casework)
    told(RootRefused, opening(place, foreign), foreign)
    intruder = TransitRoot(place, lambda: Sensitive(foreign), ENTROPY)
    told(RootRefused, lambda: intruder.unwrap(wrapped, b"context"), foreign)
    told(RootRefused, lambda: intruder.wrap(b"secret", b"context"), foreign)
    assert not intruder.healthy()
    own_key = openbao.opened(follow_up, ENTROPY, foreign)
    assert own_key.healthy()
    told(KeyringDamaged, lambda: own_key.unwrap(wrapped, b"context"))


def test_a_zones_token_uses_its_key_and_does_nothing_else(openbao: OpenBao, name: str) -> None:
    assert documented_policy().count("path ") == 3
    own, other = openbao.key(name), openbao.key(f"{name}-other")
    token = openbao.token(own)
    openbao.opened(own, ENTROPY, token)
    plain = b64encode(bytes(32)).decode()
    for method, path, body in (
        ("GET", f"transit/export/encryption-key/{own}", {}),
        ("GET", f"transit/backup/{own}", {}),
        ("POST", f"transit/keys/{own}/config", {"exportable": True}),
        ("POST", f"transit/keys/{own}/rotate", {}),
        ("POST", f"transit/keys/{own}", {"type": "aes256-gcm96"}),
        ("DELETE", f"transit/keys/{own}", {}),
        ("LIST", "transit/keys", {}),
        ("POST", f"transit/encrypt/{other}", {"plaintext": plain, "context": plain}),
        ("POST", f"transit/encrypt/{name}-new", {"plaintext": plain, "context": plain}),
        ("GET", f"transit/keys/{other}", {}),
        ("POST", f"transit/datakey/plaintext/{own}", {"context": plain}),
        ("POST", "auth/token/create", {}),
        ("POST", "sys/seal", {}),
        ("GET", "sys/mounts", {}),
    ):
        assert openbao.tried(method, path, token, **body).status_code in {403, 405}, path
    assert openbao.tried("GET", f"transit/keys/{name}-new").status_code == 404


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"exportable": True}, "exported"),
        ({"allow_plaintext_backup": True}, "backed up"),
        ({"derived": False}, "context"),
        ({"type": "aes128-gcm96"}, "another type"),
        ({"type": "chacha20-poly1305"}, "another type"),
        ({"type": "rsa-2048", "derived": False}, "another type"),
        ({"convergent_encryption": True}, "alike"),
    ],
)
def test_a_key_that_may_leave_or_cannot_bind_is_no_root(
    openbao: OpenBao, name: str, options: dict[str, Any], why: str
) -> None:
    token = openbao.token(openbao.key(name, **options))
    assert why in told(RootUnsuitable, opening(openbao.place(name), token), token)


def test_a_key_that_may_leave_from_some_day_on_is_refused_from_that_day_on(openbao: OpenBao, name: str) -> None:
    openbao.key(name)
    openbao.opened(name, ENTROPY)
    openbao.ask("POST", f"transit/keys/{name}/config", deletion_allowed=True)
    assert "deleted" in told(RootUnsuitable, lambda: openbao.opened(name, ENTROPY))
    openbao.ask("POST", f"transit/keys/{name}/config", deletion_allowed=False, exportable=True)
    assert "exported" in told(RootUnsuitable, lambda: openbao.opened(name, ENTROPY))


def test_a_key_is_made_by_whoever_may_and_once(openbao: OpenBao, name: str) -> None:
    place, token = openbao.place(name), openbao.token(name)
    assert "no key" in told(RootMissing, opening(place, token), token)
    told(RootRefused, lambda: TransitRoot.make(place, lambda: Sensitive(token), ENTROPY), token)
    made = TransitRoot.make(place, lambda: Sensitive(openbao.root), ENTROPY)
    assert made.healthy()
    assert openbao.opened(name, ENTROPY, token).healthy()
    told(Conflict, lambda: TransitRoot.make(place, lambda: Sensitive(openbao.root), ENTROPY), openbao.root)
    nowhere = replace(place, mount="elsewhere")
    told(RootMissing, opening(nowhere, openbao.root))


def test_a_key_that_is_gone_is_missing_and_not_called_damage(openbao: OpenBao, name: str) -> None:
    root = openbao.opened(openbao.key(name), ENTROPY)
    wrapped = root.wrap(b"secret", b"context")
    openbao.ask("POST", f"transit/keys/{name}/config", deletion_allowed=True)
    assert "deleted" in told(RootUnsuitable, lambda: root.unwrap(wrapped, b"contexts"))
    openbao.ask("DELETE", f"transit/keys/{name}")
    told(RootMissing, lambda: root.unwrap(wrapped, b"context"))
    assert not root.healthy()


def test_a_token_that_ended_is_refused_and_a_renewed_one_is_taken_up(openbao: OpenBao, name: str) -> None:
    openbao.key(name)
    tokens = [openbao.token(name, ttl="1s")]
    root = TransitRoot(openbao.place(name), lambda: Sensitive(tokens[-1]), ENTROPY)
    wrapped = openbao.opened(name, ENTROPY).wrap(b"secret", b"context")
    end = time.monotonic() + 30
    while root.healthy() and time.monotonic() < end:
        time.sleep(0.1)
    assert "expired" in told(RootRefused, lambda: root.unwrap(wrapped, b"context"), *tokens)
    tokens.append(openbao.token(name))
    assert root.unwrap(wrapped, b"context") == b"secret"
    openbao.ask("POST", "auth/token/revoke", token=tokens[-1])
    told(RootRefused, lambda: root.unwrap(wrapped, b"context"), *tokens)
    for nonsense in ("", " ", "two\nlines", "s.\x00", "é"):
        told(RootRefused, opening(openbao.place(name), nonsense))


def test_a_sealed_server_is_said_to_be_and_serves_again(openbao: OpenBao, name: str) -> None:
    root = openbao.opened(openbao.key(name), ENTROPY)
    wrapped = root.wrap(b"secret", b"context")
    openbao.seal()
    try:
        assert "sealed" in told(RootUnavailable, lambda: root.unwrap(wrapped, b"context"))
        assert "sealed" in told(RootUnavailable, lambda: root.wrap(b"secret", b"context"))
        assert not root.healthy()
    finally:
        openbao.unseal()
    assert root.unwrap(wrapped, b"context") == b"secret"


def test_a_server_that_is_down_is_said_to_be_and_its_restart_changes_nothing(openbao: OpenBao, name: str) -> None:
    root = openbao.opened(openbao.key(name), ENTROPY)
    wrapped = root.wrap(b"secret", b"context")
    openbao.stop()
    try:
        text = told(RootUnavailable, lambda: root.unwrap(wrapped, b"context"))
        assert "not reached" in text
        assert "127.0.0.1" not in text
    finally:
        openbao.start()
        openbao.unseal()
    assert root.unwrap(wrapped, b"context") == b"secret"


def test_only_the_authority_that_the_settings_name_is_believed(openbao: OpenBao, name: str, tmp_path: Path) -> None:
    place, token = openbao.place(openbao.key(name)), openbao.token(name)
    stranger = Authority(tmp_path / "stranger").path
    assert "vouch" in told(RootUnavailable, opening(replace(place, authority=stranger), token), token)
    other_name = place.url.replace("127.0.0.1", "localhost")
    assert "vouch" in told(RootUnavailable, opening(replace(place, url=other_name), token), token)
    told(ConfigurationError, opening(replace(place, authority=tmp_path / "nothing.pem"), token), token)
    (tmp_path / "empty.pem").touch()
    told(ConfigurationError, opening(replace(place, authority=tmp_path / "empty.pem"), token), token)


def test_no_proxy_and_no_authority_of_the_environment_is_used(
    openbao: OpenBao, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).path))
    assert openbao.opened(openbao.key(name), ENTROPY).healthy()


class Imposter(BaseHTTPRequestHandler):
    """Vouched for, and no key service. Keeps what it was sent."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
    seen: list[tuple[str, str]]

    def _reply(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.seen.append((self.path, self.headers.get("x-vault-token", "")))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in (headers | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def imposter(folder: Path, answer: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[TransitKey, list[Any]]]:
    authority, seen = Authority(folder), []  # type: ignore[var-annotated]
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (Imposter,), {"answer": answer, "seen": seen}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.vouch())
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield TransitKey(f"https://127.0.0.1:{server.server_port}", "key", authority.path), seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((307, {"location": "https://127.0.0.1:9/v1/transit/keys/key"}, b""), RootUnavailable),
        ((200, {}, b"<html>a page</html>"), RootUnavailable),
        ((200, {}, b""), RootUnavailable),
        ((200, {}, b"[]"), RootUnavailable),
        ((200, {}, b'{"data": [1]}'), RootUnavailable),
        ((200, {}, b'{"data": {"name": "key"}}'), RootUnsuitable),
        ((500, {}, b'{"errors": ["secret detail"]}'), RootUnavailable),
        ((429, {}, b""), RootUnavailable),
        ((401, {}, b""), RootRefused),
        ((404, {}, b""), RootMissing),
        ((418, {}, b""), RootUnavailable),
    ],
)
def test_whatever_answers_becomes_one_of_our_errors(
    tmp_path: Path, answer: tuple[int, dict[str, str], bytes], kind: type[Any]
) -> None:
    with imposter(tmp_path, answer) as (place, seen):
        assert "secret detail" not in told(kind, opening(place, "a-token"), "a-token")
        assert len(seen) == 1, "not asked again, and nobody else was"
        root = TransitRoot(place, lambda: Sensitive("a-token"), ENTROPY)
        with pytest.raises((kind, RootUnavailable)):
            root.wrap(b"secret", b"context")


def test_a_service_that_lies_opens_nothing_and_wraps_nothing(openbao: OpenBao, name: str, tmp_path: Path) -> None:
    """It answers with a key of its own: the seal's commitment notices."""
    wrapped = openbao.opened(openbao.key(name), ENTROPY).wrap(b"secret", b"context")
    lies = {"data": {"plaintext": b64encode(bytes(32)).decode(), "ciphertext": "vault:v1:" + "A" * 80}}
    with imposter(tmp_path, (200, {}, json.dumps(lies).encode())) as (place, seen):
        root = TransitRoot(place, lambda: Sensitive("a-token"), ENTROPY)
        told(KeyringDamaged, lambda: root.unwrap(wrapped, b"context"))
        assert "give back" in told(RootUnavailable, lambda: root.wrap(b"secret", b"context"))
        assert all(token == "a-token" for _, token in seen)
    short = {"data": {"plaintext": "AAAA"}}
    with imposter(tmp_path, (200, {}, json.dumps(short).encode())) as (place, _):
        told(KeyringDamaged, lambda: TransitRoot(place, lambda: Sensitive("t"), ENTROPY).unwrap(wrapped, b"context"))


def test_who_does_not_answer_is_not_waited_for_long(tmp_path: Path) -> None:
    authority = Authority(tmp_path).path
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = TransitKey(f"https://127.0.0.1:{silent.getsockname()[1]}", "key", authority, seconds=0.2)
        assert "within 0.2 s" in told(RootUnavailable, opening(place, "a-token"), "a-token")


def test_who_speaks_no_tls_is_sent_no_token(tmp_path: Path) -> None:
    authority = Authority(tmp_path).path
    with socket.create_server(("127.0.0.1", 0)) as plain:
        heard: list[bytes] = []

        def answer() -> None:
            connection, _ = plain.accept()
            with connection:
                heard.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        place = TransitKey(f"https://127.0.0.1:{plain.getsockname()[1]}", "key", authority, seconds=20)
        assert "TLS" in told(RootUnavailable, opening(place, "a-token"), "a-token")
        thread.join()
    assert b"a-token" not in heard[0]


def test_a_rotated_key_opens_what_it_locked_until_that_is_forbidden(openbao: OpenBao, name: str) -> None:
    root = openbao.opened(openbao.key(name), ENTROPY)
    wrapped = root.wrap(b"secret", b"context")
    openbao.ask("POST", f"transit/keys/{name}/rotate")
    assert root.unwrap(wrapped, b"context") == b"secret"
    again = root.wrap(b"secret", b"context")
    openbao.ask("POST", f"transit/keys/{name}/config", min_decryption_version=2)
    assert "min_decryption_version" in told(RootUnsuitable, lambda: root.unwrap(wrapped, b"context"))
    assert root.unwrap(again, b"context") == b"secret"


def test_what_is_not_the_services_own_is_not_sent_to_it(tmp_path: Path) -> None:
    with imposter(tmp_path, (200, {}, b"")) as (place, seen):
        root = TransitRoot(place, lambda: Sensitive("a-token"), ENTROPY)
        for locked in (b"vault:v0:AAAA", b"vault:v1:\n", b"../../sys/seal", b"\xff" * 60, b"vault:v1:AAAA\n"):
            wrapped = b"\x03" + len(locked).to_bytes(2, "big") + locked + bytes(100)
            told(KeyringDamaged, lambda wrapped=wrapped: root.unwrap(wrapped, b"context"))
        assert seen == []
