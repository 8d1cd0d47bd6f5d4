"""A whole installation for attacks: cases written by casework, and real processes of the other zones to own.

Each zone has its own database role and password, its own root under its own passphrase, and a home folder that
holds nothing of another zone. Follow-up, a partner and oversight run as processes of `parefeu serve --zone`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import httpx2
from psycopg.rows import dict_row

from bench.pg import Postgres
from gateway.clock import SystemClock, SystemEntropy
from gateway.instance import create_instance, load_zone
from gateway.settings import Settings, slug
from gateway.wiring import build
from tests import recorded
from tests.attacks.attacker import Rows
from tests.attacks.granted import furnish_with_grants
from tests.attacks.walled import ZONES, Walled, walled
from tests.house import CARITAS, CASE, STAFF, Caller, House, MovableClock, furnish, prefix_of, shipped_firewall
from tests.patience import PATIENCE
from vault.crypto.hierarchy import ZoneKeyring, load_keyring
from vault.crypto.providers.file import FILE_BYTES, FileRoot
from vault.errors import VaultError
from vault.ports import KeyProvider
from vault.sensitive import Sensitive
from vault.storage.tables import keys as key_tables
from vault.storage.tables import main as main_tables
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone

OWNED: Final = (FOLLOW_UP, CARITAS, OVERSIGHT)
_PATIENCE: Final = PATIENCE
#: What an attacker finds in a process: its keyrings, and its roots.
Loot = dict[Zone, tuple[list[ZoneKeyring], list[bytes]]]
#: Values that an attacker would try against the blind index: the cases' own are among them.
GUESSES: Final = [("ov_number", f"812345{digit}") for digit in range(10)]

#: Marks that stand in what was confided, one in each kind of thing.
CANARY: Final = {
    "note": "kanarienvogel-notitie-7Q4", "revised": "serin-cache-9X2", "dutch": "kwikstaart-geheim-3M8",
    "contact": "chez la mésange-8K1", "email": "rouge-gorge-5T6@example.be", "reason": "pinson-raison-2W9",
    "family": "Hirondellesecrete", "given": "Bergeronnette", "fact": "moineau-fait-4J7", "file": "alouette-fichier-6P2",
    "caption": "verdier-legende-1R9", "file_name": "fauvette-nom-3D5", "task": "merle-tache-8S6",
    "draft": "bruant-brouillon-2C4", "stay": "martinet-sejour-5F1", "plan": "corneille-retour-9G3",
    "host": "choucas-hote-7L8", "place": "grive-lieu-0B2",
}  # fmt: skip
#: What Caritas writes back: its own words, so they are in its own memory.
ANSWERED: Final = {"taken": "réponse-4Z7-tarier", "waiting": "réponse-6Y2-bruant"}
_FRENCH: Final = (
    "Premier entretien, deux heures, avec interprète. Madame dit que son frère a été arrêté à Conakry et qu'elle dort "
    "depuis mars chez une amie à Schaerbeek. Elle n'a pas encore parlé de ses blessures à son avocat. {mark}. "
    "Elle craint que l'adresse soit connue du service qui éloigne; je lui explique ce que ce service reçoit. "
)
_DUTCH: Final = (
    "Tweede gesprek. Mijnheer vertelt dat hij in Zelzate werkt zonder papieren en dat zijn dochter naar school gaat. "
    "Hij overweegt terugkeer als de behandeling eerst kan worden afgemaakt. {mark}. Afspraak met de dokter volgt. "
)


class Remembered(FileRoot):
    """Files like any other, at full cost for a process that opens them; this process need not open what it made."""

    __slots__ = ()
    made: ClassVar[dict[str, FileRoot]] = {}

    @classmethod
    def create(cls, path: Path, *given: Any) -> Self:
        cls.made[path.parent.name] = created = super().create(path, *given)
        return created

    @classmethod
    def open(cls, path: Path, *_: Any) -> FileRoot:  # type: ignore[override]
        return cls.made[path.parent.name]


@dataclass
class Process:
    """A really started process of one zone, as its owner sees it."""

    zone: Zone
    home: Path
    process: subprocess.Popen[bytes]
    output: Path
    token: str
    address: str = ""

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(
            f"{self.address}{prefix_of(self.zone)}{path}",
            headers={"authorization": f"Bearer {self.token}"},
            timeout=PATIENCE,
        )

    def post(self, path: str, body: Any, token: str = "") -> httpx2.Response:
        """token: of somebody else than the one whom this process was owned with."""
        return httpx2.post(
            f"{self.address}{prefix_of(self.zone)}{path}", json=body,
            headers={"authorization": f"Bearer {token or self.token}"},
            timeout=PATIENCE,
        )  # fmt: skip

    def said(self) -> str:
        return self.output.read_text("utf-8", errors="replace")

    def environment(self) -> dict[str, str]:
        raw = Path(f"/proc/{self.process.pid}/environ").read_bytes()
        return dict(part.decode().split("=", 1) for part in raw.split(b"\0") if b"=" in part)

    def files(self) -> dict[str, bytes]:
        """Everything in its home, and every regular file it holds open."""
        found = {str(path.relative_to(self.home)): path.read_bytes() for path in self.home.rglob("*") if path.is_file()}
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            target = Path(os.readlink(entry))
            if target.is_file():
                found[f"fd:{target}"] = target.read_bytes()
        return found

    def memory(self) -> Iterator[bytes]:
        """Its writable memory, in pieces that overlap by 200 bytes."""
        pid = self.process.pid
        with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
            for line in Path(f"/proc/{pid}/maps").read_text("ascii").splitlines():
                span, rights, *_ = line.split()
                if "w" not in rights:
                    continue
                start, end = (int(text, 16) for text in span.split("-"))
                try:
                    memory.seek(start)
                    tail = b""
                    while start < end and (piece := memory.read(min(end - start, 1 << 22))):
                        yield tail + piece
                        tail, start = piece[-200:], start + len(piece)
                except OSError:  # a region that cannot be read, such as the kernel's own
                    continue

    def unlocked(self) -> tuple[list[ZoneKeyring], list[bytes]]:
        """Every keyring and root that opens with anything that lies in its files and environment."""
        files, entropy = self.files(), SystemEntropy()
        texts = [text for content in files.values() if 12 <= len(content) <= 256 for text in _text(content)]
        texts += [value for name, value in self.environment().items() if name.startswith("PAREFEU")]
        rings, roots = [], []
        for name, content in files.items():
            if len(content) != FILE_BYTES or name.startswith("fd:"):
                continue
            for text in sorted(set(texts), key=len):
                try:
                    root = FileRoot.open(self.home / name, Sensitive(text), entropy)
                except VaultError:
                    continue
                roots.append(root._root.expose())
                for document in files.values():
                    rings += _keyrings(document, root)
                break
        return rings, roots


def _keyrings(document: bytes, root: KeyProvider) -> Iterator[ZoneKeyring]:
    for zone in ZONES:
        try:
            yield load_keyring(document, zone, root)
        except VaultError:
            continue


def _text(content: bytes) -> list[str]:
    try:
        return [content.decode().strip()]
    except UnicodeDecodeError:
        return []


@dataclass
class Estate:
    wall: Walled
    settings: Settings
    homes: dict[Zone, Path]
    house: House  # casework's, under its own role
    tokens: dict[str, str]
    owned: dict[Zone, Process] = field(default_factory=dict)
    case: dict[str, str] = field(default_factory=dict)  # by what happened to it: their references
    note: dict[str, str] = field(default_factory=dict)
    release: dict[str, str] = field(default_factory=dict)
    referral: dict[str, str] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)  # "taken", "waiting": Caritas's, to the release "caritas"

    @property
    def coach(self) -> Caller:
        return self.house.client("coach")

    def dump(self) -> Rows:
        """All rows of both databases, by the superuser."""
        found: Rows = {}
        for database, metadata in (("main", main_tables), ("keystore", key_tables)):
            with self.wall.superuser(database) as admin, admin.cursor(row_factory=dict_row) as cursor:
                for table in metadata.sorted_tables:
                    found[str(table)] = cursor.execute(f"SELECT * FROM {table}".encode()).fetchall()
        return found

    def keyring(self, zone: Zone) -> ZoneKeyring:
        """A zone's true keys, for what the attacker's findings are compared with."""
        return load_zone(self.settings, zone, SystemEntropy(), Remembered)

    def case_id(self, name: str) -> bytes:
        return parse_reference(self.case[name]).raw

    def start(self, zone: Zone, home: Path | None = None) -> Process:
        """`parefeu serve --zone`, with an environment of its own and nothing of ours."""
        folder = home or self.homes[zone]
        main, keys = self.wall.urls(zone)
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", "PAREFEU_HOME": str(folder),
            "PAREFEU_DATABASE_URL": main, "PAREFEU_KEYSTORE_URL": keys,
            "PAREFEU_DIRECTORY_PIN": (self.settings.home / "directory.pin").read_text("ascii"),
        }  # fmt: skip
        command = [sys.executable, "-c", "from gateway.cli import main; main()", "serve", "--zone", str(zone)]
        output = folder.parent / f"{folder.name}.out"
        with output.open("wb") as sink:
            process = subprocess.Popen(
                [*command, "--port", "0"], env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=sink,
                stderr=sink,
            )  # fmt: skip
        login = next(name for name, (place, _, _) in STAFF.items() if place == zone)
        return Process(zone, folder, process, output, self.tokens[login])


def wait_for(process: Process) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.process.poll() is None:
        for line in process.said().splitlines():
            if line.startswith("parefeu: http://"):
                process.address = line.removeprefix("parefeu: ")
                return
        time.sleep(0.02)
    raise AssertionError(f"{process.zone} did not start: {process.said()[-1000:]}")


@contextmanager
def estate(server: Postgres, folder: Path) -> Iterator[Estate]:
    settings = Settings(home=folder / "all")
    create_instance(settings, ZONES, SystemClock(), SystemEntropy(), Remembered)
    homes = {zone: _home(settings, zone, folder) for zone in ZONES}
    with walled(server) as wall, ExitStack() as stack:
        furnish(settings.model_copy(update={"database_url": wall.main, "keystore_url": wall.keys}))
        tokens: dict[str, str] = {}
        for zone in OWNED:
            house = _house(wall, settings.model_copy(update={"home": homes[zone]}), zone)
            _hire(house, zone)
            tokens |= house.tokens
            house.close()
        house = _house(wall, settings.model_copy(update={"home": homes[CASEWORK]}), CASEWORK)
        stack.callback(house.close)
        _hire(house, CASEWORK)
        made = Estate(wall, settings, homes, house, tokens)
        made.owned = {zone: made.start(zone) for zone in OWNED}
        for process in made.owned.values():
            stack.callback(_stop, process)
        _write_cases(made)
        for process in made.owned.values():
            wait_for(process)
        furnish_with_grants(made)
        _correspond(made)
        yield made


def _home(settings: Settings, zone: Zone, folder: Path) -> Path:
    """What a zone's machine holds: its own keys, its own passphrase, the public directory and its pin."""
    home = folder / slug(zone)
    (home / "passphrases").mkdir(mode=0o700, parents=True)
    shutil.copytree(settings.zone_folder(zone), home / "zones" / slug(zone))
    shutil.copy2(settings.passphrase_file(zone), home / "passphrases" / slug(zone))
    for name in ("directory.json", "directory.pin"):
        shutil.copy2(settings.home / name, home / name)
    return home


