"""A house served on loopback, and the system's browser in front of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from gateway.app import create_app
from gateway.auth.passwords import hash_password
from gateway.clock import SystemEntropy
from gateway.pages import assets
from gateway.pages.site import LANGUAGE_COOKIE, door_path
from tests.house import STAFF, Caller, House
from tests.patience import PATIENCE
from tests.serving import serving
from vault.usecases.sign_in import issue_token

PASSWORD: Final = "correct horse battery staple"
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_LAUNCHER: Final = Path(__file__).parent / "browser.sh"
#: No process in reserve for a site that nobody goes to; and no script optimised that the next page begins anew.
_SPARING: Final = ("--disable-site-isolation-trials", "--js-flags=--no-opt,--no-maglev")
TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
#: Of these rules a page's width can change the answer though it shows the same elements: they look at sizes, places or
#: colours. The others read what is there and whether it is shown; a test watches them do so.
OF_LAYOUT: Final = (
    "avoid-inline-spacing", "color-contrast", "label", "landmark-one-main", "link-in-text-block", "object-alt",
    "page-has-heading-one", "scrollable-region-focusable", "select-name", "skip-link", "target-size",
    "th-has-data-cells",
)  # fmt: skip
#: Of what passed nothing is written down, which would take five times as long as the rules. again: the page was checked
#: whole at another width, just before. If it then showed the very same, the rules that look at the layout remain.
_AXE: Final = """async ({tags, ofLayout, again}) => {
    const shows = (one) => { const s = getComputedStyle(one); return s.display + s.visibility + s.contentVisibility; };
    const page = document.documentElement;
    const shown = [page.outerHTML, ...Array.from(document.querySelectorAll('*'), shows)].join();
    const same = again && shown === window.checkedAs && !document.querySelector('dialog[open]');
    window.checkedAs = shown;
    const runOnly = same ? {type: 'rule', values: ofLayout} : {type: 'tag', values: tags};
    const told = await axe.run({runOnly, resultTypes: ['violations']});
    const wide = page.scrollWidth - window.innerWidth;
    return told.violations.map((one) => one.id + ': ' + one.nodes[0].html.slice(0, 160))
        .concat(wide > 0 ? [wide + ' pixels too wide'] : []);
}"""


@dataclass
class Site:
    """The pages of a house. heard: what the browser's console said and what was answered with a fault."""

    house: House
    base: str
    browser: Browser
    heard: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)
    _hash: str = ""

    def context(self, **options: Any) -> BrowserContext:
        made = {"viewport": {"width": 1280, "height": 900}, "locale": "fr-BE"} | options
        context = self.browser.new_context(**made)
        context.set_default_timeout(1_000 * PATIENCE)
        self._open.append(context)
        return context

    def leave(self) -> None:
        """Close every page: one that nobody looks at any more still blinks, counts its session's time and is drawn."""
        while self._open:
            self._open.pop().close()

    def page(self, **options: Any) -> Page:
        page = self.context(**options).new_page()
        page.on("console", lambda message: self.heard.append(message.text))
        page.on("pageerror", lambda fault: self.heard.append(str(fault)))
        return page

    def hire(self, *logins: str) -> None:
        """Whoever was not there yet, with a password to sign in by."""
        self._hash = self._hash or hash_password(PASSWORD, SystemEntropy())
        for login in logins:
            if login not in self.house.staff:
                self.house.hire(login, password=self._hash)

    def signed_in(self, login: str, **options: Any) -> Page:
        """A page of somebody who signed in by the form, with the keyboard alone."""
        self.hire(login)
        page = self.page(**options)
        page.goto(f"{self.base}{self.door(login)}/sign-in")
        self.sign_in(page, login)
        return page

    def checked(self, login: str = "") -> Page:
        """A page with the accessibility checker in each document from its beginning. login: "" for nobody."""
        page = self.signed_in(login, bypass_csp=True) if login else self.page(bypass_csp=True)
        # Sent once, not its 650 kB through two processes for each document.
        page.add_init_script(_axe())
        return page

    def speak(self, page: Page, language: str) -> None:
        """Choose the language of what the page looks at from now on."""
        cookie: Any = {"name": LANGUAGE_COOKIE, "value": language, "secure": True}
        page.context.add_cookies([cookie | {"url": self.base.replace("http:", "https:")}])

    def sign_in(self, page: Page, login: str) -> None:
        self.house.clock.move(seconds=31)  # a code works once
        page.focus("[name=login]")
        page.keyboard.type(login)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Tab")
        page.keyboard.type(self.house.code(login))
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)

    def api(self, login: str) -> Caller:
        """The API as this member of staff, whatever the hour: tests move the clock past the end of sessions."""
        service, worker = self.house.services.sign_in[STAFF[login][0]], self.house.services.worker
        if login in self.house.staff:
            self.house.tokens[login] = worker.run(
                STAFF[login][0], lambda uow: issue_token(uow, login, timedelta(hours=10), service)
            )
        return self.house.client(login)

    def door(self, login: str) -> str:
        return door_path(STAFF[login][0])


@cache
def _axe() -> str:
    return (assets.STATIC / "axe.js").read_text("utf-8")


def findings(page: Page, *, again: bool = False) -> list[str]:
    """What the accessibility checker finds, and whether anything must be scrolled sideways.

    again: this very page was checked just before, at another width; what its width cannot change is not looked at.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    found: list[str] = page.evaluate(_AXE, {"tags": TAGS, "ofLayout": OF_LAYOUT, "again": again})
    return found


def too_wide(page: Page) -> bool:
    """Whether anything must be scrolled sideways."""
    found: bool = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return found


@contextmanager
def served(house: House, port: int = 0) -> Iterator[str]:
    """The house's address. port: 0 for any that is free."""
    with serving(create_app(house.services), port) as found:
        yield f"http://127.0.0.1:{found}"


@contextmanager
def browsing(house: House) -> Iterator[Site]:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    assert found is not None, "no browser is installed: apt-get install chromium"
    assert assets.whole(), "the pages' assets are missing: ./run python -m gateway.pages.assets"
    expect.set_options(timeout=1_000 * PATIENCE)  # its own bound is five seconds
    with served(house) as base, sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=_LAUNCHER,
            args=["--no-sandbox", *_SPARING],
            env=os.environ | {"PAREFEU_BROWSER": found},
        )
        try:
            yield Site(house, base, browser)
        finally:
            browser.close()
