"""In which phase was a case at a moment? Told from the log alone, by walking its steps through the table of the flow.

An entry does not name the phase that decided. But each step has an entry of its own, and the table says where a step
leads, so the entries about a case lead from its opening to where it was. Entries that do not fit the table give no
answer: the log is not whole, or the case moved outside of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from vault.audit.events import Happening, Verdict
from vault.cases.flow import QUESTIONS, State, Step, phase_of, row_of
from vault.vocabulary import Action, Kind, Phase, Role

Act = tuple[str, str]

#: How each step stands in the log: action and kind. A hand-over is done once the sheet has left.
_STEPS: Final[dict[Act, Step]] = {
    (action.value, kind.value): step for step, (action, kind, _) in QUESTIONS.items() if step is not Step.HAND_OVER
} | {(Happening.RELEASED.value, Kind.OUTCOME_SHEET.value): Step.HAND_OVER}
_OPENED: Final[Act] = (Action.CREATE.value, Kind.CASE.value)
_TURNING: Final = frozenset({State.SUSPENDED, State.CLOSING_NONCOLLAB})


#: Whoever opens a case as it begins elsewhere than with the order: a coach meets who stands at the walk-in desk.
_BEGUN_BY: Final = {Role.COACH.value: State.INTAKE}


class _Place(NamedTuple):
    """back: to where a case that is suspended or being closed would return."""

    state: State
    back: State | None


def phase_after(acts: Iterable[Mapping[str, Any]]) -> Phase | None:
    """The phase of one case after these entries about it, oldest first; None if the log does not tell."""
    place: _Place | None = None
    for body in acts:
        act = (body["action"], body["kind"])
        if body["decision"] != Verdict.ALLOW.value or not body["count"]:
            continue
        if act == _OPENED:
            place = _Place(_BEGUN_BY.get(body["role"], State.OQT_NOTIFIED), None)
        elif act in _STEPS:
            place = _walked(place, _STEPS[act]) if place is not None else None
            if place is None:
                return None
    return phase_of(place.state) if place is not None else None


def _walked(place: _Place, step: Step) -> _Place | None:
    """Where a step leads from there; None if the table has no such row."""
    row = row_of(place.state, step)
    if row is None:
        return None
    if row.next is None:
        return _Place(place.back, None) if place.back is not None else None
    if row.next is place.state:
        return place
    return _Place(row.next, place.state if row.next in _TURNING else None)
