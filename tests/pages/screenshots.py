"""Writes docs/screenshots/ from the demo, on a Wednesday morning: `./run python -m tests.pages.screenshots`.

All people in it are the demo's invented ones. The clock is the pictures' own, so that the desk is open on whatever day
they are taken.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from gateway.cli.home import Hooks, settings_of
from gateway.demo import orders
from gateway.demo.people import BY_LOGIN, token_for
from gateway.demo.setup import Demo, prepare
from gateway.log.running import announce
from gateway.pages.site import door_path
from tests.house import Caller, House, MovableClock, house_on, prefix_of
from tests.log.test_keeper import keeper_of, let_go
from tests.pages.browsing import Site, browsing
from tests.unit.crypto.kit import WeakFileRoot
from vault.usecases import sign_in
from vault.usecases.sweep import swept_through
from vault.vocabulary import CASEWORK

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
#: Eight in Brussels, an hour before the desks open; and when the pictures are taken.
MORNING: Final = datetime(2026, 11, 25, 7, tzinfo=UTC)
TAKEN_AT: Final = MORNING + timedelta(hours=2, minutes=20)
TEXT = "Mme Salima Tessaoui est venue avec son frère Mamadou Bah, NISS 93.05.18-223.61. Elle loge chez Fatou, à Gand."
#: Whose pages, and each picture's path there. `…` stands for what `_Scene` made.
PAGES: Final[dict[str, dict[str, str]]] = {
    "": {"public-start": "/pages/", "who-sees-what": "/pages/who-sees-what", "public-leaflet": "/pages/leaflet"},
    "amina": {
        "coach-home": "/", "coach-calendar": "/calendar", "coach-case": "/cases/{case}",
    },
    "claire": {"coach-referral": "/cases/{referred}/referrals"},
    "nele": {"desk-home": "/", "desk-day": "/day"},
    "hugo": {"head-home": "/", "head-request": "/requests/{request}", "head-figures": "/figures"},
    "frank": {"follow-up-home": "/", "follow-up-sheets": "/sheets"},
    "cari": {"partner-home": "/", "partner-referral": "/referrals/{release}"},
    "odile": {
        "auditor-log": "/", "auditor-review": "/reviews/{review}", "auditor-integrity": "/log-state",
        "auditor-figures": "/log-figures",
    },
    "dora": {"dpo-requests": "/requests"},
    "otto": {"operator-home": "/"},
}  # fmt: skip


#: Pages whose point lies below the first screen.
WHOLE: Final = frozenset({"operator-home", "desk-day"})


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        hooks = Hooks(root=WeakFileRoot, clock=MovableClock(MORNING))
        demo = prepare(home, hooks, lambda *_: None)
        with house_on(settings_of(home)) as house, browsing(house) as site:
            house.clock.moment = TAKEN_AT
            _take(site, demo)
    return 0


def _take(site: Site, demo: Demo) -> None:
    places = _scene(site.house, demo)
    for login, pictures in PAGES.items():
        page, door = _page_of(site, demo, login)
        for name, path in pictures.items():
            page.goto(f"{site.base}{door}{path.format(**places)}")
            page.screenshot(path=FOLDER / f"{name}.png", full_page=name in WHOLE)
        if login == "amina":
            _note(page, f"{site.base}{door}/cases/{places['case']}")
        if login == "nele":
            _orders(page, f"{site.base}{door}/import", site.house.settings.home / orders.FOLDER / orders.EXAMPLE_FILE)
        page.context.close()


def _note(page: Page, case: str) -> None:
    """A note that waits for the coach's decisions."""
    page.goto(f"{case}/notes/new")
    page.get_by_label("Texte", exact=True).fill(TEXT)
    page.get_by_role("button", name="Parcourir d'abord").click()
    page.locator("#review").scroll_into_view_if_needed()
    page.screenshot(path=FOLDER / "note-review.png")


def _orders(page: Page, address: str, file: Path) -> None:
    """What would become of the orders of the demo's file."""
    page.goto(address)
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Parcourir le fichier").click()
    page.get_by_role("button", name="Enregistrer ce qui peut l'être").wait_for()
    page.screenshot(path=FOLDER / "desk-orders.png")


def _page_of(site: Site, demo: Demo, login: str) -> tuple[Page, str]:
    """A page of somebody of the demo who has signed in, and their zone's path; of nobody for ""."""
    page = site.page()
    if not login:
        return page, ""
    house, member = site.house, BY_LOGIN[login]
    door = door_path(member.zone)
    page.goto(f"{site.base}{door}/sign-in")
    page.fill("[name=login]", login)
    page.fill("[name=password]", demo.password)
    service = house.services.sign_in[member.zone]
    row = house.services.worker.run(member.zone, lambda uow: uow.staff.by_login(member.zone, login))
    secret = service.totp_secret(row.id, row.totp_generation)
    page.fill("[name=code]", sign_in.totp(secret, int(house.clock.moment.timestamp()) // 30))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page, door


def _scene(house: House, demo: Demo) -> dict[str, str]:
    """Beside what the demo holds: somebody has come, follow-up asks, oversight looks into a look, the log is whole."""
    announce(house.services)
    desk, auditor = _caller(house, "nele"), _caller(house, "odile")
    case = next(one for one in demo.cases if one.slug == "family_brussels")
    for code in ("brussels-1", "brussels-2"):
        for row in desk.get(f"/desks/{code}/day?day={MORNING.date()}").json()["appointments"]:
            if row["starts_at"][11:16] == "09:00":
                path = f"/cases/{row['reference']}/appointments/{row['appointment']}/attendance"
                _sent(desk, path, {"status": "attended", "company": []})
    ask = {
        "about": {"by": "ov_number", "value": "8.960.231"}, "fields": ["family_name", "procedure_pending"],
        "basis": "oqt_execution", "reason": "Identité à confirmer avant la réservation d'un vol", "hours": 24,
    }  # fmt: skip
    request = _sent(_caller(house, "frank"), "/access-requests", ask)["request"]
    _caller(house, "hugo").get("/access-requests")
    _caller(house, "amina").get(f"/cases/{case.reference}/identity")
    [look] = auditor.get("/entries?kind=identity&action=read&limit=1").json()["entries"]
    body = {"entry": look["entry"], "origin": "by_hand", "reason": "Avant l'ouverture du guichet."}
    review = _sent(auditor, "/reviews", body)["review"]
    question = {"based_on": 1, "move": "ask", "reason": "Pourquoi à cette heure ?", "asks": "why_then"}
    _sent(auditor, f"/reviews/{review}/notes", question)
    _keep_the_log(house)
    referred = demo.of_path("referred")
    return {"case": case.reference, "referred": referred.reference, "release": referred.release,
            "request": str(request), "review": str(review)}  # fmt: skip


def _keep_the_log(house: House) -> None:
    """Everything is in the tree and signed, and casework has swept: what a server would have done meanwhile."""
    house.services.worker.run(CASEWORK, lambda uow: swept_through(uow, 0))
    keeper = keeper_of(house, exclusive=house.services.exclusive)
    keeper.turn()
    keeper.show()
    let_go(keeper)


def _caller(house: House, login: str) -> Caller:
    token = token_for(house.services, login, timedelta(hours=1))
    return Caller(house.app, token, prefix_of(BY_LOGIN[login].zone))


def _sent(who: Caller, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = who.post(path, json=body)
    assert reply.status_code in (200, 201), reply.text
    told: dict[str, Any] = reply.json()
    return told


if __name__ == "__main__":
    sys.exit(main())
