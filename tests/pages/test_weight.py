"""What a browser loads for a page: little, and compressed where that tells nothing."""

from __future__ import annotations

import gzip
import re
from typing import Final

from gateway.auth.sessions import cookie_name
from gateway.pages import assets, catalogs
from gateway.pages.site import LANGUAGE_COOKIE
from tests.house import STAFF, House

#: Bytes of a first page with its styles and scripts, without fonts.
MOST: Final = 60 * 1024
ACCEPT: Final = {"accept-encoding": "gzip, deflate, br"}


def sent(house: House, path: str, **headers: str) -> tuple[int, bytes, str]:
    """Status, the body's bytes as they cross the wire, and how they are packed."""
    with house.app.stream("GET", path, headers=ACCEPT | headers) as reply:
        body = b"".join(reply.iter_raw())
        return reply.status_code, body, reply.headers.get("content-encoding", "")


def test_a_first_page_with_all_that_it_loads_is_light(lite_house: House) -> None:
    coach = lite_house.client("coach")
    for number in range(12):
        lite_house.open_case(coach, ov_number=f"81{number:05d}", notice=False)
    lite_house.client("head")
    static: dict[str, int] = {}
    for language in catalogs.LANGUAGES:
        for login, path in (("", "/pages/"), ("coach", "/pages/casework/"), ("head", "/pages/casework/")):
            cookies = f"{LANGUAGE_COOKIE}={language}"
            if login:
                cookies += f"; {cookie_name(STAFF[login][0])}={lite_house.tokens[login]}"
            status, page, packed = sent(lite_house, path, cookie=cookies)
            assert (status, packed) == (200, ""), "a page holds a token: it is never compressed"
            loaded = set(re.findall(r'(?:href|src)="(/pages/static/[^"]+)"', page.decode()))
            assert {one.rpartition("/")[2] for one in loaded} == {"pages.css", "pages.js", "htmx.js", "icon.svg"}
            for one in loaded - static.keys():
                static[one] = len(sent(lite_house, one)[1])
            assert len(page) + sum(static[one] for one in loaded) <= MOST, (language, login, len(page), static)


def test_what_is_packed_is_what_stands_in_the_manifest(lite_house: House) -> None:
    base = re.findall(r'href="(/pages/static/[0-9a-f]+)/pages.css"', lite_house.app.get("/pages/").text)[0]
    for name in ("pages.css", "pages.js", "htmx.js"):
        status, body, packed = sent(lite_house, f"{base}/{name}")
        assert (status, packed) == (200, "gzip")
        assert gzip.decompress(body) == (assets.STATIC / name).read_bytes()
        plain = lite_house.app.get(f"{base}/{name}", headers={"accept-encoding": "identity"})
        assert (plain.headers.get("content-encoding"), len(plain.content)) == (None, len(gzip.decompress(body)))
    assert sent(lite_house, f"{base}/atkinson-latin-400.woff2")[2] == "", "a font is packed already"


def test_fonts_of_letters_and_the_checker_are_no_part_of_the_pages(lite_house: House) -> None:
    base = re.findall(r'href="(/pages/static/[0-9a-f]+)/pages.css"', lite_house.app.get("/pages/").text)[0]
    for name in ("axe.js", "noto-sans-arabic-arabic.woff2", "noto-sans-sc-chinese-simplified.woff2", "nothing.css"):
        assert sent(lite_house, f"{base}/{name}")[0] == 404, name
