"""Every page as the accessibility checker sees it: in four languages, on a wide and on a narrow screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, ViewportSize

from gateway.pages import catalogs
from gateway.settings import Settings
from tests import emergencies, erasures, excepted, samples
from tests.asked import ask, opened, taken
from tests.house import house_on
from tests.pages.browsing import OF_LAYOUT, TAGS, Site, browsing, findings
from tests.pages.test_head_in_browser import absent
from tests.recorded import CONSEQUENCES, compose

pytestmark = pytest.mark.long

WIDTHS: Final = (1280, 320)
#: Whose pages are looked at; "" for pages that nobody signs in for.
LOGINS: Final = ("", "coach", "head", "desk", "auditor", "caritas", "fedasil", "officer", "operator", "dpo")


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("accessible") / "home"
    shutil.copytree(sqlite_template, home)
    with house_on(Settings(home=home)) as house, browsing(house) as site:
        site.hire("coach")
        yield site


def requested(site: Site) -> str:
    """A request for access, before its approvers and asked back."""
    site.hire("officer", "head", "dpo")
    for login in ("officer", "head", "dpo"):
        site.api(login)
    asked = ask(site.house, "officer", about={"by": "ov_number", "value": "9999999"})
    taken(site.house, asked)
    reply = site.house.client("dpo").post(f"/access-requests/{asked}/question", json={"based_on": 1, "question": "why"})
    assert reply.status_code == 201, reply.text
    return asked


def referred(site: Site, case: str) -> tuple[str, str, str, str]:
    """A referral that waits for the person, one that a partner answered, the answer, and one that was taken back."""
    coach, agent = site.api("coach"), site.api("caritas")
    waiting, sent, ended = site.house.propose(coach, case), *(site.house.consent(coach, case) for _ in range(2))
    release, over = site.house.send(coach, case, sent), site.house.send(coach, case, ended)
    site.house.answer(agent, release, "Mme Diallo peut venir.", "answered")
    site.house.withdraw(coach, case, ended)
    [answer] = [line["answer"] for line in site.house.waiting(coach) if line["referral"] == sent]
    return waiting, f"{sent}/answers/{answer}", release, over


def excepted_by(site: Site, case: str) -> tuple[str, str]:
    """A lawful exception that left, and one that was taken back; the numbers of the first's request and copy."""
    site.hire("dpo", "head", "fedasil")
    for login in ("coach", "dpo", "head"):
        site.api(login)
    _, over = excepted.disclosed(site.house, case)
    excepted.revoke(site.house, over)
    return excepted.disclosed(site.house, case)


def expected(site: Site, case: str) -> None:
    """An interview by telephone in a month, with an interpreter; others of the same hour do not matter."""
    day = (site.house.clock.moment + timedelta(days=30)).date().isoformat()
    body = {"occasion": "interview", "starts_at": f"{day}T10:00", "channel": "telephone", "language": "fr",
            "interpreting": "ti", "despite_clashes": True}  # fmt: skip
    reply = site.api("coach").post(f"/cases/{case}/appointments", json=body)
    assert reply.status_code == 201, reply.text


def held(site: Site) -> str:
    """A ceremony that was opened; its number."""
    site.hire("officer", "head", "dpo")
    return opened(site.house, ov_number="8123499")


def examined(site: Site, case: str) -> tuple[str, list[str], str]:
    """A question to the coach, the auditor's pages with something on each, and an emergency that waits."""
    site.hire("auditor", "colleague")
    coach, auditor = site.api("coach"), site.api("auditor")
    coach.get(f"/cases/{case}/identity")
    [look] = auditor.get("/entries?kind=identity&action=read&limit=1").json()["entries"]
    body = {"entry": look["entry"], "origin": "by_hand", "reason": "La nuit."}
    review = auditor.post("/reviews", json=body).json()["review"]
    ask = {"based_on": 1, "move": "ask", "reason": "Pourquoi ?", "asks": "why_then"}
    question = auditor.post(f"/reviews/{review}/notes", json=ask).json()["entry"]
    site.api("colleague")
    emergency = emergencies.ask(site.house, case)
    pages = ["/unexplained", "/findings", "/samples", "/reviews", f"/reviews/{review}", f"/entries/{look['entry']}",
             f"/reviews/new?entry={look['entry']}", "/log-state", "/evidence", "/emergencies", "/ceremonies?all=1",
             f"/ceremonies/{held(site)}", "/log-figures", "/log-figures?from=2020-01-01"]  # fmt: skip
    return question, pages, emergency


