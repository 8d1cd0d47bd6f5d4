"""`parefeu keys`: the zones' public keys, where their roots live; replacing passphrases, roots and wrapping keys."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output, roots
from gateway.cli.home import Home, Json, hooks_of, plain_settings, settings_of, zone_of
from gateway.cli.keys_rotate import rotate
from gateway.cli.keys_sweep import sweep

app = typer.Typer(
    help="Look at the zones' keys and roots; replace a passphrase, a root, a wrapping key.",
    no_args_is_help=True, add_completion=False,
)  # fmt: skip
app.command("where")(roots.where)
app.command("make-root")(roots.make_root)
app.command("move-root")(roots.move_root)
app.command("rotate")(rotate)
app.command("sweep")(sweep)
ZoneName = Annotated[str, typer.Option("--zone", help="casework, follow_up, oversight or partner:NAME.")]


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
    zone: Annotated[str, typer.Argument(help="The zone; or --zone.", show_default=False)] = "",
    zone_option: Annotated[str, typer.Option("--zone", help="The zone whose root it is.", show_default=False)] = "",
    home: Home = None,
    new_file: Annotated[
        Path | None, typer.Option("--new-file", help="A file that holds the new one; default: you are asked.")
    ] = None,
) -> None:
    """Seal a zone's root file under another passphrase. The records stay as they are. Interrupted: run it again.

    A copy of the old root file still opens with the old passphrase: destroy such copies, or `parefeu keys root`.
    """
    from gateway.clock import SystemEntropy
    from gateway.instance import read_passphrase
    from gateway.rooting import change_passphrase, finish_passphrase, passphrase_file
    from gateway.settings import slug
    from vault.errors import ConfigurationError
    from vault.sensitive import Sensitive

    if bool(zone) == bool(zone_option):
        raise ConfigurationError("name one zone")
    wanted = zone_of(zone or zone_option)
    settings, entropy, root_class = settings_of(home), SystemEntropy(), hooks_of(ctx).root_class()
    file = passphrase_file(settings, wanted)
    if file.exists() and finish_passphrase(settings, wanted, entropy, root_class):
        typer.echo(f"what was begun before is finished: {file} holds the new one", err=True)
    old = (
        read_passphrase(file)
        if file.exists()
        else Sensitive(typer.prompt("Present passphrase", hide_input=True, err=True))
    )
    if new_file is not None:
        new = read_passphrase(new_file)
    else:
        new = Sensitive(typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))
    if change_passphrase(settings, wanted, old, new, entropy, root_class):
        typer.echo(f"changed, and written to {file}")
    else:
        typer.echo(f"changed: give it to whatever starts the zone {slug(wanted)}")


@app.command()
def root(ctx: typer.Context, zone: ZoneName, home: Home = None) -> None:
    """Put a zone's keys under a new root: the old root file opens them no more. Interrupted: run it again.

    The passphrase stays. Embedded, nobody may be serving; on PostgreSQL restart the zone's processes afterwards.
    """
    from gateway.cli.staff import at_the_store
    from gateway.clock import SystemEntropy
    from gateway.log.lanes import write
    from gateway.rooting import replace_root
    from vault.audit.log_events import root_replaced

    wanted, hooks = zone_of(zone), hooks_of(ctx)
    with at_the_store(home, wanted, hooks) as (services, _):
        write(services, wanted, root_replaced())
        replace_root(services.settings, wanted, SystemEntropy(), hooks.root_class())
    typer.echo(f"the keys of {wanted} are under a new root; destroy copies of the old root.key and of the old keyring")
