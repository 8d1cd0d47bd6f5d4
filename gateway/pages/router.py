"""The pages' routes, by zone, and the files that they load: plain routes, which the API's description leaves out."""

from __future__ import annotations

import gzip
from functools import cache, partial
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from gateway.auth.passwords import PasswordChecker
from gateway.gate import Gate
from gateway.pages import assets
from gateway.pages.agenda import AgendaPages
from gateway.pages.answering import AnsweringPages
from gateway.pages.asking import AskingPages
from gateway.pages.assigning import AssigningPages
from gateway.pages.calendars import CalendarPages
from gateway.pages.case_samples import CaseSamplePages
from gateway.pages.ceremonies_reviewed import CeremonyWatch
from gateway.pages.coaches import CoachPages
from gateway.pages.disclosed import DisclosedPages
from gateway.pages.documents import DocumentPages
from gateway.pages.emergencies import EmergencyPages, EmergencyWatch
from gateway.pages.erasures import ErasurePages, ErasureWatchPages
from gateway.pages.examining import ExaminingPages
from gateway.pages.excepting import ExceptionPages
from gateway.pages.federated import FederatedPages
from gateway.pages.figures import FigurePages
from gateway.pages.intake import IntakePages
from gateway.pages.integrity import Integrity, StatePages
from gateway.pages.letters import LetterPages
from gateway.pages.log import LogPages
from gateway.pages.log_figures import LogFigurePages
from gateway.pages.looks_reviewed import ReviewPages
from gateway.pages.notes import NotePages
from gateway.pages.opening import OpeningPages
from gateway.pages.operation import OperationPages
from gateway.pages.own_sign_in import OwnSignIn
from gateway.pages.partner import PartnerPages, WatchPages
from gateway.pages.public import PublicPages
from gateway.pages.questions import QuestionPages
from gateway.pages.receiving import ReceivedPages
from gateway.pages.referring import ReferralPages
from gateway.pages.signing import Signing, choose_language
from gateway.pages.site import ROOT, Door, Handler, Site, Visit, door_path, endpoint
from gateway.pages.steps import StepPages
from gateway.pages.vouching import VouchingPages
from gateway.printing.printer import Printer
from gateway.turned_away import TurnedAway
from gateway.wiring import Services
from vault.errors import NotFound
from vault.vocabulary import Zone, ZoneKind

#: What a browser may fetch: styles, scripts, fonts. axe-core is for the tests, Noto for letters on paper.
_SERVED: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
_UNSERVED: Final = frozenset({"axe.js", *(f"{family}-{subset}.woff2" for family, subset in assets.NOTO)})
#: Where a form may bring a file; its handler reads it as it arrives.
_WITH_A_FILE: Final = ("/documents/new", "/import")
_PACKED: Final = (".css", ".js")
_FOREVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
#: Of both functions of oversight.
_DESK: Final = (
    ("/", "log"),
    ("/unexplained", "unexplained"),
    ("/findings", "findings"),
    ("/samples", "samples"),
    ("/reviews", "reviews"),
    ("/emergencies", "emergencies"),
    ("/ceremonies", "ceremonies"),
    ("/log-figures", "log_figures"),
    ("/log-state", "log_state"),
    ("/evidence", "evidence"),
)
_MENU: Final[dict[ZoneKind, dict[str, tuple[tuple[str, str], ...]]]] = {
    ZoneKind.CASEWORK: {
        "coach": (
            ("/", "home"),
            ("/calendar", "calendar"),
            ("/cases", "cases"),
            ("/search", "search"),
            ("/open", "new_case"),
            ("/emergencies", "emergencies"),
        ),
        "regional_head": (
            ("/", "home"),
            ("/cases", "cases"),
            ("/search", "search"),
            ("/coaches", "coaches"),
            ("/requests", "requests"),
            ("/samples", "samples"),
            ("/erasures", "erasures"),
            ("/figures", "figures"),
            ("/emergencies", "emergencies"),
        ),
        "desk_officer": (
            ("/", "waiting"),
            ("/day", "day"),
            ("/cases", "cases"),
            ("/search", "search"),
            ("/open", "new_case"),
            ("/import", "orders"),
        ),
    },
    ZoneKind.FOLLOW_UP: {"follow_up_officer": (("/", "home"), ("/requests/new", "ask"), ("/sheets", "sheets"))},
    ZoneKind.PARTNER: {
        "partner_agent": (("/", "referrals"), ("/withdrawals", "withdrawals"), ("/disclosures", "disclosures"))
    },
    ZoneKind.OVERSIGHT: {
        "auditor": (*_DESK, ("/passkeys", "passkeys")),
        "operator": (("/", "operation"),),
        "dpo": (
            *_DESK,
            ("/requests", "requests"),
            ("/erasures", "erasures"),
            ("/withdrawals", "withdrawals"),
            ("/passkeys", "passkeys"),
        ),
    },
}


