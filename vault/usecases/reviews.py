"""Reviews of looks: opened about one entry, asked about, decided, signed by a second person, closed; and read back.

Every act is an entry and nothing else (`vault.oversight.reviewing`). What somebody writes is sealed to oversight beside
it. Whose own look it is, or who had a part in the ceremony it is about, gets the answer of a review that never was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.audit.events import Verdict
from vault.audit.reading import EntryFilter, StoredEntry
from vault.errors import IllegalStep, InvalidInput, NotFound, StaleVersion
from vault.ids import EntryId
from vault.oversight.reviewing import (
    ACTS,
    MARK,
    MOVES,
    ORIGINS,
    QUESTIONS,
    SECOND,
    Judgement,
    Move,
    ReasonCode,
    Review,
    is_opening,
    may,
    outcome_of,
    review_of,
)
from vault.review_questions import QuestionCode, ReviewQuestion
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Values
from vault.usecases.ceremony_parties import parties_of
from vault.usecases.trail import LONGEST_REASON, Oversight, purpose_of, reason_in
from vault.vocabulary import CASEWORK, ROLE_ZONE, Action, Facts, Kind, ZoneKind

#: Acts of one review that are read; a review has a dozen.
MOST_ACTS: Final = 500
#: Reviews that figures are made of.
MOST_REVIEWS: Final = 5_000
_PAGE: Final = 500
_ASKABLE: Final = frozenset(role.value for role, zone in ROLE_ZONE.items() if zone is ZoneKind.CASEWORK)
_REASON_NEEDED: Final = frozenset({Move.ASK, Move.ANSWER, Move.DECIDE, Move.GIVE_BACK})


@dataclass(frozen=True, slots=True)
class OpenReview:
    """about: the entry that is looked into. origin: why. reason: what strikes whoever opens it; may be empty."""

    about: EntryId
    origin: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One step of a review. based_on: the version that the actor saw. judgement, reason_code: for a decision alone.

    asks: the code of a question that the vault puts to somebody; "" for one that was asked outside of it. to: to whom,
    by their pseudonym in the log; "" for whoever looked.
    """

    review: EntryId
    move: Move
    based_on: int
    reason: str = ""
    judgement: str = ""
    reason_code: str = ""
    asks: str = ""
    to: str = ""

    def check(self) -> str:
        """The word of its entry. Raises InvalidInput."""
        if len(self.reason) > LONGEST_REASON:
            raise InvalidInput(f"a reason has at most {LONGEST_REASON} characters", field="reason")
        if self.move in _REASON_NEEDED and not self.reason.strip():
            raise InvalidInput("say what is asked, answered or decided, and why", field="reason")
        if self.asks and (self.move is not Move.ASK or self.asks not in {each.value for each in QuestionCode}):
            raise InvalidInput(f"a question is one of {', '.join(QuestionCode)}", field="asks")
        if self.to and not self.asks:
            raise InvalidInput("a question that the vault puts to somebody has a code", field="asks")
        if self.move is not Move.DECIDE:
            if self.judgement or self.reason_code:
                raise InvalidInput("only a decision has a judgement", field="judgement")
            return ""
        if self.judgement not in {each.value for each in Judgement}:
            raise InvalidInput(f"a judgement is one of {', '.join(Judgement)}", field="judgement")
        if self.reason_code not in {each.value for each in ReasonCode}:
            raise InvalidInput(f"a reason code is one of {', '.join(ReasonCode)}", field="reason_code")
        return f"{self.judgement}:{self.reason_code}"


def open_review(uow: UnitOfWork, actor: Actor, cmd: OpenReview, oversight: Oversight) -> Values:
    """Look into one entry.

    Raises NotFound where there is none, where nothing was decided by it, or the actor had a part in it.
    """
    if cmd.origin not in ORIGINS:
        raise InvalidInput(f"an origin is one of {', '.join(sorted(ORIGINS))}", field="origin")
    if len(cmd.reason) > LONGEST_REASON:
        raise InvalidInput(f"a reason has at most {LONGEST_REASON} characters", field="reason")
    look = _body(uow.trail.entry(cmd.about))
    fits = bool(look) and look["decision"] != Verdict.NONE.value and look["actor"] not in ("", actor.log_name)
    fits = fits and actor.log_name not in parties_of(uow, look)
    permit = oversight.guard.permit(
        uow, actor, Action.CREATE, Item(Kind.REVIEW_CASE, cmd.about.hex(), subject=look["subject"] if fits else ""),
        purpose=purpose_of(actor), facts=Facts.of(second=fits), outcome=cmd.origin, reason=cmd.reason,
        config=oversight.detection.digest.hex(),
    )  # fmt: skip
    values = {"review": permit.entry.hex(), "entry": permit.entry.hex(), "stage": "opened", "version": 1}
    return shape(permit.profile, values)


