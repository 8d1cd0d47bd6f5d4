"""Passkeys of staff, from the enrolment to the sign-in: whose they are, who vouches, what is refused, and how alike."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import update

from tests.api.support import entries, since
from tests.authenticator import UP, Authenticator, text
from tests.crash.checks import faults
from tests.house import House
from tests.passkeys import Browser, add, asked_to_make, enrolled, fresh_code, hire, origin, token_of, vouched
from vault.access.passkeys import Trust, trust
from vault.ids import PasskeyId
from vault.storage import tables as t
from vault.vocabulary import CASEWORK, OVERSIGHT


def standing(house: House, login: str) -> list[str]:
    return [row["standing"] for row in house.client(login).get("/passkeys").json()["passkeys"]]


def test_a_passkey_is_enrolled_vouched_for_used_and_revoked(house: House) -> None:
    before = len(entries(house))
    device, passkey = enrolled(house, "head")
    reply = Browser(house, "head").sign_in(device)
    assert reply.status_code == 303, "it signs its holder in at once"
    assert standing(house, "head") == ["waiting"]
    dpo = house.client("dpo")
    [row] = dpo.get("/staff-passkeys?waiting=true").json()["passkeys"]
    assert (row["login"], row["function"], row["zone"], row["yours"]) == ("head", "regional_head", "casework", False)
    assert dpo.post(f"/staff-passkeys/{passkey}/countersignature").json()["standing"] == "countersigned"
    assert dpo.post(f"/staff-passkeys/{passkey}/countersignature").status_code == 409
    assert standing(house, "head") == ["countersigned"]
    reply = Browser(house, "head").sign_in(device)
    assert reply.status_code == 303
    told = house.app.get("/casework/session", headers={"authorization": f"Bearer {token_of(reply)}"}).json()
    assert told == {"name": "Head", "role": "regional_head", "zone": "casework"}
    assert house.client("head").delete(f"/passkeys/{passkey}").status_code == 204
    assert Browser(house, "head").sign_in(device).status_code == 401
    assert standing(house, "head") == []
    acts = [(e["action"], e["kind"], e["object"]) for e in since(house, before) if e["object"] == passkey]
    assert sorted(acts) == sorted([
        ("passkey_enrolled", "passkey", passkey), ("signed_in", "session", passkey), ("sign", "passkey", passkey),
        ("sign", "passkey", passkey), ("signed_in", "session", passkey), ("passkey_revoked", "passkey", passkey),
    ])  # fmt: skip
    assert faults(house.settings) == []


def test_nobody_vouches_for_themself_or_their_own_function(lite_house: House) -> None:
    house = lite_house
    _, of_dpo = enrolled(house, "dpo")
    dpo, auditor = house.client("dpo"), house.client("auditor")
    unknown = dpo.post(f"/staff-passkeys/{'0' * 32}/countersignature")
    own = dpo.post(f"/staff-passkeys/{of_dpo}/countersignature")
    assert unknown.status_code == own.status_code == 404
    assert dpo.post(f"/staff-passkeys/{of_dpo}/revocation").status_code == 404
    assert auditor.post(f"/staff-passkeys/{of_dpo}/countersignature").status_code == 201
    assert auditor.post(f"/staff-passkeys/{of_dpo}/revocation").json()["standing"] == "revoked"
    assert auditor.post(f"/staff-passkeys/{of_dpo}/revocation").status_code == 409
    assert house.client("coach").get("/passkeys").json() == {"passkeys": []}
    assert house.client("coach").delete(f"/passkeys/{of_dpo}").status_code == 404


def test_a_countersignature_that_was_written_past_the_program_vouches_for_nothing(lite_house: House) -> None:
    house = lite_house
    _, passkey = vouched(house, "head")
    desk, worker = house.services.passkeys[CASEWORK], house.services.worker
    wanted = PasskeyId.parse(passkey)

    def weigh(uow):  # type: ignore[no-untyped-def]
        row = uow.passkeys.get(wanted)
        [word] = uow.passkeys.words([wanted])
        changed = [
            (row, replace(word, function="coach")), (row, replace(word, actor=row.actor)),
            (row, replace(word, zone=CASEWORK)), (row, replace(word, signature=bytes(len(word.signature)))),
            (row, replace(word, function=row.function)), (replace(row, public=Authenticator().public), word),
            (replace(row, credential=b"other"), word), (replace(row, login="coach"), word),
            (replace(row, function="coach"), word), (replace(row, zone=OVERSIGHT), word),
        ]  # fmt: skip
        assert trust(row, [word], desk.directory) is Trust.COUNTERSIGNED
        return [trust(planted, [said], desk.directory) for planted, said in changed]

    assert worker.run(CASEWORK, weigh) == [Trust.WAITING] * 10


def test_every_wrong_answer_is_refused_alike_and_counted(lite_house: House) -> None:
    house = lite_house
    device, _ = enrolled(house, "coach")
    gone, _ = enrolled(house, "colleague")
    stranger, place = Authenticator(), origin(house)
    other = Browser(house, "coach")
    browser = Browser(house, "coach")
    revoked = house.client("colleague").get("/passkeys").json()["passkeys"][0]["passkey"]
    house.client("colleague").delete(f"/passkeys/{revoked}")
    answers = []

    def refused(said: str, cookie: str | None = None) -> None:
        house.clock.move(minutes=20)  # nobody waits here: that is below
        answers.append(browser.send(said, cookie))

    def asked() -> dict[str, object]:
        house.clock.move(minutes=20)
        return browser.asked()

    wrong = (
        stranger.sign(asked(), place), gone.sign(asked(), place), device.sign(asked(), "https://evil.example"),
        device.sign(asked(), place, crossOrigin=True), "nonsense", json.dumps({"response": {}}),
    )  # fmt: skip
    answers += [browser.send(said) for said in wrong]
    device.flags = UP
    answers.append(browser.send(device.sign(asked(), place)))
    device.flags = Authenticator().flags
    device.user = b"x" * 32
    answers.append(browser.send(device.sign(asked(), place)))
    device.user = b""
    challenge = asked()
    house.clock.move(minutes=6)
    answers.append(browser.send(device.sign(challenge, place)))
    refused(device.sign(other.asked(), place))  # another browser's
    refused(device.sign(asked(), place), "")  # no browser's
    refused(device.sign({"challenge": text(bytes(56))}, place))
    page = {reply.text for reply in answers}
    assert {reply.status_code for reply in answers} == {401}
    assert len(page) == 1
    assert "set-cookie" not in answers[0].headers
    assert browser.sign_in(device).status_code == 303, "and the right one is taken"
    refusals = [entry for entry in entries(house) if entry["action"] == "sign_in_refused"]
    assert len(refusals) == len(answers) - 2, "what cannot be read is not worth an entry"


def test_an_answer_works_once_and_a_counter_that_does_not_go_on_is_refused(house: House) -> None:
    device, _ = enrolled(house, "coach")
    browser, place = Browser(house, "coach"), origin(house)
    first, second = browser.asked(), None
    cookie = browser.cookie
    said = device.sign(first, place)
    assert browser.send(said).status_code == 303
    assert browser.send(said, cookie).status_code == 401, "it was used"
    device.counter = 0
    assert browser.sign_in(device).status_code == 401, "a copy that counts from the beginning"
    device.counter = 7
    assert browser.sign_in(device).status_code == 303
    second = device.sign(browser.asked(), place)
    late, kept = browser.asked(), browser.cookie
    assert browser.send(device.sign(late, place)).status_code == 303
    assert browser.send(second, kept).status_code == 401
    noted = [entry["outcome"] for entry in entries(house) if entry["action"] == "sign_in_refused"]
    assert noted.count("replayed") >= 2
    assert faults(house.settings) == []


def test_an_authenticator_that_does_not_count_signs_in_again_and_again(lite_house: House) -> None:
    device, _ = enrolled(lite_house, "officer", Authenticator(counts=False))
    for _ in range(3):
        assert Browser(lite_house, "officer").sign_in(device).status_code == 303


def test_guessing_waits_as_on_the_other_road(lite_house: House) -> None:
    house = lite_house
    device, _ = enrolled(house, "coach")
    browser = Browser(house, "coach")
    device.flags = UP
    for _ in range(6):
        assert browser.sign_in(device).status_code == 401
    device.flags = Authenticator().flags
    assert browser.sign_in(device).status_code == 429
    house.clock.move(seconds=40)
    assert browser.sign_in(device).status_code == 303


def test_another_site_signs_nobody_in(lite_house: House) -> None:
    device, _ = enrolled(lite_house, "coach")
    browser = Browser(lite_house, "coach")
    said = device.sign(browser.asked(), origin(lite_house))
    assert browser.send(said, **{"sec-fetch-site": "cross-site"}).status_code == 403


def test_a_passkey_of_one_zone_is_none_in_another(lite_house: House) -> None:
    device, _ = enrolled(lite_house, "coach")
    hire(lite_house, "officer")
    assert Browser(lite_house, "officer").sign_in(device).status_code == 401


def test_an_enrolment_needs_password_and_code_again_and_this_sessions_challenge(lite_house: House) -> None:
    house = lite_house
    hire(house, "coach", "colleague")
    place = origin(house)
    device = Authenticator()
    for wrong in ({"password": "wrong, but long enough"}, {"code": "000000"}, {"password": ""}, {"name": ""},
                  {"passkey": ""}, {"passkey": Authenticator(flags=UP).make(asked_to_make(house, "coach"), place)},
                  {"passkey": device.make(asked_to_make(house, "coach"), "https://evil.example")},
                  {"passkey": device.make(asked_to_make(house, "colleague"), place)},
                  {"name": "x" * 41}, {"name": "a\u202eb"}):  # fmt: skip
        house.clock.move(minutes=20)
        assert add(house, "coach", device, **wrong).status_code == 422, wrong
    old = device.make(asked_to_make(house, "coach"), place)
    house.clock.move(minutes=6)
    assert add(house, "coach", device, passkey=old).status_code == 422
    assert house.client("coach").get("/passkeys").json()["passkeys"] == []
    assert add(house, "coach", device).status_code == 303
    house.clock.move(minutes=1)
    assert add(house, "coach", device).status_code == 422, "it is there already"
    assert add(house, "colleague", device).status_code == 422, "and is nobody else's"


def test_whoever_changed_function_is_vouched_for_anew(lite_house: House) -> None:
    house = lite_house
    device, _ = vouched(house, "coach")
    main = house.services.store.main
    with main.engine.begin() as connection:
        entry = connection.execute(t.entries.select().with_only_columns(t.entries.c.entry_id)).scalars().first()
        connection.execute(
            update(t.staff).where(t.staff.c.login == "coach").values(role="desk_officer", entry_id=entry)
        )
    assert Browser(house, "coach").sign_in(device).status_code == 401


def test_nobody_has_more_than_ten(lite_house: House) -> None:
    house = lite_house
    hire(house, "coach")
    for _ in range(10):
        assert add(house, "coach", Authenticator()).status_code == 303
    assert add(house, "coach", Authenticator()).status_code == 422


@pytest.mark.parametrize("login", ["coach", "officer", "caritas", "dpo"])
def test_every_zone_has_its_own(lite_house: House, login: str) -> None:
    device, _ = enrolled(lite_house, login)
    assert Browser(lite_house, login).sign_in(device).status_code == 303
    assert fresh_code(lite_house, login)
