"""A coach's calendar for the programs that show calendars: times and places, and nobody.

Such a program cannot sign in. It is given an address with a secret in it, made by the coach, good for a while, and
revocable at once (docs/adr/0018). What it fetches names no case and no person, so that whoever finds the address
learns no more than that the coach is busy. Each fetch is decided and logged like any other look.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.cases.appointments import Channel, Status
from vault.cases.calendar import belgian_day, end_of
from vault.cases.model import LANGUAGES
from vault.errors import Conflict, InvalidInput, NotFound
from vault.ids import SessionId
from vault.unit_of_work import FeedRow, UnitOfWork
from vault.usecases.casework import Casework, Values
from vault.vocabulary import CASEWORK, Action, Facts, Kind, Purpose, Role

ADMIN: Final = Purpose.CASE_ADMINISTRATION
SECRET_BYTES: Final = 32
LIFETIME: Final = timedelta(days=180)
#: A computer, a telephone, and one being replaced.
MOST_FEEDS: Final = 5
BACK: Final = timedelta(days=7)
AHEAD: Final = timedelta(days=90)


def make_feed(uow: UnitOfWork, actor: Actor, language: str, casework: Casework) -> Values:
    """A new secret address. The reply is the only place where it ever stands. Raises Conflict, InvalidInput."""
    if language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    now = casework.clock.now()
    permit = casework.guard.permit(
        uow, actor, Action.WRITE, Item(Kind.CALENDAR), purpose=ADMIN, facts=Facts.of(own=True), outcome="address_made"
    )
    live = [feed for feed in uow.agenda.feeds(actor.id) if feed.revoked_at is None and feed.expires_at > now]
    if len(live) >= MOST_FEEDS:
        raise Conflict(f"{MOST_FEEDS} addresses of this calendar are live: revoke one first")
    secret = casework.entropy.bytes(SECRET_BYTES)
    ends = end_of(belgian_day(now + LIFETIME))  # the day that is told is good to its end
    feed = FeedRow(SessionId(permit.entry.raw), actor.id, language, now, ends, None)
    uow.agenda.add_feed(sha256(secret).digest(), feed, permit.entry)
    return shape(
        permit.profile,
        {
            "feed": feed.id.hex(), "address": f"/casework/calendar/{secret.hex()}/agenda.ics",
            "expires_on": _last_day(feed), "revoked": False,
        },
    )  # fmt: skip


def list_feeds(uow: UnitOfWork, actor: Actor, casework: Casework) -> list[Values]:
    """The addresses that the actor made, without the secrets; nobody has those."""
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.CALENDAR), purpose=ADMIN, facts=Facts.of(own=True)
    )  # fmt: skip
    return [
        shape(
            permit.profile,
            {
                "feed": feed.id.hex(), "language": feed.language, "created_at": feed.created_at,
                "expires_on": _last_day(feed), "revoked_at": feed.revoked_at,
            },
        )
        for feed in uow.agenda.feeds(actor.id)
    ]  # fmt: skip


def revoke_feed(uow: UnitOfWork, actor: Actor, feed: SessionId, casework: Casework) -> Values:
    """End an address; the very next fetch finds nothing. Raises NotFound for one that is not the actor's."""
    own = next((one for one in uow.agenda.feeds(actor.id) if one.id == feed), None)
    permit = casework.guard.permit(
        uow, actor, Action.WRITE, Item(Kind.CALENDAR, feed.hex()), purpose=ADMIN, facts=Facts.of(own=own is not None),
        outcome="address_revoked",
    )  # fmt: skip
    if own is None or not uow.agenda.revoke_feed(feed, actor.id, casework.clock.now(), permit.entry):
        raise NotFound("no such item, or not for you")
    return shape(
        permit.profile,
        {"feed": feed.hex(), "address": None, "expires_on": _last_day(own), "revoked": True},
    )


def _last_day(feed: FeedRow) -> str:
    """The last day in Belgium on which an address is good, some of it at least."""
    return belgian_day(feed.expires_at - timedelta(microseconds=1)).isoformat()


@dataclass(frozen=True, slots=True)
class Feed:
    """What a calendar program gets. language: of the few words in it."""

    language: str
    events: tuple[Values, ...]


def read_feed(uow: UnitOfWork, secret_hash: bytes, source: str, casework: Casework) -> Feed:
    """The coach's booked appointments, a week back and three months ahead. Raises NotFound for a dead address.

    Whose calendar it is comes from the database alone, in the transaction of the look; a coach who left has none.
    """
    now = casework.clock.now()
    row = uow.agenda.feed(secret_hash)
    staff = uow.staff.by_ids([row.actor]).get(row.actor) if row is not None else None
    live = row is not None and row.revoked_at is None and row.expires_at > now
    if row is None or staff is None or not live or not staff.active or staff.role != Role.COACH.value:
        raise NotFound("no such calendar")
    actor = Actor(staff.id, Role.COACH, CASEWORK, staff.region, row.id, staff.log_name, staff.display_name, source)
    found = [one for one in uow.agenda.of_coach(actor.id, now - BACK, now + AHEAD) if one.status is Status.BOOKED]
    permit = casework.guard.permit(
        uow, actor, Action.READ, Item(Kind.CALENDAR), purpose=ADMIN, facts=Facts.of(own=row.actor == actor.id),
        count=len(found),
    )  # fmt: skip
    events = [
        shape(
            permit.profile,
            {
                # Stable, and unrelated to every other name of the appointment.
                "uid": casework.index.token("calendar", f"{row.id.hex()}/{one.id.hex()}")[:16].hex(),
                "starts_at": one.slot.starts_at,
                "ends_at": one.slot.ends_at,
                "place": _place(one.slot.desk, one.slot.channel, casework),
                "sequence": one.version - 1,
            },
        )
        for one in found
    ]
    return Feed(row.language, tuple(events))


def _place(desk: str, channel: Channel, casework: Casework) -> str:
    """The name of a public office, or how one talks; never an address of anybody."""
    known = casework.organisation.desks.get(desk)
    return f"{known.site.name}, {known.name}" if known is not None else channel.value
