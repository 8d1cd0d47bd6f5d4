"""A form whose last field is a file: the fields first, then the file piece by piece as it arrives. Nothing is kept.

    sent = FileForm(visit.request)
    form = await sent.fields()
    async for piece in sent.pieces(): ...
    await sent.drain()                      # whatever was not read: a browser hears an answer once it has sent all

No library that puts a file on the disk takes part: what is confided would lie there in clear.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Final

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from gateway.pages.forms import Form
from vault.errors import InvalidInput

MEDIA_TYPE: Final = "multipart/form-data"
_MOST_FIELDS: Final = 30
#: Bytes of all fields but the file.
_FIELDS_LIMIT: Final = 64 * 1024
#: Seconds for what is sent after an answer is known.
_PATIENCE: Final = 120


def holds_a_file(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


class FileForm:
    """file_name: as the sender's machine calls it, "" for none; known once `fields` has answered."""

    def __init__(self, request: Request) -> None:
        """Raises InvalidInput."""
        _, options = parse_options_header(request.headers.get("content-type", ""))
        boundary = options.get("boundary", "")
        if not boundary or len(boundary) > 100 or not boundary.isascii():
            raise _unreadable()
        self.file_name = ""
        self._stream = request.stream()
        self._parser = PushMultipartParser(boundary, max_segment_count=_MOST_FIELDS, strict=True)
        self._events: Iterator[MultipartSegment | bytes | None] = iter(())

    async def fields(self) -> Form:
        """What stands before the file. Raises InvalidInput."""
        pairs: list[tuple[str, str]] = []
        name, value, held = "", bytearray(), 0
        async for event in self._parts():
            if isinstance(event, MultipartSegment):
                if event.filename is not None:
                    self.file_name = event.filename
                    break
                name, value = event.name or "", bytearray()
            elif event is None:
                try:
                    pairs.append((name, value.decode()))
                except UnicodeDecodeError:
                    raise _unreadable() from None
            else:
                held += len(event)
                if held > _FIELDS_LIMIT:
                    raise _unreadable()
                value += event
        return Form(tuple(pairs))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file. Nothing may follow it. Raises InvalidInput."""
        ended = not self.file_name
        async for event in self._parts():
            if ended:
                raise _unreadable()
            if event is None:
                ended = True
            elif not isinstance(event, MultipartSegment):
                yield bytes(event)

    async def drain(self) -> None:
        """Read and forget the rest, for a while: who sends without end is not listened to."""
        with suppress(ClientDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                async for _ in self._stream:
                    pass

    async def _parts(self) -> AsyncIterator[MultipartSegment | bytes | None]:
        try:
            while True:
                for event in self._events:
                    yield event
                chunk = await anext(self._stream, b"")
                if not chunk:
                    self._parser.close()
                    return
                self._events = self._parser.parse(chunk)
        except MultipartError:
            raise _unreadable() from None


def _unreadable() -> InvalidInput:
    return InvalidInput("the form cannot be read", field="form")