def act_on(uow: UnitOfWork, actor: Actor, cmd: Act, oversight: Oversight) -> Values:
    """Take one step. Raises NotFound, InvalidInput, StaleVersion, IllegalStep; a second decision is refused."""
    word = cmd.check()
    review = _review(uow, cmd.review, oversight)
    look = _body(uow.trail.entry(EntryId.parse(review.about))) if review is not None and cmd.asks else {}
    if review is not None and cmd.asks:
        word = f"{cmd.to or review.reviewed}:{cmd.asks}"
    second = _anothers(review, actor)
    if review is not None and cmd.move in SECOND:
        second = second and review.decided_by not in ("", actor.log_name)
    permit = oversight.guard.permit(
        uow, actor, QUESTIONS[cmd.move], Item(Kind.REVIEW_CASE, cmd.review.hex(), subject=MARK + cmd.review.hex()),
        purpose=purpose_of(actor), facts=Facts.of(second=second),
        outcome=outcome_of(cmd.move, word), reason=cmd.reason,
    )  # fmt: skip
    if review is None:
        raise NotFound("no such review")
    if cmd.based_on != review.version:
        raise StaleVersion(expected=cmd.based_on, current=review.version)
    if not may(review, cmd.move, actor.log_name):
        possible = sorted({move.value for stage, move in MOVES if stage is review.stage})
        raise IllegalStep(f"a review that is {review.stage} takes {', '.join(possible) or 'no step any more'}")
    if cmd.asks:
        _put(uow, review, cmd, look, permit.entry, oversight)
    values = {
        "review": review.id, "entry": permit.entry.hex(), "stage": MOVES[review.stage, cmd.move].value,
        "version": review.version + 1,
    }  # fmt: skip
    return shape(permit.profile, values)


def _put(
    uow: UnitOfWork, review: Review, cmd: Act, look: dict[str, Any], entry: EntryId, oversight: Oversight
) -> None:  # fmt: skip
    """Put the question to somebody of casework. Raises InvalidInput for somebody whom casework's log does not know."""
    to = cmd.to or review.reviewed
    known = uow.trail.entries(EntryFilter(actor=to, zone=str(CASEWORK), limit=1)).entries
    if not known or _body(known[0])["role"] not in _ASKABLE:
        raise InvalidInput(
            "the vault puts questions to members of casework alone; ask others outside of it", field="to"
        )
    question = ReviewQuestion(
        entry, EntryId.parse(review.id), to, QuestionCode(cmd.asks), datetime.fromisoformat(look["at"]),
        look["action"], look["kind"], look["subject"], oversight.clock.now(),
    )  # fmt: skip
    uow.review_questions.add(question)


def read_review(uow: UnitOfWork, actor: Actor, wanted: EntryId, oversight: Oversight) -> Values:
    """One review with its acts and what was written at each. Raises NotFound."""
    review = _review(uow, wanted, oversight)
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.REVIEW_CASE, wanted.hex(), subject=MARK + wanted.hex()),
        purpose=purpose_of(actor), facts=Facts.of(second=_anothers(review, actor)),
    )  # fmt: skip
    if review is None:
        raise NotFound("no such review")
    entries = [review.id, *(act.entry for act in review.acts)]
    stored = uow.trail.several([EntryId.parse(entry) for entry in entries])
    texts = {entry.hex(): reason_in(uow, found, oversight) for entry, found in stored.items()}
    acts = [
        {
            "entry": act.entry, "at": act.at, "actor": act.actor, "role": act.role, "move": act.move.value,
            "word": act.word, "reason": texts[act.entry],
        }
        for act in review.acts
    ]  # fmt: skip
    return shape(permit.profile, {**_values(review), "reason": texts[review.id], "acts": acts})


