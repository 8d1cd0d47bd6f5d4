"""A referral from proposal to receipt, through the HTTP interface: who sees what, and from which moment on nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from gateway.settings import Settings
from tests.api.stage import Stage
from tests.api.support import comparable, counts, entries, since
from tests.crash.checks import faults
from tests.house import Caller, House, house_on
from vault.pseudonyms import domain_of, parse_pseudonym
from vault.storage import tables as t
from vault.vocabulary import Zone

ABSENT: Final = ("given_names", "birth_date", "nationality", "email", "address", "language")


def at(case: str, referral: str, tail: str = "") -> str:
    return f"/cases/{case}/referrals/{referral}{tail}"


def test_a_referral_lives_from_proposal_to_receipt(house: House) -> None:
    coach, caritas = house.client("coach"), house.client("caritas")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    release = house.send(coach, case, referral)
    told = caritas.get(f"/referrals/{release}").json()
    assert (told["family_name"], told["phone"], told["need"]) == ("Diallo", "0499 00 00 11", "shelter")
    assert [told[name] for name in ABSENT] == [None] * len(ABSENT)
    assert told["pseudonym"].startswith("P-")
    house.answer(caritas, release, "Aminata Diallo est attendue lundi. Voir [PERSONNE-1].")
    [waiting] = house.waiting(coach)
    assert (waiting["reference"], waiting["referral"], waiting["partner"]) == (case, referral, "caritas")
    taken = coach.post(at(case, referral, f"/answers/{waiting['answer']}"))
    assert taken.status_code == 201, taken.text
    assert taken.json()["message"] == "[PERSONNE-1] est attendue lundi. Voir (PERSONNE-1)."
    assert taken.json()["provenance"] == "partner"
    assert coach.get(at(case, referral, f"/answers/{waiting['answer']}")).json() == taken.json()
    assert house.waiting(coach) == []
    house.withdraw(coach, case, referral)
    assert caritas.get(f"/referrals/{release}").status_code == 404
    [notice] = caritas.get("/withdrawals").json()["withdrawals"]
    assert (notice["release"], notice["receipt"], notice["authentic"]) == (release, None, True)
    assert notice["pseudonym"] == told["pseudonym"]
    given = caritas.post(f"/withdrawals/{release}/receipt", json={"outcome": "kept_by_law"})
    assert given.status_code == 201, given.text
    assert caritas.get("/withdrawals").json()["withdrawals"][0]["receipt"] == "kept_by_law"
    whole = coach.get(at(case, referral)).json()
    assert [step["step"] for step in whole["steps"]] == ["propose", "consent", "send", "accept", "withdraw"]
    assert [step["by_partner"] for step in whole["steps"]] == [False, False, False, True, False]
    assert (whole["status"], whole["receipt"], whole["overdue"]) == ("withdrawn", "kept_by_law", False)
    assert whole["consented_fields"] == ["family_name", "phone"]
    assert faults(house.settings) == []


def test_the_person_may_say_no_and_the_partner_never_hears_of_it(lite_house: House) -> None:
    coach, caritas = lite_house.client("coach"), lite_house.client("caritas")
    case = lite_house.open_case(coach)
    referral = lite_house.propose(coach, case)
    assert coach.post(at(case, referral, "/refusal")).json()["status"] == "declined"
    for tail in ("/consent", "/send", "/withdraw", "/refusal"):
        body = {"fields": ["phone"], "expires_on": "2026-12-31"} if tail == "/consent" else None
        reply = coach.post(at(case, referral, tail), json=body)
        assert reply.status_code == 409, (tail, reply.text)
    assert caritas.get("/referrals").json()["referrals"] == []
    assert caritas.get("/withdrawals").json()["withdrawals"] == []


def test_without_a_live_consent_nothing_is_sent_and_the_coach_learns_why(lite_house: House) -> None:
    house = lite_house
    coach, colleague = house.client("coach"), house.client("colleague")
    case = house.open_case(coach)
    referral = house.propose(coach, case)
    rows, before = counts(house), len(entries(house))
    reply = coach.post(at(case, referral, "/send"))
    assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (409, "consent_missing")
    assert [entry["decision"] for entry in since(house, before)] == ["deny"]
    # To anybody else it is as if there were no such referral.
    foreign = colleague.post(at(case, referral, "/send"))
    assert comparable(foreign) == comparable(colleague.post(at(case, secrets.token_hex(16), "/send")))
    assert foreign.status_code == 404
    assert counts(house) == rows
    agreed = house.consent(coach, case, expires_on="2026-11-03")
    house.clock.move(hours=15)
    house.renew("coach")
    late = house.client("coach").post(at(case, agreed, "/send"))
    assert (late.status_code, late.json()["type"].rpartition(":")[2]) == (409, "consent_missing")
    assert counts(house)["releases"] == 0


def test_a_consent_ends_with_its_last_day_in_belgium_at_the_second(lite_house: House) -> None:
    house, coach = lite_house, lite_house.client("coach")
    case = house.open_case(coach)
    release = house.refer(coach, case, expires_on="2026-11-03")
    waiting = house.consent(coach, case, expires_on="2026-11-03")
    body = {"status": "accepted", "message": "Oui."}
    house.clock.moment = datetime(2026, 11, 3, 22, 59, 59, tzinfo=UTC)  # a second before midnight in Brussels
    for login in ("caritas", "coach"):
        house.renew(login)
    caritas, coach = house.client("caritas"), house.client("coach")
    assert caritas.get(f"/referrals/{release}").json()["expires_on"] == "2026-11-03"
    assert len(caritas.get("/referrals").json()["referrals"]) == 1
    house.clock.move(seconds=1)
    assert caritas.get(f"/referrals/{release}").status_code == 404
    assert caritas.get("/referrals").json()["referrals"] == []
    assert caritas.post(f"/referrals/{release}/answers", json=body).status_code == 404
    assert coach.post(at(case, waiting, "/send")).status_code == 409
    assert {line["open_to_partner"] for line in coach.get(f"/cases/{case}/referrals").json()["referrals"]} == {False}


def test_a_consent_given_anew_ends_the_one_before(lite_house: House) -> None:
    house, coach = lite_house, lite_house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case, fields=("phone", "address"))
    body = {"fields": ["address"], "expires_on": "2026-11-20"}
    assert coach.post(at(case, referral, "/consent"), json=body).status_code == 201
    told = house.client("caritas").get(f"/referrals/{house.send(coach, case, referral)}").json()
    assert (told["address"] is None, told["phone"], told["expires_on"]) == (False, None, "2026-11-20")
    assert coach.post(at(case, referral, "/consent"), json=body).status_code == 409
    with house.services.store.main.engine.connect() as connection:
        ended = connection.execute(select(t.consents.c.withdrawn_at).order_by(t.consents.c.given_at)).scalars().all()
    assert [moment is None for moment in ended] == [False, True]


def test_what_was_not_sent_yet_ends_without_a_receipt(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    referral = lite_house.consent(coach, case)
    assert coach.post(at(case, referral, "/withdraw")).json()["receipt_due"] is None
    assert coach.post(at(case, referral, "/send")).status_code == 409
    assert coach.get("/withdrawals?overdue=false").json()["withdrawals"] == []
    assert counts(lite_house)["withdrawals"] == 0


def test_a_withdrawal_ends_the_one_referral_and_no_other(lite_house: House) -> None:
    house, coach = lite_house, lite_house.client("coach")
    case = house.open_case(coach)
    referrals = [house.consent(coach, case, partner) for partner in ("caritas", "caritas", "fedasil")]
    first, second, third = (house.send(coach, case, referral) for referral in referrals)
    house.withdraw(coach, case, referrals[0])
    caritas, fedasil = house.client("caritas"), house.client("fedasil")
    assert comparable(caritas.get(f"/referrals/{first}")) == comparable(caritas.get(f"/referrals/{'0' * 32}"))
    assert [line["release"] for line in caritas.get("/referrals").json()["referrals"]] == [second]
    assert (caritas.get(f"/referrals/{second}").status_code, fedasil.get(f"/referrals/{third}").status_code) == (
        200,
        200,
    )
    assert fedasil.get("/withdrawals").json()["withdrawals"] == []
    rows = counts(house)
    assert coach.post(at(case, referrals[0], "/withdraw")).status_code == 200  # said twice, done once
    assert counts(house) == rows


def test_the_head_ends_everything_while_the_coach_is_away_and_learns_nothing(house: House) -> None:
    coach, head = house.client("coach"), house.client("head")
    case = house.open_case(coach)
    releases = {partner: house.refer(coach, case, partner) for partner in ("caritas", "fedasil")}
    house.consent(coach, case)
    house.propose(coach, case)
    told = head.post(f"/cases/{case}/withdraw")
    assert told.status_code == 200
    assert [told.json()[name] for name in ("referral", "release", "receipt_due")] == [None, None, None]
    for partner, release in releases.items():
        assert house.client(partner).get(f"/referrals/{release}").status_code == 404
        assert len(house.client(partner).get("/withdrawals").json()["withdrawals"]) == 1
    states = [line["status"] for line in coach.get(f"/cases/{case}/referrals").json()["referrals"]]
    assert sorted(states) == ["proposed", "withdrawn", "withdrawn", "withdrawn"]
    assert head.get(f"/cases/{case}/referrals").status_code == 403
    assert house.client("far_head").post(f"/cases/{case}/withdraw").status_code == 404
    assert faults(house.settings) == []


def test_a_consent_is_taken_back_after_the_case_was_closed_and_handed_over(lite_house: House) -> None:
    house, coach = lite_house, lite_house.client("coach")
    for handed in (False, True):
        case = house.open_case(coach, ov_number=f"812345{int(handed)}")
        referral = house.consent(coach, case)
        release = house.send(coach, case, referral)
        house.answer(house.client("caritas"), release, "Nouvelles.")
        if handed:
            house.hand_over(coach, house.client("head"), case)
        else:
            house.step(coach, case, "close", outcome="STAY_OBTAINED")
        body = {"partner": "caritas", "need": "shelter", "fields": ["phone"]}
        assert coach.post(f"/cases/{case}/referrals", json=body).status_code == 404
        [waiting] = house.waiting(coach)
        assert coach.post(at(case, referral, f"/answers/{waiting['answer']}")).status_code == 201
        house.withdraw(coach, case, referral)
        assert house.client("caritas").get(f"/referrals/{release}").status_code == 404


# -- answers -------------------------------------------------------------------------------------------


def test_the_partners_newest_word_counts_in_whatever_order_it_is_taken_in(lite_house: House) -> None:
    house, coach, caritas = lite_house, lite_house.client("coach"), lite_house.client("caritas")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    release = house.send(coach, case, referral)
    for status in ("accepted", "answered", "refused"):
        house.answer(caritas, release, "Complet.", status)
    first, second, third = (line["answer"] for line in house.waiting(coach))
    took = {}
    for answer in (second, third, first):
        assert coach.post(at(case, referral, f"/answers/{answer}")).status_code == 201
        took[answer] = coach.get(at(case, referral)).json()["status"]
    assert [took[answer] for answer in (second, third, first)] == ["answered", "refused", "refused"]
    again = coach.post(at(case, referral, f"/answers/{first}"))
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "conflict")


def test_an_answer_on_its_way_when_the_consent_ends_is_not_lost(lite_house: House) -> None:
    house, coach, caritas = lite_house, lite_house.client("coach"), lite_house.client("caritas")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    release = house.send(coach, case, referral)
    house.answer(caritas, release, "Une place est libre.")
    house.withdraw(coach, case, referral)
    late = caritas.post(f"/referrals/{release}/answers", json={"status": "accepted", "message": "Allô?"})
    assert late.status_code == 404
    [waiting] = house.waiting(coach)
    assert coach.post(at(case, referral, f"/answers/{waiting['answer']}")).json()["message"] == "Une place est libre."
    assert coach.get(at(case, referral)).json()["status"] == "withdrawn"


def test_an_answer_belongs_to_its_referral_and_its_case(lite_house: House) -> None:
    house, coach = lite_house, lite_house.client("coach")
    case, referral, answer = Stage(house).answered()
    other_case, other, _ = Stage(house).answered(taken=True)
    same_case = house.propose(coach, case)
    for method in ("POST", "GET"):
        for path in (at(other_case, other), at(case, same_case), at(other_case, referral), at(case, other)):
            reply = coach.request(method, f"{path}/answers/{answer}")
            assert reply.status_code == 404, (method, path, reply.text)
    assert coach.get(at(case, referral, f"/answers/{answer}")).status_code == 404  # not taken in yet
    assert coach.post(at(case, referral, f"/answers/{answer}")).status_code == 201


def test_a_partner_answers_only_what_it_can_see(lite_house: House) -> None:
    house, coach = lite_house, lite_house.client("coach")
    release = house.refer(coach, house.open_case(coach))
    body = {"status": "accepted", "message": "Oui."}
    rows = counts(house)
    for login, wanted in (("fedasil", release), ("caritas", secrets.token_hex(16))):
        reply = house.client(login).post(f"/referrals/{wanted}/answers", json=body)
        assert reply.status_code == 404
    sheet = Stage(house).sheet()
    assert house.client("caritas").post(f"/referrals/{sheet}/answers", json=body).status_code == 404
    assert counts(house)["answers"] == rows["answers"] == 0


def test_a_forgotten_name_in_an_answer_becomes_a_stand_in_and_numbers_grow_with_the_case(lite_house: House) -> None:
    """The token map is the case's own: the same person is the same stand-in in notes and answers."""
    house, coach = lite_house, lite_house.client("coach")
    case, referral, answer = Stage(house).answered()
    note = house.write_note(coach, case, "Mimi est venue, 0499 00 00 11.")
    told = coach.post(at(case, referral, f"/answers/{answer}")).json()["message"]
    assert told == "[PERSONNE-1] est venue."
    assert coach.get(f"/cases/{case}/notes/{note}").json()["text"].startswith("[PERSONNE-1] est venue")


