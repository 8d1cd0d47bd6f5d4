"""What the office words itself: note skeletons and letters, each with its version. Read from files by the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vault.cases.letters import LetterBook
from vault.cases.templates import TEMPLATES, NoteTemplate
from vault.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class OfficeTexts:
    """digest: SHA-256 over the files, hexadecimal: which wording was in force."""

    notes: Mapping[str, NoteTemplate]
    letters: LetterBook
    digest: str

    def __post_init__(self) -> None:
        if set(self.notes) != set(TEMPLATES):
            raise ConfigurationError(f"the note templates are {', '.join(TEMPLATES)}")
