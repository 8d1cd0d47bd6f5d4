"""The approvers' pages of gated access: what waits for a regional head or the data protection officer, and the answer.

Names of fields are shown, never what stands in them: no page here opens an identity or a contact sheet.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from gateway.auth.passkeys import to_sign
from gateway.pages.forms import Form
from gateway.pages.site import Door, Visit
from vault.access.actor import Actor
from vault.cases.access_requests import ANSWERABLE, Doubt, Manner, Refusal, Revocation, Standing
from vault.cases.exceptions import NoticeStanding
from vault.crypto.passkey import Assertion
from vault.errors import ConfigurationError, Conflict, InvalidInput, NotFound, StaleVersion
from vault.ids import ReleaseId, RequestId
from vault.unit_of_work import UnitOfWork
from vault.usecases import answering, ceremony, disclosing, granting
from vault.usecases.answering import AnsweringDesk, desk_of
from vault.vocabulary import CASEWORK, Role

_SHOWN: Final = 50
_WAITING: Final = frozenset(stand.value for stand in ANSWERABLE)
#: Something is still to be done about these: a ceremony that was begun waits for its second share.
_PENDING: Final = _WAITING | {Standing.BEGUN.value}


#: Which button lets what was approved go, by the manner of the request.
_GOES_BY: Final = {
    Manner.GRANT.value: "let_go",
    Manner.CEREMONY.value: "begin",
    Manner.EXCEPTION.value: "disclose",
}


class AnsweringPages:
    """The queue, and one request with all its answers."""

    def __init__(self, door: Door) -> None:
        services = door.gate.services
        if door.zone not in services.access:
            raise ConfigurationError("this process has no keys to answer with")
        self.door = door
        self.office = services.access[door.zone]
        self.sender = services.sender

    @property
    def desk(self) -> AnsweringDesk:
        services = self.door.gate.services
        return desk_of(self.office, services.casework, services.passkeys[self.door.zone])

    async def queue(self, visit: Visit) -> Response:
        """Requests before this approver: those that wait first, those due soon marked."""
        rows = await visit.run(
            lambda uow, actor: answering.list_before(uow, actor, self.desk, limit=_SHOWN), quick=False
        )
        rows = [row | {"next": next_acts(row, casework=self.desk.casework is not None)} for row in rows]
        waiting = [row for row in rows if row["standing"] in _PENDING or row["next"]]
        return visit.draw(
            "access_queue.html", waiting=waiting[::-1], over=[row for row in rows if row not in waiting],
            known=self.desk.casework is not None,
        )  # fmt: skip

    async def one(self, visit: Visit) -> Response:
        """One request, and what can be answered to it."""
        wanted = RequestId.parse(visit.place("number"))
        if visit.saving:
            try:
                done = await self._act(visit, wanted)
            except StaleVersion:
                visit.faults.add("form", "conflict")
                done = ""
            if done:
                return visit.go(f"/requests/{wanted.hex()}", done=done)
        found = await visit.run(lambda uow, actor: answering.read_request(uow, actor, wanted, self.desk), quick=False)
        role = visit.actor.role if visit.actor is not None else Role.REGIONAL_HEAD
        return visit.draw(
            "access_request.html", found=found, chosen=visit.form.all("fields"), form_reason=visit.form.text("reason"),
            signed=self.office.rules.signed or found["manner"] != Manner.GRANT.value,
            bases={**self.office.rules.bases, **{c: b.text for c, b in self.office.exceptions.bases.items()}},
            grounds=self.office.exceptions.grounds, next=_leads_on(found, casework=self.desk.casework is not None),
            able=_able(found, role, casework=self.desk.casework is not None),
        )  # fmt: skip

    async def to_sign(self, visit: Visit) -> Response:
        """What the approver's authenticator is to sign: over the stored form and the ticked fields."""
        wanted, fields, based_on = (
            RequestId.parse(visit.place("number")),
            visit.form.all("fields"),
            _version(visit.form),
        )
        if not visit.saving or not fields:
            return Response(status_code=422)
        try:
            asked = await visit.run(
                lambda uow, actor: answering.prepare(uow, actor, wanted, self.desk, based_on=based_on, fields=fields),
                quick=False,
            )
        except (InvalidInput, Conflict):
            return Response(status_code=422)  # the page says what is wrong once the form is sent
        place = self.door.gate.services.passkeys[self.door.zone].place()
        options = to_sign(asked.challenge, place, asked.credentials)
        return JSONResponse(options | {"signed_at": asked.signed_at.isoformat()})

    async def _act(self, visit: Visit, wanted: RequestId) -> str:
        """Do what the pressed button says. Returns what was done; "" where it was refused."""
        act, based_on = visit.form.text("act"), _version(visit.form)
        if act == "let_go":
            return await self._let_go(visit, wanted)
        if act == "take_back":
            return await self._take_back(visit)
        if act == "begin":
            return await self._begin(visit, wanted)
        if act == "open":
            return await self._open(visit)
        if act == "end":
            return await self._end(visit)
        if act == "disclose":
            return await self._disclose(visit, wanted)
        if act == "acknowledge" and self.desk.casework is None:
            work = partial(_acknowledged, request=wanted, desk=self.desk)
            return "acknowledged" if await visit.attempt(work, quick=False) is not None else ""
        work = self._work(visit, act, wanted, based_on)
        if work is None or await visit.attempt(work, quick=False) is None:
            return ""
        return "answered"

    def _work(self, visit: Visit, act: str, wanted: RequestId, based_on: int) -> Any:
        """The use case behind a button; None, with the fault told, where something must be chosen first."""
        form, desk = visit.form, self.desk
        if act == "approve":
            if not (fields := form.all("fields")):
                visit.faults.add("fields", "missing")
                return None
            return lambda uow, actor: answering.approve(uow, actor, wanted, desk, based_on=based_on, fields=fields)
        if act == "sign":
            return self._signed(visit, wanted, based_on)
        if act == "refuse":
            if (code := form.text("reason")) not in set(Refusal):
                visit.faults.add("reason", "missing")
                return None
            return lambda uow, actor: answering.refuse(uow, actor, wanted, desk, Refusal(code), based_on=based_on)
        if act == "ask":
            if (code := form.text("question")) not in set(Doubt):
                visit.faults.add("question", "missing")
                return None
            return lambda uow, actor: answering.ask_back(uow, actor, wanted, desk, Doubt(code), based_on=based_on)
        if act == "delegate" and self.door.zone == CASEWORK:
            if not (login := form.text("login").strip()[:64]):
                visit.faults.add("login", "missing")
                return None
            return lambda uow, actor: answering.delegate(uow, actor, wanted, desk, login, based_on=based_on)
        raise NotFound("no such page")

    def _signed(self, visit: Visit, wanted: RequestId, based_on: int) -> Any:
        """An approval with what the authenticator signed."""
        fields, desk = visit.form.all("fields"), self.desk
        if not fields:
            visit.faults.add("fields", "missing")
            return None
        try:
            assertion = Assertion.parse(visit.form.text("passkey"))
            signed_at = datetime.fromisoformat(visit.form.text("signed_at"))
        except (InvalidInput, ValueError):
            signed_at = None
        if signed_at is None or signed_at.utcoffset() is None:
            visit.faults.add("passkey", "unsigned")
            return None
        return lambda uow, actor: answering.approve_by_passkey(
            uow, actor, wanted, desk, based_on=based_on, fields=fields, assertion=assertion, signed_at=signed_at
        )

    async def _let_go(self, visit: Visit, wanted: RequestId) -> str:
        sender = self.sender
        if sender is None:
            raise NotFound("no such page")
        leave = await visit.attempt(lambda uow, actor: granting.authorise(uow, actor, wanted, self.desk), quick=False)
        if leave is None:
            return ""
        given = await visit.attempt(
            lambda uow, actor: granting.grant(uow, actor, leave, self.desk, sender), quick=False
        )
        return "let_go" if given is not None else ""

    async def _take_back(self, visit: Visit) -> str:
        code, exception = visit.form.text("cause"), visit.form.text("manner") == Manner.EXCEPTION.value
        if self.desk.casework is None and not exception:
            raise NotFound("no such page")
        if code not in set(Revocation):
            visit.faults.add("cause", "missing")
            return ""
        release = ReleaseId.parse(visit.form.text("grant"))
        revoke = granting.revoke
        if exception:
            revoke = disclosing.revoke if self.desk.casework is not None else disclosing.stop
        reply = await visit.attempt(
            lambda uow, actor: revoke(uow, actor, release, Revocation(code), self.desk), quick=False
        )
        if reply is None:
            return ""
        services = self.door.gate.services
        casework = services.casework
        if casework is not None:  # in one process with it; else its sweep finds it
            await services.worker.submit(CASEWORK, lambda uow: granting.destroy_keys(uow, casework), quick=False)
        return "exception_taken_back" if exception else "taken_back"

    async def _disclose(self, visit: Visit, wanted: RequestId) -> str:
        sender = self.sender
        if sender is None or self.desk.casework is None:
            raise NotFound("no such page")
        leave = await visit.attempt(lambda uow, actor: disclosing.authorise(uow, actor, wanted, self.desk), quick=False)
        if leave is None:
            return ""
        given = await visit.attempt(
            lambda uow, actor: disclosing.disclose(uow, actor, leave, self.desk, sender), quick=False
        )
        return "disclosed" if given is not None else ""

    # -- ceremonies: no signature is needed for these acts, so they go by page

    async def _begin(self, visit: Visit, wanted: RequestId) -> str:
        sender = self.sender
        if sender is None:
            raise NotFound("no such page")
        leave = await visit.attempt(
            lambda uow, actor: ceremony.authorise_beginning(uow, actor, wanted, self.desk), quick=False
        )
        if leave is None:
            return ""
        given = await visit.attempt(
            lambda uow, actor: ceremony.begin(uow, actor, leave, self.desk, sender), quick=False
        )
        return "begun" if given is not None else ""

    async def _open(self, visit: Visit) -> str:
        if self.desk.casework is not None or self.door.zone == CASEWORK:
            raise NotFound("no such page")
        release = ReleaseId.parse(visit.form.text("grant"))
        leave = await visit.attempt(
            lambda uow, actor: ceremony.authorise_opening(uow, actor, release, self.desk), quick=False
        )
        if leave is None:
            return ""
        given = await visit.attempt(lambda uow, actor: ceremony.let_go(uow, actor, leave, self.desk), quick=False)
        return "share_let_go" if given is not None else ""

    async def _end(self, visit: Visit) -> str:
        code = visit.form.text("cause")
        if code not in set(Revocation):
            visit.faults.add("cause", "missing")
            return ""
        release = ReleaseId.parse(visit.form.text("grant"))
        reply = await visit.attempt(
            lambda uow, actor: ceremony.end(uow, actor, release, Revocation(code), self.desk), quick=False
        )
        if reply is None:
            return ""
        services = self.door.gate.services
        casework = services.casework
        if casework is not None:
            await services.worker.submit(CASEWORK, lambda uow: ceremony.destroy_keys(uow, casework), quick=False)
        return "ceremony_ended"


