"""How the installation runs, for its operator: no content, no counts of anybody's work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.access_log import oversight_of
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Authenticated, Gate
from gateway.log.quorum import quorum_of
from vault.access.shaping import shape
from vault.oversight.standing import standing_values
from vault.oversight.timetable import Line
from vault.usecases import operation
from vault.vocabulary import Action, Kind, Purpose

#: What is told of the log: how far it is, never what is in it.
_OF_THE_LOG = ("size", "turned_at", "waiting", "lag_seconds", "quorum", "cosigned_size", "cosigned_at")
Run = Callable[[Authenticated], Awaitable[Any]]


async def operating(gate: Gate, run: Run) -> dict[str, Any]:
    """What the log says of every process, and what this one knows of itself."""
    services, oversight = gate.services, oversight_of(gate)
    directory, now = services.directory, services.clock.now()
    zones = [entry.zone for entry in directory.entries]
    seen: operation.Observed = await run(lambda uow, actor: operation.observe(uow, actor, zones, oversight))
    standing, lives = seen.standing, {life.zone: life for life in seen.zones}
    log: dict[str, Any] | None = None
    if standing is not None:
        told = await asyncio.to_thread(lambda: standing_values(standing, quorum_of(services.settings), now))
        log = {name: told[name] for name in _OF_THE_LOG}
    return shape(
        seen.profile,
        {
            "version": version("parefeu"), "policy": services.firewall.digest.hex(),
            "store": "SQLite" if services.store.sqlite else "PostgreSQL",
            "directory": {
                "serial": directory.serial, "issued_at": directory.issued_at.isoformat(timespec="seconds"),
                "days": operation.days_between(directory.issued_at, now),
            },
            "zones": [
                {
                    "zone": str(entry.zone), "served_here": entry.zone in services.sign_in,
                    "key_version": entry.key_version, **_life(lives.get(str(entry.zone))),
                    "keys_days": operation.days_between(
                        lives[str(entry.zone)].keys_since if str(entry.zone) in lives else None, now
                    ),
                }
                for entry in directory.entries
            ],
            "log": log,
            "gaps": standing.gaps if standing is not None else None,
            "filing": {
                "filed": seen.filed, "unfiled": seen.unfiled,
                "seconds": services.filing_pace.seconds_for(seen.unfiled) if seen.unfiled else 0,
            },
            "swept_at": seen.swept_at, "erased": seen.erased,
            "timetable": {
                "version": oversight.timetable.version, "digest": oversight.timetable.digest.hex(),
                "lines": [_line(line) for line in operation.reckoned(seen, oversight, directory, now)],
            },
        },
    )  # fmt: skip


def _line(line: Line) -> dict[str, Any]:
    """Dates as texts; None where it was never done, nothing is due, or no command does it yet."""
    return {
        "duty": line.duty.value, "zone": line.zone or None,
        "done_at": line.done_at.isoformat(timespec="seconds") if line.done_at is not None else None,
        "due_on": line.due_on.isoformat() if line.due_on is not None else None,
        "state": line.state.value, "command": line.command or None,
    }  # fmt: skip


def _life(life: operation.ZoneLife | None) -> dict[str, Any]:
    names = operation.ZoneLife._fields[1:]
    return dict.fromkeys(names) if life is None else {name: getattr(life, name) for name in names}


def router(gate: Gate) -> APIRouter:
    api = APIRouter(tags=["oversight"], route_class=StrictRoute)

    async def read_operation(request: Request) -> Response:
        """Signs of life of every zone, ages of keys, the log's lag, what was swept and erased, what is due when."""
        return json_response(await operating(gate, lambda work: gate.run(request, work, quick=False)))

    api.add_api_route(
        "/oversight/operation", read_operation, operation_id="oversight_read_operation", response_model=None,
        openapi_extra=Asks("oversight", Action.READ, Kind.OPERATION, Purpose.ACCESS_REVIEW).extra(),
    )  # fmt: skip
    return api
