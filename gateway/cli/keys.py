"""`parefeu keys`: the zones' public keys, where their roots live, and changing the passphrase of one."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output, roots
from gateway.cli.home import Home, Json, hooks_of, plain_settings, settings_of, zone_of

app = typer.Typer(help="Look at the zones' keys and roots.", no_args_is_help=True, add_completion=False)
app.command("root")(roots.root)
app.command("make-root")(roots.make_root)
app.command("move-root")(roots.move_root)


@app.command()
def show(home: Home = None, as_json: Json = False) -> None:
    """The signed directory, checked against its pin: zones, key versions, fingerprints, serial; and roots here."""
    from gateway.instance import read_directory, read_pin
    from gateway.roots import keys_file, kind_here
    from gateway.settings import slug

    settings = plain_settings(home)
    directory = read_directory(settings)
    rows = [
        {
            "zone": str(entry.zone),
            "key_version": entry.key_version,
            "sealing": _fingerprint(entry.sealing.raw),
            "signing": _fingerprint(entry.verify.raw),
            "root": kind_here(settings, slug(entry.zone)) if keys_file(settings, slug(entry.zone)).exists() else "",
        }
        for entry in directory.entries
    ]
    pin = read_pin(settings)
    head = {"serial": directory.serial, "issued_at": directory.issued_at.isoformat(timespec="seconds"), "pin": pin}
    if as_json:
        output.show_json({**head, "zones": rows})
        return
    output.show_record(head)
    output.show_rows(rows, ("zone", "key_version", "sealing", "signing", "root"))


def _fingerprint(raw: bytes) -> str:
    digits = sha256(raw).hexdigest()[:32]
    return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))


@app.command()
def passphrase(
    ctx: typer.Context,
    zone: str,
    home: Home = None,
    new_file: Annotated[
        Path | None, typer.Option("--new-file", help="A file that holds the new one; default: you are asked.")
    ] = None,
) -> None:
    """Seal a zone's root file under another passphrase. The records stay as they are.

    A copy of the old root file still opens with the old passphrase: destroy such copies.
    """
    from gateway.clock import SystemEntropy
    from gateway.instance import read_passphrase, write_private
    from gateway.roots import InFile, place_of, secret_file_of
    from gateway.settings import slug
    from vault.errors import ConfigurationError
    from vault.sensitive import Sensitive

    wanted = zone_of(zone)
    settings = settings_of(home)
    place = place_of(settings, slug(wanted))
    if not isinstance(place, InFile):
        raise ConfigurationError(f"the root of {zone} is no file ({place.kind}): its PIN or token is changed there")
    file = secret_file_of(settings, slug(wanted), place)
    kept = file.exists()
    old = read_passphrase(file) if kept else Sensitive(typer.prompt("Present passphrase", hide_input=True, err=True))
    if new_file is not None:
        new = read_passphrase(new_file)
    else:
        new = Sensitive(typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))
    # The new passphrase is on disk before the root needs it: a crash in between loses neither.
    fresh = file.with_name(f"{file.name}.new")
    if kept:
        with suppress(FileNotFoundError):
            fresh.unlink()
        write_private(fresh, new.expose().encode())
    root = settings.zone_folder(wanted) / "root.key"
    try:
        hooks_of(ctx).root_class().change_passphrase(root, old, new, SystemEntropy())
    except BaseException:
        with suppress(FileNotFoundError):
            fresh.unlink()
        raise
    if kept:
        os.replace(fresh, file)
        typer.echo(f"changed, and written to {file}")
    else:
        typer.echo(f"changed: give it to whatever starts the zone {slug(wanted)}")
