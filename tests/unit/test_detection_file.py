"""The detection rules as configuration: validated whole, with a digest that every figure changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.detection import LARGEST_FILE, load_detection
from vault.errors import ConfigurationError
from vault.oversight.detecting import RuleName

DENIED = '[rules.denied_attempts]\non = true\nroles = ["coach"]\nat_least = 9\nwhy = "our own figure"\n'


def loaded(folder: Path, text: str) -> object:
    path = folder / "detection.toml"
    path.write_text(text, "utf-8")
    return load_detection(path)


def test_every_rule_is_shipped_with_roles_figures_and_a_reason() -> None:
    found = load_detection()
    assert set(found.rules) == set(RuleName)
    assert all(rule.on and rule.roles and rule.why for rule in found.rules.values())
    assert found.baseline_days == 28
    assert len(found.digest) == 32


def test_an_office_replaces_single_tables_and_the_digest_says_so(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f'version = "liege-1"\n{DENIED}')
    own, shipped = load_detection(path), load_detection()
    assert own.rules[RuleName.DENIED_ATTEMPTS].at_least == 9
    assert own.rules[RuleName.AFTER_HOURS] == shipped.rules[RuleName.AFTER_HOURS]
    assert own.digest != shipped.digest
    path.write_text('version = "liege-1"\n' + DENIED.replace("9", "10"))
    assert load_detection(path).digest != own.digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (DENIED, "version"),
        ('version = "2026-11"\n', "version"),
        ('version = "x"\n[rules.unknown_rule]\non = true\n', "rules.?"),
        ('version = "x"\n' + DENIED + "minutes = 3\n", "rules.denied_attempts.minutes"),
        ('version = "x"\n' + DENIED.replace("9", "0"), "at_least"),
        ('version = "x"\n' + DENIED.replace("9", '"9"'), "at_least"),
        ('version = "x"\n' + DENIED.replace('"coach"', '"king"'), "roles"),
        ('version = "x"\n' + DENIED.replace('"coach"', ""), "roles"),
        ('version = "x"\n' + DENIED.replace("our own figure", ""), "why"),
        ('version = "x"\n[sample]\nleast = 9\nper_thousand = 1\nmost = 3\n', "sample"),
        ('version = "x"\n[sample]\nleast = 0\nper_thousand = 1\nmost = 3\n', "sample.least"),
        ('version = "x"\n[sample]\nleast = 1\nper_thousand = 0\nmost = 3\n', "sample.per_thousand"),
        ('version = "x"\nrules = 3\n', "rules"),
        ("version = ", "TOML"),
        ("#" * (LARGEST_FILE + 1), "larger"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told.replace("?", r"\?")):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("begins", "ends"), [("20:00", "06:30"), ("06:30", "06:30"), ("6:30", "20:00"), ("06:30", "24:00")]
)
def test_hours_that_are_none_are_refused(tmp_path: Path, begins: str, ends: str) -> None:
    hours = f'on = true\nroles = ["coach"]\nat_least = 3\nwhy = "night work"\nbegins = "{begins}"\nends = "{ends}"\n'
    with pytest.raises(ConfigurationError, match="after_hours"):
        loaded(tmp_path, f'version = "x"\n[rules.after_hours]\n{hours}')


@pytest.mark.parametrize("factor", ["0.5", "101.0", "nan", "inf"])
def test_a_factor_that_says_nothing_is_refused(tmp_path: Path, factor: str) -> None:
    usual = f'on = true\nroles = ["coach"]\nat_least = 3\nwhy = "more than usual"\nfactor = {factor}\ndays = 28\n'
    with pytest.raises(ConfigurationError, match="factor"):
        loaded(tmp_path, f'version = "x"\n[rules.volume_own]\n{usual}')


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_detection(tmp_path / "none.toml")
