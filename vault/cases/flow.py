"""States and steps of a case, as one table; the code only walks it.

Each row of `FLOW` says: in this state, this step leads there; who takes it, what must hold, what begins to run, where
that comes from. A pair that no row names is refused. `parefeu flow show` prints the table, docs/flow.md is made of
it, and the tests enumerate it. How a case takes a step stands in `journey.py`, what a guard looks at in `guards.py`.

    >>> row_of(State.FOLLOW_UP, Step.CLOSE).next
    <State.CLOSED: 'closed'>
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from vault.vocabulary import Action, Kind, Phase, Purpose, Role


@unique
class State(StrEnum):
    """The fifteen states of the trajectory, and the technical end."""

    OQT_NOTIFIED = "oqt_notified"
    TRIAGED = "triaged"
    INVITED = "invited"
    NO_SHOW = "no_show"
    INTAKE = "intake"
    ANALYSIS = "analysis"
    FOLLOW_UP = "follow_up"
    ORIENT_STAY = "orient_stay"
    ORIENT_RETURN = "orient_return"
    ORIENT_TRANSFER = "orient_transfer"
    EXTENSION = "extension"
    SUSPENDED = "suspended"
    CLOSING_NONCOLLAB = "closing_noncollab"
    CLOSED = "closed"
    HANDED_OVER = "handed_over"
    ERASED = "erased"


@unique
class Step(StrEnum):
    TRIAGE = "triage"
    INVITE = "invite"
    RECORD_ABSENCE = "record_absence"  # without excuse
    EXCUSE_ABSENCE = "excuse_absence"  # with excuse, at once or later: a new day, and it does not count
    WALK_IN = "walk_in"
    BEGIN_INTAKE = "begin_intake"
    GIVE_NOTICE = "give_notice"
    BEGIN_ANALYSIS = "begin_analysis"
    GIVE_CONCLUSIONS = "give_conclusions"
    ORIENT_STAY = "orient_stay"
    ORIENT_RETURN = "orient_return"
    ORIENT_TRANSFER = "orient_transfer"
    CONTINUE_FOLLOW_UP = "continue_follow_up"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"  # the Office decides; here it is written down
    REFUSE_EXTENSION = "refuse_extension"
    SUSPEND = "suspend"
    RESUME = "resume"  # back to where the case was
    EXPLAIN_CONSEQUENCES = "explain_consequences"
    SEND_CONSEQUENCES_LETTER = "send_consequences_letter"
    BEGIN_CLOSING = "begin_closing"  # for non-collaboration
    SIGN_CLOSING = "sign_closing"  # the second person
    CLOSE = "close"
    HAND_OVER = "hand_over"  # by the second person too; only the sheet leaves
    REOPEN = "reopen"


@unique
class Outcome(StrEnum):
    """How a case ended: the only thing of what was said that a sheet ever carries, besides a date."""

    STAY_OBTAINED = "STAY_OBTAINED"
    PROCEDURE_FILED = "PROCEDURE_FILED"
    RETURN_VOLUNTARY = "RETURN_VOLUNTARY"
    TRANSFERRED = "TRANSFERRED"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    REFUSED = "REFUSED"
    NO_SHOW = "NO_SHOW"
    UNREACHABLE = "UNREACHABLE"
    OTHER = "OTHER"


#: Closing for non-collaboration is for these two only, and needs two people.
NONCOLLABORATION: Final = frozenset({Outcome.REFUSED, Outcome.NO_SHOW})


@unique
class Guard(StrEnum):
    """What must hold for a step, besides the state. The value is the reason's code; what it looks at: `guards.py`."""

    ELIGIBLE = "not_eligible"
    COACH_ASSIGNED = "coach_missing"
    COACH_TYPE = "coach_type_missing"
    APPOINTMENT_REACHED = "appointment_ahead"
    REINVITATIONS_LEFT = "reinvitations_used_up"
    REINVITATIONS_USED_UP = "reinvitations_left"
    NOTICE_GIVEN = "notice_missing"
    TRANSFER_ORDER = "no_transfer_order"
    CONSEQUENCES_TOLD = "consequences_not_told"
    SECOND_PERSON = "same_person"
    NOT_SIGNED = "signed_already"
    TWO_SIGNATURES = "second_signature_missing"


