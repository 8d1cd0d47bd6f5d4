"""Signing in and staying so: real passwords and codes, cookies, bearer tokens, and the end of each."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from gateway.app import create_app
from gateway.auth.passwords import hash_password
from gateway.clock import SystemEntropy
from tests.api.stage import NOTE
from tests.api.support import comparable, counts, entries, since
from tests.crash.checks import faults
from tests.house import STAFF, House, house_on, prefix_of
from vault.audit.events import Detail, Event, Verdict
from vault.errors import SignInRefused, SignInThrottled, StoreUnavailable
from vault.storage import tables as t
from vault.unit_of_work import UnitOfWork
from vault.usecases import sign_in
from vault.vocabulary import CASEWORK

PASSWORD = "un mot de passe assez long"


@pytest.fixture(scope="module")
def hashed() -> str:
    """One real Argon2id hash for all tests: making it is the slow part."""
    return hash_password(PASSWORD, SystemEntropy())


@pytest.fixture
def door(lite_house: House, hashed: str) -> House:
    lite_house.hire("coach", password=hashed)
    return lite_house


def _sign_in(house: House, login: str = "coach", *, zone: str = "casework", **changed: str) -> Any:
    code = house.code("coach")
    body = {"login": login, "password": PASSWORD, "code": code} | changed
    return house.app.post(f"/{zone}/session", json=body)


def test_password_and_code_open_a_session(house_settings: Any, hashed: str) -> None:
    with house_on(house_settings) as house:
        house.hire("coach", password=hashed)
        reply = _sign_in(house)
        assert reply.status_code == 201, reply.text
        told = reply.json()
        assert (told["name"], told["role"], told["zone"]) == ("Coach", "coach", "casework")
        bearer = {"authorization": f"Bearer {told['token']}"}
        assert house.app.get("/casework/session", headers=bearer).json()["role"] == "coach"
        assert house.app.get("/casework/cases", headers=bearer).status_code == 200
        assert [entry["action"] for entry in entries(house)][-1] == "list"
        assert faults(house.settings) == []


def test_the_cookie_is_bound_to_this_host_and_out_of_reach_of_scripts(door: House) -> None:
    (cookie,) = _sign_in(door).headers.get_list("set-cookie")
    name, *attributes = [part.strip() for part in cookie.split(";")]
    assert name.startswith("__Host-parefeu-casework=")
    assert {part.lower() for part in attributes} == {"httponly", "secure", "path=/", "samesite=strict", "max-age=36000"}


def test_wrong_name_password_and_code_answer_alike(door: House) -> None:
    before = len(entries(door))
    wrong = [
        _sign_in(door, "nobody"),
        _sign_in(door, password="pas celui-là du tout"),
        _sign_in(door, code="000000" if door.code("coach") != "000000" else "000001"),
        _sign_in(door, code="12"),
        _sign_in(door, "colleague"),
    ]
    assert len({str(comparable(reply)) for reply in wrong}) == 1
    assert wrong[0].status_code == 401
    assert "set-cookie" not in wrong[0].headers
    refused = since(door, before)
    assert [entry["action"] for entry in refused] == ["sign_in_refused"] * 5
    assert Counter(entry["actor"] for entry in refused) == {"": 2, door.staff["coach"].log_name: 3}
    assert "nobody" not in str(refused)


def test_names_that_no_database_holds_are_refused(house: House) -> None:
    for login in ("\x00", "a\x00b", "x" * 81, "", "\ud800"):
        body = json.dumps({"login": login, "password": "x", "code": "000000"})
        reply = house.app.post("/casework/session", content=body, headers={"content-type": "application/json"})
        assert reply.status_code == 400, repr(login)
    odd = {"login": "é' OR 1=1 --", "password": "\u0000" * 3, "code": "０００００００００"[:6]}
    assert house.app.post("/casework/session", json=odd).status_code == 401


def test_a_code_works_once(door: House) -> None:
    code = door.code("coach")
    assert _sign_in(door, code=code).status_code == 201
    assert _sign_in(door, code=code).status_code == 401
    door.clock.move(seconds=30)
    assert _sign_in(door).status_code == 201


def test_codes_of_the_neighbouring_steps_work_and_older_ones_do_not(door: House) -> None:
    early = door.code("coach")
    door.clock.move(seconds=30)
    assert _sign_in(door, code=early).status_code == 201
    late = door.code("coach")
    door.clock.move(seconds=-30)
    assert _sign_in(door, code=early).status_code == 401, "used already"
    assert _sign_in(door, code=late).status_code == 201, "the phone may run half a minute ahead"
    door.clock.move(seconds=-60)
    assert _sign_in(door).status_code == 401, "a clock set back makes no old code new"
    door.clock.move(seconds=240)
    assert _sign_in(door, code=late).status_code == 401


def _at_once(house: House, bodies: list[dict[str, str]]) -> list[int]:
    async def send() -> list[int]:
        transport = httpx2.ASGITransport(app=create_app(house.services))
        house.services.worker._last = 2  # there is a crowd: nobody is taken for alone
        async with httpx2.AsyncClient(transport=transport, base_url="https://parefeu.test") as client:
            replies = await asyncio.gather(*(client.post("/casework/session", json=body) for body in bodies))
            return [reply.status_code for reply in replies]

    return asyncio.run(send())


def test_of_two_who_send_the_same_code_at_once_one_gets_in(house_settings: Any, hashed: str) -> None:
    with house_on(house_settings) as house:
        house.hire("coach", password=hashed)
        body = {"login": "coach", "password": PASSWORD, "code": house.code("coach")}
        assert sorted(_at_once(house, [body] * 4)) == [201, 401, 401, 401]
        assert faults(house.settings) == []


def test_two_gateways_accept_one_code_once(door: House) -> None:
    """The second half compares and changes in one statement, so that two processes cannot both be first."""
    service = door.services.sign_in[STAFF["coach"][0]]
    worker = door.services.worker
    code = door.code("coach")
    first, second = (worker.run(service.zone, lambda uow: sign_in.look_up(uow, "coach", "", service)) for _ in range(2))
    worker.run(service.zone, lambda uow: sign_in.conclude(uow, first, True, code, service))
    with pytest.raises(sign_in.SignInRefused):
        worker.run(service.zone, lambda uow: sign_in.conclude(uow, second, True, code, service))
    assert worker.run(service.zone, lambda uow: uow.staff.use_totp_step(first.staff.id, 1, _entry(uow))) is False


def _entry(uow: Any) -> Any:
    return uow.audit.append(Event("signed_in", "session", Verdict.NONE), Detail())


def test_guesses_sent_at_once_are_throttled_as_those_in_a_row(door: House) -> None:
    """All of them pass the first look before any failure is counted; the second look stops them."""
    wrong = {"login": "coach", "password": "devine", "code": "000000"}
    right = {"login": "coach", "password": PASSWORD, "code": door.code("coach")}
    answers = _at_once(door, [wrong] * 20 + [right])
    assert answers.count(401) == sign_in.FREE_FAILURES + 1
    assert answers.count(429) == 15
    assert answers[-1] == 429


def test_guesses_in_one_group_are_counted_one_by_one(door: House) -> None:
    """The failure is counted before the next guess of the same commit is looked at."""
    service = door.services.sign_in[STAFF["coach"][0]]
    worker = door.services.worker
    candidate = worker.run(service.zone, lambda uow: sign_in.look_up(uow, "coach", "", service))

    async def at_once() -> list[Any]:
        worker._last = 2  # there is a crowd: nobody is taken for alone
        guesses = (
            worker.submit(service.zone, lambda uow: sign_in.conclude(uow, candidate, False, "000000", service))
            for _ in range(20)
        )
        return await asyncio.gather(*guesses, return_exceptions=True)

    before = len(entries(door))
    told = [type(each) for each in asyncio.run(at_once())]
    allowed = sign_in.FREE_FAILURES + 1
    assert told == [SignInRefused] * allowed + [SignInThrottled] * (20 - allowed)
    assert [entry["action"] for entry in since(door, before)] == ["sign_in_refused"] * allowed
    with pytest.raises(SignInThrottled):
        worker.run(service.zone, lambda uow: sign_in.look_up(uow, "coach", "", service))


def test_a_refusal_that_cannot_be_counted_is_not_given(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever could keep the count from being written would have guesses without end."""
    service = door.services.sign_in[STAFF["coach"][0]]
    worker = door.services.worker
    candidate = worker.run(service.zone, lambda uow: sign_in.look_up(uow, "coach", "", service))

    def broken(*_: Any) -> None:
        raise StoreUnavailable("the count is not taken")

    monkeypatch.setattr("vault.storage.people.AttemptRepository.put", broken)
    with pytest.raises(StoreUnavailable):
        worker.run(service.zone, lambda uow: sign_in.conclude(uow, candidate, False, "000000", service))


