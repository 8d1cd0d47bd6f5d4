"""The parameters of the case flow, from TOML to the vault's own shapes: validated whole, or refused with every fault.

    parameters = load_parameters(settings.parameters_file)
    parameters.digest.hex()         # stands in the audit entry of what was computed with them

The shipped file holds every table. An operator's file may replace tables that stand in it, each whole, and add
annexes, grounds, criteria, partners and appeals; it names its own version. Nothing that no program reads is accepted.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from vault.cases import parameters as p
from vault.cases.flow import WAITING, State
from vault.cases.model import CoachType
from vault.errors import ConfigurationError

LARGEST_FILE: Final = 256 * 1024  # bytes; the shipped one has ten thousand
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu parameters 1\n"
_SECTION: Final = re.compile(r"[A-Za-z0-9_]{1,30}")
T = TypeVar("T")

Days = Annotated[int, Field(ge=0, le=3660)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,30}$")]


class _Table(BaseModel):
    """source, sure: where the value comes from, and how well it is known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    source: Annotated[str, StringConstraints(min_length=8, max_length=300, pattern=r"^[ -~]+$")]
    sure: Annotated[p.Sureness, Field(strict=False)]

    def sourced(self, value: T) -> p.Sourced[T]:
        return p.Sourced(value, self.source, self.sure)


class _Count(_Table):
    value: Annotated[int, Field(ge=0, le=200)]


class _Flag(_Table):
    value: bool


class _Term(_Table):
    value: Days


class _AnnexTable(_Term):
    transfer: bool = False


class _AppealTable(_Term):
    second_measure: bool = False
    instead_of: Word | Literal[""] = ""


class _WaitTable(_Term):
    working: bool = False


class _GroundTable(_Table):
    value: Annotated[p.Duty, Field(strict=False)]


class _CriterionTable(_Table):
    value: Literal["", "individuals", "families", "open_return"]
    excluded: bool = False
    transfer: bool = False


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Flow(_Section):
    reinvitations: _Count
    majority: _Count
    furthest_appointment: _Count


class _Terms(_Section):
    first_day: _Count
    general: _Count
    appeals_move: _Flag
    extension: _Flag


class _CalendarSection(_Section):
    extra_holidays: Annotated[list[date], Field(max_length=200)]


class _File(_Section):
    """The whole file, after an operator's tables took the place of the shipped ones."""

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,40}$")]
    flow: _Flow
    terms: _Terms
    calendar: _CalendarSection
    annexes: dict[Word, _AnnexTable]
    appeals: dict[Word, _AppealTable]
    extension_grounds: dict[Word, _GroundTable]
    criteria: dict[Word, _CriterionTable]
    return_partners: dict[Word, _Flag]
    waits: dict[Word, _WaitTable]


def load_parameters(operators: Path | None = None) -> p.Parameters:
    """The shipped parameters, with the tables of an operator's file in their places.

    Raises ConfigurationError with every fault: a table or value that is not known, has no source, or cannot be meant.
    """
    shipped = _read_shipped()
    merged = shipped if operators is None else _merged(shipped, _read(operators))
    try:
        found = _File.model_validate(merged)
    except ValidationError as faults:
        raise ConfigurationError("the parameters cannot be used: " + "; ".join(_told(faults))) from None
    missing = [*_missing(found)]
    if missing:
        raise ConfigurationError("the parameters cannot be used: " + "; ".join(missing))
    return _built(found)


def _read_shipped() -> dict[str, Any]:
    return tomllib.loads((files("gateway") / "parameters.toml").read_text("utf-8"))


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as fault:
        raise ConfigurationError(f"the parameters file cannot be read ({type(fault).__name__})") from None
    if len(content) > LARGEST_FILE:
        raise ConfigurationError(f"the parameters file is larger than {LARGEST_FILE} bytes")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ConfigurationError(f"the parameters file is no TOML: {fault}") from None


def _merged(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Two levels: a section, and in it tables that are replaced whole."""
    if "version" not in own or own["version"] == shipped["version"]:
        raise ConfigurationError(f"the parameters file must name a version of its own, not {shipped['version']!r}")
    merged: dict[str, Any] = {**shipped}
    for name, section in own.items():
        before = merged.get(name)
        merged[name] = {**before, **section} if isinstance(before, dict) and isinstance(section, dict) else section
    return merged


def _told(faults: ValidationError) -> Iterator[str]:
    """What is wrong and where; names that could be nobody's are not repeated."""
    for fault in faults.errors()[:20]:
        place = ".".join(str(part) if _SECTION.fullmatch(str(part)) else "?" for part in fault["loc"])
        yield f"{place}: {fault['msg']}"


def _missing(found: _File) -> Iterator[str]:
    """Every state that waits for a number of days needs one; an appeal stands in for another one that there is."""
    for name, appeal in found.appeals.items():
        if appeal.instead_of and appeal.instead_of not in set(found.appeals) - {name}:
            yield f"appeals.{name}.instead_of: no other way to appeal"
    for name in sorted({wait for state, wait in WAITING.items() if state is not State.INVITED} - set(found.waits)):
        yield f"waits.{name}: missing"
    for name in sorted(set(found.waits) - set(WAITING.values())):
        yield f"waits.{name}: nothing waits for this"


def _built(found: _File) -> p.Parameters:
    canonical = json.dumps(found.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    flow, terms = found.flow, found.terms

    def count(table: _Count) -> p.Sourced[int]:
        return table.sourced(table.value)

    return p.Parameters(
        version=found.version,
        digest=hashlib.sha256(_FORMAT + canonical.encode("ascii")).digest(),
        flow=p.FlowParameters(count(flow.reinvitations), count(flow.majority), count(flow.furthest_appointment)),
        terms=p.TermParameters(
            first_day=count(terms.first_day),
            general=count(terms.general),
            appeals_move=terms.appeals_move.sourced(terms.appeals_move.value),
            extension=terms.extension.sourced(terms.extension.value),
            extra_holidays=tuple(found.calendar.extra_holidays),
        ),
        annexes=_fixed({name: p.Annex(t.sourced(t.value), t.transfer) for name, t in found.annexes.items()}),
        appeals=_fixed(
            {name: p.Appeal(t.sourced(t.value), t.second_measure, t.instead_of) for name, t in found.appeals.items()}
        ),
        extension_grounds=_fixed({name: t.sourced(t.value) for name, t in found.extension_grounds.items()}),
        criteria=_fixed(
            {name: p.Criterion(_coach_type(t), t.excluded, t.transfer) for name, t in found.criteria.items()}
        ),
        return_partners=_fixed({name: t.sourced(t.value) for name, t in found.return_partners.items() if t.value}),
        waits=_fixed({name: p.Wait(t.sourced(t.value), t.working) for name, t in found.waits.items()}),
    )


def _fixed(table: dict[str, T]) -> Mapping[str, T]:
    return MappingProxyType(table)


def _coach_type(table: _CriterionTable) -> p.Sourced[CoachType | None]:
    return table.sourced(CoachType(table.value) if table.value else None)
