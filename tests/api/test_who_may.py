"""Who may do what: each role against each route, on its own case, on somebody else's and on none.

The table reads: operation, then the answer to the coach of the case, to another coach of the region, to the
desk and the head of the region, and to the head of another region. 404 says "unknown or not for you" and is
the same for both; 403 says "not in this role, whatever the case". Other zones' roles are not signed in here at
all (401, see test_routes).
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import select

from tests.api.stage import Call, Stage, calls
from tests.api.stage_access import ACCESS_TABLE
from tests.api.stage_case_samples import SAMPLE_TABLE
from tests.api.stage_emergencies import EMERGENCY_TABLE
from tests.api.stage_erasures import ERASURE_TABLE
from tests.api.stage_exceptions import EXCEPTION_TABLE
from tests.api.stage_people import PEOPLE_TABLE
from tests.api.support import comparable, counts, entries, logged, since
from tests.house import House
from tests.recorded import FACTS, FILE_SECTIONS
from vault.ids import CaseId
from vault.storage import tables as t
from vault.usecases import sign_in
from vault.usecases.casework import reference

pytestmark = pytest.mark.long

LOGINS: Final = ("coach", "colleague", "desk", "head", "far_head")
TABLE: Final[dict[str, tuple[int, int, int, int, int]]] = {
    "casework_open_case": (201, 201, 400, 403, 403),  # the desk opens no walk-in: that is a coach's
    "casework_list_cases": (200, 200, 200, 200, 200),
    "casework_find_case": (200, 200, 200, 200, 200),
    "casework_search_notes": (200, 200, 403, 403, 403),
    "casework_read_case": (200, 404, 200, 200, 404),
    "casework_read_identity": (200, 404, 403, 403, 403),
    "casework_revise_identity": (200, 404, 403, 403, 403),
    "casework_read_contact": (200, 404, 403, 403, 403),
    "casework_revise_contact": (200, 404, 403, 403, 403),
    "casework_list_steps": (200, 404, 404, 200, 404),  # the desk: before the intake only
    "casework_list_deadlines": (200, 404, 404, 200, 404),
    "casework_list_avenues": (200, 404, 403, 403, 403),
    "casework_list_return_plans": (200, 404, 403, 403, 403),
    "casework_list_grounds": (200, 404, 403, 403, 403),
    # Steps, each in the first state that the table lists it for.
    "casework_triage": (403, 403, 201, 403, 403),
    "casework_invite": (201, 404, 201, 403, 403),
    "casework_record_absence": (201, 404, 201, 403, 403),
    "casework_excuse_absence": (201, 404, 201, 403, 403),
    "casework_walk_in": (404, 404, 201, 403, 403),  # nobody is assigned yet
    "casework_begin_intake": (201, 404, 403, 403, 403),
    "casework_give_notice": (201, 404, 403, 403, 403),
    "casework_begin_analysis": (201, 404, 403, 403, 403),
    "casework_give_conclusions": (201, 404, 403, 403, 403),
    "casework_orient_stay": (201, 404, 403, 403, 403),
    "casework_orient_return": (201, 404, 403, 403, 403),
    "casework_orient_transfer": (201, 404, 403, 403, 403),
    "casework_continue_follow_up": (201, 404, 403, 403, 403),
    "casework_ask_extension": (201, 404, 403, 403, 403),
    "casework_grant_extension": (201, 404, 403, 201, 404),
    "casework_refuse_extension": (201, 404, 403, 201, 404),
    "casework_suspend": (403, 403, 403, 201, 404),
    "casework_resume": (404, 404, 403, 201, 404),  # a suspension; a coach takes back a closing
    "casework_explain_consequences": (201, 404, 403, 403, 403),
    "casework_send_consequences_letter": (201, 404, 201, 403, 403),
    "casework_begin_closing": (201, 404, 403, 403, 403),
    "casework_sign_closing": (403, 403, 403, 201, 404),
    "casework_close": (201, 404, 201, 403, 403),
    "casework_hand_over": (403, 403, 403, 201, 404),
    "casework_reopen": (201, 404, 403, 403, 403),
    "casework_propose_referral": (201, 404, 403, 403, 403),
    "casework_list_referrals": (200, 404, 403, 403, 403),
    "casework_read_referral": (200, 404, 403, 403, 403),
    "casework_record_consent": (201, 404, 403, 403, 403),
    "casework_ask_access_report": (201, 404, 403, 201, 404),
    "casework_record_refusal": (200, 404, 403, 403, 403),
    "casework_send_referral": (201, 404, 403, 403, 403),
    "casework_withdraw_referral": (200, 404, 403, 200, 404),
    "casework_withdraw_all": (200, 404, 403, 200, 404),
    "casework_list_withdrawals": (200, 200, 403, 403, 403),
    "casework_list_answers": (200, 200, 403, 403, 403),
    "casework_review_answer": (200, 404, 403, 403, 403),
    "casework_take_answer": (201, 404, 403, 403, 403),
    "casework_read_answer": (200, 404, 403, 403, 403),
    "casework_list_notes": (200, 404, 403, 403, 403),
    "casework_write_note": (201, 404, 403, 403, 403),
    "casework_revise_note": (200, 404, 403, 403, 403),
    "casework_review_note": (200, 404, 403, 403, 403),
    "casework_rescan_note": (200, 404, 403, 403, 403),
    "casework_list_stand_ins": (200, 404, 403, 403, 403),
    "casework_merge_stand_ins": (200, 404, 403, 403, 403),
    "casework_split_stand_in": (200, 404, 403, 403, 403),
    "casework_note_versions": (200, 404, 403, 403, 403),
    "casework_note_version": (200, 404, 403, 403, 403),
    "casework_reveal_note": (200, 404, 403, 403, 403),
    "casework_read_note": (200, 404, 403, 403, 403),
    **{
        f"casework_{name}_{section.replace('-', '_')}": (status, 404, 403, 403, 403)
        for section in FACTS
        for name, status in (("read_facts", 200), ("record_fact", 201), ("read_fact", 200), ("revise_fact", 200))
    },
    **{
        f"casework_{name}_{section.replace('-', '_')}": (status, 404, 403, 403, 403)
        for section in FILE_SECTIONS
        for name, status in (
            ("read_attachments", 200), ("add_attachment", 201), ("describe_attachment", 200), ("read_attachment", 200),
        )
    },
    "casework_read_overview": (200, 200, 403, 200, 200),
    "casework_read_figures": (403, 403, 403, 200, 200),
    "casework_take_in_order": (403, 403, 200, 403, 403),
    "casework_list_questions": (200, 200, 200, 200, 200),  # each sees what they themself are asked
    "casework_answer_question": (201, 404, 404, 404, 404),
    "casework_list_orders": (403, 403, 200, 200, 200),
    "casework_read_agenda": (200, 200, 403, 403, 403),
    "casework_read_tasks": (200, 404, 403, 403, 403),
    "casework_set_task": (201, 404, 403, 403, 403),
    "casework_change_task": (200, 404, 403, 403, 403),
    "casework_read_draft": (200, 404, 403, 403, 403),
    "casework_save_draft": (200, 404, 403, 403, 403),
    "casework_discard_draft": (200, 404, 403, 403, 403),
    "casework_compose_letter": (201, 404, 403, 403, 403),
    "casework_list_letters": (200, 404, 403, 403, 403),
    "casework_read_letter": (200, 404, 403, 403, 403),
    "casework_print_letter": (200, 404, 403, 403, 403),
    "casework_print_invitation": (200, 404, 200, 403, 403),
    "casework_compose_invitation": (201, 404, 201, 403, 403),
    "casework_list_invitations": (200, 404, 200, 403, 403),
    "casework_read_invitation": (200, 404, 200, 403, 403),
    **PEOPLE_TABLE,
    **ACCESS_TABLE,
    **EMERGENCY_TABLE,
    **SAMPLE_TABLE,
    **ERASURE_TABLE,
    **EXCEPTION_TABLE,
}  # fmt: skip
_REFERENCE: Final = re.compile(r"(?<=/cases/)[^/]+")
_ITEM: Final = re.compile(
    r"(?<=/notes/)[^/]+|(?<=/facts/)([a-z-]+/)[^/]+|(?<=/attachments/)([a-z-]+/)[^/]+|(?<=/tasks/)[^/]+"
    r"|(?<=/letters/)[^/]+|(?<=/invitations/)[^/]+|(?<=/access-requests/)[^/]+|(?<=/grants/)[^/]+"
    r"|(?<=/referrals/)[^/]+|(?<=/answers/)[^/]+|(?<=/emergencies/)[^/]+|(?<=/samples/)[^/]+|(?<=/exceptions/)[^/]+|(?<=/disclosures/)[^/]+"
)


def send(house: House, login: str, method: str, path: str, payload: dict[str, Any]) -> Any:
    headers = {"authorization": f"Bearer {house.client(login).token}"}
    return house.app.request(method, path, headers=headers, **payload)


def unknown(path: str) -> str:
    """The same request about a case, and a note or another item, that nobody ever opened."""
    path = _REFERENCE.sub(reference(CaseId(secrets.token_bytes(16))), path)
    return _ITEM.sub(lambda found: (found[1] or found[2] or "") + secrets.token_hex(16), path)


def _mistyped(path: str) -> str:
    """One character of the reference is another one."""
    typed = _REFERENCE.search(path)
    assert typed is not None
    text = typed.group()
    return path.replace(text, text[:10] + ("2" if text[10] != "2" else "3") + text[11:])


def test_the_table_names_every_casework_route(lite_house: House) -> None:
    assert set(TABLE) == {name for name in calls(lite_house) if name.startswith("casework_")}


def test_each_role_gets_exactly_what_the_table_says(lite_house: House) -> None:
    house = lite_house
    for login in LOGINS:
        house.client(login)
    for name, make in calls(house).items():
        if name not in TABLE:
            continue
        call = make()
        answers, moved = dict(zip(LOGINS, TABLE[name], strict=True)), False
        for login in sorted(LOGINS, key=lambda login: answers[login] < 400):  # refusals first: they change nothing
            if answers[login] == 0:
                continue
            if answers[login] == 400:
                assert send(house, login, call.method, call.path, call.payload).status_code == 400
            elif answers[login] >= 400:
                _refused(house, call, login, answers[login], name)
            else:
                once = "/steps/" in call.path or call.path.endswith("/notice")
                call = make() if moved and once else call  # whoever came first took the step, or told the person
                moved = True
                reply = send(house, login, call.method, call.path, call.payload)
                assert reply.status_code == answers[login], (name, login, reply.text)


def _refused(house: House, call: Call, login: str, status: int, name: str) -> None:
    """A refusal: as if the case did not exist, one entry, nothing else."""
    rows, before = counts(house), logged(house)
    reply = send(house, login, call.method, call.path, call.payload)
    written = since(house, before)
    assert reply.status_code == status, (name, login, reply.text)
    assert [(entry["decision"], entry["actor"]) for entry in written] == [("deny", house.staff[login].log_name)]
    assert counts(house) == rows, (name, login)
    if "/cases/" in call.path:
        nowhere = send(house, login, call.method, unknown(call.path), call.payload)
        assert comparable(nowhere) == comparable(reply), (name, login)
        about = since(house, before)
        assert [entry["subject"] == "" for entry in about] == [False, True], "the log knows which case it was"
        assert {entry["decision"] for entry in about} == {"deny"}


def test_what_refusals_are_held_against_shows_every_change(house: House) -> None:
    """The control: a row more, a row that was only changed, an entry."""
    coach = house.client("coach")
    case = house.open_case(coach, notice=False)
    before, rows = logged(house), counts(house)
    assert (before, rows) == (len(entries(house)), counts(house))
    house.step(coach, case, "give_notice", language="fr", leaflet="2026-1")
    moved = counts(house)
    assert (moved["cases"], moved["case_events"]) == (rows["cases"], rows["case_events"] + 1)
    assert moved["cases entries"] != rows["cases entries"]
    other = house.open_case(coach)
    assert counts(house)["cases"] == rows["cases"] + 1
    assert {name for name, number in counts(house).items() if number != moved[name]} >= {"cases", "wraps", "records"}
    written = [entry for entry in entries(house)[before:] if entry["action"] != "lane_opened"]
    assert since(house, before) == written
    assert len({entry["subject"] for entry in written}) == 2
    assert coach.get(f"/cases/{other}").status_code == 200
    assert since(house, before)[: len(written)] == written
    assert [entry["action"] for entry in since(house, logged(house) - 1)] == [entries(house)[-1]["action"]]


def test_a_mistyped_reference_is_told_from_an_unknown_case_to_everybody_alike(lite_house: House) -> None:
    case = Stage(lite_house).case()
    for login in LOGINS:
        reply = send(lite_house, login, "GET", _mistyped(f"/casework/cases/{case}"), {})
        assert reply.status_code == 400
        assert reply.json()["issues"][0]["type"] == "urn:problem-type:parefeu:invalid_identifier"
        assert case not in reply.text


def test_a_note_of_another_case_is_none_of_mine(lite_house: House) -> None:
    stage = Stage(lite_house)
    coach, colleague = lite_house.client("coach"), lite_house.client("colleague")
    own, (_, foreign) = lite_house.open_case(colleague), stage.noted()
    other = lite_house.open_case(coach)
    for tail in ("", "/versions", "/versions/1"):
        before = logged(lite_house)
        reply = colleague.get(f"/cases/{own}/notes/{foreign}{tail}")
        assert comparable(reply) == comparable(colleague.get(f"/cases/{own}/notes/{secrets.token_hex(16)}{tail}"))
        assert reply.status_code == 404
        assert [entry["decision"] for entry in since(lite_house, before)] == ["deny", "deny"]
        # The coach's own note under the coach's other case is no note of that case either.
        assert coach.get(f"/cases/{other}/notes/{foreign}{tail}").status_code == 404


def test_a_note_cannot_be_revised_or_revealed_under_another_case(lite_house: House) -> None:
    coach = lite_house.client("coach")
    (_, note), other = Stage(lite_house).noted(), lite_house.open_case(lite_house.client("coach"))
    body = {"text": "Autre", "language": "fr", "template": "intake", "based_on": 1}
    assert coach.put(f"/cases/{other}/notes/{note}", json=body).status_code == 404
    assert coach.post(f"/cases/{other}/notes/{note}/reveal", json={"reason": "pour voir"}).status_code == 404


def test_the_case_records_are_no_notes(lite_house: House) -> None:
    """Identity, contact and token map are records too: none of them opens as a note."""
    coach = lite_house.client("coach")
    case, _ = Stage(lite_house).noted()
    with lite_house.services.store.main.engine.connect() as connection:
        rows = connection.execute(select(t.records.c.record_id).where(t.records.c.kind != "note")).all()
    assert len(rows) == 3
    for (record,) in rows:
        for tail in ("", "/versions", "/versions/1"):
            assert coach.get(f"/cases/{case}/notes/{record.hex()}{tail}").status_code == 404


def test_another_zones_release_is_as_unknown_as_none(lite_house: House) -> None:
    stage = Stage(lite_house)
    sheet, copy = stage.sheet(), stage.oversight_sheet()
    to_fedasil = stage.referral("fedasil")
    for login, plural, foreign in (
        ("officer", "sheets", copy),
        ("officer", "sheets", to_fedasil),
        ("auditor", "sheets", sheet),
        ("caritas", "referrals", to_fedasil),
        ("caritas", "referrals", sheet),
    ):
        caller = lite_house.client(login)
        before = logged(lite_house)
        reply = caller.get(f"/{plural}/{foreign}")
        assert reply.status_code == 404
        assert comparable(reply) == comparable(caller.get(f"/{plural}/{secrets.token_hex(16)}"))
        written = since(lite_house, before)
        assert [(entry["decision"], entry["subject"]) for entry in written] == [("deny", "")] * 2
    assert lite_house.client("dpo").get(f"/sheets/{copy}").status_code == 403


def test_a_referral_ends_with_the_consent(lite_house: House) -> None:
    coach, caritas = lite_house.client("coach"), lite_house.client("caritas")
    release = lite_house.refer(coach, lite_house.open_case(coach), expires_on="2026-11-03")
    assert caritas.get(f"/referrals/{release}").json()["expires_on"] == "2026-11-03"
    lite_house.clock.moment = lite_house.clock.moment.replace(hour=22, minute=59, second=59)
    service = lite_house.services.sign_in[lite_house.staff["caritas"].zone]
    caritas.token = lite_house.services.worker.run(
        service.zone, lambda uow: sign_in.issue_token(uow, "caritas", timedelta(hours=10), service)
    )
    assert caritas.get(f"/referrals/{release}").status_code == 200
    assert len(caritas.get("/referrals").json()["referrals"]) == 1
    lite_house.clock.move(seconds=1)
    gone = caritas.get(f"/referrals/{release}")
    assert comparable(gone) == comparable(caritas.get(f"/referrals/{secrets.token_hex(16)}"))
    assert caritas.get("/referrals").json()["referrals"] == []


def test_a_partner_gets_the_consented_fields_and_no_other(lite_house: House) -> None:
    coach, caritas = lite_house.client("coach"), lite_house.client("caritas")
    release = lite_house.refer(coach, lite_house.open_case(coach), fields=["family_name"])
    told = caritas.get(f"/referrals/{release}").json()
    assert told["family_name"] == "Diallo"
    assert (told["phone"], told["address"], told["given_names"]) == (None, None, None)


def test_lists_hold_what_is_in_reach_and_nothing_else(lite_house: House) -> None:
    house = lite_house
    mine = house.open_case(house.client("coach"))
    theirs = house.open_case(house.client("colleague"), ov_number="8123457")
    far = house.open_case(house.client("far_coach"), region="liege", ov_number="8123458")
    reach = {
        "coach": {mine}, "colleague": {theirs}, "far_coach": {far}, "desk": {mine, theirs}, "head": {mine, theirs},
        "far_head": {far},
    }  # fmt: skip
    numbers = {mine: "8123456", theirs: "8123457", far: "8123458"}
    for login, cases in reach.items():
        caller = house.client(login)
        assert {line["reference"] for line in caller.get("/cases").json()["cases"]} == cases, login
        for case, number in numbers.items():
            found = caller.post("/find", json={"field": "ov_number", "value": number})
            assert [line["reference"] for line in found.json()["cases"]] == ([case] if case in cases else []), login
        unknown = caller.post("/find", json={"field": "ov_number", "value": "9999999"})
        foreign = caller.post(
            "/find", json={"field": "ov_number", "value": numbers[next(iter({mine, theirs, far} - cases))]}
        )
        assert comparable(unknown) == comparable(foreign)


def test_a_search_looks_at_ones_own_notes_only(lite_house: House) -> None:
    coach, colleague = lite_house.client("coach"), lite_house.client("colleague")
    house = lite_house
    house.write_note(coach, house.open_case(coach), "Il parle de l'Hôpital.")
    house.write_note(colleague, house.open_case(colleague), "Un rendez-vous à l'hôpital.")
    hits = coach.post("/search", json={"word": "HOPITAL"}).json()
    assert (len(hits["notes"]), hits["complete"]) == (1, True)
    assert "text" not in hits["notes"][0]
    assert coach.post("/search", json={"word": "introuvable"}).json()["notes"] == []


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("Sa sœur l’accompagne aujourd’hui.", "SOEUR"),
        ("Sa sœur l’accompagne aujourd’hui.", "aujourd'hui"),
        ("Il attend un e\u0301tat des lieux.", "état"),
        ("Er wohnt an einer großen Straße.", "STRASSE"),
        ("Pièce № 12 du dossier.", "no 12"),
        ("Le ren\u00addez-vous est mar\u200bdi.", "rendez\u2011vous est mardi"),
        ("Il loge à\u00a0proximité.", "a proximite"),
    ],
    ids=["ligature", "apostrophe", "accent", "sharp s", "sign of several letters", "what shows nothing", "space"],
)
def test_a_search_does_not_stumble_over_spelling(lite_house: House, written: str, word: str) -> None:
    coach = lite_house.client("coach")
    lite_house.write_note(coach, lite_house.open_case(coach), written)
    assert len(coach.post("/search", json={"word": word}).json()["notes"]) == 1
    assert coach.post("/search", json={"word": word + "x"}).json()["notes"] == []
