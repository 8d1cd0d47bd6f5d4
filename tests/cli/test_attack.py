"""`parefeu attack` on an installation that holds, and on one that was made to fall."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.attacking import Ask, Heard, Request, Result, SignIn, attack
from gateway.clock import SystemEntropy
from gateway.settings import Settings
from policies.firewall import TableFirewall
from tests.api.support import counts, entries
from tests.cli.kit import HouseGateway, Shell, signed_in
from tests.house import STAFF, House, house_on


@dataclass
class Target:
    house: House
    sign_ins: list[SignIn]
    policy: TableFirewall

    @property
    def ask(self) -> Ask:
        return HouseGateway(self.house).hear

    def attacked(self, ask: Ask, only: str = "", foreign: tuple[str, ...] = ()) -> dict[str, Result]:
        results = attack(ask, self.sign_ins, SystemEntropy(), policy=self.policy, foreign=foreign, only=only)
        return {result.name: result for result in results}


@pytest.fixture(scope="module")
def estate(
    sqlite_template: Path, compiled: TableFirewall, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """One for all of these: nothing here changes it."""
    home = tmp_path_factory.mktemp("attack") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house:
        house.refer(house.client("coach"), house.open_case(house.client("coach")))
        yield Target(house, [], compiled)


@pytest.fixture
def target(estate: Target) -> Target:
    house = estate.house
    logins = ("coach", "far_coach", "caritas")
    found = [SignIn(STAFF[login][0], login, house.client(login).token, STAFF[login][1]) for login in logins]
    return replace(estate, sign_ins=found)


def test_a_sound_installation_holds_and_nothing_in_it_changes(target: Target) -> None:
    rows, before = counts(target.house), len(entries(target.house))
    results = target.attacked(target.ask)
    assert {name: result.fell for name, result in results.items()} == {name: [] for name in results}
    assert len(results) == 8
    assert all(result.tries > 5 for result in results.values()), {n: r.tries for n, r in results.items()}
    assert counts(target.house) == rows
    written = entries(target.house)[before:]
    assert {entry["decision"] for entry in written if entry["action"] in ("read", "reveal")} == {"deny"}


def answering(target: Target, wrong: Callable[[Request, Heard], Heard]) -> Ask:
    return lambda request: wrong(request, target.ask(request))


def ok(heard: Heard, body: bytes = b"{}") -> Heard:
    return heard._replace(status=200, body=body)


@pytest.mark.parametrize(
    ("name", "wrong", "told"),
    [
        ("without a sign-in", lambda r, h: ok(h) if r.path.endswith("/notes") and not r.token else h, "to nobody"),
        ("on other zones' routes", lambda r, h: ok(h) if r.path == "/follow-up/sheets" else h, "/follow-up/sheets"),
        ("in a role that may not", lambda r, h: ok(h) if r.path == "/casework/orders" else h, "no rule lets that role"),
        ("about what never was", lambda r, h: h._replace(status=500) if "/notes/" in r.path else h, "about nothing"),
        (
            "about what never was", lambda r, h: h._replace(body=r.path.encode()) if h.status == 404 else h,
            "tells two unknown things apart"
        ),
        (
            "with bodies that are too large, too deep or no text",
            lambda r, h: h._replace(status=500) if r.content and b'"a":{' in r.content else h, "to a bad body"
        ),
        (
            "with words that break a query or a header",
            lambda r, h: h._replace(headers={**h.headers, "x-asked": str(r.query)}) if r.query else h, "repeats"
        ),
        (
            "headers, methods and places that tell too much",
            lambda r, h: h._replace(headers={**h.headers, "content-security-policy": "*"}), "lacks the header"
        ),
        ("headers, methods and places that tell too much", lambda r, h: ok(h) if r.path == "/docs" else h, "/docs"),
    ],
)  # fmt: skip
def test_each_fault_is_told_in_plain_words(
    target: Target, name: str, wrong: Callable[[Request, Heard], Heard], told: str
) -> None:
    result = target.attacked(answering(target, wrong), only=name)[name]
    assert any(told in line for line in result.fell), result.fell[:3]
    assert len(result.fell) <= 20


def test_a_case_that_is_told_from_none_is_found(target: Target) -> None:
    """A server that says 403 for what is there and 404 for what is not: in a list of another, or named by hand."""
    house = target.house
    case = house.client("coach").get("/cases").json()["cases"][0]["reference"]

    def leaks(request: Request, heard: Heard) -> Heard:
        there = f"/cases/{case}" in request.path and heard.status == 404
        return heard._replace(status=403) if there else heard

    name = "about what is somebody else's"
    [line, *_] = target.attacked(answering(target, leaks), only=name)[name].fell
    assert "far_coach can tell somebody else's case from none" in line
    target.sign_ins = [who for who in target.sign_ins if who.name == "far_coach"]
    assert target.attacked(answering(target, leaks), name)[name].fell == []
    assert target.attacked(answering(target, leaks), name, (case,))[name].fell


def test_an_address_without_a_vault_is_no_target() -> None:
    with pytest.raises(ValueError, match="no vault"):
        list(attack(lambda _: Heard(404, {}, b""), [], SystemEntropy()))


def test_by_command(desk: Shell, lite_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fast(ask: Any, sign_ins: Any, entropy: Any, **given: Any) -> list[Result]:
        assert [who.name for who in sign_ins] == ["coach", "other.token"]
        assert [str(who.role) for who in sign_ins] == ["coach", "follow_up_officer"]
        assert given["policy"] is not None
        assert given["foreign"] == ["C-1"]
        return [Result("one", 5), Result("two", 7, ["something fell"]), Result("three", 0, [], "not here")]

    signed_in(lite_house, "coach")
    lite_house.client("officer")
    token = tmp_path / "other.token"
    token.write_text(lite_house.tokens["officer"] + "\n", "ascii")
    also = f"follow_up={token}"
    desk.refused("configuration_error", "attack", "--yes", "--also", also)
    token.chmod(0o600)
    monkeypatch.setattr("gateway.attacking.attack", fast)
    ran = desk.run("attack", "--yes", "--also", also, "--foreign", "C-1")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "signed in: coach (casework), other.token (follow_up)", "held, 5 tries: one", "FELL, 1 of 7: two",
        "    something fell", "not tried: three", "    not here",
    ]  # fmt: skip
    told = json.loads(desk.run("attack", "--yes", "--json", "--also", also, "--foreign", "C-1").out)
    assert told["attacks"][1]["fell"] == ["something fell"]
    assert lite_house.tokens["officer"] not in ran.out + json.dumps(told)
    assert desk.run("attack", typed="n\n").code == 1
