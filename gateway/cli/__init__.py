"""The program `parefeu`: the command line of operators, staff and the demo.

Nothing is imported here: `parefeu --help` answers at once, and a server starts with what it needs alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.cli.home import Hooks


def main(hooks: Hooks | None = None) -> None:
    """Run the command that the process was started with, and exit. hooks: parts that tests put in place of ours."""
    from gateway.cli.output import called
    from gateway.cli.program import app

    app(prog_name=called(), obj=hooks)
