"""The detection rules, from TOML to the vault's own shapes: validated whole, or refused with every fault.

    rules = load_detection(settings.detection_file)
    rules.digest.hex()              # stands in the entry of every run and every review

The shipped file holds every table. An office's file may replace tables that stand in it, each whole, and names a
version of its own. A figure that a rule does not read is refused: nobody believes they set what is not looked at.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import time
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from vault.errors import ConfigurationError
from vault.oversight.detecting import Detection, Rule, RuleName
from vault.vocabulary import Role

LARGEST_FILE: Final = 64 * 1024  # bytes
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu detection 1\n"
_Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_Roles = Literal["coach", "desk_officer", "regional_head", "follow_up_officer", "partner_agent", "auditor", "dpo"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Rule(_Table):
    on: bool
    roles: Annotated[list[_Roles], Field(min_length=1, max_length=len(Role))]
    at_least: Annotated[int, Field(ge=1, le=10_000)]
    why: Annotated[str, StringConstraints(min_length=8, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]

    def rule(self, name: RuleName) -> Rule:
        given = self.model_dump()
        return Rule(
            name, self.on, frozenset(self.roles), self.at_least, self.why,
            begins=time.fromisoformat(given.get("begins", "00:00")),
            ends=time.fromisoformat(given.get("ends", "00:00")),
            factor=given.get("factor", 0.0), days=given.get("days", 0), minutes=given.get("minutes", 0),
        )  # fmt: skip


class _Hours(_Rule):
    begins: _Clock
    ends: _Clock

    @model_validator(mode="after")
    def _ordered(self) -> _Hours:
        if self.begins >= self.ends:
            raise ValueError("a day begins before it ends")
        return self


class _Usual(_Rule):
    factor: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)]
    days: Annotated[int, Field(ge=7, le=92)]


class _Browsing(_Rule):
    minutes: Annotated[int, Field(ge=1, le=240)]


class _Closed(_Rule):
    days: Annotated[int, Field(ge=0, le=3650)]


class _Rules(_Table):
    outside_caseload: _Rule
    after_hours: _Hours
    volume_own: _Usual
    volume_peers: _Usual
    sequential_browsing: _Browsing
    closed_case: _Closed
    denied_attempts: _Rule
    search_only: _Browsing
    break_glass: _Rule


class _Sample(_Table):
    """A sample grows with the volume: a review of nothing is none, so both figures are at least one."""

    least: Annotated[int, Field(ge=1, le=1_000)]
    per_thousand: Annotated[int, Field(ge=1, le=1_000)]
    most: Annotated[int, Field(ge=1, le=1_000)]

    @model_validator(mode="after")
    def _ordered(self) -> _Sample:
        if self.least > self.most:
            raise ValueError("the least is more than the most")
        return self


class _File(_Table):
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,40}$")]
    rules: _Rules
    sample: _Sample


def load_detection(offices: Path | None = None) -> Detection:
    """The shipped rules, with the tables of an office's file in their places. Raises ConfigurationError."""
    shipped = tomllib.loads((files("gateway") / "detection.toml").read_text("utf-8"))
    merged = shipped if offices is None else _merged(shipped, _read(offices))
    try:
        found = _File.model_validate(merged)
    except ValidationError as faults:
        raise ConfigurationError("the detection rules cannot be used: " + "; ".join(_told(faults))) from None
    canonical = json.dumps(found.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return Detection(
        found.version,
        hashlib.sha256(_FORMAT + canonical.encode("ascii")).digest(),
        MappingProxyType({name: getattr(found.rules, name.value).rule(name) for name in RuleName}),
        found.sample.least,
        found.sample.per_thousand,
        found.sample.most,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as fault:
        raise ConfigurationError(f"the detection file cannot be read ({type(fault).__name__})") from None
    if len(content) > LARGEST_FILE:
        raise ConfigurationError(f"the detection file is larger than {LARGEST_FILE} bytes")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ConfigurationError(f"the detection file is no TOML: {fault}") from None


def _merged(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Rules are replaced whole, and so is the sample."""
    if "version" not in own or own["version"] == shipped["version"]:
        raise ConfigurationError(f"the detection file must name a version of its own, not {shipped['version']!r}")
    rules = own.get("rules", {})
    merged = {**shipped["rules"], **rules} if isinstance(rules, dict) else rules
    return {**shipped, **own, "rules": merged}


def _told(faults: ValidationError) -> Iterator[str]:
    """What is wrong and where. A name that is not known is not repeated."""
    tables = (_File, _Rules, _Sample, _Hours, _Usual, _Browsing)
    known = {name for table in tables for name in table.model_fields}
    for fault in faults.errors()[:20]:
        place = ".".join(str(part) if str(part) in known else "?" for part in fault["loc"])
        yield f"{place}: {fault['msg']}"
