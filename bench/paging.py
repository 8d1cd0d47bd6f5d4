"""What a page costs over the calls of the API that give the same: pages of the main path, on a simulated vault.

Page and calls are asked in turn, as the same person, by the very application, in this process and without a network:
what is compared is decided, read, opened, logged and committed on both sides, and the page is drawn besides. A page
asks one question where the API is asked several, so it may cost less.

    ./run bench --only pages                      a vault of some weeks, filled for it
    ./run bench --only pages --home big           one that `parefeu simulate` filled; each look is an entry of its log
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from bench.catalogue import PAGES
from bench.contestant import BenchFailed
from bench.interleave import ratio, run_rounds, value
from bench.report import Figure, Outcome
from bench.settings import Effort

_END: Final = date(2026, 11, 25)
_CASES_A_DAY: Final = 35_000 / 365
_COACH: Final = "sim-coach-brussels-1"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose pages, of what: filled in by what the vault holds."""

    coach: str
    auditor: str
    case: str
    note: str


#: Figure, page and the calls that it shows; the zone of each stands in its address.
_SHOWN: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "pages.home.over_api": ("/pages/casework/", ("/casework/overview?limit=200",)),
    "pages.cases.over_api": ("/pages/casework/cases", ("/casework/overview?limit=25",)),
    "pages.case.over_api": (
        "/pages/casework/cases/{case}",
        (
            "/casework/cases/{case}", "/casework/cases/{case}/steps", "/casework/cases/{case}/deadlines",
            "/casework/cases/{case}/notes", "/casework/cases/{case}/tasks",
        ),
    ),
    "pages.note.over_api": ("/pages/casework/cases/{case}/notes/{note}", ("/casework/cases/{case}/notes/{note}",)),
    "pages.log.over_api": ("/pages/oversight/", ("/oversight/explanations?limit=40",)),
}  # fmt: skip


def measure(
    names: Collection[str], effort: Effort, chance: random.Random, say: Callable[[str], None], home: Path | None = None
) -> Outcome:
    """The figures of `PAGES` that are wanted. home: a vault that `parefeu simulate` filled. Raises BenchFailed."""
    outcome = Outcome()
    wanted = [spec for spec in PAGES if spec.name in names]
    if not wanted:
        return outcome
    with _vault(home, effort, chance, say) as settings:
        rounds = asyncio.run(_rounds(settings, [spec.name for spec in wanted], effort, chance, say))
    for spec in wanted:
        over = ratio(rounds, over=(spec.name, "page"), under=(spec.name, "api"))
        outcome.figures.append(Figure.of(spec.name, over, unit=spec.unit, bar=spec.bar))
        alone = value(rounds, spec.name, "page").median
        outcome.machine[spec.name.removesuffix(".over_api")] = f"{alone * 1000:.1f} ms a page"
    return outcome


@contextmanager
def _vault(home: Path | None, effort: Effort, chance: random.Random, say: Callable[[str], None]) -> Iterator[Any]:
    from gateway.cli.home import Hooks, settings_of
    from gateway.cli.init import create_home
    from gateway.cli.simulate import fill
    from gateway.simulation.standing import Plan

    if home is not None:
        if not (home / "simulated").exists():
            raise BenchFailed(
                f"{home} was not filled by `parefeu simulate`: pages are measured on invented people only"
            )
        yield settings_of(home)
        return
    with tempfile.TemporaryDirectory(prefix="parefeu-pages-") as folder:
        made = Path(folder) / "home"
        create_home(made, None, Hooks())
        days = effort.simulated_days
        say(f"filling a vault with {days} days at the design size")
        first, cases = _END - timedelta(days=days), round(days * _CASES_A_DAY)
        plan = Plan(seed=chance.randrange(1 << 30), cases=cases, first=first, end=_END)
        fill(settings_of(made), {}, plan, lambda *_: None)
        yield settings_of(made)


async def _rounds(
    settings: Any, names: Collection[str], effort: Effort, chance: random.Random, say: Callable[[str], None]
) -> Any:
    from gateway.app import create_app
    from gateway.wiring import build

    services = build(settings)
    try:
        subject = _subject(services)
        asker = _Asker(create_app(services), subject)
        for name in names:  # compiled templates, statements, the plan of each
            await asker.all_of(name)
        cases = {name: _Slice(asker, name, effort) for name in names}
        loop = asyncio.get_running_loop()
        say(f"pages of a coach with {subject.case[:6]}…, {effort.rounds} rounds")

        def told(number: int, _round: Mapping[str, Mapping[str, float]]) -> None:
            say(f"round {number} of {effort.rounds}")

        # The rounds are the method of every figure, and wait for nothing; what they time runs on this loop.
        def work() -> Any:
            return run_rounds(
                {name: one.bound(loop) for name, one in cases.items()},
                rounds=effort.rounds, slices=effort.slices, chance=chance, progress=told,
            )  # fmt: skip

        return await asyncio.to_thread(work)
    finally:
        services.close()


