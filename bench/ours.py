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
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bench.contestant import Contestant, uvicorn_command
from bench.notes import SampleNote

_PER_CASE: Final = 10
_PARTNERS: Final = ("caritas",)


def prepare_sqlite(folder: Path, notes: list[SampleNote], *, audit: bool = True) -> Contestant:
    """The vault on two SQLite files in `folder`, which exists and is empty."""
    return _prepare(folder, "", "", "", notes, audit=audit)


def prepare_postgres(url: str, folder: Path, notes: list[SampleNote]) -> Contestant:
    """The vault on the empty database at `url` (libpq form, its owner); `folder`: for keys. Serves the casework zone.

    The keystore is a second database beside it, made here.
    """
    import psycopg

    base, _, query = url.partition("?")
    name = base.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}_keys"'.encode())
    return _prepare(folder, url, f"{base}_keys?{query}", "casework", notes, audit=True)


def _prepare(
    folder: Path, main_url: str, keys_url: str, zone: str, notes: list[SampleNote], *, audit: bool
) -> Contestant:
    from gateway.clock import SystemClock, SystemEntropy
    from gateway.instance import create_instance
    from gateway.settings import Settings
    from gateway.wiring import build
    from vault.storage import migrate

    home = folder / "home"
    whole = Settings(home=home, partners=_PARTNERS, database_url=main_url, keystore_url=keys_url)
    create_instance(whole, whole.zones, SystemClock(), SystemEntropy())
    migrate.upgrade(whole.main_url, "main")
    migrate.upgrade(whole.keys_url, "keystore")
    services = build(whole)
    try:
        token, paths = _seed(services, notes)
    finally:
        services.close()
    environment = {
        "PAREFEU_HOME": str(home),
        "PAREFEU_PARTNERS": '["caritas"]',
        "PAREFEU_DATABASE_URL": main_url,
        "PAREFEU_KEYSTORE_URL": keys_url,
        "PAREFEU_ZONE": zone,
    }
    return Contestant(
        start_command=uvicorn_command("bench.ours:build_app" if audit else "bench.ours:build_unaudited_app"),
        env=environment,
        paths=paths,
        headers={"Authorization": f"Bearer {token}"},
        ready_path=paths[0],
        first_text=notes[0].text,
    )


def _seed(services: Any, notes: list[SampleNote]) -> tuple[str, list[str]]:
    """Cases of ten notes each, all of one coach. Returns a session token and the notes' paths."""
    from vault.usecases import sign_in
    from vault.usecases.sign_in import authenticate
    from vault.vocabulary import CASEWORK, Role

    worker, casework, service = services.worker, services.casework, services.sign_in[CASEWORK]
    new = sign_in.NewStaff("coach", "Coach", Role.COACH, "brussels", "$unusable")
    worker.run(CASEWORK, lambda uow: sign_in.add_staff(uow, new, service))
    token: str = worker.run(CASEWORK, lambda uow: sign_in.issue_token(uow, "coach", timedelta(days=1), service))
    hashed = _hash(token)

    def as_coach(work: Callable[[Any, Any], Any]) -> Any:
        return worker.run(CASEWORK, lambda uow: work(uow, authenticate(uow, hashed, "", services.clock)))

    paths: list[str] = []
    for start in range(0, len(notes), _PER_CASE):
        reference = as_coach(lambda uow, actor: _open_case(uow, actor, casework))
        for note in notes[start : start + _PER_CASE]:
            written = as_coach(lambda uow, actor, note=note, case=reference: _write(uow, actor, case, note, casework))
            paths.append(f"/casework/cases/{reference}/notes/{written}")
    return token, paths


def _hash(token: str) -> bytes:
    from gateway.auth.sessions import hash_token

    return hash_token(token)


def _open_case(uow: Any, actor: Any, casework: Any) -> str:
    from vault.cases.flow import Step
    from vault.cases.model import AdminFacts
    from vault.cases.people import Contact, Identity, Person
    from vault.usecases.casework import parse_reference
    from vault.usecases.open_case import OpenCase, open_case
    from vault.usecases.steps import TakeStep, take_step

    identity = Identity((Person("Inventee", "Zorgelina"),))
    reference: str = open_case(uow, actor, OpenCase("brussels", "fr", identity, Contact(), AdminFacts()), casework)[
        "reference"
    ]
    notice = TakeStep(parse_reference(reference), Step.GIVE_NOTICE, leaflet="1", language="fr")
    take_step(uow, actor, notice, casework)
    return reference


def _write(uow: Any, actor: Any, case: str, note: SampleNote, casework: Any) -> str:
    """The note as it is stored: the sample's stand-ins are already in it, so its map is made to know them."""
    from vault.usecases import notes as n
    from vault.usecases.casework import parse_reference
    from vault.vocabulary import Kind, Provenance, Purpose

    wanted = parse_reference(case)
    from vault.ids import RecordId
    from vault.vocabulary import Action

    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.NOTE, uow.cases.get(wanted), purpose=Purpose.COACHING, asked=wanted.hex()
    )
    record = RecordId(casework.entropy.bytes(16))
    casework.keeper.write(
        uow, permit, kind=Kind.NOTE, case=wanted, record=record, version=1, plaintext=note.text.encode(),
        author=actor.id, at=casework.clock.now(), provenance=Provenance.INTERVIEW, template=n.TEMPLATES[0], language="fr",
    )  # fmt: skip
    return record.hex()


def build_app() -> Any:
    """The application under uvicorn, from the environment: what `parefeu serve` builds."""
    from gateway.app import create_app
    from gateway.settings import Settings
    from gateway.wiring import build

    return create_app(build(Settings()))


def build_unaudited_app() -> Any:
    """The same without its audit: entries are neither made nor written. For `audit.cost` only."""
    from vault.audit.log import Lane, WrittenEntry
    from vault.ids import EntryId
    from vault.storage.hot import HotStatements

    nothing = WrittenEntry(EntryId(os.urandom(16)), None, "", "", b"", 0, b"")  # type: ignore[arg-type]
    Lane.write = lambda self, event, detail: nothing  # type: ignore[method-assign]
    HotStatements.write_entries = lambda self, entries: None  # type: ignore[method-assign]
    return build_app()
