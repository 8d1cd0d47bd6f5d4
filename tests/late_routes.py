"""Applications that build a route when it is first asked for: in tests alone, where each has its own application.

FastAPI reads every handler's signature, and makes its validators, for each of some 310 routes. That is a third of a
second in each of some thousand tests, of which each uses a handful of routes. What the routing itself needs (path,
methods, name, handler) is there from the start; everything else is FastAPI's own work, done by FastAPI's own code, only
later. A route that cannot be built fails all the same: whoever reads the application's OpenAPI description
(`tests/api/test_routes.py`) builds them all.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from fastapi import routing
from fastapi._compat import v2 as fields
from fastapi.dependencies import models
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette import routing as plain_routing
from starlette.routing import Match, compile_path
from starlette.types import Receive, Scope, Send

_compiled: Final = cache(compile_path)
_build_route: Final = APIRoute.__init__
_match_route: Final = APIRoute.matches
_KEPT: Final = (
    models._is_gen_callable_cached, models._is_async_gen_callable_cached, models._is_coroutine_callable_cached,
)  # fmt: skip


def _begin(route: APIRoute, path: str, endpoint: Any, **options: Any) -> None:
    """`APIRoute.__init__`, as far as a route is needed to be found."""
    route.__dict__["_later"] = (path, endpoint, options)
    route.path, route.endpoint = path, endpoint
    route.path_regex, route.path_format, route.param_convertors = _compiled(path)
    route.methods = {method.upper() for method in options.get("methods") or ["GET"]}
    route.name = options.get("name") or endpoint.__name__
    route.form_limits = routing._validate_form_limits(options.get("form_limits"))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        _finish(route)
        await route.app(scope, receive, send)

    route.app = app


def _finish(route: APIRoute) -> None:
    """The rest of it, once."""
    later = route.__dict__.pop("_later", None)
    if later is not None:
        path, endpoint, options = later
        _build_route(route, path, endpoint, **options)


def _missing(route: APIRoute, name: str) -> Any:
    """`APIRoute.__getattr__`: whatever is not there yet."""
    if "_later" not in route.__dict__:
        raise AttributeError(name)
    _finish(route)
    return getattr(route, name)


def _matches(route: APIRoute, scope: Scope) -> tuple[Match, Scope]:
    """`APIRoute.matches`, asked only where the path is this route's: of some 310, one after the other, it is one's."""
    if scope["type"] == "http" and not scope.get("root_path") and route.path_regex.match(scope["path"]) is None:
        return Match.NONE, {}
    return _match_route(route, scope)


def _share_validators() -> None:
    """FastAPI builds each parameter's validator anew for every application: a third of a second for ours, in each of
    some thousand tests. Those of equal types are shared here; a validator keeps nothing from one use to the next."""
    built: dict[tuple[Any, str, str], TypeAdapter[Any]] = {}

    def adapter(kind: Any, *, config: Any = None) -> TypeAdapter[Any]:
        key = (kind.__origin__, repr(kind.__metadata__), repr(config))
        if key not in built:
            built[key] = TypeAdapter(kind, config=config)
        return built[key]

    fields.TypeAdapter = adapter  # type: ignore[assignment, misc] # the library's own name, in this process alone


def forget() -> None:
    """Let go of the handlers of applications that are over: FastAPI keeps the last 4096 that it looked at, each with
    the whole installation that it serves. A server has one application; here, hundreds would stay in memory."""
    for kept in _KEPT:
        kept.cache_clear()


def install() -> None:
    """For this process, and for good."""
    _share_validators()
    APIRoute.__init__ = _begin  # type: ignore[method-assign]
    APIRoute.__getattr__ = _missing  # type: ignore[attr-defined]
    APIRoute.matches = _matches  # type: ignore[method-assign]
    plain_routing.compile_path = _compiled  # the pages' routes: their paths are the same in each application
