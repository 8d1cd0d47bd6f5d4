"""Files, tasks and drafts in the store: of two at once, one wins and the other is told; the database itself says no."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from gateway.clock import SystemEntropy
from gateway.settings import Settings
from gateway.wiring import Services, build
from tests.api.support import entries, since
from tests.crash.checks import faults
from tests.crash.plays import Stagehand
from tests.house import House, furnish, house_on, make_keys, shipped_firewall
from tests.unit.crypto.kit import WeakFileRoot
from vault.errors import Conflict, NotFound, StaleVersion
from vault.storage import tables as t
from vault.usecases import drafts, tasks
from vault.usecases.sign_in import authenticate
from vault.usecases.sweep import sweep
from vault.vocabulary import CASEWORK


def _set(hand: Stagehand, case: Any, task: Any = None, based_on: int = 0) -> Any:
    return hand.as_(
        "coach", tasks.set_task, tasks.SetTask(case, "Écrire", date(2026, 11, 5), "fr", None, False, task, based_on)
    )


def test_a_file_is_described_or_swept_and_never_both(house: House) -> None:
    hand = Stagehand(house)
    case = hand.noticed()
    first, second = hand.arrive(case), hand.arrive(case)
    hand.describe(case, first)
    house.clock.move(hours=3)
    casework = house.services.casework
    assert casework is not None
    assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework)) == 1
    with pytest.raises(NotFound):
        hand.describe(case, second)
    with pytest.raises(StaleVersion):
        hand.describe(case, first)

    def undo(uow: Any) -> tuple[bool, bool, bool]:
        entry, now = uow.records.head(first), house.clock.now()
        assert entry is not None
        sweeping = uow.attachments.sweep(first, now, _entry(house))
        return (
            sweeping,
            uow.attachments.describe(second, now, _entry(house)),
            uow.attachments.arrived(first, 9, _entry(house)),
        )

    assert house.services.worker.run(CASEWORK, undo) == (False, False, False)
    assert faults(house.settings) == []


def _entry(house: House) -> Any:
    from vault.ids import EntryId

    with house.services.store.main.engine.connect() as connection:
        return EntryId(bytes(connection.execute(select(t.entries.c.entry_id).limit(1)).scalar_one()))


def test_the_database_itself_knows_no_described_file_without_its_chunks(house: House) -> None:
    hand = Stagehand(house)
    case = hand.noticed()
    attachment = hand.arrive(case)
    hand.describe(case, attachment)
    other = _entry(house).raw
    for wrong in ({"chunks": None}, {"swept_at": house.clock.now()}):
        with house.services.store.main.engine.connect() as connection:
            change = update(t.attachments).where(t.attachments.c.attachment_id == attachment.raw)
            with pytest.raises(IntegrityError):
                connection.execute(change.values(entry_id=other, **wrong))
            connection.rollback()


def test_a_task_that_somebody_changed_is_not_overwritten(house: House) -> None:
    hand = Stagehand(house)
    case = hand.noticed()
    done = _set(hand, case)
    from vault.ids import RecordId

    task = RecordId.parse(done["record"])
    _set(hand, case, task, 1)
    with pytest.raises(StaleVersion):
        _set(hand, case, task, 1)
    assert faults(house.settings) == []


@contextmanager
def two_gateways(urls: tuple[str, str], home: Any) -> Iterator[tuple[House, Services]]:
    """Two services on one database, as two processes would be."""
    main, keystore = urls
    settings = Settings(home=make_keys(home).home, database_url=main, keystore_url=keystore)
    furnish(settings)
    with house_on(settings) as house:
        other = build(
            settings, clock=house.clock, entropy=SystemEntropy(), root=WeakFileRoot, firewall=shipped_firewall()
        )
        try:
            yield house, other
        finally:
            other.close()
        assert faults(settings) == []


def _race(works: list[Callable[[], Any]]) -> list[Any]:
    """All at once; what each came to."""
    ready, came = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int) -> None:
        ready.wait()
        try:
            came[place] = works[place]()
        except (Conflict, NotFound) as refused:
            came[place] = refused  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def test_of_a_sweep_and_a_description_at_once_exactly_one_wins(postgres_urls: tuple[str, str], tmp_path: Any) -> None:
    with two_gateways(postgres_urls, tmp_path / "home") as (house, other):
        hand = Stagehand(house)
        case = hand.noticed()
        casework = other.casework
        assert casework is not None
        for _ in range(6):
            attachment = hand.arrive(case)
            house.clock.move(hours=3)
            hand.renew()
            described, swept = _race(
                [
                    lambda attachment=attachment: hand.describe(case, attachment) or "described",  # type: ignore[misc]
                    lambda: other.worker.run(CASEWORK, lambda uow: sweep(uow, casework)),
                ]
            )
            assert (described == "described") != (swept == 1), (described, swept)


def test_of_two_windows_that_save_one_draft_none_is_half_written(postgres_urls: tuple[str, str], tmp_path: Any) -> None:
    from gateway.auth.sessions import hash_token

    with two_gateways(postgres_urls, tmp_path / "home") as (house, other):
        hand = Stagehand(house)
        case = hand.noticed()
        hand.draft(case)
        hashed = hash_token(house.tokens["coach"])

        def save(services: Services, text: str) -> Any:
            cmd = drafts.SaveDraft(case, text, "fr", "intake")
            return services.worker.run(
                CASEWORK,
                lambda uow: drafts.save_draft(
                    uow, authenticate(uow, hashed, "10.0.0.7", house.clock), cmd, services.casework
                ),  # type: ignore[arg-type]
            )

        for number in range(5):
            came = _race([lambda n=number: save(house.services, f"a{n}"), lambda n=number: save(other, f"b{n}")])  # type: ignore[misc]
            assert any(isinstance(one, dict) for one in came)
            kept = hand.as_("coach", drafts.read_draft, case, None)["text"]
            assert kept in {f"a{number}", f"b{number}"}


def test_a_draft_that_was_written_anew_is_not_swept(house: House) -> None:
    """Its author came back between the sweep's look and its hand."""
    hand = Stagehand(house)
    case = hand.noticed()
    hand.draft(case)
    house.clock.move(days=15)
    hand.renew()
    now = house.clock.now()
    (old,) = house.services.worker.run(CASEWORK, lambda uow: uow.drafts.expired(now, 10))
    hand.draft(case)
    entry = _entry(house)
    assert house.services.worker.run(CASEWORK, lambda uow: uow.drafts.clear(old, entry, expired_by=now)) is False
    assert hand.as_("coach", drafts.read_draft, case, None)["text"]
    assert house.services.worker.run(CASEWORK, lambda uow: uow.drafts.expired(now, 10)) == []


