"""JSON in and out. Out: one encoder, no intermediate models; what a reply holds was decided by its release profile.

In: a name that occurs twice is refused, because two programs may each believe another one of the two; so are NaN
and Infinity, which are no JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response


def json_response(reply: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(reply), status, media_type="application/json")


class StrictRequest(Request):
    """A request whose JSON means one thing only."""

    async def json(self) -> Any:
        return json.loads(await self.body(), object_pairs_hook=_once, parse_constant=_no_number)


class StrictRoute(APIRoute):
    """A route that reads its body as `StrictRequest` does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise json.JSONDecodeError("a name occurs twice", "", 0)
    return found


def _no_number(_: str) -> NoReturn:
    raise json.JSONDecodeError("no number", "", 0)
