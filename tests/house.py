"""A whole installation for tests: keys, both databases, staff of every role, and clients that are signed in.

    with House.sqlite(tmp_path) as house:
        coach = house.client("coach")
        case = house.open_case(coach)

The parts are the real ones; only Argon2 is cheap (`WeakFileRoot`), and the clock can be moved.
"""

from __future__ import annotations

import pickle
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx2
from anyio.from_thread import start_blocking_portal
from sqlalchemy import Engine
from starlette.testclient import TestClient

from gateway.app import create_app
from gateway.clock import SystemEntropy
from gateway.instance import create_instance, read_pin
from gateway.settings import Settings
from gateway.wiring import Services, build
from policies.firewall import LiveFirewall, TableFirewall, load_firewall
from tests import late_routes
from tests.at_once import AtOnce
from tests.unit.crypto.kit import WeakFileRoot
from vault.ports import Firewall
from vault.pseudonyms import Pseudonym, domain_of
from vault.storage import installation, store
from vault.storage.store import Database
from vault.unit_of_work import StaffRow
from vault.usecases import sign_in
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Role, Zone

CARITAS: Final = Zone.parse("partner:caritas")
FEDASIL: Final = Zone.parse("partner:fedasil")
#: Logins of the invented staff: who, in which zone, as what, where.
STAFF: Final[dict[str, tuple[Zone, Role, str]]] = {
    "coach": (CASEWORK, Role.COACH, "brussels"),
    "colleague": (CASEWORK, Role.COACH, "brussels"),
    "third_coach": (CASEWORK, Role.COACH, "brussels"),
    "far_coach": (CASEWORK, Role.COACH, "liege"),
    "desk": (CASEWORK, Role.DESK_OFFICER, "brussels"),
    "head": (CASEWORK, Role.REGIONAL_HEAD, "brussels"),
    "far_head": (CASEWORK, Role.REGIONAL_HEAD, "liege"),
    "officer": (FOLLOW_UP, Role.FOLLOW_UP_OFFICER, ""),
    "caritas": (CARITAS, Role.PARTNER_AGENT, ""),
    "fedasil": (FEDASIL, Role.PARTNER_AGENT, ""),
    "auditor": (OVERSIGHT, Role.AUDITOR, ""),
    "dpo": (OVERSIGHT, Role.DPO, ""),
    "operator": (OVERSIGHT, Role.OPERATOR, ""),
}
#: A case reference that is well formed and nobody's.
UNKNOWN_CASE: Final = Pseudonym(domain_of(CASEWORK), bytes(16)).text
#: No password of tests is checked by the slow hash unless a test is about signing in.
UNUSABLE: Final = "$argon2id$unusable"

PERSON: Final[dict[str, Any]] = {
    "family_name": "Diallo",
    "given_names": "Aminata",
    "birth_date": "1991-04-12",
    "nationality": "GN",
    "aliases": ["Mimi"],
}
CASE: Final[dict[str, Any]] = {
    "region": "brussels",
    "language": "fr",
    "people": [PERSON],
    "ov_number": "8123456",
    "oqt_reference": "",
    "contact": {
        "address": "rue des Tilleuls-Inventés 14, 1000 Bruxelles",
        "phone": "0499 00 00 11",
        "email": "aminata@example.be",
        "whereabouts_note": "chez une amie",
        "provenance": "interview",
    },
    "facts": {"annex": "13", "term_end": "2026-12-01", "minors": True},
}


@cache
def shipped_firewall() -> TableFirewall:
    """The policy as shipped. Immutable, and half a second to compile: once per test process."""
    return load_firewall()


