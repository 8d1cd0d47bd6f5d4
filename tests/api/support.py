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


def counts(house: House) -> dict[str, int]:
    """Rows per table outside the log, and the entries that explain them: an update shows too."""
    found: dict[str, int] = {}
    store = house.services.store
    for table in DATA:
        database = store.keystore if table.schema == t.KEYSTORE_SCHEMA else store.main
        if table.name == "detail_keys":
            continue
        with database.engine.connect() as connection:
            found[table.name] = connection.execute(select(func.count()).select_from(table)).scalar_one()
            if "entry_id" in table.c and table.name != "details":
                named = connection.execute(select(table.c.entry_id)).all()
                found[f"{table.name} entries"] = hash(frozenset(bytes(row[0]) for row in named))
    return found


def comparable(reply: Any) -> tuple[int, Json, dict[str, str], int]:
    """What an asker can tell an answer by: all but the instance number, which is random but of fixed length."""
    body = reply.json()
    body.pop("instance", None)
    return reply.status_code, body, dict(reply.headers), len(reply.content)