def test_an_answer_stays_sealed_until_the_coach_has_decided_and_nothing_of_it_is_lost(lite_house: House) -> None:
    """What main's stages only suggest is never stored as it came, and never silently masked."""
    house, coach, caritas = lite_house, lite_house.client("coach"), lite_house.client("caritas")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    release = house.send(coach, case, referral)
    message = "Aminata est venue avec son frère Ousmane, 0476 12 34 56. Elle veut revoir le Soleil."
    house.answer(caritas, release, message, "answered")
    answer = house.waiting(coach)[0]["answer"]
    path, rows = at(case, referral, f"/answers/{answer}"), counts(house)
    look = coach.post(f"{path}/review", json={}).json()
    assert (look["text"], look["answer_status"], look["partner"]) == (message, "answered", "caritas")
    assert "0476" not in look["preview"]
    pending = [span for span in look["spans"] if span["tier"] == "suggest" and span["decision"] == "pending"]
    assert look["pending"] == len(pending) > 0
    refused = coach.post(path)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "review_needed")
    assert refused.json()["review"] == look
    stale = coach.post(path, json={"digest": "0" * 32, "decisions": []})
    assert (stale.status_code, stale.json()["type"].rpartition(":")[2]) == (409, "review_stale")
    assert {name: count for name, count in counts(house).items() if name in ("records", "wraps")} == {
        name: count for name, count in rows.items() if name in ("records", "wraps")
    }
    assert [line["answer"] for line in house.waiting(coach)] == [answer]
    assert coach.get(path).status_code == 404
    decisions = [{"span": span["id"], "decision": "accept"} for span in pending]
    tried = coach.post(f"{path}/review", json={"decisions": decisions}).json()
    assert (tried["pending"], "Soleil" in tried["preview"]) == (0, False)
    taken = coach.post(path, json={"digest": look["digest"], "decisions": decisions})
    assert taken.status_code == 201, taken.text
    assert taken.json()["message"] == tried["preview"]
    assert coach.get(path).json() == taken.json()
    meant = {row["text"] for row in coach.get(f"/cases/{case}/stand-ins").json()["stand_ins"]}
    assert {"Ousmane", "Soleil", "0476 12 34 56"} <= meant
    assert coach.post(f"{path}/review", json={}).status_code == 409
    assert faults(house.settings) == []


