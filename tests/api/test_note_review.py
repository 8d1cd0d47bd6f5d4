"""The review of a note through the interface: what is found, what the coach decides, what is stored and restored."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

import pytest

from tests.api.stage import NOTE
from tests.api.support import entries
from tests.crash.checks import faults
from tests.house import House, decided

#: The case knows Aminata Diallo; Ousmane follows a kinship word; what Soleil is, only the coach can say.
TEXT: Final = (
    "Vu Mme Aminata Diallo avec son frère Ousmane, NISS 93.05.18-223.61. "
    "Elle veut revoir le Soleil. Ousmane revient lundi."
)


def _look(house: House, case: str, text: str = TEXT, **more: Any) -> dict[str, Any]:
    reply = house.client("coach").post(f"/cases/{case}/note-review", json={"text": text, "language": "fr"} | more)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def _words(look: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The first span of each text."""
    found: dict[str, dict[str, Any]] = {}
    for span in look["spans"]:
        found.setdefault(look["text"][span["start"] : span["end"]], span)
    return found


def _write(house: House, case: str, look: dict[str, Any], *decisions: dict[str, Any]) -> Any:
    body = NOTE | {"text": look["text"], "digest": look["digest"], "decisions": list(decisions)}
    return house.client("coach").post(f"/cases/{case}/notes", json=body)


def _stored(house: House, case: str, reply: Any) -> str:
    assert reply.status_code == 201, reply.text
    text: str = house.client("coach").get(f"/cases/{case}/notes/{reply.json()['note']}").json()["text"]
    return text


def _rest(look: dict[str, Any], decision: str = "accept") -> list[dict[str, Any]]:
    return [{"decision": decision, "span": one["id"]} for one in look["spans"] if one["tier"] == "suggest"]


def test_a_look_says_where_what_how_sure_and_why_and_stores_nothing(lite_house: House) -> None:
    case = lite_house.open_case(lite_house.client("coach"))
    look = _look(lite_house, case)
    words = _words(look)
    for text, kind, source in (
        ("Aminata Diallo", "person", "known"),
        ("Ousmane", "person", "title"),
        ("93.05.18-223.61", "niss", "checked"),
    ):
        span = words[text]
        assert (span["type"], span["tier"], span["decision"]) == (kind, "auto", "pending")
        assert span["reasons"][0]["source"] == source
        assert 0 < span["score"] <= 1
        assert span["token"].startswith("[")
        assert set(span) >= {"id", "start", "end", "same_as", "needs_reason"}
    assert words["Aminata Diallo"]["needs_reason"]
    assert words["93.05.18-223.61"]["needs_reason"]
    twice = [one["token"] for one in look["spans"] if TEXT[one["start"] : one["end"]] == "Ousmane"]
    assert len(twice) == 2
    assert len(set(twice)) == 1, "the same person has the same stand-in all through the note"
    for reason in (reason for span in look["spans"] for reason in span["reasons"]):
        assert "Diallo" not in reason["detail"]
    assert lite_house.client("coach").get(f"/cases/{case}/notes").json()["notes"] == []


def test_a_note_is_refused_while_anything_in_it_is_only_suggested(house: House) -> None:
    coach, case = house.client("coach"), house.open_case(house.client("coach"))
    refused = coach.post(f"/cases/{case}/notes", json=NOTE | {"text": TEXT})
    assert refused.status_code == 409
    told = refused.json()
    assert told["type"].endswith(":review_needed")
    assert told["review"]["pending"] >= 1
    assert coach.get(f"/cases/{case}/notes").json()["notes"] == []
    look = told["review"]
    stored = _stored(house, case, _write(house, case, look, *_rest(look, "reject")))
    assert "Soleil" in stored, "what the coach left stays"
    assert not any(word in stored for word in ("Aminata", "Diallo", "Ousmane", "93.05.18"))
    assert faults(house.settings) == []


