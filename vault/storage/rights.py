"""What a right of a database role is: a verb, the rows that it covers, and for some the columns.

A row policy says with a condition of SQL which rows these are; `vault.storage.roles` says who has which.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Verb(StrEnum):
    """There is no TRUNCATE. The sequencer takes rows from the outbox; casework those of a case that has a tombstone."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class Rows(StrEnum):
    """Which rows a right covers."""

    ALL = "every row"
    OWN = "rows of its own zone"
    OWN_LANE = "entries in lanes of its own zone"
    ADDRESSED = "rows addressed to its own zone"
    ADDRESSED_AND_OPEN = "rows addressed to its own zone that nobody withdrew, revoked or stopped"
    SENT = "rows it sends to another zone"
    TOLD = "rows that its zone is told of"
    ASKING = "rows addressed to a zone that reads requests for access"
    EMPTIED = "every row, to be emptied"
    SENT_TO_CASEWORK = "rows it sends to casework"
    TO_CASEWORK = "rows addressed to casework"
    UNDESCRIBED = "files that nobody has described yet"
    THEIR_CHUNKS = "chunks of files that nobody has described yet"
    OF_ERASED = "rows of a case that has a tombstone"
    CHUNKS_OF_ERASED = "chunks of files of such a case"
    STEPS_OF_ERASED = "steps of referrals of such a case"
    REQUESTS_OF_ERASED = "what belongs to a request that was taken in about such a case"
    ADDRESSED_OR_ERASED = "rows addressed to its own zone, and copies of requests about such a case"
    BARE_WHILE_ERASING = "requests without a copy, while a case is being erased"
    SENT_WHILE_ERASING = "rows it sends to another zone, while a case is being erased"
    MAIL_WHILE_ERASING = "rows addressed to its own zone, while a case is being erased"


_ERASED: Final = "case_id IN (SELECT t.case_id FROM exchange.tombstones t)"
_ASKED: Final = f"request_id IN (SELECT k.request_id FROM casework.taken_requests k WHERE k.{_ERASED})"  # noqa: S608 - this program's own names, here and below
#: The database does not know which release is about which case: it holds the right to the time of an erasure.
_ERASING: Final = "EXISTS (SELECT FROM exchange.tombstones t WHERE t.done_at IS NULL)"
CONDITION: Final[dict[Rows, str]] = {
    Rows.ALL: "true",
    Rows.OWN: "zone = '{zone}'",
    # A zone learns another's lanes from the rows that it is sent: each names its entry. Were it to write there, what
    # that zone logs afterwards would look out of place, and would not be found.
    Rows.OWN_LANE: "EXISTS (SELECT FROM log.lanes l WHERE l.lane = substr(entry_id, 1, 8) AND l.zone = '{zone}')",
    Rows.ADDRESSED: "reader = '{zone}'",
    # A withdrawal ends a partner's sight in the database itself: its process need not be honest. The partner reads
    # the withdrawals addressed to it, and the foreign key holds their reader equal to the release's.
    # What a lawful exception gave likewise: once casework revoked it or oversight stopped it, though its key be there.
    Rows.ADDRESSED_AND_OPEN: "reader = '{zone}' AND NOT EXISTS "
    "(SELECT FROM exchange.withdrawals w WHERE w.release_id = releases.release_id) AND NOT EXISTS "
    "(SELECT FROM exchange.grants g WHERE g.release_id = releases.release_id AND (g.revoked_at IS NOT NULL OR EXISTS "
    "(SELECT FROM exchange.access_answers a WHERE a.request_id = g.request_id AND a.act = 'stopped')))",
    Rows.SENT: "sender = '{zone}' AND reader <> '{zone}'",
    Rows.TOLD: "told_to = '{zone}'",
    Rows.ASKING: "reader IN ('casework', 'follow_up', 'oversight')",
    Rows.EMPTIED: "true",
    Rows.SENT_TO_CASEWORK: "sender = '{zone}' AND reader = 'casework'",
    Rows.TO_CASEWORK: "reader = 'casework'",
    Rows.UNDESCRIBED: "described_at IS NULL",
    Rows.THEIR_CHUNKS: (
        "EXISTS (SELECT FROM casework.attachments a "
        "WHERE a.attachment_id = attachment_chunks.attachment_id AND a.described_at IS NULL)"
    ),
    Rows.OF_ERASED: _ERASED,
    Rows.CHUNKS_OF_ERASED: f"attachment_id IN (SELECT a.attachment_id FROM casework.attachments a WHERE a.{_ERASED})",  # noqa: S608
    Rows.STEPS_OF_ERASED: f"referral_id IN (SELECT r.referral_id FROM casework.referrals r WHERE r.{_ERASED})",  # noqa: S608
    Rows.REQUESTS_OF_ERASED: _ASKED,
    Rows.ADDRESSED_OR_ERASED: f"reader = '{{zone}}' OR {_ASKED}",
    Rows.BARE_WHILE_ERASING: (
        f"{_ERASING} AND NOT EXISTS "
        "(SELECT FROM exchange.access_copies c WHERE c.request_id = access_requests.request_id)"
    ),
    Rows.SENT_WHILE_ERASING: f"sender = '{{zone}}' AND reader <> '{{zone}}' AND {_ERASING}",
    Rows.MAIL_WHILE_ERASING: f"reader = '{{zone}}' AND {_ERASING}",
}
#: What a changed row must be, where that is not what it was: describing a file is the last change of its row.
#: A wrap may be destroyed and never replaced.
AFTERWARDS: Final[dict[Rows, str]] = {Rows.UNDESCRIBED: "true", Rows.EMPTIED: "length(wrap) = 0"}


@dataclass(frozen=True, slots=True)
class Right:
    """columns: those that an UPDATE may set, or a SELECT may see; empty for whole rows."""

    verb: Verb
    rows: Rows = Rows.ALL
    columns: tuple[str, ...] = ()
