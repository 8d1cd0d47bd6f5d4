"""What the log says about itself, its policy and its keys, as entries like any other.

These answer, years later, which rules and keys were in force on a day, and whether the log was whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum, unique

from vault.audit.events import Event, Verdict


@unique
class LogHappening(StrEnum):
    LOG_OPENED = "log_opened"  # a tree begins; object: the head of the one before, outcome: why
    LOG_CLOSED = "log_closed"  # the last leaf of a tree
    HEARTBEAT = "heartbeat"  # a lane's writer lives: what is missing after this is younger than it
    GAP_FOUND = "gap_found"  # a lane is not whole; object: lane and number, outcome: a `Trouble`
    WITNESS_CONTRADICTS = "witness_contradicts"  # it says that it was shown more; object: its key, outcome: a code
    TREE_UNNAMED = "tree_unnamed"  # the log stays in a tree whose half-year is over; object: the one with no key named
    POLICY_LOADED = "policy_loaded"  # a process began to decide by this policy
    KEYS_LOADED = "keys_loaded"  # a process began to use these keys; object: directory serial and key version
    SETTINGS_LOADED = "settings_loaded"  # a process began to run with these settings; object: their digest
    WRAPS_ROTATING = "wraps_rotating"  # wraps are put under another generation; object: which, outcome: how it began
    WRAPS_ROTATED = "wraps_rotated"  # older generations are destroyed after this; object: which, count: of this run
    ROOT_REPLACED = "root_replaced"  # a zone's keys are put under another root after this
    DETAILS_ERASED = "details_erased"  # details are destroyed after this entry; object: which, count: how many


@unique
class Trouble(StrEnum):
    """What may be wrong with a lane."""

    MISSING = "missing"  # the entry of this number, and perhaps more after it
    OUT_OF_PLACE = "out_of_place"  # it names another place, or does not follow the one before it
    TOO_LONG = "too_long"  # for any file of the log: it is in no tree


def log_opened(reason: str, previous: str) -> Event:
    """reason: first, period or restored. previous: `origin@size:root` of the tree before, "" for the first."""
    return Event(LogHappening.LOG_OPENED, "log", Verdict.NONE, object=previous, outcome=reason)


def log_closed(reason: str) -> Event:
    return Event(LogHappening.LOG_CLOSED, "log", Verdict.NONE, outcome=reason)


def heartbeat() -> Event:
    return Event(LogHappening.HEARTBEAT, "lane", Verdict.NONE)


def gap_found(lane: bytes, number: int, trouble: Trouble = Trouble.MISSING) -> Event:
    """number: of the entry that is missing, or that is out of place."""
    return Event(LogHappening.GAP_FOUND, "lane", Verdict.NONE, object=f"{lane.hex()}:{number}", outcome=trouble.value)


def witness_contradicts(key_id: bytes, why: str) -> Event:
    """key_id: of the witness, as notes name it. Its word is not believed, or the log would have stopped."""
    return Event(LogHappening.WITNESS_CONTRADICTS, "log", Verdict.NONE, object=f"witness:{key_id.hex()}", outcome=why)


def tree_unnamed(period: str) -> Event:
    """period: the half-year that the clock shows, for which the log's policy file names no key."""
    return Event(LogHappening.TREE_UNNAMED, "log", Verdict.NONE, object=f"period:{period}")


def policy_loaded(digest: bytes) -> Event:
    return Event(LogHappening.POLICY_LOADED, "policy", Verdict.NONE, policy=digest.hex())


def keys_loaded(serial: int, version: int) -> Event:
    return Event(LogHappening.KEYS_LOADED, "keyring", Verdict.NONE, object=f"directory:{serial}:keyring:{version}")


def wraps_rotating(generation: int, *, resumed: bool) -> Event:
    """generation: under which new wraps go from now on."""
    began = "resumed" if resumed else "begun"
    return Event(LogHappening.WRAPS_ROTATING, "keyring", Verdict.NONE, object=f"generation:{generation}", outcome=began)


def wraps_rotated(destroyed: Sequence[int], count: int) -> Event:
    """destroyed: generations that nothing needs any more. count: wraps that this run put under the present one."""
    which = ",".join(str(generation) for generation in destroyed)
    return Event(LogHappening.WRAPS_ROTATED, "keyring", Verdict.NONE, object=f"generation:{which}", count=count)


def root_replaced() -> Event:
    return Event(LogHappening.ROOT_REPLACED, "keyring", Verdict.NONE)


def log_key_loaded(kind: int, key_id: bytes) -> Event:
    """The key that signs a tree, as its notes name it: kind of signature and key id."""
    return Event(LogHappening.KEYS_LOADED, "log_key", Verdict.NONE, object=f"kind:{kind}:id:{key_id.hex()}")


def settings_loaded(digest: str) -> Event:
    """digest: of the settings as they are kept, hexadecimal."""
    return Event(LogHappening.SETTINGS_LOADED, "settings", Verdict.NONE, object=digest)


def details_erased(what: str, count: int, reason: str) -> Event:
    """what: `before:MOMENT` or `actor:PSEUDONYM`. reason: a code. Written, and in the tree, before anything goes."""
    return Event(LogHappening.DETAILS_ERASED, "audit_detail", Verdict.NONE, object=what, outcome=reason, count=count)