def list_reviews(
    uow: UnitOfWork, actor: Actor, wanted: EntryFilter, stage: str, oversight: Oversight
) -> tuple[list[Values], str]:
    """Reviews, the newest first, without those of one's own looks; and from where to go on, "" after the last.

    wanted: since, until, limit and before count. stage "": any.
    """
    if not 1 <= wanted.limit <= _PAGE:
        raise InvalidInput(f"limit must be between 1 and {_PAGE}", field="limit")
    page = uow.trail.entries(replace(wanted, action=Action.CREATE.value, kind=Kind.REVIEW_CASE.value))
    found = [review for review in _told(uow, page.entries, oversight.clock.now()) if _anothers(review, actor)]
    if stage:
        found = [review for review in found if review.stage.value == stage]
    permit = oversight.guard.permit(
        uow, actor, Action.LIST, Item(Kind.REVIEW_CASE), purpose=purpose_of(actor), facts=Facts(), count=len(found)
    )
    rows = [shape(permit.profile, _values(review)) for review in found]
    return rows, page.upto.hex() if page.upto is not None else ""


def openings(uow: UnitOfWork, wanted: EntryFilter) -> list[dict[str, Any]]:
    """The entries that opened reviews, newest first; `MOST_REVIEWS` of them at most."""
    return [_body(entry) for entry in _opened(uow, wanted)]


def all_reviews(uow: UnitOfWork, wanted: EntryFilter, now: datetime) -> Iterator[Review]:
    """Every review that was opened in a period; `MOST_REVIEWS` of them at most. For counting: nobody is shown any."""
    opened = _opened(uow, wanted)
    for start in range(0, len(opened), _PAGE):
        yield from _told(uow, opened[start : start + _PAGE], now)


def _opened(uow: UnitOfWork, wanted: EntryFilter) -> list[StoredEntry]:
    found: list[StoredEntry] = []
    asked = replace(wanted, action=Action.CREATE.value, kind=Kind.REVIEW_CASE.value, limit=_PAGE)
    while len(found) < MOST_REVIEWS:
        page = uow.trail.entries(asked)
        found += [entry for entry in page.entries if is_opening(_body(entry))]
        if page.upto is None:
            break
        asked = replace(asked, before=page.upto)
    return found[:MOST_REVIEWS]


def _told(uow: UnitOfWork, opened: Iterable[StoredEntry], now: datetime) -> Iterator[Review]:
    bodies = [body for entry in opened if is_opening(body := _body(entry))]
    looks = uow.trail.several([EntryId.parse(body["object"]) for body in bodies])
    acts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for start in range(0, len(bodies), _PAGE // 10):
        names = [MARK + body["entry"] for body in bodies[start : start + _PAGE // 10]]
        for entry in uow.trail.evidence(names, ACTS, now, MOST_ACTS * len(names)):
            body = _body(entry)
            acts[body["subject"]].append(body)
    for body in bodies:
        look = _body(looks.get(EntryId.parse(body["object"])))
        if look:
            yield review_of(body, look, acts[MARK + body["entry"]], parties_of(uow, look))


def _review(uow: UnitOfWork, wanted: EntryId, oversight: Oversight) -> Review | None:
    opening = uow.trail.entry(wanted)
    found = list(_told(uow, [opening], oversight.clock.now())) if opening is not None else []
    return found[0] if found else None


def _anothers(review: Review | None, actor: Actor) -> bool:
    """Whether it is a look of somebody else, and nothing that the actor had a part in."""
    return review is not None and actor.log_name not in {review.reviewed, *review.parties}


def _body(entry: StoredEntry | None) -> dict[str, Any]:
    found: dict[str, Any] = entry.told() if entry is not None else {}
    return found


def _values(review: Review) -> Values:
    return {
        "review": review.id, "look": review.about, "actor": review.reviewed, "subject": review.subject,
        "origin": review.origin, "stage": review.stage.value, "opened_at": review.opened_at,
        "opened_by": review.opened_by, "judgement": review.judgement or None, "reason_code": review.reason_code or None,
        "decided_by": review.decided_by or None, "version": review.version, "strays": review.strays,
    }  # fmt: skip
