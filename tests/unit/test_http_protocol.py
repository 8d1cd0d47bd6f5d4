"""Head and body of an answer leave in one write; nothing that a client waits for is ever kept back."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from gateway import http_protocol
from gateway.http_protocol import OneWrite
from tests.patience import PATIENCE
from tests.serving import serving


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """`/body`; `/empty`: 204; `/later`: in two parts; `/echo`, `/sum`: read first; `/broken`: fails after its head."""
    assert scope["type"] == "http"
    path = scope["path"]
    if path == "/echo":
        message = await receive()
        text = message["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
        await send({"type": "http.response.body", "body": text})
    elif path == "/sum":
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message["body"]), message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
        await send({"type": "http.response.body", "body": b"%06d" % size})
    elif path == "/empty":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
    elif path == "/later":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"second"})
    elif path == "/broken":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        raise RuntimeError("an invented fault")
    else:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"text"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(_app) as found:
        yield found


@pytest.fixture
def line(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as found:
        yield found


def _ask(line: socket.socket, request: str, body: bytes = b"", more: str = "") -> None:
    line.sendall(f"{request} HTTP/1.1\r\nHost: example\r\n{more}\r\n".encode() + body)


def _read(line: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        part = line.recv(65_536)
        assert part, f"closed after {found!r}"
        found += part
    return found


def test_one_read_gives_the_whole_answer(line: socket.socket) -> None:
    for _ in range(3):
        _ask(line, "GET /body")
        answer = line.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"\r\n\r\ntext")


@pytest.mark.parametrize(
    ("request_line", "end"),
    [("HEAD /body", b"content-length: 4\r\n\r\n"), ("GET /empty", b"\r\n\r\n"), ("HEAD /empty", b"\r\n\r\n")],
)
def test_an_answer_without_a_body_is_not_kept_back(line: socket.socket, request_line: str, end: bytes) -> None:
    for _ in range(2):
        _ask(line, request_line)
        assert _read(line, end).count(b"HTTP/1.1") == 1


def test_parts_of_a_body_leave_as_they_come(line: socket.socket) -> None:
    _ask(line, "GET /later")
    first = _read(line, b"first\r\n")
    assert b"chunked" in first
    assert _read(line, b"0\r\n\r\n").startswith(b"6\r\nsecond")


def test_an_interim_answer_leaves_at_once(line: socket.socket) -> None:
    _ask(line, "POST /echo", more="Expect: 100-continue\r\nContent-Length: 5\r\n")
    assert _read(line, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.sendall(b"hello")
    assert _read(line, b"hello").startswith(b"HTTP/1.1 200 OK")


def test_what_is_asked_ahead_is_answered_in_order(line: socket.socket) -> None:
    for path in ("/body", "/empty", "/later", "/body"):
        _ask(line, f"GET {path}")
    told = b""
    while told.count(b"HTTP/1.1 ") < 4 or not told.endswith(b"text"):
        told += line.recv(65_536)
    assert [part[:3] for part in told.split(b"HTTP/1.1 ")[1:]] == [b"200", b"204", b"200", b"200"]


@pytest.mark.parametrize("path", ["/body", "/empty", "/broken"])
def test_the_last_answer_leaves_before_the_connection_ends(line: socket.socket, path: str) -> None:
    _ask(line, f"GET {path}", more="Connection: close\r\n")
    told = b""
    while part := line.recv(65_536):
        told += part
    assert told.startswith(b"HTTP/1.1 20")


def test_what_is_no_request_is_refused(line: socket.socket) -> None:
    line.sendall(b"nonsense\r\n\r\n")
    assert line.recv(65_536).startswith(b"HTTP/1.1 400 ")


_GOOD_HOSTS = (
    "a.example",
    "a.example:8443",
    "[2001:db8::1]:8443",
    "192.0.2.7",
    "",
    "xn--bcher-kva.example",
    "LOCALHOST",
)


@pytest.mark.parametrize(
    "hosts",
    [
        "", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n", "host: a\r\nHOST: a\r\n", "Host: a b\r\n",
        "Host: a,b/c\r\n", "Host: me@a\r\n", "Host: http://a\r\n", "Host: a:b\r\n", "Host: [::1\r\n", "Host: a\tb\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/body", "http://a.example/body"])
def test_who_names_no_host_or_two_is_refused(line: socket.socket, hosts: str, path: str) -> None:
    """RFC 9112, 3.2: a proxy in front may have gone by another one than whoever answers."""
    line.sendall(f"GET {path} HTTP/1.1\r\n{hosts}\r\n".encode())
    told = line.recv(65_536)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert line.recv(65_536) == b""


@pytest.mark.parametrize("host", _GOOD_HOSTS)
def test_who_names_one_host_is_answered(line: socket.socket, host: str) -> None:
    line.sendall(f"GET /body HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert _read(line, b"text").startswith(b"HTTP/1.1 200 ")


def test_http_1_0_may_name_no_host_but_not_two(port: int) -> None:
    for hosts, told in (("", b" 200 "), ("Host: a\r\n", b" 200 "), ("Host: a\r\nHost: b\r\n", b" 400 ")):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
            line.sendall(f"GET /body HTTP/1.0\r\n{hosts}\r\n".encode())
            assert told in line.recv(65_536)


def test_a_refusal_is_not_put_into_the_answer_to_what_was_asked_before(line: socket.socket) -> None:
    """Else its words would pass for that answer's body, or for that answer."""
    _ask(line, "GET /later")
    first = _read(line, b"first\r\n")
    line.sendall(b"GET /body HTTP/1.1\r\n\r\n")
    while part := line.recv(65_536):
        first += part
    assert b"400" not in first
    assert first.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("before", ["", "GET /body"], ids=["at once", "after an answer"])
