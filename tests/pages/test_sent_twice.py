"""A form that is sent twice is saved once, without any script: one after the other, and both at once."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.responses import RedirectResponse, Response

from gateway.pages.presses import Presses
from tests.house import House
from tests.pages.test_documents import SAID, listed, post
from tests.pages.visiting import Visitor
from tests.recorded import pdf

NOTE = {"text": "Une conversation tranquille.", "language": "fr", "template": "intake", "based_on": "0"}


def _number(page: str) -> str:
    """Of the form that writes: the last one of the page."""
    found: str = re.findall(r'name="_once" value="([0-9a-f]{32})"', page)[-1]
    return found


def _notes(house: House, case: str) -> int:
    return len(house.client("coach").get(f"/cases/{case}/notes").json()["notes"])


def test_the_same_form_leads_to_the_same_place_and_is_saved_once(house: House) -> None:
    coach, case = Visitor(house, "coach"), house.open_case(house.client("coach"))
    path = f"/cases/{case}/notes/new"
    number = _number(coach.look(path))
    first = coach.send(path, _once=number, **NOTE)
    assert coach.send(path, _once=number, **NOTE) == first
    assert _notes(house, case) == 1
    assert coach.look(first.partition("?")[0])


def test_other_words_and_another_form_are_saved(lite_house: House) -> None:
    """Whoever goes back in the browser and writes a second text over the first loses neither."""
    coach, case = Visitor(lite_house, "coach"), lite_house.open_case(lite_house.client("coach"))
    path = f"/cases/{case}/notes/new"
    number, other = _number(coach.look(path)), _number(coach.look(path))
    assert number != other
    places = {
        coach.send(path, _once=number, **NOTE),
        coach.send(path, _once=number, **NOTE | {"text": "Une autre."}),
        coach.send(path, _once=other, **NOTE),
    }
    assert len(places) == 3
    assert _notes(lite_house, case) == 3


def test_one_sessions_number_says_nothing_in_another(lite_house: House) -> None:
    coach, desk = Visitor(lite_house, "coach"), Visitor(lite_house, "desk")
    case = lite_house.open_case(lite_house.client("coach"))
    path = f"/cases/{case}/notes/new"
    number = _number(coach.look(path))
    coach.send(path, _once=number, **NOTE)
    assert "Une conversation" not in desk.send(path, 403, _once=number, **NOTE)
    assert _notes(lite_house, case) == 1


def test_what_was_refused_may_be_sent_again(lite_house: House) -> None:
    """Before the notice was given nothing can be saved; the very same form goes once it was."""
    coach, caller = Visitor(lite_house, "coach"), lite_house.client("coach")
    case = lite_house.open_case(caller, notice=False)
    path = f"/cases/{case}/notes/new"
    number = _number(coach.look(path))
    coach.send(path, 422, _once=number, **NOTE)
    lite_house.step(caller, case, "give_notice", language="fr", leaflet="2026-1")
    coach.send(path, _once=number, **NOTE)
    assert _notes(lite_house, case) == 1


def test_of_several_at_once_one_is_saved(house: House) -> None:
    coach, case = Visitor(house, "coach"), house.open_case(house.client("coach"))
    path = f"/cases/{case}/notes/new"
    number = _number(coach.look(path))
    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(lambda _: coach.send(path, _once=number, **NOTE), range(8)))
    assert len(places) == 1
    assert _notes(house, case) == 1


def _sent(house: House, case: str, number: str, content: bytes, **more: Any) -> str:
    """Where the form with a file led."""
    reply = post(house, case, content, said=SAID | {"_once": number}, **more)
    assert reply.status_code == 303, reply.text
    place: str = reply.headers["location"]
    return place


def test_the_same_file_sent_twice_is_stored_once(house: House) -> None:
    """One after the other, and several at once: what came again leaves nothing."""
    coach, case = Visitor(house, "coach"), house.open_case(house.client("coach"))
    number = _number(coach.look(f"/cases/{case}/documents/new"))
    content = pdf(200_000)
    with ThreadPoolExecutor(4) as pool:
        places = set(pool.map(lambda _: _sent(house, case, number, content), range(4)))
    places.add(_sent(house, case, number, content))
    assert len(places) == 1
    assert len(listed(house, case)) == 1
    assert house.app.get(places.pop(), headers=coach.headers, follow_redirects=False).status_code == 200


def test_the_script_that_sends_a_file_again_is_told_the_same_place(lite_house: House) -> None:
    coach, case = Visitor(lite_house, "coach"), lite_house.open_case(lite_house.client("coach"))
    said = SAID | {"_once": _number(coach.look(f"/cases/{case}/documents/new"))}
    replies = [post(lite_house, case, pdf(), said=said, headers={"x-parefeu-progress": "1"}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [204, 204]
    assert replies[0].headers["hx-redirect"] == replies[1].headers["hx-redirect"]
    assert len(listed(lite_house, case)) == 1


def test_another_file_another_name_and_another_form_are_stored(lite_house: House) -> None:
    """Whoever goes back and chooses a second file loses neither."""
    coach, case = Visitor(lite_house, "coach"), lite_house.open_case(lite_house.client("coach"))
    path = f"/cases/{case}/documents/new"
    number, other = _number(coach.look(path)), _number(coach.look(path))
    _sent(lite_house, case, number, pdf())
    _sent(lite_house, case, number, pdf(5000))
    _sent(lite_house, case, number, pdf(), name="annexe.pdf")
    _sent(lite_house, case, other, pdf())
    assert len(listed(lite_house, case)) == 4


def test_a_file_whose_description_was_refused_may_be_sent_again(lite_house: House) -> None:
    coach, case = Visitor(lite_house, "coach"), lite_house.open_case(lite_house.client("coach"))
    number = _number(coach.look(f"/cases/{case}/documents/new"))
    refused = post(lite_house, case, pdf(), said=SAID | {"_once": number, "caption": "[PERSONNE-9]"})
    assert refused.status_code == 422
    _sent(lite_house, case, number, pdf())
    assert len(listed(lite_house, case)) == 1


def _play(*saves: Any, most: int = 10) -> tuple[list[str], Presses]:
    """What each of several equal forms was answered, sent at the same moment; each saves in its own way."""

    async def play() -> tuple[list[str], Presses]:
        presses = Presses(most)

        async def send(save: Any) -> str:
            try:
                return (await presses.once("session", "/here", "form", save)).headers.get("location", "drawn")
            except RuntimeError:
                return "failed"

        return list(await asyncio.gather(*map(send, saves))), presses

    return asyncio.run(play())


async def _saved() -> Response:
    await asyncio.sleep(0)
    return RedirectResponse("/there", 303)


async def _elsewhere() -> Response:
    return RedirectResponse("/elsewhere", 303)


async def _drawn() -> Response:
    await asyncio.sleep(0)
    return Response("again", 422)


async def _failed() -> Response:
    await asyncio.sleep(0)
    raise RuntimeError


@pytest.mark.parametrize(
    ("saves", "answered"),
    [
        ((_saved, _elsewhere, _failed), ["/there", "/there", "/there"]),
        ((_drawn, _elsewhere, _failed), ["drawn", "/elsewhere", "/elsewhere"]),
        ((_failed, _drawn, _elsewhere), ["failed", "drawn", "/elsewhere"]),
    ],
)
def test_who_comes_second_waits_and_tries_only_if_the_first_came_to_nothing(saves: Any, answered: list[str]) -> None:
    assert _play(*saves)[0] == answered


def test_the_oldest_forms_are_forgotten_and_none_that_is_being_saved() -> None:
    async def play() -> list[str]:
        presses, told = Presses(2), []
        open_door = asyncio.Event()

        async def slow() -> Response:
            await open_door.wait()
            return await _saved()

        waiting = asyncio.create_task(presses.once("session", "/here", "slow", slow))
        await asyncio.sleep(0)
        for number in range(4):
            await presses.once("session", "/here", str(number), _saved)
        second = asyncio.create_task(presses.once("session", "/here", "slow", _elsewhere))
        await asyncio.sleep(0)
        open_door.set()
        told += [(await one).headers["location"] for one in (waiting, second)]
        told.append((await presses.once("session", "/here", "0", _elsewhere)).headers["location"])
        told.append((await presses.once("session", "/here", "3", _elsewhere)).headers["location"])
        return told

    assert asyncio.run(play()) == ["/there", "/there", "/elsewhere", "/there"]
