"""Lives the planned lives: thirty-two acts at a time through the worker's queue, as requests would come, by their own
clock; the log is sequenced along with them. It can be stopped between two batches and go on another day.

Each act is a real use case of somebody with a real session: authenticated, decided, logged, committed in a group. The
one thing left out is what happens before a transaction: passwords are not hashed, and a text that was looked through
once is not looked through again.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import chain, islice
from random import Random
from typing import Any, Final

from gateway.simulation.chance import seeded
from gateway.simulation.clock import SimulatedClock
from gateway.simulation.people import Member, Team, a_file, elsewhere, teams
from gateway.simulation.plan import Act, Beginning, Doing, Who, beginnings, life
from gateway.simulation.standing import Counts, Plan, Standing, Waiting
from gateway.simulation.texts import Texts
from gateway.wiring import Services
from vault.access.actor import Actor
from vault.cases.calendar import belgian_day
from vault.cases.facts import Fact
from vault.cases.flow import Step
from vault.cases.model import AdminFacts, Origin
from vault.errors import VaultError
from vault.ids import CaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases import facts, hand_over, notes, sign_in, steps
from vault.usecases.casework import Casework, parse_reference
from vault.usecases.open_case import OpenCase, open_case
from vault.vocabulary import CASEWORK, Kind, Provenance

#: As many as one group of the worker takes.
AT_ONCE: Final = 32
#: So many acts between two turns of the log's sequencer.
_SEQUENCE_EVERY: Final = 1024
#: Nobody ever signs in with this: what is simulated is looked at with `parefeu staff token`.
_NO_PASSWORD: Final = "$argon2id$simulated"
_SOURCE: Final = "192.0.2.1"  # an address of documentation
_RESERVE: Final = timedelta(minutes=5)
#: Between stopping and going on, by the simulation's clock: a code of a second factor counts once.
_PAUSE: Final = timedelta(minutes=2)

Progress = Callable[[float, "Done"], None]


class SimulationFailed(Exception):
    """An act of the plan was refused: the plan and the vault disagree, which is a mistake of one of them."""


@dataclass(slots=True)
class Done:
    """What was done so far. steps: of the case flow; seconds: since the first act."""

    cases: int = 0
    steps: int = 0
    notes: int = 0
    facts: int = 0
    sign_ins: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Steps of the flow a second, everything else included."""
        return self.steps / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class _Session:
    hashed: bytes
    expires_at: datetime


@dataclass(slots=True)
class _Live:
    """A case on its way. rest: what is still to happen; taken: how many of its acts did."""

    begun: Beginning
    team: Team
    coach: Member
    rest: Iterator[Act]
    taken: int = 0
    case: CaseId | None = None


@dataclass(order=True, slots=True)
class _Due:
    """chance: of this one act, so that no life has to remember how it came here."""

    at: datetime
    number: int
    act: Act = field(compare=False)
    live: _Live = field(compare=False)
    chance: Random = field(compare=False)


