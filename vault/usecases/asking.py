"""Follow-up's side of gated access: ask to know fields of one case, answer what was asked back, read what was granted.

Nothing is looked up when somebody asks: this zone knows no case, so the receipt cannot tell whether there is one. One
request names one person; how many a person files a day is bounded.

    file(uow, officer, Ask(...), office)              a receipt, whoever was named
    read_own(uow, officer, request, office)           how it stands
    read_granted(uow, officer, release, office, reception)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.asking import AccessOffice, OpenedRequest
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.asking import GrantRow, RequestRow
from vault.cases.access_requests import (
    GRANTABLE,
    IDENTITY_FIELDS,
    REASON_LONGEST,
    REASON_SHORTEST,
    SALT_BYTES,
    AccessForm,
    Act,
    Answer,
    Designation,
    GrantStanding,
    Manner,
    Naming,
    Standing,
    parse_fields,
    standing,
)
from vault.cases.calendar import belgian_day
from vault.cases.exceptions import notice_of
from vault.cases.identifiers import normalise_for_index
from vault.cases.protocols import categories_of
from vault.ceremonies import CeremonyRow
from vault.errors import BudgetSpent, Conflict, EnvelopeRejected, Erased, InvalidInput, NotFound
from vault.ids import ReleaseId, RequestId
from vault.pseudonyms import domain_of, parse_pseudonym
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Values
from vault.usecases.received import LIST_LIMIT, Reception
from vault.vocabulary import FOLLOW_UP, Action, Facts, Kind, Purpose, Zone

#: What is told of a lawful exception and of no other request.
EXCEPTIONAL: Final = (
    "recipient", "silence", "silent_until", "notice", "notice_by", "acknowledge", "acknowledge_by", "acknowledged_at",
)  # fmt: skip
#: For what each zone asks. A zone that is not here asks for nothing.
PURPOSE: Final = {FOLLOW_UP: Purpose.OQT_FOLLOW_UP}


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """naming, value: whom it is about. fields: some of GRANTABLE. basis: a code of the configuration.

    A ceremony names a pseudonym, no fields (it tells the identity, whole), no hours, and minutes.
    """

    naming: Naming
    value: str
    fields: Sequence[str]
    basis: str
    reason: str
    hours: int
    manner: Manner = Manner.GRANT
    minutes: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Explain:
    """An answer to a question that was asked back; what is None stays as it was. fields: fewer, never others.

    minutes: of a ceremony, which has neither hours nor fields to choose.
    """

    basis: str | None = None
    reason: str | None = None
    hours: int | None = None
    fields: Sequence[str] | None = None
    minutes: int | None = None


def file(uow: UnitOfWork, actor: Actor, cmd: Ask, office: AccessOffice) -> Values:
    """File a request. The receipt is the same whether or not such a case exists.

    Raises InvalidInput, InvalidIdentifier for what can name nobody, BudgetSpent.
    """
    rules, now = office.rules, office.clock.now()
    request = RequestId(office.entropy.bytes(16))
    about = Designation(cmd.naming, _spelt(cmd, office.zone), office.entropy.bytes(SALT_BYTES))
    ceremony = cmd.manner is Manner.CEREMONY
    form = AccessForm(
        request, 1, actor.id, actor.name, office.zone, _fields(cmd), PURPOSE[office.zone],
        _basis(cmd.basis, office), parse_reason(cmd.reason), 0 if ceremony else _hours(cmd.hours, office), now,
        office.guard.policy_digest, rules.digest, about.mark(request), cmd.manner,
        _minutes(cmd.minutes, office) if ceremony else 0,
    )  # fmt: skip
    subject = about.value if about.naming is Naming.PSEUDONYM else ""
    permit = office.guard.permit(
        uow, actor, Action.CREATE, Item(Kind.ACCESS_REQUEST, request.hex(), None, subject), purpose=form.purpose,
        facts=Facts(), reason=form.reason, outcome="ceremony" if ceremony else "filed", count=len(form.fields),
        config=rules.digest.hex(),
    )  # fmt: skip
    day = belgian_day(now)
    filed, number = uow.requests.of_day(actor.id, office.zone, day)
    if filed >= rules.per_day:
        raise BudgetSpent(f"one person files at most {rules.per_day} requests a day")
    row = RequestRow(request, office.zone, actor.id, day, number, now, now + rules.answer_within)
    uow.requests.add(row, permit.entry)
    office.send(uow, permit, form, about)
    return shape(permit.profile, _receipt(row, form, Standing.OPEN))


def list_own(
    uow: UnitOfWork, actor: Actor, office: AccessOffice, *, limit: int = 50, before: datetime | None = None
) -> list[Values]:
    """The actor's own requests, newest first."""
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    permit = office.guard.permit(
        uow, actor, Action.LIST, Item(Kind.ACCESS_REQUEST), purpose=PURPOSE[office.zone], facts=Facts.of(addressed=True)
    )
    rows = uow.requests.filed_by(actor.id, limit, before)
    grants = given_upon(uow, [row.id for row in rows])
    told = []
    for row in rows:
        form = office.open(uow, permit, row.id).form
        stand = _standing(row, form, office.answers(uow, row.id, office.zone), grants.get(row.id), office)
        whole = _receipt(row, form, stand) | grant_values(grants.get(row.id)) | {"manner": form.manner.value}
        told.append(shape(permit.profile, whole | {"filed_at": row.filed_at.isoformat()}))  # lists are paged by it
    return told


