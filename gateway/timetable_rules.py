"""The office's timetable for keys and retention, from TOML to the vault's own shape: validated whole, or refused.

table = load_timetable(settings.timetable_file)
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.rule_files import digest_of, read_whole
from vault.errors import ConfigurationError
from vault.oversight.timetable import Timetable
from vault.vocabulary import ZoneKind

_SHIPPED: Final = Path(__file__).parent / "timetable.toml"
_LARGEST: Final = 16 * 1024
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu timetable 1\n"

_Months = Annotated[int, Field(ge=1, le=600)]
_Days = Annotated[int, Field(ge=0, le=366)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Keys(_Table):
    casework_months: _Months
    follow_up_months: _Months
    partner_months: _Months
    oversight_months: _Months
    soon_days: _Days


class _Details(_Table):
    erase_after_months: _Months
    longest_months: _Months
    soon_days: _Days


class _Sweep(_Table):
    every_days: Annotated[int, Field(ge=1, le=366)]
    soon_days: _Days


class _Examination(_Table):
    every_months: _Months
    soon_days: _Days


class _File(_Table):
    version: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    keys: _Keys
    details: _Details
    sweep: _Sweep
    examination: _Examination


def load_timetable(file: Path | None = None) -> Timetable:
    """file: the office's own; None for the shipped one. Raises ConfigurationError."""
    path = file if file is not None else _SHIPPED
    parsed = read_whole(path, _File, largest=_LARGEST)
    keys, details, sweep, examination = parsed.keys, parsed.details, parsed.sweep, parsed.examination
    if details.longest_months <= details.erase_after_months:
        # Else it would be due again on the day on which it was done.
        raise ConfigurationError(f"{path.name} cannot be used: details: longest_months is more than erase_after_months")
    return Timetable(
        version=parsed.version,
        keys=MappingProxyType(
            {
                ZoneKind.CASEWORK: keys.casework_months,
                ZoneKind.FOLLOW_UP: keys.follow_up_months,
                ZoneKind.PARTNER: keys.partner_months,
                ZoneKind.OVERSIGHT: keys.oversight_months,
            }
        ),
        keys_soon=keys.soon_days,
        erase_after=details.erase_after_months,
        details_longest=details.longest_months,
        details_soon=details.soon_days,
        sweep_days=sweep.every_days,
        sweep_soon=sweep.soon_days,
        examination_months=examination.every_months,
        examination_soon=examination.soon_days,
        digest=digest_of(parsed, _FORMAT),
    )
