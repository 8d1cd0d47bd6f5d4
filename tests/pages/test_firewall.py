"""No page shows anything that the firewall did not allow, or to somebody who is not signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.auth.sessions import cookie_name
from gateway.pages.site import door_path
from gateway.settings import Settings
from tests.api.support import SwitchableFirewall, deny, explode
from tests.asked import granted
from tests.house import STAFF, House, house_on
from tests.recorded import compose


@pytest.fixture
def switched(sqlite_settings: Settings) -> Iterator[tuple[House, SwitchableFirewall]]:
    firewall = SwitchableFirewall()
    with house_on(sqlite_settings, firewall) as house:
        yield house, firewall


def pages(house: House) -> list[tuple[str, str]]:
    """(login, address) of every page that shows something of a case, a release or the log."""
    coach, head = house.client("coach"), house.client("head")
    handed = house.open_case(coach, ov_number="8123459")
    sheet = house.hand_over(coach, head, handed)
    case = house.open_case(coach)
    note = house.write_note(coach, case)
    house.open_case(coach, ov_number="7500001")
    granted(house, about={"by": "ov_number", "value": "7500001"})
    asked = house.client("officer").get("/access-requests?limit=1").json()["requests"][0]["request"]
    letter = compose(coach, case)
    entry = house.client("auditor").get("/entries?limit=1").json()["entries"][0]["entry"]
    own = f"/cases/{case}"
    mine = ("/", "/cases", own, f"{own}/notes/{note}", f"{own}/notes/{note}/edit", f"{own}/notes/new",
            f"{own}/documents", f"{own}/tasks/new", f"{own}/steps/close", f"{own}/letters",
            f"{own}/letters/new/closing", f"{own}/letters/letter/{letter}",
            f"{own}/letters/letter/{letter}/pdf")  # fmt: skip
    return [
        *(("coach", path) for path in mine),
        ("head", "/"), ("head", "/cases"), ("head", own), ("desk", "/"), ("desk", "/cases"),
        ("officer", "/"), ("officer", "/sheets"), ("officer", f"/sheets/{sheet}"), ("officer", f"/requests/{asked}"),
        ("head", "/requests"), ("head", f"/requests/{asked}"), ("dpo", "/requests"),
        ("dpo", f"/requests/{asked}"), ("auditor", "/"), ("auditor", f"/entries/{entry}"), ("dpo", "/"),
        *(("auditor", path) for path in ("/unexplained", "/findings", "/reviews", "/log-state")),
        *(("auditor", path) for path in ("/emergencies", "/ceremonies")),
        ("coach", "/questions"), ("coach", "/emergencies"), ("head", "/samples"),
    ]  # fmt: skip


def look(house: House, login: str, path: str, token: str) -> tuple[int, str]:
    zone = STAFF[login][0]
    name = cookie_name(zone)
    reply = house.app.get(
        door_path(zone) + path, headers={"cookie": f"{name}={token}"} if token else {}, follow_redirects=False
    )
    return reply.status_code, reply.text


def test_a_firewall_that_denies_or_breaks_lets_no_page_show_anything(
    switched: tuple[House, SwitchableFirewall],
) -> None:
    house, firewall = switched
    found = pages(house)
    for login, _ in found:
        house.client(login)
    shown = {(login, path): look(house, login, path, house.tokens[login]) for login, path in found}
    odd = {at: (status, text[:3000]) for at, (status, text) in shown.items() if status != 200}
    assert odd == {}
    for manner in (deny, explode):
        firewall.answer = manner
        for login, path in found:
            status, text = look(house, login, path, house.tokens[login])
            assert status in {403, 404, 500, 503}, (login, path, status)
            assert "Entretien" not in text
            assert "8123456" not in text


def test_no_page_of_a_zone_shows_anything_without_a_session(lite_house: House) -> None:
    for login, path in pages(lite_house):
        status, text = look(lite_house, login, path, "")
        assert status == 303, (login, path)
        assert not text


def test_an_address_without_its_last_slash_is_meant_and_leads_by_path_alone(lite_house: House) -> None:
    homes = [door_path(zone) for zone in lite_house.services.sign_in]
    for typed, home in [("/", "/pages/"), ("/pages", "/pages/"), *((home, f"{home}/") for home in homes)]:
        reply = lite_house.app.get(typed, headers={"host": "elsewhere.example"}, follow_redirects=False)
        assert (reply.status_code, reply.headers["location"]) == (303, home)
    assert lite_house.app.get(f"{homes[0]}-x", follow_redirects=False).status_code == 404
