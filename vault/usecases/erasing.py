"""Erasing a case: what is due, who asks, who agrees, and the erasure itself, in steps that can each be the last.

A regional head asks about a case of the region, and is told what holds it; the data protection officer answers, once;
casework erases what both words are about. The erasure asks nobody any more: like a sweep it opens and shows nothing.

    list_due(uow, head, casework, post)            which closed cases of the region are due, and what holds them
    ask(uow, head, case, ground, casework, post)
    decide(uow, dpo, erasure, Verdict.APPROVED, "", watch)
    begin_next(uow, casework, post)                tombstone and entry: from this commit on the case is gone
    go_on(uow, case, casework)                     wraps, then rows, then the confirmation; again until it is True

Every step looks at what the two databases say and does what is missing: killed between any two, the next call goes on;
a database that was put back from before a tombstone finds it in the other one (`unfinished`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.correspondence import Correspondence
from vault.access.enforcement import Guard, Item, Permit
from vault.access.shaping import shape
from vault.audit.events import Detail, Event, Happening
from vault.audit.events import Verdict as Logged
from vault.cases.calendar import belgian_day
from vault.cases.model import Case
from vault.cases.referrals import ReferralStatus
from vault.crypto.statement import ErasureStatement
from vault.erasures import Asked, Names
from vault.errors import Conflict, EnvelopeRejected, ErasureHeld, InvalidInput, NotFound
from vault.ids import CaseId, EntryId, ErasureId
from vault.lifecycle.erasure import ErasureRow, Refusal, Standing, Verdict, WordRow
from vault.lifecycle.holds import Hold
from vault.lifecycle.retention import RetentionRules
from vault.pseudonyms import LOG, Pseudonym, domain_of
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.referrals import confirmed_by, release_of
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Action, Compartment, Facts, Kind, Phase, Purpose, Zone

LIST_LIMIT: Final = 200
_ADMIN, _WATCH = Purpose.CASE_ADMINISTRATION, Purpose.DATA_PROTECTION
#: Standings in which a case cannot be asked for again: its turn is somebody else's.
RUNS: Final = (Standing.ASKED, Standing.APPROVED)
_CLOSED: Final = (Phase.CLOSED, Phase.HANDED_OVER)
_ASKED: Final = "asked"
#: Approved erasures that one step looks through for one that can begin: those that something holds stay in the way.
_LOOKED_THROUGH: Final = 200


@dataclass(frozen=True, slots=True)
class ErasureWatch:
    """Oversight's part. post: signs its word, and knows casework's."""

    guard: Guard
    post: Correspondence
    rules: RetentionRules


# -- casework: what is due, and asking ---------------------------------------------------------------


def list_due(
    uow: UnitOfWork, actor: Actor, casework: Casework, post: Correspondence, *, limit: int = 50,
    by: date | None = None, only: CaseId | None = None,
) -> list[Values]:  # fmt: skip
    """Closed cases of the region that are due on that day (today), or for which an erasure was asked, with what holds
    them. only: this one, due or not, closed or not; nothing if it is none of the region. Nothing is changed.
    """
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    permit = _may_list(uow, actor, casework)
    now = casework.clock.now()
    closed = uow.erasures.closed(actor.region, now, LIST_LIMIT) if only is None else _alone(uow, actor, only)
    asked = uow.erasures.of_cases([case.id for case, _ in closed])
    found, day, zones = list[Values](), by or belgian_day(now), zones_of(uow, casework)
    for case, held in closed:
        request = asked.get(case.id)
        due = _due_on(case, held, casework)
        wanted = only is not None or request is not None or (due is not None and due <= day)
        if wanted and len(found) < limit:
            blocking = _holds(uow, case, zones, casework, post, now)
            found.append(shape(permit.profile, _line(case, held, due, blocking, request)))
    return found


def count_due(uow: UnitOfWork, actor: Actor, casework: Casework) -> int:
    """How many closed cases of the region are due today and wait for nobody else: a head asks, or ends what holds them.

    Of those that were closed longest, `LIST_LIMIT` are looked at. One that was refused, or has lapsed, counts again.
    """
    _may_list(uow, actor, casework)
    now = casework.clock.now()
    closed, today = uow.erasures.closed(actor.region, now, LIST_LIMIT), belgian_day(now)
    late = [case.id for case, held in closed if (due := _due_on(case, held, casework)) is not None and due <= today]
    asked = uow.erasures.of_cases(late)
    return sum(each not in asked or standing(asked[each]) not in RUNS for each in late)


def _may_list(uow: UnitOfWork, actor: Actor, casework: Casework) -> Permit:
    return casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.ERASURE), purpose=_ADMIN, facts=Facts.of(region=bool(actor.region)),
        config=casework.retention.digest.hex(),
    )  # fmt: skip


def _alone(uow: UnitOfWork, actor: Actor, wanted: CaseId) -> list[tuple[Case, frozenset[Compartment]]]:
    case = uow.cases.get(wanted)
    if case is None or case.region != actor.region or case.phase is Phase.ERASED:
        return []
    return [(case, _held(uow, case))]


def _held(uow: UnitOfWork, case: Case) -> frozenset[Compartment]:
    return frozenset(part for part in Compartment if uow.cases.key(case.id, part) is not None)


def _line(
    case: Case, held: Collection[Compartment], due: date | None, blocking: Sequence[Hold], asked: Asked | None
) -> dict[str, Any]:
    stands = standing(asked) if asked is not None else None
    return {
        "reference": reference(case.id), "phase": case.phase.value, "closed_at": case.closed_at,
        "due_on": due.isoformat() if due is not None else None, "compartments": sorted(part.value for part in held),
        "holds": [hold.value for hold in blocking], "erasure": asked.row.id.hex() if asked is not None else None,
        "standing": stands.value if stands is not None else None,
        "refused_for": _refused_for(asked) if asked is not None and stands is Standing.REFUSED else None,
    }  # fmt: skip


def _refused_for(asked: Asked) -> str | None:
    """The code of a refusal; None for what is none of the listed ones, which nobody but the database can have said."""
    said = asked.word.code if asked.word is not None else ""
    return said if said in [each.value for each in Refusal] else None


def ask(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, ground: str, casework: Casework, post: Correspondence
) -> Values:
    """Ask that a case be erased.

    Raises NotFound, InvalidInput for a ground that is not listed, ErasureHeld with what keeps the case (that it is not
    closed, first of all), Conflict while an earlier request about it runs.
    """
    case = uow.cases.get_to_change(case_id)
    permit = casework.ask(
        uow, actor, Action.CREATE, Kind.ERASURE, case, purpose=_ADMIN, asked=case_id.hex(), outcome=ground,
        config=casework.retention.digest.hex(),
    )  # fmt: skip
    case = existing(case)
    _check(uow, case, ground, casework, post)
    before = uow.erasures.of_cases([case.id]).get(case.id)
    if before is not None and standing(before) in RUNS:
        raise Conflict("somebody asked for this already")
    assert case.closed_at is not None
    erasure, now = ErasureId(casework.entropy.bytes(16)), casework.clock.now()
    subject = casework.pseudonyms.token(LOG, case.id).token
    told = ErasureStatement(subject, erasure, CASEWORK, _ASKED, "", ground, case.closed_at, now, permit.entry)
    row = ErasureRow(
        erasure, subject, ground, actor.id, actor.log_name, now, case.closed_at, told.sign(post.signing), permit.entry
    )
    uow.erasures.add(row, case.id)
    return shape(
        permit.profile,
        {"erasure": erasure.hex(), "reference": reference(case.id), "standing": Standing.ASKED.value, "asked_at": now},
    )


def _due_on(case: Case, held: Collection[Compartment], casework: Casework) -> date | None:
    """None for a case that is not closed: its time has not begun."""
    if case.phase not in _CLOSED or case.closed_at is None:
        return None
    return casework.retention.due_on(belgian_day(case.closed_at), held)


def _check(uow: UnitOfWork, case: Case, ground: str, casework: Casework, post: Correspondence) -> None:
    """Raises InvalidInput, ErasureHeld."""
    now, found = casework.clock.now(), list[Hold]()
    early = casework.retention.ground(ground).before_due
    due = _due_on(case, _held(uow, case), casework)
    if due is not None and not early and belgian_day(now) < due:
        found.append(Hold.NOT_DUE)
    found += _holds(uow, case, zones_of(uow, casework), casework, post, now)
    if found:
        raise ErasureHeld(tuple(hold.value for hold in found))


def _holds(
    uow: UnitOfWork, case: Case, zones: Sequence[Zone], casework: Casework, post: Correspondence, now: datetime
) -> list[Hold]:
    """What keeps it besides its day. An open case is held by that alone: what else runs in it is its coach's."""
    if case.phase not in _CLOSED or case.closed_at is None:
        return [Hold.OPEN]
    found = uow.erasures.holds(case.id, names_of(case.id, zones, casework), now)
    if Hold.RECEIPT in found and not any(_awaited(uow, case, casework, post, now)):
        found.remove(Hold.RECEIPT)
    return found


