"""A real server in a thread of this process, as `parefeu serve` speaks HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from gateway.http_protocol import Protocol


@contextmanager
def serving(app: Any, port: int = 0) -> Iterator[int]:
    """The port at which an ASGI application is served on loopback. port: 0 for any that is free."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, http=Protocol, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
