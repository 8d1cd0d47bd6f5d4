"""How one signs in oneself: passkeys and recovery codes. Whatever is added asks for password and code again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from gateway.auth.passkeys import to_make
from gateway.auth.passwords import PasswordChecker
from gateway.pages.site import Door, Visit
from vault.access.actor import Actor
from vault.errors import Conflict, InvalidInput, SignInRefused, SignInThrottled
from vault.ids import PasskeyId
from vault.unit_of_work import UnitOfWork
from vault.usecases import passkeys, recovery
from vault.usecases import sign_in as use
from vault.usecases.passkeys import NewPasskey, Proof

_LONGEST_PASSWORD = 256
Proved = Callable[[UnitOfWork, Actor, Proof], Any]


class OwnSignIn:
    """One zone's page 'My sign-in'."""

    def __init__(self, door: Door, checker: PasswordChecker) -> None:
        self.door = door
        self.service = door.gate.services.sign_in[door.zone]
        self.checker = checker

    @property
    def desk(self) -> passkeys.PasskeyDesk:
        return self.door.gate.services.passkeys[self.door.zone]

    async def page(self, visit: Visit) -> Response:
        """Look, add a passkey, make new codes, revoke."""
        act, codes = visit.form.text("act"), None
        if visit.saving and act == "revoke":
            wanted = PasskeyId.parse(visit.form.text("revoke"))
            desk = self.desk
            await visit.run(lambda uow, actor: passkeys.revoke_own(uow, actor, wanted, desk))
            return visit.go("/my-sign-in", done="passkey_revoked")
        if visit.saving and act == "enrol":
            new, desk = NewPasskey(visit.form.text("name"), visit.form.text("passkey")), self.desk
            if await self._proved(visit, lambda uow, actor, proof: passkeys.enrol(uow, actor, proof, new, desk)):
                return visit.go("/my-sign-in", done="passkey_added")
        elif visit.saving and act == "codes":
            codes = await self._proved(
                visit, lambda uow, actor, proof: recovery.make_codes(uow, actor, proof, self.service)
            )
        elif visit.saving:
            visit.faults.add("password", "no_button")

        def own(uow: UnitOfWork, actor: Actor) -> tuple[Any, ...]:
            login = uow.staff.by_ids([actor.id])[actor.id].login
            return login, passkeys.list_own(uow, actor, self.desk), recovery.standing(uow, actor)

        login, rows, standing = await visit.run(own)
        return visit.draw("own_sign_in.html", login=login, rows=rows, recovery=standing, codes=codes)

    async def challenge(self, visit: Visit) -> Response:
        """What the browser is to ask of the authenticator, for this session."""
        if not visit.saving:
            return Response(status_code=403)
        desk = self.desk

        def options(uow: UnitOfWork, actor: Actor) -> dict[str, Any]:
            staff = uow.staff.by_ids([actor.id])[actor.id]
            held = [row.credential for row in uow.passkeys.of(actor.id)]
            asked = passkeys.enrolment_challenge(actor, desk)
            user = self.service.user_handle(actor.id)
            return to_make(asked, desk.place(), user, staff.login, staff.display_name, held)

        return JSONResponse(await visit.run(options))

    async def _proved(self, visit: Visit, work: Proved) -> Any:
        """Do it as somebody who has just proved password and code; None, with the fault told, where that failed."""
        service = self.service
        password, code = visit.form.text("password"), visit.form.text("code")
        if not 0 < len(password) <= _LONGEST_PASSWORD:
            visit.faults.add("password", "missing")
            return None
        try:
            candidate = await visit.run(lambda uow, actor: use.look_up_own(uow, actor, service))
            assert candidate.staff is not None
            right = await self.checker.check(candidate.staff.password, password)
            proof = Proof(candidate, right, code)
            return await visit.run(lambda uow, actor: work(uow, actor, proof))
        except SignInThrottled:
            visit.faults.add("password", "sign_in_throttled")
        except SignInRefused:
            visit.faults.add("password", "sign_in_refused")
        except InvalidInput as refused:
            visit.faults.add(refused.field or "form", "passkey" if refused.field == "passkey" else "unusable")
        except Conflict:
            visit.faults.add("form", "passkey")
        return None
