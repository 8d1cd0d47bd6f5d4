"""What the name tagger looks at, as numbers: for each token, the hashed clues of its form and its neighbours.

Training and tagging share this module, so both see the same. Words go in folded (no case, no accents); what comes
out are places in a table of 2**20, written as two characters each: no word, and no name, can be read back.

Case is unreliable in hurried notes. Three things follow:
1. Each clue of form is joined to the way its sentence is written: ordinary, all small, all capitals.
2. Clues of spelling (beginnings, ends, word lists) do not look at case.
3. The whole text helps: whether the word also occurs in small letters, or elsewhere after a title.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from vault.freetext.cue_words import CUE_CLASS
from vault.freetext.folding import fold
from vault.freetext.tokens import Token
from vault.freetext.word_filter import WordFilter, hashes

LANGUAGES: Final = ("fr", "nl", "de", "en")
#: Word lists of the model, by the letter that a clue shows: given, family, place, organisation; words of a language;
#: the vocabulary, whose words count as such, while all others are just unknown: no name is in it.
LISTS: Final = ("g", "s", "p", "o", "f", "n", "d", "e", "v")
_OF_LANGUAGE: Final = dict(zip(LANGUAGES, "fnde", strict=True))

_BITS: Final = 20
_HALF: Final = _BITS // 2
_LOW: Final = (1 << _HALF) - 1
#: Printable as UTF-8, two bytes each; the characters mean nothing.
_SIGNS: Final = tuple(chr(0x100 + place) for place in range(1 << _HALF))
_ENDERS: Final = frozenset(".!?…")
_MOST_TOKENS: Final = 240  # of one sequence: bounds the memory of the tagger, whatever the text
_FEW_WORDS: Final = 4
_SHORTEST_COMPOUND: Final = 8
_LONGEST_TITLE: Final = 8  # tokens between quotation marks that may still be a title
_QUOTES: Final = frozenset("\"«»“”„‘’'")


@dataclass(frozen=True, slots=True, repr=False)
class _Form:
    """One token's own clues, case-blind ones apart. Numbers are hashes."""

    word: int
    shape: str
    lists: str  # letters of the lists that hold the word
    cue: str
    affixes: tuple[int, ...]
    ending: int
    folded: str


def attributes(
    tokens: Sequence[Token], language: str, lists: Mapping[str, WordFilter]
) -> Iterator[tuple[int, list[list[str]]]]:
    """The clues of `tokens`, in sequences of bounded length, with the place of each sequence's first token."""
    if not tokens:
        return
    forms = _forms(tokens, lists)
    modes = _modes(tokens, forms)
    wide = _document_clues(forms)
    quoted = _quoted(tokens)
    for start, end in _sequences(tokens):
        yield (
            start,
            [_clues(tokens, forms, modes, wide, quoted, place, start, end, language) for place in range(start, end)],
        )


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def _written(value: int) -> str:
    value = ((value & 0xFFFFFFFF) * 0x9E3779B1) & 0xFFFFFFFF
    value = (value ^ (value >> 15)) * 0x85EBCA77 & 0xFFFFFFFF
    value >>= 32 - _BITS
    return _SIGNS[value >> _HALF] + _SIGNS[value & _LOW]


def _shape(text: str) -> str:
    first = text[0]
    if text.isalpha():
        if text.islower():
            return "x"
        if first.isupper():
            if len(text) == 1:
                return "X"
            if text[1:].islower():
                return "Xx"
            return "XX" if text.isupper() else "XxX"
        return "xX" if any(letter.isupper() for letter in text) else "o"  # a script without case
    if first.isdecimal():
        return f"d{min(len(text), 5)}"
    if first.isalpha():
        return "X'" if first.isupper() else "x'"
    return first if first in ".,:;!?()[]\"'-/«»&@+=*" else "~"


def _script(text: str) -> str:
    code = ord(text[0])
    if code < 0x250 or 0x1E00 <= code < 0x2000:
        return ""
    return "greek" if code < 0x400 else "cyrillic" if code < 0x530 else "far"


def _forms(tokens: Sequence[Token], lists: Mapping[str, WordFilter]) -> list[_Form]:
    known: dict[str, _Form] = {}  # of this text only: nothing about anybody outlives the call
    forms = []
    for token in tokens:
        form = known.get(token.text)
        if form is None:
            form = known[token.text] = _form(token.text, lists)
        forms.append(form)
    return forms


