"""To the office's identity provider and back: for signing in, and for proving anew who one is before a release.

What a browser must bring back lies in a cookie of its own: `Lax`, because the provider's page sends the browser here,
for ten minutes, and taken away with the first return. The session's cookie is `Strict`: a page of ours, not a redirect
of the provider's, leads on, so that the browser sends it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from orjson import dumps, loads
from starlette.responses import RedirectResponse, Response

from gateway.auth.oidc import Provider, Started
from gateway.auth.sessions import set_cookie
from gateway.gate import source_of
from gateway.pages.signing import inside, same_site
from gateway.pages.site import IDLE, Door, Visit, count_refusal
from gateway.settings import slug
from vault.errors import ConfigurationError, NotFound, ProviderUnavailable, SignInRefused, SignInThrottled
from vault.unit_of_work import UnitOfWork
from vault.usecases import federated, recovery
from vault.usecases import sign_in as use

_LASTS: Final = 600
_SIGN_IN: Final = "sign_in"
_STEP_UP: Final = "step_up"


class FederatedPages:
    """One zone's way to its provider. Without one these pages are not there."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.service = door.gate.services.sign_in[door.zone]
        self.worker = door.gate.services.worker
        self._cookie = f"__Host-parefeu-provider-{slug(door.zone)}"

    async def begin(self, visit: Visit) -> Response:
        """To the provider, to sign in."""
        return await self._leave(visit, _SIGN_IN)

    async def step_up(self, visit: Visit) -> Response:
        """To the provider, to prove anew who one is."""
        await visit.who()
        return await self._leave(visit, _STEP_UP)

    async def done(self, visit: Visit) -> Response:
        """Proved beside the page that asked for it."""
        await visit.who()
        return visit.draw("provider_done.html")

    async def back(self, visit: Visit) -> Response:
        """From the provider. A refusal says no more than that it is one; the log says why.

        The provider's page sent the browser here, so it kept the session's cookie back: a page of ours asks again.
        """
        provider = self._provider()
        if not visit.asked("here"):
            return visit.draw(
                "provider_return.html", onward=f"{visit.request.url.path}?{visit.request.url.query}&here=1"
            )
        answer = {name: visit.request.query_params.get(name, "") for name in ("state", "code", "error", "iss")}
        claimed: federated.Claimed | None = None
        try:
            source = source_of(visit.request.scope)
            await self.worker.submit(self.door.zone, lambda uow: use.throttle(uow, "", source, self.service))
            started, target, what = self._taken(visit)
            answer = {name: value for name, value in answer.items() if value}
            claimed = await provider.conclude(started, answer, self._return(), step_up=what == _STEP_UP)
            if what == _STEP_UP:
                await self._stepped_up(visit, claimed)
                response: Response = RedirectResponse(target, 303)
            else:
                response = await self._signed_in(visit, claimed, target)
        except SignInRefused as refused:
            response = await self._refused(visit, refused, claimed)
        except SignInThrottled as refused:
            count_refusal(visit, refused)
            response = visit.draw("provider_refused.html", 429, code="throttled")
        except ProviderUnavailable as refused:
            response = self._unavailable(visit, refused)
        response.delete_cookie(self._cookie, path="/", secure=True, httponly=True, samesite="lax")
        return response

    async def _leave(self, visit: Visit, what: str) -> Response:
        same_site(visit)
        started = Started.new(self.service.entropy)
        try:
            url = await self._provider().address(started, self._return(), step_up=what == _STEP_UP)
        except ProviderUnavailable as refused:
            return self._unavailable(visit, refused)
        target = inside(self.door, visit.asked("next"))
        response = RedirectResponse(url, 303)
        content = dumps([started.state, started.nonce, started.verifier, target, what]).hex()
        response.set_cookie(self._cookie, content, max_age=_LASTS, path="/", secure=True, httponly=True, samesite="lax")
        return response

    def _taken(self, visit: Visit) -> tuple[Started, str, str]:
        """What this browser was given to bring back. Raises SignInRefused for nothing that can be read."""
        try:
            parts = loads(bytes.fromhex(visit.request.cookies.get(self._cookie, "")))
            state, nonce, verifier, target, what = (str(part) for part in parts)
        except (ValueError, TypeError):
            raise SignInRefused("begin again", noted="other_browser") from None
        return Started(state, nonce, verifier), inside(self.door, target), what

    async def _signed_in(self, visit: Visit, claimed: federated.Claimed, target: str) -> Response:
        source = source_of(visit.request.scope)

        def enter(uow: UnitOfWork) -> tuple[str, bool]:
            begun = federated.sign_in(uow, claimed, source, self.service)
            return begun.token, bool(recovery.to_tell(uow, begun.session))

        token, told = await self.worker.submit(self.door.zone, enter)
        response = RedirectResponse(f"{self.door.path}/my-sign-in?done=recovery_used" if told else target, 303)
        set_cookie(response, self.door.zone, token, IDLE)
        return response

    async def _stepped_up(self, visit: Visit, claimed: federated.Claimed) -> None:
        lasts = timedelta(minutes=self._provider().rules.step_up_minutes)
        await visit.run(lambda uow, actor: federated.step_up(uow, actor, claimed, lasts, self.service))

    def _provider(self) -> Provider:
        found = self.door.gate.services.providers.get(self.door.zone)
        if found is None:
            raise NotFound("no such page")
        return found

    def _return(self) -> str:
        """The address that the provider sends browsers to: told to it beforehand, never taken from a request."""
        origin = self.door.gate.services.passkeys[self.door.zone].origin
        if origin is None:
            raise ConfigurationError("an identity provider needs PAREFEU_PUBLIC_URL: where it sends browsers back to")
        return f"{origin.text}{self.door.path}/sign-in/return"

    async def _refused(self, visit: Visit, refused: SignInRefused, claimed: federated.Claimed | None) -> Response:
        source, noted = source_of(visit.request.scope), refused.noted
        await self.worker.submit(
            self.door.zone,
            lambda uow: use.refuse(
                uow, federated.candidate_of(uow, claimed, source, self.service), self.service, f"provider_{noted}"
            ),
        )
        return visit.draw("provider_refused.html", 401, code="refused")

    def _unavailable(self, visit: Visit, refused: ProviderUnavailable) -> Response:
        count_refusal(visit, refused)
        return visit.draw("provider_refused.html", 503, code="unavailable")
