"""What takes part in the HTTP measurements: how to start it and what to ask it."""

from __future__ import annotations

import sys
from dataclasses import dataclass


class BenchUnavailable(Exception):
    """Something a figure needs is not on this machine or not written yet; the figure is left out, with this reason."""


class BenchFailed(Exception):
    """A contestant did not start or answered wrongly: no figure can be trusted."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server to be measured.

    start_command: `{port}` stands for the loopback port it shall listen on. It runs in the checkout's folder.
    env: added to this process's environment.
    paths: of one note each; each slice asks for them in a shuffled order.
    headers: sent with every request; the bearer token among them.
    ready_path: answers 200 once the server can do its duty.
    first_text: the text that `paths[0]` must answer with under `text`; checked once before anything is timed.
    """

    start_command: list[str]
    env: dict[str, str]
    paths: list[str]
    headers: dict[str, str]
    ready_path: str
    first_text: str


def uvicorn_command(factory: str) -> list[str]:
    """The command of an app factory under uvicorn as all Python contestants run it: one worker, fastest parts."""
    options = "--factory --host 127.0.0.1 --port {port} --workers 1 --loop uvloop --http httptools"
    quiet = "--no-access-log --log-level warning"
    return [sys.executable, "-m", "uvicorn", factory, *options.split(), *quiet.split()]
