"""Looking through texts from the command line: without a vault, again at stored notes, and what reviewers corrected."""

from __future__ import annotations

import json
from pathlib import Path

from tests.api.stage import NOTE
from tests.cli.kit import Shell, signed_in
from tests.house import House


def test_a_text_is_looked_through_without_a_vault(shell: Shell, tmp_path: Path) -> None:
    text = "Vu Mme Awa Barry, NISS 93.05.18-223.61."
    typed = json.loads(shell.ok("freetext", "detect", "--lang", "fr", typed=text).out)
    found = {text[one["start"] : one["end"]]: one for one in typed}
    assert found["Awa Barry"]["type"] == "person"
    assert found["93.05.18-223.61"] == found["93.05.18-223.61"] | {"type": "niss", "tier": "auto", "source": "checked"}
    (tmp_path / "note.txt").write_text(text, "utf-8")
    assert json.loads(shell.ok("freetext", "detect", tmp_path / "note.txt", "--lang", "fr").out) == typed
    known = json.loads(shell.ok("freetext", "detect", "--known", "Xhel Dodaj", typed="xhel n'est pas venu").out)
    assert [(one["start"], one["end"], one["source"]) for one in known] == [(0, 4, "known")]
    shell.refused("invalid_input", "freetext", "detect", "--lang", "it", typed=text)


def test_stored_notes_are_looked_through_again_and_nothing_changes(desk: Shell, lite_house: House) -> None:
    signed_in(lite_house, "coach")
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    text = "Il a revu Xhelal."
    look = coach.post(f"/cases/{case}/note-review", json={"text": text, "language": "fr"}).json()
    left = [{"decision": "reject", "span": one["id"]} for one in look["spans"]]
    body = NOTE | {"text": text, "digest": look["digest"], "decisions": left}
    note = coach.post(f"/cases/{case}/notes", json=body).json()["note"]
    before = desk.ok("note", "read", case, note).out
    quiet = desk.ok("notes", "rescan", case)
    assert quiet.rows == []
    assert "1 note(s) looked at, 0 with something new; nothing was changed" in quiet.err
    known = coach.get(f"/cases/{case}/identity").json()
    people = [{name: one[name] for name in ("family_name", "given_names", "relation")} for one in known["people"]]
    people.append({"family_name": "Berisha", "given_names": "Xhelal", "relation": "other"})
    changed = {"people": people, "ov_number": known["ov_number"], "based_on": known["version"]}
    assert coach.put(f"/cases/{case}/identity", json=changed).status_code == 200
    told = desk.ok("notes", "rescan")
    assert [row[:5] for row in told.rows] == [[case, note, "1", "1", "0"]]
    assert "1 with something new" in told.err
    assert desk.ok("note", "read", case, note).out == before


def test_what_reviewers_corrected_is_shown_as_estimated_recall(shell: Shell, lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    text = "Vu Mme Awa Barry et la petite."
    look = coach.post(f"/cases/{case}/note-review", json={"text": text, "language": "fr"}).json()
    start = text.index("la petite")
    missed = {"decision": "add", "start": start, "end": start + 9, "type": "person"}
    body = NOTE | {"text": text, "digest": look["digest"], "decisions": [missed]}
    assert coach.post(f"/cases/{case}/notes", json=body).status_code == 201
    lite_house.close()
    ran = shell.ok("freetext", "quality", "--home", lite_house.settings.home, "--json")
    lite_house.reopen()
    lines = {one["type"]: one for one in ran.json["quality"]}
    assert lines["person"] == lines["all"] | {"type": "person"}
    assert {name: lines["person"][name] for name in ("found", "missed", "wrong")} == {
        "found": 1,
        "missed": 1,
        "wrong": 0,
    }
    assert (lines["person"]["recall"], lines["person"]["precision"]) == ("0.500", "1.000")
    assert "petite" not in ran.out
