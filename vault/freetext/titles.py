"""People by what stands before them: titles, kinship, `s'appelle`, functions; and whoever is listed beside them.

    Mme Diallo · son frère Ibrahima · haar kinderen Yanis (12) en Inaya · nommé Tarek · le mari de Dahbia

The title stays in the text, the name behind it is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vault.freetext.allowed import is_allowed_word
from vault.freetext.cues import cue_words
from vault.freetext.findings import Finding
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType
from vault.freetext.tokens import Token
from vault.freetext.words import Words, load_words
from vault.freetext.written_names import Writing, name_end, writing_of

TITLES: Final = cue_words("titles")
#: Short ones that are also words: only with a capital.
_CAPITAL_ONLY: Final = cue_words("titles_with_capital")
KIN: Final = cue_words("kin")
_CALLED: Final = cue_words("called")
_ROLES: Final = cue_words("roles")
_PROFESSIONS: Final = cue_words("professions")
#: `assistante sociale Pirotte`, but not `assurance sociale (Riksförsäkringsverket)`.
_SOCIAL: Final = frozenset({"sociale"})
_ASSISTS: Final = ("assist", "travaill", "educat")
#: What names no relative: `les Twins du Minnesota`.
_OF_A_THING: Final = frozenset({"du", "des"})
_LINKS: Final = frozenset({"de", "d'", "van", "von", "of"})
_AND: Final = frozenset({"et", "en", "und", "and", "&", ",", "/", "ou", "of", "puis", "+", ";"})
_YEARS: Final = cue_words("ages")
_NO_NAMES: Final = cue_words("no_names")
_ARTICLE: Final = "de"
_ELIDED: Final = frozenset({"m'", "n'"})
_SHORTEST_ELIDED: Final = 4
_TITLE_SCORE: Final = 0.9
_KIN_SCORE: Final = 0.85
_LIST_SCORE: Final = 0.75


class Titles:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        words = load_words()
        for sentence, tokens, folded in reading.in_sentences:
            writing = writing_of(tokens, sentence.language)
            yield from _in_sentence(tokens, folded, writing, words)
            yield from _elided(tokens, folded, writing, words)


def _in_sentence(tokens: Sequence[Token], folded: Sequence[str], writing: Writing, words: Words) -> Iterator[Finding]:
    place = 0
    while place < len(tokens):
        cue = _cue(tokens, folded, place, writing)
        if cue is None:
            place += 1
            continue
        begin, detail, score = cue
        end = _end(tokens, folded, begin, writing, words, strict=detail != "title")
        if end == begin:
            place += 1
            continue
        yield _person(tokens, begin, end, detail, score)
        place = end
        if detail != "title" or folded[begin - 1] in {"mm", "mmes", "messieurs", "mesdames"}:
            for first, last in _listed(tokens, folded, end, writing, words):
                yield _person(tokens, first, last, f"{detail}, listed", _LIST_SCORE)
                place = last


def _elided(tokens: Sequence[Token], folded: Sequence[str], writing: Writing, words: Words) -> Iterator[Finding]:
    """`m'hamed`, `N'Golo`: what no verb can be behind such a beginning."""
    for place in [at for at, word in enumerate(folded[:-1]) if word in _ELIDED]:
        first, second, bare = tokens[place], tokens[place + 1], folded[place + 1].rstrip("'")
        if second.start != first.end or not second.text[0].isalpha():
            continue
        if words.is_ordinary(bare, writing.language) or len(bare) < _SHORTEST_ELIDED:
            continue
        if second.text[0].isupper() or writing.language != "fr" or words.is_name(bare):
            yield Finding(first.start, second.end, TokenType.PERSON, Reason(Source.TITLE, "elided"), _KIN_SCORE)


def _cue(tokens: Sequence[Token], folded: Sequence[str], place: int, writing: Writing) -> tuple[int, str, float] | None:
    """If the token at `place` announces a name: where that begins, why, and how sure it is."""
    word = folded[place]
    after = place + 1
    if after < len(tokens) and tokens[after].text == "." and word in TITLES | {"geb", "st"}:
        after += 1
    if word in TITLES and (word not in _CAPITAL_ONLY or tokens[place].text[0].isupper()):
        announced = place > 1 and folded[place - 1] in {":", ","} and folded[place - 2] in _ROLES
        if writing.capitals and word in _CAPITAL_ONLY and after == place + 1 and not announced:
            return None
        return after, "title", _TITLE_SCORE
    if word in _SOCIAL and not (place and folded[place - 1].startswith(_ASSISTS)):
        return None
    if word in KIN or word in _ROLES:
        after = _past_signs(tokens, folded, after, {":", ",", "(", "“", "«", '"'})
        if after < len(tokens) and folded[after] in _LINKS:
            return (after + 1, "related to", _LIST_SCORE) if word in KIN else None
        return after, "kinship" if word in KIN else "function", _KIN_SCORE if word in KIN else _LIST_SCORE
    if word in _PROFESSIONS and not (writing.small or writing.capitals or writing.language == "de"):
        return (after, "function", _LIST_SCORE) if after < len(tokens) and tokens[after].text[0].isupper() else None
    if word in _CALLED:
        after = _past_signs(tokens, folded, after, {":", "=", '"', "«", "“", "est", "is", "ist", "de", "nu"})
        return after, "called", _KIN_SCORE
    return None


def _past_signs(tokens: Sequence[Token], folded: Sequence[str], place: int, signs: set[str]) -> int:
    steps = 0
    while (
        place < len(tokens)
        and steps < 2
        and (tokens[place].text in signs or folded[place] in signs & {"est", "is", "ist"})
    ):
        place += 1
        steps += 1
    return place


def _end(
    tokens: Sequence[Token], folded: Sequence[str], begin: int, writing: Writing, words: Words, *, strict: bool
) -> int:
    """The end of the name at `begin`. strict: the cue alone proves little, so an ordinary word is no name."""
    if begin < len(tokens) and not strict and folded[begin] == _ARTICLE:
        return _behind_article(tokens, folded, begin, writing, words)
    if begin >= len(tokens) or folded[begin] in _NO_NAMES or folded[begin] in TITLES | KIN:
        return begin
    if begin and tokens[begin].start - tokens[begin - 1].end > 2:
        return begin
    if strict and folded[begin] in _OF_A_THING:
        return begin
    end = name_end(tokens, begin, writing, words)
    if end == begin:
        return begin
    first = folded[begin].rstrip("'")
    ordinary = words.is_ordinary(first, writing.language)
    if strict and ordinary and (writing.language == "de" or writing.small or writing.capitals):
        return begin
    if strict and len(first) == 1 and end - begin < 3:
        return begin
    if strict and ordinary and not words.is_name(first) and end - begin == 1:
        return begin
    while end > begin + 1 and folded[end - 1] in _NO_NAMES:
        end -= 1
    return end


def _behind_article(tokens: Sequence[Token], folded: Sequence[str], begin: int, writing: Writing, words: Words) -> int:
    """`mevrouw de Vries`; in Dutch also `MEVR DE WOLF` and `mr de neef`, where capitals tell nothing."""
    after = begin + 1
    if after == len(tokens) or not folded[after].isalpha() or tokens[after].start - tokens[begin].end > 2:
        return begin
    word = folded[after]
    if word in _NO_NAMES | _ROLES | _PROFESSIONS | TITLES or is_allowed_word(word):
        return begin
    if writing.small or writing.capitals:
        return after + 1 if writing.language == "nl" else begin
    end = name_end(tokens, after, writing, words) if tokens[after].text[0].isupper() else after
    return end if end > after else begin


def _listed(
    tokens: Sequence[Token], folded: Sequence[str], place: int, writing: Writing, words: Words
) -> Iterator[tuple[int, int]]:
    """The names that go on a list: `Yanis (12 ans), Inaya et le petit Adam`."""
    while True:
        place = _past_age(tokens, folded, place)
        begin = place
        while begin < len(tokens) and begin - place < 3 and folded[begin] in _AND:
            begin += 1
        if begin == place or begin >= len(tokens):
            return
        end = _end(tokens, folded, begin, writing, words, strict=True)
        known = any(words.is_name(word.rstrip("'")) for word in folded[begin:end])
        unknown = not words.is_ordinary_anywhere(folded[begin])
        somewhere = words.is_place(folded[begin]) and not words.is_name(folded[begin])  # `frère Rojhat en allemagne`
        if end == begin or somewhere or not (known or unknown):
            return
        yield begin, end
        place = end


def _past_age(tokens: Sequence[Token], folded: Sequence[str], place: int) -> int:
    """Past `(12 ans)` or `, 12 ans`."""
    at = place
    if at < len(tokens) and tokens[at].text in {"(", ","}:
        at += 1
    if at < len(tokens) and tokens[at].text.isdigit():
        at += 1
        if at < len(tokens) and folded[at] in _YEARS:
            at += 1
        if at < len(tokens) and tokens[at].text == ")":
            at += 1
        return at
    return place


def _person(tokens: Sequence[Token], begin: int, end: int, detail: str, score: float) -> Finding:
    last = tokens[end - 1]
    stop = last.start if last.text == "." and end - begin > 1 and len(tokens[end - 2].text) > 1 else last.end
    return Finding(tokens[begin].start, stop, TokenType.PERSON, Reason(Source.TITLE, detail), score)
