"""An entry of the log as another system may have it: an event of the Open Cybersecurity Schema Framework.

What leaves is a closed list. Who watches the machines is often a department of the very authority from which the
vault keeps things apart, so an event must not help to find a person, nor tell one thing about a case:

    leaves    place and proof (tree, index, leaf hash, lane, its number, signed size), moment, zone, role, the actor's
              pseudonym in the log, their session, action, kind, purpose, decision, rule, digest of the policy, count
    changed   the case: a name that is equal only within one day and for one actor. It shows how many cases somebody
              went through, and joins no two people's acts, no two days and no two zones
    stays     the object, the outcome, the commitment and its detail, the digest of parameters, the case's own name

The outcome stays because it says how a conversation went, or to whom somebody was referred; those of the machinery
itself (`_TOLD`) leave. Every entry becomes an event, so that a missing index shows.

Classes: 6005 looks and writes, 3002 sign-ins, 3001 staff, 3003 what was granted, 2004 what the log found wrong with
itself, 6003 everything else. Times in milliseconds since 1970, as the framework wants them.
"""

from __future__ import annotations

import hmac
import json
import re
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final, NamedTuple

from vault.audit.events import Happening, Verdict
from vault.audit.legible import illegible, said
from vault.audit.log_events import LogHappening
from vault.vocabulary import Action, Kind

OCSF: Final = "1.8.0"
Event = dict[str, Any]
_PRODUCT: Final = {"name": "Parefeu", "vendor_name": "Parefeu", "version": version("parefeu")}
#: What leaves is codes, ids and pseudonyms. Anything else was never meant for an entry, and does not leave.
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,79}")
_UNKNOWN, _INFORMATIONAL, _LOW, _CRITICAL = 0, 1, 2, 5
_OTHER: Final = 99
_ACTIONS: Final = frozenset(action.value for action in Action)
#: Datastore Activity by action; every other action changes the state of something.
_DATASTORE: Final = {
    Action.READ.value: (1, "Read"), Action.REVIEW.value: (1, "Read"), Action.REVEAL.value: (10, "Decrypt"),
    Action.LIST.value: (8, "List"), Action.SEARCH.value: (4, "Query"), Action.WRITE.value: (5, "Write"),
    Action.CREATE.value: (6, "Create"),
}  # fmt: skip
_SIGN_INS: Final = {
    Happening.SIGNED_IN.value: (1, "Logon"), Happening.SIGN_IN_REFUSED.value: (1, "Logon"),
    Happening.SIGNED_OUT.value: (2, "Logoff"), Happening.SERVICE_TOKEN_ISSUED.value: (3, "Authentication Ticket"),
}  # fmt: skip
#: Happenings of the machinery: their outcome is about no case and no person.
_TOLD: Final = frozenset({
    LogHappening.LOG_OPENED.value, LogHappening.LOG_CLOSED.value, LogHappening.GAP_FOUND.value,
    LogHappening.WITNESS_CONTRADICTS.value, LogHappening.TREE_UNNAMED.value, LogHappening.DETAILS_ERASED.value,
    LogHappening.WRAPS_ROTATING.value, LogHappening.WRAPS_ROTATED.value, LogHappening.ROOT_REPLACED.value,
    Happening.POLICY_REFUSED.value, Happening.TURNED_AWAY.value, Happening.LANE_OPENED.value,
})  # fmt: skip
_FINDINGS: Final = {
    LogHappening.GAP_FOUND.value: "Entries of a writer are missing from the access log, or out of place in it",
    LogHappening.WITNESS_CONTRADICTS.value: "A witness says that it was shown another access log, and proves nothing",
    LogHappening.TREE_UNNAMED.value: "The access log stays in the tree of a half-year that is over",
    Happening.ILLEGIBLE.value: "The access log holds an entry that this program did not write",
}


class Leaf(NamedTuple):
    """Where an entry stands: its number in a tree, from 0. hash: 32 bytes. signed: the checkpoint's size."""

    origin: str
    number: int
    hash: bytes
    signed: int


