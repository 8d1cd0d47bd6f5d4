"""Checks of the access log against the tables: every row is explained, every act left its row, no lane has a gap.

That the tree holds what was logged is the verifier's part (`parefeu audit verify`); the command runs it too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from vault.audit.events import FILED_FIELDS, Happening
from vault.audit.legible import said
from vault.doctor.checks import Check, Fault
from vault.doctor.explained import EXPLAINED_BY, LEAVES
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey

#: An entry's keys stand in order, so what a row needs of it is found without reading all of it.
_ACT: Final = re.compile(
    rb'^\{"action":"([^"]*)".*?"count":([0-9]+),"decision":"([a-z]*)",.*?"kind":"([^"]*)",', re.DOTALL
)
#: How long an entry may wait for its tree before somebody should look why.
WAITS: Final = timedelta(hours=1)
_LANE: Final = 8
_MICROSECOND: Final = timedelta(microseconds=1)


def _named(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    for link in survey.links():
        if link.parent == "entries":
            for entry in survey.dangling(link):
                yield Fault(f"a row of {link.table} names an entry that the log does not hold", entry.hex())


def _linked(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    for link in survey.links():
        if link.parent != "entries":
            for value in survey.dangling(link):
                yield Fault(f"a row of {link.table} names a row of {link.parent} that is not there", value.hex())


def _explained(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    for table in survey.entries_named():
        acts = EXPLAINED_BY.get(table, frozenset())
        for entry, body in survey.explained(table):
            found = _ACT.match(body)
            if found is None:
                yield Fault(f"a row of {table} names an entry that cannot be read", entry.hex())
                continue
            action, count, decision, kind = found[1].decode(), int(found[2]), found[3], found[4].decode()
            if (action, kind) not in acts:
                yield Fault(f"a row of {table} names the entry of an act that writes no such row", entry.hex())
            elif (decision == b"deny" and action != "sign_in_refused") or count == 0:
                yield Fault(f"a row of {table} names the entry of an act that was refused or failed", entry.hex())


def _left(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """Both sides sorted by entry, so that neither is held in memory."""
    streams = {place: _entries_of(survey, *place) for place in sorted(set(LEAVES.values()))}
    heads = {place: next(stream, None) for place, stream in streams.items()}
    for entry, body in survey.rows("entries", "entry_id", "body", order=("entry_id",)):
        found = _ACT.match(body)
        if found is None or found[3] != b"allow" or int(found[2]) == 0:
            continue
        place = LEAVES.get((found[1].decode(), found[4].decode()))
        if place is None:
            continue
        head = heads[place]
        while head is not None and head < entry:
            head = next(streams[place], None)
        heads[place] = head
        if head != entry:
            yield Fault(f"an act was logged as done, and {place[0]} holds no row of it", entry.hex())


def _entries_of(survey: Survey, table: str, kind: str) -> Iterator[bytes]:
    """The entries that rows of a table name, sorted."""
    where = {"kind": kind} if kind else {}
    return (entry for (entry,) in survey.rows(table, "entry_id", order=("entry_id",), **where))


def _lanes(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    zones = {bytes(lane): zone for lane, zone in survey.rows("lanes", "lane", "zone")}
    lane, number, previous, last, seen = b"", 0, bytes(32), "", set[bytes]()
    for entry, body in survey.rows("entries", "entry_id", "body", order=("entry_id",)):
        if entry[:_LANE] != lane:
            lane, number, previous, last = entry[:_LANE], 0, bytes(32), ""
            seen.add(lane)
            if lane not in zones:
                yield Fault("a lane was never announced", lane.hex())
        told = said(body)
        if told is None or told.get("entry") != entry.hex():
            yield Fault("an entry is not what this program writes", entry.hex())
        elif int.from_bytes(entry[_LANE:], "big") != number or told.get("number") != number:
            yield Fault("entries are missing from a lane", entry.hex())
        elif told.get("previous") != previous.hex():
            yield Fault("an entry does not follow the one before it: one of the two was changed", entry.hex())
        elif told.get("zone") != zones.get(lane, told.get("zone")):
            yield Fault("an entry is of another zone than its lane", entry.hex())
        elif told["at"] < last:
            yield Fault("an entry is dated earlier than the one before it", entry.hex())
        number = int.from_bytes(entry[_LANE:], "big") + 1
        previous = hashlib.sha256(b"\x00" + body).digest()
        last = told.get("at", last) if told is not None else last
    for lane in sorted(set(zones) - seen):
        yield Fault("a lane was announced and holds no entry", lane.hex())


def _outbox(survey: Survey, around: Surroundings) -> Iterator[Fault]:
    """Every entry is a leaf or waits, and not both; nothing else waits, and nothing for long."""
    leaves = (value for (value,) in survey.rows("leaves", "entry_id", order=("entry_id",)))
    waiting = survey.rows("outbox", "entry_id", "run", order=("entry_id",))
    leaf, run = next(leaves, None), next(waiting, None)
    until, oldest = b"", around.now
    for entry, body in survey.rows("entries", "entry_id", "body", order=("entry_id",)):
        while leaf is not None and leaf < entry:
            yield Fault("a leaf of the tree names an entry that the log does not hold", leaf.hex())
            leaf = next(leaves, None)
        while run is not None and run[0] <= entry:
            if run[0] < entry:
                yield _nothing_waits(run[0])
            else:
                until = entry[:_LANE] + (int.from_bytes(entry[_LANE:], "big") + run[1]).to_bytes(8, "big")
            run = next(waiting, None)
        waits = entry < until
        if waits == (leaf == entry):
            what = "waits for the tree and is in it" if waits else "is in no tree and waits for none"
            yield Fault(f"an entry {what}", entry.hex())
        if waits:
            told = said(body)
            oldest = min(oldest, _moment(told["at"], oldest)) if told is not None else oldest
        leaf = next(leaves, None) if leaf == entry else leaf
    while run is not None:
        yield _nothing_waits(run[0])
        run = next(waiting, None)
    if around.now - oldest > WAITS:
        yield Fault("entries have waited for the tree for more than an hour")


def _nothing_waits(entry: bytes) -> Fault:
    return Fault("an entry waits for the tree that the log does not hold", entry.hex())


def _moment(text: str, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if found.tzinfo is not None else otherwise


def _filed(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """What oversight searches by is what the entries say, up to where each lane is filed."""
    upto = {bytes(lane): bytes(entry) for lane, entry in survey.rows("filings", "lane", "entry_id")}
    zones = {bytes(lane): str(zone) for lane, zone in survey.rows("lanes", "lane", "zone")}
    filed = survey.rows("filed", "entry_id", "at", *FILED_FIELDS, order=("entry_id",))
    head = next(filed, None)
    for entry, body in survey.rows("entries", "entry_id", "body", order=("entry_id",)):
        wanted = entry <= upto.get(entry[:_LANE], b"")
        there = head is not None and head[0] == entry
        if wanted != there:
            yield Fault("an entry is not filed where it should be, or is where it should not", entry.hex())
        if there and head is not None:
            told = said(body, entry, zones.get(entry[:_LANE], ""))
            if told is None:  # dated by the one before it
                right = head[2 + FILED_FIELDS.index("action")] == Happening.ILLEGIBLE.value
            else:
                moment = head[1].isoformat(timespec="microseconds")
                right = (moment, *head[2:]) == (told["at"], *(told[name] for name in FILED_FIELDS))
            if not right:
                yield Fault("an entry is filed as something else than it says", entry.hex())
            head = next(filed, None)


def _triggers(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    """An update that keeps the old entry would be unlogged; the database refuses it by a trigger per table."""
    standing = survey.triggers()
    for table in (*survey.entries_named(), "filings"):
        if f"tr_{table}_entry" not in standing:
            yield Fault(f"the trigger of {table} is gone or switched off")


_FORGED: Final = "somebody wrote to the database past the program, or rows were taken away"
_COMPARE: Final = "stop; compare with a backup and with a checkpoint that a witness holds; tell the auditor and the DPO"
LOG_CHECKS: Final = (
    Check("row_entries", "every row names an entry of the log", _FORGED, _COMPARE, store=_named),
    Check("row_links", "every row that names another row names one that is there",
          "rows were taken away, or came from another database", "put back the main database's backup", store=_linked),
    Check("row_acts", "the entry that a row names is of an act that writes such rows, and was allowed",
          _FORGED, _COMPARE, store=_explained),
    Check("act_rows", "every act that was logged as done left its row", _FORGED, _COMPARE, store=_left),
    Check("entry_triggers", "no row can be changed without naming a new entry",
          "changes since then may stand in no log", "run `parefeu db migrate` on a copy, compare the schemas; "
          "find out who took the trigger away", store=_triggers),
    Check("log_lanes", "every lane of the log runs from its first entry without a gap, each chained to the last",
          "what was looked at can no more be proved", _COMPARE, store=_lanes),
    Check("log_outbox", "every entry is in a tree or waits for one, and not for long",
          "an entry that is in no tree can be taken away unseen",
          "start the server, or `parefeu audit sequence --once`; then `parefeu audit verify`", store=_outbox),
    Check("log_filing", "what the log is searched by is what its entries say",
          "a search by an auditor or for a person's report misses or adds something",
          "empty `filed` and `filings` as the owner: they are filled again from the entries", store=_filed),
)  # fmt: skip
