"""The acts that write, each with what must be there first. Without HTTP: the steps between which one can die are below.

A play is prepared, then acted; every act of a play is a use case, or two where the entry commits first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final

from gateway.api.order_models import OrderBody
from gateway.auth.sessions import hash_token
from tests.crash import access_plays, erasure_plays, oversight_plays, sign_in_plays
from tests.house import STAFF, House
from tests.orders import HEAD, fresh_order
from tests.recorded import pdf
from tests.samples import lot_on
from vault.cases.attachments import Manifest
from vault.cases.break_glass import Cause
from vault.cases.details import Avenue, Details
from vault.cases.facts import Fact
from vault.cases.file_types import MediaType
from vault.cases.flow import Outcome, Step
from vault.cases.letters import Value
from vault.cases.model import AdminFacts
from vault.cases.people import Contact, Identity, Person
from vault.cases.referrals import AnswerStatus, ReceiptOutcome
from vault.crypto.chunked import CHUNK_BYTES, Splitter
from vault.ids import AnswerId, BreakGlassId, CaseId, CaseSampleId, RecordId, ReferralId, ReleaseId
from vault.sensitive import Sensitive
from vault.usecases import (
    answers,
    attachments,
    break_glass,
    case_samples,
    drafts,
    facts,
    hand_over,
    letters,
    notes,
    open_case,
    orders,
    referrals,
    sign_in,
    steps,
    sweep,
    taking_in,
    tasks,
    withdrawals,
)
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, Kind, Provenance, Zone

PARTNER: Final = Zone.parse("partner:caritas")
#: National numbers for the blind index: the same for every case, as for people who come back.
IDENTITY: Final = Identity((Person("Diallo", "Aminata", national_number="93051822361"),), "8123456")


EMERGENCY: Final = "Une voisine a vu une ambulance devant la maison"
SAMPLE: Final = "Contrôle mensuel de la qualité des notes"
NOTICE: Final = Details(language="fr", leaflet="2026-1")


@dataclass
class Stagehand:
    """Runs use cases as a member of staff, on the worker and nothing above it."""

    house: House

    def hire(self, login: str) -> None:
        if login not in self.house.tokens:
            self.house.hire(login)

    def renew(self) -> None:
        """New tokens for everybody: the old ones ended."""
        house = self.house
        for login in house.tokens:
            zone = STAFF[login][0]
            service, until = house.services.sign_in[zone], timedelta(hours=10)
            issue = partial(sign_in.issue_token, login=login, lifetime=until, service=service)
            house.tokens[login] = house.services.worker.run(zone, issue)

    def as_(self, login: str, work: Callable[..., Any], *args: Any) -> Any:
        house = self.house
        self.hire(login)
        hashed = hash_token(house.tokens[login])

        def job(uow: Any) -> Any:
            return work(uow, sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock), *args, house.services.casework)

        return house.services.worker.run(CASEWORK, job)

    def as_partner(self, work: Callable[..., Any], *args: Any) -> Any:
        """The same for Caritas, with its own services."""
        house = self.house
        self.hire("caritas")
        hashed, reception = hash_token(house.tokens["caritas"]), house.services.reception[PARTNER]

        def job(uow: Any) -> Any:
            return work(uow, sign_in.authenticate(uow, hashed, "10.0.0.8", house.clock), *args, reception)

        return house.services.worker.run(PARTNER, job)

    def writing(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """A use case that also corresponds with partners."""
        correspondence = self.house.services.correspondence[CASEWORK]
        return lambda *args: work(*args, correspondence)

    def proposed(self) -> tuple[CaseId, ReferralId]:
        case = self.noticed()
        cmd = referrals.Propose(case, PARTNER, "shelter", ("phone", "language"))
        return case, ReferralId.parse(self.as_("coach", referrals.propose, cmd)["referral"])

    def agreed(self) -> tuple[CaseId, ReferralId]:
        case, referral = self.proposed()
        until = self.house.clock.now() + timedelta(days=30)
        self.as_("coach", referrals.record_consent, referrals.RecordConsent(case, referral, ("phone",), until))
        return case, referral

    def send(self, case: CaseId, referral: ReferralId) -> ReleaseId:
        granted = self.as_("coach", referrals.authorise_sending, case, referral)
        return ReleaseId.parse(self.as_("coach", _with_sender(self, referrals.send), granted)["release"])

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

    def fact(self, case: CaseId, fact: RecordId | None = None, based_on: int = 0, correction: str = "") -> RecordId:
        content = Fact("school", "primary", about="Aminata Diallo", detail=f"Version {based_on + 1}.")
        provenance = Provenance.INTERVIEW if fact is None else None
        cmd = facts.RecordFact(case, Kind.SENSITIVE_FACT, content, "fr", provenance, fact, based_on, correction)
        return RecordId.parse(self.as_("coach", facts.record_fact, cmd)["record"])

    def arrive(self, case: CaseId) -> RecordId:
        """A file of three chunks, in three operations."""
        content = pdf(3 * CHUNK_BYTES - 9000)
        splitter = Splitter()
        cut = [*splitter.feed(content), *splitter.finish()]
        kind = Kind.SENSITIVE_ATTACHMENT
        arrival = self.as_("coach", attachments.begin_attachment, case, kind, Provenance.INTERVIEW)
        pieces = [Sensitive(piece) for piece in cut]
        for number, piece in enumerate(pieces[:-1]):
            arrival = self.as_("coach", attachments.add_chunks, arrival, number, [piece])
        manifest = Manifest(MediaType.PDF, len(content), sha256(content).hexdigest())
        done = self.as_("coach", attachments.end_attachment, arrival, len(pieces) - 1, pieces[-1:], manifest)
        return RecordId.parse(done["record"])

    def describe(self, case: CaseId, attachment: RecordId) -> None:
        kind = Kind.SENSITIVE_ATTACHMENT
        cmd = attachments.DescribeAttachment(case, kind, attachment, "Diallo.pdf", "Certificat.", "fr", 1)
        self.as_("coach", attachments.describe_attachment, cmd)

    def draft(self, case: CaseId) -> None:
        self.as_("coach", drafts.save_draft, drafts.SaveDraft(case, "Vu Aminata Diallo, elle", "fr", "intake"))


Act = Callable[[], None]


def _open(hand: Stagehand) -> Act:
    hand.hire("coach")
    return lambda: void(hand.open())


def _begin_a_lane(hand: Stagehand) -> Act:
    """What a process writes first, once it was started: that there is a lane, and the key of its details."""
    hand.hire("coach")

    def act() -> None:
        hand.house.services.lanes[CASEWORK].open()
        hand.open()

    return act


def _take_in(hand: Stagehand) -> Act:
    """A household of two: its case opened and triaged, or neither."""
    hand.hire("desk")
    child = {"family_name": "Diallo", "given_names": "Ibou", "birth_date": "2019-02-11", "relation": "child"}
    cmd = orders.TakeIn(OrderBody.model_validate(fresh_order(people=[HEAD, child])).order())
    return lambda: void(hand.as_("desk", orders.take_in, cmd))


def _complete(hand: Stagehand) -> Act:
    """An order that waited: two sheets, the case, its step and the order's own row, or none of it."""
    waiting = fresh_order(criterion="")
    hand.as_("desk", orders.take_in, orders.TakeIn(OrderBody.model_validate(waiting).order()))
    cmd = orders.TakeIn(OrderBody.model_validate(waiting | {"criterion": "ADDRESS"}).order(), complete=True)
    return lambda: void(hand.as_("desk", orders.take_in, cmd))


