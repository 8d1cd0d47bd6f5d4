"""Roots made, moved and opened by the program's own commands, and a server that starts with them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Final

import httpx2
import pytest

from gateway.cli.doctoring import ROOTS, look
from gateway.cli.home import Hooks
from gateway.clock import SystemClock
from gateway.instance import load_zone
from gateway.private import write_private
from gateway.settings import Settings
from tests.cli.kit import Shell, program
from tests.roots.openbao import OpenBao
from tests.roots.softhsm import SoftHsm
from tests.unit.crypto.kit import ENTROPY, WeakFileRoot
from vault.vocabulary import CASEWORK

_PATIENCE: Final = 60.0  # seconds


@pytest.fixture
def shell() -> Shell:
    return Shell(Hooks(root=WeakFileRoot))


@pytest.fixture
def home(sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PAREFEU_ROOTS_FILE", raising=False)
    return sqlite_settings.home


class Office:
    """What an operator writes: roots files, PINs and tokens, each in a file of its own."""

    def __init__(self, folder: Path, softhsm: SoftHsm, openbao: OpenBao) -> None:
        self.folder, self.softhsm, self.openbao = folder, softhsm, openbao
        self.mark = ENTROPY.bytes(4).hex()
        self.secrets: list[str] = []

    def secret(self, name: str, text: str) -> Path:
        path = self.folder / name
        if not path.exists():
            write_private(path, text.encode())
            self.secrets.append(text)
        return path

    def token(self, zone: str) -> str:
        """The table of a root in a token of the zone's own."""
        label = self.softhsm.token(f"{self.mark}-{zone}"[:32])
        pin = self.secret(f"pin-{zone}", self.softhsm.pin(label))
        return (
            f'[{zone}]\nkind = "pkcs11"\nmodule = "{self.softhsm.module}"\ntoken = "{label}"\nkey = "root"\n'
            f'secret_file = "{pin}"\n'
        )

    def service(self, zone: str) -> str:
        """The table of a root in the key service."""
        key = f"{self.mark}-{zone}"
        held = self.secret(f"token-{zone}", self.openbao.token(key))
        return (
            f'[{zone}]\nkind = "transit"\nurl = "{self.openbao.url}"\nkey = "{key}"\n'
            f'authority = "{self.openbao.authority.path}"\nsecret_file = "{held}"\n'
        )

    def admin(self) -> Path:
        return self.secret("admin", self.openbao.root)

    def roots(self, name: str, *tables: str) -> Path:
        path = self.folder / name
        write_private(path, "".join(tables).encode())
        return path


@pytest.fixture
def office(tmp_path: Path, softhsm: SoftHsm, openbao: OpenBao) -> Office:
    return Office(tmp_path, softhsm, openbao)


def keyring_of(home: Path) -> bytes:
    return (home / "zones" / "casework" / "keyring").read_bytes()


def public_key(home: Path, roots: Path | None) -> bytes:
    settings = Settings(home=home, roots_file=roots)
    return load_zone(settings, CASEWORK, ENTROPY, WeakFileRoot).sealing.public.raw


