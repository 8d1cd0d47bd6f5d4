"""Around every request: a bound on its body, headers on its answer."""

from __future__ import annotations

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.problems import problem, unforeseen
from vault.cases.attachments import LARGEST_FILE

#: The largest body: a note of 128 KiB as JSON with every character escaped twice over, and some room.
BODY_LIMIT: Final = 1024 * 1024
#: Questions of other systems are small; a batch of a hundred fits.
DECISION_LIMIT: Final = 128 * 1024
_DECISION: Final = re.compile(r"/access/v1/(evaluations?|search/(subject|resource|action))$")
_HOLDS: Final = "A request holds at most {} bytes."
_REQUEST_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")
#: Requests whose body is a file, or a form with one; it is streamed, never held.
_FILE: Final = re.compile(r"/casework/cases/[^/]+/attachments/[a-z-]+")
#: A page that takes a file reads past one that is too large, to say so on a page: a browser hears no answer before.
_FILE_PAGE: Final = re.compile(r"/pages/casework/(cases/[^/]+/documents/new|import)")
FILE_PAGE_LIMIT: Final = 4 * LARGEST_FILE
#: So does any other page, up to here: what is pasted into a note is rarely longer.
FORM_LIMIT: Final = 16 * BODY_LIMIT
SECURITY_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=31536000"),
]


#: A page loads styles, scripts and fonts of its own host and sends its forms there; nothing inline, nothing evaluated.
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS: Final = [
    (b"content-security-policy", _PAGE_POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not no-referrer: a form's own origin would be hidden with it, and is looked at where a browser says no more.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"),
    (b"strict-transport-security", b"max-age=31536000"),
]
_PAGES: Final = "/pages/"
_NO_STORE: Final = (b"cache-control", b"no-store")


class Guardrails:
    """Plain ASGI, so that it costs microseconds: a larger body is refused as it arrives, not after."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started = False
        echoed = _echoed(scope)

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *_headers(scope["path"], message["headers"]), *echoed]
            await send(message)

        if scope["method"] not in {"GET", "HEAD"}:
            limit = _limit(scope)
            if _announced(scope) > limit:
                await too_large(limit)(scope, receive, with_headers)
                return
            receive = _bounded(receive, limit)
        try:
            await self._app(scope, receive, with_headers)
        except Exception as fault:
            if started:
                raise
            await unforeseen(fault)(scope, receive, with_headers)


def _headers(path: str, told: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """A page's headers or an API's. Nothing is stored but a file that says it may be: styles, scripts, fonts."""
    if not path.startswith(_PAGES):
        return SECURITY_HEADERS
    lasting = any(name == b"cache-control" for name, _ in told)
    return PAGE_HEADERS if lasting else [*PAGE_HEADERS, _NO_STORE]


def _limit(scope: Scope) -> int:
    if scope["method"] == "POST" and _FILE.fullmatch(scope["path"]):
        return LARGEST_FILE
    if scope["method"] == "POST" and _FILE_PAGE.fullmatch(scope["path"]):
        return FILE_PAGE_LIMIT
    if scope["method"] == "POST" and scope["path"].startswith(_PAGES):
        return FORM_LIMIT
    return DECISION_LIMIT if _DECISION.search(scope["path"]) else BODY_LIMIT


def _echoed(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The request's own id, for a service that asked for a decision; whatever the answer, errors included."""
    given = request_id(scope) if _DECISION.search(scope["path"]) else None
    return [(b"x-request-id", given)] if given is not None and _REQUEST_ID.fullmatch(given) else []


def request_id(scope: Scope) -> bytes | None:
    """What the caller calls its request; None if it does not say."""
    return next((value for name, value in scope["headers"] if name == b"x-request-id"), None)


def is_request_id(given: bytes) -> bool:
    """At most 128 printable characters: a longer or stranger one could not be repeated safely."""
    return _REQUEST_ID.fullmatch(given) is not None


def _bounded(receive: Receive, limit: int) -> Receive:
    """A body is counted as it arrives. HTTPException is the one refusal that FastAPI's body parser lets through."""
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413, _HOLDS.format(limit))
        return message

    return bounded


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 19 else FILE_PAGE_LIMIT + 1
    return 0


def too_large(limit: int = BODY_LIMIT) -> ASGIApp:
    return problem(413, "too_large", "Too large", _HOLDS.format(limit))