def _acknowledged(uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk) -> dict[str, Any]:
    return answering.acknowledge(uow, actor, request, desk)


def _version(form: Form) -> int:
    version = form.text("based_on")
    return int(version) if version.isascii() and version.isdigit() and len(version) < 6 else 0


def next_acts(row: dict[str, Any], *, casework: bool) -> list[str]:
    """What of a lawful exception waits for this function, beside its signature: to be sent, noted, told."""
    if row["manner"] != Manner.EXCEPTION.value:
        return []
    if not casework:
        return ["acknowledge"] if row["acknowledge"] else []
    tell = {NoticeStanding.DUE.value: ["tell"], NoticeStanding.OVERDUE.value: ["late"]}
    sent = ["disclose"] if row["standing"] == Standing.READY.value else []
    return sent + tell.get(row["notice"] or "", [])


def _leads_on(found: dict[str, Any], *, casework: bool) -> list[str]:
    """The same on the page of one, where what lives can also be taken back."""
    acts = ["tell" if act == "late" else act for act in next_acts(found, casework=casework)]
    live = found["manner"] == Manner.EXCEPTION.value and found["standing"] == Standing.GRANTED.value
    return acts + (["take_back"] if live else [])


def _able(found: dict[str, Any], role: Role, *, casework: bool) -> frozenset[str]:
    """Which forms the page offers; the use cases decide again."""
    standing, forms = found["standing"], set()
    if standing in _WAITING:
        forms |= {"refuse"} | ({"delegate"} if casework else set())
        if standing != Standing.ASKED_BACK.value:
            forms |= {"ask"} | ({"approve"} if role.value in found["missing"] else set())
    by_ceremony = found["manner"] == Manner.CEREMONY.value
    if casework and standing == Standing.READY.value and found["reference"] is not None:
        forms.add(_GOES_BY[found["manner"]])
    if found["acknowledge"] and not casework:
        forms.add("acknowledge")
    if by_ceremony and standing == Standing.BEGUN.value and not casework:
        forms.add("open")
    if by_ceremony and standing in (Standing.BEGUN.value, Standing.GRANTED.value):
        forms.add("end")
    elif standing == Standing.GRANTED.value and (casework or found["manner"] == Manner.EXCEPTION.value):
        forms.add("take_back")
    return frozenset(forms)
