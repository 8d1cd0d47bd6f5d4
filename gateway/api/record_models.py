"""Bodies of what a coach records: facts, attachments' descriptions, tasks, drafts, letters. Strict and bounded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.api.models import Body, Day, Language, NoteBody, Version
from vault.cases.facts import Fact
from vault.cases.letters import Value
from vault.vocabulary import Provenance

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{0,40}$")]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Line = Annotated[str, StringConstraints(max_length=400, strip_whitespace=True)]


class FactBody(Body):
    """One fact, or a new version of one. Which codes and values there are: docs/records.md."""

    code: Code
    value: Code = ""
    status: Code = ""
    on: Annotated[str, StringConstraints(max_length=10)] = Field(
        default="", description="a day, month or year: YYYY, YYYY-MM, YYYY-MM-DD"
    )
    about: Line = Field(default="", description="whom it concerns, if not everybody; a known name becomes a stand-in")
    detail: Text = ""
    source: Line = ""
    service: Code = Field(default="", description="for a need: who is to meet it")
    referral: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{32})?$")] = ""
    holds: bool = Field(default=True, description="false once it is no longer so")
    language: Language

    def content(self) -> Fact:
        return Fact(
            self.code, self.value, self.status, self.on, self.about, self.detail, self.source, self.service,
            self.referral, self.holds,
        )  # fmt: skip


class NewFactBody(FactBody):
    provenance: Annotated[Provenance, Field(strict=False)]


class RevisedFactBody(FactBody):
    """No provenance: it never changes."""

    based_on: Version
    correction: Annotated[str, StringConstraints(max_length=500)] = Field(
        default="", description="why the version it is based on was wrong; empty for an ordinary revision"
    )


class DescriptionBody(Body):
    """A file's description. based_on: 1 for one that has just arrived."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    caption: Annotated[str, StringConstraints(max_length=4000)] = ""
    language: Language
    based_on: Version


class TaskBody(Body):
    title: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    due_on: Day
    remind_on: Day | None = Field(default=None, description="from when it shows in the agenda; default: when it is due")
    language: Language
    done: bool = False


class ChangedTaskBody(TaskBody):
    based_on: Version


class AgendaBody(Body):
    until: Day | None = Field(default=None, description="default: today")


class DraftBody(NoteBody):
    """What was typed so far; may be empty. based_on: the version that is being revised, 0 for a new note."""

    text: Annotated[str, StringConstraints()]
    based_on: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class _LetterBody(Body):
    languages: Annotated[list[Language], Field(min_length=1, max_length=4)]
    contact: Line

    def added(self) -> dict[str, Value]:
        """What the sender adds to the letter."""
        given = self.model_dump(exclude={"letter", "languages"}, exclude_none=True)
        return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


class InvitationBody(_LetterBody):
    letter: Literal["invitation", "reminder"]
    appointment_on: Day
    appointment_time: Annotated[str, StringConstraints(pattern=r"^[0-2][0-9]:[0-5][0-9]$")]
    place: Line
    leaflet: Line
    missed_on: Day | None = None


class LetterBody(_LetterBody):
    """Each letter has its own fields: docs/records.md."""

    letter: Literal["consequences", "closing", "referral"]
    reason: str | None = None
    respond_by: Day | None = None
    place: Line | None = None
    outcome: str | None = None
    closed_on: Day | None = None
    partner: Code | None = None
    need: Code | None = None
    shared: Annotated[list[str], Field(max_length=10)] | None = None
    expires_on: Day | None = None
