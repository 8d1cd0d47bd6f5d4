"""PostgreSQL doing it all: row-level security, pgcrypto, and an audit row written by the reading function.

The fastest fair form we found: one call of one SQL function per request, in autocommit, prepared, over a
small pool of asynchronous connections. The function checks the bearer session, sets `app.actor` for its
transaction (SET LOCAL), reads the note through the policy, decrypts it and writes the audit row; the flush of
its commit comes before the answer. The connecting role owns nothing, is no superuser and may only insert into
the audit table, whose trigger stamps time and actor so that the caller cannot choose them.

BENCH_CIPHER says how the text is kept:
    pgp          pgcrypto's `pgp_sym_encrypt`, AES-256, its default passphrase stretching: the usual advice
    raw          pgcrypto's `encrypt_iv`, AES-CBC: much cheaper, and not authenticated
    application  AES-GCM in Python: where PostgreSQL has no pgcrypto (the wheel); cheaper than pgp
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI, Header, HTTPException

from bench.contestant import BenchUnavailable, Contestant, uvicorn_command
from bench.notes import SampleNote
from bench.shape import NoteAnswer

#: A bench key for invented notes.
_KEY: Final = hashlib.sha256(b"bench key of the row-level security rival").digest()
_ACTOR: Final = "a" * 32
#: 8 beat 2, 4, 6 and 16 here, and asynchronous routes beat `def` routes by half.
_POOL: Final = 8

#: How the function turns the stored bytes into the `text` it returns, per cipher; `secret` is its parameter.
_OPEN: Final = {
    "pgp": "convert_to(pgp_sym_decrypt(n.sealed, encode(secret, 'hex')), 'UTF8')",
    "raw": "decrypt_iv(substr(n.sealed, 17), secret, substr(n.sealed, 1, 16), 'aes-cbc')",
    "application": "n.sealed",
}
_SEAL: Final = {
    "pgp": "pgp_sym_encrypt(%(text)s, encode(%(key)s, 'hex'), 'cipher-algo=aes256, compress-algo=0')",
    "raw": "%(iv)s || encrypt_iv(convert_to(%(text)s, 'UTF8'), %(key)s, %(iv)s, 'aes-cbc')",
    "application": "%(sealed)s",
}

_TABLES: Final = """
CREATE TABLE actors (id text PRIMARY KEY, role text NOT NULL);
CREATE TABLE sessions (
    digest bytea PRIMARY KEY, actor text NOT NULL REFERENCES actors, expires_at timestamptz NOT NULL);
CREATE TABLE cases (id text PRIMARY KEY, coach text NOT NULL REFERENCES actors);
CREATE TABLE notes (
    id text PRIMARY KEY, case_id text NOT NULL REFERENCES cases, reference text NOT NULL, version int NOT NULL,
    template text NOT NULL, language text NOT NULL, sealed bytea NOT NULL, provenance text NOT NULL,
    written_at text NOT NULL, author text NOT NULL);
CREATE INDEX ON notes (case_id);
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, actor text NOT NULL,
    note text NOT NULL, action text NOT NULL, purpose text NOT NULL);
CREATE INDEX ON audit (actor);
CREATE INDEX ON audit (note);

CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := clock_timestamp();
    NEW.actor := current_setting('app.actor');
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION stamp();

ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_cases ON notes FOR SELECT USING (
    EXISTS (SELECT FROM cases c WHERE c.id = case_id AND c.coach = current_setting('app.actor')));
"""

_FUNCTION: Final = """
CREATE FUNCTION read_note(token_digest bytea, wanted text, purpose text, secret bytea)
RETURNS TABLE (reference text, note text, version int, template text, language text, content bytea,
               provenance text, written_at text, author text)
LANGUAGE plpgsql AS $$
DECLARE
    who text;
BEGIN
    SELECT s.actor INTO who FROM sessions s WHERE s.digest = token_digest AND s.expires_at > now();
    IF who IS NULL THEN
        RAISE EXCEPTION 'no session' USING ERRCODE = '28000';
    END IF;
    PERFORM set_config('app.actor', who, true);
    INSERT INTO audit (at, actor, note, action, purpose) VALUES (now(), who, wanted, 'read', purpose);
    RETURN QUERY SELECT n.reference, n.id, n.version, n.template, n.language, {opened},
                        n.provenance, n.written_at, n.author FROM notes n WHERE n.id = wanted;
