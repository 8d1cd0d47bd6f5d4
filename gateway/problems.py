"""Errors to RFC 9457 problems, in the shape of the Belgian REST guide: URN type, `issues` for input.

Status codes live here alone. Forbidden and unknown give byte-identical bodies but for the instance number.
Anything unforeseen becomes 500 with a reference number and no detail.
"""

from __future__ import annotations

import json
import logging
import re
import time
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from gateway.background import Pace
from gateway.clock import SystemEntropy
from vault import errors as e

log = logging.getLogger("parefeu.gateway")
MEDIA_TYPE: Final = "application/problem+json"

#: The most specific class that stands here decides.
PROBLEMS: Final[dict[type[e.VaultError], tuple[int, str]]] = {
    e.VaultError: (500, "Something failed"),
    e.InvalidInput: (400, "The input cannot be used"),
    e.UnaccompaniedMinor: (422, "Not for unaccompanied minors"),
    e.AccessDenied: (403, "Not allowed"),
    e.PermitInvalid: (403, "Not allowed"),
    e.NotSignedIn: (401, "Sign in first"),
    e.SignInRefused: (401, "Sign-in refused"),
    e.SignInThrottled: (429, "Too many attempts"),
    e.BudgetSpent: (429, "Not more for now"),
    e.NotFound: (404, "Not found"),
    e.Conflict: (409, "Conflict"),
    e.IllegalStep: (409, "Not possible in this state"),
    e.StaleVersion: (409, "Somebody wrote a newer version"),
    e.NoticeMissing: (409, "The privacy notice comes first"),
    e.ReviewNeeded: (409, "Decide the suggestions first"),
    e.ReviewStale: (409, "Look at the note again"),
    e.SlotTaken: (409, "The slot is taken"),
    e.Clash: (409, "Something stands in the way"),
    e.NotAssignable: (409, "Nobody, or not this coach, can take the case"),
    e.TooFewCases: (409, "Too few cases to draw one by lot"),
    e.ErasureHeld: (409, "Not erased now"),
    e.ConsentMissing: (409, "The person's consent comes first"),
    e.ProtocolMissing: (409, "A protocol with that body comes first"),
    e.Surviving: (422, "A known name remains in the text"),
    e.Erased: (410, "Erased"),
    e.CryptoError: (500, "The record cannot be trusted"),
    e.LogError: (503, "The log cannot be trusted"),
    e.KeyringError: (503, "The keys are not available"),
    e.PolicyRejected: (503, "The policy cannot be used"),
    e.ProvenanceRefused: (500, "This cannot leave"),
    e.StoreError: (503, "The store is not available"),
    e.PrintingError: (503, "Letters cannot be drawn as PDF"),
    e.LetterNotPrintable: (422, "This letter cannot be drawn as PDF"),
    e.PrinterUnavailable: (503, "Letters cannot be drawn as PDF here"),
    e.ProviderUnavailable: (503, "The identity provider does not answer"),
    e.ConfigurationError: (503, "The configuration cannot be used"),
}
#: Texts of these are for the operator's log, not for a caller.
_SILENT: Final = (
    e.CryptoError, e.LogError, e.KeyringError, e.PolicyRejected, e.ProvenanceRefused, e.StoreError,
    e.ConfigurationError,
)  # fmt: skip
_LONGEST_RETRY: Final = 30  # seconds: whoever waits for longer may look how far it is meanwhile
_FIELD_NAME: Final = re.compile(r"[a-z][a-z_]{0,39}")
_HTTP_TITLES: Final = {404: "Not found", 405: "Method not allowed", 413: "Too large", 415: "Wrong media type"}


def status_of(error: e.VaultError) -> tuple[int, str]:
    for kind in type(error).__mro__:
        if kind in PROBLEMS:
            return PROBLEMS[kind]
    return PROBLEMS[e.VaultError]


