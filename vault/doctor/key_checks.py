"""Checks between the two databases: whatever must open has its wrap, whatever must not has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from vault.cases.flow import State
from vault.crypto.wrap import generation_of
from vault.doctor.checks import Check, Fault, Severity
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Kind


def _erased(survey: Survey) -> set[bytes]:
    return {case for (case,) in survey.rows("cases", "case_id", state=State.ERASED.value)}


def with_wraps(survey: Survey, keys: Iterator[Any], reader: str) -> Iterator[tuple[bytes, bytes, bool]]:
    """(key, what it belongs to, whether that reader has a wrap of it); keys come sorted."""
    wraps = (key for (key,) in survey.rows("wraps", "key_id", order=("key_id",), reader=reader))
    head = next(wraps, None)
    for key, owner in keys:
        while head is not None and head < key:
            head = next(wraps, None)
        yield key, owner, head == key


def _data_keys(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    erased = _erased(survey)
    keys = survey.rows("data_keys", "key_id", "case_id", order=("key_id",))
    for key, case, there in with_wraps(survey, ((key, case) for key, case in keys), str(CASEWORK)):
        if not there and case not in erased:
            yield Fault("a data key of a case has no wrap: what it seals cannot be opened", key.hex())


def _released(survey: Survey, around: Surroundings) -> Iterator[Fault]:
    for reader in sorted(survey.distinct("releases", "reader")):
        if reader not in around.zones:
            yield Fault("something was released to a zone that the directory does not name")
            continue
        rows = survey.rows("releases", "key_id", "release_id", order=("key_id",), reader=reader)
        for _, release, there in with_wraps(survey, ((key, release) for key, release in rows), reader):
            if not there:
                yield Fault(f"a release to {reader} has no key: its reader cannot open it", release.hex())


def _sheets(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """Which sheet is whose only casework's keys tell; that each hand-over left both can be counted."""
    handed = sum(1 for _ in survey.rows("case_events", "case_id", step="hand_over"))
    for reader in (FOLLOW_UP, OVERSIGHT):
        kind = Kind.OUTCOME_SHEET.value
        left = sum(1 for _ in survey.rows("releases", "release_id", kind=kind, reader=str(reader)))
        if left != handed:
            yield Fault(f"{handed} cases were handed over, and {left} outcome sheets left for {reader}")


def _unneeded(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    needed = [
        (key for (key,) in survey.rows(table, "key_id", order=("key_id",)))
        for table in ("data_keys", "releases", "access_copies", "answers", "buried_keys")
    ]
    heads = [next(stream, None) for stream in needed]
    for (key,) in survey.rows("wraps", "key_id", order=("key_id",)):
        for place, stream in enumerate(needed):
            head = heads[place]
            while head is not None and head < key:
                head = next(stream, None)
            heads[place] = head
        if key not in heads:
            yield Fault("a wrap is of a key that no row names", key.hex())


def _under(survey: Survey) -> Iterator[tuple[bytes, int, int]]:
    """Casework's wraps under its own key: key id, generation, and the newest generation that the keystore knows."""
    zone = str(CASEWORK)
    known = [int.from_bytes(raw, "big") for (raw,) in survey.rows("generations", "generation", zone=zone)]
    newest = max(known, default=1)
    for key, wrap in survey.rows("wraps", "key_id", "wrap", order=("key_id",), reader=zone):
        if generation := generation_of(wrap):
            yield key, generation, newest


def _older(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    named = (key for (key,) in survey.rows("data_keys", "key_id", order=("key_id",)))
    head = next(named, None)
    for key, generation, newest in _under(survey):
        while head is not None and head < key:
            head = next(named, None)
        if generation < newest:
            whose = "the wrap of a data key" if head == key else "a wrap that no row names"
            yield Fault(f"{whose} stands under generation {generation}, and the present one is {newest}", key.hex())


def _beyond(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    for key, generation, newest in _under(survey):
        if generation > newest:
            yield Fault(f"a wrap stands under generation {generation}, of which the keystore knows nothing", key.hex())


KEY_CHECKS: Final = (
    Check("data_key_wraps", "every data key of a case has its wrap in the keystore",
          "what it seals is lost unless a backup of the keystore holds the wrap",
          "stop; put back the keystore's newest backup beside the present one, and compare", store=_data_keys),
    Check("release_keys", "everything released has its key, sealed to a zone that the directory names",
          "a service waits for something that it cannot open, or somebody added a reader",
          "compare with the log's entry `release_begun` of that release; release again", store=_released),
    Check("outcome_sheets", "each hand-over left one sheet for follow-up and one for oversight",
          "a sheet left without a hand-over, or a hand-over without its sheet",
          "compare `release_begun` and `released` in the log with the cases handed over", store=_sheets),
    Check("spare_wraps", "every wrap is of a key that some row names",
          "a crash between the two databases leaves such wraps; they open nothing",
          "nothing has to be done, `parefeu keys sweep` deletes old ones; many at once mean that rows were lost",
          store=_unneeded,
          severity=Severity.REMARK),
    Check("wrap_generations", "every wrap stands under the present generation of its zone's key",
          "a rotation was not seen through: the older key is still needed, and whoever has it opens these",
          "run `parefeu keys rotate --zone casework` again; wraps that no row names go with `parefeu keys sweep`",
          store=_older, severity=Severity.REMARK),
    Check("known_generations", "no wrap stands under a generation that the keystore knows nothing of",
          "a wrap was put there past the program, or rows of the keystore were lost",
          "put back the keystore's newest backup beside the present one, and compare", store=_beyond),
)  # fmt: skip