def _update(hand: Stagehand) -> Act:
    """Facts of the official file: the case and the order's own row, or neither."""
    known = fresh_order()
    hand.as_("desk", orders.take_in, orders.TakeIn(OrderBody.model_validate(known).order()))
    cmd = orders.TakeIn(OrderBody.model_validate(known | {"procedure_pending": True}).order(), update=True)
    return lambda: void(hand.as_("desk", orders.take_in, cmd))


def _write(hand: Stagehand) -> Act:
    case = hand.noticed()
    return lambda: void(hand.write(case))


def _revise(hand: Stagehand) -> Act:
    case = hand.noticed()
    note = hand.write(case)
    return lambda: void(hand.write(case, note, 1))


def _fact(hand: Stagehand) -> Act:
    case = hand.noticed()
    return lambda: void(hand.fact(case))


def _correct(hand: Stagehand) -> Act:
    case = hand.noticed()
    fact = hand.fact(case)
    return lambda: void(hand.fact(case, fact, 1, "ce n'était pas Aminata Diallo"))


def _attach(hand: Stagehand) -> Act:
    """From the first byte to the description: seven operations, and a crash after any of them shows nobody anything."""
    case = hand.noticed()

    def act() -> None:
        attachment = hand.arrive(case)
        hand.describe(case, attachment)

    return act


