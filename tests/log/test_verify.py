"""The verifier says yes to an honest log, and names what was done to any other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from auditor import verify
from auditor.verify import CODES, Failed, Key, Lanes, Policy, verify_log, verify_logs
from gateway.log import source
from gateway.log.source import live_source, publish, sweep
from tests.house import House
from tests.log.kit import KEY, NAME, POLICY, Keeper, jump, verdict
from tests.log.tampering import ORIGIN, SIGNER, TAMPERED, Files, dropped, flip, history_rewritten, upper_tile
from tests.log.test_sequencer import work
from tests.patience import PATIENCE
from vault.audit.checkpoint import Checkpoint
from vault.audit.merkle import inclusion_path, leaf_hash, root_of
from vault.audit.note import sign_note, split_note, with_signatures
from vault.audit.proof import LogProof
from vault.audit.tiles import unbundle
from vault.crypto.note_keys import COSIGNATURE, COSIGNATURE_MLDSA, NoteSigner
from vault.sensitive import Sensitive
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


def test_narrow_tiles_go_once_a_full_one_stands_beside_them_for_long(keeper: Keeper, tmp_path: Path) -> None:
    reader, coach = SqlLogReader(keeper.store.main), keeper.house.client("coach")
    for calls in (40, 30, 300):
        for _ in range(calls):
            coach.get("/cases")
        keeper.turn()
        publish(reader, tmp_path, POLICY)
    tiles = tmp_path / "2026h2" / "tile"

    def narrow() -> set[str]:
        return {str(path.relative_to(tiles)) for path in tiles.rglob("*.p/*")}

    before = narrow()
    replaced = {path for path in before if path.startswith(("0/000.p/", "entries/000.p/"))}
    assert len(replaced) == 4
    assert {path.split("/")[0] for path in before - replaced} == {"0", "1", "entries"}, "those of the newest head"
    assert sweep(tmp_path, time.time() - 60) == 0, "somebody may still be reading by an older head"
    assert narrow() == before
    assert sweep(tmp_path, time.time() + 60) == len(replaced)
    assert narrow() == before - replaced
    assert verdict(str(tmp_path)) == "sound"
    assert publish(reader, tmp_path, POLICY) == 0, "nothing that is needed was missing"


@pytest.mark.parametrize("name", ["tile/0/000.p/*", "tile/entries/000.p/*", "checkpoint", "checkpoints/*"])
def test_what_a_power_failure_left_empty_is_written_again(grown: Keeper, tmp_path: Path, name: str) -> None:
    """A name may be on the disk before what stands under it: the next process looks at all of them once."""
    reader = SqlLogReader(grown.store.main)
    publish(reader, tmp_path, POLICY)
    for path in sorted((tmp_path / "2026h2").glob(name)):
        path.write_bytes(b"")
    publish(reader, tmp_path, POLICY)
    results, _ = verify_logs(str(tmp_path), POLICY)
    assert (len(results), sum(result.others for result in results) > 1) == (2, True)


def test_a_log_that_grows_while_it_is_looked_at_is_no_fork(keeper: Keeper, tmp_path: Path) -> None:
    """Between reading how far it is and reading what was kept, another head may be kept: on a living log it will be."""
    work(keeper.house)
    keeper.turn()
    reader = SqlLogReader(keeper.store.main)
    before = reader.heads()
    keeper.house.clock.move(minutes=1)
    work(keeper.house)
    keeper.turn()
    assert verdict([live_source(reader, head, POLICY) for head in before]) == "sound"
    reader.heads = lambda: before  # type: ignore[method-assign]
    publish(reader, tmp_path, POLICY)
    assert verdict(str(tmp_path)) == "sound"


def test_files_that_are_being_written_are_sound_at_every_moment(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads between two files, or after a crash between them, is not told of a fork."""
    found, real = [], source.replace_file

    def looked_at(path: Path, content: bytes) -> None:
        real(path, content)
        if (tmp_path / "logs").exists():
            found.append((path.name, verdict(str(tmp_path))))

    publish(SqlLogReader(keeper.store.main), tmp_path, POLICY)
    monkeypatch.setattr(source, "replace_file", looked_at)
    for _ in range(3):
        work(keeper.house)
        keeper.turn()
        publish(SqlLogReader(keeper.store.main), tmp_path, POLICY)
        keeper.house.clock.move(minutes=1)
    jump(keeper.house, days=60)
    work(keeper.house)
    keeper.turn()
    publish(SqlLogReader(keeper.store.main), tmp_path, POLICY)
    assert len(found) > 20
    assert [each for each in found if each[1] != "sound"] == []


