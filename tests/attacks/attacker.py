"""A generic attacker: given whatever was taken from zones, try every key on everything, and count what opens.

It knows the program by heart (Kerckhoffs) and has all rows of both databases. It makes no use of knowing which
key *should* fit: every key is tried on every wrap in every context it can form, every data key, raw key, slice
of a wrap and derived key on every sealed thing. That it can open things at all is shown by giving it casework's
keys: then it opens every record.

    taken = Attacker(keyrings, root_keys, rows).attack()
    taken.opened        what opened, by table, id and compartment
    taken.tokens        pseudonyms of cases it could recompute
"""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b, sha256
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.access.sealing import SCHEMA
from vault.crypto import committing, detail
from vault.crypto.blind_index import BlindIndex
from vault.crypto.canonical import encode
from vault.crypto.chunked import ChunkCipher, ChunkContext
from vault.crypto.envelope import ReleaseContext
from vault.crypto.hierarchy import ZoneKeyring
from vault.crypto.hpke import SEALED_OVERHEAD
from vault.crypto.padding import unpad
from vault.crypto.record import RecordContext, open_record
from vault.crypto.wrap import WRAPPED_BYTES, WrapContext
from vault.errors import VaultError
from vault.ids import ActorId, EntryId, KeyId, ReleaseId
from vault.pseudonyms import LOG, STATISTICS, PseudonymDomain, derive, domain_of, parse_pseudonym
from vault.sensitive import Sensitive
from vault.storage.tables import from_micros
from vault.usecases.sign_in import SignIn
from vault.vocabulary import KIND_COMPARTMENT, Compartment, Kind, Purpose, Zone

Row = dict[str, Any]
Rows = dict[str, list[Row]]

#: Labels of this program under which keys are derived or contexts bound.
LABELS: Final = (
    "parefeu/record", "parefeu/attachment", "parefeu/attachment/chunk", "parefeu/wrap", "parefeu/release/1",
    "parefeu/detail", "parefeu/detail-seed/1",
    "parefeu/detail/1", "parefeu/keyring", "parefeu/root-wrap", "parefeu/root-file", "parefeu/pseudonym-domain/1",
    "parefeu/pseudonym/1", "parefeu/blind-index/field/1", "parefeu/blind-index/token/1", "narrative", "casework",
    "actor", "totp", "draft", "sensitive", "stay_analysis", "return_plan",
)  # fmt: skip


@dataclass(frozen=True)
class Opened:
    table: str
    id: str
    compartment: str
    text: bytes


@dataclass
class Taken:
    """What an attack brought in."""

    data_keys: set[bytes] = field(default_factory=set)
    opened: dict[tuple[str, str], Opened] = field(default_factory=dict)
    tokens: set[bytes] = field(default_factory=set)
    indexed: set[bytes] = field(default_factory=set)
    named: set[bytes] = field(default_factory=set)
    tries: int = 0

    def by_compartment(self) -> Counter[str]:
        return Counter(found.compartment for found in self.opened.values())

    def texts(self) -> bytes:
        return b"\n".join(found.text for found in self.opened.values())


