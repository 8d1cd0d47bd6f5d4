"""Who must approve which request for access, from TOML to the vault's own shape: validated whole, or refused.

rules = load_access_rules(settings.access_file)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.rule_files import digest_of, read_whole
from vault.access.evidence import LOGIN_LONGEST
from vault.cases.access_requests import APPROVERS, GRANTABLE, IDENTIFYING, AccessRules
from vault.errors import ConfigurationError
from vault.vocabulary import Role

_SHIPPED: Final = Path(__file__).parent / "access.toml"
_LARGEST: Final = 64 * 1024
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu access rules 1\n"
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
Text = Annotated[str, StringConstraints(min_length=8, max_length=200, pattern=r"^[ -~]+$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Limits(_Table):
    requests_per_day: Annotated[int, Field(ge=1, le=1000)]
    answer_within_days: Annotated[int, Field(ge=1, le=60)]
    remind_before_hours: Annotated[int, Field(ge=1, le=60 * 24)]
    longest_hours: Annotated[int, Field(ge=1, le=31 * 24)]


class _Ceremony(_Table):
    longest_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    open_within_minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 60


class _Basis(_Table):
    text: Text


class _Signatures(_Table):
    required: bool


class _Key(_Table):
    function: Annotated[Role, Field(strict=False)]
    login: Annotated[str, StringConstraints(min_length=1, max_length=LOGIN_LONGEST, pattern=r"^[!-~]+$")]
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _File(_Table):
    version: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    approvals: dict[Code, list[str]]
    limits: _Limits
    signatures: _Signatures
    ceremony: _Ceremony = _Ceremony()
    key: Annotated[dict[Code, _Key], Field(max_length=500)] = {}
    basis: Annotated[dict[Code, _Basis], Field(min_length=1, max_length=50)]


def load_access_rules(file: Path | None = None) -> AccessRules:
    """file: the office's own; None for the shipped one. Raises ConfigurationError."""
    path = file if file is not None else _SHIPPED
    parsed = read_whole(path, _File, largest=_LARGEST)
    approvals = _approvals(parsed.approvals, path.name)
    limits, keys = parsed.limits, _keys(parsed, path.name)
    return AccessRules(
        approvals=approvals,
        bases=MappingProxyType({code: basis.text for code, basis in parsed.basis.items()}),
        per_day=limits.requests_per_day,
        answer_within=timedelta(days=limits.answer_within_days),
        soon=timedelta(hours=limits.remind_before_hours),
        longest_hours=limits.longest_hours,
        longest_minutes=parsed.ceremony.longest_minutes,
        open_within=timedelta(minutes=parsed.ceremony.open_within_minutes),
        signed=parsed.signatures.required,
        keys=keys,
        digest=digest_of(parsed, _FORMAT),
    )


def _keys(parsed: _File, name: str) -> Mapping[str, tuple[Role, str]]:
    """Raises ConfigurationError for a key that two people would have, or of a function that approves nothing."""
    found = {key.fingerprint: (key.function, key.login) for key in parsed.key.values()}
    if len(found) != len(parsed.key) or any(function not in APPROVERS for function, _ in found.values()):
        raise ConfigurationError(f"{name}: each key is one approver's, of a function that approves")
    if parsed.signatures.required and {function for function, _ in found.values()} != set(APPROVERS):
        raise ConfigurationError(f"{name}: signatures are required, so each function needs a key")
    return MappingProxyType(found)


def _approvals(table: Mapping[str, list[str]], name: str) -> Mapping[str, tuple[Role, ...]]:
    """Raises ConfigurationError unless exactly the grantable fields are named, each with approvers enough."""
    if set(table) != set(GRANTABLE):
        raise ConfigurationError(f"{name}: approvals names exactly {', '.join(GRANTABLE)}")
    found: dict[str, tuple[Role, ...]] = {}
    for field, names in table.items():
        roles = tuple(role for role in APPROVERS if role.value in names)
        if len(roles) != len(names) or Role.REGIONAL_HEAD not in roles:
            raise ConfigurationError(
                f"{name}: {field} is approved by regional_head, and by dpo where that stands there"
            )
        if field in IDENTIFYING and len(roles) < len(APPROVERS):
            raise ConfigurationError(f"{name}: {field} tells who or where somebody is, and takes two functions")
        found[field] = roles
    return MappingProxyType(found)
