"""The verifier reads no more of a file than a log needs, and waits for nothing that is no file."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from auditor import verify
from auditor.verify import CODES
from tests.log.tampering import Files
from tests.log.test_bundle import Bundle, ended
from tests.log.test_verify import POLICY_TEXT

OF_A_LOG = ("checkpoint", "tile/0/000", "tile/entries/000")
OF_A_BUNDLE = ("proofs/*", "entries/*", "details/*", "checkpoints/*")


def lengthen(path: Path) -> None:
    """Zeros that take no room on the disk: one byte more than is read of any file."""
    os.truncate(path, verify.LARGEST_FILE + 1)


@pytest.mark.parametrize("name", OF_A_LOG)
def test_a_file_of_a_log_that_is_too_large_is_read_no_further(
    files: Files, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lengthen(files.folder / name)
    assert ended(files.folder) == CODES["read"]
    assert f"{name}: too large" in capsys.readouterr().out


@pytest.mark.parametrize("pattern", OF_A_BUNDLE)
def test_so_is_one_of_a_bundle(files: Files, tmp_path: Path, pattern: str, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = Bundle(files, tmp_path / "bundle", 3)
    (bundle.folder / "details" / f"{bundle.ids[0]}.json").write_text("{}")
    (found,) = bundle.folder.glob(pattern)
    if pattern == "checkpoints/*":
        (bundle.folder / "details" / f"{bundle.ids[0]}.json").unlink()
    lengthen(found)
    assert ended(bundle.folder) == CODES["read"]
    assert f"{found}: too large" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--policy", "--checkpoint"])
def test_so_is_one_that_was_handed_over(
    files: Files, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "given.txt"
    given.write_text("")
    lengthen(given)
    assert ended(files.folder, option, str(given)) == CODES["read"]
    assert f"{given}: too large" in capsys.readouterr().out


def test_what_is_no_file_is_not_waited_for(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe in the folder of a log gives nothing until somebody writes to it, and then perhaps without end."""
    path = files.folder / "checkpoint"
    note = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(note,))  # so that who does read ends, and is told apart
    writer.start()
    try:
        assert ended(files.folder) == CODES["read"]
    finally:
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # lets the writer go
        writer.join()
        os.close(reader)
    assert f"{path}: there is no such file" in capsys.readouterr().out


def test_a_policy_file_may_have_come_through_another_system(files: Files, tmp_path: Path) -> None:
    given = tmp_path / "given.txt"
    given.write_bytes(POLICY_TEXT.replace("\n", "\r\n").encode())
    assert ended(files.folder, "--policy", str(given)) == 0
