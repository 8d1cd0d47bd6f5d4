"""Every allowed look with what explains it, and those that nothing explains. Asking is logged like any look at the log.

Two halves: `gather` reads entries and what they may be explained by in one transaction; `tell` explains them outside,
because the policy that decided one may have to be read from where it was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.audit.reading import EntryFilter, StoredEntry
from vault.errors import InvalidInput, NotFound
from vault.ids import EntryId
from vault.oversight.explaining import EVIDENCE, CaseFile, Explanation, explain, is_access
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Values
from vault.usecases.trail import Oversight, ask_for_page, entry_values, purpose_of
from vault.vocabulary import Action, Fact, Facts, Kind

PAGE_LIMIT: Final = 200
#: Entries that explain one page's: some hundred to a case that runs for a year. Beyond, a shorter page is asked for.
MOST_EVIDENCE: Final = 5_000

#: Which facts a rule of a policy asked for: digest and rule as an entry names them; None if that is not known.
Needs = Callable[[str, str], Sequence[Fact] | None]


@dataclass(frozen=True, slots=True)
class Gathered:
    """page: every entry of the page, with how the release profile shows it."""

    page: list[tuple[dict[str, Any], Values]]
    file: CaseFile
    upto: str

    @property
    def accesses(self) -> list[tuple[dict[str, Any], Values]]:
        """Those that can be explained."""
        return [(body, shown) for body, shown in self.page if is_access(body)]


def gather(uow: UnitOfWork, actor: Actor, wanted: EntryFilter, oversight: Oversight) -> Gathered:
    """The allowed looks of one page, newest first. Raises InvalidInput, LogBeingFiled."""
    if not 1 <= wanted.limit <= PAGE_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {PAGE_LIMIT}", field="limit")
    page = uow.trail.entries(wanted)
    permit = ask_for_page(uow, actor, wanted, len(page.entries), oversight, outcome="explained")
    shown = [(_body(entry), shape(permit.profile, entry_values(entry))) for entry in page.entries]
    upto = page.upto.hex() if page.upto is not None else ""
    return Gathered(shown, _file(uow, [body for body, _ in shown if is_access(body)]), upto)


def gather_one(uow: UnitOfWork, actor: Actor, entry: EntryId, oversight: Oversight) -> Gathered:
    """One entry. Raises NotFound if there is none, or if it is no allowed look."""
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.AUDIT_ENTRY, entry.hex()), purpose=purpose_of(actor), facts=Facts(),
        outcome="explained",
    )  # fmt: skip
    found = uow.trail.entry(entry)
    body = _body(found) if found is not None else {}
    if found is None or not is_access(body):
        raise NotFound("no such entry, or nothing was allowed by it")
    return Gathered([(body, shape(permit.profile, entry_values(found)))], _file(uow, [body]), "")


def _file(uow: UnitOfWork, bodies: Sequence[dict[str, Any]]) -> CaseFile:
    if not bodies:
        return CaseFile.of((), ())
    subjects = sorted({body["subject"] for body in bodies if body["subject"]})
    until = max(datetime.fromisoformat(body["at"]) for body in bodies)
    acts = uow.trail.evidence(subjects, EVIDENCE, until, MOST_EVIDENCE)
    if len(acts) == MOST_EVIDENCE:
        raise InvalidInput("too much speaks for these entries: ask for fewer at once", field="limit")
    sessions = sorted({body["session"] for body in bodies if body["session"]})
    begun = uow.trail.several([EntryId.parse(session) for session in sessions])
    return CaseFile.of(map(_body, acts), map(_body, begun.values()), _reviewed(uow, bodies))


def _reviewed(uow: UnitOfWork, bodies: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """For acts of reviews: the looks that they are about, by the entry or review that the acts name."""
    named = {body["object"] for body in bodies if body["kind"] == Kind.REVIEW_CASE.value} - {""}
    found = _several(uow, named)
    opened = {name: body["object"] for name, body in found.items() if body["kind"] == Kind.REVIEW_CASE.value}
    looks = _several(uow, set(opened.values()))
    return found | {name: looks[about] for name, about in opened.items() if about in looks}


def _several(uow: UnitOfWork, names: set[str]) -> dict[str, dict[str, Any]]:
    stored = uow.trail.several([EntryId.parse(name) for name in sorted(names)])
    return {entry.hex(): _body(found) for entry, found in stored.items()}


def _body(entry: StoredEntry) -> dict[str, Any]:
    found: dict[str, Any] = entry.told()
    return found


def tell(gathered: Gathered, needs: Needs, *, unexplained_only: bool = False) -> Values:
    """What explains each access, and how many nothing explains."""
    told = [
        (shown, explain(body, needs(body["policy"], body["rule"]), gathered.file)) for body, shown in gathered.accesses
    ]
    return {
        "explanations": [
            explanation_values(shown, found) for shown, found in told if not (unexplained_only and found.explained)
        ],
        "looked_at": len(gathered.page),
        "accesses": len(told),
        "unexplained": sum(not found.explained for _, found in told),
        "next": gathered.upto or None,
        "complete": not gathered.upto,
    }


def tell_page(gathered: Gathered, needs: Needs) -> list[Values]:
    """Every entry of the page; with what explains it where something was allowed by it, else None."""
    return [
        explanation_values(shown, explain(body, needs(body["policy"], body["rule"]), gathered.file))
        if is_access(body)
        else {"entry": shown, "explained": None, "evidence": [], "missing": []}
        for body, shown in gathered.page
    ]


def explanation_values(shown: Values, found: Explanation) -> Values:
    return {
        "entry": shown,
        "explained": found.explained,
        "evidence": [
            {"fact": each.fact.value if each.fact else None, "basis": each.basis.value, "entry": each.entry or None}
            for each in found.evidence
        ],
        "missing": [
            {"fact": each.fact.value if each.fact else None, "lack": each.lack.value, "entry": each.entry or None}
            for each in found.missing
        ],
    }
