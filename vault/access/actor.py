"""Who is asking, as far as the vault cares: authenticated by the gateway, never named by the request."""

from __future__ import annotations

from dataclasses import dataclass

from vault.audit.events import Detail
from vault.ids import ActorId, SessionId
from vault.vocabulary import Role, Zone


@dataclass(frozen=True, slots=True)
class Actor:
    """log_name: the actor's pseudonym in the log. name, source (network address): for the sealed detail only."""

    id: ActorId
    role: Role
    zone: Zone
    region: str
    session: SessionId
    log_name: str
    name: str = ""
    source: str = ""

    def detail(self, reason: str = "") -> Detail:
        """Who exactly, from where and why: what only oversight opens."""
        return Detail(self.id.hex(), self.name, self.source, reason)
