"""What a process says in its lanes besides the entries of its use cases, and how it ends them."""

from __future__ import annotations

import logging

from gateway.wiring import Services
from vault.audit.events import Detail, Event, Happening, Verdict
from vault.errors import StoreError
from vault.vocabulary import Zone

log = logging.getLogger("parefeu.log")


def write(services: Services, zone: Zone, *events: Event) -> None:
    """Entries of no use case, committed. Raises StoreUnavailable."""

    def work(uow: object) -> None:
        for event in events:
            uow.audit.append(event, Detail())  # type: ignore[attr-defined]

    services.worker.run(zone, work)


def close_lanes(services: Services) -> None:
    """The last entry of each lane: nothing comes after it. A store that is gone already is let go."""
    for zone, lane in services.lanes.items():
        if lane.announced:
            try:
                write(services, zone, Event(Happening.LANE_CLOSED, "lane", Verdict.NONE))
            except StoreError:
                log.warning("a lane was not closed", extra={"code": str(zone)})
            lane.open()


def closing_lanes(services: Services) -> Services:
    """The same services; once they are let go, their lanes are closed. For a command that is the whole process."""
    services.before_close.append(lambda: close_lanes(services))
    return services
