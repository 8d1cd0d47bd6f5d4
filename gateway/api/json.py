"""JSON in and out. Out: one encoder, no intermediate models; what a reply holds was decided by its release profile.

In: a name that occurs twice is refused, because two programs may each believe another one of the two; so are NaN
and Infinity, which are no JSON, and what is not UTF-8. The same holds for what a query names: a filter that no route
has would be a list of everything, believed to be filtered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, NoReturn, get_args, get_origin

import orjson
from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response


def json_response(reply: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(reply), status, media_type="application/json")


class StrictRequest(Request):
    """A request whose JSON means one thing only."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number)
        except json.JSONDecodeError:
            raise
        except (ValueError, RecursionError):  # no UTF-8, more digits or a deeper nest than can be meant
            raise json.JSONDecodeError("cannot be read", "", 0) from None


class StrictRoute(APIRoute):
    """A route that reads its body as `StrictRequest` does, and of a query only what it declares."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        declared = dict(_declared(self.dependant))

        async def strict(request: Request) -> Response:
            if request.scope["query_string"]:
                check_query(request, declared)
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


def _declared(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The names in a query, and whether each may be given several times."""
    for field in dependant.query_params:
        yield field.alias, _repeats(field.field_info.annotation)
    for inner in dependant.dependencies:
        yield from _declared(inner)


def _repeats(annotation: Any) -> bool:
    """Whether a parameter of this type may be given several times."""
    return any(get_origin(one) is list for one in (annotation, *get_args(annotation)))


def check_query(request: Request, declared: Mapping[str, bool]) -> None:
    """Refuse what a query names and the route does not have. declared: by name, whether it may be given several times.

    Raises RequestValidationError.
    """
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in declared:
            raise RequestValidationError(
                [{"type": "extra_forbidden", "loc": ("query", name), "msg": "There is no such parameter"}]
            )
        if name in seen and not declared[name]:
            raise RequestValidationError(
                [{"type": "given_twice", "loc": ("query", name), "msg": "This parameter is given once"}]
            )
        seen.add(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise json.JSONDecodeError("a name occurs twice", "", 0)
    return found


def _no_number(_: str) -> NoReturn:
    raise json.JSONDecodeError("no number", "", 0)
