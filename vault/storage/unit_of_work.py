"""What a use case gets of the database: the repositories of its zone over the group's transaction."""

from __future__ import annotations

from vault.storage.agenda import AgendaRepository
from vault.storage.answers import AnswerRepository
from vault.storage.asking import GrantRepository, RequestRepository
from vault.storage.case_samples import CaseSampleRepository
from vault.storage.ceremonies import CeremonyRepository
from vault.storage.emergencies import EmergencyRepository
from vault.storage.erasures import ErasureRepository
from vault.storage.exchange import KeyRepository, ReleaseRepository
from vault.storage.federated import FederatedRepository
from vault.storage.orders import OrderRepository
from vault.storage.organisation import CoachRepository
from vault.storage.passkeys import PasskeyRepository, RecoveryCodeRepository
from vault.storage.people import AttemptRepository, SessionRepository, StaffRepository
from vault.storage.recorded import AttachmentRepository, DraftRepository, TaskRepository
from vault.storage.referrals import ReferralRepository
from vault.storage.repositories import CaseRepository, RecordRepository, ReviewCountRepository
from vault.storage.review_questions import ReviewQuestionRepository
from vault.storage.sight import ReceiptRepository, WithdrawalRepository
from vault.storage.trail import TrailRepository
from vault.storage.transaction import Transaction
from vault.vocabulary import Zone


class ZoneUnitOfWork:
    """Repositories over one transaction, made when first asked for. Implements `vault.unit_of_work.UnitOfWork`."""

    def __init__(self, zone: Zone, tx: Transaction) -> None:
        self.zone = zone
        self._tx = tx

    @property
    def audit(self) -> Transaction:
        return self._tx

    @property
    def sessions(self) -> SessionRepository:
        return SessionRepository(self._tx)

    @property
    def records(self) -> RecordRepository:
        return RecordRepository(self._tx)

    @property
    def keys(self) -> KeyRepository:
        return KeyRepository(self._tx)

    @property
    def cases(self) -> CaseRepository:
        return CaseRepository(self._tx)

    @property
    def review_counts(self) -> ReviewCountRepository:
        return ReviewCountRepository(self._tx)

    @property
    def emergencies(self) -> EmergencyRepository:
        return EmergencyRepository(self._tx)

    @property
    def case_samples(self) -> CaseSampleRepository:
        return CaseSampleRepository(self._tx)

    @property
    def erasures(self) -> ErasureRepository:
        return ErasureRepository(self._tx)

    @property
    def orders(self) -> OrderRepository:
        return OrderRepository(self._tx)

    @property
    def review_questions(self) -> ReviewQuestionRepository:
        return ReviewQuestionRepository(self._tx)

    @property
    def coaches(self) -> CoachRepository:
        return CoachRepository(self._tx)

    @property
    def agenda(self) -> AgendaRepository:
        return AgendaRepository(self._tx)

    @property
    def staff(self) -> StaffRepository:
        return StaffRepository(self._tx)

    @property
    def attempts(self) -> AttemptRepository:
        return AttemptRepository(self._tx)

    @property
    def passkeys(self) -> PasskeyRepository:
        return PasskeyRepository(self._tx)

    @property
    def recovery_codes(self) -> RecoveryCodeRepository:
        return RecoveryCodeRepository(self._tx)

    @property
    def federated(self) -> FederatedRepository:
        return FederatedRepository(self._tx)

    @property
    def attachments(self) -> AttachmentRepository:
        return AttachmentRepository(self._tx)

    @property
    def tasks(self) -> TaskRepository:
        return TaskRepository(self._tx)

    @property
    def drafts(self) -> DraftRepository:
        return DraftRepository(self._tx)

    @property
    def referrals(self) -> ReferralRepository:
        return ReferralRepository(self._tx)

    @property
    def releases(self) -> ReleaseRepository:
        return ReleaseRepository(self._tx)

    @property
    def requests(self) -> RequestRepository:
        return RequestRepository(self._tx)

    @property
    def grants(self) -> GrantRepository:
        return GrantRepository(self._tx)

    @property
    def ceremonies(self) -> CeremonyRepository:
        return CeremonyRepository(self._tx)

    @property
    def withdrawals(self) -> WithdrawalRepository:
        return WithdrawalRepository(self._tx)

    @property
    def receipts(self) -> ReceiptRepository:
        return ReceiptRepository(self._tx)

    @property
    def answers(self) -> AnswerRepository:
        return AnswerRepository(self._tx)

    @property
    def trail(self) -> TrailRepository:
        return TrailRepository(self._tx)
