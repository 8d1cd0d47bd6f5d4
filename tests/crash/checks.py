"""Every invariant of the two databases at once, from their rows and the zones' keys; the program itself is not asked.

    assert faults(settings) == []

What is checked: SQLite's own integrity and foreign keys; lanes gapless, chained and announced, every entry's bytes
canonical and chained; every detail opens for oversight and is the one committed to; every row names an
entry that explains it; every record, token map, draft, file, release and answer opens; versions contiguous; no half
case, no half step, no half file that anybody sees, no half hand-over, no half referral. Wraps that no row needs are
allowed: they are orphans, and counted.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from gateway.settings import Settings
from tests.crash.access import access_faults
from tests.crash.agenda import agenda_faults
from tests.crash.erasing import erasure_faults, living
from tests.crash.explaining import EXPLAINS
from tests.crash.referrals import correspondence_faults, referral_faults
from tests.crash.snapshot import Rows, Snapshot, look
from vault.access.sealing import SCHEMA
from vault.cases.appointments import Company
from vault.cases.attachments import Manifest
from vault.cases.drafts import DraftText
from vault.cases.facts import Fact
from vault.cases.flow import State
from vault.cases.history import FIRST_STATE
from vault.cases.letters import decode as decode_letter
from vault.cases.model import Origin
from vault.cases.notes import NoteText
from vault.cases.people import Contact, Identity
from vault.crypto.blind_index import BlindIndex
from vault.crypto.chunked import ChunkCipher, ChunkContext
from vault.crypto.detail import DetailReader, commitment
from vault.crypto.envelope import Release, ReleaseContext, open_release
from vault.crypto.record import RecordContext, open_record
from vault.crypto.wrap import WrapContext
from vault.errors import VaultError
from vault.freetext import TokenMap
from vault.ids import CaseId, EntryId, KeyId, ReleaseId
from vault.pseudonyms import Pseudonym, PseudonymKeys, domain_of
from vault.vocabulary import (
    ATTACHMENT_KINDS,
    CASEWORK,
    FACT_KINDS,
    FOLLOW_UP,
    KIND_COMPARTMENT,
    OVERSIGHT,
    Compartment,
    Kind,
    Purpose,
    Zone,
)

_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def faults(settings: Settings) -> list[str]:
    """One line per broken invariant; [] if the store is whole."""
    whole = look(settings)
    found = living(whole)
    checks = (
        _entries, _details, _filing, _explanations, _records, _versions, _cases, _releases, _attachments, _tasks,
        _drafts, agenda_faults, referral_faults, correspondence_faults, access_faults,
    )  # fmt: skip
    return [*found.own, *erasure_faults(whole), *(line for check in checks for line in check(found))]


def orphans(settings: Settings) -> int:
    """Wraps that no row needs: what a crash between the two databases leaves behind."""
    found = look(settings)
    tables = ("data_keys", "releases", "answers", "access_copies", "buried_keys")
    needed = {bytes(row["key_id"]) for name in tables for row in found[name]}
    return sum(bytes(row["key_id"]) not in needed for row in found["wraps"])


def _entries(found: Snapshot) -> Iterator[str]:
    """Each lane runs from 0 without a gap, each entry names the one before by its hash."""
    lanes: dict[bytes, list[Mapping[str, Any]]] = defaultdict(list)
    for row in found["entries"]:
        lanes[bytes(row["entry_id"])[:8]].append(row)
    announced = {bytes(row["lane"]): row["zone"] for row in found["lanes"]}
    if set(announced) != set(lanes):
        yield "lanes: the announced ones are not the ones with entries"
    for lane, rows in lanes.items():
        previous = bytes(32)
        rows.sort(key=lambda row: bytes(row["entry_id"]))
        for number, row in enumerate(rows):
            body = bytes(row["body"])
            told = found.bodies[bytes(row["entry_id"])]
            place = f"lane {lane.hex()} entry {number}"
            if bytes(row["entry_id"]) != lane + number.to_bytes(8, "big"):
                yield f"{place}: a gap"
                break
            if found.once(partial(_ENCODER.encode, told), body, "canonical").encode() != body:
                yield f"{place}: the bytes are not canonical"
            columns = {
                "entry": bytes(row["entry_id"]).hex(), "lane": lane.hex(), "number": number,
                "previous": previous.hex(), "zone": announced.get(lane), "v": 2 if "config" in told else 1,
            }  # fmt: skip
            wrong = [name for name, value in columns.items() if told[name] != value]
            if wrong:
                yield f"{place}: {', '.join(wrong)} differ from the columns or the chain"
            if (told["action"] == "lane_opened") != (number == 0):
                yield f"{place}: a lane is opened by its first entry and by no other"
            previous = hashlib.sha256(b"\x00" + body).digest()


def _details(found: Snapshot) -> Iterator[str]:
    """An entry commits to a detail that oversight opens, or its session names the entry of a sign-in that does."""
    bodies = found.bodies
    rows = {bytes(row["entry_id"]): row for name in ("details", "outbox") for row in found[name]}
    details = {raw: row for raw, row in rows.items() if row["detail"] is not None}
    covered = [
        raw[:8] + (int.from_bytes(raw[8:], "big") + step).to_bytes(8, "big")
        for raw, row in ((bytes(row["entry_id"]), row) for row in found["outbox"])
        for step in range(row["run"])
    ]
    leaves = [bytes(row["entry_id"]) for row in found["leaves"]]
    if sorted(covered + leaves) != sorted(bodies):
        yield "entries: not each is a leaf or waits in one row, and only one of both"
    if any(row["run"] != 1 for row in found["outbox"] if row["detail"] is not None):
        yield "details: a row with a detail covers its own entry alone"
    # A sequencer that dies between the two databases leaves details of own entries that never were: orphans.
    if set(details) & set(bodies) != {raw for raw, body in bodies.items() if body["commitment"]}:
        yield "details: not exactly one per commitment"
    for raw, body in bodies.items():
        if not body["commitment"]:
            began = bodies.get(bytes.fromhex(body["session"]), {"commitment": ""})
            if not began["commitment"] or (began["action"], began["actor"]) != ("signed_in", body["actor"]):
                yield f"detail of {raw.hex()}: nothing says who it was"
    keys = {(bytes(row["lane"]), row["epoch"]): row for row in found["detail_keys"]}
    readers: dict[tuple[bytes, int], DetailReader] = {}
    for raw in sorted(set(details) & set(bodies)):
        row, place = details[raw], (raw[:8], details[raw]["epoch"])
        if place not in keys:
            yield f"detail of {raw.hex()}: its epoch has no key"
            continue
        try:
            if place not in readers:
                given = (*place, bytes(keys[place]["sealed_key"]))
                readers[place] = found.once(partial(DetailReader, found.keyrings[OVERSIGHT].sealing, *given), *given)
            number, sealed = int.from_bytes(raw[8:], "big") - keys[place]["first"], bytes(row["detail"])
            read = partial(readers[place].open, number, EntryId(raw), sealed)
            plain = found.once(read, id(readers[place]), number, raw, sealed)
        except VaultError as fault:
            yield f"detail of {raw.hex()}: does not open ({fault.code})"
            continue
        if found.once(partial(_committed, plain), plain, "committed") != bodies[raw]["commitment"]:
            yield f"detail of {raw.hex()}: is not the one committed to"


def _committed(detail: bytes) -> str:
    return commitment(bytes.fromhex(json.loads(detail)["salt"]), detail).hex()


def _filing(found: Snapshot) -> Iterator[str]:
    """What is filed is what the entries say, from each lane's first to the one its filing names."""
    bodies = found.bodies
    upto = {bytes(row["lane"]): bytes(row["entry_id"]) for row in found["filings"]}
    expected = {raw for raw in bodies if raw <= upto.get(raw[:8], b"")}
    if {bytes(row["entry_id"]) for row in found["filed"]} != expected:
        yield "filing: not exactly the entries up to where each lane is filed"
    for row in found["filed"]:
        body = bodies.get(bytes(row["entry_id"]), {})
        fields = [name for name in row if name not in ("entry_id", "at")]
        told = [row["at"].isoformat(timespec="microseconds"), *(row[name] for name in fields)]
        if len(fields) < 9 or told != [body.get("at"), *(body.get(name) for name in fields)]:
            yield f"filing: {bytes(row['entry_id']).hex()} is filed as something else"


