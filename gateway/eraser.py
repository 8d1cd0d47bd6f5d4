"""Carries out what two people decided: erases approved cases, one after the other, while casework is served."""

from __future__ import annotations

from functools import partial
from typing import Any

from gateway.wiring import Services
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.erasing import begin_next, go_on
from vault.vocabulary import CASEWORK


async def erase_all(services: Services) -> int:
    """Go on with what was cut short, then erase what was approved and nothing holds. How many cases were erased."""
    casework, post = services.casework, services.correspondence[CASEWORK]
    assert casework is not None
    erased = 0

    async def run(work: Any) -> Any:
        return await services.worker.submit(CASEWORK, work, quick=False)

    waiting: list[CaseId] = await run(_unfinished)
    while True:
        case = waiting.pop() if waiting else await run(partial(begin_next, casework=casework, post=post))
        if case is None:
            return erased
        while not await run(partial(go_on, case=case, casework=casework)):
            pass
        erased += 1


def _unfinished(uow: UnitOfWork) -> list[CaseId]:
    return uow.erasures.unfinished()