def event_of(entry: bytes, leaf: Leaf, key: bytes) -> Event:
    """One entry's event. entry: its stored bytes. key: 32 bytes of the follower's own, for the names of cases."""
    body = said(entry) or _illegible(leaf)
    found = _class_of(body)
    moment = datetime.fromisoformat(body["at"])
    allowed = body["decision"] != Verdict.DENY.value
    found |= {
        "type_uid": found["class_uid"] * 100 + found["activity_id"],
        "category_uid": found["class_uid"] // 1000,
        "time": int(moment.timestamp() * 1000),
        "status_id": 1 if allowed else 2,
        "severity_id": _CRITICAL if body["action"] in _FINDINGS else _INFORMATIONAL if allowed else _LOW,
        "metadata": {
            "version": OCSF, "product": _PRODUCT, "uid": _code(body["entry"]), "log_name": leaf.origin,
            "sequence": leaf.number, "event_code": _code(body["action"]), "log_version": str(int(body["v"])),
        },
        "unmapped": {name: value for name, value in _own(body, leaf, key).items() if value != ""},
    }  # fmt: skip
    return found


def encode(event: Event) -> bytes:
    """One line of ASCII."""
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _illegible(leaf: Leaf) -> dict[str, Any]:
    """In the place of an entry that nobody can read: its hash says which. It is dated by nothing: 1970."""
    return illegible(leaf.hash.hex()[:32], datetime(1970, 1, 1, tzinfo=UTC), "")


def _own(body: dict[str, Any], leaf: Leaf, key: bytes) -> dict[str, Any]:
    """What the framework has no place for."""
    return {
        "leaf_hash": leaf.hash.hex(),
        "checkpoint_size": leaf.signed,
        "lane": _code(body["lane"]),
        "lane_number": int(body["number"]),
        **{name: _code(body[name]) for name in ("zone", "role", "action", "kind", "purpose", "decision", "rule")},
        "policy": _code(body["policy"]),
        "outcome": _code(body["outcome"]) if body["action"] in _TOLD else "",
        "count": int(body["count"]),
        "case": _case(body, key),
    }


def _case(body: dict[str, Any], key: bytes) -> str:
    """A name of the case for one actor and one day of UTC; "" where the entry is about none."""
    if not body["subject"]:
        return ""
    told = json.dumps([body["at"][:10], body["actor"], body["subject"]]).encode()
    return hmac.digest(key, told, "sha256")[:8].hex()


def _code(value: Any) -> str:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


def _class_of(body: dict[str, Any]) -> Event:
    """The class with what it asks for."""
    action, kind, zone = body["action"], _code(body["kind"]) or "unknown", _code(body["zone"]) or "unknown"
    if action in _SIGN_INS:
        number, name = _SIGN_INS[action]
        return _class(3002, number, name, user=_user(body), service={"name": f"parefeu/{zone}"})
    if action == Happening.STAFF_ADDED.value:
        return _class(3001, 1, "Create", user=_user(body))
    if (action, kind, body["decision"]) == (Action.RELEASE.value, Kind.GRANT.value, Verdict.ALLOW.value):
        return _class(
            3003, 1, "Assign Privileges", user={"name": "follow_up"}, privileges=[kind], actor=_actor(body)
        )  # fmt: skip
    if action in _FINDINGS:
        return _class(2004, 1, "Create", finding_info={"uid": _code(body["entry"]), "title": _FINDINGS[action]})
    endpoint = {"name": "parefeu", "svc_name": f"parefeu/{zone}"}
    if action in _ACTIONS:
        number, name = _DATASTORE.get(action, (2, "Update"))
        if action == Action.RELEASE.value:
            number, name = _OTHER, action
        return _class(6005, number, name, actor=_actor(body), src_endpoint=endpoint, table={"name": kind})
    operation = _code(action) or "unknown"
    api = {"operation": operation, "group": {"name": kind}}
    return _class(6003, _OTHER, operation, actor=_actor(body), src_endpoint=endpoint, api=api)


def _class(uid: int, activity: int, name: str, **fields: Any) -> Event:
    return {"class_uid": uid, "activity_id": activity, "activity_name": name, **fields}


def _user(body: dict[str, Any]) -> dict[str, str]:
    """By the pseudonym in the log; a refused sign-in may be nobody's."""
    actor = _code(body["actor"])
    return {"uid": actor} if actor else {"name": "unknown"}


def _actor(body: dict[str, Any]) -> dict[str, Any]:
    """An act of the machinery is the program's own."""
    if not _code(body["actor"]):
        return {"app_name": "parefeu"}
    session = _code(body["session"])
    return {"user": _user(body)} | ({"session": {"uid": session}} if session else {})
