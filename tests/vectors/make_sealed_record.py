"""Makes `sealed_record.json`, our published vectors: ./run python -m tests.vectors.make_sealed_record > FILE

Records, wraps, pseudonyms, detail steps and tokens come out alike in every run (entropy is SHAKE256 of a
seed). HPKE and ML-DSA draw randomness inside the library, so wrap and signature of the envelope and the
detail chain's sealed key differ from run to run; whoever reads them needs only the keys in the file.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from tests.unit.crypto.kit import SeededEntropy
from vault.crypto.blind_index import BlindIndex
from vault.crypto.detail import DetailLane, commitment
from vault.crypto.envelope import ReleaseContext, seal_release
from vault.crypto.hpke import SealingKeyPair
from vault.crypto.record import RecordContext, seal_record
from vault.crypto.signing import SigningKey
from vault.crypto.wrap import SymmetricWrapper, WrapContext
from vault.ids import CaseId, EntryId, KeyId, ReleaseId
from vault.pseudonyms import LOG, STATISTICS, PseudonymKeys, domain_of
from vault.sensitive import Sensitive
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Compartment, Purpose, Zone

TEXTS = ["", "She is afraid to go back.", "x" * 252, "x" * 253, "Il a dit: « demain ». " * 40]


def records() -> list[dict[str, Any]]:
    made = []
    for number, text in enumerate(TEXTS):
        entropy = SeededEntropy(f"record {number}")
        key, case, record, key_id = (entropy.bytes(size) for size in (32, 16, 16, 16))
        compartment = list(Compartment)[number]
        context = RecordContext(compartment, case, record, number + 1, number, KeyId(key_id))
        sealed = seal_record(key, context, text.encode(), entropy)
        made.append(
            {
                "data_key": key.hex(),
                "compartment": str(compartment),
                "case": case.hex(),
                "record": record.hex(),
                "version": number + 1,
                "schema": number,
                "key": key_id.hex(),
                "context": context.canonical().hex(),
                "plaintext": text.encode().hex(),
                "sealed": sealed.hex(),
            }
        )
    return made


def wraps() -> list[dict[str, Any]]:
    made = []
    for reader in (CASEWORK, FOLLOW_UP, Zone.parse("partner:caritas")):
        for bound_size in (0, 32):
            entropy = SeededEntropy(f"wrap {reader} {bound_size}")
            wrapper, data_key, case, key_id = (entropy.bytes(size) for size in (32, 32, 16, 16))
            bound = entropy.bytes(bound_size)
            context = WrapContext(case, Compartment.IDENTITY, reader, KeyId(key_id), bound)
            made.append(
                {
                    "wrapper": wrapper.hex(),
                    "case": case.hex(),
                    "compartment": "identity",
                    "reader": str(reader),
                    "key": key_id.hex(),
                    "bound": bound.hex(),
                    "context": context.canonical().hex(),
                    "data_key": data_key.hex(),
                    "wrapped": SymmetricWrapper(wrapper).wrap(data_key, context, entropy).hex(),
                }
            )
    return made


def envelopes() -> list[dict[str, Any]]:
    made = []
    for number, expires_at in enumerate((None, datetime(2026, 4, 2, 9, 30, 0, 5, tzinfo=UTC))):
        entropy = SeededEntropy(f"envelope {number}")
        reader, sender = SealingKeyPair.generate(entropy), SigningKey.generate(entropy)
        ids = [entropy.bytes(16) for _ in range(4)]
        context = ReleaseContext(
            case=ids[0],
            compartment=Compartment.OUTCOME_SHEET,
            reader=FOLLOW_UP,
            sender=CASEWORK,
            release=ReleaseId(ids[1]),
            key=KeyId(ids[2]),
            purpose=Purpose.OQT_FOLLOW_UP,
            decision=EntryId(ids[3]),
            policy_digest=entropy.bytes(32),
            schema=number,
            expires_at=expires_at,
        )
        text = b'{"outcome": "4", "date": "2026-03-02"}'
        release = seal_release(text, context, to=reader.public, sender=sender, entropy=entropy)
        made.append(
            {
                "reader_secret": reader.secret.expose().hex(),
                "reader_public": reader.public.raw.hex(),
                "sender_secret": sender.secret.expose().hex(),
                "sender_public": sender.public.raw.hex(),
                "case": ids[0].hex(),
                "compartment": "outcome_sheet",
                "reader": "follow_up",
                "sender": "casework",
                "release": ids[1].hex(),
                "key": ids[2].hex(),
                "purpose": "oqt_follow_up",
                "decision": ids[3].hex(),
                "policy_digest": context.policy_digest.hex(),
                "schema": number,
                "expires_at_microseconds": expires_at and 1775122200000005,
                "context": context.canonical().hex(),
                "plaintext": text.hex(),
                "sealed": release.sealed.hex(),
                "wrap": release.wrap.hex(),
                "signature": release.signature.hex(),
            }
        )
    return made


def pseudonyms() -> list[dict[str, Any]]:
    made = []
    for zone in (CASEWORK, FOLLOW_UP, OVERSIGHT, Zone.parse("partner:caritas"), None):
        for domain in [domain_of(zone)] if zone else [LOG, STATISTICS]:
            entropy = SeededEntropy(f"pseudonym {domain}")
            root, case = entropy.bytes(32), entropy.bytes(16)
            name = PseudonymKeys(Sensitive(root)).token(domain, CaseId(case))
            made.append(
                {
                    "root": root.hex(),
                    "case": case.hex(),
                    "domain": domain.name,
                    "token": name.token.hex(),
                    "text": name.text,
                }
            )
    return made


def details() -> dict[str, Any]:
    entropy = SeededEntropy("details")
    oversight = SealingKeyPair.generate(entropy)
    lane = DetailLane.start(oversight.public, b"casework-1", 2950000, entropy)
    entries = []
    for number in range(4):
        entry, text = entropy.bytes(16), f"detail {number}".encode()
        sealed = lane.seal(number, EntryId(entry), text)
        entries.append({"number": number, "entry": entry.hex(), "plaintext": text.hex(), "sealed": sealed.hex()})
    return {
        "oversight_secret": oversight.secret.expose().hex(),
        "lane": b"casework-1".hex(),
        "epoch": 2950000,
        "sealed_key": lane.sealed_key.hex(),
        "entries": entries,
    }


def tokens() -> dict[str, Any]:
    entropy = SeededEntropy("tokens")
    key, salt = entropy.bytes(32), entropy.bytes(32)
    return {
        "blind_index": {
            "key": key.hex(),
            "field": "ov_number",
            "value": "8123456",
            "token": BlindIndex(key).token("ov_number", "8123456").hex(),
        },
        "commitment": {"salt": salt.hex(), "plaintext": "64657461696c", "value": commitment(salt, b"detail").hex()},
    }


def document() -> dict[str, Any]:
    return {
        "format": "parefeu-vectors-1",
        "specification": "docs/formats/",
        "records": records(),
        "wraps": wraps(),
        "envelopes": envelopes(),
        "pseudonyms": pseudonyms(),
        "details": details(),
        "tokens": tokens(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1) + "\n")
