"""Facts through the interface: provenance, compartments, corrections, the notice, names, and what a liar cannot do."""

from __future__ import annotations

from typing import Any, Final

import pytest
from sqlalchemy import select

from tests.api.support import counts, entries, since
from tests.crash.checks import faults
from tests.house import Caller, House
from tests.recorded import FACTS, record_fact
from vault.cases.facts import FACTS_PER_KIND
from vault.ids import RecordId
from vault.storage import tables as t
from vault.usecases import facts as use
from vault.usecases.casework import parse_reference
from vault.vocabulary import FACT_KINDS, KIND_COMPARTMENT, Kind

BASE: Final = FACTS["sensitive"]


def _revise(coach: Caller, case: str, fact: str, section: str = "sensitive", **changed: Any) -> Any:
    return coach.put(f"/cases/{case}/facts/{section}/{fact}", json=FACTS[section] | {"based_on": 1} | changed)


def test_each_compartment_has_its_facts_under_a_key_of_its_own(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    for section in FACTS:
        record_fact(coach, case, section)
    for section, body in FACTS.items():
        found = coach.get(f"/cases/{case}/facts/{section}").json()
        assert [fact["code"] for fact in found["facts"]] == [body["code"]]
        assert found["reference"] == case
    with house.services.store.main.engine.connect() as connection:
        rows = connection.execute(
            select(t.records.c.kind, t.data_keys.c.compartment, t.records.c.key_id)
            .join(t.data_keys, t.data_keys.c.key_id == t.records.c.key_id)
            .where(t.records.c.kind.in_([kind.value for kind in FACT_KINDS]))
        ).all()
    assert {row[0]: row[1] for row in rows} == {kind.value: KIND_COMPARTMENT[kind].value for kind in FACT_KINDS}
    assert len({bytes(row[2]) for row in rows}) == len(FACT_KINDS)
    assert faults(house.settings) == []


def test_a_correction_stands_beside_the_original_and_says_who_and_why(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    fact = record_fact(coach, case, detail="Va à l'école primaire.")
    before = len(entries(house))
    done = _revise(coach, case, fact, value="secondary", detail="", correction="mal compris d'Aminata Diallo")
    assert done.json()["version"] == 2
    assert [(e["action"], e["outcome"], e["object"]) for e in since(house, before)] == [("write", "corrected", fact)]
    told = coach.get(f"/cases/{case}/facts/sensitive/{fact}").json()
    (now,), (original,) = told["facts"], told["earlier"]
    assert (now["value"], original["value"]) == ("secondary", "primary")
    assert original["detail"] == "Va à l'école primaire."
    assert now["correction"] == {"corrects": 1, "reason": "mal compris d'[PERSONNE-1]"}
    assert original["correction"] is None
    assert now["author"] == original["author"] == house.staff["coach"].id.hex()
    assert now["written_at"] > original["written_at"]
    listed = coach.get(f"/cases/{case}/facts/sensitive").json()
    assert [(one["version"], bool(one["correction"])) for one in listed["facts"]] == [(2, True)]
    assert faults(house.settings) == []


def test_a_note_is_corrected_likewise(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case, "Elle a trois enfants.")
    body = {"text": "Elle a deux enfants.", "language": "fr", "template": "intake", "based_on": 1}
    assert coach.put(f"/cases/{case}/notes/{note}", json=body | {"correction": "no"}).status_code == 400
    done = coach.put(f"/cases/{case}/notes/{note}", json=body | {"correction": "confondue avec Aminata Diallo"})
    assert done.status_code == 200
    read = coach.get(f"/cases/{case}/notes/{note}").json()
    assert read["text"] == "Elle a deux enfants."
    assert read["correction"] == {"corrects": 1, "reason": "confondue avec [PERSONNE-1]"}
    assert coach.get(f"/cases/{case}/notes/{note}/versions/1").json()["text"] == "Elle a trois enfants."
    assert coach.get(f"/cases/{case}/notes/{note}/versions/1").json()["correction"] is None
    found = coach.post("/search", json={"word": "deux enfants"}).json()["notes"]
    assert [hit["note"] for hit in found] == [note]
    assert coach.post("/search", json={"word": "corrects"}).json()["notes"] == [], "the preface is no text"
    revealed = coach.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "pour l'appeler"}).json()
    assert revealed["text"] == "Elle a deux enfants."
    new = {"text": "x", "language": "fr", "template": "intake", "correction": "rien à corriger"}
    assert coach.post(f"/cases/{case}/notes", json=new).status_code == 400, "what is new corrects nothing"
    assert faults(house.settings) == []


