"""The base of the ratios: a FastAPI `async def` route that answers 2 KB of JSON from memory.

No session, no decision, no store, no audit: the least a FastAPI service with a typed answer can cost.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, HTTPException

from bench.contestant import Contestant, uvicorn_command
from bench.notes import SampleNote, sample_notes
from bench.shape import NoteAnswer


def build_app() -> FastAPI:
    """The app; BENCH_NOTES says how many notes it holds in memory."""
    app = FastAPI()
    held: dict[str, dict[str, Any]] = {}
    for sample in sample_notes(int(os.environ["BENCH_NOTES"])):
        fields = asdict(sample)
        del fields["case"]
        held[sample.note] = fields

    @app.get("/notes/{note}")
    async def read(note: str) -> NoteAnswer:
        fields = held.get(note)
        if fields is None:
            raise HTTPException(404)
        return NoteAnswer(**fields)

    return app


def prepare(notes: list[SampleNote]) -> Contestant:
    """The plain route as a contestant."""
    return Contestant(
        start_command=uvicorn_command("bench.plain:build_app"),
        env={"BENCH_NOTES": str(len(notes))},
        paths=[f"/notes/{note.note}" for note in notes],
        headers={},
        ready_path=f"/notes/{notes[0].note}",
        first_text=notes[0].text,
    )
