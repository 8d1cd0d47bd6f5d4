"""Ask, record, permit.

`Guard.permit` puts the question to the firewall, writes the answer into the audit log of the same
transaction and mints a `Permit`, or raises. A permit is bound to actor, action, item, purpose, decision and
time; `Permit.check` is what every opening calls. Only this module can mint one.

A denial is raised with its audit event attached: the worker undoes what the use case did, then writes the
event. Where the question is about an item, the answer is NotFound: forbidden and unknown look alike. Where
no rule could ever let this role do it, whatever the item, the answer is AccessDenied: it says nothing
about any item.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from vault.access.actor import Actor
from vault.audit.events import Detail, Event, Verdict
from vault.errors import AccessDenied, NotFound, PermitInvalid, StepUpNeeded, VaultError
from vault.ids import ActorId, CaseId, EntryId
from vault.ports import Clock, Firewall
from vault.unit_of_work import UnitOfWork
from vault.vocabulary import (
    ATTACHMENT_KINDS,
    FACT_KINDS,
    FACTS,
    Action,
    Allowed,
    Decision,
    Denied,
    Facts,
    Kind,
    Phase,
    Purpose,
    Question,
    ReleaseProfile,
    Role,
)

#: A permit serves the request it was minted for; a minute covers the slowest of them.
PERMIT_LIFETIME: Final = timedelta(seconds=60)
_MINT: Final = object()

#: The actions whose permit opens what they are about, and those whose permit stores it.
OPENING: Final = frozenset({Action.READ, Action.SEARCH, Action.REVEAL, Action.RELEASE, Action.REVIEW})
STORING: Final = frozenset({Action.CREATE, Action.WRITE, Action.RELEASE})

#: What an act opens besides its own item, for the machine's use: nothing of it enters the reply but what the
#: release profile names. Writing a note, looking through it first, or taking in an answer, replaces the case's known
#: names; a release carries fields of the file; a list of whom one expects names its people.
_NAMES: Final = frozenset({Kind.IDENTITY, Kind.CONTACT, Kind.TOKEN_MAP})
#: Free text goes through the replacement of names. What is revised is opened first, to hold it to its provenance.
_REPLACED: Final = (*FACT_KINDS, *ATTACHMENT_KINDS, Kind.TASK)
_ANSWERING: Final = (Action.LIST, Action.WRITE, Action.SIGN, Action.CLOSE)
ALSO_OPENS: Final[dict[tuple[Action, Kind], frozenset[Kind]]] = {
    (Action.WRITE, Kind.NOTE): _NAMES,
    (Action.REVIEW, Kind.NOTE): _NAMES,
    **{(Action.WRITE, kind): _NAMES | {kind} for kind in _REPLACED},
    (Action.WRITE, Kind.INVITATION): frozenset({Kind.IDENTITY, Kind.CONTACT}),
    (Action.WRITE, Kind.LETTER): frozenset({Kind.IDENTITY, Kind.CONTACT}),
    (Action.REVEAL, Kind.NOTE): frozenset({Kind.TOKEN_MAP}),
    (Action.RELEASE, Kind.OUTCOME_SHEET): frozenset({Kind.IDENTITY}),
    # The kinds that the consented fields come from: `vault.usecases.referral_fields`.
    (Action.RELEASE, Kind.REFERRAL): frozenset({Kind.IDENTITY, Kind.CONTACT}),
    (Action.LIST, Kind.DAY_LIST): frozenset({Kind.IDENTITY}),
    # A request for access is opened by whoever looks at it or answers it; a list takes new ones in.
    **{(act, kind): frozenset({kind}) for act in _ANSWERING for kind in (Kind.ACCESS_REQUEST, Kind.ACCESS_FORM)},
    # What a grant is made of: the request, and the kinds that its closed list of fields comes from.
    (Action.RELEASE, Kind.GRANT): frozenset({Kind.ACCESS_REQUEST, Kind.IDENTITY, Kind.CONTACT}),
    # A ceremony likewise, of the identity alone; who lets its second share go opens that share.
    (Action.RELEASE, Kind.CEREMONY): frozenset({Kind.ACCESS_REQUEST, Kind.IDENTITY}),
    (Action.SIGN, Kind.CEREMONY): frozenset({Kind.CEREMONY}),
    # An exception: the request, and the kinds that its items come from. Never a note, never an analysis of a stay.
    (Action.RELEASE, Kind.DISCLOSURE): frozenset(
        {Kind.ACCESS_REQUEST, Kind.IDENTITY, Kind.CONTACT, Kind.WHEREABOUTS, Kind.SENSITIVE_FACT, Kind.RETURN_FACT}
    ),
    # Who files one, and the list of a case's, look at the request; who files holds its reason against the case's names.
    (Action.CREATE, Kind.DISCLOSURE): frozenset({Kind.ACCESS_REQUEST}) | _NAMES,
    **{(act, Kind.DISCLOSURE): frozenset({Kind.ACCESS_REQUEST}) for act in (Action.LIST, Action.WRITE)},
    (Action.WRITE, Kind.REFERRAL_ANSWER): _NAMES,
    (Action.REVIEW, Kind.REFERRAL_ANSWER): _NAMES,
}
#: What an act stores besides its own item: a case begins with its people, a note may bring new stand-ins, an
#: appointment is booked with its interpreter.
ALSO_STORES: Final[dict[tuple[Action, Kind], frozenset[Kind]]] = {
    (Action.CREATE, Kind.CASE): frozenset({Kind.IDENTITY, Kind.CONTACT}),
    (Action.CREATE, Kind.DISCLOSURE): frozenset({Kind.ACCESS_REQUEST}),
    **{(Action.WRITE, kind): frozenset({Kind.TOKEN_MAP}) for kind in (Kind.NOTE, Kind.REFERRAL_ANSWER, *_REPLACED)},
    # An order that waited is triaged with what it says now.
    (Action.TRIAGE, Kind.CASE): frozenset({Kind.IDENTITY, Kind.CONTACT}),
    # Why a step was taken is sealed beside it, in the compartment where it belongs.
    (Action.ORIENT_STAY, Kind.CASE): frozenset({Kind.AVENUE}),
    (Action.ORIENT_RETURN, Kind.CASE): frozenset({Kind.RETURN_PLAN}),
    (Action.ASK_EXTENSION, Kind.CASE): frozenset({Kind.GROUND}),
    (Action.SUSPEND, Kind.CASE): frozenset({Kind.GROUND}),
    (Action.WRITE, Kind.APPOINTMENT): frozenset({Kind.ATTENDEES}),
    # Whoever ends a sample says what came of it.
    (Action.CLOSE, Kind.CASE_SAMPLE): frozenset({Kind.CASE_SAMPLE}),
}


def lets_out(action: Action, kind: Kind) -> bool:
    """Whether something leaves its zone by this act: a release, or the second share of a ceremony's key."""
    return action is Action.RELEASE or (action, kind) == (Action.SIGN, Kind.CEREMONY)


