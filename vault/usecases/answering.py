"""The approvers' side of gated access: see what is asked, approve it or a part, refuse, ask back, hand it on.

Casework's approver is the head of the region in which the case lies; only casework knows which case that is. It takes
requests in when a head lists them: the named person is looked for once, and from then on the request is before the head
of that region. A request about nobody is before every head, who can answer it like any other: the answer must not tell.
Oversight's approver is the data protection officer, who sees the form and never whom it is about.

What approvers see of the person is names of fields. Nobody here opens identity or contact.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from vault.access.actor import Actor
from vault.access.asking import AccessOffice, OpenedRequest
from vault.access.enforcement import Item, Permit
from vault.access.evidence import Approval, Evidence
from vault.access.shaping import shape
from vault.asking import GrantRow, RequestRow, TakenRequest
from vault.cases.access_requests import (
    ANSWERABLE,
    AccessForm,
    Act,
    Answer,
    Doubt,
    Manner,
    Naming,
    Refusal,
    Standing,
    approvals,
    missing,
    parse_fields,
    releasable,
    standing,
)
from vault.cases.exceptions import NoticeStanding
from vault.cases.model import Case
from vault.crypto.passkey import Assertion
from vault.errors import Conflict, CryptoError, Erased, InvalidInput, NotFound, StaleVersion
from vault.ids import ActorId, CaseId, RequestId
from vault.pseudonyms import domain_of, parse_pseudonym
from vault.unit_of_work import UnitOfWork
from vault.usecases import own_signatures
from vault.usecases.asking import exceptional, form_values, given_upon, grant_standing, grant_values
from vault.usecases.casework import Casework, Values, parse_reference, reference
from vault.usecases.known_names import name_token
from vault.usecases.passkeys import PasskeyDesk
from vault.usecases.received import LIST_LIMIT
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Action, Facts, Phase, Purpose, Role

#: For what requests are answered in each zone.
PURPOSE: Final = {CASEWORK: Purpose.CASE_ADMINISTRATION, OVERSIGHT: Purpose.DATA_PROTECTION}
#: Requests that one look takes in; the next look goes on.
TAKEN_AT_ONCE: Final = 50
#: A lawful exception of which the person is to be told, by casework.
_TO_TELL: Final = frozenset({NoticeStanding.DUE.value, NoticeStanding.OVERDUE.value})


@dataclass(frozen=True, slots=True)
class AnsweringDesk:
    """What an approver's zone answers with. casework: in that zone only."""

    office: AccessOffice
    casework: Casework | None = None
    passkeys: PasskeyDesk | None = None


class Before(NamedTuple):
    """A request as it lies before an approver. case: None where there is none, or where it is not theirs to know."""

    row: RequestRow | None
    case: Case | None
    facts: Facts
    subject: str

    @property
    def phase(self) -> Phase:
        return self.case.phase if self.case is not None else Phase.NONE


class Looked(NamedTuple):
    row: RequestRow
    case: Case | None
    opened: OpenedRequest
    answers: list[Answer]
    grant: GrantRow | None
    standing: Standing
    permit: Permit


# -- looking -----------------------------------------------------------------------------------------


def list_before(
    uow: UnitOfWork, actor: Actor, desk: AnsweringDesk, *, limit: int = 50, before: datetime | None = None,
    undecided: bool = False,
) -> list[Values]:  # fmt: skip
    """Requests before this approver, newest first; in casework new ones are taken in.

    undecided: of these only what waits for an act of the approver's own function.
    """
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    office, casework = desk.office, desk.casework
    facts = Facts.of(addressed=True) if casework is None else Facts.of(region=bool(actor.region))
    permit = office.guard.permit(
        uow, actor, Action.LIST, Item(office.kind), purpose=PURPOSE[office.zone], facts=facts,
        config=office.rules.digest.hex(),
    )  # fmt: skip
    if casework is not None:
        take_in(uow, permit, casework, office)
        rows = uow.requests.in_region(actor.region, actor.id, limit, before)
    else:
        rows = uow.requests.newest(limit, before)
    grants = given_upon(uow, [row.id for row in rows])
    lines = [_line(uow, permit, row, grants.get(row.id), desk, actor.role) for row in rows]
    return [line for line, waits in lines if waits or not undecided]


