"""Casework's wrapping key is replaced while it serves: what stays, what changes, and what is refused."""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from gateway import keyring_file
from gateway.clock import SystemEntropy
from gateway.instance import open_zone
from gateway.keyring_file import KeyringFile
from gateway.rewrapper import see_through
from gateway.rotation import STILL_NAMED_WITHIN, Rotation, refuse_other_zones, stage, under_way
from gateway.settings import Settings
from gateway.wiring import Services, build
from tests.crash.checks import faults
from tests.house import House, house_on, shipped_firewall
from tests.unit.crypto.kit import ENTROPY, WeakFileRoot
from vault.crypto.wrap import LATER_WRAPPED_BYTES, WRAPPED_BYTES, SymmetricWrapper, WrapContext, generation_of
from vault.errors import ConfigurationError, Conflict, GenerationMissing, KeyringError
from vault.ids import KeyId
from vault.storage import generations, rewrapping
from vault.storage import tables as t
from vault.storage.store import Store, generation_closed
from vault.vocabulary import CASEWORK, FOLLOW_UP, Compartment

#: Everything that a rotation leaves as it is.
_UNTOUCHED: Final = (t.records, t.data_keys, t.blind_index, t.cases, t.releases, t.answers, t.access_copies)


def all_of(house: House, table: Any) -> list[tuple[Any, ...]]:
    database = house.services.store.keystore if table is t.wraps else house.services.store.main
    key = list(table.primary_key.columns)
    return [tuple(row) for row in database.execute(select(*table.c).order_by(*key))]


def wraps_of(house: House) -> dict[bytes, bytes]:
    """Casework's, under its own key."""
    return {
        bytes(row[0]): bytes(row[2]) for row in all_of(house, t.wraps)
        if row[1] == str(CASEWORK) and len(row[2]) in (WRAPPED_BYTES, LATER_WRAPPED_BYTES)
    }  # fmt: skip


def generations_of(house: House) -> set[int]:
    return {generation_of(wrap) for wrap in wraps_of(house).values()}


def file_of(house: House) -> KeyringFile:
    return house.services.keyring_files[CASEWORK]


def rotated(house: House, services: Services | None = None) -> Rotation:
    """Stage, and see through."""
    services = services or house.services
    stage(services.keyring_files[CASEWORK], ENTROPY)
    return seen_through(services)


def seen_through(services: Services, at_once: int = 3) -> Rotation:
    rotation = Rotation(services, CASEWORK, at_once=at_once)
    for _ in rotation.carry_on():
        pass
    return rotation


def furnished(house: House) -> dict[str, str]:
    """Notes of some cases, by case; a hand-over and an answer: the keystore holds what is sealed to key pairs too."""
    coach, head = house.client("coach"), house.client("head")
    notes = {}
    for number in range(3):
        case = house.open_case(coach)
        notes[case] = house.write_note(coach, case, f"Vu Aminata Diallo, {number}.")
    case = house.open_case(coach)
    release = house.refer(coach, case)
    house.answer(house.client("caritas"), release)
    house.hand_over(coach, head, house.open_case(coach))
    return notes


def read_all(house: House, notes: dict[str, str]) -> list[str]:
    coach = house.client("coach")
    return [coach.get(f"/cases/{case}/notes/{note}").json()["text"] for case, note in notes.items()]


def second_process(house: House) -> Services:
    """Another process of casework on the same databases, with the same keys' folder; on PostgreSQL."""
    return build(
        house.settings.model_copy(update={"zone": str(CASEWORK)}), clock=house.clock, entropy=SystemEntropy(),
        root=WeakFileRoot, firewall=shipped_firewall(),
    )  # fmt: skip