def routes(
    services: Services, gates: dict[Zone, Gate], checker: PasswordChecker, away: TurnedAway, printer: Printer
) -> list[BaseRoute]:
    """All pages of the zones that this process serves; none where their assets could not be made."""
    if not assets.whole():
        return []
    site = Site(services, away)
    doors = tuple(_door(site, zone, gate) for zone, gate in gates.items())
    public = PublicPages(doors)
    found: list[BaseRoute] = [
        _route(site, None, "/", public.start),
        _route(site, None, "/who-sees-what", public.who_sees_what),
        _route(site, None, "/leaflet", public.leaflet),
        _route(site, None, "/accessibility", public.accessibility),
        _route(site, None, "/language", choose_language, "POST"),
        Route(f"{site.static.removeprefix(ROOT)}/{{name}}", _static),
    ]
    for door in doors:
        found += _zone(site, door, checker, printer)
    found.append(_route(site, None, "/{rest:path}", _nowhere, "GET", "POST"))
    # Typed without its last slash, a zone's address is meant: by path, for a host or scheme could only be guessed.
    bare = [Route(door.path, partial(_onward, f"{door.path}/")) for door in doors]
    start = partial(_onward, f"{ROOT}/")
    return [Route("/", start), Route(ROOT, start), *bare, Mount(ROOT, routes=found)]


def _door(site: Site, zone: Zone, gate: Gate) -> Door:
    menu = _MENU[zone.kind]
    return Door(site, gate, menu, Integrity(gate)) if zone.kind is ZoneKind.OVERSIGHT else Door(site, gate, menu)


def _zone(site: Site, door: Door, checker: PasswordChecker, printer: Printer) -> list[BaseRoute]:
    signing, own_sign_in, federated = Signing(door, checker), OwnSignIn(door, checker), FederatedPages(door)
    kind = door.zone.kind
    table: list[tuple[str, Handler, tuple[str, ...]]] = [
        ("/sign-in", signing.sign_in, ("GET", "POST")),
        ("/sign-in/challenge", signing.challenge, ("POST",)),
        ("/sign-out", signing.sign_out, ("POST",)),
        ("/sign-in/provider", federated.begin, ("GET",)),
        ("/sign-in/return", federated.back, ("GET",)),
        ("/step-up", federated.step_up, ("GET",)),
        ("/step-up/done", federated.done, ("GET",)),
        ("/stay", signing.stay, ("POST",)),
        ("/sessions", signing.sessions, ("GET", "POST")),
        ("/my-sign-in", own_sign_in.page, ("GET", "POST")),
        ("/my-sign-in/challenge", own_sign_in.challenge, ("POST",)),
    ]
    if kind is ZoneKind.CASEWORK:
        table += _casework(door, printer)
    elif kind is ZoneKind.OVERSIGHT:
        table += _oversight(door)
    elif kind is ZoneKind.FOLLOW_UP:
        own, asking = ReceivedPages(door), AskingPages(door)
        table += [
            ("/", asking.home, ("GET",)),
            ("/requests/new", asking.new, ("GET", "POST")),
            ("/requests/ceremony", asking.ceremony, ("GET", "POST")),
            ("/ceremonies/{ceremony}", asking.identified, ("GET", "POST")),
            ("/requests/{number}", asking.one, ("GET", "POST")),
            ("/grants/{grant}", asking.granted, ("GET", "POST")),
            ("/sheets", own.home, ("GET",)),
            ("/sheets/{release}", own.one, ("GET",)),
        ]
    else:
        partner, disclosed = PartnerPages(door), DisclosedPages(door)
        table += [
            ("/", partner.home, ("GET",)),
            ("/referrals/{release}", partner.one, ("GET", "POST")),
            ("/withdrawals", partner.withdrawals, ("GET",)),
            ("/withdrawals/{release}", partner.receipt, ("GET", "POST")),
            ("/disclosures", disclosed.all, ("GET",)),
            ("/disclosures/{disclosure}", disclosed.one, ("GET", "POST")),
        ]
    base = door_path(door.zone).removeprefix(ROOT)
    return [_route(site, door, base + path, handler, *methods) for path, handler, methods in table]