#: What a guard demands, for the table. The words of a refusal stand in `guards.py`, where the case is known.
DEMANDS: Final[dict[Guard, str]] = {
    Guard.ELIGIBLE: "the criterion does not exclude the person from the trajectory",
    Guard.COACH_ASSIGNED: "a coach is assigned, or named with the step",
    Guard.COACH_TYPE: "the type of coach is recorded",
    Guard.APPOINTMENT_REACHED: "the day of the appointment has come",
    Guard.REINVITATIONS_LEFT: "after an absence: re-invitations are left (parameter)",
    Guard.REINVITATIONS_USED_UP: "after an absence: all re-invitations were used (parameter), and no excuse came since",
    Guard.NOTICE_GIVEN: "the privacy notice was given since the case was opened or reopened",
    Guard.TRANSFER_ORDER: "the order is one of transfer: 26quater or its successor (parameter)",
    Guard.CONSEQUENCES_TOLD: "REFUSED: the consequences were explained; NO_SHOW: the letter about them was sent",
    Guard.SECOND_PERSON: "another person began the closing",
    Guard.NOT_SIGNED: "nobody has signed yet",
    Guard.TWO_SIGNATURES: "REFUSED and NO_SHOW: as begun, and signed by the second person",
}

#: What each step asks of the firewall. No two steps share a question: a rule about one never widens another.
QUESTIONS: Final[dict[Step, tuple[Action, Kind, Purpose]]] = {
    step: (Action(step.value), Kind.CASE, Purpose.CASE_ADMINISTRATION)
    for step in Step
    if step not in {Step.GIVE_NOTICE, Step.SIGN_CLOSING, Step.CLOSE, Step.HAND_OVER}
} | {
    Step.GIVE_NOTICE: (Action.WRITE, Kind.NOTICE, Purpose.COACHING),
    Step.SIGN_CLOSING: (Action.SIGN, Kind.CASE, Purpose.CASE_ADMINISTRATION),
    Step.CLOSE: (Action.CLOSE, Kind.CASE, Purpose.CASE_ADMINISTRATION),
    Step.HAND_OVER: (Action.RELEASE, Kind.OUTCOME_SHEET, Purpose.CASE_ADMINISTRATION),
}

