"""The vault as a contestant: the real program, seeded through its own use cases, served as `parefeu serve` serves it.

The contract, kept by both functions:

- They prepare an empty place (a folder; an empty database), put `notes` into it as sealed records of cases
  that belong to one coach, open one session for that coach and return how to start the server.
- `paths[i]` reads `notes[i]`; the answer is JSON whose `text` is the note's text, stand-ins kept in place.
- `synchronous=FULL` on SQLite, PostgreSQL's durable defaults; every protection on: session and key looked up
  on each request, decision by the compiled table, chained audit entry committed before the answer.
- `audit=False` is for `audit.cost` alone: the same server, whose entries this module throws away before they are
  made and written; no setting of the product can do that.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.contestant import Contestant
from bench.notes import SampleNote
from gateway.auth.passwords import check_password, hash_password
from gateway.auth.sessions import hash_token
from gateway.cli import main
from gateway.clock import SystemClock, SystemEntropy
from gateway.instance import create_instance
from gateway.log import running
from gateway.settings import Settings
from gateway.wiring import build
from vault.audit.log import Lane, WrittenEntry
from vault.cases.details import Details
from vault.cases.flow import Step
from vault.cases.model import AdminFacts
from vault.cases.people import Contact, Identity, Person
from vault.ids import EntryId, RecordId
from vault.storage import installation
from vault.storage.hot import HotStatements
from vault.storage.roles import apply_roles, role_name
from vault.usecases import sign_in
from vault.usecases.casework import parse_reference
from vault.usecases.open_case import OpenCase, open_case
from vault.usecases.sign_in import authenticate
from vault.usecases.steps import TakeStep, take_step
from vault.vocabulary import CASEWORK, Action, Kind, Provenance, Purpose, Role, Zone

#: The program itself, as an operator starts it.
_SERVE: Final = [sys.executable, "-c", "from gateway.cli import main; main()", "serve", "--port", "{port}"]
_SERVE_UNAUDITED: Final = [_SERVE[0], "-c", "from bench.ours import serve_unaudited; serve_unaudited()", *_SERVE[3:]]
_PER_CASE: Final = 10
_PARTNERS: Final = ("caritas",)
_ADDRESS: Final = "127.0.0.1"
_PASSWORD: Final = "an invented passphrase"


def prepare_sqlite(folder: Path, notes: list[SampleNote], *, audit: bool = True) -> Contestant:
    """The vault on two SQLite files in `folder`, which exists and is empty."""
    return _prepare(folder, "", "", "", notes, audit=audit)


def prepare_postgres(url: str, folder: Path, notes: list[SampleNote]) -> Contestant:
    """The vault on the empty database at `url` (libpq form, its owner); `folder`: for keys. Serves the casework zone.

    The keystore is a second database beside it, made here. Served under casework's own database role, behind its row
    policies, as an installation is.
    """
    base, _, query = url.partition("?")
    name = base.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}_keys"'.encode())
    return _prepare(folder, url, f"{base}_keys?{query}", "casework", notes, audit=True)


def _prepare(
    folder: Path, main_url: str, keys_url: str, zone: str, notes: list[SampleNote], *, audit: bool
) -> Contestant:

    home = folder / "home"
    whole = Settings(home=home, partners=_PARTNERS, database_url=main_url, keystore_url=keys_url)
    pin = create_instance(whole, whole.zones, SystemClock(), SystemEntropy())
    installation.prepare(whole.main_url, whole.keys_url, pin)
    services = build(whole)
    if not main_url:
        # Its log goes along, as where somebody wrote so many notes: else the server would begin by refusing requests
        # until what waits is in the tree.
        running.log_beside(services)()
    try:
        token, paths = _seed(services, notes)
    finally:
        services.close()
    if zone:
        apply_roles(whole.main_url, whole.keys_url, [Zone.parse(zone)])
        main_url, keys_url = (_as_role(url, Zone.parse(zone)) for url in (main_url, keys_url))
    environment = {
        "PAREFEU_HOME": str(home),
        "PAREFEU_PARTNERS": '["caritas"]',
        "PAREFEU_DATABASE_URL": main_url,
        "PAREFEU_KEYSTORE_URL": keys_url,
        "PAREFEU_ZONE": zone,
    }
    return Contestant(
        start_command=_SERVE if audit else _SERVE_UNAUDITED,
        env=environment,
        paths=paths,
        headers={"Authorization": f"Bearer {token}"},
        ready_path=paths[0],
        first_text=notes[0].text,
    )


def _as_role(url: str, zone: Zone) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{role_name(zone)}@{rest.partition('@')[2]}"


def _seed(services: Any, notes: list[SampleNote]) -> tuple[str, list[str]]:
    """Cases of ten notes each, all of one coach who is signed in. Returns the session's token and the notes' paths."""
    worker, casework = services.worker, services.casework
    token = _sign_in(services)
    hashed = hash_token(token)

    def as_coach(work: Callable[[Any, Any], Any]) -> Any:
        return worker.run(CASEWORK, lambda uow: work(uow, authenticate(uow, hashed, _ADDRESS, services.clock)))

    paths: list[str] = []
    for start in range(0, len(notes), _PER_CASE):
        reference = as_coach(lambda uow, actor: _open_case(uow, actor, casework))
        for note in notes[start : start + _PER_CASE]:
            written = as_coach(lambda uow, actor, note=note, case=reference: _write(uow, actor, case, note, casework))
            paths.append(f"/casework/cases/{reference}/notes/{written}")
    return token, paths


def _sign_in(services: Any) -> str:
    """A coach's session, begun as people begin one: password, code, from the address the load will come from."""
    worker, service = services.worker, services.sign_in[CASEWORK]
    new = sign_in.NewStaff("coach", "Coach", Role.COACH, "brussels", hash_password(_PASSWORD, SystemEntropy()))
    staff = worker.run(CASEWORK, lambda uow: sign_in.add_staff(uow, new, service))
    code = sign_in.totp(service.totp_secret(staff.id, staff.totp_generation), int(time.time()) // 30)
    candidate = worker.run(CASEWORK, lambda uow: sign_in.look_up(uow, "coach", _ADDRESS, service))
    right = check_password(candidate.staff.password, _PASSWORD)
    token: str
    token, _ = worker.run(CASEWORK, lambda uow: sign_in.conclude(uow, candidate, right, code, service))
    return token


def _open_case(uow: Any, actor: Any, casework: Any) -> str:

    identity = Identity((Person("Inventee", "Zorgelina"),))
    reference: str = open_case(uow, actor, OpenCase("brussels", "fr", identity, Contact(), AdminFacts()), casework)[
        "reference"
    ]
    notice = TakeStep(parse_reference(reference), Step.GIVE_NOTICE, Details(leaflet="1", language="fr"))
    take_step(uow, actor, notice, casework)
    return reference


def _write(uow: Any, actor: Any, case: str, note: SampleNote, casework: Any) -> str:
    """The note as it is stored: the sample's stand-ins are already in it, so its map is made to know them."""

    wanted = parse_reference(case)

    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.NOTE, uow.cases.get(wanted), purpose=Purpose.COACHING, asked=wanted.hex()
    )
    record = RecordId(casework.entropy.bytes(16))
    casework.keeper.write(
        uow, permit, kind=Kind.NOTE, case=wanted, record=record, version=1, plaintext=note.text.encode(),
        author=actor.id, at=casework.clock.now(), provenance=Provenance.INTERVIEW, template="intake/1",
        language="fr",
    )  # fmt: skip
    return record.hex()


