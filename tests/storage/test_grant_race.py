"""Somebody reads a grant, or what an exception gave, while another takes it back: nothing is told once that was
acknowledged.

On PostgreSQL the reader and the revoker are two processes on one database: here, two services with a connection each.
On SQLite there is one process with one writer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any, Final

import pytest

from gateway.auth.sessions import hash_token
from gateway.clock import SystemEntropy
from gateway.settings import Settings
from gateway.wiring import Services, build
from tests import excepted
from tests.asked import granted, opened
from tests.crash.checks import faults
from tests.house import FEDASIL, House, house_on, shipped_firewall
from tests.patience import PATIENCE
from tests.unit.crypto.kit import WeakFileRoot
from vault.cases.access_requests import Revocation
from vault.errors import NotFound, StoreBusy
from vault.ids import ReleaseId
from vault.storage import transaction
from vault.usecases import answering, asking, ceremony, disclosing, granting, sign_in
from vault.usecases.answering import AnsweringDesk
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone

Pause = Callable[[], None]
MISUSED: Final = Revocation.MISUSED
#: OV numbers of the exceptions' cases.
_NUMBERS = count(1)


@contextmanager
def process_of(house: House, zone: Zone) -> Iterator[Services]:
    """Where this zone is served: beside casework's process, or on SQLite in it."""
    if house.services.store.sqlite:
        yield house.services
        return
    services = build(
        house.settings.model_copy(update={"zone": str(zone)}), clock=house.clock, entropy=SystemEntropy(),
        root=WeakFileRoot, firewall=shipped_firewall(),
    )  # fmt: skip
    try:
        yield services
    finally:
        services.close()


def reading_process(house: House, read: Callable[..., Any]) -> AbstractContextManager[Services]:
    return process_of(house, FEDASIL if read is read_exception else FOLLOW_UP)


def reader_of(asked: Callable[..., Any]) -> Callable[..., Any]:
    """The officer reads by this use case. Raises NotFound."""

    def read(house: House, services: Services, release: str, pause: Pause = lambda: None) -> Any:
        """pause: called between the answer and its commit."""
        hashed = hash_token(house.tokens["officer"])
        office, reception = services.access[FOLLOW_UP], services.reception[FOLLOW_UP]

        def job(uow: Any) -> Any:
            actor = sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock)
            found = asked(uow, actor, ReleaseId.parse(release), office, reception)
            pause()
            return found

        return services.worker.run(FOLLOW_UP, job)

    return read


def read_exception(house: House, services: Services, release: str, pause: Pause = lambda: None) -> Any:
    """The recipient reads what a lawful exception gave it. Raises NotFound."""
    hashed, reception = hash_token(house.tokens["fedasil"]), services.reception[FEDASIL]

    def job(uow: Any) -> Any:
        actor = sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock)
        found = disclosing.read_disclosed(uow, actor, ReleaseId.parse(release), reception)
        pause()
        return found

    return services.worker.run(FEDASIL, job)


read, read_ceremony = reader_of(asking.read_granted), reader_of(ceremony.read_identity)


def act(house: House, login: str, work: Callable[[Any, Any, AnsweringDesk], Any]) -> None:
    """A regional head acts in casework, the data protection officer in oversight; the worker has committed."""
    hashed, services = hash_token(house.tokens[login]), house.services
    zone = CASEWORK if login == "head" else OVERSIGHT
    desk = answering.desk_of(services.access[zone], services.casework if zone == CASEWORK else None)

    def job(uow: Any) -> Any:
        return work(uow, sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock), desk)

    services.worker.run(zone, job)


def take_back(house: House, release: str) -> None:
    act(house, "head", lambda uow, who, at: granting.revoke(uow, who, ReleaseId.parse(release), MISUSED, at))


def end_ceremony(house: House, release: str) -> None:
    act(house, "dpo", lambda uow, who, at: ceremony.end(uow, who, ReleaseId.parse(release), MISUSED, at))


def revoke_exception(house: House, release: str) -> None:
    act(house, "head", lambda uow, who, at: disclosing.revoke(uow, who, ReleaseId.parse(release), MISUSED, at))


def stop_exception(house: House, release: str) -> None:
    act(house, "dpo", lambda uow, who, at: disclosing.stop(uow, who, ReleaseId.parse(release), MISUSED, at))


