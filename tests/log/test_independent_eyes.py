"""Programs that others wrote read what we write, and refuse it once somebody tampered with it.

Go's checksum-database packages (`eyes/gocheck`), aics-tlog and proofbundle (`eyes/second.py`), and aics-witness.
`tests/log/eyes/install` brings them; .ci/run calls it, so that there none of these is ever left out.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import httpx2
import pytest

from auditor.verify import reader, verify_proof
from gateway.log.key import read_policy
from tests.house import House
from tests.log.kit import POLICY
from tests.log.tampering import ORIGIN, SIGNER, TAMPERED, Files
from tests.log.test_keeper import keeper_of, let_go, verdict
from tests.log.test_sequencer import work
from tests.patience import PATIENCE, until
from vault.audit.checkpoint import Checkpoint
from vault.audit.merkle import consistency_path, inclusion_path, leaf_hash, root_of
from vault.audit.note import open_note, parse_signature, sign_note
from vault.audit.proof import LogProof
from vault.crypto.note_keys import NoteVerifier
from vault.errors import LogRolledBack

HERE: Final = Path(__file__).parent / "eyes"
PACKAGES: Final = Path(os.environ.get("PAREFEU_VENV") or Path(__file__).parents[2] / ".venv") / "eyes"
GO_PACKAGES: Final = Path("/usr/share/gocode")
KEY: Final = str(SIGNER.verifier)


def _absent(what: str) -> NoReturn:
    """In CI a failure; elsewhere said aloud, with what brings it."""
    told = f"{what} is not here: run tests/log/eyes/install (in CI it must have run)"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


@pytest.fixture(scope="module")
def strangers() -> dict[str, str]:
    """The environment in which the packages of strangers are found."""
    if not (PACKAGES / ".stamp").is_file():
        _absent("the packages of other authors")
    return {**os.environ, "PYTHONPATH": str(PACKAGES), "PYTHONWARNINGS": "default"}


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built from Debian's packages alone."""
    if shutil.which("go") is None or not (GO_PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        _absent("Go, or its package golang.org/x/mod")
    built = tmp_path_factory.mktemp("go") / "gocheck"
    environment = {
        **os.environ, "GO111MODULE": "off", "GOPATH": str(GO_PACKAGES), "GOFLAGS": "", "GOPROXY": "off",
        "GOCACHE": str(built.parent / "cache"),
    }  # fmt: skip
    done = subprocess.run(
        ["go", "build", "-o", str(built), str(HERE / "gocheck/main.go")],
        env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return built


class Eyes:
    """Both readers of a log's files. look: what each says, or AssertionError if they disagree."""

    def __init__(self, go: Path, strangers: dict[str, str]) -> None:
        self._go = go
        self._strangers = strangers

    def second(self, word: str, *arguments: str | Path) -> tuple[bool, str]:
        return _run([sys.executable, "-P", str(HERE / "second.py"), word, *map(str, arguments)], self._strangers)

    def look(self, folder: Path, *olds: Path) -> bool:
        """Whether the log's files are sound, and go on from older checkpoints."""
        said = [part for old in olds for part in ("-old", str(old))]
        one, why = _run([str(self._go), str(folder), KEY, *said], dict(os.environ))
        other, also = self.second("tiles", folder, KEY, *olds)
        assert one == other, f"Go: {why}; aics-tlog: {also}"
        return one


def _run(command: list[str], environment: dict[str, str]) -> tuple[bool, str]:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode == 0, done.stdout.strip()


@pytest.fixture(scope="module")
def eyes(go: Path, strangers: dict[str, str]) -> Eyes:
    return Eyes(go, strangers)


def test_strangers_accept_an_honest_log_and_what_was_seen_of_it_before(eyes: Eyes, files: Files) -> None:
    kept = sorted((files.folder / "checkpoints").glob("[0-9]*"))
    assert len(kept) > 1
    assert eyes.look(files.folder, *kept)


def test_strangers_accept_a_tree_of_three_levels_of_tiles(eyes: Eyes, files: Files) -> None:
    entries = [b"entry %d" % number for number in range(66_000)]
    files.write(entries)
    assert (files.folder / "tile/2/000.p/1").is_file()
    seen = files.folder.parent / "seen"
    seen.write_text(sign_note(Checkpoint(ORIGIN, 40_001, root_of(map(leaf_hash, entries[:40_001]))).text(), SIGNER))
    assert eyes.look(files.folder, seen)


@pytest.mark.parametrize("name", TAMPERED)
def test_strangers_refuse_what_was_tampered_with(eyes: Eyes, files: Files, honest: Path, name: str) -> None:
    """What the log's own key signed anew is refused by whoever kept an older checkpoint."""
    TAMPERED[name][0](files)
    assert not eyes.look(files.folder, honest / "checkpoint")


def test_strangers_refuse_a_second_tree_of_the_same_size(eyes: Eyes, files: Files) -> None:
    other = [*files.entries[:-1], files.entries[-1] + b" "]
    fork = files.folder.parent / "fork"
    fork.write_text(sign_note(Checkpoint(ORIGIN, len(other), root_of(map(leaf_hash, other))).text(), SIGNER))
    assert not eyes.look(files.folder, fork)


def test_a_stranger_checks_one_entry_by_its_proof_alone(eyes: Eyes, files: Files, tmp_path: Path) -> None:
    hashes = [leaf_hash(entry) for entry in files.entries]
    note = reader(str(files.folder))("checkpoint").decode()
    for index in (0, 255, 256, len(hashes) - 1):
        path = inclusion_path(index, len(hashes), hashes)
        text = LogProof(index, tuple(path), note).encode()
        verify_proof(text, files.entries[index], POLICY)
        proof, entry = tmp_path / "one.tlog-proof", tmp_path / "entry.json"
        proof.write_text(text)
        entry.write_bytes(files.entries[index])
        assert eyes.second("proof", proof, entry, KEY) == (True, f"entry {index} of {len(hashes)}")
        entry.write_bytes(files.entries[index].replace(b'"v":', b'"v":9'))
        assert not eyes.second("proof", proof, entry, KEY)[0]
        entry.write_bytes(files.entries[index])
        for wrong in (
            LogProof(index ^ 1, tuple(path), note),
            LogProof(index, tuple(path[:-1]), note),
            LogProof(index, (*path, path[0]), note),
            LogProof(index, (path[0][::-1], *path[1:]), note),
            LogProof(index, tuple(path), note.replace(f"\n{len(hashes)}\n", f"\n{len(hashes) + 1}\n")),
        ):
            proof.write_text(wrong.encode())
            assert not eyes.second("proof", proof, entry, KEY)[0]


# -- a witness that others wrote -----------------------------------------------------------------------


@contextmanager
def foreign_witness(folder: Path, environment: dict[str, str], keys: list[str]) -> Iterator[tuple[str, str]]:
    """aics-witness on loopback, told of these logs. Yields its key and its address; ended with the block."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    program = [sys.executable, "-P", "-m", "aics_witness"]
    config = ["--config", str(folder / "witness.json")]

    def say(*words: str) -> str:
        done = subprocess.run(
            [*program, *words, *config[:0]], env=environment, cwd=folder, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    told = say("init", *config, "--name", "witness.example/foreign", "--listen", address)
    key = next(word for word in told.split() if word.startswith("witness.example/foreign+"))
    for each in keys:
        say("add-log", *config, "--origin", each.partition("+")[0], "--vkey", each)
    with (folder / "said").open("wb") as sink:
        process = subprocess.Popen([*program, "serve", *config], env=environment, cwd=folder, stdout=sink, stderr=sink)
        try:
            _until_it_answers(f"http://{address}")
            yield key, f"http://{address}"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _until_it_answers(url: str) -> None:
    def answers() -> bool:
        try:
            httpx2.get(f"{url}/{'0' * 64}/checkpoint", timeout=PATIENCE)
        except httpx2.TransportError:
            return False
        return True

    until(answers, "an answer")


def test_a_foreign_witness_signs_our_log_and_our_verifier_counts_it(
    house: House, strangers: dict[str, str], tmp_path: Path
) -> None:
    logs = [line.split()[1] for line in read_policy(house.settings).split("\n") if line.startswith("log ")]
    with foreign_witness(tmp_path / "witness", strangers, logs[:2]) as (key, url):
        policy = read_policy(house.settings).replace("quorum none", f"witness one {key} {url}\nquorum one")
        (house.settings.log_home / "policy.txt").write_text(policy)
        keeper = keeper_of(house)
        for _ in range(3):
            work(house)
            keeper.turn()
            assert verdict(house, keeper) in {"quorum", "sound"}
            keeper.show()
            assert verdict(house, keeper) == "sound"
            house.clock.move(seconds=11)
        assert keeper.state.unanswered == ()
        let_go(keeper)


def test_a_foreign_witness_refuses_every_dishonest_head(
    files: Files, strangers: dict[str, str], tmp_path: Path
) -> None:
    honest = [leaf_hash(entry) for entry in files.entries]
    other = [*honest]
    other[5] = leaf_hash(b"another story")
    size = len(honest)

    def head(hashes: list[bytes], count: int, signer: Any = SIGNER) -> str:
        return sign_note(Checkpoint(ORIGIN, count, root_of(hashes[:count])).text(), signer)

    def ask(url: str, old: int, proof: list[bytes], note: str) -> httpx2.Response:
        lines = [f"old {old}", *(b64encode(each).decode() for each in proof)]
        return httpx2.post(
            f"{url}/add-checkpoint", content=("\n".join(lines) + "\n\n" + note).encode(), timeout=PATIENCE
        )

    with foreign_witness(tmp_path / "witness", strangers, [KEY]) as (key, url):
        assert ask(url, 0, [], head(honest, 400)).status_code == 200
        grown = head(honest, size)
        reply = ask(url, 400, consistency_path(400, size, honest), grown)
        assert reply.status_code == 200
        line = parse_signature(reply.text.split("\n")[0])
        text = grown.rpartition("\n\n")[0]
        assert open_note(f"{text}\n\n{line.line}", [NoteVerifier.parse(key)]).verified
        refused = {
            "a fork": ask(url, size, [], head(other, size)),
            "a rewritten past": ask(url, size, consistency_path(size, size + 3, other + honest[:3]),
                                    head(other + honest[:3], size + 3)),
            "growth without proof": ask(url, size, [], head(honest + honest[:3], size + 3)),
            "a roll back": ask(url, 400, consistency_path(400, size - 20, honest), head(honest, size - 20)),
            "another key": ask(url, size, [], head(honest, size, type(SIGNER).generate(ORIGIN, _Zeroes()))),
        }  # fmt: skip
        codes = {name: reply.status_code for name, reply in refused.items()}
        assert codes["a roll back"] == 409
        assert codes["another key"] == 403
        assert all(codes[name] in {409, 422} for name in ("a fork", "a rewritten past", "growth without proof")), codes
        assert all("—" not in reply.text for reply in refused.values())


class _Zeroes:
    def bytes(self, count: int) -> bytes:
        return bytes(count)


def test_a_foreign_witness_stops_a_log_that_was_restored(
    lite_house: House, strangers: dict[str, str], tmp_path: Path
) -> None:
    house = lite_house
    logs = [line.split()[1] for line in read_policy(house.settings).split("\n") if line.startswith("log ")]
    with foreign_witness(tmp_path / "witness", strangers, logs[:1]) as (key, url):
        policy = read_policy(house.settings).replace("quorum none", f"witness one {key} {url}\nquorum one")
        (house.settings.log_home / "policy.txt").write_text(policy)
        work(house)
        keeper = keeper_of(house)
        keeper.turn()
        keeper.show()
        backup = [(path, path.read_bytes()) for path in house.settings.home.glob("*.db*")]
        work(house)
        keeper.turn()
        keeper.show()
        let_go(keeper)
        house.services.close()
        for path in house.settings.home.glob("*.db*"):
            path.unlink()
        for path, raw in backup:
            path.write_bytes(raw)
        (house.settings.log_home / "seen").unlink()  # as on another machine: only the witness remembers
        house.reopen()
        again = keeper_of(house)
        with pytest.raises(LogRolledBack):
            again.turn()
        let_go(again)
