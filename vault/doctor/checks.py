"""What a check is, what it finds, and how all of them are run over one installation.

A check names one invariant. It says in a sentence what holds where all is well, why that matters, and what to do where
it does not. What it finds are sentences with ids, codes and counts: no check opens anything that is sealed, and none
repeats a stored text that is not one of the program's own words.

    for finding in examine(survey, settings, progress): print(finding.check.name, finding.what)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final

from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import CaseFile, Survey

#: So many places are named of each fault; the rest is counted.
PLACES: Final = 10


@unique
class Severity(StrEnum):
    FAULT = "fault"  # something is wrong: the exit code says so
    REMARK = "remark"  # somebody should look; it may be right


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. what: a sentence of the program's own; place: an id, or "" where there is none."""

    what: str
    place: str = ""


OfStore = Callable[[Survey, Surroundings], Iterable[Fault]]
OfCase = Callable[[CaseFile, Surroundings], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant. holds: what is true of a sound installation. why: what its breach means. advice: what to do.

    store: looks at whole tables. case: looks at one case with all that hangs on it; both yield what is wrong.
    """

    name: str
    holds: str
    why: str
    advice: str
    store: OfStore | None = None
    case: OfCase | None = None
    severity: Severity = Severity.FAULT


@dataclass(slots=True)
class Finding:
    """What one check found, one sentence of it. count: how often; places: the first of them."""

    check: Check
    what: str
    count: int = 0
    places: list[str] = field(default_factory=list)

    def values(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "check": self.check.name, "severity": self.check.severity.value, "what": self.what, "count": self.count,
            "places": self.places, "holds": self.check.holds, "why": self.check.why, "advice": self.check.advice,
        }  # fmt: skip


#: Told what is being looked at, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


def nobody(what: str, done: int, total: int) -> None:
    """For whoever wants no progress."""


class Findings:
    """Gathers faults by check and sentence."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Finding] = {}

    def add(self, check: Check, fault: Fault) -> None:
        finding = self._found.setdefault((check.name, fault.what), Finding(check, fault.what))
        finding.count += 1
        if fault.place and len(finding.places) < PLACES:
            finding.places.append(fault.place)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found.values())

    @property
    def sound(self) -> bool:
        """Whether nothing but remarks was found."""
        return all(finding.check.severity is not Severity.FAULT for finding in self)


def examine(
    checks: Sequence[Check], survey: Survey, surroundings: Surroundings, findings: Findings,
    progress: Progress = nobody,
) -> None:  # fmt: skip
    """Run every check: those about tables one after the other, those about cases together in one pass."""
    of_store = [check for check in checks if check.store is not None]
    for done, check in enumerate(of_store):
        progress(check.name, done, len(of_store))
        assert check.store is not None
        for fault in check.store(survey, surroundings):
            findings.add(check, fault)
    of_case = [check for check in checks if check.case is not None]
    total = survey.count("cases")
    for done, file in enumerate(survey.case_files()):
        if not done % 256:
            progress("cases", done, total)
        for check in of_case:
            assert check.case is not None
            for what in check.case(file, surroundings):
                findings.add(check, Fault(what, file.id.hex()))
    progress("cases", total, total)
