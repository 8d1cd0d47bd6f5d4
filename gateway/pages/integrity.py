"""How whole the log is: in a banner on every page of oversight, on a page of its own, and by a check upon a button.

The banner is what the database says of itself. Reading it is logged, once in a while for each session: an entry for
every page would bury what the log is there to show.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from gateway.api.access_log import checked_standing, oversight_of
from gateway.gate import Gate
from gateway.log.live import LiveCheck
from gateway.log.quorum import quorum_of
from gateway.pages.site import Door, Visit
from vault.access.shaping import shape
from vault.audit.turns import period_of
from vault.errors import ConfigurationError, StoreBusy, VaultError
from vault.oversight.standing import standing_values
from vault.usecases import log_standing
from vault.vocabulary import Role

#: A session's banner is read anew after so long.
FRESH: Final = timedelta(minutes=1)
#: Entries may wait so many seconds for the tree before it is an alarm: the log's own bound.
_SLOW: Final = 5.0
_MOST_SESSIONS: Final = 256
State = dict[str, Any]


class Integrity:
    """Remembers for each session what its banner said, and when. Sessions are remembered by a digest of their token."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._oversight = oversight_of(gate)
        self._seen: OrderedDict[bytes, tuple[datetime, State]] = OrderedDict()

    async def banner(self, visit: Visit) -> State | None:
        """None where it cannot be told: whoever is not signed in, a firewall that refuses, a busy store."""
        key, now = hashlib.sha256(visit.session.encode()).digest(), self._gate.services.clock.now()
        at, state = self._seen.get(key, (now, None))
        if state is not None and timedelta(0) <= now - at < FRESH:
            return state
        try:
            if (await visit.who()).role is Role.OPERATOR:
                return None  # their own page says what concerns them; the log's state is not theirs to judge
            return await self.state(visit)
        except VaultError:
            return None

    async def state(self, visit: Visit) -> State:
        """Read it now."""
        profile, found = await visit.run(
            lambda uow, actor: log_standing.read_standing(uow, actor, self._oversight), quick=False
        )
        services = self._gate.services
        now = services.clock.now()
        values = await asyncio.to_thread(lambda: standing_values(found, quorum_of(services.settings), now))
        return self.keep(visit, shape(profile, values))

    def keep(self, visit: Visit, told: State) -> State:
        """What was told is what the session's next banners say."""
        state = told | {"alarms": alarms(told)}
        key = hashlib.sha256(visit.session.encode()).digest()
        self._seen[key] = (self._gate.services.clock.now(), state)
        self._seen.move_to_end(key)
        while len(self._seen) > _MOST_SESSIONS:
            self._seen.popitem(last=False)
        return state


def alarms(state: State) -> list[str]:
    """What is not as it should be: codes of `words.WORDS["integrity"]`."""
    verified = state["verified"] or {"verdict": "sound", "agrees": True}
    found = {
        "no_tree": not state["size"], "gaps": state["gaps"] > 0,
        "unnamed": _stays(state["origin"], state["turned_at"]), "illegible": state["illegible"] > 0,
        "contradicted": _lately(state["contradicted"], state["turned_at"]),
        "quorum": state["quorum"] in ("not_met", "unknown"),
        "lag": state["waiting"] > 0 and (state["lag_seconds"] is None or state["lag_seconds"] > _SLOW),
        "check_failed": verified["verdict"] != "sound", "check_differs": not verified["agrees"],
        "unchecked": state["verified"] is None,
    }  # fmt: skip
    return [name for name, so in found.items() if so]


def _stays(origin: str, turned_at: str | None) -> bool:
    """Whether entries went into the tree of a half-year that was over: the next one begins none without a name."""
    period = origin.rpartition("/")[2].partition("-")[0]
    return bool(period) and turned_at is not None and period < period_of(datetime.fromisoformat(turned_at))


def _lately(said_at: str | None, turned_at: str | None) -> bool:
    """Whether the log said so within a day. While it goes on it is said every hour."""
    if said_at is None or turned_at is None:
        return said_at is not None
    return datetime.fromisoformat(turned_at) - datetime.fromisoformat(said_at) < timedelta(days=1)


class StatePages:
    """The state of the log, and its check here and now."""

    def __init__(self, door: Door) -> None:
        if not isinstance(door.watch, Integrity):
            raise ConfigurationError("these pages belong to a door that watches the log")
        self._gate = door.gate
        self._integrity = door.watch
        self._live = LiveCheck(door.gate.services.settings)

    async def state(self, visit: Visit) -> Response:
        """How whole the log is; a form that is sent lets it be checked from its first entry, within seconds."""
        if visit.saving:
            try:
                told = await checked_standing(self._gate, self._live, lambda work: visit.run(work, quick=False))
            except StoreBusy:
                visit.faults.add("form", "checking")
            else:
                visit.banner = self._integrity.keep(visit, told)
                return visit.draw("log_state.html", state=visit.banner)
        return visit.draw("log_state.html", state=await self._integrity.state(visit))
