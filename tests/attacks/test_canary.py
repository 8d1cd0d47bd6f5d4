"""Marked words in everything confided, and a search for them everywhere else.

Every operation of every zone is called by every role, well and badly; every response of every zone, every log
line at DEBUG with its arguments, every problem, and every byte of every file of the installation is searched,
in every spelling that a program might give a text (UTF-8, UTF-16, base64, hexadecimal, any case).
"""

from __future__ import annotations

import base64
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.settings import Settings
from tests import recorded
from tests.api.decision_client import asker, vault_question
from tests.attacks.canary import CANARY, TYPED, readable, sightings
from tests.attacks.canary_reviews import REVIEW_QUERIES, review_bodies
from tests.attacks.listening import Ears, listening
from tests.attacks.planting import FACT_MARKS, TODAY, Planted, bodies, plant
from tests.flow_paths import Paths
from tests.house import STAFF, Caller, House, house_on, prefix_of
from vault.cases.flow import Step
from vault.vocabulary import Kind

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("canary")]

IDENTITY: Final = frozenset({"family", "given", "alias"})
CONTACT: Final = frozenset({"address", "email", "whereabouts"})
NOTES: Final = frozenset({"note", "revised", "why"})
LISTED: Final = frozenset({"caption", "file_name"})
EXPECTED: Final = frozenset({"family", "given"})
LETTER: Final = frozenset({"family", "given", "address", "place"})
#: Where a coach, on their own case, may find what: everywhere else, nothing. No other role finds anything.
COACH_SEES: Final[dict[str, frozenset[str]]] = {
    "casework_read_identity": IDENTITY,
    "casework_read_contact": CONTACT,
    "casework_read_note": NOTES,
    "casework_note_version": NOTES,
    "casework_revise_note": NOTES,  # refused as stale: both texts, so that nothing is lost
    "casework_reveal_note": NOTES | IDENTITY,
    **{
        f"casework_{name}_{section.replace('-', '_')}": frozenset({mark})
        for section, mark in FACT_MARKS.items()
        for name in ("read_facts", "read_fact")
    },
    **{f"casework_read_attachments_{section.replace('-', '_')}": LISTED for section in recorded.FILE_SECTIONS},
    **{
        f"casework_read_attachment_{section.replace('-', '_')}": LISTED | {"file"} for section in recorded.FILE_SECTIONS
    },
    "casework_read_tasks": frozenset({"task"}),
    "casework_read_agenda": frozenset({"task"}),
    "casework_read_draft": frozenset({"draft"}),
    "casework_list_stand_ins": IDENTITY | {"note"},  # a marked word of a note was taken for a name
    "casework_rescan_note": NOTES,
    "casework_review_note": NOTES | IDENTITY,
    **{f"casework_{act}_letter": LETTER for act in ("compose", "read", "print")},
    "casework_coach_days": EXPECTED,
    "casework_read_attendees": frozenset({"companion", "interpreter"}),
    "casework_review_answer": IDENTITY | {"answer"},
    "casework_take_answer": frozenset({"answer"}),
    "casework_read_answer": frozenset({"answer"}),
}
#: What else is for whom: the desk sees whom it receives today, the head why a coach must not have a case.
OTHERS_SEE: Final = {
    # In an emergency, upon a second person's word.
    ("colleague", "casework_emergency_identity"): frozenset({"family", "given"}),
    ("colleague", "casework_emergency_contact"): frozenset({"address", "email", "whereabouts"}),
    # While a sample of the case runs: the newest note with its stand-ins, and what is recorded of stay and return.
    ("head", "casework_sample_note"): frozenset({"revised"}),
    ("head", "casework_sample_stay_facts"): frozenset({FACT_MARKS["stay-analysis"]}),
    ("head", "casework_sample_return_facts"): frozenset({FACT_MARKS["return-plan"]}),
    ("head", "casework_read_sample"): frozenset({"reason"}),  # their own words
    # By ceremony, upon two signatures.
    ("officer", "follow_up_read_ceremony"): frozenset({"family", "given"}),
    ("desk", "casework_desk_day"): EXPECTED,
    ("head", "casework_read_conflict"): frozenset({"conflict"}),
}
#: An invitation names and addresses the person: for the coach, and for the desk until the person was received.
INVITED: Final = frozenset(f"casework_{act}_invitation" for act in ("compose", "read", "print"))
#: The person consented to give Fedasil the family name, and Caritas the telephone number.
CONSENTED: Final = {"fedasil": frozenset({"family"})}
#: What is asked with the day on which the house's clock stands.
QUERIES: Final[dict[str, dict[str, Any]]] = (
    {f"casework_{name}": {"params": {"day": TODAY}} for name in ("coach_days", "desk_day", "free_times")}
    | {"casework_read_figures": {"params": {"from": TODAY, "to": "2026-12-01"}}}
    | REVIEW_QUERIES
)
#: What would take a sign-in's own secrets, or end one's sign-in: tried, and refused.
UNASKED: Final = ("sign_in", "sign_out", "end_session", "revoke_passkey", "make_recovery_codes")
ERRING: Final = {
    "coach": ("casework", "follow_up"), "officer": ("follow_up", "oversight"), "auditor": ("oversight", "partner"),
    "caritas": ("partner", "casework"),
}  # fmt: skip


