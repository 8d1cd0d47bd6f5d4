"""A file sent by a page: sealed as it arrives, told plainly when it cannot be used, and never in clear on a disk."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.auth.sessions import cookie_name
from gateway.pages.site import LANGUAGE_COOKIE, form_token
from tests.house import STAFF, House
from tests.recorded import pdf, png
from vault.cases.attachments import LARGEST_FILE

MARK: Final = b"cisticole-des-joncs9vt"
SAID: Final = {
    "section": "narrative",
    "provenance": "interview",
    "language": "fr",
    "caption": "Lettre d'Aminata Diallo",
}


def post(
    house: House, case: str, content: bytes | None, *, name: str = "lettre.pdf", said: dict[str, str] | None = None,
    token: str | None = None, login: str = "coach", headers: dict[str, str] | None = None, raw: bytes | None = None,
) -> Any:  # fmt: skip
    """As a browser sends the form, in French. raw: another body than the form's."""
    house.client(login)
    session = house.tokens[login]
    fields = {"_token": form_token(session) if token is None else token} | (SAID if said is None else said)
    parts = [f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
    body = "".join(parts).encode()
    if content is not None:
        head = (
            f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: any/thing\r\n\r\n'
        )
        body += head.encode() + content + b"\r\n"
    cookies = f"{cookie_name(STAFF[login][0])}={session}; {LANGUAGE_COOKIE}=en"
    return house.app.post(
        f"/pages/casework/cases/{case}/documents/new", content=body + b"--b--\r\n" if raw is None else raw,
        headers={"cookie": cookies, "content-type": "multipart/form-data; boundary=b", "sec-fetch-site": "same-origin"}
        | (headers or {}),
        follow_redirects=False,
    )  # fmt: skip


def listed(house: House, case: str, section: str = "narrative") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        house.client("coach").get(f"/cases/{case}/attachments/{section}").json()["attachments"]
    )
    return found


@pytest.fixture
def case(lite_house: House) -> str:
    return lite_house.open_case(lite_house.client("coach"))


def test_a_file_arrives_whole_and_described_and_nothing_of_it_lies_on_the_disk(
    lite_house: House, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a file was opened for what arrives")

    for maker in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, maker, refused)
    content = pdf(3 * 1024 * 1024) + MARK + b"\n%%EOF\n"
    reply = post(lite_house, case, content)
    assert (reply.status_code, reply.headers["location"]) == (
        303,
        f"/pages/casework/cases/{case}/documents?done=document",
    )
    (one,) = listed(lite_house, case)
    assert (one["name"], one["size"], one["caption"]) == ("lettre.pdf", len(content), "Lettre d'[PERSONNE-1]")
    back = lite_house.client("coach").get(f"/cases/{case}/attachments/narrative/{one['attachment']}")
    assert back.content == content
    for path in Path(lite_house.settings.home).rglob("*"):
        assert not path.is_file() or MARK not in path.read_bytes(), path


def test_the_script_is_told_where_to_go_and_looks_once(lite_house: House, case: str) -> None:
    reply = post(lite_house, case, png(), name="photo.png", headers={"x-parefeu-progress": "1"})
    assert (reply.status_code, reply.content) == (204, b"")
    assert reply.headers["hx-redirect"] == f"/pages/casework/cases/{case}/documents?done=document"


WRONG: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "no file": ({"content": b"", "name": ""}, "#file", "must be filled in"),
    "an empty one": ({"content": b""}, "#file", "empty"),
    "a program": ({"content": b"MZ" + bytes(500)}, "#file", "no type that is taken"),
    "another ending": ({"content": png()}, "#name", "must end as"),
    "an ending turned round": ({"content": pdf(), "name": "x\u202efdp.exe.pdf"}, "#name", "invisible characters"),
    "too large": ({"content": pdf(LARGEST_FILE + 4096)}, "#file", "too large"),
    "a long caption": ({"content": pdf(), "said": SAID | {"caption": "x" * 20_000}}, "#caption", "too long"),
    "no such part": ({"content": pdf(), "said": SAID | {"section": "secrets"}}, "#section", "cannot be used"),
    "no such source": ({"content": pdf(), "said": SAID | {"provenance": ""}}, "#provenance", "must be filled in"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_used_is_told_and_leaves_nothing(lite_house: House, case: str, name: str) -> None:
    options, place, words = WRONG[name]
    reply = post(lite_house, case, **options)
    assert reply.status_code == 422
    summary = reply.text[reply.text.index("govuk-error-summary") :][:900]
    assert place in summary
    assert words in summary
    if "said" not in options:
        assert "Aminata Diallo" in reply.text, "what was typed is still there"
    assert listed(lite_house, case) == []
    again = post(lite_house, case, pdf())
    assert again.status_code == 303, "what was refused takes no place"


def test_a_form_of_another_session_or_site_sends_nothing(lite_house: House, case: str) -> None:
    for token in ("", "0" * 64):
        reply = post(lite_house, case, pdf(), token=token)
        assert reply.status_code == 422
        assert "earlier session" in reply.text
    assert listed(lite_house, case) == []


def test_a_body_that_is_no_form_is_refused(lite_house: House, case: str) -> None:
    for raw in (b"", b"--b", b"hello", b"--b\r\n\r\n\r\n--b--", b"\xff" * 2000, b"--b\r\n" + b"A: b\r\n" * 500):
        assert post(lite_house, case, None, raw=raw).status_code in {400, 422}, raw[:20]
    for kind in ("multipart/form-data", "multipart/form-data; boundary=" + "x" * 200, "text/plain"):
        assert post(lite_house, case, pdf(), headers={"content-type": kind}).status_code == 400, kind
    whole = post(lite_house, case, pdf(), headers={"x-note": "cut"})
    assert whole.status_code == 303
    assert len(listed(lite_house, case)) == 1


def test_a_file_that_breaks_off_or_is_followed_by_more_is_none(lite_house: House, case: str) -> None:
    token = form_token(lite_house.tokens["coach"])
    start = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in ({"_token": token} | SAID).items()
    ).encode() + b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + pdf()  # fmt: skip
    more = (
        b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="b.pdf"\r\n\r\n' + pdf() + b"\r\n--b--\r\n"
    )
    for raw in (start, start + more):
        reply = post(lite_house, case, None, raw=raw)
        assert reply.status_code == 422
        assert "did not arrive whole" in reply.text
    assert listed(lite_house, case) == []


def test_a_foreign_case_takes_nothing_and_looks_like_an_unknown_one(lite_house: House, case: str) -> None:
    foreign = post(lite_house, case, pdf(), login="colleague")
    unknown = post(lite_house, "C-0000-0000-0000-0000-0000-0000-0000-00", pdf(), login="colleague")
    assert foreign.status_code == 404
    assert unknown.status_code in {400, 404}
    assert "Diallo" not in foreign.text
    assert listed(lite_house, case) == []


def test_what_was_said_of_a_file_survives_the_end_of_the_session(lite_house: House, case: str) -> None:
    lite_house.clock.move(hours=13)
    reply = post(lite_house, case, pdf())
    assert reply.status_code == 401
    kept = re.findall(r'name="_kept" value="([^"]+)"', reply.text)
    assert kept
    assert "Aminata+Diallo" in kept[0]
    assert "_token" not in kept[0]
