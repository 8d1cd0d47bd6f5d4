"""Whoever owns a partner: its keys, its database role, its process. What can it write that casework believes?

Caritas is taken over. First with its own role alone: what it may add, and where. Then with somebody at its side who
writes every row of both databases: forged, moved, replayed and misshapen answers, receipts of others, withdrawals
that nobody made. Casework's coach and oversight are asked each time; nothing forged is kept, and nothing true is lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
import pytest
from psycopg.errors import CheckViolation, ForeignKeyViolation, InsufficientPrivilege, UniqueViolation
from psycopg.rows import dict_row

from bench.pg import Postgres
from gateway.clock import SystemEntropy
from gateway.instance import load_zone, read_directory
from gateway.settings import Settings
from tests.attacks.estate import as_superuser, restored
from tests.attacks.walled import Walled, houses_of, walled
from tests.house import CARITAS, FEDASIL, House, make_keys
from tests.unit.crypto.kit import WeakFileRoot
from vault.crypto.envelope import Release, ReleaseContext, seal_release
from vault.crypto.hierarchy import ZoneKeyring
from vault.crypto.statement import ReceiptStatement
from vault.ids import EntryId, KeyId, ReleaseId
from vault.storage.tables import from_micros, to_micros
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Compartment, Purpose, Zone

pytestmark = pytest.mark.xdist_group("owned_partner")

ENTROPY: Final = SystemEntropy()
Row = dict[str, Any]


@dataclass
class Scene:
    """release, referral: by name: "caritas", "fedasil" (live), "caritas_ended", "fedasil_ended".

    eyes: a connection of the superuser's, to look with.
    """

    wall: Walled
    eyes: psycopg.Connection
    settings: Settings
    houses: dict[Zone, House]
    case: str
    referral: dict[str, str]
    release: dict[str, str]

    @property
    def coach(self) -> Any:
        return self.houses[CASEWORK].client("coach")

    def rows(self, table: str) -> list[Row]:
        with self.eyes.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(f"SELECT * FROM {table}".encode()).fetchall()

    def row(self, name: str) -> Row:
        """The release of that name."""
        wanted = bytes.fromhex(self.release[name])
        return next(row for row in self.rows("exchange.releases") if row["release_id"] == wanted)

    def keyring(self, zone: Zone) -> ZoneKeyring:
        return load_zone(self.settings, zone, ENTROPY, WeakFileRoot)

    def entry(self) -> bytes:
        """An entry that is really there, so that only what is tested can fail."""
        found: bytes = self.rows("log.entries")[0]["entry_id"]
        return found

    def take(self, answer: bytes, name: str = "caritas") -> Any:
        return self.coach.post(f"/cases/{self.case}/referrals/{self.referral[name]}/answers/{answer.hex()}")


@pytest.fixture(scope="module")
def scene(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    settings = make_keys(tmp_path_factory.mktemp("partner") / "home")
    with walled(postgres) as made, made.superuser() as eyes, houses_of(made, settings) as houses:
        eyes.autocommit = True
        casework = houses[CASEWORK]
        coach = casework.client("coach")
        found = Scene(made, eyes, settings, houses, casework.open_case(coach), {}, {})
        for name in ("caritas", "fedasil", "caritas_ended", "fedasil_ended"):
            found.referral[name] = casework.consent(coach, found.case, name.partition("_")[0])
            found.release[name] = casework.send(coach, found.case, found.referral[name])
        for name in ("caritas_ended", "fedasil_ended"):
            casework.withdraw(coach, found.case, found.referral[name])
        casework.answer(houses[CARITAS].client("caritas"), found.release["caritas"], "Une place est libre.")
        yield found


def plant(scene: Scene, table: str, row: Row) -> None:
    """A row, past every foreign key and trigger."""
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    as_superuser(scene.wall, f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())


# -- with its own role alone -----------------------------------------------------------------------------


@pytest.fixture
def role(scene: Scene) -> Iterator[psycopg.Connection]:
    with scene.wall.connect(CARITAS) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def keys_role(scene: Scene) -> Iterator[psycopg.Connection]:
    with scene.wall.connect(CARITAS, "keystore") as connection:
        yield connection
        connection.rollback()


def test_what_was_withdrawn_is_out_of_its_reach(scene: Scene, role: psycopg.Connection) -> None:
    seen = role.execute("SELECT release_id FROM exchange.releases").fetchall()
    assert [bytes(row[0]).hex() for row in seen] == [scene.release["caritas"]]
    for name in ("caritas_ended", "fedasil", "fedasil_ended"):
        wanted = bytes.fromhex(scene.release[name])
        row = role.execute("SELECT sealed FROM exchange.releases WHERE release_id = %s", (wanted,)).fetchone()
        assert row is None, name
    ended = role.execute("SELECT release_id FROM exchange.withdrawals").fetchall()
    assert [bytes(row[0]).hex() for row in ended] == [scene.release["caritas_ended"]]


def answer_row(scene: Scene, name: str = "caritas", **changed: Any) -> Row:
    """A row that the database takes from Caritas; its envelope is nonsense."""
    release = scene.row(name)
    row = {
        "answer_id": ENTROPY.bytes(16), "release_id": release["release_id"], "reader": "casework",
        "sender": release["reader"], "subject": release["subject"], "policy": release["policy"], "schema_number": 1,
        "key_id": ENTROPY.bytes(16), "sealed": b"s" * 200, "signature": b"g" * 3374, "sent_at": 1,
        "decision": scene.entry(), "taken_at": None, "entry_id": scene.entry(),
    }  # fmt: skip
    return row | changed


def receipt_row(scene: Scene, name: str = "caritas_ended", **changed: Any) -> Row:
    release = scene.row(name)
    row = {
        "release_id": release["release_id"], "reader": "casework", "sender": release["reader"],
        "subject": release["subject"], "outcome": "deleted", "given_at": 1, "signature": b"g" * 3374,
        "entry_id": scene.entry(),
    }  # fmt: skip
    return row | changed


def insert(connection: psycopg.Connection, table: str, row: Row) -> None:
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    with connection.transaction(force_rollback=True):
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})".encode(), list(row.values()))


def test_it_adds_answers_to_casework_about_what_it_can_be_asked_of(scene: Scene, role: psycopg.Connection) -> None:
    insert(role, "exchange.answers", answer_row(scene))
    for changed in ({"reader": "follow_up"}, {"reader": "partner:fedasil"}, {"sender": "partner:fedasil"},
                    {"sender": "casework"}, {"sender": "casework", "reader": "partner:caritas"}):  # fmt: skip
        with pytest.raises(InsufficientPrivilege):
            insert(role, "exchange.answers", answer_row(scene, **changed))
    with pytest.raises(ForeignKeyViolation):
        insert(role, "exchange.answers", answer_row(scene, "fedasil", sender="partner:caritas"))
    with pytest.raises(ForeignKeyViolation):
        insert(role, "exchange.answers", answer_row(scene, release_id=ENTROPY.bytes(16)))
    with pytest.raises(ForeignKeyViolation):
        insert(role, "exchange.answers", answer_row(scene, entry_id=bytes(16)))
    with pytest.raises(CheckViolation):
        insert(role, "exchange.answers", answer_row(scene, sealed=bytes(64 * 1024 + 1)))
    with pytest.raises(UniqueViolation):
        insert(role, "exchange.answers", answer_row(scene, answer_id=scene.rows("exchange.answers")[0]["answer_id"]))


def test_it_confirms_what_was_withdrawn_from_it_and_nothing_else(scene: Scene, role: psycopg.Connection) -> None:
    insert(role, "exchange.receipts", receipt_row(scene))
    for changed in ({"sender": "partner:fedasil"}, {"reader": "oversight"}, {"sender": "casework"}):
        with pytest.raises(InsufficientPrivilege):
            insert(role, "exchange.receipts", receipt_row(scene, **changed))
    for name in ("fedasil_ended", "caritas"):  # another's, and one that nobody withdrew
        with pytest.raises(ForeignKeyViolation):
            insert(role, "exchange.receipts", receipt_row(scene, name, sender="partner:caritas"))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO exchange.withdrawals SELECT * FROM exchange.withdrawals",
        "DELETE FROM exchange.withdrawals",
        "UPDATE exchange.withdrawals SET receipt_due = 0",
        "SELECT 1 FROM exchange.answers",
        "UPDATE exchange.answers SET taken_at = 1",
        "DELETE FROM exchange.answers",
        "UPDATE exchange.receipts SET outcome = 'kept_by_law'",
        "DELETE FROM exchange.receipts",
        "INSERT INTO exchange.releases SELECT * FROM exchange.releases",
        "UPDATE exchange.releases SET expires_at = NULL",
        "SELECT 1 FROM casework.referrals",
        "SELECT 1 FROM casework.referral_events",
        "SELECT 1 FROM casework.consents",
        "ALTER TABLE exchange.withdrawals DISABLE ROW LEVEL SECURITY",
        "DROP POLICY parefeu_partner_caritas_select ON exchange.releases",
    ],
)
def test_it_changes_and_reads_nothing_else(role: psycopg.Connection, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        role.execute(statement.encode())


def test_it_adds_wraps_for_casework_and_for_nobody_else(scene: Scene, keys_role: psycopg.Connection) -> None:
    row = {"key_id": ENTROPY.bytes(16), "reader": "casework", "wrap": b"w", "created_at": 1}
    insert(keys_role, "keystore.wraps", row)
    for reader in ("follow_up", "oversight", "partner:fedasil", "partner:caritas"):
        with pytest.raises(InsufficientPrivilege):
            insert(keys_role, "keystore.wraps", row | {"reader": reader})
    with scene.wall.superuser("keystore") as admin:
        taken: Any = admin.execute("SELECT key_id FROM keystore.wraps WHERE reader = 'casework'").fetchone()
    with pytest.raises(UniqueViolation):  # what is there is there: it can neither be replaced nor put in front
        insert(keys_role, "keystore.wraps", row | {"key_id": taken[0]})
    for statement in ("UPDATE keystore.wraps SET wrap = ''", "DELETE FROM keystore.wraps"):
        keys_role.rollback()
        with pytest.raises(InsufficientPrivilege):
            keys_role.execute(statement.encode())


# -- with somebody who writes every row ------------------------------------------------------------------


@dataclass
class Forgery:
    """An answer under the attacker's hands: what is sealed, where it says it stands, and the row around it."""

    scene: Scene
    content: Any
    context: ReleaseContext
    release: bytes
    signer: Zone = CARITAS
    sent_at: int = 0
    made: Release | None = None

    def seal(self) -> Release:
        if self.made is None:
            text = self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()
            to = read_directory(self.scene.settings).of(CASEWORK).sealing
            sender = self.scene.keyring(self.signer).signing
            self.made = seal_release(text, self.context, to=to, sender=sender, entropy=ENTROPY)
        return self.made

    def plant(self) -> bytes:
        """Write row and wrap as whoever owns both databases. Returns the answer's id."""
        made, c = self.seal(), self.context
        row = {
            "answer_id": c.release.raw, "release_id": self.release, "reader": str(c.reader), "sender": str(c.sender),
            "subject": c.case, "policy": c.policy_digest, "schema_number": c.schema, "key_id": c.key.raw,
            "sealed": made.sealed, "signature": made.signature, "sent_at": self.sent_at, "decision": c.decision.raw,
            "entry_id": c.decision.raw,
        }  # fmt: skip
        plant(self.scene, "exchange.answers", row)
        as_superuser(
            self.scene.wall, "INSERT INTO keystore.wraps VALUES (%s, 'casework', %s, 0)", c.key.raw, made.wrap,
            database="keystore",
        )  # fmt: skip
        return c.release.raw


