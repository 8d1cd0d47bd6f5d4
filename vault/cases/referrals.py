"""The life of a referral, as data: proposed to the person, agreed or declined, sent, answered, withdrawn.

A referral takes one person to one partner organisation for one need. The person says which fields may go
along, and until when; without that nothing leaves. The partner says whether it takes the person on and may
write back as often as it likes: the newest word counts. The person may end it at any moment.

    >>> next_status(ReferralStatus.SENT, ReferralStep.WITHDRAW)
    <ReferralStatus.WITHDRAWN: 'withdrawn'>
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, unique
from typing import Final

from vault.errors import IllegalStep, InvalidInput
from vault.ids import ActorId, CaseId, ConsentId, ReferralId
from vault.vocabulary import Zone


@unique
class ReferralStatus(StrEnum):
    PROPOSED = "proposed"
    DECLINED = "declined"  # by the person; the partner never heard of it
    CONSENTED = "consented"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"  # by the partner
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"  # by the person: the partner sees nothing from then on


@unique
class ReferralStep(StrEnum):
    PROPOSE = "propose"
    CONSENT = "consent"
    DECLINE = "decline"
    SEND = "send"
    ACCEPT = "accept"
    REFUSE = "refuse"
    ANSWER = "answer"
    WITHDRAW = "withdraw"


@unique
class AnswerStatus(StrEnum):
    """What a partner's answer says: that it takes the person on, that it does not, or neither (news, a question)."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    ANSWERED = "answered"


@unique
class ReceiptOutcome(StrEnum):
    """What a partner did with its copies once the consent was withdrawn."""

    DELETED = "deleted"
    KEPT_BY_LAW = "kept_by_law"  # it must keep a file, such as a medical one, and says so


#: With the partner: it can see the consented fields while the consent lasts.
WITH_PARTNER: Final = (
    ReferralStatus.SENT, ReferralStatus.ACCEPTED, ReferralStatus.REFUSED, ReferralStatus.ANSWERED,
)  # fmt: skip
#: What a withdrawal has something to end in.
WITHDRAWABLE: Final = (ReferralStatus.CONSENTED, *WITH_PARTNER)
STEP_OF_ANSWER: Final[dict[AnswerStatus, ReferralStep]] = {
    AnswerStatus.ACCEPTED: ReferralStep.ACCEPT,
    AnswerStatus.REFUSED: ReferralStep.REFUSE,
    AnswerStatus.ANSWERED: ReferralStep.ANSWER,
}

REFERRAL_STEPS: Final[dict[tuple[ReferralStatus, ReferralStep], ReferralStatus]] = {
    (ReferralStatus.PROPOSED, ReferralStep.CONSENT): ReferralStatus.CONSENTED,
    (ReferralStatus.PROPOSED, ReferralStep.DECLINE): ReferralStatus.DECLINED,
    # Agreed anew before it was sent: other fields, a later day.
    (ReferralStatus.CONSENTED, ReferralStep.CONSENT): ReferralStatus.CONSENTED,
    (ReferralStatus.CONSENTED, ReferralStep.SEND): ReferralStatus.SENT,
    **{
        (status, STEP_OF_ANSWER[answer]): ReferralStatus(answer.value)
        for status in WITH_PARTNER
        for answer in AnswerStatus
    },
    **{(status, ReferralStep.WITHDRAW): ReferralStatus.WITHDRAWN for status in WITHDRAWABLE},
}


def possible_steps(status: ReferralStatus) -> tuple[ReferralStep, ...]:
    """The steps that the table allows from here, in its order."""
    return tuple(step for (source, step) in REFERRAL_STEPS if source is status)


def next_status(status: ReferralStatus, step: ReferralStep) -> ReferralStatus:
    """Raises IllegalStep, naming what is possible instead."""
    try:
        return REFERRAL_STEPS[status, step]
    except KeyError:
        steps = possible_steps(status)
        raise IllegalStep(
            f"a referral that is {status} does not take the step {step}; possible now: {', '.join(steps) or 'none'}",
            possible=steps,
        ) from None


@dataclass(frozen=True, slots=True)
class Consent:
    """That the person agreed to give `recipient` these fields, until `expires_at` (exclusive)."""

    id: ConsentId
    case: CaseId
    recipient: Zone
    fields: tuple[str, ...]
    given_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None = None

    def live_at(self, now: datetime) -> bool:
        return self.withdrawn_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Referral:
    """One referral. need, fields: codes; fields is what was proposed, the consent says what was agreed to.

    receipt_due: by when the partner confirms that its sight ended; None if it never had any.
    """

    id: ReferralId
    case: CaseId
    partner: Zone
    need: str
    fields: tuple[str, ...]
    status: ReferralStatus
    proposed_at: datetime
    consent: ConsentId | None = None
    sent_at: datetime | None = None
    withdrawn_at: datetime | None = None
    receipt_due: datetime | None = None
    version: int = 1

    def agreed(self, consent: Consent) -> Referral:
        """The referral once the person agreed. Raises IllegalStep, InvalidInput for a field that was not proposed."""
        if set(consent.fields) - set(self.fields):
            raise InvalidInput("a consent covers fields that were proposed, no others", field="fields")
        return replace(self._moved(ReferralStep.CONSENT), consent=consent.id)

    def declined(self) -> Referral:
        """The referral once the person said no. Raises IllegalStep."""
        return self._moved(ReferralStep.DECLINE)

    def sent(self, at: datetime) -> Referral:
        """The referral once it left. Raises IllegalStep."""
        return replace(self._moved(ReferralStep.SEND), sent_at=at)

    def answered(self, answer: AnswerStatus) -> Referral:
        """The referral after the partner's word. Raises IllegalStep."""
        return self._moved(STEP_OF_ANSWER[answer])

    def withdrawn(self, at: datetime, receipt_due: datetime) -> Referral:
        """The referral once the person took the consent back. A receipt is due only of who saw something."""
        due = receipt_due if self.sent_at is not None else None
        return replace(self._moved(ReferralStep.WITHDRAW), withdrawn_at=at, receipt_due=due)

    def _moved(self, step: ReferralStep) -> Referral:
        return replace(self, status=next_status(self.status, step), version=self.version + 1)


@dataclass(frozen=True, slots=True)
class ReferralEvent:
    """One step that was taken. actor: None where the partner took it; who there, only the partner's own log says."""

    number: int
    step: ReferralStep
    to_status: ReferralStatus
    at: datetime
    actor: ActorId | None