def test_the_search_finds_every_spelling() -> None:
    for name, word in CANARY.items():
        for text in (word, word.upper(), word.casefold()):
            assert sightings(b"xx" + text.encode() + b"yy") == {name}
        for encoding in ("utf-16-le", "utf-16-be"):
            assert sightings(b"xx" + word.lower().encode(encoding)) == {name}
        for shift in range(7):
            padded = b"\x01" * shift + word.encode() + b"\x02" * 5
            assert sightings(base64.b64encode(padded)) == {name}, (name, shift)
            assert sightings(padded.hex().encode()) == {name}
            assert sightings(padded.hex().upper().encode()) == {name}


def payload(operation: str, body: Any) -> dict[str, Any]:
    """A good request's body: a file for the operations that take one."""
    if operation.startswith("casework_add_attachment"):
        return {"content": recorded.pdf(200).replace(b"trailer", CANARY["file"].encode() + b" trailer")}
    return {"json": body} if body else {}


#: Another system that asks for decisions, in every zone.
SYSTEM: Final = "system"


#: Bad requests: each carries the typed word somewhere it has no business.
def mistakes(good: Any) -> list[dict[str, Any]]:
    wrong = dict.fromkeys(good, TYPED) if isinstance(good, dict) else {}
    return [
        {"json": {TYPED: TYPED}},
        {"json": (good or {}) | {TYPED: TYPED}},
        {"json": wrong or [TYPED]},
        {"json": {"people": [{"family_name": {TYPED: 1}, "birth_date": TYPED, "national_number": TYPED}]}},
        {"content": f'{{"text": "{TYPED}'.encode(), "headers": {"content-type": "application/json"}},
        {"content": TYPED.encode("utf-16"), "headers": {"content-type": "application/json"}},
        {"content": b'{"text": "\xff' + TYPED.encode() + b'"}', "headers": {"content-type": "application/json"}},
        {"content": TYPED.encode(), "headers": {"content-type": "text/plain", "x-typed": TYPED}},
        {"json": good, "headers": {"cookie": f"__Host-parefeu-casework={TYPED}"}},
    ]


@dataclass
class Heard:
    """Each response: who asked, which operation, was it a deliberate mistake, what came back."""

    login: str
    operation: str
    mistaken: bool
    status: int
    content: bytes

    @cached_property
    def seen(self) -> set[str]:
        """The names of the marked words in what came back."""
        return sightings(self.content)


