"""The log for auditor and data protection officer: search, what explains each access, one entry and its sealed detail.

Reading it is logged, with what was looked for. Every look goes the way of the API's (`gateway.api.access_log`).
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from gateway.api.access_log import evidence_file, evidence_of, needs_of, oversight_of
from gateway.pages.erasures import waiting_for_a_word
from gateway.pages.site import Door, Visit
from vault.audit.reading import EntryFilter
from vault.cases.calendar import BRUSSELS
from vault.errors import InvalidInput
from vault.ids import EntryId
from vault.oversight.explaining import is_access
from vault.usecases import explanations, trail

_PAGE: Final = 40
#: Entries of the log that one page of unexplained accesses goes through.
_LOOKED_THROUGH: Final = 100
_LONGEST: Final = 60
#: What may be asked for by word, as it stands in the entries.
_WORDS: Final = ("actor", "subject", "role", "zone", "purpose", "decision", "rule", "action", "kind")
_DAY: Final = len("2026-11-03")


class OversightPages:
    """The handlers share oversight's services, and one memory of which facts the rules of policies asked for."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.oversight = oversight_of(door.gate)
        self.needs = needs_of(door.gate)


class LogPages(OversightPages):
    """Who looked at what, why, whether it was allowed, and what makes it plausible."""

    async def home(self, visit: Visit) -> Response:
        """The log; at its top, for the data protection officer who just comes in, what waits for their word alone."""
        comes_in = not visit.part and not visit.request.url.query
        return await self.entries(visit, await waiting_for_a_word(visit, self.door) if comes_in else 0)

    async def entries(self, visit: Visit, to_erase: int = 0) -> Response:
        """A page of the log with what explains each access; filtered and cut by the database."""
        given, wanted = _asked_for(visit, _PAGE)
        rows, upto, told = ([], "", True) if wanted is None else await self._page(visit, wanted)
        values: dict[str, Any] = {"rows": rows, "given": given, "query": _query(given), "before": upto, "told": told}
        if visit.part:
            return visit.draw("log_rows.html", **values)
        zones = [str(zone) for zone in self.door.gate.services.settings.zones]
        return visit.draw("log.html", zones=zones, to_erase=to_erase, **values)

    async def _page(self, visit: Visit, wanted: EntryFilter) -> tuple[list[Any], str, bool]:
        """Rows, from where to go on, and whether accesses are explained: not where very much speaks for them."""
        try:
            gathered = await visit.run(
                lambda uow, actor: explanations.gather(uow, actor, wanted, self.oversight), quick=False
            )
        except InvalidInput as refused:
            if refused.field != "limit":
                raise
            found = await visit.run(
                lambda uow, actor: trail.list_entries(uow, actor, wanted, self.oversight), quick=False
            )
            bare: dict[str, Any] = {"explained": None, "evidence": [], "missing": []}
            return [{"entry": entry} | bare for entry in found.entries], found.upto, False
        return await asyncio.to_thread(explanations.tell_page, gathered, self.needs()), gathered.upto, True

    async def unexplained(self, visit: Visit) -> Response:
        """Allowed looks that nothing in the log speaks for, a stretch of it at a time."""
        given, wanted = _asked_for(visit, _LOOKED_THROUGH)
        found: dict[str, Any] = {"explanations": [], "looked_at": 0, "accesses": 0, "unexplained": 0, "next": None}
        if wanted is not None:
            gathered = await visit.attempt(
                lambda uow, actor: explanations.gather(uow, actor, wanted, self.oversight), quick=False, main="subject"
            )
            if gathered is not None:
                needs = self.needs()
                found = await asyncio.to_thread(
                    lambda: explanations.tell(gathered, needs, unexplained_only=True)
                )  # fmt: skip
            elif "limit" in visit.faults.by_field:
                visit.faults.by_field = {"subject": "too_much_speaks"}
        return visit.draw("unexplained.html", found=found, given=given, query=_query(given))

    async def entry(self, visit: Visit) -> Response:
        """One entry, explained; its sealed detail upon a reason, which is an entry of its own."""
        wanted = EntryId.parse(visit.place("entry"))
        found, gathered = await visit.run(
            lambda uow, actor: (
                entry := trail.read_entry(uow, actor, wanted, self.oversight),
                explanations.gather_one(uow, actor, wanted, self.oversight) if is_access(entry) else None,
            ),
            quick=False,
        )
        explained: Any = None
        if gathered is not None:
            [explained] = await asyncio.to_thread(explanations.tell_page, gathered, self.needs())
        detail: Any = None
        if visit.saving:
            reason = visit.form.text("reason").strip()
            if not reason:
                visit.faults.add("reason", "missing")
            else:
                detail = await visit.attempt(
                    lambda uow, actor: trail.read_detail(uow, actor, wanted, self.oversight, reason), main="reason"
                )
        values = {"entry": found, "detail": detail, "explained": explained, "reason": visit.form.text("reason")}
        return visit.draw("log_entry.html", **values)

    async def evidence(self, visit: Visit) -> Response:
        """The entries that fit, with their proofs, as a file."""
        given, wanted = _asked_for(visit, 1)
        if wanted is not None and _query(given):
            chosen = await visit.attempt(
                lambda uow, actor: trail.choose_evidence(uow, actor, wanted, self.oversight), quick=False, main="until"
            )
            if chosen is not None:
                made = await evidence_of(self.door.gate, chosen, wanted)
                if made.entries:
                    return evidence_file(made)
                visit.faults.add("form", "no_evidence")
        await visit.who()
        return visit.draw("evidence.html", given=given)


def _asked_for(visit: Visit, limit: int) -> tuple[dict[str, str], EntryFilter | None]:
    """What the address asks for, in words; and as the vault asks. None, with the fault told, where a moment is none."""
    given = {name: visit.asked(name)[:_LONGEST].strip() for name in (*_WORDS, "since", "until")}
    since, until = _moment(visit, given, "since"), _moment(visit, given, "until")
    if visit.faults:
        return given, None
    before = visit.asked("before")
    return given, EntryFilter(
        **{name: given[name] for name in _WORDS}, since=since, until=until, limit=limit,
        before=EntryId.parse(before) if before else None,
    )  # fmt: skip


def _query(given: dict[str, str]) -> dict[str, str]:
    """What an address needs to ask for the same."""
    return {name: value for name, value in given.items() if value}


def _moment(visit: Visit, given: dict[str, str], name: str) -> datetime | None:
    """A moment as people here mean it: in Brussels; a day alone is the whole day, also where something ends."""
    text = given[name]
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        if name == "until" and len(text) == _DAY:
            found += timedelta(days=1)
        return found if found.tzinfo is not None else found.replace(tzinfo=BRUSSELS)
    except (ValueError, OverflowError):
        visit.faults.add(name, "unusable")
        return None
