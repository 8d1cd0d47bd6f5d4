"""Note templates: what a coach is asked for, as a skeleton of headings in each language.

The names are a closed list here; the skeletons are texts of the office, in a file that carries a version for each.
A note stores the template with the version it was begun from (`intake/2`), so that years later it is known what had
been asked. Version 0 is a note from before templates had versions.

    template, version = parse_stored("intake/2")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from vault.cases.model import LANGUAGES
from vault.errors import ConfigurationError, InvalidInput

TEMPLATES: Final = ("intake", "interview", "legal_analysis", "conclusions", "stay", "return", "extension", "closing")
#: Keeps `name/version` within its column.
HIGHEST_VERSION: Final = 99_999


@dataclass(frozen=True, slots=True)
class NoteTemplate:
    """skeletons: by language, all four."""

    name: str
    version: int
    skeletons: Mapping[str, str]

    def __post_init__(self) -> None:
        if self.name not in TEMPLATES:
            raise ConfigurationError(f"a note template is one of {', '.join(TEMPLATES)}")
        if not 1 <= self.version <= HIGHEST_VERSION:
            raise ConfigurationError(f"note template {self.name}: versions count from 1")
        if set(self.skeletons) != set(LANGUAGES) or not all(text.strip() for text in self.skeletons.values()):
            raise ConfigurationError(f"note template {self.name}: a skeleton in each of {', '.join(LANGUAGES)}")

    @property
    def stored(self) -> str:
        """How a note's row and seal name it."""
        return f"{self.name}/{self.version}"


@lru_cache(maxsize=1024)
def parse_stored(stored: str) -> tuple[str, int]:
    """Name and version of what a row says."""
    name, _, version = stored.partition("/")
    return name, int(version) if version.isdigit() else 0


def template_for(templates: Mapping[str, NoteTemplate], name: str, version: int | None) -> str:
    """What a new version of a note stores. version: the one it was begun from; None: the present one.

    Raises InvalidInput for a name that is none, and for a version that never was.
    """
    found = templates.get(name)
    if found is None:
        raise InvalidInput(f"template must be one of {', '.join(TEMPLATES)}", field="template")
    if version is None:
        return found.stored
    if not 1 <= version <= found.version:
        raise InvalidInput(f"the template {name} has the versions 1 to {found.version}", field="template_version")
    return f"{name}/{version}"
