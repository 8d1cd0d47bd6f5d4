"""How replies are shown: a table on a terminal, tab-separated lines in a pipe, JSON on request.

What comes from the vault may hold anything a person typed: control characters never reach a terminal, and
no text is read as markup.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer

_CONTROL: Final = {
    code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"
} | dict.fromkeys((0x202A, 0x202B, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069), "")  # bidirectional overrides


_COMMAND: Final = re.compile(r"(?<![\w./-])parefeu (?=[a-z])")


def called() -> str:
    """What the user types to reach this program: `./run` where that started it."""
    return os.environ.get("PAREFEU_CALLED_AS") or "parefeu"


def as_called(text: str) -> str:
    """`text` with the commands in it as this user types them."""
    return _COMMAND.sub(lambda _: f"{called()} ", text)


def at_home(home: Path | None) -> str:
    """The option that names this installation again; "" where the user named none."""
    return f" --home {shlex.quote(str(home))}" if home is not None else ""


def on_terminal() -> bool:
    return sys.stdout.isatty()


def clean(text: str) -> str:
    """Without what could steer a terminal."""
    return text.replace("\r\n", "\n").translate(_CONTROL)


def show_json(reply: Any) -> None:
    typer.echo(json.dumps(reply, ensure_ascii=False, indent=2))


def show_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, title: str = "") -> None:
    """One line per row. Columns that no row has are left out."""
    present = [name for name in columns if any(name in row for row in rows)] or list(columns)
    if not on_terminal():
        for line in (present, *([_cell(row.get(name)) for name in present] for row in rows)):
            typer.echo("\t".join(line))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for name in present:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name))) for name in present))
    _console().print(table if rows else Text("nothing"))


def show_line(row: Mapping[str, Any], columns: Sequence[str]) -> None:
    """One more line of what `show_rows` began in a pipe."""
    typer.echo("\t".join(_cell(row.get(name)) for name in columns))


def show_record(values: Mapping[str, Any], *, title: str = "") -> None:
    """One name and value per line; lists of records follow as tables."""
    nested = {name: value for name, value in values.items() if isinstance(value, list) and value and _records(value)}
    plain = {name: value for name, value in values.items() if name not in nested}
    if not on_terminal():
        for name, value in plain.items():
            typer.echo(f"{name}\t{_cell(value)}")
        for name, value in nested.items():
            for place, record in enumerate(value, start=1):
                for field, content in record.items():
                    typer.echo(f"{name}.{place}.{field}\t{_cell(content)}")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", show_header=False, box=None, padding=(0, 2))
    for name, value in plain.items():
        table.add_row(Text(name.replace("_", " "), style="bold"), Text(_cell(value)))
    _console().print(table)
    for name, value in nested.items():
        show_rows(value, list(value[0]), title=name)


def show_text(heading: str, text: str) -> None:
    """A note: on a terminal under a heading, in a pipe the text alone."""
    if not on_terminal():
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    from rich.rule import Rule
    from rich.text import Text

    console = _console()
    console.print(Rule(Text(heading), align="left"))
    console.print(Text(clean(text)))


def _records(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{_cell(name)} {_cell(item)}" for name, item in value.items())
    return clean(str(value)).replace("\t", " ").replace("\n", " ")


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)
