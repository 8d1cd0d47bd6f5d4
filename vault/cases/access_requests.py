"""Who asks to know what of one case, what was answered, and how that stands. Plain values: nothing is opened here.

A request names one case, fields of a closed list, a purpose, a legal basis, a reason and a duration. What approvers
see, and sign, is its *form*: everything but whom it is about, which the form commits to by a salted mark. So approvals
of two zones speak of the same request although one of them never learns the person.

    form = AccessForm(...)
    stand = standing(form, due_at, answers, rules, grant, now)      Standing.READY
    releasable(form, answers, rules)                                ("family_name", "address")

There is no field for anything that somebody said: `GRANTABLE` is all that can be asked for, and each of its values is
taken from the official file or not at all (`vault.usecases.granting`).

A request of the manner `EXCEPTION` is filed by casework itself: items of a case for another body, upon a law's or a
court's word (`vault.cases.exceptions`); whole or not at all, and upon approvers' own signatures like a ceremony.

A request of the manner `CEREMONY` is a stricter one of the same kind: who hides behind a name of the asking zone, all
of the identity or none of it, for minutes, upon approvals that count with their approvers' own signatures alone
(`vault.usecases.ceremony`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum, unique
from hashlib import sha256
from typing import Any, Final

from vault.cases.exceptions import Silence, kinds_of, listed_items
from vault.crypto.canonical import encode
from vault.errors import InvalidInput, RecordTampered
from vault.ids import ActorId, ReleaseId, RequestId
from vault.vocabulary import CASEWORK, Purpose, Role, Zone, ZoneKind

#: All that a grant can ever hold of a person, in the order it is told: who they are, the address of the official file,
#: and whether a procedure is pending.
GRANTABLE: Final = ("family_name", "given_names", "birth_date", "nationality", "address", "procedure_pending")
#: Fields that tell who or where somebody is: two functions approve them, whatever the configuration says.
IDENTIFYING: Final = frozenset(GRANTABLE) - {"procedure_pending"}
#: Who can be asked to approve. A regional head always is one of them: only casework knows which case it is.
APPROVERS: Final = (Role.REGIONAL_HEAD, Role.DPO)
#: What a ceremony tells, whole: who somebody is, and nothing of where.
IDENTITY_FIELDS: Final = ("family_name", "given_names", "birth_date", "nationality")
REASON_SHORTEST, REASON_LONGEST = 10, 500
SALT_BYTES: Final = 32

_LABEL: Final = "parefeu/access-form/1"
_CEREMONY_LABEL: Final = "parefeu/ceremony-form/1"
_EXCEPTION_LABEL: Final = "parefeu/exception-form/1"
_MARK_LABEL: Final = "parefeu/access-mark/1"


@unique
class Manner(StrEnum):
    """How what is asked for would be given."""

    GRANT = "grant"  # fields of the closed list, for hours
    CEREMONY = "ceremony"  # the identity behind a pseudonym, for minutes, upon two signatures
    EXCEPTION = "exception"  # items of a case to another body, upon a law's or a court's word and two signatures


@unique
class Naming(StrEnum):
    """By what a request names its case."""

    PSEUDONYM = "pseudonym"  # in the asking zone's own domain
    OV_NUMBER = "ov_number"
    OQT_REFERENCE = "oqt_reference"
    REFERENCE = "reference"  # casework's own: of a lawful exception


#: By what another zone can name somebody: never by casework's own reference.
NAMED_BY_OTHERS: Final = (Naming.PSEUDONYM, Naming.OV_NUMBER, Naming.OQT_REFERENCE)


@unique
class Act(StrEnum):
    """What an approver did."""

    APPROVED = "approved"
    REFUSED = "refused"
    ASKED = "asked"  # a question back, by code
    DELEGATED = "delegated"  # to another of the same function
    ACKNOWLEDGED = "acknowledged"  # of an exception that left: the data protection officer has taken note
    NOTIFIED = "notified"  # of an exception that left: the person was told
    STOPPED = "stopped"  # of an exception that left: the data protection officer took it back


@unique
class Refusal(StrEnum):
    """Why not. Each can be said of a request about nobody: no code tells whether there is a case."""

    NOT_NECESSARY = "not_necessary"
    NO_VALID_BASIS = "no_valid_basis"
    DISPROPORTIONATE = "disproportionate"
    OTHER_MEANS = "other_means"
    NOTHING_TO_GIVE = "nothing_to_give"


@unique
class Doubt(StrEnum):
    """What an approver asks back; the answer is a new version of the form."""

    WHY = "why"
    WHICH_BASIS = "which_basis"
    WHY_THESE_FIELDS = "why_these_fields"
    WHY_SO_LONG = "why_so_long"


@unique
class Revocation(StrEnum):
    NO_LONGER_NEEDED = "no_longer_needed"
    GIVEN_BY_MISTAKE = "given_by_mistake"
    MISUSED = "misused"


@unique
class Standing(StrEnum):
    OPEN = "open"
    ASKED_BACK = "asked_back"
    READY = "ready"  # every function that must has approved; a head lets it go
    REFUSED = "refused"
    LAPSED = "lapsed"  # nobody decided in time
    BEGUN = "begun"  # a ceremony: the second share is awaited
    GRANTED = "granted"
    ENDED = "ended"  # the grant's time is over
    REVOKED = "revoked"


#: How a request stands while it can still be answered.
ANSWERABLE: Final = frozenset({Standing.OPEN, Standing.ASKED_BACK, Standing.READY})


@dataclass(frozen=True, slots=True, repr=False)
class Designation:
    """Whom a request is about. value: in its one spelling. salt: keeps the mark from being guessed."""

    naming: Naming
    value: str
    salt: bytes

    def mark(self, request: RequestId) -> bytes:
        """32 bytes: what the form says of the person."""
        return sha256(encode(_MARK_LABEL, request.raw, self.salt, self.naming.value, self.value)).digest()

    def to_json(self) -> dict[str, str]:
        return {"naming": self.naming.value, "value": self.value, "salt": self.salt.hex()}

    @classmethod
    def from_json(cls, data: Any) -> Designation:
        """Raises RecordTampered."""
        try:
            return cls(Naming(data["naming"]), str(data["value"]), bytes.fromhex(data["salt"]))
        except (KeyError, TypeError, ValueError):
            raise RecordTampered("an authentic request of another shape") from None


@dataclass(frozen=True, slots=True, repr=False)
class AccessForm:
    """One version of what is asked for. version: from 1; answering a question makes the next.

    asked_by: the requester's name, for the approver's eyes. hours: how long the grant is to last. mark: 32 bytes.
    policy, rules: digests in force when it was filed. minutes: of a ceremony, whose hours are 0. recipient, silence: of
    an exception; its fields are items.
    """

    request: RequestId
    version: int
    requester: ActorId
    asked_by: str
    zone: Zone
    fields: tuple[str, ...]
    purpose: Purpose
    basis: str
    reason: str
    hours: int
    written_at: datetime
    policy: bytes
    rules: bytes
    mark: bytes
    manner: Manner = Manner.GRANT
    minutes: int = 0
    recipient: Zone | None = None
    silence: Silence | None = None

    @property
    def reader(self) -> Zone:
        """Who gets what is approved."""
        return self.recipient if self.recipient is not None else self.zone

    @property
    def answerable(self) -> tuple[str, ...]:
        """What an approval names: each field, or of an exception, which goes whole, the kinds of its items."""
        return kinds_of(self.fields) if self.manner is Manner.EXCEPTION else self.fields

    def canonical(self) -> bytes:
        """What an approver's answer is about, byte for byte. The label says of which manner it is."""
        ceremony = self.manner is Manner.CEREMONY
        asked = (
            _LABELS[self.manner], self.request.raw, self.version, self.requester.raw, self.asked_by, str(self.zone),
            ",".join(self.fields), self.purpose.value, self.basis, self.reason,
            self.minutes if ceremony else self.hours, self.written_at, self.policy, self.rules, self.mark,
        )  # fmt: skip
        if self.manner is not Manner.EXCEPTION:
            return encode(*asked)
        ground, until = (self.silence.ground, self.silence.until.isoformat()) if self.silence is not None else ("", "")
        return encode(*asked, str(self.recipient), ground, until)

    @property
    def digest(self) -> bytes:
        return sha256(self.canonical()).digest()

    def encode(self, about: Designation | None) -> bytes:
        """The plaintext of a copy. about: only in copies for the asking zone itself and for casework."""
        content: dict[str, Any] = {
            "request": self.request.hex(), "version": self.version, "requester": self.requester.hex(),
            "asked_by": self.asked_by, "zone": str(self.zone), "fields": list(self.fields),
            "purpose": self.purpose.value, "basis": self.basis, "reason": self.reason, "hours": self.hours,
            "written_at": self.written_at.isoformat(), "policy": self.policy.hex(), "rules": self.rules.hex(),
            "mark": self.mark.hex(),
        }  # fmt: skip
        if self.manner is Manner.CEREMONY:
            content |= {"manner": self.manner.value, "minutes": self.minutes}
        if self.manner is Manner.EXCEPTION:
            silence = self.silence
            content |= {"manner": self.manner.value, "recipient": str(self.recipient)}
            content["silence"] = [silence.ground, silence.until.isoformat()] if silence is not None else None
        if about is not None:
            content["about"] = about.to_json()
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, plaintext: bytes) -> tuple[AccessForm, Designation | None]:
        """Raises RecordTampered for another shape, for fields outside the list, or a mark that is not the person's."""
        try:
            data = json.loads(plaintext)
            form = cls(
                RequestId.parse(data["request"]), data["version"], ActorId.parse(data["requester"]), data["asked_by"],
                Zone.parse(data["zone"]), tuple(data["fields"]), Purpose(data["purpose"]), data["basis"],
                data["reason"], data["hours"], datetime.fromisoformat(data["written_at"]),
                bytes.fromhex(data["policy"]), bytes.fromhex(data["rules"]), bytes.fromhex(data["mark"]),
                Manner(data.get("manner", Manner.GRANT.value)), data.get("minutes", 0),
                Zone.parse(data["recipient"]) if "recipient" in data else None, _silence(data.get("silence")),
            )  # fmt: skip
            about = Designation.from_json(data["about"]) if "about" in data else None
            form.check_types()
            form.canonical()
            marked = about is None or about.mark(form.request) == form.mark
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, InvalidInput):
            raise RecordTampered("an authentic request of another shape") from None
        known = listed_items if form.manner is Manner.EXCEPTION else listed
        if form.fields != known(form.fields) or not form.fields:
            raise RecordTampered("an authentic request for what cannot be asked for")
        if not form.whole(about):
            raise RecordTampered("an authentic request for what no ceremony or exception tells")
        if not marked:
            raise RecordTampered("a request about another than its form commits to")
        return form, about

    def check_types(self) -> None:
        """Raises TypeError: what was sealed elsewhere may be any JSON, and some of it has a canonical encoding too."""
        words, numbers = (self.asked_by, self.basis, self.reason), (self.version, self.hours, self.minutes)
        if not all(type(each) is str for each in words) or not all(type(each) is int for each in numbers):
            raise TypeError("a form of words and numbers has others in their places")

    def whole(self, about: Designation | None) -> bool:
        """Whether a ceremony is one: a pseudonym, all of the identity, minutes and no hours; and a grant is none.

        Whether an exception is one: from casework to a partner, for its own purpose; and nothing else is.
        """
        if self.manner is Manner.EXCEPTION:
            own = self.zone == CASEWORK and self.purpose is Purpose.LEGAL_OBLIGATION
            to = self.recipient is not None and self.recipient.kind is ZoneKind.PARTNER
            return own and to and self.minutes == 0 and (about is None or about.naming is Naming.REFERENCE)
        if self.zone == CASEWORK or self.recipient is not None or self.silence is not None:
            return False
        if about is not None and about.naming is Naming.REFERENCE:
            return False
        if self.manner is Manner.GRANT:
            return self.minutes == 0
        named = about is None or about.naming is Naming.PSEUDONYM
        return named and self.fields == IDENTITY_FIELDS and self.hours == 0 and self.minutes > 0


