"""Makes the demo's home: keys, databases, staff, and the seed cases played through the gateway itself.

The home is built beside its place and moved there when it is whole; the file `demo` in it makes production
refuse it. `sign-ins.json` (mode 0600) keeps what a real installation would never keep: the password, the
second factors, the references.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.auth.passwords import hash_password
from gateway.cli.home import Hooks, settings_of
from gateway.cli.init import create_home
from gateway.client import InProcess, holder
from gateway.clock import SystemEntropy
from gateway.demo.people import BY_LOGIN, HEADS, PARTNERS, STAFF, Caller, hire, token_for
from gateway.demo.seed_data import SeedCase, import_example, load_seed
from gateway.instance import write_private
from gateway.wiring import build
from vault.errors import ConfigurationError, StoreBusy

MARK: Final = "demo"
SIGN_INS: Final = "sign-ins.json"
EXAMPLE: Final = "import-example"
_LEAFLET: Final = "2026-1"
_REFERRED: Final = (
    ("caritas", ("family_name", "given_names", "phone", "language"), "return_counselling"),
    ("fedasil", ("family_name", "phone", "language"), "shelter"),
)

Advance = Callable[[int, int], None]


@dataclass
class Played:
    """A seed case as it stands in the demo."""

    slug: str
    story: str
    reference: str
    coach: str
    path: str
    notes: list[str] = field(default_factory=list)
    release: str = ""
    partner: str = ""


@dataclass
class Demo:
    """What the demo's home knows about itself."""

    password: str
    secrets: dict[str, str]
    cases: list[Played]

    @classmethod
    def load(cls, home: Path) -> Demo:
        """Raises ConfigurationError for a home that is no demo's."""
        try:
            kept = json.loads((home / SIGN_INS).read_text("utf-8"))
            return cls(kept["password"], kept["secrets"], [Played(**case) for case in kept["cases"]])
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigurationError(f"{home} is no whole demo: make a new one with --fresh, or name another") from None

    def of_path(self, *paths: str) -> Played:
        return next(case for case in self.cases if case.path in paths)


def prepare(home: Path, hooks: Hooks, advance: Advance, *, fresh: bool = False) -> Demo:
    """The demo in `home`, made if it is not there. Raises ConfigurationError, StoreBusy."""
    note = holder(home)
    if note is not None:
        raise StoreBusy(f"this demo is running already ({note})")
    if home.exists() and any(home.iterdir()):
        if not (home / MARK).exists():
            raise ConfigurationError(f"{home} is not a demo's home; nothing was changed")
        if not fresh:
            return Demo.load(home)
        shutil.rmtree(home)
    making = home.with_name(f".{home.name}.making-{os.getpid()}")
    try:
        demo = _make(making, hooks, advance)
        if home.exists():
            home.rmdir()
        making.rename(home)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return demo


def _make(home: Path, hooks: Hooks, advance: Advance) -> Demo:
    entropy = SystemEntropy()
    seed = load_seed()
    total = len(STAFF) + sum(3 + len(case.notes) for case in seed)
    advance(0, total)
    create_home(home, PARTNERS, hooks, mark=MARK)
    password = f"demo-{entropy.bytes(5).hex()}"
    services = build(settings_of(home), note=lambda: "making the demo", **hooks.parts())
    with InProcess(services) as gateway:
        secrets = hire(services, hash_password(password, entropy))
        callers = {
            login: Caller(gateway, BY_LOGIN[login], token_for(services, login, timedelta(minutes=30)))
            for login in {case.coach for case in seed} | set(HEADS.values())
        }
        done = len(STAFF)
        cases = []
        for place, case in enumerate(seed):
            cases.append(play(case, callers[case.coach], callers[HEADS[case.body["region"]]], place))
            done += 3 + len(case.notes)
            advance(done, total)
    demo = Demo(password, secrets, cases)
    write_private(home / SIGN_INS, json.dumps(asdict(demo), ensure_ascii=False, indent=1).encode())
    _write_example(home, cases)
    return demo


def play(case: SeedCase, coach: Caller, head: Caller, place: int = 0) -> Played:
    """One case through the gateway, as far as its path goes."""
    played = Played(case.slug, case.story, "", coach.member.login, case.path)
    played.reference = str(coach.post("/cases", case.body)["reference"])
    at = f"/cases/{played.reference}"
    coach.post(f"{at}/notice", {"language": case.body["language"], "leaflet": _LEAFLET})
    for note in case.notes:
        body = {"text": note.text, "language": note.language, "template": note.template}
        played.notes.append(str(coach.post(f"{at}/notes", body)["note"]))
    if case.path == "referred":
        partner, fields, need = _REFERRED[place // 4 % len(_REFERRED)]
        until = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
        proposal = {"partner": partner, "need": need, "fields": list(fields)}
        referral = f"{at}/referrals/{coach.post(f'{at}/referrals', proposal)['referral']}"
        coach.post(f"{referral}/consent", {"fields": list(fields), "expires_on": until})
        played.release = str(coach.post(f"{referral}/send")["release"])
        played.partner = partner
    elif case.path == "closed":
        coach.post(f"{at}/close", {"step": "close", "outcome": case.outcome})
    elif case.path in {"closing", "handed_over"}:
        coach.post(f"{at}/close", {"step": "begin_closing", "outcome": case.outcome, "explained": True})
    if case.path == "handed_over":
        played.release = str(head.post(f"{at}/hand-over")["release"])
    return played


def _write_example(home: Path, cases: list[Played]) -> None:
    """Files for `parefeu notes import`, about cases of this demo."""
    for name, text in import_example():
        for number, case in enumerate(cases, start=1):
            text = text.replace("{{" + str(number) + "}}", case.reference)  # noqa: PLW2901 - one text, step by step
        write_private(home / EXAMPLE / name, text.encode())
