"""What may leave casework, as closed lists, and how it is sealed to its reader and opened there.

The outcome sheet is assembled from ADMIN facts, a code and a date; there is no field that free text or
anything confided could be put into. A referral carries the fields that the person consented to, no other
(`vault.cases.partners`, `vault.usecases.referral_fields`). What partners send back is in `correspondence`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vault.access.enforcement import Permit
from vault.cases.calendar import belgian_day
from vault.cases.model import Case
from vault.cases.people import Identity
from vault.cases.protocols import ANOTHER_BODY, Protocols, categories_of
from vault.crypto.directory import ZoneDirectory
from vault.crypto.envelope import Release, ReleaseContext, open_release, seal_release
from vault.crypto.hpke import SealingKeyPair
from vault.crypto.signing import SigningKey
from vault.errors import EnvelopeRejected, Erased, RecordTampered
from vault.ids import EntryId, KeyId, ReleaseId
from vault.ports import Clock, Entropy
from vault.provenance import Leaving, Sourced
from vault.pseudonyms import Pseudonym, domain_of
from vault.sensitive import Sensitive
from vault.unit_of_work import ReleaseRow, UnitOfWork
from vault.vocabulary import CASEWORK, Compartment, Kind, Provenance, Purpose, Zone

SHEET_SCHEMA: Final = 1
REFERRAL_SCHEMA: Final = 1

#: The outcome sheet's closed list (C7). Of what was said: a code and a date. All else has provenance ADMIN.
SHEET_FIELDS: Final = (
    "oqt_reference",
    "ov_number",
    "closing_date",
    "outcome_code",
    "term_end",
    "extended",
    "procedure_pending",
    "minors",
    "fitness_check",
    "language",
)
#: Oversight compares sheets with the list; it needs no number that names the person.
SHEET_NAMING_FIELDS: Final = ("oqt_reference", "ov_number")


def outcome_sheet(case: Case, identity: Identity, provenance: Provenance, *, naming: bool) -> Leaving:
    """The sheet of a handed-over case. naming: with the file's own numbers, for the follow-up service.

    provenance: sealed with the identity.
    """
    assert case.closed_at is not None
    assert case.outcome is not None
    facts = case.facts
    sheet = {
        "oqt_reference": Sourced(identity.oqt_reference, "identity.oqt_reference", provenance),
        "ov_number": Sourced(identity.ov_number, "identity.ov_number", provenance),
        "closing_date": Sourced(belgian_day(case.closed_at).isoformat(), "case.closed_at"),
        "outcome_code": Sourced(case.outcome.value, "case.outcome"),
        "term_end": Sourced(facts.term_end.isoformat() if facts.term_end else None, "case.term_end"),
        "extended": Sourced(facts.extended, "case.extended"),
        "procedure_pending": Sourced(facts.procedure_pending, "case.procedure_pending"),
        "minors": Sourced(facts.minors, "case.minors"),
        "fitness_check": Sourced(facts.fitness_check, "case.fitness_check"),
        "language": Sourced(case.language, "case.language"),
    }
    if not naming:
        for name in SHEET_NAMING_FIELDS:
            del sheet[name]
    return Leaving(sheet)


@dataclass(frozen=True, slots=True)
class Sender:
    """Casework's means to seal to another zone."""

    directory: ZoneDirectory
    signing: SigningKey
    clock: Clock
    entropy: Entropy
    protocols: Protocols

    def seal(
        self, uow: UnitOfWork, permit: Permit, leaving: Leaving, *, release: ReleaseId, reader: Zone,
        subject: bytes, kind: Kind, compartment: Compartment, purpose: Purpose, decision: EntryId, policy: bytes,
        schema: int, expires_at: datetime | None, second: Sensitive[bytes] | None = None,
    ) -> KeyId:  # fmt: skip
        """Seal what leaves under a fresh key to `reader` and store the release. The key is kept by nobody else.

        Returns the key's id, for whoever may have to destroy it. permit: leave to release this kind. decision: the
        release's own, already committed audit entry. second: a share without which the reader opens nothing.
        Raises ProvenanceRefused for a value that comes from where it must not (`vault.provenance`): nothing is sealed
        then. ProtocolMissing for what no protocol with the reader's body covers.
        """
        now = self.clock.now()
        permit.check(kind=kind, case=permit.item.case, now=now, storing=True)
        if reader.kind in ANOTHER_BODY:
            self.protocols.require(reader, purpose, categories_of(kind, leaving.fields), now)
        content = leaving.content(kind, reader.kind)
        key = KeyId(self.entropy.bytes(16))
        context = ReleaseContext(
            subject, compartment, reader, CASEWORK, release, key, purpose, decision, policy, schema, expires_at
        )
        plaintext = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        sealed = seal_release(
            plaintext, context, to=self.directory.of(reader).sealing, sender=self.signing, entropy=self.entropy,
            second=second,
        )  # fmt: skip
        uow.keys.put(key, reader, sealed.wrap, now)
        uow.releases.add(
            ReleaseRow(
                release, reader, CASEWORK, kind, compartment, subject, purpose, decision, policy, schema, key,
                sealed.sealed, sealed.signature, now, expires_at,
            )
        )  # fmt: skip
        return key


@dataclass(frozen=True, slots=True)
class Receiver:
    """A zone's means to open what was sealed to it."""

    zone: Zone
    directory: ZoneDirectory
    sealing: SealingKeyPair
    clock: Clock

    def open(
        self, uow: UnitOfWork, permit: Permit, row: ReleaseRow, second: Sensitive[bytes] | None = None
    ) -> Sensitive[dict[str, Any]]:
        """Verify the sender, open, parse. second: the share that it was sealed with, if it was.

        Raises PermitInvalid, Erased, EnvelopeRejected, RecordTampered.
        """
        now = self.clock.now()
        permit.check(kind=row.kind, case=None, now=now, record=row.id.hex())
        if row.sender != CASEWORK:  # any zone can sign for itself; sheets and referrals come from casework alone
            raise EnvelopeRejected("a release that casework did not send")
        wrap = uow.keys.wrap(row.key, self.zone)
        if not wrap:
            raise Erased("the key of this release was destroyed")
        context = ReleaseContext(
            row.subject, row.compartment, self.zone, row.sender, row.id, row.key, row.purpose, row.decision,
            row.policy, row.schema, row.expires_at,
        )  # fmt: skip
        sender = self.directory.of(row.sender).verify
        plaintext = open_release(
            Release(row.sealed, wrap, row.signature), context, own=self.sealing, sender=sender, now=now,
            second=second,
        )  # fmt: skip
        content = json.loads(plaintext)
        if not isinstance(content, dict):
            raise RecordTampered("an authentic release of another shape")
        return Sensitive(content)

    def pseudonym(self, row: ReleaseRow) -> str:
        """The case as this zone knows it: a finished token, never a key that makes one."""
        return Pseudonym(domain_of(self.zone), row.subject).text
