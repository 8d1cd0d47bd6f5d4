"""The pages in a real browser: by keyboard, without scripts, two at once, in another language, after a time-out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from gateway.pages import catalogs
from gateway.settings import Settings
from tests import excepted
from tests.house import house_on
from tests.pages.browsing import PASSWORD, Site, browsing, findings

pytestmark = pytest.mark.long

CONFIDED = "Mme Aminata Diallo est venue avec son frère Mamadou Bah, NISS 93.05.18-223.61. Elle va bien."


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("pages") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house, browsing(house) as site:
        yield site


@pytest.fixture(scope="module")
def case(site: Site) -> str:
    site.hire("coach")
    return site.house.open_case(site.api("coach"))


def noted(site: Site, case: str) -> str:
    return site.house.write_note(site.api("coach"), case)


def test_a_coach_opens_a_case_gives_the_notice_and_writes_a_note_by_keyboard(site: Site) -> None:
    page = site.signed_in("coach")
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Ouvrir un dossier").press("Enter")
    page.get_by_label("Prénoms").focus()
    page.keyboard.type("Aminata")
    page.get_by_label("Nom de famille").focus()
    page.keyboard.type("Diallo")
    page.keyboard.press("Enter")
    page.get_by_text("Le dossier est ouvert").wait_for()
    expect(page.locator("[data-done]")).to_be_focused()
    assert "Diallo" not in page.content(), "names are hidden until somebody looks"
    page.get_by_role("link", name="Donner l'information sur la vie privée").first.press("Enter")
    page.locator("#language").select_option("fr")
    page.get_by_label("Version du dépliant").focus()
    page.keyboard.type("2026-1")
    page.keyboard.press("Enter")
    page.get_by_text("L'étape est notée").wait_for()
    page.keyboard.press("n")
    page.get_by_role("heading", name="Écrire une note").wait_for()
    page.get_by_label("Texte", exact=True).fill(CONFIDED)
    page.get_by_label("Texte", exact=True).press("Control+Enter")
    page.wait_for_load_state()
    for box in page.locator("input[value=replace]:not(:checked)").all():
        box.check()
    if page.locator("#review").count():
        page.get_by_role("button", name="Enregistrer la note").press("Enter")
    page.get_by_text("La note est enregistrée").wait_for()
    shown = page.locator(".p-note").inner_text()
    assert "[PERSONNE-1]" in shown
    assert not re.search("Diallo|Mamadou|93.05", shown)
    assert "Diallo" not in page.url
    assert "Diallo" not in page.title()


def test_the_keyboard_stands_where_a_form_goes_on(site: Site, case: str) -> None:
    page = site.signed_in("coach")
    page.goto(f"{site.base}/pages/casework/open")
    page.get_by_role("button", name="Ajouter une personne").press("Enter")
    expect(page.locator("#people-1-given_names")).to_be_focused()
    page.locator("#people-0-national_number").fill("93.05.18-223.60")
    page.get_by_role("button", name="Ouvrir un dossier").press("Enter")
    told = page.locator(".govuk-error-summary li")
    expect(told).to_contain_text(["Prénoms (Personne 1)", "Nom de famille (Personne 1)"])
    page.locator("#people-0-given_names").fill("Moussa")
    page.locator("#people-0-family_name").fill("Imaginaire")
    page.get_by_role("button", name="Ouvrir un dossier").press("Enter")
    expect(told).to_contain_text(["Les chiffres de ce numéro ne concordent pas"])
    page.goto(f"{site.base}/pages/casework/cases/{case}/appointments/new")
    page.locator("#desk").select_option("brussels-1")
    page.get_by_role("button", name="Voir ce qui s'y oppose").press("Enter")
    expect(page.locator("#despite-box")).to_be_focused()


def test_no_key_of_a_case_runs_into_its_value(site: Site, case: str) -> None:
    """A narrow column gives the longest word the room that it needs, in each language."""
    page = site.signed_in("coach")
    for language in catalogs.LANGUAGES:
        site.speak(page, language)
        page.goto(f"{site.base}/pages/casework/cases/{case}")
        cramped = page.locator("aside dt").evaluate_all(
            "all => all.filter((one) => one.scrollWidth > one.clientWidth).length"
        )
        assert cramped == 0, language


def test_a_look_shows_each_place_and_what_is_left_stays(site: Site, case: str) -> None:
    coach = site.signed_in("coach")  # other tests move the clock past the end of sessions
    coach.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    coach.get_by_label("Texte", exact=True).fill(CONFIDED)
    coach.get_by_role("button", name="Parcourir d'abord").click()
    review = coach.locator("#review")
    expect(review).to_be_focused()
    assert review.locator("mark").filter(has_text="Mamadou Bah").count() == 1
    assert findings(coach) == []
    brother = review.get_by_role("group", name="Mamadou Bah")
    brother.get_by_label("Laisser tel quel").check()
    coach.get_by_role("button", name="Enregistrer la note").click()
    coach.get_by_text("La note est enregistrée").wait_for()
    shown = coach.locator(".p-note").inner_text()
    assert "Mamadou Bah" in shown
    assert "Diallo" not in shown


def test_the_browser_reports_nothing_under_the_pages_own_policy(site: Site, case: str) -> None:
    """As above, but with the policy in force: nothing inline, nothing of another host."""
    page = site.signed_in("coach")
    site.heard.clear()
    for path in ("/", "/cases", "/open", f"/cases/{case}", f"/cases/{case}/notes/new"):
        page.goto(f"{site.base}/pages/casework{path}")
    page.goto(f"{site.base}/pages/casework/cases/{case}")
    page.get_by_role("button", name="Montrer les noms").click()
    page.get_by_text("Aminata").first.wait_for()
    assert site.heard == []
    assert page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0


def test_everything_is_saved_without_scripts(site: Site, case: str) -> None:
    page = site.signed_in("coach", java_script_enabled=False)
    page.goto(f"{site.base}/pages/casework/cases/{case}/tasks/new")
    page.get_by_label("Ce qui est à faire").fill("Rappeler l'école")
    page.get_by_role("button", name="Enregistrer la tâche").click()
    assert page.get_by_text("La tâche est enregistrée").count() == 1
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    page.get_by_label("Texte", exact=True).fill("Elle va bien.")
    page.get_by_role("button", name="Enregistrer la note").click()
    assert page.get_by_text("La note est enregistrée").count() == 1


def test_a_letter_is_written_printed_and_saved_as_pdf_by_keyboard(site: Site, case: str) -> None:
    page = site.signed_in("coach")
    page.goto(f"{site.base}/pages/casework/cases/{case}")
    page.get_by_role("link", name="Lettres").press("Enter")
    page.get_by_role("link", name="Lettre sur les conséquences").first.press("Enter")
    page.get_by_label("Motif").select_option("no_show")
    page.get_by_label("Lieu").fill("rue des Tilleuls-Inventés 14")
    page.get_by_label("Lieu").press("Enter")
    page.get_by_text("Il y a un problème").wait_for()
    assert page.get_by_label("Lieu").input_value() == "rue des Tilleuls-Inventés 14"
    page.get_by_label("Comment la personne joint le service").fill("02 000 00 00")
    page.get_by_label("Nederlands").or_(page.get_by_label("Néerlandais")).check()
    page.keyboard.press("Control+Enter")
    page.get_by_text("La lettre est écrite").wait_for()
    assert page.locator(".letter").count() == 2
    assert "Geachte mevrouw" in page.locator(".letter[lang=nl]").inner_text()
    page.emulate_media(media="print")
    assert not page.get_by_role("link", name="Enregistrer en PDF").is_visible()
    assert page.locator(".letter[lang=fr]").is_visible()
    page.emulate_media(media="screen")
    assert page.get_by_role("button", name="Imprimer").is_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Enregistrer en PDF").press("Enter")
    assert re.fullmatch(r"consequences-\d{4}-\d\d-\d\d\.pdf", saved.value.suggested_filename)
    assert Path(saved.value.path()).read_bytes().startswith(b"%PDF-")
    assert "Diallo" not in page.title() + page.url


def test_an_auditor_finds_asks_and_decides_by_keyboard_and_another_signs(site: Site, case: str) -> None:
    site.hire("auditor", "dpo")
    site.api("coach").get(f"/cases/{case}/identity")
    page = site.signed_in("auditor")
    page.get_by_label("Sur quoi").select_option("identity")
    page.get_by_role("button", name="Filtrer").press("Enter")
    page.locator("tbody th a").first.press("Enter")
    page.get_by_role("link", name="Ouvrir un examen").press("Enter")
    page.get_by_label("Ce qui vous frappe").fill("Pas un jour de travail.")
    page.get_by_label("Ce qui vous frappe").press("Control+Enter")
    page.get_by_text("L'examen est ouvert").wait_for()
    page.get_by_label("Question", exact=True).select_option("why_then")
    page.get_by_label("Ce que vous voulez savoir").fill("Un dimanche ?")
    page.get_by_role("button", name="Demander").press("Enter")
    page.get_by_text("Votre question est notée").wait_for()
    page.get_by_label("Appréciation").select_option("appropriate")
    page.get_by_label("Parce que").select_option("case_work")
    page.get_by_label("Motivation").fill("Un appel de l'hôpital.")
    page.get_by_role("button", name="Enregistrer la décision").press("Enter")
    page.get_by_text("quelqu'un d'autre doit signer").wait_for()
    assert page.get_by_role("button", name="Signer").count() == 0
    review = page.url.partition("?")[0]
    page.context.close()
    page = site.signed_in("dpo")
    page.goto(review)
    page.get_by_role("button", name="Signer").press("Enter")
    page.get_by_role("button", name="Clore l'examen").press("Enter")
    page.get_by_text("L'examen est clos").wait_for()


def test_another_language_keeps_page_and_typed_text(site: Site, case: str) -> None:
    page = site.signed_in("coach")
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/new")
    page.get_by_label("Texte", exact=True).fill("Pas encore enregistré.")
    page.get_by_role("button", name="Nederlands").click()
    page.get_by_role("heading", name="Een nota schrijven").wait_for()
    assert page.get_by_label("Tekst", exact=True).input_value().strip() == "Pas encore enregistré."


def test_two_who_edit_the_same_note_see_both_texts(site: Site, case: str) -> None:
    note = noted(site, case)
    path = f"{site.base}/pages/casework/cases/{case}/notes/{note}/edit"
    first, second = site.signed_in("coach"), site.signed_in("coach")
    for page in (first, second):
        page.goto(path)
    first.get_by_label("Texte", exact=True).fill("La première version va bien.")
    first.get_by_role("button", name="Enregistrer la note").click()
    first.get_by_text("La note est enregistrée").wait_for()
    second.get_by_label("Texte", exact=True).fill("La seconde version va mieux.")
    second.get_by_role("button", name="Enregistrer la note").click()
    second.get_by_role("heading", name="Enregistré entre-temps").wait_for()
    assert "La première version" in second.locator(".p-both").inner_text()
    assert "La seconde version" in second.get_by_label("Texte", exact=True).input_value()


def test_what_was_typed_survives_the_end_of_the_session(site: Site, case: str) -> None:
    page = site.signed_in("coach")
    page.goto(f"{site.base}/pages/casework/cases/{case}/tasks/new")
    page.get_by_label("Ce qui est à faire").fill("Ne pas perdre ceci")
    site.house.clock.move(hours=13)
    page.get_by_role("button", name="Enregistrer la tâche").click()
    page.get_by_label("Mot de passe").wait_for()
    assert PASSWORD not in page.content()
    site.sign_in(page, "coach") if "/sign-in" in page.url else _again(site, page)
    page.get_by_role("button", name="Retour à ce que j'ai écrit").click()
    assert page.get_by_label("Ce qui est à faire").input_value() == "Ne pas perdre ceci"


def _again(site: Site, page: Any) -> None:
    site.house.clock.move(seconds=31)
    page.get_by_label("Votre nom de connexion").fill("coach")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_label("Code à six chiffres").fill(site.house.code("coach"))
    page.keyboard.press("Enter")
    page.get_by_text("Vous êtes de nouveau connecté").wait_for()


def test_a_foreign_and_an_unknown_case_look_alike(site: Site) -> None:
    far = site.house.open_case(site.api("far_coach"), region="liege", ov_number="8123458")
    page = site.signed_in("coach")
    seen = []
    for case in (far, "C-0000-0000-0000-0000-0000-0000-0000-00"):
        reply = page.goto(f"{site.base}/pages/casework/cases/{case}")
        assert reply is not None
        seen.append((page.locator("main").inner_text() if case == far else "", reply.status))
    assert seen[0][1] == 404
    assert "Diallo" not in page.content()


def test_a_form_without_its_sessions_token_changes_nothing(site: Site, case: str) -> None:
    page = site.signed_in("coach")
    page.goto(f"{site.base}/pages/casework/cases/{case}/tasks/new")
    page.evaluate("document.querySelector('#work [name=_token]').value = '0'.repeat(64)")
    page.get_by_label("Ce qui est à faire").fill("Glissé par un autre site")
    page.get_by_role("button", name="Enregistrer la tâche").click()
    page.get_by_text("session antérieure").wait_for()
    assert page.get_by_label("Ce qui est à faire").input_value() == "Glissé par un autre site"
    page.goto(f"{site.base}/pages/casework/cases/{case}")
    assert "Glissé" not in page.content()


def test_a_session_of_one_zone_opens_no_page_of_another(site: Site, case: str) -> None:
    page = site.signed_in("officer")
    page.goto(f"{site.base}/pages/casework/cases/{case}")
    assert "/pages/casework/sign-in" in page.url


def test_follow_up_asks_by_keyboard_and_two_functions_let_it_go(site: Site, case: str) -> None:
    assert case  # its coach is signed in
    site.house.open_case(site.api("coach"), ov_number="7600001")
    officer = site.signed_in("officer")
    officer.get_by_role("button", name="Demander un accès").press("Enter")
    officer.get_by_label("Numéro OE/SP").check()
    officer.get_by_label("Le numéro").focus()
    officer.keyboard.type("7.600.001")
    officer.get_by_label("Nom de famille").press("Space")
    officer.get_by_label("Base légale").select_option("oqt_execution")
    officer.get_by_label("Motif").fill("Pour réserver un vol")
    officer.get_by_label("Pour combien d'heures").focus()
    officer.keyboard.type("4")
    officer.keyboard.press("Enter")
    officer.get_by_text("Votre demande est introduite").wait_for()
    number = officer.url.rpartition("/")[2].partition("?")[0]
    for login in ("dpo", "head"):
        page = site.signed_in(login)
        page.get_by_role("link", name="Demandes d'accès").press("Enter")
        page.get_by_role("link", name=re.compile(number[:8])).press("Enter")
        page.get_by_label("Nom de famille").press("Space")
        page.get_by_role("button", name="Approuver ces données").press("Enter")
        page.get_by_text("Votre réponse est notée").wait_for()
        assert "Diallo" not in page.content()
    page.get_by_role("button", name="Les laisser partir").press("Enter")
    page.get_by_text("Les données approuvées sont parties").wait_for()
    officer.goto(f"{site.base}/pages/follow-up/")
    officer.get_by_role("link", name=re.compile(number[:8])).press("Enter")
    assert "Diallo" not in officer.content(), "shown after a click"
    officer.get_by_role("button", name="Montrer ce qui est accordé").press("Enter")
    officer.get_by_text("Diallo").first.wait_for()
    assert findings(officer) == []


def filed_by_keyboard(site: Site, case: str) -> tuple[Any, str]:
    """A lawful exception with a single fact, after a form that was refused; the coach's page and the number."""
    fact = excepted.fact_of(site.house, case) if site.api("coach") else ""
    coach = site.signed_in("coach")
    coach.goto(f"{site.base}/pages/casework/cases/{case}")
    coach.get_by_role("link", name="Exceptions légales", exact=True).press("Enter")
    coach.get_by_role("link", name="Introduire une exception").press("Enter")
    coach.get_by_label("Motif, sans noms").fill("Ordonnance du juge d'instruction du 2 novembre")
    coach.get_by_label("Pour combien d'heures").fill("24")
    coach.get_by_role("button", name="L'introduire").press("Enter")
    coach.get_by_role("heading", name="Il y a un problème").wait_for()
    coach.get_by_role("link", name=re.compile("Ce qui peut partir")).press("Enter")
    assert coach.evaluate("document.activeElement.id") == "items", "the summary leads to what is wrong"
    assert coach.get_by_label("Motif, sans noms").input_value().startswith("Ordonnance"), "what was typed is there"
    coach.get_by_label("À qui, et sur quelle base").select_option("court_order/partner:fedasil")
    coach.get_by_label("Nom de famille", exact=True).press("Space")
    coach.get_by_role("button", name="Montrer les faits isolés").press("Enter")
    coach.locator(f"[value='sensitive_fact:{fact}']").press("Space")
    assert coach.get_by_label("Nom de famille", exact=True).is_checked()
    assert findings(coach) == []
    coach.get_by_label("Pour combien d'heures").press("Enter")
    coach.get_by_text("L'exception est introduite").wait_for()
    assert findings(coach) == []
    site.api("coach")
    number = next(line["request"] for line in excepted.lines(site.house, case) if line["standing"] == "open")
    return coach, number


