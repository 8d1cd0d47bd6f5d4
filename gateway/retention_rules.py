"""The office's rules of retention, from TOML to the vault's own shape: validated whole, or refused.

rules = load_retention_rules(settings.retention_file)
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from gateway.protocol_rules import Text
from gateway.rule_files import digest_of, read_whole
from vault.lifecycle.retention import KEPT, Ground, RetentionRules
from vault.vocabulary import Compartment

_SHIPPED: Final = Path(__file__).parent / "retention.toml"
_LARGEST: Final = 16 * 1024
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu retention rules 1\n"
#: Half a century: longer is no limit. Nothing goes on the day of closing: a case can be reopened.
_LONGEST: Final = 600
_NAMES: Final = frozenset(part.value for part in KEPT)
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,23}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Ground(_Table):
    text: Text
    before_due: bool


class _File(_Table):
    version: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    months: dict[str, Annotated[int, Field(ge=1, le=_LONGEST)]]
    ground: Annotated[dict[Code, _Ground], Field(min_length=1, max_length=20)]

    @field_validator("months")
    @classmethod
    def _each_once(cls, months: dict[str, int]) -> dict[str, int]:
        if set(months) != _NAMES:
            raise ValueError("every compartment that a case holds has its months, and nothing else has")
        return months

    @field_validator("ground")
    @classmethod
    def _one_waits(cls, ground: dict[str, _Ground]) -> dict[str, _Ground]:
        if all(each.before_due for each in ground.values()):
            raise ValueError("without a ground that waits until a case is due, retention would mean nothing")
        return ground


def load_retention_rules(file: Path | None = None) -> RetentionRules:
    """file: the office's own; None for the shipped one. Raises ConfigurationError."""
    parsed = read_whole(file if file is not None else _SHIPPED, _File, largest=_LARGEST)
    return RetentionRules(
        months=MappingProxyType({Compartment(name): months for name, months in parsed.months.items()}),
        grounds=MappingProxyType({code: Ground(each.text, each.before_due) for code, each in parsed.ground.items()}),
        digest=digest_of(parsed, _FORMAT),
    )