_LABELS: Final = {
    Manner.GRANT: _LABEL, Manner.CEREMONY: _CEREMONY_LABEL, Manner.EXCEPTION: _EXCEPTION_LABEL,
}  # fmt: skip


def _silence(data: Any) -> Silence | None:
    """Raises TypeError, ValueError for another shape."""
    if data is None:
        return None
    ground, until = data
    if not isinstance(ground, str):
        raise TypeError("a ground is a code")
    return Silence(ground, date.fromisoformat(until))


@dataclass(frozen=True, slots=True)
class Answer:
    """What one approver said. digest: of the form that was in front of them. delegate: to whom it was delegated.

    Of a stop, which is about what left and opens no form: of the copy, and version 0.

    evidence: the approver's own signature, b"" without one. sound: whether the zone signed it; what nobody signed is
    shown and does not count. signed_by: the fingerprint of the approver's key if its signature holds, else "".
    """

    number: int
    version: int
    act: Act
    function: Role
    actor: ActorId
    at: datetime
    fields: tuple[str, ...]
    code: str
    digest: bytes
    delegate: ActorId | None = None
    evidence: bytes = b""
    sound: bool = True
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class GrantStanding:
    """What of a grant decides how its request stands."""

    release: ReleaseId
    expires_at: datetime
    revoked_at: datetime | None
    opened: bool = True

    def live(self, now: datetime) -> bool:
        """To the microsecond: what ends at a moment is over at that moment."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Who must approve what, and the limits. Configuration; `digest` (32 bytes) stands in the entries.

    approvals: for each field the functions that must approve it. bases: code to text of each legal basis. per_day: how
    many requests one person files a day. answer_within, soon: how long approvers have, and when they are reminded.
    signed: whether an approval counts only with the approver's own signature. keys: fingerprint to whose key it is.
    longest_minutes: of a ceremony. open_within: how long a ceremony that was begun waits for the second share.
    """

    approvals: Mapping[str, tuple[Role, ...]]
    bases: Mapping[str, str]
    per_day: int
    answer_within: timedelta
    soon: timedelta
    longest_hours: int
    digest: bytes
    signed: bool = False
    keys: Mapping[str, tuple[Role, str]] = field(default_factory=dict)
    longest_minutes: int = 15
    open_within: timedelta = timedelta(minutes=60)

    def wants_signature(self, form: AccessForm) -> bool:
        """A ceremony and an exception always do, whatever the office wants of grants."""
        return self.signed or form.manner is not Manner.GRANT

    def trusts(self, answer: Answer, form: AccessForm) -> bool:
        """Whether the signature that an approval needs is there, by a key that is listed for this function."""
        return not self.wants_signature(form) or self.keys.get(answer.signed_by, (None, ""))[0] is answer.function

    def within(self, form: AccessForm) -> bool:
        """Whether the office lets anybody ask for this: by then its limits are looked at where it would leave, for the
        asking zone's own process need not have looked. Of an exception its own rules say it."""
        if form.manner is Manner.CEREMONY:
            return form.basis in self.bases and 1 <= form.minutes <= self.longest_minutes
        return form.basis in self.bases and 1 <= form.hours <= self.longest_hours

    def asked(self, form: AccessForm) -> tuple[Role, ...]:
        """Who must answer this request. An exception: everybody who can be asked to approve, whatever is in it."""
        return APPROVERS if form.manner is Manner.EXCEPTION else self.functions(form.fields)

    def functions(self, fields: Sequence[str]) -> tuple[Role, ...]:
        """Who must answer a request for these fields, in a fixed order."""
        wanted = {role for name in fields for role in self.approvals[name]}
        return tuple(role for role in APPROVERS if role in wanted)


