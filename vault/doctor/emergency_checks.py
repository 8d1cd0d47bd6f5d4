"""Checks of emergencies: asked for by one colleague, opened by another, for minutes, as many as were counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from vault.cases.break_glass import COLLEAGUES
from vault.doctor.checks import Check, Fault
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey
from vault.vocabulary import CASEWORK

#: The longest that a configuration can say (`gateway/break_glass_rules.py`).
LONGEST: Final = timedelta(hours=8)
_TIMES: Final = ("emergency_id", "asked_at", "lapses_at", "decided_at", "expires_at", "ended_at")


def _people(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    colleagues = {
        actor
        for actor, zone, role in survey.rows("staff", "actor_id", "zone", "role")
        if zone == str(CASEWORK) and role in {each.value for each in COLLEAGUES}
    }
    columns = ("emergency_id", "actor_id", "decided_by", "expires_at")
    for emergency, actor, second, expires in survey.rows("break_glass", *columns):
        if actor not in colleagues or (second is not None and second not in colleagues):
            yield Fault("an emergency was asked for or opened by somebody who cannot", emergency.hex())
        elif expires is not None and second in (None, actor):
            yield Fault("an emergency was opened by who asked for it, or by nobody", emergency.hex())


def _times(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    for emergency, asked, lapses, decided, expires, ended in survey.rows("break_glass", *_TIMES):
        if decided is None:
            if expires is not None or ended is not None:
                yield Fault("an emergency is open that nobody opened", emergency.hex())
        elif not asked <= decided < lapses or (expires is not None and not decided < expires <= decided + LONGEST):
            yield Fault("an emergency was opened too late, or for too long", emergency.hex())
        elif ended is not None and (expires is None or not decided <= ended <= expires):
            yield Fault("an emergency ended before it began, or after its time", emergency.hex())


def _numbers(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    numbers: dict[tuple[bytes, str], list[int]] = defaultdict(list)
    for actor, period, number in survey.rows("break_glass", "actor_id", "period", "number"):
        numbers[actor, period].append(number)
    for (actor, _period), given in numbers.items():
        if sorted(given) != list(range(1, len(given) + 1)):
            yield Fault("an emergency of this person is missing, or is not counted", actor.hex())


_FORGED: Final = "somebody wrote to the database past the program, or rows were taken away"
_COMPARE: Final = "compare with the log (`parefeu emergency review`); tell the DPO"
EMERGENCY_CHECKS: Final = (
    Check("emergency_people", "every emergency was asked for by a coach or head, and opened by another one",
          _FORGED, _COMPARE, store=_people),
    Check("emergency_times", "an emergency is open for some hours at most, and not before somebody opened it",
          _FORGED, _COMPARE, store=_times),
    Check("emergency_numbers", "nobody asked for more emergencies than were counted",
          _FORGED, _COMPARE, store=_numbers),
)  # fmt: skip
