"""What an operator does: init, keys, databases, staff, serve; and what goes wrong there."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from gateway.cli.home import plain_settings
from gateway.client import HttpGateway, holder
from gateway.settings import Settings
from tests.cli.kit import ROOT, Shell, program, wait_for
from tests.federation import entered
from tests.house import house_on
from tests.patience import PATIENCE
from vault.errors import ConfigurationError

SECRET = "a long password"


def private(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return path


def add_coach(shell: Shell, home: Path, folder: Path) -> str:
    """Add `amina`; her second factor's secret."""
    words = (
        "staff",
        "add",
        "amina",
        "--zone",
        "casework",
        "--role",
        "coach",
        "--region",
        "brussels",
        "--name",
        "Amina",
    )
    uri = shell.ok(*words, "--password-file", private(folder / "pw", SECRET), "--home", home, "--json").json["totp_uri"]
    secret: str = uri.partition("secret=")[2].partition("&")[0]
    return secret


def test_init_makes_a_home_and_refuses_it_the_second_time(shell: Shell, tmp_path: Path) -> None:
    home = tmp_path / "new"
    made = shell.ok("init", "--home", home, "--partner", "iom")
    pin = (home / "directory.pin").read_text()
    assert pin in made.out
    assert str(home / "offline" / "directory.key") in made.out
    assert f"parefeu serve --home {home}" in made.out, "what comes next finds this home"
    shown = shell.ok("keys", "show", "--home", home, "--json").json
    assert [zone["zone"] for zone in shown["zones"]] == ["casework", "follow_up", "oversight", "partner:iom"]
    assert shown["pin"] == pin
    shell.refused("configuration_error", "init", "--home", home)
    assert (home / "directory.pin").read_text() == pin
    assert [path.name for path in tmp_path.glob(".new*")] == []


def test_an_init_that_fails_leaves_nothing_behind(shell: Shell, tmp_path: Path) -> None:
    shell.refused("invalid_input", "init", "--home", tmp_path / "new", "--partner", "Not A Name")
    assert [path.name for path in tmp_path.iterdir() if "new" in path.name] == []


def test_databases_are_checked_and_migrated(shell: Shell, home: Path) -> None:
    assert "main" in shell.ok("db", "migrate", "--home", home).out
    assert shell.ok("db", "check", "--home", home).out.startswith("main")
    (home / "main.db").unlink()
    shell.refused("store_unavailable", "db", "check", "--home", home)


def test_a_wrong_passphrase_is_named(shell: Shell, home: Path) -> None:
    private(home / "passphrases" / "casework", "not the passphrase")
    ran = shell.refused("wrong_passphrase", "staff", "token", "x", "--zone", "casework", "--home", home)
    assert "not the passphrase" not in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "damage", "code"),
    [
        ("zones/casework/keyring", None, "keyring_missing"),
        ("zones/casework/keyring", b"\x01\x08casework", "keyring_damaged"),
        ("zones/casework/root.key", b"short", "keyring_damaged"),
        ("zones/casework/root.key", None, "keyring_missing"),
        ("directory.json", b"{}", "directory_rejected"),
        ("directory.json", None, "keyring_missing"),
        ("keystore.db", b"no database at all, only text in its place" * 40, "store_unavailable"),
        ("keystore.db", None, "store_unavailable"),
    ],
)
def test_missing_and_damaged_files_are_told_apart(
    shell: Shell, home: Path, file: str, damage: bytes | None, code: str
) -> None:
    path = home / file
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
        path.chmod(0o600)
    for words in (("staff", "token", "x", "--zone", "casework"), ("serve", "--port", "0")):
        ran = shell.refused(code, *words, "--home", home)
        assert ran.err.count("\n") == 1, "one line, before anything is served"
    assert path.exists() == (damage is not None)


@pytest.mark.parametrize("file", ["zones/casework/keyring", "zones/casework/root.key", "passphrases/casework"])
def test_what_is_there_and_cannot_be_read_is_not_called_missing(shell: Shell, home: Path, file: str) -> None:
    """Whoever is told that it is missing makes a new one."""
    (home / file).unlink()
    (home / file).mkdir(mode=0o700)
    for words in (("staff", "token", "x", "--zone", "casework"), ("serve", "--port", "0")):
        assert "parefeu init" not in shell.refused("keyring_error", *words, "--home", home).err