# -- one log as files, and what can be done to it ------------------------------------------------------


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_done_to_the_log_is_named(files: Files, honest: Path, name: str) -> None:
    tamper, kind = TAMPERED[name]
    seen = (honest / "checkpoint").read_text()
    assert verdict(str(files.folder), notes=[seen]) == "sound"
    tamper(files)
    notes = [seen] if kind == "fork" else []
    assert verdict(str(files.folder), notes=notes) == kind
    kept, policy = files.folder.parent / "seen", files.folder.parent / "policy.txt"
    kept.write_text(seen)
    policy.write_text(POLICY_TEXT)
    command = [str(files.folder), "--policy", str(policy), *(["--checkpoint", str(kept)] if notes else [])]
    with pytest.raises(SystemExit) as ended:
        verify.main(command)
    assert ended.value.code == CODES[kind]


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


def witnessed(files: Files, **moments: int) -> str:
    """The newest head, as witnesses signed it at these moments."""
    text = (files.folder / "checkpoint").read_text().rpartition("\n\n")[0] + "\n"
    note = sign_note(text, SIGNER)
    for name, moment in moments.items():
        note = with_signatures(note, split_note(sign_note(text, {"one": ONE, "two": TWO}[name], moment=moment))[1])
    return note


def test_a_witness_that_lies_about_the_time_makes_no_old_copy_new(files: Files) -> None:
    day, now = 86_400, 1_793_696_400
    wanted = Policy.parse(POLICY_TEXT.replace("quorum none", f"{BOTH}group g 2 a b\nquorum g"))
    either = Policy.parse(POLICY_TEXT.replace("quorum none", f"{BOTH}group g 1 a b\nquorum g"))
    for one, two, fresh in ((now, now, True), (now - 2 * day, now, False), (now - 2 * day, now - 2 * day, False)):
        (files.folder / "checkpoint").write_text(witnessed(files, one=one, two=two))
        assert verdict(str(files.folder), wanted, max_age=day, now=now) == ("sound" if fresh else "stale")
    (files.folder / "checkpoint").write_text(witnessed(files, one=now - 2 * day, two=now))
    assert verdict(str(files.folder), either, max_age=day, now=now) == "sound", "one is enough, and it signed today"
    (files.folder / "checkpoint").write_text(witnessed(files, one=now, two=(1 << 62)))
    assert verdict(str(files.folder), wanted) == "signature", "no clock shows that moment"


NOT_A_NOTE: dict[str, Callable[[bytes], bytes]] = {
    "line ends of another system": lambda raw: raw.replace(b"\n", b"\r\n"),
    "bytes that are no text, in a line nobody knows": lambda raw: raw + b"\xe2\x80\x94 \xff AAAAAAAA\n",
    "a right line and then a wrong one of the same key": lambda raw: raw + (
        f"— {ORIGIN} {b64encode(SIGNER.verifier.key_id + bytes(64)).decode()}\n".encode()),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_A_NOTE)