# -- receipts ------------------------------------------------------------------------------------------


def _renew(house: House, *logins: str) -> tuple[Caller, ...]:
    for login in logins:
        house.renew(login)
    return tuple(house.client(login) for login in logins)


def test_an_overdue_receipt_is_listed_for_coach_and_data_protection_officer(house: House) -> None:
    coach, caritas, dpo = _renew(house, "coach", "caritas", "dpo")
    case = house.open_case(coach)
    referral = house.consent(coach, case)
    release = house.send(coach, case, referral)
    due = coach.post(at(case, referral, "/withdraw")).json()["receipt_due"]
    assert due.startswith("2026-11-17")
    for caller in (coach, dpo):
        assert caller.get("/withdrawals").json()["withdrawals"] == []
        [line] = caller.get("/withdrawals?overdue=false").json()["withdrawals"]
        assert (line["overdue"], line["receipt"]) == (False, None)
    house.clock.move(days=14)
    coach, caritas, dpo = _renew(house, "coach", "caritas", "dpo")
    [mine] = coach.get("/withdrawals").json()["withdrawals"]
    assert (mine["reference"], mine["referral"], mine["partner"], mine["overdue"]) == (case, referral, "caritas", True)
    [watched] = dpo.get("/withdrawals").json()["withdrawals"]
    assert (watched["recipient"], watched["release"], watched["authentic"]) == ("caritas", release, True)
    assert "reference" not in watched
    assert house.client("colleague").get("/withdrawals").json()["withdrawals"] == []
    assert house.client("auditor").get("/withdrawals").status_code == 403
    assert caritas.get("/withdrawals").json()["withdrawals"][0]["overdue"] is True
    assert caritas.post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"}).status_code == 201
    again = caritas.post(f"/withdrawals/{release}/receipt", json={"outcome": "kept_by_law"})
    assert again.status_code == 409
    for caller in (coach, dpo):
        assert caller.get("/withdrawals").json()["withdrawals"] == []
        [line] = caller.get("/withdrawals?overdue=false").json()["withdrawals"]
        assert (line["receipt"], line["overdue"]) == ("deleted", False)
    assert faults(house.settings) == []


