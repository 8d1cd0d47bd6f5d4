"""A log on somebody else's server: what does not come as it should could not be read, and nobody is accused of it."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditor import verify
from auditor.verify import CODES
from tests.log.tampering import Files
from tests.log.test_bundle import ended

Answer = Callable[[str, bytes], bytes]


def whole(head: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body


def plain(_: str, body: bytes) -> bytes:
    return whole("", body)


def on_entries(answer: Callable[[bytes], bytes]) -> Answer:
    """What is served in the place of entries; everything else is as it should be."""
    return lambda path, body: answer(body) if "/entries/" in path else plain(path, body)


@contextmanager
def web(folder: Path, answer: Answer) -> Iterator[str]:
    """A server that says of each file what `answer` makes of it; of one that is not there, 404."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = listening.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head and (more := connection.recv(4096)):
                    head += more
                if not head:
                    return
                path = head.split(b" ")[1].decode()
                file = folder / path.lstrip("/")
                missing = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                connection.sendall(answer(path, file.read_bytes()) if file.is_file() else missing)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        with socket.create_connection(listening.getsockname()):
            pass
        thread.join()
        listening.close()


def at(files: Files, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> int:
    with web(files.folder, answer) as address:
        real = verify.logs_of
        monkeypatch.setattr(verify, "logs_of", lambda _: real(address))
        code = ended(files.folder)
        monkeypatch.setattr(verify, "logs_of", real)
    return code


def test_a_log_may_come_packed(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """C2SP tlog-tiles lets a log pack its entries without being asked."""

    def packed(body: bytes) -> bytes:
        return whole("Content-Encoding: gzip\r\n", gzip.compress(body))

    assert at(files, plain, monkeypatch) == 0
    assert at(files, on_entries(packed), monkeypatch) == 0


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda body: whole("", body)[:-5],
    "nothing of it": lambda body: whole("", body)[: -len(body)],
    "cut short in a chunk": lambda body: (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nffff\r\n" + body[:100]
    ),
    "no answer of the web": lambda _: b"SSH-2.0-OpenSSH_9.2\r\n",
    "no answer": lambda _: b"",
    "packed and cut short": lambda body: whole("Content-Encoding: gzip\r\n", gzip.compress(body)[:-20]),
    "said to be packed": lambda body: whole("Content-Encoding: gzip\r\n", body),
    "a little that unpacks to very much": lambda _: whole(
        "Content-Encoding: gzip\r\n", gzip.compress(bytes(verify.LARGEST_FILE + 1))
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_the_net_does_is_no_accusation(files: Files, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    assert at(files, on_entries(BROKEN[case]), monkeypatch) == CODES["read"]


def test_a_list_of_logs_that_names_none_is_no_sound_log(files: Files) -> None:
    (files.folder / "logs").write_text("\n")
    assert ended(files.folder) == CODES["read"]
