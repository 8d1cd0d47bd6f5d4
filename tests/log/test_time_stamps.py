"""A checkpoint's time, vouched for by an authority: OpenSSL's, on loopback. What does not belong is refused."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.cli.home import Hooks
from gateway.log.time_stamps import stamp, stamped_at
from tests.cli.kit import Shell
from tests.house import House
from tests.log.test_keeper import keeper_of, let_go
from tests.log.test_sequencer import work
from tests.unit.crypto.kit import WeakFileRoot
from vault.errors import ConfigurationError, NoteRejected

_CONFIG = """
[tsa]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
"""


class Authority:
    """A time-stamping authority in a folder: a root, a signer, and OpenSSL to answer with."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.honest = True
        now = datetime.now(UTC)
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = root_key.public_key()
        root_name, name = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("Invented Root", "Invented Stamps")
        )

        def build(subject: x509.Name, public: ec.EllipticCurvePublicKey, authority: bool) -> x509.CertificateBuilder:
            return (
                x509.CertificateBuilder()
                .subject_name(subject).issuer_name(root_name).public_key(public)
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
                .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
            )  # fmt: skip

        root = build(root_name, issuer, True).sign(root_key, SHA256())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        signer = build(name, key.public_key(), False).add_extension(usage, critical=True).sign(root_key, SHA256())
        self.roots = root.public_bytes(Encoding.PEM)
        (folder / "root.pem").write_bytes(self.roots)
        (folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(secret)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.conf").write_text(_CONFIG.format(folder=folder))

    def answer(self, query: bytes) -> bytes:
        (self._folder / "query").write_bytes(query)
        done = subprocess.run(
            ["openssl", "ts", "-reply", "-config", "tsa.conf", "-section", "tsa", "-queryfile", "query",
             "-signer", "signer.pem", "-inkey", "key.pem", "-out", "reply"],
            cwd=self._folder, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        raw = (self._folder / "reply").read_bytes()
        return raw if self.honest else raw[:-20] + bytes(20)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def url(authority: Authority) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = authority.answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            kind = "text/html" if self.path == "/other" else "application/timestamp-reply"
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


NOTE = b"log.example/2026h2\n3\nAAAA\n\n\xe2\x80\x94 log.example/2026h2 AAAA\n"


def test_a_checkpoint_is_stamped_and_no_other_bytes_are(authority: Authority, url: str, tmp_path: Path) -> None:
    raw = stamp(NOTE, url, authority.roots)
    moment = stamped_at(raw, NOTE, authority.roots)
    assert abs((moment - datetime.now(UTC)).total_seconds()) < 60
    with pytest.raises(NoteRejected):
        stamped_at(raw, NOTE + b" ", authority.roots)
    with pytest.raises(NoteRejected):
        stamped_at(raw[:-1], NOTE, authority.roots)
    with pytest.raises(NoteRejected):
        stamped_at(raw, NOTE, Authority(tmp_path / "other").roots)
    with pytest.raises(NoteRejected):
        stamped_at(raw, NOTE, b"no certificate")
    with pytest.raises(NoteRejected):
        stamped_at(raw, NOTE, authority.roots, nonce=1)


def test_an_authority_that_lies_or_is_none_is_refused(authority: Authority, url: str) -> None:
    with pytest.raises(ConfigurationError, match="something else"):
        stamp(NOTE, f"{url}/other", authority.roots)
    with pytest.raises(ConfigurationError, match="does not answer"):
        stamp(NOTE, "http://127.0.0.1:9", authority.roots)
    authority.honest = False
    with pytest.raises(NoteRejected):
        stamp(NOTE, url, authority.roots)


def test_the_newest_checkpoint_is_stamped_by_command_and_checked_by_openssl_too(
    lite_house: House, authority: Authority, url: str, tmp_path: Path
) -> None:
    shell = Shell(Hooks(root=WeakFileRoot))
    home, roots, file = lite_house.settings.home, tmp_path / "authority/root.pem", tmp_path / "today.tsr"
    work(lite_house)
    assert shell.run("audit", "stamp", file, "--url", url, "--roots", roots, "--home", home).code != 0
    keeper = keeper_of(lite_house)
    keeper.turn()
    let_go(keeper)
    told = shell.ok("audit", "stamp", file, "--url", url, "--roots", roots, "--home", home).out
    assert "stamped at" in told or "stamped_at" in told
    shell.ok("audit", "stamp", file, "--check", "--roots", roots)
    note = tmp_path / "today.tsr.checkpoint"
    command = ["openssl", "ts", "-verify", "-in", str(file), "-data", str(note), "-CAfile", str(roots)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    note.write_bytes(note.read_bytes().replace(b"\n1", b"\n2", 1) + b"\n")
    assert shell.run("audit", "stamp", file, "--check", "--roots", roots).code == 1
    assert shell.run("audit", "stamp", file, "--roots", roots).code == 1
