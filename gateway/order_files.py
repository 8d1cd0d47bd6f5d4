"""Files of orders: read line by line, put together into households; what is wrong is said by line and column.

CSV: one line a person, under a header that names the columns; `;` or `,` between cells. The lines of one household
stand together and bear the same reference; what is the household's stands on the first of them, and on the others the
same or nothing. JSON: a list of households (or `{"orders": […]}`), or one household a line (`.jsonl`), with the names
of the columns; those of the people stand in `people`.

UTF-8 only, with or without a byte-order mark. A message names line and column, never what stands there.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from gateway.order_faults import Fault, UnusableFile

PEOPLE_COLUMNS: Final = (
    "relation", "family_name", "given_names", "birth_date", "national_number", "nationality", "aliases",
)  # fmt: skip
#: In the order of the template. The reference comes first: a line that is broken further on still says whose it is.
COLUMNS: Final = (
    "oqt_reference", "ov_number", "criterion", "region", "language", "place", "annex", "notified_on", "term_days",
    "term_end", "extended", "procedure_pending", "minors", "fitness_check", "second_measure", "street", "postcode",
    "town", "phone", "email", *PEOPLE_COLUMNS,
)  # fmt: skip
_NEEDED: Final = ("oqt_reference", "language", "annex", "notified_on", "family_name", "given_names")
_YES_NO: Final = {
    "extended": False, "procedure_pending": False, "minors": False, "fitness_check": False, "second_measure": False,
}  # fmt: skip
#: Bytes of a line; of a whole JSON list, which is held in memory. One household a line has no such bound.
LONGEST_LINE: Final = 64 * 1024
LARGEST_LIST: Final = 16 * 1024 * 1024
_ALIASES: Final = "|"
_UTF16: Final = frozenset({b"\xff\xfe", b"\xfe\xff"})


@dataclass(slots=True, repr=False)
class Household:
    """One order as the file has it. lines: where, from 1; of a JSON list, which entry. body: as the interface takes it.

    fault: why it cannot be sent, None if it can. doubles: lines that repeat another line of the same household.
    """

    lines: tuple[int, ...]
    reference: str = ""
    body: dict[str, Any] | None = None
    fault: Fault | None = None
    doubles: frozenset[int] = frozenset()

    @property
    def key(self) -> bytes:
        """Of the reference, as far as punctuation does not matter: 16 bytes, so that a large file needs little room."""
        return _digest("".join(self.reference.upper().split()))

    @property
    def content(self) -> bytes:
        return _digest(json.dumps(self.body, sort_keys=True))

    @property
    def people_lines(self) -> list[int]:
        """The line of each person of the body, in its order."""
        return [line for line in self.lines if line not in self.doubles]


@dataclass(slots=True)
class Survey:
    """What a whole file holds, seen before anything is sent. unusable: why no order of this reference is sent."""

    households: int
    unusable: dict[bytes, Fault]

    def fault_of(self, one: Household) -> Fault | None:
        """Why this household is not sent; None if it is."""
        return one.fault or (self.unusable.get(one.key) if one.reference else None)


@dataclass(frozen=True, slots=True)
class OrderFile:
    """Where orders are read from. name: its ending says how it is written. open: read anew from the beginning."""

    name: str
    open: Callable[[], BinaryIO]

    @classmethod
    def at(cls, path: Path) -> OrderFile:
        return cls(path.name, lambda: path.open("rb"))

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> OrderFile:
        return cls(name, lambda: BytesIO(content))


class _Broken(ValueError):
    """A line or an entry that cannot be used."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.code)


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def survey(file: OrderFile) -> Survey:
    """Read the whole file once. Raises UnusableFile for what is no list of orders, OSError."""
    first: dict[bytes, bytes] = {}
    unusable: dict[bytes, Fault] = {}
    count = 0
    for one in households(file):
        count += 1
        if not one.reference:
            continue
        if one.fault:
            unusable.setdefault(one.key, one.fault)
        elif first.setdefault(one.key, one.content) != one.content:
            unusable[one.key] = Fault("scattered", "oqt_reference")
    return Survey(count, unusable)