def honest(scene: Scene, name: str = "caritas", message: str = "forgée") -> Forgery:
    """What Caritas's own process would make: casework believes it, because it is Caritas's word."""
    row, now = scene.row(name), datetime.fromisoformat("2026-11-03T10:00:00+00:00")
    content = {
        "release": row["release_id"].hex(), "status": "accepted", "message": message, "sent_at": now.isoformat(),
    }  # fmt: skip
    context = ReleaseContext(
        row["subject"], Compartment.NARRATIVE, CASEWORK, CARITAS, ReleaseId(ENTROPY.bytes(16)),
        KeyId(ENTROPY.bytes(16)), Purpose.REFERRAL, EntryId(scene.entry()), row["policy"], 1, None,
    )  # fmt: skip
    return Forgery(scene, content, context, row["release_id"], CARITAS, to_micros(now))


TABLES: Final = (
    "exchange.answers", "keystore.wraps", "casework.records", "casework.referrals", "casework.referral_events",
    "casework.data_keys", "exchange.receipts", "exchange.withdrawals",
)  # fmt: skip


def test_the_forgers_tools_work(scene: Scene) -> None:
    """The positive control: sealed rightly by Caritas about its own referral, it is taken in."""
    with restored(scene.wall, *TABLES):
        reply = scene.take(honest(scene).plant())
        assert reply.status_code == 201, reply.text
        assert reply.json()["message"] == "forgée"


