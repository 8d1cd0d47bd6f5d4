"""Taking in what a partner wrote back: looked through like a note, decided by the coach, kept under casework's own key.

Until then the message stays as the partner sealed it. First it is opened for a look, outside whose transaction the
stages read it; then it is opened again, and either shown with what was found, or stored once nothing found in it is
undecided. Taking in verifies who wrote what about which referral, stores the text with provenance PARTNER, and moves
the referral.

    text, language = message_to_look_at(uow, actor, asked, casework, correspondence)
    review_answer(uow, actor, asked.looking(looked), casework, correspondence)      what was found; nothing is stored
    take_in(uow, actor, asked.looking(looked, decided), casework, correspondence)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vault.access.actor import Actor
from vault.access.correspondence import Correspondence, PartnerAnswer
from vault.access.enforcement import Permit
from vault.access.shaping import shape
from vault.audit.events import Event, Happening, Verdict
from vault.between_zones import AnswerRow
from vault.cases.model import LANGUAGES, Case
from vault.cases.referrals import REFERRAL_STEPS, STEP_OF_ANSWER, Referral
from vault.errors import Conflict, InvalidInput, NotFound, RecordTampered, StaleVersion
from vault.freetext import Choice, Looked, Pseudonymised, defused, exact_stand_ins, normalise, review
from vault.freetext.normalise import refuse_unwritable
from vault.ids import AnswerId, CaseId, ReferralId
from vault.pseudonyms import Pseudonym, domain_of
from vault.unit_of_work import UnitOfWork
from vault.usecases.answers import answer_of, answer_values, record_of
from vault.usecases.casework import Casework, Values, existing
from vault.usecases.free_text import Names, store_map
from vault.usecases.note_review import Decided, Typed, decide, digest_of, looked_at, span_values
from vault.usecases.referrals import moved, of_case, there
from vault.vocabulary import Action, Kind, Provenance, Purpose


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """An answer that is to be looked through or taken in. language: what the partner wrote in; "" for the case's.

    looked: at the message, by the stages; None: the use case looks itself, which takes time. decided: what the coach
    decided about the findings; None: nothing yet.
    """

    case: CaseId
    referral: ReferralId
    answer: AnswerId
    language: str = ""
    looked: Looked | None = None
    decided: Decided | None = None

    def __post_init__(self) -> None:
        if self.language and self.language not in LANGUAGES:
            raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")

    def looking(self, looked: Looked, decided: Decided | None = None) -> Asked:
        """The same with what the stages found, and what was decided about it."""
        return replace(self, looked=looked, decided=decided)


@dataclass(frozen=True, slots=True, repr=False)
class _Opened:
    """An answer that this permit opened. text: of the message, as it is looked through."""

    permit: Permit
    case: Case
    referral: Referral
    row: AnswerRow
    content: PartnerAnswer
    text: str
    language: str


def message_to_look_at(
    uow: UnitOfWork, actor: Actor, asked: Asked, casework: Casework, correspondence: Correspondence
) -> tuple[str, str]:
    """First half of looking through an answer: its text and language. Raises as `take_in`."""
    opened = _open(uow, actor, Action.REVIEW, asked, "opened_for_look", casework, correspondence)
    return opened.text, opened.language


def review_answer(
    uow: UnitOfWork, actor: Actor, asked: Asked, casework: Casework, correspondence: Correspondence,
    decisions: Sequence[Choice] = (),
) -> Values:  # fmt: skip
    """The message, and what in it identifies people; nothing is stored. decisions: tried out on it.

    Raises NotFound, InvalidInput, Conflict if it was taken in already, EnvelopeRejected, RecordTampered, Erased.
    """
    opened = _open(uow, actor, Action.REVIEW, asked, "looked_through", casework, correspondence)
    done, _ = _look(uow, opened, asked, casework)
    preview, spans = done.text, done.spans
    if decisions:
        tried = review(done, decisions, language=opened.language, by=actor.id.hex(), at=casework.clock.now())
        preview, spans = tried.text, tried.spans
    return shape(
        opened.permit.profile,
        answer_values(asked.referral, opened.referral.partner, asked.answer, asked.case)
        | {
            "answer_status": opened.content.status.value,
            "answer_sent_at": opened.content.sent_at,
            "language": opened.language,
            "text": done.source,
            "spans": [span_values(span) for span in spans],
            "preview": preview,
            "pending": replace(done, spans=tuple(spans)).pending,
            "digest": digest_of(done),
            "pipeline": done.version,
        },
    )


def take_in(uow: UnitOfWork, actor: Actor, asked: Asked, casework: Casework, correspondence: Correspondence) -> Values:
    """Open an answer that arrived, replace what identifies people, store it as the case's own, and give its text.

    Raises NotFound, Conflict if it was taken in already, ReviewNeeded, ReviewStale, InvalidInput, EnvelopeRejected,
    RecordTampered, Surviving.
    """
    opened = _open(uow, actor, Action.WRITE, asked, "taken_in", casework, correspondence)
    done, names = _look(uow, opened, asked, casework)
    reviewed = decide(done, asked.decided, None, opened.language, actor, casework)
    now = casework.clock.now()
    message = normalise(reviewed.text).text
    try:
        casework.keeper.write(
            uow, opened.permit, kind=Kind.REFERRAL_ANSWER, case=asked.case, record=record_of(asked.answer, casework),
            version=1, plaintext=_encode(asked.referral, opened.content, message), author=actor.id, at=now,
            provenance=Provenance.PARTNER, template=opened.content.status.value, language=opened.language,
        )  # fmt: skip
    except StaleVersion as fault:
        raise Conflict("this answer was taken in already") from fault
    # Without a trace: an answer is never revised, so which words were typed for which stand-in is not asked again.
    store_map(uow, opened.permit, asked.case, names.at, reviewed.token_map, actor, casework)
    _note_taken(uow, actor, opened, casework)
    step, referral = STEP_OF_ANSWER[opened.content.status], opened.referral
    if (referral.status, step) in REFERRAL_STEPS and _is_newest(uow, opened.row):
        moved(uow, referral.answered(opened.content.status), step, now, None, opened.permit.entry)
    return shape(
        opened.permit.profile,
        answer_values(asked.referral, referral.partner, asked.answer, asked.case)
        | {
            "answer_status": opened.content.status.value,
            "message": message,
            "answer_sent_at": opened.content.sent_at,
            "taken_at": now,
        },
    )


def _open(
    uow: UnitOfWork, actor: Actor, action: Action, asked: Asked, outcome: str, casework: Casework,
    correspondence: Correspondence,
) -> _Opened:  # fmt: skip
    """Ask, then verify and open what the partner sealed. Raises as `take_in`."""
    case, referral = of_case(uow, asked.case, asked.referral, to_change=action is Action.WRITE)
    row = answer_of(uow, referral, asked.answer, casework)
    record = record_of(asked.answer, casework)
    permit = casework.ask(
        uow, actor, action, Kind.REFERRAL_ANSWER, case if row is not None else None, purpose=Purpose.COACHING,
        asked=record.hex(), outcome=outcome,
    )  # fmt: skip
    case, referral = existing(case), there(referral)
    if row is None:
        raise NotFound("no such item, or not for you")
    if row.taken_at is not None:
        raise Conflict("this answer was taken in already")
    content = correspondence.open_answer(uow, permit, row, sender=referral.partner, record=record).expose()
    language = asked.language or case.language
    return _Opened(permit, case, referral, row, content, _from_outside(content.message), language)


def _look(uow: UnitOfWork, opened: _Opened, asked: Asked, casework: Casework) -> tuple[Pseudonymised, Names]:
    looked = asked.looked
    if looked is None or looked.source != exact_stand_ins(opened.text):
        looked = casework.office.look(opened.text, opened.language)
    typed = Typed(asked.case, opened.text, opened.language, looked)
    return looked_at(uow, opened.permit, opened.case, typed, casework)


def _from_outside(message: str) -> str:
    """The text as a partner's own process would have sent it. Raises RecordTampered: this came past that process.

    A partner knows no stand-in of the case: what looks like one would turn into a name when names are restored.
    """
    try:
        refuse_unwritable(message)
        return defused(normalise(message).text)
    except InvalidInput:
        raise RecordTampered("an authentic answer that no screen could show as it is") from None


def _is_newest(uow: UnitOfWork, row: AnswerRow) -> bool:
    """Whether no answer that was sent later was taken in before: the partner's newest word counts."""
    return all(
        head.taken_at is None or head.id == row.id or (head.sent_at, head.id) < (row.sent_at, row.id)
        for head in uow.answers.heads([row.release])
    )


def _note_taken(uow: UnitOfWork, actor: Actor, opened: _Opened, casework: Casework) -> None:
    """The row between the zones moves on under an entry about the partner's pseudonym, not casework's."""
    permit, row, partner = opened.permit, opened.row, opened.referral.partner
    event = Event(
        Happening.ANSWER_TAKEN.value, Kind.REFERRAL_ANSWER.value, Verdict.ALLOW, actor=actor.log_name,
        role=actor.role.value, session=actor.session.hex(), object=row.id.hex(),
        subject=Pseudonym(domain_of(partner), row.subject).text, purpose=permit.purpose.value, rule=permit.rule,
        policy=casework.guard.policy_digest.hex(), outcome=str(partner),
    )  # fmt: skip
    entry = uow.audit.append(event, actor.detail())
    if not uow.answers.take(row.id, casework.clock.now(), entry):
        raise Conflict("this answer was taken in already")


def _encode(referral: ReferralId, content: PartnerAnswer, message: str) -> bytes:
    data = {
        "referral": referral.hex(),
        "status": content.status.value,
        "message": message,
        "sent_at": content.sent_at.isoformat(timespec="seconds"),
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
