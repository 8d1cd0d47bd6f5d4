"""How a rejected policy is told: every fault on stderr, then one line; exit code 1."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import typer

from vault.errors import PolicyRejected


def reject(error: PolicyRejected, folder: Path | None) -> NoReturn:
    where = f" in {folder}" if folder is not None else ""
    for fault in error.faults:
        typer.echo(fault, err=True)
    fail(f"the policy{where} was rejected: {len(error.faults)} fault(s); nothing was loaded")


def fail(message: str, *, code: int = 1) -> NoReturn:
    typer.echo(f"parefeu policy: {message}", err=True)
    raise typer.Exit(code)
