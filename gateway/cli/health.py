"""`parefeu health`: how the installation runs, for its operator. No content."""

from __future__ import annotations

import typer

from gateway.cli.desk import Desk, at_desk
from vault.vocabulary import OVERSIGHT

app = typer.Typer(add_completion=False)


@app.command("health")
@at_desk(OVERSIGHT)
def health(desk: Desk) -> None:
    """Signs of life of every zone, ages of keys, the log's lag, what was swept and erased, what is due (operator)."""
    found = desk.get("/operation")
    if not desk.as_json:
        found["due"] = found["timetable"].pop("lines")
        for name in ("directory", "log", "filing", "erased", "timetable"):
            part = found.pop(name)
            found |= {f"{name}_{each}": value for each, value in part.items()} if part else {name: None}
    desk.show(found)
