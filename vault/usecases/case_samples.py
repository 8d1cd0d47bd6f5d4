"""A sample, from a regional head's reason to what came of it: the case is drawn by lot, read for some days, and done.

The head says why, and names one coach at most. Which case it is falls by lot (`vault.cases.case_samples`); the entry
of the draw holds what is needed to compute it again. While it runs the head reads the case's notes as they stand, with
their stand-ins, and what was recorded about stay and return; each look is decided and logged anew, for the purpose
`supervision`. Nothing here opens an identity, a token map, a file, a draft or what is sensitive; nothing is searched.
The coach of the case sees that it was drawn, why by the reason's code, and until when.

    drawn = ask(uow, head, Ask("quality", "…"), casework)
    list_notes(uow, head, id, casework); read_note(uow, head, id, note, casework)
    end(uow, head, id, "…", casework)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, NamedTuple

from vault.access.actor import Actor
from vault.access.enforcement import Item, Permit
from vault.access.shaping import narrowed, shape
from vault.cases.break_glass import Period
from vault.cases.calendar import belgian_day, end_of
from vault.cases.case_samples import (
    EXPLANATION_LONGEST,
    FINDING_LONGEST,
    SEED_BYTES,
    CaseSample,
    Lot,
    Standing,
    Told,
    draw,
    outcome_of,
    parse_words,
)
from vault.cases.facts import FACT_FIELDS
from vault.cases.flow import State, phase_of
from vault.cases.model import Case
from vault.cases.people import decode_content, encode_content
from vault.errors import BudgetSpent, InvalidInput, TooFewCases
from vault.freetext.identifying import identifying_numbers
from vault.ids import ActorId, CaseId, CaseSampleId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.facts import fact_values
from vault.usecases.notes import head_values, note_values
from vault.usecases.read_case import staff_names
from vault.vocabulary import Action, Facts, Kind, Phase, Provenance, Purpose, Role

LIST_LIMIT: Final = 200
#: What a list, and a coach's notice, go back to: what is older is in the log.
_LISTED: Final = timedelta(days=90)
#: Facts that can be looked at in one: C5 and C6. What is sensitive, and where somebody stays, never.
FACTS_SEEN: Final = (Kind.STAY_FACT, Kind.RETURN_FACT)
_DRAWN_FROM: Final = tuple(state for state in State if phase_of(state) is Phase.ACTIVE)
_SUPERVISION: Final = Purpose.SUPERVISION


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """reason: a code of the office's file. explanation: free text, sealed at once. coach: whose cases alone."""

    reason: str
    explanation: str
    coach: ActorId | None = None


class _Drawn(NamedTuple):
    case: CaseId
    lot: Lot
    coach: str  # as the log names them, "" for none


class _There(NamedTuple):
    """A sample as it lies before an actor. row, case: None where there is none."""

    row: CaseSample | None
    case: Case | None


def ask(uow: UnitOfWork, actor: Actor, cmd: Ask, casework: Casework) -> Values:
    """Have a case of one's region drawn. Raises InvalidInput, BudgetSpent, TooFewCases, Conflict."""
    rules, now = casework.sample_rules, casework.clock.now()
    rules.check(cmd.reason)
    explanation = _words(cmd.explanation, "explanation", EXPLANATION_LONGEST)
    sample, day = CaseSampleId(casework.entropy.bytes(16)), belgian_day(now)
    period = Period.MONTH.of(day)
    number = uow.case_samples.in_period(actor.id, period) + 1
    left = rules.budget - number
    # Only who may ask has anything drawn; a lot that nobody gets is not cast.
    drawn = _draw(uow, actor, cmd.coach, casework) if actor.role is Role.REGIONAL_HEAD and left >= 0 else None
    last = casework.calendar.working_days_after(day, rules.working_days)
    item, outcome = Item(Kind.CASE_SAMPLE, sample.hex()), cmd.reason
    if drawn is not None:
        item = Item(Kind.CASE_SAMPLE, sample.hex(), drawn.case, casework.subject(drawn.case))
        outcome = outcome_of(Told(cmd.reason, last, drawn.lot, drawn.coach))
    permit = casework.guard.permit(
        uow, actor, Action.CREATE, item, purpose=_SUPERVISION, facts=Facts.of(region=bool(actor.region)),
        reason=explanation, outcome=outcome, config=rules.digest.hex(),
    )  # fmt: skip
    if left < 0:
        raise BudgetSpent(f"one head has at most {rules.budget} cases drawn a month")
    if drawn is None:
        raise TooFewCases(f"a case is drawn among {rules.fewest} active ones at least: there are fewer")
    row = CaseSample(
        sample, drawn.case, actor.id, actor.region, cmd.coach, cmd.reason, period, number, drawn.lot, now, end_of(last)
    )
    uow.case_samples.add(row, permit.entry)
    _seal(uow, permit, row, 1, {"explanation": explanation}, casework)
    return shape(permit.profile, _told(row, casework) | {"left": left, "of": drawn.lot.of})