def _as(sender: Zone, signer: Zone = CARITAS) -> Callable[[Forgery], Forgery]:
    return lambda f: replace(f, context=replace(f.context, sender=sender), signer=signer)


def _context(**changed: Any) -> Callable[[Forgery], Forgery]:
    """Sealed and signed in another context than the row then spells out."""

    def change(f: Forgery) -> Forgery:
        made = replace(f, context=replace(f.context, **changed)).seal()
        return replace(f, made=made)

    return change


def _content(**changed: Any) -> Callable[[Forgery], Forgery]:
    return lambda f: replace(f, content=f.content | changed)


def _flip(part: str) -> Callable[[Forgery], Forgery]:
    def change(f: Forgery) -> Forgery:
        made = f.seal()
        raw = bytearray(getattr(made, part))
        raw[len(raw) // 2] ^= 1
        changed: dict[str, Any] = {part: bytes(raw)}
        return replace(f, made=replace(made, **changed))

    return change


#: How it is forged, and with which code casework refuses it.
FORGED: Final[dict[str, tuple[Callable[[Forgery], Forgery], str]]] = {
    "in Fedasil's name with its own key": (_as(FEDASIL), "envelope_rejected"),
    "in Fedasil's name with Fedasil's key, about Caritas's referral": (_as(FEDASIL, FEDASIL), "envelope_rejected"),
    "in casework's name with its own key": (_as(CASEWORK), "envelope_rejected"),
    "in follow-up's name with follow-up's key": (_as(FOLLOW_UP, FOLLOW_UP), "envelope_rejected"),
    "in its own name with Fedasil's key": (_as(CARITAS, FEDASIL), "envelope_rejected"),
    "about another case": (_context(case=b"x" * 16), "envelope_rejected"),
    "for another reader": (_context(reader=OVERSIGHT), "envelope_rejected"),
    "for another purpose": (_context(purpose=Purpose.COACHING), "envelope_rejected"),
    "of another compartment": (_context(compartment=Compartment.CONTACT), "envelope_rejected"),
    "under another id": (_context(release=ReleaseId(b"x" * 16)), "envelope_rejected"),
    "under another key": (_context(key=KeyId(b"x" * 16)), "envelope_rejected"),
    "under another decision": (_context(decision=EntryId(b"x" * 16)), "envelope_rejected"),
    "under another policy": (_context(policy_digest=b"x" * 32), "envelope_rejected"),
    "of another schema": (_context(schema=2), "envelope_rejected"),
    "inside about another release": (_content(release="0" * 32), "envelope_rejected"),
    "inside at another moment": (_content(sent_at="2026-11-03T10:00:01+00:00"), "envelope_rejected"),
    "inside without a time zone": (_content(sent_at="2026-11-03T10:00:00"), "record_tampered"),
    "inside with a status that is none": (_content(status="withdrawn"), "record_tampered"),
    "inside with a field too many": (_content(need="x"), "record_tampered"),
    "inside with a number for a message": (_content(message=7), "record_tampered"),
    "inside with a number for a release": (_content(release=7), "record_tampered"),
    "inside with a list for a release": (_content(release=["0"] * 32), "record_tampered"),
    "inside with a control character": (_content(message="a\x1b[2J"), "record_tampered"),
    "inside with text that turns around": (_content(message="a\u202eb"), "record_tampered"),
    "inside with half a character": (_content(message="\ud800"), "record_tampered"),
    "inside a list": (lambda f: replace(f, content=[f.content]), "record_tampered"),
    "inside no JSON": (lambda f: replace(f, content=b"\xff{"), "record_tampered"),
    "with a flipped bit in the text": (_flip("sealed"), "envelope_rejected"),
    "with a flipped bit in the wrap": (_flip("wrap"), "envelope_rejected"),
    "with a flipped bit in the signature": (_flip("signature"), "envelope_rejected"),
}  # fmt: skip


@pytest.mark.parametrize("how", FORGED)
def test_no_forged_answer_is_taken_in(scene: Scene, how: str) -> None:
    change, code = FORGED[how]
    with restored(scene.wall, *TABLES):
        answer = change(honest(scene)).plant()
        before = {table: len(scene.rows(table)) for table in TABLES if not table.startswith("keystore")}
        reply = scene.take(answer)
        assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (500, code), reply.text
        assert "forgée" not in reply.text
        assert {table: len(scene.rows(table)) for table in before} == before
        assert scene.take(answer).status_code == 500
        assert scene.coach.get(f"/cases/{scene.case}/referrals/{scene.referral['caritas']}").json()["status"] == "sent"
    _true_answer_still_arrives(scene)


def _true_answer_still_arrives(scene: Scene) -> None:
    [waiting] = scene.houses[CASEWORK].waiting(scene.coach)
    with restored(scene.wall, *TABLES):
        reply = scene.take(bytes.fromhex(waiting["answer"]))
        assert reply.json()["message"] == "Une place est libre."


def test_an_answer_about_fedasils_referral_is_not_caritass_to_give(scene: Scene) -> None:
    """Everything true but the sender: the row stands at Fedasil's release, sealed and signed by Caritas."""
    for sender in (CARITAS, FEDASIL):
        with restored(scene.wall, *TABLES):
            forged = _as(sender)(honest(scene, "fedasil"))
            reply = scene.take(forged.plant(), "fedasil")
            assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (500, "envelope_rejected")


def test_a_true_answer_is_not_replayed(scene: Scene) -> None:
    """The row once more: under a new id, at another release of the same partner, and after it was taken in."""
    [true] = scene.rows("exchange.answers")
    moves = {
        "under a new id": ({"answer_id": ENTROPY.bytes(16)}, "caritas"),
        "at another release": (
            {"answer_id": ENTROPY.bytes(16), "release_id": bytes.fromhex(scene.release["caritas_ended"])},
            "caritas_ended",
        ),
        "later": ({"answer_id": ENTROPY.bytes(16), "sent_at": true["sent_at"] + 1}, "caritas"),
    }
    for how, (changed, name) in moves.items():
        with restored(scene.wall, *TABLES):
            row = true | changed
            plant(scene, "exchange.answers", row)
            reply = scene.take(row["answer_id"], name)
            assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (500, "envelope_rejected"), how
    with restored(scene.wall, *TABLES):
        assert scene.take(true["answer_id"]).status_code == 201
        as_superuser(scene.wall, "UPDATE exchange.answers SET taken_at = NULL")
        again = scene.take(true["answer_id"])
        assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "conflict")
        kept = [row for row in scene.rows("casework.records") if row["kind"] == "referral_answer"]
        assert len(kept) == 1
    with restored(scene.wall, *TABLES):
        as_superuser(scene.wall, "UPDATE exchange.answers SET sent_at = sent_at + 1")
        assert scene.take(true["answer_id"]).json()["type"].rpartition(":")[2] == "envelope_rejected"
    _true_answer_still_arrives(scene)


