"""A furnished installation for the doctor: something of everything, its log sequenced; and how rows are changed in it
past the program, with no trigger and no foreign key in the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from gateway.auth.sessions import hash_token
from gateway.log.running import make_keeper
from gateway.settings import Settings
from tests import asked, emergencies, erasures, excepted, passkeys, samples
from tests.authenticator import text
from tests.flow_paths import Paths
from tests.house import CASE, House, MovableClock, house_on
from tests.log.kit import jump
from tests.orders import fresh_order
from tests.recorded import attach, compose, record_fact, save_draft, set_task
from tests.unit.crypto.kit import WeakFileRoot
from vault.cases.flow import State, Step
from vault.crypto.passkey import Assertion
from vault.ids import RequestId
from vault.storage import tables as t
from vault.storage.store import make_engine
from vault.usecases import answering, sign_in
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK

#: Stands in whatever was confided, so that it can be looked for in what the doctor says.
CANARY: Final = "Kanariefink"
_STAFF: Final = (
    "coach", "colleague", "third_coach", "far_coach", "desk", "head", "officer", "dpo", "caritas", "auditor",
)  # fmt: skip


@dataclass
class Estate:
    """An installation, its clock, and where its cases stand, by a name each: raw ids."""

    settings: Settings
    clock: MovableClock
    cases: dict[str, bytes] = field(default_factory=dict)
    staff: dict[str, bytes] = field(default_factory=dict)


def furnish_estate(settings: Settings) -> Estate:
    """Cases on the way, closed and handed over, with all that hangs on them; the log in a tree, but for a little."""
    with house_on(settings) as house:
        cases = _play(house)
        _sequence(house)
        jump(house, minutes=1)
        assert house.client("coach").get("/cases").status_code == 200  # waits for the tree
        staff = {login: row.id.raw for login, row in house.staff.items()}
        raw = {name: parse_reference(reference).raw for name, reference in cases.items()}
        return Estate(settings, house.clock, raw, staff)


def _play(house: House) -> dict[str, str]:
    for login in _STAFF:
        house.client(login)
    coach, head, paths = house.client("coach"), house.client("head"), Paths(house)
    for order in (fresh_order(), fresh_order(criterion="")):
        for how in ({}, {"minors": True, "update": True}):
            assert house.client("desk").post("/orders", json=order | how).status_code == 200
    noted = house.open_case(coach)
    house.clock.move(hours=1)
    house.write_note(coach, noted, f"Vu {CANARY} à la gare. Aminata Diallo revient.")
    record_fact(coach, noted, detail=CANARY)
    attach(coach, noted)
    set_task(coach, noted)
    save_draft(coach, noted, text=f"{CANARY} dit")
    compose(coach, noted)
    house.refer(coach, noted)
    handed = house.open_case(coach)
    house.hand_over(coach, head, handed)
    reply = coach.post(
        f"/cases/{noted}/appointments",
        json={"occasion": "interview", "starts_at": "2026-11-17T09:00", "minutes": 30, "channel": "desk",
              "desk": "brussels-1", "language": "fr"},
    )  # fmt: skip
    assert reply.status_code == 201, reply.text
    moved = house.open_case(coach)
    for login in ("colleague", "third_coach"):
        profile = {"types": ["individuals", "families"], "capacity": 40}
        assert head.put(f"/coaches/{house.staff[login].id.hex()}", json=profile).status_code == 200
    for login in ("colleague", "third_coach"):
        body = {"coach": house.staff[login].id.hex()}
        reply = head.post(f"/cases/{moved}/assignment", json=body)
        assert reply.status_code == 200, reply.text
    far = house.client("far_coach").post("/cases", json=CASE | {"region": "liege"}).json()["reference"]
    extended = paths.case_in(State.EXTENSION)
    paths.take(extended, Step.GRANT_EXTENSION)
    _ask(house)
    _except(house)
    _break_glass(house, noted)
    samples.done(house, samples.of(house, noted))
    samples.of(house, noted)
    _sign_by_passkey(house)
    erased = erasures.closed_case(house)
    erasures.erase(house, erased)
    passkeys.enrolled(house, "auditor")
    passkeys.coded(house, "head")
    assert house.client("auditor").get("/entries").status_code == 200  # files the log
    return {
        "noted": noted, "handed": handed, "moved": moved, "far": far, "extended": extended,
        "invited": paths.case_in(State.INVITED), "closed": paths.case_in(State.CLOSED),
        "erased": erased, "suspended": paths.case_in(State.SUSPENDED), "new": paths.case_in(State.OQT_NOTIFIED),
    }  # fmt: skip


def _break_glass(house: House, case: str) -> None:
    """One that was opened, looked at and ended, one that was refused."""
    number = emergencies.opened(house, case)
    assert house.client("colleague").get(f"/emergencies/{number}/identity").status_code == 200
    emergencies.act(house, number, "end")
    emergencies.act(house, emergencies.ask(house, case), "refusal")


def _ask(house: House) -> None:
    """A live grant, one that was taken back, and a request that was asked back, explained and half answered."""
    numbers = ["7.400.001", "7.400.002", "7.400.003"]
    for number in numbers:
        house.open_case(house.client("coach"), ov_number=number)
    about = [{"by": "ov_number", "value": number} for number in numbers]
    asked.granted(house, about=about[0])
    asked.opened(house, ov_number="7400004")
    assert asked.end(house, asked.opened(house, ov_number="7400005"), "dpo").status_code == 201
    assert asked.revoke(house, asked.granted(house, about=about[1])).status_code == 201
    open_one = asked.ask(house, about=about[2], fields=["nationality"])
    asked.taken(house, open_one)
    for login, tail, body in (
        ("dpo", "question", {"based_on": 1, "question": "why"}),
        ("officer", "explanation", {"hours": 2}),
        ("head", "approval", {"based_on": 2}),
    ):
        reply = house.client(login).post(f"/access-requests/{open_one}/{tail}", json=body)
        assert reply.status_code == 201, reply.text


def _sign_by_passkey(house: House) -> None:
    """A head's passkey that the data protection officer vouched for, and an approval that it signed."""
    device, _ = passkeys.vouched(house, "head")
    house.open_case(house.client("coach"), ov_number="7.400.009")
    number = asked.ask(house, about={"by": "ov_number", "value": "7.400.009"}, fields=["nationality"])
    asked.taken(house, number)
    services, request = house.services, RequestId.parse(number)
    desk = answering.desk_of(services.access[CASEWORK], services.casework, services.passkeys[CASEWORK])
    hashed = hash_token(house.tokens["head"])

    def job(uow: Any) -> None:
        head = sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock)
        what: dict[str, Any] = {"based_on": 1, "fields": ["nationality"]}
        to_sign = answering.prepare(uow, head, request, desk, **what)
        said = Assertion.parse(device.sign({"challenge": text(to_sign.challenge)}, passkeys.origin(house)))
        answering.approve_by_passkey(uow, head, request, desk, assertion=said, signed_at=to_sign.signed_at, **what)

    services.worker.run(CASEWORK, job)


