"""Pages of the zones that receive: follow-up's sheets, a partner's referrals."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from gateway.api.casework import aware
from gateway.pages.site import Door, Visit
from vault.errors import InvalidInput, ProtocolMissing
from vault.ids import ReleaseId
from vault.usecases import received
from vault.vocabulary import Kind, Purpose, ZoneKind

PAGE: Final = 25


class ReceivedPages:
    """What was sealed to this zone: a list, and one of it."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.reception = door.gate.services.reception[door.zone]
        follow_up = door.zone.kind is ZoneKind.FOLLOW_UP
        self.kind = Kind.OUTCOME_SHEET if follow_up else Kind.REFERRAL
        self.purpose = Purpose.OQT_FOLLOW_UP if follow_up else Purpose.REFERRAL
        self.plural = "sheets" if follow_up else "referrals"

    async def home(self, visit: Visit) -> Response:
        """What was received, newest first."""
        rows, agreed = await self.listed(visit)
        when = "handed_over_at" if self.plural == "sheets" else "received_at"
        last = rows[-1][when] if len(rows) == PAGE else ""
        return visit.draw(
            "received.html", rows=rows, plural=self.plural, when=when, before=_text(last), owed=[], agreed=agreed
        )

    async def listed(self, visit: Visit) -> tuple[list[dict[str, Any]], bool]:
        """A page of what was received, and whether a protocol runs by which anything may be shown at all."""
        before = aware(moment_of(visit, "before"))
        try:
            rows = await visit.run(
                lambda uow, actor: received.list_received(
                    uow, actor, self.kind, self.purpose, self.reception, limit=PAGE, before=before
                )
            )
        except ProtocolMissing:
            return [], False
        return rows, True

    async def one(self, visit: Visit) -> Response:
        """One sheet or referral: exactly the fields that the release profile lists."""
        wanted = ReleaseId.parse(visit.place("release"))
        found: dict[str, Any] = await visit.run(
            lambda uow, actor: received.read_received(uow, actor, self.kind, self.purpose, wanted, self.reception)
        )
        fields = [(name, _text(value) if isinstance(value, datetime) else value) for name, value in found.items()]
        return visit.draw("received_one.html", fields=fields, plural=self.plural)


def moment_of(visit: Visit, name: str) -> datetime | None:
    """A moment of the address's query. Raises InvalidInput."""
    text = visit.asked(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput("the moment cannot be read", field=name) from None


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