def test_a_checkpoint_that_is_no_note_is_refused_from_wherever(files: Files, tmp_path: Path, case: str) -> None:
    policy, kept = tmp_path / "policy.txt", tmp_path / "kept"
    policy.write_text(POLICY_TEXT)
    raw = (files.folder / "checkpoint").read_bytes()
    kept.write_bytes(NOT_A_NOTE[case](raw))
    with pytest.raises(SystemExit) as ended:
        verify.main([str(files.folder), "--policy", str(policy), "--checkpoint", str(kept)])
    assert ended.value.code == CODES["signature"]
    (files.folder / "checkpoint").write_bytes(NOT_A_NOTE[case](raw))
    assert verdict(str(files.folder)) == "signature"


def test_a_checkpoint_of_a_log_that_is_not_shown_is_never_passed_over(grown: Keeper) -> None:
    """Whoever keeps the log may show the auditor another half-year than the one they remember."""
    first, second = grown.live()
    final = first("checkpoint").decode()
    assert verdict([first, second], notes=[final]) == "sound"
    assert verdict([second], notes=[final]) == "sound", "the later one names that very head"
    size, root, _ = final.split("\n")[1:4]
    signer = KEY.signer(ORIGIN)
    for count, told, kind in (
        (int(size), sha256(b"another").digest(), "fork"), (int(size) + 1, b64decode(root), "fork"),
        (int(size) - 1, sha256(b"earlier").digest(), "read"),
    ):  # fmt: skip
        assert verdict([second], notes=[sign_note(Checkpoint(ORIGIN, count, told).text(), signer)]) == kind
    later = KEY.signer(f"{NAME}/2027h1")
    assert (
        verdict([first], notes=[sign_note(Checkpoint(f"{NAME}/2027h1", 9, sha256(b"").digest()).text(), later)])
        == "read"
    )
    results, lanes = verify_logs([second], POLICY)
    assert verify.summary(results, lanes)["goes_on_from"] == f"{ORIGIN}@{size}:{b64decode(root).hex()}"
    assert "goes_on_from" not in verify.summary(*verify_logs([first, second], POLICY))


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
        [sys.executable, "-P", "-c", program], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
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


LATER = NoteSigner(ORIGIN, Sensitive(b"\3" * 32), COSIGNATURE_MLDSA)
V = str(SIGNER.verifier)
ONE, TWO = (NoteSigner(f"w{n}.example", Sensitive(bytes([n]) * 32), COSIGNATURE) for n in (1, 2))
W, X = str(ONE.verifier), str(TWO.verifier)
BOTH = f"witness a {W}\nwitness b {X}\n"
NO_POLICY = [
    "", "nonsense\n", "quorum nobody\n", "quorum none\nquorum none\n", "log x\nquorum none\n", "group g 1\nquorum g\n",
    f"log {V}\nlog {V}\nquorum none\n", "group g any a\nquorum g\n", f"witness none {W}\nquorum none\n",
    f"witness a {W}\ngroup g 2 a\nquorum g\n", f"witness a {W}\ngroup g 0 a\nquorum g\n",
    f"witness a {W}\ngroup g any a a\nquorum g\n", f"witness a {W}\nwitness a {X}\nquorum a\n",
    f"witness a {W}\nwitness b {W}\nquorum a\n", f"witness a {W}\ngroup g any a\ngroup h any a\nquorum h\n",
    f"witness a {W}\ngroup g +1 a\nquorum g\n", f"witness a {W}\ngroup g 0x1 a\nquorum g\n",
    f"witness a {V}\nquorum a\n",  # a log's kind of signature says nothing of when, nor that anybody looked
    f"log {W}\nquorum none\n",
    f"log {LATER.verifier}\nwitness a {LATER.verifier}\nquorum a\n",  # its own witness
]  # fmt: skip


def test_a_policy_of_two_witnesses_is_understood() -> None:
    for enough in ("1", "2", "any", "all"):
        assert Policy.parse(f"log {V}\n{BOTH}group g {enough} a b\nquorum g\n").met({Key.parse(W): 0}) is (
            enough in {"1", "any"}
        )


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
