"""Tasks of a case, and a coach's agenda over all their cases. Titles are opened for it; days stand in the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import narrowed, shape
from vault.cases.calendar import belgian_day
from vault.cases.model import LANGUAGES, SealedRecord
from vault.cases.tasks import TASK_FIELDS, TASKS_PER_CASE, Task, check
from vault.errors import Conflict, InvalidInput, StaleVersion
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.facts import receipt
from vault.usecases.free_text import replace_names
from vault.vocabulary import Action, Facts, Kind, Provenance, Purpose

AGENDA_LIMIT: Final = 500


@dataclass(frozen=True, slots=True, repr=False)
class SetTask:
    """remind_on: the day from which it shows in the agenda; None: the day it is due. based_on: 0 for a new task."""

    case: CaseId
    title: str
    due_on: date
    language: str
    remind_on: date | None = None
    done: bool = False
    task: RecordId | None = None
    based_on: int = 0


def set_task(uow: UnitOfWork, actor: Actor, cmd: SetTask, casework: Casework) -> Values:
    """Note down what is to be done, change it, tick it off. Raises NotFound, InvalidInput, Surviving, StaleVersion."""
    now = casework.clock.now()
    remind_on = cmd.remind_on or cmd.due_on
    _check(cmd, remind_on, belgian_day(now))
    case = uow.cases.get(cmd.case)
    before = uow.tasks.get(cmd.task) if cmd.task is not None else None
    if cmd.task is not None and (before is None or before.case != cmd.case):
        case = None  # a task of another case is none of this one
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.TASK, case, purpose=Purpose.COACHING, asked=(cmd.task or cmd.case).hex(),
        outcome="set" if before is None else "done" if cmd.done else "changed",
    )  # fmt: skip
    case = existing(case)
    if before is None and len(uow.tasks.of_case(cmd.case)) >= TASKS_PER_CASE:
        raise Conflict(f"a case holds at most {TASKS_PER_CASE} tasks")
    if before is not None and before.version != cmd.based_on:
        raise StaleVersion(expected=cmd.based_on, current=before.version)
    title = replace_names(uow, permit, cmd.case, {"title": cmd.title}, cmd.language, casework, actor=actor)["title"]
    task = cmd.task or RecordId(casework.entropy.bytes(16))
    done_at = (before.done_at if before is not None and before.done_at is not None else now) if cmd.done else None
    if before is None:
        uow.tasks.add(Task(task, cmd.case, cmd.due_on, remind_on, done_at, 1), permit.entry)
    else:
        changed = replace(before, due_on=cmd.due_on, remind_on=remind_on, done_at=done_at, version=before.version + 1)
        uow.tasks.update(changed, permit.entry)
    casework.keeper.write(
        uow, permit, kind=Kind.TASK, case=cmd.case, record=task, version=cmd.based_on + 1, plaintext=title.encode(),
        author=actor.id, at=now, provenance=Provenance.INTERVIEW, language=cmd.language,
    )  # fmt: skip
    return receipt(permit, case, task, cmd.based_on + 1)


def _check(cmd: SetTask, remind_on: date, today: date) -> None:
    if cmd.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    if (cmd.task is None) != (cmd.based_on == 0):
        raise InvalidInput("a change names the version it is based on", field="based_on")
    check(cmd.title, cmd.due_on, remind_on, today)


def read_tasks(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> Values:
    """The tasks of one case, by the day they are due; those that are done as well. Raises NotFound."""
    case = uow.cases.get(case_id)
    tasks = uow.tasks.of_case(case_id)
    permit = casework.ask(
        uow, actor, Action.READ, Kind.TASK, case, purpose=Purpose.COACHING, asked=case_id.hex(), count=len(tasks)
    )
    titles = {record.id: record for record in uow.records.newest([case_id], Kind.TASK)}
    each = narrowed(permit.profile, TASK_FIELDS, inside=True)
    opened = casework.keeper.open_many(uow, permit, [titles[task.id] for task in tasks if task.id in titles])
    by_id = {task.id: task for task in tasks}
    return shape(
        narrowed(permit.profile, TASK_FIELDS, inside=False),
        {
            "reference": reference(case_id),
            "tasks": [shape(each, _values(by_id[record.id], record, text.expose())) for record, text in opened],
        },
    )


def read_agenda(uow: UnitOfWork, actor: Actor, until: date | None, casework: Casework) -> tuple[list[Values], bool]:
    """Open tasks of the actor's own cases whose reminder has come by `until` (None: today), the earliest due first.

    Returns them and whether these are all.
    """
    tasks = uow.tasks.due(actor.id, until or belgian_day(casework.clock.now()), AGENDA_LIMIT + 1)
    complete = len(tasks) <= AGENDA_LIMIT
    tasks = tasks[:AGENDA_LIMIT]
    cases = frozenset(task.case for task in tasks)
    permit = casework.guard.permit(
        uow, actor, Action.SEARCH, Item(Kind.TASK, scope=cases), purpose=Purpose.COACHING, facts=Facts.of(own=True),
        count=len(tasks),
    )  # fmt: skip
    titles = {record.id: record for record in uow.records.newest(sorted(cases), Kind.TASK)} if cases else {}
    opened = casework.keeper.open_many(uow, permit, [titles[task.id] for task in tasks if task.id in titles])
    by_id = {task.id: task for task in tasks}
    return [
        shape(
            permit.profile,
            {**_values(by_id[record.id], record, text.expose()), "reference": reference(record.case)},
        )
        for record, text in opened
    ], complete


def _values(task: Task, record: SealedRecord, plaintext: bytes) -> Values:
    return {
        "task": task.id.hex(),
        "version": task.version,
        "title": plaintext.decode(),
        "due_on": task.due_on.isoformat(),
        "remind_on": task.remind_on.isoformat(),
        "done_on": belgian_day(task.done_at).isoformat() if task.done_at is not None else None,
        "written_at": record.written_at.isoformat(),
        "author": record.author.hex(),
    }
