"""One's own sessions: which are open, and ending any of them. Nobody sees or ends another's here.

list_open(uow, actor, clock)                 oldest first; the one that asks is marked
end_one(uow, actor, session, clock)
end_others(uow, actor, clock)                all but the one that asks
"""

from __future__ import annotations

from vault.access.actor import Actor
from vault.audit.events import Event, Happening, Verdict
from vault.errors import NotFound
from vault.ids import EntryId, SessionId
from vault.ports import Clock
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Values


def list_open(uow: UnitOfWork, actor: Actor, clock: Clock) -> list[Values]:
    """The actor's sessions that have neither ended nor run out. service: a token that was issued for a program."""
    return [
        {
            "session": one.session.hex(),
            "begun_at": one.begun_at,
            "expires_at": one.expires_at,
            "service": one.service,
            "here": one.session == actor.session,
        }
        for one in uow.sessions.open_of(actor.id, clock.now())
    ]


def end_one(uow: UnitOfWork, actor: Actor, session: SessionId, clock: Clock) -> None:
    """End it; the very next request with its token is refused. Raises NotFound, also for one of somebody else."""
    now = clock.now()
    if session not in {one.session for one in uow.sessions.open_of(actor.id, now)}:
        raise NotFound("no such item, or not for you")
    uow.sessions.end(session, now, _noted(uow, actor, session.hex(), 1))


def end_others(uow: UnitOfWork, actor: Actor, clock: Clock) -> int:
    """End every session but the one that asks, tokens of programs among them. Returns how many."""
    now = clock.now()
    others = [one.session for one in uow.sessions.open_of(actor.id, now) if one.session != actor.session]
    if others:
        entry = _noted(uow, actor, "", len(others))
        for session in others:
            uow.sessions.end(session, now, entry)
    return len(others)


def _noted(uow: UnitOfWork, actor: Actor, ended: str, count: int) -> EntryId:
    event = Event(
        Happening.SIGNED_OUT.value, "session", Verdict.NONE, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), object=ended, outcome="from_elsewhere", count=count,
    )  # fmt: skip
    return uow.audit.append(event, actor.detail())
