"""What a partner writes back: sealed by the partner, taken in by the coach, kept under casework's own key.

Taking in is an act of its own. It verifies who wrote what about which referral, replaces the names that the case
knows, stores the text with provenance PARTNER, and moves the referral. From then on it is read like a note.
"""

from __future__ import annotations

import json
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.correspondence import Correspondence, PartnerAnswer
from vault.access.enforcement import Item, Permit
from vault.access.shaping import shape
from vault.audit.events import Event, Happening, Verdict
from vault.between_zones import AnswerRow
from vault.cases.referrals import (
    REFERRAL_STEPS,
    STEP_OF_ANSWER,
    WITH_PARTNER,
    AnswerStatus,
    Referral,
    ReferralStatus,
)
from vault.errors import Conflict, InvalidInput, NotFound, RecordTampered, StaleVersion
from vault.freetext import defused, normalise
from vault.ids import AnswerId, CaseId, RecordId, ReferralId, ReleaseId
from vault.pseudonyms import Pseudonym, domain_of
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.free_text import replace_names
from vault.usecases.received import Reception, open_to
from vault.usecases.referrals import moved, of_case, release_of, there
from vault.vocabulary import Action, Facts, Kind, Provenance, Purpose, Zone

#: Bytes. An answer is a letter, not a file: five closely written pages.
MESSAGE_LIMIT: Final = 20 * 1024
#: A coach's referrals that the list of waiting answers looks through.
SCAN_LIMIT: Final = 5_000
_ANSWERABLE: Final = (*WITH_PARTNER, ReferralStatus.WITHDRAWN)


# -- partner -----------------------------------------------------------------------------------------


def give_answer(
    uow: UnitOfWork, actor: Actor, release: ReleaseId, status: AnswerStatus, message: str, reception: Reception
) -> Values:
    """Write to the coach about a referral that this partner can see. Raises NotFound, InvalidInput.

    Only casework opens it; this zone cannot read it back.
    """
    text = _checked(status, message)
    own = reception.correspondence
    row, facts, subject = open_to(uow, actor, Kind.REFERRAL, release, reception)
    permit = reception.guard.permit(
        uow, actor, Action.WRITE, Item(Kind.REFERRAL_ANSWER, release.hex(), None, subject), purpose=Purpose.REFERRAL,
        facts=facts, outcome="sent",
    )  # fmt: skip
    assert row is not None
    sent = own.send_answer(uow, permit, row, status, text, reception.guard.policy_digest)
    return shape(
        permit.profile,
        {
            "release": release.hex(),
            "pseudonym": reception.receiver.pseudonym(row),
            "answer_status": status.value,
            "answered_at": sent.sent_at,
        },
    )


def _checked(status: AnswerStatus, message: str) -> str:
    text = normalise(message).text.strip()
    if not text and status is AnswerStatus.ANSWERED:
        raise InvalidInput("say something, or accept or refuse", field="message")
    size = len(text.encode())
    if size > MESSAGE_LIMIT:
        raise InvalidInput(f"an answer holds at most {MESSAGE_LIMIT} bytes, this one has {size}", field="message")
    return text


# -- casework ----------------------------------------------------------------------------------------


def list_waiting(uow: UnitOfWork, actor: Actor, casework: Casework) -> list[Values]:
    """Answers that arrived for the coach's own cases and were not taken in yet, the oldest first."""
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.REFERRAL_ANSWER), purpose=Purpose.COACHING, facts=Facts.of(own=True)
    )
    asked = {
        release_of(referral.id, casework): referral
        for referral in uow.referrals.of_coach(actor.id, _ANSWERABLE, SCAN_LIMIT)
    }
    lines = []
    for head in uow.answers.heads(list(asked), waiting=True):
        referral = asked[head.release]
        values = {
            "reference": reference(referral.case),
            "referral": referral.id.hex(),
            "partner": referral.partner.organisation,
            "answer": head.id.hex(),
            "answer_sent_at": head.sent_at,
        }
        lines.append(shape(permit.profile, values))
    return lines


def take_in(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, referral_id: ReferralId, answer: AnswerId, casework: Casework,
    correspondence: Correspondence,
) -> Values:  # fmt: skip
    """Open an answer that arrived, store it as the case's own, and give its text.

    Raises NotFound, Conflict if it was taken in already, EnvelopeRejected, RecordTampered, Surviving.
    """
    case, referral = of_case(uow, case_id, referral_id, to_change=True)
    row = _answer_of(uow, referral, answer, casework)
    record = _record_of(answer, casework)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.REFERRAL_ANSWER, case if row is not None else None, purpose=Purpose.COACHING,
        asked=record.hex(), outcome="taken_in",
    )  # fmt: skip
    case, referral = existing(case), there(referral)
    if row is None:
        raise NotFound("no such item, or not for you")
    if row.taken_at is not None:
        raise Conflict("this answer was taken in already")
    content = correspondence.open_answer(uow, permit, row, sender=referral.partner, record=record).expose()
    told = {"message": _from_outside(content.message)}
    message = replace_names(uow, permit, case.id, told, case.language, casework, actor=actor)["message"]
    now = casework.clock.now()
    try:
        casework.keeper.write(
            uow, permit, kind=Kind.REFERRAL_ANSWER, case=case.id, record=record, version=1,
            plaintext=_encode(referral.id, content, message), author=actor.id, at=now,
            provenance=Provenance.PARTNER, template=content.status.value, language=case.language,
        )  # fmt: skip
    except StaleVersion as fault:
        raise Conflict("this answer was taken in already") from fault
    _note_taken(uow, actor, permit, row, referral.partner, casework)
    step = STEP_OF_ANSWER[content.status]
    if (referral.status, step) in REFERRAL_STEPS and _is_newest(uow, row):
        moved(uow, referral.answered(content.status), step, now, None, permit.entry)
    return shape(
        permit.profile,
        _values(referral.id, referral.partner, answer, case.id)
        | {
            "answer_status": content.status.value,
            "message": message,
            "answer_sent_at": content.sent_at,
            "taken_at": now,
        },
    )


