"""Asking witnesses to sign a head. C2SP tlog-witness, as its client.

A witness remembers the newest head of this log. If it remembers a larger one, or refuses growth from the one it has,
then this database is not the one whose heads were signed before: it was restored from a backup, or replaced. Or the
witness is broken, or lies. One that shows a head which the log itself signed, and which this database does not have, is
believed whatever others say. The bare word of one stops the log only where no quorum of others has signed for this
process; else it counts as no answer, and the log says who contradicted it.

Each request has a thread of its own: who keeps the log waits for an answer a moment only, and never again for one that
was slow. What comes later is about an earlier head, and counts for that one (`late`).
"""

from __future__ import annotations

import hashlib
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from auditor.verify import Policy
from vault.audit.checkpoint import open_checkpoint
from vault.audit.merkle import NodeReader, consistency_path, root_from
from vault.audit.note import NoteSignature, open_note, parse_signature
from vault.audit.turns import Head
from vault.crypto.note_keys import NoteVerifier
from vault.errors import LogRolledBack, NoteRejected

if TYPE_CHECKING:
    import httpx2

#: A witness is asked again at the next round; a round must not wait for a dead one.
TIMEOUT: Final = 5.0  # seconds, for each step of a request
_LONGEST: Final = 15.0  # seconds, for all of it
_LARGEST: Final = 64 * 1024  # bytes of an answer
#: While all is well an answer takes some fifty milliseconds. For longer than this the log's keeper waits for none.
PATIENCE: Final = 1.0  # seconds
_SLICE: Final = 0.02  # seconds
_ROUNDS: Final = 3  # a size it did not expect, then another: somebody else submits meanwhile


@dataclass(frozen=True, slots=True)
class Named:
    """One witness of the policy file that can be reached."""

    name: str
    key: NoteVerifier
    url: str


class Unanswered(NamedTuple):
    """A witness that gave no usable answer. why: a code; of `CONTRADICTIONS`, if it says that the log told it more."""

    name: str
    why: str


#: The word of a witness that was shown more of this log, or another history of it. Nobody can check it.
CONTRADICTIONS: Final = frozenset({"more_entries", "another_history"})


def named_in(policy: str) -> list[Named]:
    """The witnesses that a policy file names with an address. The policy must parse (`auditor.verify.Policy`)."""
    Policy.parse(policy)
    found = []
    for line in policy.split("\n"):
        words = line.split()
        if len(words) == 4 and words[0] == "witness":
            found.append(Named(words[1], NoteVerifier.parse(words[2]), words[3].rstrip("/")))
    return found


class _Post(threading.Thread):
    """One head handed in to one witness. status 0: no answer, when it is `over`.

    shown: the newest head that the witness holds, where it contradicts the one that was handed in; "" for none.
    """

    def __init__(
        self, client: httpx2.Client, witness: Named, head: Head, note: str, proof: Sequence[str], nodes: NodeReader
    ) -> None:
        super().__init__(name="witness", daemon=True)
        self.witness, self.head, self.note, self.nodes = witness, head, note, nodes
        self.status, self.text, self.took, self.shown = 0, "", 0.0, ""
        self.over = threading.Event()
        self._client = client
        self._body = ("\n".join(proof) + "\n\n" + note).encode()
        self.start()

    def run(self) -> None:
        begun = time.monotonic()
        try:
            status, text = self._ask("POST", "add-checkpoint", begun, self._body)
            if status == 422 or (status == 409 and (size_told(text) or 0) > self.head.size):
                name = hashlib.sha256(self.head.origin.encode()).hexdigest()
                with suppress(Exception):  # it need not show any
                    self.shown = self._ask("GET", f"{name}/checkpoint", begun)[1]
            self.text, self.status = text, status
        except Exception:  # noqa: BLE001 - of somebody else's server: whatever it is, there is no answer
            return
        finally:
            self.took = time.monotonic() - begun
            self.over.set()

    def _ask(self, verb: str, path: str, begun: float, body: bytes | None = None) -> tuple[int, str]:
        content = b""
        with self._client.stream(verb, f"{self.witness.url}/{path}", content=body) as reply:
            for part in reply.iter_bytes():
                content += part
                if len(content) > _LARGEST or time.monotonic() - begun > _LONGEST:
                    raise _Refused("unreachable")
        return reply.status_code, content.decode("utf-8", "replace")

    def wait(self, patience: float) -> bool:
        """Whether it is over. In short steps: a process that was halted meanwhile has not been waiting."""
        for _ in range(round(patience / _SLICE)):
            if self.over.wait(_SLICE):
                return True
        return self.over.is_set()


