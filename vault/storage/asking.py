"""Requests for access, answers and grants: rows to concepts and back.

On PostgreSQL a zone's processes stand apart, so somebody who reads a grant and somebody who revokes it can meet.
Readers hold an advisory lock of that grant, shared, until their commit; a revocation takes it for itself alone. What is
read was therefore either answered before the revocation was acknowledged, or after it, and then it is not there. SQLite
has one writer, which is fence enough.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from hashlib import sha256
from itertools import count
from typing import Any, Final

from sqlalchemy import Select, and_, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vault.asking import AnswerRow, CopyRow, GrantRow, RequestRow, TakenRequest
from vault.cases.access_requests import Act, Answer
from vault.cases.calendar import FIRST_DAY, LAST_DAY
from vault.ids import ID_BYTES, ActorId, CaseId, EntryId, KeyId, ReleaseId, RequestId
from vault.storage import tables as t
from vault.storage.legible import all_legible, legible, short
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction
from vault.vocabulary import CASEWORK, OVERSIGHT, Role, Zone

_REQUEST: Final = [c for c in t.access_requests.c if c.name != "entry_id"]
#: Rows that this program can have written. Another zone's role adds rows of any bytes: those would stop every list.
_LEGIBLE: Final = and_(
    func.length(t.access_requests.c.request_id) == ID_BYTES,
    func.length(t.access_requests.c.requester) == ID_BYTES,
    t.access_requests.c.day.between(FIRST_DAY, LAST_DAY),
)
_COPY: Final = list(t.access_copies.c)
_ANSWER: Final = list(t.access_answers.c)
#: Oversight's word that a copy is stopped, wherever a grant is read. Only oversight can add such a row, and nobody
#: takes it away; its signature is not weighed here: a row that nobody signed could close a copy, and open none.
_STOPPED: Final = (
    select(func.min(t.access_answers.c.at))
    .where(
        t.access_answers.c.request_id == t.grants.c.request_id,
        t.access_answers.c.act == Act.STOPPED.value,
        t.access_answers.c.zone == str(OVERSIGHT),
    )
    .correlate(t.grants)
    .scalar_subquery()
)
_GRANT: Final = [*t.grants.c, _STOPPED.label("stopped_at")]


def fence_of(release: ReleaseId) -> int:
    """The advisory lock of one grant: 64 bits, signed."""
    return int.from_bytes(sha256(b"parefeu/grant/1 " + release.raw).digest()[:8], "big", signed=True)


def fence_of_request(request: RequestId) -> int:
    """The advisory lock of one request: between who refuses it and who lets go what was asked."""
    return int.from_bytes(sha256(b"parefeu/request/1 " + request.raw).digest()[:8], "big", signed=True)


class RequestRepository:
    """Implements `vault.asking.AccessRequests`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def exclude(self, request: RequestId) -> bool:
        return self._tx.exclude(fence_of_request(request))

    def get(self, request: RequestId) -> RequestRow | None:
        row = self._tx.read(select(*_REQUEST).where(t.access_requests.c.request_id == request.raw, _LEGIBLE)).first()
        return _request(row) if row is not None else None

    def of_day(self, requester: ActorId, zone: Zone, day: date) -> tuple[int, int]:
        c = t.access_requests.c
        rows = self._tx.read(select(c.number, c.zone).where(c.requester == requester.raw, c.day == day)).all()
        # No two have one number, whatever their zone: what another zone adds in this name takes a number, no request.
        filed = sum(row[1] == str(zone) for row in rows)
        return filed, _free({row[0] for row in rows}, filed + 1)

    def filed_by(self, requester: ActorId, limit: int, before: datetime | None) -> list[RequestRow]:
        wanted = select(*_REQUEST).where(t.access_requests.c.requester == requester.raw)
        return self._page(wanted, limit, before)

    def newest(self, limit: int, before: datetime | None) -> list[RequestRow]:
        return self._page(select(*_REQUEST), limit, before)

    def in_region(self, region: str, actor: ActorId, limit: int, before: datetime | None) -> list[RequestRow]:
        requests, taken, cases, answers = t.access_requests, t.taken_requests, t.cases, t.access_answers
        delegated = exists().where(
            answers.c.request_id == requests.c.request_id,
            answers.c.act == Act.DELEGATED.value,
            answers.c.delegate == actor.raw,
            answers.c.zone == str(CASEWORK),
        )
        wanted = (
            select(*_REQUEST)
            .join(taken, taken.c.request_id == requests.c.request_id)
            .outerjoin(cases, cases.c.case_id == taken.c.case_id)
            .where(or_(taken.c.case_id.is_(None), cases.c.region == region, delegated))
        )
        return self._page(wanted, limit, before)

    def of_case(self, case: CaseId, zone: Zone, limit: int) -> list[RequestRow]:
        requests, taken = t.access_requests, t.taken_requests
        joined = select(*_REQUEST).join(taken, taken.c.request_id == requests.c.request_id)
        return self._page(joined.where(taken.c.case_id == case.raw, requests.c.zone == str(zone)), limit, None)

    def _page(self, wanted: Select[Any], limit: int, before: datetime | None) -> list[RequestRow]:
        c = t.access_requests.c
        if before is not None:
            wanted = wanted.where(c.filed_at < before)
        newest = wanted.where(_LEGIBLE).order_by(c.filed_at.desc(), c.request_id).limit(limit)
        return [_request(row) for row in self._tx.read(newest)]

    def add(self, request: RequestRow, entry: EntryId) -> None:
        self._add(
            insert(t.access_requests).values(
                request_id=request.id.raw,
                zone=str(request.zone),
                requester=request.requester.raw,
                day=request.day,
                number=request.number,
                filed_at=request.filed_at,
                due_at=request.due_at,
                entry_id=entry.raw,
            ),
            "another request of yours was filed at the same moment: send this one again",
        )

    def add_copy(self, copy: CopyRow) -> None:
        self._add(
            insert(t.access_copies).values(
                request_id=copy.request.raw,
                version=copy.version,
                reader=str(copy.reader),
                zone=str(copy.zone),
                policy=copy.policy,
                key_id=copy.key.raw,
                sealed=copy.sealed,
                signature=copy.signature,
                written_at=copy.written_at,
                entry_id=copy.entry.raw,
            ),
            "this question was answered already",
        )

    def copy(self, request: RequestId, reader: Zone) -> CopyRow | None:
        # Of the zone that filed the request: any zone's role that asks adds copies of whichever request.
        c, requests = t.access_copies.c, t.access_requests.c
        filed = exists().where(requests.request_id == c.request_id, requests.zone == c.zone)
        wanted = select(*_COPY).where(
            c.request_id == request.raw, c.reader == str(reader), filed, short(c.sealed, c.signature)
        )
        row = self._tx.read(wanted.order_by(c.version.desc()).limit(1)).first()
        return legible(row, _copy) if row is not None else None

    def answers(self, request: RequestId, told_to: Zone | None = None) -> list[AnswerRow]:
        c = t.access_answers.c
        wanted = select(*_ANSWER).where(c.request_id == request.raw, short(c.evidence, c.signature))
        if told_to is not None:
            wanted = wanted.where(c.told_to == str(told_to))
        return all_legible(self._tx.read(wanted.order_by(c.number)), _answer)

    def next_number(self, request: RequestId) -> int:
        c = t.access_answers.c
        taken = {row[0] for row in self._tx.read(select(c.number).where(c.request_id == request.raw))}
        return _free(taken, len(taken) + 1)

    def add_answer(self, answer: AnswerRow, entry: EntryId) -> None:
        given = answer.answer
        self._add(
            insert(t.access_answers).values(
                request_id=answer.request.raw,
                number=given.number,
                zone=str(answer.zone),
                version=given.version,
                act=given.act.value,
                function=given.function.value,
                actor_id=given.actor.raw,
                at=given.at,
                fields=",".join(given.fields),
                code=given.code,
                digest=given.digest,
                delegate=given.delegate.raw if given.delegate is not None else None,
                evidence=given.evidence,
                told_to=answer.told_to,
                signature=answer.signature,
                entry_id=entry.raw,
            ),
            "somebody else answered this request meanwhile: look at it again",
        )

    def untaken(self, limit: int) -> list[RequestId]:
        requests, taken = t.access_requests.c, t.taken_requests.c
        there = exists().where(taken.request_id == requests.request_id)
        rows = self._tx.read(
            select(requests.request_id)
            .where(~there, _LEGIBLE)
            .order_by(requests.filed_at, requests.request_id)
            .limit(limit)
        )
        return [RequestId(bytes(row[0])) for row in rows]

    def taken(self, request: RequestId) -> TakenRequest | None:
        c = t.taken_requests.c
        row = self._tx.read(select(c.request_id, c.case_id).where(c.request_id == request.raw)).first()
        if row is None:
            return None
        return TakenRequest(RequestId(bytes(row[0])), CaseId(bytes(row[1])) if row[1] is not None else None)

    def take(self, taken: TakenRequest, at: datetime, entry: EntryId) -> None:
        self._add(
            insert(t.taken_requests).values(
                request_id=taken.request.raw,
                case_id=taken.case.raw if taken.case is not None else None,
                taken_at=at,
                entry_id=entry.raw,
            ),
            "this request was taken in already",
        )

    def _add(self, statement: Any, message: str) -> None:
        try:
            self._tx.write(statement)
        except IntegrityError as fault:
            raise refuse_duplicate(fault, message) from fault


