"""The access history, as auditor and DPO read it. Reading the log is logged."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from vault.access.actor import Actor
from vault.access.enforcement import Guard, Item, Permit
from vault.access.shaping import shape
from vault.audit.events import Happening
from vault.audit.reading import EntryFilter, StoredEntry
from vault.cases.break_glass import EmergencyRules
from vault.cases.calendar import Calendar
from vault.crypto.detail import DetailReader, commitment
from vault.crypto.hpke import SealingKeyPair
from vault.crypto.signing import SigningKey
from vault.errors import InvalidInput, NotFound, RecordTampered
from vault.ids import EntryId
from vault.oversight.detecting import Detection
from vault.oversight.timetable import Timetable
from vault.ports import Clock, Entropy
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Values
from vault.vocabulary import Action, Facts, Kind, Purpose, Role

PAGE_LIMIT = 500
LONGEST_REASON = 4_000
#: Entries that one bundle of evidence holds at most: each comes with its proof.
MOST_EVIDENCE = 1_000
#: How the entry says that entries are given out with their proofs.
EXPORTED = "exported"


@dataclass(frozen=True, slots=True)
class Oversight:
    """The oversight zone's services. sealing: opens the details that every zone seals to it. signing: for reports.

    detection: the rules in force. calendar: which days are worked. timetable: when keys and retention are due.
    """

    guard: Guard
    sealing: SealingKeyPair
    signing: SigningKey
    clock: Clock
    entropy: Entropy
    detection: Detection
    calendar: Calendar
    emergency_rules: EmergencyRules
    timetable: Timetable


def purpose_of(actor: Actor) -> Purpose:
    """Each function looks at the log for its own purpose."""
    return Purpose.DATA_PROTECTION if actor.role is Role.DPO else Purpose.ACCESS_REVIEW


class Found(NamedTuple):
    """entries: as the release profile shows them, newest first. upto: where to go on, "" where nothing older fits."""

    entries: list[Values]
    upto: str


def list_entries(uow: UnitOfWork, actor: Actor, wanted: EntryFilter, oversight: Oversight) -> Found:
    """Entries, newest first. With `subject`, the access history of one case by its pseudonym."""
    if not 1 <= wanted.limit <= PAGE_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {PAGE_LIMIT}", field="limit")
    page = uow.trail.entries(wanted)
    permit = ask_for_page(uow, actor, wanted, len(page.entries), oversight)
    upto = page.upto.hex() if page.upto is not None else ""
    return Found([shape(permit.profile, entry_values(entry)) for entry in page.entries], upto)


def ask_for_page(
    uow: UnitOfWork, actor: Actor, wanted: EntryFilter, count: int, oversight: Oversight, outcome: str = ""
) -> Permit:
    """Looking at the log is logged: the case in the entry, everything else that was looked for in its sealed detail."""
    asked = " ".join(f"{name}={word}" for name, word in wanted.words().items())
    for name in ("since", "until"):
        moment = getattr(wanted, name)
        asked += f" {name}={moment.isoformat()}" if moment is not None else ""
    return oversight.guard.permit(
        uow, actor, Action.LIST, Item(Kind.AUDIT_ENTRY, subject=wanted.subject), purpose=purpose_of(actor),
        facts=Facts(), count=count, outcome=outcome, reason=asked.strip(),
    )  # fmt: skip


def choose_evidence(uow: UnitOfWork, actor: Actor, wanted: EntryFilter, oversight: Oversight) -> list[EntryId]:
    """Every entry that fits, newest first, to be given out with its proof. Raises InvalidInput for too many."""
    found: list[EntryId] = []
    asked = replace(wanted, limit=PAGE_LIMIT, before=None)
    while len(found) <= MOST_EVIDENCE:
        page = uow.trail.entries(asked)
        found += [entry.id for entry in page.entries]
        if page.upto is None:
            break
        asked = replace(asked, before=page.upto)
    ask_for_page(uow, actor, wanted, len(found), oversight, outcome=EXPORTED)
    if len(found) > MOST_EVIDENCE:
        raise InvalidInput(f"more than {MOST_EVIDENCE} entries: ask for a shorter period", field="until")
    return found


def read_entry(uow: UnitOfWork, actor: Actor, entry: EntryId, oversight: Oversight) -> Values:
    """One entry. Raises NotFound."""
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.AUDIT_ENTRY, entry.hex()), purpose=purpose_of(actor), facts=Facts()
    )
    found = uow.trail.entry(entry)
    if found is None:
        raise NotFound("no such entry")
    return shape(permit.profile, entry_values(found))


def read_detail(uow: UnitOfWork, actor: Actor, entry: EntryId, oversight: Oversight, reason: str = "") -> Values:
    """Who exactly, from where and why. Raises NotFound, RecordTampered if it is not what the entry committed to.

    reason: why somebody looks, sealed beside the entry of this look.
    """
    if len(reason) > LONGEST_REASON or "\x00" in reason:
        raise InvalidInput(f"a reason has at most {LONGEST_REASON} characters", field="reason")
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.AUDIT_DETAIL, entry.hex()), purpose=purpose_of(actor), facts=Facts(),
        reason=reason,
    )  # fmt: skip
    stored = uow.trail.entry(entry)
    if stored is None:
        raise NotFound("no such entry, or its detail was erased")
    body = stored.told()
    opened = _open(uow, stored, body, oversight) if body["commitment"] else _introduction(uow, body, oversight)
    content: dict[str, Any] = json.loads(opened.plaintext)
    return shape(
        permit.profile,
        {
            "entry": entry.hex(),
            "actor_id": content["actor_id"],
            "actor_name": content["name"],
            "session": body["session"],
            "source_address": content["source"],
            "reason": content["reason"],
            "opened": opened.entry.hex(),
            "opening": opened.plaintext.decode("ascii"),
        },
    )


def reason_in(uow: UnitOfWork, stored: StoredEntry, oversight: Oversight) -> str:
    """What was written at an entry; "" where nothing was, or it was erased. For whoever may read what it belongs to."""
    body = stored.told()
    if not body["commitment"] or uow.trail.detail(stored.id) is None:
        return ""
    found: str = json.loads(_open(uow, stored, body, oversight).plaintext)["reason"]
    return found


class _Opened(NamedTuple):
    """A detail as it was committed to, salt and all, and the entry that commits to it."""

    entry: EntryId
    plaintext: bytes


def _open(uow: UnitOfWork, stored: StoredEntry, body: dict[str, Any], oversight: Oversight) -> _Opened:
    """An entry's own detail, if it is the one that the entry commits to."""
    detail = uow.trail.detail(stored.id)
    if detail is None:
        raise NotFound("no such entry, or its detail was erased")
    number = int.from_bytes(stored.id.raw[8:], "big") - detail.first
    reader = DetailReader(oversight.sealing, detail.lane, detail.epoch, detail.sealed_key)
    plaintext = reader.open(number, stored.id, detail.detail)
    if commitment(bytes.fromhex(json.loads(plaintext)["salt"]), plaintext).hex() != body["commitment"]:
        raise RecordTampered("the detail is not the one that the entry commits to")
    return _Opened(stored.id, plaintext)


def _introduction(uow: UnitOfWork, body: dict[str, Any], oversight: Oversight) -> _Opened:
    """Who it was, from the sign-in that the entry's session names: same actor, same address, no reason given."""
    if not body["session"]:
        raise NotFound("no such entry, or its detail was erased")
    began = uow.trail.entry(EntryId.parse(body["session"]))
    if began is None:
        raise NotFound("no such entry, or its detail was erased")
    beginning = began.told()
    if (beginning["action"], beginning["actor"]) != (Happening.SIGNED_IN.value, body["actor"]):
        raise RecordTampered("the entry's session is not one of its actor")
    return _open(uow, began, beginning, oversight)


def entry_values(entry: StoredEntry) -> dict[str, Any]:
    body = entry.told()
    return {"config": "", **body, "time": body["at"]}  # entries of version 1 name no parameters