def read_own(uow: UnitOfWork, actor: Actor, request: RequestId, office: AccessOffice) -> Values:
    """One of the actor's requests: what was asked, what was asked back, how it stands. Raises NotFound."""
    row, opened, permit = _own(uow, actor, Action.READ, request, office)
    answers = office.answers(uow, request, office.zone)
    grant = given_upon(uow, [request]).get(request)
    refused = next((answer.code for answer in answers if answer.sound and answer.act is Act.REFUSED), None)
    about = opened.about
    assert about is not None  # this zone's own copy says whom it is about
    return shape(
        permit.profile,
        form_values(row, opened.form)
        | grant_values(grant)
        | {
            "designation": {"by": about.naming.value, "value": about.value},
            "standing": _standing(row, opened.form, answers, grant, office).value,
            "questions": [
                {"version": answer.version, "code": answer.code, "at": answer.at.isoformat(timespec="seconds")}
                for answer in answers
                if answer.sound and answer.act is Act.ASKED
            ],
            "refused_for": refused,
        },
    )


def explain(uow: UnitOfWork, actor: Actor, request: RequestId, cmd: Explain, office: AccessOffice) -> Values:
    """Answer a question: the next version of the request. Approvals of an earlier version do not count for it.

    Raises NotFound, InvalidInput, Conflict where nothing was asked back.
    """
    row, opened, permit = _own(uow, actor, Action.WRITE, request, office)
    form, about = opened.form, opened.about
    assert about is not None
    stand = _standing(
        row, form, office.answers(uow, request, office.zone), given_upon(uow, [request]).get(request), office
    )
    if stand is not Standing.ASKED_BACK:
        raise Conflict("nothing was asked back about this request")
    ceremony = form.manner is Manner.CEREMONY
    if (cmd.minutes is not None) if not ceremony else (cmd.hours is not None or cmd.fields is not None):
        raise InvalidInput("a ceremony lasts minutes and tells the identity; a grant lasts hours", field="minutes")
    fields = form.fields if cmd.fields is None else parse_fields(cmd.fields)
    if not set(fields) <= set(form.fields):
        raise InvalidInput("an answer asks for fewer fields, never for others: file another request", field="fields")
    changed = replace(
        form,
        version=form.version + 1,
        fields=fields,
        basis=form.basis if cmd.basis is None else _basis(cmd.basis, office),
        reason=form.reason if cmd.reason is None else parse_reason(cmd.reason),
        hours=form.hours if cmd.hours is None else _hours(cmd.hours, office),
        minutes=form.minutes if cmd.minutes is None else _minutes(cmd.minutes, office),
        written_at=office.clock.now(),
        policy=office.guard.policy_digest,
        rules=office.rules.digest,
    )
    office.send(uow, permit, changed, about)
    return shape(permit.profile, _receipt(row, changed, Standing.OPEN))


