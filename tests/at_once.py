"""A test client's requests, each handed to the application's event loop once and answered whole.

Starlette's own transport crosses to the loop's thread some nine times for each request, so that an answer can be read
while it is being made. No test reads one so; and crossing takes longer than most requests of ours are worked on.
"""

from __future__ import annotations

from typing import Any

import httpx2
from anyio import Event
from anyio.from_thread import BlockingPortal
from starlette.types import ASGIApp, Message

_PORTS = {"http": 80, "https": 443}


class AtOnce(httpx2.BaseTransport):
    """What the application is told is what Starlette's transport tells it. An exception of its own is a 500 without a
    word, or, where it had begun to answer, an answer cut short: a server would have no more to say either."""

    def __init__(self, app: ASGIApp, portal: BlockingPortal, client: tuple[str, int] = ("testclient", 50000)) -> None:
        self._app, self._portal, self._client = app, portal, client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        return self._portal.call(self._answer, request)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        told, complete = False, Event()
        status, headers, body = 500, list[tuple[str, str]](), list[bytes]()

        async def receive() -> Message:
            nonlocal told
            if told:
                await complete.wait()
                return {"type": "http.disconnect"}
            told = True
            return {"type": "http.request", "body": request.content}

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [(name.decode(), value.decode()) for name, value in message.get("headers", [])]
            elif message["type"] == "http.response.body":
                assert not complete.is_set(), "an answer goes on after its end"
                body.append(bytes(message.get("body", b"")) if request.method != "HEAD" else b"")
                if not message.get("more_body", False):
                    complete.set()

        try:
            await self._app(self._scope(request), receive, send)
        except Exception:  # noqa: BLE001 - as a server: whoever asked is told nothing of it
            complete.set()
        stream = httpx2.ByteStream(b"".join(body))
        return httpx2.Response(status, headers=headers, stream=stream, request=request)

    def _scope(self, request: httpx2.Request) -> dict[str, Any]:
        url = request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?", 1)[0],
            "root_path": "",
            "query_string": url.query,
            "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers.multi_items()],
            "client": self._client,
            "server": [url.host, url.port or _PORTS[url.scheme]],
            "state": {},
        }