END $$;
"""

_RIGHTS: Final = """
CREATE ROLE {role} LOGIN;
GRANT SELECT ON actors, sessions, cases, notes TO {role};
GRANT INSERT ON audit TO {role};
"""

_CALL: Final = b"SELECT * FROM read_note(%b, %t, 'coaching', %b)"


class _Pool:
    """The last connection given back is the first lent: it is the warm one."""

    def __init__(self) -> None:
        self._idle: asyncio.LifoQueue[psycopg.AsyncConnection[Any]] = asyncio.LifoQueue()

    async def fill(self, url: str) -> None:
        for _ in range(_POOL):
            self._idle.put_nowait(await psycopg.AsyncConnection.connect(url, autocommit=True))

    async def close(self) -> None:
        while not self._idle.empty():
            await self._idle.get_nowait().close()

    async def call(self, digest: bytes, note: str) -> tuple[Any, ...] | None:
        connection = await self._idle.get()
        try:
            cursor = await connection.execute(_CALL, (digest, note, _KEY), prepare=True)
            row: tuple[Any, ...] | None = await cursor.fetchone()
        finally:
            self._idle.put_nowait(connection)
        return row


def build_app() -> FastAPI:
    """The app."""
    pool = _Pool()
    url = os.environ["BENCH_URL"]
    opener = AESGCM(_KEY) if os.environ["BENCH_CIPHER"] == "application" else None

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await pool.fill(url)
        yield
        await pool.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/notes/{note}")
    async def read(note: str, authorization: Annotated[str, Header()]) -> NoteAnswer:
        digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
        try:
            row = await pool.call(digest, note)
        except psycopg.errors.InvalidAuthorizationSpecification:
            raise HTTPException(401) from None
        if row is None:
            raise HTTPException(404)
        content: bytes = row[5]
        if opener is not None:
            content = opener.decrypt(content[:12], content[12:], note.encode())
        return NoteAnswer(
            reference=row[0],
            note=row[1],
            version=row[2],
            template=row[3],
            language=row[4],
            text=content.decode(),
            provenance=row[6],
            written_at=row[7],
            author=row[8],
        )

    return app


def has_pgcrypto(url: str) -> bool:
    """Whether the server brings pgcrypto along."""
    with psycopg.connect(url) as connection:
        return bool(connection.execute("SELECT FROM pg_available_extensions WHERE name = 'pgcrypto'").fetchall())


def prepare(url: str, app_url: str, cipher: str, notes: list[SampleNote]) -> Contestant:
    """Create the tables, the role, the policy and the function, seed them and describe the server.

    url: of an empty database, as its owner; app_url: as the role that `app_url` names, which is created here.
    Raises BenchUnavailable if the cipher needs pgcrypto and the server has none.
    """
    if cipher != "application" and not has_pgcrypto(url):
        raise BenchUnavailable("this PostgreSQL has no pgcrypto")
    role = psycopg.conninfo.conninfo_to_dict(app_url)["user"]
    token = secrets.token_urlsafe(32)
    with psycopg.connect(url, autocommit=True) as connection:
        if cipher != "application":
            connection.execute("CREATE EXTENSION pgcrypto")
        connection.execute(_TABLES.encode())
        connection.execute(_FUNCTION.format(opened=_OPEN[cipher]).encode())
        connection.execute(_RIGHTS.format(role=role).encode())
        _seed(connection, cipher, token, notes)
        connection.execute("VACUUM ANALYZE")
    return Contestant(
        start_command=uvicorn_command("bench.rivals.rls:build_app"),
        env={"BENCH_URL": app_url, "BENCH_CIPHER": cipher},
        paths=[f"/notes/{note.note}" for note in notes],
        headers={"Authorization": f"Bearer {token}"},
        ready_path=f"/notes/{notes[0].note}",
        first_text=notes[0].text,
    )


def _seed(connection: psycopg.Connection[Any], cipher: str, token: str, notes: list[SampleNote]) -> None:
    sealer = AESGCM(_KEY)
    insert = (
        "INSERT INTO notes VALUES (%(note)s, %(case)s, %(reference)s, %(version)s, %(template)s, %(language)s, "
        f"{_SEAL[cipher]}, %(provenance)s, %(written_at)s, %(author)s)"
    )
    rows = []
    for note in notes:
        nonce = secrets.token_bytes(12)
        rows.append(
            {name: getattr(note, name) for name in SampleNote.__slots__}
            | {
                "key": _KEY,
                "iv": secrets.token_bytes(16),
                "sealed": nonce + sealer.encrypt(nonce, note.text.encode(), note.note.encode()),
            }
        )
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO actors VALUES (%s, 'coach')", (_ACTOR,))
        digest = hashlib.sha256(token.encode()).digest()
        cursor.execute("INSERT INTO sessions VALUES (%s, %s, now() + interval '12 hours')", (digest, _ACTOR))
        cursor.executemany(
            "INSERT INTO cases VALUES (%s, %s)", [(case, _ACTOR) for case in sorted({note.case for note in notes})]
        )
        cursor.executemany(insert.encode(), rows)
