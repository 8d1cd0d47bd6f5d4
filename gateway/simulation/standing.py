"""Where a simulation stands when it is stopped in good order: enough to go on with the same lives on another day.

Kept in the home while it waits. A life is made again from the seed and the case's number, and what of it happened is
skipped; what cannot be made again is which case of the vault lives it. Names nobody: everybody in there is invented.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from gateway.log.key import replace_file
from vault.errors import ConfigurationError

#: A home that is filled with invented cases holds this file: production refuses it. Empty: nothing waits to go on.
MARK: Final = "simulated"

_Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Plan(_Strict):
    """What is simulated. first, end: days, the end not included; cases: 1 or more."""

    seed: _Count
    cases: Annotated[int, Field(ge=1)]
    first: date
    end: date


class Counts(_Strict):
    """What was done so far. steps: of the case flow; seconds: at work."""

    cases: _Count = 0
    steps: _Count = 0
    notes: _Count = 0
    facts: _Count = 0
    sign_ins: _Count = 0
    seconds: Annotated[float, Field(ge=0)] = 0.0


class Waiting(_Strict):
    """A case on its way. taken: its acts that happened; case: 32 hexadecimal digits, "" before it was opened."""

    number: Annotated[int, Field(ge=1)]
    taken: _Count
    case: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")]


class Standing(_Strict):
    """moment: of the simulation's clock; begun: how many cases are on their way or done, in their order."""

    version: Literal[1] = 1
    plan: Plan
    done: Counts
    moment: AwareDatetime
    begun: _Count
    waiting: tuple[Waiting, ...]


def keep(home: Path, standing: Standing | None) -> None:
    """Mark the home as simulated, and where it stands: None is to its end, or unknown until it stops in good order."""
    replace_file(home / MARK, b"" if standing is None else standing.model_dump_json().encode())


def kept(home: Path) -> Standing:
    """Raises ConfigurationError: there is nothing to go on with."""
    try:
        found = (home / MARK).read_bytes()
    except FileNotFoundError:
        found = b""
    if not found:
        raise ConfigurationError(
            "no simulation was stopped here that could go on: it ran to its end, was killed, or never began"
        )
    try:
        return Standing.model_validate_json(found)
    except ValidationError:
        raise ConfigurationError("where the simulation stood cannot be read: begin again with a new home") from None
