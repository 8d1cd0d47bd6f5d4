"""The command line's own fixtures: a shell, and a user whose folders are empty."""

from __future__ import annotations

from tests.cli.conftest import compiled, shell, user

__all__ = ["compiled", "shell", "user"]
