"""Try whether sealed records open, for whoever looks after an installation. Nothing of them is shown or kept."""

from __future__ import annotations

from collections.abc import Sequence

from vault.audit.events import Detail, Event, Happening, Verdict
from vault.ids import RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework


def try_records(
    uow: UnitOfWork, wanted: Sequence[tuple[RecordId, int]], casework: Casework
) -> list[tuple[RecordId, str]]:  # fmt: skip
    """Those of these versions of records that do not open, each with the error's code. Writes an entry first."""
    event = Event(Happening.EXAMINED, "record", Verdict.NONE, outcome="sample", count=len(wanted))
    uow.audit.append(event, Detail())
    found = []
    for record_id, version in wanted:
        record = uow.records.version(record_id, version)
        code = casework.keeper.opens(uow, record) if record is not None else "not_found"
        if code:
            found.append((record_id, code))
    return found
