"""`parefeu serve`: the gateway of one zone, or of all from one process."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self, cast

import typer

from gateway.cli.home import Home, Hooks, hooks_of, settings_of, zone_of
from gateway.client import is_loopback
from vault.errors import ConfigurationError

if TYPE_CHECKING:
    import uvicorn

    from gateway.settings import Settings
    from gateway.wiring import Services
    from vault.crypto.providers.file import FileRoot
    from vault.ports import Entropy
    from vault.sensitive import Sensitive

app = typer.Typer(add_completion=False)
_BACKLOG: Final = 512
_KEEP_ALIVE: Final = 15  # seconds a connection may idle
_DRAIN: Final = 10  # seconds that running requests get at shutdown


@app.command()
def serve(
    ctx: typer.Context,
    home: Home = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Serve this zone only (PostgreSQL).")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Default: loopback.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = None,
) -> None:
    """Serve until SIGTERM or SIGINT. TLS is the reverse proxy's."""
    gc.disable()  # what start-up makes stays: looking through it again and again is a tenth of it (`app.create_app`)
    given: dict[str, Any] = {"host": host, "port": port, "zone": str(zone_of(zone)) if zone else None}
    settings = settings_of(home, **{name: value for name, value in given.items() if value is not None})
    settings.check()
    hooks = hooks_of(ctx)
    with EarlyRoots(settings, hooks) as roots, listening(settings) as door:
        run(settings, hooks, door, roots.root, ready=lambda _, address: partial(banner, settings, address))


def banner(settings: Settings, address: str) -> None:
    """What is served, and what that promises."""
    from gateway.roots import place_of
    from gateway.settings import slug

    typer.echo(f"parefeu: {address}", err=True)
    if settings.zone:
        kind = place_of(settings, slug(settings.zones[0])).kind
        typer.echo(f"parefeu: zone {settings.zone}, with the keys of this zone only; its root: {kind}", err=True)
    else:
        typer.echo(
            "parefeu: one process holds all zones; no store wall; for looking or very small installations only",
            err=True,
        )
    if settings.protocols_file is None:
        typer.echo(
            "parefeu: protocols with other bodies are the shipped examples, which nobody agreed to: name your own in "
            "PAREFEU_PROTOCOLS_FILE",
            err=True,
        )
    if not is_loopback(settings.host):
        typer.echo("parefeu: reachable from other machines: put a TLS proxy in front of it", err=True)


def run(
    settings: Settings,
    hooks: Hooks,
    door: socket.socket,
    root: type[FileRoot],
    *,
    ready: Callable[[Services, str], Callable[[], None]],
) -> None:
    """Serve on an open socket until told to stop. ready: called before; what it returns, once the server answers."""
    from gateway.app import create_app
    from gateway.cli import logs
    from gateway.log.running import log_beside
    from gateway.policy_reload import Reloader
    from gateway.wiring import build

    address = address_of(door)
    logs.configure()
    services = build(settings, note=lambda: address, **(hooks.parts() | {"root": root}))
    try:
        told, start_log = ready(services, address), log_beside(services, root)

        def started() -> None:
            told()
            start_log()
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, Reloader(services).asked)

        _server(create_app(services), started).run(sockets=[door])
    finally:
        services.close()


def _server(application: Any, started: Callable[[], None]) -> uvicorn.Server:
    import uvicorn

    from gateway.http_protocol import Protocol

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started()

        def handle_exit(self, sig: int, frame: Any) -> None:
            # uvicorn raises the signal again once it has stopped; a service that was told to stop ended well.
            super().handle_exit(sig, frame)
            self._captured_signals.clear()

    return Server(
        uvicorn.Config(
            application,
            loop="uvloop",
            http=Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_DRAIN,
        )
    )


def listening(settings: Settings) -> socket.socket:
    """A listening socket: requests that come while the keys are opened wait instead of failing."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        door = socket.socket(family, kind, protocol)
    except OSError:
        raise ConfigurationError(f"{settings.host} is no address of this machine") from None
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(where)
        door.listen(_BACKLOG)
    except OSError as fault:
        door.close()
        raise ConfigurationError(
            f"cannot listen on {settings.host} port {settings.port} ({fault.strerror}): choose another with --port"
        ) from None
    return door


def address_of(door: socket.socket) -> str:
    """The address as a client on this machine uses it."""
    host, port = door.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class EarlyRoots:
    """Stretches the zones' passphrases in a thread while the rest of the program is still being read from disk.

    Argon2 is most of a start's work and needs no interpreter. A root is handed out once, to the zone it belongs
    to; a fault is raised where the root is opened, as if it had been opened there.
    """

    def __init__(self, settings: Settings, hooks: Hooks) -> None:
        from gateway.roots import InFile, place_of, secret_file_of
        from gateway.settings import slug

        real = hooks.root_class()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="roots", initializer=_leave_a_core)
        opened: dict[Path, Future[FileRoot]] = {}
        for zone in settings.zones:
            place = place_of(settings, slug(zone))
            if isinstance(place, InFile):  # the others cost no stretching
                path, secret = settings.zone_folder(zone) / "root.key", secret_file_of(settings, slug(zone), place)
                opened[path] = self._pool.submit(_open, real, path, secret)

        class Early(real):  # type: ignore[valid-type, misc]
            __slots__ = ()

            @classmethod
            def open(cls, path: Path, passphrase: Sensitive[str], entropy: Entropy) -> Any:
                begun = opened.pop(path, None)
                return begun.result() if begun is not None else real.open(path, passphrase, entropy)

        self._opened = opened
        self.root = cast("type[FileRoot]", Early)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)


def _leave_a_core() -> None:
    """This thread, and the lanes' threads that Argon2 starts from it, keep off one of several cores (Linux).

    Where there are two, four lanes would take a third of the time of the core that reads the program in.
    """
    if sys.platform == "linux" and len(cores := os.sched_getaffinity(0)) > 1:
        with suppress(OSError):
            os.sched_setaffinity(0, cores - {min(cores)})


def _open(root: type[FileRoot], path: Path, passphrase_file: Path) -> FileRoot:
    from gateway.clock import SystemEntropy
    from gateway.instance import read_passphrase

    return root.open(path, read_passphrase(passphrase_file), SystemEntropy())
