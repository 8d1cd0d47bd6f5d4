"""What the hot path fetches ahead: one read alone finds what the same read finds in a group, on both databases."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from gateway.auth.sessions import hash_token
from gateway.settings import Settings
from tests.house import House, house_on
from vault.storage import hot as statements
from vault.storage.hot import HotStatements, Want
from vault.storage.store import Store


def fetched(house: House, *wants: Want) -> dict[Any, Any]:
    settings = house.settings
    store = Store(settings.main_url, settings.keys_url).connect()
    found: dict[Any, Any] = {}
    try:
        hot = HotStatements(store.main, store.keystore, "casework")
        for _ in range(2):  # on PostgreSQL the second time guesses at the key
            found.clear()
            hot.begin(wants, found)
            store.main.rollback()
    finally:
        store.close()
    return found


@pytest.fixture
def known(house: House) -> tuple[House, bytes, bytes]:
    coach = house.client("coach")
    note = house.write_note(coach, house.open_case(coach))
    return house, hash_token(house.tokens["coach"]), bytes.fromhex(note)


def test_alone_and_in_a_group_the_same_is_found(known: tuple[House, bytes, bytes]) -> None:
    house, token, note = known
    nobody, nothing = b"t" * 32, b"n" * 16
    for mine, wanted in ((token, note), (token, nothing), (nobody, note), (nobody, nothing)):
        alone = fetched(house, Want(mine, wanted))
        group = fetched(house, Want(mine, wanted), Want(b"another".ljust(32), b"another".ljust(16)))
        assert alone == {key: value for key, value in group.items() if not key[1].startswith(b"another")}
        assert (alone["session", mine] is not None) is (mine == token)
        assert (alone["record", wanted] is not None) is (wanted == note)
    record, standing = fetched(house, Want(token, note))["record", note]
    assert (record.id.raw, record.version, standing.id) == (note, 1, record.case)


def test_the_newest_version_is_found(known: tuple[House, bytes, bytes]) -> None:
    house, token, note = known
    coach = house.client("coach")
    case = fetched(house, Want(token, note))["record", note][0].case.raw
    (path,) = [f"/cases/{each['reference']}/notes/{note.hex()}" for each in coach.get("/cases").json()["cases"]]
    told = coach.put(path, json={"text": "Une phrase de plus.", "language": "fr", "template": "intake", "based_on": 1})
    assert told.status_code == 200, told.text
    assert fetched(house, Want(token, note))["record", note][0].version == 2
    assert fetched(house, Want(token, note))["record", note][0].case.raw == case


def test_a_session_without_a_record(known: tuple[House, bytes, bytes]) -> None:
    house, token, _ = known
    assert set(fetched(house, Want(token))) == {("session", token)}


def test_no_table_is_read_whole_for_some_of_its_rows(postgres_settings: Settings) -> None:
    """Nor where the planner, which has no statistics yet and guesses how long an array is, would think it cheaper."""
    with house_on(postgres_settings) as house:
        coach = house.client("coach")
        house.write_note(coach, house.open_case(coach))
    with psycopg.connect(house.settings.keys_url.replace("+psycopg", ""), autocommit=True) as keys:
        keys.execute(
            "INSERT INTO keystore.wraps SELECT decode(md5(n::text), 'hex'), w.reader, w.wrap, w.created_at FROM "
            "(SELECT * FROM keystore.wraps WHERE reader = 'casework' LIMIT 1) w, generate_series(1, 2000) n"
        )
        none = "array_fill('\\x00'::bytea, ARRAY[16])"
        wraps = _plan(keys, statements._WRAPS_PG, "bytea[], text[]", f"{none}, '{{casework}}'")
    assert "Index Scan using pk_wraps" in wraps
    assert "Seq Scan" not in wraps


def _plan(connection: psycopg.Connection[Any], statement: str, kinds: str, values: str) -> str:
    """How the server would do it, prepared, after it gave up looking at each time's values."""
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE it ({kinds}) AS {statement}".encode())
    return "\n".join(row[0] for row in connection.execute(f"EXPLAIN EXECUTE it ({values})".encode()))
