"""Samples: a regional head has a case drawn by lot, reads it for some days, and says what came of it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import StringConstraints
from starlette.responses import Response

from gateway.api.json import json_response
from gateway.api.models import Body, clean
from gateway.api.routes import Line, casework_of, casework_router
from gateway.gate import Gate
from vault.cases.case_samples import EXPLANATION_LONGEST, FINDING_LONGEST
from vault.ids import ActorId, CaseSampleId, RecordId
from vault.usecases import case_samples
from vault.usecases.casework import Casework
from vault.vocabulary import Action, Kind, Purpose

_PATH: Final = "/casework/samples"
_ONE: Final = f"{_PATH}/{{sample}}"
_ADMIN, _WATCH = Purpose.CASE_ADMINISTRATION, Purpose.SUPERVISION


class SampleBody(Body):
    """reason: a code of the office's file. explanation: one line; oversight reads it. coach: whose cases alone."""

    reason: Annotated[str, StringConstraints(max_length=30)]
    explanation: Annotated[str, StringConstraints(max_length=EXPLANATION_LONGEST)]
    coach: Annotated[str, StringConstraints(max_length=40)] | None = None

    def command(self) -> case_samples.Ask:
        clean(self.explanation)
        coach = ActorId.parse(self.coach) if self.coach is not None else None
        return case_samples.Ask(self.reason, self.explanation, coach)


class FindingBody(Body):
    """finding: one line of what came of it."""

    finding: Annotated[str, StringConstraints(max_length=FINDING_LONGEST)]


class _Way:
    """Casework's routes."""

    def __init__(self, gate: Gate, casework: Casework) -> None:
        self._gate = gate
        self._casework = casework

    async def ask_sample(self, request: Request, body: SampleBody) -> Response:
        """Have a case of the region drawn by lot, and say why. Whose case it is falls, nobody chooses."""
        cmd = body.command()
        return json_response(
            await self._gate.run(
                request, lambda uow, actor: case_samples.ask(uow, actor, cmd, self._casework), quick=False
            ),
            201,
        )

    async def list_samples(
        self, request: Request, limit: Annotated[int, Query(ge=1, le=case_samples.LIST_LIMIT)] = 50
    ) -> Response:
        """What was drawn for this head, newest first; how many more this month; which reasons there are."""
        return json_response(
            await self._gate.run(
                request, lambda uow, actor: case_samples.list_own(uow, actor, self._casework, limit=limit)
            )
        )

    async def list_sample_notices(
        self, request: Request, limit: Annotated[int, Query(ge=1, le=case_samples.LIST_LIMIT)] = 50
    ) -> Response:
        """For a coach: which of one's own cases were drawn for the head, why, and until when."""
        rows = await self._gate.run(
            request, lambda uow, actor: case_samples.list_notices(uow, actor, self._casework, limit=limit)
        )
        return json_response({"notices": rows})

    async def read_sample(self, request: Request, sample: str) -> Response:
        """One's own: why, until when, and what came of it."""
        wanted = CaseSampleId.parse(sample)
        return json_response(
            await self._gate.run(request, lambda uow, actor: case_samples.read(uow, actor, wanted, self._casework))
        )

    async def end_sample(self, request: Request, sample: str, body: FindingBody) -> Response:
        """Say what came of it: from then on nothing of the case is shown."""
        wanted, finding = CaseSampleId.parse(sample), body.finding
        clean(finding)
        return json_response(
            await self._gate.run(
                request, lambda uow, actor: case_samples.end(uow, actor, wanted, finding, self._casework)
            ),
            201,
        )

    async def sample_notes(self, request: Request, sample: str) -> Response:
        """The notes of the drawn case without their text, while it runs."""
        wanted = CaseSampleId.parse(sample)
        rows = await self._gate.run(
            request, lambda uow, actor: case_samples.list_notes(uow, actor, wanted, self._casework)
        )
        return json_response({"notes": rows})

    async def sample_note(self, request: Request, sample: str, note: str) -> Response:
        """One note of the drawn case with its stand-ins, while it runs. Each look is decided and logged."""
        wanted, record = CaseSampleId.parse(sample), RecordId.parse(note)
        return json_response(
            await self._gate.run(
                request, lambda uow, actor: case_samples.read_note(uow, actor, wanted, record, self._casework)
            )
        )

    async def sample_stay_facts(self, request: Request, sample: str) -> Response:
        """What is recorded about stay, while it runs."""
        return await self._facts(request, sample, Kind.STAY_FACT)

    async def sample_return_facts(self, request: Request, sample: str) -> Response:
        """What is recorded about return, while it runs."""
        return await self._facts(request, sample, Kind.RETURN_FACT)

    async def _facts(self, request: Request, sample: str, kind: Kind) -> Response:
        wanted = CaseSampleId.parse(sample)
        return json_response(
            await self._gate.run(
                request, lambda uow, actor: case_samples.read_facts(uow, actor, wanted, kind, self._casework)
            )
        )

    def lines(self) -> tuple[Line, ...]:
        kind = Kind.CASE_SAMPLE
        return (
            ("POST", _PATH, self.ask_sample, Action.CREATE, kind, _WATCH),
            ("GET", _PATH, self.list_samples, Action.LIST, kind, _WATCH),
            ("GET", "/casework/sample-notices", self.list_sample_notices, Action.LIST, kind, _ADMIN),
            ("GET", _ONE, self.read_sample, Action.READ, kind, _WATCH),
            ("POST", f"{_ONE}/end", self.end_sample, Action.CLOSE, kind, _WATCH),
            ("GET", f"{_ONE}/notes", self.sample_notes, Action.LIST, Kind.NOTE, _WATCH),
            ("GET", f"{_ONE}/notes/{{note}}", self.sample_note, Action.READ, Kind.NOTE, _WATCH),
            ("GET", f"{_ONE}/stay-facts", self.sample_stay_facts, Action.READ, Kind.STAY_FACT, _WATCH),
            ("GET", f"{_ONE}/return-facts", self.sample_return_facts, Action.READ, Kind.RETURN_FACT, _WATCH),
        )


def router(gate: Gate) -> APIRouter:
    return casework_router(_Way(gate, casework_of(gate)).lines())