def test_the_same_person_has_the_same_stand_in_in_every_note_and_language(house: House) -> None:
    coach, case = house.client("coach"), house.open_case(house.client("coach"))
    first = _stored(house, case, decided(coach, f"/cases/{case}/notes", NOTE | {"text": TEXT}))
    number = first.split("son frère [PERSONNE-")[1].split("]")[0]
    dutch = NOTE | {"text": "Gesproken met haar broer Ousmane over mevrouw Aminata Diallo.", "language": "nl"}
    second = _stored(house, case, decided(coach, f"/cases/{case}/notes", dutch))
    assert f"broer [PERSOON-{number}]" in second
    assert "[PERSOON-1]" in second


def test_what_was_typed_comes_back_exactly_and_marked(house: House) -> None:
    coach, case = house.client("coach"), house.open_case(house.client("coach"))
    text = "Vu AMINATA DIALLO et son fre\u0300re  Ousmane ; dit « Aminata ». Tél. 0499 12 34 56."
    note = decided(coach, f"/cases/{case}/notes", NOTE | {"text": text}).json()["note"]
    stored = coach.get(f"/cases/{case}/notes/{note}").json()["text"]
    assert "AMINATA" not in stored
    reply = coach.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "recours sous le vrai nom"}).json()
    assert reply["text"] == unicodedata.normalize("NFC", text), "a note has one spelling"
    restored = [reply["text"][start:end] for start, end in reply["restored_spans"]]
    assert restored[0] == "AMINATA DIALLO"
    assert "Aminata" in restored
    told = entries(house)[-1]
    assert (told["action"], told["outcome"]) == ("reveal", "names_restored")


def test_decisions_change_what_is_stored(lite_house: House) -> None:
    case = lite_house.open_case(lite_house.client("coach"))
    look = _look(lite_house, case)
    words = _words(look)
    rest = [one for one in _rest(look) if one["span"] != words["Soleil"]["id"]]
    start = TEXT.index("lundi")
    stored = _stored(
        lite_house, case,
        _write(
            lite_house, case, look, *rest,
            {"decision": "retype", "span": words["Soleil"]["id"], "type": "place"},
            {"decision": "merge", "span": words["Ousmane"]["id"], "token": "[PERSONNE-1]", "everywhere": True},
            {"decision": "add", "start": start, "end": start + 5, "type": "date"},
        ),
    )  # fmt: skip
    assert "revoir le [LIEU-1]." in stored
    assert "son frère [PERSONNE-1]" in stored
    assert "[PERSONNE-1] revient [DATE-1]." in stored


def test_a_decision_holds_for_every_occurrence_if_the_coach_says_so(lite_house: House) -> None:
    case = lite_house.open_case(lite_house.client("coach"))
    look = _look(lite_house, case)
    left = {"decision": "reject", "span": _words(look)["Ousmane"]["id"], "everywhere": True}
    stored = _stored(lite_house, case, _write(lite_house, case, look, *_rest(look), left))
    assert stored.count("Ousmane") == 2


def test_extending_and_splitting_move_the_edges(lite_house: House) -> None:
    case = lite_house.open_case(lite_house.client("coach"))
    text = "Son frère Ousmane dit Petit est là."
    look = _look(lite_house, case, text)
    span = _words(look)["Ousmane"]
    end = text.index(" est")
    rest = [one for one in _rest(look) if one["span"] != span["id"]]
    longer = {"decision": "extend", "span": span["id"], "start": span["start"], "end": end}
    overlapping = [one["id"] for one in look["spans"] if span["end"] <= one["start"] < end]
    rest = [one for one in rest if one["span"] not in overlapping] + [
        {"decision": "reject", "span": one} for one in overlapping
    ]
    assert _stored(lite_house, case, _write(lite_house, case, look, *rest, longer)).startswith("Son frère [PERSONNE-")
    both = "Son frère Ousmane Barry est là."
    look = _look(lite_house, case, both)
    span = _words(look)["Ousmane Barry"]
    cut = {"decision": "split", "span": span["id"], "at": [both.index(" Barry") + 1]}
    stored = _stored(lite_house, case, _write(lite_house, case, look, *_rest(look), cut))
    assert stored.count("[PERSONNE-") == 2