def test_a_sweep_that_somebody_forestalled_says_nothing_untrue(lite_house: House) -> None:
    hand = Stagehand(lite_house)
    case = hand.noticed()
    attachment = hand.arrive(case)
    lite_house.clock.move(hours=3)
    casework = lite_house.services.casework
    assert casework is not None
    before = len(entries(lite_house))

    def forestalled(uow: Any) -> int:
        listed = uow.attachments.abandoned

        class Late:
            """The list as it was before the description."""

            def __getattr__(self, name: str) -> Any:
                return getattr(uow.attachments, name)

            def sweep(self, *_: Any) -> bool:
                return False

        view = SimpleNamespace(audit=uow.audit, attachments=Late(), drafts=uow.drafts)
        assert listed(lite_house.clock.now(), 5) == [attachment]
        return sweep(view, casework)  # type: ignore[arg-type]

    with pytest.raises(Conflict):
        lite_house.services.worker.run(CASEWORK, forestalled)
    assert since(lite_house, before) == []
    hand.describe(case, attachment)


def test_a_reminder_looks_no_further_than_asked(lite_house: House) -> None:
    hand = Stagehand(lite_house)
    case = hand.noticed()
    today = date(2026, 11, 3)
    for days in (0, 1, 2):
        cmd = tasks.SetTask(case, f"dans {days}", today + timedelta(days=9), "fr", today + timedelta(days=days))
        hand.as_("coach", tasks.set_task, cmd)
    coach = lite_house.staff["coach"].id
    for days in (0, 1, 2):
        found = lite_house.services.worker.run(
            CASEWORK, lambda uow, until=today + timedelta(days=days): uow.tasks.due(coach, until, 10)
        )
        assert len(found) == days + 1
    limited = lite_house.services.worker.run(CASEWORK, lambda uow: uow.tasks.due(coach, today + timedelta(days=9), 2))
    assert len(limited) == 2


def test_a_chunk_names_an_attachment_that_is_there(house: House) -> None:
    with house.services.store.main.engine.connect() as connection:
        Stagehand(house).noticed()
        entry = connection.execute(select(t.entries.c.entry_id).limit(1)).scalar_one()
        connection.rollback()
        row = {"attachment_id": bytes(16), "number": 0, "sealed": b"", "entry_id": entry}
        with pytest.raises(IntegrityError) as missing:
            connection.execute(t.attachment_chunks.insert().values(**row))
        connection.rollback()
        original = missing.value.orig
        if isinstance(original, psycopg.Error):
            assert original.sqlstate == "23503"
        else:
            assert isinstance(original, sqlite3.IntegrityError)
            assert original.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