class Attacker:
    """keyrings, roots: of the zones that are owned. rows: every row of every table, by `schema.table`."""

    def __init__(self, keyrings: Iterable[ZoneKeyring], roots: Iterable[bytes], rows: Rows) -> None:
        self.keyrings = list(keyrings)
        self.rows = rows
        self.taken = Taken()
        self.raw = list(dict.fromkeys([*roots, *self._key_material()]))
        self.zones = sorted({Zone.parse(row["reader"]) for row in rows["keystore.wraps"]})

    def attack(self, guesses: Iterable[tuple[str, str]] = ()) -> Taken:
        """guesses: identifiers (field, value) that it knows or tries, for the blind index."""
        self._unwrap()
        keys = [*self.taken.data_keys, *self.raw, *self.derived, *self._slices()]
        self._open_records(keys)
        self._open_drafts(keys)
        self._open_files(keys)
        self._open_releases(keys)
        self._open_answers(keys)
        self._open_details()
        self._pseudonyms([*self.raw, *self.taken.data_keys, *self.derived])
        self._blind_index(list(guesses))
        self._names_in_the_log()
        return self.taken

    # -- keys -------------------------------------------------------------------------------------

    def _key_material(self) -> Iterator[bytes]:
        """Every 32 bytes of every key there is, whatever they are meant for."""
        for ring in self.keyrings:
            held = [ring.sealing.secret, ring.signing.secret, ring.wrapper.secret, ring.log_key]
            for secret in (*held, ring.pseudonym_root, ring.blind_index_key):
                if secret is not None:
                    raw = secret.expose()
                    yield from (raw[start : start + 32] for start in range(0, len(raw), 32))

    @cached_property
    def derived(self) -> list[bytes]:
        """What could be derived from a key in the ways this program derives anything, over all names it knows."""
        found = []
        for key in self.raw:
            for label in LABELS:
                found.append(hmac.digest(key, label.encode(), "sha256"))
                found.append(hmac.digest(key, encode(label), "sha256"))
                found += committing.derive(key, bytes(32), encode(label))
            for token in (*self.names, *self._key_ids()):
                found.append(hmac.digest(key, token, "sha256"))
                found.append(blake2b(token, key=key, digest_size=32).digest())
        return found

    def _slices(self) -> Iterator[bytes]:
        """Wraps taken for keys."""
        for blob in self._blobs():
            yield from (blob[:32], blob[-32:], blob[13:45], sha256(blob).digest())

    @cached_property
    def names(self) -> list[bytes]:
        """Every name of a case that stands anywhere: its id, its tokens in the readers' domains."""
        cases = [row["case_id"] for row in self.rows["casework.cases"]]
        return list(dict.fromkeys([*cases, *(row["subject"] for row in self.rows["exchange.releases"])]))

    def _key_ids(self) -> list[bytes]:
        return [row["key_id"] for row in self.rows["keystore.wraps"]]

    def _blobs(self) -> list[bytes]:
        return [r["wrap"] for r in self.rows["keystore.wraps"]] + [
            r["sealed_key"] for r in self.rows["keystore.detail_keys"]
        ]

    # -- wraps ------------------------------------------------------------------------------------

    def _unwrap(self) -> None:
        contexts = [release_context(row) for row in self.rows["exchange.releases"]]
        contexts += [copy_context(row) for row in self.rows["exchange.access_copies"]]
        contexts += [answer_context(row) for row in self.rows["exchange.answers"]]
        infos = [b"", *(replace(c, reader=zone).canonical() for c in contexts for zone in self.zones)]
        infos += [detail._bindings(r["lane"], r["epoch"])[0] for r in self.rows["keystore.detail_keys"]]
        for row in self.rows["keystore.wraps"]:
            key = KeyId(row["key_id"])
            if len(row["wrap"]) == WRAPPED_BYTES:
                places = [WrapContext(n, c, z, key) for n in self.names for c in Compartment for z in self.zones]
                self._symmetric(row["wrap"], [*places, *(c.kept() for c in contexts)])
            infos += [WrapContext(n, c, Zone.parse(row["reader"]), key).canonical() for n in self.names
                      for c in (Compartment.NARRATIVE, Compartment.OUTCOME_SHEET)]  # fmt: skip
        for ring in self.keyrings:
            for blob in self._blobs():
                if len(blob) >= SEALED_OVERHEAD:
                    self._hybrid(ring, blob, infos)

    def _symmetric(self, wrap: bytes, places: list[WrapContext]) -> None:
        known = [place.canonical() for place in places]
        for key in self.raw:
            cipher = AESGCM(key)
            for context in (None, *known):
                self.taken.tries += 1
                try:
                    self.taken.data_keys.add(cipher.decrypt(wrap[1:13], wrap[13:], context))
                except InvalidTag:
                    continue

    def _hybrid(self, ring: ZoneKeyring, blob: bytes, infos: list[bytes]) -> None:
        for info in infos:
            self.taken.tries += 1
            try:
                self.taken.data_keys.add(ring.sealing.open(blob, info))
            except VaultError:
                continue

    # -- what is sealed ---------------------------------------------------------------------------

    def _open_records(self, keys: list[bytes]) -> None:
        for row in self.rows["casework.records"]:
            compartment = KIND_COMPARTMENT[Kind(row["kind"])]
            context = RecordContext(
                compartment, row["case_id"], row["record_id"], row["version"], SCHEMA[Kind(row["kind"])],
                KeyId(row["key_id"]),
            )  # fmt: skip
            self._try("casework.records", f"{row['record_id'].hex()}/{row['version']}", context, row["sealed"], keys)

    def _open_drafts(self, keys: list[bytes]) -> None:
        for row in self.rows["casework.drafts"]:
            if row["sealed"] is None:
                continue
            context = RecordContext(
                KIND_COMPARTMENT[Kind.DRAFT], row["case_id"], row["draft_id"], row["version"], SCHEMA[Kind.DRAFT],
                KeyId(row["key_id"]),
            )  # fmt: skip
            self._try("casework.drafts", row["draft_id"].hex(), context, row["sealed"], keys)

    def _open_files(self, keys: list[bytes]) -> None:
        """Chunk by chunk, the size unknown: of files of every plausible size."""
        headers = {row["attachment_id"]: row for row in self.rows["casework.attachments"]}
        for chunk in self.rows["casework.attachment_chunks"]:
            row = headers[chunk["attachment_id"]]
            compartment = KIND_COMPARTMENT[Kind(row["kind"])]
            context = ChunkContext(compartment, row["case_id"], row["attachment_id"], KeyId(row["key_id"]))
            place = f"{chunk['attachment_id'].hex()}/{chunk['number']}"
            for key in keys:
                if len(key) != committing.KEY_BYTES:
                    continue
                self.taken.tries += 1
                try:
                    cipher = ChunkCipher(key, context, row["header"])
                except VaultError:
                    continue
                for size in range(1, 600):
                    try:
                        text = cipher.open(chunk["number"], chunk["sealed"], size)
                    except VaultError:
                        continue
                    found = Opened("casework.attachment_chunks", place, compartment.value, text)
                    self.taken.opened["casework.attachment_chunks", place] = found

    def _open_releases(self, keys: list[bytes]) -> None:
        for row in self.rows["exchange.releases"]:
            context = release_context(row).record()
            self._try("exchange.releases", row["release_id"].hex(), context, row["sealed"], keys)
        for row in self.rows["exchange.access_copies"]:
            place = f"{row['request_id'].hex()}/{row['reader']}"
            self._try("exchange.access_copies", place, copy_context(row).record(), row["sealed"], keys)

    def _open_answers(self, keys: list[bytes]) -> None:
        for row in self.rows["exchange.answers"]:
            context = answer_context(row).record()
            self._try("exchange.answers", row["answer_id"].hex(), context, row["sealed"], keys)

    def _try(self, table: str, item: str, context: RecordContext, sealed: bytes, keys: list[bytes]) -> None:
        for key in keys:
            if len(key) != committing.KEY_BYTES:
                continue
            self.taken.tries += 1
            try:
                text = open_record(key, context, sealed)
            except VaultError:
                continue
            self.taken.opened[table, item] = Opened(table, item, context.compartment.value, text)

    def _open_details(self) -> None:
        """Chains by their seed: one that was unsealed, or any key taken for one."""
        sealed = [(r["entry_id"], r["epoch"], r["detail"]) for r in self.rows["log.outbox"] if r["detail"]]
        sealed += [(r["entry_id"], r["epoch"], r["detail"]) for r in self.rows["keystore.details"]]
        for chain in self.rows["keystore.detail_keys"]:
            head = detail._bindings(chain["lane"], chain["epoch"])[1]
            own = {
                int.from_bytes(entry[8:], "big") - chain["first"]: (entry, text)
                for entry, epoch, text in sealed
                if entry[:8] == chain["lane"] and epoch == chain["epoch"]
            }
            for seed in (*self.taken.data_keys, *self.raw):
                self._walk(seed, head, own)

    def _walk(self, seed: bytes, head: bytes, own: dict[int, tuple[bytes, bytes]]) -> None:
        chain = seed
        for number in range(max(own, default=-1) + 1):
            key, chain = detail._step(chain)
            if number not in own:
                continue
            entry, sealed = own[number]
            self.taken.tries += 1
            try:
                context = detail._context(head, number, EntryId(entry))
                text = unpad(AESGCM(key).decrypt(sealed[1:13], sealed[13:], context))
            except (InvalidTag, VaultError):
                continue
            found = Opened("log.outbox", entry.hex(), Compartment.AUDIT.value, text)
            self.taken.opened["log.outbox", entry.hex()] = found

    # -- names ------------------------------------------------------------------------------------

    @cached_property
    def known_tokens(self) -> set[bytes]:
        """Every pseudonym of a case that stands anywhere, the log's among them."""
        found = set(self.names)
        for row in self.rows["log.entries"]:
            subject = json.loads(bytes(row["body"]))["subject"]
            for domain in self.domains:
                if subject.startswith(domain.letter):
                    found.add(parse_pseudonym(subject, domain).token)
        return found

    @property
    def domains(self) -> list[PseudonymDomain]:
        return [LOG, STATISTICS, *(domain_of(zone) for zone in self.zones)]

    def _pseudonyms(self, keys: list[bytes]) -> None:
        """Each key as the root, and as any domain's key, over every name it knows of any case."""
        known = self.known_tokens
        domains = [encode(derive._DOMAIN_LABEL, domain.name) for domain in self.domains]
        labelled = {name: encode(derive._TOKEN_LABEL, name) for name in self.names}
        for key in keys:
            for maker in (key, *(hmac.digest(key, domain, "sha256") for domain in domains)):
                for name, label in labelled.items():
                    token = hmac.digest(maker, label, "sha256")[:16]
                    if token in known and token != name:
                        self.taken.tokens.add(token)
            self.taken.tries += len(labelled) * (1 + len(domains))

    def _blind_index(self, guesses: list[tuple[str, str]]) -> None:
        stored = {row["token"] for row in self.rows["casework.blind_index"]}
        for key in self.raw:
            index = BlindIndex(key)
            self.taken.indexed |= {index.token(name, value) for name, value in guesses} & stored

    def _names_in_the_log(self) -> None:
        """Members of staff whose pseudonym in the log a key recomputes."""
        for row in self.rows["auth.staff"]:
            for key in self.raw:
                service = SignIn(Zone.parse(row["zone"]), Sensitive(key), None, None)  # type: ignore[arg-type]
                if service.log_name(ActorId(row["actor_id"])) == row["log_name"]:
                    self.taken.named.add(row["actor_id"])


