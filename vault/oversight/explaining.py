"""Why was this look allowed? Answered from other entries of the log, not from rows that could have been planted.

A rule names the facts that it needs. For each of them the log is asked what happened before: that the case was
entrusted to this actor, that it lay in the region in which the actor signed in, that somebody else had begun the
closing, that a consent was recorded, that the thing was released to this very zone. An allowed look of which one
needed fact has no such entry is unexplained: somebody should ask why.

    needed own, newest entry before says "entrusted to a-12"   explained by that entry, if the actor is a-12
                                                               contradicted by it, if the actor is somebody else
    nothing before says whose the case was                     not in the log

An entry counts if the zone that can do what it says wrote it: whoever owns another one's role explains no look by it.

What no entry says cannot be explained: that a consent or a grant still ran, whose a case was before the log wrote it
down (`entrusted`). That a case lies in one's region is a thin reason: where it had an appointment, that is said
beside it.
A list or a search is about no single case: it was limited to the actor's own or to the region where it was made, and
shows nothing else.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Any, Final, NamedTuple

from vault.audit.events import Happening, Verdict
from vault.cases.calendar import belgian_day
from vault.cases.case_samples import told_in
from vault.cases.referrals import ReferralStep
from vault.vocabulary import CASEWORK, OVERSIGHT, Action, Fact, Kind, Role

Body = Mapping[str, Any]
#: Between an entry's moment and its commit lies its group's work: milliseconds, on a busy store a second or two.
COMMITTED_WITHIN: Final = timedelta(seconds=5)
#: The acts about a case that later looks are explained by: action and kind, as they stand in the log.
EVIDENCE: Final = (
    (Happening.ENTRUSTED.value, Kind.CASE.value),
    (Action.BEGIN_CLOSING.value, Kind.CASE.value),
    (Action.WRITE.value, Kind.APPOINTMENT.value),
    (Action.WRITE.value, Kind.REFERRAL.value),
    (Action.WRITE.value, Kind.WITHDRAWAL.value),
    (Happening.RELEASE_WITHDRAWN.value, Kind.REFERRAL.value),
    (Happening.RELEASE_BEGUN.value, Kind.OUTCOME_SHEET.value),
    (Happening.RELEASE_BEGUN.value, Kind.REFERRAL.value),
    (Happening.RELEASE_BEGUN.value, Kind.ACCESS_REPORT.value),
    (Happening.RELEASE_BEGUN.value, Kind.GRANT.value),
    (Happening.RELEASE_BEGUN.value, Kind.CEREMONY.value),
    (Happening.RELEASE_BEGUN.value, Kind.DISCLOSURE.value),
    (Action.SIGN.value, Kind.CEREMONY.value),
    (Action.SIGN.value, Kind.ACCESS_REQUEST.value),
    (Action.WRITE.value, Kind.ACCESS_REQUEST.value),
    (Action.CREATE.value, Kind.BREAK_GLASS.value),
    (Action.SIGN.value, Kind.BREAK_GLASS.value),
    (Action.CLOSE.value, Kind.BREAK_GLASS.value),
    (Action.CREATE.value, Kind.CASE_SAMPLE.value),
    (Action.CLOSE.value, Kind.CASE_SAMPLE.value),
    (Action.WRITE.value, Kind.REVIEW_CASE.value),
)
#: Of these, what oversight does. Everything else is casework's.
_BY_OVERSIGHT: Final = frozenset({
    (Action.SIGN.value, Kind.CEREMONY.value), (Action.WRITE.value, Kind.REVIEW_CASE.value),
})  # fmt: skip
#: What is asked of one case, and answered by a head of its region or by one to whom that was handed on.
_ASKED: Final = frozenset({Kind.ACCESS_REQUEST.value, Kind.GRANT.value, Kind.CEREMONY.value})
#: What a head does about a lawful exception that is theirs to answer; filing it is about one's own case.
_HEADS_ACTS: Final = frozenset({Action.RELEASE.value, Action.CLOSE.value})
_REQUEST: Final = Kind.ACCESS_REQUEST.value
_REVIEW: Final = Kind.REVIEW_CASE.value
_CEREMONY: Final = Kind.CEREMONY.value
_PROPOSED: Final = (Kind.REFERRAL.value, ReferralStep.PROPOSE.value)
_CONSENTED: Final = (Kind.REFERRAL.value, ReferralStep.CONSENT.value)
_TAKEN_BACK: Final = (Kind.WITHDRAWAL.value, ReferralStep.WITHDRAW.value)
#: What a partner does about a release of another kind: it answers a referral, and confirms that one ended.
_ABOUT_REFERRALS: Final = frozenset({Kind.REFERRAL.value, Kind.REFERRAL_ANSWER.value, Kind.WITHDRAWAL.value})
_BREAK_GLASS: Final = Kind.BREAK_GLASS.value
_SAMPLE: Final = Kind.CASE_SAMPLE.value
#: How a session begins: the entry that it is named after.
BEGINNINGS: Final = frozenset({Happening.SIGNED_IN.value, Happening.SERVICE_TOKEN_ISSUED.value})
_ACTIONS: Final = frozenset(action.value for action in Action)


@unique
class Basis(StrEnum):
    """What makes a fact plausible."""

    ROLE = "role"  # the rule asks for no fact: whoever has the role may
    NO_CASE = "no_case"  # about no single case: limited to what is the actor's by the question itself
    ASSIGNMENT = "assignment"  # the case was entrusted to the actor
    REGION = "region"  # the case lay in the region in which the actor signed in
    APPOINTMENT = "appointment"  # and the case had an appointment there: said beside `REGION`, which alone is weak
    SECOND = "second_signature"  # somebody else had begun the closing
    CONSENT = "consent"  # the person's consent was recorded
    RELEASE = "release"  # it was handed over, referred, granted or passed on to this zone
    DELEGATION = "delegation"  # another head handed the request on
    APPROVAL = "approval"  # a function approved that the fields go
    EMERGENCY = "emergency"  # somebody else opened what this actor had asked for
    REVIEW = "review"  # the look that is reviewed is somebody else's
    QUESTION = "question"  # oversight asked this actor
    SAMPLE = "sample"  # the case was drawn by lot for this actor, and the time for it ran


@unique
class Lack(StrEnum):
    """Why a fact has no evidence."""

    NOT_IN_LOG = "not_in_log"
    CONTRADICTED = "contradicted"  # the log says otherwise: look at this one first
    RULE_UNKNOWN = "rule_unknown"  # the policy that decided was not kept, or has no such rule


class Evidence(NamedTuple):
    """fact: None where the rule needs none. entry: the log entry that says so, "" where none is needed."""

    fact: Fact | None
    basis: Basis
    entry: str


class Missing(NamedTuple):
    """fact: None where the rule itself is not known. entry: the one that says otherwise, or ""."""

    fact: Fact | None
    lack: Lack
    entry: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of one allowed look. It is explained if nothing is missing."""

    evidence: tuple[Evidence, ...]
    missing: tuple[Missing, ...]

    @property
    def explained(self) -> bool:
        return not self.missing


