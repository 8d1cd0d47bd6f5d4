"""Reads the list of regions, sites and desks, and the limits of the agenda: the packaged one or an office's own."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from vault.cases.appointments import AgendaRules
from vault.cases.organisation import Organisation, parse_organisation
from vault.errors import ConfigurationError

#: Name in the file, unit, and the bounds within which a value can be meant.
_RULES: Final[dict[str, tuple[str, str, int, int]]] = {
    "shortest_minutes": ("shortest", "minutes", 5, 240),
    "longest_minutes": ("longest", "minutes", 15, 720),
    "grace_minutes": ("grace", "minutes", 0, 240),
    "walk_in_minutes": ("walk_in_length", "minutes", 5, 240),
}
_LARGEST: Final = 1024 * 1024
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu organisation 1\n"


def load_organisation(path: Path | None = None) -> tuple[Organisation, AgendaRules]:
    """path: an office's own file; None for the packaged one. Raises ConfigurationError, naming the place."""
    try:
        raw = path.read_bytes() if path is not None else (files("gateway") / "organisation.toml").read_bytes()
        if len(raw) > _LARGEST:
            raise ConfigurationError(f"the organisation's file is larger than {_LARGEST} bytes")
        data = tomllib.loads(raw.decode("utf-8"))
    except OSError as fault:
        raise ConfigurationError(f"the organisation's file cannot be read ({type(fault).__name__})") from fault
    except ValueError as fault:
        raise ConfigurationError("the organisation's file is no TOML in UTF-8") from fault
    unknown = sorted(set(data) - {"agenda", "organisation"})
    if unknown or not isinstance(data.get("organisation"), dict) or not isinstance(data.get("agenda"), dict):
        raise ConfigurationError("the organisation's file has exactly the tables agenda and organisation")
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    digest = hashlib.sha256(_FORMAT + canonical).digest()
    return parse_organisation(data["organisation"], digest), _rules(data["agenda"])


def _rules(data: Mapping[str, Any]) -> AgendaRules:
    unknown = sorted(set(data) - set(_RULES))
    if unknown:
        raise ConfigurationError(f"agenda: unknown: {', '.join(map(ascii, unknown))}")
    given: dict[str, timedelta] = {}
    for name, (field, unit, least, most) in _RULES.items():
        value = data.get(name)
        if type(value) is not int or not least <= value <= most:
            raise ConfigurationError(f"agenda.{name}: a whole number of {least} to {most} is expected")
        given[field] = timedelta(**{unit: value})
    rules = AgendaRules(**given)
    if rules.shortest > rules.longest:
        raise ConfigurationError("agenda: the shortest appointment is longer than the longest")
    return rules
