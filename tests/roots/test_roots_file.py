"""The roots file: read whole or refused with the place at fault, and no zone is led to another's root."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.home import plain_settings
from gateway.instance import load_zones
from gateway.private import write_private
from gateway.roots import InFile, InToken, InTransit, open_root, place_of
from gateway.settings import Settings
from gateway.wiring import build
from tests.house import MovableClock, shipped_firewall
from tests.roots.softhsm import SoftHsm
from tests.unit.crypto.kit import ENTROPY, WeakFileRoot
from vault.errors import ConfigurationError, KeyringMissing
from vault.vocabulary import CASEWORK, FOLLOW_UP

TOKEN = '[{zone}]\nkind = "pkcs11"\nmodule = "/usr/lib/m.so"\ntoken = "{zone}"\nkey = "root"\n'
TRANSIT = '[{zone}]\nkind = "transit"\nurl = "https://bao.example:8200"\nkey = "{zone}"\nauthority = "/etc/a.pem"\n'


def settings_with(folder: Path, text: str, mode: int = 0o600) -> Settings:
    path = folder / "roots.toml"
    path.write_text(text)
    path.chmod(mode)
    return Settings(home=folder / "home", roots_file=path)


def test_a_table_says_where_a_root_lives_and_without_one_it_is_a_file(tmp_path: Path) -> None:
    text = TOKEN.format(zone="casework") + TRANSIT.format(zone="partner_caritas") + TRANSIT.format(zone="log")
    settings = settings_with(tmp_path, text, 0o644)
    assert place_of(settings, "casework") == InToken(
        kind="pkcs11", module="/usr/lib/m.so", token="casework", key="root"
    )
    found = place_of(settings, "partner_caritas")
    assert isinstance(found, InTransit)
    assert (found.mount, found.namespace, found.seconds, found.secret_file) == ("transit", "", 10.0, None)
    assert isinstance(place_of(settings, "log"), InTransit)
    assert place_of(settings, "oversight") == place_of(Settings(home=tmp_path), "casework") == InFile()
    assert place_of(settings_with(tmp_path, '[casework]\nkind = "file"\n'), "casework") == InFile()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (TOKEN.format(zone="caswork"), "caswork is no zone"),
        (TOKEN.format(zone="partner"), "partner is no zone"),
        ('["partner:caritas"]\nkind = "file"\n', "is no zone"),
        (TOKEN.format(zone="casework") + 'pin = "97531-pin"\n', "casework.pkcs11.pin"),
        (TRANSIT.format(zone="casework") + 'token = "97531-pin"\n', "casework.transit.token"),
        (TRANSIT.format(zone="casework").replace("https", "http"), "casework.transit.url"),
        (TRANSIT.format(zone="casework").replace(":8200", ":8200/v1"), "casework.transit.url"),
        (TRANSIT.format(zone="casework").replace("bao.example", "97531-pin@bao.example"), "casework.transit.url"),
        (TRANSIT.format(zone="casework").replace('key = "casework"', 'key = "../sys"'), "casework.transit.key"),
        (TRANSIT.format(zone="casework") + 'mount = "../sys"\n', "casework.transit.mount"),
        (TRANSIT.format(zone="casework") + "seconds = 0\n", "casework.transit.seconds"),
        (TOKEN.format(zone="casework").replace("/usr/lib/m.so", "m.so"), "casework.pkcs11.module"),
        (TOKEN.format(zone="casework").replace('token = "casework"', 'token = ""'), "casework.pkcs11.token"),
        ('[casework]\nkind = "cloud"\n', "cannot be used: casework"),
        ("casework = 3\n", "cannot be used: casework"),
        ("[casework\n", "no TOML"),
        ("#" * 40_000, "larger than"),
    ],
)
def test_a_fault_is_named_by_its_place_and_no_value_is_told(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        place_of(settings_with(tmp_path, text), "oversight")
    assert place in str(caught.value)
    assert "97531-pin" not in str(caught.value)


@pytest.mark.parametrize("zones", [("casework", "follow_up"), ("oversight", "log"), ("partner_iom", "partner_caritas")])
def test_two_zones_never_share_a_token_or_a_key(tmp_path: Path, zones: tuple[str, str]) -> None:
    for template in (TOKEN, TRANSIT):
        first, second = (template.format(zone=zone) for zone in zones)
        place_of(settings_with(tmp_path, first + second), zones[0])
        shared = second.replace(f'"{zones[1]}"', f'"{zones[0]}"')
        for other in (shared, shared.replace('key = "root"', 'key = "another"')):
            with pytest.raises(ConfigurationError, match="one root is one zone's"):
                place_of(settings_with(tmp_path, first + other), zones[0])


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_roots_file_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    """It names a library that is loaded, and a server that is given a token."""
    with pytest.raises(ConfigurationError, match="nobody else may write"):
        place_of(settings_with(tmp_path, TOKEN.format(zone="casework"), mode), "casework")


def test_a_roots_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        place_of(Settings(home=tmp_path, roots_file=tmp_path / "nothing.toml"), "casework")


def test_the_setting_is_one_of_those_that_are_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAREFEU_ROOTS_FILE", str(tmp_path / "roots.toml"))
    assert plain_settings(tmp_path).roots_file == tmp_path / "roots.toml"
    monkeypatch.delenv("PAREFEU_ROOTS_FILE")
    monkeypatch.setenv("PAREFEU_ROOT_FILE", "x")
    with pytest.raises(ConfigurationError, match="did you mean PAREFEU_ROOTS_FILE"):
        plain_settings(tmp_path)


def test_keys_under_another_kind_of_root_are_named_before_any_root_is_opened(sqlite_settings: Settings) -> None:
    text = TOKEN.format(zone="casework")
    path = sqlite_settings.home / "roots.toml"
    write_private(path, text.encode())
    told = sqlite_settings.model_copy(update={"roots_file": path})
    with pytest.raises(ConfigurationError, match="under a root of kind file, and the settings say pkcs11"):
        open_root(told, "casework", ENTROPY, WeakFileRoot)


def test_a_process_of_one_zone_reads_no_other_zones_secret(
    postgres_settings: Settings, softhsm: SoftHsm, tmp_path: Path
) -> None:
    """The whole office's roots file, and the secrets of follow-up alone."""
    tables = TOKEN.format(zone="casework").replace("/usr/lib/m.so", softhsm.module)
    tables += f'secret_file = "{tmp_path / "nothing"}"\n' + TRANSIT.format(zone="oversight")
    path = tmp_path / "roots.toml"
    write_private(path, tables.encode())
    for zone in ("casework", "oversight", "log"):
        postgres_settings.passphrase_file(CASEWORK).with_name(zone).unlink()
    own = postgres_settings.model_copy(update={"roots_file": path, "zone": "follow_up"})
    services = build(
        own, clock=MovableClock(), entropy=ENTROPY, root=WeakFileRoot, firewall=shipped_firewall()
    )  # fmt: skip
    try:
        assert set(services.sign_in) == {FOLLOW_UP}
    finally:
        services.close()
    with pytest.raises((KeyringMissing, ConfigurationError)):
        load_zones(own, [CASEWORK], ENTROPY, WeakFileRoot)
