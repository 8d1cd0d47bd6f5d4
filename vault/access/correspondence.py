"""What passes between a partner and casework besides the referral itself: answers, withdrawals, receipts.

An answer is free text about a person: sealed to casework under a fresh key and signed by the partner, like
whatever crosses zones. What it answers, what it says and when are inside, under the signature; the row's columns
are compared with them. Withdrawals and receipts hold no secret: they are signed statements in clear, which
oversight can verify as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from vault.access.enforcement import STORING, Permit
from vault.between_zones import AnswerRow, ReceiptRow, WithdrawalRow
from vault.cases.referrals import AnswerStatus, ReceiptOutcome
from vault.crypto.directory import ZoneDirectory
from vault.crypto.envelope import Release, ReleaseContext, open_release, seal_release
from vault.crypto.hpke import SealingKeyPair
from vault.crypto.signing import SigningKey
from vault.crypto.statement import ReceiptStatement, WithdrawalStatement
from vault.errors import DirectoryRejected, EnvelopeRejected, Erased, MalformedId, RecordTampered
from vault.ids import AnswerId, EntryId, KeyId, RecordId, ReleaseId
from vault.ports import Clock, Entropy
from vault.sensitive import Sensitive
from vault.unit_of_work import ReleaseRow, UnitOfWork
from vault.vocabulary import CASEWORK, KIND_COMPARTMENT, Kind, Purpose, Zone, ZoneKind

ANSWER_SCHEMA: Final = 1
_FIELDS: Final = {"release", "status", "message", "sent_at"}


@dataclass(frozen=True, slots=True, repr=False)
class PartnerAnswer:
    """An answer's content. message: as the partner typed it."""

    release: ReleaseId
    status: AnswerStatus
    message: str
    sent_at: datetime

    def encode(self) -> bytes:
        content = {
            "release": self.release.hex(),
            "status": self.status.value,
            "message": self.message,
            "sent_at": self.sent_at.isoformat(),
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, plaintext: bytes) -> PartnerAnswer:
        """Raises RecordTampered for an authentic text of another shape."""
        try:
            data = json.loads(plaintext)
            message, sent_at = data["message"], datetime.fromisoformat(data["sent_at"])
            release, status = ReleaseId.parse(data["release"]), AnswerStatus(data["status"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MalformedId):
            raise RecordTampered("an authentic answer of another shape") from None
        if set(data) != _FIELDS or not isinstance(message, str) or sent_at.utcoffset() != timedelta(0):
            raise RecordTampered("an authentic answer of another shape")
        return cls(release, status, message, sent_at)


@dataclass(frozen=True, slots=True)
class Correspondence:
    """One zone's means to write to another and to know what came from whom."""

    zone: Zone
    directory: ZoneDirectory
    sealing: SealingKeyPair
    signing: SigningKey
    clock: Clock
    entropy: Entropy

    # -- answers ----------------------------------------------------------------------------------

    def send_answer(
        self, uow: UnitOfWork, permit: Permit, to: ReleaseRow, status: AnswerStatus, message: str, policy: bytes
    ) -> AnswerRow:
        """Seal an answer to the release `to` for casework and store it. The key is kept by nobody else."""
        now = self.clock.now()
        permit.check(kind=Kind.REFERRAL_ANSWER, case=None, now=now, record=to.id.hex(), storing=True)
        row = AnswerRow(
            AnswerId(self.entropy.bytes(16)), to.id, CASEWORK, self.zone, to.subject, policy, ANSWER_SCHEMA,
            KeyId(self.entropy.bytes(16)), b"", b"", now, permit.entry,
        )  # fmt: skip
        content = PartnerAnswer(to.id, status, message, now).encode()
        made = seal_release(
            content, answer_context(row), to=self.directory.of(CASEWORK).sealing, sender=self.signing,
            entropy=self.entropy,
        )  # fmt: skip
        uow.keys.put(row.key, CASEWORK, made.wrap, now)
        stored = replace(row, sealed=made.sealed, signature=made.signature)
        uow.answers.add(stored)
        return stored

    def open_answer(
        self, uow: UnitOfWork, permit: Permit, row: AnswerRow, *, sender: Zone, record: RecordId
    ) -> Sensitive[PartnerAnswer]:
        """Verify, open, compare. sender: the partner that was asked. record: what the answer will be kept as.

        It is opened to be looked through, or to be stored: the permit says for which. Raises PermitInvalid,
        EnvelopeRejected (another sender, release or moment than signed), Erased, RecordTampered.
        """
        now = self.clock.now()
        storing = permit.action in STORING
        permit.check(kind=Kind.REFERRAL_ANSWER, case=permit.item.case, now=now, record=record.hex(), storing=storing)
        if row.sender != sender or sender.kind is not ZoneKind.PARTNER or row.reader != self.zone:
            raise EnvelopeRejected("an answer that the partner who was asked did not send")
        wrap = uow.keys.wrap(row.key, self.zone)
        if not wrap:
            raise Erased("the key of this answer was destroyed")
        plaintext = open_release(
            Release(row.sealed, wrap, row.signature), answer_context(row), own=self.sealing,
            sender=self.directory.of(sender).verify, now=now,
        )  # fmt: skip
        answer = PartnerAnswer.decode(plaintext)
        if answer.release != row.release or answer.sent_at != row.sent_at:
            raise EnvelopeRejected("the row says something else of this answer than was signed")
        return Sensitive(answer)

    # -- withdrawals ------------------------------------------------------------------------------

    def withdraw(
        self, uow: UnitOfWork, release: ReleaseId, reader: Zone, subject: bytes, *, at: datetime, due: datetime,
        entry: EntryId,
    ) -> None:  # fmt: skip
        """Sign and store the withdrawal of a release. entry: its own, about the reader's pseudonym."""
        row = WithdrawalRow(release, reader, self.zone, subject, at, due, b"", entry)
        uow.withdrawals.add(replace(row, signature=withdrawal_statement(row).sign(self.signing)))

    def is_authentic(self, row: WithdrawalRow) -> bool:
        """Whether casework signed it. One that it did not sign closes sight all the same: that harms nobody."""
        if row.sender != CASEWORK:
            return False
        try:
            withdrawal_statement(row).verify(row.signature, self.directory.of(CASEWORK).verify)
        except EnvelopeRejected:
            return False
        return True

    # -- receipts ---------------------------------------------------------------------------------

    def give_receipt(
        self, uow: UnitOfWork, withdrawal: WithdrawalRow, outcome: ReceiptOutcome, entry: EntryId
    ) -> ReceiptRow:
        """Sign and store a receipt. Raises EnvelopeRejected for a withdrawal that casework did not sign."""
        if not self.is_authentic(withdrawal):
            raise EnvelopeRejected("a withdrawal that casework did not sign")
        bare = ReceiptRow(
            withdrawal.release, CASEWORK, self.zone, withdrawal.subject, outcome.value, self.clock.now(), b"", entry
        )
        signed = replace(bare, signature=receipt_statement(bare).sign(self.signing))
        uow.receipts.add(signed)
        return signed

    def confirmed(
        self, receipts: Mapping[ReleaseId, ReceiptRow], release: ReleaseId, *, partner: Zone, subject: bytes
    ) -> ReceiptRow | None:
        """The receipt that this partner signed for this release, or None: what nobody signed confirms nothing."""
        row = receipts.get(release)
        if row is None or (row.sender, row.subject) != (partner, subject):
            return None
        try:
            receipt_statement(row).verify(row.signature, self.directory.of(partner).verify)
        except (EnvelopeRejected, DirectoryRejected):  # the directory may have dropped a partner since
            return None
        return row


def answer_context(row: AnswerRow) -> ReleaseContext:
    """The context that an answer's row spells out."""
    return ReleaseContext(
        row.subject, KIND_COMPARTMENT[Kind.REFERRAL_ANSWER], row.reader, row.sender, ReleaseId(row.id.raw), row.key,
        Purpose.REFERRAL, row.decision, row.policy, row.schema, None,
    )  # fmt: skip


def withdrawal_statement(row: WithdrawalRow) -> WithdrawalStatement:
    return WithdrawalStatement(
        row.subject, row.release, row.reader, row.sender, row.withdrawn_at, row.receipt_due, row.entry
    )


def receipt_statement(row: ReceiptRow) -> ReceiptStatement:
    return ReceiptStatement(row.subject, row.release, row.reader, row.sender, row.outcome, row.given_at, row.entry)


def receipt_values(receipt: ReceiptRow | None) -> dict[str, Any]:
    return {
        "receipt": receipt.outcome if receipt is not None else None,
        "receipt_at": receipt.given_at if receipt is not None else None,
    }
