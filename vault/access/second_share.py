"""The second share of a ceremony's key on its way: casework to oversight, and from there to who reads.

Casework draws it, seals the identity with it, and keeps neither share. Oversight opens its copy only to let it go,
under an entry that is committed by then. Each step is sealed to one zone, signed by the one before, and bound to the
release, that step's entry of the log, and its end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from vault.access.asking import AccessOffice
from vault.access.enforcement import Permit
from vault.access.releases import Sender
from vault.ceremonies import CeremonyRow
from vault.crypto.shares import SHARE_BYTES, ShareContext, open_share, seal_share
from vault.errors import EnvelopeRejected, Erased
from vault.ids import EntryId
from vault.ports import Entropy
from vault.sensitive import Sensitive
from vault.vocabulary import CASEWORK, OVERSIGHT, Kind

#: Who keeps the second share until it may be let go.
KEEPER: Final = OVERSIGHT


def draw(entropy: Entropy) -> Sensitive[bytes]:
    return Sensitive(entropy.bytes(SHARE_BYTES))


def entrust(share: Sensitive[bytes], row: CeremonyRow, sender: Sender) -> CeremonyRow:
    """Seal the share to its keeper. row: of the ceremony that is begun."""
    to = sender.directory.of(KEEPER).sealing
    sealed, signature = seal_share(share, _entrusted(row), to=to, sender=sender.signing)
    return replace(row, share=sealed, share_signature=signature)


def let_go(
    row: CeremonyRow, office: AccessOffice, permit: Permit, entry: EntryId, opened_at: datetime, expires_at: datetime
) -> CeremonyRow:
    """Open the keeper's copy and seal it to the reader. entry: committed; under it the share goes.

    Raises PermitInvalid, EnvelopeRejected for a share that casework did not send so, RecordTampered.
    """
    permit.check(kind=Kind.CEREMONY, case=None, now=opened_at, record=row.release.hex())
    share = open_share(
        row.share, row.share_signature, _entrusted(row), own=office.sealing,
        sender=office.directory.of(CASEWORK).verify, now=opened_at,
    )  # fmt: skip
    opened = replace(row, opened_at=opened_at, expires_at=expires_at, opened_decision=entry)
    sealed, signature = seal_share(
        share, _handed_on(opened), to=office.directory.of(row.reader).sealing, sender=office.signing
    )
    return replace(opened, opened_share=sealed, opened_signature=signature)


def receive(row: CeremonyRow, office: AccessOffice, permit: Permit, now: datetime) -> Sensitive[bytes]:
    """The share as it was let go to this zone.

    Raises PermitInvalid, Erased once it was emptied, EnvelopeRejected for one that oversight did not send so or whose
    time is over, RecordTampered.
    """
    permit.check(kind=Kind.CEREMONY, case=None, now=now, record=row.release.hex())
    if not row.opened_share:
        raise Erased("the second share of this ceremony is gone")
    sender = office.directory.of(KEEPER).verify
    return open_share(
        row.opened_share, row.opened_signature, _handed_on(row), own=office.sealing, sender=sender, now=now
    )


def _entrusted(row: CeremonyRow) -> ShareContext:
    return ShareContext(
        row.release, row.key, KEEPER, CASEWORK, row.decision, row.policy, row.minutes, row.open_until
    )  # fmt: skip


def _handed_on(row: CeremonyRow) -> ShareContext:
    """Raises EnvelopeRejected for a row that says it was let go without saying when and by which entry."""
    if row.opened_decision is None or row.expires_at is None:
        raise EnvelopeRejected("a second share that nobody let go")
    return ShareContext(
        row.release, row.key, row.reader, KEEPER, row.opened_decision, row.policy, row.minutes, row.expires_at
    )  # fmt: skip
