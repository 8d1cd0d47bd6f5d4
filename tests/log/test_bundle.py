"""A bundle of evidence is taken for what it is, and nothing in it is passed over."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from auditor import verify
from auditor.verify import CODES
from tests.log.tampering import ORIGIN, SIGNER, Files, flip
from tests.log.test_verify import POLICY_TEXT
from vault.audit.checkpoint import Checkpoint
from vault.audit.merkle import inclusion_path, leaf_hash
from vault.audit.note import sign_note
from vault.audit.proof import LogProof


def ended(source: Path, *more: str) -> int:
    """How the program ends about a folder."""
    policy = source.parent / "policy-of-mine.txt"
    policy.write_text(POLICY_TEXT)
    with pytest.raises(SystemExit) as over:
        verify.main([str(source), "--policy", str(policy), *more])
    return int(over.value.code or 0)


class Bundle:
    """Evidence about some entries of a log."""

    def __init__(self, files: Files, folder: Path, *indices: int) -> None:
        self.files, self.folder = files, folder
        self.note = (files.folder / "checkpoint").read_text()
        for name in ("entries", "proofs", "checkpoints", "details"):
            (folder / name).mkdir(parents=True)
        (folder / "checkpoints" / f"2026h2-{files.size}").write_text(self.note)
        self.ids = [self.put(index) for index in indices]

    def put(self, index: int, name: str = "") -> str:
        entry, hashes = self.files.entries[index], [leaf_hash(each) for each in self.files.entries]
        name = name or str(json.loads(entry)["entry"])
        path = inclusion_path(index, len(hashes), hashes)
        (self.folder / "entries" / f"{name}.json").write_bytes(entry)
        (self.folder / "proofs" / f"{name}.tlog-proof").write_text(LogProof(index, tuple(path), self.note).encode())
        return name


@pytest.fixture
def bundle(files: Files, tmp_path: Path) -> Bundle:
    return Bundle(files, tmp_path / "bundle", 3, 300)


def test_an_altered_log_does_not_pass_for_a_bundle(files: Files) -> None:
    """A folder more, with nothing in it, and everybody who looks at the exit code would be told that all is well."""
    flip(files)
    assert ended(files.folder) == CODES["hash"]
    (files.folder / "proofs").mkdir()
    assert ended(files.folder) == CODES["hash"]
    several = files.folder.parent / "several"
    several.mkdir()
    files.folder.rename(several / "2026h2")
    (several / "logs").write_text("2026h2\n")
    (several / "proofs").mkdir()
    assert ended(several) == CODES["hash"]


def stray_detail(bundle: Bundle) -> None:
    (bundle.folder / "details" / f"{'0' * 32}.json").write_text('{"name":"Somebody else"}')


def twice(bundle: Bundle) -> None:
    bundle.put(3, "f" * 32)


def nothing(bundle: Bundle) -> None:
    for part in ("entries", "proofs"):
        for path in (bundle.folder / part).iterdir():
            path.unlink()


def entry_without_proof(bundle: Bundle) -> None:
    (bundle.folder / "proofs" / f"{bundle.ids[0]}.tlog-proof").unlink()


def proof_without_entry(bundle: Bundle) -> None:
    (bundle.folder / "entries" / f"{bundle.ids[0]}.json").unlink()


def another_head(bundle: Bundle) -> None:
    text = Checkpoint(ORIGIN, bundle.files.size, sha256(b"another tree").digest()).text()
    (bundle.folder / "checkpoints" / "other").write_text(sign_note(text, SIGNER))


def unsigned_head(bundle: Bundle) -> None:
    (bundle.folder / "checkpoints" / "other").write_text(bundle.note.partition("\n\n")[0] + "\n\n")


def detail_that_is_a_list(bundle: Bundle) -> None:
    (bundle.folder / "details" / f"{bundle.ids[0]}.json").write_text("[]")


def detail_without_end(bundle: Bundle) -> None:
    (bundle.folder / "details" / f"{bundle.ids[0]}.json").write_text("[" * 100_000)


SPOILED: dict[str, tuple[Callable[[Bundle], None], str]] = {
    "a detail that belongs to no entry": (stray_detail, "read"),
    "one entry under two names": (twice, "read"),
    "nothing at all": (nothing, "read"),
    "an entry without proof": (entry_without_proof, "read"),
    "a proof without entry": (proof_without_entry, "read"),
    "another head of the same size": (another_head, "fork"),
    "a head that nobody signed": (unsigned_head, "signature"),
    "a detail that is no detail": (detail_that_is_a_list, "read"),
    "a detail that has no end": (detail_without_end, "read"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_bundle_that_was_spoiled_is_refused(bundle: Bundle, name: str) -> None:
    assert ended(bundle.folder) == 0
    spoil, kind = SPOILED[name]
    spoil(bundle)
    assert ended(bundle.folder) == CODES[kind]


def test_a_kept_checkpoint_is_compared_with_a_bundle_or_refused(bundle: Bundle, tmp_path: Path) -> None:
    kept = tmp_path / "kept"

    def with_kept(size: int, root: bytes) -> int:
        kept.write_text(sign_note(Checkpoint(ORIGIN, size, root).text(), SIGNER))
        return ended(bundle.folder, "--checkpoint", str(kept))

    root = verify.unbase64(bundle.note.split("\n")[2])
    assert with_kept(bundle.files.size, root) == 0
    assert with_kept(bundle.files.size, sha256(b"another tree").digest()) == CODES["fork"]
    assert with_kept(7, root) == CODES["read"], "single entries do not show that the log only grew"
    assert ended(bundle.folder, "--max-age", "24") == CODES["read"], "nor that it goes on"


def test_what_is_many_things_stands_one_below_the_other(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(bundle.folder) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["sound", "2", *bundle.ids]
    assert ended(bundle.files.folder) == 0
    told = dict(line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (told["verdict"], told["witnesses"]) == ("sound", "none")
