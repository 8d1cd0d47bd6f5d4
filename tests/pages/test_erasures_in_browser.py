"""Erasing a case by two people in a browser: without scripts, and each page of the way as axe sees it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gateway.settings import Settings
from tests.erasures import carry_out, closed_case
from tests.house import house_on
from tests.pages.browsing import Site, browsing, findings

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("erasures") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house, browsing(house) as site:
        site.hire("coach", "head", "dpo")
        yield site


def carried_out(site: Site) -> int:
    """Apart from this thread, in which the browser's own loop runs."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(carry_out, site.house).result()


def seen(page: Page, wrong: dict[str, list[str]]) -> None:
    """What the checker finds on the page as it stands, wide and narrow."""
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        if found := findings(page, again=width == 320):
            wrong[f"{page.url} {page.locator('h1').inner_text()} {width}"] = found


def test_two_people_have_a_case_erased_without_scripts(site: Site) -> None:
    case = closed_case(site.house)
    head = site.signed_in("head", java_script_enabled=False)
    head.goto(f"{site.base}/pages/casework/cases/{case}")
    head.get_by_role("link", name="Le faire effacer").click()
    head.get_by_role("button", name="Continuer").click()
    expect(head.get_by_role("link", name="Motif")).to_be_visible()
    head.get_by_label("Droit à l'effacement").check()
    head.get_by_role("button", name="Continuer").click()
    expect(head.get_by_role("heading", level=1)).to_contain_text("Demander que ce dossier soit effacé")
    head.get_by_role("button", name="Nederlands").click()
    expect(head.get_by_role("heading", level=1)).to_contain_text("Vragen dat dit dossier wordt gewist")
    head.get_by_role("button", name="Français").click()
    head.get_by_role("button", name="Oui, demander l'effacement").click()
    expect(head.get_by_text("C'est demandé.")).to_be_visible()

    dpo = site.signed_in("dpo", java_script_enabled=False)
    dpo.get_by_role("link", name="1 demande d'effacer un dossier attend votre réponse").click()
    dpo.locator("tbody a").click()
    dpo.get_by_label("Accepter\u00a0: le dossier est effacé", exact=True).check()
    dpo.get_by_role("button", name="Continuer").click()
    assert carried_out(site) == 0, "one press agrees to nothing"
    dpo.get_by_role("button", name="Oui, le faire effacer").click()
    expect(dpo.get_by_text("Vous avez accepté.")).to_be_visible()
    assert carried_out(site) == 1
    head.goto(f"{site.base}/pages/casework/cases/{case}")
    expect(head.get_by_role("heading", level=1)).to_contain_text("n'est pas pour vous")


def test_each_page_of_the_way_is_accessible_wide_and_narrow(site: Site) -> None:
    case = closed_case(site.house)
    wrong: dict[str, list[str]] = {}
    site.heard.clear()
    head = site.checked("head")
    head.goto(f"{site.base}/pages/casework/cases/{case}/erasure")
    seen(head, wrong)
    head.get_by_role("button", name="Continuer").press("Enter")
    expect(head.locator("#summary-title")).to_be_visible()
    seen(head, wrong)
    head.get_by_label("Ordre d'un tribunal").check()
    head.get_by_role("button", name="Continuer").press("Enter")
    expect(head.get_by_role("button", name="Oui, demander l'effacement")).to_be_visible()
    seen(head, wrong)
    head.get_by_role("button", name="Oui, demander l'effacement").press("Enter")
    expect(head.get_by_text("C'est demandé.")).to_be_visible()
    seen(head, wrong)
    head.goto(f"{site.base}/pages/casework/erasures?by=2030-01-01")
    seen(head, wrong)

    dpo = site.checked("dpo")
    seen(dpo, wrong)
    dpo.goto(f"{site.base}/pages/oversight/erasures")
    seen(dpo, wrong)
    dpo.locator("tbody a").press("Enter")
    expect(dpo.get_by_role("button", name="Continuer")).to_be_visible()
    seen(dpo, wrong)
    dpo.get_by_label("Refuser\u00a0: le motif n'est pas rempli", exact=True).check()
    dpo.get_by_role("button", name="Continuer").press("Enter")
    expect(dpo.get_by_role("button", name="Oui, refuser")).to_be_visible()
    seen(dpo, wrong)
    dpo.get_by_role("button", name="Oui, refuser").press("Enter")
    expect(dpo.get_by_text("Vous avez refusé.")).to_be_visible()
    seen(dpo, wrong)
    assert wrong == {}
    assert [text for text in site.heard if "422" not in text] == []
