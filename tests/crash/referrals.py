"""What must hold for referrals, and for what passes between partners and casework, whatever happened in between."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vault.crypto.blind_index import BlindIndex
from vault.crypto.envelope import Release, ReleaseContext, open_release
from vault.crypto.statement import ReceiptStatement, WithdrawalStatement
from vault.errors import EnvelopeRejected, VaultError
from vault.ids import CaseId, EntryId, KeyId, ReleaseId
from vault.pseudonyms import Pseudonym, PseudonymKeys, domain_of
from vault.vocabulary import CASEWORK, Compartment, Kind, Purpose, Zone

if TYPE_CHECKING:
    from tests.crash.snapshot import Snapshot


def _release_of(found: Snapshot, referral: bytes) -> bytes:
    key = found.keyrings[CASEWORK].blind_index_key
    assert key is not None
    return BlindIndex(key.expose()).token("release/referral", referral.hex())[:16]


def referral_faults(found: Snapshot) -> Iterator[str]:
    """A referral is where its last step led, rests on a consent for its partner, and left exactly if it was sent."""
    events: dict[bytes, list[Mapping[str, Any]]] = defaultdict(list)
    for row in found["referral_events"]:
        events[bytes(row["referral_id"])].append(row)
    consents = {bytes(row["consent_id"]): row for row in found["consents"]}
    resting: set[bytes] = set()
    for row in found["referrals"]:
        place = f"referral {bytes(row['referral_id']).hex()}"
        steps = sorted(events[bytes(row["referral_id"])], key=lambda step: step["number"])
        if [step["number"] for step in steps] != list(range(1, row["version"] + 1)):
            yield f"{place}: its steps have a gap"
        if not steps or row["status"] != steps[-1]["to_status"]:
            yield f"{place}: is not where its last step led"
        consent = consents.get(bytes(row["consent_id"] or b""))
        if (consent is None) != (row["status"] in {"proposed", "declined"}):
            yield f"{place}: its status and its consent differ"
        if consent is None:
            continue
        resting.add(bytes(row["consent_id"]))
        agreed = set(consent["fields"].split(","))
        whose = (consent["case_id"], consent["recipient"])
        if whose != (row["case_id"], row["partner"]) or not agreed <= set(row["fields"].split(",")):
            yield f"{place}: rests on a consent to something else"
        ended = (consent["withdrawn_at"], row["withdrawn_at"])
        if (row["status"] == "withdrawn") != (ended[0] is not None) or ended[0] != ended[1]:
            yield f"{place}: ended, but not its consent, or the reverse"
        if (row["receipt_due"] is not None) != (row["withdrawn_at"] is not None and row["sent_at"] is not None):
            yield f"{place}: a receipt is due of nobody, or of nobody asked"
    older = _before_referrals(found)
    if any(row["withdrawn_at"] is None for raw, row in consents.items() if raw not in resting and raw not in older):
        yield "consent: one holds that no referral rests on"
    left = {bytes(row["release_id"]): row for row in found["releases"] if row["kind"] == Kind.REFERRAL.value}
    sent = {_release_of(found, bytes(row["referral_id"])) for row in found["referrals"] if row["sent_at"] is not None}
    stray = {(row["reader"], bytes(row["subject"])) for raw, row in left.items() if raw not in sent}
    if not sent <= set(left) or not stray <= set(older.values()):
        yield "referral: what left is not what was sent"


def _before_referrals(found: Snapshot) -> dict[bytes, tuple[str, bytes]]:
    """Consents from before referrals had rows of their own, with the partner and its pseudonym of the case."""
    ring = found.keyrings[CASEWORK]
    assert ring.pseudonym_root is not None
    pseudonyms = PseudonymKeys(ring.pseudonym_root)
    rules = {raw: body["rule"] for raw, body in found.bodies.items()}
    return {
        bytes(row["consent_id"]): (
            row["recipient"],
            pseudonyms.token(domain_of(Zone.parse(row["recipient"])), CaseId(bytes(row["case_id"]))).token,
        )
        for row in found["consents"]
        if rules[bytes(row["entry_id"])] == "cw-17"
    }


def correspondence_faults(found: Snapshot) -> Iterator[str]:
    """Withdrawals, receipts and answers are signed by whom they say, about what was sent, and complete."""
    releases = {bytes(row["release_id"]): row for row in found["releases"]}
    bodies = found.bodies
    due = {
        _release_of(found, bytes(row["referral_id"])): (row["withdrawn_at"], row["receipt_due"])
        for row in found["referrals"]
        if row["receipt_due"] is not None
    }
    told = {bytes(row["release_id"]): (row["withdrawn_at"], row["receipt_due"]) for row in found["withdrawals"]}
    if told != due:
        yield "withdrawal: what partners were told is not what casework recorded"
    for name in ("withdrawals", "receipts", "answers"):
        for row in found[name]:
            release, sender = releases[bytes(row["release_id"])], Zone.parse(row["sender"])
            place = f"{name} of {bytes(row['release_id']).hex()}"
            partner = row["reader"] if name == "withdrawals" else row["sender"]
            if (partner, bytes(row["subject"])) != (release["reader"], bytes(release["subject"])):
                yield f"{place}: is about another partner's release"
            subject = Pseudonym(domain_of(Zone.parse(partner)), bytes(row["subject"])).text
            if bodies[bytes(row["entry_id"])]["subject"] != subject:
                yield f"{place}: its entry is about something else"
            try:
                _verify(found, name, row, sender)
            except VaultError as fault:
                yield f"{place}: is not what its sender signed ({fault.code})"
    taken = {bytes(row["answer_id"]) for row in found["answers"] if row["taken_at"] is not None}
    key = found.keyrings[CASEWORK].blind_index_key
    assert key is not None
    index = BlindIndex(key.expose())
    kept = {bytes(row["record_id"]) for row in found["records"] if row["kind"] == Kind.REFERRAL_ANSWER.value}
    if kept != {index.token("record/referral_answer", raw.hex())[:16] for raw in taken}:
        yield "answer: what was kept is not what was taken in"


def _verify(found: Snapshot, name: str, row: Mapping[str, Any], sender: Zone) -> None:
    key, reader = found.directory.of(sender).verify, Zone.parse(row["reader"])
    release, subject, entry = (
        ReleaseId(bytes(row["release_id"])),
        bytes(row["subject"]),
        EntryId(bytes(row["entry_id"])),
    )
    if name == "withdrawals":
        withdrawal = WithdrawalStatement(
            subject, release, reader, sender, row["withdrawn_at"], row["receipt_due"], entry
        )
        withdrawal.verify(bytes(row["signature"]), key)
    elif name == "receipts":
        receipt = ReceiptStatement(subject, release, reader, sender, row["outcome"], row["given_at"], entry)
        receipt.verify(bytes(row["signature"]), key)
    else:
        context = ReleaseContext(
            subject, Compartment.NARRATIVE, reader, sender, ReleaseId(bytes(row["answer_id"])),
            KeyId(bytes(row["key_id"])), Purpose.REFERRAL, EntryId(bytes(row["decision"])), bytes(row["policy"]),
            row["schema_number"], None,
        )  # fmt: skip
        wrap = found.wraps.get((bytes(row["key_id"]), str(CASEWORK)), b"")
        sealed = Release(bytes(row["sealed"]), wrap, bytes(row["signature"]))
        own = found.keyrings[CASEWORK].sealing
        told = json.loads(open_release(sealed, context, own=own, sender=key, now=row["sent_at"]))
        if told["release"] != release.hex():
            raise EnvelopeRejected("an answer to another release")
