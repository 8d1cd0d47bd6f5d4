"""How whole the log is, in one look: how far it is, how far witnesses signed, what waits, what is missing, who checked.

Nothing here proves anything: it is what the database says of itself. Proof is a checkpoint that somebody else keeps and
the verifier run on a copy; of that, the newest run that somebody wrote down is shown.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from vault.audit.reading import LogStanding, SignedHead, StoredEntry
from vault.errors import InvalidInput

#: How a verification ended: the verifier's own words (`auditor.verify`), one per exit code.
VERDICTS: Final = ("sound", "hash", "root", "signature", "gap", "fork", "stale", "quorum")
#: After the verdict in an entry: the checked tree is not the one that this database had at that size.
DIFFERS: Final = ":differs"
#: Newest signed heads, some ten minutes, among which enough witnesses must have signed one: each costs a few signature
#: checks. Of those before, the newest of each set of witnesses is looked at, to say when it was.
HEADS_LOOKED_AT: Final = 60
_ORIGIN: Final = re.compile(r"[!-~]{1,160}")
_OBJECT: Final = re.compile(r"(?P<origin>[!-~]+)@(?P<size>[0-9]+):(?P<root>[0-9a-f]{64})")


class Quorum(NamedTuple):
    """What the log's policy file asks of witnesses.

    asked: whether it asks for any. met: how many of them signed a note, if they are enough; else None.
    """

    asked: bool
    met: Callable[[str], int | None]


class Verification(NamedTuple):
    """What somebody checked, away from here, and how it ended. root: 32 bytes."""

    origin: str
    size: int
    root: bytes
    verdict: str

    def check(self) -> None:
        """Raises InvalidInput."""
        if not _ORIGIN.fullmatch(self.origin) or "@" in self.origin:
            raise InvalidInput("an origin is the first line of a checkpoint", field="origin")
        if not 0 <= self.size < 1 << 63:
            raise InvalidInput("a size is the second line of a checkpoint", field="size")
        if len(self.root) != 32:
            raise InvalidInput("a root is the third line of a checkpoint", field="root")
        if self.verdict not in VERDICTS:
            raise InvalidInput(f"the verdict is one of {', '.join(VERDICTS)}", field="verdict")

    @property
    def named(self) -> str:
        """As an entry names a head."""
        return f"{self.origin}@{self.size}:{self.root.hex()}"


def standing_values(
    found: LogStanding, quorum: Quorum | None, now: datetime, checked: dict[str, Any] | None = None
) -> dict[str, Any]:
    """quorum: None where the log's policy file cannot be read; then nothing is said of witnesses.

    checked: how a check of the database itself ended, just now; None where none was asked for.
    """
    newest, lately = found.newest, _cosigned(found.kept, quorum)
    cosigned = lately or _cosigned(found.cosigned, quorum)
    turned = found.turned_at
    size = newest.size if newest is not None else 0
    return {
        "origin": newest.origin if newest is not None else "",
        "size": size,
        "root": b64encode(newest.root).decode("ascii") if newest is not None else "",
        "turned_at": turned.isoformat(timespec="seconds") if turned is not None else None,
        "waiting": found.waiting,
        "lag_seconds": _lag(found, now),
        "quorum": _word(quorum, lately is not None),
        "cosigned_size": cosigned[0].size if cosigned is not None else None,
        "cosigned_origin": cosigned[0].origin if cosigned is not None else None,
        "cosigned_at": cosigned[0].at.isoformat(timespec="seconds") if cosigned is not None else None,
        "witnesses": cosigned[1] if cosigned is not None else 0,
        "gaps": found.gaps,
        "newest_gap": _at(found.newest_gap),
        "illegible": found.illegible,
        "contradicted": _at(found.contradicted),
        "verified": _verified(found.verified[0]) if found.verified else None,
        "checked": checked,
    }


def _lag(found: LogStanding, now: datetime) -> float | None:
    """Seconds since the sequencer last looked, while something waits for it; nothing waiting is no lag."""
    if found.turned_at is None:
        return None
    return round(max(0.0, (now - found.turned_at).total_seconds()), 1) if found.waiting else 0.0


def _word(quorum: Quorum | None, met: bool) -> str:
    if quorum is None:
        return "unknown"
    return "met" if met else "not_met" if quorum.asked else "none_asked"


def _cosigned(kept: Sequence[SignedHead], quorum: Quorum | None) -> tuple[SignedHead, int] | None:
    """The newest head that witnesses signed, enough of them and at least one; and how many did."""
    for head in kept if quorum is not None else ():
        count = quorum.met(head.note) if quorum is not None else None
        if count:
            return head, count
    return None


def _at(entry: StoredEntry | None) -> str | None:
    return str(entry.told()["at"]) if entry is not None else None


def _verified(entry: StoredEntry) -> dict[str, Any]:
    body = entry.told()
    told = _OBJECT.fullmatch(body["object"])
    return {
        "entry": body["entry"],
        "at": body["at"],
        "role": body["role"],
        "origin": told["origin"] if told else "",
        "size": int(told["size"]) if told else 0,
        "verdict": body["outcome"].removesuffix(DIFFERS),
        "agrees": not body["outcome"].endswith(DIFFERS),
    }
