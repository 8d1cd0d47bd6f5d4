"""Follow-up's pages of gated access: how one's requests stand, what was given until when, and how to ask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from gateway.gate import Authenticated
from gateway.pages.site import Door, Visit
from vault.cases.access_requests import (
    ANSWERABLE,
    GRANTABLE,
    IDENTITY_FIELDS,
    NAMED_BY_OTHERS,
    Manner,
    Naming,
    Standing,
)
from vault.errors import ConfigurationError
from vault.ids import ReleaseId, RequestId
from vault.usecases import asking, ceremony

_SHOWN: Final = 50
_WAITING: Final = frozenset(stand.value for stand in (*ANSWERABLE, Standing.BEGUN))
#: What a field of the use case is called on the form.
_FIELD_OF: Final = {naming.value: "value" for naming in NAMED_BY_OTHERS}


class AskingPages:
    """Ask, look how it stands, answer a question, open what was granted."""

    def __init__(self, door: Door) -> None:
        services = door.gate.services
        if door.zone not in services.access or door.zone not in services.reception:
            raise ConfigurationError("this process has no keys to ask with")
        self.door = door
        self.office = services.access[door.zone]
        self.reception = services.reception[door.zone]

    async def home(self, visit: Visit) -> Response:
        """Grants that live, requests that wait, those that are over."""
        rows = await visit.run(lambda uow, actor: asking.list_own(uow, actor, self.office, limit=_SHOWN), quick=False)
        now = self.office.clock.now()
        live = [row for row in rows if row["standing"] == Standing.GRANTED.value]
        waiting = [row for row in rows if row["standing"] in _WAITING]
        over = [row for row in rows if row not in live and row not in waiting]
        return visit.draw(
            "home_follow_up.html", live=[with_time_left(row, row["expires_at"], now) for row in live],
            waiting=[with_time_left(row, row["due_at"], now) for row in waiting], over=over[:10],
        )  # fmt: skip

    async def new(self, visit: Visit) -> Response:
        """A request. The receipt is the same whether or not there is such a case."""
        await visit.who()
        form = visit.form
        if visit.saving:
            cmd = self._command(visit)
            if cmd is not None:
                reply = await visit.attempt(
                    lambda uow, actor: asking.file(uow, actor, cmd, self.office), quick=False, main="value"
                )
                if reply is not None:
                    return visit.go(f"/requests/{reply['request']}", done="asked")
                told = visit.faults.by_field
                visit.faults.by_field = {_FIELD_OF.get(name, name): code for name, code in told.items()}
        values = {name: form.text(name) for name in ("naming", "value", "basis", "reason", "hours")}
        return visit.draw(
            "access_new.html", values=values, chosen=form.all("fields"), fields=GRANTABLE, namings=NAMED_BY_OTHERS,
            bases=self.office.rules.bases, longest=self.office.rules.longest_hours,
        )  # fmt: skip

    def _command(self, visit: Visit) -> asking.Ask | None:
        """None, with the faults told, for what was left out or is no number."""
        form = visit.form
        hours = _number(visit, "hours")
        if form.text("naming") not in NAMED_BY_OTHERS:
            visit.faults.add("naming", "missing")
        for name in ("value", "basis", "reason", "hours"):
            if not form.text(name).strip():
                visit.faults.add(name, "missing")
        if not form.all("fields"):
            visit.faults.add("fields", "missing")
        if hours is None:
            visit.faults.add("hours", "unusable")
        if visit.faults or hours is None:
            return None
        return asking.Ask(
            Naming(form.text("naming")), form.text("value").strip(), form.all("fields"), form.text("basis"),
            form.text("reason"), hours,
        )  # fmt: skip

    async def one(self, visit: Visit) -> Response:
        """How one request stands; where something was asked back, the answer."""
        wanted = RequestId.parse(visit.place("number"))
        if visit.saving:
            cmd = _explanation(visit)
            if cmd is not None:
                reply = await visit.attempt(
                    lambda uow, actor: asking.explain(uow, actor, wanted, cmd, self.office), quick=False
                )
                if reply is not None:
                    return visit.go(f"/requests/{wanted.hex()}", done="explained")
        found = await visit.run(lambda uow, actor: asking.read_own(uow, actor, wanted, self.office), quick=False)
        form = visit.form
        values = {
            "basis": form.text("basis", found["basis"]), "reason": form.text("reason", found["reason"]),
            "hours": form.text("hours", str(found["hours"])), "minutes": form.text("minutes", str(found["minutes"])),
        }  # fmt: skip
        given = found["standing"] in (Standing.GRANTED.value, Standing.BEGUN.value)
        ends = found["expires_at"] if given else found["due_at"]
        return visit.draw(
            "access_own.html", found=with_time_left(found, ends, self.office.clock.now()), values=values,
            chosen=form.all("fields") if visit.posted else found["asked_for"], bases=self.office.rules.bases,
        )  # fmt: skip

    async def ceremony(self, visit: Visit) -> Response:
        """Ask who hides behind a pseudonym, for minutes. The receipt says no more than any other."""
        await visit.who()
        form, names = visit.form, ("value", "basis", "reason", "minutes")
        if visit.saving:
            minutes = _number(visit, "minutes")
            for name in names:
                if not form.text(name).strip():
                    visit.faults.add(name, "missing")
            if minutes is None:
                visit.faults.add("minutes", "unusable")
            if not visit.faults and minutes is not None:
                cmd = asking.Ask(
                    Naming.PSEUDONYM, form.text("value").strip(), (), form.text("basis"), form.text("reason"), 0,
                    Manner.CEREMONY, minutes,
                )  # fmt: skip
                reply = await visit.attempt(
                    lambda uow, actor: asking.file(uow, actor, cmd, self.office), quick=False, main="value"
                )
                if reply is not None:
                    return visit.go(f"/requests/{reply['request']}", done="asked")
                told = visit.faults.by_field
                visit.faults.by_field = {_FIELD_OF.get(name, name): code for name, code in told.items()}
        return visit.draw(
            "ceremony_new.html", values={name: form.text(name) for name in names}, bases=self.office.rules.bases,
            longest=self.office.rules.longest_minutes,
        )  # fmt: skip

    async def identified(self, visit: Visit) -> Response:
        """Who it is, after a click: each look is logged."""
        wanted = ReleaseId.parse(visit.place("ceremony"))
        return await self._shown(
            visit, lambda uow, actor: ceremony.read_identity(uow, actor, wanted, self.office, self.reception),
            "ceremony_identity.html", IDENTITY_FIELDS,
        )  # fmt: skip

    async def granted(self, visit: Visit) -> Response:
        """What was granted, after a click: each look is logged."""
        wanted = ReleaseId.parse(visit.place("grant"))
        return await self._shown(
            visit, lambda uow, actor: asking.read_granted(uow, actor, wanted, self.office, self.reception),
            "access_granted.html", GRANTABLE,
        )  # fmt: skip

    async def _shown(self, visit: Visit, read: Authenticated, template: str, fields: Iterable[str]) -> Response:
        """Nothing before the click; then what is told, and what time is left."""
        await visit.who()
        found: Any = None
        if visit.saving:
            told = await visit.run(read, quick=False)
            found = with_time_left(told, told["expires_at"], self.office.clock.now())
        return visit.draw(template, found=found, fields=tuple(fields))


def _explanation(visit: Visit) -> asking.Explain | None:
    """None, with the fault told, for a length that is no number. A ceremony has minutes, and no fields to choose."""
    form, name = visit.form, "minutes" if visit.form.text("minutes") else "hours"
    length = _number(visit, name)
    if length is None:
        visit.faults.add(name, "unusable")
        return None
    if name == "minutes":
        return asking.Explain(form.text("basis"), form.text("reason"), minutes=length)
    return asking.Explain(form.text("basis"), form.text("reason"), length, list(form.all("fields")))


def _number(visit: Visit, name: str) -> int | None:
    text = visit.form.text(name).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None


def with_time_left(row: dict[str, Any], until: str, now: datetime) -> dict[str, Any]:
    """The row with the minutes that are left of it."""
    return row | {"remaining": max(0, int((datetime.fromisoformat(until) - now).total_seconds() // 60))}
