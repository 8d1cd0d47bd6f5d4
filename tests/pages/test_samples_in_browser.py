"""A head's samples by keyboard, without scripts, and as axe sees them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from gateway.settings import Settings
from tests import samples
from tests.house import house_on
from tests.pages.browsing import Site, browsing, findings
from tests.recorded import record_fact

pytestmark = pytest.mark.long

WHY = "Contrôle mensuel de la qualité des notes"


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("samples") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house, browsing(house) as site:
        site.hire("coach", "head")
        coach = site.api("coach")
        case = house.open_case(coach)
        house.write_note(coach, case)
        record_fact(coach, case, "stay-analysis", detail="Vu Aminata Diallo au guichet")
        yield site


def test_a_head_draws_reads_and_ends_a_sample_by_keyboard(site: Site) -> None:
    page = site.signed_in("head")
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Échantillons").press("Enter")
    page.get_by_label("Motif", exact=True).focus()
    page.keyboard.type("Qua")
    page.get_by_label("Pourquoi, en une phrase", exact=True).focus()
    page.keyboard.type(WHY)
    page.keyboard.press("Control+Enter")
    page.get_by_text("Un dossier a été tiré au sort").wait_for()
    expect(page.get_by_text(WHY)).to_be_visible()
    page.get_by_role("button", name="Montrer ce qui est enregistré sur le séjour").press("Enter")
    page.get_by_text("Voie vers un droit de séjour").wait_for()
    page.get_by_role("link", name=re.compile("^Premier entretien")).first.press("Enter")
    expect(page.locator(".p-note")).to_contain_text("[PERSONNE-1]")
    assert "Diallo" not in page.content()
    page.get_by_role("link", name="Vers l'échantillon").press("Enter")
    page.get_by_label("Ce que vous avez constaté", exact=True).focus()
    page.keyboard.type("Notes claires, conclusions expliquées")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Votre constat est scellé").wait_for()
    expect(page.get_by_text("Notes claires, conclusions expliquées")).to_be_visible()
    assert page.get_by_role("button", name="Terminer l'échantillon").count() == 0
    page.context.close()


def test_it_goes_without_scripts(site: Site) -> None:
    page = site.signed_in("head", java_script_enabled=False)
    page.goto(f"{site.base}/pages/casework/samples")
    page.get_by_label("Motif", exact=True).select_option("training")
    page.get_by_label("Pourquoi, en une phrase", exact=True).fill("Pour montrer une note à une nouvelle coach")
    page.get_by_role("button", name="Faire tirer un dossier au sort").click()
    assert page.get_by_text("Un dossier a été tiré au sort").count() == 1
    page.get_by_label("Ce que vous avez constaté", exact=True).fill("Bonne note pour la formation")
    page.get_by_role("button", name="Terminer l'échantillon").click()
    assert page.get_by_text("Votre constat est scellé").count() == 1
    page.context.close()


def test_the_pages_of_samples_are_accessible_on_wide_and_narrow_screens(site: Site) -> None:
    number = samples.drawn(site.house)
    [note] = site.api("head").get(f"/samples/{number}/notes").json()["notes"]
    site.heard.clear()
    wrong: dict[str, list[str]] = {}
    for login, paths in (
        ("head", ("/samples", f"/samples/{number}", f"/samples/{number}/notes/{note['note']}")), ("coach", ("/",)),
    ):  # fmt: skip
        page = site.checked(login)
        for path in paths:
            for width in (1280, 320):
                page.set_viewport_size({"width": width, "height": 900})
                if width == 1280:
                    page.goto(f"{site.base}/pages/casework{path}")
                if found := findings(page, again=width == 320):
                    wrong[f"{path} {width}"] = found
        page.context.close()
    assert wrong == {}
    assert site.heard == []
