"""A coach's day in a browser: by keyboard, without scripts, two at once, in another language, after a time-out."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Served, fill_in


def _press_until(page: Page, key: str, wanted: str) -> None:
    """Press a key until the element has the focus, as somebody without a mouse does."""
    for _ in range(80):
        if page.evaluate("wanted => document.activeElement && document.activeElement.matches(wanted)", wanted):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the keyboard does not reach {wanted}")


def test_the_main_path_needs_no_mouse(served: Served, page: Page) -> None:
    case = served.open_case()
    served.sign_in(page, "coach", f"/cases/{case}")
    expect(page.locator("h1")).to_contain_text(case)
    expect(page.locator("body")).not_to_contain_text("Diallo")
    _press_until(page, "Tab", "a.govuk-skip-link")
    page.keyboard.press("Enter")
    _press_until(page, "Tab", "#people button")
    page.keyboard.press("Enter")
    expect(page.locator("#people")).to_contain_text("Diallo")
    page.locator("#main").focus()
    page.keyboard.press("n")  # one key opens a note
    expect(page.locator("#text")).to_be_visible()
    _press_until(page, "Tab", "#text")
    page.keyboard.press("Control+a")
    page.keyboard.type("Aminata Diallo came with her sister.")
    page.keyboard.press("Control+Enter")  # and one saves it
    expect(page.locator(".p-note")).to_contain_text("[PERSONNE-1]")
    expect(page.locator(".p-note")).not_to_contain_text("Diallo")
    _press_until(page, "Tab", "summary")
    page.keyboard.press("Enter")
    _press_until(page, "Tab", "#reason")
    page.keyboard.type("to call her")
    page.keyboard.press("Enter")
    expect(page.locator(".p-note")).to_contain_text("Aminata Diallo")
    assert "Diallo" not in page.title()
    assert "Diallo" not in page.url


def test_what_is_saved_without_scripts_is_saved(served: Served) -> None:
    case = served.open_case()
    with served.visitor(scripts=False) as page:
        served.sign_in(page, "coach", f"/cases/{case}/notes/new")
        page.fill("#text", "written without a script")
        page.click("[data-save]")
        expect(page.locator(".p-note")).to_have_text("written without a script")
        page.goto(f"{served.path('coach')}/cases/{case}/tasks/new")
        page.fill("#title", "Call the school")
        page.click("[data-save]")
        expect(page.locator("main")).to_contain_text("Call the school")
        page.click("#people button")
        expect(page.locator("#people")).to_contain_text("Diallo")


def test_a_step_is_taken_and_the_next_one_comes_first(served: Served, page: Page) -> None:
    case = served.open_case()
    served.sign_in(page, "coach", f"/cases/{case}")
    page.click(".p-next .govuk-button")
    expect(page.locator("h1")).to_have_text("Begin the analysis of the file")
    page.click("[data-save]")
    expect(page.locator(".p-next")).to_contain_text("Give the conclusions")
    expect(page.locator(".p-timeline")).to_contain_text("Begin the analysis of the file")


def test_another_language_keeps_the_page_and_what_was_typed(served: Served, page: Page) -> None:
    case = served.open_case()
    served.sign_in(page, "coach", f"/cases/{case}/notes/new")
    page.fill("#text", "half a sentence, not saved")
    page.click("button[name=_language][value=nl]")
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    expect(page.locator("#text")).to_have_value(re.compile("^half a sentence, not saved"))
    assert page.url.endswith("/notes/new")
    assert served.caller("coach").get(f"/cases/{case}/notes").json()["notes"] == []


def test_an_empty_note_is_refused_with_a_summary_that_leads_to_the_field(served: Served, page: Page) -> None:
    case = served.open_case()
    served.sign_in(page, "coach", f"/cases/{case}/notes/new")
    page.fill("#text", " ")
    page.click("[data-save]")
    expect(page.locator(".govuk-error-summary")).to_be_focused()
    page.click(".govuk-error-summary a")
    expect(page.locator("#text")).to_be_focused()


def test_two_editors_see_both_texts_and_lose_none(served: Served, page: Page) -> None:
    case = served.open_case()
    coach = served.caller("coach")
    body = {"text": "first version", "language": "fr", "template": "interview"}
    note = coach.post(f"/cases/{case}/notes", json=body).json()["note"]
    served.sign_in(page, "coach", f"/cases/{case}/notes/{note}/edit")
    with served.visitor() as other:
        served.sign_in(other, "coach", f"/cases/{case}/notes/{note}/edit")
        other.fill("#text", "second, by the faster one")
        other.click("[data-save]")
        expect(other.locator(".p-note")).to_have_text("second, by the faster one")
    page.fill("#text", "mine, by the slower one")
    page.click("[data-save]")
    expect(page.locator(".p-both")).to_contain_text("second, by the faster one")
    expect(page.locator(".p-both")).to_contain_text("first version")
    expect(page.locator("#text")).to_have_value("mine, by the slower one")
    page.click("[data-save]")
    expect(page.locator(".p-note")).to_have_text("mine, by the slower one")


def test_a_draft_is_kept_and_found_again(served: Served, page: Page) -> None:
    case = served.open_case()
    served.sign_in(page, "coach", f"/cases/{case}/notes/new")
    page.locator("#text").press_sequentially("begun and left")
    expect(page.locator("#draft-status")).to_have_attribute("data-state", "good")
    page.goto(served.path("coach") + "/")
    page.goto(f"{served.path('coach')}/cases/{case}/notes/new")
    expect(page.locator("#text")).to_have_value(re.compile("begun and left"))
    page.click("button[name=_discard]")
    page.goto(f"{served.path('coach')}/cases/{case}/notes/new")
    expect(page.locator("#text")).not_to_have_value(re.compile("begun and left"))


def test_what_was_typed_outlives_the_session(served: Served) -> None:
    case = served.open_case()
    with served.visitor(scripts=False) as page:
        served.sign_in(page, "coach", f"/cases/{case}/notes/new")
        page.fill("#text", "typed while the session ended")
        page.context.clear_cookies()
        page.click("[data-save]")
        expect(page.locator("#password")).to_be_visible()
        served.house.clock.move(seconds=31)
        fill_in(served, page, "coach")
        page.click("main form button")
        expect(page.locator("#text")).to_have_value(re.compile("^typed while the session ended"))
        page.click("[data-save]")
        expect(page.locator(".p-note")).to_have_text("typed while the session ended")


def test_a_cut_network_is_told_and_mends_itself(served: Served, page: Page) -> None:
    case = served.open_case()
    served.sign_in(page, "coach", f"/cases/{case}/notes/new")
    page.context.set_offline(True)
    page.locator("#text").press_sequentially("typed in a tunnel")
    expect(page.locator("#draft-status")).to_have_attribute("data-state", "bad")
    page.context.set_offline(False)
    expect(page.locator("#draft-status")).to_have_attribute("data-state", "good")
    expect(page.locator("#text")).to_have_value(re.compile("typed in a tunnel"))


def test_a_page_left_open_locks_after_a_warning(served: Served, page: Page) -> None:
    case = served.open_case()
    page.clock.install()
    served.sign_in(page, "coach", f"/cases/{case}")
    page.clock.fast_forward(26 * 60 * 1000)
    expect(page.locator("dialog.p-timeout")).to_be_visible()
    page.click("#stay")
    expect(page.locator("dialog.p-timeout")).to_be_hidden()
    page.clock.fast_forward(31 * 60 * 1000)
    expect(page.locator("#password")).to_be_visible()
    assert case in page.url  # it comes back here


def test_a_case_is_opened_with_two_people(served: Served, page: Page) -> None:
    served.sign_in(page, "coach", "/open")
    page.select_option("#region", "brussels")
    page.fill("#people-0-given_names", "Yusra")
    page.fill("#people-0-family_name", "عبد الله")
    page.click("button[name=_add]")
    page.fill("#people-1-given_names", "Sami")
    page.fill("#people-1-family_name", "Verzonnen")
    page.fill("#people-1-national_number", "12345678901")
    page.click("[data-save]")
    expect(page.locator(".govuk-error-summary")).to_be_visible()
    expect(page.locator("#people-0-family_name")).to_have_value("عبد الله")
    page.fill("#people-1-national_number", "")
    page.click("[data-save]")
    expect(page.locator("h1")).to_contain_text("C-")
    page.click("#people button")
    expect(page.locator("#people")).to_contain_text("عبد الله")
    expect(page.locator("#people")).to_contain_text("Sami")
