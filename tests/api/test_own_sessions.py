"""One's own sessions: listed, ended from elsewhere, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

from tests.api.support import entries, since
from tests.crash.checks import faults
from tests.house import Caller, House
from vault.usecases.sign_in import issue_token
from vault.vocabulary import CASEWORK


def begun(house: House, login: str) -> str:
    """A further sign-in of somebody: its token."""
    house.renew(login)
    return house.tokens[login]


def bearing(house: House, token: str, path: str = "/casework/cases") -> int:
    return house.app.get(path, headers={"authorization": f"Bearer {token}"}).status_code


def lines(caller: Caller) -> list[dict[str, object]]:
    found: list[dict[str, object]] = caller.get("/sessions").json()["sessions"]
    return found


def test_open_sessions_are_listed_and_one_is_ended_from_elsewhere(house: House) -> None:
    house.client("coach")
    first = house.tokens["coach"]
    house.clock.move(minutes=5)
    second = begun(house, "coach")
    coach = house.client("coach")
    told = lines(coach)
    assert [line["here"] for line in told] == [False, True]
    assert told[0]["begun_at"] != told[1]["begun_at"]
    before = len(entries(house))
    assert coach.delete(f"/sessions/{told[0]['session']}").status_code == 204
    assert (bearing(house, first), bearing(house, second)) == (401, 200)
    [entry] = [entry for entry in since(house, before) if entry["action"] == "signed_out"]
    assert (entry["outcome"], entry["object"]) == ("from_elsewhere", told[0]["session"])
    assert len(lines(coach)) == 1
    assert coach.delete(f"/sessions/{told[0]['session']}").status_code == 404, "it has ended already"
    assert faults(house.settings) == []


def test_all_others_end_at_once_programs_among_them(house: House) -> None:
    house.client("coach")
    tokens = [house.tokens["coach"], begun(house, "coach")]
    service = house.services.sign_in[CASEWORK]
    program = house.services.worker.run(CASEWORK, lambda uow: issue_token(uow, "coach", timedelta(days=1), service))
    last = begun(house, "coach")
    coach = house.client("coach")
    assert [line["service"] for line in lines(coach)].count(True) == 4, "also the house's own were issued, not typed"
    assert coach.delete("/sessions").json() == {"ended": 3}
    assert [bearing(house, token) for token in (*tokens, program, last)] == [401, 401, 401, 200]
    before = len(entries(house))
    assert coach.delete("/sessions").json() == {"ended": 0}
    assert since(house, before) == [], "nothing ended, nothing is written"
    assert faults(house.settings) == []


def test_nobody_ends_or_lists_the_session_of_somebody_else(lite_house: House) -> None:
    coach, colleague, auditor = (lite_house.client(login) for login in ("coach", "colleague", "auditor"))
    [mine] = lines(coach)
    for caller in (colleague, auditor):
        assert mine["session"] not in {line["session"] for line in lines(caller)}
        assert caller.delete(f"/sessions/{mine['session']}").status_code == 404
        assert caller.delete("/sessions").json() == {"ended": 0}
    assert coach.delete("/sessions/nonsense").status_code == 400
    assert lines(coach) == [mine]


def test_what_has_run_out_is_not_listed(lite_house: House) -> None:
    lite_house.client("coach")
    lite_house.clock.move(hours=11)
    begun(lite_house, "coach")
    assert len(lines(lite_house.client("coach"))) == 1