def test_a_receipt_is_given_for_what_ended_and_by_whom_it_was_sent_to(lite_house: House) -> None:
    house, stage = lite_house, Stage(lite_house)
    ended, live = stage.withdrawn("caritas"), stage.referral("caritas")
    rows = counts(house)
    for login, release in (("fedasil", ended), ("caritas", live), ("caritas", secrets.token_hex(16))):
        reply = house.client(login).post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"})
        assert reply.status_code == 404, login
    assert counts(house)["receipts"] == rows["receipts"] == 0


def test_two_releases_of_one_second_are_both_on_some_page(lite_house: House) -> None:
    releases = [Stage(lite_house).referral("caritas") for _ in range(3)]
    caritas = lite_house.client("caritas")
    first = caritas.get("/referrals?limit=2").json()["referrals"]
    rest = caritas.get("/referrals", params={"before": first[-1]["received_at"]}).json()["referrals"]
    assert [line["release"] for line in (*first, *rest)] == releases[::-1]


def test_withdrawals_are_paged(lite_house: House) -> None:
    house, stage = lite_house, Stage(lite_house)
    releases = [stage.withdrawn("caritas") for _ in range(3)]
    caritas = house.client("caritas")
    first = caritas.get("/withdrawals?limit=2").json()["withdrawals"]
    assert [line["release"] for line in first] == releases[:0:-1]
    rest = caritas.get("/withdrawals", params={"limit": 2, "before": first[-1]["withdrawn_at"]})
    assert [line["release"] for line in rest.json()["withdrawals"]] == releases[:1]
    for limit in ("0", "201", "x"):
        assert caritas.get(f"/withdrawals?limit={limit}").status_code == 400


