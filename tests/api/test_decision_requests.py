"""What another system sends to a decision point: requests that are none, limits, names, addresses."""

from __future__ import annotations

from typing import Final

import pytest

from gateway.settings import Settings
from tests.api.decision_client import Asker, asker, vault_question
from tests.api.support import entries, since
from tests.house import House, house_on
from vault.vocabulary import CASEWORK

ADMIN: Final = "case_administration"


PLACES: Final = ("evaluation", "evaluations", "search/subject", "search/resource", "search/action")


@pytest.fixture
def archive(lite_house: House) -> Asker:
    lite_house.client("coach")
    return asker(lite_house)


BODIES: Final[dict[str, bytes]] = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "a text": b'"subject"',
    "broken UTF-8": b'{"subject": "\xff"}',
    "a name twice": b'{"subject": {"type": "a", "id": "b"}, "subject": {"type": "a", "id": "c"}}',
    "not a number": b'{"subject": NaN}',
    "deep": b'{"subject":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "an empty object": b"{}",
}


def test_what_is_no_request_is_refused_with_400(archive: Asker) -> None:
    before = len(entries(archive.house))
    for place in PLACES:
        for name, content in BODIES.items():
            reply = archive.send(place, content=content, headers={"content-type": "application/json"})
            assert reply.status_code == 400, (place, name, reply.text)
            assert reply.headers["content-type"] == "application/problem+json"
        whole = vault_question("coach", "read", "note", "*", "coaching")
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            reply = archive.send(place, content=b"{}", headers={"content-type": kind})
            assert reply.status_code == 400, (place, kind)
        parts = {"subject", "action", "resource"} - ({"action"} if place == "search/action" else set())
        for part in parts:
            rest = {name: value for name, value in whole.items() if name != part}
            assert archive.send(place, rest).status_code == 400, (place, part)
            for wrong in ("coach", 7, None, [], {}, {"id": "coach"}, {"type": 7, "id": 7, "name": 7}):
                assert archive.send(place, whole | {part: wrong}).status_code == 400, (place, part, wrong)
        for long in ("x" * 300, "a\x00b", "\ud800", "tab\there"):
            odd = {"type": long, "id": long, "name": long}
            content = str(whole | {"subject": odd}).replace("'", '"').encode(errors="surrogatepass")
            reply = archive.send(place, content=content, headers={"content-type": "application/json"})
            assert reply.status_code == 400, place
        assert archive.send(place, whole | {"context": "now"}).status_code == 400
    assert [entry for entry in since(archive.house, before) if entry["action"] != "turned_away"] == []


def test_limits_hold(archive: Asker) -> None:
    item = vault_question("coach", "read", "note", "*", "coaching")
    assert len(archive.ask("evaluations", {"evaluations": [item] * 100})["evaluations"]) == 100
    assert archive.send("evaluations", {"evaluations": [item] * 101}).status_code == 400
    assert archive.send("evaluations", item | {"evaluations": {}}).status_code == 400
    assert archive.send("evaluations", item | {"options": []}).status_code == 400
    for semantic in ("all", 7, None, []):
        options = {"evaluations": [item], "options": {"evaluations_semantic": semantic}}
        assert archive.send("evaluations", options).status_code == 400, semantic
    padded = item | {"context": {"purpose": "coaching", "padding": "x" * 140_000}}
    assert archive.send("evaluation", padded).status_code == 413


def test_unknown_fields_are_ignored(archive: Asker) -> None:
    question = vault_question("coach", "list", "case", "*", ADMIN) | {"futureField": {"nested": [1]}, "foo": "bar"}
    assert archive.ask("evaluation", question)["decision"] is True


def test_the_callers_name_for_its_request_comes_back_whatever_the_answer(archive: Asker) -> None:
    good, bad = vault_question("coach", "list", "case", "*", ADMIN), {"subject": 7}
    for place in PLACES:
        for body, status in ((good, 200), (bad, 400)):
            reply = archive.send(place, body, headers={"x-request-id": "bfe9eb29-ab87"})
            assert (reply.status_code, reply.headers["x-request-id"]) == (status, "bfe9eb29-ab87")
        assert "x-request-id" not in archive.send(place, good).headers
        for strange in ("x" * 129, "with a blank", "caf\xe9"):
            reply = archive.send(place, good, headers={b"x-request-id": strange.encode("latin-1")})
            assert reply.status_code == 400, strange
    stranger = Asker(archive.house, "0" * 64, CASEWORK).send("evaluation", good, headers={"x-request-id": "r-1"})
    assert (stranger.status_code, stranger.headers["x-request-id"]) == (401, "r-1")


# -- discovery ---------------------------------------------------------------------------------------


def test_the_metadata_names_the_addresses_that_answer(lite_house: House) -> None:
    well_known = "/.well-known/authzen-configuration"
    for path in ("", "/casework", "/follow-up", "/partner/caritas", "/oversight"):
        reply = lite_house.app.get(well_known + path)
        told = reply.json()
        assert reply.headers["content-type"] == "application/json"
        assert told["policy_decision_point"] == f"https://parefeu.test{path}"
        for name, address in told.items():
            if name != "policy_decision_point":
                assert address.startswith(f"https://parefeu.test{path or '/casework'}/access/v1/")
                assert lite_house.app.post(address.removeprefix("https://parefeu.test"), json={}).status_code in (
                    400,
                    401,
                )
    assert lite_house.app.get(well_known + "/elsewhere").status_code == 404
    assert lite_house.app.get(well_known, headers={"host": 'x"y'}).status_code == 400


def test_a_public_address_that_was_set_is_the_one_that_is_told(sqlite_settings: Settings) -> None:
    with house_on(sqlite_settings.model_copy(update={"public_url": "https://parefeu.example"})) as house:
        told = house.app.get("/.well-known/authzen-configuration/casework", headers={"host": "evil.example"}).json()
        assert told["policy_decision_point"] == "https://parefeu.example/casework"
