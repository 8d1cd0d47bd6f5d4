"""The log as a whole, by command: kept, checked, proved from, compared and replayed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.verify import Policy, verify_proof
from gateway.cli.home import settings_of
from gateway.log.configuration import configuration, kept_configuration
from gateway.log.keeper import LogKeeper
from gateway.log.replay import kept_policy
from gateway.log.running import announce
from tests.cli.kit import Shell, signed_in
from tests.house import House, house_on
from tests.log.test_keeper import keeper_of, let_go
from tests.log.test_sequencer import work
from vault.audit.sequencer import Turned
from vault.errors import ConfigurationError


@pytest.fixture
def kept(shell: Shell, home: Path) -> Path:
    """A home with entries in the tree, and its policy and settings kept."""
    settings = settings_of(home)
    with house_on(settings) as house:
        announce(house.services)
        work(house)
    assert "entries in the tree" in shell.ok("audit", "sequence", "--once", "--home", home).out
    return home


def note_entry(home: Path) -> str:
    connection = sqlite3.connect(home / "main.db")
    bodies = [json.loads(row[0]) for row in connection.execute("SELECT body FROM entries")]
    connection.close()
    return str(next(body["entry"] for body in bodies if (body["action"], body["kind"]) == ("write", "note")))


def test_the_database_is_verified_and_a_change_has_its_exit_code(shell: Shell, kept: Path) -> None:
    told = shell.ok("audit", "verify", "--home", kept, "--json").json
    assert (told["verdict"], told["waiting_for_the_tree"]) == ("sound", 0)
    assert told["entries"] > 10
    connection = sqlite3.connect(kept / "main.db")
    connection.execute("UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'allow', 'denied') AS BLOB)")
    connection.commit()
    connection.close()
    ran = shell.run("audit", "verify", "--home", kept)
    assert (ran.code, "An entry is not what was logged" in ran.out) == (10, True)


def test_files_are_exported_and_verified_by_the_program_alone(shell: Shell, kept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shell.ok("audit", "export", folder, "--home", kept)
    assert shell.ok("audit", "verify", str(folder), "--home", kept, "--json").json["verdict"] == "sound"
    done = subprocess.run(
        [sys.executable, "-m", "auditor.verify", str(folder), "--policy", str(folder / "policy.txt")],
        cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "sound" in done.stdout) == (0, True)
    next(folder.glob("*/tile/0/*.p/*")).unlink()
    assert shell.run("audit", "verify", str(folder), "--home", kept).code == 2


def test_a_bundle_of_evidence_stands_alone(shell: Shell, kept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    entry = note_entry(kept)
    connection = sqlite3.connect(kept / "main.db")
    (raw,) = connection.execute("SELECT body FROM entries WHERE entry_id = ?", (bytes.fromhex(entry),)).fetchone()
    connection.close()
    body = json.loads(raw)
    shell.ok("audit", "export", folder, "--home", kept, "--case", body["subject"], "--actor", body["actor"])
    assert (folder / "entries" / f"{entry}.json").read_bytes() == raw
    (checkpoint,) = (folder / "checkpoints").iterdir()
    assert checkpoint.read_text() == (folder / "proofs" / f"{entry}.tlog-proof").read_text().partition("\n\n")[2]
    policy = kept / "log" / "policy.txt"
    command = [sys.executable, str(folder / "verify.py"), str(folder), "--policy", str(policy)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (folder / "entries" / f"{entry}.json").write_bytes(raw.replace(b"allow", b"deny"))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 11
    shell.refused("configuration_error", "audit", "export", folder, "--home", kept, "--period", "2026-01-01/")


def test_one_entry_is_proved(shell: Shell, kept: Path, tmp_path: Path) -> None:
    entry = note_entry(kept)
    proof = shell.ok("audit", "prove", entry, "--home", kept).out
    connection = sqlite3.connect(kept / "main.db")
    (raw,) = connection.execute("SELECT body FROM entries WHERE entry_id = ?", (bytes.fromhex(entry),)).fetchone()
    connection.close()
    verify_proof(proof, raw, Policy.parse((kept / "log" / "policy.txt").read_text()))
    shell.ok("audit", "prove", entry, "--home", kept, "--out", tmp_path / "one.tlog-proof")
    assert (tmp_path / "one.tlog-proof").read_text() == proof
    shell.refused("not_found", "audit", "prove", "0" * 32, "--home", kept)


def test_two_checkpoints_are_compared(shell: Shell, kept: Path, tmp_path: Path) -> None:
    shell.ok("audit", "export", tmp_path / "one", "--home", kept)
    with house_on(settings_of(kept)) as house:
        house.hire("desk")
    shell.ok("audit", "sequence", "--once", "--home", kept)
    shell.ok("audit", "export", tmp_path / "two", "--home", kept)
    notes = [next((tmp_path / name).glob("*/checkpoint")) for name in ("one", "two")]
    told = shell.ok("audit", "diff", *notes, "--home", kept, "--json").json
    assert told["to"] - told["from"] == sum(count for name, count in told.items() if " " in name)
    assert told["staff_added staff none"] == 1
    again = shell.ok("audit", "diff", *notes[::-1], str(notes[1].parent), "--home", kept, "--json").json
    assert again == told


def test_checkpoints_older_than_a_folder_of_files_are_compared_with_it(
    shell: Shell, kept: Path, tmp_path: Path
) -> None:
    """Of a tile that was not full then, the folder holds the file of today."""
    for name in ("one", "two", "three"):
        shell.ok("audit", "export", tmp_path / name, "--home", kept)
        (tmp_path / name / "old").write_bytes(next((tmp_path / name).glob("2*/checkpoint")).read_bytes())
        with house_on(settings_of(kept)) as house:
            house.hire({"one": "desk", "two": "head", "three": "colleague"}[name])
        shell.ok("audit", "sequence", "--once", "--home", kept)
    shell.ok("audit", "export", tmp_path / "now", "--home", kept)
    notes = [str(tmp_path / name / "old") for name in ("one", "two")]
    folder = str(next((tmp_path / "now").glob("2*/checkpoint")).parent)
    assert shell.ok("audit", "diff", *notes, folder, "--home", kept, "--json").json["verdict"] == "sound"


def test_a_bundle_leaves_out_what_no_tree_holds_yet_and_says_so(shell: Shell, kept: Path, tmp_path: Path) -> None:
    with house_on(settings_of(kept)) as house:
        house.hire("desk")
    told = shell.ok("audit", "export", tmp_path / "bundle", "--home", kept, "--period", "2026-01-01/").err
    assert "not in it: " in told
    assert shell.ok("audit", "verify", str(tmp_path / "bundle"), "--home", kept, "--json").json["verdict"] == "sound"


def test_a_bundle_that_cannot_be_written_leaves_no_half_of_one(shell: Shell, kept: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(kept / "main.db")
    connection.execute("UPDATE tiles SET hashes = x'00' WHERE level = 0")
    connection.commit()
    connection.close()
    assert shell.run("audit", "export", tmp_path / "bundle", "--home", kept, "--period", "2026-01-01/").code != 0
    assert not (tmp_path / "bundle").exists()


def test_a_decision_is_replayed_by_the_policy_of_its_day(shell: Shell, kept: Path) -> None:
    entry = note_entry(kept)
    told = dict(line.split("\t", 1) for line in shell.ok("audit", "replay", entry, "--home", kept).out.splitlines())
    assert told["rule"] == "cw-13"
    assert "active with own" in told["possible"]
    connection = sqlite3.connect(kept / "main.db")
    (raw,) = connection.execute("SELECT body FROM entries WHERE entry_id = ?", (bytes.fromhex(entry),)).fetchone()
    body = json.loads(raw)
    question = ("--actor", body["actor"], "--subject", body["subject"], "--on", "2027-01-01")
    answer = shell.ok("audit", "replay", *question, "--fact", "own", "--home", kept).out
    assert "cw-11" in answer
    assert "needs" not in answer
    changed = raw.replace(b'"rule":"cw-13"', b'"rule":"cw-23"')
    connection.execute("UPDATE entries SET body = ? WHERE entry_id = ?", (changed, bytes.fromhex(entry)))
    connection.commit()
    connection.close()
    assert shell.run("audit", "replay", entry, "--home", kept).code == 1


def test_a_kept_policy_that_was_altered_is_refused(shell: Shell, kept: Path) -> None:
    rules = next((kept / "policies").glob("*/rules/casework.csv"))
    rules.write_text(rules.read_text().replace("cw-13,coach,note,write", "cw-13,coach,note,read"))
    shell.refused("configuration_error", "audit", "replay", note_entry(kept), "--home", kept)


def test_a_new_tree_is_opened_on_purpose(shell: Shell, kept: Path) -> None:
    assert "opened" in shell.ok("audit", "reopen", "--home", kept).out
    heads = sqlite3.connect(kept / "main.db")
    assert heads.execute("SELECT count(*), max(closed) FROM heads").fetchone() == (2, 2)
    heads.close()
    shell.refused("invalid_input", "audit", "reopen", "--home", kept, "--reason", "two words")


def test_a_new_tree_that_could_not_be_opened_forgets_nothing(
    shell: Shell, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was shown before is what gives a restored database away: while another process keeps the log, it stays."""
    origin, size, root = (kept / "log" / "seen").read_text().split()
    seen = f"{origin} {int(size) + 100} {root}\n".encode()  # the database is older
    (kept / "log" / "seen").write_bytes(seen)
    with monkeypatch.context() as while_another_keeps_it:
        while_another_keeps_it.setattr(LogKeeper, "turn", lambda *_, **__: Turned(None))
        shell.refused("configuration_error", "audit", "reopen", "--home", kept)
    assert (kept / "log" / "seen").read_bytes() == seen


