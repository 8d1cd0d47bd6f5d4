"""The frame of every page: language, session, form token, refusals; and how a page is drawn.

A handler gets a `Visit` and answers a response. A page with a form has one address for looking and for saving:

    async def new_task(visit: Visit) -> Response:
        if visit.saving:                                       # a POST that may save
            reply = await visit.attempt(lambda uow, actor: set_task(uow, actor, ...))
            if reply is not None:
                return visit.go(f"/cases/{case}", done="task")
        return visit.draw("task.html", ...)                    # looked at, refused, or another language was chosen

A POST that may not save (another language, a token of an earlier session, faults) draws the form again with what was
typed: nothing typed is ever lost.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway import problems
from gateway.auth.sessions import cookie_name, from_here, set_cookie
from gateway.gate import Authenticated, Gate
from gateway.pages import assets, catalogs, words, words_of_outcomes
from gateway.pages.file_form import holds_a_file
from gateway.pages.forms import Faults, Form, read_form
from gateway.pages.presses import FIELD as NUMBER
from gateway.pages.presses import Presses, new_number
from gateway.pages.settled_texts import TranslatedEnvironment
from gateway.turned_away import TurnedAway, code_of
from gateway.wiring import Services
from vault import errors as e
from vault.access.actor import Actor
from vault.cases.calendar import plausible
from vault.vocabulary import Zone

ROOT: Final = "/pages"
LANGUAGE_COOKIE: Final = "__Host-parefeu-language"
#: A page left open locks after so many seconds without a key or a click; the warning comes so long before.
IDLE: Final = 30 * 60
WARNING: Final = 5 * 60
_YEAR: Final = 365 * 24 * 3600
_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"

Handler = Callable[["Visit"], Awaitable[Response]]


def door_path(zone: Zone) -> str:
    """Where a zone's pages are: `/pages/follow-up`, `/pages/partner/caritas`."""
    name = str(zone).replace(":", "/")
    return f"{ROOT}/{name if zone.organisation else name.replace('_', '-')}"


def form_token(session: str) -> str:
    """What a page's form must send back: derived from the session's token, which no other site can read."""
    return sha256(b"parefeu form\x00" + session.encode()).hexdigest()


class Site:
    """What all pages of a process share."""

    def __init__(self, services: Services, turned_away: TurnedAway) -> None:
        self.services = services
        self.turned_away = turned_away
        self.presses = Presses()
        self.static = f"{ROOT}/static/{sha256(assets.MANIFEST.read_bytes()).hexdigest()[:16]}"
        self._environments: dict[str, Environment] = {}  # each is made when a page in its language is first wanted

    def _environment(self, language: str) -> Environment:
        catalogue = catalogs.catalogue(language)
        made = TranslatedEnvironment(
            catalogue, loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, auto_reload=False, cache_size=-1,
        )  # fmt: skip
        made.globals |= {
            "language": language,
            "languages": catalogs.LANGUAGES,
            "static": self.static,
            "root": ROOT,
            "idle": IDLE,
            "warning": WARNING,
            "word": partial(words.word, catalogue.gettext),
            "outcome": partial(words_of_outcomes.outcome, catalogue.gettext, words.WORDS),
            "choices": words.choices,
            "colon": catalogs.colon(language),
            "semicolon": catalogs.semicolon(language),
        }
        made.filters |= {
            "day": partial(catalogs.day, language=language),
            "tongue": partial(catalogs.tongue, language=language),
            "short_day": partial(catalogs.day, language=language, style="medium"),
            "weekday": partial(catalogs.day, language=language, style="full"),
            "quarter": partial(catalogs.quarter, language=language),
            "moment": partial(catalogs.moment, language=language),
            "number": partial(catalogs.number, language=language),
            "size": partial(catalogs.size, language=language),
            "marked": words.marked,
            "combined": lambda one, other: {**one, **other},
        }
        return made

    def draw(self, language: str, template: str, values: dict[str, Any], status: int = 200) -> HTMLResponse:
        if language not in self._environments:
            self._environments[language] = self._environment(language)
        text = self._environments[language].get_template(template).render(values)
        return HTMLResponse(text, status, headers={"content-language": language})

    def language_of(self, request: Request) -> str:
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        if chosen in catalogs.LANGUAGES:
            return chosen
        return catalogs.preferred(request.headers.get("accept-language", ""))


class Watch(Protocol):
    async def banner(self, visit: Visit) -> dict[str, Any] | None: ...


@dataclass(frozen=True)
class Door:
    """A zone's pages, and their menu by role: (path below the zone's, text's code).

    watch: tells what stands on every page of the zone besides; None for nothing.
    """

    site: Site
    gate: Gate
    menu: dict[str, tuple[tuple[str, str], ...]]
    watch: Watch | None = None

    @property
    def zone(self) -> Zone:
        return self.gate.zone

    @property
    def path(self) -> str:
        return door_path(self.gate.zone)


