"""What oversight looks entries up by, filed in batches and outside of requests.

An index in the entries' own table would be written by every request of every zone, and the one over cases
all over the place: on SQLite a third of what a read costs. So an entry is its id and its bytes, and oversight
copies its moment and what is searched for (`FILED_FIELDS`) into `log.filed`, lane after lane. A lane's entries commit
in their order, so "filed up to here" misses none. Filing happens when nobody waits, and before every look at the log:
an answer is complete.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from sqlalchemy import insert, or_, select, update

from vault.audit.events import FILED_FIELDS, Happening
from vault.errors import StoreBusy
from vault.storage import tables as t
from vault.storage.transaction import Transaction

#: Entries filed by one call in the background: some ten milliseconds.
BATCH: Final = 1_000
#: The most that a look at the log files before it answers: about half a second. Beyond, the caller is asked to wait.
BEFORE_A_LOOK: Final = 50_000
_LAST_NUMBER: Final = b"\xff" * 8


def file_entries(tx: Transaction, limit: int) -> int:
    """File up to `limit` entries that are not filed yet. Returns how many; fewer than `limit`: all are."""
    lanes, filings = t.lanes.c, t.filings.c
    open_lanes = tx.read(
        select(lanes.lane, filings.entry_id)
        .select_from(t.lanes.outerjoin(t.filings, filings.lane == lanes.lane))
        .where(or_(filings.ended.is_(None), filings.ended == 0))
    ).all()
    filed = 0
    for lane, last in open_lanes:
        if filed >= limit:
            break
        filed += _file_lane(tx, bytes(lane), bytes(last) if last is not None else None, limit - filed)
    return filed


def file_before_a_look(tx: Transaction) -> None:
    """File what is not filed yet. Raises StoreBusy if that is too much to wait for."""
    if file_entries(tx, BEFORE_A_LOOK) == BEFORE_A_LOOK:
        raise StoreBusy("the log is being filed, because very much was written at once: ask again in a moment")


def _file_lane(tx: Transaction, lane: bytes, last: bytes | None, limit: int) -> int:
    c = t.entries.c
    first = last if last is not None else lane  # the shorter one stands before every entry of its lane
    rows = tx.read(
        select(c.entry_id, c.body)
        .where(c.entry_id > first, c.entry_id <= lane + _LAST_NUMBER)
        .order_by(c.entry_id)
        .limit(limit)
    ).all()
    if not rows:
        return 0
    bodies = [json.loads(bytes(row[1])) for row in rows]
    tx.write(
        insert(t.filed),
        [
            {
                "entry_id": bytes(row[0]),
                "at": datetime.fromisoformat(body["at"]),
                **{name: body[name] for name in FILED_FIELDS},
            }
            for row, body in zip(rows, bodies, strict=True)
        ],
    )
    ended = int(bodies[-1]["action"] == Happening.LANE_CLOSED.value)
    place = {"ended": ended, "entry_id": bytes(rows[-1][0])}
    if last is None:
        tx.write(insert(t.filings).values(lane=lane, **place))
    else:
        tx.write(update(t.filings).where(t.filings.c.lane == lane).values(**place))
    return len(rows)
