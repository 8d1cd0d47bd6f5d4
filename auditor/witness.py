#!/usr/bin/env python3
"""A witness for transparency logs: it remembers the newest head of each log and signs only honest growth.

    parefeu-witness init FOLDER --name witness.example.org/one
    parefeu-witness log FOLDER LOGKEY            a log's public key; repeat it for each tree to come
    parefeu-witness serve FOLDER --port 8470
    parefeu-witness evidence FOLDER              what it refused, as it was sent

Speaks C2SP tlog-witness, so that any such log may use it and any such witness may take its place. It belongs under
another administration than the log's: its own machine, key and database; it has no access to the vault and knows
nothing of it but sizes and hashes. Who keeps a log can then show nobody a shorter or a rewritten one: the witness
would have to sign two stories.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor.verify import EMPTY, Failed, Key, open_note, parent, unbase64

LARGEST_BODY: Final = 256 * 1024  # bytes; a checkpoint with sixteen post-quantum signatures and 63 hashes is a third
MOST_HASHES: Final = 63
MOST_EVIDENCE: Final = 50_000  # rows of each status; what comes later is refused all the same, but not kept
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS logs (key TEXT PRIMARY KEY, origin TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS heads (origin TEXT PRIMARY KEY, size TEXT NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
                                  at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS refusals (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, origin TEXT NOT NULL,
                                     status INTEGER NOT NULL, body BLOB NOT NULL UNIQUE) STRICT;
"""


class Answer(NamedTuple):
    """What the protocol says back. Content types: the protocol names one for sizes."""

    status: int
    body: str
    kind: str = "text/plain; charset=utf-8"


class Head(NamedTuple):
    size: int
    root: bytes
    note: str


