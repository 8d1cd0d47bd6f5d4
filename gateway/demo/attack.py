"""The attack: somebody owns one zone. They have its keyring and every row of both databases; what opens?

Nothing here asks the gateway or the policy: those are taken to have fallen. Every key of the zone is tried on
every wrap, record, release and audit detail, in the context where the thing really stands and as if it had
been sealed to this zone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vault.access.sealing import SCHEMA
from vault.crypto.detail import open_detail
from vault.crypto.directory import ZoneDirectory
from vault.crypto.envelope import Release, ReleaseContext, open_release
from vault.crypto.hierarchy import ZoneKeyring
from vault.crypto.record import RecordContext, open_record
from vault.crypto.wrap import WrapContext
from vault.errors import CryptoError, VaultError
from vault.ids import EntryId, KeyId, ReleaseId
from vault.storage import tables as t
from vault.storage.store import Store
from vault.vocabulary import CASEWORK, KIND_COMPARTMENT, OVERSIGHT, Compartment, Kind, Purpose, Zone

Row = dict[str, Any]


@dataclass(slots=True)
class Loot:
    """All rows of both databases, by table."""

    rows: dict[str, list[Row]]

    @classmethod
    def take(cls, store: Store) -> Loot:
        rows = {}
        for database, metadata in ((store.main, t.main), (store.keystore, t.keys)):
            for table in metadata.sorted_tables:
                rows[table.name] = [dict(row._mapping) for row in database.execute(table.select())]
        return cls(rows)

    @property
    def count(self) -> int:
        return sum(map(len, self.rows.values()))


@dataclass(slots=True)
class Tally:
    """One kind of thing: how many there are, how often something was tried, how many opened."""

    there: int = 0
    tries: int = 0
    opened: int = 0
    own: int = 0  # of those there, how many were released to this zone


@dataclass(slots=True)
class Findings:
    zone: Zone
    tallies: dict[str, Tally] = field(default_factory=dict)

    def of(self, name: str) -> Tally:
        return self.tallies.setdefault(name, Tally())

    @property
    def confided(self) -> int:
        """Notes, identities, contacts, stand-in lists and answers that opened: must be none."""
        return sum(self.of(name).opened for name in _RECORDS.values())

    @property
    def beyond(self) -> int:
        """Whatever opened that was not addressed to this zone: must be none."""
        return sum(max(0, tally.opened - tally.own) for tally in self.tallies.values())


_RECORDS = {
    Kind.NOTE: "notes",
    Kind.IDENTITY: "identities",
    Kind.CONTACT: "contacts",
    Kind.TOKEN_MAP: "lists of stand-ins",
    Kind.REFERRAL_ANSWER: "partners' answers",
}
_ANSWERS = "answers on their way"
_RELEASES = {Kind.OUTCOME_SHEET: "outcome sheets", Kind.REFERRAL: "referrals"}


def attack(loot: Loot, keyring: ZoneKeyring, directory: ZoneDirectory, now: datetime) -> Findings:
    """Try everything that the owner of `keyring` can try on `loot`."""
    findings = Findings(keyring.zone)
    for name in (*_RECORDS.values(), *_RELEASES.values(), _ANSWERS, "audit details"):
        findings.of(name)
    keys = _data_keys(loot, keyring, findings)
    _records(loot, keyring, keys, findings)
    _releases(loot, keyring, directory, now, findings)
    _answers(loot, keyring, findings)
    _details(loot, keyring, findings)
    return findings


def _data_keys(loot: Loot, keyring: ZoneKeyring, findings: Findings) -> dict[bytes, bytes]:
    """Data keys of cases that come out of their wraps with this zone's keys."""
    opened: dict[bytes, bytes] = {}
    wraps = {(row["key_id"], row["reader"]): row["wrap"] for row in loot.rows["wraps"]}
    tally = findings.of("data keys of cases")
    for row in loot.rows["data_keys"]:
        wrap = wraps.get((row["key_id"], str(CASEWORK)), b"")
        tally.there += 1
        compartment = Compartment(row["compartment"])
        for reader in (CASEWORK, keyring.zone):
            context = WrapContext(row["case_id"], compartment, reader, KeyId(row["key_id"]))
            tally.tries += 2
            with suppress(CryptoError):
                opened[row["key_id"]] = keyring.wrapper.unwrap(wrap, context)
            with suppress(CryptoError):
                opened[row["key_id"]] = keyring.sealing.open(wrap, context.canonical())
    tally.opened = len(opened)
    return opened


def _records(loot: Loot, keyring: ZoneKeyring, keys: dict[bytes, bytes], findings: Findings) -> None:
    own = [key.expose() for key in (keyring.wrapper.secret, keyring.log_key)]
    for row in loot.rows["records"]:
        kind = Kind(row["kind"])
        tally = findings.of(_RECORDS[kind])
        tally.there += 1
        found = keys.get(row["key_id"])
        for data_key in (*own, *([found] if found else ())):
            tally.tries += 1
            tally.opened += _opens(row, kind, data_key)