def list_own(uow: UnitOfWork, actor: Actor, casework: Casework, *, limit: int = 50) -> Values:
    """What was drawn for this head, the newest first; how many more this month; which reasons there are."""
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.CASE_SAMPLE), purpose=_SUPERVISION, facts=Facts.of(own=True)
    )
    now, rules = casework.clock.now(), casework.sample_rules
    rows = uow.case_samples.of_head(actor.id, now - _LISTED, limit)
    spent = uow.case_samples.in_period(actor.id, Period.MONTH.of(belgian_day(now)))
    return {
        "samples": [shape(permit.profile, _told(row, casework)) for row in rows],
        "left": max(0, rules.budget - spent), "reasons": list(rules.reasons), "fewest": rules.fewest,
        "working_days": rules.working_days,
    }  # fmt: skip


def list_notices(uow: UnitOfWork, actor: Actor, casework: Casework, *, limit: int = 50) -> list[Values]:
    """For a coach: which of one's own cases were drawn, by which function, why, and until when."""
    if not 1 <= limit <= LIST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {LIST_LIMIT}", field="limit")
    permit = casework.guard.permit(
        uow, actor, Action.LIST, Item(Kind.CASE_SAMPLE), purpose=Purpose.CASE_ADMINISTRATION, facts=Facts.of(own=True)
    )
    rows = uow.case_samples.of_coach(actor.id, casework.clock.now() - _LISTED, limit)
    return [shape(permit.profile, _told(row, casework)) for row in rows]


def read(uow: UnitOfWork, actor: Actor, sample: CaseSampleId, casework: Casework) -> Values:
    """One's own sample: why, until when, what came of it; also afterwards. Raises NotFound, Erased."""
    there = _there(uow, sample)
    row, case = there
    own = row is not None and row.actor == actor.id
    permit = casework.ask(
        uow, actor, Action.READ, Kind.CASE_SAMPLE, case, purpose=_SUPERVISION, asked=sample.hex(),
        facts=_standing_to(actor, case, own=own), config=casework.sample_rules.digest.hex(),
    )  # fmt: skip
    assert row is not None
    said: dict[str, Any] = {}
    for _, plaintext in casework.keeper.open_many(uow, permit, uow.records.history(RecordId(sample.raw))):
        said |= decode_content(plaintext.expose())
    coach = existing(case).coach
    return shape(
        permit.profile,
        _told(row, casework)
        | {
            "explanation": said.get("explanation"), "finding": said.get("finding"), "of": row.lot.of,
            "coach": staff_names(uow, [coach])[coach],
        },
    )  # fmt: skip


def end(uow: UnitOfWork, actor: Actor, sample: CaseSampleId, finding: str, casework: Casework) -> Values:
    """Say what came of it; from then on nothing is shown. Raises NotFound, InvalidInput, Conflict."""
    said = _words(finding, "finding", FINDING_LONGEST)
    there, now = _there(uow, sample), casework.clock.now()
    permit = casework.ask(
        uow, actor, Action.CLOSE, Kind.CASE_SAMPLE, there.case, purpose=_SUPERVISION, asked=sample.hex(),
        facts=_facts(actor, there, casework), reason=said, outcome="done",
        config=casework.sample_rules.digest.hex(),
    )  # fmt: skip
    assert there.row is not None
    uow.case_samples.end(sample, now, permit.entry)
    _seal(uow, permit, there.row, 2, {"finding": said}, casework)
    return shape(
        permit.profile,
        _told(replace(there.row, ended_at=now), casework) | {"left": None, "of": there.row.lot.of},
    )  # fmt: skip


def list_notes(uow: UnitOfWork, actor: Actor, sample: CaseSampleId, casework: Casework) -> list[Values]:
    """The notes of the case, without their text. Raises NotFound, also once the sample is over."""
    there = _there(uow, sample)
    permit = _look(uow, actor, Action.LIST, Kind.NOTE, there, _case_of(there, sample).hex(), casework)
    heads = uow.records.heads(existing(there.case).id, Kind.NOTE)
    return [shape(permit.profile, head_values(head)) for head in heads]


