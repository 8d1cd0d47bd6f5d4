"""An office's own rules in a TOML file: read whole and checked, or refused with the places at fault."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from vault.errors import ConfigurationError

Shape = TypeVar("Shape", bound=BaseModel)


def read_whole(path: Path, shape: type[Shape], *, largest: int) -> Shape:
    """largest: bytes. Raises ConfigurationError, which names places in the file and no value of it."""
    try:
        with path.open("rb") as opened:
            content = opened.read(largest + 1)
        if len(content) > largest:
            raise ConfigurationError(f"{path.name} is larger than {largest} bytes")
        return shape.model_validate(tomllib.loads(content.decode()))
    except OSError as fault:
        raise ConfigurationError(f"{path.name} cannot be read ({type(fault).__name__})") from fault
    except ValidationError as fault:
        places = ", ".join(".".join(str(part) for part in error["loc"]) for error in fault.errors()[:5])
        raise ConfigurationError(f"{path.name} cannot be used: {places}") from None
    except ValueError as fault:
        raise ConfigurationError(f"{path.name} is no TOML") from fault


def digest_of(rules: BaseModel, format_mark: bytes) -> bytes:
    """32 bytes over all that the file says. format_mark: changes with the meaning of the bytes."""
    return hashlib.sha256(format_mark + json.dumps(rules.model_dump(mode="json"), sort_keys=True).encode()).digest()
