"""What an audit entry says. Closed lists; no free text, address or name ever enters the leaf.

The entry's bytes are canonical JSON (keys sorted, no spaces, ASCII), stored verbatim: later the tree's
leaf is SHA-256(0x00 || bytes). The personal part (who exactly, from where, why) stands beside it, sealed
to oversight, with a salted commitment inside the entry, so that it can be erased without breaking a proof.

Field list after FHIR AuditEvent and ISO 27789: who, as what, did what, to what, why, with which outcome.
"""

from __future__ import annotations

import json
from enum import StrEnum, unique
from typing import Final, NamedTuple

#: 2 since entries name the parameters (`config`) that a value was computed with; what was written as 1 stays so.
FORMAT_VERSION: Final = 2
_quote: Final = json.encoder.encode_basestring_ascii
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
    PASSKEY_ENROLLED = "passkey_enrolled"
    PASSKEY_REVOKED = "passkey_revoked"  # by its holder or the operator; object: which one
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"  # count: how many are left
    IDENTITY_LINKED = "identity_linked"  # somebody of an identity provider is this member of staff from now on
    IDENTITY_UNLINKED = "identity_unlinked"
    STEPPED_UP = "stepped_up"  # proved anew who they are, at the identity provider
    RELEASE_BEGUN = "release_begun"
    RELEASED = "released"
    RELEASE_WITHDRAWN = "release_withdrawn"
    ANSWER_TAKEN = "answer_taken"
    SWEPT = "swept"  # forgotten drafts and files that never were described: emptied
    SWEPT_THROUGH = "swept_through"  # whatever was due is emptied, once a day at least; count: how much, also nothing
    ERASURE_BEGUN = "erasure_begun"  # a case is gone from now on; object: the erasure that was approved
    ERASURE_LAPSED = "erasure_lapsed"  # what was approved is about a case that was reopened since; object: which
    ERASURE_REPLAYED = "erasure_replayed"  # the same again, after a database from before it was put back
    ERASED = "erased"  # nothing of the case is left; count: keys that were destroyed, and its row
    EXAMINED = "examined"  # a sample of sealed records was tried, to see whether they open; nobody was shown any
    FAILED = "failed"
    POLICY_LOADED = "policy_loaded"  # another one, while serving; `policy` names it
    POLICY_REFUSED = "policy_refused"  # it would not load, or would widen unsigned; the old one stayed
    ENTRUSTED = (
        "entrusted"  # a case lies with a coach now, or with nobody yet; object: whose it is, outcome: its region
    )
    ILLEGIBLE = "illegible"  # never written: told in the place of an entry that nobody can read (`vault.audit.legible`)
    TURNED_AWAY = "turned_away"  # counted: so many requests without a session, since the last such entry


#: What an entry is searched by besides its moment: fields of its own, copied beside it (`vault.storage.filing`).
FILED_FIELDS: Final = ("actor", "subject", "action", "kind", "role", "zone", "purpose", "decision", "rule")


class Event(NamedTuple):
    """One thing to be written down. Texts here are codes, ids and pseudonyms.

    actor: the actor's pseudonym in the log. subject: the case's pseudonym in the domain the zone may use, or "".
    object: id of the record, release or entry concerned, hexadecimal, or "". config: digest of the parameters that
    something was computed or guarded with, or "".
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
    count: int = 1  # type: ignore[assignment] # a field of this name hides tuple.count, which nobody needs
    config: str = ""


class Detail(NamedTuple):
    """The personal part: opened by oversight only."""

    actor_id: str = ""
    name: str = ""
    source: str = ""
    reason: str = ""

    def encode(self, salt: bytes) -> bytes:
        """Canonical JSON, like the entry's: keys in order, no spaces, ASCII."""
        return (
            f'{{"actor_id":{_quote(self.actor_id)},"name":{_quote(self.name)},"reason":{_quote(self.reason)},'
            f'"salt":"{salt.hex()}","source":{_quote(self.source)}}}'
        ).encode("ascii")


#: Keys in order, no spaces, ASCII: what `_ENCODER` makes of the same fields (a test holds the two equal).
_QUOTES: Final = 82
#: What is printable in ASCII, but for the backslash. Asking the text whether it is takes four times as long.
_PLAIN: Final = bytes(sorted(set(range(0x20, 0x7F)) - {0x5C}))


def entry_body(
    event: Event, *, entry: str, at: str, zone: str, lane: str, number: int, previous: str, commitment: str
) -> bytes:
    """The canonical bytes of one entry. at: RFC 3339, UTC, microseconds; the hashes are hexadecimal.

    All texts are codes, ids and pseudonyms, so the entry is laid out directly; one that needs escaping goes the
    encoder's way.
    """
    (
        action, kind, verdict, actor, role, session, object_, subject, purpose, rule, policy, outcome, count,
        config,
    ) = event  # fmt: skip
    text = (
        f'{{"action":"{action}","actor":"{actor}","at":"{at}","commitment":"{commitment}","config":"{config}",'
        f'"count":{count},"decision":"{verdict}","entry":"{entry}","kind":"{kind}","lane":"{lane}","number":{number},'
        f'"object":"{object_}","outcome":"{outcome}","policy":"{policy}","previous":"{previous}",'
        f'"purpose":"{purpose}","role":"{role}","rule":"{rule}","session":"{session}","subject":"{subject}",'
        f'"v":{FORMAT_VERSION},"zone":"{zone}"}}'
    )
    if text.count('"') == _QUOTES and text.isascii():
        body = text.encode("ascii")
        if not body.translate(None, _PLAIN):
            return body
    return encode_body(
        event, entry=entry, at=at, zone=zone, lane=lane, number=number, previous=previous, commitment=commitment
    )


def encode_body(event: Event, **place: str | int) -> bytes:
    """The same by the JSON encoder: the definition."""
    fields = {name: value for name, value in event._asdict().items() if name != "verdict"}
    return _ENCODER.encode({**fields, **place, "decision": str(event.verdict), "v": FORMAT_VERSION}).encode("ascii")
