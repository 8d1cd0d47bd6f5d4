"""Checks of samples: for a head, drawn by the lot that the log tells, for some days, as many as were counted."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from vault.cases.case_samples import Lot, told_in
from vault.doctor.checks import Check, Fault
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey
from vault.vocabulary import CASEWORK, Role

#: Twenty working days, the longest that a configuration can say (`gateway/case_sample_rules.py`), and what is between.
LONGEST: Final = timedelta(days=40)
_LOT: Final = ("sample_id", "reason", "seed", "drawn_of", "drawn_place", "listed")


def _people(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    casework = {actor: role for actor, zone, role in survey.rows("staff", "actor_id", "zone", "role")
                if zone == str(CASEWORK)}  # fmt: skip
    for sample, actor, coach in survey.rows("case_samples", "sample_id", "actor_id", "coach_id"):
        if casework.get(actor) != Role.REGIONAL_HEAD.value:
            yield Fault("a sample was drawn for somebody who is no regional head", sample.hex())
        elif coach is not None and casework.get(coach) != Role.COACH.value:
            yield Fault("a sample was drawn among the cases of somebody who is no coach", sample.hex())


def _times(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    ends = dict(survey.rows("case_sample_ends", "sample_id", "ended_at"))
    for sample, drawn, expires in survey.rows("case_samples", "sample_id", "drawn_at", "expires_at"):
        if not drawn < expires <= drawn + LONGEST:
            yield Fault("a sample runs for too long", sample.hex())
        elif sample in ends and not drawn <= ends[sample] <= expires:
            yield Fault("a sample was ended before it was drawn, or after its time", sample.hex())


def _numbers(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    numbers: dict[tuple[bytes, str], list[int]] = defaultdict(list)
    for actor, period, number in survey.rows("case_samples", "actor_id", "period", "number"):
        numbers[actor, period].append(number)
    for (actor, _period), given in numbers.items():
        if sorted(given) != list(range(1, len(given) + 1)):
            yield Fault("a sample of this head is missing, or is not counted", actor.hex())


def _lots(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """The row and its entry tell the same lot, and it falls where its seed says."""
    told = {}
    for _entry, body in survey.explained("case_samples"):
        said = json.loads(body)
        told[said["object"]] = told_in(said["outcome"])
    for sample, reason, seed, of, place, listed in survey.rows("case_samples", *_LOT):
        lot, entry = Lot(seed, of, place, listed), told.get(sample.hex())
        if not lot.sound:
            yield Fault("a case was not drawn by lot, but chosen", sample.hex())
        elif entry is None or (entry.reason, entry.lot) != (reason, lot):
            yield Fault("a sample was drawn otherwise than the log tells", sample.hex())


_FORGED: Final = "somebody wrote to the database past the program, or rows were taken away"
_COMPARE: Final = "compare with the log (`parefeu audit list --kind case_sample`); tell the DPO"
CASE_SAMPLE_CHECKS: Final = (
    Check("sample_people", "every sample was drawn for a regional head, among the cases of a coach if of one person",
          _FORGED, _COMPARE, store=_people),
    Check("sample_times", "a sample runs for some working days at most, and is ended in its time",
          _FORGED, _COMPARE, store=_times),
    Check("sample_numbers", "nobody had more cases drawn than were counted",
          _FORGED, _COMPARE, store=_numbers),
    Check("sample_lots", "every case was drawn by the lot that the log tells, which its seed gives",
          _FORGED, _COMPARE, store=_lots),
)  # fmt: skip