def drive(house: House, planted: Planted, login: str) -> Iterator[Heard]:
    """Call every operation there is as `login`, once well and then in every wrong way."""
    client, good = house.client(login), bodies(house) | review_bodies(planted.entry)
    schema = house.app.get("/openapi.json").json()
    # Steps last: each moves the case, and what is asked of it afterwards would be refused for that.
    for path, operations in sorted(schema["paths"].items(), key=lambda found: "/steps/" in found[0]):
        for method, described in operations.items():
            operation = described["operationId"]
            if operation.endswith("sign_out"):
                continue
            body = good.get(operation)
            values = planted.values(path, login, operation)
            bad = dict.fromkeys(values, TYPED)
            sent = payload(operation, body) | QUERIES.get(operation, {})
            yield heard(client, login, operation, method, "/" + path.format(**values), sent)
            if "_authzen_" in operation:  # a member of staff is a stranger there: see drive_systems
                continue
            yield heard(client, login, operation, method, "/" + path.format(**bad), sent, mistaken=True)
            asked = sent | {"params": dict.fromkeys(("limit", "state", "before", "since", "language"), TYPED)}
            yield heard(client, login, operation, method, "/" + path.format(**values), asked, mistaken=True)
            # A body is parsed before anybody is asked who they are: of each zone one role makes the mistakes, and one
            # stranger.
            errs = operation.startswith(ERRING.get(login, ())) and (body or method != "get")
            for wrong in mistakes(body) if errs else ():
                yield heard(client, login, operation, method, "/" + path.format(**values), wrong, mistaken=True)


def drive_systems(house: House, planted: Planted) -> Iterator[Heard]:
    """Other systems ask each zone's decision point about the case, well and badly."""
    schema = house.app.get("/openapi.json").json()
    for zone in house.services.sign_in:
        system = asker(house, zone, login=SYSTEM)
        client = Caller(house.app, system.token, "")
        for path, operations in schema["paths"].items():
            if not path.startswith(f"{prefix_of(zone)}/access/v1/"):
                continue
            operation = operations["post"]["operationId"]
            for kind in Kind:
                good = vault_question("coach", "read", kind.value, planted.case, "coaching")
                yield heard(client, SYSTEM, operation, "POST", "/" + path, {"json": good})
            for wrong in mistakes(good):
                yield heard(client, SYSTEM, operation, "POST", "/" + path, wrong, mistaken=True)
            for part in ("subject", "resource"):
                typed = {"json": good | {part: {"type": TYPED, "id": TYPED, "properties": {TYPED: TYPED}}}}
                yield heard(client, SYSTEM, operation, "POST", "/" + path, typed, mistaken=True)


def heard(
    client: Caller, login: str, operation: str, method: str, path: str, options: dict[str, Any], *,
    mistaken: bool = False,
) -> Heard:  # fmt: skip
    reply = client.request(method.upper(), path, **options)
    headers = repr(sorted(reply.headers.items())).encode()
    return Heard(login, operation, mistaken, reply.status_code, readable(reply) + b"\n" + headers)


def allowed(reply: Heard) -> frozenset[str]:
    if (reply.login, reply.operation) in OTHERS_SEE:
        return OTHERS_SEE[reply.login, reply.operation]
    if reply.operation in INVITED and reply.login == "coach":
        return LETTER
    if reply.login == "coach":
        return COACH_SEES.get(reply.operation, frozenset())
    if reply.login == "fedasil" and reply.operation == "partner_fedasil_read_referrals":
        return CONSENTED["fedasil"]
    if reply.operation == f"partner_{reply.login}_read_disclosure":
        return frozenset({"given", "address"})  # the items; no words
    if reply.operation == "oversight_read_detail":
        return frozenset({"reason"})  # sealed to oversight, to judge reasons by
    return frozenset()


@pytest.fixture(scope="module")
def told(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, list[Heard], Ears]]:
    """Everything that was ever answered and logged, and the house still open."""
    home = tmp_path_factory.mktemp("canary") / "home"
    shutil.copytree(sqlite_template, home)
    with listening() as ears, house_on(Settings(home=home)) as house:
        planted = plant(house)
        replies = []
        for login in STAFF:
            replies += drive(house, planted, login)
            if login == "coach":  # who reopened the case: until the person is received again, the desk may invite
                house.step(
                    house.client("coach"), planted.case, "begin_intake", **Paths(house).details(Step.BEGIN_INTAKE)
                )
        replies += drive_systems(house, planted)
        _spoil(home)
        note = f"/cases/{planted.case}/notes/{planted.note}"
        replies.append(heard(house.client("coach"), "coach", "casework_tampered", "GET", note, {}))
        assert replies[-1].status == 500
        yield house, replies, ears


