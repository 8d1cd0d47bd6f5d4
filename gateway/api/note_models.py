"""Bodies about notes: the text, and what the coach decided about each finding in it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.api.models import Body, Language, NoteBody, Version
from vault.errors import InvalidInput
from vault.freetext import Accept, Add, Apart, Choice, Extend, Merge, Reject, Retype, Split, TokenType
from vault.usecases.note_review import Decided

SpanId = Annotated[str, StringConstraints(pattern=r"^[sm][0-9]{1,6}$")]
Offset = Annotated[int, Field(ge=0, le=1_000_000)]
StandIn = Annotated[str, StringConstraints(max_length=40)]
Type = Annotated[TokenType, Field(strict=False)]


class AcceptBody(Body):
    decision: Literal["accept"]
    span: SpanId
    everywhere: bool = False

    def choice(self) -> Choice:
        return Accept(self.span, self.everywhere)


class RejectBody(Body):
    decision: Literal["reject"]
    span: SpanId
    reason: Annotated[str, StringConstraints(max_length=500)] = ""
    everywhere: bool = False

    def choice(self) -> Choice:
        return Reject(self.span, self.reason, self.everywhere)


class RetypeBody(Body):
    decision: Literal["retype"]
    span: SpanId
    type: Type
    everywhere: bool = False

    def choice(self) -> Choice:
        return Retype(self.span, self.type, self.everywhere)


class MergeBody(Body):
    decision: Literal["merge"]
    span: SpanId
    token: StandIn
    everywhere: bool = False

    def choice(self) -> Choice:
        return Merge(self.span, self.token, self.everywhere)


class ApartBody(Body):
    decision: Literal["apart"]
    span: SpanId
    everywhere: bool = False

    def choice(self) -> Choice:
        return Apart(self.span, self.everywhere)


class ExtendBody(Body):
    decision: Literal["extend"]
    span: SpanId
    start: Offset
    end: Offset

    def choice(self) -> Choice:
        return Extend(self.span, self.start, self.end)


class SplitBody(Body):
    decision: Literal["split"]
    span: SpanId
    at: Annotated[list[Offset], Field(min_length=1, max_length=20)]

    def choice(self) -> Choice:
        return Split(self.span, tuple(self.at))


class AddBody(Body):
    decision: Literal["add"]
    start: Offset
    end: Offset
    type: Type
    token: StandIn = ""
    everywhere: bool = False

    def choice(self) -> Choice:
        return Add(self.start, self.end, self.type, self.token, self.everywhere)


Decision = Annotated[
    AcceptBody | RejectBody | RetypeBody | MergeBody | ApartBody | ExtendBody | SplitBody | AddBody,
    Field(discriminator="decision"),
]
Decisions = Annotated[list[Decision], Field(max_length=10_000)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Text = Annotated[str, StringConstraints(min_length=1)]


class LookBody(Body):
    """A text to look through: nothing of it is stored. note: the one it revises. decisions: tried out on it."""

    text: Text
    language: Language
    note: str | None = None
    decisions: Decisions = Field(default_factory=list)

    def choices(self) -> tuple[Choice, ...]:
        return tuple(one.choice() for one in self.decisions)


class _DecidedBody(Body):
    digest: Digest | None = None
    decisions: Decisions = Field(default_factory=list)

    def decided(self) -> Decided | None:
        """Raises InvalidInput for decisions about nothing."""
        if self.digest is None:
            if self.decisions:
                raise InvalidInput("decisions name the digest of the look that they are about", field="digest")
            return None
        return Decided(self.digest, tuple(one.choice() for one in self.decisions))


class AnswerLookBody(Body):
    """language: what the partner wrote in, if not the case's own. decisions: tried out on the message."""

    language: Language | None = None
    decisions: Decisions = Field(default_factory=list)

    def spoken(self) -> str:
        return str(self.language or "")

    def choices(self) -> tuple[Choice, ...]:
        return tuple(one.choice() for one in self.decisions)


class TakenAnswerBody(_DecidedBody):
    """digest, decisions: about a look at the message, in the same language; without them what is found automatically
    is replaced, and the answer stays sealed while anything is only suggested."""

    language: Language | None = None

    def spoken(self) -> str:
        return str(self.language or "")


class WrittenNoteBody(_DecidedBody, NoteBody):
    """digest, decisions: about a look at exactly this text; without them what is found automatically is replaced, and
    the note is refused while anything is only suggested. unreviewed_from: nobody reviewed it (imports)."""

    unreviewed_from: Annotated[float, Field(ge=0.5, le=1.0, strict=False)] | None = None


class RevisedNoteBody(WrittenNoteBody):
    based_on: Version
    correction: Annotated[str, StringConstraints(max_length=500)] = Field(
        default="", description="why the version it is based on was wrong; empty for an ordinary revision"
    )


class MergeStandInsBody(Body):
    """token: the stand-in that turns out to mean the same as `into`."""

    token: StandIn
    into: StandIn


class SplitStandInBody(Body):
    """forms: as typed, of those that are somebody else."""

    token: StandIn
    forms: Annotated[list[Annotated[str, StringConstraints(max_length=4000)]], Field(min_length=1, max_length=100)]
