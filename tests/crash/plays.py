"""The acts that write, each with what must be there first. Without HTTP: the steps between which one can die are below.

A play is prepared, then acted; every act of a play is a use case, or two where the entry commits first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from gateway.auth.sessions import hash_token
from tests.house import House
from vault.cases.details import Avenue, Details
from vault.cases.flow import Outcome, Step
from vault.cases.model import AdminFacts
from vault.cases.people import Contact, Identity, Person
from vault.ids import CaseId, RecordId
from vault.usecases import hand_over, notes, open_case, sign_in, steps
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, Zone

PARTNER: Final = Zone.parse("partner:caritas")
#: National numbers for the blind index: the same for every case, as for people who come back.
IDENTITY: Final = Identity((Person("Diallo", "Aminata", national_number="93051822361"),), "8123456")


NOTICE: Final = Details(language="fr", leaflet="2026-1")


@dataclass
class Stagehand:
    """Runs use cases as a member of staff, on the worker and nothing above it."""

    house: House

    def hire(self, login: str) -> None:
        if login not in self.house.tokens:
            self.house.hire(login)

    def as_(self, login: str, work: Callable[..., Any], *args: Any) -> Any:
        house = self.house
        self.hire(login)
        hashed = hash_token(house.tokens[login])

        def job(uow: Any) -> Any:
            return work(uow, sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock), *args, house.services.casework)

        return house.services.worker.run(CASEWORK, job)

    def open(self) -> CaseId:
        cmd = open_case.OpenCase("brussels", "fr", IDENTITY, Contact("rue Inventée 3"), AdminFacts("13"))
        return parse_reference(self.as_("coach", open_case.open_case, cmd)["reference"])

    def noticed(self) -> CaseId:
        case = self.open()
        self.as_("coach", steps.take_step, steps.TakeStep(case, Step.GIVE_NOTICE, NOTICE))
        return case

    def step(self, case: CaseId, step: Step, **details: Any) -> None:
        self.as_("coach", steps.take_step, steps.TakeStep(case, step, Details(**details)))

    def begin_closing(self, case: CaseId) -> None:
        self.step(case, Step.EXPLAIN_CONSEQUENCES, language="fr")
        self.step(case, Step.BEGIN_CLOSING, outcome=Outcome.REFUSED)

    def write(self, case: CaseId, note: RecordId | None = None, based_on: int = 0) -> RecordId:
        text = f"Vu Aminata Diallo, version {based_on + 1}. Elle est revenue."
        cmd = notes.WriteNote(case, text, "fr", "interview", note, based_on)
        return RecordId.parse(self.as_("coach", notes.write_note, cmd)["note"])


Act = Callable[[], None]


def _open(hand: Stagehand) -> Act:
    hand.hire("coach")
    return lambda: void(hand.open())


def _write(hand: Stagehand) -> Act:
    case = hand.noticed()
    return lambda: void(hand.write(case))


def _revise(hand: Stagehand) -> Act:
    case = hand.noticed()
    note = hand.write(case)
    return lambda: void(hand.write(case, note, 1))


def _hand_over(hand: Stagehand) -> Act:
    case = hand.noticed()
    hand.begin_closing(case)
    hand.hire("head")

    def act() -> None:
        granted = hand.as_("head", hand_over.authorise_hand_over, case)
        hand.as_("head", _with_sender(hand, hand_over.hand_over), granted)

    return act


def _take_a_step(hand: Stagehand) -> Act:
    """A step that changes the case, adds an event and seals why, with a key of its own compartment."""
    case = hand.noticed()
    hand.step(case, Step.BEGIN_ANALYSIS)
    hand.step(case, Step.GIVE_CONCLUSIONS)
    return lambda: hand.step(case, Step.ORIENT_STAY, avenue=Avenue.MEDICAL_9TER)


def _refer(hand: Stagehand) -> Act:
    case = hand.noticed()
    until = hand.house.clock.now() + timedelta(days=30)
    hand.as_("coach", hand_over.record_consent, hand_over.RecordConsent(case, PARTNER, ("phone",), until))

    def act() -> None:
        granted = hand.as_("coach", hand_over.authorise_referral, case, PARTNER, "shelter")
        hand.as_("coach", _with_sender(hand, hand_over.refer), granted)

    return act


def _with_sender(hand: Stagehand, work: Callable[..., Any]) -> Callable[..., Any]:
    return lambda uow, actor, granted, casework: work(uow, actor, granted, casework, hand.house.services.sender)


def _sign_in(hand: Stagehand) -> Act:
    house = hand.house
    hand.hire("coach")
    house.clock.move(seconds=60)  # a new code
    service = house.services.sign_in[CASEWORK]
    run = house.services.worker.run

    def act() -> None:
        candidate = run(CASEWORK, lambda uow: sign_in.look_up(uow, "coach", "10.0.0.7", service))
        run(CASEWORK, lambda uow: sign_in.conclude(uow, candidate, True, house.code("coach"), service))

    return act


def _refused(hand: Stagehand) -> Act:
    house = hand.house
    service = house.services.sign_in[CASEWORK]
    run = house.services.worker.run
    candidate = run(CASEWORK, lambda uow: sign_in.look_up(uow, "nobody", "10.0.0.7", service))
    return lambda: run(CASEWORK, lambda uow: sign_in.refuse(uow, candidate, service))


def void(_: object) -> None:
    """The act's reply does not matter here."""


PLAYS: Final[dict[str, Callable[[Stagehand], Act]]] = {
    "open a case": _open,
    "write a note": _write,
    "revise a note": _revise,
    "take a step": _take_a_step,
    "hand over": _hand_over,
    "refer": _refer,
    "sign in": _sign_in,
    "refuse a sign-in": _refused,
}
