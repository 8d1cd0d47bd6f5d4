"""Rows that another zone's role may add: read where they say what this program can have written, passed over else.

A database role may add rows of any bytes to the tables that it shares. One that no type of ours can hold would stop the
list that it stands in, and with it everybody's work; as a row that is not there it stops nothing. What such a row
claims is checked elsewhere, by its signature.

    all_legible(rows, _answer)      those that could be made
    legible(row, _copy)             None where it could not
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, and_, func

from vault.errors import InvalidInput

T = TypeVar("T")
#: Bytes of one value. Whatever is sealed or signed for another zone stays far below; more would fill a reader's memory.
LONGEST: Final = 65_536


def short(*columns: ColumnElement[bytes]) -> ColumnElement[bool]:
    """The condition that values are not longer than that: what is longer is not even fetched."""
    return and_(*(func.length(column) <= LONGEST for column in columns))


def legible(row: Any, make: Callable[[Any], T]) -> T | None:
    """What `make` reads in the row; None for an id of another length, or a word that nobody knows."""
    try:
        return make(row)
    except (ValueError, InvalidInput):
        return None


def all_legible(rows: Iterable[Any], make: Callable[[Any], T]) -> list[T]:
    """The same of many, in their order, without those that are None."""
    return [made for row in rows if (made := legible(row, make)) is not None]
