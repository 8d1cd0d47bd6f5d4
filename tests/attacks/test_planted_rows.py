"""Rows that an owned zone adds between the zones, with that zone's true keys: what casework believes of them.

Row policies say who may add a row, signatures who said it. Here the attacker may add it and can sign it: what is left
is whether it is theirs to say, and whether a row of any bytes keeps others from their work.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from gateway.clock import SystemEntropy
from tests.api.support import entries
from tests.asked import CEREMONY, approve, ask, begun, granted, named, opened, sign_for, taken
from tests.excepted import acknowledge, disclosed
from tests.house import CARITAS, STAFF, House
from vault.access import asking, correspondence
from vault.asking import AnswerRow, CopyRow, RequestRow
from vault.audit.events import Detail, Event, Verdict
from vault.between_zones import AnswerRow as PartnerRow
from vault.cases.access_requests import (
    IDENTITY_FIELDS,
    AccessForm,
    Act,
    Answer,
    Designation,
    Manner,
    Naming,
)
from vault.cases.calendar import belgian_day
from vault.crypto.envelope import seal_release
from vault.ids import ActorId, AnswerId, EntryId, KeyId, ReleaseId, RequestId
from vault.storage import tables as t
from vault.unit_of_work import UnitOfWork
from vault.usecases.sweep import sweep
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Purpose, Role, Zone

ENTROPY: Final = SystemEntropy()
REQUESTS: Final = "/access-requests"
#: Too deep for a parser that goes down with what it reads.
DEEP: Final = b"[" * 40_000
#: A moment that no calendar has.
NEVER: Final = 2**62


def _code(reply: Any) -> str:
    found: str = reply.json()["type"].rpartition(":")[2]
    return found


def entry_of(uow: UnitOfWork) -> EntryId:
    """Any zone writes entries: one for the rows that are planted."""
    return uow.audit.append(Event("read", "access_request", Verdict.ALLOW), Detail())


# -- what oversight's key can say ----------------------------------------------------------------------


def written(house: House, table: str, change: str, where: str = "", **values: Any) -> None:
    """A change of rows that names an entry of its own, as the database demands of everybody."""
    engine = house.services.store.main.engine
    schema, log = ("", "entries") if engine.dialect.name == "sqlite" else ("exchange.", "log.entries")
    statement = f"UPDATE {schema}{table} SET {change}, entry_id = (SELECT min(entry_id) FROM {log}) {where}"
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def say(house: House, zone: Zone, about: str, act: Act, function: Role, **said: Any) -> None:
    """An answer of the attacker's, truly signed by the zone that it owns."""
    office, request = house.services.access[zone], RequestId.parse(about)

    def plant(uow: UnitOfWork) -> None:
        given = Answer(
            len(uow.requests.answers(request)) + 1, 1, act, function, ActorId(ENTROPY.bytes(16)), house.clock.now(),
            (), "", bytes(32),
        )  # fmt: skip
        given = replace(given, **said)
        signature = office.signing.sign(asking._statement(request, zone, given), "access answer")
        uow.requests.add_answer(AnswerRow(request, zone, given, "", signature), entry_of(uow))

    house.services.worker.run(zone, plant)


@pytest.mark.parametrize("signed", [True, False])
def test_oversight_hands_no_request_to_a_head_of_another_region(lite_house: House, signed: bool) -> None:
    """Whom casework's heads hand it on to is casework's word: oversight's lets nobody near a case."""
    house = lite_house
    case = house.open_case(house.client("coach"))
    number = ask(house)
    taken(house, number)
    far = house.client("far_head")
    say(house, OVERSIGHT, number, Act.DELEGATED, Role.DPO, delegate=house.staff["far_head"].id)
    if not signed:
        written(house, "access_answers", "signature = zeroblob(64)")
    assert far.get(REQUESTS).json()["requests"] == []
    assert case not in far.get(REQUESTS).text
    assert far.get(f"{REQUESTS}/{number}").status_code == 404
    assert far.post(f"{REQUESTS}/{number}/approval", json={"based_on": 1}).status_code == 404