def test_waits_grow_and_end(door: House) -> None:
    for _ in range(sign_in.FREE_FAILURES + 1):
        assert _sign_in(door, password="faux").status_code == 401
    waits = []
    for _ in range(7):
        blocked = _sign_in(door)
        assert blocked.status_code == 429, "even the right password waits"
        waits.append(int(blocked.headers["retry-after"]))
        door.clock.move(seconds=waits[-1] - 2)
        assert _sign_in(door).status_code == 429
        door.clock.move(seconds=2)
        assert _sign_in(door, password="faux").status_code == 401
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    door.clock.move(minutes=15)
    assert _sign_in(door).status_code == 201
    assert _sign_in(door, password="faux").status_code == 401, "a success clears the count"


def test_blocked_names_do_not_tell_whether_they_exist(door: House) -> None:
    for login in ("coach", "nobody"):
        for _ in range(sign_in.FREE_FAILURES + 1):
            _sign_in(door, login, password="faux")
    known, unknown = _sign_in(door), _sign_in(door, "nobody")
    assert known.status_code == unknown.status_code == 429
    assert known.json()["title"] == unknown.json()["title"]


def test_one_source_cannot_try_every_name(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.auth.passwords.check_password", lambda stored, password: False)
    for number in range(sign_in.FREE_FAILURES * 10 + 1):
        assert _sign_in(door, f"name{number}").status_code == 401
    assert _sign_in(door).status_code == 429
    assert _sign_in(door, zone="oversight", login="auditor").status_code == 401, "each zone counts for itself"


@pytest.mark.parametrize(
    ("tries_from", "then_from", "waits"),
    [
        (lambda number: f"2001:db8:0:1:{number:x}::7", "2001:db8:0:1:ffff::9", True),  # one subscriber's own /64
        (lambda number: f"2001:db8:0:1:{number:x}::7", "2001:db8:0:2::7", False),
        (lambda number: "::ffff:192.0.2.7", "192.0.2.7", True),  # one machine, through a door for both families
        (lambda number: "::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        (lambda number: "192.0.2.7", "192.0.2.8", False),
    ],
    ids=["same /64", "next /64", "mapped and plain", "both mapped", "neighbours of IPv4"],
)
def test_whoever_has_many_addresses_is_one_source(
    door: House, tries_from: Callable[[int], str], then_from: str, waits: bool
) -> None:
    service = door.services.sign_in[CASEWORK]

    def fail(uow: UnitOfWork) -> None:
        for number in range(sign_in.FREE_FAILURES * 10 + 1):
            sign_in.refuse(uow, sign_in.Candidate(None, f"name{number}", tries_from(number)), service)

    door.services.worker.run(CASEWORK, fail)
    blocked = False
    try:
        door.services.worker.run(CASEWORK, lambda uow: sign_in.throttle(uow, "coach", then_from, service))
    except SignInThrottled:
        blocked = True
    assert blocked is waits


def test_attempts_are_counted_under_keyed_names(door: House) -> None:
    _sign_in(door, "coach", password="faux")
    with door.services.store.main.engine.connect() as connection:
        stored = [
            bytes(row[0]) for row in connection.execute(t.attempts.select().with_only_columns(t.attempts.c.subject))
        ]
    assert len(stored) == 2
    for text in (b"coach", b"testclient"):
        assert hashlib.sha256(text).digest() not in stored


def test_a_session_ends_at_the_second(lite_house: House) -> None:
    coach = lite_house.client("coach")
    issued = lite_house.clock.moment
    lite_house.clock.moment = issued.replace(hour=issued.hour + 10)
    with lite_house.services.store.main.engine.connect() as connection:
        expires = connection.execute(t.sessions.select().with_only_columns(t.sessions.c.expires_at)).scalar_one()
    lite_house.clock.moment = expires - timedelta(microseconds=2)
    assert coach.get("/session").status_code == 200
    assert coach.get("/session").status_code == 401
    lite_house.clock.moment = issued
    assert coach.get("/session").status_code == 200


def test_signing_out_binds_the_very_next_request(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    note = lite_house.write_note(coach, case)
    assert coach.delete("/session").status_code == 204
    for path in ("/session", "/cases", f"/cases/{case}/notes/{note}"):
        assert coach.get(path).status_code == 401
    assert coach.delete("/session").status_code == 401


def test_signing_out_binds_the_next_use_case_of_the_same_group(house: House) -> None:
    """The group had fetched the session before; a write empties what was fetched."""
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case)

    async def send() -> list[int]:
        transport = httpx2.ASGITransport(app=create_app(house.services))
        headers = {"authorization": f"Bearer {coach.token}"}
        async with httpx2.AsyncClient(transport=transport, base_url="https://x", headers=headers) as client:
            read = f"/casework/cases/{case}/notes/{note}"
            replies = await asyncio.gather(
                client.get(read), client.delete("/casework/session"), client.get(read), client.get(read)
            )
            return [reply.status_code for reply in replies]

    first, out, *later = asyncio.run(send())
    assert out == 204
    assert set(later) <= {200, 401}
    assert coach.get("/session").status_code == 401
    assert first in {200, 401}


def test_who_left_the_house_is_out_at_once(lite_house: House) -> None:
    coach = lite_house.client("coach")
    with lite_house.services.store.main.engine.connect() as connection:
        other = connection.execute(t.entries.select().with_only_columns(t.entries.c.entry_id)).first()
        assert other is not None
        connection.execute(t.staff.update().values(active=0, entry_id=other[0]))
        connection.commit()
    assert coach.get("/session").status_code == 401
    assert coach.get("/cases").status_code == 401


def test_the_inactive_do_not_sign_in(door: House) -> None:
    with door.services.store.main.engine.connect() as connection:
        other = connection.execute(t.entries.select().with_only_columns(t.entries.c.entry_id)).first()
        assert other is not None
        connection.execute(t.staff.update().values(active=0, entry_id=other[0]))
        connection.commit()
    assert _sign_in(door).status_code == 401


def test_a_cookie_signs_for_reading_and_for_pages_of_ours(door: House) -> None:
    _sign_in(door)
    client = door.app  # keeps the cookie, as a browser does
    assert client.get("/casework/cases").status_code == 200
    people = [{"family_name": "A", "given_names": "B"}]
    opening = {"region": "brussels", "language": "fr", "people": people}
    opened = client.post("/casework/cases", json=opening, headers={"sec-fetch-site": "same-origin"})
    case = opened.json()["reference"]
    rows = counts(door)
    url = f"/casework/cases/{case}/steps/give-notice"
    body = {"language": "fr", "leaflet": "2026-1"}
    refused: tuple[dict[str, str], ...] = (
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "nonsense", "origin": "https://parefeu.test"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "https://parefeu.test.evil.test"},
        {"origin": "https://evil.test", "host": "parefeu.test"},
    )
    for headers in refused:
        reply = client.post(url, json=body, headers=headers)
        assert reply.status_code == 403, headers
        assert reply.json()["reasons"] == ["cross_site"]
    assert counts(door) == rows
    assert client.post(url, json=body, headers={"origin": "https://parefeu.test"}).status_code == 201
    assert client.post(url, json=body, headers={"sec-fetch-site": "none"}).status_code == 201


def test_a_bearer_token_needs_no_origin_and_outranks_a_cookie(door: House) -> None:
    token = _sign_in(door).json()["token"]
    headers = {"authorization": f"Bearer {token}", "sec-fetch-site": "cross-site"}
    assert door.app.post("/casework/search", json={"word": "rien"}, headers=headers).status_code == 200
    assert door.app.get("/casework/cases", headers={"authorization": "Bearer " + "0" * 64}).status_code == 401
    assert door.app.get("/casework/cases", headers={"authorization": f"Basic {token}"}).status_code == 401
    assert door.app.get("/casework/cases", headers={"authorization": ""}).status_code == 401


def test_two_tokens_are_none_whichever_comes_first(door: House) -> None:
    good, wrong = f"Bearer {_sign_in(door).json()['token']}", "Bearer " + "0" * 64
    assert door.app.get("/casework/cases", headers=[("authorization", good)]).status_code == 200
    case = door.open_case(door.client("coach"))
    path = f"/casework/cases/{case}/notes/{'0' * 32}"  # answered past the framework
    for pair in ((good, wrong), (wrong, good), (good, good)):
        headers = [("authorization", one) for one in pair]
        assert door.app.get("/casework/cases", headers=headers).status_code == 401, pair
        assert door.app.get(path, headers=headers).status_code == 401, pair


def test_one_zones_cookie_is_none_in_another(door: House) -> None:
    token = _sign_in(door).json()["token"]
    for zone in ("follow-up", "oversight", "partner/caritas"):
        assert door.app.get(f"/{zone}/session").status_code == 401
        name = f"__Host-parefeu-{zone.replace('-', '_').replace('/', '_')}"
        assert door.app.get(f"/{zone}/session", headers={"cookie": f"{name}={token}"}).status_code == 401
        assert door.app.get(f"/{zone}/session", headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_one_zones_login_is_none_in_another(door: House) -> None:
    assert _sign_in(door, zone="oversight").status_code == 401


def test_tokens_that_are_none(lite_house: House) -> None:
    coach = lite_house.client("coach")
    for wrong in (
        coach.token[:-1],
        coach.token + "0",
        coach.token[:-2] + "  ",
        "g" * 64,
        " " * 64,
        coach.token[:-1] + "é",
    ):
        headers = {b"authorization": b"Bearer " + wrong.encode("latin-1")}
        assert lite_house.app.get("/casework/cases", headers=headers).status_code == 401, wrong


def test_headers_cannot_be_injected(lite_house: House) -> None:
    """What a caller sends never becomes a header of the answer."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    evil = "x\r\nset-cookie: stolen=1"
    replies = [
        coach.get("/cases", params={"language": evil}),
        coach.post(f"/cases/{case}/notes", json=NOTE | {"template": evil}),
        coach.get("/cases/x%0d%0aset-cookie:%20stolen=1"),
        coach.get("/cases/", params={"next": evil}, follow_redirects=False),
        lite_house.app.post("/casework/session", json={"login": "x", "password": evil, "code": "1"}),
    ]
    for reply in replies:
        assert "set-cookie" not in reply.headers
        assert all(b"\r" not in value and b"\n" not in value for _, value in reply.headers.raw)


def test_every_role_signs_in_at_its_own_door_only(lite_house: House, hashed: str) -> None:
    for login in ("officer", "caritas", "dpo"):
        lite_house.hire(login, password=hashed)
        row = lite_house.staff[login]
        body = {"login": login, "password": PASSWORD, "code": lite_house.code(login)}
        assert lite_house.app.post("/casework/session", json=body).status_code == 401
        own = lite_house.app.post(f"{prefix_of(row.zone)}/session", json=body)
        assert own.status_code == 201
        assert own.json()["zone"] == str(row.zone)
