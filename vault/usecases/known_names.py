"""By which of its names a case is found when another zone asks about it.

Follow-up knows a case by a pseudonym of its own as soon as something about it was sealed to that zone: from then on,
and no sooner, the case is found by it, in one look-up of the blind index however many cases there are.
"""

from __future__ import annotations

from typing import Final

from vault.ids import CaseId, EntryId
from vault.pseudonyms import domain_of
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework
from vault.vocabulary import FOLLOW_UP

_FIELD: Final = "pseudonym/follow_up"


def name_token(pseudonym: bytes, casework: Casework) -> bytes:
    """The blind index's token of a pseudonym (its 16 bytes) in follow-up's domain."""
    return casework.index.token(_FIELD, pseudonym.hex())


def index_name(uow: UnitOfWork, case: CaseId, casework: Casework, entry: EntryId) -> None:
    """Make the case findable by its name in follow-up's domain, which that zone now knows."""
    token = name_token(casework.pseudonyms.token(domain_of(FOLLOW_UP), case).token, casework)
    if case not in uow.cases.find(token):
        uow.cases.index(case, [token], entry)
