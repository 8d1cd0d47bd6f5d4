"""Samples through the interface: drawn by lot, read for some days, done; and every way in which they show nothing."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from gateway.settings import Settings
from tests.api.support import comparable, counts, entries, since
from tests.house import House, house_on
from tests.recorded import record_fact
from tests.samples import ASK, FINDING, ask, done, drawn, of
from vault.cases.case_samples import draw, told_in

Json = dict[str, Any]
LOOKS = ("/notes", "/stay-facts", "/return-facts")


def noted(house: House, login: str = "coach", **case: Any) -> tuple[str, str]:
    """A case with a note; both by name."""
    coach = house.client(login)
    reference = house.open_case(coach, **case)
    return reference, house.write_note(coach, reference)


def look(house: House, number: str, tail: str = "/notes", login: str = "head") -> Any:
    return house.client(login).get(f"/samples/{number}{tail}")


def test_a_head_reads_a_drawn_case_with_its_stand_ins_and_says_what_came_of_it(house: House) -> None:
    case, note = noted(house)
    coach = house.client("coach")
    record_fact(coach, case, "stay-analysis", detail="Vu Aminata Diallo pour le 9bis")
    receipt = ask(house)
    number = receipt["sample"]
    assert (receipt["reference"], receipt["of"], receipt["standing"]) == (case, 1, "running")
    [listed] = look(house, number).json()["notes"]
    assert listed["note"] == note
    shown = look(house, number, f"/notes/{note}").json()
    assert shown["text"] == "Entretien avec [PERSONNE-1]."
    assert set(shown) == {
        "reference", "note", "version", "template", "template_version", "language", "text", "provenance", "written_at",
    }  # fmt: skip
    [fact] = look(house, number, "/stay-facts").json()["facts"]
    assert fact["detail"] == "Vu [PERSONNE-1] pour le 9bis"
    assert not {"author", "referral", "correction", "holds"} & set(fact)
    assert look(house, number, "/return-facts").json()["facts"] == []
    assert done(house, number)["standing"] == "done"
    for tail in (*LOOKS, f"/notes/{note}"):
        assert look(house, number, tail).status_code == 404, "what is done shows nothing"
    kept = house.client("head").get(f"/samples/{number}").json()
    assert (kept["explanation"], kept["finding"], kept["coach"]) == (ASK["explanation"], FINDING["finding"], "Coach")
    assert "Diallo" not in json.dumps([receipt, listed, shown, fact, kept])


def test_the_coach_is_told_by_which_function_why_and_until_when(house: House) -> None:
    case, _ = noted(house)
    house.client("colleague")
    number = drawn(house, reason="complaint", explanation="Une plainte sur le ton des entretiens")
    [notice] = house.client("coach").get("/sample-notices").json()["notices"]
    assert (notice["reference"], notice["reason"], notice["role"]) == (case, "complaint", "regional_head")
    assert (notice["standing"], notice["ended_at"]) == ("running", None)
    assert "plainte" not in json.dumps(notice), "why in words is between the head and oversight"
    assert house.client("colleague").get("/sample-notices").json()["notices"] == []
    done(house, number)
    assert house.client("coach").get("/sample-notices").json()["notices"][0]["standing"] == "done"


def test_a_lot_is_drawn_among_active_cases_of_the_region_and_the_log_gives_it_again(house: House) -> None:
    cases = [noted(house, login, ov_number=f"81234{number}")[0] for number, login in
             enumerate(("coach", "coach", "colleague", "third_coach"), start=50)]  # fmt: skip
    house.open_case(house.client("far_coach"), region="liege", ov_number="8123470")
    closed = house.open_case(house.client("coach"), ov_number="8123471")
    house.hand_over(house.client("coach"), house.client("head"), closed)
    before = len(entries(house))
    receipts = [ask(house) for _ in range(6)]
    assert {one["of"] for one in receipts} == {4}
    assert {one["reference"] for one in receipts} <= set(cases)
    for entry in since(house, before):
        told = told_in(entry["outcome"])
        assert told is not None
        assert told.lot.sound
        alive = _alive(house)
        assert draw(alive, told.lot.seed) == told.lot, "from the log alone"
        assert alive[told.lot.place] == entry["subject"]


def _alive(house: House) -> list[str]:
    """Names of the cases of Brussels that were not handed over, sorted, from the log alone."""
    log = entries(house)
    there = {e["subject"] for e in log if e["action"] == "entrusted" and e["outcome"] == "brussels"}
    return sorted(there - {e["subject"] for e in log if e["action"] == "released"})


def test_a_lot_among_one_coachs_cases_says_so(lite_house: House) -> None:
    house = lite_house
    noted(house)
    case, _ = noted(house, "colleague", ov_number="8123457")
    house.client("head")
    before = len(entries(house))
    receipt = ask(house, coach=house.staff["colleague"].id.hex())
    assert (receipt["reference"], receipt["of"]) == (case, 1)
    [entry] = since(house, before)
    told = told_in(entry["outcome"])
    assert told is not None
    assert told.coach == house.staff["colleague"].log_name


@pytest.mark.parametrize("whose", ["far_coach", "third_coach", "officer", ""])
def test_nobodys_cases_are_too_few(lite_house: House, whose: str) -> None:
    """A coach of elsewhere, one without a case, somebody of another zone and nobody: told alike, and no row is left."""
    house = lite_house
    noted(house)
    house.open_case(house.client("far_coach"), region="liege", ov_number="8123470")
    for login in ("third_coach", "officer", "head"):
        house.client(login)
    coach = house.staff[whose].id.hex() if whose else "0" * 32
    rows, before = counts(house), len(entries(house))
    reply = house.client("head").post("/samples", json=ASK | {"coach": coach})
    assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (409, "too_few_cases")
    assert counts(house) == rows
    assert [(e["outcome"], e["count"], e["subject"]) for e in since(house, before)] == [("too_few_cases", 0, "")]


def test_too_few_and_too_often_as_shipped(sqlite_settings: Settings) -> None:
    with house_on(sqlite_settings.model_copy(update={"samples_file": None})) as house:
        for number in (1, 2):
            noted(house, ov_number=f"812345{number}")
        assert house.client("head").post("/samples", json=ASK).status_code == 409, "two are too few"
        noted(house, ov_number="8123453")
        assert [ask(house)["left"] for _ in range(4)] == [3, 2, 1, 0]
        before = len(entries(house))
        spent = house.client("head").post("/samples", json=ASK)
        assert (spent.status_code, spent.json()["type"].rpartition(":")[2]) == (429, "budget_spent")
        assert [e["subject"] for e in since(house, before)] == [""], "no lot is cast that nobody gets"
        assert house.client("head").get("/samples").json()["left"] == 0
        house.clock.move(days=28)
        house.renew("head")
        assert ask(house)["left"] == 3, "another month"


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "curiosity"}, {"reason": ""}, {"explanation": "vite"}, {"explanation": "x" * 301},
        {"explanation": "sur deux\nlignes de texte"}, {"explanation": "appeler le 0499 00 00 11 pour savoir"},
        {"explanation": "dossier OV 8.123.456, vite"}, {"coach": "somebody"}, {"case": "C-1"},
    ],
)  # fmt: skip
def test_a_reason_that_is_not_listed_or_says_too_little_or_a_number_draws_nothing(
    lite_house: House, wrong: Json
) -> None:
    noted(lite_house)
    lite_house.client("head")
    rows = counts(lite_house)
    assert lite_house.client("head").post("/samples", json=ASK | wrong).status_code == 400
    assert counts(lite_house) == rows


def test_its_days_end_and_so_does_the_sight(house: House) -> None:
    _, note = noted(house)
    receipt = ask(house)
    number, expires = receipt["sample"], datetime.fromisoformat(receipt["expires_at"])
    house.clock.moment = expires.replace(hour=22, minute=59, second=58)
    house.renew("head")
    assert look(house, number, f"/notes/{note}").status_code == 200
    house.clock.moment = expires
    gone = look(house, number, f"/notes/{note}")
    assert comparable(gone) == comparable(look(house, "0" * 32, f"/notes/{note}"))
    assert [look(house, number, tail).status_code for tail in LOOKS] == [404] * 3
    done(house, number, status=404)
    assert house.client("head").get(f"/samples/{number}").json()["standing"] == "expired"


def test_it_is_done_once(house: House) -> None:
    noted(house)
    number = drawn(house)
    done(house, number)
    done(house, number, status=404)


def test_a_sample_is_its_heads_alone(house: House) -> None:
    case, note = noted(house)
    house.open_case(house.client("far_coach"), region="liege", ov_number="8123470")
    number, theirs = drawn(house), drawn(house, "far_head")
    for login in ("far_head", "coach", "colleague", "desk"):
        for tail in ("", *LOOKS, f"/notes/{note}"):
            reply = look(house, number, tail, login)
            assert reply.status_code == (404 if login == "far_head" else 403), (login, tail)
        assert house.client(login).post(f"/samples/{number}/end", json=FINDING).status_code in (403, 404)
    assert look(house, theirs, f"/notes/{note}", "far_head").status_code == 404, "of another case"
    assert [row["reference"] for row in house.client("head").get("/samples").json()["samples"]] == [case]
    for login in ("officer", "caritas", "auditor"):
        token = house.client(login).token
        for tail in ("", "/notes", f"/notes/{note}"):
            reply = house.app.get(f"/casework/samples/{number}{tail}", headers={"authorization": f"Bearer {token}"})
            assert reply.status_code == 401, "a session of one zone is none in another"


def test_a_note_of_another_case_is_none_of_the_sample(lite_house: House) -> None:
    house = lite_house
    case, _ = noted(house)
    _, foreign = noted(house, "colleague", ov_number="8123457")
    number = of(house, case)
    assert look(house, number, f"/notes/{foreign}").status_code == 404
    assert comparable(look(house, number, f"/notes/{foreign}")) == comparable(look(house, number, f"/notes/{'0' * 32}"))


def test_a_sample_opens_no_other_road(lite_house: House) -> None:
    """While it runs the head has of the case what a head has, and what the sample's own routes show."""
    house = lite_house
    case, note = noted(house)
    record_fact(house.client("coach"), case, "sensitive")
    drawn(house)
    head = house.client("head")
    for path in (f"/cases/{case}/notes", f"/cases/{case}/notes/{note}", f"/cases/{case}/identity",
                 f"/cases/{case}/contact", f"/cases/{case}/stand-ins", f"/cases/{case}/facts/sensitive",
                 f"/cases/{case}/facts/stay-analysis", f"/cases/{case}/attachments/narrative",
                 f"/cases/{case}/notes/{note}/versions"):  # fmt: skip
        assert head.get(path).status_code == 403, path
    assert head.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "pour voir"}).status_code == 403
    assert head.post("/search", json={"word": "Entretien"}).status_code == 403
    why = head.get("/why?kind=note&action=read").json()["sentences"]
    assert any(sentence.startswith("Ask for a sample") for sentence in why)