def _sweep(hand: Stagehand) -> Act:
    """A file that nobody described and a draft that nobody saved, both too old; what others left is swept before."""
    house = hand.house
    casework = house.services.casework
    assert casework is not None

    def swept() -> int:
        count: int = house.services.worker.run(CASEWORK, lambda uow: sweep.sweep(uow, casework))
        return count

    case = hand.noticed()
    house.clock.move(days=20)
    while swept():
        pass
    hand.renew()
    hand.arrive(case)
    hand.draft(case)
    house.clock.move(days=20)
    hand.renew()
    return lambda: void(swept())


def _task(hand: Stagehand) -> Act:
    case = hand.noticed()
    today = hand.house.clock.now().date()
    cmd = tasks.SetTask(case, "Rappeler Aminata Diallo", today, "fr")
    return lambda: void(hand.as_("coach", tasks.set_task, cmd))


def _draft(hand: Stagehand) -> Act:
    case = hand.noticed()
    return lambda: hand.draft(case)


def _save_drafted(hand: Stagehand) -> Act:
    """The note is stored and its draft gone, or neither."""
    case = hand.noticed()
    hand.draft(case)
    return lambda: void(hand.write(case))


def _letter(hand: Stagehand) -> Act:
    case = hand.noticed()
    added: dict[str, Value] = {
        "reason": "no_show",
        "respond_by": hand.house.clock.now().date(),
        "place": "Ici",
        "contact": "02",
    }
    cmd = letters.ComposeLetter(case, Kind.LETTER, "consequences", ("fr", "nl"), added)
    return lambda: void(hand.as_("coach", letters.compose_letter, cmd))


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


def _propose(hand: Stagehand) -> Act:
    case = hand.noticed()
    cmd = referrals.Propose(case, PARTNER, "shelter", ("phone",))
    return lambda: void(hand.as_("coach", referrals.propose, cmd))


def _consent(hand: Stagehand) -> Act:
    """A second consent, which ends the first."""
    case, referral = hand.agreed()
    until = hand.house.clock.now() + timedelta(days=60)
    cmd = referrals.RecordConsent(case, referral, ("language",), until)
    return lambda: void(hand.as_("coach", referrals.record_consent, cmd))


def _refer(hand: Stagehand) -> Act:
    case, referral = hand.agreed()
    return lambda: void(hand.send(case, referral))


def _answer(hand: Stagehand) -> Act:
    release = hand.send(*hand.agreed())
    hand.hire("caritas")
    return lambda: void(hand.as_partner(answers.give_answer, release, AnswerStatus.ACCEPTED, "Aminata Diallo est là."))


def _take(hand: Stagehand) -> Act:
    case, referral = hand.agreed()
    _ = hand.as_partner(answers.give_answer, hand.send(case, referral), AnswerStatus.ACCEPTED, "Aminata Diallo est là.")
    [waiting] = [line for line in hand.as_("coach", answers.list_waiting) if line["referral"] == referral.hex()]
    asked = taking_in.Asked(case, referral, AnswerId.parse(waiting["answer"]))
    return lambda: void(hand.as_("coach", hand.writing(taking_in.take_in), asked))


def _withdraw(hand: Stagehand) -> Act:
    case, referral = hand.agreed()
    hand.send(case, referral)
    return lambda: void(hand.as_("coach", hand.writing(withdrawals.withdraw), case, referral))


def _confirm(hand: Stagehand) -> Act:
    case, referral = hand.agreed()
    release = hand.send(case, referral)
    hand.as_("coach", hand.writing(withdrawals.withdraw), case, referral)
    hand.hire("caritas")
    return lambda: void(hand.as_partner(withdrawals.give_receipt, release, ReceiptOutcome.DELETED))