def _grant(house: House) -> str:
    house.open_case(house.client("coach"))
    return granted(house)


def _exception(house: House) -> str:
    house.client("fedasil")
    return excepted.disclosed(house, house.open_case(house.client("coach"), ov_number=f"7{next(_NUMBERS):07}"))[1]


@pytest.mark.parametrize(
    ("given", "read", "take_back"),
    [
        (_grant, read, take_back), (opened, read_ceremony, end_ceremony),
        (_exception, read_exception, revoke_exception), (_exception, read_exception, stop_exception),
    ], ids=["grant", "ceremony", "revoked exception", "stopped exception"],
)  # fmt: skip
@pytest.mark.usefixtures("patient")
def test_a_revocation_waits_for_who_is_being_answered(
    house: House, given: Callable[[House], str], read: Callable[..., Any], take_back: Callable[..., None]
) -> None:
    release = given(house)
    inside, go_on, order = threading.Event(), threading.Event(), []
    with reading_process(house, read) as services:

        def pause() -> None:
            inside.set()
            go_on.wait(PATIENCE)
            order.append("answered")

        def revoke() -> None:
            take_back(house, release)
            order.append("acknowledged")

        told: list[Any] = []
        reader = threading.Thread(target=lambda: told.append(read(house, services, release, pause)))
        reader.start()
        assert inside.wait(PATIENCE)
        revoker = threading.Thread(target=revoke)
        revoker.start()
        time.sleep(0.2)
        assert order == [], "the revocation waits"
        go_on.set()
        for thread in (reader, revoker):
            thread.join(PATIENCE)
        assert order == ["answered", "acknowledged"]
        assert told[0]["family_name"] == "Diallo"
        with pytest.raises(NotFound):
            read(house, services, release)
    assert faults(house.settings) == []


@pytest.mark.parametrize(
    ("given", "read", "take_back"),
    [
        (granted, read, take_back), (_exception, read_exception, revoke_exception),
        (_exception, read_exception, stop_exception),
    ], ids=["grant", "revoked exception", "stopped exception"],
)  # fmt: skip
@pytest.mark.usefixtures("patient")
def test_no_look_that_begins_after_the_acknowledgement_is_answered(
    house: House, given: Callable[[House], str], read: Callable[..., Any], take_back: Callable[..., None]
) -> None:
    house.open_case(house.client("coach"))
    with reading_process(house, read) as services:
        for _ in range(3):
            release = given(house)
            began: list[tuple[float, bool]] = []
            stop = threading.Event()

            def look(release: str = release, began: list[tuple[float, bool]] = began, stop: Any = stop) -> None:
                while not stop.is_set():
                    at = time.monotonic()
                    try:
                        read(house, services, release)
                    except NotFound:
                        began.append((at, False))
                    else:
                        began.append((at, True))

            reader = threading.Thread(target=look)
            reader.start()
            while not began and reader.is_alive():
                time.sleep(0.001)
            take_back(house, release)
            acknowledged = time.monotonic()
            while began[-1][0] <= acknowledged and reader.is_alive():  # one look at least that began later
                time.sleep(0.001)
            stop.set()
            reader.join(PATIENCE)
            assert any(answered for _, answered in began)
            assert not any(answered for at, answered in began if at > acknowledged)
            assert not began[-1][1]


def test_a_reader_that_does_not_let_go_is_no_reason_to_acknowledge(
    postgres_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any role may hold an advisory lock as long as it likes: then nothing was revoked, and the caller is told so."""
    monkeypatch.setattr(transaction, "_PATIENCE", "200ms")
    with house_on(postgres_settings) as house:
        house.open_case(house.client("coach"))
        release = granted(house)
        inside, go_on = threading.Event(), threading.Event()
        with reading_process(house, read) as services:

            def pause() -> None:
                inside.set()
                go_on.wait(PATIENCE)

            reader = threading.Thread(target=lambda: read(house, services, release, pause))
            reader.start()
            assert inside.wait(PATIENCE)
            with pytest.raises(StoreBusy):
                take_back(house, release)
            go_on.set()
            reader.join(PATIENCE)
            assert read(house, services, release)["family_name"] == "Diallo"
            take_back(house, release)
            with pytest.raises(NotFound):
                read(house, services, release)
        assert faults(house.settings) == []
