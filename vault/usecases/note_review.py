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
from vault.cases.people import Contact, Identity
from vault.errors import Conflict, NotFound, ReviewNeeded, ReviewStale, StaleVersion
from vault.freetext import (
    Before,
    Choice,
    KnownIdentities,
    KnownPerson,
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
from vault.usecases.open_case import record_for
from vault.vocabulary import Action, Kind, Provenance, Purpose

_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True, repr=False)
class Decided:
    """What the coach decided about a look at the text. digest: of the look. decisions: in order."""

    digest: str
    decisions: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """A text that is not stored. looked: what the stages found in it. note: the one it revises, None for a new one."""

    case: CaseId
    text: str
    language: str
    looked: Looked
    note: RecordId | None = None


@dataclass(frozen=True, slots=True, repr=False)
class MapAt:
    """A case's token map and the version of its record; 0 if there is none yet."""

    token_map: TokenMap
    version: int


def review_note(
    uow: UnitOfWork, actor: Actor, draft: Draft, casework: Casework, decisions: Sequence[Choice] = (), version: int = 0
) -> Values:
    """What a text holds that identifies people; nothing is stored. decisions: tried out on it.

    Raises NotFound, InvalidInput.
    """
    case = uow.cases.get(draft.case)
    if draft.note is not None:
        base = uow.records.head(draft.note)
        if base is None or base.case != draft.case or base.kind is not Kind.NOTE:
            case = None  # a note of another case is no note of this one
    permit = casework.ask(
        uow, actor, Action.REVIEW, Kind.NOTE, case, purpose=Purpose.COACHING,
        asked=draft.note.hex() if draft.note is not None else draft.case.hex(), outcome="looked_through",
    )  # fmt: skip
    done, _ = looked_at(uow, permit, existing(case), draft, casework)
    preview, spans = done.text, done.spans
    if decisions:
        tried = review(done, decisions, language=draft.language, by=actor.id.hex(), at=casework.clock.now())
        preview, spans = tried.text, tried.spans
    return shape(permit.profile, _review_values(draft, done, preview, spans, version))


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
    return casework.keeper.open(uow, permit, record).expose().decode(), record.language, record.version


def looked_at(
    uow: UnitOfWork, permit: Permit, case: Case, draft: Draft, casework: Casework
) -> tuple[Pseudonymised, MapAt]:
    """The draft with stand-ins, and the case's map as it is. Raises InvalidInput, NotFound, Erased."""
    identity_record = uow.records.head(record_for(case.id, Kind.IDENTITY, casework))
    contact_record = uow.records.head(record_for(case.id, Kind.CONTACT, casework))
    if identity_record is None or contact_record is None:
        raise NotFound("no such item, or not for you")
    identity = Identity.decode(casework.keeper.open(uow, permit, identity_record).expose())
    contact = Contact.decode(casework.keeper.open(uow, permit, contact_record).expose())
    at = open_map(uow, permit, case.id, casework)
    trace = at.token_map.newest_trace(draft.note.hex()) if draft.note is not None else None
    done = look_through(
        draft.text, known_identities(identity, contact), at.token_map, draft.language, draft.looked,
        leaves=casework.office.leaves, edited=Before(trace.marks, trace.kept) if trace is not None else None,
    )  # fmt: skip
    return done, at


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


def store_map(
    uow: UnitOfWork, permit: Permit, case: CaseId, before: MapAt, grown: TokenMap, actor: Actor, casework: Casework
) -> None:
    """Write the map if it changed. Raises Conflict if another note of the case was stored at the same moment."""
    if grown == before.token_map:
        return
    try:
        casework.keeper.write(
            uow, permit, kind=Kind.TOKEN_MAP, case=case, record=record_for(case, Kind.TOKEN_MAP, casework),
            version=before.version + 1, plaintext=grown.encode(), author=actor.id, at=casework.clock.now(),
            provenance=Provenance.INTERVIEW,
        )  # fmt: skip
    except StaleVersion:
        raise Conflict("another note of this case was stored at the same moment: send this one again") from None


def open_map(uow: UnitOfWork, permit: Permit, case: CaseId, casework: Casework) -> MapAt:
    record = uow.records.head(record_for(case, Kind.TOKEN_MAP, casework))
    if record is None:
        return MapAt(TokenMap.empty(), 0)
    return MapAt(TokenMap.decode(casework.keeper.open(uow, permit, record).expose()), record.version)


def traced(reviewed: Reviewed, note: RecordId, version: int) -> TokenMap:
    """The reviewed map with how this version of the note came about."""
    if not reviewed.marks and not reviewed.kept:
        return reviewed.token_map
    trace = NoteTrace(note.hex(), version, reviewed.version, reviewed.marks, reviewed.kept)
    return reviewed.token_map.with_trace(trace)


def known_identities(identity: Identity, contact: Contact) -> KnownIdentities:
    """What the case already knows about its people: it decides which stand-in is meant."""
    people = tuple(
        KnownPerson(
            str(place),
            person.family_name,
            person.given_names,
            person.aliases,
            person.national_number,
            person.birth_date,
        )
        for place, person in enumerate(identity.people, start=1)
    )
    return KnownIdentities(
        people=people,
        addresses=(contact.address,) if contact.address else (),
        phones=(contact.phone,) if contact.phone else (),
        emails=(contact.email,) if contact.email else (),
        ov_numbers=(identity.ov_number,) if identity.ov_number else (),
        oqt_references=(identity.oqt_reference,) if identity.oqt_reference else (),
    )


def digest_of(done: Pseudonymised) -> str:
    """Equal for two looks at one text that found the same: decisions about one are decisions about the other."""
    spans = [(one.id, one.start, one.end, one.type.value, one.tier.value, one.token) for one in done.spans]
    told = repr((done.version, done.source, spans)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[: 2 * _DIGEST_BYTES]


def _review_values(
    draft: Draft, done: Pseudonymised, preview: str, spans: Sequence[Span], version: int
) -> dict[str, Any]:
    return {
        "reference": reference(draft.case),
        "note": draft.note.hex() if draft.note is not None else None,
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
