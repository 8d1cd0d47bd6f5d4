"""The usual stack: sync FastAPI, SQLAlchemy ORM, SQLAlchemy-Utils' encrypted type, stock Casbin, a plain audit row.

Written as its documentation teaches (a session and the actor as dependencies), with the choices that help it:
a connection pool, indexes, two joined queries built once, AES-GCM (faster than the encrypted type's default
engine, and authenticated), an allow-only model whose matching rule stands in the middle of 60, one worker
like everybody here. On SQLite the transaction begins IMMEDIATE and the pool has one connection: sixteen
threads upgrading read locks would fail with "database is locked", and a larger pool sleeps in SQLite's busy
handler, which doubles p99 for no throughput.

BENCH_URL names the database: `sqlite:////path` or `postgresql+psycopg://…`.
"""
# No `from __future__ import annotations`: FastAPI could not look up the dependencies that `build_app` defines.

import hashlib
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from typing import Annotated, Any, Final

import casbin
from fastapi import Depends, FastAPI, Header, HTTPException
from sqlalchemy import (
    DateTime,
    Engine,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    bindparam,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, sessionmaker
from sqlalchemy_utils import StringEncryptedType  # type: ignore[import-untyped]
from sqlalchemy_utils.types.encrypted.encrypted_type import AesGcmEngine  # type: ignore[import-untyped]

from bench.contestant import Contestant, uvicorn_command
from bench.notes import SampleNote
from bench.shape import NoteAnswer

#: A bench key for invented notes.
_KEY: Final = "bench key of the usual stack, 32+ characters"
_ACTOR: Final = "a" * 32
#: Connections of the pool. One on SQLite: writes are serial there in any case.
_POOL: Final = {"sqlite": 1, "postgresql": 16}

_MODEL: Final = """
[request_definition]
r = role, kind, action, purpose, own
[policy_definition]
p = role, kind, action, purpose, own
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.role == p.role && r.kind == p.kind && r.action == p.action && r.purpose == p.purpose && r.own == p.own
"""


class Base(DeclarativeBase):
    pass


class Actor(Base):
    __tablename__ = "actors"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    role: Mapped[str] = mapped_column(String(24))


class BearerSession(Base):
    __tablename__ = "sessions"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    actor_id: Mapped[str] = mapped_column(ForeignKey("actors.id"))
    expires_at: Mapped[datetime] = mapped_column(DateTime)
    actor: Mapped[Actor] = relationship()


class Case(Base):
    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    coach_id: Mapped[str] = mapped_column(ForeignKey("actors.id"), index=True)


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    reference: Mapped[str] = mapped_column(String(24))
    version: Mapped[int]
    template: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(StringEncryptedType(Text, _KEY, AesGcmEngine))
    provenance: Mapped[str] = mapped_column(String(16))
    written_at: Mapped[str] = mapped_column(String(32))
    author: Mapped[str] = mapped_column(String(32))
    case: Mapped[Case] = relationship()


class AuditRow(Base):
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    actor_id: Mapped[str] = mapped_column(String(32), index=True)
    note_id: Mapped[str] = mapped_column(String(32), index=True)
    action: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(32))
    allowed: Mapped[bool]


# Built once: a statement written inside the handler costs half as much again.
_FIND_SESSION: Final = (
    select(BearerSession)
    .where(BearerSession.digest == bindparam("digest"))
    .options(joinedload(BearerSession.actor, innerjoin=True))
)
_FIND_NOTE: Final = select(Note).where(Note.id == bindparam("id")).options(joinedload(Note.case, innerjoin=True))


def rules() -> list[tuple[str, str, str, str, str]]:
    """Sixty allow lines (role, kind, action, purpose, own); the one that matches here is the 30th."""
    roles = ["desk_officer", "regional_head", "coach", "follow_up_officer", "auditor"]
    kinds = ["case", "identity", "contact", "outcome_sheet", "note", "referral"]
    lines = [
        (role, kind, action, "coaching", "yes")
        for role, kind, action in islice(product(roles, kinds, ["write", "read"]), 60)
    ]
    wanted = lines.index(("coach", "note", "read", "coaching", "yes"))
    lines[wanted], lines[29] = lines[29], lines[wanted]
    return lines


