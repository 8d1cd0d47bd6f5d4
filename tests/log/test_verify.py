"""The verifier says yes to an honest log, and names what was done to any other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from auditor import verify
from auditor.verify import CODES, Failed, Lanes, Policy, verify_log, verify_logs
from gateway.log.source import publish
from tests.house import House
from tests.log.kit import KEY, NAME, POLICY, Keeper, jump, verdict
from tests.log.tampering import ORIGIN, SIGNER, TAMPERED, Files, dropped, flip, history_rewritten, upper_tile
from tests.log.test_sequencer import work
from vault.audit.checkpoint import Checkpoint
from vault.audit.merkle import inclusion_path, leaf_hash, root_of
from vault.audit.note import sign_note
from vault.audit.proof import LogProof
from vault.audit.tiles import unbundle
from vault.storage.log_reader import SqlLogReader

POLICY_TEXT = f"log {SIGNER.verifier}\nlog {KEY.signer(f'{NAME}/2027h1').verifier}\nquorum none\n"


@pytest.fixture
def grown(keeper: Keeper) -> Keeper:
    """A log of one half-year, grown in several turns, and the beginning of the next one."""
    for _ in range(3):
        work(keeper.house)
        keeper.turn()
        keeper.house.clock.move(minutes=1)
    jump(keeper.house, days=60)
    work(keeper.house)
    keeper.turn()
    return keeper


def test_an_honest_log_is_sound_on_both_databases_and_as_files(grown: Keeper, tmp_path: Path) -> None:
    results, lanes = verify_logs(grown.live(), POLICY)
    assert [result.checkpoint.origin for result in results] == [ORIGIN, f"{NAME}/2027h1"]
    assert sum(result.others for result in results) >= 3
    assert lanes.missing == []
    publish(SqlLogReader(grown.store.main), tmp_path, POLICY)
    again, _ = verify_logs(str(tmp_path), POLICY)
    assert [(r.checkpoint.root, r.entries) for r in again] == [(r.checkpoint.root, r.entries) for r in results]


def test_publishing_again_writes_only_what_grew(grown: Keeper, tmp_path: Path) -> None:
    reader = SqlLogReader(grown.store.main)
    assert publish(reader, tmp_path, POLICY) > 4
    assert publish(reader, tmp_path, POLICY) == 0
    work(grown.house)
    grown.turn()
    assert publish(reader, tmp_path, POLICY) == 3
    assert verdict(str(tmp_path)) == "sound"


# -- one log as files, and what can be done to it ------------------------------------------------------


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_done_to_the_log_is_named(files: Files, honest: Path, name: str) -> None:
    tamper, kind = TAMPERED[name]
    seen = (honest / "checkpoint").read_text()
    assert verdict(str(files.folder), notes=[seen]) == "sound"
    tamper(files)
    notes = [seen] if kind == "fork" else []
    assert verdict(str(files.folder), notes=notes) == kind


def test_without_an_older_checkpoint_the_keys_owner_can_rewrite_and_with_one_not(files: Files, honest: Path) -> None:
    """Why an auditor keeps checkpoints, and why witnesses do."""
    history_rewritten(files)
    shutil.rmtree(files.folder / "checkpoints")
    assert verdict(str(files.folder)) == "sound"
    assert verdict(str(files.folder), notes=[(honest / "checkpoint").read_text()]) == "fork"


def test_two_heads_of_one_size_are_a_fork(files: Files) -> None:
    text = Checkpoint(ORIGIN, files.size, sha256(b"another tree").digest()).text()
    assert verdict(str(files.folder), notes=[sign_note(text, SIGNER)]) == "fork"


def test_an_old_copy_is_stale(files: Files) -> None:
    moment = 1793696400.0  # 3 November 2026, 09:00 UTC
    assert verdict(str(files.folder), max_age=86_400.0, now=moment + 3_600) == "sound"
    assert verdict(str(files.folder), max_age=86_400.0, now=moment + 90_000) == "stale"


def test_a_later_log_must_name_the_head_of_the_one_before(grown: Keeper) -> None:
    first, second = grown.live()
    assert verdict([first, second]) == "sound"
    assert verdict([second]) == "sound", "alone it is sound as far as it goes"
    assert verdict([second, first]) == "fork"

    def shorter(path: str) -> bytes:
        if path != "checkpoint":
            return first(path)
        sizes = first("checkpoints/list").split()
        return first(f"checkpoints/{int(sizes[-2])}")

    assert verdict([shorter, second]) == "fork"


def test_a_gap_is_told_after_everything_else_was_checked(files: Files) -> None:
    dropped(files)
    with pytest.raises(Failed, match=r"entries are missing: 1 of lane [0-9a-f]{16} before its number"):
        verify_logs(str(files.folder), POLICY)


# -- the program by itself -----------------------------------------------------------------------------


def run(*arguments: str, folder: Path) -> tuple[int, dict[str, Any]]:
    """The single file, copied somewhere else, in an interpreter that sees nothing of the project."""
    alone = folder / "audit_verify.py"
    shutil.copy(verify.__file__, alone)
    program = (
        f"import sys, runpy; sys.path[:] = [p for p in sys.path if p != {str(Path.cwd())!r}]; "
        f"sys.argv = {['audit-verify', *arguments, '--json']!r}; runpy.run_path({str(alone)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, json.loads(done.stdout)


def test_the_single_file_verifies_a_folder_and_its_exit_code_says_what_is_wrong(files: Files, tmp_path: Path) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text(POLICY_TEXT)
    code, told = run(str(files.folder), "--policy", str(policy), folder=tmp_path)
    assert (code, told["verdict"], told["entries"]) == (0, "sound", files.size)
    flip(files)
    code, told = run(str(files.folder), "--policy", str(policy), folder=tmp_path)
    assert (code, told["verdict"]) == (CODES["hash"], "hash")
    assert "changed after the log took it" in told["means"]


@pytest.fixture
def served(files: Files) -> Iterator[str]:
    """The log on a web address."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(files.folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_log_is_verified_over_the_web(served: str, files: Files) -> None:
    assert verdict(served) == "sound"
    upper_tile(files)
    assert verdict(served) == "root"