def test_a_note_says_which_skeleton_it_was_begun_from(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    templates = {one["template"]: one for one in coach.get("/templates").json()["templates"]}
    assert set(templates["closing"]["skeletons"]) == {"fr", "nl", "de", "en"}
    body = {"text": "x", "language": "fr", "template": "closing"}
    for version, status in ((None, 201), (1, 201), (2, 201), (3, 400), (0, 400)):
        reply = coach.post(f"/cases/{case}/notes", json=body | {"template_version": version})
        assert reply.status_code == status, version
    listed = coach.get(f"/cases/{case}/notes").json()["notes"]
    assert {(note["template"], note["template_version"]) for note in listed} == {("closing", 1), ("closing", 2)}
    assert lite_house.app.get("/casework/templates").status_code == 401


# -- provenance --------------------------------------------------------------------------------------


def test_where_a_fact_comes_from_is_said_once(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    assert coach.post(f"/cases/{case}/facts/sensitive", json=BASE).status_code == 400
    for provenance in ("admin", "interview", "partner"):
        fact = record_fact(coach, case, provenance=provenance)
        for other in ("admin", "interview", "partner"):
            assert _revise(coach, case, fact, provenance=other).status_code == 400, "a revision has no such field"
        assert _revise(coach, case, fact, correction="c'est le contraire").status_code == 200
        told = coach.get(f"/cases/{case}/facts/sensitive/{fact}").json()
        assert {one["provenance"] for one in (*told["facts"], *told["earlier"])} == {provenance}
    for wrong in ("rumour", "ADMIN", "", None, 1):
        assert coach.post(f"/cases/{case}/facts/sensitive", json=BASE | {"provenance": wrong}).status_code == 400


def test_a_row_that_calls_a_confided_fact_official_is_not_believed(lite_house: House) -> None:
    """Whoever writes the database turns INTERVIEW into ADMIN: it does not open, and no revision makes it true."""
    house, coach = lite_house, lite_house.client("coach")
    case = house.open_case(coach)
    fact = record_fact(coach, case)
    with house.services.store.main.engine.connect() as connection:
        where = t.records.c.record_id == bytes.fromhex(fact)
        own = connection.execute(select(t.records.c.entry_id).where(where)).scalar_one()
        other = connection.execute(select(t.entries.c.entry_id).where(t.entries.c.entry_id != own)).scalars().first()
        connection.execute(t.records.update().where(where).values(provenance="admin", entry_id=other))
        connection.commit()
    rows = counts(house)
    for reply in (
        coach.get(f"/cases/{case}/facts/sensitive"), coach.get(f"/cases/{case}/facts/sensitive/{fact}"),
        _revise(coach, case, fact), _revise(coach, case, fact, correction="c'est officiel"),
    ):  # fmt: skip
        assert reply.status_code == 500
        assert reply.json()["type"].endswith("record_tampered")
    assert counts(house) == rows


def test_no_use_case_takes_a_provenance_for_a_fact_that_is_there(lite_house: House) -> None:
    """Past the interface's bodies: the command itself refuses it."""
    from tests.crash.plays import Stagehand
    from vault.cases.facts import Fact
    from vault.errors import InvalidInput
    from vault.vocabulary import Provenance

    hand = Stagehand(lite_house)
    case = hand.noticed()
    fact = hand.fact(case)
    content = Fact("school", "primary")
    for provenance, which, based_on in ((Provenance.ADMIN, fact, 1), (None, None, 0), (Provenance.ADMIN, None, 1)):
        cmd = use.RecordFact(case, Kind.SENSITIVE_FACT, content, "fr", provenance, which, based_on)
        with pytest.raises(InvalidInput):
            hand.as_("coach", use.record_fact, cmd)


# -- the notice, names, compartments -----------------------------------------------------------------


def test_before_the_notice_only_what_the_official_file_says(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach, notice=False)
    rows = counts(lite_house)
    for provenance in ("interview", "partner"):
        reply = coach.post(f"/cases/{case}/facts/sensitive", json=BASE | {"provenance": provenance})
        assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (409, "notice_missing")
    assert counts(lite_house) == rows
    record_fact(coach, case, provenance="admin")


def test_names_in_every_text_of_a_fact_become_stand_ins(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    fact = record_fact(
        coach, case, about="Aminata Diallo", detail="Avec Mimi, au 0499 00 00 11.", source="Carte de Aminata DIALLO"
    )
    (told,) = coach.get(f"/cases/{case}/facts/sensitive/{fact}").json()["facts"]
    assert told["about"] == "[PERSONNE-1]"
    for text in (told["about"], told["detail"], told["source"]):
        assert not any(word in text.casefold() for word in ("diallo", "aminata", "0499"))
    # What comes back can be sent again: stand-ins of the case are kept.
    assert _revise(coach, case, fact, about=told["about"], detail=told["detail"]).status_code == 200
    invented = coach.post(
        f"/cases/{case}/facts/sensitive", json=BASE | {"about": "[PERSONNE-9]", "provenance": "admin"}
    )
    assert (invented.status_code, invented.json()["issues"][0]["name"]) == (400, "about")


def test_a_fact_of_another_compartment_or_case_is_none_of_this_one(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case, other = lite_house.open_case(coach), lite_house.open_case(coach)
    fact = record_fact(coach, case, "sensitive")
    note = lite_house.write_note(coach, case)
    for section in set(FACTS) - {"sensitive"}:
        assert coach.get(f"/cases/{case}/facts/{section}/{fact}").status_code == 404
        assert _revise(coach, case, fact, section).status_code == 404
    assert coach.get(f"/cases/{other}/facts/sensitive/{fact}").status_code == 404
    assert _revise(coach, other, fact).status_code == 404
    assert coach.get(f"/cases/{case}/facts/sensitive/{note}").status_code == 404
    assert coach.get(f"/cases/{case}/notes/{fact}").status_code == 404
    assert coach.get(f"/cases/{case}/facts/sensitive/{parse_reference(case).hex()}").status_code == 404


def test_a_code_is_good_in_its_own_compartment_only(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    rows = counts(lite_house)
    for section in FACTS:
        for other, body in FACTS.items():
            if other != section:
                reply = coach.post(f"/cases/{case}/facts/{section}", json=body | {"provenance": "admin"})
                assert (reply.status_code, reply.json()["issues"][0]["name"]) == (400, "code")
    assert counts(lite_house) == rows
    fact = record_fact(coach, case)
    assert _revise(coach, case, fact, code="health", value="pregnancy").status_code == 400, "a fact keeps its code"


def test_two_who_revise_at_once_are_told(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    fact = record_fact(coach, case)
    assert _revise(coach, case, fact, value="special").status_code == 200
    second = _revise(coach, case, fact, value="secondary")
    assert (second.status_code, second.json()["current"]) == (409, 2)
    for based_on in (0, -1, 3, 2**31):
        assert _revise(coach, case, fact, based_on=based_on).status_code in {400, 409}
    assert faults(house.settings) == []


def test_a_case_takes_so_many_facts_and_no_more(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert FACTS_PER_KIND >= 100
    monkeypatch.setattr(use, "FACTS_PER_KIND", 2)
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    fact = record_fact(coach, case)
    record_fact(coach, case)
    assert coach.post(f"/cases/{case}/facts/sensitive", json=BASE | {"provenance": "admin"}).status_code == 409
    record_fact(coach, case, "narrative")
    assert _revise(coach, case, fact).status_code == 200, "what is there can still be revised"


def test_a_closed_case_takes_no_fact_and_still_shows_what_it_has(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    fact = record_fact(coach, case)
    lite_house.step(coach, case, "close", outcome="STAY_OBTAINED")
    assert coach.post(f"/cases/{case}/facts/sensitive", json=BASE | {"provenance": "admin"}).status_code == 404
    assert _revise(coach, case, fact).status_code == 404
    assert len(coach.get(f"/cases/{case}/facts/sensitive").json()["facts"]) == 1


def test_the_sheet_is_the_same_whatever_was_recorded(lite_house: House) -> None:
    """Nothing of what a coach records reaches follow-up: two cases that differ in it alone give the same sheet."""
    house = lite_house
    coach, head, officer = house.client("coach"), house.client("head"), house.client("officer")
    sheets = []
    for recorded in (False, True):
        case = house.open_case(coach)
        if recorded:
            for section in FACTS:
                record_fact(coach, case, section)
        release = house.hand_over(coach, head, case)
        sheet = officer.get(f"/sheets/{release}").json()
        sheets.append({name: value for name, value in sheet.items() if name not in {"pseudonym", "handed_over_at"}})
    assert sheets[0] == sheets[1]


def test_a_look_at_one_compartment_is_logged_as_that(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    fact = record_fact(coach, case)
    before = len(entries(lite_house))
    coach.get(f"/cases/{case}/facts/sensitive")
    coach.get(f"/cases/{case}/facts/sensitive/{fact}")
    coach.get(f"/cases/{case}/facts/stay-analysis")
    told = [(e["action"], e["kind"], e["object"], e["count"]) for e in since(lite_house, before)]
    assert told == [
        ("read", "sensitive_fact", "", 1), ("read", "sensitive_fact", fact, 1), ("read", "stay_fact", "", 0),
    ]  # fmt: skip
    assert RecordId.parse(fact).hex() == fact
