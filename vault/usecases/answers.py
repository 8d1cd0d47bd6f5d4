"""What a partner writes back: sealed by the partner, taken in by the coach (`taking_in`), then read like a note."""

from __future__ import annotations

import json
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.between_zones import AnswerRow
from vault.cases.referrals import WITH_PARTNER, AnswerStatus, Referral, ReferralStatus
from vault.errors import InvalidInput, RecordTampered
from vault.freetext import normalise
from vault.freetext.normalise import refuse_unwritable
from vault.ids import AnswerId, CaseId, RecordId, ReferralId, ReleaseId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, reference
from vault.usecases.received import Reception, open_to
from vault.usecases.referrals import of_case, release_of, there
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
    try:
        refuse_unwritable(message)
    except InvalidInput as refused:
        raise InvalidInput(str(refused), field="message") from None
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


def read_answer(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, referral_id: ReferralId, answer: AnswerId, casework: Casework
) -> Values:
    """An answer that was taken in, stand-ins kept. Raises NotFound, Erased."""
    case, referral = of_case(uow, case_id, referral_id, to_change=False)
    wanted = record_of(answer, casework)
    record = uow.records.head(wanted)
    row = answer_of(uow, referral, answer, casework)
    known = row is not None and record is not None and record.case == case_id
    permit = casework.ask(
        uow, actor, Action.READ, Kind.REFERRAL_ANSWER, case if known else None, purpose=Purpose.COACHING,
        asked=wanted.hex(),
    )  # fmt: skip
    referral = there(referral)
    assert record is not None
    content = _decode(casework.keeper.open(uow, permit, record).expose(), referral.id)
    return shape(
        permit.profile,
        answer_values(referral.id, referral.partner, answer, case_id)
        | {
            "answer_status": content["status"],
            "message": content["message"],
            "answer_sent_at": content["sent_at"],
            "taken_at": record.written_at,
        },
    )


def answer_of(uow: UnitOfWork, referral: Referral | None, answer: AnswerId, casework: Casework) -> AnswerRow | None:
    """The answer, if it answers this referral. Looked for whether or not there is one."""
    row = uow.answers.get(answer)
    if row is None or referral is None or row.release != release_of(referral.id, casework):
        return None
    return row


def record_of(answer: AnswerId, casework: Casework) -> RecordId:
    """Where an answer is kept: derived by casework's key, so that it is taken in once and a dump joins nothing.

    Casework's entries name this id, never the answer's: that one stands beside the partner's pseudonym.
    """
    return RecordId(casework.index.token(f"record/{Kind.REFERRAL_ANSWER.value}", answer.hex())[:16])


def answer_values(referral: ReferralId, partner: Zone, answer: AnswerId, case: CaseId) -> dict[str, Any]:
    return {
        "reference": reference(case),
        "referral": referral.hex(),
        "partner": partner.organisation,
        "answer": answer.hex(),
        "provenance": Provenance.PARTNER.value,
    }


def _decode(plaintext: bytes, referral: ReferralId) -> dict[str, Any]:
    try:
        data = json.loads(plaintext)
    except ValueError:
        raise RecordTampered("an authentic record of another shape") from None
    if not isinstance(data, dict) or data.get("referral") != referral.hex():
        raise RecordTampered("an authentic answer to another referral")
    return data
