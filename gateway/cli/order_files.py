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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from gateway.cli.desk import refuse

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


@dataclass(slots=True, repr=False)
class Household:
    """One order as the file has it. lines: where, from 1; of a JSON list, which entry. body: as the interface takes it.

    fault: why it cannot be sent, "" if it can. doubles: lines that repeat another line of the same household.
    """

    lines: tuple[int, ...]
    reference: str = ""
    body: dict[str, Any] | None = None
    fault: str = ""
    doubles: frozenset[int] = frozenset()

    @property
    def key(self) -> bytes:
        """Of the reference, as far as punctuation does not matter: 16 bytes, so that a large file needs little room."""
        return _digest("".join(self.reference.upper().split()))

    @property
    def content(self) -> bytes:
        return _digest(json.dumps(self.body, sort_keys=True))


@dataclass(slots=True)
class Survey:
    """What a whole file holds, seen before anything is sent. unusable: why no order of this reference is sent."""

    households: int
    unusable: dict[bytes, str]


class _Broken(ValueError):
    """A line or an entry that cannot be used; the text says why and quotes nothing."""


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def survey(path: Path) -> Survey:
    """Read the whole file once. Refuses a file that is no list of orders."""
    first: dict[bytes, bytes] = {}
    unusable: dict[bytes, str] = {}
    count = 0
    for one in households(path):
        count += 1
        if not one.reference:
            continue
        if one.fault:
            unusable.setdefault(one.key, one.fault)
        elif first.setdefault(one.key, one.content) != one.content:
            unusable[one.key] = "oqt_reference: stands in several places of the file, not with the same lines"
    return Survey(count, unusable)


def households(path: Path) -> Iterator[Household]:
    """The orders of a file, in its order. Refuses what is no such file, at the line where that shows."""
    kind = path.suffix.lower()
    try:
        with path.open("rb") as file:
            if kind == ".csv":
                yield from _of_csv(path, file)
            elif kind in {".jsonl", ".ndjson"}:
                yield from _of_lines(path, file)
            elif kind == ".json":
                yield from _of_list(path, file)
            else:
                refuse(f"{path}: the name ends with .csv, .json or .jsonl")
    except OSError as error:
        refuse(f"{path}: {error.strerror}")