def closed(site: Site) -> tuple[str, str, str, str]:
    """A closed case, one that something holds, one that is asked to be erased, and the request's number."""
    site.hire("head", "dpo")
    free, held, asked = (erasures.full_case(site.house) for _ in range(3))
    site.house.refer(site.api("coach"), held)
    for case in (free, held, asked):
        reply = site.api("coach").post(f"/cases/{case}/steps/close", json={"outcome": "STAY_OBTAINED"})
        assert reply.status_code == 201, reply.text
    reply = erasures.ask(site.house, asked)
    assert reply.status_code == 201, reply.text
    return free, held, asked, reply.json()["erasure"]


@pytest.fixture(scope="module")
def pages(site: Site) -> dict[str, list[str]]:
    """The paths that each looks at, of a house where something lies on every page."""
    case = site.house.open_case(site.api("coach"))
    note, asked = site.house.write_note(site.api("coach"), case), requested(site)
    site.hire("caritas")
    expected(site, case)
    waiting, answered, release, over = referred(site, case)
    letter = compose(site.api("coach"), case, CONSEQUENCES | {"languages": ["fr", "de"]})
    question, overseen, emergency = examined(site, case)
    filed, given = excepted_by(site, case)
    sampled = samples.of(site.house, case)
    free, kept, leaving, erasure = closed(site)
    at = f"/pages/casework/cases/{case}"
    zones = {
        "": ["/pages/", "/pages/who-sees-what", "/pages/leaflet", "/pages/accessibility", "/pages/casework/sign-in"],
        "coach": ["/", "/calendar", "/cases", "/search", "/open"],
        "head": [
            "/", "/cases", f"/cases/{case}/coach", "/figures", "/requests", f"/requests/{asked}", f"/requests/{filed}",
            f"/cases/{case}/exceptions", f"/cases/{case}/exceptions/new",
            "/coaches", f"/coaches/{site.house.staff['coach'].id.hex()}", f"/absences/{absent(site)}",
            "/samples", f"/samples/{sampled}", f"/samples/{sampled}/notes/{note}", "/erasures?by=2030-01-01",
            *(f"/cases/{one}/erasure" for one in (free, kept, leaving)),
        ],
        "desk": ["/", "/day", "/import"], "auditor": ["/", "/sessions", *overseen],
        "caritas": ["/", f"/referrals/{release}", "/withdrawals", f"/withdrawals/{over}"],
        "fedasil": ["/disclosures", f"/disclosures/{given}"],
        "officer": ["/", "/sheets", "/requests/new", f"/requests/{asked}"],
        "operator": ["/"],
        "dpo": ["/", "/requests", f"/requests/{asked}", f"/requests/{filed}", "/withdrawals", "/withdrawals?all=1",
                "/erasures", "/erasures?all=1", f"/erasures/{erasure}"],
    }  # fmt: skip
    own = [at, f"{at}/notes/new", f"{at}/notes/{note}", f"{at}/notes/{note}/edit", f"{at}/documents",
           f"{at}/documents/new",
           f"{at}/letters", f"{at}/letters/letter/{letter}", f"{at}/letters/new/reminder", f"{at}/letters/new/referral",
           f"{at}/referrals", f"{at}/referrals/new", f"{at}/referrals/{waiting}", f"{at}/referrals/{answered}",
           f"{at}/referrals/{answered.partition('/')[0]}", f"{at}/withdrawal",
           f"{at}/exceptions", f"{at}/exceptions/new", f"{at}/exceptions/{filed}/told",
           f"{at}/appointments", f"{at}/appointments/new", f"{at}/walk-in",
           "/pages/casework/questions", f"/pages/casework/questions/{question}",
           "/pages/casework/emergencies", f"/pages/casework/emergencies/{emergency}",
           f"{at}/tasks/new", f"{at}/steps/close", f"{at}/notes/{'0' * 32}", "/pages/casework/nowhere"]  # fmt: skip
    doors = {login: [(site.door(login) if login else "") + path for path in paths] for login, paths in zones.items()}
    return doors | {"coach": doors["coach"] + own}


