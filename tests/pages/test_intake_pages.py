"""Orders by page: looked at first, taken in whole and once; what is wrong is said by line and column, in words."""

from __future__ import annotations

import html
import json
import re
import tracemalloc
from typing import Any

import pytest

from gateway.auth.sessions import cookie_name
from gateway.order_faults import TEXTS
from gateway.order_files import COLUMNS, LONGEST_LINE
from gateway.pages import catalogs
from gateway.pages.intake import LARGEST, MOST
from gateway.pages.site import LANGUAGE_COOKIE, form_token
from tests.api.support import counts, entries, since
from tests.crash.checks import faults
from tests.house import STAFF, House
from tests.orders import fresh_order
from tests.pages.visiting import Visitor

HEADER = ";".join(COLUMNS)
#: What stands in cells, and on no page.
NAME = "Zonderlingenaam"
#: How libraries say things in English.
FOREIGN = re.compile(
    r"Input should|Value error|valid date|Extra inputs|isoformat|day is out of range|invalid character"
)


def row(reference: str, **changed: str) -> str:
    told = {
        "oqt_reference": reference, "criterion": "ADDRESS", "language": "fr", "annex": "13",
        "notified_on": "2026-10-28", "street": "rue Inventée 3", "postcode": "1000", "town": "Bruxelles",
        "relation": "head", "family_name": NAME, "given_names": "Awa", "birth_date": "1990-05-04",
    } | changed  # fmt: skip
    return ";".join(told.get(name, "") for name in COLUMNS)


def csv(*rows: str) -> bytes:
    return "\r\n".join([HEADER, *rows, ""]).encode()


class Desk:
    """A desk officer in front of the page, without scripts."""

    def __init__(self, house: House, login: str = "desk", language: str = "en") -> None:
        house.client(login)
        self.house, self.path = house, "/pages/casework/import"
        self.token = house.tokens[login]
        cookie = f"{cookie_name(STAFF[login][0])}={self.token}; {LANGUAGE_COOKIE}={language}"
        self.headers = {"cookie": cookie, "sec-fetch-site": "same-origin"}

    def upload(self, content: bytes | None, name: str = "week.csv", status: int = 200, **said: str) -> str:
        """Choose a file and look at it. content None: none was chosen."""
        fields = {"_token": form_token(self.token)} | said
        body = "".join(
            f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()
        ).encode()
        named = name if content is not None else ""
        head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{named}"\r\nContent-Type: a/b\r\n\r\n'
        body += head.encode() + (content or b"") + b"\r\n--b--\r\n"
        kind = {"content-type": "multipart/form-data; boundary=b"}
        return self._told(self.house.app.post(self.path, content=body, headers=self.headers | kind), status)

    def send(self, page: str, status: int = 200, **changed: str) -> str:
        """Press the button that takes in, with what the page carries."""
        packed = re.search(r'name="orders" value="([^"]+)"', page)
        assert packed is not None
        said = {"_token": form_token(self.token), "act": "take-in", "orders": packed[1]} | changed
        for name in ("complete", "update"):
            if f'type="hidden" name="{name}"' in page:
                said[name] = "yes"
        return self._told(self.house.app.post(self.path, data=said, headers=self.headers), status)

    def _told(self, reply: Any, status: int) -> str:
        assert reply.status_code == status, reply.text
        assert NAME not in reply.text, "what stands in a cell is on no page"
        assert not FOREIGN.search(reply.text), "no library speaks to anybody"
        return html.unescape(reply.text)


def report(page: str) -> dict[str, str]:
    """What is said of each order, by its lines."""
    found = {}
    for one in re.findall(r"<tr>(.*?)</tr>", page.partition("<tbody>")[2], re.DOTALL):
        cells = re.findall(r"<t[hd].*?</t[hd]>", one, re.DOTALL)
        cells = [" ".join(re.sub("<[^>]*>", " ", cell).split()) for cell in cells]
        found[cells[0]] = " | ".join(cells[1:])
    return found


def cases(house: House) -> int:
    return len(house.client("desk").get("/cases?limit=200").json()["cases"])


