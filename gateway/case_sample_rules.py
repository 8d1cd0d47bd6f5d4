"""The office's figures for samples, from TOML to the vault's own shape: validated whole, or refused.

rules = load_case_sample_rules(settings.samples_file)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from gateway.rule_files import digest_of, read_whole
from vault.cases.case_samples import CaseSampleRules

_SHIPPED: Final = Path(__file__).parent / "case_samples.toml"
_LARGEST: Final = 16 * 1024
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu sample rules 1\n"
#: The longest that a sample can run, in working days: the doctor counts with it.
LONGEST_DAYS: Final = 20


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Budget(_Table):
    month: Annotated[int, Field(ge=0, le=50)]


class _Limits(_Table):
    working_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)]
    fewest: Annotated[int, Field(ge=1, le=1000)]


class _File(_Table):
    version: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    reasons: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,23}$")]], Field(min_length=1, max_length=20)
    ]
    budget: _Budget
    limits: _Limits

    @field_validator("reasons")
    @classmethod
    def _once(cls, reasons: list[str]) -> list[str]:
        if len(set(reasons)) != len(reasons):
            raise ValueError("a reason is listed twice")
        return reasons


def load_case_sample_rules(file: Path | None = None) -> CaseSampleRules:
    """file: the office's own; None for the shipped one. Raises ConfigurationError."""
    parsed = read_whole(file if file is not None else _SHIPPED, _File, largest=_LARGEST)
    return CaseSampleRules(
        reasons=tuple(parsed.reasons),
        budget=parsed.budget.month,
        working_days=parsed.limits.working_days,
        fewest=parsed.limits.fewest,
        digest=digest_of(parsed, _FORMAT),
    )
