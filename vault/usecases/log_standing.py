"""How whole the log is, and that somebody checked a copy of it elsewhere: both are looks that the log records."""

from __future__ import annotations

from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.audit.reading import LogStanding
from vault.oversight.standing import DIFFERS, HEADS_LOOKED_AT, Verification
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Values
from vault.usecases.trail import Oversight, purpose_of
from vault.vocabulary import Action, Facts, Kind, ReleaseProfile

#: How the entry says that somebody lets the log be checked here and now.
CHECKED: Final = "checked"


def read_standing(
    uow: UnitOfWork, actor: Actor, oversight: Oversight, *, checked: bool = False
) -> tuple[ReleaseProfile, LogStanding]:
    """What the database says of its log. Signatures are checked outside, then the profile shapes it all.

    checked: the log is gone through as well, once this is written down; that is done outside too, and takes seconds.
    """
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.LOG_STATE), purpose=purpose_of(actor), facts=Facts(),
        outcome=CHECKED if checked else "",
    )  # fmt: skip
    return permit.profile, uow.trail.standing(HEADS_LOOKED_AT)


def record_verification(uow: UnitOfWork, actor: Actor, what: Verification, oversight: Oversight) -> Values:
    """Write down how the check of a copy ended, and whether this database has the tree that was checked.

    One that it does not have is written down too: that is what such a check is for. Raises InvalidInput.
    """
    what.check()
    agrees = uow.trail.root(what.origin, what.size) == what.root
    permit = oversight.guard.permit(
        uow, actor, Action.WRITE, Item(Kind.LOG_STATE, what.named), purpose=purpose_of(actor), facts=Facts(),
        outcome=what.verdict if agrees else what.verdict + DIFFERS,
    )  # fmt: skip
    return shape(
        permit.profile,
        {
            "entry": permit.entry.hex(), "origin": what.origin, "size": what.size, "verdict": what.verdict,
            "agrees": agrees,
        },
    )  # fmt: skip
