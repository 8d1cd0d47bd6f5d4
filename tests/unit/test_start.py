"""What a start costs and in which order it happens: passphrases aside, the policy first, one budget for all roots."""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest

from gateway import instance
from gateway.cli.home import Hooks
from gateway.cli.serve import EarlyRoots
from gateway.clock import SystemEntropy
from gateway.instance import create_instance, create_zone
from gateway.settings import Settings
from gateway.wiring import build
from tests.house import MovableClock, make_keys
from tests.unit.crypto.kit import WeakFileRoot
from vault.crypto.providers.file import FileRoot
from vault.crypto.providers.passphrase import FLOOR, Argon2Parameters, calibrate
from vault.errors import PolicyRejected, WrongPassphrase
from vault.sensitive import Sensitive
from vault.vocabulary import CASEWORK, Zone

#: The second recommended option of RFC 9106, 4: 64 MiB, three passes, four lanes.
RFC_9106_SECOND: Final = (64 * 1024, 3, 4)
#: What the roots that one process opens may cost together.
BUDGET: Final = 0.3  # seconds

linux: Final = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say where a thread may run")


class Noted(FileRoot):
    """A real root that notes which thread opens it, and where that one may run."""

    __slots__ = ()
    threads: ClassVar[list[tuple[int, set[int]]]] = []

    @classmethod
    def open(cls, path: Path, passphrase: Sensitive[str], entropy: Any) -> Any:
        cls.threads.append((threading.get_native_id(), os.sched_getaffinity(0)))
        return super().open(path, passphrase, entropy)


def _tasks() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/task")}


class Watch(threading.Thread):
    """Notes where each thread that begins meanwhile may run: a thread's own thread inherits that at its birth."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.found: dict[int, set[int]] = {}
        self._before = _tasks()
        self._over = threading.Event()

    def run(self) -> None:
        own = threading.get_native_id()
        while not self._over.is_set():
            for task in _tasks() - self._before - {own} - self.found.keys():
                try:
                    self.found[task] = os.sched_getaffinity(task)
                except ProcessLookupError:  # over already
                    continue

    def stop(self) -> None:
        self._over.set()
        self.join()


@linux
def test_passphrases_are_stretched_off_one_core_lanes_and_all(tmp_path: Path) -> None:
    """The core that reads the program in is left to it; where there is one only, everything runs there."""
    settings, cores = Settings(home=tmp_path, zone=str(CASEWORK)), os.sched_getaffinity(0)
    create_zone(settings, CASEWORK, SystemEntropy(), FileRoot, FLOOR)
    allowed = cores - {min(cores)} or cores
    Noted.threads.clear()
    watch = Watch()
    watch.start()
    with EarlyRoots(settings, Hooks(root=Noted)) as roots:
        path, passphrase = settings.zone_folder(CASEWORK) / "root.key", Sensitive("of no use: it is open already")
        opened = roots.root.open(path, passphrase, SystemEntropy())
    watch.stop()
    assert isinstance(opened, Noted)
    ((worker, where),) = Noted.threads
    assert worker != threading.get_native_id()
    assert where == allowed
    lanes = {task: cores_of for task, cores_of in watch.found.items() if task != worker}
    assert lanes, "Argon2's own threads were seen"
    assert all(cores_of == allowed for cores_of in lanes.values())
    assert os.sched_getaffinity(0) == cores, "whoever starts the program keeps every core"


@linux
def test_on_one_core_passphrases_are_stretched_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    moved: list[object] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    monkeypatch.setattr(os, "sched_setaffinity", lambda *given: moved.append(given))
    settings = make_keys(tmp_path / "home")
    with EarlyRoots(settings, Hooks(root=WeakFileRoot)) as roots:
        roots.root.open(settings.zone_folder(CASEWORK) / "root.key", Sensitive(""), SystemEntropy())
    assert moved == []


class Counted(WeakFileRoot):
    """Notes which roots were opened."""

    __slots__ = ()
    opened: ClassVar[list[Path]] = []

    @classmethod
    def open(cls, path: Path, passphrase: Sensitive[str], entropy: Any) -> Any:
        cls.opened.append(path)
        return super().open(path, passphrase, entropy)


def test_no_key_is_opened_under_a_policy_that_cannot_be_used(tmp_path: Path) -> None:
    """The policy is loaded first: while passphrases are being stretched, and before any key is there to be used."""
    settings = make_keys(tmp_path / "home")
    passphrase = settings.passphrase_file(CASEWORK)
    passphrase.write_text("another one than that of the root\n")
    (tmp_path / "rules").mkdir()
    broken = settings.model_copy(update={"policy_dir": tmp_path / "rules"})
    Counted.opened.clear()
    with pytest.raises(PolicyRejected):
        build(broken, clock=MovableClock(), root=Counted)
    assert Counted.opened == []
    with pytest.raises(WrongPassphrase):
        build(settings, clock=MovableClock(), root=Counted)
    assert Counted.opened == [settings.zone_folder(CASEWORK) / "root.key"]


def _machine(monkeypatch: pytest.MonkeyPatch, floor_takes: float) -> Callable[[Argon2Parameters], float]:
    """A machine on which Argon2 at its floor takes so many seconds; returns what parameters cost there."""

    def cost(p: Argon2Parameters) -> float:
        return floor_takes * (p.memory_kib * p.iterations) / (FLOOR.memory_kib * FLOOR.iterations)

    spent = [0.0]

    def stretched(_: object, __: bytes, p: Argon2Parameters) -> bytes:
        spent[0] += cost(p)
        return b""

    monkeypatch.setattr("vault.crypto.providers.passphrase.stretch", stretched)  # as `calibrate` measures it
    monkeypatch.setattr(instance, "calibrate", partial(calibrate, timer=lambda: spent[0]))
    return cost


def _made(settings: Settings, zones: tuple[Zone, ...]) -> list[Argon2Parameters]:
    """The parameters of each zone's root, as its file says; the log's are the same."""
    create_instance(settings, zones, MovableClock(), SystemEntropy())
    files = [settings.zone_folder(zone) / "root.key" for zone in zones] + [settings.log_home / "root.key"]
    found = [Argon2Parameters(*struct.unpack(">III", file.read_bytes()[1:13])) for file in files]
    assert len(set(found)) == 1
    return found[: len(zones)]


def test_roots_of_an_embedded_home_share_one_budget(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cost = _machine(monkeypatch, 0.02)
    settings = Settings(home=tmp_path / "home")
    made = _made(settings, settings.zones)
    assert len(made) > 1
    assert made[0] != FLOOR, "what is left of the budget is spent"
    assert sum(map(cost, made)) <= BUDGET


def test_a_process_of_one_zone_has_the_budget_for_its_root_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cost = _machine(monkeypatch, 0.1)
    settings = Settings(home=tmp_path / "home", database_url="postgresql://nowhere/none", partners=("caritas",))
    made = _made(settings, settings.zones)
    assert all(BUDGET / 2 < cost(each) <= BUDGET for each in made)


@pytest.mark.parametrize("floor_takes", [0.1, 30.0], ids=["a usual machine", "a slow one"])
def test_no_root_falls_below_the_second_recommendation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, floor_takes: float
) -> None:
    """However many share the budget, and however slow the machine is."""
    _machine(monkeypatch, floor_takes)
    settings = Settings(home=tmp_path / "home", partners=("caritas",))
    made = _made(settings, settings.zones)
    assert {(each.memory_kib, each.iterations, each.lanes) for each in made} == {RFC_9106_SECOND}