def households(file: OrderFile) -> Iterator[Household]:
    """The orders of a file, in its order. Raises UnusableFile at the line where that shows, OSError."""
    kind = Path(file.name).suffix.lower()
    read = _READERS.get(kind)
    if read is None:
        raise UnusableFile("name")
    with file.open() as opened:
        yield from read(opened)


def _texts(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without their ends. What is no UTF-8 ends the whole file: another program wrote it."""
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            raise UnusableFile("long_line", line=number, most=LONGEST_LINE)
        if number == 1 and raw[:2] in _UTF16:
            raise UnusableFile("utf16")
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as fault:
            raise UnusableFile("not_utf8_line", line=number, byte=fault.start) from None
        if "\0" in text:
            raise UnusableFile("nul", line=number)
        yield number, text.rstrip("\r\n")


# -- CSV ----------------------------------------------------------------------------------------------


@dataclass(slots=True, repr=False)
class _Line:
    """fault: why it cannot be read. reference: "" if not even that can be."""

    number: int
    reference: str
    cells: dict[str, str]
    fault: Fault | None = None


def _of_csv(file: BinaryIO) -> Iterator[Household]:
    texts = _texts(file)
    _, header = next(texts, (0, ""))
    delimiter, names = _header(header)
    group: list[_Line] = []
    doubt: Fault | None = None  # about the group: a line beside it, of which nobody knows to whom it belongs
    for line in _lines(texts, delimiter, names):
        if line.fault and not line.reference:
            # It may be another person of the household before or after: neither is taken in without it.
            beside = Fault("beside", fields={"line": line.number})
            if group:
                yield _household(group, beside)
            group, doubt = [], beside
            yield Household((line.number,), fault=line.fault)
            continue
        if group and group[0].reference != line.reference:
            yield _household(group, doubt)
            group, doubt = [], None
        group.append(line)
    if group:
        yield _household(group, doubt)


def _header(text: str) -> tuple[str, list[str]]:
    """The delimiter and the columns' names. What stands there instead may be a person's: it is never repeated."""
    for delimiter in ";,":
        names = [name.strip().lower() for name in text.replace('"', "").split(delimiter)]
        if "oqt_reference" in names and len(names) > 1:
            break
    else:
        raise UnusableFile("header")
    for place, name in enumerate(names, start=1):
        if name not in COLUMNS:
            raise UnusableFile("unknown_column", place=place)
        if name in names[: place - 1]:
            raise UnusableFile("double_column", name=name)
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise UnusableFile("missing_columns", names=", ".join(missing))
    return delimiter, names


def _lines(texts: Iterable[tuple[int, str]], delimiter: str, names: list[str]) -> Iterator[_Line]:
    place = names.index("oqt_reference")
    for number, text in texts:
        if not text.strip(f" \t{delimiter}"):
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter, strict=True))]
        except csv.Error:
            yield _Line(number, _guessed(text, delimiter, place), {}, Fault("quote", line=number))
            continue
        if len(cells) != len(names):
            fault = Fault("cells", line=number, fields={"cells": len(cells), "columns": len(names)})
            yield _Line(number, _guessed(text, delimiter, place), {}, fault)
            continue
        told = dict(zip(names, cells, strict=True))
        reference = told["oqt_reference"]
        yield _Line(number, reference, told, None if reference else Fault("missing", "oqt_reference"))


def _guessed(text: str, delimiter: str, place: int) -> str:
    """The reference of a line that is broken further on; "" if it may be broken before."""
    cells = text.split(delimiter)[: place + 1]
    return cells[place].strip() if len(cells) > place and not any('"' in cell for cell in cells) else ""


def _household(lines: list[_Line], doubt: Fault | None = None) -> Household:
    numbers = tuple(line.number for line in lines)
    faulty = next((line for line in lines if line.fault), None)
    found = Household(numbers, lines[0].reference)
    if faulty is not None:
        found.fault = faulty.fault
        return found
    kept: list[_Line] = []
    for line in lines:
        if any(line.cells == other.cells for other in kept):
            found.doubles |= {line.number}
        else:
            kept.append(line)
    try:
        body = _body(kept)
    except _Broken as broken:
        # Of an order on one line, the line is said already.
        found.fault = broken.fault if len(lines) > 1 else replace(broken.fault, line=0)
        return found
    if doubt:
        found.fault = doubt
    else:
        found.body = body
    return found


def _body(lines: list[_Line]) -> dict[str, Any]:
    """Raises _Broken."""
    body: dict[str, Any] = {}
    for name in COLUMNS:
        if name in PEOPLE_COLUMNS:
            continue
        told = [line for line in lines if line.cells.get(name)]
        if not told:
            continue
        other = next((line for line in told if line.cells[name] != told[0].cells[name]), None)
        if other is not None:
            raise _Broken(Fault("says_else", name, fields={"line": other.number, "other": told[0].number}))
        body[name] = _value(name, told[0])
    body["people"] = [_person(line, alone=len(lines) == 1) for line in lines]
    return body


def _value(name: str, line: _Line) -> Any:
    cell = line.cells[name]
    if name in _YES_NO:
        if cell not in {"yes", "no"}:
            raise _Broken(Fault("yes_no", name, line.number))
        return cell == "yes"
    if name == "term_days":
        if not (cell.isascii() and cell.isdigit() and len(cell) <= 3):
            raise _Broken(Fault("days", name, line.number))
        return int(cell)
    return cell


def _person(line: _Line, *, alone: bool) -> dict[str, Any]:
    person: dict[str, Any] = {
        name: line.cells[name] for name in PEOPLE_COLUMNS if line.cells.get(name) and name != "aliases"
    }
    if "relation" not in person:
        if not alone:
            raise _Broken(Fault("no_relation", "relation", fields={"line": line.number}))
        person["relation"] = "head"
    aliases = [alias.strip() for alias in line.cells.get("aliases", "").split(_ALIASES)]
    if any(aliases):
        person["aliases"] = [alias for alias in aliases if alias]
    return person


# -- JSON ---------------------------------------------------------------------------------------------


def _of_lines(file: BinaryIO) -> Iterator[Household]:
    for number, text in _texts(file):
        if not text.strip():
            continue
        try:
            yield _entry(number, _parsed(text))
        except (ValueError, RecursionError):
            yield Household((number,), fault=Fault("no_json"))


def _of_list(file: BinaryIO) -> Iterator[Household]:
    raw = file.read(LARGEST_LIST + 1)
    if len(raw) > LARGEST_LIST:
        raise UnusableFile("too_large", most=LARGEST_LIST)
    if raw[:2] in _UTF16:
        raise UnusableFile("utf16")
    try:
        found = _parsed(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        raise UnusableFile("not_utf8", byte=fault.start) from None
    except (ValueError, RecursionError) as fault:
        if isinstance(fault, json.JSONDecodeError):
            raise UnusableFile("no_json_at", line=fault.lineno, place=fault.colno) from None
        raise UnusableFile("no_json") from None
    if isinstance(found, dict) and set(found) == {"orders"}:
        found = found["orders"]
    if not isinstance(found, list):
        raise UnusableFile("no_list")
    for number, entry in enumerate(found, start=1):
        yield _entry(number, entry)


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError("no number")


def _entry(number: int, told: Any) -> Household:
    if not isinstance(told, Mapping):
        return Household((number,), fault=Fault("no_order"))
    reference = told.get("oqt_reference")
    if not isinstance(reference, str) or not reference.strip():
        return Household((number,), fault=Fault("missing", "oqt_reference"))
    if {"look", "complete", "update"} & set(told):
        return Household((number,), reference, fault=Fault("command"))
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return Household((number,), reference, fault=Fault("half_character"))
    return Household((number,), reference, dict(told))


_READERS: Final[dict[str, Callable[[BinaryIO], Iterator[Household]]]] = {
    ".csv": _of_csv, ".jsonl": _of_lines, ".ndjson": _of_lines, ".json": _of_list,
}  # fmt: skip
