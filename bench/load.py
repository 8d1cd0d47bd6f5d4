"""A closed-loop HTTP/1.1 load generator: so many connections, each asking again as soon as it was answered.

It runs as a process of its own, speaks to 127.0.0.1 alone and stays light (plain sockets, prepared request
bytes, about 15 µs of CPU per request), so that on two cores it measures the server and not itself. One line
of JSON on standard input is one slice; one line on standard output is its result:

    {"port": 8000, "paths": ["/a"], "headers": {}, "connections": 16, "seconds": 0.5, "warm_seconds": 0.05, "least": 50}
    {"answers": 2610, "errors": 0, "seconds": 0.5, "p50": 0.003, "p99": 0.004, "first_error": ""}

A slice lasts until its seconds have passed and `least` answers came, at most `LONGEST` times its seconds.
Latencies are seconds from sending the request to having its last byte.
"""

from __future__ import annotations

import gc
import json
import random
import re
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.contestant import BenchFailed
from bench.interleave import quantile

_HOST: Final = "127.0.0.1"
#: Bounds of one slice: a slip in a plan must not become a flood.
MOST_CONNECTIONS: Final = 64
MOST_SECONDS: Final = 30.0
LONGEST: Final = 6
#: How long connecting may take, seconds. A slice itself ends on time, whatever the server does.
_PATIENCE: Final = 5.0
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Load:
    """What one slice saw. errors: answers other than 200 and broken connections; latencies are of answers only."""

    answers: int
    errors: int
    seconds: float
    p50: float
    p99: float
    first_error: str


def parse_head(data: bytes) -> tuple[int, int] | None:
    """Return the status and the bytes the whole answer has, head included; None while the head is incomplete.

    Raises ValueError for an answer without a Content-Length (we measure none that streams).
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    found = _LENGTH.search(data, 0, end + 2)
    if found is None or not data.startswith(b"HTTP/1.1 "):
        raise ValueError("not an HTTP/1.1 answer with a Content-Length")
    return int(data[9:12]), end + 4 + int(found.group(1))


def request_bytes(path: str, headers: dict[str, str]) -> bytes:
    """One GET request, ready to send."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {_HOST}", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


class Connection:
    """One keep-alive connection with at most one request under way."""

    __slots__ = ("_head", "_missing", "_port", "_status", "began", "sock")

    def __init__(self, port: int) -> None:
        self._port = port
        self.began = 0
        self._open()

    def _open(self) -> None:
        self.sock = socket.create_connection((_HOST, self._port), timeout=_PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)  # with a timeout, every call would poll first
        self._head, self._missing, self._status = b"", 0, 0

    def reopen(self) -> None:
        self.sock.close()
        self._open()

    def ask(self, request: bytes) -> None:
        self.began = time.perf_counter_ns()
        if self.sock.send(request) != len(request):
            raise ConnectionError("a request did not fit into an idle connection's buffer")

    def receive(self) -> int:
        """Take what has arrived; return the status once the answer is complete, else 0. Raises OSError, ValueError."""
        data = self.sock.recv(65_536)
        if not data:
            raise ConnectionResetError("closed by the server")
        if self._missing:
            self._missing -= len(data)
        else:
            data = self._head + data if self._head else data
            head = parse_head(data)
            if head is None:
                self._head = data
                return 0
            self._status, length = head
            self._missing = length - len(data)
            self._head = b""
        return 0 if self._missing else self._status


class _Slice:
    def __init__(self, plan: dict[str, Any]) -> None:
        self._port = int(plan["port"])
        self._seconds = min(float(plan["seconds"]), MOST_SECONDS)
        self._warm = min(float(plan["warm_seconds"]), MOST_SECONDS)
        self._least = int(plan["least"])
        self._connections = min(int(plan["connections"]), MOST_CONNECTIONS)
        self._requests = [request_bytes(path, plan["headers"]) for path in plan["paths"]]
        random.Random(plan.get("seed")).shuffle(self._requests)
        self._next = 0
        self._errors = 0
        self._first_error = ""

    def _request(self) -> bytes:
        self._next = (self._next + 1) % len(self._requests)
        return self._requests[self._next]

    def _failed(self, what: str) -> None:
        self._errors += 1
        self._first_error = self._first_error or what

    def run(self) -> Load:
        selector = selectors.DefaultSelector()
        open_ones = [Connection(self._port) for _ in range(self._connections)]
        try:
            for connection in open_ones:
                selector.register(connection.sock, selectors.EVENT_READ, connection)
                connection.ask(self._request())
            self._walk(selector, self._warm, 0)
            self._errors, self._first_error = 0, ""
            began = time.perf_counter()
            latencies = self._walk(selector, self._seconds, self._least)
            spent = time.perf_counter() - began
        finally:
            selector.close()
            for connection in open_ones:
                connection.sock.close()
        seconds = [nanoseconds / 1e9 for nanoseconds in latencies] or [0.0]
        p50, p99 = quantile(seconds, 0.5), quantile(seconds, 0.99)
        return Load(len(latencies), self._errors, spent, p50, p99, self._first_error)

    def _walk(self, selector: selectors.BaseSelector, seconds: float, least: int) -> list[int]:
        latencies: list[int] = []
        now = time.perf_counter_ns()
        end = now + int(seconds * 1e9)
        last = now + int(seconds * LONGEST * 1e9)
        while now < end or (len(latencies) < least and now < last):
            for key, _ in selector.select(0.05):
                connection: Connection = key.data
                try:
                    status = connection.receive()
                    if status == 200:
                        now = time.perf_counter_ns()
                        latencies.append(now - connection.began)
                    elif status:
                        self._failed(f"status {status}")
                    if status:
                        connection.ask(self._request())
                except (OSError, ValueError) as problem:
                    self._failed(f"{type(problem).__name__}: {problem}")
                    selector.unregister(connection.sock)
                    connection.reopen()
                    selector.register(connection.sock, selectors.EVENT_READ, connection)
                    connection.ask(self._request())
            now = time.perf_counter_ns()
        return latencies


class LoadGenerator:
    """The generator's process, seen from the bench: started once, so that no slice pays for a Python start."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> LoadGenerator:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, **plan: Any) -> Load:
        """Run one slice (see the module) and wait for it. Raises BenchFailed if the generator died."""
        if self._process.stdin is None or self._process.stdout is None:  # never: both are pipes
            raise BenchFailed("the load generator has no pipes")
        self._process.stdin.write(json.dumps(plan) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise BenchFailed("the load generator ended; its error stands above")
        return Load(**json.loads(line))


def main() -> None:
    """Serve slices until standard input closes."""
    gc.disable()
    for line in sys.stdin:
        print(json.dumps(asdict(_Slice(json.loads(line)).run())), flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
