"""`parefeu keys where | make-root | move-root`: where a zone's root lives, a new one, and moving keys to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.home import Home, Json, hooks_of, plain_settings, zone_of

if TYPE_CHECKING:
    from gateway.settings import Settings
    from vault.vocabulary import Zone

Name = Annotated[str, typer.Argument(metavar="ZONE", help="A zone, or `log` for the access log's own root.")]
Roots = Annotated[
    Path | None, typer.Option("--roots", help="Another roots file than PAREFEU_ROOTS_FILE.", show_default=False)
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        "--secret-file", help="A file (0600) with the PIN or token to do it with; default: the zone's own.",
        show_default=False,
    ),
]  # fmt: skip


def where(ctx: typer.Context, zone: Name, home: Home = None, as_json: Json = False) -> None:
    """Say where a root lives, and open the zone's keys under it as a start would."""
    from gateway.clock import SystemEntropy
    from gateway.instance import load_zone
    from gateway.log.key import load_log_key
    from gateway.roots import place_of

    settings, wanted, name = _asked(zone, home)
    kind, cheap = place_of(settings, name).kind, hooks_of(ctx).root_class()
    if wanted is None:
        load_log_key(settings, SystemEntropy(), cheap)
    else:
        load_zone(settings, wanted, SystemEntropy(), cheap)
    found = {"zone": zone, "root": kind, "opens": True}
    if as_json:
        output.show_json(found)
    else:
        output.show_record(found)


def make_root(
    ctx: typer.Context, zone: Name, home: Home = None, roots: Roots = None, secret_file: SecretFile = None
) -> None:
    """Make a new root where the roots file says: a key in the token or key service, or a file. Changes no keys.

    Refuses to make a second one. Keys are put under it by `parefeu keys move-root`, or by `parefeu init`.
    """
    from gateway.clock import SystemEntropy
    from gateway.roots import make_root as make

    settings, _, name = _asked(zone, home, roots)
    made = make(settings, name, SystemEntropy(), hooks_of(ctx).root_class(), secret_file=secret_file)
    typer.echo(f"made: a root of kind {made.name} for {name}")


def move_root(
    ctx: typer.Context,
    zone: Name,
    to: Annotated[Path, typer.Option("--to", help="A roots file that says where the keys go.", show_default=False)],
    home: Home = None,
    secret_file: SecretFile = None,
) -> None:
    """Seal a zone's keys under another root, which must be there. The keys, and what is stored, stay as they are.

    A server that runs goes on; it starts again only once PAREFEU_ROOTS_FILE says where the keys went.
    """
    from gateway.clock import SystemEntropy
    from gateway.root_moving import move_root as move

    settings, wanted, name = _asked(zone, home)
    there = settings.model_copy(update={"roots_file": to})
    kind = move(settings, wanted, there, SystemEntropy(), hooks_of(ctx).root_class(), secret_file)
    typer.echo(f"moved: the keys of {name} stand under a root of kind {kind}")
    typer.echo(f"Set PAREFEU_ROOTS_FILE to {to} before the next start, and put its secret where it is read.")
    typer.echo("Copies of the old keyring still open under the old root: destroy those copies, then the old root.")


def _asked(zone: str, home: Path | None, roots: Path | None = None) -> tuple[Settings, Zone | None, str]:
    """Settings, the zone (None: the log) and its name in files."""
    from gateway.roots import LOG
    from gateway.settings import slug

    settings = plain_settings(home, **({} if roots is None else {"roots_file": roots}))
    if zone.strip().lower() == LOG:
        return settings, None, LOG
    wanted = zone_of(zone)
    return settings, wanted, slug(wanted)