def test_a_file_is_looked_at_then_taken_in_and_twice_is_once(lite_house: House) -> None:
    house, desk = lite_house, Desk(lite_house)
    member = row("A/2", relation="child", given_names="Ibou", birth_date="2019-02-11")
    file = csv(row("A/1"), row("A/2"), member, row("A/3", postcode="4000"), row("A/4", criterion=""), row("A/1"))
    before, rows = len(entries(house)), counts(house)
    page = desk.upload(file)
    assert "Nothing is taken in yet" in page
    seen = report(page)
    assert list(seen) == ["2", "3–4", "5", "6", "7"]
    assert seen["2"] == "would be taken in | Brussels · Individuals | –"
    assert seen["3–4"].startswith("would be taken in | Brussels · Families")
    assert seen["5"].startswith("for another region | Liège")
    assert seen["6"].endswith("code of triage missing")
    assert seen["7"].startswith("twice in the file")
    assert cases(house) == 0
    assert {one["outcome"] for one in since(house, before) if one["kind"] == "order"} <= {
        "would_be_new", "would_be_passed_on", "",
    }  # fmt: skip
    logs = {"entries", "outbox", "lanes", "sessions"}
    assert {name: count for name, count in counts(house).items() if name not in logs} == {
        name: count for name, count in rows.items() if name not in logs
    }
    done = desk.send(page)
    assert "What became of the orders" in done
    assert "taken in and triaged" in report(done)["2"]
    assert "C-" in report(done)["2"]
    assert "taken in; waits for a fact" in report(done)["6"]
    assert cases(house) == 3
    assert "code of triage missing" in done.partition("Orders that wait for a fact")[2]
    again = desk.send(page)
    assert "was taken in before" in report(again)["2"]
    assert cases(house) == 3
    assert faults(house.settings) == []


def test_what_waits_is_completed_and_facts_are_brought_up_to_date_where_it_is_asked(lite_house: House) -> None:
    desk = Desk(lite_house)
    desk.send(desk.upload(csv(row("B/1", criterion=""), row("B/2"))))
    later = csv(row("B/1"), row("B/2", procedure_pending="yes"), row("B/3", town="Ixelles"))
    assert report(desk.upload(later))["2"].startswith("taken in before, says something else")
    assert "facts changed" in report(desk.upload(later))["3"]
    page = desk.upload(later, complete="yes", update="yes")
    assert "checked" in page
    done = report(desk.send(page))
    assert done["2"].startswith("completed and triaged")
    assert done["3"].startswith("facts brought up to date")
    assert done["4"].startswith("taken in and triaged")


#: What is changed in a good row, and what is said about it.
WRONG: list[tuple[dict[str, str], str]] = [
    ({"notified_on": "2026-02-30"}, "notified_on · a day of the calendar is expected"),
    ({"notified_on": "28/10/2026"}, "notified_on · a day of the calendar is expected"),
    ({"notified_on": "86400"}, "notified_on · a day of the calendar is expected"),
    ({"birth_date": "hier"}, "birth_date · a day of the calendar is expected"),
    ({"notified_on": "2027-10-28"}, "notified_on · an order was notified today or before"),
    ({"term_end": "2026-10-01"}, "term_end · a term ends on the day of notification or after it"),
    ({"term_days": "900"}, "term_days · a term has 0 to 366 days"),
    ({"term_days": "trente"}, "term_days · a whole number of days is expected"),
    ({"language": "es"}, "language · must be one of fr, nl, de, en"),
    ({"region": "mars"}, "region · must be one of brussels,"),
    ({"place": "ici"}, "place · must be one of known_address,"),
    ({"annex": "99"}, "annex · must be one of"),
    ({"annex": "13 ter?"}, "annex · is not written as it must be"),
    ({"criterion": "NOTHING"}, "criterion · must be one of"),
    ({"criterion": "TRANSFER"}, "criterion · this criterion is for orders of transfer"),
    ({"criterion": "FAMILY"}, "criterion · this criterion is for families"),
    ({"criterion": "OPEN_RETURN"}, "criterion · this criterion is for open return places"),
    ({"ov_number": "12"}, "ov_number · an OV/SP number has 7 or 8 digits"),
    ({"national_number": "93051822362"}, "national_number · no national number"),
    ({"extended": "oui"}, "extended · yes, no or nothing is expected"),
    ({"family_name": "N" * 121}, "family_name · longer than 120 characters"),
    ({"family_name": ""}, "family_name · missing"),
    ({"given_names": "A\u202ewa"}, "given_names · holds characters that cannot be seen"),
    ({"relation": "child"}, "exactly one person of a household is its head"),
    ({"birth_date": "2030-01-01"}, "nobody is born in the future"),
    ({"birth_date": "0201-01-01"}, "nobody is older than 125 years"),
    ({"birth_date": "2015-01-01"}, "no case is opened; inform the Guardianship Service"),
    ({"oqt_reference": "?!"}, "oqt_reference · a reference has 1 to 40 letters"),
    ({"postcode": "ABCD"}, "postcode · is not written as it must be"),
    ({"street": "x" * 190, "town": "y" * 40}, "street · street, postcode and town"),
]


