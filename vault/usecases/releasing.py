"""What every release shares: it is decided in one transaction and carried out in the next.

The first half asks, and writes one `release_begun` entry per reader, about the case's pseudonym in the *reader's*
domain, so that no stored row joins two domains. After its commit the second half seals, signs and stores; the act
as a whole is logged under casework's own domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.audit.events import Detail, Event, Happening, Verdict
from vault.cases.model import Case
from vault.errors import StaleVersion
from vault.ids import CaseId, EntryId, KeyId, ReleaseId
from vault.pseudonyms import Pseudonym, domain_of
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework
from vault.vocabulary import Kind, Zone

#: Keys destroyed in one operation.
KEYS_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Planned:
    """One release that was authorised: its entry is committed and good for this release only."""

    release: ReleaseId
    reader: Zone
    subject: Pseudonym
    entry: EntryId


def plan(
    uow: UnitOfWork, actor: Actor, permit: Permit, kind: Kind, case: CaseId, reader: Zone, casework: Casework,
    release: ReleaseId | None = None,
) -> Planned:  # fmt: skip
    """Write the entry under which one release may be made. release: its id, if it is not to be a random one."""
    subject = casework.pseudonyms.token(domain_of(reader), case)
    release = release or ReleaseId(casework.entropy.bytes(16))
    event = Event(
        Happening.RELEASE_BEGUN.value, kind.value, Verdict.ALLOW, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), object=release.hex(), subject=subject.text, purpose=permit.purpose.value,
        rule=permit.rule, policy=casework.guard.policy_digest.hex(), outcome=str(reader),
        config=casework.protocols.digest.hex(),
    )  # fmt: skip
    return Planned(release, reader, subject, uow.audit.append(event, actor.detail()))


def unchanged(uow: UnitOfWork, actor: Actor, permit: Permit, case_id: CaseId, version: int) -> Case:
    """The case as it was when the release was decided, and stays until the commit.

    Raises StaleVersion, PermitInvalid for another actor.
    """
    permit.used_by(actor.id)
    case = uow.cases.get_to_change(case_id)
    if case is None or case.version != version:
        raise StaleVersion(expected=version, current=case.version if case else 0)
    return case


def completed(
    uow: UnitOfWork, actor: Actor, permit: Permit, kind: Kind, case: CaseId, casework: Casework, *, count: int
) -> EntryId:
    """Write down that something left, and how many copies."""
    event = Event(
        Happening.RELEASED.value, kind.value, Verdict.ALLOW, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), subject=casework.subject(case), purpose=permit.purpose.value, rule=permit.rule,
        policy=casework.guard.policy_digest.hex(), count=count,
    )  # fmt: skip
    return uow.audit.append(event, actor.detail())


class Lent(Protocol):
    """Something released for a time: a grant, a ceremony."""

    @property
    def release(self) -> ReleaseId: ...
    @property
    def key(self) -> KeyId: ...
    @property
    def reader(self) -> Zone: ...


class Lending(Protocol):
    """Where such things are kept."""

    def over(self, now: datetime, limit: int) -> Sequence[Lent]: ...
    def erased(self, release: ReleaseId, at: datetime, entry: EntryId) -> None: ...


def destroy_over(uow: UnitOfWork, kept: Lending, kind: Kind, now: datetime) -> int:
    """Destroy the keys of some that are over. Returns how many; call again until it is 0.

    No person asks for it: nothing is opened or shown. The keystore is emptied before the rows that say so commit, so a
    row that says it is true; where that commit was lost, the next call does the same again.
    """
    over = kept.over(now, KEYS_AT_ONCE)
    if over:
        entry = uow.audit.append(Event(Happening.SWEPT.value, kind.value, Verdict.NONE, count=len(over)), Detail())
        for each in over:
            uow.keys.destroy(each.key, each.reader)
            kept.erased(each.release, now, entry)
    return len(over)