def test_a_lawful_exception_goes_its_whole_way_by_keyboard_across_four_roles(site: Site, case: str) -> None:
    """The signatures are made with key files, as on the command line; with passkeys: `test_passkeys_in_browser`."""
    coach, number = filed_by_keyboard(site, case)
    site.hire("dpo", "head")
    for login in ("dpo", "head"):
        site.api(login)
        assert excepted.sign_for(site.house, number, login).status_code == 201
    head = site.signed_in("head")
    head.get_by_role("link", name="Demandes d'accès").press("Enter")
    head.get_by_role("link", name=re.compile(number[:8])).press("Enter")
    head.get_by_role("link", name=re.compile("envoyez les éléments")).press("Enter")
    head.get_by_role("button", name="Les transmettre").press("Enter")
    head.locator("[data-done=disclosed]").wait_for()
    dpo = site.signed_in("dpo")
    dpo.get_by_role("link", name="Demandes d'accès").press("Enter")
    dpo.get_by_role("link", name=re.compile(number[:8])).press("Enter")
    dpo.get_by_role("button", name="J'en ai pris acte").press("Enter")
    dpo.locator("[data-done=acknowledged]").wait_for()
    court = site.signed_in("fedasil")
    court.get_by_role("link", name="Reçu en vertu de la loi").press("Enter")
    court.locator("main ul a").first.press("Enter")
    assert "Diallo" not in court.content(), "shown after a click"
    court.get_by_role("button", name="L'ouvrir").press("Enter")
    court.get_by_text("Diallo").first.wait_for()
    assert court.get_by_role("cell", name="Grossesse").count() == 1
    assert findings(court) == []
    coach.goto(f"{site.base}/pages/casework/cases/{case}/exceptions")
    if "/sign-in" in coach.url:
        site.sign_in(coach, "coach")
        coach.goto(f"{site.base}/pages/casework/cases/{case}/exceptions")
    coach.locator(f"a[href$='{number}/told']").press("Enter")
    coach.get_by_role("button", name="Noter que la personne a été informée").press("Enter")
    coach.locator("[data-done=exception_told]").wait_for()
    dpo = site.signed_in("dpo")
    dpo.goto(f"{site.base}/pages/oversight/requests/{number}")
    dpo.get_by_role("link", name=re.compile("reprenez-le")).press("Enter")
    dpo.locator("#cause").select_option("misused")
    dpo.locator("[value=take_back]").press("Enter")
    dpo.locator("[data-done=exception_taken_back]").wait_for()
    assert findings(dpo) == []
    court.reload()
    court.goto(f"{site.base}/pages/partner/fedasil/disclosures")
    assert "Retirée" in court.locator("main").inner_text()
    assert findings(court) == []


def test_a_note_says_of_which_case_it_is_also_on_paper(site: Site, case: str) -> None:
    """Of two windows with two cases, and of two sheets on a desk, one must know which is which."""
    note = noted(site, case)
    page = site.signed_in("coach")
    for path in (f"notes/{note}", f"notes/{note}/edit", "notes/new"):
        page.goto(f"{site.base}/pages/casework/cases/{case}/{path}")
        expect(page.get_by_role("main").get_by_text(case, exact=True)).to_be_visible()
    page.goto(f"{site.base}/pages/casework/cases/{case}/notes/{note}")
    page.emulate_media(media="print")
    expect(page.get_by_role("main").get_by_text(case, exact=True)).to_be_visible()
    expect(page.get_by_text("Rétablir les noms").first).to_be_hidden()
    page.goto(f"{site.base}/pages/casework/cases/{case}")
    printed = page.evaluate(
        "[...document.querySelectorAll('main a')].filter((a) => a.checkVisibility())"
        ".map((a) => getComputedStyle(a, '::after').content)"
    )
    assert set(printed) == {"none"}, "addresses are of no use on paper"
    page.context.close()
