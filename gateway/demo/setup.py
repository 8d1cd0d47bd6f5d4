"""Makes the demo's home: keys, databases, staff, and the seed cases played through the gateway itself.

The home is built beside its place and moved there when it is whole; the file `demo` in it makes production
refuse it. `sign-ins.json` (mode 0600) keeps what a real installation would never keep: the password, the
second factors, the references.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from gateway.auth.passwords import hash_password
from gateway.cli.home import Hooks, settings_of
from gateway.cli.init import create_home
from gateway.client import InProcess, holder
from gateway.clock import SystemEntropy
from gateway.demo import orders
from gateway.demo.people import BY_LOGIN, DESKS, HEADS, PARTNERS, STAFF, Caller, hire, token_for
from gateway.demo.seed_data import SeedCase, import_example, load_seed
from gateway.instance import write_private
from gateway.log.running import log_beside
from gateway.reviewing import accept_all, send_note
from gateway.wiring import build
from vault.cases.calendar import belgian_day
from vault.errors import ConfigurationError, StoreBusy

MARK: Final = "demo"
SIGN_INS: Final = "sign-ins.json"
EXAMPLE: Final = "import-example"
_REFERRED: Final = (
    ("caritas", ("family_name", "given_names", "phone", "language"), "return_counselling"),
    ("fedasil", ("family_name", "phone", "language"), "shelter"),
)

#: Where the demo's file of orders is taken in, and who accompanies them there.
_REGION: Final = "brussels"
_COACH: Final = "amina"
#: Cases of that region that are expected at the desk too.
_EXPECTED: Final = frozenset({"family_brussels"})

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
    state: str = ""


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
            demo = cls(kept["password"], kept["secrets"], [Played(**case) for case in kept["cases"]])
        except (OSError, ValueError, KeyError, TypeError):
            demo = cls("", {}, [])
        # An earlier version's lacks people or cases.
        if set(demo.secrets) != set(BY_LOGIN) or not all(case.state for case in demo.cases):
            raise ConfigurationError(f"{home} is no whole demo: make a new one with --fresh, or name another")
        return demo

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
    total = (
        len(STAFF) + sum(1 + len(case.flow) for case in seed) + sum(1 + len(one.flow) for one in orders.load_orders())
    )
    advance(0, total)
    create_home(home, PARTNERS, hooks, mark=MARK)
    password = f"demo-{entropy.bytes(5).hex()}"
    services = build(settings_of(home), note=lambda: "making the demo", **hooks.parts())
    log_beside(services, hooks.root_class())()  # it goes along: what a new user is shown first is no backlog
    with InProcess(services) as gateway:
        secrets = hire(services, hash_password(password, entropy))
        callers = {
            login: Caller(gateway, BY_LOGIN[login], token_for(services, login, timedelta(minutes=30)))
            for login in {case.coach for case in seed} | set(HEADS.values()) | set(DESKS.values())
        }
        today = belgian_day(services.clock.now())
        done = len(STAFF)
        cases = []
        for place, case in enumerate(seed):
            region = case.body["region"]
            crew = Crew(callers[case.coach], callers.get(DESKS.get(region, "")), callers[HEADS[region]])
            cases.append(play(case, crew, today, place))
            done += 1 + len(case.flow)
            advance(done, total)
        cases += _play_orders(home, callers, cases, today)
        for played in cases:
            played.state = str(callers[played.coach].get(f"/cases/{played.reference}")["state"])
        advance(total, total)
    demo = Demo(password, secrets, cases)
    write_private(home / SIGN_INS, json.dumps(asdict(demo), ensure_ascii=False, indent=1).encode())
    _write_example(home, cases)
    return demo


def _play_orders(home: Path, callers: Mapping[str, Caller], cases: Sequence[Played], today: date) -> list[Played]:
    """Brussels: the desk takes in its file, the head says what the coach takes, and the agenda fills."""
    coach, desk, head = callers[_COACH], callers[DESKS[_REGION]], callers[HEADS[_REGION]]
    coaches: Any = head.get("/coaches")
    own = next(one["coach"] for one in coaches["coaches"] if one["name"] == coach.member.name)
    head.put(f"/coaches/{own}", {"types": ["individuals", "families", "open_return"], "capacity": 40})
    taken = orders.take_in(desk, orders.write_orders(home, orders.TAKEN_IN, today))
    hours, played = orders.Hours(desk, today), []
    for order in orders.load_orders():
        case = taken[order.reference]
        notes = orders.play_order(order, case, {"coach": coach, "desk": desk}, hours, today)
        whose = coach if order.flow else desk
        played.append(Played(order.slug, order.story, case, whose.member.login, "order", notes))
    for known in cases:
        if known.slug in _EXPECTED:
            orders.book(desk, known.reference, {"book": "interview", "minutes": 60}, hours)
    orders.write_orders(home, orders.EXAMPLE_FILE, today)
    return played


@dataclass(frozen=True)
class Crew:
    """Who plays a case: its coach, and desk and head of its region."""

    coach: Caller
    desk: Caller | None
    head: Caller

    def of(self, name: str) -> Caller:
        found: Caller | None = getattr(self, name)
        if found is None:
            raise ConfigurationError("a case of the seed needs a desk officer in its region")
        return found


def play(case: SeedCase, crew: Crew, today: date, place: int = 0) -> Played:
    """One case through the gateway, step by step, as far as its flow goes."""
    coach = crew.coach
    played = Played(case.slug, case.story, "", coach.member.login, case.path)
    body = case.body_on(today)
    opener = crew.of("desk") if case.body.get("origin") == "order" else coach
    played.reference = str(opener.post("/cases", body)["reference"])
    at = f"/cases/{played.reference}"
    notes = iter(case.notes)
    for step in case.flow:
        if step is None:
            note = next(notes)
            typed = {"text": note.text, "language": note.language, "template": note.template}
            played.notes.append(str(send_note(coach.ask, "POST", f"{at}/notes", typed, accept_all)["note"]))
            continue
        told = {name: today.isoformat() if value == "today" else value for name, value in step.told.items()}
        reply = crew.of(step.by).post(f"{at}/steps/{step.step.value.replace('_', '-')}", told)
        played.release = str(reply["release"] or played.release)
    if case.path == "referred":
        partner, fields, need = _REFERRED[place // 4 % len(_REFERRED)]
        until = (today + timedelta(days=90)).isoformat()
        proposal = {"partner": partner, "need": need, "fields": list(fields)}
        referral = f"{at}/referrals/{coach.post(f'{at}/referrals', proposal)['referral']}"
        coach.post(f"{referral}/consent", {"fields": list(fields), "expires_on": until})
        played.release = str(coach.post(f"{referral}/send")["release"])
        played.partner = partner
    return played


def _write_example(home: Path, cases: list[Played]) -> None:
    """Files for `parefeu notes import`, about cases of this demo."""
    for name, text in import_example():
        for number, case in enumerate(cases, start=1):
            text = text.replace("{{" + str(number) + "}}", case.reference)  # noqa: PLW2901 - one text, step by step
        write_private(home / EXAMPLE / name, text.encode())
