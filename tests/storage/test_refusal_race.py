"""One approver refuses while a head lets it go: a refusal that was acknowledged is never followed by what it refused.

On PostgreSQL the two are processes of two zones, here two services with a connection each; on SQLite one process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from gateway.auth.sessions import hash_token
from gateway.wiring import Services
from tests import asked, excepted
from tests.crash.checks import faults
from tests.house import House
from tests.storage.test_grant_race import PATIENCE, process_of
from vault.cases.access_requests import Doubt, Manner, Refusal
from vault.errors import Conflict
from vault.ids import RequestId
from vault.storage import tables as t
from vault.usecases import answering, ceremony, disclosing, granting, sign_in
from vault.vocabulary import CASEWORK, OVERSIGHT

Pause = Callable[[], None]
_SECOND_HALF: Final[dict[Manner, Callable[..., Any]]] = {
    Manner.GRANT: granting.grant, Manner.CEREMONY: ceremony.begin, Manner.EXCEPTION: disclosing.disclose,
}  # fmt: skip


def authorised(house: House, number: str, manner: Manner) -> Callable[[Pause], None]:
    """The first half, by the head. Returns the second; pause: called before it commits."""
    services, hashed = house.services, hash_token(house.tokens["head"])
    desk = answering.desk_of(services.access[CASEWORK], services.casework)

    def who(uow: Any) -> Any:
        return sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock)

    leave = services.worker.run(
        CASEWORK, lambda uow: granting.authorise(uow, who(uow), RequestId.parse(number), desk, manner)
    )

    def second_half(pause: Pause) -> None:
        def second(uow: Any) -> None:
            _SECOND_HALF[manner](uow, who(uow), leave, desk, services.sender)
            pause()

        services.worker.run(CASEWORK, second)

    return second_half


def let_go(house: House, number: str, manner: Manner, pause: Pause = lambda: None) -> None:
    """Both halves. pause: called before the second commits."""
    authorised(house, number, manner)(pause)


def answer(house: House, services: Services, number: str, what: Refusal | Doubt) -> None:
    hashed, desk = hash_token(house.tokens["dpo"]), answering.desk_of(services.access[OVERSIGHT], None)

    def job(uow: Any) -> None:
        actor, request = sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock), RequestId.parse(number)
        if isinstance(what, Refusal):
            answering.refuse(uow, actor, request, desk, what, based_on=1)
        else:
            answering.ask_back(uow, actor, request, desk, what, based_on=1)

    services.worker.run(OVERSIGHT, job)


def _ready(house: House, manner: Manner) -> str:
    if manner is Manner.CEREMONY:
        return asked.agreed(house)
    case = house.open_case(house.client("coach"))
    return asked.approved(house) if manner is Manner.GRANT else excepted.signed(house, case)


@pytest.mark.parametrize("what", [Refusal.DISPROPORTIONATE, Doubt.WHY])
@pytest.mark.parametrize("manner", list(Manner))
@pytest.mark.usefixtures("patient")
def test_an_answer_waits_for_what_is_about_to_leave(house: House, manner: Manner, what: Refusal | Doubt) -> None:
    number = _ready(house, manner)
    inside, go_on, order = threading.Event(), threading.Event(), []

    def pause() -> None:
        inside.set()
        go_on.wait(PATIENCE)
        order.append("left")

    def refusing(services: Services) -> None:
        try:
            answer(house, services, number, what)
        except Conflict:
            order.append("too late")
        else:
            order.append("acknowledged")

    with process_of(house, OVERSIGHT) as services:
        threads = [
            threading.Thread(target=lambda: let_go(house, number, manner, pause)),
            threading.Thread(target=lambda: refusing(services)),
        ]
        threads[0].start()
        assert inside.wait(PATIENCE)
        threads[1].start()
        time.sleep(0.2)
        assert order == [], "the answer waits"
        go_on.set()
        for thread in threads:
            thread.join(PATIENCE)
        assert order == ["left", "too late"]
    assert faults(house.settings) == []


@pytest.mark.parametrize("manner", list(Manner))
def test_nothing_leaves_after_a_refusal_was_acknowledged(house: House, manner: Manner) -> None:
    """Between the two halves."""
    number = _ready(house, manner)
    second_half = authorised(house, number, manner)
    with process_of(house, OVERSIGHT) as other:
        answer(house, other, number, Refusal.DISPROPORTIONATE)
    with pytest.raises(Conflict):
        second_half(lambda: None)
    with house.services.store.main.engine.connect() as connection:
        assert connection.execute(t.grants.select()).all() == []
        assert connection.execute(t.ceremonies.select()).all() == []
