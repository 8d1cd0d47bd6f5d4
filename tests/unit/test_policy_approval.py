"""Two people sign for a wider policy: whose signature counts, for what, and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.clock import SystemEntropy
from gateway.policy_approval import (
    FILE,
    Step,
    approve,
    check_widening,
    create_reviewer,
    open_reviewer,
    signers,
    step_of,
)
from policies.compiler import compile_table
from policies.impact import compare
from policies.loader import load_source
from tests.policies.support import policy_copy, swap
from tests.unit.crypto.kit import WeakFileRoot
from vault.crypto.directory import fingerprint
from vault.crypto.signing import SigningKey
from vault.errors import ConfigurationError, InvalidInput, KeyringError, PolicyRejected, WrongPassphrase
from vault.sensitive import Sensitive

NOW: Final = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
ANNE, BRAM, CLEO = (SigningKey.generate(SystemEntropy()) for _ in range(3))
TRUSTED: Final = tuple(fingerprint(key.public) for key in (ANNE, BRAM, CLEO))
STEP: Final = Step(
    b"\x01" * 32, b"\x02" * 32, ("wider: coach, note: now needs no fact", "narrower: desk: loses access")
)


def _signed(folder: Path, *keys: tuple[str, SigningKey], step: Step = STEP) -> Path:
    for name, key in keys:
        approve(folder, step, name, key, NOW)
    return folder


def test_two_reviewers_let_a_widening_in_and_one_does_not(tmp_path: Path) -> None:
    with pytest.raises(PolicyRejected, match="0 did"):
        check_widening(tmp_path, STEP, TRUSTED)
    _signed(tmp_path, ("Anne", ANNE))
    with pytest.raises(PolicyRejected) as caught:
        check_widening(tmp_path, STEP, TRUSTED)
    assert "1 did" in caught.value.faults[0]
    assert caught.value.faults[1:] == STEP.sentences[:1]
    _signed(tmp_path, ("Bram", BRAM))
    check_widening(tmp_path, STEP, TRUSTED)
    assert signers(tmp_path, STEP, TRUSTED) == ("Anne", "Bram")


def test_one_person_does_not_sign_twice(tmp_path: Path) -> None:
    _signed(tmp_path, ("Anne", ANNE))
    with pytest.raises(ConfigurationError, match="another person"):
        approve(tmp_path, STEP, "Anne again", ANNE, NOW)
    document = json.loads((tmp_path / FILE).read_text())
    document["approvals"] *= 2
    (tmp_path / FILE).write_text(json.dumps(document))
    assert signers(tmp_path, STEP, TRUSTED) == ("Anne",)


def test_a_stranger_signs_for_nothing(tmp_path: Path) -> None:
    _signed(tmp_path, ("Anne", ANNE), ("Bram", BRAM))
    assert signers(tmp_path, STEP, TRUSTED[:1]) == ("Anne",)
    with pytest.raises(PolicyRejected):
        check_widening(tmp_path, STEP, TRUSTED[:1])
    with pytest.raises(PolicyRejected):
        check_widening(tmp_path, STEP, ())


@pytest.mark.parametrize(
    "other",
    [
        Step(b"\x03" * 32, STEP.after, STEP.sentences),
        Step(STEP.before, b"\x03" * 32, STEP.sentences),
        Step(STEP.after, STEP.before, STEP.sentences),
        Step(STEP.before, STEP.after, STEP.sentences[:1]),
    ],
    ids=["from another policy", "to another policy", "the way back", "other sentences"],
)
def test_a_signature_fits_one_step_and_no_other(tmp_path: Path, other: Step) -> None:
    _signed(tmp_path, ("Anne", ANNE), ("Bram", BRAM))
    assert signers(tmp_path, other, TRUSTED) == ()
    _signed(tmp_path, ("Cleo", CLEO), step=other)
    assert signers(tmp_path, other, TRUSTED) == ("Cleo",)
    assert signers(tmp_path, STEP, TRUSTED) == (), "signatures for a policy that changed since are dropped"


DAMAGE: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "another name": lambda line: line | {"reviewer": "Bram"},
    "another moment": lambda line: line | {"at": "2026-11-03T09:00:01+00:00"},
    "another key": lambda line: line | {"key": line["key"][:-8] + "AAAAAAA="},
    "no key": lambda line: line | {"key": ""},
    "no base64": lambda line: line | {"signature": "é"},
    "a short signature": lambda line: line | {"signature": line["signature"][:400]},
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_line_that_was_changed_is_nobodys(tmp_path: Path, damage: Callable[[dict[str, Any]], Any]) -> None:
    _signed(tmp_path, ("Anne", ANNE))
    document = json.loads((tmp_path / FILE).read_text())
    document["approvals"] = [damage(line) for line in document["approvals"]]
    (tmp_path / FILE).write_text(json.dumps(document))
    assert signers(tmp_path, STEP, TRUSTED) == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"approvals": {}}', b'{"approvals": [7]}', b'{"approvals": [{"reviewer": 7}]}', b"[" * 9999],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(PolicyRejected, match="no file of approvals"):
        check_widening(tmp_path, STEP, TRUSTED)
    with pytest.raises(PolicyRejected):
        approve(tmp_path, STEP, "Anne", ANNE, NOW)


@pytest.mark.parametrize("name", ["", "x" * 81, "An\nne"])
def test_a_reviewer_has_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        approve(tmp_path, STEP, name, ANNE, NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_step_is_of_the_files_and_says_all_that_changes(tmp_path: Path) -> None:
    wider = policy_copy(tmp_path, {"rules/casework.csv": swap("own+consent,referral_receipt", "own,referral_receipt")})
    old, new = compile_table(load_source()), compile_table(load_source(wider))
    step = step_of(old.source, new.source, compare(old, new))
    assert step.before != step.after
    assert len(step.sentences) == 1
    assert step_of(old.source, old.source, compare(old, old)).before == step.before


def test_a_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    right, wrong = Sensitive("a long passphrase"), Sensitive("another passphrase")
    told = create_reviewer(tmp_path / "anne", right, SystemEntropy(), WeakFileRoot)
    key = open_reviewer(tmp_path / "anne", right, SystemEntropy(), WeakFileRoot)
    assert fingerprint(key.public) == told
    with pytest.raises(WrongPassphrase):
        open_reviewer(tmp_path / "anne", wrong, SystemEntropy(), WeakFileRoot)
    (tmp_path / "anne/signing").unlink()
    with pytest.raises(KeyringError):
        open_reviewer(tmp_path / "anne", right, SystemEntropy(), WeakFileRoot)
    with pytest.raises(KeyringError):
        open_reviewer(tmp_path / "nobody", right, SystemEntropy(), WeakFileRoot)
