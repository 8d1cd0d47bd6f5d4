"""Writes docs/screenshots/ from a house with invented people: `./run python -m tests.pages.screenshots`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from gateway.settings import Settings
from tests.house import house_on, migrated_template
from tests.pages.browsing import Site, browsing

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
TEXT = "Mme Aminata Diallo est venue avec son frère Mamadou Bah, NISS 93.05.18-223.61. Elle loge chez Fatou, à Gand."


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=migrated_template(Path(folder) / "home").absolute())
        with house_on(settings) as house, browsing(house) as site:
            _take(site)
    return 0


def _take(site: Site) -> None:
    page = site.signed_in("coach")
    others = {login: site.signed_in(login) for login in ("head", "desk", "officer", "caritas", "auditor")}
    coach, head = site.api("coach"), site.api("head")
    house = site.house
    handed = house.open_case(coach, ov_number="8123459")
    house.hand_over(coach, head, handed)
    house.refer(coach, house.open_case(coach, ov_number="8123458"))
    case = house.open_case(coach)
    house.write_note(coach, case)
    place = f"{site.base}/pages/casework/cases/{case}"
    for name, address in {
        "public-start": f"{site.base}/pages/", "who-sees-what": f"{site.base}/pages/who-sees-what",
        "coach-home": f"{site.base}/pages/casework/", "coach-case": place,
    }.items():  # fmt: skip
        page.goto(address)
        page.screenshot(path=FOLDER / f"{name}.png")
    page.goto(f"{place}/notes/new")
    page.get_by_label("Texte", exact=True).fill(TEXT)
    page.get_by_role("button", name="Parcourir d'abord").click()
    page.locator("#review").scroll_into_view_if_needed()
    page.screenshot(path=FOLDER / "note-review.png")
    for login, name in {
        "head": "head-home", "desk": "desk-home", "officer": "follow-up-home", "caritas": "partner-home",
        "auditor": "auditor-log",
    }.items():  # fmt: skip
        others[login].reload()
        others[login].screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
