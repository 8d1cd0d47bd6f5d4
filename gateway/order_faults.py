"""What can be wrong with an order of a file: a code, the column and the line, and words. Never what stands there.

The words are English here; the pages' catalogues translate them. `of_validation` and `of_refusal` turn what a library
or a use case says into our codes, so that nobody is told what a library means by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vault.errors import Conflict, InvalidInput, UnaccompaniedMinor

#: Of a whole file: nothing of it is used.
FILE_TEXTS: Final = {
    "name": "the name ends with .csv, .json or .jsonl",
    "long_line": "line %(line)s is longer than %(most)s bytes",
    "utf16": "UTF-16; save it as UTF-8",
    "not_utf8_line": "line %(line)s is not UTF-8 (byte %(byte)s); save the file as UTF-8",
    "nul": "line %(line)s holds a NUL: no text file",
    "header": "line 1 names the columns, oqt_reference among them, with ; or , between them",
    "unknown_column": "column %(place)s has a name that is not known",
    "double_column": "the column %(name)s stands there twice",
    "missing_columns": "columns are missing: %(names)s",
    "too_large": "larger than %(most)s bytes; write one order a line, as .jsonl",
    "not_utf8": "not UTF-8 (byte %(byte)s)",
    "no_json_at": "no JSON that means one thing (line %(line)s, column %(place)s)",
    "no_json": "no JSON that means one thing",
    "no_list": "a list of orders is expected",
    "page_too_large": "too large for this page; send it in parts, or have it taken in by command",
    "too_many_orders": "more than %(most)s orders; send it in parts, or have it taken in by command",
    "empty": "no order stands in it",
}
#: Of one order.
TEXTS: Final = FILE_TEXTS | {
    "beside": "line %(line)s, beside it, cannot be read and may belong here",
    "scattered": "stands in several places of the file, not with the same lines",
    "quote": "a quote is not closed, or stands within a cell",
    "cells": "%(cells)s cells under %(columns)s columns",
    "missing": "missing",
    "says_else": "line %(line)s says something else than line %(other)s",
    "yes_no": "yes, no or nothing is expected",
    "days": "a whole number of days is expected",
    "no_relation": "line %(line)s says nothing, and the household has several people",
    "no_order": "no order: names and values are expected",
    "command": "look, complete and update are said with the file, not in it",
    "half_character": "holds half a character",
    "unusable": "cannot be used as it is",
    "bad_day": "a day of the calendar is expected, written year-month-day as 2026-11-02",
    "unseen": "holds characters that cannot be seen: control characters, line breaks or half characters",
    "too_long": "longer than %(most)s characters",
    "one_of": "must be one of %(known)s",
    "pattern": "is not written as it must be",
    "true_false": "true or false is expected",
    "text": "a text is expected",
    "too_many": "more of them than can be meant",
    "unknown_name": "a name that is not known",
    "ov_number": "an OV/SP number has 7 or 8 digits and is not all zeros",
    "reference": "a reference has 1 to 40 letters, digits, hyphens, slashes or dots",
    "national_number": "no national number: 11 digits, whose day exists and whose check digits are right",
    "notified_later": "an order was notified today or before",
    "term_days": "a term has 0 to 366 days",
    "term_end": "a term ends on the day of notification or after it",
    "address_long": "street, postcode and town have at most 200 characters together",
    "excluded": "who falls under this criterion is not guided here: no case is opened",
    "not_transfer": "this criterion is for orders of transfer, and the annex is none",
    "no_family": "this criterion is for families with minors, and nobody here is one",
    "no_open_place": "this criterion is for open return places, and the place is none",
    "one_head": "exactly one person of a household is its head",
    "one_partner": "a household has at most one partner; another adult is other",
    "same_number": "two people of a household have the same national number",
    "born_later": "nobody is born in the future",
    "born_long_ago": "nobody is older than 125 years",
    "ward": "a ward is a minor; an adult is child, sibling or other",
    "unaccompanied":
        "a minor who is not with a parent or guardian has no place here: no case is opened; inform the Guardianship "
        "Service",
    "elsewhere": "this order cannot be taken in here: a regional head can find out why",
    "twice": "stands in the file before, with the same content",
    "twice_line": "the same line stands in this household before",
    "not_sent": "not taken in, or nobody knows: send the file again, what is in is told as taken in before",
}  # fmt: skip
#: pydantic's types of fault, by the codes here; `value_error` tells its own.
_OF_TYPE: Final = {
    "missing": "missing", "string_too_short": "missing", "string_too_long": "too_long", "string_type": "text",
    "string_pattern_mismatch": "pattern", "literal_error": "one_of", "enum": "one_of",
    "extra_forbidden": "unknown_name",
    "bool_type": "true_false", "int_type": "days", "int_from_float": "days", "greater_than_equal": "term_days",
    "less_than_equal": "term_days", "too_long": "too_many", "too_short": "missing", "list_type": "no_order",
    "model_type": "no_order", "model_attributes_type": "no_order",
}  # fmt: skip
#: How a text of ours begins, by the codes here: of values that a body refuses, and of what a use case refuses.
_OF_TEXT: Final = (
    ("a date is written", "bad_day"), ("holds characters that cannot be seen", "unseen"),
    ("the text holds control characters", "unseen"), ("an SP/OV number", "ov_number"),
    ("a reference has", "reference"), ("a national number", "national_number"),
    ("an order was notified today", "notified_later"), ("a term has", "term_days"), ("the day cannot", "bad_day"),
    ("a term ends", "term_end"), ("street, postcode", "address_long"), ("who falls under", "excluded"),
    ("this criterion is for orders", "not_transfer"), ("this criterion is for families", "no_family"),
    ("this criterion is for open", "no_open_place"), ("exactly one person", "one_head"),
    ("a case has at most one partner", "one_partner"), ("two people of a case", "same_number"),
    ("nobody is born", "born_later"), ("nobody is older", "born_long_ago"), ("a ward is", "ward"),
)  # fmt: skip
#: Of a number that cannot be meant, whatever its own check says.
_OF_COLUMN: Final = {"national_number": "national_number", "ov_number": "ov_number", "oqt_reference": "reference"}
_KNOWN: Final = " must be one of "
_QUOTED: Final = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class Fault:
    """column: of the file, "" for none. line: from 1 (of a JSON list, which entry), 0 where the order is one line.

    fields: numbers and known names that the text of `code` takes.
    """

    code: str
    column: str = ""
    line: int = 0
    fields: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """In English: `birth_date (line 4): a day …`."""
        told = TEXTS[self.code] % self.fields
        if not self.column:
            return f"line {self.line}: {told}" if self.line else told
        return f"{self.column} (line {self.line}): {told}" if self.line else f"{self.column}: {told}"


class UnusableFile(Exception):
    """A file that is no list of orders: nothing of it is used."""

    def __init__(self, code: str, **fields: str | int) -> None:
        self.fault = Fault(code, fields=fields)
        super().__init__(self.fault.text)


def of_validation(
    found: Iterable[Mapping[str, Any]], columns: Sequence[str], lines: Sequence[int]
) -> tuple[Fault, ...]:  # fmt: skip
    """What a body of the interface refused, as pydantic lists it. lines: of the people, in the body's order."""
    return tuple(_of_issue(one, columns, lines) for one in list(found)[:20])