def check_consistency(size1: int, size2: int, path: list[bytes], root1: bytes, root2: bytes) -> bool:
    """Whether `path` proves that the first tree is the beginning of the second. 0 < size1 < size2. RFC 9162, 2.1.4."""
    if not path:
        return False
    steps = [root1, *path] if size1 & (size1 - 1) == 0 else path
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = parent(step, first), parent(step, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = parent(second, step)
        at, last = at >> 1, last >> 1
    return last == 0 and first == root1 and second == root2


class Witness:
    """One witness: a key, and the newest head of each log it knows. One request at a time."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        """Raises OSError if the folder holds no witness."""
        name, seed = (folder / "key").read_text("ascii").split()
        self._private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed))
        raw = b"\x04" + self._private.public_key().public_bytes_raw()
        key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        self.key = Key(name, key_id, 4, raw[1:])
        self._clock = clock
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "witness.db", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")  # a head that was signed must never be forgotten
        self._database.executescript(_SCHEMA)

    @staticmethod
    def create(folder: Path, name: str) -> None:
        """Make a witness's key. Raises FileExistsError, Failed for a name that no note could carry."""
        if not re.fullmatch(r"[^\s+]+", name) or not name.isascii():
            raise Failed("read", "a witness's name has no space and no plus sign")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{name} {base64.b64encode(os.urandom(32)).decode()}\n")

    @property
    def verifier_key(self) -> str:
        """What a log's policy file names."""
        raw = bytes([self.key.kind]) + self.key.raw
        return f"{self.key.name}+{self.key.key_id.hex()}+{base64.b64encode(raw).decode()}"

    def add_log(self, text: str) -> str:
        """Know one more log by its public key; its origin is the key's name. Raises Failed."""
        key = Key.parse(text)
        with self._lock:
            self._database.execute("INSERT OR IGNORE INTO logs (key, origin) VALUES (?, ?)", (text, key.name))
        return key.name

    def head(self, origin: str) -> Head | None:
        row = self._database.execute("SELECT size, root, note FROM heads WHERE origin = ?", (origin,)).fetchone()
        return Head(int(row[0]), row[1], row[2]) if row is not None else None

    def newest(self, origin_hash: str) -> Answer:
        """The newest head that this witness signed, by the SHA-256 of its log's origin."""
        with self._lock:
            rows = self._database.execute("SELECT origin, note FROM heads").fetchall()
        for origin, note in rows:
            if hashlib.sha256(origin.encode()).hexdigest() == origin_hash:
                return Answer(200, note)
        return Answer(404, "no such log\n")

    def evidence(self) -> list[tuple[int, str, int, bytes]]:
        """What was refused though the log had signed it: (seconds since 1970, origin, status, body as sent)."""
        return self._database.execute("SELECT at, origin, status, body FROM refusals ORDER BY number").fetchall()

    # -- the protocol ------------------------------------------------------------------------------

    def add_checkpoint(self, body: bytes) -> Answer:
        """Sign a head if it grows honestly from the one signed before. C2SP tlog-witness, add-checkpoint."""
        try:
            text = body.decode()
            request, empty, note = text.partition("\n\n")
            first, *proof = request.split("\n")
            found = re.fullmatch(r"old (0|[1-9][0-9]{0,19})", first)
            signed, separator, _ = note.rpartition("\n\n")
            origin, size_line, root_line, *_ = (signed + "\n").split("\n")
            if not empty or not separator or found is None or len(proof) > MOST_HASHES:
                return Answer(400, "malformed\n")
            if not re.fullmatch(r"0|[1-9][0-9]{0,19}", size_line):
                return Answer(400, "malformed\n")
            old, size, root, path = int(found[1]), int(size_line), unbase64(root_line), [unbase64(p) for p in proof]
            if len(root) != 32 or any(len(step) != 32 for step in path) or size >= 1 << 64 or "" in signed.split("\n"):
                return Answer(400, "malformed\n")
        except (Failed, ValueError):
            return Answer(400, "malformed\n")
        with self._lock:
            # Nor may another process of this folder sign between the look at the last head and keeping the new one.
            self._database.execute("BEGIN IMMEDIATE")
            try:
                answer = self._decide(body, note, origin, old, size, root, path)
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
        return answer

    def _decide(
        self, body: bytes, note: str, origin: str, old: int, size: int, root: bytes, path: list[bytes]
    ) -> Answer:
        rows = self._database.execute("SELECT key FROM logs WHERE origin = ?", (origin,)).fetchall()
        if not rows:
            return Answer(404, "unknown log\n")
        try:
            text, signed = open_note(note, [Key.parse(row[0]) for row in rows])
        except Failed:
            return Answer(403, "a signature is wrong\n")
        if not signed:
            return Answer(403, "not signed by the log\n")
        if old > size:
            return Answer(400, "the old size is larger than the new one\n")
        last = self.head(origin) or Head(0, EMPTY, "")
        if old != last.size:
            if size < last.size:
                self._keep(origin, 409, text, body)
            return Answer(409, f"{last.size}\n", "text/x.tlog.size")
        if size == 0:
            honest = root == EMPTY and not path
        elif old in (0, size):
            honest = not path and (old == 0 or root == last.root)
        else:
            honest = check_consistency(old, size, path, last.root, root)
        if not honest:
            self._keep(origin, 422, text, body)
            return Answer(422, "not a continuation of what was signed before\n")
        line = self._cosign(text)
        # The log's own lines and this witness's: what others may compare with what they were shown. No other: a log
        # could put a wrong one in this witness's name beside them, and nobody could open that note.
        lines = note[len(text) + 1 :].splitlines(keepends=True)
        stored = "".join([text, "\n", *dict.fromkeys(each for each in lines if _signed_by(signed, each)), line])
        self._database.execute(
            "INSERT INTO heads (origin, size, root, note, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE "
            "SET size = excluded.size, root = excluded.root, note = excluded.note, at = excluded.at",
            (origin, str(size), root, stored, int(self._clock())),
        )
        return Answer(200, line)

    def _cosign(self, text: str) -> str:
        moment = int(self._clock())
        signature = self._private.sign(f"cosignature/v1\ntime {moment}\n{text}".encode())
        raw = self.key.key_id + moment.to_bytes(8, "big") + signature
        return f"— {self.key.name} {base64.b64encode(raw).decode()}\n"

    def _keep(self, origin: str, status: int, text: str, body: bytes) -> None:
        """A signed head that contradicts an earlier one is evidence against the log.

        Each head once: anybody may hand in a published one, with any sizes and hashes before it, and leave no room.
        """
        known = "SELECT count(*), coalesce(max(origin = ? AND instr(body, ?) > 0), 0) FROM refusals WHERE status = ?"
        count, same = self._database.execute(known, (origin, f"\n\n{text}\n".encode(), status)).fetchone()
        if count < MOST_EVIDENCE and not same:
            self._database.execute(
                "INSERT OR IGNORE INTO refusals (at, origin, status, body) VALUES (?, ?, ?, ?)",
                (int(self._clock()), origin, status, body),
            )

    def close(self) -> None:
        self._database.close()


def _signed_by(keys: dict[Key, int], line: str) -> bool:
    """Whether a signature line, which was checked, is by one of these keys."""
    _, name, encoded = line.split()
    return (name, unbase64(encoded)[:4]) in {(key.name, key.key_id) for key in keys}


def server(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """The web server, not yet serving. TLS is a reverse proxy's."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        server_version = "parefeu-witness"
        sys_version = ""

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != "/add-checkpoint":
                self._answer(Answer(404, "not found\n"), close=True)
            elif not length.isdigit() or int(length) > LARGEST_BODY:
                self._answer(Answer(413, "too large\n"), close=True)
            else:
                self._answer(witness.add_checkpoint(self.rfile.read(int(length))))

        def do_GET(self) -> None:
            found = re.fullmatch(r"/([0-9a-f]{64})/checkpoint", self.path)
            self._answer(witness.newest(found[1]) if found else Answer(404, "not found\n"))

        def _answer(self, answer: Answer, *, close: bool = False) -> None:
            raw = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(raw)))
            if close:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the database says what was signed and what was refused."""

    return ThreadingHTTPServer((host, port), Handler)


def main(arguments: list[str] | None = None) -> NoReturn:
    parser = argparse.ArgumentParser(
        prog="parefeu-witness", description="Sign only honest growth of transparency logs."
    )
    words = parser.add_subparsers(dest="word", required=True)
    for word, about in (
        ("init", "make a witness's key and folder"),
        ("key", "print the public key, for the log's policy file"),
        ("log", "know one more log by its public key"),
        ("serve", "serve until interrupted"),
        ("evidence", "print what was refused though the log had signed it"),
    ):
        words.add_parser(word, help=about).add_argument("folder", type=Path)
    words.choices["init"].add_argument("--name", required=True, help="such as witness.example.org/one")
    words.choices["log"].add_argument("key", nargs="+", help="name+id+base64, as the log's policy file has it")
    words.choices["serve"].add_argument("--host", default="127.0.0.1")
    words.choices["serve"].add_argument("--port", type=int, default=8470)
    given = parser.parse_args(arguments)
    try:
        _run(given)
    except (Failed, OSError, ValueError) as fault:
        print(f"parefeu-witness: {fault}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def _run(given: argparse.Namespace) -> None:
    if given.word == "init":
        Witness.create(given.folder, given.name)
    witness = Witness(given.folder)
    try:
        if given.word in {"init", "key"}:
            print(witness.verifier_key)
        elif given.word == "log":
            for key in given.key:
                print(witness.add_log(key))
        elif given.word == "evidence":
            for at, origin, status, body in witness.evidence():
                print(f"# {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(at))} {status} {origin}")
                print(body.decode("utf-8", "replace"))
        else:
            running = server(witness, given.host, given.port)
            host, port = running.server_address[:2]
            print(f"parefeu-witness: http://{host!s}:{port}", file=sys.stderr, flush=True)
            try:
                running.serve_forever()
            except KeyboardInterrupt:
                pass
            finally:
                running.server_close()
    finally:
        witness.close()


if __name__ == "__main__":
    main()
