"""Casework's pages of lawful exceptions: those of a case, a form to file one, and that the person was told.

Names of items are shown, never what stands in them. Single facts stand in the form by code and date once the coach asks
to see them, which is a look like any other; a head, who supervises without what was confided, names fields alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from starlette.responses import Response

from gateway.pages.casework import CaseworkPages
from gateway.pages.site import Door, Visit
from vault.access.actor import Actor
from vault.cases.calendar import belgian_day
from vault.cases.exceptions import ITEM_FACTS, ITEM_FIELDS, MOST_ITEMS, Silence
from vault.errors import InvalidInput, NotFound
from vault.ids import CaseId, RequestId
from vault.unit_of_work import UnitOfWork
from vault.usecases import exceptions, facts
from vault.usecases.answering import desk_of
from vault.vocabulary import CASEWORK, Role, Zone

#: What the use case calls it, what the form calls it, and what is said of it there.
_TOLD: Final[dict[str, tuple[str, str]]] = {
    "basis": ("basis", "basis_none"),
    "recipient": ("basis", "basis_none"),
    "items": ("items", "items_other"),
    "reason": ("reason", "reason_names"),
    "hours": ("hours", "hours_number"),
    "ground": ("ground", "silence_whole"),
    "until": ("until", "silence_day"),
}
_TYPED: Final = ("basis", "reason", "hours", "ground", "until")


class ExceptionPages(CaseworkPages):
    """For the coach of the case and the head of its region; the use cases decide again."""

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        self.desk = desk_of(door.gate.services.access[CASEWORK], self.casework)
        self.rules = self.desk.office.exceptions

    async def all(self, visit: Visit) -> Response:
        """The exceptions of a case, the newest first: how each stands, which day counts for what."""
        rows = await self._rows(visit, self.wanted(visit))
        return visit.draw("exceptions.html", rows=rows, reference=visit.place("case"), **self._words(visit))

    async def new(self, visit: Visit) -> Response:
        """File one: named items, for one recipient, upon one basis. Nothing leaves now."""
        case, form = self.wanted(visit), visit.form
        await self._rows(visit, case)  # whoever may not see them learns nothing of the office's file either
        if visit.saving and "_facts" not in form:
            cmd = self._command(visit, case)
            if cmd is not None:
                reply = await visit.attempt(
                    lambda uow, actor: exceptions.file(uow, actor, cmd, self.desk), quick=False, main="form"
                )
                if reply is not None:
                    return visit.go(f"/cases/{visit.place('case')}/exceptions", done="exception_filed")
                told = visit.faults.by_field
                visit.faults.by_field = dict(_TOLD.get(name, (name, code)) for name, code in told.items())
        ticked = form.all("items")
        shown = None
        if "_facts" in form or any(":" in item for item in ticked):
            shown = await self._facts(visit, case)
        return visit.draw(
            "exception_form.html", reference=visit.place("case"), values={name: form.text(name) for name in _TYPED},
            ticked=ticked, fields=tuple(ITEM_FIELDS), shown=shown, most=MOST_ITEMS,
            gives={code: basis for code, basis in self.rules.bases.items() if basis.recipients},
            **self._words(visit),
        )  # fmt: skip

    async def told(self, visit: Visit) -> Response:
        """What the person is to be told, and the button that writes down that it was."""
        case, number = self.wanted(visit), RequestId.parse(visit.place("number"))
        if visit.saving:
            reply = await visit.attempt(
                lambda uow, actor: exceptions.record_notice(uow, actor, case, number, self.desk), quick=False
            )
            if reply is not None:
                return visit.go(f"/cases/{visit.place('case')}/exceptions", done="exception_told")
        row = next((row for row in await self._rows(visit, case) if row["request"] == number.hex()), None)
        if row is None:
            raise NotFound("no such item, or not for you")
        return visit.draw("exception_told.html", row=row, reference=visit.place("case"), **self._words(visit))

    # -- parts ------------------------------------------------------------------------------------------

    async def _rows(self, visit: Visit, case: CaseId) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await visit.run(
            lambda uow, actor: exceptions.list_of_case(uow, actor, case, self.desk), quick=False
        )
        return found

    async def _facts(self, visit: Visit, case: CaseId) -> list[dict[str, Any]] | None:
        """Those that hold, by code and date; None for who may not read them."""
        if (await visit.who()).role is not Role.COACH:
            return None

        def work(uow: UnitOfWork, actor: Actor) -> list[dict[str, Any]]:
            return [
                {"item": f"{kind.value}:{each['fact']}", "kind": kind.value}
                | {name: each[name] for name in ("code", "on", "written_at")}
                for kind in ITEM_FACTS
                for each in facts.read_facts(uow, actor, case, kind, self.casework)["facts"]
                if each["holds"]
            ]

        found: list[dict[str, Any]] = await visit.run(work, quick=False)
        return found

    def _command(self, visit: Visit, case: CaseId) -> exceptions.File | None:
        """None, with the faults told in the form's order, for what is no whole form."""
        form, faults = visit.form, visit.faults
        basis, _, name = form.text("basis").partition("/")
        items, reason, hours = form.all("items"), form.text("reason").strip(), form.text("hours").strip()
        recipient = _zone(name)
        if recipient is None:
            faults.add("basis", "basis_none")
        if not 1 <= len(items) <= MOST_ITEMS:
            faults.add("items", "items_none")
        if not reason:
            faults.add("reason", "reason_names")
        if not (hours.isascii() and hours.isdigit() and len(hours) < 5):
            faults.add("hours", "hours_number")
        ground, until = form.text("ground"), form.text("until").strip()
        silence = _silence(ground, until)
        if silence is None and (ground or until):
            faults.add("until" if ground else "ground", "silence_whole")
        if faults or recipient is None:
            return None
        try:  # told at once, so that a slip is no attempt in the person's report
            self.rules.check(basis, recipient)
            self.rules.check_hours(int(hours))
            self.rules.check_silence(silence, belgian_day(self.casework.clock.now()))
        except InvalidInput as refused:
            faults.add(*_TOLD[refused.field or "basis"])
            return None
        return exceptions.File(case, basis, recipient, items, reason, int(hours), silence)

    def _words(self, visit: Visit) -> dict[str, Any]:
        """What bases, grounds and recipients are called here, and the office's terms."""
        organisations: Mapping[Zone, Any] = self.casework.rules.organisations
        return {
            "bases": {code: basis.text for code, basis in self.rules.bases.items()}, "grounds": self.rules.grounds,
            "partner_names": {str(zone): one.names[visit.language] for zone, one in organisations.items()},
            "rules": self.rules,
        }  # fmt: skip


def _zone(text: str) -> Zone | None:
    try:
        return Zone.parse(text)
    except ValueError:
        return None


def _silence(ground: str, until: str) -> Silence | None:
    """None where either is missing, or the day is none."""
    try:
        return Silence(ground, date.fromisoformat(until)) if ground else None
    except ValueError:
        return None
