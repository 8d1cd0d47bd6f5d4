"""A receiver of events that takes its time: the follower ends the delivery by itself, and can be told to end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.log.delivery import NotDelivered, SyslogTls, tls_context
from gateway.log.ocsf import Event, Leaf, event_of
from tests.log.syslog_server import Certificates
from tests.patience import in_time

EVENT: Event = event_of(b"{}", Leaf("log.example/2026h2", 0, bytes(32), 1), bytes(32))


@contextmanager
def dripping(certificates: Certificates, *, reads: bool) -> Iterator[int]:
    """A server that says a byte now and then and never closes. reads: it takes what it is sent, a little at a time."""
    context, over = certificates.server("127.0.0.1"), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def serve() -> None:
        with suppress(OSError), listener.accept()[0] as raw, context.wrap_socket(raw, server_side=True) as tls:
            while not over.wait(0.05):
                if reads:
                    tls.recv(64)
                else:
                    tls.send(b".")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.close()
        thread.join()


@pytest.mark.parametrize("reads", [False, True])
def test_a_receiver_that_never_ends_a_delivery_is_left(tmp_path: Path, reads: bool) -> None:
    certificates = Certificates(tmp_path / "tls")
    with dripping(certificates, reads=reads) as port:
        target = SyslogTls("127.0.0.1", port, tls_context(certificates.roots, None, None), timeout=10.0, longest=3.0)
        with pytest.raises(NotDelivered, match="not_confirmed"):
            in_time(lambda: target.deliver([EVENT] * (4_000 if reads else 1)))
