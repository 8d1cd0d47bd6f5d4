"""Before anything is served: what was erased stays erased, whichever of the two databases was put back.

Each database has a list of its own of the cases that were erased. Where the lists differ, or an erasure was cut short,
casework erases again before the first request; a process without casework's keys does not start until that was done.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from vault.errors import ErasurePending
from vault.usecases.erasing import go_on
from vault.vocabulary import CASEWORK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.wiring import Services
    from vault.ids import CaseId

#: Steps of one case: each takes something away, and a case has a few hundred files at most.
_MOST_STEPS: Final = 10_000


def replay(services: Services, waiting: Sequence[CaseId]) -> None:
    """Erase again what one of the databases has forgotten, or what was cut short.

    waiting: cases as `vault.storage.erasures.unfinished` finds them. Raises ErasurePending in a process that has no
    casework keys, and where an erasure does not end.
    """
    if waiting and services.casework is None:
        raise ErasurePending(
            f"{len(waiting)} erased case(s) are not erased in both databases: one was put back from a backup, or an "
            "erasure was cut short. Start casework first: it erases them before it serves"
        )
    for case in waiting:
        finish(services, case)


def finish(services: Services, case: CaseId) -> None:
    """Every step that an erasure still needs. Raises ErasurePending if it does not end."""
    casework = services.casework
    assert casework is not None
    for _ in range(_MOST_STEPS):
        if services.worker.run(CASEWORK, partial(go_on, case=case, casework=casework)):
            return
    raise ErasurePending("an erasure does not end: rows of the case are written while it runs")
