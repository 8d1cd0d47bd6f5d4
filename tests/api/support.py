"""What the tests of the interface share: firewalls that record or refuse, the log read from outside, row counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import func, select

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
    with house.services.store.main.engine.connect() as connection:
        rows = connection.execute(select(t.entries.c.body).order_by(t.entries.c.entry_id)).all()
    return sorted((_parsed(bytes(row[0])) for row in rows), key=lambda entry: entry["at"])


@cache
def _parsed(body: bytes) -> Json:
    """The log is read again and again, and never changes."""
    found: Json = json.loads(body)
    return found


def since(house: House, before: int) -> list[Json]:
    """The entries written after the first `before`; lane openings left out."""
    return [entry for entry in entries(house)[before:] if entry["action"] != "lane_opened"]


#: The log is meant to grow; everything else stays as it was when something is refused.
DATA: Final = tuple(table for table in (*t.main.sorted_tables, *t.keys.sorted_tables) if table.schema != "log")
#: By whether it is the keystore's: a table's name, how many rows it has, and which entries explain them.
_COUNTED: Final = {
    keys: tuple(
        (
            table.name,
            select(func.count()).select_from(table),
            select(table.c.entry_id) if "entry_id" in table.c and table.name != "details" else None,
        )
        for table in DATA
        if (table.schema == t.KEYSTORE_SCHEMA) is keys and table.name != "detail_keys"
    )
    for keys in (False, True)
}


def counts(house: House) -> dict[str, int]:
    """Rows per table outside the log, and the entries that explain them: an update shows too."""
    found: dict[str, int] = {}
    store = house.services.store
    for database, counted in ((store.main, _COUNTED[False]), (store.keystore, _COUNTED[True])):
        with database.engine.connect() as connection:
            for name, number, explaining in counted:
                found[name] = connection.execute(number).scalar_one()
                if explaining is not None:
                    named = connection.execute(explaining).all()
                    found[f"{name} entries"] = hash(frozenset(bytes(row[0]) for row in named))
    return found


def comparable(reply: Any) -> tuple[int, Json, dict[str, str], int]:
    """What an asker can tell an answer by: all but the instance number, which is random but of fixed length."""
    body = reply.json()
    body.pop("instance", None)
    return reply.status_code, body, dict(reply.headers), len(reply.content)
