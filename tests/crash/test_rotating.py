"""A rotation that dies by SIGKILL before every write, to either database and to the keyring: then it is seen through.

Each death is that of a forked child, which stages the next generation and sees it through until it dies. After it every
invariant holds, all that was written opens, and the next run goes on to the end.

| Dies | What is left | What the next run does |
|---|---|---|
| before the new key is in the keyring | nothing | makes another one |
| staged, before the keystore knows of it | a key that nothing stands under | takes the same one into use |
| known, before it is in use | the same, and perhaps an entry | says once more that it begins, and goes on |
| between two batches, or in one | wraps under both; both keys are held | re-wraps what is left |
| closed, before the old key is destroyed | nothing under the old key | says once more that it ends, and destroys it |
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from gateway import keyring_file
from gateway.rotation import Rotation, stage
from gateway.settings import Settings
from tests.crash.checks import faults
from tests.crash.hooks import Steps, watched
from tests.crash.test_failing import _fault
from tests.house import house_on
from tests.storage.test_rotating import file_of, furnished, generations_of, read_all, seen_through
from tests.unit.crypto.kit import ENTROPY
from vault.errors import VaultError
from vault.vocabulary import CASEWORK

pytestmark = pytest.mark.long
_FINISHED = 0


def _run(settings: Settings, steps: Steps, at: int) -> None:
    """As the command does, with the writing of the keyring among the steps."""
    usual = keyring_file.replace_private

    def write(path: Path, content: bytes) -> None:
        steps.around("UPDATE keyring", lambda: usual(path, content), lambda: True)

    with house_on(settings) as house:
        keyring_file.replace_private = write  # type: ignore[assignment]
        steps.kill(at)
        stage(file_of(house), ENTROPY)
        rotation = Rotation(house.services, CASEWORK, at_once=4)
        for _ in rotation.carry_on():
            pass
        steps.disarm()


def _dies(settings: Settings, steps: Steps, at: int) -> bool:
    """Whether a child died before its `at`-th write; False once it came to the end first."""
    child = os.fork()
    if child == 0:
        code = 9
        with suppress(BaseException):
            try:
                _run(settings, steps, at)
                code = _FINISHED
            except BaseException as fault:  # noqa: BLE001 - told to the parent by the exit code
                print(f"{type(fault).__name__}: {fault}", file=sys.stderr, flush=True)
        os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == _FINISHED, "the child failed in another way"
    return False


def test_a_killed_rotation_is_seen_through_by_the_next_run(house_settings: Settings) -> None:
    with watched() as steps:
        with house_on(house_settings) as house:
            notes = furnished(house)
            texts, tokens, staff = read_all(house, notes), house.tokens, house.staff
        deaths, generation, seen = 0, 1, set()
        while _dies(house_settings, steps, deaths):
            deaths += 1
            assert faults(house_settings) == [], f"after {deaths} deaths"
            with house_on(house_settings) as house:
                house.tokens, house.staff = tokens, staff
                assert read_all(house, notes) == texts, f"after {deaths} deaths"
                seen.add(frozenset(found - generation for found in generations_of(house)))
                staged = file_of(house).keyring.wrapper
                if max(staged.held) > generation:
                    seen_through(house.services)
                    generation += 1
                assert generations_of(house) == {generation}, f"after {deaths} deaths"
                assert set(file_of(house).keyring.wrapper.held) == {generation}
        assert deaths > 20
        assert seen == {frozenset({0}), frozenset({0, 1}), frozenset({1})}, "some died between, and some after"
        with house_on(house_settings) as house:
            house.tokens, house.staff = tokens, staff
            assert read_all(house, notes) == texts
            assert generations_of(house) == {generation + 1}
        assert faults(house_settings) == []


@pytest.mark.parametrize("after", [False, True], ids=["lost", "kept but unanswered"])
def test_a_write_that_fails_ends_the_run_and_not_the_rotation(house_settings: Settings, after: bool) -> None:
    """A disk that is full, a connection that is lost: the process lives on, serves, and a later run goes on."""
    with watched() as steps, house_on(house_settings) as house:
        notes = furnished(house)
        texts = read_all(house, notes)
        at, failed = 0, True
        while failed:
            stage(file_of(house), ENTROPY)
            before = file_of(house).keyring.wrapper
            steps.fail(at, after=after, error=_fault(house))
            try:
                seen_through(house.services, at_once=20)
                failed = bool(steps.fired)
            except VaultError:
                assert steps.fired
            steps.disarm()
            assert read_all(house, notes) == texts, at
            seen_through(house.services)
            assert generations_of(house) == {max(before.held)}, at
            at += 1
        assert at > 10
        assert faults(house.settings) == []