def test_a_passphrase_that_is_no_text_is_said_to_be_none(shell: Shell, home: Path) -> None:
    (home / "passphrases" / "casework").write_bytes(b"\xff\xfe" * 12)
    (home / "passphrases" / "casework").chmod(0o600)
    shell.refused("configuration_error", "staff", "token", "x", "--zone", "casework", "--home", home)
    shell.refused("configuration_error", "serve", "--port", "0", "--home", home)


@pytest.mark.parametrize("which", ["main", "keystore"])
def test_a_database_of_another_installation_is_refused_by_every_command(
    shell: Shell, home: Path, tmp_path: Path, which: str
) -> None:
    other = tmp_path / "other"
    shell.ok("init", "--home", other)
    shutil.copy2(other / f"{which}.db", home / f"{which}.db")
    for words in (
        ("serve", "--port", "0"),
        ("db", "check"),
        ("db", "migrate"),
        ("staff", "token", "x", "--zone", "casework"),
    ):
        ran = shell.refused("foreign_store", *words, "--home", home)
        assert f"the {which} database belongs to another installation" in ran.err
        assert ran.err.count("\n") == 1


def test_an_init_on_a_full_disk_leaves_nothing_behind(shell: Shell, tmp_path: Path) -> None:
    """No file may grow beyond 30 kB: enough for the keys, not for a database."""
    code = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)); "
        "from gateway.cli import main; from gateway.cli.home import Hooks; "
        "from tests.unit.crypto.kit import WeakFileRoot; main(Hooks(root=WeakFileRoot))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "init", "--home", str(tmp_path / "new")], cwd=ROOT, capture_output=True,
        text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 1
    assert "[store_unavailable]" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir() if "new" in path.name] == []


def test_no_installation_says_what_to_do(shell: Shell) -> None:
    assert "parefeu init" in shell.refused("keyring_missing", "serve").err
    assert shell.run("serve", "--port", "high").code == 2
    assert shell.run("nonsense").code == 2


def test_staff_sign_in_and_out(shell: Shell, home: Path, tmp_path: Path) -> None:
    import pyotp

    code = pyotp.TOTP(add_coach(shell, home, tmp_path)).now()
    where = ("--zone", "casework", "--home", home)
    shell.refused("sign_in_refused", "sign-in", "amina", *where, typed=f"wrong password\n{code}\n")
    assert "Amina (coach)" in shell.ok("sign-in", "amina", *where, typed=f"{SECRET}\n{code}\n").out
    kept = tmp_path / "config" / "parefeu" / "session-casework.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    token = json.loads(kept.read_text())["token"]
    # From now on the session says where it belongs; another place does not get its token.
    assert shell.ok("case", "list").rows == []
    shell.refused("not_signed_in", "case", "list", "--url", "http://127.0.0.1:9")
    shell.ok("sign-out")
    assert not kept.exists()
    assert token not in shell.refused("not_signed_in", "case", "list", "--home", home).err


def test_somebody_of_the_identity_provider_is_unlinked_once(shell: Shell, home: Path, tmp_path: Path) -> None:
    add_coach(shell, home, tmp_path)
    words = ("staff", "unlink", "amina", "--zone", "casework", "--home", home)
    assert "nobody of the identity provider" in shell.refused("invalid_input", *words).err
    with house_on(Settings(home=home)) as house:
        entered(house, "amina")
    assert "linked to nobody" in shell.ok(*words).out
    shell.refused("invalid_input", *words)


def test_a_region_belongs_to_casework_only(shell: Shell, home: Path) -> None:
    words = ("staff", "add", "x", "--zone", "casework", "--role", "coach", "--name", "X", "--home", home)
    shell.refused("configuration_error", *words)
    shell.refused("configuration_error", *words, "--region", "atlantis")


