"""What is the same on every page: nobody else's words on it, no form of another site, and every refusal a page."""

from __future__ import annotations

import html
import re
from typing import Final

import pytest

from gateway.auth.sessions import cookie_name
from gateway.middleware import BODY_LIMIT
from gateway.pages.signing import Signing
from gateway.pages.site import form_token
from tests.house import House
from tests.pages.visiting import Visitor
from vault.vocabulary import CASEWORK

FORGED: Final = {"text": "Written elsewhere by somebody else.", "language": "fr", "based_on": "0"}
SIGN_IN: Final = "/pages/casework/sign-in"


@pytest.fixture
def path(lite_house: House) -> str:
    return f"/cases/{lite_house.open_case(lite_house.client('coach'))}/notes/new"


@pytest.mark.parametrize("address", [SIGN_IN, "/pages/", "/pages/leaflet", "/pages/casework/"])
def test_an_address_cannot_put_words_of_its_own_on_a_page(lite_house: House, address: str) -> None:
    lite_house.client("coach")
    headers = {"cookie": f"{cookie_name(CASEWORK)}={lite_house.tokens['coach']}; __Host-parefeu-language=en"}
    for words in ("Call 02 000 00 00 and tell your code", "recovery_used2", "<b>"):
        page = html.unescape(lite_house.app.get(address, params={"done": words}, headers=headers).text)
        assert words not in page
        assert "data-done" not in page
    page = lite_house.app.get(address, params={"done": "session_ended"}, headers=headers).text
    assert 'data-done="session_ended"' in page


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.test"},
        {"origin": "null"},
    ],
    ids=["cross-site", "same-site", "origin", "no origin"],
)
def test_a_form_of_another_site_is_never_given_back_as_what_was_typed(
    lite_house: House, path: str, headers: dict[str, str]
) -> None:
    """Its browser keeps the session's cookie back, so that it arrives as if the session had ended."""
    answers = [
        lite_house.app.post(f"/pages/casework{path}", data=FORGED, headers=headers, follow_redirects=False),
        lite_house.app.post(
            SIGN_IN, data={"_language": "en", "_next": f"/pages/casework{path}", "_kept": "text=Written+elsewhere"},
            headers=headers, follow_redirects=False,
        ),
    ]  # fmt: skip
    for answer in answers:
        assert "Written" not in answer.text
        assert "_kept" not in answer.text


def test_a_form_of_ones_own_is_given_back_after_the_session_has_ended(lite_house: House, path: str) -> None:
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": "https://parefeu.test"}):
        answer = lite_house.app.post(f"/pages/casework{path}", data=FORGED, headers=headers, follow_redirects=False)
        assert answer.status_code == 401
        kept = re.search(r'name="_kept" value="([^"]+)"', answer.text)
        assert kept is not None
        again = lite_house.app.post(
            SIGN_IN, data={"_language": "nl", "_kept": html.unescape(kept[1])}, headers=headers, follow_redirects=False
        )
        assert "Written+elsewhere" in again.text, "another language loses nothing"


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_a_form_that_is_too_long_is_answered_by_a_page(lite_house: House, path: str, language: str) -> None:
    lite_house.client("coach")
    token = lite_house.tokens["coach"]
    answer = lite_house.app.post(
        f"/pages/casework{path}", data=FORGED | {"_token": form_token(token), "text": "a" * (BODY_LIMIT + 1)},
        headers={
            "cookie": f"{cookie_name(CASEWORK)}={token}; __Host-parefeu-language={language}",
            "sec-fetch-site": "same-origin",
        },
    )  # fmt: skip
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")
    assert f'<html lang="{language}"' in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_what_nobody_foresaw_is_answered_by_a_page_without_a_word_of_it(
    lite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> object:
        raise RuntimeError("Aminata Diallo")

    monkeypatch.setattr(Signing, "_signed_in", fails)
    monkeypatch.setattr(Signing, "_by_password", lambda *_: fails())
    answer = lite_house.app.post(
        SIGN_IN, data={"login": "coach", "password": "x"},
        headers={"sec-fetch-site": "same-origin", "accept-language": "nl"},
    )  # fmt: skip
    assert answer.status_code == 500
    assert '<html lang="nl"' in answer.text
    assert "Diallo" not in answer.text


def test_an_address_that_names_nothing_is_not_called_a_failure(lite_house: House) -> None:
    coach = Visitor(lite_house, "coach")
    for place in (
        "/questions/zz",
        "/emergencies/zz",
        f"/cases/{lite_house.open_case(lite_house.client('coach'))}/notes/zz",
    ):
        page = coach.look(place, 400)
        assert "Something failed" not in page, place


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (" ", "must be filled in"),
        ("a" * (128 * 1024 + 1), "too long"),
        ("Vu \u202e hier", "A character in it is not shown"),
        ("Vu [PERSONNE-77] hier", "looks like a stand-in"),
    ],
    ids=["empty", "too long", "reordering", "forged"],
)
@pytest.mark.parametrize("button", [{}, {"_look": "yes"}], ids=["save", "look"])
def test_a_note_that_cannot_be_stored_comes_back_with_the_reason(
    lite_house: House, path: str, text: str, told: str, button: dict[str, str]
) -> None:
    page = Visitor(lite_house, "coach").send(path, 422, **FORGED | {"template": "intake", "text": text} | button)
    assert told in page
    assert text in page, "what was typed stays"
    assert 'id="text-fault"' in page


def test_a_note_with_very_many_places_can_be_decided_and_saved(lite_house: House, path: str) -> None:
    coach = Visitor(lite_house, "coach")
    typed = FORGED | {"template": "intake", "text": "\n".join(f"a{place}b@ex{place}.be" for place in range(700))}
    page = coach.send(path, 200, **typed, _look="yes")
    names = re.findall(r'id="replace-[^"]+" name="(span-[^"]+)"', page)
    assert len(names) == 700
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', page)
    assert digest is not None
    coach.send(path, **typed, digest=digest[1], **dict.fromkeys(names, "replace"))


def test_a_notes_text_says_its_own_language_on_a_page_in_another(lite_house: House, path: str) -> None:
    coach = Visitor(lite_house, "coach")
    typed = FORGED | {"template": "intake", "language": "nl", "text": "Gezien met Rosa."}
    page = coach.send(path, 200, **typed, _look="yes")
    assert page.startswith('<!doctype html>\n<html lang="en"')
    for part in (
        r'<textarea [^>]*lang="nl"',
        r'<p class="p-place" dir="auto" lang="nl"',
        r'<div class="p-note" dir="auto" lang="nl"',
    ):
        assert re.search(part, page), part
    note = coach.send(path, **typed).partition("?")[0]
    page = coach.send(f"{note}/edit", 409, **typed | {"based_on": "2"})
    assert len(re.findall(r'<div class="p-note"[^>]* lang="nl"', page)) == 2


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("national_number", "93.05.18-223.60", "digits of this number do not fit"),
        ("ov_number", "12", "digits of this number do not fit"),
        ("ov_number", " ", "This must be filled in."),
    ],
)
def test_a_search_that_cannot_be_done_says_why_at_its_field(
    lite_house: House, field: str, value: str, told: str
) -> None:
    page = Visitor(lite_house, "desk").send("/search", 422, field=field, value=value)
    assert told in page
    assert 'href="#value"' in page
