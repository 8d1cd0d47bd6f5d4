"""A recipient's pages of lawful exceptions: what a law or a court gave it, what has ended, one of it after a click."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gateway.pages.asking import with_time_left
from gateway.pages.site import Door, Visit
from vault.access.actor import Actor
from vault.cases.exceptions import ITEM_FACTS, ITEM_FIELDS
from vault.errors import ProtocolMissing
from vault.ids import ReleaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases import disclosing
from vault.usecases.received import LIST_LIMIT


class DisclosedPages:
    """Numbers and days in the list; the items after a click, each look an entry."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.reception = door.gate.services.reception[door.zone]

    async def all(self, visit: Visit) -> Response:
        """What can be opened now, then what has ended."""

        def work(uow: UnitOfWork, actor: Actor) -> tuple[list[Any], list[Any]]:
            live, over = (
                disclosing.list_disclosed(uow, actor, self.reception, limit=LIST_LIMIT, ended=ended)
                for ended in (False, True)
            )
            return live, over

        agreed = True
        try:
            live, over = await visit.run(work, quick=False)
        except ProtocolMissing:
            live, over, agreed = [], [], False
            await visit.who()  # the way on is shown all the same
        now = self.reception.receiver.clock.now()
        live = [with_time_left(row, row["expires_at"], now) for row in live]
        return visit.draw("disclosures.html", live=live, over=over, agreed=agreed, most=LIST_LIMIT)

    async def one(self, visit: Visit) -> Response:
        """The items, after a click. What has ended is answered like one that never was."""
        wanted = ReleaseId.parse(visit.place("disclosure"))
        await visit.who()
        found: Any = None
        if visit.saving:
            told = await visit.run(
                lambda uow, actor: disclosing.read_disclosed(uow, actor, wanted, self.reception), quick=False
            )
            found = with_time_left(told, told["expires_at"], self.reception.receiver.clock.now())
        return visit.draw(
            "disclosure.html", found=found, fields=tuple(ITEM_FIELDS), kinds=tuple(kind.value for kind in ITEM_FACTS)
        )
