"""Oversight's queue of emergencies, and their counts for publication. Both are logged looks at the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.audit.reading import EntryFilter, Line
from vault.cases.calendar import BRUSSELS, belgian_day
from vault.errors import InvalidInput
from vault.oversight.due import Due, queue
from vault.oversight.emergencies import SMALLEST_TOLD, Use, published, quarters_before, uses
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Values
from vault.usecases.reviews import all_reviews
from vault.usecases.trail import Oversight, purpose_of
from vault.vocabulary import Action, Facts, Kind, Purpose

#: How far a list can go back.
LONGEST: Final = timedelta(days=366)
_PAGE: Final = 500
#: What is done with an emergency: words that have an index of their own in the log, as its kind and purpose have not.
_ACTS: Final = (Action.CREATE, Action.SIGN, Action.CLOSE)


def list_uses(
    uow: UnitOfWork, actor: Actor, since: datetime | None, oversight: Oversight, *, waiting: bool = False
) -> list[Values]:
    """Emergencies since a moment (a year, if none is named), newest first. waiting: only those still to be reviewed."""
    now = oversight.clock.now()
    begins = since if since is not None else now - LONGEST
    if not timedelta(0) <= now - begins <= LONGEST:
        raise InvalidInput(f"a list goes back {LONGEST.days} days at most", field="since")
    reviews = list(all_reviews(uow, EntryFilter(since=begins), now))
    rules = oversight.emergency_rules
    due = queue(_uses(uow, begins), reviews, oversight.calendar, rules.review_within, belgian_day(now))
    chosen = [each for each in due if each.open] if waiting else due
    permit = oversight.guard.permit(
        uow, actor, Action.LIST, Item(Kind.EMERGENCY_USE), purpose=purpose_of(actor), facts=Facts(),
        count=len(chosen), config=rules.digest.hex(),
    )  # fmt: skip
    return [shape(permit.profile, _values(each)) for each in chosen]


def count_uses(uow: UnitOfWork, actor: Actor, oversight: Oversight) -> Values:
    """How many a quarter, as may be published: whole quarters that are over; a small number says that it is small."""
    today = belgian_day(oversight.clock.now())
    begins = datetime.combine(quarters_before(today)[0][1], time(0), BRUSSELS)
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.EMERGENCY_USE), purpose=purpose_of(actor), facts=Facts(), outcome="counted",
        config=oversight.emergency_rules.digest.hex(),
    )  # fmt: skip
    rows = published(_uses(uow, begins), today)
    return {"quarters": [shape(permit.profile, row) for row in rows], "smallest_told": SMALLEST_TOLD}


def _uses(uow: UnitOfWork, since: datetime) -> list[Use]:
    """Along the indexes of acts and of cases: what it costs does not grow with what else is in the log."""
    acts = [
        body
        for action in _ACTS
        for body in every(uow, EntryFilter(since=since, action=action.value, kind=Kind.BREAK_GLASS.value, limit=_PAGE))
    ]
    opened = sorted({body["subject"] for body in acts if body["action"] == Action.SIGN.value and body["subject"]})
    emergency = Purpose.EMERGENCY.value
    looks = [
        body
        for subject in opened
        for body in every(uow, EntryFilter(since=since, subject=subject, purpose=emergency, limit=_PAGE))
    ]
    return uses(acts, [_line(body) for body in looks])


def every(uow: UnitOfWork, wanted: EntryFilter) -> list[dict[str, Any]]:
    """All that fit, newest first. For what is rare: there are a few hundred emergencies a year, budgets see to that."""
    found: list[dict[str, Any]] = []
    while True:
        page = uow.trail.entries(wanted)
        found += [entry.told() for entry in page.entries]
        if page.upto is None:
            return found
        wanted = replace(wanted, before=page.upto)


def _line(body: dict[str, Any]) -> Line:
    return Line(
        body["entry"], datetime.fromisoformat(body["at"]), body["actor"], body["subject"], body["action"],
        body["kind"], body["role"], body["zone"], body["purpose"], body["decision"], body["rule"],
    )  # fmt: skip


def _values(due: Due[Use]) -> dict[str, Any]:
    use, review = due.use, due.review
    return {
        "emergency": use.emergency, "cause": use.cause, "role": use.role, "actor": use.actor, "subject": use.subject,
        "asked_at": use.asked_at, "standing": use.how.value, "second": use.second or None, "opened_at": use.opened_at,
        "ended_at": use.ended_at, "looks": len(use.looks), "entry": use.entry,
        "review": review.id if review is not None else None,
        "stage": review.stage.value if review is not None else None, "due_on": shown_day(due.due_on),
        "overdue": due.overdue,
    }  # fmt: skip


def shown_day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
