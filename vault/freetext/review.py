"""What the coach decides about the spans of a text, before it is saved.

    done = look_through(text, known, token_map, "fr", looked)
    review(done, [Reject("s1", "the town, not the person")], language="fr", by=actor, at=clock.now())

1. Accept, reject, retype, merge into an existing stand-in or set apart from it, extend or shorten, split, or add what
   was missed; one decision can hold for every occurrence.
2. Rejecting what the case knows, or check digits prove, needs a reason.
3. Nothing is finished while a suggestion is undecided, nor while a known identity survives in the result.
Reasons are the coach's own words: they are kept in the sealed token map, they are not part of a span.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Final

from vault.errors import InvalidInput, ReviewNeeded
from vault.freetext.findings import Finding
from vault.freetext.folding import fold
from vault.freetext.linking import Linker
from vault.freetext.replace import Pseudonymised, refuse_survivors, rendered
from vault.freetext.spans import Decision, Reason, Source, Span, Tier, TokenType
from vault.freetext.stand_ins import EXACT, TYPE_OF_WORD, write
from vault.freetext.token_map import Kept, Mark, TokenMap

_SHORTEST_REASON: Final = 5  # characters; a word, not a full stop
_LONGEST_REASON: Final = 500
_MOST_DECISIONS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Accept:
    """The span is what it was taken for. everywhere: so is every span with the same stand-in.

    alike: so is every span that is written alike and was found as the same, and no other (`written_alike`).
    """

    span: str
    everywhere: bool = False
    alike: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Reject:
    """The span names nobody: the text stays. everywhere: also where the same text stands elsewhere.

    alike: also where the same text was found as the same. A town that is left leaves nobody who is called like it.
    """

    span: str
    reason: str = ""
    everywhere: bool = False
    alike: bool = False


@dataclass(frozen=True, slots=True)
class Retype:
    """The span is of another type."""

    span: str
    type: TokenType
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """The span means whom `token`, a stand-in of the case, means."""

    span: str
    token: str
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Apart:
    """The span means somebody else than its stand-in says: it gets one of its own."""

    span: str
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Extend:
    """The span goes from `start` to `end`: longer or shorter than it was found."""

    span: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Split:
    """The span is several, cut at these offsets of the text; each part is linked anew."""

    span: str
    at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Add:
    """What was missed: offsets in `source`. token: a stand-in of the case, or "" for the fitting or a new one."""

    start: int
    end: int
    type: TokenType
    token: str = ""
    everywhere: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Missed:
    """What was missed, as it is written: wherever it stands alone and nothing else was found."""

    text: str
    type: TokenType


Choice = Accept | Reject | Retype | Merge | Apart | Extend | Split | Add | Missed


@dataclass(frozen=True, slots=True, repr=False)
class Rejection:
    """Why the span was left in the text."""

    span: str
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Reviewed:
    """text: as it will be stored. marks: its stand-ins, in order. kept: what was left on purpose."""

    text: str
    spans: tuple[Span, ...]
    token_map: TokenMap
    rejections: tuple[Rejection, ...]
    marks: tuple[Mark, ...] = ()
    kept: tuple[Kept, ...] = ()
    version: str = ""


def written_alike(written: str, kind: str, tier: str) -> tuple[str, str, str]:
    """Equal for two findings that a reviewer decides in one. written: as in the text; kind, tier: as it was found."""
    return written.casefold(), kind, tier


def review(done: Pseudonymised, decisions: Sequence[Choice], *, language: str, by: str, at: datetime) -> Reviewed:
    """Apply `decisions` in order; a later one about the same span replaces the earlier.

    Raises InvalidInput (unknown span or stand-in, overlap, missing reason), ReviewNeeded for undecided suggestions,
    Surviving.
    """
    if len(decisions) > _MOST_DECISIONS:
        raise InvalidInput(f"at most {_MOST_DECISIONS} decisions are taken at once", field="decisions")
    desk = _Desk(done, language, by, at)
    for decision in decisions:
        desk.take(decision)
    return desk.finish()


class _Desk:
    """The state of one review."""

    def __init__(self, done: Pseudonymised, language: str, by: str, at: datetime) -> None:
        self.done, self.source, self.language, self.by, self.at = done, done.source, language, by, at
        self.spans = {span.id: span for span in done.spans}
        self._found_as = {
            span.id: written_alike(self.source[span.start : span.end], span.type.value, span.tier.value)
            for span in done.spans
        }
        self.rejections: dict[str, str] = {}
        self.linker = Linker(_without_new_forms(done.token_map, done.before))
        self.made = 0

    def take(self, decision: Choice) -> None:
        match decision:
            case Extend(span, start, end):
                self._extend(span, start, end)
            case Split(span, cuts):
                self._split(span, cuts)
            case Add():
                self._add(decision)
            case Missed(text, kind):
                self._missed(text, kind)
            case Reject(span, reason, everywhere, alike):
                for one in self._alike(span) if alike else self._with_text(span, everywhere):
                    self._reject(one, reason)
            case Accept(span, _, True):
                self._name(decision, self._alike(span))
            case (
                Accept(span, everywhere)
                | Retype(span, _, everywhere)
                | Merge(span, _, everywhere)
                | Apart(span, everywhere)
            ):
                self._name(decision, self._with_token(span, everywhere))

    def _name(self, decision: Accept | Retype | Merge | Apart, spans: Sequence[str]) -> None:
        """Decide what these spans stand for."""
        if isinstance(decision, Retype):
            for one in spans:
                self._decide(one, Decision.RETYPE, decision.type, self._linked(decision.type, self.spans[one]))
            return
        what, kind, token = Decision.ACCEPT, None, ""
        if isinstance(decision, Merge):
            what, (kind, token) = Decision.MERGE, self._existing(decision.token)
        elif isinstance(decision, Apart):
            what, token = Decision.MERGE, self._own(self._span(decision.span))
        for one in spans:
            self._decide(one, what, kind, token)

    def finish(self) -> Reviewed:
        spans = tuple(sorted(self.spans.values(), key=lambda span: span.start))
        pending = sum(span.tier is Tier.SUGGEST and span.decision is Decision.PENDING for span in spans)
        if pending:
            raise ReviewNeeded(pending)
        text, marks, grown = rendered(self.source, spans, self.linker.token_map, self.done.carried)
        left = [span for span in spans if span.decision is Decision.REJECT]
        refuse_survivors(self.done, text, _places_in_result(spans, left))
        used = {(TYPE_OF_WORD[found[1]], int(found[2])) for found in EXACT.finditer(text)}
        grown = grown.without_unused(self.done.before, used)
        rejections = tuple(Rejection(span, reason) for span, reason in self.rejections.items())
        return Reviewed(text, spans, grown, rejections, marks, self._kept(left), self.done.version)

    # -- which spans a decision is about ------------------------------------------------------------

    def _span(self, span: str) -> Span:
        try:
            return self.spans[span]
        except KeyError:
            raise InvalidInput("a decision names a span that this text does not have", field="decisions") from None

    def _with_token(self, span: str, everywhere: bool) -> list[str]:
        token = self._span(span).token
        return [one.id for one in self.spans.values() if one.token == token] if everywhere else [span]

    def _with_text(self, span: str, everywhere: bool) -> list[str]:
        wanted = self._text(self._span(span))
        return [one.id for one in self.spans.values() if self._text(one) == wanted] if everywhere else [span]

    def _alike(self, span: str) -> list[str]:
        """Those that the pages show in one line: told apart by what was found, whatever was decided since."""
        wanted = self._found_as.get(self._span(span).id)
        return [one for one, found in self._found_as.items() if found == wanted and one in self.spans] or [span]

    def _text(self, span: Span) -> str:
        return fold(self.source[span.start : span.end]).text

    # -- the decisions --------------------------------------------------------------------------------

    def _decide(self, span: str, what: Decision, kind: TokenType | None = None, token: str = "") -> None:
        old = self._span(span)
        self.rejections.pop(span, None)
        self.spans[span] = replace(
            old, decision=what, by=self.by, at=self.at, type=kind or old.type, token=token or old.token,
            decided_before=False,
        )  # fmt: skip

    def _reject(self, span: str, reason: str) -> None:
        reason = reason.strip()
        if len(reason) > _LONGEST_REASON:
            raise InvalidInput(f"a reason holds at most {_LONGEST_REASON} characters", field="reason")
        if self._span(span).needs_reason_to_reject and len(reason) < _SHORTEST_REASON:
            raise InvalidInput("say why: the case or the check digits say that this names somebody", field="reason")
        self._decide(span, Decision.REJECT)
        self.rejections[span] = reason

    def _extend(self, span: str, start: int, end: int) -> None:
        old = self._span(span)
        self._check_place(start, end, besides=span)
        if not (start < old.end and old.start < end):
            raise InvalidInput("the new place of a span overlaps its old one", field="decisions")
        self.spans[span] = replace(old, start=start, end=end)
        self._decide(span, Decision.ACCEPT if old.decision in {Decision.PENDING, Decision.REJECT} else old.decision)

    def _split(self, span: str, cuts: tuple[int, ...]) -> None:
        old = self._span(span)
        places = [old.start, *cuts, old.end]
        if not cuts or any(first >= second for first, second in pairwise(places)):
            raise InvalidInput("a span is split inside it, at ascending places", field="decisions")
        parts = [self._trimmed(first, second) for first, second in pairwise(places)]
        if any(first >= second for first, second in parts):
            raise InvalidInput("a span is split into parts that hold something", field="decisions")
        del self.spans[span]
        self.rejections.pop(span, None)
        for first, second in parts:
            self._put(first, second, old.type, "", old.reasons)

    def _add(self, missed: Add) -> None:
        self._check_place(missed.start, missed.end)
        kind, token = missed.type, ""
        if missed.token:
            kind, token = self._existing(missed.token)
        reasons = (Reason(Source.HAND, "marked by the reviewer"),)
        first = self._put(missed.start, missed.end, kind, token, reasons)
        if missed.everywhere:
            self._add_elsewhere(self.spans[first], reasons)

    def _missed(self, text: str, kind: TokenType) -> None:
        text = text.strip()
        place = next(self._alone(text), None) if text else None
        if place is None:
            raise InvalidInput("these words stand nowhere in the text by themselves", field="missed")
        self._add(Add(*place, kind, everywhere=True))

    def _add_elsewhere(self, first: Span, reasons: tuple[Reason, ...]) -> None:
        for start, end in tuple(self._alone(self.source[first.start : first.end])):
            self._put(start, end, first.type, first.token, reasons)

    def _alone(self, typed: str) -> Iterator[tuple[int, int]]:
        """Where exactly this stands by itself and nothing was found yet; no two places overlap."""
        taken = self._taken()
        at = self.source.find(typed)
        while at >= 0:
            end = at + len(typed)
            alone = not (self.source[max(at - 1, 0) : at].isalnum() or self.source[end : end + 1].isalnum())
            if alone and not any(taken[at:end]):
                yield at, end
                taken[at:end] = b"\1" * (end - at)
            at = self.source.find(typed, at + 1)

    # -- parts ----------------------------------------------------------------------------------------

    def _put(self, start: int, end: int, kind: TokenType, token: str, reasons: tuple[Reason, ...]) -> str:
        self.made += 1
        new = Span(
            f"m{self.made}", start, end, kind, Tier.AUTO, 1.0, reasons, token, (), Decision.ACCEPT, self.by, self.at
        )
        self.spans[new.id] = replace(new, token=token or self._linked(kind, new))
        return new.id

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        while start < end and not self.source[start].isalnum():
            start += 1
        while end > start and not self.source[end - 1].isalnum():
            end -= 1
        return start, end

    def _check_place(self, start: int, end: int, besides: str = "") -> None:
        inside = 0 <= start < end <= len(self.source)
        if not inside or not self.source[start:end].strip():
            raise InvalidInput("the marked place is empty or outside the text", field="decisions")
        if self._overlaps(start, end, besides):
            raise InvalidInput("the marked place overlaps another one", field="decisions")

    def _overlaps(self, start: int, end: int, besides: str = "") -> bool:
        return any(self._taken(besides)[start:end])

    def _taken(self, besides: str = "") -> bytearray:
        """For each character of the source whether a span or a stand-in has it."""
        taken = bytearray(len(self.source))
        places = [
            (span.start, span.end)
            for span in self.spans.values()
            if span.decision is not Decision.REJECT and span.id != besides
        ]
        for start, end in places + [found.span() for found in EXACT.finditer(self.source)]:
            taken[start:end] = b"\1" * (end - start)
        return taken

    def _linked(self, kind: TokenType, span: Span) -> str:
        typed = self.source[span.start : span.end]
        found = Finding(span.start, span.end, kind, Reason(Source.HAND, "marked by the reviewer"))
        entry, _ = self.linker.entry_for(found, typed.strip())
        return write(kind, entry.number, self.language)

    def _own(self, span: Span) -> str:
        typed = " ".join(self.source[span.start : span.end].split())
        return write(span.type, self.linker.add(span.type, typed).number, self.language)

    def _existing(self, token: str) -> tuple[TokenType, str]:
        found = EXACT.fullmatch(token)
        if found is None or self.linker.token_map.find(TYPE_OF_WORD[found[1]], int(found[2])) is None:
            raise InvalidInput("the stand-in to merge into is not one of this case", field="token")
        kind = TYPE_OF_WORD[found[1]]
        return kind, write(kind, int(found[2]), self.language)

    def _kept(self, left: Sequence[Span]) -> tuple[Kept, ...]:
        at = self.at.isoformat(timespec="seconds")
        return tuple(
            Kept(
                span.type, self.source[span.start : span.end], self.rejections.get(span.id, ""), span.by or self.by, at
            )
            for span in left
        )


def _without_new_forms(grown: TokenMap, before: TokenMap) -> TokenMap:
    """The map as it was before the text was rendered: its new entries, but no new forms."""
    old = {(entry.type, entry.number): entry for entry in before.entries}
    entries = tuple(old.get((one.type, one.number)) or replace(one, forms=()) for one in grown.entries)
    return replace(grown, entries=entries)


def _places_in_result(spans: Sequence[Span], wanted: Sequence[Span]) -> list[tuple[int, int]]:
    """Where spans that were left stand in the text after replacement. spans: in order."""
    left = {span.id for span in wanted}
    places = []
    shift = 0
    for span in spans:
        if span.replaced:
            shift += len(span.token) - (span.end - span.start)
        elif span.id in left:
            places.append((span.start + shift, span.end + shift))
    return places