def serve_unaudited() -> None:
    """The program without its audit: entries are neither made nor written. For `audit.cost` only.

    It flushes once per group like the audited one (the schema's version is written over itself), so that the
    figure is the price of making and writing the trace, and a slow disk does not hide it or swell it.
    """
    nothing = WrittenEntry(EntryId(os.urandom(16)), datetime.now(UTC), b"", 0, None)

    def finish(self: HotStatements, entries: Any) -> None:
        self._main.raw.execute("UPDATE schema_version SET version_num = version_num")
        self._main.commit()

    def savepoint(self: HotStatements, before: Any, own: Any, *, release: bool) -> None:
        self._on.savepoint((), (), release=release)

    begin = Lane.open

    def silently(self: Lane) -> None:
        begin(self)
        self.announced = True

    # This server measures what the log costs: its parts are taken out on purpose, here and nowhere else.
    Lane.open = silently  # type: ignore[method-assign]
    Lane.write = lambda self, event, detail: nothing  # type: ignore[method-assign]
    HotStatements.write_entries = lambda self, entries: None  # type: ignore[method-assign]
    HotStatements.finish = finish  # type: ignore[method-assign]
    HotStatements.savepoint = savepoint  # type: ignore[method-assign]
    running.log_beside = lambda services, root: lambda: None  # type: ignore[assignment]
    main()