# -- receipts and withdrawals ----------------------------------------------------------------------------


def _receipt(scene: Scene, name: str, sender: Zone, signer: Zone, *, about: bytes = b"", **changed: Any) -> Row:
    """about: another case than the release's, which the signer states all the same. changed: after it was signed."""
    row = receipt_row(scene, name, sender=str(sender)) | {"given_at": 1_700_000_000_000_000}
    row |= {"subject": about} if about else {}
    statement = ReceiptStatement(
        row["subject"], ReleaseId(row["release_id"]), CASEWORK, sender, row["outcome"], from_micros(row["given_at"]),
        EntryId(row["entry_id"]),
    )  # fmt: skip
    return row | {"signature": statement.sign(scene.keyring(signer).signing)} | changed


def _confirmed(scene: Scene) -> set[str]:
    """The releases whose receipt coach and data protection officer believe."""
    mine = scene.coach.get("/withdrawals?overdue=false").json()["withdrawals"]
    watched = scene.houses[OVERSIGHT].client("dpo").get("/withdrawals?overdue=false").json()["withdrawals"]
    by_referral = {referral: scene.release[name] for name, referral in scene.referral.items()}
    believed = {by_referral[line["referral"]] for line in mine if line["receipt"]}
    assert believed == {line["release"] for line in watched if line["receipt"]}
    return believed


