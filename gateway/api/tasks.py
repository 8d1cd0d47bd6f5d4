"""Tasks of a case, the agenda over all of a coach's cases, and drafts of notes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api import record_models as m
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from vault.errors import ConfigurationError
from vault.ids import RecordId
from vault.usecases import drafts, tasks
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, Action, Kind, Purpose

#: In a draft's path: of a note that is not there yet.
NEW = "new"


class _Desk:
    """The handlers share the gate and casework's services."""

    def __init__(self, gate: Gate) -> None:
        if gate.services.casework is None:
            raise ConfigurationError("this process has no casework keys")
        self.gate, self.casework = gate, gate.services.casework

    # -- tasks ------------------------------------------------------------------------------------

    async def read_tasks(self, request: Request, case: str) -> Response:
        """The tasks of a case, by the day they are due."""
        wanted = parse_reference(case)
        return json_response(
            await self.gate.run(request, lambda uow, actor: tasks.read_tasks(uow, actor, wanted, self.casework))
        )

    async def set_task(self, request: Request, case: str, body: m.TaskBody) -> Response:
        """Note down what is to be done, by when, and from when to be reminded."""
        cmd = tasks.SetTask(parse_reference(case), body.title, body.due_on, body.language, body.remind_on, body.done)
        return json_response(
            await self.gate.run(request, lambda uow, actor: tasks.set_task(uow, actor, cmd, self.casework)), 201
        )

    async def change_task(self, request: Request, case: str, task: str, body: m.ChangedTaskBody) -> Response:
        """Change a task, or tick it off."""
        cmd = tasks.SetTask(
            parse_reference(case), body.title, body.due_on, body.language, body.remind_on, body.done,
            RecordId.parse(task), body.based_on,
        )  # fmt: skip
        return json_response(
            await self.gate.run(request, lambda uow, actor: tasks.set_task(uow, actor, cmd, self.casework))
        )

    async def read_agenda(self, request: Request, body: m.AgendaBody) -> Response:
        """What is open in one's own cases and due, or to be reminded of, by a day."""
        rows, complete = await self.gate.run(
            request, lambda uow, actor: tasks.read_agenda(uow, actor, body.until, self.casework), quick=False
        )
        return json_response({"tasks": rows, "complete": complete})

    # -- drafts -----------------------------------------------------------------------------------

    async def read_draft(self, request: Request, case: str, note: str) -> Response:
        """What one had typed and not saved; `new` for a note that is not there yet."""
        wanted, record = parse_reference(case), _note(note)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: drafts.read_draft(uow, actor, wanted, record, self.casework)
            )
        )

    async def save_draft(self, request: Request, case: str, note: str, body: m.DraftBody) -> Response:
        """Keep what was typed so far, for oneself alone. Overwrites what one had there."""
        cmd = drafts.SaveDraft(
            parse_reference(case), body.text, body.language, body.template, _note(note), body.based_on,
            body.template_version,
        )  # fmt: skip
        return json_response(
            await self.gate.run(request, lambda uow, actor: drafts.save_draft(uow, actor, cmd, self.casework))
        )

    async def discard_draft(self, request: Request, case: str, note: str) -> Response:
        """Throw one's draft away."""
        wanted, record = parse_reference(case), _note(note)
        return json_response(
            await self.gate.run(
                request, lambda uow, actor: drafts.discard_draft(uow, actor, wanted, record, self.casework)
            )
        )


def _note(text: str) -> RecordId | None:
    return None if text == NEW else RecordId.parse(text)


def router(gate: Gate) -> APIRouter:
    own = _Desk(gate)
    api = APIRouter(tags=["tasks and drafts"], route_class=StrictRoute)
    case = "/casework/cases/{case}"
    table: tuple[tuple[str, str, Callable[..., Coroutine[Any, Any, Response]], Action, Kind], ...] = (
        ("POST", "/casework/agenda", own.read_agenda, Action.SEARCH, Kind.TASK),
        ("GET", f"{case}/tasks", own.read_tasks, Action.READ, Kind.TASK),
        ("POST", f"{case}/tasks", own.set_task, Action.WRITE, Kind.TASK),
        ("PUT", f"{case}/tasks/{{task}}", own.change_task, Action.WRITE, Kind.TASK),
        ("GET", f"{case}/drafts/{{note}}", own.read_draft, Action.READ, Kind.DRAFT),
        ("PUT", f"{case}/drafts/{{note}}", own.save_draft, Action.WRITE, Kind.DRAFT),
        ("DELETE", f"{case}/drafts/{{note}}", own.discard_draft, Action.WRITE, Kind.DRAFT),
    )
    for method, path, handler, action, kind in table:
        api.add_api_route(
            path,
            handler,
            methods=[method],
            operation_id=f"casework_{handler.__name__}",
            openapi_extra=Asks(str(CASEWORK), action, kind, Purpose.COACHING).extra(),
            response_model=None,
        )
    return api