def _answering(door: Door) -> list[tuple[str, Handler, tuple[str, ...]]]:
    answers = AnsweringPages(door)
    return [
        ("/requests", answers.queue, ("GET",)),
        ("/requests/{number}", answers.one, ("GET", "POST")),
        ("/requests/{number}/signature", answers.to_sign, ("POST",)),
    ]


def _oversight(door: Door) -> list[tuple[str, Handler, tuple[str, ...]]]:
    log, state, reviewed, examining = LogPages(door), StatePages(door), ReviewPages(door), ExaminingPages(door)
    held, erasures, look, both = CeremonyWatch(door), ErasureWatchPages(door), ("GET",), ("GET", "POST")
    return [
        ("/", OperationPages(door).home(log.home), look),
        ("/entries/{entry}", log.entry, both),
        ("/unexplained", log.unexplained, look),
        ("/evidence", log.evidence, look),
        ("/findings", examining.findings, look),
        ("/samples", examining.samples, both),
        ("/emergencies", EmergencyWatch(door).queue, look),
        ("/ceremonies", held.queue, look),
        ("/ceremonies/{ceremony}", held.one, look),
        ("/ceremonies/{ceremony}/file", held.file, look),
        ("/reviews", reviewed.all, look),
        ("/reviews/new", reviewed.new, both),
        ("/reviews/{review}", reviewed.one, both),
        ("/log-figures", LogFigurePages(door).figures, look),
        ("/log-state", state.state, both),
        ("/erasures", erasures.queue, look),
        ("/erasures/{erasure}", erasures.one, both),
        ("/withdrawals", WatchPages(door).withdrawals, look),
        ("/passkeys", VouchingPages(door).passkeys, both),
        *_answering(door),
    ]


