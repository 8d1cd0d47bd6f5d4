"""HTTP/1.1 as uvicorn speaks it, with head and body of an answer in one write, and stricter about a request's head.

uvicorn writes them one after the other. Each write is a system call, a packet and a moment at which the reader wakes
up in vain: together more than it costs to decide, unwrap and decrypt. And it waits for the end of a head or a body
however long that becomes or takes: whoever never ends one could fill the memory, or hold all connections, before
anybody asks who it is. And it answers whoever names no host, or two, of which a proxy may have gone by the other.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_BEGINNING: Final = b"HTTP/1.1 "
_CONTINUE: Final = b"HTTP/1.1 100"
_END_OF_HEAD: Final = b"\r\n\r\n"
#: Bytes of a request's head, give or take what arrives at once. Browsers and programs send two thousand.
LARGEST_HEAD: Final = 65_536
#: Seconds for a whole head, from the beginning of its connection or of itself; and between two pieces of a body.
HEAD_PATIENCE: float = 30.0
BODY_PATIENCE: float = 60.0
#: RFC 9110, 7.2: uri-host [ ":" port ], by the characters of RFC 3986, 3.2.2. Empty where a target has no host.
_HOST: Final = re.compile(rb"(?:\[[0-9A-Za-z:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::[0-9]*)?")
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class OneWrite:
    """A transport that keeps an answer's head back until the next write, `release` or the end.

    Everything but writing and closing is the transport's own.
    """

    __slots__ = ("_head", "_transport", "_write", "get_extra_info", "is_closing", "pause_reading", "resume_reading")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._write = transport.write
        self._head = b""
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """What follows a head leaves with it; an interim answer (RFC 9110, 15.2) leaves at once."""
        head = self._head
        if head:
            self._head = b""
            self._write(head + data)
        elif data.endswith(_END_OF_HEAD) and data.startswith(_BEGINNING) and not data.startswith(_CONTINUE):
            self._head = data
        else:
            self._write(data)

    def release(self) -> None:
        """Nothing will follow: what was kept back leaves."""
        head = self._head
        if head:
            self._head = b""
            self._write(head)

    def close(self) -> None:
        self.release()
        self._transport.close()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """One connection of a client."""

    _in_head = True
    _head_bytes = 0  # of the present head
    _waiting: asyncio.TimerHandle | None = None  # for a request's end; none for one that comes at once

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._joined = OneWrite(transport)
        self.transport = cast("asyncio.Transport", self._joined)
        self._wait(HEAD_PATIENCE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._come()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head:
            self._come()
            self._wait(BODY_PATIENCE)
        elif self._head_bytes and self._waiting is None:
            self._wait(HEAD_PATIENCE)
        if self._in_head and self._head_bytes > LARGEST_HEAD:
            self._refuse(_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Raises ValueError, which ends the connection as what is no HTTP does: 400."""
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) > 1 or (not hosts and self.parser.get_http_version() == "1.1") or not _is_host(*hosts):
            raise ValueError("RFC 9112, 3.2: one Host, and a valid one")
        self._in_head, self._head_bytes = False, 0
        self._come()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._come()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._joined.release()  # an answer to HEAD has no body
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Not into the answer to what was asked before: that one ends as it is."""
        if self._in_head and self._answering:
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _refuse(self, answer: bytes) -> None:
        """Close, and say why where a head is on its way: not into an answer, nor to who has said nothing yet."""
        if self.transport.is_closing():
            return
        if self._in_head and self._head_bytes and not self._answering:
            self.transport.write(answer)
        self.transport.close()

    @property
    def _answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _wait(self, seconds: float) -> None:
        self._waiting = self.loop.call_later(seconds, self._too_slow)

    def _come(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        self._waiting = None
        if self.flow.read_paused or (self._in_head and self._answering):  # it is we who are waited for
            self._wait(BODY_PATIENCE)
        else:
            self._refuse(_TOO_SLOW)


def _is_host(value: bytes = b"") -> bool:
    return _HOST.fullmatch(value) is not None