def test_casework_does_not_take_note_in_the_officers_place(lite_house: House) -> None:
    house = lite_house
    number, _ = disclosed(house, house.open_case(house.client("coach")))
    say(house, CASEWORK, number, Act.ACKNOWLEDGED, Role.REGIONAL_HEAD)
    (row,) = house.client("dpo").get(REQUESTS).json()["requests"]
    assert row["acknowledge"] is True
    assert acknowledge(house, number).status_code == 201


def test_a_ceremony_that_oversight_lets_run_for_years_is_over_in_its_minutes(house: House) -> None:
    """Oversight holds the second share and writes until when: casework destroys the first by its own count."""
    ceremony = opened(house)
    assert house.client("officer").get(f"/ceremonies/{ceremony}").status_code == 200
    written(house, "ceremonies", "expires_at = expires_at + :years", years=10 * 365 * 86_400 * 1_000_000)
    house.clock.move(minutes=60 + CEREMONY["minutes"])
    casework = house.services.casework
    assert casework is not None
    assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework)) == 1
    with house.services.store.main.engine.connect() as connection:
        assert connection.execute(t.ceremonies.select()).one().erased_at is not None


def test_a_ceremony_that_nobody_opened_is_not_swept_before_its_time(lite_house: House) -> None:
    house = lite_house
    begun(house)
    house.clock.move(minutes=59)
    casework = house.services.casework
    assert casework is not None
    assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework)) == 0


# -- what follow-up's key can ask ----------------------------------------------------------------------


def asked_past_its_process(
    house: House, *, about: Designation, plain: Callable[[bytes], bytes] = lambda made: made, **changed: Any
) -> str:
    """A request that follow-up's own process would not have let through, sealed and signed as it must be."""
    house.client("officer")
    office, now = house.services.access[FOLLOW_UP], house.clock.now()
    request, requester = RequestId(ENTROPY.bytes(16)), house.staff["officer"].id
    form = AccessForm(
        request, 1, requester, "Officer", FOLLOW_UP, ("family_name",), Purpose.OQT_FOLLOW_UP, "oqt_execution",
        "Pour réserver un vol à son nom", 24, now, office.guard.policy_digest, office.rules.digest,
        about.mark(request),
    )  # fmt: skip
    form = replace(form, **changed)

    def plant(uow: UnitOfWork) -> None:
        entry, day = entry_of(uow), belgian_day(now)
        _, number = uow.requests.of_day(requester, FOLLOW_UP, day)
        row = RequestRow(request, FOLLOW_UP, requester, day, number, now, now + timedelta(days=5))
        uow.requests.add(row, entry)
        for reader in (CASEWORK, OVERSIGHT, FOLLOW_UP):
            key = KeyId(ENTROPY.bytes(16))
            copy = CopyRow(request, 1, reader, FOLLOW_UP, form.policy, key, b"", b"", now, entry)
            made = seal_release(
                plain(form.encode(None if reader == OVERSIGHT else about)), asking._context(copy),
                to=office.directory.of(reader).sealing, sender=office.signing, entropy=ENTROPY,
            )  # fmt: skip
            uow.keys.put(key, reader, made.wrap, now)
            uow.requests.add_copy(replace(copy, sealed=made.sealed, signature=made.signature))

    house.services.worker.run(FOLLOW_UP, plant)
    return request.hex()


def by_number(number: str = "8123456") -> Designation:
    return Designation(Naming.OV_NUMBER, number, ENTROPY.bytes(32))