def test_every_wrap_goes_under_the_new_key_and_nothing_else_changes(house: House) -> None:
    notes = furnished(house)
    texts, before = read_all(house, notes), {table.name: all_of(house, table) for table in _UNTOUCHED}
    wraps, sealed = wraps_of(house), {row[:2]: row[2] for row in all_of(house, t.wraps)}
    old = file_of(house).keyring
    rotation = rotated(house)
    assert {table.name: all_of(house, table) for table in _UNTOUCHED} == before
    assert rotation.outcome.finished
    assert (rotation.outcome.generation, rotation.outcome.rewrapped) == (2, len(wraps))
    assert rotation.outcome.destroyed == (1,)
    assert generations_of(house) == {2}
    assert wraps_of(house).keys() == wraps.keys()
    for row in all_of(house, t.wraps):  # what is sealed to a key pair is not this key's
        assert (row[2] == sealed[row[:2]]) == (bytes(row[0]) not in wraps)
    new = file_of(house).keyring
    assert set(new.wrapper.held) == {2}
    for name in ("log_key", "pseudonym_root", "blind_index_key"):
        assert getattr(new, name).expose() == getattr(old, name).expose(), name
    assert (new.sealing.public, new.version) == (old.sealing.public, old.version)
    assert read_all(house, notes) == texts
    coach = house.client("coach")
    assert len(coach.get("/cases").json()["cases"]) >= len(notes)
    house.write_note(coach, next(iter(notes)))
    assert generations_of(house) == {2}
    assert faults(house.settings) == []
    house.reopen()
    assert read_all(house, notes) == texts


def test_what_stood_under_the_old_key_opens_with_no_key_that_is_left(house: House) -> None:
    furnished(house)
    stolen, old = wraps_of(house), file_of(house).keyring.wrapper
    rotated(house)
    key, wrap = next(iter(stolen.items()))
    case, compartment = next((bytes(r.case_id), r.compartment) for r in house.services.store.main.execute(
        select(t.data_keys)) if bytes(r.key_id) == key)  # fmt: skip
    context = WrapContext(case, Compartment(compartment), CASEWORK, KeyId(key))
    with pytest.raises(GenerationMissing):
        file_of(house).keyring.wrapper.unwrap(wrap, context)
    # What rotation does not buy: who stole keystore and keyring before it opens what they stole.
    assert old.unwrap(wrap, context) == file_of(house).keyring.wrapper.unwrap(wraps_of(house)[key], context)


def test_the_log_tells_when_it_began_and_when_the_old_key_was_destroyed(house: House) -> None:
    furnished(house)
    rotation = rotated(house)
    entries = house.client("auditor").get("/entries?limit=200").json()["entries"]
    told = [
        (entry["action"], entry["object"], entry["outcome"], entry["count"], entry["zone"])
        for entry in reversed(entries)
        if entry["kind"] == "keyring" and entry["action"].startswith("wraps")
    ]
    assert told == [
        ("wraps_rotating", "generation:2", "begun", 1, "casework"),
        ("wraps_rotated", "generation:1", "", rotation.outcome.rewrapped, "casework"),
    ]


def test_a_second_rotation_gives_a_third_generation_and_one_that_is_over_stays_over(house: House) -> None:
    notes = furnished(house)
    rotated(house)
    assert seen_through(house.services).outcome.generation == 0
    assert rotated(house).outcome.destroyed == (2,)
    assert generations_of(house) == {3}
    house.reopen()
    assert len(read_all(house, notes)) == 3
    assert faults(house.settings) == []


def test_staging_again_goes_on_with_the_rotation_that_is_under_way(house: House) -> None:
    furnished(house)
    assert stage(file_of(house), ENTROPY)
    staged = file_of(house).keyring.wrapper.marks(CASEWORK)
    assert not stage(file_of(house), ENTROPY)
    assert file_of(house).keyring.wrapper.marks(CASEWORK) == staged
    assert generations_of(house) == {1}
    house.write_note(house.client("coach"), house.open_case(house.client("coach")))
    assert generations_of(house) == {1}, "staged is not in use"
    assert seen_through(house.services).outcome.generation == 2


def test_whatever_is_written_and_read_between_two_batches_is_served(house: House) -> None:
    """One batch of one wrap at a time: between any two of them somebody reads all, and opens a case."""
    notes = furnished(house)
    texts = read_all(house, notes)
    coach = house.client("coach")
    stage(file_of(house), ENTROPY)
    mixed = set()
    for _ in Rotation(house.services, CASEWORK, at_once=1).carry_on():
        assert read_all(house, notes) == texts
        case = house.open_case(coach)
        notes[case] = house.write_note(coach, case, "Vu Aminata Diallo.")
        texts = read_all(house, notes)
        mixed |= {frozenset(generations_of(house))}
    assert {frozenset({1, 2}), frozenset({2})} == mixed
    assert not under_way(file_of(house).keyring.wrapper)
    assert faults(house.settings) == []


