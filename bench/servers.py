"""Starting a contestant on a free loopback port, waiting until it answers, ending it by its own id."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from bench.contestant import BenchFailed, Contestant

ROOT: Final = Path(__file__).resolve().parent.parent
#: How long a server may take to answer after its start, seconds.
_PATIENCE: Final = 90.0
_TIME: Final = re.compile(r'"at": "[^"]*"')
#: Pause between two looks whether it answers, seconds: also the resolution of `start.seconds`.
_LOOK: Final = 0.005


def keep_bytecode(folder: Path) -> None:
    """Where this environment forbids writing bytecode, keep it in `folder` for this process and its servers.

    Without it, every start of every contestant would compile its whole framework: seconds that are nobody's fault.
    """
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode = False
        sys.pycache_prefix = str(folder)


def _environment() -> dict[str, str]:
    if sys.pycache_prefix is None:
        return dict(os.environ)
    return os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": sys.pycache_prefix}


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A running contestant.

    with Server("plain", contestant, folder) as server:
        server.port, server.start_seconds
    """

    def __init__(self, name: str, contestant: Contestant, folder: Path) -> None:
        self.name = name
        self.contestant = contestant
        self.port = free_port()
        self.start_seconds = 0.0
        self._began = 0.0
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self.launch()
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def launch(self) -> None:
        """Start the process and return at once; whoever calls this calls `stop`."""
        command = [part.replace("{port}", str(self.port)) for part in self.contestant.start_command]
        self._began = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=_environment() | self.contestant.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self) -> None:
        """Return once it answered 200 on its ready path; `start_seconds` then says how long that took."""
        while time.perf_counter() - self._began < _PATIENCE:
            if self._process is None or self._process.poll() is not None:
                raise BenchFailed(f"{self.name} ended while starting:\n{self.log_tail()}")
            try:
                if self.get(self.contestant.ready_path)[0] == 200:
                    self.start_seconds = time.perf_counter() - self._began
                    return
            except OSError:
                pass
            time.sleep(_LOOK)
        raise BenchFailed(f"{self.name} did not answer within {_PATIENCE:.0f} s:\n{self.log_tail()}")

    def stop(self) -> None:
        """End the process this object started, gently first. Harmless when it has ended."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def log_tail(self) -> str:
        """The last lines it printed, those that differ in more than their time: for an error message of the bench."""
        lines = self._log.read_text("utf-8", "replace").splitlines()
        different = {_TIME.sub("", line): line for line in lines}
        return "\n".join(list(different.values())[-15:])

    def get(self, path: str) -> tuple[int, bytes]:
        """One request with the contestant's headers on a connection of its own: status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers=self.contestant.headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def check_duty(self) -> None:
        """Raise BenchFailed unless the first note is answered with its text: a fast error is no performance."""
        status, body = self.get(self.contestant.paths[0])
        if status != 200:
            raise BenchFailed(f"{self.name} answered {status}: {body[:300]!r}\n{self.log_tail()}")
        if json.loads(body).get("text") != self.contestant.first_text:
            raise BenchFailed(f"{self.name} did not answer with the note's text")