def test_a_policy_file_that_is_none_has_its_exit_code(shell: Shell, kept: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.txt"
    for text in ("nonsense\n", "\xff"):
        policy.write_bytes(text.encode("latin-1"))
        ran = shell.run("audit", "verify", "--home", kept, "--policy", policy)
        assert (ran.code, "could not be read" in ran.out) == (2, True)


def test_the_policy_names_the_keys_to_come(shell: Shell, kept: Path) -> None:
    text = shell.ok("audit", "policy", "--home", kept).out
    assert text.count("\nlog ") == 8
    assert text.endswith("quorum none\n")
    shell.refused("configuration_error", "audit", "init", "--home", kept)


def test_the_witness_word_is_the_witness_program(shell: Shell, tmp_path: Path) -> None:
    key = shell.ok("witness", "init", tmp_path / "w", "--name", "witness.example/w").out
    assert key.startswith("witness.example/w+")
    assert shell.ok("witness", "key", tmp_path / "w").out == key
    assert shell.run("witness", "init", tmp_path / "w", "--name", "witness.example/w").code == 1
    assert shell.run("witness", "nonsense", tmp_path / "w").code == 2


def test_nothing_is_verified_before_there_is_a_tree(shell: Shell, home: Path) -> None:
    assert shell.run("audit", "verify", "--home", home).code == 2
    with pytest.raises(ConfigurationError):
        kept_policy(settings_of(home), "0" * 64)


def test_which_settings_a_process_ran_with_is_in_the_log_without_a_secret(kept: Path) -> None:
    settings = settings_of(kept)
    connection = sqlite3.connect(kept / "main.db")
    bodies = [json.loads(row[0]) for row in connection.execute("SELECT body FROM entries")]
    connection.close()
    (digest,) = {body["object"] for body in bodies if body["action"] == "settings_loaded"}
    assert kept_configuration(settings, digest)["home"] == str(kept)
    secret = settings.model_copy(update={"database_url": "postgresql://u:hunter2@host/db", "log_url": "sqlite:///x.db"})
    told = configuration(secret, "", "1")
    assert (b"hunter2" in told, b'"database_url":"postgresql:db"' in told) == (False, True)
    path = kept / "configurations" / f"{digest}.json"
    path.write_bytes(path.read_bytes().replace(b"development", b"production"))
    with pytest.raises(ConfigurationError, match="altered"):
        kept_configuration(settings, digest)
    with pytest.raises(ConfigurationError, match="not kept"):
        kept_configuration(settings, "0" * 64)


def test_details_are_destroyed_and_everything_stays_provable(shell: Shell, kept: Path, tmp_path: Path) -> None:
    shell.ok("audit", "export", tmp_path / "before", "--home", kept)
    connection = sqlite3.connect(kept / "main.db")
    bodies = [json.loads(row[0]) for row in connection.execute("SELECT body FROM entries")]
    connection.close()
    coach = next(body["actor"] for body in bodies if (body["action"], body["kind"]) == ("write", "note"))
    keystore = sqlite3.connect(kept / "keystore.db")

    def left() -> set[str]:
        return {row[0].hex() for row in keystore.execute("SELECT entry_id FROM details")}

    of_coach = left() & {body["entry"] for body in bodies if body["actor"] == coach}
    assert of_coach
    told = shell.ok("audit", "erase", "--actor", coach, "--yes", "--home", kept).out
    assert f"{len(of_coach)} details destroyed" in told
    assert left() & {body["entry"] for body in bodies if body["actor"] == coach} == set()
    assert left()
    shell.ok("audit", "erase", "--before", "2100-01-01", "--reason", "retention", "--yes", "--home", kept)
    assert (left(), keystore.execute("SELECT count(*) FROM detail_keys").fetchone()[0]) == (set(), 0)
    keystore.close()
    assert shell.ok("audit", "verify", "--home", kept, "--json").json["verdict"] == "sound"
    proved = tmp_path / "one.tlog-proof"
    shell.ok("audit", "prove", note_entry(kept), "--home", kept, "--out", proved)
    old = next((tmp_path / "before").glob("*/checkpoint"))
    assert shell.ok("audit", "verify", "--home", kept, "--checkpoint", old, "--json").json["verdict"] == "sound"
    said = tmp_path / "after"
    shell.ok("audit", "export", said, "--home", kept)
    bundles = b"".join(path.read_bytes() for path in said.glob("*/tile/entries/**/*") if path.is_file())
    assert bundles.count(b'"action":"details_erased"') == 2
    assert f'"object":"actor:{coach}"'.encode() in bundles
    assert shell.run("audit", "erase", "--home", kept, "--yes").code != 0
    assert shell.run("audit", "erase", "--home", kept, "--actor", coach, "--before", "2026-01-01", "--yes").code != 0


def test_an_opened_detail_goes_into_a_bundle_and_is_checked_there(
    desk: Shell, lite_house: House, tmp_path: Path
) -> None:
    """The commitment is opened once, by somebody who may look; anybody checks it against the entry."""
    work(lite_house)
    keeper = keeper_of(lite_house)
    keeper.turn()
    let_go(keeper)
    signed_in(lite_house, "auditor")
    home, folder, kept = lite_house.settings.home, tmp_path / "bundle", tmp_path / "opened"
    entries = desk.ok("audit", "list", "--limit", "100", "--json").json["entries"]
    read = next(entry for entry in entries if (entry["action"], entry["kind"]) == ("write", "note"))
    told = desk.ok("audit", "detail", read["entry"], "--opening", kept, "--json").json
    assert "opening" not in told
    (opened,) = kept.iterdir()
    assert opened.stat().st_mode & 0o077 == 0
    assert json.loads(opened.read_text())["name"] == told["actor_name"] == "Coach"
    period = ("--period", "2026-11-03/2026-11-04")
    desk.ok("audit", "export", folder, "--home", home, "--actor", read["actor"], *period, "--detail", opened)
    policy = ["--policy", str(home / "log" / "policy.txt")]
    command = [sys.executable, str(folder / "verify.py"), str(folder), *policy]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert [path.name for path in (folder / "details").iterdir()] == [opened.name]
    inside = folder / "details" / opened.name
    inside.write_bytes(inside.read_bytes().replace(b"Coach", b"Other"))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 10
