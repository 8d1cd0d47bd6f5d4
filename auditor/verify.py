#!/usr/bin/env python3
"""audit-verify: check a Parefeu access log without trusting whoever keeps it. Needs Python 3.11 and `cryptography`.

    python verify.py FOLDER|URL --policy policy.txt [--checkpoint seen-last-month.txt] [--max-age 24]

This file is all of it, to be read in an hour. It shares no line with the program that writes the log, on purpose:
a mistake there is not repeated here. It opens nothing personal and needs no key but the public ones in the policy.

What is checked, in this order, and the exit code if it fails:

    12 signature   the newest checkpoint (size and root of the log's Merkle tree) is signed by the log's key
    16 quorum      enough witnesses, who remember what they saw, have signed the same checkpoint
    15 stale       it is not older than --max-age
    10 hash        every entry hashes to its leaf: no byte changed (RFC 6962: SHA-256 of 00 and the entry)
    11 root        the leaves lead to the signed root: none was exchanged, added, dropped or moved
    14 fork        every other checkpoint you hold (older ones, an auditor's, the next log's) tells the same story
    13 gap         each writer (lane) numbered and chained its entries: none is missing, none was put in later or is
                   of somebody who only says so. Told at the end: all else is sound then
     2             the log cannot be read, or the command is not understood

A log is a folder or web address with these files (C2SP tlog-tiles): `checkpoint`, `tile/0/…` (leaf hashes, 256 a
file), `tile/entries/…` (the entries, each after its length), and perhaps `checkpoints/SIZE`. A folder of several
logs (one per half-year) has a file `logs` that names their folders, oldest first.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import re
import sys
import time
import urllib.request
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

CODES: Final = {"hash": 10, "root": 11, "signature": 12, "gap": 13, "fork": 14, "stale": 15, "quorum": 16, "read": 2}
MEANS: Final = {
    "hash": "An entry is not what was logged: its bytes changed after the log took it.",
    "root": "The entries are not those that the log signed: one was exchanged, added, dropped or moved.",
    "signature": "The checkpoint is not signed by the log's key, or somebody changed it.",
    "gap": "Entries of a writer are missing, or stand where they cannot have been written.",
    "fork": "Two signed statements about this log contradict each other: keep both, they are evidence.",
    "stale": "The log stopped, or you are shown an old copy: newer entries may exist.",
    "quorum": "Too few witnesses confirmed this checkpoint: you may be shown another log than others are.",
    "read": "The log could not be read.",
}
WIDTH: Final = 256  # hashes in a full tile
EMPTY: Final = hashlib.sha256(b"").digest()
LARGEST_FILE: Final = 1 << 26  # bytes; a full bundle of the longest entries is a quarter
LAST_MOMENT: Final = 253_402_300_799  # the end of the year 9999, in seconds since 1970


class Failed(Exception):
    """One failure. kind: a key of CODES."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind


# -- notes and keys (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ------------------------------


def unbase64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Failed("signature", f"not base64: {text[:40]!r}") from None
    if base64.b64encode(raw).decode() != text:
        raise Failed("signature", "base64 that is written in an unusual way")
    return raw