def _house(wall: Walled, settings: Settings, zone: Zone) -> House:
    clock = MovableClock(datetime.now(UTC))
    own = wall.settings(settings, zone)
    services = build(own, clock=clock, entropy=SystemEntropy(), firewall=shipped_firewall(), root=Remembered)
    return House(own, clock, services)


def _hire(house: House, zone: Zone) -> None:
    for login, (place, _, _) in STAFF.items():
        if place == zone:
            house.hire(login)


def _write_cases(made: Estate) -> None:
    house, coach, head = made.house, made.coach, made.house.client("head")
    people = [CASE["people"][0] | {"family_name": CANARY["family"], "given_names": CANARY["given"]}]
    contact = CASE["contact"] | {"whereabouts_note": CANARY["contact"], "email": CANARY["email"]}
    for number, name in enumerate(("handed_over", "caritas", "fedasil", "kept"), start=1):
        made.case[name] = house.open_case(coach, people=people, contact=contact, ov_number=f"812345{number}")
        made.note[name] = house.write_note(coach, made.case[name], _FRENCH.format(mark=CANARY["note"]) * number)
    other = house.write_note(coach, made.case["kept"], _DUTCH.format(mark=CANARY["dutch"]))
    made.note["other"] = other
    revision = {"text": _FRENCH.format(mark=CANARY["revised"]), "language": "fr", "template": "intake", "based_on": 1}
    assert coach.put(f"/cases/{made.case['kept']}/notes/{made.note['kept']}", json=revision).status_code == 200
    reveal = coach.post(f"/cases/{made.case['kept']}/notes/{other}/reveal", json={"reason": CANARY["reason"]})
    assert reveal.status_code == 200
    _record(made, made.case["kept"])
    _record(made, made.case["handed_over"])
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    for partner in ("caritas", "fedasil"):
        for name in (partner, f"{partner}_ended"):
            referral = house.consent(coach, made.case[partner], partner, expires_on=until)
            made.referral[name], made.release[name] = referral, house.send(coach, made.case[partner], referral)
    made.release["follow_up"] = house.hand_over(coach, head, made.case["handed_over"])
    with made.wall.superuser() as admin:
        row: Any = admin.execute("SELECT release_id FROM exchange.releases WHERE reader = 'oversight'").fetchone()
    made.release["oversight"] = bytes(row[0]).hex()


