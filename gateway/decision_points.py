"""Who answers at a decision point: a zone's vault, or a namespace beside it. The HTTP side is `gateway.api.authzen`.

Both authenticate the client, decide, write the entries and only then answer. The vault's decisions are taken in the
transaction that reads the facts. A namespace has no facts of the vault: it is asked outside, in a thread of its own
turn, and its entries are written afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import Request

from gateway.api.authzen_bodies import Batch, Evaluation, Semantic
from gateway.gate import Gate
from gateway.middleware import is_request_id, request_id
from policies.namespace import Entity, Namespace
from vault.audit.events import Event, Verdict
from vault.errors import InvalidInput
from vault.ids import EntryId
from vault.unit_of_work import UnitOfWork
from vault.usecases import decisions
from vault.usecases.decision_clients import CLIENT_ROLE, DecisionClient
from vault.usecases.decisions import Asked, DecisionPoint, Found
from vault.vocabulary import ReleaseProfile


@dataclass(frozen=True, slots=True)
class Answer:
    """entry: of the log; None for an item that could not be read. profile: the fields that may be shown."""

    allowed: bool
    entry: EntryId | None = None
    profile: ReleaseProfile | None = None


class Point(Protocol):
    """subject, action, resource of a search: the one to be found has no id or name."""

    async def evaluate(self, request: Request, batch: Batch) -> list[Answer]:
        """In the order asked; fewer than asked where the semantic stops."""
        ...

    async def search(self, request: Request, what: str, asked: Evaluation, after: str, limit: int) -> Found: ...


class VaultPoint:
    """The firewall of one zone, on the facts of that zone's database. What the caller claims is not even read."""

    def __init__(self, gate: Gate) -> None:
        services = gate.services
        self._gate = gate
        casework, reception = services.casework, services.reception.get(gate.zone)
        guard = reception.guard if reception is not None else None
        if guard is None and casework is not None:
            guard = casework.guard
        self.point = (
            None
            if guard is None
            else DecisionPoint(gate.zone, guard, services.clock, casework if reception is None else None, reception)
        )

    async def evaluate(self, request: Request, batch: Batch) -> list[Answer]:
        point, name = self._ready(), _named(request)

        def work(uow: UnitOfWork, client: DecisionClient) -> list[Answer]:
            def one(asked: Evaluation) -> Answer:
                told = decisions.evaluate(uow, client, _asked(asked, name), point)
                return Answer(told.allowed, told.entry, told.profile)

            return _in_order(batch, one)

        answers: list[Answer] = await self._gate.run_for_client(request, work, quick=len(batch.evaluations) == 1)
        return answers

    async def search(self, request: Request, what: str, asked: Evaluation, after: str, limit: int) -> Found:
        point, words = self._ready(), _asked(asked, _named(request))

        def work(uow: UnitOfWork, client: DecisionClient) -> Found:
            if what == "action":
                return decisions.search_actions(uow, client, words, point)
            search = decisions.search_subjects if what == "subject" else decisions.search_resources
            return search(uow, client, words, after, limit, point)

        found: Found = await self._gate.run_for_client(request, work, quick=False)
        return found

    def _ready(self) -> DecisionPoint:
        assert self.point is not None, "every zone has casework's services or a reception"
        return self.point


