"""What is typed and not saved outlives the vault's silence, the page and the session: sealed in the browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import expect

from gateway.settings import Settings
from tests.house import house_on
from tests.pages.browsing import Site, browsing, findings, served

pytestmark = pytest.mark.long

TYPED: Final = "Elle craint Oncle Baptiste, rue des Tilleuls-Inventés 14."
#: Everything that lies in the browser's stores, as text: what a thief of the disk could read.
_LYING: Final = """async () => {
    const come = (asked) => new Promise((done) => { asked.onsuccess = () => done(asked.result); });
    const base = await come(indexedDB.open("parefeu"));
    const all = await come(base.transaction("sealed").objectStore("sealed").getAll());
    base.close();
    const text = (bytes) => Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
    return all.map((one) => ({ ...one, iv: text(one.iv), data: text(one.data) }));
}"""


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("unsaved") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house, browsing(house) as site:
        site.hire("coach")  # who has a password from now on
        yield site


def a_case(site: Site) -> str:
    """One with its notice given, and nothing written yet."""
    return site.house.open_case(site.api("coach"))


def lying(page: Any) -> list[dict[str, Any]]:
    return page.evaluate(_LYING)  # type: ignore[no-any-return]


def write(page: Any, site: Site, case: str, text: str = TYPED) -> None:
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    page.get_by_label("Texte", exact=True).fill(text)


def shows(page: Any, text: str) -> None:
    expect(page.get_by_label("Texte", exact=True)).to_have_value(text, timeout=30_000)


def held(page: Any) -> None:
    page.get_by_text("gardé, scellé, dans ce navigateur").wait_for()


def test_without_a_network_it_is_kept_sealed_and_taken_over_by_another_page(site: Site) -> None:
    case = a_case(site)
    page = site.signed_in("coach")
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    page.context.set_offline(True)
    page.get_by_label("Texte", exact=True).fill(TYPED)
    held(page)
    [entry] = lying(page)
    assert len(entry["data"]) % 1024 == 16  # rounded up, and the tag: the length tells little
    told = repr(entry)
    assert not any(word in told for word in ("craint", "Baptiste", "Tilleuls", case))
    assert page.evaluate("document.querySelector('#work').dataset.seal") is None  # nor does the page show its key
    page.close(run_before_unload=False)

    context = page.context
    context.set_offline(False)
    page = context.new_page()
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    page.get_by_role("heading", name="Texte inachevé").wait_for()
    assert page.locator("#found-text").inner_text() == TYPED
    assert findings(page) == []
    page.get_by_role("button", name="Reprendre ce texte").press("Enter")
    shows(page, TYPED)
    page.locator("#found").wait_for(state="hidden")
    page.get_by_text("Brouillon gardé, scellé").wait_for()
    page.get_by_label("Texte", exact=True).fill("Elle va bien.")
    page.get_by_role("button", name="Enregistrer la note").click()
    page.get_by_text("La note est enregistrée").wait_for()
    page.wait_for_function(f"async () => (await ({_LYING})()).length === 0")  # saved: nothing is left to steal
    context.close()


def test_a_vault_that_is_killed_takes_nothing_with_it(site: Site) -> None:
    case = a_case(site)
    with served(site.house) as base:
        elsewhere = replace(site, base=base)
        page = elsewhere.signed_in("coach")
        write(page, elsewhere, case, "D'abord ceci.")
        page.get_by_text("Brouillon gardé, scellé").wait_for()
    page.get_by_label("Texte", exact=True).fill(TYPED)
    held(page)
    page.get_by_role("button", name="Enregistrer la note").click()  # and nobody answers
    page.wait_for_url(lambda url: url.startswith("chrome-error:"))
    with served(site.house, int(base.rpartition(":")[2])):
        page.goto(f"{base}/pages/casework/cases/{case}/notes/new")
        shows(page, "D'abord ceci.")  # what the vault has
        page.get_by_role("button", name="Reprendre ce texte").click()
        shows(page, TYPED)
        page.get_by_text("Brouillon gardé, scellé").wait_for()
    page.context.close()


def test_two_tabs_lose_neither_text(site: Site) -> None:
    case = a_case(site)
    first = site.signed_in("coach")
    second = first.context.new_page()
    for page in (first, second):
        page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    for page, text in ((first, "Le premier onglet."), (second, "Le second onglet.")):
        page.get_by_label("Texte", exact=True).fill(text)
        page.get_by_text("Brouillon gardé, scellé").wait_for()
    first.close()
    second.close()
    page = first.context.new_page()
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    shows(page, "Le second onglet.")
    page.get_by_role("heading", name="Texte inachevé").wait_for()
    page.get_by_role("button", name="Reprendre ce texte").click()
    shows(page, "Le premier onglet.")
    # And back, where that was the wrong choice.
    page.get_by_role("button", name="Reprendre ce texte").click()
    shows(page, "Le second onglet.")
    page.get_by_role("button", name="Jeter ce texte").click()
    page.locator("#found").wait_for(state="hidden")
    page.context.close()


def test_whoever_signs_out_leaves_only_what_the_vault_lacks_and_nobody_else_can_open_it(site: Site) -> None:
    kept, unkept = a_case(site), a_case(site)
    page = site.signed_in("coach")
    write(page, site, kept)
    page.get_by_text("Brouillon gardé, scellé").wait_for()
    page.goto(f"{site.base}/pages/casework/cases/{unkept}/notes/new")
    page.route("**/draft", lambda route: route.abort())
    page.get_by_label("Texte", exact=True).fill(TYPED)
    held(page)
    assert len(lying(page)) == 2
    page.get_by_role("button", name="Se déconnecter").click()
    page.get_by_label("Mot de passe").wait_for()
    assert [entry["kept"] for entry in lying(page)] == [False]

    page.unroute("**/draft")
    page.context.clear_cookies()  # another coach of the region, at the same desk
    if "colleague" not in site.house.staff:
        site.hire("colleague")
    page.goto(f"{site.base}/pages/casework/sign-in")
    site.sign_in(page, "colleague")
    other = site.house.open_case(site.api("colleague"))
    page.goto(f"{site.base}/pages/casework/cases/{other}/notes/new")
    page.get_by_label("Texte", exact=True).wait_for()
    page.get_by_label("Texte", exact=True).fill("Une autre note.")
    page.get_by_text("Brouillon gardé, scellé").wait_for()
    page.locator("#found").wait_for(state="hidden")
    page.context.close()


def test_what_arrives_after_the_note_was_saved_is_none_and_another_tab_goes_on(site: Site) -> None:
    """The draft that the browser sent last may come in after the note itself, on another connection."""
    case = a_case(site)
    first = site.signed_in("coach")
    second = first.context.new_page()
    place = f"{site.base}/pages/casework/cases/{case}/notes/new"
    for page in (first, second):
        page.goto(place)
    with first.expect_request("**/draft") as late:
        first.get_by_label("Texte", exact=True).fill("Rien de nouveau cette semaine.")
    first.get_by_text("Brouillon gardé, scellé").wait_for()
    first.get_by_role("button", name="Enregistrer la note").click()
    first.get_by_text("Note enregistrée").or_(first.locator("[data-done]")).first.wait_for()
    again = first.request.post(
        late.value.url, data=late.value.post_data, max_redirects=0,
        headers={"content-type": "application/x-www-form-urlencoded", "origin": site.base},
    )  # fmt: skip
    assert again.status == 409
    # The other tab's page is older than that note, and still open: its words are another note.
    second.get_by_label("Texte", exact=True).fill("Une seconde note.")
    second.get_by_text("Brouillon gardé, scellé").wait_for()
    page = first.context.new_page()
    page.goto(place)
    shows(page, "Une seconde note.")
    page.context.close()