@pytest.mark.parametrize("reason", ["", "non", " " * 20])
def test_what_the_case_knows_is_not_left_without_a_reason(lite_house: House, reason: str) -> None:
    case = lite_house.open_case(lite_house.client("coach"))
    look = _look(lite_house, case)
    left = {"decision": "reject", "span": _words(look)["Aminata Diallo"]["id"], "reason": reason}
    reply = _write(lite_house, case, look, *_rest(look), left)
    assert reply.status_code == 400, reply.text
    assert "Diallo" not in reply.text


def test_decisions_about_another_look_are_refused(lite_house: House) -> None:
    case = lite_house.open_case(lite_house.client("coach"))
    look = _look(lite_house, case)
    other = _look(lite_house, case, TEXT + " Suite.")
    body = NOTE | {"text": TEXT, "digest": other["digest"], "decisions": []}
    reply = lite_house.client("coach").post(f"/cases/{case}/notes", json=body)
    assert reply.status_code == 409
    assert reply.json()["type"].endswith(":review_stale")
    assert _write(lite_house, case, look, *_rest(look)).status_code == 201


def test_a_stand_in_that_the_case_does_not_have_is_refused(lite_house: House) -> None:
    case = lite_house.open_case(lite_house.client("coach"))
    for typed in ("[PERSONNE-9]", "[personne - 09]", "[PER\u200bSONNE-9]", "[ADRESSE-1]"):
        reply = lite_house.client("coach").post(f"/cases/{case}/notes", json=NOTE | {"text": f"Vu {typed} hier."})
        assert reply.status_code == 400, typed


def test_a_stored_note_can_be_looked_through_again_and_nothing_changes(house: House) -> None:
    coach, case = house.client("coach"), house.open_case(house.client("coach"))
    look = _look(house, case, "Elle a vu Xhelal hier.")
    left = {"decision": "reject", "span": _words(look)["Xhelal"]["id"]}
    note = _write(house, case, look, left).json()["note"]
    before = coach.get(f"/cases/{case}/notes/{note}").json()
    again = coach.post(f"/cases/{case}/notes/{note}/rescan").json()
    assert again["pending"] == 0, "what the coach left is not asked again"
    known = coach.get(f"/cases/{case}/identity").json()
    people = [{name: one[name] for name in ("family_name", "given_names", "relation")} for one in known["people"]]
    people.append({"family_name": "Berisha", "given_names": "Xhelal", "relation": "other"})
    changed = {"people": people, "ov_number": known["ov_number"], "based_on": known["version"]}
    assert coach.put(f"/cases/{case}/identity", json=changed).status_code == 200
    proposed = coach.post(f"/cases/{case}/notes/{note}/rescan").json()
    assert any(one["reasons"][0]["source"] == "known" for one in proposed["spans"]), "the case knows him now"
    assert coach.get(f"/cases/{case}/notes/{note}").json() == before


def test_two_stand_ins_become_one(house: House) -> None:
    coach, case = house.client("coach"), house.open_case(house.client("coach"))
    text = "Son amie Kadi et sa cousine Fanta. Kadi rit."
    note = decided(coach, f"/cases/{case}/notes", NOTE | {"text": text}, decision="accept").json()["note"]
    rows = {one["text"]: one for one in coach.get(f"/cases/{case}/stand-ins").json()["stand_ins"]}
    merged = coach.post(
        f"/cases/{case}/stand-ins/merge", json={"token": rows["Fanta"]["token"], "into": rows["Kadi"]["token"]}
    )
    assert merged.status_code == 200, merged.text
    later = decided(coach, f"/cases/{case}/notes", NOTE | {"text": "Sa cousine Fanta."}, decision="accept").json()
    assert rows["Kadi"]["token"] in coach.get(f"/cases/{case}/notes/{later['note']}").json()["text"]
    assert rows["Fanta"]["token"] in coach.get(f"/cases/{case}/notes/{note}").json()["text"], "old notes stay"
    revealed = coach.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "recours à signer"}).json()
    assert revealed["text"] == text
    assert faults(house.settings) == []


