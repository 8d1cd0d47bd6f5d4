"""A syslog server over TLS on loopback, with an authority of its own: it takes frames of RFC 5425 and answers nothing.

with listening(Certificates(folder).server("127.0.0.1")) as server: …
server.messages       what arrived on connections that both sides closed as they must
server.silent = True  it goes away without a word, as if its cable was cut
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_FRAME: Final = re.compile(rb"([1-9][0-9]{0,9}) ")


def _usage(authority: bool) -> x509.KeyUsage:
    """What the key is for: RFC 5280 demands it of an authority, and Python from 3.13 on looks."""
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


class Certificates:
    """An invented authority in a folder, and certificates of it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Invented Root {folder.name}")])
        root = self._build(self._name, self._key.public_key(), authority=True).sign(self._key, SHA256())
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(root.public_bytes(Encoding.PEM))

    def _build(
        self, subject: x509.Name, public: ec.EllipticCurvePublicKey, *, authority: bool
    ) -> x509.CertificateBuilder:
        now, issuer = datetime.now(UTC), self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(self._name).public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(_usage(authority), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
        )  # fmt: skip

    def of(self, host: str) -> tuple[Path, Path]:
        """Certificate and key for a host: an address or a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "invented")])
        alt = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        built = self._build(name, key.public_key(), authority=False)
        signed = built.add_extension(x509.SubjectAlternativeName([alt]), critical=False).sign(self._key, SHA256())
        paths = self._folder / f"{host}.pem", self._folder / f"{host}.key"
        paths[0].write_bytes(signed.public_bytes(Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths

    def server(self, host: str, *, asks: bool = False) -> ssl.SSLContext:
        """asks: clients must show a certificate of this authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.of(host))
        if asks:
            context.load_verify_locations(self.roots)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class SyslogServer(threading.Thread):
    """One connection after the other. context: None for a server without TLS."""

    def __init__(self, context: ssl.SSLContext | None, port: int = 0) -> None:
        super().__init__(name="syslog", daemon=True)
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.messages: list[bytes] = []
        self.connections = 0
        self.silent = False

    def run(self) -> None:
        with suppress(OSError):
            while True:
                raw, _ = self._socket.accept()
                raw.settimeout(10)
                self.connections += 1
                with raw, suppress(OSError):
                    self._take(raw)

    def _take(self, raw: socket.socket) -> None:
        if self._context is None:
            raw.recv(4096)
            raw.sendall(b"what do you want?\n")
            return
        with self._context.wrap_socket(raw, server_side=True) as tls:
            taken = bytearray()
            while part := tls.recv(65536):  # ends with the sender's close_notify
                taken += part
            messages = unframed(bytes(taken))
            if self.silent:
                return
            tls.unwrap()
            self.messages += messages

    def stop(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.join()


def unframed(raw: bytes) -> list[bytes]:
    """The messages of a stream. Raises AssertionError for what is no frame."""
    found, at = [], 0
    while at < len(raw):
        length = _FRAME.match(raw, at)
        assert length is not None, raw[at : at + 20]
        end = length.end() + int(length[1])
        assert end <= len(raw)
        found.append(raw[length.end() : end])
        at = end
    return found


@contextmanager
def listening(context: ssl.SSLContext | None, port: int = 0) -> Iterator[SyslogServer]:
    server = SyslogServer(context, port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
