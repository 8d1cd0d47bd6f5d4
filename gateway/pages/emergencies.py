"""Emergencies on the screen: a colleague says why, a second person opens it, for minutes; and oversight's queue.

Nothing here finds a case: whoever asks knows its reference. Names and addresses stand in the answer to a pressed button
alone, so that neither going back nor another tab shows them again.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gateway.pages.casework import CaseworkPages
from gateway.pages.log import OversightPages
from gateway.pages.site import Visit
from vault.cases.break_glass import REASON_LONGEST, Cause, Standing
from vault.errors import InvalidIdentifier, NotFound
from vault.ids import BreakGlassId
from vault.usecases import break_glass, emergency_review
from vault.usecases.casework import parse_reference
from vault.vocabulary import Kind, Role

#: What can be looked at in one; the button's word.
_SEEN: Final = {"identity": Kind.IDENTITY, "contact": Kind.CONTACT}


class EmergencyPages(CaseworkPages):
    """For coaches and heads of a region."""

    async def all(self, visit: Visit) -> Response:
        """What concerns whoever is signed in; and the form to ask."""
        form = visit.form
        if visit.saving:
            cmd = self._command(visit)
            reply = None
            if cmd is not None:
                reply = await visit.attempt(
                    lambda uow, actor: break_glass.ask(uow, actor, cmd, self.casework), quick=False, main="reason"
                )
            if reply is not None:
                return visit.go(f"/emergencies/{reply['emergency']}", done="emergency_asked")
        rows = await visit.run(lambda uow, actor: break_glass.list_emergencies(uow, actor, self.casework))
        values = {name: form.text(name) for name in ("reference", "cause", "reason")}
        return visit.draw("emergencies.html", rows=rows, causes=tuple(Cause), values=values)

    def _command(self, visit: Visit) -> break_glass.Ask | None:
        """What the form says; None, with what is wrong told."""
        form = visit.form
        cause, reason = form.text("cause"), form.text("reason").strip()
        for name in ("reference", "cause", "reason"):
            if not form.text(name).strip():
                visit.faults.add(name, "missing")
        if len(reason) > REASON_LONGEST:
            visit.faults.add("reason", "too_long")
        if cause not in set(Cause):
            visit.faults.add("cause", "missing")
        if visit.faults:
            return None
        try:
            return break_glass.Ask(parse_reference(form.text("reference").strip()), Cause(cause), reason)
        except InvalidIdentifier:
            visit.faults.add("reference", "unusable")
            return None

    async def one(self, visit: Visit) -> Response:
        """One emergency: why, how it stands; opened by somebody else, looked at while it is open."""
        wanted, act = BreakGlassId.parse(visit.place("emergency")), visit.form.text("act")
        shown: dict[str, Any] = {}
        if visit.saving and act in _SEEN:
            shown = await visit.run(
                lambda uow, actor: break_glass.look_at(uow, actor, wanted, _SEEN[act], self.casework)
            )
        elif visit.saving:
            works = {"open": break_glass.open_for, "refuse": break_glass.refuse, "end": break_glass.end}
            if act not in works:
                raise NotFound("no such page")
            if await visit.attempt(lambda uow, actor: works[act](uow, actor, wanted, self.casework)) is not None:
                return visit.go(f"/emergencies/{wanted.hex()}", done=f"emergency_{act}")
        found: dict[str, Any] = await visit.run(
            lambda uow, actor: break_glass.read(uow, actor, wanted, self.casework)
        )  # fmt: skip
        assert visit.actor is not None
        return visit.draw(
            "emergency.html", found=found, shown=shown, looked_at=act if shown else "", waits=Standing.ASKED.value,
            runs=Standing.OPEN.value, coach=visit.actor.role is Role.COACH,
        )  # fmt: skip


class EmergencyWatch(OversightPages):
    """Every emergency as the log tells it, until two people reviewed it; and what may be published of them."""

    async def queue(self, visit: Visit) -> Response:
        """Those still to be reviewed, or all of a year; and the counts a quarter."""
        waiting = not visit.asked("all")
        rows, counts = await visit.run(
            lambda uow, actor: (
                emergency_review.list_uses(uow, actor, None, self.oversight, waiting=waiting),
                emergency_review.count_uses(uow, actor, self.oversight),
            ),
            quick=False,
        )
        return visit.draw("emergency_watch.html", rows=rows, counts=counts, waiting=waiting)