@dataclass(slots=True)
class CaseFile:
    """What the log says about some cases, oldest first, and how some sessions began."""

    acts: dict[str, list[Body]] = field(default_factory=lambda: defaultdict(list))
    sessions: dict[str, Body] = field(default_factory=dict)
    looks: dict[str, Body] = field(default_factory=dict)

    @classmethod
    def of(cls, acts: Iterable[Body], beginnings: Iterable[Body], looks: Mapping[str, Body] | None = None) -> CaseFile:
        """acts: entries of `EVIDENCE` about all cases in question. beginnings: the entries that sessions name.

        looks: for acts of reviews, the entries that they look into, by what the acts name: that entry, or the review.
        """
        found = cls(looks=dict(looks or {}))
        for body in sorted(filter(_said_by_whom_it_must, acts), key=_order):
            found.acts[body["subject"]].append(body)
        found.sessions = {body["entry"]: body for body in beginnings if body["action"] in BEGINNINGS}
        return found

    def before(self, body: Body) -> Sequence[Body]:
        """What was done about an entry's case before it, the newest first."""
        acts = self.acts.get(body["subject"], [])
        return acts[: bisect_left(acts, _order(body), key=_order)][::-1]


def _said_by_whom_it_must(act: Body) -> bool:
    by_oversight = (act["action"], act["kind"]) in _BY_OVERSIGHT
    return bool(act["zone"] == str(OVERSIGHT if by_oversight else CASEWORK))


def is_access(body: Body) -> bool:
    """Whether an entry is an allowed act of a person: what can be explained at all."""
    return body["decision"] == Verdict.ALLOW.value and body["action"] in _ACTIONS and bool(body["rule"])


