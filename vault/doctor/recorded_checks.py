"""Checks of what hangs on cases besides records: files, tasks, appointments and the time of desks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from vault.doctor.checks import Check, Fault
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey
from vault.vocabulary import Kind


def _files(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    there: dict[bytes, int] = defaultdict(int)
    for attachment, number in survey.rows("attachment_chunks", "attachment_id", "number"):
        there[attachment] = max(there[attachment], number + 1)
    counted: dict[bytes, int] = defaultdict(int)
    for (attachment,) in survey.rows("attachment_chunks", "attachment_id"):
        counted[attachment] += 1
    for attachment, chunks, swept in survey.rows("attachments", "attachment_id", "chunks", "swept_at"):
        if counted[attachment] != there[attachment]:
            yield Fault("a part in the middle of a file is missing", attachment.hex())
        elif chunks is not None and swept is None and counted[attachment] != chunks:
            yield Fault("a file has another number of parts than arrived", attachment.hex())


def _tasks(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    titles: dict[bytes, int] = defaultdict(int)
    for (record,) in survey.rows("records", "record_id", kind=Kind.TASK.value):
        titles[record] += 1
    for task, version in survey.rows("tasks", "task_id", "version"):
        if titles.pop(task, 0) != version:
            yield Fault("a task does not have its title in as many versions as it was changed", task.hex())
    for record in titles:
        yield Fault("the title of a task is of no task", record.hex())


def _desks(survey: Survey, around: Surroundings) -> Iterator[Fault]:
    held: dict[bytes, set[tuple[str, float]]] = defaultdict(set)
    for desk, at, appointment in survey.rows("desk_cells", "desk", "starts_at", "appointment_id"):
        if appointment is not None:
            held[appointment].add((desk, at.timestamp()))
    columns = ("appointment_id", "occasion", "desk", "starts_at", "ends_at", "status", "settled_at")
    for appointment, occasion, desk, begin, end, status, settled in survey.rows("appointments", *columns):
        own = held.pop(appointment, set())
        if end <= begin:
            yield Fault("an appointment ends before it begins", appointment.hex())
        elif occasion != "walk_in" and desk and status == "booked" and own != _cells(desk, begin, end, around.cell):
            yield Fault("an appointment does not hold exactly its desk's time", appointment.hex())
        elif status in {"cancelled", "moved"} and settled and any(at > settled.timestamp() for _, at in own):
            yield Fault("an appointment holds a desk's time that it gave up", appointment.hex())


def _cells(desk: str, begin: datetime, end: datetime, cell: int) -> set[tuple[str, float]]:
    first, last = begin.timestamp(), end.timestamp()
    return {(desk, first + number * cell) for number in range(int(last - first) // cell)}


RECORDED_CHECKS: Final = (
    Check("files", "every file that arrived has all its parts",
          "the file cannot be opened whole", "put back the main database's backup", store=_files),
    Check("tasks", "every task has its title", "a coach's list shows a task that says nothing, or misses one",
          "put back the main database's backup", store=_tasks),
    Check("desk_times", "a booked appointment holds its desk's time, and one that was given up holds none",
          "two people are expected at one desk, or a free desk looks taken",
          "move or cancel the appointment (`parefeu appointment`)", store=_desks),
)  # fmt: skip
