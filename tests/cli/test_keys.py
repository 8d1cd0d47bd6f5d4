"""`parefeu keys`: wrapping keys, roots and passphrases are replaced; orphaned wraps are swept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from gateway import keyring_file, private, rooting
from gateway.instance import load_zone, open_zone, read_passphrase
from gateway.rooting import NEXT, ROOT, change_passphrase, finish_passphrase, replace_root
from gateway.settings import Settings
from tests.cli.kit import Shell, program, wait_for
from tests.house import House, house_on
from tests.storage.test_rotating import file_of, furnished, generations_of, read_all, wraps_of
from tests.unit.crypto.kit import ENTROPY, WeakFileRoot
from vault.crypto.hierarchy import ZoneKeyring
from vault.crypto.providers import file as providers_file
from vault.errors import Conflict, KeyringDamaged, KeyringError, WrongPassphrase
from vault.sensitive import Sensitive
from vault.storage import tables as t
from vault.storage.orphans import SAFE_AGE
from vault.usecases import sign_in
from vault.vocabulary import CASEWORK, FOLLOW_UP

SECRET: Final = "another long passphrase"


def of_cases(home: Path) -> dict[str, str]:
    with house_on(Settings(home=home)) as house:
        return furnished(house)


def entries(home: Path) -> list[tuple[str, str, int]]:
    with sqlite3.connect(home / "main.db") as connection:
        found = [json.loads(row[0]) for row in connection.execute("SELECT body FROM entries")]
    connection.close()
    return [(one["action"], one["object"] or one["kind"], one["count"]) for one in found]


def rotations(home: Path) -> list[str]:
    return [action for action, _, _ in entries(home) if action.startswith("wraps_")]


def generations_in(home: Path) -> set[int]:
    with house_on(Settings(home=home)) as house:
        return generations_of(house)


def secrets_of(keyring: ZoneKeyring) -> list[bytes]:
    return [key.expose() for key in (keyring.sealing.secret, keyring.signing.secret, keyring.wrapper.secret)]


def test_a_rotation_on_a_home_that_nobody_serves(shell: Shell, home: Path) -> None:
    notes = of_cases(home)
    words = ("keys", "rotate", "--zone", "casework", "--home", home)
    before = (home / "zones/casework/keyring").read_bytes()
    dry = shell.ok(*words, "--dry-run", "--json").json
    assert [(row["generation"], row["key"]) for row in dry["generations"]] == [(1, "in use")]
    assert (home / "zones/casework/keyring").read_bytes() == before
    told = shell.ok(*words, "--json").json
    assert told["finished"]
    assert (told["generation"], told["destroyed"], told["rewrapped"]) == (2, [1], dry["generations"][0]["wraps"])
    with house_on(Settings(home=home)) as house:
        assert generations_of(house) == {2}
        service = house.services.sign_in[CASEWORK]
        issue = partial(sign_in.issue_token, login="coach", lifetime=timedelta(hours=1), service=service)
        house.tokens["coach"] = house.services.worker.run(CASEWORK, issue)
        assert [text.startswith("Vu ") for text in read_all(house, notes)] == [True] * len(notes)
    assert rotations(home) == ["wraps_rotating", "wraps_rotated"]
    assert shell.ok(*words, "--dry-run", "--json").json["generations"] == [
        {"generation": 2, "wraps": told["rewrapped"], "key": "in use"}
    ]


def test_a_staged_key_is_taken_into_use_by_the_next_run(shell: Shell, home: Path) -> None:
    of_cases(home)
    words = ("keys", "rotate", "--zone", "casework", "--home", home)
    assert "generation 2 is staged" in shell.ok(*words, "--stage").out
    assert "generation 2 was staged before" in shell.ok(*words, "--stage").out
    assert generations_in(home) == {1}
    assert shell.ok(*words, "--json").json["generation"] == 2
    assert generations_in(home) == {2}


def test_only_casework_is_rotated_and_only_by_its_own_process(
    shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = shell.refused("configuration_error", "keys", "rotate", "--zone", "follow_up", "--home", home)
    assert "key pair" in ran.err
    shell.refused("configuration_error", "keys", "rotate", "--zone", "nowhere", "--home", home)
    monkeypatch.setenv("PAREFEU_ZONE", "follow_up")
    monkeypatch.setenv("PAREFEU_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/main")
    monkeypatch.setenv("PAREFEU_KEYSTORE_URL", "postgresql://nobody@127.0.0.1:9/keys")
    ran = shell.refused("configuration_error", "keys", "rotate", "--zone", "casework", "--home", home)
    assert "not one that these settings serve" in ran.err


def test_a_wrap_too_young_to_be_an_orphan_keeps_the_old_key_and_says_so(shell: Shell, home: Path) -> None:
    of_cases(home)
    with sqlite3.connect(home / "keystore.db") as connection:
        key, wrap = connection.execute("SELECT key_id, wrap FROM wraps WHERE length(wrap) = 61").fetchone()
        now = int(datetime.now(UTC).timestamp() * 1e6)
        connection.execute("INSERT INTO wraps VALUES (?, 'casework', ?, ?)", (bytes(16), wrap, now))
    connection.close()
    ran = shell.run("keys", "rotate", "--zone", "casework", "--home", home, "--json")
    assert ran.code == 3
    assert (ran.json["finished"], ran.json["waiting"], ran.json["destroyed"]) == (False, 1, [])
    assert "the older key is kept" in ran.err
    assert key != bytes(16)


@pytest.mark.long
def test_a_server_that_holds_the_store_re_wraps_while_it_serves(shell: Shell, home: Path) -> None:
    notes = of_cases(home)
    token = shell.ok("staff", "token", "coach", "--zone", "casework", "--home", home).out.strip()

    def read(address: str, case: str, note: str) -> Any:
        path = f"{address}/casework/cases/{case}/notes/{note}"
        request = urllib.request.Request(path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)["text"]

    with program("serve", "--home", home, "--port", "0") as server:
        address = wait_for(home / "serving.lock", "http://127.0.0.1:", seconds=60)
        texts = [read(address, *each) for each in notes.items()]
        told = shell.ok("keys", "rotate", "--zone", "casework", "--home", home, "--json")
        assert told.json == {"zone": "casework", "generation": 2, "finished": True}
        assert "the server that holds this store" in told.err
        assert [read(address, *each) for each in notes.items()] == texts
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    assert generations_in(home) == {2}
    assert rotations(home) == ["wraps_rotating", "wraps_rotated"]


def test_on_postgresql_the_command_does_the_work_beside_the_server(
    shell: Shell, postgres_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAREFEU_DATABASE_URL", postgres_settings.database_url)
    monkeypatch.setenv("PAREFEU_KEYSTORE_URL", postgres_settings.keystore_url)
    home = postgres_settings.home
    with house_on(postgres_settings) as house:
        notes = furnished(house)
        texts = read_all(house, notes)
        told = shell.ok("keys", "rotate", "--zone", "casework", "--home", home, "--json").json
        assert (told["finished"], told["generation"], told["destroyed"]) == (True, 2, [1])
        assert read_all(house, notes) == texts
        assert generations_of(house) == {2}
        house.open_case(house.client("coach"))
        assert generations_of(house) == {2}
        assert shell.ok("keys", "sweep", "--home", home, "--dry-run", "--json").json == {"found": 0, "deleted": 0}


def test_a_new_root_opens_the_keys_and_the_old_one_does_not(shell: Shell, home: Path, tmp_path: Path) -> None:
    settings, folder = Settings(home=home), home / "zones/follow_up"
    before = load_zone(settings, FOLLOW_UP, ENTROPY, WeakFileRoot)
    shutil.copytree(folder, tmp_path / "stolen")
    shell.ok("keys", "root", "--zone", "follow_up", "--home", home)
    after = load_zone(settings, FOLLOW_UP, ENTROPY, WeakFileRoot)
    assert secrets_of(after) == secrets_of(before)
    assert (folder / ROOT).read_bytes() != (tmp_path / "stolen" / ROOT).read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["keyring", "keyring.lock", "root.key"]
    assert ("root_replaced", "keyring", 1) in entries(home)
    shutil.copy2(tmp_path / "stolen" / ROOT, folder / ROOT)
    with pytest.raises(KeyringDamaged):
        load_zone(settings, FOLLOW_UP, ENTROPY, WeakFileRoot)


class _Died(BaseException):
    pass


def _steps(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> Callable[[], int]:
    """The process dies at the `at`-th time that a file is put in place of another or made; before it, or after.

    Returns how many steps there were until then.
    """
    count = 0

    def dying(usual: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **more: Any) -> Any:
            nonlocal count
            number, count = count, count + 1
            if number == at and not after:
                raise _Died
            done = usual(*args, **more)
            if number == at:
                raise _Died
            return done

        return step

    monkeypatch.setattr(keyring_file, "replace_private", dying(private.replace_private))
    monkeypatch.setattr(rooting, "replace_private", dying(private.replace_private))
    monkeypatch.setattr(Path, "replace", dying(Path.replace))
    monkeypatch.setattr(os, "link", dying(os.link))
    return lambda: count


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_new_root_that_is_interrupted_leaves_keys_that_open_and_is_seen_through(home: Path, after: bool) -> None:
    settings = Settings(home=home)
    before = secrets_of(load_zone(settings, FOLLOW_UP, ENTROPY, WeakFileRoot))
    at = 0
    while True:
        root = (home / "zones/follow_up" / ROOT).read_bytes()
        with pytest.MonkeyPatch.context() as patch:
            _steps(patch, at, after=after)
            try:
                replace_root(settings, FOLLOW_UP, ENTROPY, WeakFileRoot)
            except _Died:
                died = True
            else:
                died = False
        assert secrets_of(load_zone(settings, FOLLOW_UP, ENTROPY, WeakFileRoot)) == before, at
        replace_root(settings, FOLLOW_UP, ENTROPY, WeakFileRoot)
        assert secrets_of(load_zone(settings, FOLLOW_UP, ENTROPY, WeakFileRoot)) == before, at
        assert (home / "zones/follow_up" / ROOT).read_bytes() != root, "another root"
        assert not (home / "zones/follow_up" / NEXT).exists()
        assert (home / "zones/follow_up/keyring").read_bytes()[0] == 1, "under one root"
        if not died:
            break
        at += 1
    assert at >= 4


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_another_passphrase_that_is_interrupted_leaves_one_that_opens(home: Path, after: bool) -> None:
    settings, file = Settings(home=home), home / "passphrases/follow_up"
    at = 0
    while True:
        new = Sensitive(f"{SECRET} {at}")
        with pytest.MonkeyPatch.context() as patch:
            _steps(patch, at, after=after)
            try:
                change_passphrase(settings, FOLLOW_UP, read_passphrase(file), new, ENTROPY, WeakFileRoot)
            except _Died:
                died = True
            else:
                died = False
        finish_passphrase(settings, FOLLOW_UP, ENTROPY, WeakFileRoot)
        assert load_zone(settings, FOLLOW_UP, ENTROPY, WeakFileRoot).version == 1, at
        assert sorted(path.name for path in file.parent.glob("follow_up*")) == ["follow_up"], at
        if not died:
            break
        at += 1
    assert at >= 3
    assert read_passphrase(file).expose() == new.expose()


@pytest.mark.parametrize("step", ["_write", "_sync_folder"])
def test_a_disk_that_fails_leaves_the_passphrase_that_opens(
    home: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Also where the root was put in place already, and only its name is not known to be on the disk."""
    settings, file = Settings(home=home), home / "passphrases/follow_up"
    old, new = read_passphrase(file), Sensitive(SECRET)

    def fails(*_: Any, **__: Any) -> None:
        raise OSError(5, "Input/output error") if step == "_sync_folder" else KeyringError("cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(providers_file, step, fails)
        with pytest.raises(KeyringError):
            change_passphrase(settings, FOLLOW_UP, old, new, ENTROPY, WeakFileRoot)
    assert read_passphrase(file).expose() == (SECRET if step == "_sync_folder" else old.expose())
    assert load_zone(settings, FOLLOW_UP, ENTROPY, WeakFileRoot).version == 1
    assert not (home / "passphrases/follow_up.new").exists()


def test_a_passphrase_is_never_shown_nor_taken_from_the_command_line(shell: Shell, home: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    private.write_private(new, SECRET.encode())
    words = ("keys", "passphrase", "--zone", "casework", "--home", home)
    old = (home / "passphrases/casework").read_text()
    for ran in (
        shell.ok(*words, "--new-file", new),
        shell.run(*words, "--new", SECRET),
        shell.run("keys", "passphrase", "casework", "--zone", "casework", "--home", home),
        shell.ok(*words, typed=f"{SECRET} 2\n{SECRET} 2\n"),
    ):
        assert SECRET not in ran.out
        assert SECRET not in ran.err.replace("--new", ""), ran.err
        assert old not in ran.out + ran.err
    assert read_passphrase(home / "passphrases/casework").expose() == f"{SECRET} 2"


def test_a_server_goes_on_while_its_root_is_replaced_under_it(lite_house: House) -> None:
    """It holds what it needs; what it cannot read any more is the file, and not what it holds."""
    notes = furnished(lite_house)
    replace_root(lite_house.settings, CASEWORK, ENTROPY, WeakFileRoot)
    assert len(read_all(lite_house, notes)) == 3
    lite_house.open_case(lite_house.client("coach"))
    assert len(wraps_of(lite_house)) > 3


def test_a_root_is_not_replaced_while_its_keys_are_being_changed(lite_house: House) -> None:
    with file_of(lite_house).alone(), pytest.raises(Conflict):
        replace_root(lite_house.settings, CASEWORK, ENTROPY, WeakFileRoot)


def test_a_wrong_passphrase_replaces_nothing(home: Path) -> None:
    settings = Settings(home=home)
    root = (home / "zones/follow_up" / ROOT).read_bytes()
    wrong, new = Sensitive("not the passphrase"), Sensitive(SECRET)
    with pytest.raises(WrongPassphrase):
        change_passphrase(settings, FOLLOW_UP, wrong, new, ENTROPY, WeakFileRoot)
    assert (home / "zones/follow_up" / ROOT).read_bytes() == root
    assert open_zone(settings, FOLLOW_UP, ENTROPY, WeakFileRoot).keyring.version == 1
    assert not (home / "passphrases/follow_up.new").exists()


def _orphan(home: Path, key: bytes, reader: str, age: timedelta) -> None:
    at = int((datetime.now(UTC) - age).timestamp() * 1e6)
    with sqlite3.connect(home / "keystore.db") as connection:
        connection.execute("INSERT INTO wraps VALUES (?, ?, ?, ?)", (key, reader, b"x" * 61, at))
    connection.close()


def test_wraps_that_no_row_names_are_swept_once_they_are_old(shell: Shell, home: Path) -> None:
    of_cases(home)
    with house_on(Settings(home=home)) as house:
        named = len(house.services.store.keystore.execute(t.wraps.select()).all())
    _orphan(home, b"\x01" * 16, "casework", timedelta(days=2))
    _orphan(home, b"\x01" * 16, "follow_up", timedelta(days=2))
    _orphan(home, b"\x02" * 16, "casework", timedelta(hours=2))
    _orphan(home, b"\x03" * 16, "casework", timedelta(0))
    words = ("keys", "sweep", "--home", home, "--json")
    assert shell.ok(*words, "--dry-run").json == {"found": 2, "deleted": 0}
    assert "2 wraps will be deleted" in shell.run(*words, typed="n\n").err
    assert shell.ok(*words, "--yes").json == {"found": 2, "deleted": 2}
    assert shell.ok(*words, "--yes", "--older-than", "1").json == {"found": 1, "deleted": 1}
    assert shell.ok(*words, "--yes", "--older-than", "1").json == {"found": 0, "deleted": 0}
    assert shell.run(*words, "--yes", "--older-than", "0").code == 2
    assert [each for each in entries(home) if each[0] == "swept"] == [("swept", "wrap", 2), ("swept", "wrap", 1)]
    with house_on(Settings(home=home)) as house:
        assert len(house.services.store.keystore.execute(t.wraps.select()).all()) == named + 1
    assert timedelta(hours=1) == SAFE_AGE
