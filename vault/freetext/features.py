"""What the name tagger looks at, as numbers: for each token, the hashed clues of its form and its neighbours.

Training and tagging share this module, so both see the same. Words go in folded (no case, no accents); what comes
out are places in a table of 2**20 (see written_clues): no word, and no name, can be read back.

Case is unreliable in hurried notes. Three things follow:
1. Each clue of form is joined to the way its sentence is written: ordinary, all small, all capitals.
2. Clues of spelling (beginnings, ends, word lists) do not look at case.
3. The whole text helps: whether the word also occurs in small letters, or elsewhere after a title.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zlib import crc32

from vault.freetext.cue_words import CUE_CLASS
from vault.freetext.folding import folded_word
from vault.freetext.tokens import Token
from vault.freetext.word_filter import WordFilter, hashes
from vault.freetext.written_clues import written

LANGUAGES: Final = ("fr", "nl", "de", "en")
#: Word lists of the model, by the letter that a clue shows: given, family, place, organisation; words of a language;
#: the vocabulary, whose words count as such, while all others are just unknown: no name is in it.
LISTS: Final = ("g", "s", "p", "o", "f", "n", "d", "e", "v")
_OF_LANGUAGE: Final = dict(zip(LANGUAGES, "fnde", strict=True))

_ENDERS: Final = frozenset(".!?…")
_MOST_TOKENS: Final = 240  # of one sequence: bounds the memory of the tagger, whatever the text
_FEW_WORDS: Final = 4
_SHORTEST_COMPOUND: Final = 8
_LONGEST_TITLE: Final = 8  # tokens between quotation marks that may still be a title
#: A sign and one to four letters after it; one to five letters and a sign after them.
_BEGUN: Final = tuple(slice(width + 1) for width in (1, 2, 3, 4))
_ENDED: Final = tuple(slice(-width - 1, None) for width in (1, 2, 3, 4, 5))
_QUOTES: Final = frozenset("\"«»“”„‘’'")


@dataclass(slots=True, repr=False)
class _Form:
    """One word's own clues, the same wherever it stands in the text. Numbers are hashes."""

    word: int
    shape: str
    lists: str  # letters of the lists that hold the word
    cue: str
    ending: int
    folded: str
    names: str  # of `lists`, those of names
    known: str  # w a word of the sentence's language, y of another, z of none
    #: What the word itself says, and what it says to the words around it, in the order of `_WINDOW`; as written.
    own: Sequence[bytes] = ()
    near: Sequence[bytes] = ()


#: What the words of one text are, by language and word: made for that text, and gone with it.
Forms = dict[str, dict[str, _Form]]


def attributes(
    tokens: Sequence[Token], language: str, lists: Mapping[str, WordFilter], known: Forms | None = None
) -> Iterator[tuple[int, list[list[bytes]]]]:
    """The clues of `tokens`, in sequences of bounded length, with the place of each sequence's first token.

    Their order is the model's: it adds weights as they come, and another order would round otherwise. known: of other
    parts of the same text; grows.
    """
    if not tokens:
        return
    forms = _forms(tokens, language, lists, {} if known is None else known.setdefault(language, {}))
    written_as = list(zip(_modes(tokens, forms), _document_clues(forms), _quoted(tokens), _glued(tokens), strict=True))
    for start, end in _sequences(tokens):
        yield start, _clues(forms[start:end], written_as[start:end], language)


