"""A withdrawal meets a reader: what is acknowledged first binds the other, on both databases.

On PostgreSQL casework and Caritas are processes of their own, each under its own role; here they are two houses in
one process, each with its own connection. On SQLite there is one process, whose worker takes one at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from bench.pg import Postgres
from gateway.auth.sessions import hash_token
from gateway.settings import Settings
from tests.attacks.walled import Walled, houses_of, walled
from tests.crash.plays import Stagehand
from tests.house import CARITAS, FEDASIL, House, house_on, make_keys
from tests.patience import PATIENCE, in_time, until
from vault.errors import NotFound, StaleVersion, StoreUnavailable
from vault.ids import CaseId, ReferralId, ReleaseId
from vault.storage.sight import fence_of
from vault.usecases import answers, received, referrals, sign_in, taking_in, withdrawals
from vault.vocabulary import CASEWORK, Kind, Purpose


@dataclass
class Stage:
    """casework, caritas: the same house on SQLite."""

    casework: House
    caritas: House
    wall: Walled | None = None

    def __post_init__(self) -> None:
        self.hand = Stagehand(self.casework)
        self.hand.hire("coach")
        if "caritas" not in self.caritas.tokens:
            self.caritas.hire("caritas")

    def sent(self) -> tuple[CaseId, ReferralId, ReleaseId]:
        case, referral = self.hand.agreed()
        return case, referral, self.hand.send(case, referral)

    def withdraw(self, case: CaseId, referral: ReferralId, pause: Callable[[], None] | None = None) -> Any:
        """pause: called inside the transaction, once everything is written."""
        work = self.hand.writing(withdrawals.withdraw)

        def paused(*args: Any) -> Any:
            reply = work(*args)
            if pause is not None:
                pause()
            return reply

        return self.hand.as_("coach", paused, case, referral)

    def as_partner(self, work: Callable[..., Any]) -> Any:
        house = self.caritas
        hashed, reception = hash_token(house.tokens["caritas"]), house.services.reception[CARITAS]

        def job(uow: Any) -> Any:
            return work(uow, sign_in.authenticate(uow, hashed, "10.0.0.8", house.clock), reception)

        return house.services.worker.run(CARITAS, job)

    def read(self, release: ReleaseId, pause: Callable[[], None] | None = None) -> dict[str, Any]:
        def work(uow: Any, actor: Any, reception: Any) -> Any:
            reply = received.read_received(uow, actor, Kind.REFERRAL, Purpose.REFERRAL, release, reception)
            if pause is not None:
                pause()
            return reply

        found: dict[str, Any] = self.as_partner(work)
        return found

    def listed(self) -> set[str]:
        def work(uow: Any, actor: Any, reception: Any) -> Any:
            return received.list_received(uow, actor, Kind.REFERRAL, Purpose.REFERRAL, reception, limit=200)

        return {line["release"] for line in self.as_partner(work)}

    def answer(self, release: ReleaseId) -> Any:
        return self.as_partner(
            lambda uow, actor, reception: answers.give_answer(
                uow, actor, release, answers.AnswerStatus.ACCEPTED, "Oui.", reception
            )
        )


@pytest.fixture
def apart(postgres: Postgres, tmp_path: Any) -> Iterator[Stage]:
    """Two processes' worth of houses on PostgreSQL, each zone under its own role."""
    settings = make_keys(tmp_path / "home")
    with walled(postgres) as made, houses_of(made, settings, (CASEWORK, CARITAS)) as houses:
        yield Stage(houses[CASEWORK], houses[CARITAS], made)