def _form(text: str, lists: Mapping[str, WordFilter]) -> _Form:
    folded = fold(text).text or text
    shape = _shape(text) + _script(text)
    if not text[0].isalpha():
        word = "0" * min(len(text), 6) if text[0].isdecimal() else folded
        return _Form(_hash(word), shape, "", "", (), 0, folded)
    pair = hashes(folded)
    held = "".join(letter for letter in LISTS[:-1] if pair in lists[letter]) + _tail(folded, lists)
    word = folded if pair in lists["v"] else f"?{shape[:2]}{len(held)}"
    size = len(folded)
    affixes = [_hash(f"<{folded[:width]}") for width in (1, 2, 3, 4) if width < size + 1]
    affixes += [_hash(f"{folded[-width:]}>") for width in (1, 2, 3, 4, 5) if width < size]
    return _Form(
        _hash(word),
        shape,
        held,
        CUE_CLASS.get(folded.rstrip("'"), ""),
        tuple(affixes),
        _hash(folded[-3:] + ">"),
        folded,
    )


def _tail(folded: str, lists: Mapping[str, WordFilter]) -> str:
    """`t` if the word ends in a German noun of five letters or more: most compounds stand in no list."""
    if len(folded) < _SHORTEST_COMPOUND or not folded.isalpha():
        return ""
    german = lists["d"]
    return "t" if any(hashes(folded[-size:]) in german for size in range(5, len(folded) - 2)) else ""


def _modes(tokens: Sequence[Token], forms: Sequence[_Form]) -> list[str]:
    """For each token how its sentence, then how the whole text, is written: n ordinary, l all small, u capitals."""
    whole = _mode(forms, "n")
    modes: list[str] = []
    begin = 0
    for place, token in enumerate(tokens):
        wide_gap = place + 1 < len(tokens) and tokens[place + 1].start - token.end > 1
        if token.text in _ENDERS or wide_gap or place + 1 == len(tokens):
            mode = _mode(forms[begin : place + 1], whole) + whole
            modes.extend([mode] * (place + 1 - begin))
            begin = place + 1
    return modes


def _mode(forms: Sequence[_Form], few: str) -> str:
    words = [form.shape for form in forms if form.folded[:1].isalpha() and len(form.folded) > 1]
    if len(words) < _FEW_WORDS:
        return few
    capitals = sum(shape.startswith("XX") for shape in words)
    if capitals * 10 >= len(words) * 6:
        return "u"
    return "n" if any(shape[0] == "X" for shape in words) else "l"


def _document_clues(forms: Sequence[_Form]) -> list[str]:
    """For each token what the text says of the same word elsewhere: small, capital inside a sentence, after a title."""
    seen: dict[str, set[str]] = {}
    before = None
    for form in forms:
        if len(form.folded) > 2 and form.folded[0].isalpha():
            marks = seen.setdefault(form.folded, set())
            if form.shape == "x":
                marks.add("x")
            elif before is not None and before.shape not in {".", "!", "?", ":", "-"} and form.shape[0] == "X":
                marks.add("X")
            if before is not None and before.cue in {"title", "kin", "called"}:
                marks.add("t")
        if form.shape != ".":
            before = form
    return ["".join(sorted(seen.get(form.folded, ()))) for form in forms]


def _quoted(tokens: Sequence[Token]) -> list[str]:
    """For each token `q` if it stands between quotation marks that are a few tokens apart."""
    marks = [""] * len(tokens)
    opened = None
    for place, token in enumerate(tokens):
        if token.text not in _QUOTES:
            continue
        if opened is not None and 1 < place - opened <= _LONGEST_TITLE + 1:
            marks[opened + 1 : place] = ["q"] * (place - opened - 1)
            opened = None
        else:
            opened = place
    return marks


