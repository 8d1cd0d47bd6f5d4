"""Which installation a command works on, and with which parts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gateway.client import Gateway
    from gateway.settings import Settings
    from vault.crypto.providers.file import FileRoot
    from vault.ports import Clock, Firewall
    from vault.vocabulary import Zone

Home = Annotated[
    Path | None,
    typer.Option(
        "--home", help="The installation's folder; default: PAREFEU_HOME or parefeu-home.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the reply as JSON.")]


@dataclass(slots=True)
class Hooks:
    """What a test puts in place of our parts. There is no way to do so from outside the process.

    root: a cheap root. firewall: one that is loaded already. gateway: used instead of looking for one.
    """

    root: type[FileRoot] | None = None
    firewall: Firewall | None = None
    clock: Clock | None = None
    gateway: Gateway | None = None

    def parts(self) -> dict[str, Any]:
        """Keyword arguments for `gateway.wiring.build`."""
        given = {"root": self.root, "firewall": self.firewall, "clock": self.clock}
        return {name: part for name, part in given.items() if part is not None}

    def root_class(self) -> type[FileRoot]:
        from vault.crypto.providers.file import FileRoot

        return self.root or FileRoot


def hooks_of(ctx: typer.Context) -> Hooks:
    found = ctx.find_root().obj
    return found if isinstance(found, Hooks) else Hooks()


def home_folder(home: Path | None) -> Path:
    return home or Path(os.environ.get("PAREFEU_HOME") or "parefeu-home")


def settings_of(home: Path | None, **given: Any) -> Settings:
    """The settings of an installation; its partners are those that its signed directory names.

    Raises KeyringMissing, DirectoryRejected, ConfigurationError for settings that cannot be read.
    """
    from gateway.instance import read_directory
    from vault.vocabulary import ZoneKind

    bare = plain_settings(home, **given)
    entries = read_directory(bare).entries
    partners = tuple(entry.zone.organisation for entry in entries if entry.zone.kind is ZoneKind.PARTNER)
    return plain_settings(home, partners=partners, **given)


def plain_settings(home: Path | None, **given: Any) -> Settings:
    """The settings as environment and command line give them. Raises ConfigurationError, naming fields only."""
    from pydantic import ValidationError

    from gateway.settings import Settings, check_names
    from vault.errors import ConfigurationError

    check_names(os.environ)
    try:
        return Settings(**(given | ({"home": home} if home is not None else {})))
    except (ValidationError, ValueError) as fault:
        errors = fault.errors() if isinstance(fault, ValidationError) else []
        names = sorted({str(place) for error in errors for place in error["loc"][:1]}) or ["PAREFEU_…"]
        raise ConfigurationError(f"these settings cannot be used: {', '.join(names)}") from None


def zone_of(text: str) -> Zone:
    """A zone as typed on the command line; `follow-up` is forgiven. Raises ConfigurationError."""
    from vault.errors import ConfigurationError
    from vault.vocabulary import Zone

    kind, colon, organisation = text.strip().lower().partition(":")
    try:
        return Zone.parse(kind.replace("-", "_") + colon + organisation)
    except ValueError:
        raise ConfigurationError("a zone is casework, follow_up, oversight or partner:NAME") from None