def _except(house: House) -> None:
    """A lawful exception that left, was told and taken note of; one taken back, one stopped; one that waits."""
    case = house.open_case(house.client("coach"), ov_number="7400006")
    number, _ = excepted.disclosed(house, case)
    assert excepted.acknowledge(house, number).status_code == 201
    assert excepted.told(house, case, number).status_code == 201
    assert excepted.revoke(house, excepted.disclosed(house, case)[1]).status_code == 201
    assert excepted.revoke(house, excepted.disclosed(house, case)[1], "dpo").status_code == 201
    other = house.open_case(house.client("coach"), ov_number="7400007")
    excepted.disclosed(house, other)
    excepted.file(house, case, "head")


def _sequence(house: House) -> None:
    keeper = make_keeper(house.settings, house.clock, WeakFileRoot, house.services)
    try:
        while keeper.turn().full:
            pass
        keeper.turn(last=True)
        keeper.show()
    finally:
        keeper.close()


class Past:
    """Both databases, written past the program."""

    def __init__(self, estate: Estate, main: Connection, keys: Connection) -> None:
        self.estate = estate
        self._main, self._keys = main, keys

    def _of(self, table: Table) -> Connection:
        return self._main if table.metadata is t.main else self._keys

    def change(self, table: Table, *where: Any, **values: Any) -> None:
        """Change some rows, at least one."""
        assert self._of(table).execute(table.update().where(*where).values(**values)).rowcount, table.name

    def remove(self, table: Table, *where: Any) -> None:
        assert self._of(table).execute(table.delete().where(*where)).rowcount, table.name

    def add(self, table: Table, **values: Any) -> None:
        self._of(table).execute(table.insert().values(**values))

    def one(self, column: Any, *where: Any, last: bool = False) -> Any:
        """The first value, in order."""
        wanted = select(column).where(*where).order_by(column.desc() if last else column)
        found = self._of(column.table).execute(wanted.limit(1)).scalar_one()
        return bytes(found) if isinstance(found, memoryview) else found

    def all(self, column: Any, *where: Any) -> list[Any]:
        """Every value, in order."""
        found = self._of(column.table).execute(select(column).where(*where).order_by(column)).scalars()
        return [bytes(each) if isinstance(each, memoryview) else each for each in found]

    def row(self, table: Table, *where: Any) -> dict[str, Any]:
        """The first row, by column."""
        return dict(self._of(table).execute(select(table).where(*where).limit(1)).mappings().one())

    def run(self, sqlite: str, postgres: str) -> None:
        self._main.exec_driver_sql(sqlite if self._main.dialect.name == "sqlite" else postgres)

    def case(self, name: str) -> bytes:
        return self.estate.cases[name]


@contextmanager
def past_the_program(estate: Estate) -> Iterator[Past]:
    """Write to both databases as their owner, with everything switched off that would object, and on again."""
    engines = [make_engine(estate.settings.main_url), make_engine(estate.settings.keys_url)]
    with engines[0].connect() as main, engines[1].connect() as keys:
        lite = main.dialect.name == "sqlite"
        triggers: list[tuple[str, str]] = []
        if lite:
            main.exec_driver_sql("PRAGMA foreign_keys=OFF")
            rows = main.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
            triggers = [(name, sql) for name, sql in rows]
            for name, _ in triggers:
                main.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            main.exec_driver_sql("SET session_replication_role = replica")
        past = Past(estate, main, keys)
        yield past
        for name, sql in triggers:
            if name not in estate.cases.get("_dropped", b"").decode().split():
                main.exec_driver_sql(sql)
        main.commit()
        keys.commit()
    for engine in engines:
        engine.dispose()


def earlier(past: Past, column: Any, *where: Any, **by: float) -> Any:
    """The first moment of a column, moved back."""
    return past.one(column, *where) - timedelta(**by)
