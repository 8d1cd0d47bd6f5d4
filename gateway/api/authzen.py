"""Decision points for other systems: the OpenID AuthZEN Authorization API 1.0.

    POST PREFIX/access/v1/evaluation            one question
    POST PREFIX/access/v1/evaluations           up to a hundred, with defaults and three semantics
    POST PREFIX/access/v1/search/{subject,resource,action}
    GET  /.well-known/authzen-configuration[PREFIX]

PREFIX is a zone's, or a zone's and `/namespaces/NAME`. A caller bears the token of a decision client of that zone.
A refusal says `not_allowed` and no more, whatever stood in the way, with the number of its entry and, where the
office runs one, the service where access may be asked for.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api import authzen_bodies as bodies
from gateway.api.authzen_bodies import Evaluation
from gateway.api.json import json_response
from gateway.api.receiving import prefix
from gateway.decision_points import Answer, Point
from gateway.gate import Asks, Gate
from gateway.settings import slug
from vault.access.asking import ASKING_ZONES
from vault.errors import InvalidInput
from vault.usecases.decisions import Found
from vault.vocabulary import CASEWORK, ReleaseProfile

_BASE: Final = "/access/v1"
_WELL_KNOWN: Final = "/.well-known/authzen-configuration"
#: For how long the service where access is asked for may hold an evaluation against a request.
_ASK_WITHIN: Final = timedelta(minutes=10)
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:]{2,45}\](:[0-9]{1,5})?")
#: The obligation that every yes of the vault carries: show these fields, so, and no other.
SHOW_FIELDS: Final = "urn:parefeu:obligation:show-fields"

_SEARCHES: Final[dict[str, Callable[[Mapping[str, Any]], Evaluation]]] = {
    "subject": bodies.subject_search,
    "resource": bodies.resource_search,
    "action": bodies.action_search,
}


class _Api:
    """The handlers of one decision point."""

    def __init__(self, gate: Gate, point: Point) -> None:
        self._gate, self._point = gate, point

    async def evaluation(self, request: Request) -> Response:
        """What the policy says to one request. A refusal is 200 with `decision` false."""
        asked = bodies.evaluation(await bodies.read_body(request))
        (answer,) = await self._point.evaluate(request, bodies.Batch((asked,), bodies.Semantic.ALL, single=True))
        return json_response(self._told(answer))

    async def evaluations(self, request: Request) -> Response:
        """The same for up to a hundred requests; all of them, or until the first no, or until the first yes."""
        batch = bodies.batch(await bodies.read_body(request))
        answers = await self._point.evaluate(request, batch)
        if batch.single:
            return json_response(self._told(answers[0]))
        return json_response({"evaluations": [self._told(answer) for answer in answers]})

    def search(self, what: str) -> Callable[[Request], Any]:
        async def search(request: Request) -> Response:
            body = await bodies.read_body(request)
            asked, page = _SEARCHES[what](body), bodies.page(body)
            query = _digest(what, asked)
            after = _opened(page.token, query)
            found = await self._point.search(request, what, asked, after, page.limit)
            return json_response(_results(what, asked, found, query))

        search.__doc__ = f"Every {what} for which the answer would be yes, page by page."
        return search

    def _told(self, answer: Answer) -> dict[str, Any]:
        if answer.allowed:
            fields = answer.profile
            return {"decision": True, **({"context": {"obligations": [_obligation(fields)]}} if fields else {})}
        if answer.entry is None:
            return {"decision": False, "context": {"reason": "unreadable", "error": {"status": 400}}}
        now = self._gate.services.clock.now()
        told: dict[str, Any] = {
            "reason": "not_allowed",
            "evaluation_id": answer.entry.hex(),
            "evaluated_at": now.isoformat(timespec="seconds"),
        }
        endpoint = where_to_ask(self._gate)
        if endpoint:
            until = (now + _ASK_WITHIN).isoformat(timespec="seconds")
            told["access_request"] = {"endpoint": endpoint, "expires_at": until}
        return {"decision": False, "context": told}


def where_to_ask(gate: Gate) -> str:
    """Where access may be asked for, the same for every refusal: as the office set it, else our own way of asking in a
    zone that has one. "" where there is no such place, or nobody said under which address it is found."""
    settings = gate.services.settings
    # Casework files lawful exceptions, each at its case: nobody who was refused a look is sent there.
    asks = gate.zone in ASKING_ZONES and gate.zone != CASEWORK
    if settings.access_request_url or not asks or not settings.public_url:
        return settings.access_request_url
    return f"{settings.public_url}{prefix(gate)}/access-requests"


def _obligation(profile: ReleaseProfile) -> dict[str, Any]:
    shown = {name: treatment.value for name, treatment in profile.fields}
    return {"id": "show-fields", "type": "custom", "properties": {"name": SHOW_FIELDS, "fields": shown}}


def _results(what: str, asked: Evaluation, found: Found, query: str) -> dict[str, Any]:
    token = "" if found.following is None else _sealed(found.following, query)
    kind = asked.subject.type if what == "subject" else asked.resource.type
    results = [{"name": name} if what == "action" else {"type": kind, "id": name} for name in found.names]
    return {"page": {"next_token": token, "count": len(results)}, "results": results}


# -- pages -------------------------------------------------------------------------------------------


def _digest(what: str, asked: Evaluation) -> str:
    """What a page belongs to: another question must not go on where this one ended."""
    parts = [
        what, asked.subject.type, asked.subject.id, asked.subject.properties, asked.action.name,
        asked.action.properties, asked.resource.type, asked.resource.id, asked.resource.properties, asked.context,
    ]  # fmt: skip
    return sha256(json.dumps(parts, sort_keys=True, default=dict).encode()).hexdigest()[:32]


def _sealed(after: str, query: str) -> str:
    return base64.urlsafe_b64encode(f"{query} {after}".encode()).decode().rstrip("=")


def _opened(token: str, query: str) -> str:
    """Where the page begins. A token grants nothing, so it is not signed: it can only skip results.

    Raises InvalidInput for one of another search.
    """
    if not token:
        return ""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    of, _, after = text.partition(" ")
    if of != query or not after.isprintable():
        raise InvalidInput("this is no page of this search", field="page.token")
    return after


# -- routes ------------------------------------------------------------------------------------------


def router(gate: Gate, points: Mapping[str, Point]) -> APIRouter:
    """The routes of a zone's decision points."""
    api = APIRouter(tags=[slug(gate.zone)])
    for below, point in points.items():
        own, base = _Api(gate, point), f"{prefix(gate)}{below}{_BASE}"
        name = slug(gate.zone) + below.replace("/", "_").replace("-", "_")
        table: list[tuple[str, str, Any]] = [
            ("/evaluation", "evaluation", own.evaluation),
            ("/evaluations", "evaluations", own.evaluations),
            *((f"/search/{what}", f"search_{what}", own.search(what)) for what in _SEARCHES),
        ]
        for path, operation, handler in table:
            api.add_api_route(
                base + path,
                handler,
                methods=["POST"],
                operation_id=f"{name}_authzen_{operation}",
                openapi_extra=Asks(str(gate.zone), None).extra() | {"requestBody": _body(operation)},
                response_model=None,
            )
    return api