def _of_issue(one: Mapping[str, Any], columns: Sequence[str], lines: Sequence[int]) -> Fault:
    place = [str(part) for part in one["loc"]]
    column = next((part for part in reversed(place) if part in columns), "")
    person = int(place[1]) if len(place) > 1 and place[0] == "people" and place[1].isdecimal() else None
    line = lines[person] if person is not None and len(lines) > 1 and person < len(lines) else 0
    context = one.get("ctx") or {}
    code = _OF_TYPE.get(one["type"], "unusable")
    if one["type"] == "value_error":
        code = _code_of(str(one["msg"]).removeprefix("Value error, "))
    if code == "too_long":
        return Fault(code, column, line, {"most": int(context.get("max_length", 0))})
    if code == "one_of":
        return Fault(code, column, line, {"known": ", ".join(_QUOTED.findall(str(context.get("expected", ""))))})
    if code == "no_order" and place[:1] == ["people"] and len(place) == 1:
        return Fault("missing", "family_name", line)
    return Fault(code, column, line)


def of_refusal(refused: InvalidInput | Conflict, columns: Sequence[str], line: int = 0) -> Fault:
    """What a use case refused about the whole order, or about the person of a line."""
    if isinstance(refused, Conflict):
        return Fault("elsewhere")
    if isinstance(refused, UnaccompaniedMinor):
        return Fault("unaccompanied")
    text, column = str(refused), refused.field if refused.field in columns else ""
    if _KNOWN in text:
        return Fault("one_of", column or "", fields={"known": text.partition(_KNOWN)[2]})
    code = _code_of(text)
    return Fault(_OF_COLUMN.get(column or "", code) if code == "unusable" else code, column or "", line)


def _code_of(text: str) -> str:
    return next((code for begin, code in _OF_TEXT if text.startswith(begin)), "unusable")
