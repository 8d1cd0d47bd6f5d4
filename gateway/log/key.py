"""The log's own key and policy file in an installation.

home/log/
  root.key, key     the log's signing secret under a root of its own; the passphrase stands in passphrases/log
  policy.txt        C2SP tlog-policy: the keys of the trees to come, the witnesses, how many are enough
  seen              the newest head that anybody outside was shown: older ones are not signed again

The policy file is public. Auditors keep a copy of their own, from another hand than the server's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.private import write_private
from gateway.roots import LOG, first_root, open_root, read_keys
from gateway.settings import Settings
from vault.audit.turns import period_of
from vault.crypto.log_key import LogKey
from vault.crypto.providers.file import FileRoot
from vault.crypto.providers.passphrase import Argon2Parameters
from vault.errors import ConfigurationError, KeyringMissing
from vault.ports import Clock, Entropy

if TYPE_CHECKING:
    from auditor.verify import Policy

#: Trees whose keys the policy file names ahead: four years.
AHEAD: Final = 8
_PERIOD: Final = re.compile("[0-9]{4}h[12]")


def create_log_key(
    settings: Settings, name: str, clock: Clock, entropy: Entropy, root: type[FileRoot] = FileRoot,
    parameters: Argon2Parameters | None = None,
) -> LogKey:  # fmt: skip
    """Make the log's key, and the policy file that names its trees. name: "" for an invented one.

    Raises ConfigurationError if there is one already, InvalidInput, NoteRejected for a name that cannot be used.
    """
    folder = settings.log_home
    if (folder / "key").exists():
        raise ConfigurationError("the log has a key already; nothing was changed")
    made = LogKey.generate(name or f"parefeu.invalid/{entropy.bytes(4).hex()}", entropy)
    provider = first_root(settings, LOG, entropy, root, parameters)
    write_private(folder / "policy.txt", policy_text(made, clock.now()).encode())
    write_private(folder / "key", made.store(provider))
    return made


def load_log_key(settings: Settings, entropy: Entropy, root: type[FileRoot] = FileRoot) -> LogKey:
    """Raises KeyringMissing, KeyringError and those under it, ConfigurationError."""
    document = read_keys(settings, LOG)
    return LogKey.load(document, open_root(settings, LOG, entropy, root))


def has_log_key(settings: Settings) -> bool:
    return (settings.log_home / "key").is_file()


def policy_text(key: LogKey, now: datetime, count: int = AHEAD) -> str:
    """A policy that names the next `count` trees and asks for no witness yet."""
    lines = [
        "# Whose signatures count for this access log, and how many witnesses are enough. Hand a copy to the auditor.",
        "# A witness: witness NAME KEY URL. Then, for two of three: group enough 2 A B C, and: quorum enough.",
        *(f"log {key.signer(f'{key.name}/{period}').verifier}" for period in periods(now, count)),
        "quorum none",
    ]
    return "".join(f"{line}\n" for line in lines)


def periods(now: datetime, count: int) -> Iterator[str]:
    """The half-year of `now` and those that follow."""
    year, half = now.year, int(period_of(now)[-1])
    for number in range(count):
        passed = half - 1 + number
        yield f"{year + passed // 2:04d}h{1 + passed % 2}"


def periods_named(policy: Policy, name: str) -> frozenset[str]:
    """The half-years whose trees a policy file has a key for. name: of the log."""
    tails = (key.name.removeprefix(f"{name}/") for key in policy.logs if key.name.startswith(f"{name}/"))
    return frozenset(tail for tail in tails if _PERIOD.fullmatch(tail))


def read_policy(settings: Settings, other: Path | None = None) -> str:
    """Raises KeyringMissing."""
    try:
        return (other or settings.log_home / "policy.txt").read_text("utf-8")
    except OSError:
        raise KeyringMissing("the log's policy file is not there: run `parefeu audit init`, or name one") from None


def replace_file(path: Path, content: bytes, *, lasting: bool = False) -> None:
    """Write a file whole or not at all. lasting: on the disk when this returns, also through a power failure."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    with fresh.open("wb") as file:
        file.write(content)
        if lasting:
            file.flush()
            os.fsync(file.fileno())
    os.replace(fresh, path)
    if lasting:
        keep_names(path.parent)


def keep_names(folder: Path) -> None:
    """The names of a folder's files are on the disk when this returns."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