def _awaited(uow: UnitOfWork, case: Case, casework: Casework, post: Correspondence, now: datetime) -> Iterator[bool]:
    """Of each withdrawal whose day has not come, whether its partner has yet to sign a receipt."""
    for referral in uow.referrals.of_case(case.id):
        due = referral.receipt_due
        if referral.status is ReferralStatus.WITHDRAWN and due is not None and due > now:
            yield confirmed_by(uow, referral, release_of(referral.id, casework), casework, post) is None


def zones_of(uow: UnitOfWork, casework: Casework) -> list[Zone]:
    """Every zone that something may have been released to: also a partner that the directory has dropped since."""
    known = [FOLLOW_UP, OVERSIGHT, *sorted(casework.partners), *uow.erasures.readers()]
    return [zone for zone in dict.fromkeys(known) if zone != CASEWORK]


def names_of(case: CaseId, zones: Sequence[Zone], casework: Casework) -> Names:
    """Under which name each of these zones knows the case."""
    return [(zone, casework.pseudonyms.token(domain_of(zone), case).token) for zone in zones]


def standing(asked: Asked) -> Standing:
    """How a request stands, by what this zone sees of it."""
    if asked.tombstone is not None:
        return Standing.ERASED if asked.tombstone.done_at is not None else Standing.BEGUN
    if asked.word is None:
        return Standing.LAPSED if asked.lapsed_at is not None else Standing.ASKED
    if asked.word.verdict is Verdict.REFUSED:
        return Standing.REFUSED
    return Standing.LAPSED if asked.lapsed_at is not None else Standing.APPROVED


