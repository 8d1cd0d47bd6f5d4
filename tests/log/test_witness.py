"""The witness by itself: what it signed is never taken back, and what it shows can be checked."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

import auditor.witness
from auditor.witness import MOST_HASHES, Witness
from vault.audit.checkpoint import Checkpoint, open_checkpoint
from vault.audit.merkle import EMPTY_ROOT, consistency_path, leaf_hash, root_of
from vault.audit.note import sign_note
from vault.crypto.note_keys import ED25519, NoteSigner, NoteVerifier
from vault.sensitive import Sensitive

ORIGIN = "log.example/2026h2"
LOG = NoteSigner(ORIGIN, Sensitive(b"\7" * 32))
STRANGER = NoteSigner(ORIGIN, Sensitive(b"\x08" * 32))
FOREIGN = NoteSigner("x.example", Sensitive(b"\7" * 32))
LEAVES = [leaf_hash(bytes([n])) for n in range(64)]
OTHERS = [leaf_hash(bytes([n, n])) for n in range(64)]
MOMENT = 1_793_696_400


def head(size: int, leaves: list[bytes] = LEAVES, *, signer: NoteSigner = LOG, origin: str = ORIGIN) -> str:
    return sign_note(Checkpoint(origin, size, root_of(leaves[:size])).text(), signer)


def request(old: int, note: str, proof: list[bytes]) -> bytes:
    lines = [f"old {old}", *(b64encode(each).decode() for each in proof)]
    return ("\n".join(lines) + "\n\n" + note).encode()


def grown(old: int, size: int, leaves: list[bytes] = LEAVES) -> bytes:
    return request(old, head(size, leaves), consistency_path(old, size, leaves) if old else [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Witness.create(tmp_path / "witness", "witness.example")
    return tmp_path / "witness"


def begun(folder: Path, clock: Callable[[], float] = lambda: MOMENT) -> Witness:
    witness = Witness(folder, clock)
    witness.add_log(str(LOG.verifier))
    return witness


#: After a head of 10 was signed: what is asked, and what the protocol answers.
ASKED: dict[str, tuple[bytes, int]] = {
    "growth": (grown(10, 12), 200),
    "the same again": (request(10, head(10), []), 200),
    "another log": (request(0, head(10, signer=FOREIGN, origin="x.example"), []), 404),
    "a key nobody named": (request(10, head(12, signer=STRANGER), consistency_path(10, 12, LEAVES)), 403),
    "a wrong signature": (grown(10, 12).replace(b"\n12\n", b"\n13\n"), 403),
    "an old size above the new one": (request(11, head(10), []), 400),
    "an old size that is none": (grown(10, 12).replace(b"old 10", b"old 010"), 400),
    "no old size": (head(12).encode(), 400),
    "too many hashes": (request(10, head(12), [LEAVES[0]] * (MOST_HASHES + 1)), 400),
    "as many hashes as there may be": (request(10, head(12), [LEAVES[0]] * MOST_HASHES), 422),
    "an older head": (request(5, head(8), consistency_path(5, 8, LEAVES)), 409),
    "from nothing": (request(0, head(12), []), 409),
    "from nothing, with hashes": (request(0, head(12), [LEAVES[0]]), 409),
    "another tree": (request(10, head(12, OTHERS), consistency_path(10, 12, OTHERS)), 422),
    "another tree of the same size": (request(10, head(10, OTHERS), []), 422),
    "the same, with a hash": (request(10, head(10), [LEAVES[0]]), 422),
    "growth without proof": (request(10, head(12), []), 422),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
def test_each_answer_is_the_protocols(folder: Path, case: str) -> None:
    witness = begun(folder)
    assert witness.add_checkpoint(grown(0, 10)).status == 200
    body, status = ASKED[case]
    found = witness.add_checkpoint(body)
    assert found.status == status
    if status == 409:
        assert (found.body, found.kind) == ("10\n", "text/x.tlog.size")
    signed = 12 if case == "growth" else 10
    witness.close()
    again = begun(folder)
    assert again.head(ORIGIN).size == signed  # type: ignore[union-attr]
    again.close()


def test_the_first_head_may_be_empty_and_needs_no_proof(folder: Path) -> None:
    witness = begun(folder)
    wrong = sign_note(f"{ORIGIN}\n0\n{b64encode(sha256(b'x').digest()).decode()}\n", LOG)
    assert witness.add_checkpoint(request(0, wrong, [])).status == 422
    assert witness.add_checkpoint(request(0, head(5), [LEAVES[0]])).status == 422
    assert root_of([]) == EMPTY_ROOT
    for _ in range(2):
        assert witness.add_checkpoint(request(0, head(0), [])).status == 200
    assert witness.add_checkpoint(grown(0, 5)).status == 200
    witness.close()


def test_two_processes_of_one_witness_do_not_sign_two_stories(folder: Path) -> None:
    """Started twice by mistake: between looking at the last head and keeping the new one nobody else may sign."""
    other, answers = begun(folder), list[int]()
    meanwhile = threading.Thread(
        target=lambda: answers.append(other.add_checkpoint(grown(10, 12, LEAVES[:10] + OTHERS[10:])).status)
    )

    def clock() -> float:
        if armed and not meanwhile.ident:
            meanwhile.start()
            meanwhile.join(0.3)
        return MOMENT

    armed = False
    witness = begun(folder, clock)
    assert witness.add_checkpoint(grown(0, 10)).status == 200
    armed = True
    answers.append(witness.add_checkpoint(grown(10, 12)).status)
    meanwhile.join()
    assert sorted(answers) == [200, 409]
    assert witness.head(ORIGIN).root == root_of(LEAVES[:12])  # type: ignore[union-attr]
    witness.close()
    other.close()


def test_nobody_leaves_no_room_for_evidence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A published head can be handed in by anybody, with another size or other hashes each time."""
    monkeypatch.setattr(auditor.witness, "MOST_EVIDENCE", 3)
    witness = begun(folder)
    assert witness.add_checkpoint(grown(0, 10)).status == 200
    for old in range(8):
        assert witness.add_checkpoint(request(old, head(8), [])).status == 409
        assert witness.add_checkpoint(request(10, head(12), [LEAVES[old]])).status == 422
    for size in range(2, 6):
        assert witness.add_checkpoint(request(1, head(size), [])).status == 409
    fork = request(10, head(12, OTHERS), consistency_path(10, 12, OTHERS))
    assert witness.add_checkpoint(fork).status == 422
    kept = witness.evidence()
    assert [status for _, _, status, _ in kept].count(409) == 3
    assert [body for _, _, status, body in kept if status == 422][1:] == [fork]
    witness.close()


def test_what_it_shows_is_signed_by_the_log_and_by_itself_and_by_nobody_else(folder: Path) -> None:
    """A log could else spoil the copy that monitors compare by a wrong line in the witness's own name."""
    witness = begun(folder)
    own = NoteVerifier.parse(witness.verifier_key)
    forged = f"— {own.name} {b64encode(own.key_id + bytes(72)).decode()}\n"
    later = NoteSigner(ORIGIN, Sensitive(b"\x09" * 32), ED25519)
    others = sign_note(Checkpoint(ORIGIN, 10, root_of(LEAVES[:10])).text(), later).rpartition("\n\n")[2]
    assert witness.add_checkpoint(request(0, head(10) + forged + others, [])).status == 200
    shown = witness.newest(sha256(ORIGIN.encode()).hexdigest())
    assert shown.status == 200
    opened = open_checkpoint(shown.body, [LOG.verifier, own], ORIGIN)
    assert (opened.size, [each.name for each in opened.note.verified]) == (10, [ORIGIN, own.name])
    assert opened.note.unverified == ()
    witness.close()
