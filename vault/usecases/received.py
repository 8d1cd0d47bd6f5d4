"""What another zone does with what was sealed to it: list it, open one. Follow-up, partners and oversight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Guard, Item
from vault.access.releases import REFERRAL_FIELDS, Receiver
from vault.access.shaping import shape
from vault.errors import InvalidInput
from vault.ids import ReleaseId
from vault.unit_of_work import ReleaseRow, UnitOfWork
from vault.usecases.casework import Values
from vault.vocabulary import Action, Facts, Kind, Purpose

LIST_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Reception:
    """A receiving zone's services."""

    guard: Guard
    receiver: Receiver


def list_received(
    uow: UnitOfWork, actor: Actor, kind: Kind, purpose: Purpose, reception: Reception, *, limit: int = 50,
    before: datetime | None = None,
) -> list[Values]:  # fmt: skip
    """Releases sealed to the actor's zone, newest first; what expired or was withdrawn is not among them."""
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    permit = reception.guard.permit(
        uow, actor, Action.LIST, Item(kind), purpose=purpose, facts=Facts.of(addressed=True, consent=True)
    )
    now = reception.receiver.clock.now()
    rows = uow.releases.addressed(reception.receiver.zone, kind, limit, before)
    return [shape(permit.profile, _outside(row, reception.receiver)) for row in rows if is_live(row, now)]


def read_received(
    uow: UnitOfWork, actor: Actor, kind: Kind, purpose: Purpose, release: ReleaseId, reception: Reception
) -> Values:
    """Open one release. Raises NotFound for one that is unknown, addressed to another zone, expired or withdrawn."""
    receiver = reception.receiver
    row = uow.releases.get(release)
    if row is not None and row.kind is not kind:
        row = None
    live = row is not None and is_live(row, receiver.clock.now())
    facts = Facts.of(addressed=row is not None and row.reader == actor.zone and live, consent=live)
    subject = receiver.pseudonym(row) if row is not None and row.reader == actor.zone else ""
    permit = reception.guard.permit(
        uow, actor, Action.READ, Item(kind, release.hex(), None, subject), purpose=purpose, facts=facts
    )
    assert row is not None
    content = receiver.open(uow, permit, row).expose()
    absent = dict.fromkeys(REFERRAL_FIELDS) if kind is Kind.REFERRAL else {}
    return shape(permit.profile, {**absent, **content, **_outside(row, receiver)})


def is_live(row: ReleaseRow, now: datetime) -> bool:
    """Whether it was neither withdrawn nor has it ended."""
    return row.withdrawn_at is None and (row.expires_at is None or now < row.expires_at)


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
    """The last day on which something that ends at `expires_at` (exclusive) can be read."""
    return (expires_at - timedelta(microseconds=1)).date()