def _line(
    uow: UnitOfWork, permit: Permit, row: RequestRow, grant: GrantRow | None, desk: AnsweringDesk, function: Role
) -> tuple[Values, bool]:
    """What the list tells of a request, and whether it waits for that function."""
    office = desk.office
    manner, waits = None, False
    try:
        form = office.open(uow, permit, row.id).form
    except (CryptoError, Erased):  # one that was tampered with does not hide the others
        stand, soon, told = "damaged", False, exceptional(None, [], None, office)
    else:
        manner, answers = form.manner.value, office.answers(uow, row.id)
        found, told = _standing(row, form, answers, grant, office), exceptional(form, answers, grant, office)
        stand, soon = found.value, _soon(row, found, office)
        waits = (found is Standing.OPEN and function in missing(form, answers, office.rules)) or (
            told["notice"] in _TO_TELL or found is Standing.READY if desk.casework is not None else told["acknowledge"]
        )
    taken = uow.requests.taken(row.id) if desk.casework is not None else None
    known = reference(taken.case) if taken is not None and taken.case is not None else None
    line = shape(
        permit.profile,
        {
            "request": row.id.hex(), "reference": known, "filed_at": row.filed_at.isoformat(), "due_at": row.due_at,
            "answer_soon": soon, "standing": stand, "manner": manner, **told,
        },
    )  # fmt: skip
    return line, bool(waits)


def take_in(uow: UnitOfWork, permit: Permit, casework: Casework, office: AccessOffice) -> int:
    """Look for whom new requests are about, and remember it. Returns how many were taken in."""
    waiting = uow.requests.untaken(TAKEN_AT_ONCE)
    for request in waiting:
        try:
            about = office.open(uow, permit, request).about
        except (CryptoError, Erased):
            about = None  # before every head, who sees that it is damaged
        case = _find(uow, about.naming, about.value, casework) if about is not None else None
        uow.requests.take(TakenRequest(request, case), casework.clock.now(), permit.entry)
    return len(waiting)


def _find(uow: UnitOfWork, naming: Naming, value: str, casework: Casework) -> CaseId | None:
    """The case that is named so; None for no case, and for several: whom would it be about?

    None too for what can name nobody: the asking zone's own process refuses that, and need not be honest.
    """
    if naming is Naming.REFERENCE:
        return parse_reference(value)
    if naming is Naming.PSEUDONYM:
        try:
            token = parse_pseudonym(value, domain_of(FOLLOW_UP)).token
        except InvalidInput:
            return None
        found = uow.cases.find(name_token(token, casework))
    else:
        found = uow.cases.find(casework.index.token(naming.value, value))
    return found[0] if len(found) == 1 else None


def before_whom(uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk) -> Before:
    """How the actor stands to a request. One that is not theirs costs the same look-ups as one that never was."""
    row = uow.requests.get(request)
    casework = desk.casework
    if casework is None:
        return Before(row, None, Facts.of(addressed=row is not None), "")
    taken = uow.requests.taken(request)
    about = taken.case if taken is not None and taken.case is not None else CaseId(request.raw)
    case, subject = uow.cases.get(about), casework.subject(about)
    answers = uow.requests.answers(request)
    handed = any(_handed_to(actor, each.answer) for each in answers)
    theirs = row is not None and taken is not None
    if case is not None:
        signed = handed and any(
            answer.sound and _handed_to(actor, answer) for answer in desk.office.answers(uow, request)
        )
        theirs = theirs and (bool(actor.region and case.region == actor.region) or signed)
    return Before(row, case, Facts.of(own=theirs), subject if case is not None else "")


def _handed_to(actor: Actor, answer: Answer) -> bool:
    """By somebody of the actor's own function: who of casework answers is no other zone's to say."""
    return answer.act is Act.DELEGATED and answer.delegate == actor.id and answer.function is actor.role


def read_request(uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk) -> Values:
    """All that an approver sees: what is asked, why, on which basis, what was answered. Raises NotFound."""
    looked = look(uow, actor, Action.READ, request, desk)
    office, form, about = desk.office, looked.opened.form, looked.opened.about
    return shape(
        looked.permit.profile,
        form_values(looked.row, form)
        | grant_values(looked.grant)
        | exceptional(form, looked.answers, looked.grant, office)
        | {
            "reference": reference(looked.case.id) if looked.case is not None else None,
            "designation": {"by": about.naming.value, "value": about.value} if about is not None else None,
            "asked_by": form.asked_by,
            "answer_soon": _soon(looked.row, looked.standing, office),
            "standing": looked.standing.value,
            "canonical": b64encode(form.canonical()).decode("ascii"),
            "answers": [told_answer(answer) for answer in looked.answers],
            "missing": [role.value for role in missing(form, looked.answers, office.rules)],
            "releasable": list(releasable(form, looked.answers, office.rules)),
            "answerable": list(form.answerable),
        },
    )


