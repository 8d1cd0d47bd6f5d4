"""`parefeu audit stamp`: a checkpoint's time, vouched for by a time-stamping authority (RFC 3161)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.audit_log import PolicyFile, reading, shown_checkpoint
from gateway.cli.home import Home, settings_of
from vault.errors import InvalidInput


def stamp(
    file: Annotated[Path, typer.Argument(help="The stamp: written; with --check, read.")],
    roots: Annotated[Path, typer.Option("--roots", help="PEM: the root certificates of the authority.")],
    url: Annotated[str, typer.Option("--url", help="The authority to ask.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Check a stamp instead of asking for one.")] = False,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="The checkpoint; default: beside the stamp, FILE.checkpoint.")
    ] = None,
    home: Home = None,
    policy: PolicyFile = None,
) -> None:
    """Have the newest checkpoint stamped, and keep stamp and checkpoint side by side; or check such a pair."""
    from gateway.log.time_stamps import stamp as ask
    from gateway.log.time_stamps import stamped_at

    beside = checkpoint or file.with_name(f"{file.name}.checkpoint")
    if check:
        note = beside.read_bytes()
        raw = file.read_bytes()
    else:
        if not url:
            raise InvalidInput("name the authority with --url, or a stamp to --check", field="url")
        settings = settings_of(home)
        with reading(settings) as reader:
            note = shown_checkpoint(reader, settings, policy)
        raw = ask(note, url, roots.read_bytes())
        file.write_bytes(raw)
        beside.write_bytes(note)
    moment = stamped_at(raw, note, roots.read_bytes())
    origin, size, *_ = note.decode("utf-8", "replace").split("\n")
    output.show_record({"verdict": "sound", "stamped_at": moment.isoformat(), "origin": origin, "entries": size})