def explain(body: Body, need: Sequence[Fact] | None, file: CaseFile) -> Explanation:
    """need: the facts that the entry's rule asks for, in the policy that decided; None if that is not known."""
    if need is None:
        return Explanation((), (Missing(None, Lack.RULE_UNKNOWN, ""),))
    if not need:
        return Explanation((Evidence(None, Basis.ROLE, ""),), ())
    if not body["subject"]:
        return Explanation(tuple(Evidence(fact, Basis.NO_CASE, "") for fact in need), ())
    found = [_SHOWN_BY[fact](body, file) if fact in _SHOWN_BY else _lacks(fact) for fact in need]
    booked = _newest(body, file, _books)
    if booked is not None and any(each.basis is Basis.REGION for each in found if isinstance(each, Evidence)):
        found.append(Evidence(Fact.REGION, Basis.APPOINTMENT, booked["entry"]))
    return Explanation(
        tuple(each for each in found if isinstance(each, Evidence)),
        tuple(each for each in found if isinstance(each, Missing)),
    )


def _lacks(fact: Fact) -> Missing:
    return Missing(fact, Lack.NOT_IN_LOG, "")


def _order(body: Body) -> tuple[str, str]:
    """Moments are written alike, in UTC with microseconds, so their texts are in time's order."""
    return body["at"], body["entry"]


def _newest(body: Body, file: CaseFile, fits: Callable[[Body], bool]) -> Body | None:
    return next((act for act in file.before(body) if fits(act)), None)


def _entrusted(body: Body, file: CaseFile) -> Body | None:
    return _newest(body, file, lambda act: act["action"] == Happening.ENTRUSTED.value)


def _meanwhile(body: Body, file: CaseFile) -> Iterator[Body]:
    """What the case was entrusted by when a look was decided: the newest entry, and what that one was just replacing.

    An entry says the moment at which it was written; what it says holds from its commit on. Another process that looks
    in between sees the case as it was, and rightly answers.
    """
    for act in file.before(body):
        if act["action"] == Happening.ENTRUSTED.value:
            yield act
            if datetime.fromisoformat(body["at"]) - datetime.fromisoformat(act["at"]) > COMMITTED_WITHIN:
                return


def _own(body: Body, file: CaseFile) -> Evidence | Missing:
    if body["kind"] in _ASKED or (body["kind"] == Kind.DISCLOSURE.value and body["action"] in _HEADS_ACTS):
        return _theirs_to_answer(body, file)
    if body["kind"] == Kind.REVIEW_QUESTION.value:
        asked = _newest(body, file, lambda act: act["outcome"].startswith(f"ask:{body['actor']}:"))
        return _lacks(Fact.OWN) if asked is None else Evidence(Fact.OWN, Basis.QUESTION, asked["entry"])
    if body["kind"] == _SAMPLE:
        drawn = _newest(body, file, lambda act: act["object"] == body["object"] and _draws(act, body))
        return _lacks(Fact.OWN) if drawn is None else Evidence(Fact.OWN, Basis.SAMPLE, drawn["entry"])
    act = _entrusted(body, file)
    if act is None:
        return _lacks(Fact.OWN)
    theirs = next((one for one in _meanwhile(body, file) if one["object"] == body["actor"]), None)
    if theirs is None:
        return Missing(Fact.OWN, Lack.CONTRADICTED, act["entry"])
    return Evidence(Fact.OWN, Basis.ASSIGNMENT, theirs["entry"])


def _theirs_to_answer(body: Body, file: CaseFile) -> Evidence | Missing:
    """A head of the case's region, or one to whom a head handed it on. To whom stands in no entry."""
    there = _region(body, file)
    if isinstance(there, Evidence):
        return Evidence(Fact.OWN, Basis.REGION, there.entry)
    handed = _newest(body, file, lambda act: (act["kind"], act["outcome"]) == (_REQUEST, "delegated"))
    if handed is not None and handed["actor"] != body["actor"]:
        return Evidence(Fact.OWN, Basis.DELEGATION, handed["entry"])
    return _lacks(Fact.OWN)


def _region(body: Body, file: CaseFile) -> Evidence | Missing:
    act, began = _entrusted(body, file), file.sessions.get(body["session"])
    if act is None or began is None or began["actor"] != body["actor"] or not began["outcome"]:
        return _lacks(Fact.REGION)
    there = next((one for one in _meanwhile(body, file) if one["outcome"] == began["outcome"]), None)
    if there is None:
        return Missing(Fact.REGION, Lack.CONTRADICTED, act["entry"])
    return Evidence(Fact.REGION, Basis.REGION, there["entry"])


