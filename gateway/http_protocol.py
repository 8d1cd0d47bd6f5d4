"""HTTP/1.1 as uvicorn speaks it, with head and body of an answer in one write, and a bound on a request's head.

uvicorn writes them one after the other. Each write is a system call, a packet and a moment at which the reader wakes
up in vain: together more than it costs to decide, unwrap and decrypt. And it waits for a head's end however long that
head becomes: whoever never ends one could fill the memory, before anybody asks who it is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_BEGINNING: Final = b"HTTP/1.1 "
_CONTINUE: Final = b"HTTP/1.1 100"
_END_OF_HEAD: Final = b"\r\n\r\n"
#: Bytes of a request's head, give or take what arrives at once. Browsers and programs send two thousand.
LARGEST_HEAD: Final = 65_536
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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._joined = OneWrite(transport)
        self.transport = cast("asyncio.Transport", self._joined)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > LARGEST_HEAD and not self.transport.is_closing():
            cycle: Any = self.cycle  # None before the first request
            if cycle is None or cycle.response_complete:  # else an answer is under way: nothing may cut in
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._joined.release()  # an answer to HEAD has no body
        super().on_response_complete()
