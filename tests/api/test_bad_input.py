"""What cannot be meant is refused with a clear problem, repeats nothing and writes nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import httpx2
import pytest

from gateway import problems
from gateway.app import create_app
from gateway.middleware import BODY_LIMIT
from tests.api.stage import CONSENT, NOTE, PROPOSAL, Stage
from tests.api.support import counts, entries, since
from tests.house import CASE, PERSON, House
from vault import errors as e
from vault.cases.notes import NOTE_LIMIT

JSON: Final = {"content-type": "application/json"}
HEADERS: Final = {
    "cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin", "strict-transport-security": "max-age=31536000",
}  # fmt: skip


def _errors(kind: type[e.VaultError] = e.VaultError) -> Iterator[type[e.VaultError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _errors(child)


def _assert_problem(reply: Any, status: int) -> None:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == problems.MEDIA_TYPE
    told = reply.json()
    assert told["status"] == status
    assert told["type"].startswith("urn:problem-type:parefeu:")
    assert told["title"]
    for name, value in HEADERS.items():
        assert reply.headers[name] == value


def test_every_error_has_a_status_a_line_and_a_code_of_its_own() -> None:
    kinds = list(_errors())
    codes = [kind.code for kind in kinds]
    assert len(codes) == len(set(codes))
    for kind in kinds:
        assert kind.__doc__
        covered = [parent for parent in kind.__mro__ if parent in problems.PROBLEMS]
        assert covered[0] is not e.VaultError or kind is e.VaultError, f"{kind.__name__} has no status"
        assert kind.code.replace("_", "").isalpha()
        assert kind.code.islower()


def test_forbidden_and_unknown_are_the_same_bytes() -> None:
    """But for the instance, whose length is fixed."""
    told = [problems.vault_problem(e.NotFound("no such item, or not for you")).body for _ in range(2)]
    assert len({len(body) for body in told}) == 1
    assert len({bytes(body).partition(b'"instance"')[0] for body in told}) == 1


CASE_BAD: Final[dict[str, dict[str, Any]]] = {
    "an unknown field": {"colour": "red"},
    "an unknown field in a person": {"people": [PERSON | {"weight": 60}]},
    "no people": {"people": []},
    "too many people": {"people": [PERSON] * 31},
    "people that are none": {"people": "Diallo"},
    "a number for a name": {"people": [PERSON | {"family_name": 7}]},
    "an empty name": {"people": [PERSON | {"family_name": "  "}]},
    "a NUL in a name": {"people": [PERSON | {"given_names": "A\x00B"}]},
    "a control character in a nationality": {"people": [PERSON | {"nationality": "G\x01N"}]},
    "a name that turns others around": {"people": [PERSON | {"family_name": "Dia\u202ello"}]},
    "a name with an isolate": {"people": [PERSON | {"given_names": "\u2066Aminata"}]},
    "a name with a control of eight bits": {"people": [PERSON | {"family_name": "Diallo\x9b2J"}]},
    "a name of two lines": {"people": [PERSON | {"family_name": "Diallo\nBah"}]},
    "a name that nobody sees": {"people": [PERSON | {"family_name": "\u200b"}]},
    "half a character in an alias": {"people": [PERSON | {"aliases": ["\ud800"]}]},
    "a long name": {"people": [PERSON | {"family_name": "x" * 121}]},
    "a date as a number": {"people": [PERSON | {"birth_date": 0}]},
    "a date as seconds": {"people": [PERSON | {"birth_date": 86400 * 365}]},
    "a date that is none": {"people": [PERSON | {"birth_date": "1991-02-30"}]},
    "a wrong check digit": {"people": [PERSON | {"national_number": "93.05.18-223.62"}]},
    "a national number of zeros": {"people": [PERSON | {"national_number": "0" * 11}]},
    "another script's digits": {"people": [PERSON | {"national_number": "٩٣٠٥١٨٢٢٣٦١"}]},
    "a wrong OV number": {"ov_number": "12"},
    "a wrong OQT reference": {"oqt_reference": "né à Conakry"},
    "an unknown region": {"region": "atlantis"},
    "an unknown language": {"language": "eo"},
    "a truth that is a word": {"facts": {"minors": "yes"}},
    "a truth that is a number": {"facts": {"minors": 1}},
    "an annex with a slash": {"facts": {"annex": "13/7"}},
    "a term as a truth": {"facts": {"term_end": True}},
    "an unknown provenance": {"contact": {"provenance": "hearsay"}},
    "an escape in an address": {"contact": {"address": "rue \x1b[2J"}},
    "an escape of eight bits in an address": {"contact": {"address": "rue \x9b2J"}},
    "an address that turns around": {"contact": {"address": "rue des Tilleuls \u202e21"}},
    "contact as a list": {"contact": []},
}


def test_a_case_that_cannot_be_meant_is_not_opened(lite_house: House) -> None:
    coach = lite_house.client("coach")
    rows, before = counts(lite_house), len(entries(lite_house))
    for name, changed in CASE_BAD.items():
        reply = coach.post("/cases", content=json.dumps(CASE | changed), headers=JSON)
        assert reply.status_code == 400, (name, reply.text)
        _assert_problem(reply, 400)
        assert reply.json()["issues"], name
        for secret in ("Diallo", "Aminata", "93.05.18", "Conakry", "Tilleuls"):
            assert secret not in reply.text, name
    assert counts(lite_house) == rows
    assert since(lite_house, before) == []


BODIES: Final[dict[str, bytes]] = {
    "nothing": b"",
    "half an object": b'{"text": "a"',
    "a list": b"[]",
    "null": b"null",
    "a string": b'"text"',
    "broken UTF-8": b'{"text": "\xff\xfe", "language": "fr"}',
    "a name twice": b'{"text": "a", "language": "fr", "text": "b"}',
    "a name twice, deeper": b'{"text": "a", "language": "fr", "template": {"x": 1, "x": 2}}',
    "NaN": b'{"text": NaN, "language": "fr"}',
    "Infinity": b'{"text": "a", "language": Infinity}',
    "very deep": b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a number of ten thousand digits": b'{"text": ' + b"9" * 10_000 + b', "language": "fr"}',
    "a field of half a character": b'{"text": "a", "language": "fr", "\\ud800": 1}',
    "a field with line breaks": b'{"text": "a", "language": "fr", "x\\r\\nSet-Cookie: y=1": 1}',
    "a field of five thousand characters": b'{"text": "a", "language": "fr", "' + b"x" * 5000 + b'": 1}',
    "two documents": b'{"text": "a", "language": "fr"} {}',
}


def test_a_body_that_cannot_be_read_is_refused(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    rows = counts(lite_house)
    for name, body in BODIES.items():
        reply = coach.post(f"/cases/{case}/notes", content=body, headers=JSON)
        assert reply.status_code == 400, (name, reply.text)
        _assert_problem(reply, 400)
        assert len(reply.content) < 2000, name
        assert "set-cookie" not in reply.headers
    assert counts(lite_house) == rows


def test_a_note_is_as_long_as_is_said_and_no_longer(lite_house: House) -> None:
    """Counted in bytes as stored, not in characters; what is too long is refused whole."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    path = f"/cases/{case}/notes"
    longest = "é" * (NOTE_LIMIT // 2)
    reply = coach.post(path, json=NOTE | {"text": longest})
    assert reply.status_code == 201, reply.text
    assert coach.get(f"{path}/{reply.json()['note']}").json()["text"] == longest
    rows = counts(lite_house)
    for text in (longest + "a", "a" * (NOTE_LIMIT + 1), "😀" * (NOTE_LIMIT // 4) + "a"):
        refused = coach.post(path, json=NOTE | {"text": text})
        _assert_problem(refused, 400)
        assert str(NOTE_LIMIT) in refused.text
        assert len(refused.content) < 1000
    assert counts(lite_house) == rows


def test_unicode_has_one_spelling_and_nothing_hidden(house: House) -> None:
    """Stored composed (NFC), with plain line ends, and otherwise as typed; what would hide or reorder is refused."""
    coach = house.client("coach")
    path = f"/cases/{house.open_case(coach)}/notes"
    kept = (
        "é",
        "👩\u200d👩\u200d👧",
        "𝔄\U0010ffff",
        "a\u00a0b\u2028c\ufeff",
        "ﬁ Ⅳ ½",
        "dit شكرا",
        "dit می\u200cخواهم",
        "\t\n x",
    )
    changed = (
        ("noe\u0308l, e\u0301", "noël, é"),
        ("a\r\nb", "a\nb"),
    )
    for sent, stored in (*zip(kept, kept, strict=True), *changed):
        made = coach.post(path, json=NOTE | {"text": sent})
        assert made.status_code == 201, ascii(sent)
        assert coach.get(f"{path}/{made.json()['note']}").json()["text"] == stored, ascii(sent)
    rows = counts(house)
    for sent in ("\ud800", "a\udfff", "\x00", "a\x1b[2J", "\x85", "a\rb", "\u202eabc\u202c", "a\u2066b"):
        refused = coach.post(path, content=json.dumps(NOTE | {"text": "secret " + sent}), headers=JSON)
        _assert_problem(refused, 400)
        assert "secret" not in refused.text
    assert counts(house) == rows


def test_only_json_is_read(lite_house: House) -> None:
    """A form of another site can send the other types without asking first."""
    coach = lite_house.client("coach")
    case = Stage(lite_house).case()
    for sent in (None, "text/plain", "application/x-www-form-urlencoded", "application/xml", "", "json"):
        headers = {"content-type": sent} if sent is not None else {}
        reply = coach.post(f"/cases/{case}/notes", content=json.dumps(NOTE).encode(), headers=headers)
        _assert_problem(reply, 400)


def test_a_body_that_announces_too_much_is_refused_before_it_is_read(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    reply = coach.post(f"/cases/{case}/notes", content=b"{" + b" " * BODY_LIMIT + b"}", headers=JSON)
    _assert_problem(reply, 413)
    for announced in ("99999999999999999999999999", "-1", "1e9"):
        reply = coach.post(f"/cases/{case}/notes", content=b"{}", headers=JSON | {"content-length": announced})
        assert reply.status_code == 413, announced


def test_a_body_that_goes_on_is_refused_as_it_arrives(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b" " * 65_536

    async def post() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=create_app(lite_house.services))
        async with httpx2.AsyncClient(transport=transport, base_url="https://parefeu.test") as client:
            headers = JSON | {"authorization": f"Bearer {coach.token}"}
            return await client.post(f"/casework/cases/{case}/notes", content=endless(), headers=headers)

    reply = asyncio.run(post())
    _assert_problem(reply, 413)
    assert str(BODY_LIMIT) in reply.json()["detail"]
    assert sent < 64


def test_queries_outside_their_bounds_are_refused(lite_house: House) -> None:
    coach, auditor = lite_house.client("coach"), lite_house.client("auditor")
    officer = lite_house.client("officer")
    queries = (
        "limit=0", "limit=-1", "limit=201", "limit=x", "limit=1e2", f"limit={'9' * 30}", "before=yesterday",
        "before=2026-13-01", "language=it", "state=lost", "state=",
    )  # fmt: skip
    for query in queries:
        _assert_problem(coach.get(f"/cases?{query}"), 400)
    for query in ("limit=0", "limit=501", "since=x", "before=zz", "before=" + "0" * 31, "actor=%00", "subject=a%0Ab"):
        _assert_problem(auditor.get(f"/entries?{query}"), 400)
    for query in ("limit=0", "limit=201", "before=x"):
        _assert_problem(officer.get(f"/sheets?{query}"), 400)
    assert auditor.get("/entries?limit=500&actor=nobody&subject=nobody").json()["entries"] == []


def test_a_parameter_that_no_route_has_is_no_filter_in_silence(lite_house: House) -> None:
    coach, auditor = lite_house.client("coach"), lite_house.client("auditor")
    officer = lite_house.client("officer")
    case = lite_house.open_case(coach)
    note = lite_house.write_note(coach, case)
    for caller, place in (
        (coach, "/cases?region=ghent"), (coach, "/cases?langauge=nl"), (coach, "/cases?Limit=1"),
        (coach, "/cases?language=fr&language=nl"), (coach, "/cases?limit=1&limit=2"), (coach, "/cases?x"),
        (coach, "/session?x=1"), (auditor, "/entries?actr=nobody"), (auditor, "/entries?limit=1&limit=1"),
        (officer, "/sheets?subject=x"), (coach, f"/cases/{case}/notes/{note}?version=1"),
    ):  # fmt: skip
        reply = caller.get(place)
        _assert_problem(reply, 400)
        assert [issue["in"] for issue in reply.json()["issues"]] == ["query"], place
    _assert_problem(coach.get("/cases?Diallo=1"), 400)
    assert "Diallo" not in coach.get("/cases?Diallo=1").text, "what somebody typed is not repeated"
    several = coach.get("/cases?state=intake&state=no_show&limit=5")
    assert (several.status_code, len(several.json()["cases"])) == (200, 1)


def test_a_body_that_cannot_be_read_is_said_to_be_so(lite_house: House) -> None:
    coach = lite_house.client("coach")
    deep = b'{"word": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    long = b'{"word": ' + b"9" * 5_000 + b"}"
    for name, body in (
        ("broken UTF-8", b'{"word": "\xff\xfe"}'), ("half a character", b'{"word": "\xed\xa0\x80"}'),
        ("UTF-16", '{"word": "maison"}'.encode("utf-16")), ("UTF-32", '{"word": "maison"}'.encode("utf-32-le")),
        ("deep", deep), ("a number that ends nowhere", long),
    ):  # fmt: skip
        reply = coach.post("/search", content=body, headers=JSON)
        _assert_problem(reply, 400)
        assert reply.json()["type"] == "urn:problem-type:parefeu:invalid_input", name
        assert [issue["in"] for issue in reply.json()["issues"]] == ["body"], name
    marked = b"\xef\xbb\xbf" + b'{"word": "maison"}'
    assert coach.post("/search", content=marked, headers=JSON).status_code == 200, "a mark is no fault"


def test_moments_at_the_ends_of_time_are_moments(house: House) -> None:
    coach, auditor = house.client("coach"), house.client("auditor")
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-11-03T09:00:00", "2026-11-03"):
        assert coach.get("/cases", params={"before": moment}).status_code == 200, moment
        assert auditor.get("/entries", params={"since": moment, "until": moment}).status_code == 200, moment
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert coach.get("/cases", params={"before": moment}).status_code in {200, 400}, moment


def test_a_slash_too_many_sends_no_token_elsewhere(lite_house: House) -> None:
    """A redirect would name the host and the scheme that the server believes in: behind a proxy, one without TLS."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    note = lite_house.write_note(coach, case)
    for path in ("/cases/", f"/cases/{case}/", f"/cases/{case}/notes/{note}/", "//cases", "/session/"):
        headers = {"authorization": f"Bearer {coach.token}", "host": "elsewhere.example"}
        reply = lite_house.app.get(f"/casework{path}", headers=headers, follow_redirects=False)
        _assert_problem(reply, 404)
        assert "location" not in reply.headers


def test_a_slash_that_is_encoded_parts_no_address(lite_house: House) -> None:
    """A proxy that lets only some into `/oversight/` takes `/oversight%2Fentries` for another place. So do we."""
    coach, auditor = lite_house.client("coach"), lite_house.client("auditor")
    case = lite_house.open_case(coach)
    note = lite_house.write_note(coach, case)
    before = len(entries(lite_house))
    for path in (
        "//casework%2Fcases", f"//casework/cases%2f{case}", f"//casework%2Fcases/{case}/notes/{note}",
        f"/cases/{case}/notes%2F{note}", f"/cases/{case}%2Fnotes/{note}", "//pages%2Fcasework/sign-in",
    ):  # fmt: skip
        assert coach.get(path).status_code == 404, path
    assert auditor.get("//oversight%2Fentries").status_code == 404
    assert since(lite_house, before) == []
    assert coach.get(f"/cases/{case.replace('-', '%20')}").status_code == 200, "what else is encoded is read"
    assert coach.get(f"/cases/%2F{note}").status_code == 400, "a name with a slash names nothing"


def test_ids_and_references_that_are_none(house: House) -> None:
    coach, auditor, officer = house.client("coach"), house.client("auditor"), house.client("officer")
    case = house.open_case(coach)
    note = house.write_note(coach, case)
    for wrong in ("x", note[:-1], note + "0", note.upper(), "%00" * 16, "g" * 32, "é" * 32, "%C0%AF"):
        if wrong != note:
            assert coach.get(f"/cases/{case}/notes/{wrong}").status_code == 400, wrong
            assert auditor.get(f"/entries/{wrong}").status_code == 400, wrong
            assert officer.get(f"/sheets/{wrong}").status_code == 400, wrong
    for wrong in ("x", case[:-1], case + "0", "F" + case[1:], "%00", "é", "Q" * 200):
        assert coach.get(f"/cases/{wrong}").status_code == 400, wrong
    for forgiven in (case.lower(), case.replace("-", ""), case.replace("-", " ")):
        assert coach.get(f"/cases/{forgiven}").status_code == 200, forgiven


def test_what_is_found_by_a_number_is_typed_as_one(lite_house: House) -> None:
    coach = lite_house.client("coach")
    for body in (
        {"field": "name", "value": "Diallo"}, {"field": "ov_number", "value": ""},
        {"field": "ov_number", "value": "\x00"},
        {"field": "national_number", "value": "93.05.18-223.62"}, {"field": "ov_number", "value": 8123456},
        {"field": "oqt_reference", "value": "x" * 61},
    ):  # fmt: skip
        assert coach.post("/find", json=body).status_code == 400, body
    for word in ("", "a", "x" * 81, 7):
        assert coach.post("/search", json={"word": word}).status_code == 400, word
    assert coach.post("/search", json={"word": "\x00\x00"}).status_code in {200, 400}


def test_proposals_and_consents_stay_within_their_lists(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case, referral = Stage(lite_house).proposed()
    rows = counts(lite_house)
    proposals: tuple[dict[str, Any], ...] = (
        {"partner": "nobody"}, {"partner": "iom"}, {"partner": "../casework"}, {"partner": "Caritas"},
        {"need": "a story"}, {"need": "legal_aid"}, {"need": None}, {"fields": []}, {"fields": ["narrative"]},
        {"fields": ["need"]}, {"fields": ["phone", "ov_number"]}, {"fields": ["phone"] * 41}, {"fields": "phone"},
        {"fields": ["x" * 41]}, {"note": "elle a peur"},
    )  # fmt: skip
    for changed in proposals:
        reply = coach.post(f"/cases/{case}/referrals", json=PROPOSAL | changed)
        assert reply.status_code == 400, (changed, reply.text)
    consents: tuple[dict[str, Any], ...] = (
        {"fields": []}, {"fields": ["narrative"]}, {"fields": ["address"]}, {"expires_on": "9999-12-31"},
        {"expires_on": "2026-11-02"}, {"expires_on": "2028-11-03"}, {"expires_on": 1}, {"expires_on": None},
        {"partner": "fedasil"},
    )  # fmt: skip
    for changed in consents:
        reply = coach.post(f"/cases/{case}/referrals/{referral}/consent", json=CONSENT | changed)
        assert reply.status_code == 400, (changed, reply.text)
    for path in ("x", "0" * 31, "G" * 32, referral.upper()):
        assert coach.get(f"/cases/{case}/referrals/{path}").status_code == 400
        assert coach.post(f"/cases/{case}/referrals/{referral}/answers/{path}").status_code == 400
    assert counts(lite_house) == rows


def test_answers_and_receipts_that_cannot_be_meant_are_refused(lite_house: House) -> None:
    stage = Stage(lite_house)
    release, ended, agent = stage.referral("caritas"), stage.withdrawn("caritas"), lite_house.client("caritas")
    rows, before = counts(lite_house), len(entries(lite_house))
    wrong: tuple[dict[str, Any], ...] = (
        {"status": "sent"}, {"status": None}, {}, {"status": "answered"}, {"status": "answered", "message": " \n"},
        {"status": "accepted", "message": 7}, {"status": "accepted", "message": "a\x00b"},
        {"status": "accepted", "message": "a\u202eb"}, {"status": "accepted", "message": "\ud800"},
        {"status": "accepted", "message": "é" * (10 * 1024 + 1)}, {"status": "accepted", "need": "shelter"},
        {"status": "withdrawn", "message": "a"},
    )  # fmt: skip
    for body in wrong:
        reply = agent.post(f"/referrals/{release}/answers", content=json.dumps(body), headers=JSON)
        assert reply.status_code == 400, (body, reply.text)
    for body in ({}, {"outcome": "burnt"}, {"outcome": None}, {"outcome": "deleted", "message": "elle"}):
        assert agent.post(f"/withdrawals/{ended}/receipt", json=body).status_code == 400
    assert counts(lite_house) == rows
    assert since(lite_house, before) == []
    longest = {"status": "accepted", "message": "é" * 10 * 1024}
    assert agent.post(f"/referrals/{release}/answers", json=longest).status_code == 201


def test_paths_and_methods_that_are_not_there(lite_house: House) -> None:
    coach = lite_house.client("coach")
    for path in ("//nothing", "//casework", "/cases/x/y/z", "//docs", "//redoc"):
        _assert_problem(coach.get(path), 404)
    _assert_problem(coach.request("PATCH", "/cases"), 405)
    _assert_problem(coach.request("DELETE", "/cases"), 405)
    _assert_problem(coach.request("TRACE", "/cases"), 405)


def test_the_unforeseen_gives_a_number_and_no_detail(
    lite_house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)

    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("Diallo was here")

    monkeypatch.setattr("vault.usecases.read_case.reference", broken)
    before = len(entries(lite_house))
    reply = coach.get(f"/cases/{case}")
    _assert_problem(reply, 500)
    assert "Diallo" not in reply.text + caplog.text
    assert reply.json()["instance"].removeprefix("urn:uuid:") in [getattr(r, "reference", "") for r in caplog.records]
    assert [(entry["action"], entry["outcome"]) for entry in since(lite_house, before)] == [("read", "error")]