# -- oversight: the second word ----------------------------------------------------------------------


def list_asked(
    uow: UnitOfWork, actor: Actor, watch: ErasureWatch, *, limit: int = 50, before: datetime | None = None,
    waiting: bool = False, only: ErasureId | None = None,
) -> list[Values]:  # fmt: skip
    """What was asked, newest first. One that casework did not sign is told as `forged`.

    waiting: those that nobody answered. only: this one, answered or not.
    """
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    permit = watch.guard.permit(
        uow, actor, Action.LIST, Item(Kind.ERASURE), purpose=_WATCH, facts=Facts.of(addressed=True),
        config=watch.rules.digest.hex(),
    )  # fmt: skip
    if only is not None:
        one = uow.erasures.get(only)
        found = [one] if one is not None else []
    else:
        found = uow.erasures.newest(limit, before, waiting=waiting)
    return [shape(permit.profile, _told(asked, watch)) for asked in found]


def _told(asked: Asked, watch: ErasureWatch) -> dict[str, Any]:
    row, listed = asked.row, watch.rules.grounds.get(asked.row.ground)
    return {
        "erasure": row.id.hex(), "subject": Pseudonym(LOG, row.subject).text, "cause": row.ground,
        "legal": listed.text if listed is not None else "", "asked_by": row.asked_by,
        "asked_at": row.asked_at.isoformat(), "closed_at": row.closed_at,
        "standing": standing(asked).value if is_asked(row, watch.post) else "forged",
        "refused_for": asked.word.code or None if asked.word is not None else None,
    }  # fmt: skip


def decide(
    uow: UnitOfWork, actor: Actor, erasure: ErasureId, verdict: Verdict, code: str, watch: ErasureWatch
) -> Values:
    """Agree, or refuse with a code. Said once. Raises NotFound, InvalidInput, Conflict."""
    if (code in [each.value for each in Refusal]) is not (verdict is Verdict.REFUSED):
        raise InvalidInput(f"a refusal says why: {', '.join(Refusal)}; an approval does not", field="code")
    asked = uow.erasures.get(erasure)
    mine = asked is not None and is_asked(asked.row, watch.post)
    act = Action.SIGN if verdict is Verdict.APPROVED else Action.CLOSE
    permit = watch.guard.permit(
        uow, actor, act,
        Item(Kind.ERASURE, erasure.hex(), None, Pseudonym(LOG, asked.row.subject).text if asked is not None else ""),
        purpose=_WATCH, facts=Facts.of(addressed=mine), outcome=code or verdict.value,
        config=watch.rules.digest.hex(),
    )  # fmt: skip
    if asked is None:
        raise NotFound("no such item, or not for you")
    if asked.word is not None:
        raise Conflict("this was answered already")
    row, now = asked.row, watch.post.clock.now()
    told = _statement(row, OVERSIGHT, verdict.value, code, now, permit.entry)
    uow.erasures.say(WordRow(erasure, verdict, code, actor.id, now, told.sign(watch.post.signing), permit.entry))
    stand = Standing.APPROVED if verdict is Verdict.APPROVED else Standing.REFUSED
    return shape(permit.profile, {"erasure": erasure.hex(), "standing": stand.value, "answered_at": now})


def _statement(row: ErasureRow, sender: Zone, said: str, code: str, at: datetime, entry: EntryId) -> ErasureStatement:
    return ErasureStatement(row.subject, row.id, sender, said, code, row.ground, row.closed_at, at, entry)