def _explanations(found: Snapshot) -> Iterator[str]:
    """Every row names an entry of an act that writes such rows, that was allowed, and that came to something."""
    bodies = found.bodies
    for name, allowed in EXPLAINS.items():
        for row in found[name]:
            body = bodies.get(bytes(row["entry_id"]))
            if body is None:
                yield f"{name}: a row without its entry"
            elif (body["action"], body["kind"]) not in allowed:
                yield f"{name}: a row explained by {body['action']} {body['kind']}"
            elif (body["decision"] == "deny" and body["action"] != "sign_in_refused") or body["count"] == 0:
                yield f"{name}: a row explained by a refusal"


def _opened(wrapper: Any, wrap: bytes, place: tuple[Any, ...], sealed: bytes) -> bytes:
    """A record's plaintext. place: where it stands, as in `RecordContext`. Raises VaultError."""
    compartment, case, *_, key = place
    data_key = wrapper.unwrap(wrap, WrapContext(case, compartment, CASEWORK, key))
    return open_record(data_key, RecordContext(*place), sealed)


def _plaintexts(found: Snapshot) -> Iterator[tuple[Mapping[str, Any], bytes | str]]:
    """Each record with its plaintext, or with what is wrong with it."""
    wraps = found.wraps
    wrapper = found.keyrings[CASEWORK].wrapper
    for row in found["records"]:
        kind, case, key = Kind(row["kind"]), bytes(row["case_id"]), KeyId(bytes(row["key_id"]))
        wrap = wraps.get((key.raw, str(CASEWORK)))
        if wrap is None:
            yield row, "its key has no wrap"
            continue
        compartment = KIND_COMPARTMENT[kind]
        try:
            place = (compartment, case, bytes(row["record_id"]), row["version"], SCHEMA[kind], key)
            read = partial(_opened, wrapper, wrap, place, bytes(row["sealed"]))
            header, _, plain = found.once(read, wrap, *place, bytes(row["sealed"])).partition(b"\n")
            told = (row["provenance"], row["template"], row["language"], bytes(row["author"]).hex())
            if header.decode() != "|".join((*told, row["written_at"].isoformat())):
                yield row, "was sealed as something else than its row says"
            else:
                yield row, plain
        except VaultError as fault:
            yield row, f"does not open ({fault.code})"


