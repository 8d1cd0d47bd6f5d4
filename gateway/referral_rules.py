"""The operator's rules for referrals: a TOML file, the packaged one if the settings name none."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from vault.cases.partners import ReferralRules, parse_rules
from vault.errors import ConfigurationError

_LARGEST: Final = 256 * 1024


def load_referral_rules(path: Path | None) -> ReferralRules:
    """Raises ConfigurationError for a file that cannot be read or used, whole."""
    if path is None:
        return _packaged()
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise ConfigurationError(f"the rules for referrals are larger than {_LARGEST} bytes")
        return _parsed(raw.decode())
    except OSError:
        raise ConfigurationError("the file with the rules for referrals cannot be read") from None
    except UnicodeDecodeError:
        raise ConfigurationError("the rules for referrals are not UTF-8") from None


@lru_cache(maxsize=1)
def _packaged() -> ReferralRules:
    return _parsed((files("gateway") / "referrals.toml").read_text("utf-8"))


def _parsed(text: str) -> ReferralRules:
    try:
        return parse_rules(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        raise ConfigurationError(f"the rules for referrals are no TOML: {fault}") from fault