def test_a_zones_keys_move_to_a_token_to_a_service_and_back(
    shell: Shell, home: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through every kind of root, and the keys are the same ones at the end."""
    zone, here = "casework", ("--home", home)
    before = public_key(home, None)
    assert shell.ok("keys", "where", zone, *here, "--json").json == {"zone": zone, "root": "file", "opens": True}
    in_token, in_service, in_file = (
        office.roots("token.toml", office.token(zone)),
        office.roots("service.toml", office.service(zone)),
        office.roots("file.toml"),
    )
    said = [shell.ok("keys", "make-root", zone, *here, "--roots", in_token).out]
    said += [shell.ok("keys", "make-root", zone, *here, "--roots", in_service, "--secret-file", office.admin()).out]
    present: Path | None = None
    for target, kind in ((in_token, "pkcs11"), (in_service, "transit"), (in_service, "transit"), (in_file, "file")):
        document = keyring_of(home)
        said += [shell.ok("keys", "move-root", zone, *here, "--to", target).out]
        assert keyring_of(home) != document
        if target != present:  # the old settings lead nowhere, and say so
            ran = shell.refused("configuration_error", "keys", "where", zone, *here)
            assert f"under a root of kind {kind}" in ran.err
        monkeypatch.setenv("PAREFEU_ROOTS_FILE", str(target))
        present = target
        assert shell.ok("keys", "where", zone, *here, "--json").json["root"] == kind
        shown = {one["zone"]: one["root"] for one in shell.ok("keys", "show", *here, "--json").json["zones"]}
        assert shown.pop("casework") == kind
        assert set(shown.values()) == {"file"}
        assert public_key(home, target) == before
    assert "roots: casework file, " in shell.ok("doctor", *here).out
    assert not [secret for secret in office.secrets if secret in "".join(said)]


def test_the_logs_own_root_moves_as_well(
    shell: Shell, home: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = office.roots("roots.toml", office.token("log"))
    monkeypatch.setenv("PAREFEU_ROOTS_FILE", str(roots))
    shell.ok("keys", "make-root", "log", "--home", home)
    monkeypatch.delenv("PAREFEU_ROOTS_FILE")
    before = shell.ok("audit", "state", "--help")
    assert before.code == 0
    shell.ok("keys", "move-root", "log", "--home", home, "--to", roots)
    shell.refused("configuration_error", "keys", "where", "log", "--home", home)
    monkeypatch.setenv("PAREFEU_ROOTS_FILE", str(roots))
    assert shell.ok("keys", "where", "log", "--home", home, "--json").json["root"] == "pkcs11"


def test_a_move_that_fails_leaves_all_as_it_was(
    shell: Shell, home: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone, here, before = "casework", ("--home", home), keyring_of(home)
    files = {path.name for path in (home / "zones" / zone).iterdir()}
    roots = office.roots("roots.toml", office.token(zone))
    move = ("keys", "move-root", zone, *here, "--to", roots)
    shell.refused("root_missing", *move)
    shell.ok("keys", "make-root", zone, *here, "--roots", roots)
    shell.refused("conflict", "keys", "make-root", zone, *here, "--roots", roots)
    wrong = office.secret("wrong", "0000-wrong")
    ran = shell.refused("root_refused", *move, "--secret-file", wrong)
    assert "0000-wrong" not in ran.err
    with office.softhsm.away():
        shell.refused("root_unavailable", *move)
    os.chmod(wrong, 0o640)
    shell.refused("configuration_error", *move, "--secret-file", wrong)

    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        shell.refused("system", *move)
    assert keyring_of(home) == before
    left = {path.name for path in (home / "zones" / zone).iterdir()}
    assert left - {"keyring.lock"} == files
    assert shell.ok("keys", "where", zone, *here).code == 0
    shell.ok(*move)
    assert keyring_of(home) != before


def test_a_passphrase_is_never_tried_as_a_pin(shell: Shell, home: Path, office: Office) -> None:
    """Where no other file is named, the PIN would stand where the passphrase still stands."""
    table = office.token("casework")
    bare = office.roots("bare.toml", table[: table.index("secret_file")])
    whole = office.roots("whole.toml", table)
    shell.ok("keys", "make-root", "casework", "--home", home, "--roots", whole)
    ran = shell.refused("configuration_error", "keys", "move-root", "casework", "--home", home, "--to", bare)
    assert "--secret-file" in ran.err
    pin = office.folder / "pin-casework"
    shell.ok("keys", "move-root", "casework", "--home", home, "--to", bare, "--secret-file", pin)


def test_there_is_nothing_to_move_from_a_file_to_the_same_file(shell: Shell, home: Path, office: Office) -> None:
    empty = office.roots("empty.toml")
    shell.refused("configuration_error", "keys", "move-root", "casework", "--home", home, "--to", empty)
    shell.refused("conflict", "keys", "make-root", "casework", "--home", home)


def test_a_pin_is_no_passphrase_to_be_changed_here(
    shell: Shell, home: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAREFEU_ROOTS_FILE", str(office.roots("roots.toml", office.token("casework"))))
    ran = shell.refused("configuration_error", "keys", "passphrase", "casework", "--home", home)
    assert "no file (pkcs11)" in ran.err


def test_an_installation_is_made_with_roots_elsewhere_and_serves(
    shell: Shell, tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """casework in a token, oversight in the service, the rest in files; then a server, as a process of its own."""
    roots = office.roots("roots.toml", office.token("casework"), office.service("oversight"))
    monkeypatch.setenv("PAREFEU_ROOTS_FILE", str(roots))
    home = tmp_path / "made"
    shell.refused("root_missing", "init", "--home", home, "--partner", "caritas")
    assert not home.exists()
    shell.ok("keys", "make-root", "casework", "--home", home)
    shell.ok("keys", "make-root", "oversight", "--home", home, "--secret-file", office.admin())
    assert not home.exists()
    shell.ok("init", "--home", home, "--partner", "caritas")
    assert not (home / "zones" / "casework" / "root.key").exists()
    assert sorted(path.name for path in (home / "passphrases").iterdir()) == ["follow_up", "log", "partner_caritas"]
    told = shell.ok("doctor", "--home", home, "--json").json
    assert told["sound"]
    assert told["roots"] == {
        "casework": "pkcs11", "follow_up": "file", "oversight": "transit", "partner_caritas": "file", "log": "file",
    }  # fmt: skip
    environment = {"PAREFEU_ROOTS_FILE": str(roots), "PAREFEU_FREETEXT_FRENCH": "0"}
    with program("serve", "--home", home, "--port", "0", **environment) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        address = line.removeprefix("parefeu: ").strip()
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                answer = httpx2.get(f"{address}/health", timeout=5, trust_env=False)
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        assert answer.json()["status"] == "up"
        with office.softhsm.away():  # the root was needed at the start, and is not while serving
            assert httpx2.get(f"{address}/health", timeout=20, trust_env=False).status_code == 200
        process.terminate()
        process.wait(60)
        printed = line + process.stderr.read()
    assert not [secret for secret in office.secrets if secret in printed]


def test_a_server_does_not_start_without_its_token(
    shell: Shell, home: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = office.roots("roots.toml", office.token("casework"))
    shell.ok("keys", "make-root", "casework", "--home", home, "--roots", roots)
    shell.ok("keys", "move-root", "casework", "--home", home, "--to", roots)
    monkeypatch.setenv("PAREFEU_ROOTS_FILE", str(roots))
    with office.softhsm.away():
        ran = shell.refused("root_unavailable", "serve", "--port", "0", "--home", home)
    assert ran.err.count("\n") == 1
    office.secret("other", "0000-wrong").replace(office.folder / "pin-casework")
    ran = shell.refused("root_refused", "serve", "--port", "0", "--home", home)
    assert ran.err.count("\n") == 1
    assert not [secret for secret in office.secrets if secret in ran.err]


def test_the_doctor_finds_keys_under_another_root_than_the_settings_say(
    home: Path, office: Office, sqlite_settings: Settings
) -> None:
    clock = SystemClock()
    assert [one.check.name for one in look(sqlite_settings, clock)] == []
    meant = sqlite_settings.model_copy(update={"roots_file": office.roots("roots.toml", office.token("casework"))})
    (found,) = look(meant, clock)
    assert (found.check.name, found.places) == (ROOTS.name, ["casework"])
    assert "kind file, the settings say pkcs11" in found.what
    unusable = sqlite_settings.model_copy(update={"roots_file": office.folder / "nothing.toml"})
    assert [one.check.name for one in look(unusable, clock)] == [ROOTS.name]
    json.dumps(found.values())
    (home / "zones" / "casework" / "keyring").write_bytes(b"\x01\x08casework")
    assert [one.check.name for one in look(sqlite_settings, clock)] == [ROOTS.name]