def problem(
    status: int, code: str, title: str, detail: str = "", headers: dict[str, str] | None = None, *,
    reference: str = "", **more: Any,
) -> Response:  # fmt: skip
    """A problem response. reference: the number it is logged under, if it is. `more`: extension members."""
    body: dict[str, Any] = {"type": f"urn:problem-type:parefeu:{code}", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    body |= more
    body["instance"] = f"urn:uuid:{reference or _reference()}"
    # A caller's own field names may hold half characters: replaced, not choked on.
    content = json.dumps(body, ensure_ascii=False).encode(errors="replace")
    return Response(content, status, headers=headers, media_type=MEDIA_TYPE)


def _reference() -> str:
    raw = SystemEntropy().bytes(16).hex()
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"


def vault_problem(error: e.VaultError, seconds: int = 1) -> Response:
    """seconds: after how many it may be asked again, where a store is busy."""
    status, title = status_of(error)
    headers = {}
    more: dict[str, Any] = {}
    detail = "" if isinstance(error, _SILENT) else str(error)
    if isinstance(error, e.SignInThrottled):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, e.StoreError):
        headers["Retry-After"] = str(min(seconds, _LONGEST_RETRY))
        detail = "Nothing was written. Try again in a moment."
    if isinstance(error, e.LogBeingFiled):
        detail = "The log is being made searchable. It goes on by itself."
        more |= {"filed": error.filed, "of": error.filed + error.unfiled, "seconds": seconds}
    if isinstance(error, e.InvalidInput):
        more["issues"] = [{"type": f"urn:problem-type:parefeu:{error.code}", "in": "body", "name": error.field}]
    if isinstance(error, e.IllegalStep):
        more |= {"reason": error.reason, "possible": list(error.possible)}
    if isinstance(error, e.Clash):
        more["clashes"] = list(error.clashes)
    if isinstance(error, e.ErasureHeld):
        more["holds"] = list(error.holds)
    if isinstance(error, e.NotAssignable):
        more["obstacles"] = list(error.obstacles)
    if isinstance(error, e.AccessDenied) and error.reasons:
        more["reasons"] = list(error.reasons)
    more |= _of_notes(error)
    reference = _reference()
    if status >= 500:
        log.error("request failed", extra={"code": error.code, "reference": reference})
    return problem(status, error.code, title, detail, headers, reference=reference, **more)


def _of_notes(error: e.VaultError) -> dict[str, Any]:
    """What the author of a note needs to go on: both texts, or what is to be decided."""
    if isinstance(error, e.StaleVersion):
        told: dict[str, Any] = {"expected": error.expected, "current": error.current}
        return told if error.versions is None else told | {"versions": error.versions}
    if isinstance(error, e.ReviewNeeded):
        told = {"pending": error.pending}
        return told if error.review is None else told | {"review": error.review}
    return {}


async def _vault(request: Request, error: Exception) -> Response:
    assert isinstance(error, e.VaultError)
    return vault_problem(error, seconds_left(error, request.app.state.services.filing_pace))


def seconds_left(error: e.VaultError, pace: Pace) -> int:
    """About how long whatever keeps a store busy will last."""
    if not isinstance(error, e.LogBeingFiled):
        return 1
    pace.want(time.monotonic())
    return pace.seconds_for(error.unfiled)


def _place(part: str | int) -> str:
    """A field's name or a list's index. A name that could be no field's was typed by somebody: it is not repeated."""
    text = str(part)
    return text if isinstance(part, int) or _FIELD_NAME.fullmatch(text) else "?"


async def _validation(_: Request, error: Exception) -> Response:
    """What is wrong and where; never the value that was sent."""
    assert isinstance(error, RequestValidationError)
    issues = [
        {
            "type": f"urn:problem-type:parefeu:{fault['type']}",
            "in": str(fault["loc"][0]) if fault["loc"] else "body",
            "name": ".".join(_place(part) for part in fault["loc"][1:])[:120],
            "detail": fault["msg"].removeprefix("Value error, ")[:200],
        }
        for fault in error.errors()[:20]
    ]
    return problem(400, "invalid_input", "The input cannot be used", issues=issues)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = _HTTP_TITLES.get(error.status_code, "The request cannot be answered")
    code = "not_found" if error.status_code == 404 else title.lower().replace(" ", "_")
    detail = error.detail if error.status_code == 413 else ""  # of ours: the limit; elsewhere the status in words
    return problem(error.status_code, code, title, detail, headers=dict(error.headers or {}))


def unforeseen(error: Exception) -> Response:
    """500 with a reference number. The log gets number and type; the exception's text could hold content."""
    reference = _reference()
    log.error("unforeseen failure", extra={"fault": type(error).__name__, "reference": reference})
    return problem(500, "unforeseen", "Something failed", "It was logged under this number.", reference=reference)


async def _unforeseen(_: Request, error: Exception) -> Response:
    return unforeseen(error)


def install(app: FastAPI) -> None:
    app.add_exception_handler(e.VaultError, _vault)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
