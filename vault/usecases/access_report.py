"""Who consulted what of a case: for the person concerned. Asked for in casework, made in oversight.

No zone can make it alone. The log names a case by another pseudonym in each zone, and only casework knows that they
are one case; only oversight reads the log. So a coach, or the head of the region, passes on that the person asks: the
case's names in every domain leave as one release, sealed to oversight, for three months. With it the data protection
officer makes the report. It says function and service, never who; nothing of what was confided is in either half.

    granted = authorise(uow, actor, case, casework)         commits its entries
    ask(uow, actor, granted, casework, sender)              the names leave, sealed
    make(uow, dpo, release, period, reception, oversight)   the signed report
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.releases import Sender
from vault.access.shaping import shape
from vault.audit.events import Event, Happening, Verdict
from vault.audit.reading import TreeHead
from vault.cases.calendar import plausible
from vault.errors import EnvelopeRejected, InvalidInput, NotFound
from vault.ids import CaseId, EntryId, ReleaseId
from vault.oversight.access_report import FORMAT, SILENCING, TIME_ZONE, Report, Withholding, summarise
from vault.provenance import Leaving
from vault.pseudonyms import LOG, domain_of
from vault.unit_of_work import ReleaseRow, UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference, relation
from vault.usecases.received import Reception
from vault.usecases.trail import Oversight, purpose_of
from vault.vocabulary import FOLLOW_UP, OVERSIGHT, Action, Compartment, Facts, Kind, Purpose

SCHEMA: Final = 1
#: A person has an answer within a month, two more where it is hard (GDPR art. 12); then the names open no more.
NAMES_LAST: Final = timedelta(days=92)
#: Entries of one report: about a second's work. Beyond, a shorter period is asked for.
MOST_ENTRIES: Final = 20_000
SIGNED_AS: Final = "access report"


@dataclass(frozen=True, slots=True)
class Granted:
    """Leave to pass the case's names on. entry: committed, and good for this release only."""

    permit: Permit
    case: CaseId
    release: ReleaseId
    entry: EntryId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """since is inside, until is not; None: from the beginning, until now."""

    since: datetime | None = None
    until: datetime | None = None


# -- casework ----------------------------------------------------------------------------------------


