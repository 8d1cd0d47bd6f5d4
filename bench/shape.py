"""The answer of every route that FastAPI serialises: the plain one and the rivals'."""

from __future__ import annotations

from pydantic import BaseModel


class NoteAnswer(BaseModel):
    """One note as it is read. written_at is a plain string: parsing a date would burden the base of the ratios."""

    reference: str
    note: str
    version: int
    template: str
    language: str
    text: str
    provenance: str
    written_at: str
    author: str