class _Slice:
    """Some pages and as many calls, in turn: the middle of each."""

    def __init__(self, asker: _Asker, name: str, effort: Effort) -> None:
        self._asker, self._name, self._times = asker, name, max(effort.least // 4, 5)

    def bound(self, loop: asyncio.AbstractEventLoop) -> Callable[[], Mapping[str, float]]:
        return lambda: asyncio.run_coroutine_threadsafe(self._timed(), loop).result()

    async def _timed(self) -> Mapping[str, float]:
        page, calls = _SHOWN[self._name]
        spent: dict[str, list[float]] = {"page": [], "api": []}
        for _ in range(self._times):
            spent["page"].append(await self._asker.seconds(page))
            spent["api"].append(sum([await self._asker.seconds(call) for call in calls]))
        return {what: sorted(values)[len(values) // 2] for what, values in spent.items()}


class _Asker:
    """Requests straight to the application, as a browser and as a program of the same person."""

    def __init__(self, app: Any, subject: Subject) -> None:
        self._app, self._subject = app, subject

    async def all_of(self, name: str) -> None:
        page, calls = _SHOWN[name]
        for path in (page, *calls):
            await self.seconds(path)

    async def seconds(self, path: str) -> float:
        """From the request to the end of its answer. Raises BenchFailed for anything but 200."""
        target = path.format(case=self._subject.case, note=self._subject.note)
        place, _, query = target.partition("?")
        token = self._subject.auditor if "oversight" in place else self._subject.coach
        zone = "oversight" if "oversight" in place else "casework"
        page = place.startswith("/pages/")
        told = f"__Host-parefeu-{zone}={token}" if page else f"Bearer {token}"
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": place, "raw_path": place.encode(), "query_string": query.encode(),
            "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8460),
            "headers": [(b"host", b"127.0.0.1:8460"), (b"cookie" if page else b"authorization", told.encode())],
        }  # fmt: skip
        status: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])

        began = time.perf_counter()
        await self._app(scope, receive, send)
        spent = time.perf_counter() - began
        if status != [200]:
            raise BenchFailed(f"{place.partition('/cases/')[0]} was answered with {status}")
        return spent


def _subject(services: Any) -> Subject:
    """A simulated coach, the newest of their cases that has a note, and an auditor, who is made if there is none."""
    from gateway.auth.sessions import hash_token
    from vault.errors import Conflict
    from vault.usecases import notes, overview, sign_in
    from vault.usecases.casework import parse_reference
    from vault.vocabulary import CASEWORK, OVERSIGHT, Role

    casework, run = services.casework, services.worker.run

    def token(zone: Any, login: str) -> str:
        issued: str = run(zone, lambda uow: sign_in.issue_token(uow, login, timedelta(hours=8), services.sign_in[zone]))
        return issued

    def as_(issued: str, work: Callable[..., Any]) -> Any:
        hashed = hash_token(issued)
        return run(CASEWORK, lambda uow: work(uow, sign_in.authenticate(uow, hashed, "127.0.0.1", services.clock)))

    coach = token(CASEWORK, _COACH)
    for row in as_(
        coach, lambda uow, actor: overview.read_overview(uow, actor, overview.Overview(limit=200), casework)
    ):
        case = parse_reference(row["reference"])
        written = as_(coach, lambda uow, actor, case=case: notes.list_notes(uow, actor, case, casework))
        if written:
            break
    else:
        raise BenchFailed("this coach has no case with a note: fill a larger vault")
    new = sign_in.NewStaff("bench-auditor", "Bench", Role.AUDITOR, "", "$argon2id$unusable")
    with suppress(Conflict):  # of an earlier run on this vault
        run(OVERSIGHT, lambda uow: sign_in.add_staff(uow, new, services.sign_in[OVERSIGHT]))
    return Subject(coach, token(OVERSIGHT, "bench-auditor"), row["reference"], written[0]["note"])