def text_of(raw: bytes) -> str:
    """A note's text, with its line ends as they are: a note is UTF-8 and nothing else."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Failed("signature", "no signed note: it is not UTF-8") from None


@dataclass(frozen=True)
class Key:
    """A public key under a name. kind: 1 a log's Ed25519, 4 a witness's Ed25519, 6 ML-DSA-44 of either."""

    name: str
    key_id: bytes
    kind: int
    raw: bytes

    @classmethod
    def parse(cls, text: str) -> Key:
        """`name+id+base64`; the id is a hash over name and key."""
        parts = text.split("+", 2)
        raw = unbase64(parts[2]) if len(parts) == 3 else b""
        if len(raw) != {1: 33, 4: 33, 6: 1313}.get(raw[0] if raw else 0):
            raise Failed("read", f"no key that this program knows: {text[:60]}")
        key_id = hashlib.sha256(parts[0].encode() + b"\n" + raw).digest()[:4]
        if key_id.hex() != parts[1]:
            raise Failed("read", f"the key's id is not that of its name and bytes: {text[:60]}")
        return cls(parts[0], key_id, raw[0], raw[1:])

    def check(self, text: str, signature: bytes) -> int:
        """The moment (seconds since 1970) that a witness signed at; 0 for a log's plain signature."""
        try:
            if self.kind == 1:
                Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text.encode())
                return 0
            moment, rest = int.from_bytes(signature[:8], "big"), signature[8:]
            rest = rest if moment <= LAST_MOMENT else b""  # no clock shows that: not worth a signature
            if self.kind == 4:
                signed = f"cosignature/v1\ntime {moment}\n{text}".encode()
                Ed25519PublicKey.from_public_bytes(self.raw).verify(rest, signed)
                return moment
            origin, size, root, *_ = text.split("\n")
            signed = b"subtree/v1\n\x00" + bytes([len(self.name.encode())]) + self.name.encode()
            signed += signature[:8] + bytes([len(origin.encode())]) + origin.encode() + bytes(8)
            signed += int(size).to_bytes(8, "big") + unbase64(root)
            MLDSA44PublicKey.from_public_bytes(self.raw).verify(rest, signed)
        except (InvalidSignature, ValueError, OverflowError):
            raise Failed("signature", f"the signature of {self.name} does not belong to this text") from None
        return moment


def open_note(note: str, keys: list[Key]) -> tuple[str, dict[Key, int]]:
    """The text of a note and who of `keys` signed it, with the moment. A wrong signature of a known key is fatal.

    Of two right ones by one key the first counts.
    """
    text, empty, lines = note.rpartition("\n\n")
    if not empty or not lines.endswith("\n") or any(char < " " and char != "\n" for char in note):
        raise Failed("signature", "no signed note")
    text += "\n"
    signed: dict[Key, int] = {}
    for line in lines[:-1].split("\n"):
        found = re.fullmatch(r"— ([^\s+]+) (\S+)", line)
        if found is None or len(raw := unbase64(found[2])) < 5:
            raise Failed("signature", f"no signature line: {line[:60]!r}")
        for key in keys:
            if (key.name, key.key_id) == (found[1], raw[:4]):
                signed.setdefault(key, key.check(text, raw[4:]))
    return text, signed


@dataclass(frozen=True)
class Checkpoint:
    """A signed tree head. seen: when witnesses signed it, by key."""

    origin: str
    size: int
    root: bytes
    seen: dict[Key, int]
    note: str

    @staticmethod
    def size_in(note: bytes) -> int:
        """The size a note claims, unverified: to know which files there should be."""
        found = re.match(rb"[^\n]+\n([0-9]{1,20})\n", note)
        if found is None:
            raise Failed("signature", "no checkpoint: origin, size and root are missing")
        return int(found[1])

    @classmethod
    def open(cls, note: str, policy: Policy) -> Checkpoint:
        """Raises Failed unless a log of the policy signed it under its own name."""
        text, signed = open_note(note, [*policy.logs, *policy.witnesses.values()])
        lines = text[:-1].split("\n")
        if len(lines) < 3 or not all(lines) or not re.fullmatch(r"0|[1-9][0-9]{0,19}", lines[1]):
            raise Failed("signature", "no checkpoint: origin, size and root are missing")
        root = unbase64(lines[2])
        if not any(key in policy.logs and key.name == lines[0] for key in signed) or len(root) != 32:
            raise Failed("signature", f"no key of the policy signed for {lines[0]!r}: is it the right policy file?")
        seen = {key: at for key, at in signed.items() if key not in policy.logs}
        return cls(lines[0], int(lines[1]), root, seen, note)


# -- policy (C2SP tlog-policy): whose signatures count, and how many are enough ------------------------


