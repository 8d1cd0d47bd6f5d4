"""Who owns a zone's database role writes entries of that zone, well made. No other zone's word is taken from them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from gateway.log.replay import policy_on, role_on
from tests.api.stage import Stage
from tests.api.support import entries
from tests.house import House
from vault.storage import tables as t
from vault.storage.log_reader import SqlLogReader

LANE = bytes.fromhex("5b" * 8)


def planted(house: House, zone: str, *said: dict[str, Any]) -> list[str]:
    """Entries in a lane of the attacker's own, as the database takes them from that zone's role. Returns their ids."""
    example = next(entry for entry in reversed(entries(house)) if entry["zone"] == zone and entry["subject"])
    rows = []
    for number, words in enumerate(said):
        entry = LANE + number.to_bytes(8, "big")
        place = {"entry": entry.hex(), "lane": LANE.hex(), "number": number, "zone": zone}
        at = house.clock.now().replace(microsecond=number + 1).isoformat(timespec="microseconds")
        body = {**example, **place, "at": at, "decision": "allow", "count": 1, **words}
        rows.append({"entry_id": entry, "body": json.dumps(body, sort_keys=True, separators=(",", ":")).encode()})
    with house.services.store.main.engine.begin() as connection:
        connection.execute(t.lanes.insert().values(lane=LANE, zone=zone, opened_at=house.clock.now()))
        connection.execute(t.entries.insert(), rows)
        connection.execute(t.outbox.insert().values(entry_id=rows[0]["entry_id"], epoch=0, detail=None, run=len(rows)))
    return [row["entry_id"].hex() for row in rows]


def review_act(review: str, action: str, outcome: str, actor: str) -> dict[str, Any]:
    return {
        "action": action, "kind": "review_case", "subject": f"R-{review}", "outcome": outcome, "actor": actor,
        "role": "auditor", "object": review,
    }  # fmt: skip


def test_casework_decides_no_review_and_opens_none(house: House) -> None:
    """Two people of oversight decide and sign. Casework's words about it are strays."""
    review = Stage(house).review()
    look = next(entry for entry in entries(house) if entry["zone"] == "casework" and entry["subject"])
    house.clock.move(seconds=5)
    ids = planted(
        house, "casework",
        review_act(review, "review", "decide:appropriate:case_work", "a" * 24),
        review_act(review, "sign", "sign", "b" * 24),
        review_act(review, "close", "close", "a" * 24),
        {"action": "create", "kind": "review_case", "object": look["entry"], "outcome": "sample"},
    )  # fmt: skip
    told = house.client("dpo").get(f"/reviews/{review}").json()
    assert (told["stage"], told["judgement"], told["strays"]) == ("opened", None, 3)
    listed = house.client("auditor").get("/reviews").json()["reviews"]
    assert [each["review"] for each in listed] == [review]
    assert house.client("auditor").get(f"/reviews/{ids[-1]}").status_code == 404


@pytest.mark.parametrize("zone", ["casework", "follow_up"])
def test_no_zone_says_that_the_log_was_checked_or_is_not_whole(house: House, zone: str) -> None:
    stage = Stage(house)
    case = stage.case()
    sheet = house.hand_over(house.client("coach"), house.client("head"), case)
    assert house.client("officer").get(f"/sheets/{sheet}").status_code == 200
    before = house.client("auditor").get("/log-state").json()
    planted(
        house, zone,
        {"action": "write", "kind": "log_state", "object": f"log.example/2026h2@900:{'0' * 64}", "outcome": "sound"},
        {"action": "gap_found", "kind": "lane", "decision": "none", "object": "x:1", "outcome": "missing"},
    )  # fmt: skip
    after = house.client("auditor").get("/log-state").json()
    assert (after["verified"], after["gaps"]) == (before["verified"], before["gaps"])


def test_a_partner_begins_no_emergency_and_no_ceremony(house: House) -> None:
    stage = Stage(house)
    coach = house.client("coach")
    case = stage.case()
    referral = house.refer(coach, case)
    assert house.client("caritas").get(f"/referrals/{referral}").status_code == 200
    planted(
        house, "partner:caritas",
        {"action": "create", "kind": "break_glass", "object": "1" * 32, "outcome": "violence"},
        {"action": "sign", "kind": "break_glass", "object": "1" * 32},
        {"action": "release_begun", "kind": "ceremony", "object": "2" * 32, "outcome": "follow_up"},
        {"action": "sign", "kind": "ceremony", "object": "2" * 32},
    )  # fmt: skip
    auditor = house.client("auditor")
    assert auditor.get("/emergencies").json()["emergencies"] == []
    assert auditor.get("/ceremonies").json()["ceremonies"] == []


def test_what_a_partner_says_it_was_sent_explains_no_look_of_its(house: House) -> None:
    stage = Stage(house)
    coach = house.client("coach")
    case = stage.case()
    referral = house.refer(coach, case)
    assert house.client("caritas").get(f"/referrals/{referral}").status_code == 200
    house.clock.move(seconds=5)
    own = next(e for e in entries(house) if e["zone"] == "partner:caritas" and e["action"] == "read" and e["subject"])
    invented = "3" * 32
    *_, look = planted(
        house, "partner:caritas",
        {"action": "release_begun", "kind": "referral", "object": invented, "outcome": "partner:caritas"},
        {**{name: own[name] for name in ("action", "kind", "rule", "policy", "role", "purpose")}, "object": invented},
    )  # fmt: skip
    auditor = house.client("auditor")
    assert auditor.get(f"/entries/{own['entry']}/explanation").json()["explained"] is True
    assert auditor.get(f"/entries/{look}/explanation").json()["explained"] is False


def test_an_entry_is_not_taken_for_oversights_before_it_is_filed_either(house: House) -> None:
    """Looked at by its id before anything else: its lane says whose it is, not its own words."""
    coach, officer = house.client("coach"), house.client("officer")
    sheet = house.hand_over(coach, house.client("head"), house.open_case(coach))
    assert officer.get(f"/sheets/{sheet}").status_code == 200
    look = next(entry for entry in entries(house) if entry["zone"] == "follow_up" and entry["subject"])
    words = {"action": "create", "kind": "review_case", "object": look["entry"], "outcome": "sample"}
    forged, other = planted(house, "follow_up", {**words, "zone": "oversight"}, {**words, "zone": "oversight"})
    assert house.client("auditor").get(f"/reviews/{forged}").status_code == 404
    told = house.client("auditor").get(f"/entries/{other}").json()
    assert (told["action"], told["zone"]) == ("illegible", "follow_up")


def test_no_zone_says_by_which_policy_another_one_decided(house: House) -> None:
    """What `parefeu audit replay` answers by: also past the desk, an entry is its lane's."""
    coach, officer = house.client("coach"), house.client("officer")
    sheet = house.hand_over(coach, house.client("head"), house.open_case(coach))
    assert officer.get(f"/sheets/{sheet}").status_code == 200
    actor = next(entry["actor"] for entry in entries(house) if entry["zone"] == "casework" and entry["role"] == "coach")
    reader, day = SqlLogReader(house.services.store.main), house.clock.now() + timedelta(days=1)
    before = policy_on(reader, day, "casework"), role_on(reader, actor, day)
    house.clock.move(seconds=5)
    for filed in (False, True):
        if not filed:
            words = {"zone": "casework", "actor": actor, "role": "desk_officer", "policy": "f" * 64}
            planted(house, "follow_up", words)
        else:
            house.client("auditor").get("/entries")
        assert (policy_on(reader, day, "casework"), role_on(reader, actor, day)) == before