class Item(NamedTuple):
    """What a question is about. id: hexadecimal, "" for none. case: None where the zone knows no case.

    subject: the case's pseudonym as this zone may log it, "" for none. scope: for a search, the cases it may open.
    """

    kind: Kind
    id: str = ""
    case: CaseId | None = None
    subject: str = ""
    scope: frozenset[CaseId] = frozenset()

    @property
    def about_the_case(self) -> bool:
        """Whether the question names no single record: all of that kind in the case, or one that is to come."""
        return self.case is not None and self.id == self.case.hex()


class Permit:
    """Leave to open one item, for one actor, purpose and moment."""

    __slots__ = ("action", "actor", "entry", "expires_at", "item", "profile", "purpose", "rule")

    def __init__(
        self, mint: object, *, actor: ActorId, action: Action, item: Item, purpose: Purpose, allowed: Allowed,
        entry: EntryId, expires_at: datetime,
    ) -> None:  # fmt: skip
        if mint is not _MINT:
            raise PermitInvalid("only enforcement mints permits")
        self.actor: Final = actor
        self.action: Final = action
        self.item: Final = item
        self.purpose: Final = purpose
        self.profile: Final[ReleaseProfile] = allowed.profile
        self.rule: Final = allowed.rule
        self.entry: Final = entry
        self.expires_at: Final = expires_at

    def check(self, *, kind: Kind, case: CaseId | None, now: datetime, record: str = "", storing: bool = False) -> None:
        """Raises PermitInvalid unless this permit covers that kind in that case (and record, if it names one) now.

        storing: the thing is about to be stored, not opened: leave to read is no leave to write, nor the reverse.
        """
        item = self.item
        acts, besides = (STORING, ALSO_STORES) if storing else (OPENING, ALSO_OPENS)
        covered = (kind is item.kind and self.action in acts) or kind in besides.get((self.action, item.kind), ())
        there = case is item.case or case == item.case or (case is not None and case in item.scope)
        if not covered or not there or now >= self.expires_at:
            raise PermitInvalid("this permit was minted for something else, or has expired")
        if kind is item.kind and item.id and record and item.id != record:
            # Asked about the case as a whole: reading covers all of that kind in it, writing begins a new one.
            whole = item.about_the_case and (storing or self.action is Action.READ)
            if not whole:
                raise PermitInvalid("this permit was minted for another record")

    def used_by(self, actor: ActorId) -> None:
        """Raises PermitInvalid unless this is the actor it was minted for: for an act of two halves."""
        if actor != self.actor:
            raise PermitInvalid("this permit was minted for another actor")

    def __repr__(self) -> str:
        return f"<permit {self.action} {self.item.kind} by {self.rule}>"


