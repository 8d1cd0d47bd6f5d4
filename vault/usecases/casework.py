"""What every casework use case needs, and the questions it asks again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Guard, Item, Permit
from vault.access.sealing import RecordKeeper
from vault.access.shaping import shape
from vault.cases.appointments import AgendaRules, excused_days
from vault.cases.break_glass import EmergencyRules
from vault.cases.calendar import Calendar, belgian_day
from vault.cases.case_samples import CaseSampleRules
from vault.cases.flow import State
from vault.cases.guards import Situation
from vault.cases.history import History, notice_given
from vault.cases.model import Case, CaseEvent, Standing
from vault.cases.office_texts import OfficeTexts
from vault.cases.organisation import Organisation
from vault.cases.parameters import Parameters
from vault.cases.partners import ReferralRules
from vault.cases.protocols import Protocols
from vault.crypto.blind_index import BlindIndex
from vault.errors import NotFound, NoticeMissing
from vault.freetext.office import Office
from vault.ids import CaseId
from vault.lifecycle.retention import RetentionRules
from vault.ports import Clock, Entropy
from vault.pseudonyms import LOG, Pseudonym, PseudonymKeys, domain_of, parse_pseudonym
from vault.unit_of_work import UnitOfWork
from vault.vocabulary import CASEWORK, FACTS, Action, Facts, Kind, Phase, Purpose, Zone

_OWN: Final = Facts.of(own=True).held
_REGION: Final = Facts.of(region=True).held
_SECOND: Final = Facts.of(second=True).held
_CONSENT: Final = Facts.of(consent=True).held
_FACTS: Final = tuple(Facts(held) for held in range(1 << len(FACTS)))
_REMEMBERED: Final = 4096  # cases whose pseudonyms stay at hand
CASEWORK_DOMAIN: Final = domain_of(CASEWORK)


@dataclass(frozen=True, slots=True)
class Casework:
    """The casework zone's services. Only this zone has pseudonym keys and the blind index key."""

    guard: Guard
    keeper: RecordKeeper
    pseudonyms: PseudonymKeys
    index: BlindIndex
    clock: Clock
    entropy: Entropy
    texts: OfficeTexts
    parameters: Parameters
    organisation: Organisation
    agenda_rules: AgendaRules
    calendar: Calendar
    rules: ReferralRules  # for the configured partners that the signed directory names
    partners: frozenset[Zone]  # all that the directory names, configured or not: each may have got something
    emergency_rules: EmergencyRules
    sample_rules: CaseSampleRules
    retention: RetentionRules
    protocols: Protocols  # with whom something may flow at all
    office: Office = field(default_factory=Office, repr=False)  # looks through notes
    _subjects: dict[CaseId, str] = field(default_factory=dict, repr=False)

    def subject(self, case: CaseId) -> str:
        """The case's pseudonym in the log. The few that a coach works with are remembered: names, never keys."""
        known = self._subjects.get(case)
        if known is None:
            if len(self._subjects) >= _REMEMBERED:
                self._subjects.clear()
            known = self._subjects[case] = self.pseudonyms.token(LOG, case).text
        return known

    def ask(
        self, uow: UnitOfWork, actor: Actor, action: Action, kind: Kind, case: Case | Standing | None, *,
        purpose: Purpose, asked: str, facts: Facts | None = None, reason: str = "", outcome: str = "", count: int = 1,
        config: str = "",
    ) -> Permit:  # fmt: skip
        """Ask about one case, or about one that does not exist: the road is the same, and as long.

        asked: the id the caller named. Raises NotFound where this role could have been allowed, AccessDenied
        where it never could.
        """
        # A case that nobody opened is given a name too, which is dropped: time must not tell it from a foreign one.
        subject = self.subject(case.id if case is not None else CaseId(bytes.fromhex(asked)))
        item = Item(kind, asked, None, "") if case is None else Item(kind, asked, case.id, subject)
        return self.guard.permit(
            uow,
            actor,
            action,
            item,
            purpose=purpose,
            phase=case.phase if case is not None else Phase.NONE,
            facts=facts if facts is not None else relation(actor, case),
            reason=reason,
            outcome=outcome,
            count=count,
            config=config,
        )

    @property
    def config(self) -> str:
        """The parameters' digest as an entry names it."""
        return self.parameters.digest.hex()

    def situation(self, case: Case, events: Sequence[CaseEvent], actor: Actor | None = None) -> Situation:
        """All that a step of this case may depend on, today in Belgium."""
        history = History(events, case.origin, case.opened_at)
        today = belgian_day(self.clock.now())
        return Situation(case, history, self.parameters, today, actor.id if actor is not None else None)


#: Where absences count: before another invitation, and before a closing that rests on them.
ABSENT: Final = frozenset({State.NO_SHOW, State.CLOSING_NONCOLLAB})


def with_excuses(uow: UnitOfWork, situation: Situation) -> Situation:
    """With the excuses that were recorded of the case's invitations. After a permit alone: it looks further."""
    case = situation.case
    if case.state not in ABSENT:
        return situation
    return replace(situation, excused=excused_days(uow.agenda.missed([case.id]).get(case.id, ())))


def relation(actor: Actor, case: Case | Standing | None, *, second: bool = False, consent: bool = False) -> Facts:
    """How the actor stands to the case, from the database's rows."""
    if case is None:
        return Facts()
    held = 0
    if case.coach == actor.id:
        held |= _OWN
    if actor.region and case.region == actor.region:
        held |= _REGION
    if second:
        held |= _SECOND
    if consent:
        held |= _CONSENT
    return _FACTS[held]


def require_notice(uow: UnitOfWork, case: CaseId) -> None:
    """Nothing that a person confides is written down before they were told who reads what. Raises NoticeMissing.

    Whoever comes back is told again: what was given before the last reopening does not count.
    """
    if not notice_given(uow.cases.events(case)):
        raise NoticeMissing("the privacy notice has not been given yet: record it before the first note")


@lru_cache(maxsize=_REMEMBERED)
def reference(case: CaseId) -> str:
    """The case as casework writes it: its random id in readable form. No other zone ever sees it."""
    return Pseudonym(CASEWORK_DOMAIN, case.raw).text


@lru_cache(maxsize=_REMEMBERED)
def parse_reference(text: str) -> CaseId:
    """Raises InvalidIdentifier for a mistyped reference; whether a case exists is another question."""
    return CaseId(parse_pseudonym(text, CASEWORK_DOMAIN).token)


def existing(case: Case | None) -> Case:
    """After a permit about a case it exists; this says so to the type checker and to a reader."""
    if case is None:
        raise NotFound("no such item, or not for you")
    return case


def receipt(permit: Permit, case: Case, *, release: str | None = None, version: int | None = None) -> Values:
    """What was done, as the receipt profile has it. version: of what was written; None for the case's own."""
    return shape(
        permit.profile,
        {
            "reference": reference(case.id),
            "note": None,
            "release": release,
            "version": case.version if version is None else version,
            "state": case.state.value,
        },
    )


Values = dict[str, Any]
