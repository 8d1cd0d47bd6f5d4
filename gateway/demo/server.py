"""Serves the demo on loopback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from gateway.cli.home import Hooks, settings_of
from gateway.cli.serve import EarlyRoots, listening, run
from gateway.demo.people import token_for
from gateway.demo.setup import Demo
from gateway.demo.welcome import SHOWN, print_welcome
from gateway.wiring import Services

_LIFETIME: Final = timedelta(hours=10)


def serve_demo(home: Path, port: int, demo: Demo, hooks: Hooks) -> None:
    """Serve until Ctrl-C. Prints the sign-ins once the server answers."""
    settings = settings_of(home, host="127.0.0.1", port=port)

    def ready(services: Services, address: str) -> Callable[[], None]:
        tokens = {login: token_for(services, login, _LIFETIME) for login in SHOWN}
        return lambda: print_welcome(demo, address, str(home), tokens)

    with EarlyRoots(settings, hooks) as roots, listening(settings) as door:
        run(settings, hooks, door, roots.root, ready=ready)
