"""What a use case may do with the store, as protocols. `vault.storage` implements them.

One use case, one unit of work: it reads, writes and appends its audit entry, and never commits. The
worker runs it under a savepoint, commits the group and only then lets replies go.

Rules that every implementation keeps:
- `audit.append` comes before the rows it explains; every written row carries that entry's id.
- A wrap put into `keys` reaches the keystore before the row that needs it is committed.
- Reads see the transaction; nothing is remembered from one transaction to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from vault.asking import Asking
from vault.audit.events import Detail, Event
from vault.audit.reading import Trail
from vault.between_zones import Answers, Receipts, Withdrawals
from vault.case_samples import Sampling
from vault.cases.appointments import Appointment, Slot, Status
from vault.cases.assignment import Absence, Assignment, ConflictOfInterest, Profile
from vault.cases.flow import State
from vault.cases.model import Case, CaseEvent, RecordHead, SealedRecord, Standing
from vault.cases.referrals import Consent, Referral, ReferralEvent, ReferralStatus
from vault.cases.tasks import Task
from vault.emergencies import Emergencies
from vault.erasures import Erasing
from vault.ids import (
    AbsenceId,
    ActorId,
    AppointmentId,
    CaseId,
    ConsentId,
    EntryId,
    KeyId,
    RecordId,
    ReferralId,
    ReleaseId,
    SessionId,
)
from vault.review_questions import Questioning
from vault.signing_in import OpenSession, SigningIn
from vault.taken_orders import TakenOrders
from vault.vocabulary import Compartment, Kind, Purpose, Role, Zone


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A member of staff or a service of one zone. The TOTP secret is derived, not stored."""

    id: ActorId
    zone: Zone
    login: str
    display_name: str
    role: str
    region: str
    log_name: str
    password: str
    totp_generation: int
    totp_step: int
    active: bool


class SessionRow(NamedTuple):
    """A sign-in with the columns of its owner that every request needs."""

    session: SessionId
    actor: ActorId
    zone: str
    role: str
    region: str
    log_name: str
    name: str
    service: bool
    expires_at: datetime
    ended: bool
    active: bool
    source_mark: bytes
    releases_until: datetime | None = None  # None: as long as it lives


@dataclass(frozen=True, slots=True)
class AttemptRow:
    failures: int
    since: datetime
    blocked_until: datetime | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A line of a caseload."""

    case: Case
    notes: int
    last_note_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """Something that left casework, sealed to one reader; subject: the case in the reader's own domain."""

    id: ReleaseId
    reader: Zone
    sender: Zone
    kind: Kind
    compartment: Compartment
    subject: bytes
    purpose: Purpose
    decision: EntryId
    policy: bytes
    schema: int
    key: KeyId
    sealed: bytes
    signature: bytes
    released_at: datetime
    expires_at: datetime | None


#: What was counted: language of the note, type, source and tier of the finding, the reviewer's decision.
ReviewCountKey = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """A file on its way, or arrived. chunks: None until the last one is there. header: of the sealed chunks."""

    id: RecordId
    case: CaseId
    kind: Kind
    author: ActorId
    begun_at: datetime
    key: KeyId
    header: bytes
    chunks: int | None = None
    described_at: datetime | None = None
    swept_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A calendar feed's address, known to its bearer alone; here, whose it is and until when it is good."""

    id: SessionId
    actor: ActorId
    language: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class Audit(Protocol):
    def append(self, event: Event, detail: Detail | None) -> EntryId:
        """detail None: nothing personal beyond what the session's own first entry says."""
        ...


class Sessions(Protocol):
    def find(self, token_hash: bytes) -> SessionRow | None: ...
    def start(
        self, token_hash: bytes, session: SessionId, staff: StaffRow, *, service: bool, now: datetime,
        expires_at: datetime, source_mark: bytes, entry: EntryId, releases_until: datetime | None = None,
    ) -> None: ...  # fmt: skip
    def step_up(self, session: SessionId, until: datetime, entry: EntryId) -> None: ...
    def end(self, session: SessionId, at: datetime, entry: EntryId) -> None: ...
    def begun_before(self, actor: ActorId, session: SessionId) -> datetime | None:
        """When the newest other sign-in of this person began; tokens of programs do not count."""
        ...

    def open_of(self, actor: ActorId, now: datetime) -> list[OpenSession]:
        """Those that have neither ended nor run out, the oldest first."""
        ...


class Staff(Protocol):
    def by_login(self, zone: Zone, login: str) -> StaffRow | None: ...
    def by_ids(self, ids: Sequence[ActorId]) -> dict[ActorId, StaffRow]: ...
    def active(self, zone: Zone, after: str, limit: int) -> list[StaffRow]:
        """Those who may sign in, by login, from the first one after `after`."""
        ...

    def of_region(self, zone: Zone, region: str, role: Role) -> list[StaffRow]: ...
    def add(self, staff: StaffRow, entry: EntryId) -> None: ...
    def use_totp_step(self, actor: ActorId, step: int, entry: EntryId) -> bool:
        """False if this step or a newer one was used already: a code works once, whoever comes second."""
        ...