def read_granted(
    uow: UnitOfWork, actor: Actor, release: ReleaseId, office: AccessOffice, reception: Reception
) -> Values:
    """The granted fields. Each look is its own decision and entry.

    Raises NotFound for a grant that is unknown, somebody else's, ended or revoked. Whoever revokes waits until this
    transaction is over, so that nothing is told once a revocation was acknowledged.
    """
    receiver, purpose = reception.receiver, PURPOSE[office.zone]
    uow.grants.hold(release)
    grant, row = uow.grants.get(release), uow.releases.get(release, Kind.GRANT)
    now = office.clock.now()
    mine = row is not None and row.reader == actor.zone
    live = row is not None and grant is not None and grant.live(now) and row.expires_at == grant.expires_at
    agreed = row is not None and grant is not None and set(grant.fields) <= set(GRANTABLE)
    agreed = agreed and grant is not None and reception.agreed(purpose, categories_of(Kind.GRANT, grant.fields))
    theirs = live and grant is not None and grant.requester == actor.id and row is not None and row.purpose is purpose
    permit = office.guard.permit(
        uow, actor, Action.READ,
        Item(Kind.GRANT, release.hex(), None, receiver.pseudonym(row) if row is not None and mine else ""),
        purpose=purpose, facts=Facts.of(addressed=mine and live and agreed, grant=theirs),
        config=reception.protocols.digest.hex(),
    )  # fmt: skip
    if row is None or grant is None:
        raise NotFound("no such grant")
    try:
        content = receiver.open(uow, permit, row).expose()
    except (EnvelopeRejected, Erased):
        if office.clock.now() < grant.expires_at:
            raise
        raise NotFound("no such grant") from None  # it ended between the question and the answer
    bound(content, actor, grant)
    given: dict[str, Any] = content["fields"]
    return shape(
        permit.profile,
        dict.fromkeys(GRANTABLE)
        | {name: given.get(name) for name in grant.fields}
        | grant_values(grant)
        | {"request": grant.request.hex(), "pseudonym": receiver.pseudonym(row), "purpose": row.purpose.value},
    )


# -- parts -------------------------------------------------------------------------------------------


def _own(
    uow: UnitOfWork, actor: Actor, action: Action, request: RequestId, office: AccessOffice
) -> tuple[RequestRow, OpenedRequest, Any]:
    """The actor's own request, opened. Raises NotFound for anybody else's as for one that never was."""
    row = uow.requests.get(request)
    here = row is not None and row.zone == actor.zone
    permit = office.guard.permit(
        uow, actor, action, Item(Kind.ACCESS_REQUEST, request.hex()), purpose=PURPOSE[office.zone],
        facts=Facts.of(addressed=here, own=here and row is not None and row.requester == actor.id),
        config=office.rules.digest.hex(),
    )  # fmt: skip
    if row is None:
        raise NotFound("no such request")
    return row, office.open(uow, permit, request), permit


def bound(content: dict[str, Any], actor: Actor, grant: GrantRow) -> None:
    """What was sealed says for whom and for which request: a row that was altered opens nothing for anybody else.

    Raises EnvelopeRejected.
    """
    fields = content.get("fields")
    theirs = (content.get("for"), content.get("request")) == (actor.id.hex(), grant.request.hex())
    if (
        not theirs
        or not isinstance(fields, dict)
        or set(fields) != set(grant.fields)
        or not set(fields) <= set(GRANTABLE)
    ):
        raise EnvelopeRejected("the row says something else of this grant than was sealed")


def _standing(
    row: RequestRow, form: AccessForm, told: Sequence[Answer], grant: GrantRow | None, office: AccessOffice
) -> Standing:
    """As the requester is told: approvals are not."""
    return standing(form, row.due_at, told, office.rules, grant_standing(grant), office.clock.now())


def given_upon(uow: UnitOfWork, requests: Sequence[RequestId]) -> dict[RequestId, GrantRow]:
    """What came of requests: a grant, or a ceremony, told like one."""
    ceremonies = uow.ceremonies.of(requests)
    return uow.grants.of(requests) | {request: as_grant(each) for request, each in ceremonies.items()}


def as_grant(ceremony: CeremonyRow) -> GrantRow:
    """opened: whether both shares are with the reader."""
    return GrantRow(
        ceremony.release, ceremony.request, ceremony.reader, ceremony.requester, IDENTITY_FIELDS, ceremony.key,
        ceremony.begun_at, ceremony.over_at, ceremony.ended_at, ceremony.ended_for, ceremony.erased_at,
        ceremony.opened_at is not None,
    )  # fmt: skip


def grant_standing(grant: GrantRow | None) -> GrantStanding | None:
    if grant is None:
        return None
    return GrantStanding(grant.release, grant.expires_at, grant.taken_back_at, grant.opened)