def listed(fields: Sequence[str]) -> tuple[str, ...]:
    """The known ones among `fields`, once each, in the list's order."""
    return tuple(name for name in GRANTABLE if name in fields)


def parse_fields(fields: Sequence[str]) -> tuple[str, ...]:
    """Raises InvalidInput for none, a field outside the list, or one named twice."""
    found = listed(fields)
    if not found or len(found) != len(fields):
        raise InvalidInput(f"fields are some of {', '.join(GRANTABLE)}, each once", field="fields")
    return found


def approvals(form: AccessForm, answers: Sequence[Answer], rules: AccessRules) -> dict[Role, Answer]:
    """The approval of each function that counts: signed, of this very form, never the requester's, a person once."""
    found: dict[Role, Answer] = {}
    people = {form.requester}
    for answer in answers:
        counts = answer.sound and answer.act is Act.APPROVED and answer.digest == form.digest
        counts = counts and rules.trusts(answer, form)
        if counts and answer.version == form.version and answer.function not in found and answer.actor not in people:
            found[answer.function] = answer
            people.add(answer.actor)
    return found


def conclusive(form: AccessForm, answers: Sequence[Answer], rules: AccessRules) -> bool:
    """Whether every function that must has approved, and something may go: of all but a grant the whole."""
    goes = releasable(form, answers, rules)
    return not missing(form, answers, rules) and bool(goes) and (form.manner is Manner.GRANT or goes == form.fields)


