"""Colleagues' passkeys, for auditors and the data protection officer: vouch for one, revoke one."""

from __future__ import annotations

from starlette.responses import Response

from gateway.pages.site import Door, Visit
from vault.errors import NotFound
from vault.ids import PasskeyId
from vault.usecases import passkeys


class VouchingPages:
    """Those that wait come first."""

    def __init__(self, door: Door) -> None:
        self.door = door

    async def passkeys(self, visit: Visit) -> Response:
        desk = self.door.gate.services.passkeys[self.door.zone]
        if visit.saving:
            act = visit.form.text("act")
            wanted = PasskeyId.parse(visit.form.text("passkey"))
            if act not in {"countersign", "revoke"}:
                raise NotFound("no such page")
            work = passkeys.countersign if act == "countersign" else passkeys.revoke
            if await visit.attempt(lambda uow, actor: work(uow, actor, wanted, desk)) is not None:
                return visit.go("/passkeys", done=f"passkey_{'revoked' if act == 'revoke' else 'countersigned'}")
        rows = await visit.run(lambda uow, actor: passkeys.list_enrolled(uow, actor, desk), quick=False)
        return visit.draw("passkeys.html", rows=rows)