class Attempts(Protocol):
    def find(self, zone: Zone, subject: bytes, *, to_change: bool = False) -> AttemptRow | None: ...
    def put(self, zone: Zone, subject: bytes, row: AttemptRow, entry: EntryId) -> None: ...


class Cases(Protocol):
    def get(self, case: CaseId) -> Case | None: ...
    def get_to_change(self, case: CaseId) -> Case | None: ...  # nobody else gets it to change until the commit
    def standing(self, record: SealedRecord) -> Standing | None:
        """Where the record's case stands; costs nothing right after the record was read."""
        ...

    def add(self, case: Case, entry: EntryId) -> None: ...
    def update(self, case: Case, entry: EntryId) -> None:
        """Raises StaleVersion if `case.version` is not exactly one more than what is stored."""

    def caseload(
        self, *, coach: ActorId | None = None, region: str | None = None, states: Sequence[State] = (),
        language: str = "", limit: int = 50, before: datetime | None = None,
    ) -> list[CaseRow]: ...  # fmt: skip
    def events(self, case: CaseId) -> list[CaseEvent]: ...
    def histories(self, cases: Sequence[CaseId]) -> dict[CaseId, list[CaseEvent]]:
        """What `events` gives, of several cases at once; a case without any is not among them."""
        ...

    def of_region(self, region: str, after: CaseId | None, limit: int) -> list[Case]: ...
    def add_event(self, case: CaseId, event: CaseEvent, entry: EntryId) -> None: ...
    def find(self, token: bytes, *, coach: ActorId | None = None, region: str | None = None) -> list[CaseId]: ...
    def within(self, coach: ActorId | None, region: str | None) -> list[CaseId]: ...  # None: of every coach, region
    def index(self, case: CaseId, tokens: Sequence[bytes], entry: EntryId) -> None: ...
    def key(self, case: CaseId, compartment: Compartment) -> KeyId | None: ...
    def add_key(self, case: CaseId, compartment: Compartment, key: KeyId, entry: EntryId) -> None: ...


class Referrals(Protocol):
    """Referrals and the consents they rest on; casework only."""

    def get(self, referral: ReferralId) -> Referral | None: ...
    def get_to_change(self, referral: ReferralId) -> Referral | None:
        """The same, and nobody else changes it until the commit."""
        ...

    def of_case(self, case: CaseId, *, to_change: bool = False) -> list[Referral]:
        """Newest first. to_change: nobody else changes them until the commit."""
        ...

    def of_coach(self, coach: ActorId, statuses: Sequence[ReferralStatus], limit: int) -> list[Referral]:
        """Of the coach's own cases, the newest first."""
        ...

    def add(self, referral: Referral, entry: EntryId) -> None: ...
    def update(self, referral: Referral, entry: EntryId) -> None:
        """Raises StaleVersion if `referral.version` is not exactly one more than what is stored."""
        ...

    def events(self, referral: ReferralId) -> list[ReferralEvent]: ...
    def add_event(self, referral: ReferralId, event: ReferralEvent, entry: EntryId) -> None: ...
    def consent(self, consent: ConsentId) -> Consent | None: ...
    def consents(self, case: CaseId) -> dict[ConsentId, Consent]: ...
    def add_consent(self, consent: Consent, entry: EntryId) -> None: ...
    def withdraw_consent(self, consent: ConsentId, at: datetime, entry: EntryId) -> None: ...


class Coaches(Protocol):
    """Who takes which kind of case, who is away, and whose a case was."""

    def profiles(self, coaches: Sequence[ActorId]) -> dict[ActorId, Profile]: ...
    def put_profile(self, coach: ActorId, profile: Profile, entry: EntryId) -> None: ...
    def loads(self, coaches: Sequence[ActorId]) -> dict[ActorId, int]:
        """Open cases of each; those with none are left out."""
        ...

    def given_at(self, coaches: Sequence[ActorId]) -> dict[ActorId, datetime]:
        """When each was last given a case."""
        ...

    def open_cases(self, coach: ActorId) -> list[CaseId]: ...
    def history(self, case: CaseId) -> list[Assignment]: ...
    def of_absence(self, absence: AbsenceId) -> list[Assignment]: ...
    def assigned(self, assignment: Assignment, entry: EntryId) -> None:
        """Raises StaleVersion if another change of hands took that number."""
        ...

    def conflicts(self, case: CaseId) -> list[ConflictOfInterest]: ...
    def put_conflict(self, conflict: ConflictOfInterest, entry: EntryId) -> None: ...
    def absence(self, absence: AbsenceId, *, to_change: bool = False) -> Absence | None: ...
    def absences(self, coaches: Sequence[ActorId]) -> list[Absence]: ...
    def exclude_absences(self, coach: ActorId) -> bool: ...  # until the commit; False if somebody does not let go
    def add_absence(self, absence: Absence, entry: EntryId) -> None: ...
    def update_absence(self, absence: Absence, entry: EntryId) -> None: ...
    def away(self, coaches: Sequence[ActorId], day: date) -> set[ActorId]: ...