class WitnessClient:
    """Remembers which size each witness saw last; asks again where it was wrong. For one thread.

    signer: the log's own public key for an origin. enough: whether the witnesses of these names are a quorum.
    """

    def __init__(
        self, witnesses: Sequence[Named], signer: Callable[[str], NoteVerifier],
        enough: Callable[[Collection[str]], bool],
    ) -> None:  # fmt: skip
        self.witnesses = list(witnesses)
        self._signer = signer
        self._enough = enough
        #: Who signed what of a tree, here: they knew of no other and no more before, and this process only adds to it.
        self._agreed: dict[str, set[str]] = {}
        self._seen: dict[tuple[str, str], int] = {}
        self._open: dict[str, _Post] = {}
        self._slow: set[str] = set()
        self._late: list[tuple[Head, NoteSignature]] = []

    def ask(
        self, head: Head, note: str, nodes: NodeReader, skip: Callable[[Named], bool] = lambda _: False, *,
        now: Callable[[Head], int], patience: float = PATIENCE,
    ) -> tuple[list[NoteSignature], list[Unanswered]]:  # fmt: skip
        """Cosignatures of every witness that answered, and those that did not.

        Raises LogRolledBack if a witness proves that the log showed more or something else before, or says so where
        no quorum of others agrees with this database.

        now: how many entries the tree of a head has by now: another keeper of this log may have shown more of it.
        """
        signed: list[NoteSignature] = []
        missing: list[Unanswered] = []
        posts = []
        for witness in self.witnesses:
            before = self._open.get(witness.name)
            if before is not None and before.over.is_set():
                del self._open[witness.name]
                if (refused := self._take_late(before, now)) is not None:
                    missing.append(refused)
                    continue
            if skip(witness):
                continue
            if witness.name in self._open:
                missing.append(Unanswered(witness.name, "slow"))
            else:
                posts.append(self._post(witness, head, note, nodes))
        for post in posts:
            name = post.witness.name
            try:
                signed.append(self._answer(post, nodes, now, 0.0 if name in self._slow else patience))
            except NoteRejected:
                missing.append(Unanswered(name, "no_cosignature"))
            except _Refused as refused:
                missing.append(Unanswered(name, refused.why))
        agreed = self._agreed.setdefault(head.origin, set())
        against = [each for each in missing if each.why in CONTRADICTIONS]
        agreed.difference_update(each.name for each in against)
        if against and not (agreed and self._enough(agreed)):
            told = ", ".join(f"{each.name} ({each.why})" for each in against)
            raise LogRolledBack(
                f"the log told it otherwise before, say witnesses, and no quorum contradicts them: {told}"
            )
        return signed, missing

    def late(self) -> list[tuple[Head, NoteSignature]]:
        """Cosignatures that came in for earlier heads since the last call."""
        found, self._late = self._late, []
        return found

    def close(self) -> None:
        if "_client" in vars(self):
            self._client.close()

    @cached_property
    def _client(self) -> httpx2.Client:
        import httpx2  # a log without witnesses, and a server's start, can do without

        return httpx2.Client(timeout=TIMEOUT, follow_redirects=False)

    def _post(self, witness: Named, head: Head, note: str, nodes: NodeReader) -> _Post:
        old = self._seen.get((witness.name, head.origin), 0)
        proof = consistency_path(old, head.size, nodes) if 0 < old <= head.size else []
        lines = [f"old {old}", *(b64encode(each).decode("ascii") for each in proof)]
        return _Post(self._client, witness, head, note, lines, nodes)

    def _answer(self, post: _Post, nodes: NodeReader, now: Callable[[Head], int], patience: float) -> NoteSignature:
        for _ in range(_ROUNDS):
            if not post.wait(patience):
                self._open[post.witness.name] = post
                self._slow.add(post.witness.name)
                raise _Refused("slow")
            found = self._read(post, now)
            if found is not None:
                return found
            post = self._post(post.witness, post.head, post.note, nodes)
        raise _Refused("status_409")

    def _take_late(self, post: _Post, now: Callable[[Head], int]) -> Unanswered | None:
        """What came of an earlier head: its signature is kept for `late`; returned is a contradiction."""
        try:
            found = self._read(post, now)
        except NoteRejected:
            return None
        except _Refused as refused:
            return Unanswered(post.witness.name, refused.why) if refused.why in CONTRADICTIONS else None
        if found is not None:
            self._late.append((post.head, found))
        return None

    def _read(self, post: _Post, now: Callable[[Head], int]) -> NoteSignature | None:
        """The cosignature; None where the witness must be asked again from another size."""
        witness, head = post.witness, post.head
        if post.took < PATIENCE:
            self._slow.discard(witness.name)
        if not post.status:
            raise _Refused("unreachable")
        place = (witness.name, head.origin)
        if post.status == 200:
            self._seen[place] = head.size
            found = _cosignature(witness, post.note, post.text)
            self._agreed.setdefault(head.origin, set()).add(witness.name)
            return found
        if post.status == 422:
            self._check_shown(post)
            raise _Refused("another_history")
        known = size_told(post.text)
        if post.status != 409 or known is None:
            raise _Refused(f"status_{post.status}")
        if known > head.size:
            if known <= now(head):
                raise _Refused("overtaken")
            self._check_shown(post)
            raise _Refused("more_entries")
        self._seen[place] = known
        return None

    def _check_shown(self, post: _Post) -> None:
        """Raises LogRolledBack if the witness shows a head of the log's own that is not one of this database's tree."""
        head = post.head
        try:
            shown = open_checkpoint(post.shown, [self._signer(head.origin)], head.origin)
        except NoteRejected:
            return
        if shown.size > head.size or root_from(shown.size, post.nodes) != shown.root:
            raise LogRolledBack(
                f"witness {post.witness.name} holds a signed head of {shown.size} entries that the database, with "
                f"{head.size}, does not have: it was restored from a backup, or replaced"
            )


def size_told(text: str) -> int | None:
    """The size in a witness's answer; None where there is none."""
    told = text.strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 20 else None


class _Refused(Exception):
    """No cosignature. why: a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _cosignature(witness: Named, note: str, answer: str) -> NoteSignature:
    """The witness's own line among those it answered, if it is valid. Raises NoteRejected."""
    text, _, _ = note.rpartition("\n\n")
    for line in answer.split("\n")[:-1]:
        found = parse_signature(line)
        if (found.name, found.key_id) == (witness.key.name, witness.key.key_id):
            open_note(f"{text}\n\n{found.line}", [witness.key])
            return found
    raise NoteRejected("the witness did not sign")