def read_note(uow: UnitOfWork, actor: Actor, sample: CaseSampleId, note: RecordId, casework: Casework) -> Values:
    """One note as it stands, with its stand-ins. Raises NotFound, also for a note of another case; Erased."""
    there, record = _there(uow, sample), uow.records.head(note)
    if record is None or there.row is None or record.case != there.row.case or record.kind is not Kind.NOTE:
        there = _There(None, None)
    permit = _look(uow, actor, Action.READ, Kind.NOTE, there, note.hex(), casework)
    assert record is not None
    return shape(permit.profile, note_values(record, casework.keeper.open(uow, permit, record).expose()))


def read_facts(uow: UnitOfWork, actor: Actor, sample: CaseSampleId, kind: Kind, casework: Casework) -> Values:
    """What is recorded about stay, or about return, as it stands. Raises NotFound."""
    if kind not in FACTS_SEEN:
        raise InvalidInput("a sample shows facts about stay and return alone", field="kind")
    there, records = _there(uow, sample), []
    if there.row is not None and there.row.shows_to(actor.id, casework.clock.now()):
        records = uow.records.newest([there.row.case], kind)  # for nobody else: how many there are would take its time
    asked = _case_of(there, sample)
    permit = _look(uow, actor, Action.READ, kind, there, asked.hex(), casework, count=len(records))
    each = narrowed(permit.profile, FACT_FIELDS, inside=True)
    found = [
        shape(each, fact_values(record, plaintext.expose()))
        for record, plaintext in casework.keeper.open_many(uow, permit, records)
    ]
    rest = narrowed(permit.profile, FACT_FIELDS, inside=False)
    return shape(rest, {"reference": reference(existing(there.case).id), "facts": found})


# -- parts -------------------------------------------------------------------------------------------


def _draw(uow: UnitOfWork, actor: Actor, coach: ActorId | None, casework: Casework) -> _Drawn | None:
    """None where there are too few. In the order of the log's names: whoever reads the log knows it too."""
    listed = uow.case_samples.listed(actor.region, coach, _DRAWN_FROM) if actor.region else []
    if len(listed) < casework.sample_rules.fewest:
        return None
    names = sorted((casework.subject(case), case.raw) for case in listed)
    lot = draw([name for name, _ in names], casework.entropy.bytes(SEED_BYTES))
    row = uow.staff.by_ids([coach]).get(coach) if coach is not None else None
    return _Drawn(CaseId(names[lot.place][1]), lot, row.log_name if row is not None else "")


def _there(uow: UnitOfWork, sample: CaseSampleId) -> _There:
    """The same statements whether or not there is such a sample."""
    row = uow.case_samples.get(sample)
    case = uow.cases.get(row.case if row is not None else CaseId(sample.raw))
    return _There(row, case if row is not None else None)


def _case_of(there: _There, sample: CaseSampleId) -> CaseId:
    return there.case.id if there.case is not None else CaseId(sample.raw)


def _standing_to(actor: Actor, case: Case | None, **also: bool) -> Facts:
    """Of the case its region alone counts; and what was drawn for whom."""
    there = case is not None and bool(actor.region) and case.region == actor.region
    return Facts.of(region=there, **also)


def _facts(actor: Actor, there: _There, casework: Casework) -> Facts:
    running = there.row is not None and there.row.shows_to(actor.id, casework.clock.now())
    return _standing_to(actor, there.case, sample=running)


def _look(
    uow: UnitOfWork, actor: Actor, action: Action, kind: Kind, there: _There, asked: str, casework: Casework, *,
    count: int = 1,
) -> Permit:  # fmt: skip
    return casework.ask(
        uow, actor, action, kind, there.case, purpose=_SUPERVISION, asked=asked, facts=_facts(actor, there, casework),
        count=count, config=casework.sample_rules.digest.hex(),
    )  # fmt: skip


def _words(text: str, field: str, longest: int) -> str:
    """Raises InvalidInput. Never held against the names of the case: a refusal would tell who is in it."""
    return parse_words(text, field, longest, identifying_numbers(text) if len(text) <= longest * 2 else ())


def _seal(
    uow: UnitOfWork, permit: Permit, row: CaseSample, version: int, said: dict[str, str], casework: Casework
) -> None:
    casework.keeper.write(
        uow, permit, kind=Kind.CASE_SAMPLE, case=row.case, record=RecordId(row.id.raw), version=version,
        plaintext=encode_content(said), author=row.actor, at=casework.clock.now(), provenance=Provenance.ADMIN,
    )  # fmt: skip


def _told(row: CaseSample, casework: Casework) -> dict[str, Any]:
    stand = row.standing(casework.clock.now())
    return {
        "sample": row.id.hex(), "reference": reference(row.case), "reason": row.reason,
        "role": Role.REGIONAL_HEAD.value, "drawn_at": row.drawn_at, "expires_at": row.expires_at,
        "ended_at": row.ended_at, "standing": stand.value, "running": stand is Standing.RUNNING,
    }  # fmt: skip