def _texts(path: Path, file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without their ends. What is no UTF-8 ends the whole file: another program wrote it."""
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            refuse(f"{path}: line {number} is longer than {LONGEST_LINE} bytes")
        if number == 1 and raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            refuse(f"{path}: UTF-16; save it as UTF-8")
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as fault:
            refuse(f"{path}: line {number} is not UTF-8 (byte {fault.start}); save the file as UTF-8")
        if "\0" in text:
            refuse(f"{path}: line {number} holds a NUL: no text file")
        yield number, text.rstrip("\r\n")


# -- CSV ----------------------------------------------------------------------------------------------


@dataclass(slots=True, repr=False)
class _Line:
    """fault: why it cannot be read. reference: "" if not even that can be."""

    number: int
    reference: str
    cells: dict[str, str]
    fault: str = ""


def _of_csv(path: Path, file: BinaryIO) -> Iterator[Household]:
    texts = _texts(path, file)
    _, header = next(texts, (0, ""))
    delimiter, names = _header(path, header)
    group: list[_Line] = []
    doubt = ""  # about the group: a line beside it, of which nobody knows to whom it belongs
    for line in _lines(texts, delimiter, names):
        if line.fault and not line.reference:
            # It may be another person of the household before or after: neither is taken in without it.
            beside = f"line {line.number}, beside it, cannot be read and may belong here"
            if group:
                yield _household(group, beside)
            group, doubt = [], beside
            yield Household((line.number,), fault=line.fault)
            continue
        if group and group[0].reference != line.reference:
            yield _household(group, doubt)
            group, doubt = [], ""
        group.append(line)
    if group:
        yield _household(group, doubt)


def _header(path: Path, text: str) -> tuple[str, list[str]]:
    """The delimiter and the columns' names. What stands there instead may be a person's: it is never repeated."""
    for delimiter in ";,":
        names = [name.strip().lower() for name in text.replace('"', "").split(delimiter)]
        if "oqt_reference" in names and len(names) > 1:
            break
    else:
        refuse(f"{path}: line 1 names the columns, oqt_reference among them, with ; or , between them (see --template)")
    for place, name in enumerate(names, start=1):
        if name not in COLUMNS:
            refuse(f"{path}: column {place} has a name that is not known (see --template)")
        if name in names[: place - 1]:
            refuse(f"{path}: the column {name} stands there twice")
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        refuse(f"{path}: columns are missing: {', '.join(missing)}")
    return delimiter, names


def _lines(texts: Iterable[tuple[int, str]], delimiter: str, names: list[str]) -> Iterator[_Line]:
    place = names.index("oqt_reference")
    for number, text in texts:
        if not text.strip(f" \t{delimiter}"):
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter, strict=True))]
        except csv.Error:
            yield _Line(number, _guessed(text, delimiter, place), {}, "a quote is not closed, or stands within a cell")
            continue
        if len(cells) != len(names):
            fault = f"{len(cells)} cells under {len(names)} columns"
            yield _Line(number, _guessed(text, delimiter, place), {}, fault)
            continue
        told = dict(zip(names, cells, strict=True))
        yield _Line(number, told["oqt_reference"], told, "" if told["oqt_reference"] else "oqt_reference: missing")


def _guessed(text: str, delimiter: str, place: int) -> str:
    """The reference of a line that is broken further on; "" if it may be broken before."""
    cells = text.split(delimiter)[: place + 1]
    return cells[place].strip() if len(cells) > place and not any('"' in cell for cell in cells) else ""


def _household(lines: list[_Line], doubt: str = "") -> Household:
    numbers = tuple(line.number for line in lines)
    faulty = next((line for line in lines if line.fault), None)
    found = Household(numbers, lines[0].reference)
    if faulty is not None:
        found.fault = f"line {faulty.number}: {faulty.fault}"
        return found
    kept: list[_Line] = []
    for line in lines:
        if any(line.cells == other.cells for other in kept):
            found.doubles |= {line.number}
        else:
            kept.append(line)
    try:
        body = _body(kept)
    except _Broken as fault:
        found.fault = str(fault)
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
            raise _Broken(f"{name}: line {other.number} says something else than line {told[0].number}")
        body[name] = _value(name, told[0].cells[name])
    body["people"] = [_person(line, alone=len(lines) == 1) for line in lines]
    return body


def _value(name: str, cell: str) -> Any:
    if name in _YES_NO:
        if cell not in {"yes", "no"}:
            raise _Broken(f"{name}: yes, no or nothing is expected")
        return cell == "yes"
    if name == "term_days":
        if not (cell.isascii() and cell.isdigit() and len(cell) <= 3):
            raise _Broken("term_days: a whole number of days is expected")
        return int(cell)
    return cell


def _person(line: _Line, *, alone: bool) -> dict[str, Any]:
    person: dict[str, Any] = {
        name: line.cells[name] for name in PEOPLE_COLUMNS if line.cells.get(name) and name != "aliases"
    }
    if "relation" not in person:
        if not alone:
            raise _Broken(f"relation: line {line.number} says nothing, and the household has several people")
        person["relation"] = "head"
    aliases = [alias.strip() for alias in line.cells.get("aliases", "").split(_ALIASES)]
    if any(aliases):
        person["aliases"] = [alias for alias in aliases if alias]
    return person


# -- JSON ---------------------------------------------------------------------------------------------


def _of_lines(path: Path, file: BinaryIO) -> Iterator[Household]:
    for number, text in _texts(path, file):
        if not text.strip():
            continue
        try:
            yield _entry(number, _parsed(text))
        except (ValueError, RecursionError):
            yield Household((number,), fault="no JSON that means one thing")


def _of_list(path: Path, file: BinaryIO) -> Iterator[Household]:
    raw = file.read(LARGEST_LIST + 1)
    if len(raw) > LARGEST_LIST:
        refuse(f"{path}: larger than {LARGEST_LIST} bytes; write one order a line, as .jsonl")
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        refuse(f"{path}: UTF-16; save it as UTF-8")
    try:
        found = _parsed(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        refuse(f"{path}: not UTF-8 (byte {fault.start})")
    except (ValueError, RecursionError) as fault:
        where = f" (line {fault.lineno}, column {fault.colno})" if isinstance(fault, json.JSONDecodeError) else ""
        refuse(f"{path}: no JSON that means one thing{where}")
    if isinstance(found, dict) and set(found) == {"orders"}:
        found = found["orders"]
    if not isinstance(found, list):
        refuse(f'{path}: a list of orders is expected, or {{"orders": […]}}')
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
        return Household((number,), fault="no order: names and values are expected")
    reference = told.get("oqt_reference")
    if not isinstance(reference, str) or not reference.strip():
        return Household((number,), fault="oqt_reference: missing")
    if {"look", "complete", "update"} & set(told):
        return Household(
            (number,), reference, fault="look, complete and update are said at the command, not in the file"
        )
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return Household((number,), reference, fault="holds half a character")
    return Household((number,), reference, dict(told))