@pytest.mark.parametrize("changed", [{"hours": 24 * 365 * 100}, {"hours": 10**15}, {"hours": 0}, {"basis": "because"}])
def test_nothing_is_granted_beyond_what_the_office_lets_anybody_ask(lite_house: House, changed: dict[str, Any]) -> None:
    """The limits hold where it leaves, whatever the asking zone's process let through."""
    house = lite_house
    house.open_case(house.client("coach"))
    number = asked_past_its_process(house, about=by_number(), **changed)
    taken(house, number)
    approve(house, number, "dpo")
    approve(house, number, "head")
    reply = house.client("head").post(f"{REQUESTS}/{number}/grant")
    assert (reply.status_code, _code(reply)) == (409, "conflict"), reply.text
    with house.services.store.main.engine.connect() as connection:
        assert connection.execute(t.grants.select()).all() == []


def test_no_ceremony_lasts_longer_than_the_office_lets_anybody_ask(lite_house: House) -> None:
    house = lite_house
    about = Designation(Naming.PSEUDONYM, named(house), ENTROPY.bytes(32))
    number = asked_past_its_process(
        house, about=about, manner=Manner.CEREMONY, fields=IDENTITY_FIELDS, hours=0, minutes=60 * 24 * 365
    )
    taken(house, number)
    for login in ("dpo", "head"):
        assert sign_for(house, number, login).status_code == 201
    assert house.client("head").post(f"{REQUESTS}/{number}/ceremony").status_code == 409


def test_a_request_of_any_bytes_hides_no_other(lite_house: House) -> None:
    """Truly sealed and signed, and nothing that can be parsed."""
    house = lite_house
    house.open_case(house.client("coach"))
    whole = ask(house)
    broken = {
        asked_past_its_process(house, about=by_number(), plain=lambda _, made=made: made)
        for made in (DEEP, b"", b"[]", b"\xff", b"null", b'{"request": 1}')
    }
    junk = [Designation(naming, "\u202e", ENTROPY.bytes(32)) for naming in Naming if naming is not Naming.REFERENCE]
    junk += [Designation(Naming.PSEUDONYM, "C-1", ENTROPY.bytes(32))]
    nobody = {asked_past_its_process(house, about=about) for about in junk}
    words: list[dict[str, Any]] = [
        {"hours": 1e300}, {"hours": "1"}, {"reason": 7}, {"basis": None}, {"fields": 7}, {"fields": [["a"]]},
        {"version": None}, {"asked_by": ["x"]}, {"reason": "\ud800"}, {"written_at": "9999-12-31T23:59:59-23:00"},
    ]  # fmt: skip
    broken |= {
        asked_past_its_process(house, about=by_number(), plain=lambda made, each=each: _with(made, each))
        for each in words
    }
    broken.add(asked_past_its_process(house, about=by_number(), plain=lambda made: made + b" " * 70_000))
    for login in ("head", "dpo"):
        heard = house.client(login).get(REQUESTS)
        assert heard.status_code == 200, heard.text
        seen = {one["request"]: one["standing"] for one in heard.json()["requests"]}
        assert {number for number, standing in seen.items() if standing == "open"} == {whole} | nobody
        assert {number for number, standing in seen.items() if standing == "damaged"} == broken
        assert house.client(login).get(f"{REQUESTS}/{whole}").status_code == 200


def _with(made: bytes, words: dict[str, Any]) -> bytes:
    return json.dumps(json.loads(made) | words).encode()


def planted(house: House, table: Any, **values: Any) -> None:
    """A row as the zone's database role adds it: of any bytes."""

    def plant(uow: UnitOfWork) -> None:
        entry = entry_of(uow)
        uow.requests._tx.write(table.insert().values(entry_id=entry.raw, **values))

    house.services.worker.run(FOLLOW_UP, plant)


