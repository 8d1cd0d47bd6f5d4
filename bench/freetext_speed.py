"""Time, memory and growth of detection. Loading and memory are taken in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from bench.freetext_texts import own_notes
from bench.interleave import Summary, summarise
from bench.report import Bar, Figure

_BARS: Final = {True: (60.0, 6.0, 700.0), False: (20.0, 1.0, 250.0)}
#: Loads, reads a first text, then notes for a while; says seconds, milliseconds per 1,000 characters, MiB.
_PROBE: Final = """
import json, sys, time
from pathlib import Path
from bench.freetext_texts import own_notes
from vault.freetext import make_pipeline
began = time.perf_counter()
pipeline = make_pipeline(french=sys.argv[1] == "1")
pipeline.read("Vu Mme Diallo ce matin.", "fr")
loaded = time.perf_counter() - began
language = "fr" if sys.argv[1] == "1" else None
notes = [one.text for one in own_notes() if language is None or one.language == language]
text = "\\n\\n".join(notes * 3)
best = []
for _ in range(5):
    began = time.perf_counter()
    pipeline.read(text, language)
    best.append((time.perf_counter() - began) / len(text) * 1e6)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([loaded, sorted(best)[1], int(peak.split()[1]) / 1024]))
"""


def measure(rounds: int) -> list[Figure]:
    figures: list[Figure] = []
    for french, name in ((True, "with_french"), (False, "tagger_alone")):
        probes = [_probe(french) for _ in range(max(2, rounds - 2))]
        for at, (what, unit, note) in enumerate(
            (
                ("load", "s", "models and first text, in a fresh process"),
                ("ms_per_1000", "ms", "per 1,000 characters of notes"),
                ("memory", "MiB", "largest, the whole process"),
            )
        ):
            summary = summarise([probe[(0, 1, 2)[at]] for probe in probes])
            bar = Bar(_BARS[french][(1, 0, 2)[at]])
            figures.append(Figure.of(f"speed.{name}.{what}", summary, unit=unit, bar=bar, note=note))
    figures.append(_growth())
    return figures


def _probe(french: bool) -> tuple[float, float, float]:
    command = [sys.executable, "-c", _PROBE, "1" if french else "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    load, speed, memory = json.loads(done.stdout)
    return load, speed, memory


def hostile_texts(size: int) -> dict[str, str]:
    """Texts that make careless patterns run away, each about `size` characters."""
    pieces = {
        "digits": "7", "spaced digits": "7 ", "dots": "7.", "letters": "a", "capitals": "A", "names": "Jan ",
        "streets": "rue ", "hyphens": "a-", "at signs": "a@", "domains": "a.", "brackets": "[PERSON-1",
        "number words": "vierentwintig", "titles": "Mme ", "dates": "1/", "spaces": " ", "lines": "\n",
        "marks": "e\u0301", "zero width": "a\u200d", "quotes": "«", "plus": "+3",
        "elided": "m'", "initials": "Jan B ", "saints": "Saint ", "places": "île de ", "letters O": "O0",
        "articles": "De De ",
    }  # fmt: skip
    return {name: (piece * (size // len(piece) + 1))[:size] for name, piece in pieces.items()}


def growth_of(read: Callable[[str], object], small: int, factor: int) -> tuple[str, float]:
    """The hostile text whose time grows most when it is `factor` times as long, and its growth over `factor`."""
    worst, most = "", 0.0
    for name, text in hostile_texts(small).items():
        longer = hostile_texts(small * factor)[name]
        short_time = min(_timed(read, text) for _ in range(3))
        long_time = min(_timed(read, longer) for _ in range(2))
        grown = long_time / max(short_time, 0.002) / factor
        if grown > most:
            worst, most = name, grown
    return worst, most


def _timed(read: Callable[[str], object], text: str) -> float:
    began = time.perf_counter()
    read(text)
    return time.perf_counter() - began


def _growth() -> Figure:
    from vault.freetext import make_pipeline

    pipeline = make_pipeline(french=False)
    pipeline.read(own_notes()[0].text, "fr")
    worst, grown = growth_of(lambda text: pipeline.read(text, "fr"), 4_000, 8)
    note = f"time of 8 times the text, over 8; the worst: {worst}"
    return Figure.of("speed.growth", Summary(grown, grown, grown, 1), unit="×", bar=Bar(2.0), note=note)