def _opens(row: Row, kind: Kind, data_key: bytes) -> bool:
    context = RecordContext(
        KIND_COMPARTMENT[kind], row["case_id"], row["record_id"], row["version"], SCHEMA[kind], KeyId(row["key_id"])
    )
    try:
        open_record(data_key, context, row["sealed"])
    except CryptoError:
        return False
    return True


def _releases(loot: Loot, keyring: ZoneKeyring, directory: ZoneDirectory, now: datetime, findings: Findings) -> None:
    wraps = {(row["key_id"], row["reader"]): row["wrap"] for row in loot.rows["wraps"]}
    for row in loot.rows["releases"]:
        tally = findings.of(_RELEASES[Kind(row["kind"])])
        tally.there += 1
        tally.own += row["reader"] == str(keyring.zone)
        release = Release(row["sealed"], wraps.get((row["key_id"], row["reader"]), b""), row["signature"])
        sender = directory.of(Zone.parse(row["sender"])).verify
        opened = False
        for context in _contexts(row, keyring.zone):
            tally.tries += 1
            try:
                open_release(release, context, own=keyring.sealing, sender=sender, now=now)
            except VaultError:
                continue
            opened = True
        # Without the signature check, too: an attacker does not check.
        for context in _contexts(row, keyring.zone):
            tally.tries += 1
            try:
                open_record(keyring.sealing.open(release.wrap, context.canonical()), context.record(), release.sealed)
            except VaultError:
                continue
            opened = True
        tally.opened += opened


def _contexts(row: Row, zone: Zone) -> Iterator[ReleaseContext]:
    """Where the release stands, and the same as if it had been sealed to this zone."""
    for reader in {Zone.parse(row["reader"]), zone}:
        yield ReleaseContext(
            row["subject"], Compartment(row["compartment"]), reader, Zone.parse(row["sender"]),
            ReleaseId(row["release_id"]), KeyId(row["key_id"]), Purpose(row["purpose"]), EntryId(row["entry_id"]),
            row["policy"], row["schema_number"], row["expires_at"],
        )  # fmt: skip


def _answers(loot: Loot, keyring: ZoneKeyring, findings: Findings) -> None:
    """What partners sealed to casework: not even the partner who wrote it opens it again."""
    tally = findings.of(_ANSWERS)
    wraps = {row["key_id"]: row["wrap"] for row in loot.rows["wraps"] if row["reader"] == str(CASEWORK)}
    for row in loot.rows["answers"]:
        tally.there += 1
        for reader in (CASEWORK, keyring.zone):
            context = ReleaseContext(
                row["subject"], KIND_COMPARTMENT[Kind.REFERRAL_ANSWER], reader, Zone.parse(row["sender"]),
                ReleaseId(row["answer_id"]), KeyId(row["key_id"]), Purpose.REFERRAL, EntryId(row["decision"]),
                row["policy"], row["schema_number"], None,
            )  # fmt: skip
            tally.tries += 1
            with suppress(VaultError):
                data_key = keyring.sealing.open(wraps.get(row["key_id"], b""), context.canonical())
                open_record(data_key, context.record(), row["sealed"])
                tally.opened += 1


def _details(loot: Loot, keyring: ZoneKeyring, findings: Findings) -> None:
    """The personal part of audit entries: sealed to oversight by every zone."""
    tally = findings.of("audit details")
    chains = {(row["lane"], row["epoch"]): row for row in loot.rows["detail_keys"]}
    sealed = [(row["entry_id"], row["epoch"], row["detail"]) for row in loot.rows["details"]]
    sealed += [(row["entry_id"], row["epoch"], row["detail"]) for row in loot.rows["outbox"] if row["detail"]]
    for entry, epoch, detail in sealed:
        tally.there += 1
        tally.own += keyring.zone == OVERSIGHT
        chain = chains.get((entry[:8], epoch))
        if chain is None:
            continue
        tally.tries += 1
        number = int.from_bytes(entry[8:], "big") - chain["first"]
        try:
            text = open_detail(keyring.sealing, entry[:8], epoch, chain["sealed_key"], number, EntryId(entry), detail)
        except VaultError:
            continue
        tally.opened += isinstance(json.loads(text), dict)


def hexdump(raw: bytes, lines: int = 6) -> str:
    """The first bytes, sixteen a line, with what a curious eye would see."""
    out = []
    for start in range(0, min(len(raw), 16 * lines), 16):
        part = raw[start : start + 16]
        seen = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in part)
        out.append(f"{start:04x}  {part.hex(' '):<47}  {seen}")
    if len(raw) > 16 * lines:
        out.append(f"      … {len(raw)} bytes in all")
    return "\n".join(out)
