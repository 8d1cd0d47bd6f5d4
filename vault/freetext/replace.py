"""Text in, stand-ins out; and a second look at the result before anybody may store it.

1. Normalise; refuse what cannot be shown as it is stored.
2. Stand-ins already in the text: kept if this case has them, else refused. Nobody can write a stand-in that a
   later entry would turn into somebody.
3. Find the known identities outside them.
4. Give each a stand-in, in order of place: the case's own for this identity, or the next number.
5. Look through the result again: a known identity that is still there raises Surviving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vault.errors import InvalidInput, Surviving
from vault.freetext.detect import Candidate
from vault.freetext.known import KnownIdentities
from vault.freetext.normalise import normalise
from vault.freetext.spans import Span, TokenType
from vault.freetext.stand_ins import alike, masked, write
from vault.freetext.token_map import Entry, TokenMap


@dataclass(frozen=True, slots=True, repr=False)
class Pseudonymised:
    """text: with stand-ins. source: the normalised text, of which `spans` speak. token_map: the grown one."""

    text: str
    spans: tuple[Span, ...]
    token_map: TokenMap
    source: str = ""


def pseudonymise(text: str, known: KnownIdentities, token_map: TokenMap, language: str) -> Pseudonymised:
    """Replace everything in `text` that names the case's people. language: fr, nl, de or en, of the new stand-ins.

    Raises InvalidInput (field `text` or `language`), Surviving.
    """
    write(TokenType.PERSON, 1, language)  # refuses an unknown language even where nothing is replaced
    source = with_exact_stand_ins(normalise(text).text, token_map)
    matcher = known.matcher()
    spans, grown = assign(matcher.detect(masked(source)), token_map, language)
    result = replaced(source, spans)
    survivors = matcher.survivors(masked(result))
    if survivors:
        raise Surviving(survivors)
    return Pseudonymised(result, spans, grown, source)


def with_exact_stand_ins(text: str, token_map: TokenMap) -> str:
    """`text` with every stand-in of this case in its exact form.

    Raises InvalidInput if one looks like a stand-in that the case does not have.
    """
    pieces: list[str] = []
    done = 0
    for found in alike(text):
        if token_map.find(found.type, found.number) is None:
            raise InvalidInput(
                f"at character {found.start + 1} stands what looks like a stand-in, but this case has none with that "
                "number; write the name, or leave out the square brackets",
                field="text",
            )
        pieces += [text[done : found.start], found.text]
        done = found.end
    return "".join([*pieces, text[done:]])


def assign(candidates: Sequence[Candidate], token_map: TokenMap, language: str) -> tuple[tuple[Span, ...], TokenMap]:
    """A span with a stand-in for each candidate, and the map that knows them all."""
    spans: list[Span] = []
    seen: dict[tuple[TokenType, str, str | None], Entry] = {}
    for number, found in enumerate(candidates, start=1):
        meant = (found.type, found.canonical, found.person)
        if meant not in seen:
            token_map, seen[meant] = token_map.with_entry(*meant, found.names)
        entry = seen[meant]
        others = tuple(
            write(other.type, other.number, language)
            for other in token_map.entries
            if other.type is found.type and other.person in found.same_as
        )
        spans.append(
            Span(
                f"s{number}",
                found.start,
                found.end,
                found.type,
                found.tier,
                found.score,
                (found.reason,),
                write(entry.type, entry.number, language),
                others,
            )
        )
    return tuple(spans), token_map


def replaced(source: str, spans: Sequence[Span]) -> str:
    """`source` with the stand-ins of all spans that are to be replaced. The spans do not overlap."""
    pieces: list[str] = []
    done = 0
    for span in sorted((span for span in spans if span.replaced), key=lambda span: span.start):
        pieces += [source[done : span.start], span.token]
        done = span.end
    return "".join([*pieces, source[done:]])