def discovery(paths: Sequence[str], public_url: str) -> APIRouter:
    """The metadata of every decision point; at the bare address, that of the process's first zone.

    paths: of the decision points, from the root.
    """
    api = APIRouter(tags=["operation"])
    for at in ("", *paths):
        path = at or paths[0]
        api.add_api_route(
            _WELL_KNOWN + at,
            _metadata(path, at, public_url),
            operation_id=f"authzen_configuration{at.replace('/', '_').replace('-', '_')}",
            openapi_extra=Asks("", None).extra(),
            response_model=None,
        )
    return api


def _metadata(path: str, at: str, public_url: str) -> Callable[[Request], Any]:
    async def authzen_configuration(request: Request) -> Response:
        """Where to ask. The decision point's identifier is the address without the well-known part."""
        root = public_url or _origin(request)
        base = root + path + _BASE
        return json_response(
            {
                "policy_decision_point": root + at,
                "access_evaluation_endpoint": f"{base}/evaluation",
                "access_evaluations_endpoint": f"{base}/evaluations",
                **{f"search_{what}_endpoint": f"{base}/search/{what}" for what in _SEARCHES},
            }
        )

    return authzen_configuration


def _origin(request: Request) -> str:
    """Where the caller found us, if nothing was set. Raises InvalidInput for a host that is none."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise InvalidInput("this is no host", field="host")
    return f"https://{host}"


def _body(operation: str) -> dict[str, Any]:
    """The request as OpenAPI tells it."""
    text = {"type": "string", "minLength": 1}
    extra = {"type": "object"}
    thing = {
        "type": "object",
        "required": ["type", "id"],
        "properties": {"type": text, "id": text, "properties": extra},
    }
    sought = {"type": "object", "required": ["type"], "properties": {"type": text, "properties": extra}}
    act = {"type": "object", "required": ["name"], "properties": {"name": text, "properties": extra}}
    parts: dict[str, Any] = {"subject": thing, "action": act, "resource": thing, "context": extra}
    required = ["subject", "action", "resource"]
    if operation == "evaluations":
        required = []
        parts["evaluations"] = {"type": "array", "maxItems": bodies.MOST_EVALUATIONS, "items": {"type": "object"}}
        semantic = {"type": "string", "enum": [semantic.value for semantic in bodies.Semantic]}
        parts["options"] = {"type": "object", "properties": {"evaluations_semantic": semantic}}
    elif operation.startswith("search_"):
        what = operation.removeprefix("search_")
        page = {"limit": {"type": "integer", "minimum": 0}, "token": {"type": "string"}}
        parts["page"] = {"type": "object", "properties": page}
        if what == "action":
            del parts["action"]
            required = ["subject", "resource"]
        else:
            parts[what] = sought
    schema = {"type": "object", "required": required, "properties": parts}
    return {"required": True, "content": {"application/json": {"schema": schema}}}