class Agenda(Protocol):
    """Appointments, the cells of desks, calendar feeds."""

    def get(self, appointment: AppointmentId) -> Appointment | None: ...
    def of_case(self, case: CaseId) -> list[Appointment]: ...
    def of_coach(self, coach: ActorId, since: datetime, until: datetime) -> list[Appointment]: ...
    def at_desk(self, desk: str, since: datetime, until: datetime) -> list[Appointment]: ...
    def booked(
        self, slot: Slot, *, coach: ActorId | None = None, case: CaseId | None = None, interpreter: bytes = b"",
        besides: AppointmentId | None = None,
    ) -> list[Slot]: ...  # fmt: skip
    def busy(self, slot: Slot, coaches: Sequence[ActorId]) -> set[ActorId]:
        """Which of these coaches have a booked appointment that shares a moment with `slot`."""
        ...

    def counts(self, coaches: Sequence[ActorId], since: datetime, until: datetime) -> dict[ActorId, int]: ...
    def attended(self, cases: Sequence[CaseId]) -> dict[CaseId, list[datetime]]: ...
    def missed(self, cases: Sequence[CaseId]) -> dict[CaseId, list[tuple[datetime, Status]]]:
        """When the invitations began to which nobody came, and whether that was excused."""
        ...

    def taken(self, desk: str, since: datetime, until: datetime) -> set[datetime]: ...
    def add(self, appointment: Appointment, entry: EntryId) -> None: ...
    def update(self, appointment: Appointment, entry: EntryId) -> None:
        """Raises StaleVersion if somebody changed it since it was read."""
        ...

    def take_cells(
        self, desk: str, cells: Sequence[datetime], appointment: AppointmentId, entry: EntryId, *,
        instead_of: AppointmentId | None = None,
    ) -> None:  # fmt: skip
        """Raises SlotTaken: whoever is first has them all, the other none."""
        ...

    def give_up_cells(self, appointment: Appointment, cells: Sequence[datetime], entry: EntryId) -> None: ...
    def feed(self, token_hash: bytes) -> FeedRow | None: ...
    def feeds(self, actor: ActorId) -> list[FeedRow]: ...
    def add_feed(self, token_hash: bytes, feed: FeedRow, entry: EntryId) -> None: ...
    def revoke_feed(self, feed: SessionId, actor: ActorId, at: datetime, entry: EntryId) -> bool: ...


class Records(Protocol):
    def head(self, record: RecordId) -> SealedRecord | None: ...  # the newest version
    def version(self, record: RecordId, version: int) -> SealedRecord | None: ...
    def heads(self, case: CaseId, kind: Kind) -> list[RecordHead]: ...
    def versions(self, record: RecordId) -> list[RecordHead]: ...
    def newest_head(self, record: RecordId) -> RecordHead | None: ...
    def newest(self, cases: Sequence[CaseId], kind: Kind) -> list[SealedRecord]:
        """The newest version of every record of that kind in these cases, with its sealed bytes."""
        ...

    def history(self, record: RecordId) -> list[SealedRecord]:
        """Every version, the newest first."""
        ...

    def count(self, case: CaseId, kind: Kind) -> int:
        """How many records of that kind the case has, whatever their versions."""
        ...

    def add(self, record: SealedRecord, entry: EntryId) -> None:
        """Raises StaleVersion if that version exists already."""
        ...


