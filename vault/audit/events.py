"""What an audit entry says. Closed lists; no free text, address or name ever enters the leaf.

The entry's bytes are canonical JSON (keys sorted, no spaces, ASCII), stored verbatim: later the tree's
leaf is SHA-256(0x00 || bytes). The personal part (who exactly, from where, why) stands beside it, sealed
to oversight, with a salted commitment inside the entry, so that it can be erased without breaking a proof.

Field list after FHIR AuditEvent and ISO 27789: who, as what, did what, to what, why, with which outcome.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

FORMAT_VERSION: Final = 1
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


@unique
class Verdict(StrEnum):
    ALLOW = "allow"
    DENY = "deny"
    NONE = "none"  # nothing was to be decided: a lane opened, a sign-in was refused


@unique
class Happening(StrEnum):
    """What is logged besides questions to the firewall."""

    LANE_OPENED = "lane_opened"
    LANE_CLOSED = "lane_closed"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    STAFF_ADDED = "staff_added"
    SERVICE_TOKEN_ISSUED = "service_token_issued"
    RELEASE_BEGUN = "release_begun"
    RELEASED = "released"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to be written down. Texts here are codes, ids and pseudonyms.

    actor: the actor's pseudonym in the log. subject: the case's pseudonym in the domain the zone may use, or "".
    object: id of the record, release or entry concerned, hexadecimal, or "".
    """

    action: str
    kind: str
    verdict: Verdict
    actor: str = ""
    role: str = ""
    session: str = ""
    object: str = ""
    subject: str = ""
    purpose: str = ""
    rule: str = ""
    policy: str = ""
    outcome: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Detail:
    """The personal part: opened by oversight only."""

    actor_id: str = ""
    name: str = ""
    source: str = ""
    reason: str = ""

    def encode(self, salt: bytes) -> bytes:
        return _ENCODER.encode(
            {
                "actor_id": self.actor_id,
                "name": self.name,
                "reason": self.reason,
                "salt": salt.hex(),
                "source": self.source,
            }
        ).encode("ascii")


def entry_body(
    event: Event, *, entry: str, at: str, zone: str, lane: str, number: int, previous: str, commitment: str
) -> bytes:
    """The canonical bytes of one entry. at: RFC 3339, UTC, microseconds; the hashes are hexadecimal."""
    return _ENCODER.encode(
        {
            "action": event.action,
            "actor": event.actor,
            "at": at,
            "commitment": commitment,
            "count": event.count,
            "decision": event.verdict.value,
            "entry": entry,
            "kind": event.kind,
            "lane": lane,
            "number": number,
            "object": event.object,
            "outcome": event.outcome,
            "policy": event.policy,
            "previous": previous,
            "purpose": event.purpose,
            "role": event.role,
            "rule": event.rule,
            "session": event.session,
            "subject": event.subject,
            "v": FORMAT_VERSION,
            "zone": zone,
        }
    ).encode("ascii")
