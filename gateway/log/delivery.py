"""Where a follower's events go: to a file, or to a syslog server over TLS. A batch arrived whole, or is sent again.

Syslog is RFC 5424 in the frames of RFC 5425. TCP tells a sender nothing of what was read, and syslog has no answer, so
each batch is a connection of its own that ends as RFC 5425, 4.4 asks of both sides: the sender says that it closes, and
the receiver, once it has read all, says so too. Without that word a batch counts as lost.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from gateway.log.key import keep_names
from gateway.log.ocsf import Event, encode
from vault.errors import ConfigurationError

SCHEME: Final = "syslog+tls"
PORT: Final = 6514  # RFC 5425
TIMEOUT: Final = 15.0  # seconds, for each step of a delivery
LONGEST: Final = 60.0  # seconds, for all of it: who takes or says a byte now and then keeps no follower from ending
_AUDIT: Final = 13  # facility "log audit", RFC 5424, table 1
#: Severities of RFC 5424 by those of OCSF: informational, low (a refusal), critical (the log is not whole).
_SEVERITY: Final = {1: 6, 2: 5, 5: 2}
_NO_PRINTABLE: Final = re.compile(r"[^!-~]")
_SOFTWARE: Final = f'[origin software="parefeu" swVersion="{version("parefeu")}"]'


class NotDelivered(Exception):
    """A batch did not arrive, or nothing says that it did. why: a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Target(Protocol):
    def deliver(self, events: Sequence[Event]) -> None:
        """All of them, in order; returns once they arrived. Raises NotDelivered."""
        ...


class LinesFile:
    """A file with an event on each line. It is opened for each batch, so that whoever rotates it may move it away."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def deliver(self, events: Sequence[Event]) -> None:
        lines = b"".join(encode(event) + b"\n" for event in events)
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
            try:
                fresh = not os.fstat(file).st_size
                self._append(file, lines)
            finally:
                os.close(file)
            if fresh:  # else a power failure could take the file, whose lines are not sent again
                keep_names(self._path.parent)
        except OSError as fault:
            raise NotDelivered("file_not_writable") from fault

    @staticmethod
    def _append(file: int, lines: bytes) -> None:
        """A line that a crash or a full disk cut short is taken away: it comes again, whole."""
        end = _whole_lines(file)
        os.ftruncate(file, end)
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(file, left) :]
            os.fsync(file)
        except OSError:
            os.ftruncate(file, end)
            raise


def _whole_lines(file: int) -> int:
    """Bytes up to the end of the last whole line."""
    end = os.fstat(file).st_size
    while end:
        start = max(0, end - 4096)
        place = os.pread(file, end - start, start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


class SyslogTls:
    """A syslog server that shows a certificate for the name it was asked for by, from an authority that is trusted."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext, *, timeout: float = TIMEOUT, longest: float = LONGEST
    ) -> None:  # fmt: skip
        self._host, self._port, self._context, self._timeout, self._longest = host, port, context, timeout, longest
        self._own = _NO_PRINTABLE.sub("", socket.gethostname())[:255] or "-"

    def deliver(self, events: Sequence[Event]) -> None:
        frames = b"".join(frame(message(event, self._own)) for event in events)
        end = time.monotonic() + self._longest

        def left() -> float:
            """How long the next step may last. Raises TimeoutError."""
            if (rest := end - time.monotonic()) <= 0:
                raise TimeoutError("the delivery takes too long")
            return min(rest, self._timeout)

        try:
            raw = socket.create_connection((self._host, self._port), timeout=self._timeout)
        except OSError as fault:
            raise NotDelivered("unreachable") from fault
        with raw:
            try:
                tls = self._context.wrap_socket(raw, server_hostname=self._host, suppress_ragged_eofs=False)
            except ssl.SSLCertVerificationError as fault:
                raise NotDelivered("certificate_refused") from fault
            except (OSError, ValueError) as fault:
                raise NotDelivered("no_tls") from fault
            with tls:
                try:
                    _send(tls, frames, left)
                    _close_both(tls, left)
                except (OSError, ValueError) as fault:
                    raise NotDelivered("not_confirmed") from fault


def _send(tls: ssl.SSLSocket, frames: bytes, left: Callable[[], float]) -> None:
    rest = memoryview(frames)
    while rest:
        tls.settimeout(left())
        rest = rest[tls.send(rest) :]


def _close_both(tls: ssl.SSLSocket, left: Callable[[], float]) -> None:
    """Say that we close; return once the other side said so too, and nothing of ours was left unread. Raises OSError.

    Not by `unwrap`, which takes a fatal alert, such as for a certificate that the server wants, for that word. A server
    that closes without having read everything is given away by its system, which then resets the connection.
    """
    tls.settimeout(0)
    with suppress(ssl.SSLWantReadError):
        tls.unwrap()
        raise OSError("closed before we were")
    try:
        tls.settimeout(left())
        while tls.recv(4096):
            tls.settimeout(left())
    except ssl.SSLZeroReturnError:
        socket.socket.shutdown(tls, socket.SHUT_WR)
        if socket.socket.recv(tls, 1):  # below TLS, where the connection itself ends
            raise OSError("something came after the end") from None
        return
    raise OSError("cut off")


def message(event: Event, host: str) -> bytes:
    """An event as RFC 5424 has it; the message is the event, ASCII."""
    priority = _AUDIT * 8 + _SEVERITY.get(event["severity_id"], 6)
    at = datetime.fromtimestamp(event["time"] / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    code = event["metadata"]["event_code"][:32] or "-"
    return f"<{priority}>1 {at} {host} parefeu {os.getpid()} {code} {_SOFTWARE} ".encode("ascii") + encode(event)


def frame(syslog: bytes) -> bytes:
    """RFC 5425, 4.3: the length in octets, a space, the message."""
    return b"%d %b" % (len(syslog), syslog)


def target_of(where: str, roots: Path | None, certificate: Path | None, key: Path | None) -> Target:
    """A path, or `syslog+tls://HOST[:6514]`. roots: authorities in PEM; None: those that the system trusts.

    certificate, key: our own in PEM, if the server asks who we are. Raises ConfigurationError.
    """
    if "://" not in where:
        if roots or certificate or key:
            raise ConfigurationError("a file needs no certificates")
        if not where or Path(where).is_dir():
            raise ConfigurationError("name the file that events go to")
        return LinesFile(Path(where))
    try:
        parts = urlsplit(where)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        raise ConfigurationError("the server's address cannot be read") from None
    if parts.scheme != SCHEME or not host or parts.path or parts.query or parts.fragment or parts.username:
        raise ConfigurationError(f"events go to a file, or to {SCHEME}://HOST[:{PORT}]")
    return SyslogTls(host, port, tls_context(roots, certificate, key))


def tls_context(roots: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """The server's name and certificate are always checked. Raises ConfigurationError."""
    try:
        context = ssl.create_default_context(cafile=roots)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as fault:
        raise ConfigurationError("a certificate or its key cannot be read; both are PEM, without a password") from fault
    return context


def _no_password() -> str:
    """Asked for if the key is sealed: nobody sits beside a service to type it."""
    raise ValueError("sealed key")
