"""The office's rules of lawful exceptions, from TOML to the vault's own shape: validated whole, or refused.

rules = load_exception_rules(settings.exceptions_file)
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.protocol_rules import Text
from gateway.rule_files import digest_of, read_whole
from vault.cases.exceptions import Basis, ExceptionRules
from vault.errors import ConfigurationError
from vault.vocabulary import Zone, ZoneKind

_SHIPPED: Final = Path(__file__).parent / "exceptions.toml"
_LARGEST: Final = 64 * 1024
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu exception rules 1\n"
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,19}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Limits(_Table):
    per_day: Annotated[int, Field(ge=1, le=1000)]
    answer_within_days: Annotated[int, Field(ge=1, le=60)]
    longest_hours: Annotated[int, Field(ge=1, le=31 * 24)]
    acknowledge_within_days: Annotated[int, Field(ge=1, le=30)]
    notice_within_days: Annotated[int, Field(ge=1, le=90)]
    longest_silence_days: Annotated[int, Field(ge=1, le=1100)]


class _Basis(_Table):
    text: Text
    recipients: Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Field(max_length=20)]


class _Ground(_Table):
    text: Text


class _File(_Table):
    version: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    limits: _Limits
    basis: Annotated[dict[Code, _Basis], Field(min_length=1, max_length=50)]
    ground: Annotated[dict[Code, _Ground], Field(max_length=20)] = {}


def load_exception_rules(file: Path | None = None) -> ExceptionRules:
    """file: the office's own; None for the shipped one. Raises ConfigurationError."""
    path = file if file is not None else _SHIPPED
    parsed = read_whole(path, _File, largest=_LARGEST)
    limits = parsed.limits
    return ExceptionRules(
        bases=MappingProxyType({code: _basis(code, each, path.name) for code, each in parsed.basis.items()}),
        grounds=MappingProxyType({code: each.text for code, each in parsed.ground.items()}),
        per_day=limits.per_day,
        answer_within=timedelta(days=limits.answer_within_days),
        longest_hours=limits.longest_hours,
        acknowledge_within=timedelta(days=limits.acknowledge_within_days),
        notice_within=timedelta(days=limits.notice_within_days),
        longest_silence=limits.longest_silence_days,
        digest=digest_of(parsed, _FORMAT),
    )


def _basis(code: str, said: _Basis, name: str) -> Basis:
    """Raises ConfigurationError for a recipient that no exception can have."""
    try:
        recipients = tuple(Zone.parse(each) for each in said.recipients)
    except ValueError:
        raise ConfigurationError(f"{name}: basis {code}: a recipient is partner:NAME") from None
    if len(set(recipients)) != len(recipients) or any(each.kind is not ZoneKind.PARTNER for each in recipients):
        raise ConfigurationError(f"{name}: basis {code}: recipients are partner:NAME, each once, and nobody else")
    return Basis(said.text, recipients)