def test_a_changed_passphrase_opens_and_the_old_one_does_not(shell: Shell, home: Path, tmp_path: Path) -> None:
    file = home / "passphrases" / "casework"
    old = file.read_text()
    new = private(tmp_path / "new", "another long passphrase")
    shell.ok("keys", "passphrase", "casework", "--new-file", new, "--home", home)
    assert file.read_text() == new.read_text()
    add_coach(shell, home, tmp_path)
    private(file, old)
    shell.refused("wrong_passphrase", "staff", "token", "amina", "--zone", "casework", "--home", home)


def test_a_second_process_is_told_who_holds_the_store(shell: Shell, home: Path, tmp_path: Path) -> None:
    add_coach(shell, home, tmp_path)
    token = shell.ok("staff", "token", "amina", "--zone", "casework", "--home", home).out.strip()
    with program("serve", "--home", home, "--port", "0") as server:
        address = wait_for(home / "serving.lock", "http://127.0.0.1:")
        assert holder(home) == address
        ran = shell.refused("store_busy", "staff", "token", "amina", "--zone", "casework", "--home", home)
        assert address in ran.err
        shell.refused("store_busy", "db", "migrate", "--home", home)
        request = urllib.request.Request(f"{address}/casework/cases", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            assert json.load(reply) == {"cases": [], "complete": True}
            assert "server" not in {name.lower() for name in reply.headers}
        with HttpGateway(address) as gateway:
            assert gateway.send("GET", "/casework/session", token=token)["name"] == "Amina"
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
        assert server.stderr is not None
        assert "one process holds all zones" in server.stderr.read()
    assert holder(home) is None


def test_one_zone_needs_postgresql(shell: Shell, home: Path) -> None:
    assert "PostgreSQL" in shell.refused("configuration_error", "serve", "--zone", "casework", "--home", home).err


def test_production_refuses_a_demo(shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "demo").touch()
    monkeypatch.setenv("PAREFEU_ENVIRONMENT", "production")
    assert "demo" in shell.refused("configuration_error", "serve", "--home", home).err
    assert (
        "demo" in shell.refused("configuration_error", "staff", "token", "x", "--zone", "casework", "--home", home).err
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("PAREFEU_ENVIROMENT", "did you mean PAREFEU_ENVIRONMENT?"),
        ("parefeu_directory_pins", "did you mean PAREFEU_DIRECTORY_PIN?"),
        ("PAREFEU_XYZZY", "PAREFEU_XYZZY is no setting"),
    ],
)
def test_a_misspelt_setting_is_refused(
    shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setenv(name, "production")
    told = shell.refused("configuration_error", "serve", "--home", home).err
    assert said in " ".join(told.split())
    assert "production" not in told, "what a setting says may be somebody's secret, put into the wrong name"


def test_settings_are_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("parefeu_port", "PAREFEU_URL", "PAREFEU_VENV", "PAREFEUILLE"):
        monkeypatch.setenv(name, "8461")
    assert plain_settings(None).port == 8461


def test_an_embedded_home_that_lost_its_log_is_not_served(shell: Shell, home: Path) -> None:
    shutil.rmtree(home / "log")
    assert "put back" in shell.refused("keyring_missing", "serve", "--port", "0", "--home", home).err


def test_plain_http_stays_on_this_machine() -> None:
    with pytest.raises(ConfigurationError):
        HttpGateway("http://parefeu.example:8460")
    with pytest.raises(ConfigurationError):
        HttpGateway("file:///etc/passwd")


def test_help_loads_no_framework(shell: Shell) -> None:
    with program("--help") as process:
        out, _ = process.communicate(timeout=PATIENCE)
    assert "sign-in" in out
    code = "import sys, gateway.cli.program; print({'fastapi', 'sqlalchemy', 'casbin'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.strip() == "set()"


def test_another_system_gets_a_token_to_ask_with_and_a_name_once(shell: Shell, home: Path) -> None:
    words = ("staff", "client", "archive", "--zone", "casework", "--name", "Archive", "--home", home)
    made = shell.ok(*words, "--json").json
    assert (made["login"], made["zone"], len(made["token"])) == ("archive", "casework", 64)
    shell.refused("conflict", *words)
    later = shell.ok("staff", "token", "archive", "--zone", "casework", "--home", home, "--json").json
    assert later["token"] != made["token"]
    shell.refused("invalid_input", "staff", "client", "Archive", "--zone", "casework", "--name", "A", "--home", home)
