"""Checks of erased cases: nothing of one can be opened or found, and both databases know that it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vault.cases.flow import State
from vault.doctor.checks import Check, Fault
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey
from vault.lifecycle.erasure import Verdict
from vault.vocabulary import CASEWORK

#: Tables whose rows name their case and are taken away with it.
GONE: Final = (
    "case_events", "records", "blind_index", "orders", "consents", "referrals", "attachments", "tasks", "drafts",
    "assignments", "conflicts", "appointments", "taken_requests",
)  # fmt: skip


def _gone(survey: Survey) -> set[bytes]:
    """Cases that say of themselves that they are erased, or have a tombstone."""
    husks = {case for (case,) in survey.rows("cases", "case_id", state=State.ERASED.value)}
    return husks | {case for (case,) in survey.rows("tombstones", "case_id")}


def _destroyed(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    erased = _gone(survey)
    if not erased:
        return
    keys = {(key, str(CASEWORK)) for key, case in survey.rows("data_keys", "key_id", "case_id") if case in erased}
    keys |= set(survey.rows("buried_keys", "key_id", "reader"))
    for key, reader, wrap in survey.rows("wraps", "key_id", "reader", "wrap", order=("key_id",)):
        if wrap and (key, reader) in keys:
            yield Fault("a key of an erased case can still be unwrapped", key.hex())
    for table in GONE:
        for case in survey.distinct(table, "case_id"):
            if case in erased:
                yield Fault(f"rows of {table} are of an erased case", case.hex())


def _tombstones(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    stones = dict(survey.rows("tombstones", "case_id", "done_at"))
    buried = {case for (case,) in survey.rows("buried_cases", "case_id")}
    states = dict(survey.rows("cases", "case_id", "state"))
    for case, done in stones.items():
        if done is None:
            yield Fault("an erasure was begun and is not finished", case.hex())
        elif case not in buried:
            yield Fault("the keystore does not know that a case was erased: it was put back from before", case.hex())
        if states.get(case, State.ERASED.value) != State.ERASED.value:
            yield Fault("a case has a tombstone and another state than erased", case.hex())
    for case in buried - stones.keys():
        yield Fault("the main database does not know that a case was erased: it was put back from before", case.hex())
    for case, state in states.items():
        if state == State.ERASED.value and case not in stones:
            yield Fault("a case says that it is erased, and has no tombstone", case.hex())


def _words(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """By rows alone: whether the words are signed casework and oversight see, with the directory's keys."""
    asked = dict(survey.rows("erasures", "erasure_id", "actor_id"))
    cases = dict(survey.rows("erasure_cases", "erasure_id", "case_id"))
    for erasure in asked.keys() ^ cases.keys():
        yield Fault("a request to erase is about no case, or a case is to be erased upon no request", erasure.hex())
    for erasure, verdict, actor in survey.rows("erasure_words", "erasure_id", "verdict", "actor_id"):
        if verdict == Verdict.APPROVED.value and actor == asked.get(erasure):
            yield Fault("one person asked that a case be erased and agreed", erasure.hex())


ERASURE_CHECKS: Final = (
    Check("erased_cases", "nothing of an erased case can be opened or found",
          "what was promised to be destroyed is still there",
          "start casework, or `parefeu erasure carry-out`; look which backup brought it back", store=_destroyed),
    Check("tombstones", "both databases know each erased case, and every erasure is finished",
          "an erasure was cut short, or one database was put back from before it",
          "start casework: it erases again before it serves; or `parefeu erasure carry-out`", store=_tombstones),
    Check("erasure_words", "a case is erased upon two people's word",
          "somebody erased alone, or wrote rows past the program", "tell the auditor; compare with the log",
          store=_words),
)  # fmt: skip
