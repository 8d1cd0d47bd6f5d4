"""What is somebody else's and what never was cannot be told apart: same statements, same work, same time.

`test_who_may` shows that the two answers are the same bytes. Here: that the way to them is the same. Two kinds of
evidence, because neither is enough alone. The statements that reach the databases are compared exactly, on both
databases, for every route that answers 404 to somebody. The time is compared statistically, for what differs without
a statement: a keyed hash more, a longer row.
"""

from __future__ import annotations

import asyncio
import gc
import random
import secrets
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, Final

import pytest

from gateway.settings import Settings
from tests.api.stage import Stage, calls
from tests.api.test_who_may import LOGINS, TABLE, send, unknown
from tests.asked import ask, granted
from tests.crash.hooks import Steps, watched
from tests.house import CASE, STAFF, House, house_on
from vault.storage.repositories import RecordRepository
from vault.vocabulary import FOLLOW_UP, Role

#: Routes that answer 404 to somebody, with who that is.
HIDING: Final = {name: LOGINS[row.index(404)] for name, row in TABLE.items() if 404 in row}
#: Requests of each kind in a round, and rounds at most: a machine that is busy elsewhere needs more of them.
TIMED, ROUNDS = 200, 6
#: How far apart the two medians of processor time may lie. 1 to 5 % is what the row costs that is read of a foreign
#: case (5 to 20 microseconds); a look-up more costs 20 to 40 %, a key opened before the answer is known more still.
LEEWAY: Final = 0.12


@pytest.fixture
def watched_house(house_settings: Settings) -> Iterator[tuple[House, Steps]]:
    with watched() as steps, house_on(house_settings) as house:
        yield house, steps


def _said(steps: Steps, reply: Any) -> list[str]:
    said, steps.said = steps.said, []
    assert reply.status_code == 404, reply.text
    return said


def test_a_foreign_and_an_unknown_case_are_looked_up_in_the_same_words(watched_house: tuple[House, Steps]) -> None:
    house, steps = watched_house
    for login in LOGINS:
        house.client(login)
    assert len(HIDING) > 15
    for name, make in calls(house).items():
        if name not in HIDING:
            continue
        call, login = make(), HIDING[name]
        send(house, login, call.method, unknown(call.path), call.payload)  # what is done once per process is done
        steps.said.clear()
        foreign = _said(steps, send(house, login, call.method, call.path, call.payload))
        nowhere = _said(steps, send(house, login, call.method, unknown(call.path), call.payload))
        assert foreign == nowhere, name
        assert len(foreign) > 3


def test_another_zones_release_is_looked_up_as_one_that_never_was(watched_house: tuple[House, Steps]) -> None:
    house, steps = watched_house
    stage = Stage(house)
    sheet, copy, referral = stage.sheet(), stage.oversight_sheet(), stage.referral("fedasil")
    for login, plural, theirs in (
        ("officer", "sheets", copy),
        ("auditor", "sheets", sheet),
        ("caritas", "referrals", referral),
    ):
        caller = house.client(login)
        caller.get(f"/{plural}/{secrets.token_hex(16)}")
        steps.said.clear()
        foreign = _said(steps, caller.get(f"/{plural}/{theirs}"))
        assert foreign == _said(steps, caller.get(f"/{plural}/{secrets.token_hex(16)}")), login


def test_an_identifier_of_a_foreign_case_is_looked_up_as_one_of_no_case(watched_house: tuple[House, Steps]) -> None:
    house, steps = watched_house
    house.open_case(house.client("coach"))
    for login in ("colleague", "far_head"):
        caller = house.client(login)
        told = []
        for number in ("9999999", CASE["ov_number"], "9999999"):
            steps.said.clear()
            assert caller.post("/find", json={"field": "ov_number", "value": number}).json()["cases"] == []
            told.append(list(steps.said))
        assert told[1] == told[2], login


def test_a_request_about_nobody_is_filed_in_the_same_words(watched_house: tuple[House, Steps]) -> None:
    house, steps = watched_house
    house.open_case(house.client("coach"))
    told = []
    for number in ("9999999", CASE["ov_number"], "9999999"):
        house.client("officer")
        steps.said.clear()
        ask(house, about={"by": "ov_number", "value": number})
        told.append(list(steps.said))
    assert told[1] == told[2]
    assert len(told[1]) > 5


