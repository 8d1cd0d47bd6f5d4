"""What nobody will come back for: undescribed files, old drafts, keys of grants and ceremonies that are over.

Emptied, and logged.

No person asks for it, so no question is put to the firewall: a sweep opens nothing and shows nothing. It runs in the
casework process, now and then (`gateway/sweeper.py`) and by `parefeu db sweep`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vault.audit.events import Detail, Event, Happening, Verdict
from vault.cases.attachments import UNDESCRIBED_LONGEST
from vault.errors import Conflict
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework
from vault.usecases.ceremony import destroy_keys as destroy_ceremonies
from vault.usecases.granting import destroy_keys
from vault.vocabulary import Kind

#: In one operation, so that others wait for milliseconds: a file has up to 25 MiB.
FILES_AT_ONCE: Final = 2
DRAFTS_AT_ONCE: Final = 200


def sweep(uow: UnitOfWork, casework: Casework) -> int:
    """Empty some of what is due. Returns how many; call again until it is 0.

    Raises Conflict if somebody came back for one of them meanwhile: nothing is emptied, and the log does not say so.
    """
    now = casework.clock.now()
    files = uow.attachments.abandoned(now - UNDESCRIBED_LONGEST, FILES_AT_ONCE)
    if files:
        entry = uow.audit.append(_event(Kind.ATTACHMENT, len(files)), Detail())
        _all(uow.attachments.sweep(file, now, entry) for file in files)
    drafts = uow.drafts.expired(now, DRAFTS_AT_ONCE)
    if drafts:
        entry = uow.audit.append(_event(Kind.DRAFT, len(drafts)), Detail())
        _all(uow.drafts.clear(draft, entry, expired_by=now) for draft in drafts)
    return len(files) + len(drafts) + destroy_keys(uow, casework) + destroy_ceremonies(uow, casework)


def swept_through(uow: UnitOfWork, count: int) -> None:
    """Write down that nothing is left that was due. count: how much was emptied since this was last said."""
    uow.audit.append(Event(Happening.SWEPT_THROUGH.value, "store", Verdict.NONE, count=count), Detail())


def _all(emptied: Iterable[bool]) -> None:
    """The entry has said how many; if it were fewer, the entry would not be true."""
    if not all([*emptied]):
        raise Conflict("somebody came back for what was to be swept")


def _event(kind: Kind, count: int) -> Event:
    return Event(Happening.SWEPT.value, kind.value, Verdict.NONE, count=count)