class NamespacePoint:
    """Another policy, with its own attributes; the vault lends it the door and the log."""

    def __init__(self, gate: Gate, namespace: Namespace) -> None:
        self._gate, self._namespace = gate, namespace
        self._turn = asyncio.Lock()

    async def evaluate(self, request: Request, batch: Batch) -> list[Answer]:
        _named(request)
        await self._gate.run_for_client(request, lambda _, client: client)
        lines: list[tuple[bool, int]] = []

        def one(asked: Evaluation) -> Answer:
            lines.append(self._decide(asked, asked.subject.id, asked.action.name, asked.resource.id))
            return Answer(lines[-1][0])

        answers = await self._aside(lambda: _in_order(batch, one))
        return await self._write(request, answers, lines)

    async def search(self, request: Request, what: str, asked: Evaluation, after: str, limit: int) -> Found:
        _named(request)
        await self._gate.run_for_client(request, lambda _, client: client)
        named = await self._aside(lambda: self._search(what, asked))
        first = _place(after)
        names, rest = tuple(named[first : first + limit]), len(named) - first - limit
        event = self._event("searched_" + what + "s", Verdict.NONE, "", len(names))
        await self._gate.run_for_client(
            request, lambda uow, client: uow.audit.append(_by(event, client), client.detail(_told(request)))
        )
        return Found(names, str(first + limit) if rest > 0 else None)

    def _search(self, what: str, asked: Evaluation) -> list[str]:
        subject, action, resource = asked.subject.id, asked.action.name, asked.resource.id
        if what == "action":
            return [name for name in self._namespace.actions if self._decide(asked, subject, name, resource)[0]]
        if what == "subject":
            everybody = self._namespace.subjects(asked.subject.type)
            return [name for name in everybody if self._decide(asked, name, action, resource)[0]]
        everything = self._namespace.resources(asked.resource.type)
        return [name for name in everything if self._decide(asked, subject, action, name)[0]]

    def _decide(self, asked: Evaluation, subject: str, action: str, resource: str) -> tuple[bool, int]:
        return self._namespace.decide(
            Entity(asked.subject.type, subject, asked.subject.properties),
            Entity("action", action, asked.action.properties),
            Entity(asked.resource.type, resource, asked.resource.properties),
        )

    async def _aside(self, work: Callable[[], Any]) -> Any:
        """Out of the event loop, and one at a time: an engine belongs to one thread."""
        async with self._turn:
            return await asyncio.to_thread(work)

    async def _write(self, request: Request, answers: list[Answer], lines: list[tuple[bool, int]]) -> list[Answer]:
        told = iter(lines)

        def work(uow: UnitOfWork, client: DecisionClient) -> list[Answer]:
            return [
                Answer(answer.allowed, uow.audit.append(_by(event, client), client.detail(_told(request))))
                for answer, event in events
            ]

        events = []
        for answer in answers:
            allowed, line = next(told) if answer is not UNREADABLE else (False, 0)
            verdict = Verdict.ALLOW if allowed else Verdict.DENY
            events.append((answer, self._event("evaluated", verdict, f"line-{line}" if line else "", 1)))
        written: list[Answer] = await self._gate.run_for_client(request, work, quick=len(events) == 1)
        return written

    def _event(self, outcome: str, verdict: Verdict, rule: str, count: int) -> Event:
        name, digest = self._namespace.name, self._namespace.digest.hex()
        return Event(
            "evaluate", "namespace", verdict, object=name, rule=rule, policy=digest, outcome=outcome, count=count
        )


#: An item of a batch that lacks something: a denial that nobody was asked about.
UNREADABLE = Answer(False)


def _in_order(batch: Batch, one: Callable[[Evaluation], Answer]) -> list[Answer]:
    answers: list[Answer] = []
    for asked in batch.evaluations:
        answers.append(UNREADABLE if asked is None else one(asked))
        if batch.semantic is not Semantic.ALL and batch.semantic.stops_at(answers[-1].allowed):
            break
    return answers


def _asked(asked: Evaluation, name: str) -> Asked:
    """The words of a question. Purpose and recipient are what is asked for, not facts; all else is left aside."""
    purpose, recipient = asked.context.get("purpose"), asked.context.get("recipient")
    return Asked(
        asked.subject.type, asked.subject.id, asked.action.name, asked.resource.type, asked.resource.id,
        purpose if isinstance(purpose, str) else "", recipient if isinstance(recipient, str) else "", name,
    )  # fmt: skip


def _by(event: Event, client: DecisionClient) -> Event:
    return event._replace(actor=client.log_name, role=CLIENT_ROLE, session=client.session.hex())


def _named(request: Request) -> str:
    """The caller's name for its request, or "". Raises InvalidInput for one that cannot be repeated in the answer."""
    given = request_id(request.scope)
    if given is None:
        return ""
    if not is_request_id(given):
        raise InvalidInput("X-Request-ID has 1 to 128 printable ASCII characters", field="x-request-id")
    return given.decode("ascii")


def _told(request: Request) -> str:
    name = _named(request)
    return f"request {name}" if name else ""


def _place(after: str) -> int:
    if not after:
        return 0
    if not (after.isascii() and after.isdigit() and len(after) < 6):
        raise InvalidInput("this is no page of this search", field="page.token")
    return int(after)


def points_of(gate: Gate, namespaces: Sequence[Namespace]) -> dict[str, Point]:
    """Path below the zone's prefix to who answers there."""
    found: dict[str, Point] = {"": VaultPoint(gate)}
    return found | {f"/namespaces/{namespace.name}": NamespacePoint(gate, namespace) for namespace in namespaces}
