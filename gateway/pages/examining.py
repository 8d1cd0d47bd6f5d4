"""What the detection rules find, how often each was right, and looks drawn by lot: each run is an entry of the log."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from starlette.responses import Response

from gateway.pages.log import OversightPages
from gateway.pages.site import Visit
from vault.cases.calendar import BRUSSELS, belgian_day, plausible
from vault.usecases import detection

_ONE: Final = timedelta(days=1)


class ExaminingPages(OversightPages):
    """Nothing found is stored: whoever finds something opens a review."""

    async def findings(self, visit: Visit) -> Response:
        """The rules over the days that are asked for, at first yesterday and today; and each rule's figures."""
        days = self._days(visit, visit.asked("since"), visit.asked("until"))
        found: dict[str, Any] | None = None
        rules: dict[str, Any] = await visit.run(
            lambda uow, actor: detection.read_rules(uow, actor, self.oversight), quick=False
        )
        if not visit.faults:
            gathered = await visit.attempt(
                lambda uow, actor: detection.gather(uow, actor, _period(*days), self.oversight), quick=False
            )
            _told_of_the_period(visit)
            if gathered is not None:
                needs, oversight = self.needs(), self.oversight
                found = await asyncio.to_thread(
                    detection.tell, gathered, needs, oversight.detection, oversight.calendar
                )  # fmt: skip
        return visit.draw("findings.html", found=found, rules=rules["rules"], **_shown(days))

    async def samples(self, visit: Visit) -> Response:
        """Looks of some days, drawn by lot; the seed stands in the log, so that a second draw is seen."""
        await visit.who()
        asked = (visit.form.text("since"), visit.form.text("until")) if visit.posted else ("", "")
        days = self._days(visit, *asked)
        found: dict[str, Any] | None = None
        if visit.saving and not visit.faults:
            found = await visit.attempt(
                lambda uow, actor: detection.draw_sample(uow, actor, _period(*days), self.oversight), quick=False
            )
            _told_of_the_period(visit)
        return visit.draw("samples.html", found=found, **_shown(days))

    def _days(self, visit: Visit, since: str, until: str) -> tuple[date, date]:
        """First and last day, both inside; yesterday and today where none is given."""
        today = belgian_day(self.oversight.clock.now())
        return _day(visit, "since", since, today - _ONE), _day(visit, "until", until, today)


def _day(visit: Visit, name: str, text: str, otherwise: date) -> date:
    try:
        found = date.fromisoformat(text) if text else otherwise
    except ValueError:
        found = date.min
    if plausible(found):
        return found
    visit.faults.add(name, "unusable")
    return otherwise


def _period(first: date, last: date) -> detection.Period:
    return detection.Period(
        datetime.combine(first, time.min, BRUSSELS), datetime.combine(last + _ONE, time.min, BRUSSELS)
    )


def _shown(days: tuple[date, date]) -> dict[str, Any]:
    return {"since": days[0].isoformat(), "until": days[1].isoformat()}


def _told_of_the_period(visit: Visit) -> None:
    if "until" in visit.faults.by_field:
        visit.faults.by_field["until"] = "period_too_long"
