"""How an installation is broken where a case was erased: something is back, half done, or known to one database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.doctor.estate import Past
from vault.storage import tables as t

Break = Callable[[Past], None]


def _not_erased(past: Past) -> None:
    """A backup of the keystore brought one of its keys back, by hand."""
    key = past.one(t.buried_keys.c.key_id, t.buried_keys.c.case_id == past.case("erased"))
    past.change(t.wraps, t.wraps.c.key_id == key, wrap=b"back again")


def _still_found(past: Past) -> None:
    token = past.one(t.blind_index.c.token)
    entry = past.one(t.blind_index.c.entry_id, t.blind_index.c.token == token)
    past.add(t.blind_index, token=token, case_id=past.case("erased"), entry_id=entry)


def _unfinished(past: Past) -> None:
    past.change(t.tombstones, t.tombstones.c.case_id == past.case("erased"), done_at=None)


def _unburied(past: Past) -> None:
    past.remove(t.buried_cases, t.buried_cases.c.case_id == past.case("erased"))


def _forgotten(past: Past) -> None:
    past.add(t.buried_cases, case_id=bytes(16), at=past.estate.clock.now())


def _alone_erased(past: Past) -> None:
    past.change(t.erasure_words, actor_id=past.one(t.erasures.c.actor_id))


ERASURE_SABOTAGE: Final[tuple[tuple[str, Break], ...]] = (
    ("erased_cases", _not_erased), ("erased_cases", _still_found), ("tombstones", _unfinished),
    ("tombstones", _unburied), ("tombstones", _forgotten), ("erasure_words", _alone_erased),
)  # fmt: skip
