"""The shipped policy, loaded once for each worker."""

from __future__ import annotations

import pytest

from policies.compiler import Table
from policies.firewall import TableFirewall, load_firewall
from policies.lines import Source


@pytest.fixture(scope="session")
def firewall() -> TableFirewall:
    return load_firewall()


@pytest.fixture(scope="session")
def table(firewall: TableFirewall) -> Table:
    return firewall.table


@pytest.fixture(scope="session")
def source(table: Table) -> Source:
    return table.source
