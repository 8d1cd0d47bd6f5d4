"""Where each root lives: a table per zone, and one for the log's own, from TOML: validated whole, or refused.

    [casework]
    kind = "pkcs11"
    module = "/usr/lib/softhsm/libsofthsm2.so"
    token = "parefeu-casework"                     # labels
    key = "root"
    secret_file = "/run/credentials/parefeu/pin"   # optional, mode 0600; else where the zone's passphrase would stand

    [follow_up]
    kind = "transit"
    url = "https://bao.example:8200"
    key = "parefeu-follow-up"
    authority = "/etc/parefeu/bao-authority.pem"

A zone without a table has a file. The file names a library to load and a server that is given a token: nobody but its
owner may write to it. Tables of zones that a process does not serve are checked, and their secrets never read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints

from gateway.private import read_passphrase, write_private
from gateway.rule_files import read_whole
from gateway.settings import Settings, slug
from vault.crypto.hierarchy import root_kind_of
from vault.crypto.log_key import LogKey
from vault.crypto.providers import KINDS
from vault.crypto.providers.file import FileRoot
from vault.crypto.providers.passphrase import Argon2Parameters
from vault.errors import ConfigurationError, KeyringError, KeyringMissing
from vault.ports import Entropy, KeyProvider
from vault.sensitive import Sensitive
from vault.vocabulary import Zone, ZoneKind

if TYPE_CHECKING:
    from vault.crypto.providers.hsm import TokenKey
    from vault.crypto.providers.transit import TransitKey

#: The name of the log's own root, in the file and in the folder of passphrases.
LOG: Final = "log"
_LARGEST: Final = 32 * 1024
_PASSPHRASE_BYTES: Final = 24
_Label = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[ -~]+$")]  # CK_TOKEN_INFO has 32
_Path = Annotated[str, StringConstraints(pattern=r"^/[ -~]{1,500}$")]
_Seconds = Annotated[float, Field(gt=0, le=120)]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
_Mount = Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")]
_Url = Annotated[
    str, StringConstraints(pattern=r"^https://(\[[0-9a-fA-F:]{2,45}\]|[A-Za-z0-9.-]{1,255})(:[0-9]{1,5})?$")
]


class InFile(BaseModel):
    """root.key in the zone's folder, under its passphrase: what is meant where there is no table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["file"] = "file"
    secret_file: Path | None = None

    @property
    def shared(self) -> None:
        return None


