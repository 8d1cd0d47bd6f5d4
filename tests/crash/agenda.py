"""What must hold for desks, appointments and changes of hands, whatever happened in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.crash.snapshot import Snapshot


def agenda_faults(found: Snapshot) -> Iterator[str]:
    """A desk's cells are held by appointments that stand, each by all of its own, of cases that have not ended."""
    held: dict[bytes, set[tuple[str, int]]] = defaultdict(set)
    cell = 30 * 60
    for row in found["desk_cells"]:
        if row["appointment_id"] is not None:
            held[bytes(row["appointment_id"])].add((row["desk"], int(row["starts_at"].timestamp())))
    for row in found["appointments"]:
        raw, begin, end = bytes(row["appointment_id"]), row["starts_at"].timestamp(), row["ends_at"].timestamp()
        wanted = {(row["desk"], int(begin) + n * cell) for n in range(int(end - begin) // cell)}
        if row["occasion"] != "walk_in" and row["desk"] and row["status"] == "booked" and held[raw] != wanted:
            yield f"appointment {raw.hex()}: does not hold exactly its desk's time"
        if row["status"] in {"cancelled", "moved"} and any(at > row["settled_at"].timestamp() for _, at in held[raw]):
            yield f"appointment {raw.hex()}: holds time that it gave up"
    ended = {bytes(row["case_id"]): row["closed_at"] for row in found["cases"] if row["closed_at"] is not None}
    for row in found["appointments"]:
        closed = ended.get(bytes(row["case_id"]))
        if row["status"] == "booked" and closed is not None and row["starts_at"] > closed:
            yield f"appointment {bytes(row['appointment_id']).hex()}: somebody is expected whose case has ended"
    numbers: dict[bytes, list[int]] = defaultdict(list)
    for row in found["assignments"]:
        numbers[bytes(row["case_id"])].append(row["number"])
    for case, seen in numbers.items():
        if sorted(seen) != list(range(1, len(seen) + 1)):
            yield f"case {case.hex()}: its changes of hands have a gap"