def test_only_the_partners_own_word_confirms_a_withdrawal(scene: Scene) -> None:
    def believed(row: Row) -> set[str]:
        with restored(scene.wall, *TABLES):
            plant(scene, "exchange.receipts", row)
            return _confirmed(scene)

    assert believed(_receipt(scene, "caritas_ended", CARITAS, CARITAS)) == {scene.release["caritas_ended"]}
    forged = {
        "Fedasil's, by Caritas in Fedasil's name": _receipt(scene, "fedasil_ended", FEDASIL, CARITAS),
        "Fedasil's, by Caritas in its own": _receipt(scene, "fedasil_ended", CARITAS, CARITAS),
        "signed by casework": _receipt(scene, "caritas_ended", CARITAS, CASEWORK),
        "another outcome": _receipt(scene, "caritas_ended", CARITAS, CARITAS, outcome="kept_by_law"),
        "another moment": _receipt(scene, "caritas_ended", CARITAS, CARITAS, given_at=2),
        "another case": _receipt(scene, "caritas_ended", CARITAS, CARITAS, subject=b"x" * 16),
        "its own, about another case": _receipt(scene, "caritas_ended", CARITAS, CARITAS, about=b"x" * 16),
        "its own, in Fedasil's name": _receipt(scene, "caritas_ended", FEDASIL, CARITAS),
        "no signature": _receipt(scene, "caritas_ended", CARITAS, CARITAS, signature=b""),
    }
    for how, row in forged.items():
        assert believed(row) == set(), how
    assert _confirmed(scene) == set()


