"""What the tests of the interface share: firewalls that record or refuse, the log read from outside, row counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Table

from policies.firewall import LiveFirewall
from tests.house import House, shipped_firewall
from vault.storage import tables as t
from vault.vocabulary import Decision, Denied, Facts, Question

Json = dict[str, Any]


class RecordingFirewall(LiveFirewall):
    """Answers as the shipped policy does and remembers every question."""

    def __init__(self) -> None:
        super().__init__(shipped_firewall())
        self.asked: list[Question] = []

    def decide(self, question: Question, facts: Facts) -> Decision:
        self.asked.append(question)
        return super().decide(question, facts)


@dataclass
class SwitchableFirewall(LiveFirewall):
    """The shipped policy until `answer` is set; then whatever that does."""

    __slots__ = ("answer",)

    def __init__(self) -> None:
        super().__init__(shipped_firewall())
        self.answer: Callable[[Question, Facts], Decision] | None = None

    def decide(self, question: Question, facts: Facts) -> Decision:
        return self.answer(question, facts) if self.answer is not None else super().decide(question, facts)


def deny(question: Question, facts: Facts) -> Decision:
    return Denied("", (), bytes(32))


def explode(question: Question, facts: Facts) -> Decision:
    raise RuntimeError("the firewall is broken")


def entries(house: House) -> list[Json]:
    """The whole log in the order it was written, read past the program."""
    main = house.services.store.main
    rows = house.reader(main).execute(f"SELECT body FROM {_named(t.entries, main.sqlite)} ORDER BY entry_id").fetchall()
    return sorted((_parsed(bytes(row[0])) for row in rows), key=_moment)


def logged(house: House) -> int:
    """How many entries there are."""
    main = house.services.store.main
    number: int = house.reader(main).execute(f"SELECT count(*) FROM {_named(t.entries, main.sqlite)}").fetchone()[0]
    return number


@lru_cache(maxsize=2048)  # one house's, some 10 MB; each test has a log of its own
def _parsed(body: bytes) -> Json:
    """The log is read again and again, and never changes."""
    found: Json = json.loads(body)
    return found


def _moment(entry: Json) -> str:
    moment: str = entry["at"]
    return moment


def since(house: House, before: int) -> list[Json]:
    """The entries written after the first `before`; lane openings left out."""
    engine = house.services.store.main.engine
    if engine not in _FOLLOWED:
        _FOLLOWED[engine] = _Followed()
    return [entry for entry in _FOLLOWED[engine].read(house)[before:] if entry["action"] != "lane_opened"]


class _Followed:
    """A log as it grows: lane by lane, what was added since the last look."""

    def __init__(self) -> None:
        self._known: list[Json] = []
        self._last: dict[bytes, bytes] = {}

    def read(self, house: House) -> list[Json]:
        """All entries, in the order they were written."""
        main = house.services.store.main
        reader, log, mark = house.reader(main), _named(t.entries, main.sqlite), "?" if main.sqlite else "%s"
        newer = f"SELECT entry_id, body FROM {log} WHERE entry_id > {mark} AND entry_id < {mark} ORDER BY entry_id"
        for (lane,) in reader.execute(f"SELECT lane FROM {_named(t.lanes, main.sqlite)}").fetchall():
            # An entry's id is its lane and its number there, eight bytes each.
            added = reader.execute(newer, (self._last.get(lane, lane), lane + b"\xff" * 8)).fetchall()
            if added:
                self._last[lane] = added[-1][0]
                self._known += (_parsed(body) for _, body in added)
        self._known.sort(key=_moment)
        assert len(self._known) == logged(house), "the log only grows"
        return self._known


_FOLLOWED: Final[WeakKeyDictionary[Engine, _Followed]] = WeakKeyDictionary()
#: The log is meant to grow; everything else stays as it was when something is refused.
DATA: Final = tuple(table for table in (*t.main.sorted_tables, *t.keys.sorted_tables) if table.schema != "log")


def counts(house: House) -> dict[str, int]:
    """Rows per table outside the log, and the entries that explain them: an update shows too."""
    found: dict[str, int] = {}
    store = house.services.store
    for database, keys in ((store.main, False), (store.keystore, True)):
        for name, number, entry_ids in house.reader(database).execute(_counting(keys, database.sqlite)).fetchall():
            found[name] = number
            found[f"{name} entries"] = hash(entry_ids)
    return found


@cache
def _counting(keys: bool, lite: bool) -> str:
    """For each table of the keystore, or of the main database: its name, its number of rows, which entries explain
    them."""
    all_of = "group_concat(hex(entry_id), '')" if lite else "string_agg(encode(entry_id, 'hex'), '' ORDER BY entry_id)"
    return " UNION ALL ".join(
        f"SELECT '{table.name}', count(*), {all_of if 'entry_id' in table.c and table.name != 'details' else 'NULL'}"
        f" FROM {_named(table, lite)}"
        for table in DATA
        if (table.schema == t.KEYSTORE_SCHEMA) is keys and table.name != "detail_keys"
    )


def _named(table: Table, lite: bool) -> str:
    return f'"{table.name}"' if lite or table.schema is None else f'"{table.schema}"."{table.name}"'


def comparable(reply: Any) -> tuple[int, Json, dict[str, str], int]:
    """What an asker can tell an answer by: all but the instance number, which is random but of fixed length."""
    body = reply.json()
    body.pop("instance", None)
    return reply.status_code, body, dict(reply.headers), len(reply.content)
