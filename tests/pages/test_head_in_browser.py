"""In a real browser, by keyboard: a head hands over the cases of a coach who is away; a desk takes in a file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from gateway.settings import Settings
from tests.house import house_on
from tests.pages.browsing import Site, browsing, findings
from tests.pages.test_intake_pages import NAME, csv, row

pytestmark = pytest.mark.long

FREE = {"types": ["individuals", "families", "open_return"], "capacity": 40}


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("head") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house, browsing(house) as site:
        site.hire("coach", "colleague", "head", "desk")
        yield site


def absent(site: Site) -> str:
    """An absence of the colleague's, from this day on; its number."""
    site.api("colleague")
    head, who = site.api("head"), site.house.staff["colleague"].id.hex()
    told = {"kind": "holiday", "first_day": site.house.clock.moment.date().isoformat()}
    head.post(f"/coaches/{who}/absences", json=told)  # refused where it is written down already
    [line] = [one for one in head.get("/coaches").json()["coaches"] if one["coach"] == who]
    found: str = line["absences"][0]["absence"]
    return found


def tabbed(page: Any, name: str, role: str = "button") -> None:
    """Go on with the Tab key until this is reached; whoever uses no mouse must get there."""
    wanted = page.get_by_role(role, name=name, exact=True)
    expect(wanted).to_be_visible()
    for _ in range(120):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by the keyboard")


def test_a_head_writes_down_an_absence_looks_and_hands_over_by_keyboard(site: Site) -> None:
    api, coach = site.api("head"), site.api("coach")
    colleague = site.house.staff["colleague"].id.hex()
    assert api.put(f"/coaches/{colleague}", json=FREE).status_code == 200
    case = site.house.open_case(coach)
    page = site.signed_in("head")
    tabbed(page, "Coachs", "link")
    page.keyboard.press("Enter")
    tabbed(page, "Coach", "link")
    page.keyboard.press("Enter")
    page.get_by_label("Dernier jour d'absence").focus()
    first = site.house.clock.moment.date()
    page.keyboard.type((first + timedelta(days=9)).strftime("%d%m%Y"))
    tabbed(page, "Enregistrer l'absence")
    page.keyboard.press("Enter")
    expect(page.get_by_text("L'absence est notée.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=case)).to_contain_text("serait transmis")
    assert findings(page) == []
    tabbed(page, "Transmettre 1 dossier")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Les dossiers sont transmis.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=case)).to_contain_text("Colleague")
    assert api.get(f"/cases/{case}/assignment").json()["coach"] == "Colleague"
    page.go_back()
    page.reload()
    assert api.get(f"/cases/{case}/assignment").json()["coach"] == "Colleague"
    page.goto(page.url.partition("?")[0])
    tabbed(page, "Mettre fin à l'absence et rendre les dossiers")
    page.keyboard.press("Enter")
    expect(page.get_by_text("L'absence a pris fin.")).to_be_visible()
    assert api.get(f"/cases/{case}/assignment").json()["coach"] == "Coach"


@pytest.mark.parametrize("scripts", [True, False])
def test_a_desk_looks_at_a_file_and_takes_it_in_by_keyboard(site: Site, tmp_path: Path, scripts: bool) -> None:
    file, mark = tmp_path / "semaine.csv", "S" if scripts else "N"
    file.write_bytes(csv(row(f"{mark}/1"), row(f"{mark}/2", notified_on="31.02.2026")))
    page = site.signed_in("desk", java_script_enabled=scripts)
    tabbed(page, "Enregistrer des ordres", "link") if scripts else page.goto(f"{site.base}/pages/casework/import")
    if scripts:
        page.keyboard.press("Enter")
    page.get_by_label("Fichier d'ordres").set_input_files(file)
    page.get_by_role("button", name="Parcourir le fichier").press("Enter")
    expect(page.get_by_text("Ce que les ordres deviendraient. Rien n'est encore enregistré.")).to_be_visible()
    line = page.get_by_role("row").filter(has_text="notified_on")
    expect(line).to_contain_text("un jour du calendrier est attendu")
    if scripts:
        assert page.evaluate("document.activeElement.matches('[data-focus]')"), "what came out is read first"
        assert findings(page) == []
        page.set_viewport_size({"width": 320, "height": 900})
        assert findings(page) == []
    page.get_by_role("button", name="Enregistrer ce qui peut l'être").press("Enter")
    expect(page.get_by_text("Ce que les ordres sont devenus")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="enregistré et trié")).to_have_count(1)
    assert NAME not in page.content()
    waiting = site.api("desk").get("/cases?limit=200").json()["cases"]
    count = len(waiting)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()  # sends the form again, as a browser does
    expect(page.get_by_role("row").filter(has_text="était déjà enregistré")).to_have_count(1)
    assert len(site.api("desk").get("/cases?limit=200").json()["cases"]) == count


def test_a_file_that_is_too_large_is_not_even_sent(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "grand.csv"
    file.write_bytes(b"x" * (1024 * 1024 + 1))
    page = site.signed_in("desk")
    page.goto(f"{site.base}/pages/casework/import")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.get_by_label("Fichier d'ordres").set_input_files(file)
    page.get_by_role("button", name="Parcourir le fichier").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("trop grand")
    assert "POST" not in sent
