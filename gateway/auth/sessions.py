"""Tokens on the wire: a `__Host-` cookie for people, a bearer token for services and the command line.

A cookie is sent by the browser whoever asked for the request, so an unsafe method with a cookie must come
from our own pages: `Sec-Fetch-Site` says so, or else `Origin` must name this host.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gateway.settings import slug
from vault.errors import AccessDenied, NotSignedIn
from vault.vocabulary import Zone

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKEN_DIGITS: Final = 64
_NO_TOKEN: Final = bytes(32)


def cookie_name(zone: Zone) -> str:
    return f"__Host-parefeu-{slug(zone)}"


def token_hash(scope: Scope, zone: Zone) -> bytes:
    """SHA-256 of the presented token. Raises NotSignedIn, AccessDenied for a cross-site request with a cookie.

    Two `Authorization` headers are none: a proxy that looks at the last one would let another's pass.
    """
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if given:
        scheme, _, token = given[0].decode("latin-1").partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer":
            raise NotSignedIn("sign in first")
        return hash_token(token)
    request = Request(scope)
    cookie = request.cookies.get(cookie_name(zone))
    if cookie is None:
        raise NotSignedIn("sign in first")
    if request.method not in _SAFE:
        _refuse_cross_site(request)
    return hash_token(cookie)


def hash_token(token: str) -> bytes:
    """Raises NotSignedIn for what cannot be a token."""
    if len(token) != _TOKEN_DIGITS or not token.isascii():
        raise NotSignedIn("sign in first")
    try:
        return sha256(bytes.fromhex(token)).digest()
    except ValueError:
        raise NotSignedIn("sign in first") from None


def _refuse_cross_site(request: Request) -> None:
    if not from_here(request):
        raise AccessDenied(reasons=("cross_site",))


def from_here(request: Request) -> bool:
    """Whether a page of ours sent this, or the person themselves: `Sec-Fetch-Site` says so, else `Origin`."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    return (request.headers.get("origin") or "").partition("://")[2] == request.headers.get("host")


def set_cookie(response: Response, zone: Zone, token: str, seconds: int) -> None:
    response.set_cookie(
        cookie_name(zone), token, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict"
    )


def clear_cookie(response: Response, zone: Zone) -> None:
    response.delete_cookie(cookie_name(zone), path="/", secure=True, httponly=True, samesite="strict")