def test_a_wrong_cell_is_named_by_line_and_column_in_our_words(lite_house: House) -> None:
    desk = Desk(lite_house)
    wrong = [row(**{"reference": f"C/{place}"} | renamed(told)) for place, (told, _) in enumerate(WRONG, 2)]
    page = desk.upload(csv(row("C/1"), *wrong))
    seen = report(page)
    assert seen["2"].startswith("would be taken in")
    for place, (_, says) in enumerate(WRONG, 3):
        assert seen[str(place)].startswith("cannot be used |"), says
        assert says in seen[str(place)]
        assert "cannot be used as it is" not in seen[str(place)]
    done = report(desk.send(page))
    assert [done[str(place)] for place in range(3, 3 + len(WRONG))] == [
        seen[str(place)] for place in range(3, 3 + len(WRONG))
    ]
    assert cases(lite_house) == 1


def renamed(told: dict[str, str]) -> dict[str, str]:
    return {"reference" if name == "oqt_reference" else name: value for name, value in told.items()}


def test_which_person_has_a_wrong_number_is_said_by_line(lite_house: House) -> None:
    child = row("L/1", relation="child", birth_date="2019-02-11", national_number="93051822362")
    assert report(Desk(lite_house).upload(csv(row("L/1"), child)))["2–3"].endswith(
        "line 3 · national_number · no national number: 11 digits, whose day exists and whose check digits are right"
    )


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_a_bad_date_is_told_in_each_language(lite_house: House, language: str) -> None:
    desk = Desk(lite_house, language=language)
    page = desk.upload(csv(row("D/1"), row("D/1", given_names="Ibou", relation="child", birth_date="32.13.2019")))
    told = catalogs.catalogue(language).gettext(TEXTS["bad_day"])
    line = catalogs.catalogue(language).gettext("line %(number)s") % {"number": 3}
    assert f"{line} · birth_date · {told}" in report(page)["2–3"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "line 1 names the columns"),
        ("a.csv", HEADER.encode() + b"\n", "no order stands in it"),
        ("a.csv", f"oqt_reference;{NAME}\n".encode(), "column 2 has a name that is not known"),
        ("a.csv", b"oqt_reference;annex;annex\n", "the column annex stands there twice"),
        ("a.csv", csv(row("E/1"))[:-4] + b"\xe9;", "line 2 is not UTF-8"),
        ("a.csv", HEADER.encode("utf-16"), "UTF-16; save it as UTF-8"),
        ("a.csv", csv(row("E/1")) + b"A\x00;", "line 3 holds a NUL"),
        ("a.csv", HEADER.encode() + b"\n" + b"x" * (LONGEST_LINE + 1), "line 2 is longer than"),
        ("a.csv", csv(*(row(f"E/{number}") for number in range(MOST + 1))), f"more than {MOST} orders"),
        ("a.csv", b"x" * (LARGEST + 1), "too large for this page"),
        (f"{NAME}.xlsx", b"PK\x03\x04", "the name ends with .csv"),
        ("a.json", b"{", "no JSON that means one thing (line 1"),
        ("a.json", b'{"a": 1, "a": 2}', "no JSON that means one thing"),
        ("a.json", b"[" * 100_000, "no JSON that means one thing"),
        ("a.json", b'{"cases": []}', "a list of orders is expected"),
        ("a.json", b"[NaN]", "no JSON that means one thing"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_of_orders_is_refused_whole_in_words(
    lite_house: House, name: str, content: bytes, says: str
) -> None:
    before = len(entries(lite_house))
    page = Desk(lite_house).upload(content, name, 422)
    assert "File of orders: Nothing of this file was used. Why stands below." in page
    assert says in page
    assert "<tbody>" not in page
    assert [one for one in since(lite_house, before) if one["kind"] == "order" and one["action"] != "list"] == []


def test_no_file_is_said_and_a_cut_one_too(lite_house: House) -> None:
    desk = Desk(lite_house)
    assert "File of orders: This must be filled in." in desk.upload(None, status=422)
    broken = desk.house.app.post(
        desk.path, content=b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nabc',
        headers=desk.headers | {"content-type": "multipart/form-data; boundary=b"},
    )  # fmt: skip
    assert broken.status_code == 422


def test_what_a_spreadsheet_would_run_is_text_and_what_a_browser_would_run_is_text(lite_house: House) -> None:
    house, desk = lite_house, Desk(lite_house)
    names = {"given_names": "=HYPERLINK(1)", "street": "<script>alert(1)</script>", "town": "@SUM(A1)"}
    page = desk.upload(csv(row("F/1", **names)))
    assert "HYPERLINK" not in page
    assert "<script>alert" not in page
    done = desk.send(page)
    [reference] = set(re.findall(r"C(?:-[0-9A-Z]{3,4}){6,}", report(done)["2"]))
    coach = house.client("coach")
    house.client("head").post(f"/cases/{reference}/assignment", json={"coach": house.staff["coach"].id.hex()})
    [person] = coach.get(f"/cases/{reference}/identity").json()["people"]
    assert person["given_names"] == "=HYPERLINK(1)"


def test_the_same_reference_in_two_places_takes_in_neither(lite_house: House) -> None:
    desk = Desk(lite_house)
    page = desk.upload(csv(row("G/1"), row("G/2"), row("G/1", given_names="Other")))
    assert "stands in several places" in report(page)["2"]
    assert "stands in several places" in report(page)["4"]
    desk.send(page)
    assert cases(lite_house) == 1


def test_json_lists_and_lines_are_taken_as_well(lite_house: House) -> None:
    desk = Desk(lite_house)
    bad = [7, {"annex": "13"}, fresh_order(look=True), fresh_order(people=[]), fresh_order(notified_on=20261028),
           fresh_order(extended="yes"), fresh_order(unheard="of"), fresh_order(town=None)]  # fmt: skip
    whole = [fresh_order(), *bad]
    for name, content in (("a.json", json.dumps(whole)), ("a.JSONL", "\n".join(map(json.dumps, whole)))):
        seen = report(desk.upload(content.encode(), name))
        assert seen["1"].startswith("would be taken in")
        assert all(seen[str(number)].startswith("cannot be used |") for number in range(2, 10)), seen


def test_a_packed_file_that_the_page_did_not_make_is_refused(lite_house: House) -> None:
    import zlib
    from base64 import b64encode

    desk = Desk(lite_house)
    page = desk.upload(csv(row("H/1")))
    bomb = b64encode(zlib.compress(b"x" * (64 * 1024 * 1024), 9)).decode()
    foreign = b64encode(zlib.compress(b"x")).decode()
    for packed in ("", ".csv:", ".csv:!!", f".csv:{bomb}", f".exe:{foreign}", "x" * 5000):
        tracemalloc.start()
        told = desk.send(page, 422 if packed else 200, orders=packed)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert "taken in and triaged" not in told
        assert most < 32 * 1024 * 1024, "unpacked no further than a page takes"
    assert cases(lite_house) == 0


def test_a_form_of_an_earlier_session_or_in_another_language_takes_nothing_in(lite_house: House) -> None:
    desk = Desk(lite_house)
    page = desk.upload(csv(row("I/1")))
    told = desk.send(page, 422, _token="0" * 64)
    assert "earlier session" in told
    assert "Nothing is taken in yet" in told
    assert "pas encore" not in told
    french = desk.send(page, _language="fr")
    assert 'lang="fr"' in french
    assert report(french)["2"].startswith("serait enregistré")
    assert cases(lite_house) == 0
    assert "taken in and triaged" in report(desk.send(told))["2"]


def test_only_a_desk_has_this_page(lite_house: House) -> None:
    for login in ("coach", "head"):
        Visitor(lite_house, login).look("/import", 404)
        Visitor(lite_house, login).look("/import/template", 404)
        Desk(lite_house, login).upload(csv(row("J/1")), status=404)
    visitor = Visitor(lite_house, "desk")
    assert "Take in orders" in visitor.look("/")
    assert visitor.look("/import/template").strip() == HEADER
    assert cases(lite_house) == 0


def test_a_form_without_a_file_is_never_held_beyond_what_a_form_is(lite_house: House) -> None:
    """The address takes files of many mebibytes; a form that is none is refused at one."""
    desk = Desk(lite_house)
    body = b"orders=" + b"x" * (2 * 1024 * 1024)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    reply = desk.house.app.post(desk.path, content=body, headers=desk.headers | kind)
    assert reply.status_code == 413