@pytest.fixture(params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    if request.param == "postgres":
        yield request.getfixturevalue("apart")
        return
    settings: Settings = request.getfixturevalue("sqlite_settings")
    with house_on(settings) as house:
        yield Stage(house, house)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def waiting_for_a_lock(wall: Walled) -> bool:
    with wall.superuser() as admin:
        rows = admin.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone()
    return rows is not None and rows[0] > 0


def held_on(wall: Walled) -> int:
    """How often the log says that a reader did not let go."""
    with wall.superuser() as admin:
        bodies = [bytes(row[0]) for row in admin.execute("SELECT body FROM log.entries").fetchall()]
    return sum(b"partner:caritas reader_held_on" in body for body in bodies)


# -- one after the other -------------------------------------------------------------------------------


def test_a_withdrawal_binds_the_very_next_request(stage: Stage) -> None:
    case, referral, release = stage.sent()
    assert stage.read(release)["phone"] == ""
    assert stage.listed() == {release.hex()}
    stage.withdraw(case, referral)
    for ask in (stage.read, stage.answer):
        with pytest.raises(NotFound):
            ask(release)
    assert stage.listed() == set()


def test_a_withdrawal_that_is_undone_ends_nothing(stage: Stage) -> None:
    case, referral, release = stage.sent()

    def stop() -> None:
        raise NotFound("no such item, or not for you")

    with pytest.raises(NotFound):
        stage.withdraw(case, referral, stop)
    assert stage.read(release)["need"] == "shelter"
    stage.withdraw(case, referral)
    with pytest.raises(NotFound):
        stage.read(release)


# -- at once -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("patient")
def test_no_read_that_began_after_the_acknowledgement_shows_anything(stage: Stage, threads: ThreadPoolExecutor) -> None:
    """Four readers hammer while the coach withdraws, one referral after the other."""
    for _ in range(6):
        case, referral, release = stage.sent()
        acknowledged: list[float] = []
        seen: list[tuple[float, bool]] = []
        stop = threading.Event()

        def hammer(release: ReleaseId = release, seen: Any = seen, stop: threading.Event = stop) -> None:
            while not stop.is_set():
                began = time.monotonic()
                try:
                    stage.read(release)
                except NotFound:
                    seen.append((began, False))
                else:
                    seen.append((began, True))

        readers = [threads.submit(hammer) for _ in range(3)]
        until(lambda seen=seen: any(shown for _, shown in seen))  # type: ignore[misc]
        stage.withdraw(case, referral)
        acknowledged.append(time.monotonic())
        until(lambda seen=seen, then=acknowledged: any(began > then[0] for began, _ in seen))  # type: ignore[misc]
        stop.set()
        for reader in readers:
            reader.result(PATIENCE)
        assert [began for began, shown in seen if shown and began > acknowledged[0]] == []


@pytest.mark.usefixtures("patient")
def test_a_withdrawal_waits_for_the_reader_who_was_first(apart: Stage, threads: ThreadPoolExecutor) -> None:
    case, referral, release = apart.sent()
    assert apart.wall is not None
    reading, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        reading.set()
        assert go_on.wait(PATIENCE)

    reader = threads.submit(apart.read, release, pause)
    assert reading.wait(PATIENCE)
    coach = threads.submit(apart.withdraw, case, referral)
    wall = apart.wall
    until(lambda: waiting_for_a_lock(wall))
    assert not coach.done(), "acknowledged while a reader was about to answer"
    go_on.set()
    assert reader.result(PATIENCE)["need"] == "shelter"
    assert coach.result(PATIENCE)["status"] == "withdrawn"
    with pytest.raises(NotFound):
        apart.read(release)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("ask", ["read", "listed", "answer"])
def test_a_reader_waits_for_the_withdrawal_that_was_first_and_finds_nothing(
    apart: Stage, threads: ThreadPoolExecutor, ask: str
) -> None:
    case, referral, release = apart.sent()
    assert apart.wall is not None
    wall, written, go_on = apart.wall, threading.Event(), threading.Event()

    def pause() -> None:
        written.set()
        assert go_on.wait(PATIENCE)

    coach = threads.submit(apart.withdraw, case, referral, pause)
    assert written.wait(PATIENCE)
    given = (release,) if ask != "listed" else ()
    reader: Future[Any] = threads.submit(getattr(apart, ask), *given)
    until(lambda: waiting_for_a_lock(wall))
    assert not reader.done(), "answered from what is being withdrawn"
    go_on.set()
    coach.result(PATIENCE)
    if ask == "listed":
        assert reader.result(PATIENCE) == set()
    else:
        with pytest.raises(NotFound):
            reader.result(PATIENCE)


@pytest.mark.usefixtures("patient")
def test_another_partners_readers_are_not_waited_for(apart: Stage) -> None:
    """A stuck reader of one partner is no other partner's business."""
    assert apart.wall is not None
    case, referral, release = apart.sent()
    with apart.wall.connect(CARITAS) as stuck:
        stuck.execute("SELECT pg_advisory_xact_lock_shared(%s)", (fence_of(FEDASIL),))
        assert in_time(lambda: apart.withdraw(case, referral))["status"] == "withdrawn"
    assert held_on(apart.wall) == 0
    with pytest.raises(NotFound):
        apart.read(release)


# -- whoever does not let go -----------------------------------------------------------------------------


def test_a_reader_who_never_lets_go_does_not_keep_a_withdrawal_from_happening(apart: Stage) -> None:
    """Any role may take an advisory lock and keep it: an owned partner would, to keep its sight open."""
    assert apart.wall is not None
    case, referral, release = apart.sent()
    with apart.wall.connect(CARITAS) as stuck:
        stuck.execute("SELECT pg_advisory_lock_shared(%s)", (fence_of(CARITAS),))
        began = time.monotonic()
        assert in_time(lambda: apart.withdraw(case, referral))["status"] == "withdrawn"
        assert time.monotonic() - began > 1.5, "an answer that is on its way is waited for"
        with pytest.raises(NotFound):
            apart.read(release)
        visible = stuck.execute("SELECT count(*) FROM exchange.releases").fetchone()
        assert visible == (0,), "its own connection sees the row no more, whatever it holds"
    assert held_on(apart.wall) == 1
    other, again, _ = apart.sent()  # the limit on waiting is the withdrawal's own: nothing of it stays
    assert apart.withdraw(other, again)["status"] == "withdrawn"


def test_a_reader_who_cannot_hold_answers_nothing(apart: Stage) -> None:
    """An owned zone can keep others waiting; what it gains is a refusal, no answer without the hold."""
    assert apart.wall is not None
    _, _, release = apart.sent()
    with apart.wall.connect(CARITAS) as stuck:
        stuck.execute("SELECT pg_advisory_lock(%s)", (fence_of(CARITAS),))
        with pytest.raises(StoreUnavailable):
            apart.read(release)
    assert apart.read(release)["need"] == "shelter"


# -- casework against itself ---------------------------------------------------------------------------


@pytest.fixture
def twice(postgres: Postgres, tmp_path: Any) -> Iterator[tuple[Stage, Stage]]:
    """Two processes of casework on one database."""
    settings = make_keys(tmp_path / "home")
    with walled(postgres) as made, houses_of(made, settings, (CASEWORK, CARITAS)) as houses:
        first = Stage(houses[CASEWORK], houses[CARITAS], made)
        with house_on(made.settings(settings, CASEWORK)) as second:
            second.staff |= first.casework.staff
            second.tokens |= first.casework.tokens
            yield first, Stage(second, houses[CARITAS], made)


@pytest.mark.usefixtures("patient")
def test_sending_and_withdrawing_at_once_leaves_one_of_the_two(
    twice: tuple[Stage, Stage], threads: ThreadPoolExecutor
) -> None:
    first, second = twice
    outcomes = set()
    for turn in range(8):
        case, referral = first.hand.agreed()
        granted = first.hand.as_("coach", referrals.authorise_sending, case, referral)
        begin = threading.Barrier(2)

        def send(granted: Any = granted, begin: Any = begin, turn: int = turn) -> str:
            sender = first.casework.services.sender
            begin.wait(PATIENCE)
            time.sleep(0.002 * (turn % 3))
            try:
                told = first.hand.as_(
                    "coach", lambda uow, actor, casework: referrals.send(uow, actor, granted, casework, sender)
                )
            except StaleVersion:
                return ""
            release: str = told["release"]
            return release

        def withdraw(case: CaseId = case, referral: ReferralId = referral, begin: Any = begin) -> Any:
            begin.wait(PATIENCE)
            return second.withdraw(case, referral)

        sending, ending = threads.submit(send), threads.submit(withdraw)
        release, told = sending.result(PATIENCE), ending.result(PATIENCE)
        assert told["status"] == "withdrawn"
        assert (told["receipt_due"] is not None) == bool(release)
        outcomes.add(bool(release))
        assert first.listed() == set()
        if release:
            with pytest.raises(NotFound):
                first.read(ReleaseId.parse(release))
    assert outcomes <= {True, False}


@pytest.mark.usefixtures("patient")
def test_two_withdrawals_at_once_are_one(twice: tuple[Stage, Stage], threads: ThreadPoolExecutor) -> None:
    first, _ = twice
    case, referral, _ = first.sent()
    begin = threading.Barrier(2)

    def withdraw(stage: Stage) -> Any:
        begin.wait(PATIENCE)
        return stage.withdraw(case, referral)["status"]

    done = [threads.submit(withdraw, stage) for stage in twice]
    assert [future.result(PATIENCE) for future in done] == ["withdrawn", "withdrawn"]
    with first.wall.superuser() as admin:  # type: ignore[union-attr]
        assert admin.execute("SELECT count(*) FROM exchange.withdrawals").fetchone() == (1,)
        assert admin.execute("SELECT count(*) FROM casework.referral_events WHERE step = 'withdraw'").fetchone() == (1,)


@pytest.mark.usefixtures("patient")
def test_one_answer_taken_in_by_two_is_kept_once(twice: tuple[Stage, Stage], threads: ThreadPoolExecutor) -> None:
    first, _ = twice
    case, referral, release = first.sent()
    first.answer(release)
    [waiting] = first.hand.as_("coach", answers.list_waiting)
    asked = taking_in.Asked(case, referral, answers.AnswerId.parse(waiting["answer"]))
    begin = threading.Barrier(2)

    def take(stage: Stage) -> str:
        begin.wait(PATIENCE)
        try:
            stage.hand.as_("coach", stage.hand.writing(taking_in.take_in), asked)
        except Exception as fault:  # noqa: BLE001 - told to the test
            return type(fault).__name__
        return "taken"

    done = [threads.submit(take, stage) for stage in twice]
    assert sorted(future.result(PATIENCE) for future in done) == ["Conflict", "taken"]


def test_a_fence_belongs_to_one_zone() -> None:
    fences = {fence_of(zone) for zone in (CARITAS, FEDASIL, CASEWORK)}
    assert len(fences) == 3
    assert all(-(2**63) <= fence < 2**63 for fence in fences)


def test_nobody_else_ends_a_coachs_referral(stage: Stage) -> None:
    case, referral, release = stage.sent()
    with pytest.raises(NotFound):
        stage.hand.as_("colleague", stage.hand.writing(withdrawals.withdraw), case, referral)
    assert stage.read(release)["need"] == "shelter"
