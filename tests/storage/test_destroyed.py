"""What was destroyed is in no file afterwards: wraps that were emptied, and details that were erased by command."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.log.running import announce
from tests.house import House
from tests.storage.test_worker import YES
from vault.audit.events import Detail
from vault.errors import StoreUnavailable
from vault.ids import KeyId
from vault.storage.detail_erasure import DetailErasure
from vault.storage.store import Database, make_engine
from vault.vocabulary import CASEWORK


def _erasure(house: House) -> tuple[DetailErasure, Database]:
    keystore = Database(make_engine(house.settings.keys_url))
    return DetailErasure(keystore, before=house.clock.now() + timedelta(days=1)), keystore


def test_keys_and_details_are_gone_on_both_databases(house: House) -> None:
    announce(house.services)
    erasure, keystore = _erasure(house)
    erasure.carry_out()
    schema = "" if keystore.sqlite else "keystore."
    for table in ("details", "detail_keys"):
        assert keystore.raw.execute(f"SELECT count(*) FROM {schema}{table}").fetchone()[0] == 0
    assert erasure.carry_out() == 0
    keystore.close()


def test_while_somebody_reads_it_says_so_and_is_run_again(lite_house: House) -> None:
    announce(lite_house.services)
    reader = sqlite3.connect(lite_house.settings.keys_url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    # Their beginnings: a key may go on in another page.
    keys = {bytes(row[0])[:48] for row in reader.execute("SELECT sealed_key FROM detail_keys")}
    assert keys
    erasure, keystore = _erasure(lite_house)
    erasure.count()
    keystore.raw.execute("PRAGMA busy_timeout=20")  # not the five seconds that people wait

    def there() -> bool:
        files = [path for path in lite_house.settings.home.iterdir() if path.name.startswith("keystore.db")]
        return any(key in path.read_bytes() for key in keys for path in files)

    with pytest.raises(StoreUnavailable, match="run it again"):
        erasure.carry_out()
    assert there()
    reader.execute("COMMIT")
    reader.close()
    erasure.carry_out()
    keystore.close()
    assert not there()


@pytest.fixture
def elsewhere(lite_house: House) -> Iterator[sqlite3.Connection]:
    """Somebody else's look at the keystore, as a copy of it takes one; it may last."""
    connection = sqlite3.connect(str(lite_house.settings.keys_url.removeprefix("sqlite:///")), isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def test_a_destroyed_wrap_is_in_no_file_even_if_somebody_was_reading(
    lite_house: House, elsewhere: sqlite3.Connection
) -> None:
    """A look that lasts keeps older pages in their place: they go home once it is over, and nobody waits."""
    key, marked = KeyId(b"k" * 16), bytes(random.Random(7).randbytes(61))
    run, now = lite_house.services.worker.run, lite_house.clock.now()

    def there() -> bool:
        home = lite_house.settings.home
        return any(marked in path.read_bytes() for path in home.iterdir() if path.name.startswith("keystore.db"))

    def put(uow: Any) -> None:
        uow.audit.append(YES, Detail())
        uow.keys.put(key, CASEWORK, marked, now)

    def destroy(uow: Any) -> None:
        uow.audit.append(YES, Detail())
        uow.keys.destroy(key, CASEWORK)

    def look_for(uow: Any) -> Any:
        uow.audit.append(YES, Detail())
        return uow.keys.wrap(key, CASEWORK)

    run(CASEWORK, put)
    assert there()
    elsewhere.execute("BEGIN")
    elsewhere.execute("SELECT count(*) FROM wraps").fetchone()
    waited = lite_house.services.store.keystore.raw.execute("PRAGMA busy_timeout").fetchone()
    run(CASEWORK, destroy)
    assert not run(CASEWORK, look_for)
    assert there(), "the page that the other one looks at"
    elsewhere.execute("COMMIT")
    run(CASEWORK, look_for)
    assert not there()
    assert lite_house.services.store.keystore.raw.execute("PRAGMA busy_timeout").fetchone() == waited
