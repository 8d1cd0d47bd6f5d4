"""The log for auditor and data protection officer: search, one entry, its detail, explanations, how whole it is.

Whoever looks is logged, with what they looked for.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from gateway.api.casework import aware
from gateway.api.json import StrictRoute, json_response
from gateway.api.models import PRINTABLE, Body
from gateway.api.why import rules_of
from gateway.gate import Asks, Authenticated, Gate
from gateway.log.live import Bundle, LiveCheck, bundled
from gateway.log.needs import KeptNeeds
from gateway.log.quorum import quorum_of
from vault.access.shaping import shape
from vault.audit.reading import EntryFilter
from vault.cases.calendar import belgian_day
from vault.errors import ConfigurationError
from vault.ids import EntryId
from vault.oversight.standing import Verification, standing_values
from vault.usecases import explanations, log_standing, trail
from vault.usecases.explanations import Gathered
from vault.usecases.trail import Oversight
from vault.vocabulary import Action, Kind, Purpose

Word = Annotated[str, Query(max_length=60, pattern=PRINTABLE)]
#: Method, path, handler, what it asks.
_Line = tuple[str, str, Any, Action, Kind]


def wanted_entries(
    actor: Word = "", subject: Word = "", role: Word = "", zone: Word = "", purpose: Word = "", decision: Word = "",
    rule: Word = "", action: Word = "", kind: Word = "", since: datetime | None = None, until: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=trail.PAGE_LIMIT)] = 50, before: str = "",
) -> EntryFilter:  # fmt: skip
    """Words as they stand in the entries; all that are given must hold. since is inside, until is not."""
    return EntryFilter(
        actor, subject, aware(since), aware(until), limit, EntryId.parse(before) if before else None,
        action=action, kind=kind, role=role, zone=zone, purpose=purpose, decision=decision, rule=rule,
    )  # fmt: skip


Wanted = Annotated[EntryFilter, Depends(wanted_entries)]


class VerificationBody(Body):
    """A checkpoint's first three lines, and how the check of the log up to there ended."""

    origin: Annotated[str, StringConstraints(min_length=1, max_length=160, pattern=r"^[!-~]+$")]
    size: Annotated[int, Field(ge=0, lt=1 << 63)]
    root: Annotated[str, StringConstraints(min_length=44, max_length=44, pattern=r"^[A-Za-z0-9+/]{43}=$")]
    verdict: Annotated[str, StringConstraints(max_length=20, pattern=r"^[a-z]+$")]

    def verification(self) -> Verification:
        root = b64decode(self.root, validate=True)
        return Verification(self.origin, self.size, root, self.verdict)


def oversight_of(gate: Gate) -> Oversight:
    """Raises ConfigurationError in a process of another zone."""
    if gate.services.oversight is None:
        raise ConfigurationError("this process has no oversight keys")
    return gate.services.oversight


def needs_of(gate: Gate) -> Callable[[], KeptNeeds]:
    """Which facts the rules of policies asked for; each call knows the policy that is in force then."""
    kept = KeptNeeds(gate.services.settings)

    def present() -> KeptNeeds:
        kept.in_force(rules_of(gate.services.firewall))
        return kept

    return present


async def checked_standing(
    gate: Gate, live: LiveCheck, run: Callable[[Authenticated], Awaitable[Any]]
) -> dict[str, Any]:
    """How whole the log is, and how a check of it ended that ran just now; that it runs is written down first."""
    oversight, services = oversight_of(gate), gate.services
    profile, found = await run(lambda uow, who: log_standing.read_standing(uow, who, oversight, checked=True))
    ended = await asyncio.to_thread(live.run)
    now = services.clock.now()
    values = await asyncio.to_thread(lambda: standing_values(found, quorum_of(services.settings), now, ended))
    return shape(profile, values)


async def evidence_of(gate: Gate, entries: Sequence[EntryId], wanted: EntryFilter) -> Bundle:
    """Chosen entries with their proofs. wanted: what was asked for, told in the bundle's README."""
    services, words = gate.services, {"since": wanted.since, "until": wanted.until} | wanted.words()
    about = ", ".join(f"{name} {word}" for name, word in words.items() if word)
    day = belgian_day(services.clock.now()).isoformat()
    return await asyncio.to_thread(bundled, services.settings, entries, day, about)


def evidence_file(made: Bundle) -> Response:
    """To keep. What was left out is told beside it."""
    headers = {
        "content-disposition": f'attachment; filename="evidence-{made.day}.zip"',
        "x-parefeu-entries": str(made.entries), "x-parefeu-left-out": str(made.left_out),
    }  # fmt: skip
    return Response(made.content, media_type="application/zip", headers=headers)


def router(gate: Gate) -> APIRouter:
    """The access history, for auditor and DPO."""
    api = APIRouter(tags=["oversight"], route_class=StrictRoute)
    for method, path, handler, action, kind in (*_entries(gate), *_explanations(gate), *_state(gate)):
        extra = Asks("oversight", action, kind, Purpose.ACCESS_REVIEW).extra()
        api.add_api_route(
            path, handler, methods=[method], operation_id=f"oversight_{handler.__name__}", openapi_extra=extra,
            response_model=None,
        )  # fmt: skip
    return api