def read_answer(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, referral_id: ReferralId, answer: AnswerId, casework: Casework
) -> Values:
    """An answer that was taken in, stand-ins kept. Raises NotFound, Erased."""
    case, referral = of_case(uow, case_id, referral_id, to_change=False)
    wanted = _record_of(answer, casework)
    record = uow.records.head(wanted)
    known = record is not None and record.case == case_id and _answer_of(uow, referral, answer, casework) is not None
    permit = casework.ask(
        uow, actor, Action.READ, Kind.REFERRAL_ANSWER, case if known else None, purpose=Purpose.COACHING,
        asked=wanted.hex(),
    )  # fmt: skip
    referral = there(referral)
    assert record is not None
    content = _decode(casework.keeper.open(uow, permit, record).expose(), referral.id)
    return shape(
        permit.profile,
        _values(referral.id, referral.partner, answer, case_id)
        | {
            "answer_status": content["status"],
            "message": content["message"],
            "answer_sent_at": content["sent_at"],
            "taken_at": record.written_at,
        },
    )


def _from_outside(message: str) -> str:
    """The text as a partner's own process would have sent it. Raises RecordTampered: this came past that process.

    A partner knows no stand-in of the case: what looks like one would turn into a name when names are restored.
    """
    try:
        return defused(normalise(message).text)
    except InvalidInput:
        raise RecordTampered("an authentic answer that no screen could show as it is") from None


def _answer_of(uow: UnitOfWork, referral: Referral | None, answer: AnswerId, casework: Casework) -> AnswerRow | None:
    """The answer, if it answers this referral."""
    row = uow.answers.get(answer) if referral is not None else None
    if row is None or referral is None or row.release != release_of(referral.id, casework):
        return None
    return row


def _record_of(answer: AnswerId, casework: Casework) -> RecordId:
    """Where an answer is kept: derived by casework's key, so that it is taken in once and a dump joins nothing.

    Casework's entries name this id, never the answer's: that one stands beside the partner's pseudonym.
    """
    return RecordId(casework.index.token(f"record/{Kind.REFERRAL_ANSWER.value}", answer.hex())[:16])


def _is_newest(uow: UnitOfWork, row: AnswerRow) -> bool:
    """Whether no answer that was sent later was taken in before: the partner's newest word counts."""
    return all(
        head.taken_at is None or head.id == row.id or (head.sent_at, head.id) < (row.sent_at, row.id)
        for head in uow.answers.heads([row.release])
    )


def _note_taken(
    uow: UnitOfWork, actor: Actor, permit: Permit, row: AnswerRow, partner: Zone, casework: Casework
) -> None:
    """The row between the zones moves on under an entry about the partner's pseudonym, not casework's."""
    event = Event(
        Happening.ANSWER_TAKEN.value, Kind.REFERRAL_ANSWER.value, Verdict.ALLOW, actor=actor.log_name,
        role=actor.role.value, session=actor.session.hex(), object=row.id.hex(),
        subject=Pseudonym(domain_of(partner), row.subject).text, purpose=permit.purpose.value, rule=permit.rule,
        policy=casework.guard.policy_digest.hex(), outcome=str(partner),
    )  # fmt: skip
    entry = uow.audit.append(event, actor.detail())
    if not uow.answers.take(row.id, casework.clock.now(), entry):
        raise Conflict("this answer was taken in already")


def _values(referral: ReferralId, partner: Zone, answer: AnswerId, case: CaseId) -> dict[str, Any]:
    return {
        "reference": reference(case),
        "referral": referral.hex(),
        "partner": partner.organisation,
        "answer": answer.hex(),
        "provenance": Provenance.PARTNER.value,
    }


def _encode(referral: ReferralId, content: PartnerAnswer, message: str) -> bytes:
    data = {
        "referral": referral.hex(),
        "status": content.status.value,
        "message": message,
        "sent_at": content.sent_at.isoformat(timespec="seconds"),
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _decode(plaintext: bytes, referral: ReferralId) -> dict[str, Any]:
    try:
        data = json.loads(plaintext)
    except ValueError:
        raise RecordTampered("an authentic record of another shape") from None
    if not isinstance(data, dict) or data.get("referral") != referral.hex():
        raise RecordTampered("an authentic answer to another referral")
    return data
