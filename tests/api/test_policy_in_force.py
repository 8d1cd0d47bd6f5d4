"""The office's own policy: put in force at start or while serving, narrower at will, wider with two signatures."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from gateway.clock import SystemEntropy
from gateway.policy_approval import approve, step_of
from gateway.policy_reload import Reloader
from gateway.settings import Settings
from gateway.wiring import build
from policies.compiler import Table, compile_table
from policies.impact import compare
from policies.loader import DEFAULT_FOLDER, load_source
from tests.api.stage import Stage
from tests.api.support import entries, since
from tests.house import House, MovableClock
from tests.policies.support import policy_copy, swap
from tests.unit.crypto.kit import WeakFileRoot
from tests.unit.test_policy_approval import ANNE, BRAM, TRUSTED
from vault.errors import PolicyRejected

NOW: Final = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def _written(file: str, beginning: str) -> tuple[str, str]:
    """The phases of a shipped line, and the line up to them."""
    text = (DEFAULT_FOLDER / file).read_text()
    found = re.search(rf"^({re.escape(beginning)})([a-z_/]+),own,", text, re.MULTILINE)
    assert found is not None
    return found[2], found[1]


def notes_while(*phases: str) -> dict[str, Callable[[bytes], bytes]]:
    """The shipped policy, in which a coach reads notes in these phases only; with the expectation that says so."""
    changes = {}
    for file, beginning in (
        ("rules/casework.csv", "cw-11,coach,note,read,coaching,"), ("expected.csv", "coach,read,note,coaching,"),
    ):  # fmt: skip
        shown, head = _written(file, beginning)
        changes[file] = swap(f"{head}{shown},own,", f"{head}{'/'.join(phases)},own,")
    return changes


def narrower(folder: Path) -> Path:
    """Notes are read until the case is closed, and not afterwards."""
    return policy_copy(folder, notes_while("pending", "active", "suspended", "closing"))


def shipped(folder: Path) -> Path:
    return policy_copy(folder)


def table(folder: Path) -> Table:
    return compile_table(load_source(folder))


def sign(old: Path, new: Path) -> None:
    before, after = table(old), table(new)
    step = step_of(before.source, after.source, compare(before, after))
    approve(new, step, "Anne", ANNE, NOW)
    approve(new, step, "Bram", BRAM, NOW)


@contextmanager
def serving(settings: Settings) -> Iterator[House]:
    clock = MovableClock()
    services = build(settings, clock=clock, entropy=SystemEntropy(), root=WeakFileRoot)
    house = House(settings, clock, services)
    try:
        yield house
    finally:
        house.close()


@pytest.fixture
def office(sqlite_settings: Settings, tmp_path: Path) -> Settings:
    return sqlite_settings.model_copy(
        update={"policy_dir": narrower(tmp_path / "policy"), "policy_reviewers": ", ".join(TRUSTED)}
    )


def reload(house: House) -> bool:
    return asyncio.run(Reloader(house.services).reload())


def replace_with(office: Settings, made: Path) -> None:
    assert office.policy_dir is not None
    shutil.rmtree(office.policy_dir)
    shutil.copytree(made, office.policy_dir)


def read_closed_note(house: House) -> int:
    coach = house.client("coach")
    case, note = Stage(house).noted()
    house.step(coach, case, "close", outcome="STAY_OBTAINED")
    status: int = coach.get(f"/cases/{case}/notes/{note}").status_code
    return status


def test_a_narrower_policy_is_put_in_force_at_the_start_without_a_signature(office: Settings) -> None:
    with serving(office) as house:
        assert read_closed_note(house) == 404
        assert house.app.get("/health").json()["policy"] == house.services.firewall.digest.hex()


def test_the_programs_own_policy_needs_no_signature(sqlite_settings: Settings) -> None:
    with serving(sqlite_settings) as house:
        assert read_closed_note(house) == 200
        assert not (sqlite_settings.home / "policy-in-force").exists()
        assert reload(house) is True


def test_a_wider_policy_is_refused_unsigned_and_taken_signed_while_serving(office: Settings, tmp_path: Path) -> None:
    made = shipped(tmp_path / "made")
    with serving(office) as house:
        before = house.services.firewall.digest
        assert read_closed_note(house) == 404
        replace_with(office, made)
        count = len(entries(house))
        assert reload(house) is False
        assert house.services.firewall.digest == before
        assert read_closed_note(house) == 404
        refused = [entry for entry in since(house, count) if entry["action"] == "policy_refused"]
        assert [entry["zone"] for entry in refused] == list(map(str, house.services.sign_in))
        assert {entry["policy"] for entry in refused} == {before.hex()}
        assert office.policy_dir is not None
        sign(narrower(tmp_path / "old"), office.policy_dir)
        count = len(entries(house))
        assert reload(house) is True
        loaded = [entry for entry in since(house, count) if entry["action"] == "policy_loaded"]
        assert {(entry["outcome"], entry["policy"]) for entry in loaded} == {
            ("wider", house.services.firewall.digest.hex())
        }
        assert read_closed_note(house) == 200


def test_a_wider_policy_is_refused_at_a_start_too(office: Settings, tmp_path: Path) -> None:
    with serving(office):
        pass
    replace_with(office, shipped(tmp_path / "made"))
    with pytest.raises(PolicyRejected, match="2 reviewers must sign"), serving(office):
        raise AssertionError("it serves")
    assert office.policy_dir is not None
    sign(narrower(tmp_path / "old"), office.policy_dir)
    with serving(office) as house:
        assert read_closed_note(house) == 200


def test_an_approval_does_not_bring_a_policy_back_that_was_narrowed_since(office: Settings, tmp_path: Path) -> None:
    """Signed once for the step from narrow to wide; after two more steps the old file opens nothing."""
    wide, narrow = shipped(tmp_path / "wide"), narrower(tmp_path / "narrow")
    sign(narrow, wide)
    with serving(office) as house:
        replace_with(office, wide)
        assert reload(house) is True
        tighter = policy_copy(tmp_path / "tighter", notes_while("pending", "active", "suspended"))
        replace_with(office, tighter)
        assert reload(house) is True
        replace_with(office, wide)
        assert reload(house) is False


def test_a_folder_that_does_not_load_changes_nothing(office: Settings) -> None:
    with serving(office) as house:
        before = house.services.firewall.digest
        assert office.policy_dir is not None
        (office.policy_dir / "rules/casework.csv").write_text("nonsense\n")
        assert reload(house) is False
        assert house.services.firewall.digest == before


def test_unmet_expectations_are_refused_however_narrow(office: Settings) -> None:
    assert office.policy_dir is not None
    shutil.copyfile(DEFAULT_FOLDER / "expected.csv", office.policy_dir / "expected.csv")
    with pytest.raises(PolicyRejected, match="expected"), serving(office):
        raise AssertionError("it serves")


def test_reloads_that_come_together_are_taken_in_turn(office: Settings) -> None:
    with serving(office) as house:

        async def thrice() -> list[bool]:
            reloader = Reloader(house.services)
            return list(await asyncio.gather(*(reloader.reload() for _ in range(3))))

        assert asyncio.run(thrice()) == [True] * 3


def test_a_firewall_that_was_handed_in_is_not_replaced(lite_house: House) -> None:
    assert reload(lite_house) is False