@dataclass
class Policy:
    logs: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = ""

    @classmethod
    def parse(cls, text: str) -> Policy:
        found = cls()
        for number, line in enumerate(text.split("\n"), 1):
            words = [word for word in re.split(r"[ \t]+", line) if word]
            if words and not words[0].startswith("#"):
                try:
                    found._line(words)
                except (IndexError, ValueError):
                    raise Failed("read", f"policy, line {number}, is not understood: {line.strip()[:60]!r}") from None
        if not found.quorum:
            raise Failed("read", "the policy states no quorum")
        return found

    def _line(self, words: list[str]) -> None:
        match words:
            case ["log", key, *rest] if len(rest) < 2:
                self.logs.append(self._once(Key.parse(key), {1, 6}))
            case ["witness", name, key, *rest] if len(rest) < 2 and self._free(name):
                self.witnesses[name] = self._once(Key.parse(key), {4, 6})
            case ["group", name, enough, *members] if members and self._free(name) and not self.quorum:
                count = int(enough) if re.fullmatch("[1-9][0-9]{0,5}", enough) else 0
                count = {"all": len(members), "any": 1}.get(enough, count)
                taken = {member for _, others in self.groups.values() for member in others}
                known = all(member in self.witnesses or member in self.groups for member in members)
                if not 1 <= count <= len(members) or not known or taken & {*members} or len({*members}) < len(members):
                    raise ValueError
                self.groups[name] = (count, members)
            case ["quorum", name] if not self.quorum and (name == "none" or not self._free(name)):
                self.quorum = name
            case _:
                raise ValueError

    def _free(self, name: str) -> bool:
        return name != "none" and name not in self.witnesses and name not in self.groups

    def _once(self, key: Key, kinds: set[int]) -> Key:
        """One key counts once, under whatever names: no log is its own witness, nor signs like one."""
        if key.kind not in kinds or any(other.raw == key.raw for other in (*self.logs, *self.witnesses.values())):
            raise ValueError
        return key

    def met(self, seen: dict[Key, int], name: str = "") -> bool:
        """Whether the witnesses that signed are enough."""
        name = name or self.quorum
        if name == "none" or name in self.witnesses:
            return name == "none" or self.witnesses[name] in seen
        count, members = self.groups[name]
        return sum(self.met(seen, member) for member in members) >= count


# -- the tree (RFC 6962) -------------------------------------------------------------------------------


def parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows by leaves; knows its root at any moment, and the nodes that upper tiles must hold."""

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[bytes] = []
        self.uppers: list[bytearray] = []  # by level from 1: the nodes over full tiles below

    def add(self, leaf: bytes) -> None:
        self.edge.append(leaf)
        self.size = size = self.size + 1
        height = 0
        while not size & 1:
            right = self.edge.pop()
            self.edge[-1] = parent(self.edge[-1], right)
            size >>= 1
            height += 1
            if height % 8 == 0:
                if len(self.uppers) < height // 8:
                    self.uppers.append(bytearray())
                self.uppers[height // 8 - 1] += self.edge[-1]

    def root(self) -> bytes:
        found = self.edge[-1] if self.edge else EMPTY
        for left in reversed(self.edge[:-1]):
            found = parent(left, found)
        return found


def check_inclusion(index: int, size: int, leaf: bytes, path: list[bytes], root: bytes) -> None:
    """RFC 9162, 2.1.3.2. Raises Failed."""
    if any(len(each) != 32 for each in (leaf, root, *path)):
        raise Failed("root", "a hash of the proof is not 32 bytes long")
    at, last, found = index, size - 1, leaf
    for step in path:
        if last <= 0:
            raise Failed("root", "the proof is too long")
        if at & 1 or at == last:
            found = parent(step, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = parent(found, step)
        at, last = at >> 1, last >> 1
    if not 0 <= index < size or last != 0 or found != root:
        raise Failed("root", f"the proof does not lead from entry {index} to the signed root")


# -- reading a log -------------------------------------------------------------------------------------

Read = Callable[[str], bytes]


def read_file(path: Path) -> bytes:
    """Somebody else's file: no more of it than a log needs, and nothing that is no file and might never end."""
    try:
        if not path.is_file():
            raise Failed("read", f"{path}: there is no such file")
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as fault:
        raise Failed("read", f"{path}: {fault.strerror}") from None
    if len(raw) > LARGEST_FILE:
        raise Failed("read", f"{path}: too large")
    return raw


