"""A partner's pages: referrals and answers to them, what was taken back, receipts; and oversight's watch on these."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from gateway.api.casework import aware
from gateway.pages.receiving import PAGE, ReceivedPages, moment_of
from gateway.pages.site import Door, Visit
from vault.cases.referrals import AnswerStatus, ReceiptOutcome
from vault.errors import ConfigurationError, Conflict, NotFound
from vault.ids import ReleaseId
from vault.usecases import answers, received, withdrawals

#: Withdrawals that a page looks through for one; the newest are the ones that wait.
_LOOKED_THROUGH: Final = withdrawals.LIST_LIMIT


class PartnerPages(ReceivedPages):
    """One referral in hand: what was agreed to, an answer, a receipt once it was taken back."""

    async def home(self, visit: Visit) -> Response:
        """Receipts that are owed first, then the referrals, the newest first."""
        rows, agreed = await self.listed(visit)
        ended = await visit.run(
            lambda uow, actor: withdrawals.list_addressed(uow, actor, self.reception, limit=_LOOKED_THROUGH),
            quick=False,
        )
        last = rows[-1]["received_at"] if len(rows) == PAGE else ""
        return visit.draw(
            "received.html", rows=rows, plural=self.plural, when="received_at", before=_text(last),
            owed=[row for row in ended if row["receipt"] is None], agreed=agreed,
        )  # fmt: skip

    async def one(self, visit: Visit) -> Response:
        """What the person agreed to, and the answer to it. Once taken back, it is answered like one that never was."""
        wanted = ReleaseId.parse(visit.place("release"))
        if visit.saving and await self._answered(visit, wanted):
            return visit.go(f"/referrals/{wanted.hex()}", done="answer_sent")
        found: dict[str, Any] = await visit.run(
            lambda uow, actor: received.read_received(uow, actor, self.kind, self.purpose, wanted, self.reception)
        )
        fields = [(name, _text(value) if isinstance(value, datetime) else value) for name, value in found.items()]
        values = {name: visit.form.text(name) for name in ("status", "message")}
        return visit.draw("received_one.html", fields=fields, plural=self.plural, values=values)

    async def _answered(self, visit: Visit, wanted: ReleaseId) -> bool:
        status, message = visit.form.text("status"), visit.form.text("message")
        if status not in set(AnswerStatus):
            visit.faults.add("status", "missing")
        elif status == AnswerStatus.ANSWERED.value and not message.strip():
            visit.faults.add("message", "missing")
        if visit.faults:
            return False
        reply = await visit.attempt(
            lambda uow, actor: answers.give_answer(uow, actor, wanted, AnswerStatus(status), message, self.reception),
            quick=False, main="message",
        )  # fmt: skip
        return reply is not None

    async def withdrawals(self, visit: Visit) -> Response:
        """What was taken back, the newest first."""
        before = aware(moment_of(visit, "before"))
        rows = await visit.run(
            lambda uow, actor: withdrawals.list_addressed(uow, actor, self.reception, limit=PAGE, before=before),
            quick=False,
        )
        return visit.draw("withdrawals.html", rows=rows, watched=False, overdue=False, before=_last(rows))

    async def receipt(self, visit: Visit) -> Response:
        """Say what became of the copies; once."""
        wanted = ReleaseId.parse(visit.place("release"))
        if visit.saving:
            outcome = visit.form.text("outcome")
            if outcome not in set(ReceiptOutcome):
                visit.faults.add("outcome", "missing")
            elif await self._confirmed(visit, wanted, ReceiptOutcome(outcome)):
                return visit.go("/withdrawals", done="receipt")
        rows = await visit.run(
            lambda uow, actor: withdrawals.list_addressed(uow, actor, self.reception, limit=_LOOKED_THROUGH),
            quick=False,
        )
        row = next((row for row in rows if row["release"] == wanted.hex()), None)
        if row is None:
            raise NotFound("no such item, or not for you")
        return visit.draw("receipt.html", row=row, chosen=visit.form.text("outcome"), outcomes=tuple(ReceiptOutcome))

    async def _confirmed(self, visit: Visit, wanted: ReleaseId, outcome: ReceiptOutcome) -> bool:
        try:
            reply = await visit.attempt(
                lambda uow, actor: withdrawals.give_receipt(uow, actor, wanted, outcome, self.reception)
            )
        except Conflict:
            visit.faults.add("form", "conflict")
            return False
        return reply is not None


class WatchPages:
    """Which partners owe a receipt, for the data protection officer."""

    def __init__(self, door: Door) -> None:
        services = door.gate.services
        if services.oversight is None:
            raise ConfigurationError("this process has no oversight keys")
        self.oversight, self.correspondence = services.oversight, services.correspondence[door.zone]

    async def withdrawals(self, visit: Visit) -> Response:
        """Withdrawals by every partner, by its own pseudonyms: those whose receipt is overdue, or all."""
        overdue, before = not visit.asked("all"), aware(moment_of(visit, "before"))
        rows = await visit.run(
            lambda uow, actor: withdrawals.list_watched(
                uow, actor, self.oversight, self.correspondence, overdue=overdue, limit=PAGE, before=before
            ),
            quick=False,
        )
        return visit.draw("withdrawals.html", rows=rows, watched=True, overdue=overdue, before=_last(rows))


def _last(rows: list[Any]) -> str:
    return str(rows[-1]["withdrawn_at"]) if len(rows) == PAGE else ""


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
