"""Text in, stand-ins out; and a second look at the result before anybody may store it.

1. Refuse what cannot be shown as it is stored.
2. Stand-ins already in the text: kept if this case has them, else refused. Nobody can write a stand-in that a later
   entry would turn into somebody.
3. What stages found (`pipeline.Looked`) and what the case knows, settled.
4. Give each finding a stand-in: the case's own for this identity, or the next number.
5. Look through the result again: a known identity that is still there raises Surviving.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from vault.errors import InvalidInput, Surviving
from vault.freetext.findings import Finding
from vault.freetext.folding import fold
from vault.freetext.known import Earlier, KnownIdentities, Matcher
from vault.freetext.linking import Linker, earlier_key
from vault.freetext.normalise import refuse_unwritable
from vault.freetext.pipeline import Looked, settled
from vault.freetext.reading import Reading
from vault.freetext.spans import Decision, Span, Tier, TokenType
from vault.freetext.stand_ins import EXACT, FILLER, TYPE_OF_WORD, alike, write
from vault.freetext.token_map import UNTYPED, Kept, Mark, TokenMap, carried


@dataclass(frozen=True, slots=True, repr=False)
class Pseudonymised:
    """text: with stand-ins, as it would be stored if nothing more is decided. source: what was sent, its stand-ins in
    their exact form; of it `spans` speak. token_map: the grown one. marks: the stand-ins of `text`, in order.
    """

    text: str
    spans: tuple[Span, ...]
    token_map: TokenMap
    source: str = ""
    marks: tuple[Mark, ...] = ()
    before: TokenMap = field(default_factory=TokenMap.empty)
    carried: tuple[int, ...] = ()
    matcher: Matcher | None = None
    version: str = ""

    @property
    def pending(self) -> int:
        """How many suggestions nobody decided."""
        return sum(span.tier is Tier.SUGGEST and span.decision is Decision.PENDING for span in self.spans)


@dataclass(frozen=True, slots=True, repr=False)
class Before:
    """The version of the note that was edited: its stand-ins, and what its reviewer left."""

    marks: tuple[Mark, ...] = ()
    kept: tuple[Kept, ...] = ()


def pseudonymise(
    text: str,
    known: KnownIdentities,
    token_map: TokenMap,
    language: str,
    looked: Looked | None = None,
    *,
    leaves: Callable[[Finding], bool] = lambda _: False,
    edited: Before | None = None,
) -> Pseudonymised:
    """Replace everything in `text` that names the case's people, and with `looked` whatever identifies anybody.

    language: fr, nl, de or en, of the new stand-ins. looked: of exactly `exact_stand_ins(text)`. leaves: what
    the office leaves in notes. edited: the version that this text comes from. Raises InvalidInput (field `text` or
    `language`), Surviving.
    """
    done = look_through(text, known, token_map, language, looked, leaves=leaves, edited=edited)
    refuse_survivors(done, done.text, ())
    return done


def look_through(
    text: str,
    known: KnownIdentities,
    token_map: TokenMap,
    language: str,
    looked: Looked | None = None,
    *,
    leaves: Callable[[Finding], bool] = lambda _: False,
    edited: Before | None = None,
) -> Pseudonymised:
    """The same without the second look: for a reviewer, who may still decide."""
    write(TokenType.PERSON, 1, language)  # refuses an unknown language even where nothing is replaced
    refuse_unwritable(text)
    source = exact_stand_ins(text)
    refuse_forged(source, token_map)
    if looked is None:
        looked = Looked(source, Reading(source, language), (), "")
    if looked.source != source:
        raise ValueError("the stages looked through another text")
    matcher = with_earlier(known, token_map).matcher()
    findings = [one for one in settled(looked, matcher) if not leaves(one)]
    spans, grown = assign(source, looked.reading, findings, token_map, language)
    spans = _decided_before(source, spans, edited.kept if edited is not None else ())
    old = carried_forms(source, edited)
    result, marks, grown = rendered(source, spans, grown, old)
    return Pseudonymised(result, spans, grown, source, marks, token_map, old, matcher, looked.version)


def with_earlier(known: KnownIdentities, token_map: TokenMap) -> KnownIdentities:
    """What the case knows, and what its earlier notes gave a stand-in."""
    earlier = tuple(
        Earlier(earlier_key(entry), entry.type, tuple(dict.fromkeys((entry.canonical, *entry.forms))))
        for entry in token_map.entries
        if entry.person is None and entry.type not in {TokenType.DATE, TokenType.AMOUNT, TokenType.BIRTH_DATE}
    )
    return replace(known, earlier=earlier)


def exact_stand_ins(text: str) -> str:
    """`text` with everything that looks like a stand-in in its exact form."""
    pieces: list[str] = []
    done = 0
    for found in alike(text):
        pieces += [text[done : found.start], found.text]
        done = found.end
    return "".join([*pieces, text[done:]])


def refuse_forged(source: str, token_map: TokenMap) -> None:
    """Raises InvalidInput if `source` holds a stand-in that the case does not have."""
    for found in alike(source):
        if token_map.find(found.type, found.number) is None:
            raise InvalidInput(
                f"at character {found.start + 1} stands what looks like a stand-in, but this case has none with that "
                "number; write the name, or leave out the square brackets",
                field="text",
            )


def assign(
    source: str, reading: Reading, findings: Sequence[Finding], token_map: TokenMap, language: str
) -> tuple[tuple[Span, ...], TokenMap]:
    """A span with a stand-in for each finding, and the map that knows them all. What is certain comes first."""
    linker = Linker(token_map)
    spans: dict[int, Span] = {}
    order = sorted(enumerate(findings), key=lambda pair: (pair[1].tier is Tier.SUGGEST, pair[0]))
    for place, found in order:
        start, end = reading.normalised.source_span(found.start, found.end)
        entry, others = linker.entry_for(found, source[start:end])
        spans[place] = Span(
            f"s{place + 1}",
            start,
            end,
            found.type,
            found.tier,
            found.score,
            (found.reason,),
            write(entry.type, entry.number, language),
            tuple(write(other.type, other.number, language) for other in others),
        )
    return tuple(spans[place] for place in range(len(findings))), linker.token_map


def carried_forms(source: str, edited: Before | None) -> tuple[int, ...]:
    """The forms of the stand-ins that stand in `source` already."""
    there = [(TYPE_OF_WORD[found[1]], int(found[2])) for found in EXACT.finditer(source)]
    return carried(edited.marks if edited is not None else (), there)


def rendered(
    source: str, spans: Sequence[Span], token_map: TokenMap, old: Sequence[int]
) -> tuple[str, tuple[Mark, ...], TokenMap]:
    """`source` with the stand-ins of all spans that are to be replaced; all its stand-ins with their forms; the map
    with those forms. The spans do not overlap. old: forms of the stand-ins that `source` has already, in order.
    """
    there: list[tuple[int, int, str, int | None]] = [
        (found.start(), found.end(), found[0], at) for at, found in enumerate(EXACT.finditer(source))
    ]
    there += [(span.start, span.end, span.token, None) for span in spans if span.replaced]
    pieces: list[str] = []
    marks: list[Mark] = []
    done = 0
    for start, end, token, at in sorted(there):
        found = EXACT.fullmatch(token)
        assert found is not None
        kind, number = TYPE_OF_WORD[found[1]], int(found[2])
        if at is None:
            token_map, form = token_map.with_form(kind, number, source[start:end])
        else:
            form = old[at] if at < len(old) else UNTYPED
        pieces += [source[done:start], token]
        marks.append(Mark(kind, number, form))
        done = end
    return "".join([*pieces, source[done:]]), tuple(marks), token_map


def refuse_survivors(done: Pseudonymised, text: str, left: Sequence[tuple[int, int]]) -> None:
    """Raises Surviving if `text` still holds a known identity outside the places that a reviewer left on purpose."""
    if done.matcher is None:
        return
    bare = list(EXACT.sub(lambda found: FILLER * len(found[0]), text))
    for start, end in left:
        bare[start:end] = FILLER * (end - start)
    survivors = done.matcher.survivors("".join(bare))
    if survivors:
        raise Surviving(survivors)


def _decided_before(source: str, spans: Sequence[Span], kept: Sequence[Kept]) -> tuple[Span, ...]:
    """Spans that the reviewer of this very note left before stay left: nobody decides the same thing twice.

    Unless the case, or check digits, say by now whom it names and no reason was given then.
    """
    left = {(one.type, fold(one.text).text): one for one in kept}
    decided = []
    for span in spans:
        before = left.get((span.type, fold(source[span.start : span.end]).text))
        if before is not None and span.needs_reason_to_reject and not before.reason.strip():
            before = None
        decided.append(
            span if before is None else replace(span, decision=Decision.REJECT, by=before.by, decided_before=True)
        )
    return tuple(decided)
