"""The words of a question and of its answer.

A `Question` is what is asked of the firewall; `Facts` are what the database knows about it, each one
true, false or unknown; a `Decision` is `Allowed` or `Denied`, never a bool. The compartments a zone can
open stand in one table here (`OPENS`); rules that contradict it do not load.

Purposes follow terms of the W3C Data Privacy Vocabulary where one fits (named beside each).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final, NamedTuple


@unique
class ZoneKind(StrEnum):
    """A zone is a process, an OS user, a key set and a database role of its own."""

    CASEWORK = "casework"
    FOLLOW_UP = "follow_up"
    PARTNER = "partner"
    OVERSIGHT = "oversight"


@dataclass(frozen=True, slots=True, order=True)
class Zone:
    """One zone. Partners are one zone per organisation: `partner:caritas`.

    organisation: 2-24 lower-case letters, digits or `_`; only for partners, and required there.
    """

    kind: ZoneKind
    organisation: str = ""
    #: Written out once: every request looks zones up several times.
    _text: str = field(init=False, repr=False, compare=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "_text", f"{self.kind}:{self.organisation}" if self.organisation else str(self.kind))
        named = bool(self.organisation)
        if named != (self.kind is ZoneKind.PARTNER):
            raise ValueError("exactly the partner zones name an organisation")
        if named and not (
            2 <= len(self.organisation) <= 24
            and self.organisation.isascii()
            and self.organisation[0].isalpha()
            and self.organisation == self.organisation.lower()
            and self.organisation.replace("_", "").isalnum()
        ):
            raise ValueError("an organisation is named by 2-24 lower-case letters, digits or '_'")

    @classmethod
    def parse(cls, text: str) -> Zone:
        """`casework`, `follow_up`, `oversight` or `partner:NAME`. Raises ValueError."""
        kind, _, organisation = text.partition(":")
        return cls(ZoneKind(kind), organisation)

    def __str__(self) -> str:
        return self._text

    def __hash__(self) -> int:
        return hash(self._text)


CASEWORK: Final = Zone(ZoneKind.CASEWORK)
FOLLOW_UP: Final = Zone(ZoneKind.FOLLOW_UP)
OVERSIGHT: Final = Zone(ZoneKind.OVERSIGHT)


@unique
class Role(StrEnum):
    """What a person is here as. Nobody holds roles of two zones (F8)."""

    COACH = "coach"
    DESK_OFFICER = "desk_officer"
    REGIONAL_HEAD = "regional_head"
    FOLLOW_UP_OFFICER = "follow_up_officer"
    PARTNER_AGENT = "partner_agent"
    AUDITOR = "auditor"
    DPO = "dpo"
    OPERATOR = "operator"  # keeps the installation running, and sees how it runs: nothing of any case, no entry


ROLE_ZONE: Final[dict[Role, ZoneKind]] = {
    Role.COACH: ZoneKind.CASEWORK,
    Role.DESK_OFFICER: ZoneKind.CASEWORK,
    Role.REGIONAL_HEAD: ZoneKind.CASEWORK,
    Role.FOLLOW_UP_OFFICER: ZoneKind.FOLLOW_UP,
    Role.PARTNER_AGENT: ZoneKind.PARTNER,
    Role.AUDITOR: ZoneKind.OVERSIGHT,
    Role.DPO: ZoneKind.OVERSIGHT,
    Role.OPERATOR: ZoneKind.OVERSIGHT,
}


@unique
class Compartment(StrEnum):
    """C0-C9 of the domain. Each has a data key of its own per case."""

    IDENTITY = "identity"
    CONTACT = "contact"
    STATUS = "status"
    NARRATIVE = "narrative"
    SENSITIVE = "sensitive"
    STAY_ANALYSIS = "stay_analysis"
    RETURN_PLAN = "return_plan"
    OUTCOME_SHEET = "outcome_sheet"
    AUDIT = "audit"
    AGGREGATES = "aggregates"


@unique
class Kind(StrEnum):
    """What is asked about. Each kind belongs to one compartment (`KIND_COMPARTMENT`)."""

    CASE = "case"  # status columns: state, dates, region; pseudonymous
    IDENTITY = "identity"
    CONTACT = "contact"
    NOTICE = "notice"  # that the privacy notice was given
    NOTE = "note"
    TOKEN_MAP = "token_map"  # which stand-in means whom
    OUTCOME_SHEET = "outcome_sheet"
    REFERRAL = "referral"
    REFERRAL_ANSWER = "referral_answer"  # what a partner writes back to the coach
    WITHDRAWAL = "withdrawal"  # that a consent ended before its day, and the receipt that is asked for
    FACT = "fact"  # one thing recorded by code; the four beside it are the same in other compartments
    WHEREABOUTS = "whereabouts"
    SENSITIVE_FACT = "sensitive_fact"
    STAY_FACT = "stay_fact"
    RETURN_FACT = "return_fact"
    ATTACHMENT = "attachment"  # a file; the four beside it likewise
    IDENTITY_ATTACHMENT = "identity_attachment"
    SENSITIVE_ATTACHMENT = "sensitive_attachment"
    STAY_ATTACHMENT = "stay_attachment"
    RETURN_ATTACHMENT = "return_attachment"
    TASK = "task"
    DRAFT = "draft"  # of a note, not yet saved
    INVITATION = "invitation"  # a letter that asks the person to come, or to come after all
    LETTER = "letter"  # every other letter to the person
    ACCESS_REPORT = "access_report"  # who consulted what of a case: for the person concerned
    ACCESS_REQUEST = "access_request"  # what another zone asks to know of one case, with whom it asks about
    ACCESS_FORM = "access_form"  # the same without whom it is about: what an approver outside casework sees
    GRANT = "grant"  # a sealed copy of the granted fields, for one person and a time
    CEREMONY = "ceremony"  # who hides behind a pseudonym: for one person and minutes, under a key of two shares
    DISCLOSURE = "disclosure"  # what a lawful exception gives another body: named items of one case, for a time
    BREAK_GLASS = "break_glass"  # that a colleague must know in an emergency who somebody is; and who agreed
    CASE_SAMPLE = "case_sample"  # that a case was drawn by lot for a head to look at, why, and what came of it
    ERASURE = "erasure"  # that a case is to be erased, upon which ground, who asked and who agreed
    AUDIT_ENTRY = "audit_entry"
    AUDIT_DETAIL = "audit_detail"
    LOG_STATE = "log_state"  # how whole the log is, and who checked a copy of it
    FINDING = "finding"  # what a detection rule found in the log, and how often rules are right
    SAMPLE = "sample"  # looks drawn by lot, to be reviewed
    REVIEW_CASE = "review_case"  # the review of one look by oversight
    EMERGENCY_USE = "emergency_use"  # every break-glass as the log tells it, its review, and how many there were
    CEREMONY_USE = "ceremony_use"  # every ceremony as the log tells it, its signatures, and its review
    LOG_FIGURES = "log_figures"  # how many looks, by zone, role and purpose; nobody's
    OPERATION = "operation"  # how the installation runs: versions, ages of keys, lag, signs of life; no content
    STEP = "step"  # which steps a case can take and has taken; codes and days
    DEADLINE = "deadline"  # a day that counts for a case, with its reasons
    AVENUE = "avenue"  # towards which right of residence the person is heading
    RETURN_PLAN = "return_plan"  # with whom the person means to return
    GROUND = "ground"  # why more time was asked for, or the guidance was suspended
    APPOINTMENT = "appointment"  # a time, a place, codes; nobody's name
    DAY_LIST = "day_list"  # whom a desk or a coach expects on a day, by name
    ATTENDEES = "attendees"  # who came along: third parties
    ASSIGNMENT = "assignment"  # whose a case is and was, and who could take it
    CONFLICT = "conflict"  # that a coach must not have a case, and why
    COACH = "coach"  # what a coach takes, how much they have, when they are away
    DESK = "desk"  # a desk's hours and free times
    ORDER = "order"  # an order to leave, handed in as the official file has it; what is missing of it
    REVIEW_QUESTION = "review_question"  # what oversight asks a member of casework about a look of theirs
    FIGURES = "figures"  # counts of what happened to a region's cases; internal
    CALENDAR = "calendar"  # a coach's times and places, without anybody
    PASSKEY = "passkey"  # of a member of staff, as oversight sees it: whose, since when, who vouched for it


KIND_COMPARTMENT: Final[dict[Kind, Compartment]] = {
    Kind.CASE: Compartment.STATUS,
    Kind.IDENTITY: Compartment.IDENTITY,
    Kind.CONTACT: Compartment.CONTACT,
    Kind.NOTICE: Compartment.STATUS,
    Kind.NOTE: Compartment.NARRATIVE,
    Kind.TOKEN_MAP: Compartment.IDENTITY,
    Kind.OUTCOME_SHEET: Compartment.OUTCOME_SHEET,
    Kind.REFERRAL: Compartment.CONTACT,
    Kind.REFERRAL_ANSWER: Compartment.NARRATIVE,  # free text about the person: it never leaves casework again
    Kind.WITHDRAWAL: Compartment.STATUS,
    Kind.FACT: Compartment.NARRATIVE,
    Kind.WHEREABOUTS: Compartment.CONTACT,
    Kind.SENSITIVE_FACT: Compartment.SENSITIVE,
    Kind.STAY_FACT: Compartment.STAY_ANALYSIS,
    Kind.RETURN_FACT: Compartment.RETURN_PLAN,
    Kind.ATTACHMENT: Compartment.NARRATIVE,
    Kind.IDENTITY_ATTACHMENT: Compartment.IDENTITY,
    Kind.SENSITIVE_ATTACHMENT: Compartment.SENSITIVE,
    Kind.STAY_ATTACHMENT: Compartment.STAY_ANALYSIS,
    Kind.RETURN_ATTACHMENT: Compartment.RETURN_PLAN,
    Kind.TASK: Compartment.NARRATIVE,
    Kind.DRAFT: Compartment.NARRATIVE,
    Kind.INVITATION: Compartment.CONTACT,
    Kind.LETTER: Compartment.NARRATIVE,
    Kind.ACCESS_REPORT: Compartment.STATUS,
    Kind.ACCESS_REQUEST: Compartment.IDENTITY,
    Kind.ACCESS_FORM: Compartment.STATUS,
    Kind.GRANT: Compartment.IDENTITY,
    Kind.CEREMONY: Compartment.IDENTITY,
    Kind.DISCLOSURE: Compartment.SENSITIVE,  # the most protected that can be in one: follow-up can never open it
    Kind.BREAK_GLASS: Compartment.STATUS,
    Kind.CASE_SAMPLE: Compartment.STATUS,
    Kind.ERASURE: Compartment.STATUS,
    Kind.AUDIT_ENTRY: Compartment.AUDIT,
    Kind.AUDIT_DETAIL: Compartment.AUDIT,
    Kind.LOG_STATE: Compartment.AUDIT,
    Kind.FINDING: Compartment.AUDIT,
    Kind.SAMPLE: Compartment.AUDIT,
    Kind.REVIEW_CASE: Compartment.AUDIT,
    Kind.EMERGENCY_USE: Compartment.AUDIT,
    Kind.CEREMONY_USE: Compartment.AUDIT,
    Kind.LOG_FIGURES: Compartment.AUDIT,
    Kind.OPERATION: Compartment.AGGREGATES,
    Kind.STEP: Compartment.STATUS,
    Kind.DEADLINE: Compartment.STATUS,
    Kind.AVENUE: Compartment.STAY_ANALYSIS,
    Kind.RETURN_PLAN: Compartment.RETURN_PLAN,
    Kind.GROUND: Compartment.SENSITIVE,
    Kind.APPOINTMENT: Compartment.STATUS,
    Kind.DAY_LIST: Compartment.IDENTITY,
    Kind.ATTENDEES: Compartment.CONTACT,
    Kind.ASSIGNMENT: Compartment.STATUS,
    Kind.CONFLICT: Compartment.STATUS,
    Kind.COACH: Compartment.STATUS,
    Kind.DESK: Compartment.STATUS,
    Kind.ORDER: Compartment.STATUS,
    Kind.REVIEW_QUESTION: Compartment.STATUS,
    Kind.FIGURES: Compartment.STATUS,
    Kind.CALENDAR: Compartment.STATUS,
    Kind.PASSKEY: Compartment.AUDIT,
}

#: Facts by code, and files: a kind per compartment each, so that a look at health is not a look at work.
FACT_KINDS: Final = (Kind.FACT, Kind.WHEREABOUTS, Kind.SENSITIVE_FACT, Kind.STAY_FACT, Kind.RETURN_FACT)
ATTACHMENT_KINDS: Final = (
    Kind.ATTACHMENT, Kind.IDENTITY_ATTACHMENT, Kind.SENSITIVE_ATTACHMENT, Kind.STAY_ATTACHMENT,
    Kind.RETURN_ATTACHMENT,
)  # fmt: skip


@unique
class Action(StrEnum):
    """What is to be done with it."""

    CREATE = "create"
    READ = "read"
    LIST = "list"
    SEARCH = "search"
    WRITE = "write"
    CLOSE = "close"
    SIGN = "sign"
    RELEASE = "release"
    REVEAL = "reveal"  # restore stand-ins to names: an act of its own
    REVIEW = "review"  # look through a text for what identifies people, before it is stored
    # Steps of the case flow, an action each: leave for one never is leave for another. Four steps have older words:
    # writing the notice, closing and signing a case, releasing the outcome sheet.
    TRIAGE = "triage"
    INVITE = "invite"
    RECORD_ABSENCE = "record_absence"
    EXCUSE_ABSENCE = "excuse_absence"
    WALK_IN = "walk_in"
    BEGIN_INTAKE = "begin_intake"
    BEGIN_ANALYSIS = "begin_analysis"
    GIVE_CONCLUSIONS = "give_conclusions"
    ORIENT_STAY = "orient_stay"
    ORIENT_RETURN = "orient_return"
    ORIENT_TRANSFER = "orient_transfer"
    CONTINUE_FOLLOW_UP = "continue_follow_up"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXPLAIN_CONSEQUENCES = "explain_consequences"
    SEND_CONSEQUENCES_LETTER = "send_consequences_letter"
    BEGIN_CLOSING = "begin_closing"
    REOPEN = "reopen"


#: Actions that exist for a case alone: a rule that names one for another kind does not load.
FLOW_ACTIONS: Final[frozenset[Action]] = frozenset(list(Action)[list(Action).index(Action.TRIAGE) :])


@unique
class Purpose(StrEnum):
    """Why. A purpose is bound when data is written and checked when it is read (F5)."""

    COACHING = "coaching"  # dpv:ServiceProvision
    CASE_ADMINISTRATION = "case_administration"  # dpv:RecordManagement
    OQT_FOLLOW_UP = "oqt_follow_up"  # dpv:LegalCompliance; the outcome sheet and nothing else
    REFERRAL = "referral"  # dpv:ServiceProvision by a partner, as consented
    ACCESS_REVIEW = "access_review"  # dpv:EnforceSecurity: the auditor's look at behaviour
    DATA_PROTECTION = "data_protection"  # dpv:RightsFulfillment: the DPO's
    EMERGENCY = "emergency"  # dpv:VitalInterest; break-glass only
    SUPERVISION = "supervision"  # dpv:OrganisationGovernance: a head's look at a case that was drawn by lot
    LEGAL_OBLIGATION = "legal_obligation"  # dpv:LegalObligation: what a lawful exception gives another body, no more


@unique
class Provenance(StrEnum):
    """Where a fact comes from; it decides what may ever be derived from it."""

    ADMIN = "admin"  # already in the official file
    INTERVIEW = "interview"  # confided
    PARTNER = "partner"


@unique
class Phase(StrEnum):
    """A case's state as far as access depends on it. `NONE`: the question is about no case.

    `PENDING`: before an intake. Nobody was told yet who reads what, so nothing confided can be written; and the desk,
    which arranges the first meeting, can move a case in this phase alone.
    """

    NONE = "none"
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSING = "closing"
    CLOSED = "closed"
    HANDED_OVER = "handed_over"
    ERASED = "erased"


@unique
class Fact(StrEnum):
    """What a decision may depend on, gathered from the database in the reading transaction, never from the caller."""

    #: The case is assigned to the actor; an access request: filed by the actor, or theirs to answer; a sample: theirs.
    OWN = "own"
    REGION = "region"  # the case lies in the actor's region
    CONSENT = "consent"  # a recorded, unexpired consent of the person for this recipient and these fields
    GRANT = "grant"  # a live grant for this actor, case, kind and purpose
    ADDRESSED = "addressed"  # the release was sealed to the actor's zone, or the notice goes to it
    #: Somebody else took the step before; for a grant or a ceremony: every function that must has approved; for who
    #: reads by ceremony: its second share was let go; for a review: the look is somebody else's, and so is what is
    #: signed; for a passkey: it is somebody else's, to vouch for it also of another function.
    SECOND = "second"
    BREAK_GLASS = "break_glass"  # an open break-glass of this actor on this case
    SAMPLE = "sample"  # this case was drawn by lot for this actor, and the time to look at it runs


FACTS: Final[tuple[Fact, ...]] = tuple(Fact)
_BIT: Final[dict[Fact, int]] = {fact: 1 << position for position, fact in enumerate(FACTS)}


class Question(NamedTuple):
    """Who, as what, wants to do what, with what, why, and in which phase of the case."""

    role: Role
    action: Action
    kind: Kind
    purpose: Purpose
    phase: Phase


@dataclass(frozen=True, slots=True)
class Facts:
    """Each fact is true, false or unknown. Bit i of both masks belongs to `FACTS[i]`; `held` is a subset of `known`.

    An unknown fact never helps: the answer is yes only if it would be yes whichever way the unknowns fall.
    """

    held: int = 0
    known: int = (1 << len(FACTS)) - 1

    @classmethod
    def of(cls, **values: bool | None) -> Facts:
        """Facts by name: `Facts.of(own=True, consent=None)`; those not named are false."""
        held, known = 0, (1 << len(FACTS)) - 1
        for name, value in values.items():
            bit = _BIT[Fact(name)]
            if value is None:
                known &= ~bit
            elif value:
                held |= bit
        return cls(held, known)

    def holds(self, fact: Fact) -> bool:
        return bool(self.held & self.known & _BIT[fact])


@unique
class Treatment(StrEnum):
    """How a released field is shown. A field that no line of the profile names is not there at all."""

    CLEAR = "clear"
    MASK = "mask"  # that it exists, not what it says
    COARSEN = "coarsen"  # a birth date becomes a year, a time a day
    PSEUDONYM = "pseudonym"  # as the recipient's own pseudonym


@dataclass(frozen=True, slots=True)
class ReleaseProfile:
    """The fields an answer is built from, in order, and how each is shown."""

    name: str
    fields: tuple[tuple[str, Treatment], ...]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An allow rule that would have applied, and the facts it still needed."""

    rule: str
    missing: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes, by exactly one rule. digest: 32 bytes, SHA-256 over the decided table and its sources."""

    rule: str
    profile: ReleaseProfile
    digest: bytes


@dataclass(frozen=True, slots=True)
class Denied:
    """No. rule: the deny line that decided, or "" where nothing allowed it. nearest: at most three near misses."""

    rule: str
    nearest: tuple[NearMiss, ...]
    digest: bytes


Decision = Allowed | Denied


class Opening(StrEnum):
    NEVER = "never"
    SEALED_COPY = "sealed_copy"  # only a copy under a fresh release key, by a recorded release
    OPENS = "opens"


#: Which compartments a zone can open at all (docs/architecture.md). SEALED_COPY: only what was released to it.
#: A rule that lets a role of a zone read, list, search or reveal a kind whose compartment stands here as
#: NEVER does not load. `status` for oversight is pseudonymous columns; partners see a slot of their own referral.
OPENS: Final[dict[ZoneKind, dict[Compartment, Opening]]] = {
    ZoneKind.CASEWORK: {
        Compartment.IDENTITY: Opening.OPENS,
        Compartment.CONTACT: Opening.OPENS,
        Compartment.STATUS: Opening.OPENS,
        Compartment.NARRATIVE: Opening.OPENS,
        Compartment.SENSITIVE: Opening.OPENS,
        Compartment.STAY_ANALYSIS: Opening.OPENS,
        Compartment.RETURN_PLAN: Opening.OPENS,
        Compartment.OUTCOME_SHEET: Opening.NEVER,
        Compartment.AUDIT: Opening.NEVER,
        Compartment.AGGREGATES: Opening.NEVER,
    },
    ZoneKind.FOLLOW_UP: {
        Compartment.IDENTITY: Opening.SEALED_COPY,
        Compartment.CONTACT: Opening.NEVER,
        Compartment.STATUS: Opening.NEVER,
        Compartment.NARRATIVE: Opening.NEVER,
        Compartment.SENSITIVE: Opening.NEVER,
        Compartment.STAY_ANALYSIS: Opening.NEVER,
        Compartment.RETURN_PLAN: Opening.NEVER,
        Compartment.OUTCOME_SHEET: Opening.SEALED_COPY,
        Compartment.AUDIT: Opening.NEVER,
        Compartment.AGGREGATES: Opening.NEVER,
    },
    ZoneKind.PARTNER: {
        Compartment.IDENTITY: Opening.SEALED_COPY,
        Compartment.CONTACT: Opening.SEALED_COPY,
        Compartment.STATUS: Opening.SEALED_COPY,
        Compartment.NARRATIVE: Opening.NEVER,
        Compartment.SENSITIVE: Opening.SEALED_COPY,
        Compartment.STAY_ANALYSIS: Opening.NEVER,
        Compartment.RETURN_PLAN: Opening.SEALED_COPY,
        Compartment.OUTCOME_SHEET: Opening.NEVER,
        Compartment.AUDIT: Opening.NEVER,
        Compartment.AGGREGATES: Opening.NEVER,
    },
    ZoneKind.OVERSIGHT: {
        Compartment.IDENTITY: Opening.NEVER,
        Compartment.CONTACT: Opening.NEVER,
        Compartment.STATUS: Opening.SEALED_COPY,
        Compartment.NARRATIVE: Opening.NEVER,
        Compartment.SENSITIVE: Opening.NEVER,
        Compartment.STAY_ANALYSIS: Opening.NEVER,
        Compartment.RETURN_PLAN: Opening.NEVER,
        Compartment.OUTCOME_SHEET: Opening.SEALED_COPY,
        Compartment.AUDIT: Opening.OPENS,
        Compartment.AGGREGATES: Opening.OPENS,
    },
}