def wrong_with(site: Site, page: Page, paths: list[str], languages: Iterable[str]) -> dict[str, list[str]]:
    """What is wrong, by language, path and width.

    A page is loaded once for each language, at one of the widths by turns, and then made as wide as the other. What its
    width cannot change is told of the first alone.
    """
    wrong: dict[str, list[str]] = {}
    widths = list(WIDTHS)
    for language in languages:
        site.speak(page, language)
        for path in paths:
            page.goto(site.base + path)
            assert page.locator("html").get_attribute("lang") == language
            for width in widths:
                if page.viewport_size != size(width):
                    page.set_viewport_size(size(width))
                if found := findings(page, again=width != widths[0]):
                    wrong[f"{language} {path} {width}"] = found
            widths.reverse()  # the next page is loaded at the width that there is
    return wrong


def size(width: int) -> ViewportSize:
    return {"width": width, "height": 900}


@pytest.mark.parametrize("login", LOGINS)
def test_every_page_is_accessible_in_every_language_on_wide_and_narrow_screens(
    site: Site, pages: dict[str, list[str]], login: str
) -> None:
    assert set(LOGINS) == pages.keys()
    site.heard.clear()
    page = site.checked(login)
    assert wrong_with(site, page, pages[login], catalogs.LANGUAGES) == {}
    assert [text for text in site.heard if "404" not in text and "422" not in text] == []


def plant(page: Page, html: str, language: str = "") -> None:
    """Put something wrong at the end of each page. language: of the only pages where it is."""
    page.add_init_script(f"""document.addEventListener("DOMContentLoaded", () => {{
        if (["", document.documentElement.lang].includes("{language}"))
            document.querySelector("main").insertAdjacentHTML("beforeend", `{html}`);
    }})""")


def test_the_checks_find_what_is_wrong(site: Site) -> None:
    page = site.page(bypass_csp=True)
    page.goto(f"{site.base}/pages/leaflet")
    assert findings(page) == []
    page.evaluate("document.querySelector('main').innerHTML += '<img src=data:,><p style=\"width:3000px\">wide</p>'")
    missing, wide = findings(page)
    assert missing.startswith("image-alt: <img")
    assert wide.endswith("pixels too wide")


def test_the_checks_find_what_is_wrong_at_one_width_or_in_one_language_alone(site: Site) -> None:
    page, path = site.checked(), "/pages/leaflet"
    plant(page, """<style>
        @media (max-width: 400px) { .t-pale { color: #bbb } .t-small { font-size: 6px; padding: 0; border: 0 } }
        @media (min-width: 1000px) { .t-faint { color: #bbb } }
        </style><p class=t-pale>pale</p><p class=t-faint>faint</p><p style="width: 700px">long</p>
        <button class=t-small>a</button><button class=t-small>b</button>""")  # fmt: skip
    plant(page, "<img src=data:,>", language="nl")
    wrong = wrong_with(site, page, [path], catalogs.LANGUAGES)
    rules = {place: sorted(one.partition(": ")[0].lstrip("0123456789 ") for one in found)
             for place, found in wrong.items()}  # fmt: skip
    narrow = ["color-contrast", "pixels too wide", "target-size"]
    expected = {f"{language} {path} {width}": found for language in catalogs.LANGUAGES
                for width, found in ((1280, ["color-contrast"]), (320, narrow))}  # fmt: skip
    expected[f"nl {path} 320"] = ["color-contrast", "image-alt", *narrow[1:]]  # the second language: loaded narrow
    assert rules == expected
    assert all("t-pale" in found[0] for place, found in wrong.items() if place.endswith(" 320"))


