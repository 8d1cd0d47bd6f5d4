"""The command line in this process, on a home with cheap roots; and as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from typer.testing import CliRunner

from gateway.cli.desk import Session
from gateway.cli.home import Hooks
from gateway.cli.program import app
from gateway.client import Gateway
from tests.house import STAFF, House
from tests.patience import PATIENCE
from vault.pseudonyms import Pseudonym, domain_of
from vault.vocabulary import CASEWORK

#: A case reference that is well formed and nobody's.
UNKNOWN: Final = Pseudonym(domain_of(CASEWORK), bytes(16)).text
ROOT: Final = Path(__file__).resolve().parents[2]
#: Starts the program with cheap roots: there is no way to ask for them from outside.
_PROGRAM: Final = """
from gateway.cli import main
from gateway.cli.home import Hooks
from tests.unit.crypto.kit import WeakFileRoot
main(Hooks(root=WeakFileRoot))
"""


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """Tab-separated lines without the header."""
        return [line.split("\t") for line in self.out.splitlines()[1:]]


@dataclass
class Shell:
    """Runs commands with these parts."""

    hooks: Hooks = field(default_factory=Hooks)

    def run(self, *words: str | Path, typed: str = "") -> Ran:
        done = CliRunner().invoke(app, [str(word) for word in words], input=typed or None, obj=self.hooks)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    def ok(self, *words: str | Path, typed: str = "") -> Ran:
        ran = self.run(*words, typed=typed)
        assert ran.code == 0, ran.err
        return ran

    def refused(self, code: str, *words: str | Path, typed: str = "") -> Ran:
        """One line on stderr with this code, exit code 1."""
        ran = self.run(*words, typed=typed)
        assert ran.code == 1, (ran.out, ran.err)
        assert f"[{code}]" in ran.err
        assert "Traceback" not in ran.err
        return ran


class HouseGateway(Gateway):
    """A house's own application as the gateway of commands: no second one is built."""

    def __init__(self, house: House) -> None:
        self._house = house

    def _exchange(
        self, method: str, path: str, headers: Any, params: Any, body: Any, content: bytes | None = None
    ) -> Any:
        given = {"json": body} if content is None else {"content": content}
        return self._house.app.request(method, path, headers=headers, params=params, **given)


def signed_in(house: House, login: str) -> None:
    """Keep a session for a member of the house's staff, as sign-in would."""
    if login not in house.tokens:
        house.hire(login)
    Session(STAFF[login][0], house.tokens[login], str(Path("parefeu-home").resolve()), login).keep()


@contextmanager
def program(*words: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The program as a process of its own, ended when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *map(str, words)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)} | environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(path: Path, beginning: str, seconds: float = PATIENCE) -> str:
    """The file's text once it begins so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = path.read_text("utf-8") if path.exists() else ""
        if text.startswith(beginning):
            return text
        time.sleep(0.05)
    raise AssertionError(f"{path.name} does not say {beginning}")
