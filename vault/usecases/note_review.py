"""Looking through a note before it is stored: what was found, what the coach decides, what is then written.

The text that was typed lives in the request alone. Looking costs time and happens before the transaction
(`Office.look`); here the case's own people are added, inside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.shaping import shape
from vault.cases.model import Case
from vault.cases.notes import NoteText
from vault.errors import NotFound, ReviewNeeded, ReviewStale
from vault.freetext import (
    Before,
    Choice,
    Looked,
    NoteTrace,
    Pseudonymised,
    Reviewed,
    Span,
    TokenMap,
    look_through,
    review,
)
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.free_text import Names, open_names
from vault.vocabulary import Action, Kind, Purpose

_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True, repr=False)
class Decided:
    """What the coach decided about a look at the text. digest: of the look. decisions: in order."""

    digest: str
    decisions: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """A text that is not stored. looked: what the stages found in it. note: the one it revises, None for a new one."""

    case: CaseId
    text: str
    language: str
    looked: Looked
    note: RecordId | None = None


def review_note(
    uow: UnitOfWork, actor: Actor, typed: Typed, casework: Casework, decisions: Sequence[Choice] = (), version: int = 0
) -> Values:
    """What a text holds that identifies people; nothing is stored. decisions: tried out on it.

    Raises NotFound, InvalidInput.
    """
    case = uow.cases.get(typed.case)
    if typed.note is not None:
        base = uow.records.head(typed.note)
        if base is None or base.case != typed.case or base.kind is not Kind.NOTE:
            case = None  # a note of another case is no note of this one
    permit = casework.ask(
        uow, actor, Action.REVIEW, Kind.NOTE, case, purpose=Purpose.COACHING,
        asked=typed.note.hex() if typed.note is not None else typed.case.hex(), outcome="looked_through",
    )  # fmt: skip
    done, _ = looked_at(uow, permit, existing(case), typed, casework)
    preview, spans = done.text, done.spans
    if decisions:
        tried = review(done, decisions, language=typed.language, by=actor.id.hex(), at=casework.clock.now())
        preview, spans = tried.text, tried.spans
    return shape(permit.profile, _review_values(typed, done, preview, spans, version))


def note_to_look_at(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, note: RecordId, casework: Casework
) -> tuple[str, str, int]:
    """First half of looking through a stored note again: its text, language and version. Raises NotFound, Erased."""
    record = uow.records.head(note)
    case = uow.cases.get(case_id)
    if record is None or record.case != case_id or record.kind is not Kind.NOTE:
        case = None
    permit = casework.ask(
        uow,
        actor,
        Action.REVIEW,
        Kind.NOTE,
        case,
        purpose=Purpose.COACHING,
        asked=note.hex(),
        outcome="opened_for_look",
    )
    if record is None:
        raise NotFound("no such item, or not for you")
    text = NoteText.decode(casework.keeper.open(uow, permit, record).expose()).text
    return text, record.language, record.version


def looked_at(
    uow: UnitOfWork, permit: Permit, case: Case, typed: Typed, casework: Casework
) -> tuple[Pseudonymised, Names]:
    """The text with stand-ins, and what the case knew before. Raises InvalidInput, NotFound, Erased."""
    names = open_names(uow, permit, case.id, casework)
    token_map = names.at.token_map
    trace = token_map.newest_trace(typed.note.hex()) if typed.note is not None else None
    done = look_through(
        typed.text, names.known, token_map, typed.language, typed.looked,
        leaves=casework.office.leaves, edited=Before(trace.marks, trace.kept) if trace is not None else None,
    )  # fmt: skip
    return done, names


def decide(
    done: Pseudonymised, decided: Decided | None, unreviewed_from: float | None, language: str, actor: Actor,
    casework: Casework,
) -> Reviewed:  # fmt: skip
    """The text as it may be stored. decided None: only what is found automatically is replaced.

    unreviewed_from: nobody reviewed the text; then every finding must be at least so sure.
    Raises ReviewNeeded, ReviewStale, Surviving, InvalidInput.
    """
    if decided is not None and decided.digest != digest_of(done):
        raise ReviewStale("the case or the program has changed since this text was looked through: look again")
    if unreviewed_from is not None and decided is None:
        unsure = sum(span.score < unreviewed_from for span in done.spans if not span.decided_before)
        if unsure:
            raise ReviewNeeded(unsure, f"{unsure} finding(s) are less sure than {unreviewed_from:.2f}: review the note")
    decisions = decided.decisions if decided is not None else ()
    return review(done, decisions, language=language, by=actor.id.hex(), at=casework.clock.now())


def traced(reviewed: Reviewed, note: RecordId, version: int) -> TokenMap:
    """The reviewed map with how this version of the note came about."""
    if not reviewed.marks and not reviewed.kept:
        return reviewed.token_map
    trace = NoteTrace(note.hex(), version, reviewed.version, reviewed.marks, reviewed.kept)
    return reviewed.token_map.with_trace(trace)


def digest_of(done: Pseudonymised) -> str:
    """Equal for two looks at one text that found the same: decisions about one are decisions about the other."""
    spans = [(one.id, one.start, one.end, one.type.value, one.tier.value, one.token) for one in done.spans]
    told = repr((done.version, done.source, spans)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[: 2 * _DIGEST_BYTES]


def _review_values(
    typed: Typed, done: Pseudonymised, preview: str, spans: Sequence[Span], version: int
) -> dict[str, Any]:
    return {
        "reference": reference(typed.case),
        "note": typed.note.hex() if typed.note is not None else None,
        "version": version,
        "text": done.source,
        "spans": [span_values(span) for span in spans],
        "preview": preview,
        "pending": replace(done, spans=tuple(spans)).pending,
        "digest": digest_of(done),
        "pipeline": done.version,
    }


def span_values(span: Span) -> dict[str, Any]:
    """A span as programs see it: offsets and codes, never words of the text."""
    return {
        "id": span.id,
        "start": span.start,
        "end": span.end,
        "type": span.type.value,
        "tier": span.tier.value,
        "score": round(span.score, 3),
        "reasons": [{"source": reason.source.value, "detail": reason.detail} for reason in span.reasons],
        "token": span.token,
        "same_as": list(span.same_as),
        "decision": span.decision.value,
        "needs_reason": span.needs_reason_to_reject,
        "decided_before": span.decided_before,
    }