@pytest.mark.parametrize("shown", ["max-width: 400px", "min-width: 1000px"])
def test_the_checks_find_what_is_wrong_with_something_shown_at_one_width_alone(site: Site, shown: str) -> None:
    page, path = site.checked(), "/pages/leaflet"
    plant(page, f"<style>.t-some {{ display: none }} @media ({shown}) {{ .t-some {{ display: inline }} }}</style>"
                "<img class=t-some src=data:,>")  # fmt: skip
    wrong = wrong_with(site, page, [path], ["fr", "nl"])  # one is loaded wide, the other narrow
    width = 320 if "max" in shown else 1280
    assert {place: [one.partition(":")[0] for one in found] for place, found in wrong.items()} == {
        f"{language} {path} {width}": ["image-alt"] for language in ("fr", "nl")
    }


#: Tells what a rule reads of a page's layout. A dialog's place is looked up by many; where one is open, all rules run.
_SPY: Final = """() => {
    const read = window.readOfLayout = new Set();
    const watched = (prototype, names, make) => names.forEach((name) => {
        const told = Object.getOwnPropertyDescriptor(prototype, name);
        Object.defineProperty(prototype, name, make(name, told));
    });
    const called = (name, {value}) => ({value(...given) {
        if (this.tagName !== "DIALOG") read.add(name);
        return value.apply(this, given);
    }});
    const looked = (name, {get}) => ({get() { read.add(name); return get.call(this); }});
    watched(Element.prototype, ["getBoundingClientRect", "getClientRects"], called);
    watched(Range.prototype, ["getBoundingClientRect", "getClientRects"], called);
    watched(Document.prototype, ["elementFromPoint", "elementsFromPoint"], called);
    watched(Element.prototype, ["scrollWidth", "scrollHeight", "clientWidth", "clientHeight"], looked);
    watched(HTMLElement.prototype, ["offsetWidth", "offsetHeight", "offsetTop", "offsetLeft", "innerText"], looked);
    const styles = window.getComputedStyle;
    window.getComputedStyle = (...given) => new Proxy(styles(...given), {get(style, name) {
        if (name === "getPropertyValue") return (asked) => { read.add(asked); return style.getPropertyValue(asked); };
        read.add(String(name));
        return style[name];
    }});
}"""
_READS: Final = """async (tags) => {
    const told = {};
    for (const {ruleId} of axe.getRules(tags).filter((rule) => !rule.tags.includes("experimental"))) {
        window.readOfLayout.clear();
        await axe.run({runOnly: {type: "rule", values: [ruleId]}, resultTypes: ["violations"]});
        told[ruleId] = [...window.readOfLayout];
    }
    return told;
}"""


def test_what_is_looked_at_for_one_width_reads_nothing_that_the_other_changes(site: Site) -> None:
    page = site.checked()
    plant(page, """<h1>a</h1><table><tr><th>a<td>b<tr><td>a<td>b</table><ul><li>a</ul><label>a <input></label><select>
        <option>a</select><div style="height: 9px; overflow: auto"><p>a<p>b</div><svg role=img></svg><img src=data:,>
        <p>a <a href=/>b</a> c</p><object data=x></object><dl><dt>a<dd>b</dl>
        <button>a</button><span role=checkbox aria-checked=true tabindex=0>a</span>""")  # fmt: skip
    page.goto(f"{site.base}/pages/casework/sign-in")
    page.evaluate(_SPY)
    reads: dict[str, list[str]] = page.evaluate(_READS, TAGS)
    assert set(OF_LAYOUT) < reads.keys()
    shown = {"display", "visibility", "content-visibility"}
    others = {rule: more for rule, read in reads.items() if rule not in OF_LAYOUT and (more := set(read) - shown)}
    assert others == {}
    assert "font-size" in reads["color-contrast"], "the spy sees what is read"
