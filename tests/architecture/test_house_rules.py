"""Rules of the house that a reader would otherwise have to remember."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = [
    path
    for package in ("vault", "policies", "gateway", "auditor")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts  # a schema as it once was: never edited again, so never tidied
]
TESTS: Final = sorted((ROOT / "tests").rglob("*.py"))
TRACKED: Final = [
    ROOT / name
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    if name
]
#: Hosts of registries and paths of somebody's machine have no place in a file that is committed.
FOREIGN: Final = re.compile(r"https?://[^ \"']*/simple|--(extra-)?index-url|(^|[^A-Za-z0-9_.-])/(root|home)/[a-z]+/")
SECRETS: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    # The verifier is one file on purpose: an auditor reads all of it, and runs it with nothing else of ours.
    limit = 740 if path == ROOT / "auditor" / "verify.py" else 500
    assert len(path.read_text("utf-8").splitlines()) <= limit
    long = [
        f"{f.name}: {(f.end_lineno or 0) - f.lineno}" for f in functions(path) if (f.end_lineno or 0) - f.lineno > 60
    ]
    assert long == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_say_what_they_own(path: Path) -> None:
    text = path.read_text("utf-8")
    if text.strip():
        assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("package", ["vault", "policies"])
def test_nothing_inside_asks_the_clock_or_chance(package: str) -> None:
    asked = re.compile(r"\b(datetime\.now|datetime\.utcnow|time\.time\(|os\.urandom|secrets\.|random\.)")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] == package
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if asked.search(line) and not line.lstrip().startswith(("#", '"""'))
    ]
    assert found == []


def test_no_use_case_commits() -> None:
    found = [
        path.name for path in SOURCES if "usecases" in path.parts and re.search(r"\.commit\(", path.read_text("utf-8"))
    ]
    assert found == []


def test_committed_files_name_no_host_path_or_secret() -> None:
    found = []
    for path in TRACKED:
        if not path.is_file() or path == Path(__file__):
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [str(path.relative_to(ROOT)) for pattern in (FOREIGN, SECRETS) if pattern.search(text)]
    assert found == []
    assert not any(path.name == "uv.lock" for path in TRACKED)


def test_plaintext_leaves_its_wrapper_in_few_places() -> None:
    """`expose` is where a value stops being masked; a new place is a decision, so it is added here on purpose."""
    places = {
        str(path.relative_to(ROOT).parent if "crypto" in path.parts else path.relative_to(ROOT))
        for path in SOURCES
        if ".expose()" in path.read_text("utf-8")
    }
    assert places <= {
        "gateway/auth/oidc.py",
        "vault/crypto",
        "vault/crypto/providers",
        "vault/pseudonyms/derive.py",
        "vault/access/chunks.py",
        "vault/usecases/asking.py",
        "vault/usecases/assign.py",
        "vault/usecases/access_report.py",
        "vault/usecases/attachments.py",
        "vault/usecases/break_glass.py",
        "vault/usecases/case_samples.py",
        "vault/usecases/ceremony.py",
        "vault/usecases/company.py",
        "vault/usecases/days.py",
        "vault/usecases/drafts.py",
        "vault/usecases/facts.py",
        "vault/usecases/factors.py",
        "vault/usecases/free_text.py",
        "vault/usecases/disclosing.py",
        "vault/usecases/granting.py",
        "vault/usecases/letters.py",
        "vault/usecases/tasks.py",
        "gateway/api/attachments.py",
        "vault/usecases/flow_view.py",
        "vault/usecases/answers.py",
        "vault/usecases/taking_in.py",
        "vault/usecases/hand_over.py",
        "vault/usecases/note_review.py",
        "vault/usecases/notes.py",
        "vault/usecases/read_case.py",
        "vault/usecases/received.py",
        "vault/usecases/referral_fields.py",
        "vault/usecases/stand_ins.py",
        "gateway/instance.py",
        "gateway/policy_approval.py",
        "gateway/rooting.py",
        "gateway/wiring.py",
        "gateway/cli",
    } | {place for place in places if place.startswith(("gateway/cli/", "gateway/demo/"))}
