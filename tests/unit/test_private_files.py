"""Passphrases from files and pipes: what is no passphrase is told, and nobody waits for ever."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from gateway import private
from gateway.private import read_passphrase
from vault.errors import ConfigurationError, KeyringError, KeyringMissing


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(private, "PATIENCE", 0.5)
    path = tmp_path / "phrase"
    os.mkfifo(path, 0o600)
    return path


def _written(path: Path, *pieces: bytes, ends: bool = True) -> threading.Thread:
    def write() -> None:
        with path.open("wb", buffering=0) as file:
            for piece in pieces:
                file.write(piece)
                time.sleep(0.05)
            if not ends:
                time.sleep(1.5)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_a_pipe_that_nobody_writes_to_is_told(pipe: Path) -> None:
    began = time.monotonic()
    with pytest.raises(KeyringError, match="nobody writes a passphrase to the pipe phrase"):
        read_passphrase(pipe)
    assert time.monotonic() - began < 5


def test_a_pipe_that_is_never_closed_is_told(pipe: Path) -> None:
    writer = _written(pipe, b"correct horse", ends=False)
    with pytest.raises(KeyringError, match="or to its end"):
        read_passphrase(pipe)
    writer.join()


def test_what_a_program_writes_into_a_pipe_is_the_passphrase(pipe: Path) -> None:
    writer = _written(pipe, b"correct horse ", b"battery\n")
    assert read_passphrase(pipe).expose() == "correct horse battery"
    writer.join()


def test_a_pipe_that_others_can_read_is_refused_at_once(pipe: Path) -> None:
    pipe.chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        read_passphrase(pipe)


def test_a_file_is_read_up_to_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "phrase"
    private.write_private(path, "phrase d'été\r\n".encode())
    assert read_passphrase(path).expose() == "phrase d'été"


def test_what_is_no_passphrase_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyringMissing):
        read_passphrase(tmp_path / "nowhere")
    with pytest.raises(KeyringError, match="cannot be read"):
        read_passphrase(tmp_path)
    large = tmp_path / "large"
    private.write_private(large, b"x" * 100_000)
    with pytest.raises(KeyringError, match="more than any passphrase"):
        read_passphrase(large)
    bytes_ = tmp_path / "bytes"
    private.write_private(bytes_, b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="no text in UTF-8"):
        read_passphrase(bytes_)
