"""Every figure: its name, what it is, its bar, and from which measurement it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from bench.report import Bar

#: Contestants of the HTTP rounds, by the name their figures start with.
PLAIN: Final = "plain"
OURS_SQLITE: Final = "read_note.sqlite_full"
OURS_POSTGRES: Final = "read_note.postgres"
OURS_UNAUDITED: Final = "read_note.sqlite_full_unaudited"
USUAL_SQLITE: Final = "usual.sqlite_full"
USUAL_POSTGRES: Final = "usual.postgres"
RLS: Final = "rls.postgres"
RLS_RAW: Final = "rls_raw.postgres"

#: Connections of the two kinds of slice.
BUSY: Final = 16
ALONE: Final = 1


@dataclass(frozen=True, slots=True)
class HttpRatio:
    """over/under, both (contestant, measure of `reading.py`). share_saved: the figure is 1 - under/over instead."""

    name: str
    over: tuple[str, str]
    under: tuple[str, str]
    bar: Bar | None
    about: str
    share_saved: bool = False

    @property
    def contestants(self) -> tuple[str, str]:
        return (self.over[0], self.under[0])


@dataclass(frozen=True, slots=True)
class Alone:
    """A figure of its own measurement. name: also the key of its function."""

    name: str
    unit: str
    bar: Bar | None
    about: str


def _over_plain(
    contestant: str, about: str, busy: Bar | None, alone: Bar | None, p99: Bar | None
) -> Iterator[HttpRatio]:
    for suffix, measure, bar, what in (
        ("over_plain", "busy_seconds", busy, f"time per request, {BUSY} connections"),
        ("alone_over_plain", "alone_p50", alone, "median latency, one connection"),
        ("p99_over_plain", "busy_p99", p99, f"99th percentile of latency, {BUSY} connections"),
    ):
        yield HttpRatio(f"{contestant}.{suffix}", (contestant, measure), (PLAIN, measure), bar, f"{about}: {what}")


HTTP_RATIOS: Final[tuple[HttpRatio, ...]] = (
    *_over_plain(OURS_SQLITE, "vault / plain route", Bar(1.4), Bar(2.5), Bar(2.5)),
    *_over_plain(OURS_POSTGRES, "vault / plain route", Bar(1.8), Bar(5.0), Bar(2.5)),
    HttpRatio(
        f"{OURS_SQLITE}.usual_over_ours",
        (USUAL_SQLITE, "busy_seconds"),
        (OURS_SQLITE, "busy_seconds"),
        Bar(8.0, at_most=False),
        f"usual stack / vault: time per request, {BUSY} connections",
    ),
    HttpRatio(
        f"{OURS_POSTGRES}.usual_over_ours",
        (USUAL_POSTGRES, "busy_seconds"),
        (OURS_POSTGRES, "busy_seconds"),
        Bar(8.0, at_most=False),
        f"usual stack / vault: time per request, {BUSY} connections",
    ),
    HttpRatio(
        f"{OURS_POSTGRES}.rls_over_ours",
        (RLS, "busy_seconds"),
        (OURS_POSTGRES, "busy_seconds"),
        Bar(1.0, at_most=False),
        f"row-level security + pgcrypto / vault: time per request, {BUSY} connections",
    ),
    HttpRatio(
        f"{OURS_POSTGRES}.rls_raw_over_ours",
        (RLS_RAW, "busy_seconds"),
        (OURS_POSTGRES, "busy_seconds"),
        None,
        "the same with unauthenticated AES-CBC instead of pgp_sym_decrypt",
    ),
    HttpRatio(
        "audit.cost",
        (OURS_SQLITE, "busy_seconds"),
        (OURS_UNAUDITED, "busy_seconds"),
        Bar(0.08),
        "share of throughput the complete audit takes",
        share_saved=True,
    ),
    *_over_plain(OURS_UNAUDITED, "vault that flushes as often and logs nothing / plain route", None, None, None),
    *_over_plain(USUAL_SQLITE, "usual stack / plain route", None, None, None),
    *_over_plain(USUAL_POSTGRES, "usual stack / plain route", None, None, None),
    *_over_plain(RLS, "row-level security / plain route", None, None, None),
    *_over_plain(RLS_RAW, "row-level security, AES-CBC / plain route", None, None, None),
)

OTHERS: Final[tuple[Alone, ...]] = (
    Alone("decision.micros", "µs", Bar(1.0), "one decision of the compiled table, loop included"),
    Alone("decision.growth_1e2_1e6", "×", Bar(3.0), "decision with its indexed fact query: 1e6 grants / 1e2"),
    Alone("seal_4k.over_aesgcm", "×", Bar(8.0), "sealed record of 4 KiB / AESGCM.encrypt on a ready object"),
    Alone(
        "start.seconds",
        "s",
        Bar(2.0),
        "start of the process to its first answer; bytecode compiled before",
    ),
    Alone("plain.requests_per_second", "/s", None, f"this machine: the plain route, {BUSY} connections"),
    Alone("plain.alone_micros", "µs", None, "this machine: the plain route's median latency, one connection"),
)

#: Of the access log; measured by `bench.audit_log` and `bench.log_million`.
LOG: Final[tuple[Alone, ...]] = (
    Alone(
        "audit_log.postgres.share_of_unaudited",
        "×",
        Bar(0.85, at_most=False),
        "8 writers, 5 ms of work inside: throughput with the log / without any audit",
    ),
    Alone(
        "audit_log.postgres.share_with_a_row",
        "×",
        None,
        "the same where each stores a row that names its entry by a foreign key / a row that names none",
    ),
    Alone(
        "audit_log.postgres.share_all_detailed",
        "×",
        None,
        "the same where each entry has a sealed detail, not the first of ten",
    ),
    Alone(
        "audit_log.postgres.chain_over_ours",
        "×",
        Bar(4.0, at_most=False),
        "hash chain under a row lock / ours, all detailed: time per transaction, 8 writers, 5 ms of work inside",
    ),
    Alone("audit_log.postgres.lag_p99", "s", Bar(1.0), "from an entry's commit to a signed head that holds it"),
    Alone(
        "audit_log.postgres.bytes_over_plain_row",
        "×",
        Bar(1.8),
        "bytes per entry, tree and indexes included / one row of the same entry and detail in clear",
    ),
    Alone("audit_log.million.verify_seconds", "s", Bar(20.0), "audit-verify on a million entries in eight lanes"),
    Alone("audit_log.million.verify_megabytes", "MB", Bar(64.0), "the largest memory of that process"),
    Alone(
        "audit_log.million.proof_millis",
        "ms",
        Bar(2.0),
        "an inclusion proof from the tiles of a database, a million leaves",
    ),
)

#: Of a whole vault; measured by `bench.simulating`.
VOLUME: Final[tuple[Alone, ...]] = (
    Alone(
        "simulate.steps_per_second",
        "/s",
        Bar(300.0, at_most=False),
        "steps of the case flow a second on SQLite, with openings, notes, sign-ins and the log's tree",
    ),
)

#: Pages of the main path over what they show; measured by `bench.paging`.
PAGES: Final[tuple[Alone, ...]] = tuple(
    Alone(f"pages.{name}.over_api", "×", Bar(3.0), f"{about} / the API calls that give the same, on a simulated vault")
    for name, about in (
        ("home", "a coach's home"), ("cases", "the caseload"), ("case", "the page of a case"), ("note", "a note"),
        ("log", "a page of the log with explanations"),
    )
)  # fmt: skip

ALL: Final[tuple[HttpRatio | Alone, ...]] = (*HTTP_RATIOS, *OTHERS, *LOG, *VOLUME, *PAGES)
NAMES: Final[tuple[str, ...]] = tuple(one.name for one in ALL)


def chosen(patterns: Sequence[str]) -> list[str]:
    """The names that match one of the shell patterns or start with it, each once and in order; all without any.

    Raises ValueError with a pattern that no name is like: whoever asks for two figures must not get one in silence.
    """
    wanted: set[str] = set()
    for pattern in patterns:
        found = [name for name in NAMES if fnmatchcase(name, pattern) or name.startswith(pattern)]
        if not pattern or not found:
            raise ValueError(pattern)
        wanted.update(found)
    return [name for name in NAMES if not patterns or name in wanted]