#: How the plaintext of each kind is read.
_READABLE: Final[dict[Kind, Callable[[bytes], object]]] = {
    Kind.IDENTITY: Identity.decode, Kind.CONTACT: Contact.decode, Kind.TOKEN_MAP: TokenMap.decode,
    Kind.NOTE: NoteText.decode, Kind.TASK: bytes.decode, Kind.LETTER: decode_letter, Kind.INVITATION: decode_letter,
    **dict.fromkeys((Kind.AVENUE, Kind.RETURN_PLAN, Kind.GROUND, Kind.CONFLICT, Kind.REFERRAL_ANSWER,
                     Kind.BREAK_GLASS, Kind.CASE_SAMPLE), json.loads),
    Kind.ATTENDEES: Company.decode,
    **dict.fromkeys(FACT_KINDS, Fact.decode), **dict.fromkeys(ATTACHMENT_KINDS, Manifest.decode),
}  # fmt: skip


def _records(found: Snapshot) -> Iterator[str]:
    for row, plain in _plaintexts(found):
        if isinstance(plain, str):
            yield f"record {bytes(row['record_id']).hex()} version {row['version']}: {plain}"
            continue
        try:
            _READABLE[Kind(row["kind"])](plain)
        except (VaultError, ValueError, KeyError):
            yield f"record {bytes(row['record_id']).hex()} version {row['version']}: is of another shape"
    covered = {bytes(row["key_id"]) for row in found["wraps"]}
    for row in found["data_keys"]:
        if bytes(row["key_id"]) not in covered:
            yield "data key: has no wrap"


def _versions(found: Snapshot) -> Iterator[str]:
    """Versions run from 1 without a gap, all of one case and kind."""
    versions: dict[bytes, list[Mapping[str, Any]]] = defaultdict(list)
    for row in found["records"]:
        versions[bytes(row["record_id"])].append(row)
    for record, rows in versions.items():
        if sorted(row["version"] for row in rows) != list(range(1, len(rows) + 1)):
            yield f"record {record.hex()}: its versions have a gap"
        if len({(bytes(row["case_id"]), row["kind"]) for row in rows}) != 1:
            yield f"record {record.hex()}: belongs to two cases or is of two kinds"
        # Each version of a ground is another ground: why more time was asked is confided, a suspension is the file's.
        if rows[0]["kind"] not in {"contact", "ground"} and len({row["provenance"] for row in rows}) != 1:
            yield f"record {record.hex()}: an edit changed where it comes from"