def test_another_officers_request_or_grant_is_looked_up_as_none(
    watched_house: tuple[House, Steps], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, steps = watched_house
    monkeypatch.setitem(STAFF, "other_officer", (FOLLOW_UP, Role.FOLLOW_UP_OFFICER, ""))
    house.open_case(house.client("coach"))
    release = granted(house)
    number = house.client("officer").get("/access-requests").json()["requests"][0]["request"]
    other = house.client("other_officer")
    for path, theirs in (("/access-requests", number), ("/grants", release)):
        other.get(f"{path}/{secrets.token_hex(16)}")
        steps.said.clear()
        foreign = _said(steps, other.get(f"{path}/{theirs}"))
        assert foreign == _said(steps, other.get(f"{path}/{secrets.token_hex(16)}")), path


TAILS: Final = ("", "/identity", "/notes", "/notes/{note}", "/notes/{note}/versions", "/notes/{note}/versions/1")


@pytest.mark.parametrize("tail", TAILS)
def test_the_time_of_a_refusal_does_not_tell_foreign_from_unknown(house: House, tail: str) -> None:
    """Interleaved at random, over as many foreign as unknown cases; medians, so that a pause does no harm.

    The clock is the processor time of this thread: other processes and the disk do not disturb it, and what they
    add to a caller's clock only hides more. Rounds are added up until the medians agree; where there is something
    to tell, more of them tell it better.
    """
    foreign = _paths(house, tail)
    house.client("colleague")
    apart = _apart(house, "colleague", (foreign, [unknown(path) for path in foreign]))
    assert abs(apart) < LEEWAY, f"a foreign case takes {apart:+.1%}"


def test_how_many_versions_a_foreign_note_has_is_not_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would take its time, and the time of the refusal would tell their number."""
    path = _paths(house, "/notes/{note}/versions")[0].removeprefix("/casework")
    seen: list[object] = []
    monkeypatch.setattr(RecordRepository, "versions", lambda _, record: seen.append(record) or [])
    assert house.client("colleague").get(path).status_code == 404
    assert seen == []
    assert house.client("coach").get(path).status_code == 200
    assert len(seen) == 1


def test_the_clock_would_notice(house: House) -> None:
    """The control: two refusals of which one looks up a thing more are told apart."""
    short, long = _paths(house, "/identity"), _paths(house, "/notes/{note}/versions/1")
    house.client("colleague")
    assert _apart(house, "colleague", (long, short), rounds=1) > LEEWAY


def _paths(house: House, tail: str) -> list[str]:
    coach = house.client("coach")
    found = []
    for _ in range(4):
        case = house.open_case(coach)
        note = house.write_note(coach, case, "Un entretien assez long. " * 60)
        found.append(f"/casework/cases/{case}{tail.format(note=note)}")
    return found


def _apart(house: House, login: str, pools: tuple[Sequence[str], Sequence[str]], rounds: int = ROUNDS) -> float:
    """By which part the median request of the first pool takes longer than that of the second."""
    taken: tuple[list[float], list[float]] = ([], [])
    asyncio.run(_requests(house, login, pools, 8, ([], [])))  # warms up
    apart = 0.0
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        try:
            asyncio.run(_requests(house, login, pools, TIMED, taken))
        finally:
            gc.enable()
        apart = median(taken[0]) / median(taken[1]) - 1
        if abs(apart) < LEEWAY:
            break
    return apart


async def _requests(
    house: House, login: str, pools: tuple[Sequence[str], Sequence[str]], each: int,
    taken: tuple[list[float], list[float]],
) -> None:  # fmt: skip
    order = [0, 1] * each
    random.shuffle(order)
    for which in order:
        path = random.choice(pools[which])
        began = time.thread_time()
        answered = await _ask(house, login, path)
        taken[which].append(time.thread_time() - began)
        assert answered == 404


async def _ask(house: House, login: str, path: str) -> int:
    """One request without a client in between, whose own time would drown what is looked for."""
    told: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send_(message: Any) -> None:
        if message["type"] == "http.response.start":
            told.append(message["status"])

    headers = [(b"host", b"parefeu.test"), (b"authorization", f"Bearer {house.tokens[login]}".encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "https",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("10.0.0.7", 1), "server": ("parefeu.test", 443), "state": {},
    }  # fmt: skip
    await house.app.app(scope, receive, send_)
    return told[0]