def _second(body: Body, file: CaseFile) -> Evidence | Missing:
    if body["kind"] == _REVIEW:
        return _anothers_look(body, file)
    if body["kind"] == _BREAK_GLASS:
        return _anothers_emergency(body, file)
    if body["kind"] == _CEREMONY and body["action"] != Action.RELEASE.value:
        return _second_share(body, file)
    if body["kind"] in (Kind.GRANT.value, _CEREMONY, Kind.DISCLOSURE.value):
        act = _newest(body, file, lambda act: act["action"] == Action.SIGN.value and _came_to_something(act))
        return _lacks(Fact.SECOND) if act is None else Evidence(Fact.SECOND, Basis.APPROVAL, act["entry"])
    act = _newest(body, file, lambda act: act["action"] == Action.BEGIN_CLOSING.value and _came_to_something(act))
    if act is None:
        return _lacks(Fact.SECOND)
    if act["actor"] == body["actor"]:
        return Missing(Fact.SECOND, Lack.CONTRADICTED, act["entry"])
    return Evidence(Fact.SECOND, Basis.SECOND, act["entry"])


def _second_share(body: Body, file: CaseFile) -> Evidence | Missing:
    """Who reads: oversight let its share go. Who lets it go: casework had begun it, upon both functions' approvals."""
    if body["action"] == Action.SIGN.value:
        act = _begun(body, file)
    else:
        same = (_CEREMONY, body["object"], Action.SIGN.value)
        act = _newest(body, file, lambda act: (act["kind"], act["object"], act["action"]) == same)
    return _lacks(Fact.SECOND) if act is None else Evidence(Fact.SECOND, Basis.APPROVAL, act["entry"])


def _begun(body: Body, file: CaseFile) -> Body | None:
    same = (_CEREMONY, body["object"], Happening.RELEASE_BEGUN.value)
    return _newest(body, file, lambda act: (act["kind"], act["object"], act["action"]) == same)


def _anothers_look(body: Body, file: CaseFile) -> Evidence | Missing:
    look = file.looks.get(body["object"])
    if look is None:
        return _lacks(Fact.SECOND)
    if look["actor"] == body["actor"]:
        return Missing(Fact.SECOND, Lack.CONTRADICTED, look["entry"])
    return Evidence(Fact.SECOND, Basis.REVIEW, look["entry"])


def _anothers_emergency(body: Body, file: CaseFile) -> Evidence | Missing:
    asked = _newest(body, file, lambda act: _of(act, body["object"], Action.CREATE))
    if asked is None:
        return _lacks(Fact.SECOND)
    if asked["actor"] == body["actor"]:
        return Missing(Fact.SECOND, Lack.CONTRADICTED, asked["entry"])
    return Evidence(Fact.SECOND, Basis.SECOND, asked["entry"])


def _break_glass(body: Body, file: CaseFile) -> Evidence | Missing:
    """The newest emergency that this actor had asked for and somebody else opened. Its minutes no entry tells."""
    own = {
        act["object"]
        for act in file.before(body)
        if _of(act, act["object"], Action.CREATE) and act["actor"] == body["actor"]
    }

    def opens(act: Body) -> bool:
        return act["object"] in own and _of(act, act["object"], Action.SIGN) and act["actor"] != body["actor"]

    opened = _newest(body, file, opens)
    if opened is None:
        return _lacks(Fact.BREAK_GLASS)
    closed = _newest(body, file, lambda act: _of(act, opened["object"], Action.CLOSE))
    if closed is not None:
        return Missing(Fact.BREAK_GLASS, Lack.CONTRADICTED, closed["entry"])
    return Evidence(Fact.BREAK_GLASS, Basis.EMERGENCY, opened["entry"])


def _sample(body: Body, file: CaseFile) -> Evidence | Missing:
    """The newest draw of this case for this actor. Contradicted by its end, by its last day, and by a lot that its own
    seed does not give."""
    drawn = _newest(body, file, lambda act: _draws(act, body))
    if drawn is None:
        return _lacks(Fact.SAMPLE)
    told = told_in(drawn["outcome"])
    if told is None or not told.lot.sound or belgian_day(datetime.fromisoformat(body["at"])) > told.until:
        return Missing(Fact.SAMPLE, Lack.CONTRADICTED, drawn["entry"])
    ended = (_SAMPLE, drawn["object"], Action.CLOSE.value)
    closed = _newest(
        body, file, lambda act: (act["kind"], act["object"], act["action"]) == ended and _came_to_something(act)
    )
    if closed is not None:
        return Missing(Fact.SAMPLE, Lack.CONTRADICTED, closed["entry"])
    return Evidence(Fact.SAMPLE, Basis.SAMPLE, drawn["entry"])


def _draws(act: Body, body: Body) -> bool:
    created = (act["kind"], act["action"], act["actor"]) == (_SAMPLE, Action.CREATE.value, body["actor"])
    return created and _came_to_something(act)


def _of(act: Body, emergency: str, action: Action) -> bool:
    same = (act["kind"], act["object"], act["action"]) == (_BREAK_GLASS, emergency, action.value)
    return same and _came_to_something(act)


