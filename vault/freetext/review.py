"""What the coach decides about the spans of a text, before it is saved.

    done = pseudonymise(text, known, token_map, "fr")
    review(done, [Reject("s1", "the town, not the person")], language="fr", by=actor, at=clock.now())

1. Accept, reject, retype, merge into an existing stand-in, or add what was missed.
2. Rejecting what the case knows, or check digits prove, needs a reason.
3. Nothing is finished while a suggestion is undecided.
Reasons are the coach's own words: the caller seals them with the note, they are not part of a span.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vault.errors import InvalidInput
from vault.freetext.replace import Pseudonymised, replaced
from vault.freetext.spans import Decision, Reason, Source, Span, Tier, TokenType
from vault.freetext.stand_ins import EXACT, TYPE_OF_WORD, write
from vault.freetext.token_map import TokenMap

_SHORTEST_REASON: Final = 5  # characters; a word, not a full stop
_LONGEST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Accept:
    """The span is what it was taken for."""

    span: str


@dataclass(frozen=True, slots=True, repr=False)
class Reject:
    """The span names nobody: the text stays."""

    span: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Retype:
    """The span is of another type."""

    span: str
    type: TokenType


@dataclass(frozen=True, slots=True)
class Merge:
    """The span means whom `token`, a stand-in of the case, means."""

    span: str
    token: str


@dataclass(frozen=True, slots=True)
class Add:
    """What was missed: offsets in `source`. token: a stand-in of the case, or "" for a new one."""

    start: int
    end: int
    type: TokenType
    token: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Rejection:
    """Why the span was left in the text."""

    span: str
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Reviewed:
    """text: as it will be stored."""

    text: str
    spans: tuple[Span, ...]
    token_map: TokenMap
    rejections: tuple[Rejection, ...]


def review(
    done: Pseudonymised,
    decisions: Sequence[Accept | Reject | Retype | Merge | Add],
    *,
    language: str,
    by: str,
    at: datetime,
) -> Reviewed:
    """Apply `decisions` in order; a later one about the same span replaces the earlier.

    Raises InvalidInput: unknown span or stand-in, overlap, missing reason, undecided suggestion.
    """
    desk = _Desk(done, language, by, at)
    for decision in decisions:
        desk.take(decision)
    return desk.finish()


class _Desk:
    """The state of one review."""

    def __init__(self, done: Pseudonymised, language: str, by: str, at: datetime) -> None:
        self.source, self.language, self.by, self.at = done.source, language, by, at
        self.token_map = done.token_map
        self.spans = {span.id: span for span in done.spans}
        self.rejections: dict[str, str] = {}

    def take(self, decision: Accept | Reject | Retype | Merge | Add) -> None:
        match decision:
            case Accept(span):
                self._decide(span, Decision.ACCEPT)
            case Reject(span, reason):
                self._reject(span, reason)
            case Retype(span, kind):
                start, end = self._span(span).start, self._span(span).end
                self._decide(span, Decision.RETYPE, kind, self._new(kind, start, end))
            case Merge(span, token):
                self._decide(span, Decision.MERGE, *self._existing(token))
            case Add():
                self._add(decision)

    def finish(self) -> Reviewed:
        spans = tuple(sorted(self.spans.values(), key=lambda span: span.start))
        open_ = sum(span.tier is Tier.SUGGEST and span.decision is Decision.PENDING for span in spans)
        if open_:
            raise InvalidInput(f"{open_} suggestion(s) are not decided yet", field="spans")
        rejections = tuple(Rejection(span, reason) for span, reason in self.rejections.items())
        return Reviewed(replaced(self.source, spans), spans, self.token_map, rejections)

    def _span(self, span: str) -> Span:
        try:
            return self.spans[span]
        except KeyError:
            raise InvalidInput("a decision names a span that this text does not have", field="spans") from None

    def _decide(self, span: str, what: Decision, kind: TokenType | None = None, token: str = "") -> None:
        old = self._span(span)
        self.rejections.pop(span, None)
        self.spans[span] = replace(
            old, decision=what, by=self.by, at=self.at, type=kind or old.type, token=token or old.token
        )

    def _reject(self, span: str, reason: str) -> None:
        reason = reason.strip()
        if len(reason) > _LONGEST_REASON:
            raise InvalidInput(f"a reason holds at most {_LONGEST_REASON} characters", field="reason")
        if self._span(span).needs_reason_to_reject and len(reason) < _SHORTEST_REASON:
            raise InvalidInput("say why: the case or the check digits say that this names somebody", field="reason")
        self._decide(span, Decision.REJECT)
        self.rejections[span] = reason

    def _add(self, missed: Add) -> None:
        inside = 0 <= missed.start < missed.end <= len(self.source)
        if not inside or not self.source[missed.start : missed.end].strip():
            raise InvalidInput("the marked place is empty or outside the text", field="spans")
        taken = [(span.start, span.end) for span in self.spans.values() if span.decision is not Decision.REJECT]
        taken += [found.span() for found in EXACT.finditer(self.source)]
        if any(missed.start < end and start < missed.end for start, end in taken):
            raise InvalidInput("the marked place overlaps another one", field="spans")
        kind, token = missed.type, ""
        if missed.token:
            kind, token = self._existing(missed.token)
        token = token or self._new(kind, missed.start, missed.end)
        number = 1 + sum(span.startswith("m") for span in self.spans)
        self.spans[f"m{number}"] = Span(
            f"m{number}", missed.start, missed.end, kind, Tier.AUTO, 1.0, (Reason(Source.REPEAT, "marked by hand"),),
            token, (), Decision.ACCEPT, self.by, self.at,
        )  # fmt: skip

    def _new(self, kind: TokenType, start: int, end: int) -> str:
        self.token_map, entry = self.token_map.with_entry(kind, self.source[start:end].strip())
        return write(kind, entry.number, self.language)

    def _existing(self, token: str) -> tuple[TokenType, str]:
        found = EXACT.fullmatch(token)
        if found is None or self.token_map.find(TYPE_OF_WORD[found[1]], int(found[2])) is None:
            raise InvalidInput("the stand-in to merge into is not one of this case", field="token")
        kind = TYPE_OF_WORD[found[1]]
        return kind, write(kind, int(found[2]), self.language)