#: What runs while a case waits in a state; the days are parameters, see `deadlines.py`. Nothing happens by itself
#: when such a day passes: only people take steps.
WAITING: Final[dict[State, str]] = {
    State.OQT_NOTIFIED: "triage",
    State.TRIAGED: "invitation",
    State.INVITED: "appointment",
    State.NO_SHOW: "reinvitation",
    State.INTAKE: "analysis",
    State.ANALYSIS: "conclusions",
    State.FOLLOW_UP: "next_interview",
    State.ORIENT_STAY: "avenue_review",
    State.ORIENT_RETURN: "avenue_review",
    State.ORIENT_TRANSFER: "avenue_review",
    State.EXTENSION: "extension_decision",
    State.SUSPENDED: "suspension_review",
    State.CLOSING_NONCOLLAB: "second_signature",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. next: None for back to where the case was. source: law, publication, or choice."""

    state: State
    step: Step
    next: State | None
    actors: tuple[Role, ...]
    guards: tuple[Guard, ...]
    source: str

    @property
    def deadline(self) -> str:
        """The name of what begins to run; "" for nothing, or for what ran before."""
        return WAITING.get(self.next, "") if self.next is not None and self.next is not self.state else ""

    @property
    def event(self) -> str:
        """How the step stands in the log: action and kind of its entry; a hand-over's own entry is `released`."""
        action, kind, _ = QUESTIONS[self.step]
        return f"{action} {kind}"


_DESK: Final = (Role.DESK_OFFICER,)
_COACH: Final = (Role.COACH,)
_HEAD: Final = (Role.REGIONAL_HEAD,)
_DESK_OR_COACH: Final = (Role.DESK_OFFICER, Role.COACH)
_COACH_OR_HEAD: Final = (Role.COACH, Role.REGIONAL_HEAD)
_BEFORE_INTAKE: Final = (State.TRIAGED, State.INVITED, State.NO_SHOW)
_ORIENTED: Final = (State.ORIENT_STAY, State.ORIENT_RETURN, State.ORIENT_TRANSFER)
_GUIDED: Final = (State.INTAKE, State.ANALYSIS, State.FOLLOW_UP, *_ORIENTED, State.EXTENSION)
_OFFICE: Final = "the Office's page on ICAM"
_CIRE: Final = "CIRE, analysis of June 2024"
_LAW: Final = "law of 15 December 1980"
_CHOICE: Final = "design choice"
_NO_DEAD_END: Final = "design choice: every state has a way to close"


def _rows(
    states: tuple[State, ...], step: Step, target: State | None, actors: tuple[Role, ...], source: str, *guards: Guard
) -> tuple[Row, ...]:
    return tuple(Row(state, step, target, actors, guards, source) for state in states)


def _loops(
    states: tuple[State, ...], step: Step, actors: tuple[Role, ...], source: str, *guards: Guard
) -> tuple[Row, ...]:
    return tuple(Row(state, step, state, actors, guards, source) for state in states)


FLOW: Final[tuple[Row, ...]] = (
    # -- before the intake ----------------------------------------------------------------------------------
    *_rows((State.OQT_NOTIFIED,), Step.TRIAGE, State.TRIAGED, _DESK,
           f"target group: {_OFFICE} and the project sheet of the European fund; criterion codes: {_CHOICE}"),
    *_rows((State.TRIAGED,), Step.INVITE, State.INVITED, _DESK_OR_COACH,
           f"invitation by place and language: {_OFFICE}; leaflet version: {_CHOICE}",
           Guard.ELIGIBLE, Guard.COACH_ASSIGNED),
    *_rows((State.NO_SHOW,), Step.INVITE, State.INVITED, _DESK_OR_COACH,
           f"{_CHOICE}: how often, no source found", Guard.ELIGIBLE, Guard.COACH_ASSIGNED, Guard.REINVITATIONS_LEFT),
    *_rows((State.INVITED,), Step.RECORD_ABSENCE, State.NO_SHOW, _DESK_OR_COACH,
           f"non-adherence is recorded: {_CIRE}", Guard.APPOINTMENT_REACHED),
    *_rows((State.INVITED, State.NO_SHOW), Step.EXCUSE_ABSENCE, State.INVITED, _DESK_OR_COACH,
           f"{_CHOICE}: an excuse, even a late one, takes the absence away"),
    *_rows((State.INVITED,), Step.BEGIN_INTAKE, State.INTAKE, _COACH,
           f"a lawyer or trusted person may attend: {_OFFICE}", Guard.ELIGIBLE, Guard.COACH_ASSIGNED),
    *_rows((State.OQT_NOTIFIED, *_BEFORE_INTAKE), Step.WALK_IN, State.INTAKE, _DESK_OR_COACH,
           f"walk-in desks: {_OFFICE}", Guard.ELIGIBLE, Guard.COACH_ASSIGNED),
    # -- intake, analysis, follow-up --------------------------------------------------------------------------
    *_loops(_GUIDED, Step.GIVE_NOTICE, _COACH,
            f"GDPR art. 13; duty to inform: {_LAW}, art. 74/22 (law of 12 May 2024)"),
    *_rows((State.INTAKE,), Step.BEGIN_ANALYSIS, State.ANALYSIS, _COACH,
           f"the coach reads the file and collects what is missing: {_OFFICE}",
           Guard.COACH_ASSIGNED, Guard.COACH_TYPE, Guard.NOTICE_GIVEN),
    *_rows((State.ANALYSIS,), Step.GIVE_CONCLUSIONS, State.FOLLOW_UP, _COACH,
           f"conclusions are given in follow-up: {_OFFICE}", Guard.NOTICE_GIVEN),
    *_rows((State.FOLLOW_UP,), Step.ORIENT_STAY, State.ORIENT_STAY, _COACH,
           f"all options stay open, the person files, the coach decides nothing: {_OFFICE}; {_CIRE}",
           Guard.NOTICE_GIVEN),
    *_rows((State.FOLLOW_UP,), Step.ORIENT_RETURN, State.ORIENT_RETURN, _COACH,
           f"return with a partner, if the person agrees: {_OFFICE}", Guard.NOTICE_GIVEN),
    *_rows((State.FOLLOW_UP,), Step.ORIENT_TRANSFER, State.ORIENT_TRANSFER, _COACH,
           f"transfer to another member state, whatever the regulation's name: {_OFFICE}",
           Guard.NOTICE_GIVEN, Guard.TRANSFER_ORDER),
    *_rows((*_ORIENTED, State.EXTENSION), Step.CONTINUE_FOLLOW_UP, State.FOLLOW_UP, _COACH,
           f"{_CHOICE}: an avenue or a request may be given up"),
    # -- extension --------------------------------------------------------------------------------------------
    *_rows((State.FOLLOW_UP,), Step.ASK_EXTENSION, State.EXTENSION, _COACH, f"{_LAW}, art. 74/14", Guard.NOTICE_GIVEN),
    *_rows((State.EXTENSION,), Step.GRANT_EXTENSION, State.FOLLOW_UP, _COACH_OR_HEAD,
           f"{_LAW}, art. 74/14: decided by the Office, written down here"),
    *_rows((State.EXTENSION,), Step.REFUSE_EXTENSION, State.FOLLOW_UP, _COACH_OR_HEAD,
           f"{_LAW}, art. 74/14: decided by the Office, written down here"),
    # -- suspension -------------------------------------------------------------------------------------------
    *_rows((*_BEFORE_INTAKE, *_GUIDED), Step.SUSPEND, State.SUSPENDED, _HEAD,
           f"public-order facts, new residence procedure: {_OFFICE}"),
    *_rows((State.SUSPENDED,), Step.RESUME, None, _HEAD, f"{_CHOICE}: back to where the case was"),
    # -- non-collaboration ------------------------------------------------------------------------------------
    *_loops((State.INTAKE, State.ANALYSIS, State.FOLLOW_UP), Step.EXPLAIN_CONSEQUENCES, _COACH,
            f"duty to cooperate and to inform: {_LAW}, art. 74/22; logged: {_CHOICE}"),
    *_loops((State.NO_SHOW,), Step.SEND_CONSEQUENCES_LETTER, _DESK_OR_COACH,
            f"{_CHOICE}: after a no-show the letter explains"),
    *_loops((State.INTAKE, State.ANALYSIS, State.FOLLOW_UP), Step.SEND_CONSEQUENCES_LETTER, _COACH,
            f"{_CHOICE}: for who came and then came no more"),
    *_rows((State.NO_SHOW,), Step.BEGIN_CLOSING, State.CLOSING_NONCOLLAB, _COACH,
           f"non-adherence is recorded: {_CIRE}; {_CHOICE}", Guard.REINVITATIONS_USED_UP, Guard.CONSEQUENCES_TOLD),
    *_rows((State.INTAKE, State.ANALYSIS, State.FOLLOW_UP), Step.BEGIN_CLOSING, State.CLOSING_NONCOLLAB, _COACH,
           f"non-adherence is recorded: {_CIRE}; {_CHOICE}", Guard.CONSEQUENCES_TOLD),
    *_rows((State.CLOSING_NONCOLLAB,), Step.RESUME, None, _COACH, f"{_CHOICE}: back to where the case was"),
    *_loops((State.CLOSING_NONCOLLAB,), Step.SIGN_CLOSING, _HEAD,
            f"{_CHOICE}: a second signature; a named human decides (GDPR art. 22)",
            Guard.SECOND_PERSON, Guard.NOT_SIGNED, Guard.REINVITATIONS_USED_UP),
    # -- the ends ---------------------------------------------------------------------------------------------
    *_rows((State.TRIAGED,), Step.CLOSE, State.CLOSED, _DESK_OR_COACH, f"not eligible after triage: {_CHOICE}",
           Guard.TWO_SIGNATURES),
    *_rows((State.INVITED, State.NO_SHOW), Step.CLOSE, State.CLOSED, _DESK_OR_COACH, _NO_DEAD_END,
           Guard.TWO_SIGNATURES),
    *_rows(_GUIDED, Step.CLOSE, State.CLOSED, _COACH, _NO_DEAD_END, Guard.TWO_SIGNATURES),
    *_rows((State.SUSPENDED,), Step.CLOSE, State.CLOSED, _COACH,
           f"a suspension may become a stop: {_OFFICE}", Guard.TWO_SIGNATURES),
    *_rows((State.CLOSING_NONCOLLAB,), Step.CLOSE, State.CLOSED, _COACH, _CHOICE,
           Guard.TWO_SIGNATURES, Guard.REINVITATIONS_USED_UP),
    *_rows((State.CLOSING_NONCOLLAB,), Step.HAND_OVER, State.HANDED_OVER, _HEAD,
           f"the file passes to the follow-up of orders: {_CIRE}; only the sheet leaves: {_CHOICE}",
           Guard.SECOND_PERSON, Guard.REINVITATIONS_USED_UP),
    *_rows((State.CLOSED,), Step.REOPEN, State.INVITED, _COACH, f"{_CHOICE}: with a new invitation",
           Guard.COACH_ASSIGNED),
)  # fmt: skip

_ROWS: Final[dict[tuple[State, Step], Row]] = {(row.state, row.step): row for row in FLOW}

_PHASE: Final[dict[State, Phase]] = {
    State.OQT_NOTIFIED: Phase.PENDING,
    State.TRIAGED: Phase.PENDING,
    State.INVITED: Phase.PENDING,
    State.NO_SHOW: Phase.PENDING,
    **dict.fromkeys(_GUIDED, Phase.ACTIVE),
    State.SUSPENDED: Phase.SUSPENDED,
    State.CLOSING_NONCOLLAB: Phase.CLOSING,
    State.CLOSED: Phase.CLOSED,
    State.HANDED_OVER: Phase.HANDED_OVER,
    State.ERASED: Phase.ERASED,
}


def phase_of(state: State) -> Phase:
    """The part of the state that access depends on."""
    return _PHASE[state]


def row_of(state: State, step: Step) -> Row | None:
    """The table's line; None where the step is not listed in this state."""
    return _ROWS.get((state, step))


def listed(state: State) -> tuple[Row, ...]:
    """The lines of one state, in the table's order."""
    return tuple(row for row in FLOW if row.state is state)
