"""Every main page: no finding of axe in any language, nothing wider than 320 px; the whole case across the roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import expect

from gateway.pages.catalogs import LANGUAGES
from tests.browser.conftest import Served, axe

PUBLIC: Final = ("/pages/", "/pages/who-sees-what", "/pages/leaflet", "/pages/accessibility", "/pages/casework/sign-in")
#: What each role opens: below its zone's pages. {case}, {note}: of a case that was opened for it.
BY_ROLE: Final = {
    "coach": (
        "/", "/cases", "/search", "/open", "/cases/{case}", "/cases/{case}/notes/new", "/cases/{case}/notes/{note}",
        "/cases/{case}/notes/{note}/edit", "/cases/{case}/documents", "/cases/{case}/tasks/new",
        "/cases/{case}/steps/begin-analysis", "/cases/{case}/steps/close", "/cases/nobody",
    ),
    "desk": ("/", "/cases", "/search", "/open"),
    "head": ("/", "/cases", "/cases/{case}"),
    "officer": ("/",),
    "caritas": ("/",),
    "auditor": ("/", "/?actor=a-0"),
    "dpo": ("/",),
}  # fmt: skip


@pytest.fixture(scope="module")
def written(served: Served) -> tuple[str, str]:
    """A case with a note and a task; what was handed over and what was referred beside it."""
    coach, head = served.caller("coach"), served.caller("head")
    case = served.open_case()
    note = served.house.write_note(coach, case)  # type: ignore[arg-type]
    task = {"title": "Appeler l'école", "due_on": "2026-11-03", "language": "fr"}
    assert coach.post(f"/cases/{case}/tasks", json=task).status_code == 201
    served.house.hand_over(coach, head, served.open_case())  # type: ignore[arg-type]
    served.house.refer(coach, served.open_case())  # type: ignore[arg-type]
    served.open_case(people=[{"family_name": "عبد الله", "given_names": "يسرى"}])
    return case, note


def _paths(served: Served, login: str, written: tuple[str, str]) -> Iterator[str]:
    for path in BY_ROLE[login]:
        yield served.path(login) + path.format(case=written[0], note=written[1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page(served: Served, written: tuple[str, str], language: str) -> None:
    found: dict[str, list[str]] = {}
    with served.visitor(language) as page:
        for path in PUBLIC:
            page.goto(path)
            found[path] = axe(page)
        for login in BY_ROLE:
            page.context.clear_cookies()
            served.sign_in(page, login)
            for path in _paths(served, login, written):
                page.goto(path)
                found[f"{login} {path}"] = axe(page)
            if login == "coach":
                page.goto(f"{served.path(login)}/cases/{written[0]}/tasks/new")
                page.fill("#due_on", "")
                page.click("[data-save]")
                found["a refused form"] = axe(page)
    assert {path: findings for path, findings in found.items() if findings} == {}


def test_nothing_is_wider_than_a_narrow_screen(served: Served, written: tuple[str, str]) -> None:
    wide = []
    with served.visitor("de", width=320) as page:
        for login in BY_ROLE:
            page.context.clear_cookies()
            served.sign_in(page, login)
            for path in (*PUBLIC, *_paths(served, login, written)):
                page.goto(path)
                width = page.evaluate("document.documentElement.scrollWidth")
                if width > 320:
                    wide.append(f"{login} {path}: {width}")
    assert wide == []


def test_one_case_across_the_roles(served: Served) -> None:
    """The coach closes for non-collaboration, the head signs, follow-up gets the sheet and nothing that was said."""
    case = served.open_case()
    coach = served.caller("coach")
    served.house.write_note(coach, case, "Elle a peur du quai.")  # type: ignore[arg-type]
    with served.visitor() as page:
        served.sign_in(page, "coach", f"/cases/{case}/steps/explain-consequences")
        page.click("[data-save]")
        page.goto(f"{served.path('coach')}/cases/{case}/steps/begin-closing")
        page.select_option("#outcome", "REFUSED")
        page.click("[data-save]")
        expect(page.locator("main")).to_contain_text("Closing for non-collaboration")
        page.context.clear_cookies()
        served.sign_in(page, "head")
        page.click(f"a[href$='{case}'] >> nth=0")
        expect(page.locator("main")).not_to_contain_text("Show the names")
        page.click(".p-next .govuk-button")
        page.click("[data-save]")
        expect(page.locator("[role=alert]")).to_contain_text("sent to follow-up")
        page.context.clear_cookies()
        served.sign_in(page, "officer")
        page.click("tbody a >> nth=0")
        expect(page.locator("main")).to_contain_text("REFUSED")
        assert "quai" not in page.content()
        assert "Diallo" not in page.content()
        page.goto(f"/pages/casework/cases/{case}")
        expect(page.locator("#password")).to_be_visible()
        page.context.clear_cookies()
        served.sign_in(page, "auditor")
        page.click("tbody a >> nth=0")
        page.click("main form button")
        expect(page.locator("main")).to_contain_text("Who exactly")
        assert "quai" not in page.content()


def test_another_persons_form_changes_nothing(served: Served) -> None:
    """A form without the session's own token is drawn again, and saves nothing."""
    case = served.open_case()
    with served.visitor() as page:
        served.sign_in(page, "coach", f"/cases/{case}/notes/new")
        page.evaluate("document.querySelector('#work [name=_token]').value = 'x'")
        page.fill("#text", "forged")
        page.click("[data-save]")
        expect(page.locator(".govuk-error-summary")).to_contain_text("earlier session")
    assert served.caller("coach").get(f"/cases/{case}/notes").json()["notes"] == []