def _ask_in_an_emergency(hand: Stagehand) -> Act:
    """The row, its sealed reason, and with the first one a key of that compartment."""
    case = hand.open()
    hand.hire("colleague")
    return lambda: void(hand.as_("colleague", break_glass.ask, break_glass.Ask(case, Cause.HEALTH, EMERGENCY)))


def _open_an_emergency(hand: Stagehand) -> Act:
    """Opened, looked at, ended."""
    cmd = break_glass.Ask(hand.open(), Cause.HEALTH, EMERGENCY)
    emergency = BreakGlassId.parse(hand.as_("colleague", break_glass.ask, cmd)["emergency"])
    hand.hire("head")

    def act() -> None:
        hand.as_("head", break_glass.open_for, emergency)
        hand.as_("colleague", break_glass.look_at, emergency, Kind.IDENTITY)
        hand.as_("colleague", break_glass.end, emergency)

    return act


def _draw_a_case(hand: Stagehand) -> Act:
    """The row, its sealed reason, and a key of that compartment: the case was not drawn before."""
    case = hand.noticed()
    hand.hire("head")
    cmd, loaded = case_samples.Ask("quality", SAMPLE), lot_on(hand.house, "head", case)
    return lambda: void(hand.as_("head", lambda uow, actor, _: case_samples.ask(uow, actor, cmd, loaded())))


def _end_a_sample(hand: Stagehand) -> Act:
    """Looked at, and done: a row of its own."""
    hand.noticed()
    drawn = hand.as_("head", case_samples.ask, case_samples.Ask("quality", SAMPLE))
    sample = CaseSampleId.parse(drawn["sample"])

    def act() -> None:
        hand.as_("head", case_samples.list_notes, sample)
        hand.as_("head", case_samples.end, sample, "Notes claires et complètes")

    return act


def _with_sender(hand: Stagehand, work: Callable[..., Any]) -> Callable[..., Any]:
    return lambda uow, actor, granted, casework: work(uow, actor, granted, casework, hand.house.services.sender)


def void(_: object) -> None:
    """The act's reply does not matter here."""


PLAYS: Final[dict[str, Callable[[Stagehand], Act]]] = {
    "enrol a passkey and vouch for it": sign_in_plays.enrol,
    "sign in with a passkey": sign_in_plays.sign_in_by_passkey,
    "make recovery codes and use one": sign_in_plays.recover,
    "open a case": _open,
    "begin a lane": _begin_a_lane,
    "take in an order": _take_in,
    "complete an order": _complete,
    "bring facts up to date": _update,
    "write a note": _write,
    "revise a note": _revise,
    "record a fact": _fact,
    "correct a fact": _correct,
    "attach a file": _attach,
    "sweep": _sweep,
    "set a task": _task,
    "save a draft": _draft,
    "save a drafted note": _save_drafted,
    "compose a letter": _letter,
    "take a step": _take_a_step,
    "hand over": _hand_over,
    "propose a referral": _propose,
    "record a consent": _consent,
    "refer": _refer,
    "answer a referral": _answer,
    "take an answer in": _take,
    "withdraw a consent": _withdraw,
    "confirm a withdrawal": _confirm,
    "sign in": sign_in_plays.sign_in,
    "refuse a sign-in": sign_in_plays.refused,
    "sign in elsewhere": sign_in_plays.sign_in_elsewhere,
    "ask in an emergency": _ask_in_an_emergency,
    "open an emergency": _open_an_emergency,
    "have a case drawn": _draw_a_case,
    "end a sample": _end_a_sample,
    "ask for access": access_plays.ask,
    "answer a request": access_plays.answer,
    "answer a request with a passkey": access_plays.answer_by_passkey,
    "grant access": access_plays.grant,
    "revoke a grant": access_plays.revoke,
    "ask about a look": oversight_plays.ask,
    "answer about a look": oversight_plays.answer,
    "hold a ceremony": access_plays.hold_a_ceremony,
    "erase a case": erasure_plays.erase,
    "file a lawful exception": access_plays.file_an_exception,
    "make a lawful exception": access_plays.make_an_exception,
    "stop a lawful exception": access_plays.stop_an_exception,
}
