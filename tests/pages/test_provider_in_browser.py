"""Signing in at a provider that others wrote, as a process of its own, in a real browser; and stepping up."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from gateway.pages import catalogs
from gateway.settings import Settings
from tests.house import house_on
from tests.identity_provider import GOOD_ACR, STEP_UP_ACR, rules_file
from tests.pages.browsing import Site, browsing, findings, too_wide
from tests.patience import PATIENCE
from vault.crypto.passkey import Origin


class Provider:
    """oidc-provider-mock, as it is installed."""

    def __init__(self, address: str) -> None:
        self.address = address

    def knows(self, subject: str, **claims: Any) -> None:
        """Whoever signs in there as `subject` is told of by these claims."""
        body = json.dumps(claims).encode()
        request = urllib.request.Request(
            f"{self.address}/users/{subject}", body, {"content-type": "application/json"}, method="PUT"
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            assert reply.status in (200, 204)


@contextmanager
def running_provider() -> Iterator[Provider]:
    """On a port that was free a moment ago."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        provider = Provider(f"http://localhost:{port}")
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{provider.address}/.well-known/openid-configuration", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the provider ended"
                time.sleep(0.1)
        yield provider
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def site(sqlite_template: Path, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("provider")
    shutil.copytree(sqlite_template, folder / "home")
    rules = rules_file(folder, provider.address)
    rules.write_text(
        rules.read_text() + '\n[casework.name]\nfr = "le compte du service"\nen = "the office\'s account"\n'
    )
    with house_on(Settings(home=folder / "home", oidc_file=rules)) as house, browsing(house) as site:
        site.base = f"http://localhost:{site.base.rpartition(':')[2]}"
        place, desks = Origin.parse(site.base), house.services.passkeys
        desks.update({zone: replace(desk, origin=place) for zone, desk in desks.items()})
        for login in ("head", "coach"):
            house.hire(login)
        yield site


def at_the_provider(site: Site, page: Page, provider: Provider, subject: str, **claims: Any) -> None:
    """The house's clock is behind the provider's: what the provider says is said now."""
    now = int(time.time())
    provider.knows(subject, **{"auth_time": now} | claims)
    page.locator("input[name=sub]").last.fill(subject)
    page.get_by_role("button", name="Authorize").last.click()


@pytest.fixture(autouse=True)
def now(site: Site) -> None:
    """The provider lives by the real clock, so the house does as well."""
    from datetime import UTC, datetime

    site.house.clock.moment = max(site.house.clock.moment, datetime.now(UTC))
    for login in list(site.house.tokens):
        site.house.renew(login)


def test_a_head_signs_in_there_and_proves_it_again_before_a_sheet_leaves(site: Site, provider: Provider) -> None:
    coach = site.house.client("coach")
    case = site.house.open_case(coach)
    site.house.begin_closing(coach, case)
    site.heard.clear()
    page = site.page()
    page.goto(f"{site.base}/pages/casework/cases/{case}/steps/hand-over")
    page.get_by_role("button", name="Se connecter avec le compte du service").press("Enter")
    at_the_provider(site, page, provider, "employee-17", preferred_username="head", acr=GOOD_ACR)
    page.wait_for_url(f"**/cases/{case}/steps/hand-over")
    page.locator("button[data-save]").last.press("Enter")
    page.get_by_role("heading", name="Prouvez à nouveau qui vous êtes").wait_for()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Prouvez-le avec le compte du service, dans un nouvel onglet").click()
    beside = opened.value
    at_the_provider(site, beside, provider, "employee-17", preferred_username="head", acr=STEP_UP_ACR)
    beside.get_by_role("heading", name="C'est fait").wait_for()
    beside.close()
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url(lambda url: "step" not in url or "done" in url)
    assert coach.get(f"/cases/{case}").json()["state"] == "handed_over"
    # The provider's own page looks for a style sheet and an icon that are not there; 403 is what the step was answered.
    assert [text for text in site.heard if not re.search("NAME_NOT_RESOLVED|404|403", text)] == []
    page.context.close()


def test_somebody_whom_the_provider_does_not_vouch_for_firmly_stays_outside(site: Site, provider: Provider) -> None:
    page = site.page(locale="en-GB")
    page.goto(f"{site.base}/pages/casework/sign-in")
    page.get_by_role("button", name="Sign in with the office's account").click()
    at_the_provider(site, page, provider, "employee-18", preferred_username="coach")
    page.get_by_role("heading", name="You were not signed in").wait_for()
    assert not too_wide(page)
    page.goto(f"{site.base}/pages/casework/cases")
    page.wait_for_url("**/sign-in**")
    page.context.close()


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_its_pages_are_accessible_in_every_language(site: Site, language: str) -> None:
    page = site.checked()
    site.speak(page, language)
    found: dict[str, list[str]] = {}
    for path in ("/sign-in", "/sign-in/return?code=x&state=y&here=1"):
        page.goto(f"{site.base}/pages/casework{path}")
        found |= {path: faults} if (faults := findings(page)) else {}
        page.set_viewport_size({"width": 320, "height": 900})
        found |= {f"{path} 320": faults} if (faults := findings(page, again=True)) else {}
        page.set_viewport_size({"width": 1280, "height": 900})
    assert found == {}
    page.context.close()