def test_two_rotations_at_once_are_one(house: House) -> None:
    furnished(house)
    stage(file_of(house), ENTROPY)
    steps = Rotation(house.services, CASEWORK, at_once=1).carry_on()
    with closing(steps):
        next(steps)
        with pytest.raises(Conflict):
            seen_through(house.services)
        other = open_zone(house.settings, CASEWORK, ENTROPY, WeakFileRoot)
        with pytest.raises(Conflict):
            stage(other, ENTROPY)
        for _ in steps:
            pass
    assert generations_of(house) == {2}


def test_a_process_that_has_not_looked_at_its_keyring_reads_and_writes(postgres_settings: Settings) -> None:
    """Another process of casework was started before the rotation: it is served by the old and by the new key."""
    with house_on(postgres_settings) as house, closing(second_process(house)) as other:
        notes = furnished(house)
        rotated(house, other)
        assert generations_of(house) == {2}
        assert min(file_of(house).keyring.wrapper.held) == 1, "this one never looked"
        assert len(read_all(house, notes)) == 3
        house.open_case(house.client("coach"))
        assert generations_of(house) == {2}
        assert faults(house.settings) == []


def test_a_write_that_began_under_the_old_key_is_done_again_under_the_new_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between making a data key and storing its wrap, another process closes the old one: the keystore refuses it."""
    coach = house.client("coach")
    house.open_case(coach)
    before = wraps_of(house)
    stage(file_of(house), ENTROPY)
    runner = house.services.worker._runner
    usual: Callable[[Any], bool] = runner._store_keys
    under = []

    def late(group: Any) -> bool:
        if group.wraps:
            under.append({generation_of(wrap) for _, _, wrap, _ in group.wraps})
            if len(under) == 1:
                _closed_by_somebody_else(house)
        return usual(group)

    monkeypatch.setattr(runner, "_store_keys", late)
    case = house.open_case(coach, notice=False)
    assert under == [{1}, {2}]
    assert {generation_of(wrap) for key, wrap in wraps_of(house).items() if key not in before} == {2}
    monkeypatch.undo()
    assert coach.get(f"/cases/{case}/identity").status_code == 200
    seen_through(house.services)
    assert generations_of(house) == {2}
    assert faults(house.settings) == []


def _closed_by_somebody_else(house: House) -> None:
    """The next generation in use and the first one closed, by other connections, past this process's memory."""
    file = open_zone(house.settings, CASEWORK, ENTROPY, WeakFileRoot)
    other = Store(house.settings.main_url, house.settings.keys_url).connect()
    with file.alone() as keyring, closing(other):
        wrapper = keyring.wrapper.activated()
        generations.open_(other.keystore, CASEWORK, wrapper.marks(CASEWORK), house.clock.now())
        file.store(replace(keyring, wrapper=wrapper))
        generations.close(other.keystore, CASEWORK, wrapper.current, house.clock.now())


def test_no_program_can_store_a_wrap_under_a_closed_generation(house: House) -> None:
    furnished(house)
    key, old = next(iter(wraps_of(house).items()))
    rotated(house)
    keystore = house.services.store.keystore
    values = {"key_id": b"\x07" * 16, "reader": "casework", "wrap": old, "created_at": house.clock.now()}
    for statement in (
        t.wraps.insert().values(**values),
        t.wraps.update().where(t.wraps.c.key_id == key).values(wrap=old),
    ):
        with pytest.raises(Exception) as refused:
            keystore.execute(statement)
        assert generation_closed(refused.value)
    keystore.execute(t.wraps.insert().values(**values | {"reader": "follow_up"}))  # another zone's is its own affair
    keystore.execute(t.wraps.update().where(t.wraps.c.key_id == key).values(wrap=b""))  # destroying goes on