def test_a_head_that_does_not_end_is_refused(line: socket.socket, before: str) -> None:
    if before:
        _ask(line, before)
        _read(line, b"text")
    line.sendall(b"GET /body HTTP/1.1\r\nHost: example\r\nX: ")
    told = b""
    try:
        for _ in range(600):
            line.sendall(b"a" * 4_096)  # 2.4 MB, if anybody listened to the end
        told = line.recv(65_536)
    except ConnectionError:
        told = told or b"HTTP/1.1 431 (closed before it was read)"
    assert told.startswith(b"HTTP/1.1 431 ")


def test_heads_below_the_bound_and_long_bodies_pass(line: socket.socket) -> None:
    for _ in range(4):  # what was counted for one request counts for no other
        _ask(line, "GET /body", more="".join(f"X-{number}: {'a' * 4_000}\r\n" for number in range(10)))
        assert _read(line, b"text").startswith(b"HTTP/1.1 200 ")
    _ask(line, "POST /sum", b"b" * 300_000, more="Content-Length: 300000\r\n")
    assert _read(line, b"300000").startswith(b"HTTP/1.1 200 ")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits for heads and bodies no longer than a moment."""
    monkeypatch.setattr(http_protocol, "HEAD_PATIENCE", 1.0)
    monkeypatch.setattr(http_protocol, "BODY_PATIENCE", 1.0)


def _end(line: socket.socket) -> bytes:
    told = b""
    try:
        while part := line.recv(65_536):
            told += part
    except ConnectionError:
        pass
    return told


@pytest.mark.usefixtures("hurried")
def test_who_connects_and_says_nothing_is_let_go_without_a_word(port: int) -> None:
    """Browsers open connections ahead: an answer there would be taken for that of their next question."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as silent:
        assert _end(silent) == b""


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("before", ["", "GET /body"], ids=["at once", "after an answer"])
def test_a_head_that_trickles_is_waited_for_no_longer_however_it_goes_on(line: socket.socket, before: str) -> None:
    if before:
        _ask(line, before)
        _read(line, b"text")
    told = b""
    try:
        line.sendall(b"GET /body HTTP/1.1\r\nHost: example\r\nX: ")
        line.settimeout(0.02)
        for _ in range(1_000):
            line.sendall(b"a")
            with suppress(TimeoutError):
                told = line.recv(65_536)
                break
    except ConnectionError:
        told = told or b"HTTP/1.1 408 (closed before it was read)"
    assert told.startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("hurried")
def test_a_body_that_stops_is_waited_for_no_longer(line: socket.socket) -> None:
    _ask(line, "POST /sum", b"half", more="Content-Length: 8\r\n")
    assert b"HTTP/1.1 200 " not in _end(line)


def test_a_body_may_come_slowly_as_long_as_it_comes(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_PATIENCE", 1.5)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        _ask(line, "POST /sum", more="Content-Length: 6\r\n")
        for _ in range(6):
            time.sleep(0.3)
            line.sendall(b"a")
        assert _read(line, b"000006").startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_takes_long_is_not_cut(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/later` answers in two parts, the second after more than this server's patience."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        _ask(line, "GET /later")
        _read(line, b"first\r\n")
        monkeypatch.setattr(http_protocol, "HEAD_PATIENCE", 0.01)
        monkeypatch.setattr(http_protocol, "BODY_PATIENCE", 0.01)
        line.sendall(b"GET /bo")  # what is asked ahead, and not to its end, cuts nothing off either
        assert _read(line, b"0\r\n\r\n").endswith(b"6\r\nsecond\r\n0\r\n\r\n")


class _Wire:
    """A transport that remembers what was written, and answers everything else by its name."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.write = self.written.append

    def close(self) -> None:
        self.written.append(b"closed")

    def __getattr__(self, name: str) -> str:
        return name


def test_a_body_that_looks_like_a_head_leaves_with_the_answers_end() -> None:
    wire = _Wire()
    joined = OneWrite(wire)  # type: ignore[arg-type]
    for part in (b"HTTP/1.1 200 OK\r\n\r\n", b"one", b"HTTP/1.1 \r\n\r\n"):
        joined.write(part)
    assert wire.written == [b"HTTP/1.1 200 OK\r\n\r\none"]
    joined.release()
    joined.release()
    assert wire.written[1:] == [b"HTTP/1.1 \r\n\r\n"]
    joined.write(b"HTTP/1.1 200 OK\r\n\r\n")
    joined.close()
    assert wire.written[2:] == [b"HTTP/1.1 200 OK\r\n\r\n", b"closed"]
    assert joined.set_protocol == "set_protocol"  # type: ignore[attr-defined]