def authorise(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> Granted:
    """First half: the person asks, and this actor may pass it on. Raises NotFound, AccessDenied."""
    case = uow.cases.get(case_id)
    permit = casework.ask(
        uow, actor, Action.RELEASE, Kind.ACCESS_REPORT, case, purpose=Purpose.CASE_ADMINISTRATION,
        asked=case_id.hex(), facts=relation(actor, case), outcome="asked",
    )  # fmt: skip
    existing(case)
    release, subject = ReleaseId(casework.entropy.bytes(16)), casework.pseudonyms.token(domain_of(OVERSIGHT), case_id)
    event = Event(
        Happening.RELEASE_BEGUN.value, Kind.ACCESS_REPORT.value, Verdict.ALLOW, actor=actor.log_name,
        role=actor.role.value, session=actor.session.hex(), object=release.hex(), subject=subject.text,
        purpose=permit.purpose.value, rule=permit.rule, policy=casework.guard.policy_digest.hex(),
        outcome=str(OVERSIGHT),
    )  # fmt: skip
    entry = uow.audit.append(event, actor.detail())
    return Granted(permit, case_id, release, entry, casework.clock.now() + NAMES_LAST)


def ask(uow: UnitOfWork, actor: Actor, granted: Granted, casework: Casework, sender: Sender) -> Values:
    """Second half: seal the case's names to oversight. The receipt's number is what the person is told."""
    granted.permit.used_by(actor.id)
    case = existing(uow.cases.get(granted.case))
    event = Event(
        Happening.RELEASED.value, Kind.ACCESS_REPORT.value, Verdict.ALLOW, actor=actor.log_name, role=actor.role.value,
        session=actor.session.hex(), subject=casework.subject(granted.case), purpose=granted.permit.purpose.value,
        rule=granted.permit.rule, policy=casework.guard.policy_digest.hex(), outcome=str(OVERSIGHT),
    )  # fmt: skip
    uow.audit.append(event, actor.detail())
    sender.seal(
        uow, granted.permit, Leaving({}, _names(granted.case, casework)), release=granted.release, reader=OVERSIGHT,
        subject=casework.pseudonyms.token(domain_of(OVERSIGHT), granted.case).token, kind=Kind.ACCESS_REPORT,
        compartment=Compartment.STATUS, purpose=Purpose.DATA_PROTECTION, decision=granted.entry,
        policy=casework.guard.policy_digest, schema=SCHEMA, expires_at=granted.expires_at,
    )  # fmt: skip
    return shape(
        granted.permit.profile,
        {
            "reference": reference(granted.case), "note": None, "release": granted.release.hex(),
            "version": case.version, "state": case.state.value,
        },
    )  # fmt: skip


def _names(case: CaseId, casework: Casework) -> dict[str, str]:
    """Every name under which somebody may have logged a look at this case. Partners: all, so that none is missed."""
    names = {"log": casework.pseudonyms.token(LOG, case).text}
    for zone in (FOLLOW_UP, OVERSIGHT, *sorted(casework.partners)):
        names[str(zone)] = casework.pseudonyms.token(domain_of(zone), case).text
    return names


# -- oversight ---------------------------------------------------------------------------------------


def make(
    uow: UnitOfWork, actor: Actor, release: ReleaseId, period: Period, reception: Reception, oversight: Oversight,
    withheld: tuple[Withholding, ...],
) -> Values:  # fmt: skip
    """The report, signed. Raises NotFound for a request that is unknown, not for oversight, or too old."""
    _check(period)
    row = uow.releases.get(release, Kind.ACCESS_REPORT)
    now = oversight.clock.now()
    live = row is not None and (row.expires_at is None or now < row.expires_at)
    mine = row is not None and row.reader == actor.zone
    permit = oversight.guard.permit(
        uow, actor, Action.READ,
        Item(Kind.ACCESS_REPORT, release.hex(), None, reception.receiver.pseudonym(row) if row and mine else ""),
        purpose=purpose_of(actor), facts=Facts.of(addressed=mine and live, consent=live),
    )  # fmt: skip
    if row is None:
        raise NotFound("no such request")
    subjects = _opened(uow, permit, row, reception)
    until = min(period.until, now) if period.until is not None else now
    found = uow.trail.about(subjects, period.since, until, MOST_ENTRIES + 1)
    if len(found) > MOST_ENTRIES:
        raise InvalidInput(f"more than {MOST_ENTRIES} entries: name a shorter period", field="since")
    bodies = [(entry.id, entry.told()) for entry in found]
    # Also what stands before the period: an exception that was filed then may still be kept from the person.
    silencing = [entry.told() for entry in uow.trail.evidence(subjects, SILENCING, now, MOST_ENTRIES)]
    report = summarise(bodies, uow.trail.places([entry.id for entry in found]), withheld, now, silencing)
    values = _values(report, release, reception.receiver.pseudonym(row), period.since, until, now)
    values["checkpoint"] = _checkpoint(uow.trail.newest())
    values["policy"] = oversight.guard.policy_digest.hex()
    return _signed(permit, values, oversight)


def _check(period: Period) -> None:
    for name, moment in (("since", period.since), ("until", period.until)):
        if moment is not None and not plausible(moment.date()):
            raise InvalidInput("the moment cannot be meant", field=name)
    if period.since is not None and period.until is not None and period.since >= period.until:
        raise InvalidInput("a period begins before it ends", field="until")


def _opened(uow: UnitOfWork, permit: Permit, row: ReleaseRow, reception: Reception) -> tuple[str, ...]:
    names = reception.receiver.open(uow, permit, row).expose()
    if row.schema != SCHEMA or not all(isinstance(name, str) and name for name in names.values()):
        raise EnvelopeRejected("a request of another shape than this program knows")
    return tuple(sorted(set(names.values())))


def _values(
    report: Report, release: ReleaseId, pseudonym: str, since: datetime | None, until: datetime, now: datetime
) -> Values:
    return {
        "format": FORMAT,
        "release": release.hex(),
        "pseudonym": pseudonym,
        "made_at": now.isoformat(timespec="seconds"),
        "since": since.isoformat(timespec="seconds") if since is not None else None,
        "until": until.isoformat(timespec="seconds"),
        "time_zone": TIME_ZONE,
        "days": [day.values() for day in report.days],
        "consultations": report.consultations,
        "refused": report.refused,
        "withheld": [{"reason": reason, "count": count} for reason, count in report.withheld],
        "unsequenced": report.unsequenced,
    }


def _checkpoint(newest: TreeHead | None) -> Values | None:
    """The tree that the report's entries stand in: who has a checkpoint of it can have each of them proved."""
    if newest is None:
        return None
    return {"origin": newest.origin, "size": newest.size, "root": b64encode(newest.root).decode("ascii")}


def signed_bytes(report: Mapping[str, Any]) -> bytes:
    """What is signed: the report without `signature` and `signed_by`, keys in order, no spaces, ASCII."""
    plain = {name: value for name, value in report.items() if name not in ("signature", "signed_by")}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def _signed(permit: Permit, values: Values, oversight: Oversight) -> Values:
    """Shape first, then sign: what is signed is exactly what the profile lets out."""
    report = shape(permit.profile, values | {"signature": "", "signed_by": ""})
    report["signature"] = b64encode(oversight.signing.sign(signed_bytes(report), SIGNED_AS)).decode("ascii")
    report["signed_by"] = str(OVERSIGHT)
    return report