def test_a_wrap_that_was_destroyed_meanwhile_stays_destroyed(house: House) -> None:
    furnished(house)
    key, old = next(iter(wraps_of(house).items()))
    store = house.services.store
    store.keystore.execute(t.wraps.update().where(t.wraps.c.key_id == key).values(wrap=b""))
    rewrapping.replace(store, CASEWORK, [rewrapping.NewWrap(key, old, b"n" * LATER_WRAPPED_BYTES)])
    assert key not in wraps_of(house)
    rotated(house)
    assert key not in wraps_of(house)


def test_a_wrap_without_its_row_keeps_the_old_key_until_it_is_old_enough_to_be_an_orphan(house: House) -> None:
    """A wrap is stored before its row: this might be one of a row that another process is committing."""
    furnished(house)
    wrapper = file_of(house).keyring.wrapper
    context = WrapContext(b"c" * 16, Compartment.NARRATIVE, CASEWORK, KeyId(b"\x01" * 16))
    wrap = wrapper.wrap(b"d" * 32, context, ENTROPY)
    row = {"key_id": b"\x01" * 16, "reader": "casework", "wrap": wrap, "created_at": house.clock.now()}
    house.services.store.keystore.execute(t.wraps.insert().values(**row))
    outcome = rotated(house).outcome
    assert (outcome.finished, outcome.waiting, outcome.orphans, outcome.destroyed) == (False, 1, 0, ())
    assert set(file_of(house).keyring.wrapper.held) == {1, 2}
    house.clock.move(seconds=STILL_NAMED_WITHIN.total_seconds() + 60)
    outcome = seen_through(house.services).outcome
    assert (outcome.finished, outcome.waiting, outcome.orphans, outcome.destroyed) == (True, 0, 1, (1,))


def test_a_wrap_that_does_not_open_keeps_the_old_key(house: House) -> None:
    """What somebody exchanged may be put back: nothing is destroyed under a damaged keystore."""
    furnished(house)
    (first, one), (second, other) = list(wraps_of(house).items())[:2]
    for key, wrap in ((first, other), (second, one)):
        house.services.store.keystore.execute(t.wraps.update().where(t.wraps.c.key_id == key).values(wrap=wrap))
    outcome = rotated(house).outcome
    assert sorted(outcome.broken) == sorted([first, second])
    assert not outcome.finished
    assert set(file_of(house).keyring.wrapper.held) == {1, 2}


def test_a_keyring_from_before_the_rotation_is_not_served_with(house: House, tmp_path: Path) -> None:
    notes = furnished(house)
    path = house.settings.zone_folder(CASEWORK) / "keyring"
    shutil.copy2(path, tmp_path / "old")
    rotated(house)
    shutil.copy2(path, tmp_path / "new")
    shutil.copy2(tmp_path / "old", path)
    house.close()
    with pytest.raises(GenerationMissing, match="older than the last rotation"):
        second_start(house)
    shutil.copy2(tmp_path / "new", path)
    house.services = second_start(house)
    assert len(read_all(house, notes)) == 3