def test_a_withdrawal_that_casework_did_not_sign_closes_sight_and_demands_nothing(scene: Scene) -> None:
    """Whoever writes the database can blind a partner; it cannot make it destroy its files in casework's name."""
    agent = scene.houses[CARITAS].client("caritas")
    release = scene.release["caritas"]
    assert agent.get(f"/referrals/{release}").status_code == 200
    [true] = [row for row in scene.rows("exchange.withdrawals") if row["reader"] == "partner:caritas"]
    with restored(scene.wall, *TABLES):
        row = true | {"release_id": bytes.fromhex(release)}
        plant(scene, "exchange.withdrawals", row)
        assert agent.get(f"/referrals/{release}").status_code == 404
        notices = {line["release"]: line["authentic"] for line in agent.get("/withdrawals").json()["withdrawals"]}
        assert notices == {release: False, scene.release["caritas_ended"]: True}
        refused = agent.post(f"/withdrawals/{release}/receipt", json={"outcome": "deleted"})
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (500, "envelope_rejected")
    assert agent.get(f"/referrals/{release}").status_code == 200


def test_a_receipt_that_is_due_later_is_not_brought_forward_unnoticed(scene: Scene) -> None:
    """The due day is signed: changed in the row, the notice is nobody's any more."""
    agent = scene.houses[CARITAS].client("caritas")
    with restored(scene.wall, *TABLES):
        later = int(timedelta(days=900).total_seconds()) * 1_000_000
        as_superuser(scene.wall, "UPDATE exchange.withdrawals SET receipt_due = receipt_due + %s", later)
        assert {line["authentic"] for line in agent.get("/withdrawals").json()["withdrawals"]} == {False}
        watched = scene.houses[OVERSIGHT].client("dpo").get("/withdrawals?overdue=false").json()["withdrawals"]
        assert {line["authentic"] for line in watched} == {False}
