"""One case by the pages alone, by keyboard alone: from the order to the closed file, through every role's hands."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.pages.words import WORDS
from gateway.settings import Settings
from tests.crash.checks import faults
from tests.house import house_on
from tests.pages.browsing import Site, browsing

pytestmark = pytest.mark.long

#: Said to the coach and nobody else: no page of another role may show it.
CONFIDED: Final = "Elle dort chez un ami, et craint son ancien employeur."
OV_NUMBER: Final = "7600042"


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("whole") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house, browsing(house) as site:
        yield site


class Hands:
    """Somebody at a keyboard: everything is reached by its name and pressed with a key."""

    def __init__(self, site: Site, login: str) -> None:
        self._site, self._login = site, login
        self.page = site.signed_in(login, locale="en-GB")

    def __enter__(self) -> Hands:
        return self

    def __exit__(self, *_: object) -> None:
        self.page.context.close()

    def at(self, path: str) -> None:
        self.page.goto(f"{self._site.base}{self._site.door(self._login)}{path}")

    def press(self, name: str | re.Pattern[str], role: Any = "button") -> None:
        self.page.get_by_role(role, name=name).first.press("Enter")

    def field(self, label: str) -> Any:
        return self.page.get_by_label(re.compile(rf"^{re.escape(label)}( \(optional\))?$")).first

    def write(self, label: str, text: str) -> None:
        field = self.field(label)
        field.focus()
        field.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, value: str) -> None:
        self.field(label).select_option(value)

    def tick(self, label: str, *, on: bool = True) -> None:
        box = self.field(label)
        if box.is_checked() is not on:
            box.press("Space")

    def told(self, text: str | re.Pattern[str]) -> None:
        self.page.get_by_text(text).first.wait_for()

    def step(self, case: str, name: str, *, fill: Any = lambda: None) -> None:
        """Open the step from the page of the case, tell what it needs, take it."""
        word = WORDS["step"][name]
        self.at(f"/cases/{case}")
        link = self.page.get_by_role("link", name=word)
        if not link.first.is_visible():
            self.page.locator("summary", has_text="Other steps").press("Enter")
        link.first.press("Enter")
        self.page.get_by_role("heading", name=word, level=1).wait_for()
        fill()
        self.page.locator("[data-save]").press("Enter")
        self.told("The outcome sheet was sent" if name == "hand_over" else "The step is recorded.")

    def note(self, case: str, text: str) -> None:
        self.at(f"/cases/{case}")
        self.page.keyboard.press("n")
        self.page.get_by_role("heading", name="Write a note").wait_for()
        self.write("Text", text)
        self.page.keyboard.press("Control+Enter")
        self.told("The note is saved.")


def triaged(desk: Hands) -> None:
    desk.choose("Criterion", "ADDRESS")
    desk.write("Coach (name for signing in)", "coach")


def opened_invited(site: Site) -> str:
    with Hands(site, "desk") as desk:
        desk.press("Open a case", "link")
        desk.choose("Region", "brussels")
        desk.write("Given names", "Aminata")
        desk.write("Family name", "Diallo")
        desk.write("OV/SP number", OV_NUMBER)
        desk.page.keyboard.press("Enter")
        desk.told("Form of order: This must be filled in.")
        desk.choose("Form of order", "13")
        desk.field("Notified on").fill(site.house.clock.now().date().isoformat())
        desk.field("OV/SP number").focus()
        desk.page.keyboard.press("Enter")
        desk.told("The case is open.")
        case = desk.page.url.rpartition("/")[2].partition("?")[0]
        desk.step(case, "triage", fill=lambda: triaged(desk))
        day = site.house.clock.now().date() + timedelta(days=7)
        desk.step(case, "invite", fill=lambda: desk.field("Day of the appointment").fill(day.isoformat()))
    return case


def received(site: Site, case: str) -> None:
    with Hands(site, "coach") as coach:
        coach.step(case, "begin_intake", fill=lambda: coach.tick("Not needed"))
        coach.step(case, "give_notice")
        coach.note(case, CONFIDED)
        coach.at(f"/cases/{case}/referrals/new")
        coach.choose("To whom, and for what", "caritas/shelter")
        for name in ("Family name", "Telephone"):
            coach.tick(name)
        coach.press("Propose it")
        coach.told("The referral is proposed.")
        coach.tick("Family name")
        coach.tick("Telephone", on=False)  # less than was proposed
        coach.field("Until which day").fill("2026-12-31")
        coach.press("Write the consent down")
        coach.told("The consent is written down.")
        coach.press("Send it to the partner")
        coach.told("It is with the partner.")


def answered(site: Site, case: str) -> None:
    with Hands(site, "caritas") as partner:
        partner.page.locator("main").get_by_role("link").first.press("Enter")
        partner.told("Diallo")
        assert "Aminata" not in partner.page.content()  # nobody agreed to it
        partner.tick("We take the person on")
        partner.write("Message to the coach", "Elle peut venir lundi.")
        partner.press("Send the answer")
        partner.told("Your answer is sent")
        assert CONFIDED not in partner.page.content()
    with Hands(site, "coach") as coach:
        coach.press(re.compile("Answer|answer"), "link")
        coach.press("Open the answer")
        coach.told("Elle peut venir lundi.")
        coach.press("Take it in")
        coach.told("The answer is kept with the case.")


def ended(site: Site, case: str) -> None:
    with Hands(site, "coach") as coach:
        coach.step(case, "begin_analysis")
        coach.step(case, "give_conclusions")
        coach.note(case, "Les conclusions sont données; elle ne veut pas continuer.")
        coach.step(case, "explain_consequences")
        coach.step(case, "begin_closing", fill=lambda: coach.choose("Outcome", "REFUSED"))
    with Hands(site, "head") as head:
        head.step(case, "hand_over")
        assert CONFIDED not in head.page.content()


def looked_at_from_outside(site: Site) -> None:
    with Hands(site, "officer") as officer:
        officer.press("Outcome sheets", "link")
        officer.page.locator("main").get_by_role("link").first.press("Enter")
        officer.told("Refused to collaborate")
        officer.told(OV_NUMBER)
        assert not re.search("Diallo|ami|employeur", officer.page.locator("main").inner_text())
    with Hands(site, "auditor") as auditor:
        auditor.page.locator("table").get_by_text("outcome sheet").first.wait_for()
        seen = auditor.page.locator("main").inner_text()
        assert not re.search(f"Diallo|{OV_NUMBER}|{CONFIDED[:10]}", seen)
        auditor.press("Unexplained", "link")
        auditor.page.get_by_role("heading", name="Unexplained").wait_for()


def test_a_whole_case_across_all_roles_by_keyboard(site: Site) -> None:
    site.hire("coach", "head", "desk", "officer", "caritas", "auditor")  # who work here
    case = opened_invited(site)
    site.house.clock.move(days=7)
    received(site, case)
    answered(site, case)
    site.house.clock.move(days=3)
    ended(site, case)
    looked_at_from_outside(site)
    assert faults(site.house.settings) == []
    assert [line for line in site.heard if "422" not in line] == []  # the form that lacked something
