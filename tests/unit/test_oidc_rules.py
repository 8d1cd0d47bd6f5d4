"""The office's file of identity providers: read whole, or refused with the place at fault and no value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.auth.oidc_rules import load_providers
from gateway.settings import Settings
from tests.identity_provider import SECRET, rules_file
from vault.errors import ConfigurationError
from vault.vocabulary import CASEWORK, FOLLOW_UP

ISSUER = "https://sign-in.example"


def settings(file: Path | None, **changed: Any) -> Settings:
    return Settings(oidc_file=file, **changed)


def test_each_zone_has_its_own_and_a_process_reads_its_own_alone(tmp_path: Path) -> None:
    file = rules_file(tmp_path, ISSUER, ("casework", "follow_up"))
    assert set(load_providers(settings(file))) == {CASEWORK, FOLLOW_UP}
    only = load_providers(settings(file, zone="casework"))
    assert set(only) == {CASEWORK}
    rules, secret = only[CASEWORK]
    assert secret.expose() == SECRET
    assert SECRET not in repr(only)
    assert rules.shown("de") == "sign-in.example"
    assert load_providers(settings(None)) == {}


def test_its_name_is_the_offices_word_in_the_language_asked_for(tmp_path: Path) -> None:
    file = rules_file(tmp_path, ISSUER)
    file.write_text(file.read_text() + '\n[casework.name]\nfr = "le compte du service"\n')
    rules, _ = load_providers(settings(file))[CASEWORK]
    assert rules.shown("fr") == rules.shown("nl") == "le compte du service"


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"acr": []}, "casework.acr"),
        ({"step_up_acr": []}, "casework.step_up_acr"),
        ({"acr": None}, "casework.acr"),
        ({"issuer": "sign-in.example"}, "casework"),
        ({"issuer": "https://somebody@sign-in.example"}, "casework"),
        ({"issuer": "https://sign-in.example?x=1"}, "casework"),
        ({"scope": "profile"}, "casework.scope"),
        ({"step_up_minutes": 0}, "casework.step_up_minutes"),
        ({"step_up_minutes": 600}, "casework.step_up_minutes"),
        ({"role": "coach"}, "casework.role"),
    ],
)
def test_what_promises_too_little_is_refused_by_its_place(tmp_path: Path, changed: dict[str, Any], place: str) -> None:
    told = {name: value for name, value in changed.items() if value is not None}
    file = rules_file(tmp_path, told.pop("issuer", ISSUER), **told)
    if None in changed.values():
        file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("acr")))
    with pytest.raises(ConfigurationError, match=place):
        load_providers(settings(file))


@pytest.mark.parametrize("issuer", ["http://sign-in.example", "http://192.0.2.1"])
def test_in_clear_only_on_this_machine_and_never_in_production(tmp_path: Path, issuer: str) -> None:
    with pytest.raises(ConfigurationError, match="https"):
        load_providers(settings(rules_file(tmp_path, issuer)))
    local = rules_file(tmp_path, "http://localhost:9400")
    assert set(load_providers(settings(local))) == {CASEWORK}
    with pytest.raises(ConfigurationError, match="https"):
        load_providers(settings(local, environment="production"))


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = rules_file(tmp_path, ISSUER)
    (tmp_path / "oidc-secret").chmod(0o644)
    with pytest.raises(ConfigurationError):
        load_providers(settings(file))


@pytest.mark.parametrize("content", [b"", b"[casework]\n", b"not = [toml", b"\xff\xfe", b"# " + b"x" * 40_000])
def test_no_file_of_ours_is_refused_or_says_nothing(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "oidc.toml"
    file.write_bytes(content)
    if content == b"":
        assert load_providers(settings(file)) == {}
        return
    with pytest.raises(ConfigurationError):
        load_providers(settings(file))
