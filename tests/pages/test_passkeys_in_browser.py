"""Passkeys in a real browser with its virtual authenticator: added, used, refused; by keyboard, in four languages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gateway.pages import catalogs
from gateway.settings import Settings
from tests.asked import ask, taken
from tests.house import house_on
from tests.pages.browsing import PASSWORD, Site, browsing, findings
from tests.passkeys import fresh_code, hire
from vault.crypto.passkey import Origin

OPTIONS = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Served where passkeys work: at a name, not at an address."""
    home = tmp_path_factory.mktemp("passkeys") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house, browsing(house) as site:
        site.base = f"http://localhost:{site.base.rpartition(':')[2]}"
        place = Origin.parse(site.base)
        desks = house.services.passkeys
        desks.update({zone: replace(desk, origin=place) for zone, desk in desks.items()})
        hire(house, "coach", "head", "far_head", "desk", "officer", "auditor", "dpo")
        yield site


@pytest.fixture(autouse=True)
def _quiet(site: Site) -> None:
    """What the console said in another test is that test's."""
    site.heard.clear()


class Device:
    """The browser's own authenticator, in software."""

    def __init__(self, page: Page) -> None:
        self.client = page.context.new_cdp_session(page)
        self.client.send("WebAuthn.enable")
        self.id = self.client.send("WebAuthn.addVirtualAuthenticator", {"options": OPTIONS})["authenticatorId"]

    def knows_its_user(self, yes: bool) -> None:
        self.client.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": yes})

    def keys(self) -> list[Any]:
        found: list[Any] = self.client.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]
        return found


def add(site: Site, page: Page, login: str, name: str) -> None:
    """By keyboard."""
    page.goto(f"{site.base}{site.door(login)}/my-sign-in")
    page.get_by_label("Mot de passe").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(fresh_code(site.house, login))
    page.keyboard.press("Tab")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_a_passkey_is_added_and_signs_in_by_keyboard_and_is_accessible_in_every_language(site: Site) -> None:
    page = site.signed_in("head")
    device = Device(page)
    add(site, page, "head", "portable du bureau")
    page.get_by_text("La clé d'accès est ajoutée").wait_for()
    assert len(device.keys()) == 1
    for name in catalogs.LANGUAGES.values():
        if page.get_by_role("button", name=name, exact=True).count():
            page.get_by_role("button", name=name, exact=True).click()
        assert findings(page) == [], name
    page.get_by_role("button", name="Français").click()
    page.get_by_role("button", name="Se déconnecter").press("Enter")
    page.wait_for_url("**/sign-in")
    assert findings(page) == []
    page.get_by_role("button", name="Se connecter avec une clé d'accès").press("Enter")
    page.wait_for_url("**/pages/casework/")
    expect(page.get_by_text("Head", exact=False).first).to_be_visible()
    page.goto(f"{site.base}/pages/casework/my-sign-in")
    assert page.get_by_text("dernier usage").count() == 1
    assert site.heard == []


def test_whoever_the_authenticator_does_not_know_is_told_so_and_the_password_still_works(site: Site) -> None:
    page = site.signed_in("coach")
    device = Device(page)
    add(site, page, "coach", "clé")
    page.get_by_text("La clé d'accès est ajoutée").wait_for()
    page.get_by_role("button", name="Se déconnecter").press("Enter")
    page.wait_for_url("**/sign-in")
    device.knows_its_user(False)
    page.get_by_role("button", name="Se connecter avec une clé d'accès").click()
    page.get_by_text("Aucune clé d'accès n'a été utilisée").wait_for()
    site.sign_in(page, "coach")
    assert site.heard == []


def test_colleagues_are_vouched_for_and_the_page_is_accessible(site: Site) -> None:
    page = site.signed_in("desk")
    Device(page)
    add(site, page, "desk", "clé")
    page.get_by_text("La clé d'accès est ajoutée").wait_for()
    page = site.signed_in("auditor")
    page.goto(f"{site.base}/pages/oversight/passkeys")
    assert findings(page) == []
    page.get_by_role("button", name=re.compile("La certifier.*Desk, clé")).press("Enter")
    page.get_by_text("Vous avez certifié la clé d'accès").wait_for()
    assert site.heard == []


def test_without_scripts_the_password_road_and_new_codes_remain(site: Site) -> None:
    page = site.signed_in("officer", java_script_enabled=False)
    page.goto(f"{site.base}{site.door('officer')}/my-sign-in")
    assert page.get_by_role("button", name="Ajouter une clé d'accès").count() == 0
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_label("Code à six chiffres").fill(fresh_code(site.house, "officer"))
    page.get_by_role("button", name="Faire de nouveaux codes de secours").click()
    [first, *rest] = page.locator(".govuk-inset-text .p-ref").all_inner_texts()
    assert len(rest) == 9
    page.get_by_role("button", name="Se déconnecter").click()
    page.get_by_label("Votre nom", exact=False).fill("officer")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_label("Code à six chiffres").fill(first)
    page.get_by_role("button", name="Se connecter").first.click()
    page.get_by_text("Un code de secours a servi").wait_for()
    assert "9 codes restent" in page.content()


def test_a_head_signs_an_approval_with_the_passkey_by_keyboard(site: Site) -> None:
    house = site.house
    house.open_case(site.api("coach"))
    page = site.signed_in("far_head")
    device = Device(page)
    add(site, page, "far_head", "clé")
    page.get_by_text("La clé d'accès est ajoutée").wait_for()
    site.api("auditor")
    [key] = site.api("far_head").get("/passkeys").json()["passkeys"]
    site.api("officer")
    number = ask(house, about={"by": "ov_number", "value": "9999999"})  # about nobody: before every head
    taken(house, number, "far_head")
    page.goto(f"{site.base}/pages/casework/requests/{number}")
    button = page.get_by_role("button", name="Approuver ces données et signer avec ma clé d'accès")
    page.get_by_label("Nom de famille").check()
    button.press("Enter")
    page.get_by_text("vous n'avez pas de clé d'accès certifiée").wait_for()
    assert site.api("auditor").post(f"/staff-passkeys/{key['passkey']}/countersignature").status_code == 201
    page.get_by_label("Nom de famille").check()
    device.knows_its_user(False)
    button.press("Enter")
    page.get_by_text("Rien n'a été signé. Réessayez").wait_for()
    device.knows_its_user(True)
    assert findings(page) == []
    button.press("Enter")
    page.get_by_text("Votre réponse est notée").wait_for()
    [answer] = site.api("dpo").get(f"/access-requests/{number}").json()["answers"]
    assert (answer["signed_by"], answer["fields"]) == (key["fingerprint"], ["family_name"])
    assert [line for line in site.heard if "422" not in line] == []
