"""The tables of both databases, written once for SQLite and PostgreSQL.

Main database, four schemas (on SQLite the schema names vanish, table names are unique):
    log        entries, outbox, lanes: append-only, every zone may insert, only oversight reads; it files them;
               installation: whose database this is
               heads, leaves, tiles, checkpoints: the tree over them, which the sequencer alone makes
    auth       staff, sessions, attempts, passkeys and recovery codes: a row belongs to one zone; of passkeys oversight
               reads all, and vouches
    casework   cases and everything confided, sealed
    exchange   what passes between zones: sealed to one reader each, or signed; requests for access, answers, grants,
               ceremonies; erasures and tombstones
Keystore, one schema: wraps of data keys and generations of wrapping keys, sealed audit details and their keys, which
cases were erased; whose keystore this is.

Every written row outside `log` names the audit entry of the operation that wrote it by an immediate
foreign key; the entry is inserted first, and an update must change it (`entry_id`).

Small tables that are looked up by a random or growing key have no row ids on SQLite: one tree instead of two
to write on every request.

Moments are 64-bit microseconds since 1970 in UTC: the same bytes on both databases, and nothing to parse
on the hot path.
"""

from vault.storage.tables.asking import access_answers, access_copies, access_requests, grants, taken_requests
from vault.storage.tables.auth import (
    attempts,
    federated_identities,
    passkey_words,
    passkeys,
    recovery_codes,
    sessions,
    staff,
)
from vault.storage.tables.base import KEYSTORE_SCHEMA, SCHEMAS, Moment, from_micros, keys, main, to_micros
from vault.storage.tables.case_samples import case_sample_ends, case_samples
from vault.storage.tables.casework import (
    blind_index,
    case_events,
    cases,
    consents,
    data_keys,
    orders,
    records,
    referral_events,
    referrals,
    review_counts,
)
from vault.storage.tables.ceremonies import ceremonies
from vault.storage.tables.emergencies import break_glass
from vault.storage.tables.erasures import (
    buried_acts,
    buried_cases,
    buried_keys,
    erasure_cases,
    erasure_words,
    erasures,
    tombstones,
)
from vault.storage.tables.exchange import answers, receipts, releases, review_questions, withdrawals
from vault.storage.tables.keystore import detail_keys, details, generations, wraps
from vault.storage.tables.keystore import installation as keystore_installation
from vault.storage.tables.log import (
    checkpoints,
    cosignatures,
    entries,
    filed,
    filings,
    heads,
    installation,
    lanes,
    leaves,
    outbox,
    tiles,
)
from vault.storage.tables.organisation import (
    absences,
    appointments,
    assignments,
    calendar_feeds,
    coaches,
    conflicts,
    desk_cells,
)
from vault.storage.tables.recorded import attachment_chunks, attachments, drafts, tasks

__all__ = [
    "KEYSTORE_SCHEMA",
    "SCHEMAS",
    "Moment",
    "absences",
    "access_answers",
    "access_copies",
    "access_requests",
    "answers",
    "appointments",
    "assignments",
    "attachment_chunks",
    "attachments",
    "attempts",
    "blind_index",
    "break_glass",
    "buried_acts",
    "buried_cases",
    "buried_keys",
    "calendar_feeds",
    "case_events",
    "case_sample_ends",
    "case_samples",
    "cases",
    "ceremonies",
    "checkpoints",
    "coaches",
    "conflicts",
    "consents",
    "cosignatures",
    "data_keys",
    "desk_cells",
    "detail_keys",
    "details",
    "drafts",
    "entries",
    "erasure_cases",
    "erasure_words",
    "erasures",
    "federated_identities",
    "filed",
    "filings",
    "from_micros",
    "generations",
    "grants",
    "heads",
    "installation",
    "keys",
    "keystore_installation",
    "lanes",
    "leaves",
    "main",
    "orders",
    "outbox",
    "passkey_words",
    "passkeys",
    "receipts",
    "records",
    "recovery_codes",
    "referral_events",
    "referrals",
    "releases",
    "review_counts",
    "review_questions",
    "sessions",
    "staff",
    "taken_requests",
    "tasks",
    "tiles",
    "to_micros",
    "tombstones",
    "withdrawals",
    "wraps",
]
