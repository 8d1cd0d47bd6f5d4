"""The revision that a server compares with is the one that Alembic would migrate to."""

from __future__ import annotations

from typing import Literal

import pytest
from alembic.script import ScriptDirectory

from vault.storage import migrate


@pytest.mark.parametrize("which", ["main", "keystore"])
def test_the_head_that_the_program_knows_is_the_newest_in_the_folder(which: Literal["main", "keystore"]) -> None:
    assert ScriptDirectory.from_config(migrate._config(which)).get_current_head() == migrate.head(which)