def _grant(body: Body, file: CaseFile) -> Evidence | Missing:
    act = _released(body, file)
    return _lacks(Fact.GRANT) if act is None else Evidence(Fact.GRANT, Basis.RELEASE, act["entry"])


def _consent(body: Body, file: CaseFile) -> Evidence | Missing:
    """In casework: the newest word of the person about this very referral. Elsewhere: that it left, and did not end."""
    if body["action"] == Action.RELEASE.value or not body["object"]:
        return _agreed(body, file)
    released = _released(body, file)  # a referral leaves by a rule that asked for the consent itself
    if released is None or released["kind"] != Kind.REFERRAL.value:
        return _lacks(Fact.CONSENT)
    ended = _newest(body, file, lambda act: _withdraws(act, body))
    if ended is not None:
        return Missing(Fact.CONSENT, Lack.CONTRADICTED, ended["entry"])
    return Evidence(Fact.CONSENT, Basis.RELEASE, released["entry"])


def _agreed(body: Body, file: CaseFile) -> Evidence | Missing:
    """By the newest word about the referral; if none is named, about any of the case."""
    asked = (
        {body["object"]} if body["object"] else {act["object"] for act in file.before(body) if _says(act, _CONSENTED)}
    )
    words = [word for referral in sorted(asked) if (word := _last_word(body, file, referral)) is not None]
    for word in words:
        if _says(word, _CONSENTED):
            return Evidence(Fact.CONSENT, Basis.CONSENT, word["entry"])
    return Missing(Fact.CONSENT, Lack.CONTRADICTED, words[0]["entry"]) if words else _lacks(Fact.CONSENT)


def _last_word(body: Body, file: CaseFile, referral: str) -> Body | None:
    """A consent to it or its taking back. All of a case are taken back under the case's id, as they are proposed."""
    either = {referral} | {act["object"] for act in file.before(body) if _says(act, _PROPOSED)}

    def said(act: Body) -> bool:
        agreed = _says(act, _CONSENTED) and act["object"] == referral
        return _came_to_something(act) and (agreed or (_says(act, _TAKEN_BACK) and act["object"] in either))

    return _newest(body, file, said)


def _says(act: Body, what: tuple[str, str]) -> bool:
    return (act["kind"], act["outcome"]) == what


def _addressed(body: Body, file: CaseFile) -> Evidence | Missing:
    """That it left for this zone, or that what ended had been there."""
    if body["kind"] == _CEREMONY and body["role"] == Role.DPO.value:
        act = _begun(body, file)  # the second share is oversight's to keep
    elif body["kind"] == Kind.WITHDRAWAL.value:
        act = _newest(body, file, lambda act: _withdraws(act, body))
    else:
        act = _released(body, file)
    return _lacks(Fact.ADDRESSED) if act is None else Evidence(Fact.ADDRESSED, Basis.RELEASE, act["entry"])


def _released(body: Body, file: CaseFile) -> Body | None:
    """The entry by which this very thing began to leave for the zone that looks at it, or answers it."""
    kind = Kind.REFERRAL.value if body["kind"] in _ABOUT_REFERRALS else body["kind"]

    def fits(act: Body) -> bool:
        to, _, _ = str(act["outcome"]).partition(" ")  # until when the person is not told is said behind the zone
        same = (act["object"], act["kind"], to) == (body["object"], kind, body["zone"])
        return act["action"] == Happening.RELEASE_BEGUN.value and same

    return _newest(body, file, fits)


def _withdraws(act: Body, body: Body) -> bool:
    """Whether an entry ends the release that another one is about, for the zone that it is from."""
    to, _, _ = str(act["outcome"]).partition(" ")  # a reader that did not let go in time is said behind the zone
    same = (act["object"], to) == (body["object"], body["zone"])
    return act["action"] == Happening.RELEASE_WITHDRAWN.value and same


def _books(act: Body) -> bool:
    return bool(act["kind"] == Kind.APPOINTMENT.value and _came_to_something(act))


def _came_to_something(act: Body) -> bool:
    return bool(act["decision"] == Verdict.ALLOW.value and act["count"])


_SHOWN_BY: Final[dict[Fact, Callable[[Body, CaseFile], Evidence | Missing]]] = {
    Fact.OWN: _own,
    Fact.REGION: _region,
    Fact.SECOND: _second,
    Fact.CONSENT: _consent,
    Fact.ADDRESSED: _addressed,
    Fact.GRANT: _grant,
    Fact.BREAK_GLASS: _break_glass,
    Fact.SAMPLE: _sample,
}
