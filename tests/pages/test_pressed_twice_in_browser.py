"""A button that is pressed twice saves once; another language comes back to the very page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import expect

from gateway.settings import Settings
from tests.house import house_on
from tests.pages.browsing import Site, browsing

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("twice") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house, browsing(house) as site:
        site.hire("coach")
        yield site


def test_a_note_whose_button_is_pressed_twice_is_stored_once(site: Site) -> None:
    coach = site.api("coach")
    case = site.house.open_case(coach)
    page = site.signed_in("coach")
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    page.get_by_label("Texte", exact=True).fill("Une conversation tranquille.")
    button = page.get_by_role("button", name="Enregistrer la note")
    button.scroll_into_view_if_needed()
    place = button.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 5, place["y"] + 5)
    for _ in range(2):
        page.mouse.down()
        page.mouse.up()
    page.wait_for_url("**/notes/*done=note")
    assert [url for url in sent if url.endswith("/notes/new")] == [f"{site.base}/pages/casework/cases/{case}/notes/new"]
    assert len(coach.get(f"/cases/{case}/notes").json()["notes"]) == 1
    # The same page, later: the form is another, and goes.
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    page.get_by_label("Texte", exact=True).fill("Une autre.")
    page.get_by_role("button", name="Nederlands").click()
    page.get_by_role("button", name="De nota bewaren").click()
    page.wait_for_url("**/notes/*done=note")
    assert len(coach.get(f"/cases/{case}/notes").json()["notes"]) == 2


def test_a_browsers_own_form_that_is_sent_again_leads_to_the_same_note(site: Site) -> None:
    """Without scripts nothing holds a second press back: what the browser sent is sent once more, byte for byte."""
    coach = site.api("coach")
    case = site.house.open_case(coach)
    page = site.signed_in("coach", java_script_enabled=False)
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    page.get_by_label("Texte", exact=True).fill("Une conversation tranquille.")
    with page.expect_request(lambda asked: asked.method == "POST") as pressed:
        page.get_by_role("button", name="Enregistrer la note").click()
    page.wait_for_url("**/notes/*done=note")
    sent = pressed.value
    with httpx2.Client(base_url=site.base, follow_redirects=False) as network:
        headers = {name: value for name, value in sent.all_headers().items() if not name.startswith(":")}
        again = network.post(sent.url, content=sent.post_data_buffer, headers=headers)
    assert (again.status_code, f"{site.base}{again.headers['location']}") == (303, page.url)
    assert len(coach.get(f"/cases/{case}/notes").json()["notes"]) == 1


def test_another_language_keeps_what_the_page_asks_for(site: Site) -> None:
    page = site.signed_in("coach")
    week = f"{site.base}/pages/casework/calendar?week=2026-W20"
    page.goto(f"{site.base}/pages/casework/calendar")
    page.get_by_role("link", name="La semaine suivante").click()
    page.wait_for_url(re.compile(r"week="))
    week = page.url
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert page.url == week