def is_asked(row: ErasureRow, post: Correspondence) -> bool:
    """Whether casework signed it as it stands."""
    return _signed(_statement(row, CASEWORK, _ASKED, "", row.asked_at, row.entry), row.signature, post)


def is_agreed(asked: Asked, post: Correspondence) -> bool:
    """Whether oversight signed a yes to exactly this."""
    word = asked.word
    if word is None or word.verdict is not Verdict.APPROVED:
        return False
    told = _statement(asked.row, OVERSIGHT, word.verdict.value, word.code, word.at, word.entry)
    return _signed(told, word.signature, post)


def _signed(told: ErasureStatement, signature: bytes, post: Correspondence) -> bool:
    try:
        told.verify(signature, post.directory.of(told.sender).verify)
    except EnvelopeRejected:
        return False
    return True


# -- the erasure -------------------------------------------------------------------------------------


def begin_next(uow: UnitOfWork, casework: Casework, post: Correspondence) -> CaseId | None:
    """Write the tombstone of one case that was approved; None where none can begin now.

    What is held is passed over and tried again; what was asked of a case that was reopened since lapses.
    """
    now = casework.clock.now()
    for asked in uow.erasures.approved(_LOOKED_THROUGH):
        case = uow.cases.get_to_change(asked.case) if asked.case is not None else None
        if case is None or not is_asked(asked.row, post) or not is_agreed(asked, post):
            continue  # somebody wrote a row that nobody signed: the doctor names it
        if casework.pseudonyms.token(LOG, case.id).token != asked.row.subject or case.phase is Phase.ERASED:
            continue  # another process was faster, or the row was made to say another case
        if case.closed_at != asked.row.closed_at:
            event = _event(Happening.ERASURE_LAPSED, case.id, casework, 1, asked.row.id.hex(), "reopened")
            uow.erasures.lapse(asked.row.id, now, uow.audit.append(event, Detail()))
            continue
        try:
            _check(uow, case, asked.row.ground, casework, post)
        except (ErasureHeld, InvalidInput):
            continue
        _bury(uow, case.id, casework, Happening.ERASURE_BEGUN, asked.row.id.hex(), asked.row.ground)
        return case.id
    return None


def go_on(uow: UnitOfWork, case: CaseId, casework: Casework) -> bool:
    """The next missing step of an erasure. True where nothing is missing any more."""
    now, stone = casework.clock.now(), uow.erasures.tombstone(case)
    there = uow.erasures.in_keystore(case)
    if stone is None:
        if there:  # the main database was put back from before: what is new to it is on no list of keys yet
            _bury(uow, case, casework, Happening.ERASURE_REPLAYED, "", "main")
            uow.erasures.destroy(case, now)
        return not there
    if not there:
        if stone.done_at is not None:  # the keystore was
            uow.audit.append(_event(Happening.ERASURE_REPLAYED, case, casework, 1, "", "keystore"), Detail())
        uow.erasures.destroy(case, now)
        return False
    if stone.done_at is not None:
        return True
    if uow.erasures.take_away(case, names_of(case, zones_of(uow, casework), casework)):
        return False
    confirmed = _event(Happening.ERASED, case, casework, uow.erasures.buried(case) + 1, "", "")
    uow.erasures.done(case, now, uow.audit.append(confirmed, Detail()))
    return True


def _bury(uow: UnitOfWork, case: CaseId, casework: Casework, what: Happening, erasure: str, outcome: str) -> None:
    entry = uow.audit.append(_event(what, case, casework, 1, erasure, outcome), Detail())
    uow.erasures.bury(case, names_of(case, zones_of(uow, casework), casework), casework.clock.now(), entry)


def _event(what: Happening, case: CaseId, casework: Casework, count: int, erasure: str, outcome: str) -> Event:
    return Event(
        what, Kind.CASE.value, Logged.NONE, object=erasure, subject=casework.subject(case), outcome=outcome,
        count=count, config=casework.retention.digest.hex(),
    )  # fmt: skip


# -- when both databases were put back ---------------------------------------------------------------


def tombstones(uow: UnitOfWork) -> list[str]:
    """The references of all erased cases: names of nothing. For a list that is kept apart from both databases."""
    return [reference(case) for case in uow.erasures.buried_cases()]


def bury_again(uow: UnitOfWork, case: CaseId, casework: Casework) -> bool:
    """The tombstone of a case that neither database knows to be erased. False where it has one."""
    if uow.erasures.tombstone(case) is not None:
        return False
    _bury(uow, case, casework, Happening.ERASURE_REPLAYED, "", "list")
    return True