def _casework(door: Door, printer: Printer) -> list[tuple[str, Handler, tuple[str, ...]]]:
    notes, steps, opening, letters = NotePages(door), StepPages(door), OpeningPages(door), LetterPages(door, printer)
    referring, agenda, files, asked = ReferralPages(door), AgendaPages(door), DocumentPages(door), QuestionPages(door)
    emergencies, samples = EmergencyPages(door), CaseSamplePages(door)
    calendars, excepting, intake = CalendarPages(door), ExceptionPages(door), IntakePages(door)
    erasures = ErasurePages(door)
    case, look, both, send = "/cases/{case}", ("GET",), ("GET", "POST"), ("POST",)
    return [
        ("/", notes.home, look),
        ("/cases", notes.cases, look),
        ("/search", notes.search, both),
        ("/open", opening.open, both),
        ("/emergencies", emergencies.all, both),
        ("/emergencies/{emergency}", emergencies.one, both),
        ("/samples", samples.all, both),
        ("/samples/{sample}", samples.one, both),
        ("/samples/{sample}/notes/{note}", samples.note, look),
        ("/erasures", erasures.due, look),
        (f"{case}/erasure", erasures.ask, both),
        ("/questions", asked.all, look),
        ("/questions/{question}", asked.one, both),
        *_answering(door),
        (case, notes.case, look),
        (f"{case}/people", notes.people, both),
        (f"{case}/documents", files.documents, look),
        (f"{case}/documents/new", files.add, both),
        (f"{case}/steps/{{step}}", steps.step, both),
        (f"{case}/tasks/new", steps.new_task, both),
        (f"{case}/tasks/{{task}}/done", steps.tick_off, send),
        (f"{case}/notes/new", notes.write, both),
        (f"{case}/notes/new/draft", notes.keep_draft, send),
        (f"{case}/notes/{{note}}", notes.read, both),
        (f"{case}/notes/{{note}}/edit", notes.revise, both),
        (f"{case}/notes/{{note}}/edit/draft", notes.keep_draft, send),
        (f"{case}/notes/{{note}}/versions/{{version}}", notes.version, look),
        ("/calendar", agenda.week, look),
        ("/calendar/programs", calendars.programs, both),
        ("/day", agenda.day, look),
        ("/figures", FigurePages(door).region, look),
        (f"{case}/appointments", agenda.all, both),
        (f"{case}/appointments/new", agenda.book, both),
        (f"{case}/appointments/{{appointment}}/move", agenda.move, both),
        (f"{case}/appointments/{{appointment}}/company", calendars.came_along, both),
        (f"{case}/walk-in", agenda.walk_in, both),
        (f"{case}/coach", AssigningPages(door).coach, both),
        *_coaches(door),
        ("/import", intake.orders, both),
        ("/import/template", intake.template, look),
        (f"{case}/referrals", referring.all, look),
        (f"{case}/referrals/new", referring.new, both),
        (f"{case}/referrals/{{referral}}", referring.one, both),
        (f"{case}/referrals/{{referral}}/answers/{{answer}}", referring.answer, both),
        (f"{case}/withdrawal", referring.withdrawal, both),
        (f"{case}/exceptions", excepting.all, look),
        (f"{case}/exceptions/new", excepting.new, both),
        (f"{case}/exceptions/{{number}}/told", excepting.told, both),
        (f"{case}/letters", letters.letters, look),
        (f"{case}/letters/new/{{letter}}", letters.write, both),
        (f"{case}/letters/{{kind}}/{{letter}}", letters.read, look),
        (f"{case}/letters/{{kind}}/{{letter}}/pdf", letters.pdf, look),
    ]


def _coaches(door: Door) -> list[tuple[str, Handler, tuple[str, ...]]]:
    coaches = CoachPages(door)
    return [
        ("/coaches", coaches.all, ("GET",)),
        ("/coaches/{coach}", coaches.one, ("GET", "POST")),
        ("/absences/{absence}", coaches.absence, ("GET", "POST")),
    ]


def _route(site: Site, door: Door | None, path: str, handler: Handler, *methods: str) -> Route:
    streams = path.endswith(_WITH_A_FILE)
    return Route(path, endpoint(site, door, handler, streams=streams), methods=list(methods or ("GET",)))


async def _onward(path: str, _: Request) -> Response:
    return RedirectResponse(path, 303)


async def _nowhere(_: Visit) -> Response:
    raise NotFound("no such page")


async def _static(request: Request) -> Response:
    """A file of the manifest, by name; nothing is looked up in a folder.

    Styles and scripts go out compressed. Pages never do: they hold a form's token beside what others may have typed,
    and the length of a compressed page would tell one from the other.
    """
    name = request.path_params["name"]
    if name not in assets.expected() or name in _UNSERVED:
        return Response(status_code=404)
    kind = _SERVED[Path(name).suffix]
    if name.endswith(_PACKED) and "gzip" in request.headers.get("accept-encoding", ""):
        headers = _FOREVER | {"content-encoding": "gzip", "vary": "accept-encoding"}
        return Response(_packed(name), headers=headers, media_type=kind)
    return FileResponse(assets.STATIC / name, media_type=kind, headers=_FOREVER)


@cache
def _packed(name: str) -> bytes:
    """Once a process: the best that gzip can, and no time in it."""
    return gzip.compress((assets.STATIC / name).read_bytes(), 9, mtime=0)
