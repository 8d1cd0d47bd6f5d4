"""Oversight's queue of ceremonies, and the signed approvals of one. Both are logged looks.

The list is what the log tells. Of one ceremony the form is opened as approvers saw it, which never says whom it is
about, and each approval is held once more against its approver's own signature, the zone's signature, and the keys that
oversight's own access file lists. All that this takes is in the reply: whoever keeps it checks it elsewhere
(`parefeu access check`).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from vault.access.actor import Actor
from vault.access.asking import AccessOffice
from vault.access.enforcement import Item, Permit
from vault.access.evidence import Evidence
from vault.access.shaping import shape
from vault.asking import RequestRow
from vault.audit.events import Happening
from vault.audit.reading import EntryFilter
from vault.cases.access_requests import AccessForm, Act, Answer, Manner, approvals, conclusive
from vault.cases.calendar import belgian_day
from vault.ceremonies import CeremonyRow
from vault.errors import CryptoError, Erased, InvalidInput, NotFound
from vault.ids import ReleaseId
from vault.oversight.ceremonies import Told, ceremonies
from vault.oversight.due import Due, queue
from vault.unit_of_work import UnitOfWork
from vault.usecases.answering import told_answer
from vault.usecases.asking import form_values
from vault.usecases.casework import Values
from vault.usecases.ceremony import ceremony_values
from vault.usecases.emergency_review import LONGEST, every, shown_day
from vault.usecases.reviews import all_reviews
from vault.usecases.trail import Oversight, purpose_of
from vault.vocabulary import Action, Facts, Kind

_PAGE: Final = 500
_KIND: Final = Kind.CEREMONY.value
#: Looks of one list of ceremonies that are read at most: each is some minutes of one person.
_MOST_LOOKS: Final = 10_000
#: What stands of a form that cannot be opened.
_FORMLESS: Final = (
    "request", "manner", "asked_for", "purpose", "basis", "reason", "asked_by", "version", "filed_at", "canonical",
)  # fmt: skip


class _Kept(NamedTuple):
    """What the rows say of a ceremony: each None where there is none, or it is not what was signed."""

    row: CeremonyRow | None
    request: RequestRow | None
    form: AccessForm | None
    answers: Sequence[Answer]


def list_ceremonies(
    uow: UnitOfWork, actor: Actor, since: datetime | None, oversight: Oversight, *, waiting: bool = False
) -> list[Values]:
    """Ceremonies begun since a moment (a year, if none is named), newest first. waiting: only those to be reviewed."""
    now = oversight.clock.now()
    begins = since if since is not None else now - LONGEST
    if not now - LONGEST <= begins <= now:
        raise InvalidInput(f"a list goes back {LONGEST.days} days at most", field="since")
    due = _queue(uow, begins, oversight)
    chosen = [each for each in due if each.open] if waiting else due
    permit = oversight.guard.permit(
        uow, actor, Action.LIST, Item(Kind.CEREMONY_USE), purpose=purpose_of(actor), facts=Facts(),
        count=len(chosen), config=oversight.emergency_rules.digest.hex(),
    )  # fmt: skip
    return [shape(permit.profile, _values(each)) for each in chosen]


def read_ceremony(
    uow: UnitOfWork, actor: Actor, ceremony: ReleaseId, oversight: Oversight, office: AccessOffice
) -> Values:
    """One with its form and its approvals, each held against its signature. Raises NotFound."""
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.CEREMONY_USE, ceremony.hex()), purpose=purpose_of(actor), facts=Facts(),
        config=office.rules.digest.hex(),
    )  # fmt: skip
    now = oversight.clock.now()
    due = next((each for each in _queue(uow, now - LONGEST, oversight) if each.use.ceremony == ceremony.hex()), None)
    if due is None:
        raise NotFound("no such ceremony")
    kept = _kept(uow, permit, ceremony, office)
    values = dict.fromkeys(_FORMLESS) | {"open_until": None, "expires_at": None}
    if kept.row is not None:
        told = ceremony_values(kept.row)
        values |= {name: told[name] for name in ("request", "open_until", "expires_at")}
    if kept.request is not None and kept.form is not None:
        values |= form_values(kept.request, kept.form) | {
            "asked_by": kept.form.asked_by, "canonical": b64encode(kept.form.canonical()).decode("ascii"),
        }  # fmt: skip
    values |= {
        "answers": [told_answer(answer) for answer in kept.answers],
        "signatures": [_signature(answer, kept.form, office) for answer in kept.answers if answer.act is Act.APPROVED],
        "trusted": _trusted(kept, due.use, office),
    }
    return shape(permit.profile, values | _values(due))


def _queue(uow: UnitOfWork, since: datetime, oversight: Oversight) -> list[Due[Told]]:
    """Along the words that are rare in a log: acts of ceremonies are few, whatever else is in it."""
    now = oversight.clock.now()
    acts = [
        body
        for action in (Happening.RELEASE_BEGUN.value, Action.SIGN.value, Action.CLOSE.value)
        for body in every(uow, EntryFilter(since=since, action=action, kind=_KIND, limit=_PAGE))
    ]
    subjects = sorted({body["subject"] for body in acts if body["action"] == Happening.RELEASE_BEGUN.value})
    looks = uow.trail.evidence(subjects, [(Action.READ.value, _KIND)], now, _MOST_LOOKS)
    found = ceremonies([*acts, *(entry.told() for entry in looks)])
    reviews = list(all_reviews(uow, EntryFilter(since=since), now)) if found else []
    within = oversight.emergency_rules.review_within
    return queue(found, reviews, oversight.calendar, within, belgian_day(now))


def _kept(uow: UnitOfWork, permit: Permit, ceremony: ReleaseId, office: AccessOffice) -> _Kept:
    row = uow.ceremonies.get(ceremony)
    if row is None:
        return _Kept(None, None, None, ())
    request, answers = uow.requests.get(row.request), office.answers(uow, row.request)
    try:
        form = office.open_reviewed(uow, permit, row.request, ceremony).form
    except (CryptoError, Erased):  # said, not hidden: it may be what the review is about
        form = None
    return _Kept(row, request, form, answers)


def _trusted(kept: _Kept, told: Told, office: AccessOffice) -> bool:
    """Whether everything that must hold does: both functions signed this very form, with keys that are listed."""
    form, row = kept.form, kept.row
    if form is None or row is None or form.manner is not Manner.CEREMONY:
        return False
    fits = (str(form.zone), form.requester, form.minutes) == (told.reader, row.requester, row.minutes)
    fits = fits and (told.opened_at is None or told.minutes == form.minutes)
    return fits and conclusive(form, kept.answers, office.rules)


def _signature(answer: Answer, form: AccessForm | None, office: AccessOffice) -> dict[str, Any]:
    """One approval. own: whether the approver's own signature holds, over this form. zone: whether the zone's does.

    listed: whether the access file lists that key for this function and login. counts: whether it is one of the two.
    """
    evidence = Evidence.decode(answer.evidence)
    login = evidence.login if evidence is not None else ""
    same = form is not None and answer.digest == form.digest and answer.version == form.version
    counted = approvals(form, [answer], office.rules) if form is not None else {}
    return {
        "function": answer.function.value, "login": login, "at": answer.at.isoformat(timespec="seconds"),
        "means": evidence.means if evidence is not None else "", "fingerprint": answer.signed_by,
        "own": bool(answer.signed_by) and same, "zone": answer.sound,
        "listed": office.rules.keys.get(answer.signed_by) == (answer.function, login),
        "counts": answer.function in counted,
    }  # fmt: skip


def _values(due: Due[Told]) -> dict[str, Any]:
    told, review = due.use, due.review
    return {
        "ceremony": told.ceremony, "course": told.course.value, "subject": told.subject, "reader": told.reader,
        "begun_by": told.begun_by, "begun_at": told.begun_at, "opened_by": told.opened_by or None,
        "opened_at": told.opened_at, "minutes": told.minutes or None, "ended_at": told.ended_at,
        "looks": len(told.looks), "entry": told.entry, "review": review.id if review is not None else None,
        "stage": review.stage.value if review is not None else None, "due_on": shown_day(due.due_on),
        "overdue": due.overdue,
    }  # fmt: skip