class Guard:
    """The one place where questions are asked. firewall: decides. clock: dates permits."""

    def __init__(self, firewall: Firewall, clock: Clock) -> None:
        self._firewall = firewall
        self._clock = clock
        self._reach: dict[tuple[bytes, Role, Action, Kind, Purpose], bool] = {}

    @property
    def policy_digest(self) -> bytes:
        return self._firewall.digest

    def weigh(self, question: Question, facts: Facts) -> Decision:
        """What the firewall answers, for somebody who only wants to know: no permit, so nothing opens on it.

        Never raises: whatever goes wrong is a denial. The caller writes the entry.
        """
        try:
            decision: object = self._firewall.decide(question, facts)
            digest = self._firewall.digest
        except Exception:  # noqa: BLE001 - any exception of the firewall is a denial
            return Denied("error", (), b"")
        return decision if isinstance(decision, Allowed | Denied) else Denied("error", (), digest)

    def permit(
        self,
        uow: UnitOfWork,
        actor: Actor,
        action: Action,
        item: Item,
        *,
        purpose: Purpose,
        phase: Phase = Phase.NONE,
        facts: Facts,
        reason: str = "",
        outcome: str = "",
        count: int = 1,
        config: str = "",
    ) -> Permit:
        """Ask, record, permit. Raises NotFound (about an item) or AccessDenied, with the audit event attached.

        outcome, count: what the entry says about what is being done; codes and numbers only. config: digest of the
        parameters it is done with, where some are.
        """
        question = Question(actor.role, action, item.kind, purpose, phase)
        try:
            decision: object = self._firewall.decide(question, facts)
        except Exception as fault:
            raise self._refusal(question, actor, item, None, reason, config) from fault
        if not isinstance(decision, Allowed):
            denied = decision if isinstance(decision, Denied) else None  # what is no decision is no yes
            raise self._refusal(question, actor, item, denied, reason, config)
        if actor.must_step_up and lets_out(action, item.kind):
            event = self._event(
                question, actor, item, Verdict.DENY, decision.rule, decision.digest, "step_up_needed", 1,
                config,
            )  # fmt: skip
            raise with_event(
                StepUpNeeded("prove anew who you are before something is released"), event, actor.detail(reason)
            )
        entry = uow.audit.append(
            self._event(question, actor, item, Verdict.ALLOW, decision.rule, decision.digest, outcome, count, config),
            actor.detail(reason),
        )
        return Permit(
            _MINT,
            actor=actor.id,
            action=action,
            item=item,
            purpose=purpose,
            allowed=decision,
            entry=entry,
            expires_at=self._clock.now() + PERMIT_LIFETIME,
        )

    def _refusal(
        self, question: Question, actor: Actor, item: Item, denied: Denied | None, reason: str, config: str
    ) -> VaultError:
        rule, digest = (denied.rule, denied.digest) if denied is not None else ("error", b"")
        refusal: VaultError
        if item.id and self._within_reach(question):
            refusal = NotFound("no such item, or not for you")
        else:
            missing = denied.nearest[0].missing if denied is not None and denied.nearest else ()
            refusal = AccessDenied(reasons=tuple(f"needs_{fact}" for fact in missing) or ("no_rule",))
        event = self._event(question, actor, item, Verdict.DENY, rule, digest, "refused", 1, config)
        return with_event(refusal, event, actor.detail(reason))

    def _within_reach(self, question: Question) -> bool:
        """Whether some item in some phase could be allowed to this role: depends on the rules alone, never on the item.

        A firewall that fails allows nothing anywhere; its failure is not remembered.
        """
        try:
            key = (self._firewall.digest, question.role, question.action, question.kind, question.purpose)
            known = self._reach.get(key)
            if known is None:
                every = Facts(held=(1 << len(FACTS)) - 1)
                known = any(
                    isinstance(self._firewall.decide(question._replace(phase=phase), every), Allowed) for phase in Phase
                )
                self._reach[key] = known
        except Exception:  # noqa: BLE001 - any exception of the firewall is a denial
            return False
        return known

    @staticmethod
    def _event(
        question: Question, actor: Actor, item: Item, verdict: Verdict, rule: str, digest: bytes, outcome: str,
        count: int, config: str = "",
    ) -> Event:  # fmt: skip
        return Event(
            # Members of a StrEnum are their values; asking each for `.value` costs more than the whole decision.
            action=question.action,
            kind=question.kind,
            verdict=verdict,
            actor=actor.log_name,
            role=actor.role,
            session=actor.session.hex(),
            # A case is named by its pseudonym in the log alone: beside it, casework's own id would join two domains.
            object="" if item.about_the_case else item.id,
            subject=item.subject,
            purpose=question.purpose,
            rule=rule,
            policy=digest.hex(),
            outcome=outcome,
            count=count,
            config=config,
        )


def with_event(error: VaultError, event: Event, detail: Detail | None) -> VaultError:
    """Attach what the worker must write down once it has undone the use case."""
    error.audit = (event, detail)
    return error
