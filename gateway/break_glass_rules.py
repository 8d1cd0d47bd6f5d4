"""The office's figures for emergencies, from TOML to the vault's own shape: validated whole, or refused.

rules = load_emergency_rules(settings.break_glass_file)
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.rule_files import digest_of, read_whole
from vault.cases.break_glass import EmergencyRules, Period
from vault.vocabulary import Role

_SHIPPED: Final = Path(__file__).parent / "break_glass.toml"
_LARGEST: Final = 16 * 1024
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu break-glass rules 1\n"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Budget(_Table):
    period: Annotated[Period, Field(strict=False)]
    coach: Annotated[int, Field(ge=0, le=50)]
    regional_head: Annotated[int, Field(ge=0, le=50)]


class _Limits(_Table):
    answer_within_minutes: Annotated[int, Field(ge=5, le=24 * 60)]
    minutes: Annotated[int, Field(ge=5, le=8 * 60)]
    review_within_days: Annotated[int, Field(ge=1, le=30)]


class _File(_Table):
    version: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    budget: _Budget
    limits: _Limits


def load_emergency_rules(file: Path | None = None) -> EmergencyRules:
    """file: the office's own; None for the shipped one. Raises ConfigurationError."""
    path = file if file is not None else _SHIPPED
    parsed = read_whole(path, _File, largest=_LARGEST)
    budget, limits = parsed.budget, parsed.limits
    return EmergencyRules(
        budget=MappingProxyType({Role.COACH: budget.coach, Role.REGIONAL_HEAD: budget.regional_head}),
        period=budget.period,
        answer_within=timedelta(minutes=limits.answer_within_minutes),
        lasts=timedelta(minutes=limits.minutes),
        review_within=limits.review_within_days,
        digest=digest_of(parsed, _FORMAT),
    )