class MovableClock:
    """Stands still until moved, but never gives the same moment twice."""

    def __init__(self, start: datetime | None = None) -> None:
        self.moment = start or datetime(2026, 11, 3, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(microseconds=1)
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


late_routes.install()


def _parse_once() -> None:
    """Each installation reads the same dozen files of rules and texts; parsing them anew takes longer than the rest of
    its start. What is parsed is kept as bytes, so that each gets values of its own; what does not parse is not kept."""
    parsed: dict[str, bytes] = {}
    loads = tomllib.loads

    def load(text: str, /, **options: Any) -> dict[str, Any]:
        if options:
            return loads(text, **options)
        if text not in parsed:
            parsed[text] = pickle.dumps(loads(text))
        found: dict[str, Any] = pickle.loads(parsed[text])
        return found

    tomllib.loads = load  # type: ignore[assignment]


_parse_once()


class _Compiled(dict[Any, Any]):
    """SQLAlchemy's compiled statements, for all engines of the same driver: by itself it keeps them for each engine."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(self._of_driver(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(self._of_driver(key), compiled)

    def _of_driver(self, key: Any) -> Any:
        dialect, *statement = key
        return (dialect.name, dialect.driver, *statement)


def _compile_once() -> None:
    """Each installation has engines of its own, and each would turn the same statements into SQL again: two fifths of
    what the doctor takes for a look."""
    compiled, create = _Compiled(), store.create_engine

    def create_engine(*arguments: Any, **options: Any) -> Engine:
        engine = create(*arguments, **options)
        engine._compiled_cache = compiled
        return engine

    store.create_engine = create_engine


_compile_once()


@dataclass
class House:
    settings: Settings
    clock: MovableClock
    services: Services
    staff: dict[str, StaffRow] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    _app: TestClient | None = None
    _loop: ExitStack = field(default_factory=ExitStack)
    _readers: dict[Engine, Any] = field(default_factory=dict)

    @property
    def app(self) -> TestClient:
        if self._app is None:
            self._app = TestClient(
                create_app(self.services), base_url="https://parefeu.test", raise_server_exceptions=False
            )
            # One thread and event loop for all requests, as in a server; left alone, a client starts both for each.
            self._app.portal = self._loop.enter_context(start_blocking_portal())
            self._app._transport = AtOnce(self._app.app, self._app.portal)
        return self._app

    def reader(self, database: Database) -> Any:
        """The driver's own connection, in autocommit, to look past the program; kept, because one is as slow to open as
        ten looks are."""
        if database.engine not in self._readers:
            connection = self._loop.enter_context(database.engine.connect())
            connection.execution_options(isolation_level="AUTOCOMMIT")
            self._readers[database.engine] = connection.connection.driver_connection
        return self._readers[database.engine]

    def hire(self, login: str, *, password: str = UNUSABLE) -> StaffRow:
        """Add one member of `STAFF`, with a session token that is good for ten hours."""
        zone, role, region = STAFF[login]
        service = self.services.sign_in[zone]
        new = sign_in.NewStaff(login, login.replace("_", " ").title(), role, region, password)
        worker = self.services.worker
        row: StaffRow = worker.run(zone, lambda uow: sign_in.add_staff(uow, new, service))
        token = worker.run(zone, lambda uow: sign_in.issue_token(uow, login, timedelta(hours=10), service))
        self.staff[login], self.tokens[login] = row, token
        return row

    def renew(self, login: str) -> None:
        """A new session for somebody whose old one may have ended."""
        if login not in self.staff:
            self.hire(login)
        zone = STAFF[login][0]
        service = self.services.sign_in[zone]
        self.tokens[login] = self.services.worker.run(
            zone, lambda uow: sign_in.issue_token(uow, login, timedelta(hours=10), service)
        )

    def client(self, login: str) -> Caller:
        """An HTTP client signed in as this member of staff."""
        if login not in self.tokens:
            self.hire(login)
        return Caller(self.app, self.tokens[login], prefix_of(STAFF[login][0]))

    def code(self, login: str) -> str:
        """The present second factor of a member of staff."""
        row = self.staff[login]
        secret = self.services.sign_in[row.zone].totp_secret(row.id, row.totp_generation)
        return sign_in.totp(secret, int(self.clock.moment.timestamp()) // 30)

    def open_case(self, coach: Caller, *, notice: bool = True, **changed: Any) -> str:
        """A case with the notice given; its reference."""
        reference: str = coach.post("/cases", json=CASE | changed).json()["reference"]
        if notice:
            self.step(coach, reference, "give_notice", language="fr", leaflet="2026-1")
        return reference

    def step(self, caller: Caller, case: str, step: str, **details: Any) -> str:
        """Take one step; the state that it led to."""
        reply = caller.post(f"/cases/{case}/steps/{step.replace('_', '-')}", json=details)
        assert reply.status_code == 201, reply.text
        state: str = reply.json()["state"]
        return state

    def begin_closing(self, coach: Caller, case: str, outcome: str = "REFUSED") -> None:
        """Tell the consequences as the outcome needs it, and begin the closing."""
        if outcome == "REFUSED":
            self.step(coach, case, "explain_consequences", language="fr")
        else:
            self.step(coach, case, "send_consequences_letter", language="fr", leaflet="2026-1")
        self.step(coach, case, "begin_closing", outcome=outcome)

    def write_note(self, coach: Caller, case: str, text: str = "Entretien avec Aminata Diallo.") -> str:
        reply = decided(coach, f"/cases/{case}/notes", {"text": text, "language": "fr", "template": "intake"})
        assert reply.status_code == 201, reply.text
        note: str = reply.json()["note"]
        return note

    def hand_over(self, coach: Caller, head: Caller, case: str) -> str:
        """Close for non-collaboration and hand over; the follow-up service's release id."""
        self.begin_closing(coach, case)
        reply = head.post(f"/cases/{case}/steps/hand-over")
        assert reply.status_code == 201, reply.text
        release: str = reply.json()["release"]
        return release

    def propose(
        self, coach: Caller, case: str, partner: str = "caritas", fields: Sequence[str] = ("family_name", "phone")
    ) -> str:
        """A referral that the person has not decided about; its id."""
        body = {"partner": partner, "need": "shelter", "fields": list(fields)}
        reply = coach.post(f"/cases/{case}/referrals", json=body)
        assert reply.status_code == 201, reply.text
        referral: str = reply.json()["referral"]
        return referral

    def consent(
        self, coach: Caller, case: str, partner: str = "caritas", fields: Sequence[str] = ("family_name", "phone"),
        expires_on: str = "2026-12-31",
    ) -> str:  # fmt: skip
        """A referral that the person agreed to; its id."""
        referral = self.propose(coach, case, partner, fields)
        body = {"fields": list(fields), "expires_on": expires_on}
        reply = coach.post(f"/cases/{case}/referrals/{referral}/consent", json=body)
        assert reply.status_code == 201, reply.text
        return referral

    def send(self, coach: Caller, case: str, referral: str) -> str:
        """Send what was agreed to; the partner's release id."""
        reply = coach.post(f"/cases/{case}/referrals/{referral}/send")
        assert reply.status_code == 201, reply.text
        release: str = reply.json()["release"]
        return release

    def refer(self, coach: Caller, case: str, partner: str = "caritas", **agreed: Any) -> str:
        """Proposal, consent and sending to a partner; the release id."""
        return self.send(coach, case, self.consent(coach, case, partner, **agreed))

    def withdraw(self, coach: Caller, case: str, referral: str) -> None:
        reply = coach.post(f"/cases/{case}/referrals/{referral}/withdraw")
        assert reply.status_code == 200, reply.text

    def answer(self, agent: Caller, release: str, message: str = "Vu.", status: str = "accepted") -> None:
        """A partner's answer to what was sent to it."""
        reply = agent.post(f"/referrals/{release}/answers", json={"status": status, "message": message})
        assert reply.status_code == 201, reply.text

    def waiting(self, coach: Caller) -> list[dict[str, Any]]:
        """The answers that wait for a coach, the oldest first."""
        lines: list[dict[str, Any]] = coach.get("/answers").json()["answers"]
        return lines

    def close(self) -> None:
        self._loop.close()
        self._app = None
        self._readers.clear()
        self.services.close()
        late_routes.forget()

    def reopen(self, firewall: Firewall | None = None) -> None:
        """Stop and start again, as after a crash: everything in memory is gone."""
        self.close()
        self.services = build(
            self.settings, clock=self.clock, entropy=SystemEntropy(), root=WeakFileRoot,
            firewall=firewall or LiveFirewall(shipped_firewall()),
        )  # fmt: skip


class Caller:
    """Requests as one member of staff. Paths are the zone's own (`/cases`) unless they begin with `//`."""

    def __init__(self, client: TestClient, token: str, prefix: str) -> None:
        self._client, self.token, self._prefix = client, token, prefix

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers: Mapping[str, str] = {"authorization": f"Bearer {self.token}"} | dict(options.pop("headers", {}))
        target = path[1:] if path.startswith("//") else self._prefix + path
        response: httpx2.Response = self._client.request(method, target, headers=headers, **options)
        return response

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx2.Response:
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> httpx2.Response:
        return self.request("DELETE", path, **options)


def decided(
    coach: Caller, path: str, body: dict[str, Any], *, method: str = "POST", decision: str = "reject"
) -> httpx2.Response:
    """Send a note; if anything in it is only suggested, decide all of that alike and send it again."""
    reply = coach.request(method, path, json=body)
    told = reply.json()
    if reply.status_code != 409 or not told["type"].endswith(":review_needed"):
        return reply
    pending = [
        one["id"] for one in told["review"]["spans"] if one["tier"] == "suggest" and one["decision"] == "pending"
    ]
    decisions = [{"span": span, "decision": decision} for span in pending]
    return coach.request(method, path, json=body | {"digest": told["review"]["digest"], "decisions": decisions})


def prefix_of(zone: Zone) -> str:
    return f"/partner/{zone.organisation}" if zone.organisation else "/" + str(zone).replace("_", "-")


def make_keys(home: Path, partners: tuple[str, ...] = ("caritas", "fedasil")) -> Settings:
    """Keys and directory of a new installation, cheaply."""
    settings = Settings(home=home, partners=partners)
    create_instance(settings, settings.zones, MovableClock(), SystemEntropy(), WeakFileRoot)
    return settings


def furnish(settings: Settings) -> None:
    """Both databases at this program's schema, marked as this installation's."""
    installation.prepare(settings.main_url, settings.keys_url, read_pin(settings))


@contextmanager
def house_on(settings: Settings, firewall: Firewall | None = None) -> Iterator[House]:
    """Serve an installation whose databases are migrated."""
    clock = MovableClock()
    services = build(
        settings,
        clock=clock,
        entropy=SystemEntropy(),
        root=WeakFileRoot,
        firewall=firewall or LiveFirewall(shipped_firewall()),
    )
    house = House(settings, clock, services)
    try:
        yield house
    finally:
        house.close()


def sqlite_home(template: Path, target: Path) -> Settings:
    """A copy of a migrated, empty installation."""
    shutil.copytree(template, target)
    return Settings(home=target)


def migrated_template(folder: Path) -> Path:
    """Keys and two empty, migrated SQLite databases, to copy from."""
    settings = make_keys(folder)
    furnish(settings)
    return folder