def _record(made: Estate, case: str) -> None:
    """Facts of every compartment, files, a task, a draft, letters: each with its mark."""
    coach = made.coach
    for section, mark in (
        ("narrative", "fact"), ("sensitive", "fact"), ("stay-analysis", "stay"), ("return-plan", "plan"),
        ("contact", "host"),
    ):  # fmt: skip
        recorded.record_fact(coach, case, section, detail=f"Elle dit: {CANARY[mark]}.")
    for section in recorded.FILE_SECTIONS:
        content = recorded.pdf(80).replace(b"trailer", CANARY["file"].encode() + b" trailer")
        recorded.attach(coach, case, content, section, f"{CANARY['file_name']}.pdf", f"Voir {CANARY['caption']}")
    today = datetime.now(UTC).date().isoformat()
    recorded.set_task(coach, case, title=f"Penser à {CANARY['task']}", due_on=today)
    recorded.save_draft(coach, case, text=f"Pas encore dit: {CANARY['draft']}, de {CANARY['given']}")
    recorded.compose(coach, case, recorded.CONSEQUENCES | {"place": CANARY["place"]})
    recorded.compose(coach, case, recorded.INVITATION | {"place": CANARY["place"]})


def _correspond(made: Estate) -> None:
    """Caritas answers twice, the coach takes the first in; of each partner's two referrals one ends."""
    coach, case = made.coach, made.case["caritas"]
    for name in ("taken", "waiting"):
        body = {"status": "accepted", "message": f"{ANSWERED[name]} {CANARY['family']}"}
        assert made.owned[CARITAS].post(f"/referrals/{made.release['caritas']}/answers", body).status_code == 201
    made.answer |= {name: line["answer"] for name, line in zip(ANSWERED, made.house.waiting(coach), strict=True)}
    took = coach.post(f"/cases/{case}/referrals/{made.referral['caritas']}/answers/{made.answer['taken']}")
    assert took.status_code == 201, took.text
    for partner in ("caritas", "fedasil"):
        made.house.withdraw(coach, made.case[partner], made.referral[f"{partner}_ended"])


