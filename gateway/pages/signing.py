"""Sign in, stay signed in, sign out, and another language where there is no form."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, RedirectResponse, Response

from gateway.auth.passkeys import bind, bound_of, new_bound, release, to_sign
from gateway.auth.passwords import PasswordChecker
from gateway.auth.sessions import clear_cookie, from_here, set_cookie
from gateway.gate import source_of
from gateway.pages.forms import Form
from gateway.pages.site import IDLE, ROOT, Door, Visit, count_refusal, form_token, keep_language
from vault.crypto.passkey import Assertion
from vault.errors import AccessDenied, InvalidInput, NotSignedIn, SignInRefused, SignInThrottled
from vault.ids import SessionId
from vault.unit_of_work import UnitOfWork
from vault.usecases import own_sessions, passkeys, recovery
from vault.usecases import sign_in as use

_LONGEST_LOGIN = 80
_LONGEST_PASSWORD = 256


class Signing:
    """One zone's door."""

    def __init__(self, door: Door, checker: PasswordChecker) -> None:
        self.door = door
        self.service = door.gate.services.sign_in[door.zone]
        self.worker = door.gate.services.worker
        self.checker = checker

    async def sessions(self, visit: Visit) -> Response:
        """Where one is signed in; signing out elsewhere."""
        clock = self.door.gate.services.clock
        if visit.saving:
            wanted = visit.form.text("session")
            if wanted:
                session = SessionId.parse(wanted)
                await visit.run(lambda uow, actor: own_sessions.end_one(uow, actor, session, clock))
            else:
                await visit.run(lambda uow, actor: own_sessions.end_others(uow, actor, clock))
            return visit.go("/sessions", done="session_ended")
        rows = await visit.run(lambda uow, actor: own_sessions.list_open(uow, actor, clock))
        return visit.draw("sessions.html", rows=rows)

    async def sign_in(self, visit: Visit) -> Response:
        """Password and code; back to where one was, with what one had typed there."""
        target = inside(self.door, visit.form.text("_next") or visit.asked("next"))
        kept = visit.form.text("_kept") if from_here(visit.request) else ""
        fault, wait = "", 0
        if visit.posted and not visit.switching:
            same_site(visit)
            visit.faults.by_field.clear()  # a token of the session that ended says nothing here
            try:
                if visit.form.text("elsewhere"):  # signed in beside this page, which holds what was typed
                    await visit.who()
                    return self._signed_in(visit, visit.session, target, kept)
                by_passkey = bool(visit.form.text("passkey"))
                token, told = await (self._by_passkey(visit) if by_passkey else self._by_password(visit))
                return self._signed_in(
                    visit, token, self._path("/my-sign-in?done=recovery_used") if told else target, kept
                )
            except SignInThrottled as refused:
                count_refusal(visit, refused)
                fault, wait = "throttled", refused.retry_after
            except SignInRefused:
                fault = "refused"
            except NotSignedIn:
                fault = "not_yet"
        status = 429 if wait else 401 if fault else 200
        return visit.draw("sign_in.html", status, next=target, kept=kept, fault=fault, wait=wait)

    async def _by_password(self, visit: Visit) -> tuple[str, bool]:
        """The new session's token, and whether a recovery code was used since the sign-in before."""
        zone, service, form = self.door.zone, self.service, visit.form
        login, password = form.text("login").strip().lower(), form.text("password")
        if not (0 < len(login) <= _LONGEST_LOGIN and login.isprintable() and 0 < len(password) <= _LONGEST_PASSWORD):
            raise SignInRefused("name, password or code is wrong")
        source = source_of(visit.request.scope)
        candidate = await self.worker.submit(zone, lambda uow: use.look_up(uow, login, source, service))
        stored = candidate.staff.password if candidate.staff is not None else None
        right = await self.checker.check(stored, password)
        code = form.text("code").replace(" ", "")

        def conclude(uow: UnitOfWork) -> tuple[str, bool]:
            token, session = use.conclude(uow, candidate, right, code, service)
            return token, bool(recovery.to_tell(uow, session))

        begun: tuple[str, bool] = await self.worker.submit(zone, conclude)
        return begun

    async def _by_passkey(self, visit: Visit) -> tuple[str, bool]:
        """The same with what an authenticator signed. What cannot be read is refused like what is wrong."""
        zone = self.door.zone
        source, desk = source_of(visit.request.scope), self.door.gate.services.passkeys[zone]
        bound = bound_of(visit.request, zone)
        try:
            assertion = Assertion.parse(visit.form.text("passkey"))
        except InvalidInput:
            raise SignInRefused("name, password or code is wrong") from None

        def conclude(uow: UnitOfWork) -> tuple[str, bool]:
            token, session = passkeys.sign_in(uow, assertion, bound, source, desk)
            return token, bool(recovery.to_tell(uow, session))

        begun: tuple[str, bool] = await self.worker.submit(zone, conclude)
        return begun

    def _signed_in(self, visit: Visit, token: str, target: str, kept: str) -> Response:
        response: Response
        if kept:
            values: dict[str, Any] = {"target": target, "kept": Form.decoded(kept).pairs, "token": form_token(token)}
            response = visit.draw("signed_in_again.html", **values)
        else:
            response = RedirectResponse(target, 303)
        set_cookie(response, self.door.zone, token, IDLE)
        release(response, self.door.zone)
        return response

    async def challenge(self, visit: Visit) -> Response:
        """What the browser is to ask of an authenticator; for this browser, and a few minutes. Nothing is written."""
        same_site(visit)
        desk, bound = self.door.gate.services.passkeys[self.door.zone], new_bound(self.service.entropy)
        response = JSONResponse(to_sign(passkeys.sign_in_challenge(bound, desk), desk.place()))
        bind(response, self.door.zone, bound)
        return response

    def _path(self, below: str) -> str:
        return self.door.path + below

    async def sign_out(self, visit: Visit) -> Response:
        if not visit.saving:
            return visit.go("/")
        try:
            clock = self.door.gate.services.clock
            await visit.run(lambda uow, actor: use.sign_out(uow, actor, clock))
        except NotSignedIn:
            pass  # ended already: what was wanted
        response = RedirectResponse(f"{self.door.path}/sign-in", 303)
        clear_cookie(response, self.door.zone)
        visit.actor = None
        return response

    async def stay(self, visit: Visit) -> Response:
        """Somebody is still there: the cookie lives on (the frame sets it again)."""
        await visit.who()
        return Response(status_code=204 if visit.saving else 403)


def inside(door: Door, wanted: str) -> str:
    """Where to go afterwards: a page of this zone and nothing else."""
    home = door.path + "/"
    fits = wanted.startswith(home) and wanted.isascii() and wanted.isprintable() and "//" not in wanted
    return wanted if fits and ".." not in wanted and "\\" not in wanted and len(wanted) <= 400 else home


def same_site(visit: Visit) -> None:
    """Nobody is signed in by another site's form. Raises AccessDenied."""
    if not from_here(visit.request):
        raise AccessDenied(reasons=("cross_site",))


async def choose_language(visit: Visit) -> Response:
    """On a page without a form: come back to it in another language."""
    if not visit.switching:
        raise InvalidInput("no such language", field="_language")
    target = visit.form.text("_return")
    inside = target.startswith(f"{ROOT}/") and target.isascii() and target.isprintable() and "//" not in target
    response = RedirectResponse(target if inside and "\\" not in target else f"{ROOT}/", 303)
    keep_language(response, visit.language)
    return response