class Attachments(Protocol):
    """Files in chunks. A chunk is written once; only a file that nobody has described can be emptied."""

    def get(self, attachment: RecordId) -> AttachmentRow | None: ...
    def get_to_change(self, attachment: RecordId) -> AttachmentRow | None: ...  # nobody else adds to it meanwhile
    def described(self, case: CaseId, kind: Kind) -> list[AttachmentRow]:
        """The files that a coach sees, the newest first."""
        ...

    def counts(self, case: CaseId) -> tuple[int, int]:
        """How many files the case has, and how many have begun to arrive and are neither described nor swept."""
        ...

    def begin(self, row: AttachmentRow, entry: EntryId) -> None: ...
    def add_chunk(self, attachment: RecordId, number: int, sealed: bytes, entry: EntryId) -> None:
        """Raises Conflict if that chunk is there already."""
        ...

    def chunk_count(self, attachment: RecordId) -> int: ...
    def chunks(self, attachment: RecordId, first: int, count: int) -> list[bytes]:
        """Chunks `first` to `first + count - 1`, as far as they are there, in order."""
        ...

    def arrived(self, attachment: RecordId, chunks: int, entry: EntryId) -> bool:
        """The last chunk is there. False if it was so already, or swept."""
        ...

    def describe(self, attachment: RecordId, at: datetime, entry: EntryId) -> bool:
        """From now on it is seen. False if it has not arrived, was described already, or swept."""
        ...

    def abandoned(self, before: datetime, limit: int) -> list[RecordId]:
        """Files that began to arrive before then and that nobody described."""
        ...

    def sweep(self, attachment: RecordId, at: datetime, entry: EntryId) -> bool:
        """Empty its chunks. False if it was described or swept meanwhile."""
        ...


class Tasks(Protocol):
    def get(self, task: RecordId) -> Task | None: ...
    def of_case(self, case: CaseId) -> list[Task]:
        """By the day they are due."""
        ...

    def due(self, coach: ActorId, until: date, limit: int) -> list[Task]:
        """Open tasks of a coach's cases whose reminder has come by then, the earliest due first."""
        ...

    def add(self, task: Task, entry: EntryId) -> None: ...
    def update(self, task: Task, entry: EntryId) -> None:
        """Raises StaleVersion if `task.version` is not exactly one more than what is stored."""
        ...


class Drafts(Protocol):
    """One place per case, note and author. What was there before is overwritten."""

    def get(self, draft: RecordId) -> tuple[SealedRecord, datetime] | None:
        """What is there, with the moment it expires; None for an empty place."""
        ...

    def version(self, draft: RecordId) -> int: ...  # how often it was written or emptied; 0 for a new place
    #: Raises StaleVersion if somebody wrote since `version` was read.
    def put(self, draft: SealedRecord, expires_at: datetime, entry: EntryId) -> None: ...

    def clear(self, draft: RecordId, entry: EntryId, *, expired_by: datetime | None = None) -> bool:
        """Empty the place; with `expired_by`, only of what is so old then. False if there was nothing to empty."""
        ...

    #: `saved` was written of it: empty the place, also one that never was, so that what arrives late is late.
    def close(self, draft: RecordId, saved: SealedRecord, entry: EntryId) -> None: ...
    def expired(self, now: datetime, limit: int) -> list[RecordId]: ...


class ReviewCounts(Protocol):
    """Counts of what reviewers did with what was found in notes."""

    def add(self, counts: Iterable[tuple[ReviewCountKey, int]], entry: EntryId) -> None: ...
    def totals(self) -> dict[ReviewCountKey, int]: ...


class Keys(Protocol):
    def wrap(self, key: KeyId, reader: Zone) -> bytes | None: ...
    def wraps(self, keys: Sequence[KeyId], reader: Zone) -> dict[KeyId, bytes]: ...
    def put(self, key: KeyId, reader: Zone, wrap: bytes, now: datetime) -> None: ...
    def destroy(self, key: KeyId, reader: Zone) -> None: ...  # its wrap: emptied before this use case's rows commit


class Releases(Protocol):
    """What was released and not withdrawn since: a withdrawn release is not there any more, for anyone."""

    def hold(self, reader: Zone) -> None:
        """Until the commit nothing of this reader's is withdrawn: call it before `get` or `addressed`.

        Waits for a withdrawal that is being committed; what is read afterwards knows of it.
        """
        ...

    def get(self, release: ReleaseId, kind: Kind) -> ReleaseRow | None: ...
    def addressed(self, reader: Zone, kind: Kind, limit: int, before: datetime | None) -> list[ReleaseRow]: ...
    def add(self, release: ReleaseRow) -> None:
        """`release.decision` is its audit entry: committed before, and good for one release."""
        ...


class UnitOfWork(Asking, SigningIn, Questioning, Sampling, Erasing, Protocol):
    @property
    def zone(self) -> Zone: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def staff(self) -> Staff: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def coaches(self) -> Coaches: ...
    @property
    def agenda(self) -> Agenda: ...
    @property
    def records(self) -> Records: ...
    @property
    def attachments(self) -> Attachments: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def drafts(self) -> Drafts: ...
    @property
    def review_counts(self) -> ReviewCounts: ...
    @property
    def orders(self) -> TakenOrders: ...
    @property
    def emergencies(self) -> Emergencies: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def referrals(self) -> Referrals: ...
    @property
    def releases(self) -> Releases: ...
    @property
    def withdrawals(self) -> Withdrawals: ...
    @property
    def receipts(self) -> Receipts: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def trail(self) -> Trail: ...