class Simulation:
    """services: built on the simulation's clock. sequence: a turn of its log's sequencer. stop: asked after a batch."""

    def __init__(
        self, services: Services, clock: SimulatedClock, plan: Plan, *, sequence: Callable[[], None] = lambda: None,
        progress: Progress = lambda *_: None, stop: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        casework, sender = services.casework, services.sender
        assert casework is not None
        assert sender is not None
        self._services, self._clock, self._plan = services, clock, plan
        self._casework: Casework = casework
        self._sender = sender
        self._texts = Texts(casework.office, plan.seed)
        self._sequence, self._progress, self._stop = sequence, progress, stop
        self._houses = teams(plan.cases)
        self._coming = beginnings(plan.seed, plan.cases, plan.first, plan.end, casework.calendar)
        self._due: list[_Due] = []
        self._begun = 0
        self._sessions: dict[str, _Session] = {}
        self._since_sequenced = 0
        self._half: tuple[int, bool] | None = None
        self.done = Done()

    def run(self, standing: Standing | None = None) -> Standing | None:
        """Live everything from the first day up to, not on, the end, or until it is stopped: then where it stands.

        standing: go on from there. Raises SimulationFailed.
        """
        if standing is None:
            teams_ = [m for team in self._houses.values() for m in (*team.coaches, *team.desks, *team.heads)]
            self._hire([*elsewhere(), *teams_])
        else:
            self._stand(standing)
        return asyncio.run(self._run())

    async def _run(self) -> Standing | None:
        began = time.perf_counter() - self.done.seconds
        plan, due = self._plan, self._due
        ahead = next(self._coming, None)
        whole = (plan.end - plan.first).days
        stopped = False
        while (ahead is not None or due) and not stopped:
            day = belgian_day(min(one.at for one in (ahead, due[0] if due else None) if one is not None))
            if day >= plan.end:
                break
            self._end_half_year(day)
            while ahead is not None and belgian_day(ahead.at) <= day:
                self._begun += 1
                heapq.heappush(due, self._next(self._begin(ahead)))
                ahead = next(self._coming, None)
            batch = list(self._of_one_day(due, day))
            await self._live(batch)
            for one in batch:
                one.live.taken += 1
                self._go_on(one.live)
            self.done.seconds = time.perf_counter() - began
            self._progress(max(0.0, (day - plan.first).days / whole), self.done)
            stopped = self._stop()
        self._sequence()
        self.done.seconds = time.perf_counter() - began
        return self._standing() if stopped else None

    def _begin(self, begun: Beginning) -> _Live:
        team = self._houses[begun.region]
        coach = seeded(self._plan.seed, begun.number, "people").choice(team.coaches)
        who = Who.COACH if begun.origin is Origin.WALK_IN else Who.DESK
        opening = Act(begun.at, who, Doing.OPEN)
        return _Live(begun, team, coach, chain((opening,), life(self._plan.seed, begun, self._casework.calendar)))

    def _next(self, live: _Live) -> _Due:
        """Raises StopIteration: its life is over."""
        act = next(live.rest)
        number = live.begun.number
        return _Due(act.at, number, act, live, seeded(self._plan.seed, number, "act", live.taken))

    def _go_on(self, live: _Live) -> None:
        try:
            heapq.heappush(self._due, self._next(live))
        except StopIteration:
            return

    def _standing(self) -> Standing:
        waiting = tuple(
            Waiting(number=one.number, taken=one.live.taken, case=one.live.case.hex() if one.live.case else "")
            for one in sorted(self._due)
        )
        counts = Counts(**{name: getattr(self.done, name) for name in Counts.model_fields})
        return Standing(plan=self._plan, done=counts, moment=self._clock.now(), begun=self._begun, waiting=waiting)

    def _stand(self, standing: Standing) -> None:
        """Make the lives again that were on their way, each as far as it had come."""
        self._clock.reach(standing.moment + _PAUSE)
        self.done = Done(**standing.done.model_dump())
        self._begun = standing.begun
        on_their_way = {one.number: one for one in standing.waiting}
        for begun in islice(self._coming, standing.begun):
            if (was := on_their_way.get(begun.number)) is not None:
                live = self._begin(begun)
                live.taken = sum(1 for _ in islice(live.rest, was.taken))
                live.case = CaseId(bytes.fromhex(was.case)) if was.case else None
                self._go_on(live)

    def _end_half_year(self, day: date) -> None:
        """The log has a tree per half-year: what waits goes into its own before the clock goes on."""
        half = (day.year, day.month > 6)
        if self._half not in {None, half}:
            self._sequence()
        self._half = half

    @staticmethod
    def _of_one_day(due: list[_Due], day: date) -> Iterator[_Due]:
        """The next acts, of different cases, all of that day: what follows on one of them may be due the day after."""
        for _ in range(AT_ONCE):
            if not due or belgian_day(due[0].at) > day:
                return
            yield heapq.heappop(due)

    def _hire(self, members: list[Member]) -> None:
        for member in members:
            service = self._services.sign_in[member.zone]
            new = sign_in.NewStaff(member.login, member.name, member.role, member.region, _NO_PASSWORD)
            self._services.worker.run(member.zone, partial(sign_in.add_staff, new=new, service=service))

    # -- one batch --------------------------------------------------------------------------------------------

    async def _live(self, batch: list[_Due]) -> None:
        members = {one.number: self._member(one) for one in batch}
        missing = {
            member.login: member for one in batch if not self._signed_in(member := members[one.number], batch[-1].at)
        }
        if missing:
            self._clock.reach(batch[0].at)
            await asyncio.gather(*(self._sign_in(member) for member in missing.values()))
        alone = [one for one in batch if one.act.step is Step.HAND_OVER]
        together = [one for one in batch if one.act.step is not Step.HAND_OVER]
        await asyncio.gather(*(self._submit(one, members[one.number], self._work(one)) for one in together))
        for one in alone:
            await self._hand_over(one, members[one.number])
        self._since_sequenced += len(batch)
        if self._since_sequenced >= _SEQUENCE_EVERY:
            self._since_sequenced = 0
            self._sequence()

    @staticmethod
    def _member(one: _Due) -> Member:
        if one.act.who is Who.COACH:
            return one.live.coach
        return one.chance.choice(one.live.team.desks if one.act.who is Who.DESK else one.live.team.heads)

    def _signed_in(self, member: Member, until: datetime) -> bool:
        session = self._sessions.get(member.login)
        return session is not None and session.expires_at > until + _RESERVE

    async def _sign_in(self, member: Member) -> None:
        service = self._services.sign_in[member.zone]

        def work(uow: UnitOfWork) -> str:
            candidate = sign_in.look_up(uow, member.login, _SOURCE, service)
            assert candidate.staff is not None
            secret = service.totp_secret(candidate.staff.id, candidate.staff.totp_generation)
            code = sign_in.totp(secret, int(self._clock.now().timestamp()) // 30)
            token, _ = sign_in.conclude(uow, candidate, True, code, service)
            return token

        token: str = await self._services.worker.submit(member.zone, work)
        hashed = sha256(bytes.fromhex(token)).digest()
        self._sessions[member.login] = _Session(hashed, self._clock.now() + sign_in.SESSION_LIFETIME)
        self.done.sign_ins += 1

    async def _submit(self, one: _Due, member: Member, act: Callable[[UnitOfWork, Actor], Any]) -> Any:
        """One request: who bears the token, then the act, in one transaction."""
        hashed = self._sessions[member.login].hashed

        def work(uow: UnitOfWork) -> Any:
            self._clock.reach(one.at)
            return act(uow, sign_in.authenticate(uow, hashed, _SOURCE, self._clock))

        try:
            reply = await self._services.worker.submit(CASEWORK, work)
        except VaultError as refusal:
            what = one.act.step.value if one.act.step is not None else one.act.doing.value
            raise SimulationFailed(f"case {one.number}: {what} was refused ({refusal.code}): {refusal}") from refusal
        self._counted(one, reply)
        return reply

    def _counted(self, one: _Due, reply: Any) -> None:
        match one.act.doing:
            case Doing.OPEN:
                one.live.case = parse_reference(reply["reference"])
                self.done.cases += 1
            case Doing.STEP:
                self.done.steps += 1
            case Doing.NOTE:
                self.done.notes += 1
            case Doing.FACT:
                self.done.facts += 1

    # -- acts -------------------------------------------------------------------------------------------------

    def _work(self, one: _Due) -> Callable[[UnitOfWork, Actor], Any]:
        live, act = one.live, one.act
        if act.doing is Doing.OPEN:
            return partial(open_case, cmd=self._file(one), casework=self._casework)
        assert live.case is not None
        if act.doing is Doing.NOTE:
            text, looked = self._texts.one(one.chance, live.begun.language)
            note = notes.WriteNote(live.case, text, live.begun.language, act.template, looked=looked)
            return partial(notes.write_note, cmd=note, casework=self._casework)
        if act.doing is Doing.FACT:
            return partial(facts.record_fact, cmd=self._fact(one), casework=self._casework)
        assert act.step is not None
        coach = live.coach.login if act.step is Step.TRIAGE else ""
        step = steps.TakeStep(live.case, act.step, act.details, coach)
        return partial(steps.take_step, cmd=step, casework=self._casework)

    def _file(self, one: _Due) -> OpenCase:
        begun, today = one.live.begun, belgian_day(one.at)
        identity, contact, minors = a_file(one.chance, begun.number, today)
        notified = today - timedelta(days=one.chance.randint(0, 10))
        told = AdminFacts(annex=begun.annex, notified_on=notified, minors=minors)
        return OpenCase(begun.region, begun.language, identity, contact, told, begun.origin)

    async def _hand_over(self, one: _Due, member: Member) -> None:
        """Two requests, the second after the first one's commit."""
        case = one.live.case
        assert case is not None
        casework, sender = self._casework, self._sender
        hashed = self._sessions[member.login].hashed

        def first(uow: UnitOfWork) -> hand_over.Authorised:
            self._clock.reach(one.at)
            actor = sign_in.authenticate(uow, hashed, _SOURCE, self._clock)
            return hand_over.authorise_hand_over(uow, actor, case, casework)

        granted = await self._services.worker.submit(CASEWORK, first)
        second = partial(hand_over.hand_over, granted=granted, casework=casework, sender=sender)
        await self._submit(one, member, second)

    @staticmethod
    def _fact(one: _Due) -> facts.RecordFact:
        value = one.chance.choice(("medical_care", "legal_aid", "shelter", "psychological_care"))
        need = Fact("need", value, status="open")
        live = one.live
        assert live.case is not None
        return facts.RecordFact(live.case, Kind.SENSITIVE_FACT, need, live.begun.language, Provenance.INTERVIEW)
