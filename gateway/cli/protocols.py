"""`parefeu protocols`: with whom there is a protocol, for what, until when. Needs no vault, no keys, no database."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli import output
from gateway.cli.home import Json
from gateway.clock import SystemClock
from gateway.protocol_rules import load_protocols
from vault.cases.protocols import Protocol, Protocols
from vault.errors import ConfigurationError

app = typer.Typer(help="Protocols with other bodies: for what, until when.", add_completion=False)
_SOON: Final = timedelta(days=30)
_COLUMNS: Final = ("protocol", "party", "purposes", "categories", "since", "until", "standing", "basis", "reference")


@app.callback(invoke_without_command=True)
def show(
    file: Annotated[
        Path | None,
        typer.Option("--file", envvar="PAREFEU_PROTOCOLS_FILE", help="Check this file, and show what it says."),
    ] = None,
    as_json: Json = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Fail if one is an example, or something is covered no more within 30 days."),
    ] = False,
) -> None:
    """Every protocol, whether it runs, and the digest that stands in the entries."""
    found, now = load_protocols(file), SystemClock().now()
    rows = [_row(each, _standing(each, now)) for each in found.entries]
    if as_json:
        output.show_json({"digest": found.digest.hex(), "protocols": rows})
    else:
        output.show_rows(rows, _COLUMNS)
        typer.echo(f"digest {found.digest.hex()}")
    if strict:
        _check(found, now)


def _check(found: Protocols, now: datetime) -> None:
    """Raises ConfigurationError where something is an example, or flows today or soon no more."""
    if not found.entries or any(each.example for each in found.entries):
        raise ConfigurationError("there is no protocol, or one is an example that nobody agreed to")
    lapsing = found.lapsing(now, _SOON)
    if lapsing:
        told = "; ".join(f"{party}: {category.value}" for party, category in lapsing)
        raise ConfigurationError(f"within {_SOON.days} days no protocol covers {told}: without one nothing flows")


def _standing(protocol: Protocol, now: datetime) -> str:
    if protocol.runs(now):
        return "EXAMPLE" if protocol.example else "runs"
    return "ended" if now >= protocol.ends else "not yet"


def _row(protocol: Protocol, standing: str) -> dict[str, str]:
    return {
        "protocol": protocol.code, "party": str(protocol.party),
        "purposes": ", ".join(sorted(protocol.purposes)), "categories": ", ".join(sorted(protocol.categories)),
        "since": protocol.since.isoformat(), "until": protocol.until.isoformat(), "standing": standing,
        "basis": protocol.basis, "form": protocol.form, "periodicity": protocol.periodicity,
        "published_on": protocol.published_on.isoformat(), "reference": protocol.reference,
    }  # fmt: skip