def reader(source: str) -> Read:
    """Files of a folder, or of a web address."""
    if not re.match(r"https?://", source):
        return lambda path: read_file(Path(source, path))

    def fetch(path: str) -> bytes:
        try:
            with urllib.request.urlopen(f"{source.rstrip('/')}/{path}", timeout=30) as reply:  # noqa: S310 - http only
                raw = bytes(reply.read(LARGEST_FILE))
                if reply.length:
                    raise Failed("read", f"{path}: cut short on its way, or too large")
                if reply.headers.get("Content-Encoding") == "gzip":  # a log may, unasked
                    packed = zlib.decompressobj(31)
                    raw = packed.decompress(raw, LARGEST_FILE)
                    if not packed.eof:
                        raise Failed("read", f"{path}: packed wrongly, or too large")
                return raw
        except (OSError, http.client.HTTPException, zlib.error) as fault:
            raise Failed("read", f"{path}: {fault}") from None

    return fetch


def tile_path(level: str, index: int, width: int) -> str:
    """Names of three digits: 1234067 is x001/x234/067; a tile that is not full says how wide it is."""
    digits = str(index).zfill(-(-len(str(index)) // 3) * 3)
    *parts, last = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{level}/{''.join(f'x{part}/' for part in parts)}{last}{partial}"


def entries_of(read: Read, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Each entry of the log with the leaf hash that the log keeps for it."""
    for index in range(-(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        hashes, bundle, at = read(tile_path("0", index, width)), read(tile_path("entries", index, width)), 0
        if len(hashes) != 32 * width:
            raise Failed("root", f"there are {len(hashes) // 32} leaf hashes where {width} must be")
        for place in range(width):
            end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
            if at + 2 > len(bundle) or end > len(bundle):
                raise Failed("hash", f"entry {index * WIDTH + place} is missing or cut short")
            yield bundle[at + 2 : end], hashes[32 * place : 32 * place + 32]
            at = end
        if at != len(bundle):
            raise Failed("hash", f"there are more entries than leaves after entry {index * WIDTH + width - 1}")


# -- lanes: writers who number and chain what they write -----------------------------------------------


class Lanes:
    """Follows every lane through the tree. Lanes may go on from an earlier log of the same vault."""

    # Each field after the other, so that no entry can be made that takes long to be refused.
    _PLACE: Final = re.compile(
        rb'"entry":"([0-9a-f]{16})([0-9a-f]{16})","kind":"[^"]*","lane":"\1","number":(\d{1,20}),"object":"[^"]*",'
        rb'"outcome":"[^"]*","policy":"[^"]*","previous":"([0-9a-f]{64})"'
    )

    def __init__(self) -> None:
        self.last: dict[bytes, tuple[int, bytes]] = {}
        self.closed: set[bytes] = set()
        self.missing: list[str] = []
        self.out_of_place: list[str] = []  # never written there by their lane: they move no lane
        self.from_the_start = False  # whether the first log of all is among those that are checked

    def follow(self, index: int, entry: bytes, leaf: bytes) -> None:
        """Note what is missing from its lane, and what the lane cannot have written there."""
        found = self._PLACE.search(entry)
        if found is None or int(found[3]) != int(found[2], 16):
            self.out_of_place.append(f"entry {index} does not say where it belongs")
            return
        lane, number, previous = found[1], int(found[3]), bytes.fromhex(found[4].decode())
        last = self.last.get(lane)
        if last is None and (number == 0 or self.from_the_start):
            last = (-1, bytes(32))
        if lane in self.closed or (last is not None and number <= last[0]):
            self.out_of_place.append(f"entry {index} stands where lane {lane.decode()} cannot have written it")
            return
        if last is not None and number > last[0] + 1:
            count = number - last[0] - 1
            self.missing.append(f"{count} of lane {lane.decode()} before its number {number} (entry {index})")
        elif last is not None and previous != last[1]:
            self.out_of_place.append(f"entry {index} does not follow the one before it in lane {lane.decode()}")
        self.last[lane] = (number, leaf)
        if b'"action":"lane_closed"' in entry:
            self.closed.add(lane)

    def check(self) -> None:
        """Raises Failed for what is missing or out of place; that nothing else is wrong is known by then."""
        told = [("entries are missing", self.missing), ("entries are out of place", self.out_of_place)]
        parts = [
            f"{what}: {'; '.join(all_[:20])}{f' and {len(all_) - 20} more' if all_[20:] else ''}"
            for what, all_ in told if all_
        ]  # fmt: skip
        if parts:
            raise Failed("gap", f"{'; '.join(parts)}; all else is sound")


# -- one log, and several ------------------------------------------------------------------------------


@dataclass
class Result:
    """What was found sound."""

    checkpoint: Checkpoint
    entries: int = 0
    first_at: str = ""
    last_at: str = ""
    others: int = 0  # further checkpoints that agree
    before: str = ""  # the last head of the log before, `origin@size:root`; "" for the first of all


Progress = Callable[[int, int], None]


def verify_log(
    read: Read, policy: Policy, lanes: Lanes, *, others: list[str] | None = None, max_age: float | None = None,
    now: float = 0.0, progress: Progress = lambda _done, _all: None, end: str = "",
) -> Result:  # fmt: skip
    """Check one log from its first entry to its newest checkpoint. Raises Failed at the first thing that is wrong.

    others: further notes of this log that must tell the same story. max_age: seconds. end: what the log after this
    one says about it, as `origin@size:root`.
    """
    newest = Checkpoint.open(text_of(read("checkpoint")), policy)
    if not policy.met(newest.seen):
        raise Failed("quorum", f"{len(newest.seen)} known witness(es) signed checkpoint {newest.size}")
    by_size = _expected(newest, [Checkpoint.open(note, policy) for note in others or []], end)
    result, tree = Result(newest, others=sum(map(len, by_size.values())) - 1), Tree()
    last = deque[bytes](maxlen=WIDTH)  # the newest of them may say nothing of when it was written
    _compare(tree, by_size)
    for entry, kept in entries_of(read, newest.size):
        leaf = hashlib.sha256(b"\x00" + entry).digest()
        if leaf != kept:
            raise Failed("hash", f"entry {tree.size} is not the one that was logged")
        if tree.size < 2 and b'"action":"log_opened"' in entry:
            result.before = opening(entry)
            lanes.from_the_start = lanes.from_the_start or not result.before
        lanes.follow(tree.size, entry, leaf)
        result.first_at = result.first_at or time_of(entry)
        last.append(entry)
        tree.add(leaf)
        if tree.size in by_size:
            _compare(tree, by_size)
        if not tree.size % 4096:
            progress(tree.size, newest.size)
    result.entries, result.last_at = tree.size, next(filter(None, map(time_of, reversed(last))), "")
    _check_uppers(read, tree)
    if max_age is not None:
        _check_age(result, policy, max_age, now)
    return result


def _expected(newest: Checkpoint, others: list[Checkpoint], end: str) -> dict[int, list[Checkpoint]]:
    """Every statement about this log, by the size it is about."""
    if end:
        origin, size, root = re.split("[@:]", end)
        if origin != newest.origin:
            raise Failed("fork", f"the log that should follow {newest.origin} goes on from {origin}")
        others = [*others, Checkpoint(origin, int(size), bytes.fromhex(root), {}, "")]
    by_size = {newest.size: [newest]}
    for other in others:
        if other.origin == newest.origin:
            if other.size > newest.size:
                raise Failed("fork", f"there was a head of {other.size} entries, the log now shows {newest.size} only")
            by_size.setdefault(other.size, []).append(other)
    return by_size


def opening(entry: bytes) -> str:
    """The head of the log before, as an entry `log_opened` names it; "" for the first log of all."""
    return str(json.loads(entry)["object"])


def time_of(entry: bytes) -> str:
    """When an entry says that it was written; "" for what is no moment."""
    found = re.search(rb'"at":"([^"]*)"', entry)
    try:
        moment = datetime.fromisoformat(found[1].decode() if found else "")
    except ValueError:
        return ""
    return moment.isoformat(timespec="microseconds") if moment.tzinfo is not None else ""


def _compare(tree: Tree, by_size: dict[int, list[Checkpoint]]) -> None:
    known = by_size.get(tree.size, [])
    roots = {each.root for each in known}
    if len(roots) > 1:
        raise Failed("fork", f"two checkpoints of {tree.size} entries name different trees")
    if roots and tree.root() not in roots:
        newest = tree.size == max(by_size)
        raise Failed("root" if newest else "fork", f"the first {tree.size} entries are not those of the checkpoint")


def _check_uppers(read: Read, tree: Tree) -> None:
    """The files that others make proofs from hold the same nodes."""
    for level, nodes in enumerate(tree.uppers, 1):
        for start in range(0, len(nodes), 32 * WIDTH):
            part = bytes(nodes[start : start + 32 * WIDTH])
            path = tile_path(str(level), start // 32 // WIDTH, len(part) // 32)
            if read(path) != part:
                raise Failed("root", f"{path} does not hold the nodes over the entries below it")


def _check_age(result: Result, policy: Policy, max_age: float, now: float) -> None:
    """The moment since which enough witnesses have signed; without any, the last entry's own word.

    Enough of them: one that lies about the time makes no old copy new.
    """
    seen = result.checkpoint.seen
    enough = [since for since in seen.values() if policy.met({key: at for key, at in seen.items() if at >= since})]
    newest = float(max(enough, default=0))
    if not seen and result.last_at:
        newest = datetime.fromisoformat(result.last_at).timestamp()
    age = now - newest
    if age > max_age:
        raise Failed("stale", f"the newest sign of life is {age / 3600:.1f} hours old")


def verify_logs(
    source: str | list[Read], policy: Policy, *, notes: list[str] | None = None, max_age: float | None = None,
    now: float = 0.0, progress: Progress = lambda _done, _all: None,
) -> tuple[list[Result], Lanes]:  # fmt: skip
    """Check one log or a row of them, oldest first: each names the last head of the one before.

    notes: checkpoints that the reader kept; each must be of one of these logs, or the last of the one before them.
    """
    reads = source if isinstance(source, list) else logs_of(source)
    lanes, results = Lanes(), list[Result]()
    for number, read in enumerate(reads):
        last = number == len(reads) - 1
        end = "" if last else _names_before(reads[number + 1])
        found = verify_log(
            read, policy, lanes, others=[*(notes or []), *_kept(read)], max_age=max_age if last else None, now=now,
            progress=progress, end=end,
        )  # fmt: skip
        results.append(found)
    for note in notes or []:
        _check_kept(Checkpoint.open(note, policy), results)
    lanes.check()
    return results, lanes


def _check_kept(kept: Checkpoint, results: list[Result]) -> None:
    """A checkpoint that somebody kept is compared, or they are told that it cannot be: a log may be withheld."""
    if kept.origin in {result.checkpoint.origin for result in results}:
        return
    before = re.fullmatch(r"(.+)@(\d+):([0-9a-f]{64})", results[0].before)
    if before is None or before[1] != kept.origin or int(before[2]) > kept.size:
        raise Failed("read", f"you hold a checkpoint of {kept.origin}, and that log is not among those you are shown")
    if (int(before[2]), before[3]) != (kept.size, kept.root.hex()):
        raise Failed("fork", f"the log goes on from another head of {kept.origin} than the one you hold")


def _names_before(read: Read) -> str:
    """What the first entries of a log say about the one before it."""
    size = Checkpoint.size_in(read("checkpoint"))
    for number, (entry, _) in enumerate(entries_of(read, min(size, WIDTH))):
        if b'"action":"log_opened"' in entry and number < 2 and opening(entry):
            return opening(entry)
    raise Failed("fork", "a log that is not the first does not say what came before it")


def logs_of(source: str) -> list[Read]:
    """The logs of a folder or web address, oldest first."""
    read = reader(source)
    try:
        names = read("logs").decode().split()
    except Failed:
        return [read]
    if not names or not all(re.fullmatch(r"[\w.-]+", name) for name in names):
        raise Failed("read", "the file `logs` names nothing, or something that is no folder beside it")
    return [reader(f"{source.rstrip('/')}/{name}") for name in names]


def _kept(read: Read) -> list[str]:
    """Older checkpoints that are published beside the log, if any: `checkpoints/list` names their sizes."""
    try:
        sizes = read("checkpoints/list").decode().split()
    except Failed:
        return []
    return [text_of(read(f"checkpoints/{int(size)}")) for size in sizes]


# -- evidence: chosen entries with their proofs --------------------------------------------------------


def is_evidence(folder: Path) -> bool:
    """Whether a folder is a bundle. One that holds a log is a log, whatever else lies in it."""
    return (folder / "proofs").is_dir() and not any((folder / name).exists() for name in ("checkpoint", "logs"))


def verify_evidence(
    folder: Path, policy: Policy, notes: list[str] | None = None, max_age: float | None = None
) -> list[str]:
    """Check a bundle: `proofs/ID.tlog-proof`, `entries/ID.json`, `details/ID.json`, `checkpoints/…`. Returns the ids.

    notes: checkpoints that the reader kept, of the size of one in the bundle. max_age: of no bundle. Raises Failed.
    """
    if max_age is not None:
        raise Failed("read", "single entries do not show whether the log goes on: check the age of the whole log")
    found, roots = dict[tuple[str, int], str](), dict[tuple[str, int], bytes]()

    def compare(head: Checkpoint) -> None:
        if roots.setdefault((head.origin, head.size), head.root) != head.root:
            raise Failed("fork", f"two checkpoints of {head.size} entries name different trees")

    for proof in sorted((folder / "proofs").glob("*.tlog-proof")):
        entry = read_file(folder / "entries" / f"{proof.stem}.json")
        head, index = verify_proof(text_of(read_file(proof)), entry, policy)
        compare(head)
        if found.setdefault((head.origin, index), proof.stem) != proof.stem:
            raise Failed("read", f"{proof.stem} is {found[head.origin, index]} again")
        detail = folder / "details" / f"{proof.stem}.json"
        if detail.exists():
            raw = read_file(detail)
            kept = hmac.digest(bytes.fromhex(json.loads(raw)["salt"]), raw, "sha256").hex()
            if kept != json.loads(entry)["commitment"]:
                raise Failed("hash", f"the detail of {proof.stem} is not the one its entry commits to")
    entries, details = ({path.stem for path in (folder / part).glob("*.json")} for part in ("entries", "details"))
    if not found or entries | details != {*found.values()}:
        raise Failed("read", "there is no entry, or an entry or a detail without proof")
    known = {*roots}
    for head in [Checkpoint.open(text_of(read_file(path)), policy) for path in (folder / "checkpoints").glob("*")]:
        compare(head)
    for head in [Checkpoint.open(note, policy) for note in notes or []]:
        if (head.origin, head.size) not in known:
            raise Failed("read", "single entries do not show that the log grew from the checkpoint you hold")
        compare(head)
    return [*found.values()]


def verify_proof(text: str, entry: bytes, policy: Policy) -> tuple[Checkpoint, int]:
    """Check one `.tlog-proof` for one entry's bytes (C2SP tlog-proof). Returns where it stands. Raises Failed."""
    head, empty, note = text.partition("\n\n")
    lines = head.split("\n")
    if not empty or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Failed("read", "no proof of a log entry")
    if lines and lines[0].startswith("extra "):
        lines.pop(0)
    if not lines or not re.fullmatch(r"index (0|[1-9][0-9]{0,19})", lines[0]):
        raise Failed("read", "the proof does not say which entry it is about")
    checkpoint = Checkpoint.open(note, policy)
    if not policy.met(checkpoint.seen):
        raise Failed("quorum", f"{len(checkpoint.seen)} known witness(es) signed checkpoint {checkpoint.size}")
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    index = int(lines[0][6:])
    check_inclusion(index, checkpoint.size, leaf, [unbase64(line) for line in lines[1:]], checkpoint.root)
    return checkpoint, index


# -- the command ---------------------------------------------------------------------------------------


def summary(results: list[Result], lanes: Lanes) -> dict[str, Any]:
    """What was found, in words and numbers."""
    last = results[-1]
    seen = {key.name: datetime.fromtimestamp(at, UTC).isoformat() for key, at in last.checkpoint.seen.items()}
    return {
        "verdict": "sound",
        "logs": [result.checkpoint.origin for result in results],
        **({"goes_on_from": results[0].before} if results[0].before else {}),  # a log that was not among them
        "entries": sum(result.entries for result in results),
        "from": results[0].first_at,
        "to": last.last_at,
        "root": last.checkpoint.root.hex(),
        "witnesses": seen,
        "checkpoints_that_agree": sum(result.others for result in results),
        "writers": len(lanes.last),
        "writers_that_did_not_close": len(lanes.last) - len(lanes.closed),
    }


def bar(done: int, total: int) -> None:
    """A progress bar, where somebody is looking."""
    if sys.stderr.isatty():
        full = 30 * done // max(total, 1)
        print(f"\r[{'#' * full}{'.' * (30 - full)}] {done:,} of {total:,} entries", end="", file=sys.stderr)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Exit code 0 if everything is sound; see the top of this file for the others."""
    parser = argparse.ArgumentParser("audit-verify", description="Check an access log without trusting its keeper.")
    parser.add_argument("source", help="a folder or web address of a log, or a folder of evidence")
    parser.add_argument("--policy", required=True, help="the policy file: whose signatures count. Get it on paper.")
    parser.add_argument("--checkpoint", action="append", default=[], help="a checkpoint you kept; repeat it")
    parser.add_argument("--max-age", type=float, help="hours that the newest sign of life may be old")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    given = parser.parse_args(arguments)
    try:
        policy = Policy.parse(read_file(Path(given.policy)).decode().replace("\r\n", "\n"))
        notes = [text_of(read_file(Path(name))) for name in given.checkpoint]
        age = None if given.max_age is None else given.max_age * 3600
        if is_evidence(Path(given.source)):
            found = verify_evidence(Path(given.source), policy, notes, age)
            told: dict[str, Any] = {"verdict": "sound", "entries": len(found), "ids": found}
        else:
            told = summary(*verify_logs(given.source, policy, notes=notes, max_age=age, now=time.time(), progress=bar))
    except Failed as fault:
        told = {"verdict": fault.kind, "what": str(fault), "means": MEANS[fault.kind]}
    except Exception as fault:  # noqa: BLE001 - whatever it is made of, what cannot be read is never sound
        told = {"verdict": "read", "what": f"{type(fault).__name__}: {fault}", "means": MEANS["read"]}
    each = {name: [*map(" ".join, value.items())] if isinstance(value, dict) else value for name, value in told.items()}
    shown = {n: f"\n{'':<37}".join(v) or "none" if isinstance(v, list) else v for n, v in each.items()}
    lines = "\n".join(f"{name.replace('_', ' '):<36} {value}" for name, value in shown.items())
    print(json.dumps(told, indent=2, ensure_ascii=False) if given.json else lines)
    sys.exit(CODES.get(told["verdict"], 0))


if __name__ == "__main__":
    main()
