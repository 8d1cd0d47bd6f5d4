"""Look at where a case can go and has been: its steps, the days that count, and why steps were taken.

What each step was told for (an avenue, a ground) is sealed apart and has a question of its own: a regional head sees
that a case is suspended, and never why.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.shaping import narrowed, shape
from vault.cases.calendar import belgian_day
from vault.cases.deadlines import Because, Deadline, deadlines
from vault.cases.details import TAKES
from vault.cases.guards import Situation
from vault.cases.journey import Option, options
from vault.cases.model import CaseEvent
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, with_excuses
from vault.usecases.open_case import record_for
from vault.vocabulary import Action, Kind, Purpose, ReleaseProfile

#: The part of the profile `step_list` that is about steps to come; the rest is about those that were taken.
_TO_COME: Final = ("step", "next", "possible", "reasons", "needs", "optional", "actors", "deadline")
_TAKEN: Final = ("number", "taken", "state", "day", "codes")
#: The sealed kinds, and what each holds.
SEALED_KINDS: Final = (Kind.AVENUE, Kind.RETURN_PLAN, Kind.GROUND)


def list_steps(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> Values:
    """The steps of this case's state, each with what stands in its way; and those it took. Raises NotFound."""
    case = uow.cases.get(case_id)
    permit = casework.ask(
        uow, actor, Action.LIST, Kind.STEP, case, purpose=Purpose.CASE_ADMINISTRATION, asked=case_id.hex(),
        config=casework.config,
    )  # fmt: skip
    situation = with_excuses(uow, casework.situation(existing(case), uow.cases.events(case_id), actor))
    to_come, taken = (narrowed(permit.profile, names, inside=True) for names in (_TO_COME, _TAKEN))
    return {
        "steps": [shape(to_come, _option(option)) for option in options(situation)],
        "taken": [shape(taken, _event(event)) for event in situation.history.events],
    }


def _option(option: Option) -> Values:
    row = option.row
    takes = TAKES[row.step]
    return {
        "step": row.step.value,
        "next": option.next.value,
        "possible": not option.obstacles,
        "reasons": [{"code": obstacle.code, "text": obstacle.text} for obstacle in option.obstacles],
        "needs": list(takes.needed),
        "optional": list(takes.optional),
        "actors": [role.value for role in row.actors],
        "deadline": row.deadline or None,
    }


def _event(event: CaseEvent) -> Values:
    return {
        "number": event.number,
        "taken": event.step.value,
        "state": event.to_state.value,
        "day": belgian_day(event.at).isoformat(),
        "codes": event.note or None,
    }


def list_deadlines(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> list[Values]:
    """The days that count for a case, each with its reasons; the soonest first. Raises NotFound."""
    case = uow.cases.get(case_id)
    permit = casework.ask(
        uow, actor, Action.LIST, Kind.DEADLINE, case, purpose=Purpose.CASE_ADMINISTRATION, asked=case_id.hex(),
        config=casework.config,
    )  # fmt: skip
    situation = casework.situation(existing(case), uow.cases.events(case_id), actor)
    found = sorted(deadlines(situation, casework.calendar), key=lambda one: (one.day is None, one.day or date.max))
    return [shape(permit.profile, deadline_values(one, situation)) for one in found]


def deadline_values(deadline: Deadline, situation: Situation) -> Values:
    return {
        "deadline": deadline.name,
        "day": deadline.day.isoformat() if deadline.day is not None else None,
        "left": deadline.left(situation.today),
        "because": [because_values(because) for because in deadline.because],
    }


def because_values(because: Because) -> dict[str, Any]:
    """One reason as data: a rule's code, its inputs, its result and where it comes from."""
    return {
        "rule": because.rule.value,
        "inputs": {name: value.isoformat() if isinstance(value, date) else value for name, value in because.inputs},
        "result": because.result.isoformat() if because.result is not None else None,
        "source": because.source,
        "sure": because.sure.value,
    }


def read_sealed(uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, casework: Casework) -> list[Values]:
    """Why steps of one sort were taken: what was sealed with them, in their order. kind: one of SEALED_KINDS.

    Raises NotFound, Erased.
    """
    case = uow.cases.get(case_id)
    record = record_for(case_id, kind, casework)
    permit = casework.ask(uow, actor, Action.READ, kind, case, purpose=Purpose.COACHING, asked=record.hex())
    told = []
    for head in reversed(uow.records.versions(record)):
        version = uow.records.version(record, head.version)
        if version is not None:
            content = json.loads(casework.keeper.open(uow, permit, version).expose())
            told.append(shape(permit.profile, _sealed(content, head.written_at, permit.profile, casework)))
    return told


def _sealed(told: dict[str, Any], at: datetime, profile: ReleaseProfile, casework: Casework) -> Values:
    """What was sealed with one step; a field that this step does not have is None."""
    ground = casework.parameters.extension_grounds.get(told.get("ground", ""))
    duty = ground.value.value if ground is not None else None
    values = dict.fromkeys(name for name, _ in profile.fields) | told
    return values | {"duty": duty, "day": belgian_day(at).isoformat()}
