"""Whose a case is: a head gives it to a coach or has one chosen; the desk has a first one chosen."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gateway.pages.casework import CaseworkPages
from gateway.pages.site import Visit
from vault.access.actor import Actor
from vault.cases.assignment import ABSOLUTE
from vault.errors import NotAssignable, NotFound
from vault.ids import ActorId
from vault.unit_of_work import UnitOfWork
from vault.usecases import assign
from vault.vocabulary import Role

#: What is sent where nobody is named.
_CHOOSE = "choose"


class AssigningPages(CaseworkPages):
    """The acts of the log are those of the API's routes. Names here are of staff alone."""

    async def coach(self, visit: Visit) -> Response:
        """Who has the case, who could take it and what speaks against it; give it to one."""
        case, role = self.wanted(visit), (await visit.who()).role
        if role not in (Role.REGIONAL_HEAD, Role.DESK_OFFICER):
            raise NotFound("no such page")
        named = visit.form.text("coach", _CHOOSE) if visit.saving else _CHOOSE
        obstacles: list[str] = []
        if visit.saving:
            cmd = assign.Assign(case, None if named == _CHOOSE else ActorId.parse(named))

            def give(uow: UnitOfWork, actor: Actor) -> Any:
                try:
                    return assign.assign(uow, actor, cmd, self.casework)
                except NotAssignable as refused:
                    obstacles[:] = refused.obstacles
                    raise

            if await visit.attempt(give) is not None:
                return visit.go(f"/cases/{visit.place('case')}", done="assigned")

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, Any]:
            status = self.status(uow, actor, case)
            head = role is Role.REGIONAL_HEAD
            return status, assign.read_assignment(uow, actor, case, self.casework) if head else None

        status, found = await visit.run(work)
        return visit.draw(
            "coach.html", case=status, found=found, reference=visit.place("case"), chosen=named, choose=_CHOOSE,
            never={one.value for one in ABSOLUTE}, obstacles=obstacles,
        )  # fmt: skip
