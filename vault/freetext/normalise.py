"""One spelling of a text for whatever looks through it, with every offset kept; and what no note may hold.

    found = normalise("Zoe\\u0308 Dia\\u200dllo")      # found.text == "Zoë Diallo"
    found.source_span(4, 10)                          # (5, 12): where the name began and ended in what was sent

What is stored is what was sent: this spelling is for finding only. In it
1. letters are composed (NFC); compatibility forms of letters and digits (full width, mathematical, ligatures) and
   the digits of other scripts are plain ones, small capitals small letters;
2. every kind of space is a space, every line end `\\n`, and the rarer dashes, dots and strokes that a program puts
   between digits are the usual ones;
3. zero-width, bidirectional, control and other characters that show nothing are left out, so that none can hide
   inside a name;
4. in a word that mixes scripts, Cyrillic and Greek letters that look Latin are Latin.
Any string can be normalised; `refuse_unwritable` says what may not be stored.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from vault.errors import InvalidInput

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: What is common in European text and already as it should be.
_PLAIN: Final = re.compile("[\t\n\x20-\x7e\u00a1-\u00ac\u00ae-\u02af‘’‚“”„…–—€•]*")
_WORD: Final = re.compile(r"[^\W\d_]+")
_FOREIGN: Final = re.compile("[\u0370-\u052f]")
_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f]")
#: Beside - – — · • and /, which stages know: hyphens for line ends, figure dash, horizontal bar, minus, and the like.
_SIGNS: Final = {
    **dict.fromkeys("\u2010\u2011\u2012\u2015\u2043\u2212\ufe58\ufe63", "-"),
    **dict.fromkeys("\u2024\u3002", "."),
    **dict.fromkeys("\u2027\u2219\u22c5\u30fb", "·"),
    **dict.fromkeys("\u2044\u2215", "/"),
}
#: Shows nothing, but is a letter-sized sign: braille without a dot.
_BLANKS: Final = frozenset("\u2800")
#: Small capitals, which some programs offer as a style. No compatibility form of Unicode's.
_SMALL_CAPITALS: Final = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
# fmt: off
_LOOKALIKES: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаесіјорѕухӏԁԛԝ" "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυια",
    "ABESIJKMHOPCTYXaecijopsyxldqw" "ABEZHIKMNOPTYXovuia",
)
# fmt: on


@dataclass(frozen=True, slots=True, repr=False)
class Normalised:
    """text: as stages see it. starts, ends: for each of its characters the place in what was sent; () if equal."""

    text: str
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Where the range `start:end` of `text`, which is not empty, stands in what was sent."""
        return (self.starts[start], self.ends[end - 1]) if self.starts else (start, end)


def normalise(text: str) -> Normalised:
    """The spelling that stages look at. Any string; time grows with its length alone."""
    if _PLAIN.fullmatch(text):
        return Normalised(text)
    found = _composed(text) if _changes_length(text) else Normalised(text)
    table = {ord(char): _plain(char) for char in set(found.text)}
    plain = found.text.translate(table)
    if _FOREIGN.search(plain):
        plain = _WORD.sub(_one_script, plain)
    return Normalised(plain, found.starts, found.ends)


def refuse_unwritable(text: str, field: str = "text") -> None:
    """Raises InvalidInput (of this field) for what no note may hold; the message names only a place.

    What the screen shows would not be what is stored: half characters, control characters other than line ends
    and tabs, bidirectional overrides and isolates.
    """
    if found := _SURROGATE.search(text):
        raise InvalidInput(f"the text holds half a character (a lone surrogate) at {found.start()}", field=field)
    for found in _CONTROL.finditer(text):
        if not text.startswith("\r\n", found.start()):
            code = ord(found[0])
            raise InvalidInput(f"the text holds a control character (U+{code:04X}) at {found.start()}", field=field)
    if found := _BIDI.search(text):
        raise InvalidInput(
            f"the text holds a character that reorders others (U+{ord(found[0]):04X}) at {found.start()}", field=field
        )


def _changes_length(text: str) -> bool:
    return (
        "\r" in text
        or not unicodedata.is_normalized("NFC", text)
        or any(_hidden(char) or len(_expanded(char)) != 1 for char in set(text))
    )


def _hidden(char: str) -> bool:
    return char not in "\n\t\r" and unicodedata.category(char) in {"Cf", "Cc", "Cs"}


def _expanded(char: str) -> str:
    """The letters of a ligature; the character itself if it is none."""
    if "\ufb00" <= char <= "\ufb06" or "\u01c4" <= char <= "\u01cc":
        return unicodedata.normalize("NFKC", char)
    return char


def _plain(char: str) -> str:
    """One character for one: plain spaces, digits and letters."""
    if char.isascii():
        return "\n" if char in "\r\x0b\x0c" else char
    if char in _SIGNS:
        return _SIGNS[char]
    if char in _BLANKS:
        return " "
    if char in _SMALL_CAPITALS:
        return _SMALL_CAPITALS[char]
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category in {"Zl", "Zp"}:
        return "\n"
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category[0] == "L":
        compatible = unicodedata.normalize("NFKC", char)
        if len(compatible) == 1 and compatible.isascii():
            return compatible
    elif "\uff01" <= char <= "\uff5e":
        return chr(ord(char) - 0xFEE0)
    return char


def _one_script(found: re.Match[str]) -> str:
    word = found[0]
    return word.translate(_LOOKALIKES) if _FOREIGN.search(word) and _LATIN.search(word) else word


def _composed(text: str) -> Normalised:
    """NFC cluster by cluster, without what shows nothing."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    begin = 0
    size = len(text)
    while begin < size:
        end = begin + 1
        if text.startswith("\r\n", begin):
            end, cluster = begin + 2, "\n"
        else:
            while end < size and (_may_combine(text[end]) or _hidden(text[end])):
                end += 1
            shown = "".join(_expanded(char) for char in text[begin:end] if not _hidden(char))
            cluster = unicodedata.normalize("NFC", shown)
        pieces.append(cluster)
        starts.extend([begin] * len(cluster))
        ends.extend([end] * len(cluster))
        begin = end
    return Normalised("".join(pieces), tuple(starts), tuple(ends))


def _may_combine(char: str) -> bool:
    """Below U+0300 nothing combines with what stands before it; above, marks and Hangul's later jamo may."""
    return char >= "\u0300" and (unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff")