def _entries(gate: Gate) -> tuple[_Line, ...]:
    oversight = oversight_of(gate)

    async def list_entries(request: Request, wanted: Wanted) -> Response:
        """Audit entries, newest first; with `subject`, the access history of one case by its log pseudonym.

        Go on with `before` = `next` until `complete`: a page may hold fewer than `limit` and still go on.
        """
        found = await gate.run(request, lambda uow, who: trail.list_entries(uow, who, wanted, oversight), quick=False)
        return json_response({"entries": found.entries, "next": found.upto or None, "complete": not found.upto})

    async def read_entry(request: Request, entry: str) -> Response:
        """One entry."""
        wanted = EntryId.parse(entry)
        return json_response(await gate.run(request, lambda uow, who: trail.read_entry(uow, who, wanted, oversight)))

    async def read_detail(request: Request, entry: str) -> Response:
        """Who exactly, from where and why. Looking is logged."""
        wanted = EntryId.parse(entry)
        return json_response(await gate.run(request, lambda uow, who: trail.read_detail(uow, who, wanted, oversight)))

    async def export_evidence(request: Request, wanted: Wanted) -> Response:
        """The entries that fit, with the proof of each, as a zip file that stands alone, without `limit` and `before`.

        Nothing personal is in it. An entry that no tree holds yet is left out.
        """
        found = await gate.run(
            request, lambda uow, who: trail.choose_evidence(uow, who, wanted, oversight), quick=False
        )
        return evidence_file(await evidence_of(gate, found, wanted))

    return (
        ("GET", "/oversight/evidence", export_evidence, Action.LIST, Kind.AUDIT_ENTRY),
        ("GET", "/oversight/entries", list_entries, Action.LIST, Kind.AUDIT_ENTRY),
        ("GET", "/oversight/entries/{entry}", read_entry, Action.READ, Kind.AUDIT_ENTRY),
        ("GET", "/oversight/entries/{entry}/detail", read_detail, Action.READ, Kind.AUDIT_DETAIL),
    )


def _explanations(gate: Gate) -> tuple[_Line, ...]:
    oversight, needs = oversight_of(gate), needs_of(gate)

    async def told(gathered: Gathered, unexplained: bool) -> dict[str, Any]:
        return await asyncio.to_thread(explanations.tell, gathered, needs(), unexplained_only=unexplained)

    async def list_explanations(request: Request, wanted: Wanted, unexplained: bool = False) -> Response:
        """Every allowed look of a page, with the entries that explain it; with `unexplained`, those without alone."""
        gathered = await gate.run(
            request, lambda uow, who: explanations.gather(uow, who, wanted, oversight), quick=False
        )
        return json_response(await told(gathered, unexplained))

    async def read_explanation(request: Request, entry: str) -> Response:
        """What explains one allowed look."""
        wanted = EntryId.parse(entry)
        gathered = await gate.run(
            request, lambda uow, who: explanations.gather_one(uow, who, wanted, oversight), quick=False
        )
        found = await told(gathered, False)
        return json_response(found["explanations"][0])

    return (
        ("GET", "/oversight/explanations", list_explanations, Action.LIST, Kind.AUDIT_ENTRY),
        ("GET", "/oversight/entries/{entry}/explanation", read_explanation, Action.READ, Kind.AUDIT_ENTRY),
    )


def _state(gate: Gate) -> tuple[_Line, ...]:
    oversight, settings, clock = oversight_of(gate), gate.services.settings, gate.services.clock
    live = LiveCheck(settings)

    async def read_log_state(request: Request) -> Response:
        """How far the log is, how far witnesses signed it, what waits, what is missing, who last checked a copy."""
        profile, found = await gate.run(
            request, lambda uow, who: log_standing.read_standing(uow, who, oversight), quick=False
        )
        now = clock.now()
        values = await asyncio.to_thread(lambda: standing_values(found, quorum_of(settings), now))
        return json_response(shape(profile, values))

    async def check_log(request: Request) -> Response:
        """The same, once every entry was gone through and compared with what the log signed; within seconds.

        It is this server that checks its own database: proof is a check elsewhere, of a copy.
        """
        return json_response(await checked_standing(gate, live, lambda work: gate.run(request, work, quick=False)), 201)

    async def record_verification(request: Request, body: VerificationBody) -> Response:
        """Write down that a copy of the log was checked elsewhere, up to which head, and how that ended."""
        what = body.verification()
        return json_response(
            await gate.run(request, lambda uow, who: log_standing.record_verification(uow, who, what, oversight)), 201
        )

    return (
        ("GET", "/oversight/log-state", read_log_state, Action.READ, Kind.LOG_STATE),
        ("POST", "/oversight/log-state/check", check_log, Action.READ, Kind.LOG_STATE),
        ("POST", "/oversight/log-state/verifications", record_verification, Action.WRITE, Kind.LOG_STATE),
    )
