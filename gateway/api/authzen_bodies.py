"""What other systems send to a decision point: the objects of the OpenID AuthZEN Authorization API 1.0.

Strict where a mistake could be taken for something else (types, missing parts, a name that stands twice), and deaf to
what it does not know, as the specification wants: unknown members are ignored. Whole-payload mistakes raise
InvalidInput, which is 400; a mistake inside one item of a batch belongs to that item.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

from fastapi import Request

from gateway.api.json import StrictRequest
from vault.errors import InvalidInput

#: Evaluations in one batch; results on one page. More is asked in pieces.
MOST_EVALUATIONS: Final = 100
MOST_RESULTS: Final = 100
_LONGEST: Final[Mapping[str, int]] = {"type": 64, "id": 256, "name": 64, "token": 1000}
_ENTITIES: Final = ("subject", "action", "resource")


@unique
class Semantic(StrEnum):
    """When a batch stops."""

    ALL = "execute_all"
    FIRST_DENY = "deny_on_first_deny"
    FIRST_PERMIT = "permit_on_first_permit"

    def stops_at(self, allowed: bool) -> bool:
        return self is (Semantic.FIRST_PERMIT if allowed else Semantic.FIRST_DENY)


@dataclass(frozen=True, slots=True)
class Thing:
    """A subject or a resource; id "" where a search is to find it."""

    type: str
    id: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """name: "" where a search is to find it."""

    name: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One request. context: what the caller says about the circumstances."""

    subject: Thing
    action: Act
    resource: Thing
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """evaluations: None stands for an item that lacks something. single: it was no batch at all."""

    evaluations: tuple[Evaluation | None, ...]
    semantic: Semantic
    single: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """limit: at most so many results. token: "" for the first page."""

    limit: int
    token: str


async def read_body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises InvalidInput for anything else, whatever it calls itself."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InvalidInput("the content type is not application/json", field="content-type")
    try:
        body = await StrictRequest(request.scope, request.receive).json()
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("the body is not JSON", field="") from None
    return _object(body, "")


def evaluation(body: Mapping[str, Any]) -> Evaluation:
    """Raises InvalidInput, naming the part that is missing or wrong."""
    return Evaluation(
        _thing(body, "subject"), _act(body), _thing(body, "resource"), _object(body.get("context", {}), "context")
    )


def batch(body: Mapping[str, Any]) -> Batch:
    """Several requests with defaults: a part that an item lacks is taken whole from the top. Raises InvalidInput."""
    items = body.get("evaluations", [])
    if not isinstance(items, list):
        raise InvalidInput("evaluations is a list", field="evaluations")
    if len(items) > MOST_EVALUATIONS:
        raise InvalidInput(f"a batch holds at most {MOST_EVALUATIONS} evaluations", field="evaluations")
    semantic = _semantic(body)
    if not items:
        return Batch((evaluation(body),), Semantic.ALL, single=True)
    defaults = {name: body[name] for name in (*_ENTITIES, "context") if name in body}
    _check_defaults(defaults)
    return Batch(tuple(_item(defaults, item) for item in items), semantic)


def subject_search(body: Mapping[str, Any]) -> Evaluation:
    return _searched(body, _thing(body, "subject", sought=True), _act(body), _thing(body, "resource"))


def resource_search(body: Mapping[str, Any]) -> Evaluation:
    return _searched(body, _thing(body, "subject"), _act(body), _thing(body, "resource", sought=True))


def action_search(body: Mapping[str, Any]) -> Evaluation:
    return _searched(body, _thing(body, "subject"), Act("", {}), _thing(body, "resource"))


def page(body: Mapping[str, Any]) -> Page:
    """Raises InvalidInput for a limit that is no count."""
    given = _object(body.get("page", {}), "page")
    limit, token = given.get("limit", MOST_RESULTS), given.get("token", "")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise InvalidInput("a limit is a whole number, 0 or more", field="page.limit")
    if not isinstance(token, str) or len(token) > _LONGEST["token"]:
        raise InvalidInput("a token is the text that the page before gave", field="page.token")
    return Page(min(limit, MOST_RESULTS), token)


def _searched(body: Mapping[str, Any], subject: Thing, action: Act, resource: Thing) -> Evaluation:
    return Evaluation(subject, action, resource, _object(body.get("context", {}), "context"))


def _item(defaults: Mapping[str, Any], item: Any) -> Evaluation | None:
    try:
        return evaluation({**defaults, **_object(item, "evaluations")})
    except InvalidInput:
        return None


def _check_defaults(defaults: Mapping[str, Any]) -> None:
    """A default that is wrong in itself is a mistake of the whole payload."""
    if "subject" in defaults:
        _thing(defaults, "subject")
    if "action" in defaults:
        _act(defaults)
    if "resource" in defaults:
        _thing(defaults, "resource")
    _object(defaults.get("context", {}), "context")


def _semantic(body: Mapping[str, Any]) -> Semantic:
    options = _object(body.get("options", {}), "options")
    given = options.get("evaluations_semantic", Semantic.ALL.value)
    try:
        return Semantic(given)
    except ValueError:
        raise InvalidInput(
            f"evaluations_semantic is one of {', '.join(Semantic)}", field="options.evaluations_semantic"
        ) from None


def _thing(body: Mapping[str, Any], name: str, *, sought: bool = False) -> Thing:
    """sought: what a search is to find; an id it may carry is ignored, as the specification says."""
    given = _part(body, name)
    identity = "" if sought else _text(given, name, "id")
    return Thing(_text(given, name, "type"), identity, _object(given.get("properties", {}), f"{name}.properties"))


def _act(body: Mapping[str, Any]) -> Act:
    given = _part(body, "action")
    return Act(_text(given, "action", "name"), _object(given.get("properties", {}), "action.properties"))


def _part(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    if name not in body:
        raise InvalidInput(f"{name} is missing", field=name)
    return _object(body[name], name)


def _text(given: Mapping[str, Any], part: str, name: str) -> str:
    value, field = given.get(name), f"{part}.{name}"
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST[name] or not value.isprintable():
        raise InvalidInput(f"{field} is a text of 1 to {_LONGEST[name]} printable characters", field=field)
    return value


def _object(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput("an object is needed", field=field or None)
    return value
