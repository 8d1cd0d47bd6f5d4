"""Orders of the official file on the screen: a file is looked at line by line, then taken in.

Nothing is kept between the two: what was looked at travels in the page that shows the report, packed, and comes back
with the button that takes it in. Each order is one act and one transaction, whole or not at all; taken in a second time
it is told as taken in before, so that going back, reloading and pressing twice change nothing.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from gateway.api.order_models import OrderBody
from gateway.order_faults import Fault, UnusableFile, of_refusal, of_validation
from gateway.order_files import COLUMNS, Household, OrderFile, Survey, households, survey
from gateway.pages.casework import CaseworkPages
from gateway.pages.file_form import FileForm, holds_a_file
from gateway.pages.site import Visit
from vault.cases.orders import Intake
from vault.errors import Conflict, InvalidInput, NotFound, StoreError
from vault.usecases import orders
from vault.vocabulary import Role

#: Bytes of a file, and orders in it: each is looked at and taken in while somebody waits for the page. A system of the
#: Office sends larger ones by the interface, or an operator by command.
LARGEST: Final = 1024 * 1024
MOST: Final = 500
#: Characters of a packed file: below what a form may send.
_PACKED: Final = 700_000
_ENDINGS: Final = (".csv", ".json", ".jsonl", ".ndjson")
_WAITING: Final = 25
_OPTIONS: Final = ("complete", "update")
#: What became of an order that the file or the page told before the vault was asked.
_INVALID, _TWICE, _NOT_SENT, _REFUSED = "invalid", "duplicate", "not_sent", "refused"
#: A look at a file that has one of these can be followed by taking it in.
_TAKEN: Final = frozenset({Intake.NEW.value, Intake.PASSED_ON.value, Intake.UPDATED.value, Intake.COMPLETED.value})


@dataclass(frozen=True, slots=True, repr=False)
class _Sent:
    """A file as it came. name: its ending alone, for what stands before it may name somebody."""

    name: str
    content: bytes

    def packed(self) -> str:
        return self.name + ":" + b64encode(zlib.compress(self.content, 9)).decode()

    @classmethod
    def unpacked(cls, text: str) -> _Sent:
        """Raises UnusableFile for what this page did not pack."""
        name, _, packed = text.partition(":")
        opener = zlib.decompressobj()
        try:
            content = opener.decompress(b64decode(packed, validate=True), LARGEST + 1)
        except (ValueError, zlib.error):
            raise UnusableFile("unusable") from None
        if name not in _ENDINGS or len(content) > LARGEST or not opener.eof:
            raise UnusableFile("unusable")
        return cls(name, content)


class IntakePages(CaseworkPages):
    """For the desk. Which column of which line is wrong is said, never what stands there."""

    async def orders(self, visit: Visit) -> Response:
        """The form; what would become of each order; what became of it."""
        sent = FileForm(visit.request) if visit.posted and holds_a_file(visit.request) else None
        file: _Sent | None = None
        whole: Fault | None = None
        try:
            if sent is not None:
                visit.took(await sent.fields())
            if (await visit.who()).role is not Role.DESK_OFFICER:
                raise NotFound("no such page")
            if sent is not None:
                file = await self._arrived(visit, sent)
            elif visit.form.text("orders"):
                file = _Sent.unpacked(visit.form.text("orders"))
        except UnusableFile as unusable:
            whole = unusable.fault
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        finally:
            if sent is not None:
                await sent.drain()
        how = {name: visit.form.ticked(name) for name in _OPTIONS}
        write = visit.saving and visit.form.text("act") == "take-in"
        lines: list[dict[str, Any]] = []
        if file is not None:
            try:
                lines = await self._report(
                    visit, OrderFile.of_bytes(f"orders{file.name}", file.content), how, write=write
                )
            except UnusableFile as unusable:
                file, whole = None, unusable.fault
        if whole is not None:
            visit.faults.add("file", "order_file")
        waiting = await visit.run(
            lambda uow, actor: orders.list_waiting(uow, actor, _WAITING, None, self.casework)
        )  # fmt: skip
        counts = Counter(line["status"] for line in lines)
        return visit.draw(
            "orders_import.html", packed=file.packed() if file is not None else "", whole=whole, lines=lines,
            counts=counts, how=how, written=write and file is not None, columns=COLUMNS, endings=",".join(_ENDINGS),
            largest=LARGEST, most=MOST, waiting=waiting, able=bool(_TAKEN & set(counts)),
            stopped=counts[_NOT_SENT],
        )  # fmt: skip

    async def template(self, visit: Visit) -> Response:
        """An empty file: the names of the columns."""
        if (await visit.who()).role is not Role.DESK_OFFICER:
            raise NotFound("no such page")
        headers = {"content-disposition": 'attachment; filename="orders.csv"'}
        return Response(";".join(COLUMNS) + "\r\n", media_type="text/csv; charset=utf-8", headers=headers)

    async def _arrived(self, visit: Visit, sent: FileForm) -> _Sent | None:
        """The file, held in memory and nowhere else. Raises UnusableFile; tells the form where there is none."""
        if not sent.file_name:
            visit.faults.add("file", "missing")
            return None
        ending = next((one for one in _ENDINGS if sent.file_name.lower().endswith(one)), "")
        if not ending:
            raise UnusableFile("name")
        content = bytearray()
        try:
            async for piece in sent.pieces():
                content += piece
                if len(content) > LARGEST:
                    raise UnusableFile("page_too_large")
        except InvalidInput:
            visit.faults.add("file", "file_cut")
            return None
        found = _Sent(ending, bytes(content))
        if len(found.packed()) > _PACKED:
            raise UnusableFile("page_too_large")
        return found

    async def _report(
        self, visit: Visit, file: OrderFile, how: dict[str, bool], *, write: bool
    ) -> list[dict[str, Any]]:  # fmt: skip
        """A line for each order, in the file's order. Raises UnusableFile before the first one is asked about."""
        seen = survey(file)
        if seen.households > MOST:
            raise UnusableFile("too_many_orders", most=MOST)
        if not seen.households:
            raise UnusableFile("empty")
        lines, stopped = [], False
        for one, fault in _once(file, seen):
            if fault is not None:
                status = _TWICE if fault.code == "twice" else _INVALID
                lines.append(_line(one, {"status": status}, (fault,)))
                continue
            told, faults = ({"status": _NOT_SENT}, (Fault("not_sent"),)) if stopped else await self._one(
                visit, one, how, write=write
            )  # fmt: skip
            stopped = told["status"] == _NOT_SENT
            lines.append(_line(one, told, faults))
        return lines

    async def _one(
        self, visit: Visit, one: Household, how: dict[str, bool], *, write: bool
    ) -> tuple[Any, tuple[Fault, ...]]:  # fmt: skip
        """What became of one order, or would."""
        found = _command(one, how, write=write)
        if not isinstance(found, orders.TakeIn):
            return {"status": _INVALID}, found
        cmd = found
        for attempt in (1, 2):
            try:
                told = await visit.run(lambda uow, actor: orders.take_in(uow, actor, cmd, self.casework), quick=False)
            except InvalidInput as refused:
                return {"status": _INVALID}, (of_refusal(refused, COLUMNS),)
            except Conflict as refused:
                # Somebody takes in the same order at this moment: the next answer says what came of it.
                if attempt == 1:
                    continue
                return {"status": _REFUSED}, (of_refusal(refused, COLUMNS),)
            except StoreError:
                return {"status": _NOT_SENT}, (Fault("not_sent"),)
            else:
                return told, ()
        raise AssertionError("two attempts end")