def missing(form: AccessForm, answers: Sequence[Answer], rules: AccessRules) -> tuple[Role, ...]:
    """The functions that have yet to approve this form, or a part of it."""
    given = approvals(form, answers, rules)
    return tuple(role for role in rules.asked(form) if role not in given)


def releasable(form: AccessForm, answers: Sequence[Answer], rules: AccessRules) -> tuple[str, ...]:
    """The fields that every function which must has approved."""
    given = approvals(form, answers, rules)
    if form.manner is Manner.EXCEPTION:
        whole = all(role in given and given[role].fields == form.answerable for role in APPROVERS)
        return form.fields if whole else ()
    return tuple(
        name
        for name in form.fields
        if all(role in given and name in given[role].fields for role in rules.approvals[name])
    )


def standing(
    form: AccessForm, due_at: datetime, answers: Sequence[Answer], rules: AccessRules, grant: GrantStanding | None,
    now: datetime,
) -> Standing:  # fmt: skip
    """How the request stands at `now`."""
    if grant is not None:
        if grant.revoked_at is not None:
            return Standing.REVOKED
        if now >= grant.expires_at:
            return Standing.ENDED
        return Standing.GRANTED if grant.opened else Standing.BEGUN
    sound = [answer for answer in answers if answer.sound]
    if any(answer.act is Act.REFUSED for answer in sound):
        return Standing.REFUSED
    if now >= due_at:
        return Standing.LAPSED
    if any(answer.act is Act.ASKED and answer.version == form.version for answer in sound):
        return Standing.ASKED_BACK
    return Standing.READY if conclusive(form, answers, rules) else Standing.OPEN