def _hash(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


_of_shape: Final = lru_cache(maxsize=1024)(_hash)  # shapes, never words
#: How clues of form are written: forms, lists and cues, never words, so this holds nothing about anybody.
_FORMS: Final[dict[str, bytes]] = {}
_MOST_FORMS: Final = 1 << 16


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


def _forms(
    tokens: Sequence[Token], language: str, lists: Mapping[str, WordFilter], known: dict[str, _Form]
) -> list[_Form]:
    new: list[tuple[_Form, list[int], list[int]]] = []
    for text in dict.fromkeys([token.text for token in tokens]):
        if text not in known:
            form, numbers = _form(text, language, lists)
            known[text] = form
            new.append((form, numbers, _near(form)))
    signs = written([number for _, own, near in new for number in (*own, *near)])
    done = 0
    for form, own, _ in new:
        middle, end = done + len(own), done + len(own) + _NEAR
        form.own, form.near = signs[done:middle], signs[middle:end]
        done = end
    return [known[token.text] for token in tokens]


def _form(text: str, language: str, lists: Mapping[str, WordFilter]) -> tuple[_Form, list[int]]:
    """A word's form, and what the word itself says, as numbers."""
    folded = folded_word(text) or text
    shape = _shape(text) + _script(text)
    if text[0].isalpha():
        pair = hashes(folded)
        listed = "".join([letter for letter in LISTS[:-1] if pair in lists[letter]]) + _tail(folded, lists)
        word = _hash(folded if pair in lists["v"] else f"?{shape[:2]}{len(listed)}")
        affixes, ending, cue = _affixes(folded), _hash(folded[-3:] + ">"), CUE_CLASS.get(folded.rstrip("'"), "")
    else:
        word = _hash("0" * min(len(text), 6) if text[0].isdecimal() else folded)
        affixes, ending, listed, cue = [], 0, "", ""
    names, known = _said_by(listed, language)
    tag = _of_shape("z" + known + shape[0])
    own = [word ^ 0x1111, word ^ _of_shape("w" + shape), *affixes]
    own += [affix ^ tag for affix in affixes[1:3] + affixes[-3:]]
    return _Form(word, shape, listed, cue, ending, folded, names, known), own


@lru_cache(maxsize=1024)  # lists, never words
def _said_by(listed: str, language: str) -> tuple[str, str]:
    """Of the lists that hold a word, those of names; and w if the sentence's language has it, y another, z none."""
    names = "".join(letter for letter in listed if letter in "gspo")
    in_own = _OF_LANGUAGE.get(language, "") in listed
    return names, "w" if in_own else "y" if any(letter in "fnde" for letter in listed) else "z"


def _affixes(folded: str) -> list[int]:
    """The hashes of up to four letters at the beginning and five at the end."""
    size = len(folded)
    begun, ended = f"<{folded[:4]}", f"{folded[-5:]}>"
    if not folded.isascii():
        return [
            *map(_hash, (begun[part] for part in _BEGUN[:size])),
            *map(_hash, (ended[part] for part in _ENDED[: size - 1])),
        ]
    first, last = begun.encode(), ended.encode()
    return [*[crc32(first[part]) for part in _BEGUN[:size]], *[crc32(last[part]) for part in _ENDED[: size - 1]]]


def _near(form: _Form) -> list[int]:
    """What a word says to those around it: by the place from which it is seen; its end, to either side."""
    seen = [form.word + 0x2000003 * (step + 9) for step in _WINDOW]
    return [*seen, form.ending ^ 0x333333, form.ending ^ 0x444444]


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


def _glued(tokens: Sequence[Token]) -> list[str]:
    """For each token `<` and `>` where no space keeps it from the one before and the one after."""
    touching = [False, *[one.end == other.start for one, other in pairwise(tokens)], False]
    return [_GLUED[before, after] for before, after in pairwise(touching)]


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


_WINDOW: Final = (-3, -2, -1, 1, 2, 3)
_NEAR: Final = 8  # clues of each word for those around it
_GLUED: Final = {(False, False): "", (True, False): "<", (False, True): ">", (True, True): "<>"}
_EDGE: Final = _Form(_hash("\n"), "|", "", "edge", 0, "", "", "z")
_EDGE.near = written(_near(_EDGE))
_COMBINED: Final = 26  # clues of form of each token
_PAIRED: Final = 6


def _clues(forms: Sequence[_Form], written_as: Sequence[tuple[str, str, str, str]], language: str) -> list[list[bytes]]:
    """The clues of one sequence. written_as: for each token `_modes`, `_document_clues`, `_quoted` and `_glued`."""
    edge = [_EDGE] * 3
    padded = [*edge, *forms, *edge]
    windows = list(zip(*(padded[step : step + len(forms)] for step in range(7)), strict=True))
    of_forms: list[str] = []
    paired: list[int] = []
    for window, writing in zip(windows, written_as, strict=True):
        of_forms += _combined(window, *writing, language)
        paired += _paired(window)
    formed, pairs = _written_forms(of_forms), written(paired)
    return [
        [
            *formed[place * _COMBINED : (place + 1) * _COMBINED],
            *own.own,
            before3.near[0],
            before2.near[1],
            before.near[2],
            after.near[3],
            after2.near[4],
            after3.near[5],
            before.near[6],
            after.near[7],
            *pairs[place * _PAIRED : (place + 1) * _PAIRED],
        ]
        for place, (before3, before2, before, own, after, after2, after3) in enumerate(windows)
    ]


_Window = tuple[_Form, ...]  # three before, the token itself, three after


def _combined(around: _Window, mode: str, wide: str, quoted: str, glued: str, language: str) -> list[str]:
    """What shapes, lists and cues say together."""
    before3, before2, before, own, after, after2, _ = around
    known, names = own.known, own.names
    shape = own.shape + mode
    said = known + names
    tail = "t" if "t" in own.lists else ""
    return [
        "0" + language,
        f"1{shape}{before.shape}",
        f"2{shape}{said}",
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
        f"d{min(len(own.folded), 12)}{said}",
        f"e{glued}{own.shape}{names}",
        f"f{wide}{shape}",
        f"g{wide}{names}{known}",
        f"h{before.cue}{said}",
        f"i{before2.cue}{before.lists}{said}",
        f"j{before3.cue}{before2.cue}{own.shape}",
        f"k{before.shape}{after.shape}{said}{mode[0]}",
        f"l{after2.cue}|{after.cue}",
        f"m{before.lists}|{before.shape}",
        f"n{after.lists}|{after.shape}",
        f"o{own.shape}{language}{said}{tail}",
        f"p{quoted}{shape}",
    ]


def _paired(around: _Window) -> tuple[int, ...]:
    """What words say in pairs."""
    _, before2, before, own, after, after2, _ = around
    shape = _of_shape("s" + own.shape)
    return (
        (before.word * 31 + after.word) ^ 0x5555,
        (before2.word * 31 + before.word) ^ 0x6666,
        (after.word * 37 + after2.word) ^ 0x7777,
        before.word ^ shape ^ 0x8888,
        after.word ^ shape ^ 0x9999,
        before2.word ^ shape ^ 0xAAAA,
    )


def _written_forms(clues: Sequence[str]) -> list[bytes]:
    try:
        return list(map(_FORMS.__getitem__, clues))
    except KeyError:
        known = list(map(_FORMS.get, clues))
    new = list(dict.fromkeys(clue for clue, sign in zip(clues, known, strict=True) if sign is None))
    signs = dict(zip(new, written([_hash(clue) for clue in new]), strict=True))
    if len(_FORMS) + len(signs) > _MOST_FORMS:
        _FORMS.clear()
    _FORMS.update(signs)
    return [signs[clue] if sign is None else sign for clue, sign in zip(clues, known, strict=True)]