@pytest.mark.parametrize(
    "odd", [{"request_id": b"x"}, {"requester": b"x" * 40}, {"filed_at": NEVER}, {"due_at": -NEVER}]
)
def test_a_row_that_this_program_never_writes_stops_no_list(house: House, odd: dict[str, Any]) -> None:
    house.open_case(house.client("coach"))
    whole = ask(house)
    now = house.clock.now()
    row = {
        "request_id": ENTROPY.bytes(16), "zone": "follow_up", "requester": ENTROPY.bytes(16), "day": belgian_day(now),
        "number": 7, "filed_at": now, "due_at": now,
    }  # fmt: skip
    moments = {name: value for name, value in odd.items() if isinstance(value, int)}
    planted(house, t.access_requests, **row | {name: value for name, value in odd.items() if name not in moments})
    for name, value in moments.items():
        written(house, "access_requests", f"{name} = {value}", "WHERE number = 7")
    for login in ("head", "dpo"):
        heard = house.client(login).get(REQUESTS)
        assert heard.status_code == 200, heard.text
        assert whole in [one["request"] for one in heard.json()["requests"]]
    assert taken(house, whole)["standing"] == "open", "and it is taken in"
    granted(house)


@pytest.mark.parametrize(
    "odd",
    [
        "evidence = zeroblob(70000)",
        "signature = zeroblob(70000)",
        "act = 'because'",
        "function = 'king'",
        "actor_id = zeroblob(3)",
        "evidence = :deep",
        "delegate = zeroblob(1)",
    ],
)
def test_an_answer_that_this_program_never_writes_stops_nobody(lite_house: House, odd: str) -> None:
    """Oversight's role adds answers: one of any bytes keeps nobody from answering, nor from seeing the list."""
    house = lite_house
    house.open_case(house.client("coach"))
    number = ask(house)
    taken(house, number)
    say(house, OVERSIGHT, number, Act.APPROVED, Role.DPO, number=2)
    written(house, "access_answers", odd, **({"deep": DEEP} if ":deep" in odd else {}))
    assert approve(house, number, "head")["standing"] == "open"
    assert approve(house, number, "dpo")["standing"] == "ready"
    for login in ("head", "dpo"):
        (row,) = house.client(login).get(REQUESTS).json()["requests"]
        assert row["standing"] == "ready"


# -- what a partner can send ---------------------------------------------------------------------------


def sent_past_its_process(
    house: House, release: str, plaintext: bytes, *, sent_at: datetime | None = None, answer: bytes = b""
) -> bytes:
    """An answer that the partner's own process would not have sent; its number."""
    own, released = house.services.correspondence[CARITAS], ReleaseId.parse(release)
    number = answer or ENTROPY.bytes(16)

    def plant(uow: UnitOfWork) -> None:
        entry = entry_of(uow)
        with house.services.store.main.engine.connect() as connection:
            found = connection.execute(t.releases.select().where(t.releases.c.release_id == released.raw)).one()
        row = PartnerRow(
            AnswerId(number), released, CASEWORK, CARITAS, bytes(found.subject), bytes(32), 1,
            KeyId(ENTROPY.bytes(16)), b"", b"", sent_at or house.clock.now(), entry,
        )  # fmt: skip
        made = seal_release(
            plaintext, correspondence.answer_context(row), to=own.directory.of(CASEWORK).sealing, sender=own.signing,
            entropy=ENTROPY,
        )  # fmt: skip
        uow.keys.put(row.key, CASEWORK, made.wrap, house.clock.now())
        uow.answers.add(replace(row, sealed=made.sealed, signature=made.signature))

    house.services.worker.run(CARITAS, plant)
    return number


def test_an_answer_of_any_bytes_is_refused_as_tampered(lite_house: House) -> None:
    house = lite_house
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case, "caritas")
    release = house.send(coach, case, referral)
    for plaintext in (DEEP, b"", b"[]", b"7", b"\xff\xfe"):
        number = sent_past_its_process(house, release, plaintext).hex()
        reply = coach.post(f"/cases/{case}/referrals/{referral}/answers/{number}")
        assert (reply.status_code, _code(reply)) == (500, "record_tampered"), reply.text