class InToken(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["pkcs11"]
    module: _Path
    token: _Label
    key: _Label
    seconds: _Seconds = 30.0
    secret_file: Path | None = None

    @property
    def shared(self) -> tuple[str, ...]:
        """What no other zone may have: whoever knows a token's PIN uses every key in it."""
        return (self.module, self.token)


class InTransit(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["transit"]
    url: _Url
    key: _Name
    authority: Path
    mount: _Mount = "transit"
    namespace: Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9_/-]*$")] = ""
    seconds: _Seconds = 10.0
    secret_file: Path | None = None

    @property
    def shared(self) -> tuple[str, ...]:
        return (self.url, self.namespace, self.mount, self.key)


Place = InFile | InToken | InTransit


class _File(RootModel[dict[str, Annotated[Place, Field(discriminator="kind")]]]):
    pass


def place_of(settings: Settings, name: str) -> Place:
    """Where the root of a zone, by its slug, or of the log lives. Raises ConfigurationError."""
    return _places(settings).get(name, InFile())


def place_with(settings: Settings, name: str, secret_file: Path | None) -> Place:
    """As `place_of`, but that its secret stands in another file, if one is named."""
    place = place_of(settings, name)
    return place if secret_file is None else place.model_copy(update={"secret_file": secret_file})


def kind_here(settings: Settings, name: str) -> str:
    """The kind of root under which the keys in a folder stand, as they say themselves.

    Raises KeyringMissing, KeyringError; KeyringDamaged for what is no keyring.
    """
    document = read_keys(settings, name)
    return KINDS.get(LogKey.root_kind_of(document) if name == LOG else root_kind_of(document), "unknown")


def open_root(settings: Settings, name: str, entropy: Entropy, root: type[FileRoot] = FileRoot) -> KeyProvider:
    """The root of one zone, or the log's.

    Raises KeyringMissing, KeyringError and those under it; ConfigurationError where the keys that are there already
    stand under a root of another kind.
    """
    place = place_of(settings, name)
    if keys_file(settings, name).exists():
        found = kind_here(settings, name)
        if found != place.kind:
            raise ConfigurationError(
                f"the keys of {name} stand under a root of kind {found}, and the settings say {place.kind}: put "
                "PAREFEU_ROOTS_FILE right, or move them with `parefeu keys move-root`"
            )
    return open_at(settings, name, place, entropy, root)


def open_at(
    settings: Settings, name: str, place: Place, entropy: Entropy, root: type[FileRoot] = FileRoot
) -> KeyProvider:
    """As `open_root`, whatever the keys that are there stand under: for moving them."""
    secret = _secret(settings, name, place)
    if isinstance(place, InToken):
        from vault.crypto.providers.hsm import Pkcs11Root

        return Pkcs11Root.open(_token(place), secret, entropy)
    if isinstance(place, InTransit):
        from vault.crypto.providers.transit import TransitRoot

        return TransitRoot.open(_transit(place), secret, entropy)
    return root.open(folder_of(settings, name) / "root.key", secret(), entropy)


def make_root(
    settings: Settings, name: str, entropy: Entropy, root: type[FileRoot] = FileRoot,
    parameters: Argon2Parameters | None = None, secret_file: Path | None = None,
) -> KeyProvider:  # fmt: skip
    """Make a new root where the settings say. secret_file: with whose secret, instead of the zone's own.

    A file's passphrase is made, too, if there is none. Raises Conflict if there is a root, else as `open_root`.
    """
    place = place_with(settings, name, secret_file)
    secret = _secret(settings, name, place)
    if isinstance(place, InToken):
        from vault.crypto.providers.hsm import Pkcs11Root

        return Pkcs11Root.make(_token(place), secret, entropy)
    if isinstance(place, InTransit):
        from vault.crypto.providers.transit import TransitRoot

        return TransitRoot.make(_transit(place), secret, entropy)
    folder, passphrase = folder_of(settings, name), secret_file_of(settings, name, place)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not passphrase.exists():
        write_private(passphrase, entropy.bytes(_PASSPHRASE_BYTES).hex().encode())
    return root.create(folder / "root.key", secret(), entropy, parameters)


def first_root(
    settings: Settings, name: str, entropy: Entropy, root: type[FileRoot] = FileRoot,
    parameters: Argon2Parameters | None = None,
) -> KeyProvider:  # fmt: skip
    """The root for keys that are about to be made; the folder for both is there afterwards.

    A file is made. What lives elsewhere was made before. Raises as `open_root`, and Conflict where there is a file.
    """
    folder_of(settings, name).mkdir(mode=0o700, parents=True, exist_ok=True)
    place = place_of(settings, name)
    if isinstance(place, InFile):
        return make_root(settings, name, entropy, root, parameters)
    return open_at(settings, name, place, entropy, root)


def folder_of(settings: Settings, name: str) -> Path:
    return settings.log_home if name == LOG else settings.home / "zones" / name


def keys_file(settings: Settings, name: str) -> Path:
    """What stands under the root."""
    return folder_of(settings, name) / ("key" if name == LOG else "keyring")


def read_keys(settings: Settings, name: str) -> bytes:
    """Raises KeyringMissing, KeyringError."""
    try:
        return keys_file(settings, name).read_bytes()
    except FileNotFoundError:
        if name == LOG:
            raise KeyringMissing("the log has no key here: run `parefeu audit init`") from None
        raise KeyringMissing(f"the keyring of zone {name} is not in its folder") from None
    except OSError as fault:
        what = "the log's key" if name == LOG else f"the keyring of zone {name}"
        raise KeyringError(f"{what} cannot be read ({fault.strerror})") from None


def _secret(settings: Settings, name: str, place: Place) -> Callable[[], Sensitive[str]]:
    """Reads passphrase, PIN or token anew at each call: whoever renews a token writes it there."""
    path = secret_file_of(settings, name, place)
    return lambda: read_passphrase(path)


def secret_file_of(settings: Settings, name: str, place: Place) -> Path:
    return place.secret_file or (settings.passphrase_dir or settings.home / "passphrases") / name


def _token(place: InToken) -> TokenKey:
    from vault.crypto.providers.hsm import TokenKey

    return TokenKey(place.module, place.token, place.key, place.seconds)


def _transit(place: InTransit) -> TransitKey:
    from vault.crypto.providers.transit import TransitKey

    return TransitKey(place.url, place.key, place.authority, place.mount, place.namespace, place.seconds)


def _places(settings: Settings) -> dict[str, Place]:
    path = settings.roots_file
    if path is None:
        return {}
    _refuse_writable(path)
    tables = read_whole(path, _File, largest=_LARGEST).root
    for name in tables:
        if name != LOG and not _is_zone(name):
            raise ConfigurationError(
                f"{path.name}: {name} is no zone: casework, follow_up, oversight, partner_NAME or log"
            )
    seen: dict[tuple[str, ...], str] = {}
    for name, place in sorted(tables.items()):
        if place.shared is not None and seen.setdefault(place.shared, name) != name:
            what = "token" if place.kind == "pkcs11" else "key"
            raise ConfigurationError(
                f"{path.name}: {seen[place.shared]} and {name} name the same {what}: one root is one zone's"
            )
    return tables


def _is_zone(name: str) -> bool:
    partner = f"{ZoneKind.PARTNER.value}_"
    try:
        return slug(Zone.parse(name.replace(partner, f"{ZoneKind.PARTNER.value}:", 1))) == name
    except ValueError:
        return False


def _refuse_writable(path: Path) -> None:
    try:
        found = path.stat()
    except OSError as fault:
        raise ConfigurationError(f"{path.name} cannot be read ({type(fault).__name__})") from None
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or found.st_uid not in (0, os.geteuid()):
        raise ConfigurationError(f"{path.name} names what is loaded and who gets a token: nobody else may write to it")
