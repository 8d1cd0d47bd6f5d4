"""A whole installation as it once was: keys, all rows of both databases, and what was confided to it.

    ./run python -m tests.storage.recording NAME

plays one story with the present program on SQLite and writes it into `recorded/NAME/`, to be committed. NAME is
the schema it has (`0001`). Migrations are then tried on it for ever, on both databases: rows that were really
written, which the newest program must still open. Record again with every version that is given to others.

    home/            each zone's root and keyring, passphrases, directory: cheap roots, for tests only
    rows.json        {"main" | "keystore": {table: {"columns": [...], "rows": [[...]]}}}; bytes as {"hex": "..."}
    story.json       revisions, and what the story wrote, to ask for it afterwards
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from gateway.settings import Settings
from tests.api.stage import Stage
from tests.house import House, house_on, migrated_template
from vault.storage import migrate

FOLDER: Final = Path(__file__).with_name("recorded")
BOTH: Final[tuple[migrate.Which, ...]] = ("main", "keystore")
Rows = dict[str, dict[str, list[Any]]]


@dataclass(frozen=True)
class Recording:
    """name: the schema it was recorded with."""

    name: str

    @property
    def story(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((FOLDER / self.name / "story.json").read_text("utf-8"))
        return found

    def rows(self, which: migrate.Which) -> Rows:
        found: Rows = json.loads((FOLDER / self.name / "rows.json").read_text("utf-8"), object_hook=_bytes)[which]
        return found

    def revive(self, home: Path, main_url: str = "", keys_url: str = "") -> Settings:
        """Its keys in `home`, its rows in the two empty databases (default: SQLite in `home`), at its own schema."""
        shutil.copytree(FOLDER / self.name / "home", home)
        for path in (home / "passphrases").iterdir():
            path.chmod(0o600)
        for path in (home / "zones").glob("*/*"):
            path.chmod(0o600)
        settings = Settings(home=home, database_url=main_url, keystore_url=keys_url)
        for which, url in zip(BOTH, (settings.main_url, settings.keys_url), strict=True):
            migrate.upgrade(url, which, self.story["revisions"][which])
            load(url, self.rows(which))
        return settings


def recordings() -> list[Recording]:
    return [Recording(path.name) for path in sorted(FOLDER.iterdir())]


def load(url: str, rows: Rows) -> None:
    """Insert rows as they are, past foreign keys and triggers: they were true when they were written."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        with sqlite3.connect(str(address.database)) as connection:
            for table, held in rows.items():
                marks = ", ".join("?" * len(held["columns"]))
                connection.executemany(
                    f"INSERT INTO {table} ({', '.join(held['columns'])}) VALUES ({marks})", held["rows"]
                )
        connection.close()
        return
    with psycopg.connect(url) as server:
        server.execute("SET session_replication_role = replica")
        places = dict(server.execute("SELECT relname, nspname FROM pg_class c JOIN pg_namespace n "
                                     "ON n.oid = relnamespace WHERE relkind = 'r'").fetchall())  # fmt: skip
        for table, held in rows.items():
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(places[table], table),
                sql.SQL(", ").join(map(sql.Identifier, held["columns"])),
                sql.SQL(", ").join(sql.Placeholder() * len(held["columns"])),
            )
            for row in held["rows"]:
                server.execute(statement, row)


def _bytes(value: dict[str, Any]) -> Any:
    return bytes.fromhex(value["hex"]) if value.keys() == {"hex"} else value


# -- recording -----------------------------------------------------------------------------------------


def record(name: str) -> None:
    """Play the story and write it down. Raises FileExistsError: a recording is never replaced."""
    place = FOLDER / name
    place.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=migrated_template(Path(folder) / "home"))
        with house_on(settings) as house:
            told = _play(house)
        for inside in ("zones", "passphrases"):
            shutil.copytree(settings.home / inside, place / "home" / inside)
        for file in ("directory.json", "directory.pin"):
            shutil.copy2(settings.home / file, place / "home" / file)
        rows = {which: _dump(settings.home / f"{which}.db", which) for which in BOTH}
    told["revisions"] = {which: migrate.head(which) for which in BOTH}
    (place / "story.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (place / "rows.json").write_text(_laid_out(rows), "utf-8")


def _play(house: House) -> dict[str, Any]:
    """A case that stays, one that is handed over, one that is referred; a refused sign-in; a session that ended."""
    stage = Stage(house)
    house.app.post("/casework/session", json={"login": "nobody", "password": "x", "code": "000000"})
    coach = house.client("coach")
    case, note = stage.noted()
    revised = {"text": "Deuxième version, avec Aminata Diallo.", "language": "fr", "template": "intake", "based_on": 1}
    assert coach.put(f"/cases/{case}/notes/{note}", json=revised).status_code == 200
    assert coach.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "un rendez-vous"}).status_code == 200
    sheet, referral = stage.sheet(), stage.referral("caritas")
    house.client("dpo").delete("/session")
    for login in ("officer", "caritas", "auditor"):
        house.client(login)
    return {
        "at": house.clock.moment.isoformat(),
        "tokens": {login: token for login, token in house.tokens.items() if login != "dpo"},
        "case": case,
        "note": note,
        "text": coach.get(f"/cases/{case}/notes/{note}").json()["text"],
        "identity": coach.get(f"/cases/{case}/identity").json(),
        "sheet": sheet,
        "referral": referral,
    }


def _dump(path: Path, which: migrate.Which) -> Rows:
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found: Rows = {}
    for name in names:
        if name != migrate.VERSION_TABLE[which]:
            cursor = connection.execute(f"SELECT * FROM {name}")
            found[name] = {"columns": [column[0] for column in cursor.description], "rows": cursor.fetchall()}
    connection.close()
    return found


def _laid_out(rows: dict[migrate.Which, Rows]) -> str:
    """JSON with a row a line, so that a person can look at it."""

    def hexed(value: Any) -> Any:
        return {"hex": value.hex()} if isinstance(value, bytes) else value

    parts = []
    for which, tables in rows.items():
        listed = []
        for table, held in tables.items():
            lines = ",\n".join(json.dumps([hexed(value) for value in row], ensure_ascii=False) for row in held["rows"])
            listed.append(f'"{table}": {{"columns": {json.dumps(held["columns"])}, "rows": [\n{lines}\n]}}')
        parts.append(f'"{which}": {{\n' + ",\n".join(listed) + "\n}")
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    record(sys.argv[1])