class GrantRepository:
    """Implements `vault.asking.Grants`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def hold(self, release: ReleaseId) -> None:
        self._tx.hold(fence_of(release))

    def exclude(self, release: ReleaseId) -> bool:
        return self._tx.exclude(fence_of(release))

    def get(self, release: ReleaseId) -> GrantRow | None:
        row = self._tx.read(select(*_GRANT).where(t.grants.c.release_id == release.raw)).first()
        return _grant(row) if row is not None else None

    def of(self, requests: Sequence[RequestId]) -> dict[RequestId, GrantRow]:
        rows = self._tx.read(select(*_GRANT).where(t.grants.c.request_id.in_([each.raw for each in requests])))
        return {grant.request: grant for grant in map(_grant, rows)}

    def add(self, grant: GrantRow, entry: EntryId) -> None:
        try:
            self._tx.write(
                insert(t.grants).values(
                    release_id=grant.release.raw,
                    request_id=grant.request.raw,
                    reader=str(grant.reader),
                    sender=str(CASEWORK),
                    requester=grant.requester.raw,
                    fields=",".join(grant.fields),
                    key_id=grant.key.raw,
                    granted_at=grant.granted_at,
                    expires_at=grant.expires_at,
                    revoked_at=grant.revoked_at,
                    revoked_for=grant.revoked_for,
                    erased_at=grant.erased_at,
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this request was granted already") from fault

    def revoke(self, release: ReleaseId, at: datetime, cause: str, entry: EntryId) -> bool:
        changed = self._tx.write(
            update(t.grants)
            .where(t.grants.c.release_id == release.raw, t.grants.c.revoked_at.is_(None))
            .values(revoked_at=at, revoked_for=cause, entry_id=entry.raw)
        )
        return changed.rowcount == 1

    def given_to(self, reader: Zone, limit: int, before: datetime | None) -> list[GrantRow]:
        c = t.grants.c
        wanted = select(*_GRANT).where(c.reader == str(reader))
        if before is not None:
            wanted = wanted.where(c.granted_at < before)
        rows = self._tx.read(wanted.order_by(c.granted_at.desc(), c.release_id).limit(limit))
        return [_grant(row) for row in rows]

    def over(self, now: datetime, limit: int) -> list[GrantRow]:
        c = t.grants.c
        over = or_(c.revoked_at.is_not(None), c.expires_at <= now, _STOPPED.is_not(None))
        ended = and_(c.erased_at.is_(None), over)
        rows = self._tx.read(select(*_GRANT).where(ended).order_by(c.expires_at, c.release_id).limit(limit))
        return [_grant(row) for row in rows]

    def erased(self, release: ReleaseId, at: datetime, entry: EntryId) -> None:
        self._tx.write(
            update(t.grants).where(t.grants.c.release_id == release.raw).values(erased_at=at, entry_id=entry.raw)
        )


def _free(taken: Collection[int], first: int) -> int:
    """The first number from there on that nobody has."""
    return next(number for number in count(first) if number not in taken)


def _request(r: Any) -> RequestRow:
    return RequestRow(
        RequestId(bytes(r.request_id)), Zone.parse(r.zone), ActorId(bytes(r.requester)), r.day, r.number, r.filed_at,
        r.due_at,
    )  # fmt: skip


def _copy(r: Any) -> CopyRow:
    return CopyRow(
        RequestId(bytes(r.request_id)), r.version, Zone.parse(r.reader), Zone.parse(r.zone), bytes(r.policy),
        KeyId(bytes(r.key_id)), bytes(r.sealed), bytes(r.signature), r.written_at, EntryId(bytes(r.entry_id)),
    )  # fmt: skip


def _answer(r: Any) -> AnswerRow:
    given = Answer(
        r.number, r.version, Act(r.act), Role(r.function), ActorId(bytes(r.actor_id)), r.at,
        tuple(filter(None, r.fields.split(","))), r.code, bytes(r.digest),
        ActorId(bytes(r.delegate)) if r.delegate is not None else None, bytes(r.evidence),
    )  # fmt: skip
    return AnswerRow(RequestId(bytes(r.request_id)), Zone.parse(r.zone), given, r.told_to, bytes(r.signature))


def _grant(r: Any) -> GrantRow:
    return GrantRow(
        ReleaseId(bytes(r.release_id)), RequestId(bytes(r.request_id)), Zone.parse(r.reader),
        ActorId(bytes(r.requester)), tuple(r.fields.split(",")), KeyId(bytes(r.key_id)), r.granted_at, r.expires_at,
        r.revoked_at, r.revoked_for, r.erased_at, stopped_at=r.stopped_at,
    )  # fmt: skip
