"""Random walks through an installation: each walk has one of its own, copied from a template that is migrated once."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

from hypothesis.stateful import RuleBasedStateMachine

from tests.crash.checks import faults
from tests.house import House, house_on, migrated_template, sqlite_home

_NUMBERS: Final = count(1)


@cache
def _folder() -> Path:
    """Hypothesis starts machines where no fixture reaches."""
    folder = tempfile.mkdtemp(prefix="walks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def _template() -> Path:
    return migrated_template(_folder() / "template")


class Walk(RuleBasedStateMachine):
    """A walk through `house`, which its first rule moves into. At its end the doctor has nothing to say of it."""

    house: House

    def move_in(self) -> House:
        self._lease = ExitStack()
        home = _folder() / f"home-{next(_NUMBERS)}"
        self._lease.callback(shutil.rmtree, home, ignore_errors=True)
        self.house = self._lease.enter_context(house_on(sqlite_home(_template(), home)))
        return self.house

    def teardown(self) -> None:
        if hasattr(self, "house"):
            with self._lease:
                assert faults(self.house.settings) == []