def form_values(row: RequestRow, form: AccessForm) -> dict[str, Any]:
    """What is asked for, as requester and approvers see it."""
    return {
        "request": row.id.hex(), "version": form.version, "asked_for": list(form.fields),
        "purpose": form.purpose.value, "basis": form.basis, "reason": form.reason, "hours": form.hours,
        "manner": form.manner.value, "minutes": form.minutes,
        "filed_at": row.filed_at, "due_at": row.due_at,
    }  # fmt: skip


def exceptional(
    form: AccessForm | None, answers: Sequence[Answer], grant: GrantRow | None, office: AccessOffice
) -> dict[str, Any]:
    """What is told of a lawful exception besides; nothing of any other request."""
    told: dict[str, Any] = dict.fromkeys(EXCEPTIONAL)
    if form is None or form.manner is not Manner.EXCEPTION:
        return told
    silence = form.silence
    told |= {
        "recipient": str(form.recipient), "silence": silence.ground if silence is not None else None,
        "silent_until": silence.until.isoformat() if silence is not None else None,
    }  # fmt: skip
    if grant is not None:
        rules, now = office.exceptions, office.clock.now()
        notice = notice_of(silence, grant.granted_at, _when(answers, Act.NOTIFIED), rules, now)
        seen = _when(answers, Act.ACKNOWLEDGED)
        told |= {
            "notice": notice.standing.value, "notice_by": notice.by, "acknowledged_at": seen,
            "acknowledge_by": grant.granted_at + rules.acknowledge_within,
            "acknowledge": seen is None,
        }  # fmt: skip
    return told


def _when(answers: Sequence[Answer], act: Act) -> datetime | None:
    """When that was said, by somebody whose zone signed it."""
    return next((answer.at for answer in answers if answer.sound and answer.act is act), None)


def grant_values(grant: GrantRow | None) -> dict[str, Any]:
    """What was granted until when; names of fields, nothing of what stands in them."""
    if grant is None:
        return dict.fromkeys(("grant", "granted", "granted_at", "expires_at", "revoked_at"))
    return {
        "grant": grant.release.hex(), "granted": list(grant.fields), "granted_at": grant.granted_at,
        "expires_at": grant.expires_at, "revoked_at": grant.taken_back_at,
    }  # fmt: skip


def _receipt(row: RequestRow, form: AccessForm, stand: Standing) -> dict[str, Any]:
    return {
        "request": row.id.hex(), "version": form.version, "filed_at": row.filed_at, "due_at": row.due_at,
        "standing": stand.value,
    }  # fmt: skip


def _fields(cmd: Ask) -> tuple[str, ...]:
    """Raises InvalidInput for a ceremony that is to tell less or more than the identity, or for another name."""
    if cmd.manner is Manner.GRANT:
        return parse_fields(cmd.fields)
    if cmd.naming is not Naming.PSEUDONYM or cmd.fields or cmd.hours:
        raise InvalidInput("a ceremony tells the identity behind a pseudonym, whole, for minutes", field="about")
    return IDENTITY_FIELDS


def _minutes(minutes: int, office: AccessOffice) -> int:
    longest = office.rules.longest_minutes
    if not 1 <= minutes <= longest:
        raise InvalidInput(f"minutes must be between 1 and {longest}", field="minutes")
    return minutes


def _spelt(cmd: Ask, zone: Zone) -> str:
    """The name in its one spelling. Raises InvalidIdentifier; InvalidInput for casework's own names."""
    if cmd.naming is Naming.REFERENCE:
        raise InvalidInput("no other zone knows a case by its reference", field="about")
    if cmd.naming is Naming.PSEUDONYM:
        return parse_pseudonym(cmd.value, domain_of(zone)).text
    return normalise_for_index(cmd.naming.value, cmd.value)


def _basis(code: str, office: AccessOffice) -> str:
    if code not in office.rules.bases:
        raise InvalidInput(f"basis must be one of {', '.join(office.rules.bases)}", field="basis")
    return code


def parse_reason(text: str) -> str:
    """Raises InvalidInput."""
    typed = text.strip()
    if not REASON_SHORTEST <= len(typed) <= REASON_LONGEST or not typed.isprintable():
        raise InvalidInput(f"a reason has {REASON_SHORTEST} to {REASON_LONGEST} characters on one line", field="reason")
    return typed


def _hours(hours: int, office: AccessOffice) -> int:
    if not 1 <= hours <= office.rules.longest_hours:
        raise InvalidInput(f"hours must be between 1 and {office.rules.longest_hours}", field="hours")
    return hours