def _attachments(found: Snapshot) -> Iterator[str]:
    """A described file opens from its first chunk to its last, and is the one its record speaks of; nothing of any
    other is to be seen, and nothing of a swept one is left."""
    manifests = {
        bytes(row["record_id"]): (row["version"], Manifest.decode(plain))
        for row, plain in sorted(_plaintexts(found), key=lambda pair: pair[0]["version"])
        if Kind(row["kind"]) in ATTACHMENT_KINDS and isinstance(plain, bytes)
    }
    chunks: dict[bytes, list[Mapping[str, Any]]] = defaultdict(list)
    for row in found["attachment_chunks"]:
        chunks[bytes(row["attachment_id"])].append(row)
    for row in found["attachments"]:
        raw = bytes(row["attachment_id"])
        place, own = f"attachment {raw.hex()}", sorted(chunks[raw], key=lambda chunk: chunk["number"])
        if row["swept_at"] is not None:
            if any(bytes(chunk["sealed"]) for chunk in own):
                yield f"{place}: was swept and is still there"
            continue
        if (row["chunks"] is None) != (raw not in manifests):
            yield f"{place}: half arrived"
        elif (row["described_at"] is not None) != (raw in manifests and bool(manifests[raw][1].name)):
            yield f"{place}: is seen without a description, or described and not seen"
        elif row["chunks"] is not None:
            yield from (f"{place}: {line}" for line in _whole(found, row, own, manifests[raw][1]))


def _whole(found: Snapshot, row: Mapping[str, Any], chunks: Rows, manifest: Manifest) -> Iterator[str]:
    kind, case, key = Kind(row["kind"]), bytes(row["case_id"]), KeyId(bytes(row["key_id"]))
    wraps = found.wraps
    compartment, digest, size = KIND_COMPARTMENT[kind], hashlib.sha256(), 0
    try:
        data_key = found.keyrings[CASEWORK].wrapper.unwrap(
            wraps[key.raw, str(CASEWORK)], WrapContext(case, compartment, CASEWORK, key)
        )
        context = ChunkContext(compartment, case, bytes(row["attachment_id"]), key)
        cipher = ChunkCipher(data_key, context, bytes(row["header"]))
        for chunk in chunks:
            plain = cipher.open(chunk["number"], bytes(chunk["sealed"]), manifest.size)
            digest.update(plain)
            size += len(plain)
    except (VaultError, KeyError) as fault:
        yield f"does not open ({type(fault).__name__})"
        return
    if (len(chunks), size, digest.hexdigest()) != (row["chunks"], manifest.size, manifest.digest):
        yield "is not the file that its record speaks of"


def _tasks(found: Snapshot) -> Iterator[str]:
    """A task has its title, in as many versions as it was changed."""
    titles: dict[bytes, int] = defaultdict(int)
    for row in found["records"]:
        if row["kind"] == Kind.TASK.value:
            titles[bytes(row["record_id"])] += 1
    if titles != {bytes(row["task_id"]): row["version"] for row in found["tasks"]}:
        yield "tasks: not each with its title"


def _drafts(found: Snapshot) -> Iterator[str]:
    """What is there opens."""
    wraps = found.wraps
    for row in found["drafts"]:
        if row["sealed"] is None:
            continue
        draft, case, key = bytes(row["draft_id"]), bytes(row["case_id"]), KeyId(bytes(row["key_id"]))
        place = (KIND_COMPARTMENT[Kind.DRAFT], case, draft, row["version"], SCHEMA[Kind.DRAFT], key)
        try:
            wrapper, wrap = found.keyrings[CASEWORK].wrapper, wraps[key.raw, str(CASEWORK)]
            header, _, plain = _opened(wrapper, wrap, place, bytes(row["sealed"])).partition(b"\n")
            told = ("interview", row["template"], row["language"], bytes(row["author"]).hex())
            if header.decode() != "|".join((*told, row["saved_at"].isoformat())):
                yield f"draft {draft.hex()}: was sealed as something else than its row says"
            DraftText.decode(plain)
        except (VaultError, KeyError) as fault:
            yield f"draft {draft.hex()}: does not open ({type(fault).__name__})"