@dataclass(repr=False)
class Visit:
    """One request for a page. door: None for pages of no zone."""

    site: Site
    door: Door | None
    request: Request
    language: str
    form: Form = field(default_factory=Form)
    faults: Faults = field(default_factory=Faults)
    switching: bool = False
    actor: Actor | None = None
    banner: dict[str, Any] | None = None

    # -- who, where ---------------------------------------------------------------------------------

    @property
    def session(self) -> str:
        """The session's token as the browser sent it; "" for none."""
        return self.request.cookies.get(cookie_name(self.door.zone), "") if self.door is not None else ""

    @property
    def provider(self) -> str:
        """What the zone's identity provider is called; "" where there is none."""
        found = self.door.gate.services.providers.get(self.door.zone) if self.door is not None else None
        return found.rules.shown(self.language) if found is not None else ""

    @property
    def origin(self) -> str:
        """The one address at which this zone's passkeys work; "" where there is none."""
        place = self.door.gate.services.passkeys[self.door.zone].origin if self.door is not None else None
        return place.text if place is not None else ""

    @property
    def posted(self) -> bool:
        return self.request.method == "POST"

    @property
    def saving(self) -> bool:
        """Whether this may change something: a form of this very session was sent, and not for another language."""
        return self.posted and not self.switching and "form" not in self.faults.by_field

    @property
    def part(self) -> bool:
        """Whether a script asked for a part of the page only."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def looked_at(self) -> str:
        """The address of the page, with what it asks for."""
        url = self.request.url
        return url.path + (f"?{url.query}" if url.query else "")

    @property
    def same_page(self) -> str:
        """Where to come back to this very page, in another language or signed in anew; not to what was just done."""
        url = self.request.url
        asked = [pair for pair in url.query.split("&") if pair and not pair.startswith("done=")]
        return url.path + (f"?{'&'.join(asked)}" if asked else "")

    def place(self, name: str) -> str:
        """A part of the address."""
        found: str = self.request.path_params[name]
        return found

    def asked(self, name: str) -> str:
        """A value of the address's query: codes, days and numbers, never content."""
        return self.request.query_params.get(name, "")[:100]

    def took(self, form: Form) -> None:
        """A form was read: another language is chosen, or its token must be this session's."""
        self.form = form
        wanted = form.text("_language")
        if wanted in catalogs.LANGUAGES:
            self.language, self.switching = wanted, True
        elif self.session and not hmac.compare_digest(
            form.text("_token").encode(errors="replace"), form_token(self.session).encode()
        ):
            self.faults.add("form", "earlier_session")

    def asked_day(self, name: str, otherwise: date) -> date:
        """A day of the address's query. Raises InvalidInput."""
        text = self.asked(name)
        if not text:
            return otherwise
        try:
            found = date.fromisoformat(text)
        except ValueError:
            found = date.min
        if not plausible(found):
            raise e.InvalidInput("no such day", field=name)
        return found

    # -- use cases ----------------------------------------------------------------------------------

    async def run(self, work: Authenticated, *, quick: bool = True) -> Any:
        """Run a use case as whoever is signed in: the very road of the API."""
        assert self.door is not None
        self.actor, reply = await self.door.gate.run(
            self.request, lambda uow, actor: (actor, work(uow, actor)), quick=quick
        )
        return reply

    async def attempt(self, work: Authenticated, *, quick: bool = True, main: str = "form") -> Any:
        """Run a use case that saves; None where it was refused for something that the form can tell.

        main: the field to name where the refusal names none.
        """
        try:
            return await self.run(work, quick=quick)
        except (
            e.StaleVersion,
            e.ReviewNeeded,
            e.ReviewStale,
            e.NotFound,
            e.AccessDenied,
            e.NotSignedIn,
            e.Clash,
            e.SlotTaken,
        ):
            raise
        except e.InvalidInput as refused:
            name = refused.field or main
            self.faults.add(name, "missing" if name in self.form and not self.form.text(name).strip() else "unusable")
        except e.IllegalStep:
            self.faults.add("form", "not_now")
        except e.VaultError as refused:
            code = refused.code if refused.code in words.FAULTS else ""
            if not code and isinstance(refused, e.StoreError):
                code = "store_busy"
            if not code:
                raise
            self.faults.add(main if code == "identity_survives" else "form", code)
        return None

    async def who(self) -> Actor:
        """Whoever is signed in. Raises NotSignedIn."""
        if self.actor is None:
            await self.run(lambda _uow, _actor: None)
        assert self.actor is not None
        return self.actor

    async def once(self, sent: str, save: Callable[[], Awaitable[Response]]) -> Response:
        """Save, or be answered as the same form was before (`gateway.pages.presses`). sent: all that it holds."""
        if not (self.saving and self.session and NUMBER in self.form):
            return await save()
        return await self.site.presses.once(self.session, self.looked_at, sent, save)

    # -- answers --------------------------------------------------------------------------------------

    def draw(self, template: str, status: int = 0, **values: Any) -> Response:
        """The page. A refused form is 422."""
        frame = {
            "visit": self,
            "actor": self.actor,
            "zone": self.door.zone if self.door is not None else None,
            "base": self.door.path if self.door is not None else ROOT,
            "here": self.request.scope["path"],
            "same_page": self.same_page,
            "menu": self.door.menu.get(self.actor.role, ()) if self.door is not None and self.actor is not None else (),
            "token": form_token(self.session) if self.session else "",
            "number": new_number(),
            "faults": self.faults.by_field,
            "form": self.form,
            "done": words.told(self.asked("done")),
            "origin": self.origin,
            "integrity": self.banner if self.actor is not None else None,
            "provider": self.provider,
        }
        code = status or (422 if self.faults else 200)
        return self.site.draw(self.language, template, frame | values, code)

    def go(self, path: str, *, done: str = "") -> Response:
        """Look elsewhere: after saving, so that going back and reloading send nothing twice. path: below the zone's."""
        base = self.door.path if self.door is not None else ROOT
        return RedirectResponse(base + path + (f"?{urlencode({'done': done})}" if done else ""), 303)


