"""Ways to break what an installation says of samples, by SQL alone: (check, what is done)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.doctor.estate import Past
from vault.cases.case_samples import draw
from vault.storage import tables as t

_LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)


def _among_a_heads(past: Past) -> None:
    past.change(t.case_samples, t.case_samples.c.number == 1, coach_id=past.estate.staff["head"])


def _for_months(past: Past) -> None:
    later = past.estate.clock.moment + timedelta(days=80)
    past.change(t.case_samples, t.case_samples.c.number == 2, expires_at=later)


def _done_before(past: Past) -> None:
    past.change(t.case_sample_ends, ended_at=_LONG_AGO)


def _undrawn(past: Past) -> None:
    past.change(t.case_samples, t.case_samples.c.number == 2, number=5)


def _chosen(past: Past) -> None:
    where = t.case_samples.c.number == 1
    place, of = (past.one(column, where) for column in (t.case_samples.c.drawn_place, t.case_samples.c.drawn_of))
    past.change(t.case_samples, where, drawn_place=(place + 1) % of)


def _other_lot(past: Past) -> None:
    lot = draw(["L-1", "L-2"], bytes(16))
    past.change(t.case_samples, t.case_samples.c.number == 1, seed=lot.seed, listed=lot.listed, drawn_of=lot.of,
                drawn_place=lot.place)  # fmt: skip


SAMPLE_SABOTAGE: Final[tuple[tuple[str, Callable[[Past], None]], ...]] = (
    ("sample_people", _among_a_heads), ("sample_times", _for_months), ("sample_times", _done_before),
    ("sample_numbers", _undrawn), ("sample_lots", _chosen), ("sample_lots", _other_lot),
)  # fmt: skip
