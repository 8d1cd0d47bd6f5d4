"""The operator's page: whether everything lives, how old the keys are, how far the log lags. No content, no entry."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gateway.api.operation import operating
from gateway.pages.site import Door, Handler, Visit
from vault.oversight.timetable import Duty, Punctuality
from vault.vocabulary import Role

#: A zone that beats says so every ten minutes at least, also when nobody works.
_SILENT: Final = 15  # minutes
_SLOW: Final = 5.0  # seconds: the log's own bound


class OperationPages:
    def __init__(self, door: Door) -> None:
        self.door = door

    async def page(self, visit: Visit) -> Response:
        found = await operating(self.door.gate, lambda work: visit.run(work, quick=False))
        return visit.draw("operation.html", found=found, troubles=troubles(found), silent=_SILENT)

    def home(self, others: Handler) -> Handler:
        """The zone's first page: this one for the operator, another for everybody else."""

        async def first(visit: Visit) -> Response:
            operator = (await visit.who()).role is Role.OPERATOR
            return await (self.page(visit) if operator else others(visit))

        return first


def _late(found: dict[str, Any]) -> set[str]:
    return {line["duty"] for line in found["timetable"]["lines"] if line["state"] == Punctuality.LATE}


def troubles(found: dict[str, Any]) -> list[str]:
    """What wants the operator's hand: codes of `words.WORDS["trouble"]`."""
    log = found["log"]
    so = {
        "filing": log is None,
        "no_tree": log is not None and not log["size"],
        "lag": log is not None and log["waiting"] > 0 and (log["lag_seconds"] is None or log["lag_seconds"] > _SLOW),
        "gaps": bool(found["gaps"]),
        "quorum": log is not None and log["quorum"] in ("not_met", "unknown"),
        **{f"late_{duty}": duty in _late(found) for duty in Duty},
        "silent": any(zone["started_at"] is None for zone in found["zones"]) and log is not None,
    }
    return [name for name, here in so.items() if here]