def copy_context(row: Row) -> ReleaseContext:
    """The context that a request's copy spells out."""
    compartment = Compartment.STATUS if row["reader"] == "oversight" else Compartment.IDENTITY
    return ReleaseContext(
        row["request_id"], compartment, Zone.parse(row["reader"]), Zone.parse(row["zone"]),
        ReleaseId(row["request_id"]), KeyId(row["key_id"]), Purpose.OQT_FOLLOW_UP, EntryId(row["entry_id"]),
        row["policy"], 1, None,
    )  # fmt: skip


def release_context(row: Row) -> ReleaseContext:
    """The context that a release's row spells out."""
    return ReleaseContext(
        row["subject"], Compartment(row["compartment"]), Zone.parse(row["reader"]), Zone.parse(row["sender"]),
        ReleaseId(row["release_id"]), KeyId(row["key_id"]), Purpose(row["purpose"]), EntryId(row["entry_id"]),
        row["policy"], row["schema_number"], from_micros(row["expires_at"]) if row["expires_at"] else None,
    )  # fmt: skip


def answer_context(row: Row) -> ReleaseContext:
    """The context that an answer's row spells out."""
    return ReleaseContext(
        row["subject"], Compartment.NARRATIVE, Zone.parse(row["reader"]), Zone.parse(row["sender"]),
        ReleaseId(row["answer_id"]), KeyId(row["key_id"]), Purpose.REFERRAL, EntryId(row["decision"]), row["policy"],
        row["schema_number"], None,
    )  # fmt: skip