# -- no row joins casework's case to the partner's pseudonym ---------------------------------------------


def test_no_entry_of_one_domain_names_what_stands_beside_a_pseudonym_of_another(lite_house: House) -> None:
    """Release and answer ids stand beside the partner's pseudonym: only entries in its own domain may name them."""
    house = lite_house
    case, referral, answer = Stage(house).answered(taken=True)
    coach, caritas = house.client("coach"), house.client("caritas")
    release = caritas.get("/referrals").json()["referrals"][0]["release"]
    house.withdraw(coach, case, referral)
    assert caritas.post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"}).status_code == 201
    partners = set()
    for entry in entries(house):
        if entry["object"] in {release, answer} or entry["subject"].startswith("P-"):
            assert entry["subject"].startswith("P-"), entry
            assert entry["object"] in {release, answer}, entry
            partners.add(entry["action"])
    assert partners == {"release_begun", "write", "answer_taken", "release_withdrawn"}
    with house.services.store.main.engine.connect() as connection:
        for table in t.main.sorted_tables:
            for row in connection.execute(select(table)):
                held = {bytes(value).hex() for value in row if isinstance(value, bytes | memoryview)}
                if table.schema == "casework":
                    assert not held & {release, answer}, table.name
                elif table.schema == "exchange":
                    assert referral not in held, table.name