def look(
    uow: UnitOfWork, actor: Actor, action: Action, request: RequestId, desk: AnsweringDesk, *, outcome: str = "",
    count: int = 1,
) -> Looked:  # fmt: skip
    """Ask for leave, then open this zone's copy. Raises NotFound, AccessDenied, EnvelopeRejected."""
    office, place = desk.office, before_whom(uow, actor, request, desk)
    permit = office.guard.permit(
        uow, actor, action,
        Item(office.kind, request.hex(), place.case.id if place.case is not None else None, place.subject),
        purpose=PURPOSE[office.zone], phase=place.phase, facts=place.facts, outcome=outcome, count=count,
        config=office.rules.digest.hex(),
    )  # fmt: skip
    if place.row is None:
        raise NotFound("no such request")
    opened, answers = office.open(uow, permit, request), office.answers(uow, request)
    grant = given_upon(uow, [request]).get(request)
    stand = _standing(place.row, opened.form, answers, grant, office)
    return Looked(place.row, place.case, opened, answers, grant, stand, permit)


# -- answering ---------------------------------------------------------------------------------------


def approve(
    uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk, *, based_on: int,
    fields: Sequence[str] | None = None, evidence: Evidence | None = None,
) -> Values:  # fmt: skip
    """Approve the version that the actor looked at, or only some of its fields.

    evidence: the approver's own signature, where the office wants it. Raises NotFound, StaleVersion, InvalidInput for
    fields that were not asked for or a signature that does not hold, Conflict for a request that cannot be approved
    (any more), or by this function, or by who asked.
    """
    looked = look(uow, actor, Action.SIGN, request, desk, outcome="approved")
    form = _current(looked, based_on, {Standing.OPEN, Standing.READY})
    given = _given(form, fields)
    if actor.role not in desk.office.rules.asked(form):
        raise Conflict("this function has nothing to approve here")
    if actor.role in approvals(form, looked.answers, desk.office.rules) or actor.id == form.requester:
        raise Conflict("this function has approved already, or this is the person who asked")
    said = Approval(form.request, form.version, form.digest, actor.role, given)
    required = desk.office.rules.wants_signature(form)
    own_signatures.check(
        uow, actor, said, evidence, desk.office.rules, desk.passkeys, looked.permit.entry, required=required
    )
    signed = evidence.encode() if evidence is not None else b""
    return _answered(uow, actor, looked, desk, Act.APPROVED, fields=given, evidence=signed)


def prepare(
    uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk, *, based_on: int, fields: Sequence[str]
) -> own_signatures.ToSign:
    """What the actor's authenticator is to sign, to approve these fields of the stored form. A look at the request.

    Raises NotFound, StaleVersion, InvalidInput for somebody without a passkey that counts.
    """
    looked = look(uow, actor, Action.READ, request, desk)
    form = _current(looked, based_on, {Standing.OPEN, Standing.READY})
    if desk.passkeys is None:
        raise InvalidInput("nothing is signed with a passkey here", field="passkey")
    given = _given(form, fields)
    said = Approval(form.request, form.version, form.digest, actor.role, given)
    return own_signatures.to_sign(uow, actor, said, desk.passkeys)


def approve_by_passkey(
    uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk, *, based_on: int, fields: Sequence[str],
    assertion: Assertion, signed_at: datetime,
) -> Values:  # fmt: skip
    """Approve with what the actor's authenticator signed upon `prepare`. Raises as `approve`."""
    if desk.passkeys is None:
        raise InvalidInput("nothing is signed with a passkey here", field="passkey")
    evidence = own_signatures.by_passkey(uow, actor, assertion, signed_at, desk.passkeys)
    return approve(uow, actor, request, desk, based_on=based_on, fields=fields, evidence=evidence)


def refuse(
    uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk, reason: Refusal, *, based_on: int
) -> Values:
    """Refuse, with a reason by code. One refusal ends the request. Raises NotFound, StaleVersion, Conflict.

    Who lets it go at this moment comes first or not at all. Nobody can keep somebody from refusing by holding on.
    """
    uow.requests.exclude(request)
    looked = look(uow, actor, Action.CLOSE, request, desk, outcome=reason.value)
    _current(looked, based_on, ANSWERABLE)
    return _answered(uow, actor, looked, desk, Act.REFUSED, code=reason.value)


def ask_back(
    uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk, doubt: Doubt, *, based_on: int
) -> Values:
    """Put a question to who asked. The time to answer runs on. Raises NotFound, StaleVersion, Conflict."""
    uow.requests.exclude(request)
    looked = look(uow, actor, Action.WRITE, request, desk, outcome="asked")
    _current(looked, based_on, {Standing.OPEN, Standing.READY})
    return _answered(uow, actor, looked, desk, Act.ASKED, code=doubt.value)