def _sequences(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    start = last_end = 0
    for place, token in enumerate(tokens):
        if token.text in _ENDERS:
            last_end = place + 1
        if place + 1 - start >= _MOST_TOKENS:
            end = last_end if last_end > start else place + 1
            yield start, end
            start = end
    if start < len(tokens):
        yield start, len(tokens)


_EDGE: Final = _Form(_hash("\n"), "|", "", "edge", (), 0, "")
_WINDOW: Final = (-3, -2, -1, 1, 2, 3)


def _clues(
    tokens: Sequence[Token],
    forms: Sequence[_Form],
    modes: Sequence[str],
    wide: Sequence[str],
    quoted: Sequence[str],
    place: int,
    start: int,
    end: int,
    language: str,
) -> list[str]:
    around = [forms[place + step] if start <= place + step < end else _EDGE for step in range(-3, 4)]
    glued = ("<" if place and tokens[place - 1].end == tokens[place].start else "") + (
        ">" if place + 1 < len(tokens) and tokens[place + 1].start == tokens[place].end else ""
    )
    own = forms[place]
    names = "".join(letter for letter in own.lists if letter in "gspo")
    in_own = _OF_LANGUAGE.get(language, "") in own.lists
    known = "w" if in_own else "y" if any(letter in "fnde" for letter in own.lists) else "z"
    clues = list(map(_of_form, _combined(around, names, known, modes[place], wide[place], glued, language)))
    clues.append(_of_form(f"p{quoted[place]}{own.shape}{modes[place]}"))
    clues.extend(map(_written, _spelt(around, _hash("z" + known + own.shape[0]))))
    return clues


@lru_cache(maxsize=1 << 16)  # forms, lists and cues, never words: the cache holds nothing about anybody
def _of_form(clue: str) -> str:
    return _written(_hash(clue))


def _combined(
    around: Sequence[_Form], names: str, known: str, mode: str, wide: str, glued: str, language: str
) -> list[str]:
    """What shapes, lists and cues say together. around: three before, the token itself, three after."""
    before3, before2, before, own, after, after2, _ = around
    shape = own.shape + mode
    tail = "t" if "t" in own.lists else ""
    return [
        "0" + language,
        f"1{shape}{before.shape}",
        f"2{shape}{known}{names}",
        f"3{own.lists}{language}",
        f"4{before.shape}{shape}{after.shape}",
        f"5{before.cue}|{shape}",
        f"6{before2.cue}|{before.cue}|{own.shape}",
        f"7{after.cue}|{own.shape}",
        f"8{own.cue}|{own.shape}",
        f"9{names}{known}|{before.lists}",
        f"a{names}{known}|{after.lists}",
        f"b{before2.shape}{before.shape}{own.shape}",
        f"c{own.shape}{after.shape}{after2.shape}",
        f"d{min(len(own.folded), 12)}{known}{names}",
        f"e{glued}{own.shape}{names}",
        f"f{wide}{shape}",
        f"g{wide}{names}{known}",
        f"h{before.cue}{known}{names}",
        f"i{before2.cue}{before.lists}{known}{names}",
        f"j{before3.cue}{before2.cue}{own.shape}",
        f"k{before.shape}{after.shape}{known}{names}{mode[0]}",
        f"l{after2.cue}|{after.cue}",
        f"m{before.lists}|{before.shape}",
        f"n{after.lists}|{after.shape}",
        f"o{own.shape}{language}{known}{names}{tail}",
    ]


def _spelt(around: Sequence[_Form], tag: int) -> list[int]:
    """What the words themselves say, alone and in pairs. around: as in `_combined`."""
    _, before2, before, own, after, after2, _ = around
    clues = [own.word ^ 0x1111, own.word ^ _hash("w" + own.shape), *own.affixes]
    clues.extend(affix ^ tag for affix in own.affixes[1:3] + own.affixes[-3:])
    for step, other in zip(_WINDOW, (*around[:3], *around[4:]), strict=True):
        clues.append(other.word + 0x2000003 * (step + 9))
    clues.append(before.ending ^ 0x333333)
    clues.append(after.ending ^ 0x444444)
    shape_hash = _hash("s" + own.shape)
    clues.append((before.word * 31 + after.word) ^ 0x5555)
    clues.append((before2.word * 31 + before.word) ^ 0x6666)
    clues.append((after.word * 37 + after2.word) ^ 0x7777)
    clues.append(before.word ^ shape_hash ^ 0x8888)
    clues.append(after.word ^ shape_hash ^ 0x9999)
    clues.append(before2.word ^ shape_hash ^ 0xAAAA)
    return clues