def test_each_partner_knows_the_case_by_a_name_of_its_own(lite_house: House) -> None:
    house, coach = lite_house, lite_house.client("coach")
    case = house.open_case(coach)
    names = {}
    for partner in ("caritas", "fedasil"):
        release = house.refer(coach, case, partner)
        names[partner] = house.client(partner).get(f"/referrals/{release}").json()["pseudonym"]
    assert names["caritas"] != names["fedasil"]
    with house.services.store.main.engine.connect() as connection:
        rows = connection.execute(select(t.releases.c.reader, t.releases.c.subject)).all()
    stored = {reader: bytes(subject) for reader, subject in rows}
    for partner, name in names.items():
        zone = Zone.parse(f"partner:{partner}")
        assert parse_pseudonym(name, domain_of(zone)).token == stored[str(zone)]


# -- the operator's rules --------------------------------------------------------------------------------


@pytest.fixture
def doctors(sqlite_settings: Settings, tmp_path: Path) -> Iterator[House]:
    """Caritas as a medical partner, whose receipts are due in a day."""
    names = '{ fr = "x", nl = "x", de = "x", en = "x" }'
    rules = tmp_path / "referrals.toml"
    rules.write_text(
        f'[terms.receipt]\ndays = 1\nsource = "a test"\nsure = "D"\n'
        f'[terms.longest_consent]\ndays = 9\nsource = "a test"\nsure = "D"\n'
        f"[needs]\nmedical_care = {names}\n"
        f'[partners.caritas]\nkind = "medical"\nneeds = ["medical_care"]\nnames = {names}\n'
    )
    with house_on(sqlite_settings.model_copy(update={"referrals": rules})) as house:
        yield house


def test_the_operators_rules_are_kept(doctors: House) -> None:
    coach = doctors.client("coach")
    case = doctors.open_case(coach)
    body: dict[str, Any] = {"partner": "caritas", "need": "medical_care", "fields": ["phone"]}
    for changed in ({"partner": "fedasil"}, {"need": "shelter"}):
        assert coach.post(f"/cases/{case}/referrals", json=body | changed).status_code == 400
    referral = coach.post(f"/cases/{case}/referrals", json=body).json()["referral"]
    for until, status in (("2026-11-12", 400), ("2026-11-11", 201)):
        consent = {"fields": ["phone"], "expires_on": until}
        assert coach.post(at(case, referral, "/consent"), json=consent).status_code == status
    doctors.send(coach, case, referral)
    due = coach.post(at(case, referral, "/withdraw")).json()["receipt_due"]
    assert due.startswith("2026-11-04")
    assert doctors.services.casework is not None
    digest = doctors.services.casework.rules.digest.hex()
    by_rules = [(entry["kind"], entry["outcome"]) for entry in entries(doctors) if entry["config"] == digest]
    assert sorted(by_rules) == [("referral", "consent"), ("withdrawal", "withdraw")]


def test_a_partner_that_is_configured_no_longer_gets_nothing_more(doctors: House, sqlite_settings: Settings) -> None:
    coach = doctors.client("coach")
    case = doctors.open_case(coach)
    body = {"partner": "caritas", "need": "medical_care", "fields": ["phone"]}
    referral = coach.post(f"/cases/{case}/referrals", json=body).json()["referral"]
    consent = {"fields": ["phone"], "expires_on": "2026-11-11"}
    assert coach.post(at(case, referral, "/consent"), json=consent).status_code == 201
    doctors.settings = sqlite_settings  # the packaged rules: Caritas is no medical partner there
    doctors.reopen()
    coach = doctors.client("coach")
    reply = coach.post(at(case, referral, "/send"))
    assert reply.status_code == 400, reply.text
    assert coach.get(at(case, referral)).json()["status"] == "consented"
    doctors.begin_closing(coach, case)
