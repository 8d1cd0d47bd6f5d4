"""What another zone does with what was sealed to it: list it, open one. Follow-up, partners and oversight.

What was withdrawn, or is covered by no protocol that runs, is not there any more. Whoever reads holds the zone's sight
(`Releases.hold`) until the commit, so that no answer is given from what was withdrawn before it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.correspondence import Correspondence
from vault.access.enforcement import Guard, Item
from vault.access.releases import Receiver
from vault.access.shaping import shape
from vault.cases.calendar import belgian_day
from vault.cases.partners import FIELDS
from vault.cases.protocols import Protocols, categories_of, categories_of_referral
from vault.errors import InvalidInput, NotFound
from vault.ids import ReleaseId
from vault.unit_of_work import ReleaseRow, UnitOfWork
from vault.usecases.casework import Values
from vault.vocabulary import Action, Compartment, Facts, Kind, Purpose

LIST_LIMIT: Final = 200
#: For what another body gets each kind. Oversight, which belongs to the office, has a purpose of its own.
PURPOSES_OF: Final = {Kind.OUTCOME_SHEET: Purpose.OQT_FOLLOW_UP, Kind.REFERRAL: Purpose.REFERRAL}


@dataclass(frozen=True, slots=True)
class Reception:
    """A receiving zone's services."""

    guard: Guard
    receiver: Receiver
    correspondence: Correspondence
    protocols: Protocols

    def agreed(self, purpose: Purpose, categories: Collection[Compartment] = ()) -> bool:
        """Whether a protocol that runs now lets this zone's body have these at all."""
        return self.protocols.covers(self.receiver.zone, purpose, categories, self.receiver.clock.now())


def list_received(
    uow: UnitOfWork, actor: Actor, kind: Kind, purpose: Purpose, reception: Reception, *, limit: int = 50,
    before: datetime | None = None,
) -> list[Values]:  # fmt: skip
    """Releases sealed to the actor's zone, newest first; what expired or was withdrawn is not among them.

    Raises ProtocolMissing where no protocol with this zone's body runs: it is about no case, so it may be told.
    """
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    permit = reception.guard.permit(
        uow, actor, Action.LIST, Item(kind), purpose=purpose,
        facts=Facts.of(addressed=True, consent=True), config=reception.protocols.digest.hex(),
    )  # fmt: skip
    reception.protocols.require(reception.receiver.zone, purpose, (), reception.receiver.clock.now())
    now = reception.receiver.clock.now()
    hold_sight(uow, kind, reception)
    rows = uow.releases.addressed(reception.receiver.zone, kind, limit, before)
    return [shape(permit.profile, _line(row, reception.receiver)) for row in rows if is_live(row, now)]


def read_received(
    uow: UnitOfWork, actor: Actor, kind: Kind, purpose: Purpose, release: ReleaseId, reception: Reception
) -> Values:
    """Open one release. Raises NotFound for one that is unknown, addressed to another zone, expired or withdrawn."""
    row, facts, subject = open_to(uow, actor, kind, release, reception)
    permit = reception.guard.permit(
        uow, actor, Action.READ, Item(kind, release.hex(), None, subject), purpose=purpose, facts=facts,
        config=reception.protocols.digest.hex(),
    )  # fmt: skip
    assert row is not None
    content = reception.receiver.open(uow, permit, row).expose()
    if not reception.agreed(purpose, _carried(kind, content)):
        raise NotFound("no such item, or not for you")  # a protocol that replaced the one it left by covers less
    absent = dict.fromkeys(FIELDS) if kind is Kind.REFERRAL else {}
    return shape(permit.profile, {**absent, **content, **_outside(row, reception.receiver)})


def _carried(kind: Kind, content: Mapping[str, Any]) -> frozenset[Compartment]:
    if kind is Kind.REFERRAL:
        return categories_of_referral(set(content) & set(FIELDS))
    return categories_of(kind, content)


def open_to(
    uow: UnitOfWork, actor: Actor, kind: Kind, release: ReleaseId, reception: Reception
) -> tuple[ReleaseRow | None, Facts, str]:
    """The release if there is one of this kind, the facts about it, and the case's pseudonym here or "".

    Facts come from the rows as they are once the zone's sight is held: this zone's, not withdrawn, not ended.
    """
    receiver = reception.receiver
    hold_sight(uow, kind, reception)
    row = uow.releases.get(release, kind)
    live = row is not None and is_live(row, receiver.clock.now())
    mine = row is not None and row.reader == actor.zone
    subject = receiver.pseudonym(row) if row is not None and mine else ""
    agreed = reception.agreed(PURPOSES_OF[kind])  # not the row's word: what it was sealed for stands in the envelope
    return row, Facts.of(addressed=mine and live and agreed, consent=live), subject


def hold_sight(uow: UnitOfWork, kind: Kind, reception: Reception) -> None:
    """No withdrawal is acknowledged between this look and the commit. Sheets are never withdrawn: nobody waits."""
    if kind is Kind.REFERRAL:
        uow.releases.hold(reception.receiver.zone)


def is_live(row: ReleaseRow, now: datetime) -> bool:
    """Whether it has not ended by itself; what was withdrawn is not among the rows at all."""
    return row.expires_at is None or now < row.expires_at


def _line(row: ReleaseRow, receiver: Receiver) -> dict[str, Any]:
    """The same for a list, with the whole moment: lists are paged by it, and two releases may share a second."""
    moment = row.released_at.isoformat()
    return _outside(row, receiver) | {"handed_over_at": moment, "received_at": moment}


def _outside(row: ReleaseRow, receiver: Receiver) -> dict[str, Any]:
    """What the row itself tells."""
    return {
        "release": row.id.hex(),
        "pseudonym": receiver.pseudonym(row),
        "handed_over_at": row.released_at,
        "received_at": row.released_at,
        "expires_on": last_day(row.expires_at).isoformat() if row.expires_at else None,
    }


def last_day(expires_at: datetime) -> date:
    """The last day on which something that ends at `expires_at` (exclusive) can be read, in Belgium."""
    return belgian_day(expires_at - timedelta(microseconds=1))
