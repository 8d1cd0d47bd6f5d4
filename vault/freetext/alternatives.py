"""An alternation of many words, asked by first letter, so that most places of a text are done with at once.

    by_first_letter("rue|route|avenue")       # (?-i:[rR])(?:ue|oute)|(?-i:[aA])(?:venue)

Python tries the alternatives of a pattern one by one, at every word of a text, and without a glance ahead where case
is ignored: sixty words for a street cost more than all else. Grouped, a place is asked once for each letter. What is
found stays the same: alternatives that begin alike keep their order, and of two that do not, only one can fit.
"""

from __future__ import annotations

from typing import Final

#: Letters that case-blind patterns take for others: the long s, the Kelvin, the dotted and the dotless i.
_ALSO: Final = {"s": "ſ", "k": "\u212a", "i": "İı"}


def by_first_letter(alternatives: str, *, blind: bool = True) -> str:
    """The same alternation. blind: for a pattern in which case is ignored.

    Each alternative begins with a small letter or a digit, or with several in square brackets; otherwise ValueError.
    """
    groups: dict[str, list[str]] = {}
    for one in _parts(alternatives):
        letters, _, rest = one[1:].partition("]") if one[0] == "[" else (one[0], "", one[1:])
        if not letters.isalnum() or letters != letters.lower() or rest[:1] in {"?", "*", "+", "{"}:
            raise ValueError(f"{one!r} does not begin with a small letter or a digit")
        for letter in letters:
            groups.setdefault(letter, []).append(rest)
    return "|".join(f"{_either(letter, blind)}(?:{'|'.join(rest)})" for letter, rest in groups.items())


def _either(letter: str, blind: bool) -> str:
    return f"(?-i:[{letter}{letter.upper()}{_ALSO.get(letter, '')}])" if blind and letter.isalpha() else letter


def _parts(alternatives: str) -> list[str]:
    """Cut at the bars that stand in no bracket."""
    parts, depth, escaped = [""], 0, False
    for char in alternatives:
        if char == "|" and not depth:
            parts.append("")
            continue
        if not escaped:
            depth += (char in "([") - (char in ")]")
        escaped = char == "\\" and not escaped
        parts[-1] += char
    if depth:
        raise ValueError(f"a bracket of {alternatives!r} stays open")
    return parts
