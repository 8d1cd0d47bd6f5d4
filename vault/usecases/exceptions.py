"""Lawful exceptions in casework: file one, see those of a case, write down that the person was told.

An exception is a request for access that casework files itself (`Manner.EXCEPTION`): its approvers, their signatures
and questions are `answering`'s; what leaves, and to whom, is `disclosing`'s. Whoever files it does not approve it.

    filed = file(uow, coach, File(case, "court_order", recipient, ("family_name",), "…", 72), desk)
    list_of_case(uow, coach, case, desk)
    record_notice(uow, coach, case, request, desk)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.shaping import shape
from vault.asking import RequestRow, TakenRequest
from vault.cases.access_requests import (
    SALT_BYTES,
    AccessForm,
    Act,
    Answer,
    Designation,
    Manner,
    Naming,
    Standing,
    standing,
)
from vault.cases.calendar import belgian_day
from vault.cases.exceptions import ITEM_FIELDS, Silence, kind_of, parse_items
from vault.cases.model import LANGUAGES, Case
from vault.errors import BudgetSpent, Conflict, InvalidInput, NotFound
from vault.ids import CaseId, RecordId, RequestId
from vault.unit_of_work import UnitOfWork
from vault.usecases.answering import AnsweringDesk
from vault.usecases.asking import exceptional, given_upon, grant_standing, parse_reason
from vault.usecases.casework import Casework, Values, existing, reference, relation
from vault.usecases.free_text import open_names, with_stand_ins
from vault.usecases.granting import in_casework, remark
from vault.vocabulary import CASEWORK, Action, Facts, Kind, Purpose, Zone

#: Exceptions that a list of one case shows. A case has none, or one.
LIST_LIMIT: Final = 50
_ADMIN: Final = Purpose.CASE_ADMINISTRATION


@dataclass(frozen=True, slots=True, repr=False)
class File:
    """items: fields, or facts as KIND:NUMBER. reason: approvers read it; it names nobody. hours: how long it opens.

    silence: where the person must not be told yet.
    """

    case: CaseId
    basis: str
    recipient: Zone
    items: Sequence[str]
    reason: str
    hours: int
    silence: Silence | None = None


def file(uow: UnitOfWork, actor: Actor, cmd: File, desk: AnsweringDesk) -> Values:
    """File one. Nothing leaves, and nothing of the items is opened.

    Raises NotFound, InvalidInput for what the office's file does not list, items that the case has not or a reason that
    names somebody, BudgetSpent.
    """
    casework, office = in_casework(desk), desk.office
    rules, now = office.exceptions, office.clock.now()
    items, reason = parse_items(cmd.items), parse_reason(cmd.reason)
    request, case = RequestId(office.entropy.bytes(16)), uow.cases.get(cmd.case)
    # First whether this person may: what the office's file lists is told to nobody else, and the attempt is an entry.
    # Its remark keeps the entry from the person's report, also where nothing comes of it, upon a listed ground alone.
    silent = cmd.silence if rules.lets_be_silent(cmd.silence, belgian_day(now)) else None
    permit = casework.ask(
        uow, actor, Action.CREATE, Kind.DISCLOSURE, case, purpose=_ADMIN, asked=request.hex(), reason=reason,
        outcome="filed" + remark(silent), count=len(items), config=rules.digest.hex(),
    )  # fmt: skip
    case = existing(case)
    rules.check(cmd.basis, cmd.recipient)
    rules.check_silence(cmd.silence, belgian_day(now))
    rules.check_hours(cmd.hours)
    _check_items(uow, case, items)
    _check_reason(uow, permit, case, reason, casework)
    about = Designation(Naming.REFERENCE, reference(case.id), office.entropy.bytes(SALT_BYTES))
    form = AccessForm(
        request, 1, actor.id, actor.name, office.zone, items, Purpose.LEGAL_OBLIGATION, cmd.basis, reason, cmd.hours,
        now, office.guard.policy_digest, rules.digest, about.mark(request), Manner.EXCEPTION, 0, cmd.recipient,
        cmd.silence,
    )  # fmt: skip
    day = belgian_day(now)
    filed, number = uow.requests.of_day(actor.id, office.zone, day)
    if filed >= rules.per_day:
        raise BudgetSpent(f"one person files at most {rules.per_day} exceptions a day")
    row = RequestRow(request, office.zone, actor.id, day, number, now, now + rules.answer_within)
    uow.requests.add(row, permit.entry)
    office.send(uow, permit, form, about)
    uow.requests.take(TakenRequest(request, case.id), now, permit.entry)
    return _receipt(permit, row, Standing.OPEN)


def list_of_case(uow: UnitOfWork, actor: Actor, case_id: CaseId, desk: AnsweringDesk) -> list[Values]:
    """Those of one case, newest first: how each stands, and whether the person was told. Raises NotFound."""
    casework, office = in_casework(desk), desk.office
    case = uow.cases.get(case_id)
    rows = uow.requests.of_case(case_id, CASEWORK, LIST_LIMIT)
    permit = casework.ask(
        uow, actor, Action.LIST, Kind.DISCLOSURE, case, purpose=_ADMIN, asked=case_id.hex(), count=len(rows),
        config=office.exceptions.digest.hex(),
    )  # fmt: skip
    grants = given_upon(uow, [row.id for row in rows])
    return [shape(permit.profile, _line(uow, permit, row, grants.get(row.id), desk)) for row in rows]


def record_notice(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, request: RequestId, desk: AnsweringDesk
) -> Values:  # fmt: skip
    """Write down that the person was told what left, to whom and upon which basis.

    Raises NotFound, Conflict for one that has not left, was told already, or whose notice is forbidden yet.
    """
    casework, office = in_casework(desk), desk.office
    case, taken, row = uow.cases.get(case_id), uow.requests.taken(request), uow.requests.get(request)
    theirs = row is not None and row.zone == CASEWORK and taken is not None and taken.case == case_id
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.DISCLOSURE, case, purpose=_ADMIN, asked=request.hex(),
        facts=relation(actor, case) if theirs else Facts(), outcome=Act.NOTIFIED.value,
        config=office.exceptions.digest.hex(),
    )  # fmt: skip
    if row is None:
        raise NotFound("no such item, or not for you")
    form, answers = office.open(uow, permit, request).form, office.answers(uow, request)
    told = exceptional(form, answers, given_upon(uow, [request]).get(request), office)
    if told["notice"] is None:
        raise Conflict("nothing has left upon this: there is nothing to be told")
    if told["notice"] not in ("due", "overdue"):
        raise Conflict("the person was told already, or must not be told yet")
    office.answer(uow, permit, form, Act.NOTIFIED, actor.role, actor.id)
    return _receipt(permit, row, Standing.GRANTED)


# -- parts -------------------------------------------------------------------------------------------


def _check_items(uow: UnitOfWork, case: Case, items: Sequence[str]) -> None:
    """Raises InvalidInput for a fact that is none of this case."""
    for item in items:
        if item not in ITEM_FIELDS:
            record = uow.records.head(RecordId.parse(item.partition(":")[2]))
            if record is None or record.case != case.id or record.kind is not kind_of(item):
                raise InvalidInput("an item is none of this case's", field="items")


def _check_reason(uow: UnitOfWork, permit: Permit, case: Case, reason: str, casework: Casework) -> None:
    """Raises InvalidInput: one of the approvers does not learn whom it is about."""
    names = open_names(uow, permit, case.id, casework)
    language = case.language if case.language in LANGUAGES else LANGUAGES[0]
    replaced, _ = with_stand_ins({"reason": reason}, names.known, names.at.token_map, language)
    if replaced["reason"] != reason:
        raise InvalidInput("the reason names somebody of the case: say it without names", field="reason")


def _line(uow: UnitOfWork, permit: Permit, row: RequestRow, grant: Any, desk: AnsweringDesk) -> dict[str, Any]:
    office = desk.office
    form, answers = office.open(uow, permit, row.id).form, office.answers(uow, row.id)
    stand = standing(form, row.due_at, answers, office.rules, grant_standing(grant), office.clock.now())
    return {
        "request": row.id.hex(), "basis": form.basis, "items": list(form.fields), "asked_by": form.asked_by,
        "filed_at": row.filed_at, "due_at": row.due_at, "standing": stand.value,
        "disclosure": grant.release.hex() if grant is not None else None,
        "disclosed_at": grant.granted_at if grant is not None else None,
        "expires_at": grant.expires_at if grant is not None else None,
        "revoked_at": grant.taken_back_at if grant is not None else None,
        "question": _said(answers, Act.ASKED, form.version) if stand is Standing.ASKED_BACK else None,
        "refused_for": _said(answers, Act.REFUSED, form.version),
        **exceptional(form, answers, grant, office),
    }  # fmt: skip


def _said(answers: Sequence[Answer], act: Act, version: int) -> str | None:
    """The code of the newest such answer to this version, by somebody whose zone signed it."""
    codes = [each.code for each in answers if each.sound and each.act is act and each.version == version]
    return codes[-1] if codes else None


def _receipt(permit: Permit, row: RequestRow, stand: Standing) -> Values:
    return shape(
        permit.profile,
        {"request": row.id.hex(), "filed_at": row.filed_at, "due_at": row.due_at, "standing": stand.value},
    )
