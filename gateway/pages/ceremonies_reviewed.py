"""Ceremonies for auditor and data protection officer: every one until two people reviewed it, and one's signatures.

What the page says of a signature, whoever doubts it checks elsewhere: the file beside it holds all that this takes.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from gateway.pages.log import OversightPages
from gateway.pages.site import Door, Visit
from vault.errors import ConfigurationError
from vault.ids import ReleaseId
from vault.usecases import ceremony_review


class CeremonyWatch(OversightPages):
    """Reading one is logged, also where it is kept as a file."""

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        office = door.gate.services.access.get(door.zone)
        if office is None:
            raise ConfigurationError("this process has no keys to open forms with")
        self.office = office

    async def queue(self, visit: Visit) -> Response:
        """Those still to be reviewed, or all of a year."""
        waiting = not visit.asked("all")
        rows = await visit.run(
            lambda uow, actor: ceremony_review.list_ceremonies(uow, actor, None, self.oversight, waiting=waiting),
            quick=False,
        )
        return visit.draw("ceremony_watch.html", rows=rows, waiting=waiting)

    async def one(self, visit: Visit) -> Response:
        """What was asked and why, who signed, whether it holds."""
        return visit.draw("ceremony_signatures.html", found=await self._read(visit))

    async def file(self, visit: Visit) -> Response:
        """The form and its approvals, for `parefeu access check`."""
        found = await self._read(visit)
        name = f'attachment; filename="ceremony-{found["ceremony"][:8]}.json"'
        content = json.dumps(found, ensure_ascii=False, indent=2).encode()
        return Response(content, media_type="application/json", headers={"content-disposition": name})

    async def _read(self, visit: Visit) -> dict[str, Any]:
        wanted = ReleaseId.parse(visit.place("ceremony"))
        found: dict[str, Any] = await visit.run(
            lambda uow, actor: ceremony_review.read_ceremony(uow, actor, wanted, self.oversight, self.office),
            quick=False,
        )
        return found