def test_a_keystore_from_before_the_rotation_needs_the_keyring_of_its_time(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    with house_on(sqlite_settings) as house:
        notes = furnished(house)
        for name in ("keystore.db", "zones/casework/keyring"):
            house.services.store.keystore.purge()
            shutil.copy2(house.settings.home / name, tmp_path / Path(name).name)
        rotated(house)
        house.services.store.keystore.purge()
        house.close()
        shutil.copy2(tmp_path / "keystore.db", house.settings.home / "keystore.db")
        with pytest.raises(GenerationMissing, match="the keystore is older than the rotation"):
            second_start(house)
        shutil.copy2(tmp_path / "keyring", house.settings.home / "zones/casework/keyring")
        house.services = second_start(house)
        assert len(read_all(house, notes)) == 3


def second_start(house: House) -> Services:
    return build(
        house.settings, clock=house.clock, entropy=SystemEntropy(), root=WeakFileRoot, firewall=shipped_firewall()
    )


def test_two_machines_that_both_made_a_generation_are_told_apart(postgres_settings: Settings, tmp_path: Path) -> None:
    """Each has a copy of the zone's folder: the second one's new key is refused before anything stands under it."""
    with house_on(postgres_settings) as house:
        notes = furnished(house)
        elsewhere = tmp_path / "elsewhere"
        shutil.copytree(house.settings.home, elsewhere)
        with closing(second_process(house)) as other:
            copy = KeyringFile(elsewhere / "zones/casework", CASEWORK, file_of(house).provider)
            other.keyring_files[CASEWORK] = copy
            stage(copy, ENTROPY)
            rotated(house)
            with pytest.raises(GenerationMissing, match="another key"):
                seen_through(other)
        assert len(read_all(house, notes)) == 3
        assert faults(house.settings) == []


@pytest.mark.parametrize("at", range(3))
def test_a_keyring_that_cannot_be_written_stays_and_the_rotation_goes_on_later(
    house: House, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The disk is full when the new key is staged, taken into use, or the old one is to be destroyed."""
    notes = furnished(house)
    usual, calls = keyring_file.replace_private, iter(range(10))

    def full(path: Path, content: bytes) -> None:
        if next(calls) == at:
            raise OSError(errno.ENOSPC, "No space left on device")
        usual(path, content)

    monkeypatch.setattr(keyring_file, "replace_private", full)
    with pytest.raises(KeyringError, match="the old one stays"):
        rotated(house)
    assert len(read_all(house, notes)) == 3
    assert faults(house.settings) == []
    rotated(house)
    assert generations_of(house) == {2}
    assert set(file_of(house).keyring.wrapper.held) == {2}


def test_a_zone_without_wraps_of_its_own_is_not_rotated(house: House) -> None:
    with pytest.raises(ConfigurationError, match="key pair"):
        refuse_other_zones(FOLLOW_UP)
    with pytest.raises(ConfigurationError):
        Rotation(house.services, FOLLOW_UP)


def test_the_store_knows_a_generation_as_the_keys_do(house: House) -> None:
    furnished(house)
    wrapper = SymmetricWrapper(b"a" * 32, 1, {2: b"b" * 32}).activated()
    context = WrapContext(b"c" * 16, Compartment.NARRATIVE, CASEWORK, KeyId(b"\x01" * 16))
    later = wrapper.wrap(b"d" * 32, context, ENTROPY)
    assert (rewrapping.FIRST_BYTES, rewrapping.LATER_BYTES) == (WRAPPED_BYTES, LATER_WRAPPED_BYTES) == (61, len(later))
    row = {"key_id": b"\x01" * 16, "reader": "casework", "wrap": later, "created_at": house.clock.now()}
    house.services.store.keystore.execute(t.wraps.insert().values(**row))
    found = rewrapping.counted(house.services.store, CASEWORK)
    assert found == {1: len(wraps_of(house)) - 1, 2: 1}


def test_a_server_that_is_told_to_stop_ends_its_batch_and_leaves_the_rest(lite_house: House) -> None:
    notes = furnished(lite_house)
    stage(file_of(lite_house), ENTROPY)

    async def begun_and_stopped() -> None:
        task = asyncio.create_task(see_through(lite_house.services))
        while True:
            await asyncio.sleep(0)
            wrapper = file_of(lite_house).keyring.wrapper
            if under_way(wrapper) and wrapper.current != 1:
                break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(begun_and_stopped())
    with file_of(lite_house).alone():
        pass
    assert len(read_all(lite_house, notes)) == 3
    seen_through(lite_house.services)
    assert generations_of(lite_house) == {2}
    assert faults(lite_house.settings) == []


def test_a_keyring_that_cannot_be_read_any_more_does_not_stop_who_holds_it(lite_house: House) -> None:
    notes, path = furnished(lite_house), lite_house.settings.zone_folder(CASEWORK) / "keyring"
    for broken in (b"\x09 of a newer program", b"\x01", b""):
        path.write_bytes(broken)
        lite_house.open_case(lite_house.client("coach"))
    path.unlink()
    lite_house.open_case(lite_house.client("coach"))
    assert len(read_all(lite_house, notes)) == 3
