"""Shapes of numbers, from configuration: read, checked and turned into patterns that cannot run away.

    rules = parse_shapes(default_shapes())

A shape is letters of a small language of our own, never a regular expression: whoever writes the file can neither
break it nor make it slow. The format stands in `data/shapes.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from vault.errors import ConfigurationError
from vault.freetext.folding import fold
from vault.freetext.spans import TokenType

_VERSION: Final = 1
_FIELDS: Final = {"type", "words", "shapes", "certain", "possible", "between"}
_TYPES: Final = frozenset({
    TokenType.OV_NUMBER, TokenType.CGRA_NUMBER, TokenType.OQT_REFERENCE, TokenType.PASSPORT, TokenType.PLATE,
    TokenType.FILE_NUMBER, TokenType.CARD, TokenType.NISS, TokenType.VAT, TokenType.IBAN,
})  # fmt: skip
_SIGNS: Final = frozenset(" .,-/:_()#+")
_PART: Final = re.compile(
    r"(?P<what>9|A|X|\[[^\]\[]{1,8}\]|[^\[\]{}])(?:\{(?P<least>[0-9]{1,2})(?:,(?P<most>[0-9]{1,2}))?\})?"
)
_CLASS: Final = {"9": "[0-9]", "A": "[A-Za-z]", "X": "[A-Za-z0-9]"}
_LONGEST: Final = 40  # characters of one number
_MOST_WORDS: Final = 200


@dataclass(frozen=True, slots=True)
class Shapes:
    """One kind of number. words: folded, the longest first. between: signs that may stand inside.

    The patterns begin and end where a word or number does; what they match may end with signs of `between`.
    """

    type: TokenType
    words: tuple[str, ...]
    between: str
    after_word: tuple[re.Pattern[str], ...]  # each shape alone: of what they match, the longest counts
    certain: re.Pattern[str] | None
    possible: re.Pattern[str] | None


def default_shapes() -> str:
    """The configuration that is shipped."""
    return (files("vault.freetext") / "data" / "shapes.toml").read_text("utf-8")


def parse_shapes(text: str) -> tuple[Shapes, ...]:
    """Read a configuration. Raises ConfigurationError that names the entry and what is wrong with it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"the shapes of numbers are no TOML: {error}") from None
    if set(data) != {"version", "number"} or data["version"] != _VERSION or not isinstance(data["number"], list):
        raise ConfigurationError(f"the shapes of numbers need `version = {_VERSION}` and [[number]] tables, no more")
    return tuple(_shapes(entry, place) for place, entry in enumerate(data["number"], start=1))


def _shapes(entry: Any, place: int) -> Shapes:
    where = f"number {place} of the shapes"
    if not isinstance(entry, dict) or not set(entry) <= _FIELDS or "type" not in entry:
        raise ConfigurationError(f"{where}: only {', '.join(sorted(_FIELDS))} can stand there")
    kinds = {kind.value: kind for kind in _TYPES}
    if entry["type"] not in kinds:
        raise ConfigurationError(f"{where}: type must be one of {', '.join(sorted(kinds))}")
    between = entry.get("between", "")
    if not isinstance(between, str) or not set(between) <= _SIGNS:
        raise ConfigurationError(f"{where}: between holds signs such as . - / and the space, no letters or digits")
    words = _texts(entry, "words", where)
    if len(words) > _MOST_WORDS:
        raise ConfigurationError(f"{where}: at most {_MOST_WORDS} words")
    folded = tuple(sorted({" ".join(fold(word).text.split()) for word in words}, key=len, reverse=True))
    after = tuple(_compiled([_expression(one, between, where)]) for one in _texts(entry, "shapes", where))
    bare = [_pattern(_texts(entry, name, where), between, where) for name in ("certain", "possible")]
    return Shapes(kinds[entry["type"]], folded, between, after, *bare)


def _texts(entry: Mapping[str, Any], name: str, where: str) -> Sequence[str]:
    texts = entry.get(name, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ConfigurationError(f"{where}: {name} is a list of texts")
    return texts


def _pattern(shapes: Sequence[str], between: str, where: str) -> re.Pattern[str] | None:
    if not shapes:
        return None
    return _compiled(sorted((_expression(shape, between, where) for shape in shapes), key=len, reverse=True))


def _compiled(longest_first: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(longest_first)})(?![^\W_])", re.IGNORECASE)


def _expression(shape: str, between: str, where: str) -> str:
    """Every repetition is bounded, and neighbours never match the same character twice over: no blow-up."""
    parts = list(_PART.finditer(shape))
    if "".join(part[0] for part in parts) != shape:
        raise ConfigurationError(f"{where}: the shape {shape!r} cannot be read")
    gap = f"[{re.escape(between)}]{{0,2}}" if between else ""
    expressions = []
    length = 0
    for part in parts:
        least = int(part["least"]) if part["least"] else 1
        most = int(part["most"]) if part["most"] else least
        if not 0 <= least <= most or most == 0:
            raise ConfigurationError(f"{where}: the shape {shape!r} repeats something from more to fewer times")
        length += most
        one = _one(part["what"])
        expressions.append(f"(?:{one}{gap}){{{least},{most}}}" if most > 1 or least == 0 else f"{one}{gap}")
    if length > _LONGEST or length < 3:
        raise ConfigurationError(f"{where}: the shape {shape!r} is shorter than 3 or longer than {_LONGEST} characters")
    return "".join(expressions)


def _one(what: str) -> str:
    if what in _CLASS:
        return _CLASS[what]
    if what.startswith("["):
        return f"[{re.escape(what[1:-1])}]"
    return re.escape(what)