@pytest.mark.parametrize("odd", [f"sent_at = {NEVER}", "answer_id = :short"])
def test_one_partners_odd_row_hides_no_other_partners_answer(house: House, odd: str) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    for partner in ("caritas", "fedasil"):
        referral = house.consent(coach, case, partner)
        release = house.send(coach, case, referral)
        house.answer(house.client(partner), release, "Rien de neuf.")
    written(house, "answers", odd, "WHERE sender = 'partner:caritas'", **({"short": b"x"} if ":short" in odd else {}))
    heard = coach.get("/answers")
    assert heard.status_code == 200, heard.text
    assert "fedasil" in [line["partner"] for line in heard.json()["answers"]]
    assert coach.get(f"/cases/{case}/referrals").status_code == 200


@pytest.mark.parametrize("odd", ["signature = :none", "signature = zeroblob(70000)", f"given_at = {NEVER}"])
def test_a_receipt_that_nobody_signed_takes_nothing_off_the_officers_list(lite_house: House, odd: str) -> None:
    """What is overdue is told until the partner itself confirmed it."""
    house = lite_house
    coach = house.client("coach")
    case = house.open_case(coach)
    referral = house.consent(coach, case, "caritas")
    release = house.send(coach, case, referral)
    house.withdraw(coach, case, referral)
    given = house.client("caritas").post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"})
    assert given.status_code == 201
    written(house, "receipts", odd, **({"none": bytes(9)} if ":none" in odd else {}))
    house.clock.move(days=15)
    for login in ("coach", "dpo"):
        house.renew(login)
        heard = house.client(login).get("/withdrawals")
        assert heard.status_code == 200, heard.text
        assert len(heard.json()["withdrawals"]) == 1, login


def test_the_log_stays_whole(lite_house: House) -> None:
    """What was planted here hangs on entries of the zone that planted it."""
    house = lite_house
    house.open_case(house.client("coach"))
    asked_past_its_process(house, about=by_number(), plain=lambda _: DEEP)
    assert STAFF["officer"][0] == FOLLOW_UP
    assert any(entry["zone"] == "follow_up" for entry in entries(house))


def test_another_zones_copy_does_not_stand_in_the_place_of_caseworks_own(lite_house: House) -> None:
    """Follow-up learns an exception's number from the partner that it colludes with, and seals a next version."""
    house = lite_house
    number, _ = disclosed(house, house.open_case(house.client("coach")))
    office, request, about = house.services.access[FOLLOW_UP], RequestId.parse(number), by_number()

    def plant(uow: UnitOfWork) -> None:
        entry, now = entry_of(uow), house.clock.now()
        form = AccessForm(
            request, 2, ActorId(ENTROPY.bytes(16)), "Officer", FOLLOW_UP, ("family_name",), Purpose.OQT_FOLLOW_UP,
            "oqt_execution", "Pour réserver un vol à son nom", 24, now, bytes(32), bytes(32), about.mark(request),
        )  # fmt: skip
        for reader in (CASEWORK, OVERSIGHT):
            copy = CopyRow(request, 2, reader, FOLLOW_UP, bytes(32), KeyId(ENTROPY.bytes(16)), b"", b"", now, entry)
            made = seal_release(
                form.encode(None if reader == OVERSIGHT else about), asking._context(copy),
                to=office.directory.of(reader).sealing, sender=office.signing, entropy=ENTROPY,
            )  # fmt: skip
            uow.keys.put(copy.key, reader, made.wrap, now)
            uow.requests.add_copy(replace(copy, sealed=made.sealed, signature=made.signature))

    house.services.worker.run(FOLLOW_UP, plant)
    for login in ("dpo", "head"):
        (row,) = house.client(login).get(REQUESTS).json()["requests"]
        assert (row["manner"], row["notice"]) == ("exception", "due")
    assert acknowledge(house, number).status_code == 201
