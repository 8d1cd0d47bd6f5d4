"""`parefeu policy`, as it is typed. No vault, no keys, no database."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import policy
from policies.firewall import TableFirewall
from policies.loader import DEFAULT_FOLDER
from policies.proof import Proof
from tests.policies.support import line_of, policy_copy, swap

RUN = CliRunner()
ASK = ["explain", "--role", "coach", "--action", "read", "--kind", "note", "--purpose", "coaching", "--phase", "active"]


def test_check_prints_counts_and_digest(firewall: TableFirewall) -> None:
    result = RUN.invoke(policy.app, ["check"])
    assert result.exit_code == 0
    assert firewall.digest.hex() in result.stdout
    assert "rules       543: 272 allow, 271 deny" in result.stdout


def test_check_refuses_with_file_and_line(tmp_path: Path) -> None:
    policy_copy(tmp_path, {"rules/casework.csv": swap("cw-58,coach,note", "cw-58,coach,Note")})
    result = RUN.invoke(policy.app, ["check", "--folder", str(tmp_path)])
    assert result.exit_code == 1
    assert f"casework.csv:{line_of('rules/casework.csv', 'cw-58,')}: unknown kind" in result.stderr
    assert "was rejected: 1 fault(s); nothing was loaded" in result.stderr


def test_check_refuses_rules_that_are_not_as_expected(tmp_path: Path) -> None:
    folder = policy_copy(tmp_path, {"rules/casework.csv": swap("own+consent,referral_receipt", "own,referral_receipt")})
    result = RUN.invoke(policy.app, ["check", "--folder", str(folder)])
    assert result.exit_code == 1
    assert "expected.csv: coach release referral" in result.stderr
    assert "invariant: what leaves was consented to" in result.stderr


@pytest.mark.parametrize(
    ("option", "function"), [("--proof", "prove_reduced"), ("--whole", "prove_whole"), ("--every", "prove_every")]
)
def test_a_proof_is_reported(monkeypatch: pytest.MonkeyPatch, option: str, function: str) -> None:
    def proven(*args: object) -> Proof:
        args[-1](1, 1)  # type: ignore[operator]
        return Proof(5000, differences)

    monkeypatch.setattr(policy, function, proven)
    differences: tuple[str, ...] = ()
    result = RUN.invoke(policy.app, ["check", option])
    assert result.exit_code == 0
    assert "5,000 requests asked of Casbin" in result.stdout
    differences = ("coach note read: differs",)
    result = RUN.invoke(policy.app, ["check", option])
    assert result.exit_code == 1
    assert "coach note read: differs" in result.stderr


def test_explain_says_why() -> None:
    denied = RUN.invoke(policy.app, ASK)
    assert denied.exit_code == 0
    assert "It would be allowed if the case is assigned" in denied.stdout
    allowed = RUN.invoke(policy.app, [*ASK, "--fact", "own"])
    assert allowed.stdout.startswith("Allowed: a coach may read notes")
    assert "rules: cw-11" in allowed.stdout
    unknown = RUN.invoke(policy.app, [*ASK, "--unknown", "own"])
    assert "Not known" in unknown.stdout


def test_explain_refuses_words_that_do_not_exist() -> None:
    assert RUN.invoke(policy.app, [*ASK, "--fact", "friend"]).exit_code == 2
    assert RUN.invoke(policy.app, [*ASK, "--fact", "own", "--unknown", "own"]).exit_code == 2


def test_matrix_prints_both_forms() -> None:
    assert "RLSWV" in RUN.invoke(policy.app, ["matrix"]).stdout
    assert RUN.invoke(policy.app, ["matrix", "--markdown"]).stdout.startswith("# Who may see what")


def test_diff_says_who_gains(tmp_path: Path) -> None:
    new = policy_copy(tmp_path, {"rules/casework.csv": swap("own+consent,referral_receipt", "own,referral_receipt")})
    result = RUN.invoke(policy.app, ["diff", str(DEFAULT_FOLDER), str(new)])
    assert result.exit_code == 0
    assert (
        "wider: coach, referral, release, coaching, active/suspended/closing: no longer needs consent" in result.stdout
    )
    assert "two reviewers must sign it" in result.stdout
    same = RUN.invoke(policy.app, ["diff", str(DEFAULT_FOLDER), str(DEFAULT_FOLDER)])
    assert "nobody gains or loses anything: the same policy" in same.stdout


def test_diff_refuses_a_folder_without_a_policy(tmp_path: Path) -> None:
    result = RUN.invoke(policy.app, ["diff", str(DEFAULT_FOLDER), str(tmp_path)])
    assert result.exit_code == 1
    assert "model.conf: cannot be read" in result.stderr
