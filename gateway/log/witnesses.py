"""Asking witnesses to sign a head. C2SP tlog-witness, as its client.

A witness remembers the newest head of this log. If it remembers a larger one, or refuses growth from the one it
has, then this database is not the one whose heads were signed before: it was restored from a backup, or replaced.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import httpx2

from auditor.verify import Policy
from vault.audit.merkle import NodeReader, consistency_path
from vault.audit.note import NoteSignature, open_note, parse_signature
from vault.audit.turns import Head
from vault.crypto.note_keys import NoteVerifier
from vault.errors import LogRolledBack, NoteRejected

#: A witness is asked again at the next round; a round must not wait for a dead one.
TIMEOUT: Final = 5.0
_ROUNDS: Final = 3  # a size it did not expect, then another: somebody else submits meanwhile


@dataclass(frozen=True, slots=True)
class Named:
    """One witness of the policy file that can be reached."""

    name: str
    key: NoteVerifier
    url: str


class Unanswered(NamedTuple):
    """A witness that gave no usable answer. why: a code."""

    name: str
    why: str


def named_in(policy: str) -> list[Named]:
    """The witnesses that a policy file names with an address. The policy must parse (`auditor.verify.Policy`)."""
    Policy.parse(policy)
    found = []
    for line in policy.split("\n"):
        words = line.split()
        if len(words) == 4 and words[0] == "witness":
            found.append(Named(words[1], NoteVerifier.parse(words[2]), words[3].rstrip("/")))
    return found


class WitnessClient:
    """Remembers which size each witness saw last; asks again where it was wrong."""

    def __init__(self, witnesses: Sequence[Named], transport: httpx2.BaseTransport | None = None) -> None:
        self.witnesses = list(witnesses)
        self._seen: dict[tuple[str, str], int] = {}
        self._client = httpx2.Client(timeout=TIMEOUT, transport=transport, follow_redirects=False)

    def ask(
        self, head: Head, note: str, nodes: NodeReader, skip: Callable[[Named], bool] = lambda _: False
    ) -> tuple[list[NoteSignature], list[Unanswered]]:
        """Cosignatures of every witness that answered, and those that did not. Raises LogRolledBack."""
        signed: list[NoteSignature] = []
        missing: list[Unanswered] = []
        for witness in self.witnesses:
            if skip(witness):
                continue
            try:
                signed.append(self._ask(witness, head, note, nodes))
            except httpx2.HTTPError:
                missing.append(Unanswered(witness.name, "unreachable"))
            except NoteRejected:
                missing.append(Unanswered(witness.name, "no_cosignature"))
            except _Refused as refused:
                missing.append(Unanswered(witness.name, f"status_{refused.status}"))
        return signed, missing

    def _ask(self, witness: Named, head: Head, note: str, nodes: NodeReader) -> NoteSignature:
        place = (witness.name, head.origin)
        for _ in range(_ROUNDS):
            old = self._seen.get(place, 0)
            proof = consistency_path(old, head.size, nodes) if 0 < old <= head.size else []
            lines = [f"old {old}", *(b64encode(each).decode("ascii") for each in proof)]
            body = "\n".join(lines) + "\n\n" + note
            reply = self._client.post(f"{witness.url}/add-checkpoint", content=body.encode())
            if reply.status_code == 200:
                self._seen[place] = head.size
                return _cosignature(witness, note, reply.text)
            if reply.status_code == 422:
                raise LogRolledBack(
                    f"witness {witness.name} signed another history of this log than the database holds"
                )
            if reply.status_code != 409 or not reply.text.strip().isdigit():
                raise _Refused(reply.status_code)
            known = int(reply.text.strip())
            if known > head.size:
                raise LogRolledBack(
                    f"witness {witness.name} has seen {known} entries, the database holds {head.size}: "
                    "it was restored from a backup"
                )
            self._seen[place] = known
        raise _Refused(409)

    def close(self) -> None:
        self._client.close()


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


def _cosignature(witness: Named, note: str, answer: str) -> NoteSignature:
    """The witness's own line among those it answered, if it is valid. Raises NoteRejected."""
    text, _, _ = note.rpartition("\n\n")
    for line in answer.split("\n")[:-1]:
        found = parse_signature(line)
        if (found.name, found.key_id) == (witness.key.name, witness.key.key_id):
            open_note(f"{text}\n\n{found.line}", [witness.key])
            return found
    raise NoteRejected("the witness did not sign")
