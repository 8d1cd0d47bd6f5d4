"""Checks of single cases: what the rows of a case say is what its history explains, by the table of steps itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from vault.cases.calendar import belgian_day
from vault.cases.deadlines import deadlines
from vault.cases.flow import NONCOLLABORATION, Guard, Outcome, State, Step, row_of
from vault.cases.guards import Situation
from vault.cases.history import FIRST_STATE, History
from vault.cases.journey import options
from vault.cases.model import Case, CaseEvent
from vault.doctor.checks import Check
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import CaseFile
from vault.vocabulary import FACT_KINDS, KIND_COMPARTMENT, Kind, Role

_ENDED: Final = frozenset({State.CLOSED, State.HANDED_OVER, State.ERASED})
_WITH_OUTCOME: Final = frozenset({State.CLOSED, State.HANDED_OVER, State.CLOSING_NONCOLLAB})
#: What is written down only after the privacy notice. Facts of the official file need none.
_CONFIDED: Final = frozenset({Kind.NOTE.value, *(kind.value for kind in FACT_KINDS)})
#: Clocks of several processes differ a little.
_SLACK: Final = timedelta(minutes=5)


def _readable(file: CaseFile) -> Case | None:
    """The case, unless a column of it or of its history cannot be read: that is found by one check alone."""
    return file.case if not file.unreadable else None


def _words(file: CaseFile, _: Surroundings) -> Iterator[str]:
    for table in sorted(set(file.unreadable)):
        yield f"a row of {table} holds a code that is no word of the program"


def _walk(case: Case, events: tuple[CaseEvent, ...]) -> Iterator[tuple[State, CaseEvent, History]]:
    """Each step with the state it was taken in, and what had been before it."""
    state = FIRST_STATE[case.origin]
    for place, event in enumerate(events):
        yield state, event, History(events[:place], case.origin, case.opened_at)
        state = event.to_state


def _history(file: CaseFile, _: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None:
        return
    if [event.number for event in file.events] != list(range(1, len(file.events) + 1)):
        yield "its steps are not numbered 1, 2, 3 and on: one is missing or there twice"
        return
    for state, event, before in _walk(case, file.events):
        row = row_of(state, event.step)
        if row is None:
            yield f"the step {event.step} was taken in the state {state}, where the table lists it not"
        elif event.to_state is not (row.next if row.next is not None else before.came_from):
            yield f"the step {event.step} in the state {state} does not lead to {event.to_state}"
    last = file.events[-1].to_state if file.events else FIRST_STATE[case.origin]
    if case.state is not last and case.state is not State.ERASED:
        yield f"the case stands in {case.state}, its last step led to {last}"


def _told_outcome(file: CaseFile) -> Outcome | None:
    """The outcome as the newest step that names one has it."""
    for event in reversed(file.events):
        if event.step in {Step.CLOSE, Step.BEGIN_CLOSING}:
            return next((Outcome(word) for word in event.note.split() if word in Outcome.__members__), None)
        if event.step in {Step.RESUME, Step.REOPEN}:
            return None
    return None


def _columns(file: CaseFile, _: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None or case.state is State.ERASED:
        return
    last = file.events[-1].to_state if file.events else FIRST_STATE[case.origin]
    if case.state is not last:
        return  # found by the history
    hands = sum(change.cause.value != "step" for change in file.assignments)
    if case.version != len(file.events) + hands + file.updates + 1:
        yield "it counts another number of changes than its steps, changes of hands and facts brought up to date"
    if (case.closed_at is not None) != (case.state in {State.CLOSED, State.HANDED_OVER}):
        yield f"a case in the state {case.state} {'has' if case.closed_at else 'lacks'} a day of closing"
    if case.state not in _WITH_OUTCOME:
        if case.outcome is not None:
            yield f"a case in the state {case.state} has an outcome"
    elif case.outcome is None or case.outcome is not _told_outcome(file):
        yield "its outcome is not the one that its closing names"


def _second_person(file: CaseFile, _: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None:
        return
    for state, event, before in _walk(case, file.events):
        if event.step in {Step.SIGN_CLOSING, Step.HAND_OVER} and before.begun_by == event.actor:
            yield f"the person who began the closing also took the step {event.step}"
        if event.step is Step.CLOSE and state is State.CLOSING_NONCOLLAB:
            told = set(event.note.split())
            if told & {outcome.value for outcome in NONCOLLABORATION} and not before.signed:
                yield "it was closed for non-collaboration without a second person's signature"


def _notice(file: CaseFile, _: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None:
        return
    for state, event, before in _walk(case, file.events):
        row = row_of(state, event.step)
        if row is not None and Guard.NOTICE_GIVEN in row.guards and not before.notice_given:
            yield f"the step {event.step} was taken before the privacy notice"
    given = next((event.at for event in file.events if event.step is Step.GIVE_NOTICE), None)
    for line in file.records:
        confided = line.kind in _CONFIDED and line.provenance != "admin"
        if confided and (given is None or line.written_at < given):
            yield f"a {line.kind} was written down before the privacy notice"


def _consequences(file: CaseFile, _: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None:
        return
    for state, event, before in _walk(case, file.events):
        if event.step is not Step.BEGIN_CLOSING:
            continue
        if Outcome.REFUSED.value in event.note.split() and not before.consequences_explained:
            yield "a closing for refusal was begun before the consequences were explained"
        elif Outcome.NO_SHOW.value in event.note.split() and not before.letter_sent:
            yield "a closing for absence was begun before the letter about the consequences was sent"
        elif state is State.NO_SHOW and Outcome.REFUSED.value in event.note.split():
            yield "a closing for refusal was begun although nobody had come"


def _situation(case: Case, file: CaseFile, around: Surroundings) -> Situation:
    history = History(file.events, case.origin, case.opened_at)
    return Situation(case, history, around.parameters, belgian_day(around.now))


def _way_out(file: CaseFile, around: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None or case.state in _ENDED:
        return
    here = around.works_in(case.region)
    if Role.REGIONAL_HEAD.value in here:
        return  # who can give the case to somebody
    own = case.coach is not None and case.coach in around.staff and around.staff[case.coach].active
    able = (here - {Role.COACH.value}) | ({Role.COACH.value} if own else set())
    can = [one for one in options(_situation(case, file, around)) if not one.obstacles]
    if not any(role.value in able for one in can for role in one.row.actors):
        yield f"nobody who works here can take a step of a case in the state {case.state}, or give it to somebody"


def _days(file: CaseFile, around: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None or case.state in _ENDED:
        return
    situation = _situation(case, file, around)
    for deadline in deadlines(situation, around.calendar):
        if not deadline.because:
            yield f"the day {deadline.name} has no reason"
        if deadline.name == "appointment" and deadline.day is None:
            yield "the case waits for an appointment whose day its invitation does not name"
    facts = case.facts
    granted = situation.history.last_of_all(Step.GRANT_EXTENSION)
    if granted is not None:
        told = granted.note.split()[:1]
        if not facts.extended or facts.term_end is None or [facts.term_end.isoformat()] != told:
            yield "its term does not end on the day until which it was extended"
    elif facts.extended and facts.term_end is None:
        yield "its term is extended, and nothing says until when"
    if facts.annex and facts.annex not in around.parameters.annexes:
        yield "its order has a form that the parameters do not know"


def _order(file: CaseFile, around: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None:
        return
    last = case.opened_at
    for event in file.events:
        if event.at < last:
            yield "a step was taken before the one it follows, or before the case was opened"
        last = max(last, event.at)
    if case.closed_at is not None and case.closed_at != last:
        yield "it was closed at another moment than its last step"
    newest: dict[bytes, datetime] = {}
    for line in file.records:
        if line.written_at < newest.get(line.id, case.opened_at):
            yield "a version of a record is older than the one before it, or than the case"
        newest[line.id] = line.written_at
    if max([last, *newest.values()]) > around.now + _SLACK:
        yield "something of it lies in the future"


def _hands(file: CaseFile, _: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None or not file.assignments:
        return
    if [change.number for change in file.assignments] != list(range(1, len(file.assignments) + 1)):
        yield "its changes of hands are not numbered 1, 2, 3 and on"
        return
    for before, after in zip(file.assignments, file.assignments[1:], strict=False):
        if after.before != before.coach:
            yield "it was taken from somebody else than the coach who had it"
    if file.assignments[-1].coach != case.coach:
        yield "it is with another coach than its last change of hands says"


def _coach(file: CaseFile, around: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None or case.coach is None or case.state in _ENDED:
        return
    coach = around.staff.get(case.coach)
    if coach is None or coach.role != Role.COACH.value:
        yield "it is assigned to somebody who is no coach"
    elif not coach.active:
        yield "it is assigned to a coach who no longer works here"
    elif coach.region != case.region:
        yield "it is assigned to a coach of another region"
    if case.coach in file.barred:
        yield "it is assigned to a coach with a conflict of interest"


def _parts(file: CaseFile, _: Surroundings) -> Iterator[str]:
    case = _readable(file)
    if case is None or case.state is State.ERASED:
        return
    kinds = {line.kind for line in file.records}
    for kind in (Kind.IDENTITY, Kind.CONTACT):
        if kind.value not in kinds:
            yield f"it has no {kind} record"


def _records(file: CaseFile, _: Surroundings) -> Iterator[str]:
    if _readable(file) is None:
        return
    keys = {line.id: line.compartment for line in file.keys}
    versions: dict[bytes, int] = {}
    kinds: dict[bytes, str] = {}
    for line in file.records:
        if line.version != versions.get(line.id, 0) + 1:
            yield "a version of a record is missing"
        versions[line.id] = line.version
        if kinds.setdefault(line.id, line.kind) != line.kind:
            yield "a record changed its kind from one version to the next"
        try:
            compartment = KIND_COMPARTMENT[Kind(line.kind)].value
        except ValueError:
            yield "a record is of a kind that is no word of the program"
            continue
        if keys.get(line.key) != compartment:
            yield f"a {line.kind} is sealed under a key of another case or compartment"


CASE_CHECKS: Final = (
    Check("case_words", "every code in a case's rows is a word of the program",
          "a row was written by something else than this program, or by another version",
          "compare the row with a backup; nothing acts on such a case until it is put right", case=_words),
    Check("case_history", "every step of a case is one that the table lists, and leads where the case stands",
          "somebody moved a case past the flow: no person took that step, and no guard looked at it",
          "read the case's steps (`parefeu flow show` has the table) and the log's entries about it; restore the row",
          case=_history),
    Check("case_columns", "day of closing, outcome and number of changes are those of its history",
          "the sheet that leaves with a hand-over is made of these columns",
          "compare with the case's steps; correct the row from a backup", case=_columns),
    Check("second_person", "who signs or hands over a closing for non-collaboration did not begin it",
          "one person alone may have ended somebody's guidance",
          "tell the regional head and the DPO; the case can be reopened", case=_second_person),
    Check("privacy_notice", "nothing confided is written before the person was told who reads what",
          "what was said without knowing who reads it must not be used",
          "tell the DPO; give the notice, and ask the person whether what is there may stay", case=_notice),
    Check("consequences", "a closing for non-collaboration is begun after its consequences were told",
          "the person did not know what was at stake",
          "tell the regional head; take the closing back (`resume`), explain, begin again", case=_consequences),
    Check("way_out", "for every open case somebody can take a step, or give it to who can",
          "a case that nobody can move is forgotten, and its days run on",
          "add a regional head for that region (`parefeu staff add`), who gives the case to a coach", case=_way_out),
    Check("deadlines", "every day that counts for a case can be computed and explained from what is recorded",
          "a term that nobody can explain is missed, or defended badly",
          "look which step or column lacks its day (`parefeu case deadlines REF`) and record it", case=_days),
    Check("time_order", "what happened later is dated later, and nothing lies in the future",
          "dates were changed, or a clock is wrong",
          "check the clocks of all machines; compare with the log's entries, which are chained", case=_order),
    Check("changes_of_hands", "each change of hands begins where the last one ended, and ends with the present coach",
          "it cannot be told who could read the case when",
          "compare with the log's entries about the case; restore the rows", case=_hands),
    Check("case_coach", "an open case is with an active coach of its region who has no conflict of interest",
          "somebody who must not read the case can, or nobody reads it",
          "give the case to a coach: `parefeu coach assign REF`", case=_coach),
    Check("case_parts", "every case has its people and how they are reached",
          "half a case was written, or its records are gone",
          "put back the main database's backup", case=_parts),
    Check("record_keys", "a record's versions have no gap, and its key is that of its case and compartment",
          "a moved or exchanged record does not open; a missing version hides what was corrected",
          "put back the main database's backup; look who wrote to the database", case=_records),
)  # fmt: skip