def test_a_case_that_closes_or_moves_away_is_seen_no_more(lite_house: House) -> None:
    house = lite_house
    case, note = noted(house)
    number = drawn(house)
    assert look(house, number, f"/notes/{note}").status_code == 200
    house.hand_over(house.client("coach"), house.client("head"), case)
    assert look(house, number, f"/notes/{note}").status_code == 404
    assert house.client("head").get(f"/samples/{number}").status_code == 200


def test_every_look_is_logged_and_explained_by_the_draw(lite_house: House) -> None:
    house = lite_house
    _, note = noted(house)
    house.client("head")
    before = len(entries(house))
    number = drawn(house)
    for tail in (*LOOKS, f"/notes/{note}", ""):
        assert look(house, number, tail).status_code == 200
    done(house, number)
    written = since(house, before)
    assert [(e["action"], e["kind"]) for e in written] == [
        ("create", "case_sample"), ("list", "note"), ("read", "stay_fact"), ("read", "return_fact"), ("read", "note"),
        ("read", "case_sample"), ("close", "case_sample"),
    ]  # fmt: skip
    assert {e["purpose"] for e in written} == {"supervision"}
    assert {e["subject"] for e in written} == {written[0]["subject"]} != {""}
    told = house.client("auditor").get("/explanations?limit=60").json()["explanations"]
    mine = {e["entry"]["entry"]: e for e in told if e["entry"]["purpose"] == "supervision"}
    assert len(mine) == len(written)
    assert all(e["explained"] for e in mine.values())
    for entry in written[1:5]:
        bases = {one["basis"]: one["entry"] for one in mine[entry["entry"]]["evidence"]}
        assert bases["sample"] == written[0]["entry"]
    opened = house.client("auditor").get(f"/entries/{written[0]['entry']}/detail").json()
    assert opened["reason"] == ASK["explanation"]


def test_the_person_is_told_that_it_was_supervision(lite_house: House) -> None:
    house = lite_house
    case, note = noted(house)
    number = drawn(house)
    assert look(house, number, f"/notes/{note}").status_code == 200
    release = house.client("coach").post(f"/cases/{case}/access-report").json()["release"]
    reply = house.client("dpo").get(f"/access-reports/{release}?lang=nl").json()
    assert "kwaliteitstoezicht, dossier bij loting gekozen" in reply["text"]
    lines = [line for day in reply["report"]["days"] for line in day["lines"] if line["purpose"] == "supervision"]
    told = {(line["manner"], line["category"]) for line in lines}
    assert told == {("recorded", "status"), ("consulted", "narrative")}
    assert {line["function"] for line in lines} == {"regional_head"}