def test_one_stand_in_becomes_two_and_what_was_typed_comes_back(house: House) -> None:
    coach, case = house.client("coach"), house.open_case(house.client("coach"))
    text = "Son amie Kadi et sa cousine Fanta. Kadi rit."
    look = _look(house, case, text)
    first = _write(house, case, look, *_rest(look))
    look = _look(house, case, text)
    words = _words(look)
    into = {"decision": "merge", "span": words["Fanta"]["id"], "token": words["Kadi"]["token"]}
    note = _write(house, case, look, *_rest(look), into).json()["note"]
    old = words["Kadi"]["token"]
    assert coach.get(f"/cases/{case}/notes/{note}").json()["text"] == f"Son amie {old} et sa cousine {old}. {old} rit."
    path = f"/cases/{case}/stand-ins/split"
    assert coach.post(path, json={"token": old, "forms": ["Awa"]}).status_code == 400, "never typed so"
    assert coach.post(path, json={"token": old, "forms": ["Kadi", "Fanta"]}).status_code == 400, "nobody would be left"
    assert coach.post(path, json={"token": old, "forms": ["Fanta"]}).status_code == 200
    rewritten = coach.get(f"/cases/{case}/notes/{note}").json()
    fresh = rewritten["text"].split("sa cousine ")[1].split(".")[0]
    assert fresh != old
    assert rewritten["version"] == 2
    assert rewritten["text"] == f"Son amie {old} et sa cousine {fresh}. {old} rit."
    for one in (note, first.json()["note"]):
        revealed = coach.post(f"/cases/{case}/notes/{one}/reveal", json={"reason": "recours à signer"}).json()
        assert revealed["text"] == text
    assert faults(house.settings) == []


def test_after_a_split_a_new_mention_gets_the_new_stand_in(lite_house: House) -> None:
    coach, case = lite_house.client("coach"), lite_house.open_case(lite_house.client("coach"))
    decided(coach, f"/cases/{case}/notes", NOTE | {"text": "Vu son amie Kadi."}, decision="accept")
    look = _look(lite_house, case, "Vu sa cousine Fanta.")
    old = coach.get(f"/cases/{case}/stand-ins").json()["stand_ins"][0]["token"]
    _write(lite_house, case, look, {"decision": "merge", "span": _words(look)["Fanta"]["id"], "token": old})
    assert coach.post(f"/cases/{case}/stand-ins/split", json={"token": old, "forms": ["Fanta"]}).status_code == 200
    words = _words(_look(lite_house, case, "Son amie Kadi et sa cousine Fanta."))
    assert words["Kadi"]["token"] == old
    assert words["Fanta"]["token"] != old


def test_an_unreviewed_note_needs_every_finding_to_be_sure_and_the_log_says_so(house: House) -> None:
    coach, case = house.client("coach"), house.open_case(house.client("coach"))
    sure = NOTE | {"text": "Vu Aminata Diallo, NISS 93.05.18-223.61.", "unreviewed_from": 0.9}
    reply = coach.post(f"/cases/{case}/notes", json=sure)
    assert reply.status_code == 201, reply.text
    assert entries(house)[-1]["outcome"] == "written_unreviewed"
    assert coach.post(f"/cases/{case}/notes", json=sure | {"text": TEXT}).status_code == 409
    assert coach.post(f"/cases/{case}/notes", json=sure | {"unreviewed_from": 0.2}).status_code == 400


def test_a_colleague_can_neither_look_nor_list_what_stand_ins_mean(lite_house: House) -> None:
    case = lite_house.open_case(lite_house.client("coach"))
    other = lite_house.client("colleague")
    assert other.post(f"/cases/{case}/note-review", json={"text": TEXT, "language": "fr"}).status_code == 404
    assert other.get(f"/cases/{case}/stand-ins").status_code == 404
