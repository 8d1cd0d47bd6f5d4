"""What every test of the pages in a browser leaves behind: nothing that runs on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pages.browsing import Site


@pytest.fixture(autouse=True)
def _left(request: pytest.FixtureRequest) -> Iterator[None]:
    """The pages that a test opened are closed when it ends, not when its file does."""
    yield
    if "site" in request.fixturenames and isinstance(site := request.getfixturevalue("site"), Site):
        site.leave()
