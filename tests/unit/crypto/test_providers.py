"""What is the file's alone among the places where a root may live (tests/roots has what holds of all)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests.unit.crypto.kit import ENTROPY, WeakFileRoot
from vault.crypto.providers import file as file_module
from vault.crypto.providers.file import FILE_BYTES, FileRoot
from vault.crypto.providers.passphrase import CEILING, FLOOR, Argon2Parameters, calibrate
from vault.errors import (
    Conflict,
    InvalidInput,
    KeyringDamaged,
    KeyringError,
    KeyringMissing,
    UnsupportedFormat,
    WrongPassphrase,
)
from vault.sensitive import Sensitive

PASSPHRASE = Sensitive("caf\u00e9 under the bridge")
WRONG = Sensitive("cafe under the bridge")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def root(path: Path) -> WeakFileRoot:
    return WeakFileRoot.create(path, PASSPHRASE, ENTROPY)


def test_a_root_file_opens_with_its_passphrase(root: WeakFileRoot, path: Path) -> None:
    wrapped = root.wrap(b"secret", b"context")
    assert WeakFileRoot.open(path, PASSPHRASE, ENTROPY).unwrap(wrapped, b"context") == b"secret"
    with pytest.raises(WrongPassphrase):
        WeakFileRoot.open(path, WRONG, ENTROPY)


def test_an_accent_may_be_typed_either_way(root: WeakFileRoot, path: Path) -> None:
    assert WeakFileRoot.open(path, Sensitive("cafe\u0301 under the bridge"), ENTROPY).healthy()


def test_a_root_file_is_private_and_alone_in_its_folder(root: WeakFileRoot, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["root"]
    assert path.stat().st_size == FILE_BYTES == 173


def test_a_root_file_is_never_overwritten(root: WeakFileRoot, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(Conflict):
        WeakFileRoot.create(path, PASSPHRASE, ENTROPY)
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == ["root"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601])
def test_a_root_that_others_may_touch_is_refused(root: WeakFileRoot, path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(KeyringError, match="chmod 600"):
        WeakFileRoot.open(path, PASSPHRASE, ENTROPY)
    assert not root.healthy()


def test_a_missing_root_is_named_as_missing(path: Path) -> None:
    with pytest.raises(KeyringMissing):
        WeakFileRoot.open(path, PASSPHRASE, ENTROPY)
    with pytest.raises(KeyringMissing):
        WeakFileRoot.create(path / "nowhere" / "root", PASSPHRASE, ENTROPY)


def test_what_is_no_file_is_refused_without_waiting(path: Path) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyringError, match="regular"):
        WeakFileRoot.open(path, PASSPHRASE, ENTROPY)


def test_every_changed_or_missing_byte_is_damage_and_not_a_wrong_passphrase(root: WeakFileRoot, path: Path) -> None:
    document = path.read_bytes()
    for position in range(1, len(document)):
        changed = bytearray(document)
        changed[position] ^= 4
        for damaged in (bytes(changed), document[:position]):
            path.write_bytes(damaged)
            with pytest.raises(KeyringDamaged):
                WeakFileRoot.open(path, PASSPHRASE, ENTROPY)
    path.write_bytes(document + b"\0")
    with pytest.raises(KeyringDamaged):
        WeakFileRoot.open(path, PASSPHRASE, ENTROPY)


def _plant(path: Path, memory: int, passes: int, lanes: int, version: int = 1) -> None:
    """Rewrites the parameters as somebody would who can also mend the checksum."""
    body = path.read_bytes()[:-32]
    numbers = b"".join(value.to_bytes(4, "big") for value in (memory, passes, lanes))
    body = bytes([version]) + numbers + body[13:]
    path.write_bytes(body + sha256(body).digest())


@pytest.mark.parametrize(
    "planted",
    [
        (CEILING.memory_kib + 1, 3, 4),
        (0xFFFFFFFF, 1, 1),
        (65536, CEILING.iterations + 1, 4),
        (65536, 3, CEILING.lanes + 1),
        (7, 1, 1),
        (8, 0, 1),
        (8, 1, 0),
    ],
)
def test_planted_parameters_are_refused_before_any_memory_is_taken(
    root: WeakFileRoot, path: Path, planted: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("Argon2 was reached")

    monkeypatch.setattr(file_module, "stretch", never)
    _plant(path, *planted)
    with pytest.raises(KeyringDamaged):
        WeakFileRoot.open(path, PASSPHRASE, ENTROPY)


def test_parameters_are_bound_into_the_seal(root: WeakFileRoot, path: Path) -> None:
    _plant(path, 16, 1, 1)
    with pytest.raises(WrongPassphrase):
        WeakFileRoot.open(path, PASSPHRASE, ENTROPY)


def test_an_unknown_root_format_is_named(root: WeakFileRoot, path: Path) -> None:
    _plant(path, 8, 1, 1, version=2)
    with pytest.raises(UnsupportedFormat):
        WeakFileRoot.open(path, PASSPHRASE, ENTROPY)


def test_production_refuses_the_weak_roots_of_tests(root: WeakFileRoot, path: Path) -> None:
    with pytest.raises(KeyringDamaged, match="floor"):
        FileRoot.open(path, PASSPHRASE, ENTROPY)
    for weak in (
        WeakFileRoot.floor,
        replace(FLOOR, memory_kib=FLOOR.memory_kib - 1),
        replace(FLOOR, iterations=2),
        replace(FLOOR, lanes=3),
        replace(CEILING, lanes=17),
    ):
        with pytest.raises(InvalidInput):
            FileRoot.create(path.with_name("weak"), PASSPHRASE, ENTROPY, weak)


def test_a_production_root_opens_at_the_floor(path: Path) -> None:
    created = FileRoot.create(path, PASSPHRASE, ENTROPY)
    assert FileRoot.open(path, PASSPHRASE, ENTROPY).unwrap(created.wrap(b"s", b"c"), b"c") == b"s"
    assert path.read_bytes()[:13].hex() == "01" + "00010000" + "00000003" + "00000004"


def test_a_changed_passphrase_opens_the_same_root(root: WeakFileRoot, path: Path) -> None:
    wrapped, new = root.wrap(b"secret", b"context"), Sensitive("another long passphrase")
    raised = Argon2Parameters(16, 2, 1)
    WeakFileRoot.change_passphrase(path, PASSPHRASE, new, ENTROPY, raised)
    assert WeakFileRoot.open(path, new, ENTROPY).unwrap(wrapped, b"context") == b"secret"
    with pytest.raises(WrongPassphrase):
        WeakFileRoot.open(path, PASSPHRASE, ENTROPY)
    with pytest.raises(WrongPassphrase):
        WeakFileRoot.change_passphrase(path, PASSPHRASE, new, ENTROPY)
    WeakFileRoot.change_passphrase(path, new, PASSPHRASE, ENTROPY)
    assert path.read_bytes()[4] == 16, "the cost chosen before is kept"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["root"]


def test_a_short_passphrase_is_refused(path: Path, root: WeakFileRoot) -> None:
    with pytest.raises(InvalidInput):
        WeakFileRoot.create(path.with_name("other"), Sensitive("eleven char"), ENTROPY)
    with pytest.raises(InvalidInput):
        WeakFileRoot.change_passphrase(path, PASSPHRASE, Sensitive(""), ENTROPY)


def test_a_failed_write_leaves_the_old_root(root: WeakFileRoot, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "no space left")

    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyringError):
        WeakFileRoot.change_passphrase(path, PASSPHRASE, Sensitive("another long passphrase"), ENTROPY)
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == ["root"]


def test_calibration_spends_the_time_and_stays_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    def pretended(per_gib_pass: float) -> Callable[[], float]:
        """A clock on which Argon2 takes per_gib_pass seconds for 1 GiB once."""
        spent = [0.0]

        def stretch(_: object, __: bytes, p: Argon2Parameters) -> bytes:
            spent[0] += p.memory_kib / 1048576 * p.iterations * per_gib_pass
            return b""

        monkeypatch.setattr("vault.crypto.providers.passphrase.stretch", stretch)
        return lambda: spent[0]

    assert calibrate(0.001, timer=pretended(1.0)) == FLOOR
    usual = calibrate(1.0, timer=pretended(0.5))
    assert usual == Argon2Parameters(512 * 1024, 4, 4)
    assert CEILING.at_least(calibrate(1000.0, timer=pretended(0.001)))
    assert calibrate(1000.0, timer=lambda: 0.0).at_least(FLOOR)


@pytest.mark.parametrize("numbers", [(8, 1, 0), (8, 0, 1), (31, 1, 4)])
def test_parameters_that_argon2_cannot_take_are_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError):
        Argon2Parameters(*numbers)