def endpoint(
    site: Site, door: Door | None, handler: Handler, *, streams: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """Around a handler: read the form, check its token, turn refusals into pages, keep the session's cookie alive.

    streams: the handler reads a form with a file itself (`gateway.pages.file_form`), and tells the visit what it took.
    """

    async def answer(request: Request) -> Response:
        visit = Visit(site, door, request, site.language_of(request))
        try:
            if visit.posted and not (streams and holds_a_file(request)):
                visit.took(await read_form(request))
            if door is not None and door.watch is not None and visit.session and not visit.part:
                visit.banner = await door.watch.banner(visit)
            response = await visit.once(visit.form.encoded(), lambda: handler(visit))
        except e.NotSignedIn as refused:
            return _sign_in_again(visit, refused)
        except e.VaultError as refused:
            response = await refusal(visit, refused)
        except HTTPException as refused:
            response = visit.draw("refusal.html", refused.status_code, code="too_large")
        except Exception as fault:  # noqa: BLE001 - told and logged as the API's, but on a page
            problems.unforeseen(fault)
            response = visit.draw("refusal.html", 500, code="failed")
        if door is not None and visit.actor is not None and "set-cookie" not in response.headers:
            set_cookie(response, door.zone, visit.session, IDLE)
        if visit.switching:
            keep_language(response, visit.language)
        return response

    return answer


def keep_language(response: Response, language: str) -> None:
    response.set_cookie(
        LANGUAGE_COOKIE, language, max_age=_YEAR, path="/", secure=True, httponly=True, samesite="strict"
    )


def count_refusal(visit: Visit, refused: e.VaultError) -> None:
    """What was turned away at a page shows in the log as at the API's door."""
    code = code_of(refused)
    if code and visit.door is not None:
        visit.site.turned_away.note(visit.door.path.removeprefix(ROOT) + "/", code)


def _sign_in_again(visit: Visit, refused: e.NotSignedIn) -> Response:
    """To the sign-in page, and back here afterwards, with what was typed."""
    assert visit.door is not None
    if visit.session:
        count_refusal(visit, refused)
    path = visit.same_page
    target = f"{visit.door.path}/sign-in?{urlencode({'next': path})}"
    if visit.part:
        return Response(status_code=200, headers={"hx-redirect": target})
    kept = visit.form.without("_token", "_language", NUMBER).encoded() if visit.posted and not visit.switching else ""
    # What another site's form holds was not typed here: nobody gets it back as what they typed.
    if kept and from_here(visit.request):
        return visit.draw("sign_in.html", 401, next=path, kept=kept, fault="", wait=0)
    return RedirectResponse(target, 303)


async def refusal(visit: Visit, refused: e.VaultError) -> Response:
    """A refusal as a page: in the words of its code, and no word of what it is about."""
    count_refusal(visit, refused)
    seconds = problems.seconds_left(refused, visit.site.services.filing_pace)
    # Logged under a number where it must be; the same status as the API's.
    answered = problems.vault_problem(refused, seconds)
    if visit.door is not None and visit.actor is None and answered.status_code != 503:
        try:
            await visit.who()
        except e.VaultError:
            visit.actor = None
    if isinstance(refused, e.StepUpNeeded):
        typed = visit.form.without("_language", "_token", NUMBER).pairs if visit.posted else ()
        return visit.draw("step_up.html", answered.status_code, typed=typed)
    if isinstance(refused, e.LogBeingFiled):
        far = {"filed": refused.filed, "whole": refused.filed + refused.unfiled, "minutes": -(-seconds // 60)}
        return visit.draw("being_filed.html", answered.status_code, again=visit.looked_at, **far)
    return visit.draw("refusal.html", answered.status_code, code=_told_as(refused.code, answered.status_code))


def _told_as(code: str, status: int) -> str:
    """The words for a refusal without its own: by what its status says to whoever asked."""
    if code in words.REFUSALS:
        return code
    if status >= 500:
        return "failed"
    return {401: "access_denied", 403: "access_denied", 404: "not_found", 409: "conflict"}.get(status, "invalid_input")
