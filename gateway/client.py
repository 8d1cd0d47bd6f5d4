"""A client of the gateway: over HTTP where a server runs, else in this process. Same requests, same answers.

    with reach(home) as gateway:
        gateway.send("GET", "/casework/cases", token=token)

An embedded store has one serving process; it writes its address into the lock of its home (`holder`), so that
commands go through it. A command that finds no server holds the lock itself for as long as it takes.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote, urlsplit

from vault.errors import ConfigurationError, StoreBusy
from vault.vocabulary import Zone

if TYPE_CHECKING:
    import httpx2

    from gateway.attacking import Heard, Request
    from gateway.wiring import Services

_TIMEOUT: Final = 30.0
#: Another command holds the lock for a second or two; a server that starts, not much longer.
_PATIENCE: Final = 10.0
_LOOK: Final = 0.1


class Problem(Exception):
    """A gateway's refusal (RFC 9457). body: the whole problem; its texts never hold what was sent."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.body = body
        self.code = str(body.get("type", "")).rpartition(":")[2] or "unforeseen"

    @property
    def sentence(self) -> str:
        """What went wrong, as one sentence."""
        parts = [str(self.body.get("detail") or self.body.get("title") or f"answer {self.status}").rstrip(".")]
        parts += [
            f"{issue.get('name') or 'body'}: {issue.get('detail', 'cannot be used')}".rstrip(".")
            for issue in self.body.get("issues", ())
            if issue.get("name") or issue.get("detail")
        ]
        if self.body.get("possible") and "possible now" not in parts[0]:
            parts.append(f"possible now: {', '.join(self.body['possible'])}")
        if self.body.get("reasons"):
            parts.append(f"reason: {', '.join(self.body['reasons'])}")
        if self.status >= 500:
            parts.append(f"number {self.body.get('instance', '').rpartition(':')[2]}")
        return "; ".join(parts)


class Unreachable(Exception):
    """No gateway answers at that address."""


class Gateway:
    """Sends one request at a time and gives the parsed reply."""

    def send(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: Any = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the reply's JSON, None for an empty one. Raises Problem, Unreachable."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        params = {name: value for name, value in (query or {}).items() if value not in (None, "", [])}
        response = self._exchange(method, path, headers, params, body)
        if response.status_code >= 400:
            raise Problem(response.status_code, _document(response))
        return response.json() if response.content else None

    def send_file(self, path: str, content: bytes, *, token: str, query: Mapping[str, Any] | None = None) -> Any:
        """Send a file's bytes as the body. Returns the reply's JSON. Raises Problem, Unreachable."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/octet-stream"}
        response = self._exchange("POST", path, headers, dict(query or {}), None, content)
        if response.status_code >= 400:
            raise Problem(response.status_code, _document(response))
        return response.json()

    def fetch_file(self, path: str, *, token: str) -> tuple[str, bytes]:
        """A file's name as it was given, and its bytes, all of them. Raises Problem, Unreachable."""
        response = self._exchange("GET", path, {"authorization": f"Bearer {token}"}, {}, None)
        if response.status_code >= 400:
            raise Problem(response.status_code, _document(response))
        content: bytes = response.content
        if len(content) != int(response.headers.get("content-length", len(content))):
            raise Unreachable("the gateway ended in the middle of the file")
        name = response.headers.get("content-disposition", "").partition("filename*=UTF-8''")[2]
        return unquote(name), content

    def hear(self, request: Request) -> Heard:
        """The answer as it is, whatever it says (`parefeu attack`). Raises Unreachable."""
        from gateway.attacking import Heard

        bearer = {"authorization": f"Bearer {request.token}"} if request.token else {}
        headers, query = {**request.headers, **bearer}, dict(request.query)
        response = self._exchange(request.method, request.path, headers, query, None, request.content or b"")
        return Heard(
            response.status_code, {name.lower(): value for name, value in response.headers.items()}, response.content
        )

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], params: dict[str, Any], body: Any,
        content: bytes | None = None,
    ) -> httpx2.Response:  # fmt: skip
        """body: sent as JSON. content: sent as it is."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _payload(body: Any, content: bytes | None) -> dict[str, Any]:
    return {"json": body} if content is None else {"content": content}


def _document(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


class HttpGateway(Gateway):
    """A running server. Plain HTTP only to this machine: a token in the clear is a session given away."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError("the address of a gateway is http://… or https://…")
        local = is_loopback(parts.hostname)
        if parts.scheme == "http" and not local:
            raise ConfigurationError("a gateway on another machine is reached by https:// only")
        import httpx2

        self.url = url.rstrip("/")
        self._client = httpx2.Client(base_url=self.url, timeout=_TIMEOUT, trust_env=not local)

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], params: dict[str, Any], body: Any,
        content: bytes | None = None,
    ) -> httpx2.Response:  # fmt: skip
        import httpx2

        try:
            return self._client.request(method, path, headers=headers, params=params, **_payload(body, content))
        except httpx2.TransportError as fault:
            raise Unreachable(f"no gateway answers at {self.url}") from fault

    def close(self) -> None:
        self._client.close()


class InProcess(Gateway):
    """The whole gateway in this process. Takes over `services` and closes them."""

    def __init__(self, services: Services) -> None:
        import asyncio

        import httpx2

        from gateway.app import create_app

        self.services = services
        self._runner = asyncio.Runner()
        transport = httpx2.ASGITransport(create_app(services), raise_app_exceptions=False, client=("127.0.0.1", 0))
        self._client = httpx2.AsyncClient(transport=transport, base_url="http://in-process")

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], params: dict[str, Any], body: Any,
        content: bytes | None = None,
    ) -> httpx2.Response:  # fmt: skip
        return self._runner.run(
            self._client.request(method, path, headers=headers, params=params, **_payload(body, content))
        )

    def close(self) -> None:
        with suppress(RuntimeError):
            self._runner.run(self._client.aclose())
        self._runner.close()
        self.services.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that host."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def prefix_of(zone: Zone) -> str:
    """Where a zone's routes begin: `/casework`, `/follow-up`, `/partner/caritas`."""
    return f"/partner/{zone.organisation}" if zone.organisation else "/" + str(zone).replace("_", "-")


def holder(home: Path) -> str | None:
    """What the process that holds the home's lock says about itself; None if nobody holds it."""
    try:
        descriptor = os.open(home / "serving.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return os.pread(descriptor, 500, 0).decode("utf-8", errors="replace").strip() or "starting"
        return None
    finally:
        os.close(descriptor)


def server_of(home: Path) -> str | None:
    """The address of the server that holds this home; None if nobody does. Waits while another command works.

    Raises StoreBusy if the holder stays and is no server.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        note = holder(home)
        if note is None or note.startswith(("http://", "https://")):
            return note
        if time.monotonic() >= end:
            raise StoreBusy(f"another process works on this store ({note})")
        time.sleep(_LOOK)