def _enforcer() -> casbin.Enforcer:
    model = casbin.Enforcer.new_model(text=_MODEL)
    enforcer = casbin.Enforcer(model)
    enforcer.add_policies([list(line) for line in rules()])
    return enforcer


def build_engine(url: str) -> Engine:
    """The engine both the server and the seeding use."""
    engine = create_engine(url, pool_size=_POOL[url.partition(":")[0].partition("+")[0]], max_overflow=0)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _configure(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # the documented way to decide about BEGIN oneself
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def build_app() -> FastAPI:
    """The app."""
    app = FastAPI()
    sessions = sessionmaker(build_engine(os.environ["BENCH_URL"]), expire_on_commit=False)
    enforcer = _enforcer()

    def database() -> Iterator[Session]:
        with sessions() as session:
            yield session

    def actor(authorization: Annotated[str, Header()], session: Annotated[Session, Depends(database)]) -> Actor:
        digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
        found = session.scalars(_FIND_SESSION, {"digest": digest}).one_or_none()
        if found is None or found.expires_at < _now():
            raise HTTPException(401)
        return found.actor

    @app.get("/notes/{note_id}")
    def read(
        note_id: str, session: Annotated[Session, Depends(database)], who: Annotated[Actor, Depends(actor)]
    ) -> NoteAnswer:
        note = session.scalars(_FIND_NOTE, {"id": note_id}).one_or_none()
        if note is None:
            raise HTTPException(404)
        own = "yes" if note.case.coach_id == who.id else "no"
        allowed = enforcer.enforce(who.role, "note", "read", "coaching", own)
        row = AuditRow(at=_now(), actor_id=who.id, note_id=note.id, action="read", purpose="coaching", allowed=allowed)
        session.add(row)
        session.commit()  # before the answer leaves
        if not allowed:
            raise HTTPException(403)
        return NoteAnswer(
            reference=note.reference,
            note=note.id,
            version=note.version,
            template=note.template,
            language=note.language,
            text=note.text,
            provenance=note.provenance,
            written_at=note.written_at,
            author=note.author,
        )

    return app


def prepare(url: str, notes: list[SampleNote]) -> Contestant:
    """Create the tables, seed them and describe the server. url: SQLAlchemy's; the database is empty."""
    engine = build_engine(url)
    Base.metadata.create_all(engine)
    token = secrets.token_urlsafe(32)
    with Session(engine) as session:
        session.add(Actor(id=_ACTOR, role="coach"))
        session.flush()
        expires = _now() + timedelta(hours=12)
        digest = hashlib.sha256(token.encode()).digest()
        session.add(BearerSession(digest=digest, actor_id=_ACTOR, expires_at=expires))
        cases = sorted({note.case for note in notes})
        session.execute(insert(Case), [{"id": case, "coach_id": _ACTOR} for case in cases])
        session.execute(insert(Note), [_row(note) for note in notes])
        session.commit()
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
    return Contestant(
        start_command=uvicorn_command("bench.rivals.usual:build_app"),
        env={"BENCH_URL": url},
        paths=[f"/notes/{note.note}" for note in notes],
        headers={"Authorization": f"Bearer {token}"},
        ready_path=f"/notes/{notes[0].note}",
        first_text=notes[0].text,
    )


def _row(note: SampleNote) -> dict[str, Any]:
    return {
        "id": note.note,
        "case_id": note.case,
        "reference": note.reference,
        "version": note.version,
        "template": note.template,
        "language": note.language,
        "text": note.text,
        "provenance": note.provenance,
        "written_at": note.written_at,
        "author": note.author,
    }
