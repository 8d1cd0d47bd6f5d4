"""Who is asking, as far as the vault cares: authenticated by the gateway, never named by the request."""

from __future__ import annotations

from typing import NamedTuple

from vault.audit.events import Detail
from vault.ids import ActorId, SessionId
from vault.vocabulary import Role, Zone


class Actor(NamedTuple):
    """log_name: the actor's pseudonym in the log. name, source (network address): for the sealed detail only."""

    id: ActorId
    role: Role
    zone: Zone
    region: str
    session: SessionId
    log_name: str
    name: str = ""
    source: str = ""
    introduced: bool = False  # the session's first entry already says who, and from this same address
    must_step_up: bool = False  # before anything is released: a session of an identity provider, or one too old

    def detail(self, reason: str = "") -> Detail | None:
        """Who exactly, from where and why: only oversight opens it. None where the sign-in's entry says it all."""
        if self.introduced and not reason:
            return None
        return Detail(self.id.hex(), self.name, self.source, reason)