V = str(SIGNER.verifier)
NO_POLICY = [
    "", "nonsense\n", "quorum nobody\n", "quorum none\nquorum none\n", "log x\nquorum none\n", "group g 1\nquorum g\n",
    f"log {V}\nlog {V}\nquorum none\n", "group g any a\nquorum g\n", f"witness none {V}\nquorum none\n",
    f"witness a {V}\ngroup g 2 a\nquorum g\n", f"witness a {V}\ngroup g 0 a\nquorum g\n",
    f"witness a {V}\ngroup g any a a\nquorum g\n", f"witness a {V}\nwitness a {V}\nquorum a\n",
    f"witness a {V}\nwitness b {V}\nquorum a\n", f"witness a {V}\ngroup g any a\ngroup h any a\nquorum h\n",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_POLICY)
def test_a_policy_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(Failed):
        Policy.parse(text)


def test_the_verifier_and_the_writer_agree_on_every_format(files: Files) -> None:
    """Two implementations, written apart: what one makes the other reads."""
    hashes = [leaf_hash(entry) for entry in files.entries]
    tree = verify.Tree()
    for number, leaf in enumerate(hashes):
        assert tree.root() == root_of(hashes[:number]) or number > 40
        tree.add(leaf)
    assert tree.root() == root_of(hashes)
    for index in (0, 5, 255, 256, len(hashes) - 1):
        path = inclusion_path(index, len(hashes), hashes)
        note = (files.folder / "checkpoint").read_text()
        proof = LogProof(index, tuple(path), note).encode()
        verify.verify_proof(proof, files.entries[index], POLICY)
        with pytest.raises(Failed):
            verify.verify_proof(proof, files.entries[index - 1], POLICY)
        with pytest.raises(Failed):
            verify.check_inclusion(index, len(hashes), hashes[index], [*path, path[0]], tree.root())
    raw = (files.folder / "tile/entries/000").read_bytes()
    assert unbundle(raw) == files.entries[:256]
    assert verify_log(verify.reader(str(files.folder)), POLICY, Lanes()).entries == files.size


def test_no_entry_is_deleted_from_a_live_database_unseen(keeper: Keeper) -> None:
    work(keeper.house)
    keeper.turn()
    reader = SqlLogReader(keeper.store.main)
    assert reader.nowhere() == 0
    coach = keeper.house.client("coach")
    assert coach.get("/cases").status_code == 200
    assert reader.waiting() > 0
    schema = "" if keeper.store.sqlite else "log."
    keeper.store.main.raw.execute(f"DELETE FROM {schema}outbox")
    assert reader.nowhere() > 0


def test_houses_are_closed(house: House) -> None:
    """The kit's own sequencer leaves a house usable."""
    keeper = Keeper(house)
    keeper.turn()
    keeper.close()
    assert house.client("coach").get("/cases").status_code == 200
