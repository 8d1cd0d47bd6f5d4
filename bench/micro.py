"""The in-process figures: a decision, its growth with the grants, and the price of a sealed record.

Imports of the product happen inside the functions, so that the rest of the bench runs without it.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.catalogue import OTHERS
from bench.contestant import BenchFailed, BenchUnavailable
from bench.interleave import Round, Slice, Summary, quantile, ratio, run_rounds, value
from bench.report import Figure, Outcome
from bench.settings import Effort

if TYPE_CHECKING:
    from vault.vocabulary import Facts, Question

_SEALED_LENGTH: Final = 4_096
_SIZES: Final = (100, 1_000_000)

#: A table of the shape a vault keeps, in a database of the bench: the figure is about growth, not about our SQL.
_GRANTS: Final = """
CREATE TABLE grants (id INTEGER PRIMARY KEY, actor BLOB NOT NULL, case_id BLOB NOT NULL, kind TEXT NOT NULL,
                     purpose TEXT NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL)
"""
_INDEX: Final = "CREATE INDEX grants_asked ON grants (actor, case_id, kind, purpose)"
_FILL: Final = """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?)
INSERT INTO grants (actor, case_id, kind, purpose, expires, revoked)
SELECT CAST(printf('%016x', n) AS BLOB), CAST(printf('%016x', n / 7) AS BLOB), 'note', 'coaching', 2, 0 FROM numbers
"""
_ASK: Final = (
    "SELECT 1 FROM grants WHERE actor = ? AND case_id = ? AND kind = ? AND purpose = ? AND expires > ? AND revoked = 0"
)


class _SystemEntropy:
    def bytes(self, count: int) -> bytes:
        return os.urandom(count)


def measure(names: Collection[str], effort: Effort, chance: random.Random, say: Callable[[str], None]) -> Outcome:
    """All wanted figures that need no server."""
    outcome = Outcome()
    for spec in OTHERS:
        if spec.name not in names or spec.name not in _FIGURES:
            continue
        say(f"measuring {spec.name}")
        try:
            summary = _FIGURES[spec.name](effort, chance)
        except BenchUnavailable as reason:
            outcome.missing[spec.name] = str(reason)
        else:
            outcome.figures.append(Figure.of(spec.name, summary, unit=spec.unit, bar=spec.bar))
    return outcome


def _decision(effort: Effort, chance: random.Random) -> Summary:
    """Microseconds of `decide`, over all kinds of questions and facts, known and unknown, loop included."""
    decide, questions, facts = _firewall_parts()
    pairs = [(chance.choice(questions), chance.choice(facts)) for _ in range(effort.micro_calls)]

    def run() -> dict[str, float]:
        began = time.perf_counter_ns()
        for question, known in pairs:
            decide(question, known)
        return {"micros": (time.perf_counter_ns() - began) / 1_000 / len(pairs)}

    rounds = run_rounds({"decision": run}, rounds=effort.micro_rounds, slices=5, chance=chance)
    return value(rounds, "decision", "micros")


def _growth(effort: Effort, chance: random.Random) -> Summary:
    """Median time of fact query + decision with 1e6 grants, over the same with 1e2; keys drawn at random."""
    with tempfile.TemporaryDirectory(prefix="parefeu-bench-") as folder:
        cases: dict[str, Slice] = {}
        for size in _SIZES:
            cases[str(size)] = _grants_slice(Path(folder) / f"{size}.db", size, effort.micro_calls, chance)
        rounds: list[Round] = run_rounds(cases, rounds=effort.micro_rounds, slices=2, chance=chance)
        small, large = (str(size) for size in _SIZES)
        return ratio(rounds, over=(large, "seconds"), under=(small, "seconds"))


def _grants_slice(path: Path, size: int, calls: int, chance: random.Random) -> Slice:
    from vault.vocabulary import Action, Facts, Kind, Phase, Purpose, Question, Role

    decide, _, _ = _firewall_parts()
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=OFF")  # nothing is written while it is measured
    database.execute(_GRANTS)
    database.execute(_FILL, (size,))
    database.execute(_INDEX)
    if database.execute(_ASK, (_key(size - 1), _key((size - 1) // 7), "note", "coaching", 1)).fetchone() is None:
        raise BenchFailed("the grants are not where the fact query looks for them")
    question = Question(Role.COACH, Action.READ, Kind.NOTE, Purpose.COACHING, Phase.ACTIVE)
    without, granted = Facts.of(own=True), Facts.of(own=True, grant=True)

    def run() -> dict[str, float]:
        spent: list[float] = []
        for actor, case in [(_key(number), _key(number // 7)) for number in chance.choices(range(size), k=calls)]:
            began = time.perf_counter_ns()
            row = database.execute(_ASK, (actor, case, "note", "coaching", 1)).fetchone()
            decide(question, without if row is None else granted)
            spent.append((time.perf_counter_ns() - began) / 1e9)
        return {"seconds": quantile(spent, 0.5)}

    return run


def _key(number: int) -> bytes:
    """What `_FILL` wrote: 16 bytes, ascending, so that the index is built in order; the look-ups are random."""
    return b"%016x" % number


def _seal(effort: Effort, chance: random.Random) -> Summary:
    """Sealing 4 KiB as a record, over one AESGCM.encrypt of the same bytes with a ready object and a ready nonce."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        from vault.crypto.record import RecordContext, seal_record
    except ImportError as problem:
        raise BenchUnavailable(f"no sealed record yet: {problem}") from problem
    from vault.ids import KeyId
    from vault.vocabulary import Compartment

    key, text, nonce = os.urandom(32), os.urandom(_SEALED_LENGTH), os.urandom(12)
    ready, entropy, key_id = AESGCM(key), _SystemEntropy(), KeyId(os.urandom(16))
    case, record, calls = os.urandom(16), os.urandom(16), effort.micro_calls // 4

    def ours() -> dict[str, float]:
        began = time.perf_counter()
        for version in range(1, calls + 1):
            seal_record(key, RecordContext(Compartment.NARRATIVE, case, record, version, 1, key_id), text, entropy)
        return {"seconds": time.perf_counter() - began}

    def raw() -> dict[str, float]:
        # One nonce for all: nothing is kept, and drawing nonces would only flatter the ratio.
        began = time.perf_counter()
        for _ in range(calls):
            ready.encrypt(nonce, text, record)
        return {"seconds": time.perf_counter() - began}

    rounds = run_rounds({"ours": ours, "raw": raw}, rounds=effort.micro_rounds, slices=5, chance=chance)
    return ratio(rounds, over=("ours", "seconds"), under=("raw", "seconds"))


@cache
def _firewall_parts() -> tuple[Callable[..., object], list[Question], list[Facts]]:
    """The loaded firewall's `decide`, every question of the vocabulary, and every set of facts, some unknown."""
    try:
        from policies.firewall import load_firewall
    except ImportError as problem:
        raise BenchUnavailable(f"no firewall yet: {problem}") from problem
    from itertools import product

    from vault.vocabulary import FACTS, Action, Facts, Kind, Phase, Purpose, Question, Role

    questions = [Question(*words) for words in product(Role, Action, Kind, Purpose, Phase)]
    whole = (1 << len(FACTS)) - 1
    facts = [Facts(held) for held in range(whole + 1)]
    for bit in (1 << place for place in range(len(FACTS))):
        facts += [Facts(held & ~bit, whole & ~bit) for held in range(8)]
    return load_firewall().decide, questions, facts


_FIGURES: Final[dict[str, Callable[[Effort, random.Random], Summary]]] = {
    "decision.micros": _decision,
    "decision.growth_1e2_1e6": _growth,
    "seal_4k.over_aesgcm": _seal,
}
