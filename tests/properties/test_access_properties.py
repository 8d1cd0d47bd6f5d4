"""Whatever path a request takes, follow-up is shown what both functions approved, while the grant lives. Nothing else.

A model beside the program keeps who approved which fields of which version, and says after each act what an officer may
be shown. Everything that any answer of follow-up's zone ever says is searched for what was not granted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.asked import ASK
from tests.crash.checks import faults
from tests.house import CASE, House, house_on, sqlite_home

#: What stands in the official file, by field, and what was told in an interview.
VALUES: Final = {
    "family_name": "Familienaam-7Q", "given_names": "Prenom-3X", "birth_date": "1983-02-17", "nationality": "ZZ-9K",
    "address": "rue-Officielle-5T",
}  # fmt: skip
TOLD: Final = ("Surnom-8W", "mesange-2B", "0499-77-11", "confie-4M@example.be")
FIELDS: Final = tuple(VALUES)
_numbers = itertools.count(7_100_000)


@pytest.fixture(scope="module")
def standing_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_on(sqlite_home(sqlite_template, tmp_path_factory.mktemp("access") / "home")) as house:
        for login in ("coach", "head", "dpo", "officer"):
            house.client(login)
        yield house


@dataclass
class Way:
    """One request's way, and what the model says of it."""

    house: House
    number: str
    fields: tuple[str, ...]
    version: int = 1
    approved: dict[str, frozenset[str]] = field(default_factory=dict)
    grant: str = ""
    granted: frozenset[str] = frozenset()
    ends: Any = None
    over: bool = False

    def send(self, login: str, tail: str, body: dict[str, Any]) -> int:
        reply = self.house.client(login).post(f"/access-requests/{self.number}{tail}", json=body)
        status: int = reply.status_code
        assert status in {201, 400, 404, 409}, reply.text
        return status

    def act(self, what: str, some: frozenset[str], hours: int) -> None:
        getattr(self, what)(tuple(name for name in FIELDS if name in some), hours)

    def head(self, some: tuple[str, ...], _: int) -> None:
        self._approve("head", some)

    def dpo(self, some: tuple[str, ...], _: int) -> None:
        self._approve("dpo", some)

    def _approve(self, login: str, some: tuple[str, ...]) -> None:
        if self.send(login, "/approval", {"based_on": self.version, "fields": list(some)}) == 201:
            assert login not in self.approved
            self.approved[login] = frozenset(some)

    def ask_back(self, _: tuple[str, ...], __: int) -> None:
        self.send("dpo", "/question", {"based_on": self.version, "question": "why"})

    def explain(self, some: tuple[str, ...], hours: int) -> None:
        if self.send("officer", "/explanation", {"fields": list(some), "hours": hours}) == 201:
            self.version += 1
            self.fields, self.approved = some, {}

    def refuse(self, _: tuple[str, ...], __: int) -> None:
        self.send("head", "/refusal", {"based_on": self.version, "reason": "not_necessary"})

    def let_go(self, _: tuple[str, ...], __: int) -> None:
        reply = self.house.client("head").post(f"/access-requests/{self.number}/grant")
        both = self.approved.get("head", frozenset()) & self.approved.get("dpo", frozenset())
        if reply.status_code == 201:
            assert set(self.approved) == {"head", "dpo"}
            self.grant, self.granted = reply.json()["grant"], both
        else:
            assert reply.status_code == 409

    def take_back(self, _: tuple[str, ...], __: int) -> None:
        if self.grant:
            reply = self.house.client("head").post(f"/grants/{self.grant}/revocation", json={"reason": "misused"})
            self.over = True
            assert reply.status_code in {201, 409}

    def wait(self, _: tuple[str, ...], hours: int) -> None:
        self.house.clock.move(hours=hours)
        for login in ("head", "dpo", "officer"):
            self.house.renew(login)

    def check(self) -> None:
        """What the officer can see at all, now."""
        officer = self.house.client("officer")
        own = officer.get(f"/access-requests/{self.number}").json()
        seen = [officer.get("/access-requests?limit=5").text, str(own)]
        shown: frozenset[str] = frozenset()
        if own["grant"]:
            reply = officer.get(f"/grants/{own['grant']}")
            seen.append(reply.text)
            live = own["standing"] == "granted"
            assert reply.status_code == (200 if live else 404)
            assert not (live and self.over)
            shown = self.granted if live else frozenset()
        text = "\n".join(seen)
        assert {name for name, value in VALUES.items() if value in text} == set(shown)
        assert not any(word in text for word in TOLD)


ACTS: Final = ("head", "dpo", "ask_back", "explain", "refuse", "let_go", "let_go", "take_back", "wait")
SOME: Final = st.frozensets(st.sampled_from(FIELDS), min_size=1)


@settings(max_examples=25)
@given(
    asked=SOME,
    told=st.booleans(),
    acts=st.lists(st.tuples(st.sampled_from(ACTS), SOME, st.integers(1, 30)), min_size=3, max_size=12),
    usual=st.booleans(),
)
def test_no_path_shows_what_was_not_granted(
    standing_house: House, asked: frozenset[str], told: bool, acts: list[tuple[str, frozenset[str], int]], usual: bool
) -> None:
    """told: the address was told in an interview, so nobody is ever shown it. usual: both approve first."""
    house, number = standing_house, f"{next(_numbers)}"
    house.renew("coach")
    for login in ("head", "dpo", "officer"):
        house.renew(login)
    person = {name: VALUES[name] for name in ("family_name", "given_names", "birth_date", "nationality")}
    contact = {
        "address": VALUES["address"], "phone": TOLD[2], "email": TOLD[3], "whereabouts_note": TOLD[1],
        "provenance": "interview" if told else "admin",
    }  # fmt: skip
    people = [CASE["people"][0] | person | {"aliases": [TOLD[0]]}]
    house.open_case(house.client("coach"), people=people, contact=contact, ov_number=number)
    fields = tuple(name for name in FIELDS if name in asked)
    body = ASK | {"fields": list(fields), "about": {"by": "ov_number", "value": number}}
    filed = house.client("officer").post("/access-requests", json=body).json()["request"]
    assert house.client("head").get("/access-requests?limit=1").status_code == 200
    way = Way(house, filed, fields)
    begin = [("head", asked, 1), ("dpo", asked, 1), ("let_go", asked, 1)] if usual else []
    for what, some, hours in (*begin, *acts):
        way.act(what, some, hours)
        if told:
            way.granted -= {"address"}
        way.check()


def test_after_all_these_paths_the_store_is_whole(standing_house: House) -> None:
    assert faults(standing_house.settings) == []
