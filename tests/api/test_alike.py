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
from typing import Any, Final

import pytest

from gateway.settings import Settings
from tests import erasures
from tests.api.paired import Verdict, judge, pairs
from tests.api.stage import Stage, calls
from tests.api.test_who_may import LOGINS, TABLE, send, unknown
from tests.asked import ask, granted
from tests.crash.hooks import Steps, watched
from tests.house import CASE, STAFF, UNKNOWN_CASE, House, house_on
from vault.cases.model import Case
from vault.ids import CaseId
from vault.storage.repositories import CaseRepository, RecordRepository
from vault.vocabulary import FOLLOW_UP, Role

pytestmark = pytest.mark.long

#: Routes that answer 404 to somebody, with who that is.
HIDING: Final = {name: LOGINS[row.index(404)] for name, row in TABLE.items() if 404 in row}
#: Pairs of requests before the first look at them, and at most: a machine that is busy elsewhere needs more of them.
FIRST, MOST = 64, 16_384
#: How far apart the processor times of the two may lie. 1 to 5 % is what the row costs that is read of a foreign
#: case (5 to 20 microseconds); a look-up more costs 13 to 25 %, a key opened before the answer is known more still.
LEEWAY: Final = 0.1


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


def test_an_erasure_is_asked_of_a_foreign_case_in_the_same_words_open_or_closed_or_none(
    watched_house: tuple[House, Steps],
) -> None:
    """Its own region's head is told that an open case is held; to another there is none, whatever it is."""
    house, steps = watched_house
    foreign = {"open": erasures.full_case(house), "closed": erasures.closed_case(house)}
    erasures.ask(house, UNKNOWN_CASE, login="far_head")
    steps.said.clear()
    nowhere = _said(steps, erasures.ask(house, UNKNOWN_CASE, login="far_head"))
    assert len(nowhere) > 3
    for standing, case in foreign.items():
        assert _said(steps, erasures.ask(house, case, login="far_head")) == nowhere, standing


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
    """In pairs, over as many foreign as unknown cases (`paired`).

    The clock is the processor time of this thread: other processes and the disk do not disturb it, and what they
    add to a caller's clock only hides more.
    """
    foreign = _paths(house, tail)
    house.client("colleague")
    told = _apart(house, "colleague", (foreign, [unknown(path) for path in foreign]))
    # Undecided after the most pairs is what a machine is that is busy with much else: whoever asks knows no more.
    assert told in {Verdict.ALIKE, Verdict.UNDECIDED}, told


def test_how_many_versions_a_foreign_note_has_is_not_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would take its time, and the time of the refusal would tell their number."""
    path = _paths(house, "/notes/{note}/versions")[0].removeprefix("/casework")
    seen: list[object] = []
    monkeypatch.setattr(RecordRepository, "versions", lambda _, record: seen.append(record) or [])
    assert house.client("colleague").get(path).status_code == 404
    assert seen == []
    assert house.client("coach").get(path).status_code == 200
    assert len(seen) == 1


@pytest.mark.parametrize("theirs", [0, 1])
def test_the_clock_notices_what_only_a_foreign_case_costs(
    house: House, monkeypatch: pytest.MonkeyPatch, theirs: int
) -> None:
    """The control: six look-ups more where a case is there, on whichever side that is. One is noticed as well, but on
    SQLite and a busy machine it takes thousands of pairs; the statements above are counted without a clock."""
    foreign, get = _paths(house, "/notes/{note}/versions"), CaseRepository.get
    house.client("colleague")

    def again(cases: CaseRepository, case: CaseId) -> Case | None:
        found = get(cases, case)
        for _ in range(6 if found else 0):
            get(cases, case)
        return found

    monkeypatch.setattr(CaseRepository, "get", again)
    pools = (foreign, [unknown(path) for path in foreign])
    assert _apart(house, "colleague", (pools[theirs], pools[1 - theirs])) is (Verdict.LONGER, Verdict.SHORTER)[theirs]


@pytest.mark.parametrize("noise", [0.05, 0.2, 0.4], ids=["quiet", "busy", "very busy"])
@pytest.mark.parametrize(
    ("truly", "verdict"),
    [
        (1.0, Verdict.ALIKE), (1.05, Verdict.ALIKE), (1 / 1.05, Verdict.ALIKE), (1.2, Verdict.LONGER),
        (1.4, Verdict.LONGER), (1 / 1.2, Verdict.SHORTER),
    ],
)  # fmt: skip
def test_noise_asks_for_more_pairs_and_never_for_another_verdict(noise: float, truly: float, verdict: Verdict) -> None:
    """Times that are spread by a factor, and now and then many times too long: the verdict is that of the truth."""
    chance = random.Random(f"{noise} {truly}")

    async def taken(which: int) -> float:
        return (1.0 if which else truly) * chance.lognormvariate(0, noise) * (10 if chance.random() < noise / 10 else 1)

    for _ in range(20):
        ratios: list[float] = []
        while (told := judge(ratios, LEEWAY)) is Verdict.UNDECIDED and len(ratios) < MOST:
            ratios += asyncio.run(pairs(taken, len(ratios) or FIRST))
        assert told is verdict, len(ratios)


def _paths(house: House, tail: str) -> list[str]:
    coach = house.client("coach")
    found = []
    for _ in range(4):
        case = house.open_case(coach)
        note = house.write_note(coach, case, "Un entretien assez long. " * 60)
        found.append(f"/casework/cases/{case}{tail.format(note=note)}")
    return found


def _apart(house: House, login: str, pools: tuple[Sequence[str], Sequence[str]]) -> Verdict:
    """Whether a request of the first pool takes longer than one of the second, or less long."""

    async def timed(which: int) -> float:
        path = random.choice(pools[which])
        began = time.thread_time()
        answered = await _ask(house, login, path)
        taken = time.thread_time() - began
        assert answered == 404
        return taken

    asyncio.run(pairs(timed, 8))  # warms up
    ratios: list[float] = []
    while (told := judge(ratios, LEEWAY)) is Verdict.UNDECIDED and len(ratios) < MOST:
        gc.collect()
        gc.disable()
        try:
            for _ in range((len(ratios) or FIRST) // FIRST):
                ratios += asyncio.run(pairs(timed, FIRST))
        finally:
            gc.enable()
    return told


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
