"""Who may see what, as the requirements say it; the compiled table must say the same, request for request.

`expected.csv` is written by hand from the requirements, never from the rules. An `allow` line says which facts
are needed and what is shown; a `never` line says that no fact whatever opens this. Every request that no line
allows must be denied by the table: that is checked over the whole space of requests.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policies.compiler import Table
from policies.facts import condition_sets, facts_of, need_of
from policies.fields import CONTRACT
from policies.lines import ANY_STATE, NO_RELEASE, Key
from policies.loader import DEFAULT_FOLDER, LARGEST_FILE, table_lines
from vault.errors import PolicyRejected
from vault.vocabulary import Action, Kind, Phase, Purpose, Role

EXPECTED_HEADER: Final = "role,action,kind,purpose,phase,facts,verdict,profile,source"
_NAME: Final = "expected.csv"
_SOURCE: Final = re.compile(r"[A-Za-z][A-Za-z0-9 .:()'/-]{1,119}")


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line. needed: facts as bits; profile: `none` and needed 0 on a `never` line."""

    key: Key
    phases: frozenset[Phase]
    needed: int
    allows: bool
    profile: str
    place: str

    def allows_with(self, phase: Phase, held: int) -> bool:
        return self.allows and phase in self.phases and held & self.needed == self.needed


def load_expected(folder: Path | None = None) -> tuple[Expectation, ...]:
    """Read `expected.csv` as strictly as the rules. Raises PolicyRejected with every fault."""
    try:
        with ((folder or DEFAULT_FOLDER) / _NAME).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise PolicyRejected((f"{_NAME}: cannot be read ({type(error).__name__})",)) from error
    if len(content) > LARGEST_FILE:
        raise PolicyRejected((f"{_NAME}: is larger than {LARGEST_FILE} bytes",))
    faults: list[str] = []
    lines: list[Expectation] = []
    for number, columns in table_lines(content, _NAME, EXPECTED_HEADER, faults):
        try:
            lines.append(_expectation(columns, f"{_NAME}:{number}"))
        except ValueError as error:
            faults.append(f"{_NAME}:{number}: {error}")
    faults.extend(_contradictions(lines))
    if faults:
        raise PolicyRejected(tuple(faults))
    return tuple(lines)


def check_expected(table: Table, expected: Sequence[Expectation]) -> tuple[str, ...]:
    """Where the table and the expectations differ; nothing if they say the same about every request.

    A cell that neither names is denied by both, so only named cells need a look; in these, facts that neither
    names change nothing on either side.
    """
    by_key: dict[Key, list[Expectation]] = defaultdict(list)
    for line in expected:
        by_key[line.key].append(line)
    return tuple(
        fault
        for key in sorted({*table.cells, *by_key})
        for phase in Phase
        if (fault := _difference(table, key, phase, by_key[key])) is not None
    )


def _difference(table: Table, key: Key, phase: Phase, lines: Sequence[Expectation]) -> str | None:
    """The first set of facts in which the table says something else than the lines."""
    cell = table.cells.get(key)
    relevant = 0 if cell is None else cell.relevant
    for line in lines:
        relevant |= line.needed
    for held in condition_sets(relevant):
        answer = table.answer(key, phase, held)
        wanted = next((line for line in lines if line.allows_with(phase, held)), None)
        profile = "" if wanted is None else wanted.profile
        if (answer.allowed, answer.profile) != (wanted is not None, profile):
            role, kind, act, purpose = key
            facts = "+".join(facts_of(held)) or "no fact"
            place = "no line" if wanted is None else wanted.place
            got = f"allowed by {answer.rule} with {answer.profile}" if answer.allowed else "denied"
            want = f"allow with {profile} ({place})" if wanted is not None else "deny"
            return f"expected.csv: {role} {act} {kind} for {purpose} in {phase} with {facts}: expected {want}, is {got}"
    return None


def _expectation(columns: list[str], place: str) -> Expectation:
    role, action, kind, purpose, phase, facts, verdict, profile, source = columns
    if verdict not in ("allow", "never"):
        raise ValueError("the verdict is neither allow nor never")
    allows = verdict == "allow"
    if (profile == NO_RELEASE) == allows or (allows and profile not in CONTRACT):
        raise ValueError("an allow line names a known profile, a never line names none")
    if (facts == "any") == allows:
        raise ValueError("facts: `any` on never lines; what is needed, or `none`, on allow lines")
    phases = phase.split("/")
    if len(set(phases)) != len(phases) or (allows and phase == ANY_STATE):
        raise ValueError("phases named twice, or `any` on an allow line")
    if not _SOURCE.fullmatch(source):
        raise ValueError("the source is missing or has a sign that is not allowed")
    return Expectation(
        (Role(role), Kind(kind), Action(action), Purpose(purpose)),
        frozenset(Phase) if phase == ANY_STATE else frozenset(map(Phase, phases)),
        need_of(facts) if allows else 0,
        allows,
        profile,
        place,
    )


def _contradictions(lines: Sequence[Expectation]) -> Iterator[str]:
    """Two lines about the same role, action, kind, purpose and phase say it twice, or say opposite things."""
    seen: dict[tuple[Key, Phase], str] = {}
    for line in lines:
        for phase in sorted(line.phases):
            first = seen.setdefault((line.key, phase), line.place)
            if first != line.place:
                yield f"{line.place}: {phase} is already settled by {first}"
                break