def _stop(process: Process) -> None:
    process.process.terminate()
    process.process.wait(PATIENCE)


def as_superuser(wall: Walled, statement: str, *values: Any, database: str = "main") -> None:
    """Write past every constraint and trigger, as whoever owns the server can."""
    with wall.superuser(database) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(statement.encode(), values or None)


@contextmanager
def restored(wall: Walled, *names: str) -> Iterator[None]:
    """The tables as they were, afterwards."""
    places = {
        "main": [name for name in names if not name.startswith("keystore.")],
        "keystore": [name for name in names if name.startswith("keystore.")],
    }
    for database, tables in places.items():
        _together(wall, database, [f"CREATE TABLE public.{_copy(name)} AS TABLE {name}" for name in tables])
    try:
        yield
    finally:
        for database, tables in places.items():
            back: list[str] = []
            for name in tables:
                copy = f"public.{_copy(name)}"
                back += [f"DELETE FROM {name}", f"INSERT INTO {name} SELECT * FROM {copy}", f"DROP TABLE {copy}"]
            _together(wall, database, back)


def _together(wall: Walled, database: str, statements: list[str]) -> None:
    """On one connection: to open one takes longer than all that is to be done."""
    if statements:
        as_superuser(wall, "; ".join(statements), database=database)


def _copy(name: str) -> str:
    return name.replace(".", "_") + "_before"
