"""The points of an act, and how each of them is tried once, from few preparations.

An act is run in groups: each is one use case on the worker, with one transaction in either database. Until a COMMIT is
executed nothing has changed (`Steps.loose` would tell of what is written outside of a transaction), so the very same
group is tried again with its next point. Once something was committed the act is left as it is, half done, for `faults`
to look at, and its next point is tried by another one, which is prepared anew.

    stage = Stage(play, prepare, hand, steps)
    stage.everywhere(trial)            # `trial` runs a group with each of its points, see `Trial`
    stage.groups                       # the points: every writing statement of an undisturbed act

Each try must have seen what the undisturbed act saw, statement by statement, up to its point: none is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from tests.crash.hooks import Steps
from tests.crash.plays import Act, Stagehand
from tests.house import STAFF
from vault.audit.log import EPOCH_SECONDS
from vault.usecases import sign_in
from vault.vocabulary import Zone

Run = Callable[[], Any]
#: Run a group with its points from one on, until something is committed: what the undisturbed group writes, the first
#: point, and the group itself. Returns the next point and whether what was tried may now be done.
Trial = Callable[[list[str], int, Run], tuple[int, bool]]
_EPOCH: Final = timedelta(seconds=EPOCH_SECONDS)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN: Final = timedelta(hours=10)


class _LeftAsItIs(BaseException):
    """An act ends here. None of the program's own handlers stops it."""


@dataclass
class Stage:
    """One play, on the house of `hand`."""

    play: str
    prepare: Callable[[Stagehand], Act]
    hand: Stagehand
    steps: Steps
    #: Called before an act is prepared: whatever was left is to be forgotten.
    begin: Callable[[], None] = lambda: None
    groups: list[list[str]] = field(default_factory=list)

    def everywhere(self, trial: Trial) -> None:
        """Every point of every group; before and after, an undisturbed act, which writes the same each time."""
        self.groups = self.rehearsed()
        for number, writes in enumerate(self.groups):
            at = 0
            while at < len(writes):
                at = self._from(number, at, trial)
        assert self.rehearsed() == self.groups, self.play
        assert self.steps.loose == [], f"{self.play}: written outside of any transaction"

    def rehearsed(self) -> list[list[str]]:
        """Prepare, and act undisturbed: what each group wrote."""
        groups: list[list[str]] = []

        def each(_: Zone, run: Run) -> Any:
            self._nothing_outside()
            self.steps.listen()
            try:
                return run()
            finally:
                groups.append(self.steps.seen)
                self.steps.listen()

        self._act(each)
        return groups

    def _from(self, number: int, at: int, trial: Trial) -> int:
        """Prepare, and try the points of a group from `at` on; the first that is left."""
        coming, following = enumerate(self.groups), at

        def each(_: Zone, run: Run) -> Any:
            nonlocal following
            self._nothing_outside()
            place, writes = next(coming)
            if place == number:
                following, again = trial(writes, at, run)
                # A later group is not done: an act that died halfway is to be looked at as well.
                if number or not again:
                    raise _LeftAsItIs
            self.steps.listen()
            reply = run()
            assert self.steps.seen == writes, f"{self.play}: another act, or what was tried again, wrote something else"
            self.steps.listen()
            return reply

        with suppress(_LeftAsItIs):
            self._act(each)
            assert next(coming, None) is None, f"{self.play}: ended early"
        assert following > at, f"{self.play}: group {number} was not there"
        return following

    def _act(self, each: Callable[[Zone, Run], Any]) -> None:
        self.begin()
        clock = self.hand.house.clock
        clock.moment = _next_epoch(clock.moment)
        self._open_lanes()
        epoch = _epoch_of(clock.moment)
        act = self.prepare(self.hand)
        if _epoch_of(clock.moment) != epoch:
            self._open_lanes()
        self.steps.listen()
        with self.steps.grouped(each):
            act()
        self._nothing_outside()

    def _nothing_outside(self) -> None:
        assert self.steps.seen == [], f"{self.play}: written outside of any group"

    def _open_lanes(self) -> None:
        """An entry of this epoch in each zone, so that only the act that is about it begins a lane or an epoch."""
        house = self.hand.house
        logins = {STAFF[login][0]: login for login in house.tokens}
        for zone, login in logins.items():
            issue = partial(sign_in.issue_token, login=login, lifetime=_TOKEN, service=house.services.sign_in[zone])
            house.tokens[login] = house.services.worker.run(zone, issue)


def _epoch_of(moment: datetime) -> int:
    return (moment - _FIRST) // _EPOCH


def _next_epoch(moment: datetime) -> datetime:
    """A moment in the first minutes of the next epoch: none begins while an act lasts, be it some minutes. It would
    write more, one time out of ten."""
    number = _epoch_of(moment) + 1
    # Not to the second: what ends after so many hours would end in the middle of the very act that begins then.
    return _FIRST + number * _EPOCH + timedelta(seconds=number % 97)
