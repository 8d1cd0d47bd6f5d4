"""A real browser at a real server: Debian's Chromium, driven over an installation with a case on loopback.

The browser is the system's (`.ci/run` installs it). A machine without one fails these tests: it does not skip them.
"""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from gateway.app import create_app
from gateway.auth.passwords import hash_password
from gateway.clock import SystemEntropy
from gateway.pages import assets
from gateway.pages.site import door_path
from tests.house import CASE, STAFF, House, house_on, prefix_of, sqlite_home

PASSWORD: Final = "a long sentence for tests"
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@dataclass
class Caller:
    """Requests over the wire as one member of staff; what `House`'s helpers expect."""

    address: str
    token: str
    prefix: str

    def post(self, path: str, json: Any = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx2.post(self.address + self.prefix + path, json=json, headers=headers, timeout=30)

    def get(self, path: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx2.get(self.address + self.prefix + path, headers=headers, timeout=30)


@dataclass
class Served:
    """The installation, its address, and what the browser complained about."""

    house: House
    address: str
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    def caller(self, login: str) -> Caller:
        return Caller(self.address, self.house.tokens[login], prefix_of(STAFF[login][0]))

    def open_case(self, **changed: Any) -> str:
        """A case of the coach, with the notice given; its reference."""
        coach: Any = self.caller("coach")
        reference: str = coach.post("/cases", json=CASE | changed).json()["reference"]
        self.house.step(coach, reference, "give_notice", language="fr", leaflet="2026-1")
        return reference

    @contextmanager
    def visitor(self, language: str = "en", *, scripts: bool = True, width: int = 1280) -> Iterator[Page]:
        """A browser of one's own; at its end nothing may stand in its console."""
        context = self.browser.new_context(
            locale=f"{language}-BE", java_script_enabled=scripts, viewport={"width": width, "height": 900},
            base_url=self.address,
        )  # fmt: skip
        context.set_default_timeout(15_000)
        page = context.new_page()
        watch(page, self.complaints)
        try:
            yield page
        finally:
            context.close()
        assert self.complaints == []

    def path(self, login: str) -> str:
        return door_path(STAFF[login][0])

    def sign_in(self, page: Page, login: str, then: str = "/") -> None:
        """By the form, with the next code: a code works once."""
        self.house.clock.move(seconds=31)
        page.goto(self.path(login) + then)
        fill_in(self, page, login)
        page.wait_for_url(lambda url: "/sign-in" not in url)


def fill_in(served: Served, page: Page, login: str) -> None:
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.fill("#code", served.house.code(login))
    page.press("#code", "Enter")


def watch(page: Page, complaints: list[str]) -> None:
    """Collect errors, warnings and reports of the content security policy. A refusal's own status is no complaint."""

    def said(message: Any) -> None:
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    page.on("console", said)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))


def axe(page: Page) -> list[str]:
    """Every finding, as rule and place."""
    page.evaluate((assets.STATIC / "axe.js").read_text("utf-8"))
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})"
        ".then(r => r.violations.map(v => v.id + ' ' + v.nodes.map(n => n.target.join(' ')).join(', ')))",
        list(TAGS),
    )
    return list(found)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("no chromium on this machine: apt-get install chromium")
    found = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
    yield found
    found.close()


@pytest.fixture(scope="module")
def served(browser: Browser, sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An installation with its whole staff, served on loopback by a server of this process."""
    settings = sqlite_home(sqlite_template, tmp_path_factory.mktemp("served") / "home")
    with house_on(settings) as house:
        hashed = hash_password(PASSWORD, SystemEntropy())
        for login in STAFF:
            house.hire(login, password=hashed)
        with serving(house) as address:
            yield Served(house, address, browser)


@contextmanager
def serving(house: House) -> Iterator[str]:
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(house.services), log_config=None, access_log=False, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def page(served: Served) -> Iterator[Page]:
    with served.visitor() as found:
        yield found
