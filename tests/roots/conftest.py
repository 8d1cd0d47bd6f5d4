"""A real module and a real service, one each per worker process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.roots.openbao import OpenBao
from tests.roots.softhsm import SoftHsm, module_or_not


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    made = SoftHsm(tmp_path_factory.mktemp("softhsm"), module_or_not())
    os.environ.update(made.environment)  # the module reads it itself, at each initialisation
    yield made
    for name in made.environment:
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    made = OpenBao(tmp_path_factory.mktemp("openbao"))
    yield made
    made.close()