def _spoil(home: Path) -> None:
    """Damage every note, so that reading one fails in the middle of opening it."""
    with sqlite3.connect(home / "main.db") as connection:
        connection.execute("DROP TRIGGER IF EXISTS tr_records_entry")
        connection.execute("UPDATE records SET sealed = substr(sealed, 1, 90) WHERE kind = 'note'")
    connection.close()


def test_every_operation_was_called_and_some_answered(told: tuple[House, list[Heard], Ears]) -> None:
    """Otherwise finding nothing would prove nothing."""
    house, replies, _ = told
    schema = house.app.get("/openapi.json").json()
    known = {described["operationId"] for operations in schema["paths"].values() for described in operations.values()}
    answered = {reply.operation for reply in replies if reply.status < 300}
    called = {reply.operation for reply in replies}
    assert {name for name in known if not name.endswith("sign_out")} <= called
    silent = {name for name in known - answered if not name.endswith(UNASKED)}
    # The steps are tried in turn on one case: those that its states never allow answer nothing but refusals.
    steps = {f"casework_{step.value}" for step in Step}
    allowed = {"casework_revise_note", "casework_record_refusal", "casework_merge_stand_ins", "casework_split_stand_in"}
    assert silent <= {*allowed, *steps}
    assert len(steps - silent) >= 5
    seen = {name for reply in replies if reply.login == "coach" for name in reply.seen}
    assert seen == set(CANARY) - {"reason", "conflict"}, (
        "the coach reads what was confided, so the words are really there"
    )


def test_no_answer_holds_a_confided_word_but_the_coachs_own(told: tuple[House, list[Heard], Ears]) -> None:
    _, replies, _ = told
    assert {reply.login for reply in replies} == {*STAFF, SYSTEM}
    found = {
        (reply.login, reply.operation, name) for reply in replies for name in reply.seen - allowed(reply) - {"typed"}
    }
    assert found == set()


def test_no_answer_repeats_what_was_typed_badly(told: tuple[House, list[Heard], Ears]) -> None:
    _, replies, _ = told
    assert sum(reply.mistaken for reply in replies) > 500
    assert {(reply.operation, reply.status) for reply in replies if "typed" in reply.seen} == set()


def test_no_log_line_holds_a_confided_or_typed_word(told: tuple[House, list[Heard], Ears]) -> None:
    _, _, ears = told
    debugging = [line for line in ears.lines if "'levelname': 'DEBUG'" in line]
    assert any("'name': 'asyncio'" in line for line in debugging), "libraries were heard at DEBUG"
    assert any("'code': 'record_tampered'" in line for line in ears.lines), "and so was the vault"
    assert [line[:300] for line in ears.lines if sightings(line.encode("utf-8", "replace"))] == []


def test_no_file_holds_a_confided_word(told: tuple[House, list[Heard], Ears]) -> None:
    """While serving, with the write-ahead logs as they lie there."""
    house, _, _ = told
    files = [path for path in house.settings.home.rglob("*") if path.is_file()]
    assert {"main.db", "main.db-wal", "keystore.db", "keystore.db-wal"} <= {path.name for path in files}
    assert {path.name: found for path in files if (found := sightings(path.read_bytes()))} == {}


def test_no_file_holds_a_confided_word_once_stopped(lite_house: House) -> None:
    plant(lite_house)
    home = lite_house.settings.home
    lite_house.close()
    assert {path.name for path in home.rglob("*") if path.is_file() and sightings(path.read_bytes())} == set()


def test_sheets_hold_their_closed_list_and_nothing_confided(lite_house: House) -> None:
    planted = plant(lite_house)
    sheet = lite_house.client("officer").get(f"/sheets/{planted.releases['officer']}")
    assert sheet.status_code == 200
    assert sightings(sheet.content) == set()
    listed = lite_house.client("officer").get("/sheets")
    assert len(listed.json()["sheets"]) == 1
    assert sightings(listed.content) == set()