def delegate(
    uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk, login: str, *, based_on: int
) -> Values:
    """Let another of the same function answer too. Raises NotFound, StaleVersion, InvalidInput, Conflict."""
    looked = look(uow, actor, Action.WRITE, request, desk, outcome="delegated")
    _current(looked, based_on, ANSWERABLE)
    other = uow.staff.by_login(desk.office.zone, login)
    if other is None or not other.active or other.role != actor.role.value or other.id == actor.id:
        raise InvalidInput("a request is handed to somebody else of the same function", field="login")
    return _answered(uow, actor, looked, desk, Act.DELEGATED, other=other.id)


def acknowledge(uow: UnitOfWork, actor: Actor, request: RequestId, desk: AnsweringDesk) -> Values:
    """Take note of a lawful exception that left: for the data protection officer, once.

    Raises NotFound, Conflict for one that has not left, or was acknowledged already.
    """
    looked = look(uow, actor, Action.WRITE, request, desk, outcome=Act.ACKNOWLEDGED.value)
    form = looked.opened.form
    if desk.casework is not None or form.manner is not Manner.EXCEPTION or looked.grant is None:
        raise Conflict("only a lawful exception that left is acknowledged, and by oversight")
    if any(answer.sound and answer.act is Act.ACKNOWLEDGED for answer in looked.answers):
        raise Conflict("this was acknowledged already")
    return _answered(uow, actor, looked, desk, Act.ACKNOWLEDGED)


# -- parts -------------------------------------------------------------------------------------------


def _given(form: AccessForm, fields: Sequence[str] | None) -> tuple[str, ...]:
    """What an approval is of. Raises InvalidInput for fields that were not asked for, or a part of what goes whole."""
    if form.manner is not Manner.EXCEPTION:
        given = parse_fields(fields) if fields is not None else form.fields
    else:
        given = form.answerable if fields is None or set(fields) in ({*form.fields}, {*form.answerable}) else ()
    if not given or not set(given) <= set(form.answerable):
        raise InvalidInput("only what was asked for can be approved", field="fields")
    if form.manner is not Manner.GRANT and given != form.answerable:
        raise InvalidInput("this is approved whole or not at all", field="fields")
    return given


def _current(looked: Looked, based_on: int, possible: frozenset[Standing] | set[Standing]) -> AccessForm:
    form = looked.opened.form
    if form.version != based_on:
        raise StaleVersion(expected=based_on, current=form.version)
    if looked.standing not in possible:
        raise Conflict(f"this is not possible: the request is {looked.standing.value}")
    return form


def _answered(
    uow: UnitOfWork, actor: Actor, looked: Looked, desk: AnsweringDesk, act: Act, *, fields: tuple[str, ...] = (),
    code: str = "", other: ActorId | None = None, evidence: bytes = b"",
) -> Values:  # fmt: skip
    office, form = desk.office, looked.opened.form
    given = office.answer(
        uow, looked.permit, form, act, actor.role, actor.id, fields=fields, code=code, delegate=other,
        evidence=evidence,
    )  # fmt: skip
    answers = [*looked.answers, given]
    return shape(
        looked.permit.profile,
        {
            "request": looked.row.id.hex(),
            "version": form.version,
            "standing": _standing(looked.row, form, answers, looked.grant, office).value,
            "missing": [role.value for role in missing(form, answers, office.rules)],
        },
    )


def _standing(
    row: RequestRow, form: AccessForm, answers: Sequence[Answer], grant: GrantRow | None, office: AccessOffice
) -> Standing:
    return standing(form, row.due_at, answers, office.rules, grant_standing(grant), office.clock.now())


def _soon(row: RequestRow, stand: Standing, office: AccessOffice) -> bool:
    """The reminder: an answer is due before long."""
    return stand in ANSWERABLE and office.clock.now() >= row.due_at - office.rules.soon


def told_answer(answer: Answer) -> dict[str, Any]:
    """With the approver's own signature, as `parefeu access check` reads it."""
    evidence = Evidence.decode(answer.evidence)
    return {
        "act": answer.act.value, "function": answer.function.value, "version": answer.version,
        "fields": list(answer.fields), "code": answer.code, "at": answer.at.isoformat(timespec="seconds"),
        "sound": answer.sound, "signed_by": answer.signed_by,
        "evidence": evidence.to_json() if evidence is not None else None,
    }  # fmt: skip


def desk_of(office: AccessOffice, casework: Casework | None, passkeys: PasskeyDesk | None = None) -> AnsweringDesk:
    """casework is left out where the office is another zone's. passkeys: where approvers sign with them."""
    return AnsweringDesk(office, casework if office.zone == CASEWORK else None, passkeys)