def _command(one: Household, how: dict[str, bool], *, write: bool) -> orders.TakeIn | tuple[Fault, ...]:
    """Through the interface's own body; what is wrong, where it cannot be used."""
    lines = one.people_lines
    try:
        body = OrderBody.model_validate({**(one.body or {}), **how, "look": not write})
    except ValidationError as refused:
        return of_validation(refused.errors(include_input=False, include_url=False), COLUMNS, lines)
    for person, line in zip(body.people, lines, strict=False):
        try:
            person.person()
        except InvalidInput as refused:
            return (of_refusal(refused, COLUMNS, line if len(lines) > 1 else 0),)
    try:
        return orders.TakeIn(body.order(), look=body.look, complete=body.complete, update=body.update)
    except InvalidInput as refused:
        return (of_refusal(refused, COLUMNS),)


def _once(file: OrderFile, seen: Survey) -> Iterator[tuple[Household, Fault | None]]:
    """Each order, and why it is not sent: broken, or in the file before."""
    sent: set[bytes] = set()
    for one in households(file):
        fault = seen.fault_of(one)
        if fault is None and one.key in sent:
            fault = Fault("twice")
        sent.add(one.key)
        yield one, fault


def _line(one: Household, told: Any, faults: tuple[Fault, ...]) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(("reference", "region", "coach_type", "criterion"), "")
    return {**empty, "missing": [], "differing": [], **told, "faults": faults, "first": one.lines[0],
            "last": one.lines[-1]}  # fmt: skip