def _cases(found: Snapshot) -> Iterator[str]:
    """A case has its people, its index and every step it counts."""
    keyring = found.keyrings[CASEWORK]
    assert keyring.blind_index_key is not None
    index = BlindIndex(keyring.blind_index_key.expose())
    kinds: dict[bytes, set[str]] = defaultdict(set)
    newest: dict[bytes, tuple[int, Identity]] = {}
    for row, plain in _plaintexts(found):
        case = bytes(row["case_id"])
        kinds[case].add(row["kind"])
        if row["kind"] == "identity" and isinstance(plain, bytes) and row["version"] > newest.get(case, (0,))[0]:
            newest[case] = (row["version"], Identity.decode(plain))
    tokens = {(bytes(row["token"]), bytes(row["case_id"])) for row in found["blind_index"]}
    events: dict[bytes, list[Mapping[str, Any]]] = defaultdict(list)
    for row in found["case_events"]:
        events[bytes(row["case_id"])].append(row)
    # A coach who is named with a step is no change of its own.
    hands = Counter(bytes(row["case_id"]) for row in found["assignments"] if row["cause"] != "step")
    updates = Counter({bytes(row["case_id"]): row["updates"] for row in found["orders"]})
    for row in found["cases"]:
        case = bytes(row["case_id"])
        steps = sorted(events[case], key=lambda step: step["number"])
        if not {"identity", "contact"} <= kinds[case]:
            yield f"case {case.hex()}: half a case"
        if [step["number"] for step in steps] != list(range(1, len(steps) + 1)):
            yield f"case {case.hex()}: its steps have a gap"
        if row["state"] != (steps[-1]["to_state"] if steps else FIRST_STATE[Origin(row["origin"])].value):
            yield f"case {case.hex()}: is not where its last step led"
        if row["version"] != len(steps) + hands[case] + updates[case] + 1:
            yield f"case {case.hex()}: counts other steps than it took"
        if case in newest:
            identity = newest[case][1]
            wanted = [("national_number", person.national_number) for person in identity.people]
            wanted += [("ov_number", identity.ov_number), ("oqt_reference", identity.oqt_reference)]
            if any(value and (index.token(name, value), case) not in tokens for name, value in wanted):
                yield f"case {case.hex()}: cannot be found by its own numbers"


def _releases(found: Snapshot) -> Iterator[str]:
    """What left opens for its reader; its entry was about it and about nothing else; a hand-over left both sheets."""
    root = found.keyrings[CASEWORK].pseudonym_root
    assert root is not None
    pseudonyms = PseudonymKeys(root)
    bodies = found.bodies
    wraps = found.wraps
    sheets: set[tuple[str, bytes]] = set()
    for row in found["releases"]:
        reader, raw = Zone.parse(row["reader"]), bytes(row["release_id"])
        place = f"release {raw.hex()}"
        body = bodies.get(bytes(row["entry_id"]), {})
        told = (body.get("object"), body.get("subject"), body.get("outcome"), body.get("kind"))
        if told != (raw.hex(), Pseudonym(domain_of(reader), bytes(row["subject"])).text, str(reader), row["kind"]):
            yield f"{place}: its entry is about something else"
        wrap = wraps.get((bytes(row["key_id"]), str(reader)))
        if wrap is None:
            yield f"{place}: its key has no wrap"
            continue
        if row["kind"] == Kind.CEREMONY.value:  # under a key of two shares: `access_faults` puts them together
            continue
        # Destroyed: `access_faults` says whether it should be.
        if wrap == b"" and row["kind"] in (Kind.GRANT.value, Kind.DISCLOSURE.value):
            continue
        context = ReleaseContext(
            bytes(row["subject"]), Compartment(row["compartment"]), reader, Zone.parse(row["sender"]), ReleaseId(raw),
            KeyId(bytes(row["key_id"])), Purpose(row["purpose"]), EntryId(bytes(row["entry_id"])), bytes(row["policy"]),
            row["schema_number"], row["expires_at"],
        )  # fmt: skip
        try:
            release, at = Release(bytes(row["sealed"]), wrap, bytes(row["signature"])), row["released_at"]
            own, sender = found.keyrings[reader].sealing, found.directory.of(CASEWORK).verify
            found.once(partial(open_release, release, context, own=own, sender=sender, now=at), release, context, at)
        except VaultError as fault:
            yield f"{place}: does not open ({fault.code})"
        if row["kind"] == Kind.OUTCOME_SHEET.value:
            sheets.add((str(reader), bytes(row["subject"])))
    wanted = {
        (str(reader), pseudonyms.token(domain_of(reader), CaseId(bytes(row["case_id"]))).token)
        for row in found["cases"]
        if row["state"] == State.HANDED_OVER.value
        for reader in (FOLLOW_UP, OVERSIGHT)
    }
    if sheets != wanted:
        yield "hand-over: the sheets that left are not those of the cases handed over"
