"""`parefeu flow`: the table of states and steps, and the parameters in force. Needs no vault, no keys, no database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import flow_docs
from gateway.cli import output
from gateway.cli.home import Json
from gateway.parameters import load_parameters
from vault.cases.flow import State
from vault.cases.parameters import Parameters, Sourced

app = typer.Typer(
    help="The table of states and steps, and the parameters in force.", no_args_is_help=True, add_completion=False
)


@app.command("show")
def show(
    state: Annotated[State | None, typer.Option("--state", help="Only this state.")] = None,
    as_json: Json = False,
    svg: Annotated[bool, typer.Option("--svg", help="The diagram, as docs/flow.svg holds it.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The page, as docs/flow.md holds it.")] = False,
) -> None:
    """Every state and step: who, what must hold, what follows, what begins to run, how it is logged, whence."""
    if svg or markdown:
        typer.echo(flow_docs.svg() if svg else flow_docs.markdown(), nl=False)
        return
    found = [row for row in flow_docs.rows() if state is None or row["state"] == state.value]
    if as_json:
        output.show_json(found)
    else:
        output.show_rows(found, flow_docs.COLUMNS)


@app.command("parameters")
def parameters(
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", envvar="PAREFEU_PARAMETERS_FILE", help="Check this file of an operator's own tables, and use it."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Every value that a law may change or no source settles, with its source and how sure it is; and the digest."""
    found = load_parameters(file)
    lines = [*_lines(found)]
    if as_json:
        output.show_json({"version": found.version, "digest": found.digest.hex(), "parameters": lines})
        return
    output.show_rows(lines, ("parameter", "value", "sure", "source"))
    typer.echo(f"version {found.version}, digest {found.digest.hex()}")


def _lines(found: Parameters) -> Iterator[dict[str, Any]]:
    for field in fields(found):
        yield from _walk(field.name, getattr(found, field.name))


def _walk(name: str, value: Any) -> Iterator[dict[str, Any]]:
    """A line for each sourced value, wherever it stands; flags beside it follow as lines of their own."""
    if isinstance(value, Sourced):
        shown = value.value.value if isinstance(value.value, Enum) else value.value
        yield {"parameter": name, "value": shown, "sure": value.sure.value, "source": value.source}
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _walk(f"{name}.{key}", one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _walk(f"{name}.{field.name}", getattr(value, field.name))
    elif value is True or (isinstance(value, tuple) and value):
        shown = value if value is True else [str(one) for one in value]
        yield {"parameter": name, "value": shown, "sure": "", "source": ""}
