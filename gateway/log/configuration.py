"""With which settings did a process run? Their digest is an entry of the log; what it stands for is kept beside it.

    home/configurations/DIGEST.json

No secret is in it: of database addresses, which may hold a password, only the kind of database and its name.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.settings import Settings
from vault.errors import ConfigurationError

_ADDRESSES: Final = ("database_url", "keystore_url", "log_url", "log_keystore_url")


def configuration(settings: Settings, texts: str, version: str) -> bytes:
    """Canonical JSON. texts: digest of the office's texts. version: of the program."""
    values: dict[str, Any] = settings.model_dump(mode="json") | {"texts": texts, "version": version}
    for name in _ADDRESSES:
        parts = urlsplit(values[name])
        values[name] = f"{parts.scheme}:{parts.path.rpartition('/')[2]}" if parts.scheme else ""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def keep_configuration(settings: Settings, texts: str, version: str) -> str:
    """Keep the settings under their digest and return it, hexadecimal. What is there already is the same."""
    content = configuration(settings, texts, version)
    digest = sha256(content).hexdigest()
    path = settings.home / "configurations" / f"{digest}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(content)
    return digest


def kept_configuration(settings: Settings, digest: str) -> dict[str, Any]:
    """What a digest in the log stands for. Raises ConfigurationError if it was not kept or was altered."""
    path = settings.home / "configurations" / f"{digest}.json"
    if len(digest) != 64 or not digest.isalnum() or not path.is_file():
        raise ConfigurationError("the settings with that digest were not kept here")
    content = path.read_bytes()
    if sha256(content).hexdigest() != digest:
        raise ConfigurationError("the kept settings give another digest now: they were altered")
    found: dict[str, Any] = json.loads(content)
    return found
