"""A review of one look: opened, asked about, decided, signed by a second person, closed. It is told by the log itself.

There is no table of reviews that anybody could change: each act is an entry, and what a review is now is what its
entries lead to, walked through `MOVES`. An entry that does not fit (a second decision, a signature by whoever decided,
any act of the person whose look it is) changes nothing and is counted as stray, whatever let it into the log. So does
one that is not of oversight, but for the answer of whoever was asked: no zone writes in another one's name.

    opened ── ask ──► asked ── answer ──► opened          an answer of whoever was asked counts while nothing is decided
    opened, asked ── decide ──► decided ── sign ──► signed ── close ──► closed
    decided ── give back ──► opened

Texts (what was asked, what was answered, why it was decided so) are sealed to oversight beside the entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Any, Final, NamedTuple

from vault.audit.events import Verdict
from vault.oversight.detecting import RuleName
from vault.vocabulary import CASEWORK, OVERSIGHT, Action, Kind

#: Before a review's own name in the log: its acts name it where others name a case.
MARK: Final = "R-"
SAMPLE: Final = "sample"
BY_HAND: Final = "by_hand"
#: A ceremony was opened: each is reviewed.
CEREMONY: Final = "ceremony"
#: Why a review was opened: a rule found it, a sample drew it, somebody thought of it.
ORIGINS: Final = frozenset({*(name.value for name in RuleName), SAMPLE, BY_HAND, CEREMONY})


@unique
class Stage(StrEnum):
    OPENED = "opened"
    ASKED = "asked"  # the person or their superior was asked, by a question of the vault or outside of it
    DECIDED = "decided"
    SIGNED = "signed"
    CLOSED = "closed"


@unique
class Move(StrEnum):
    ASK = "ask"
    ANSWER = "answer"
    DECIDE = "decide"
    SIGN = "sign"
    GIVE_BACK = "give_back"
    CLOSE = "close"


@unique
class Judgement(StrEnum):
    APPROPRIATE = "appropriate"
    POLICY_BREACH = "policy_breach"  # against the office's rules
    BREACH = "breach"  # of personal data: the data protection officer's clock runs


@unique
class ReasonCode(StrEnum):
    """Why a look was appropriate after all, or what was wrong: a code, so that it can be counted."""

    CASE_WORK = "case_work"
    STAND_IN = "stand_in"  # for a colleague, and nobody had written it down
    ERROR = "error"  # a slip: a wrong number, a wrong case
    RULE_TOO_WIDE = "rule_too_wide"  # the rule finds what is ordinary
    CURIOSITY = "curiosity"
    PASSED_ON = "passed_on"
    OTHER = "other"


MOVES: Final[dict[tuple[Stage, Move], Stage]] = {
    (Stage.OPENED, Move.ASK): Stage.ASKED,
    (Stage.ASKED, Move.ASK): Stage.ASKED,
    (Stage.ASKED, Move.ANSWER): Stage.OPENED,
    (Stage.OPENED, Move.DECIDE): Stage.DECIDED,
    (Stage.ASKED, Move.DECIDE): Stage.DECIDED,
    (Stage.DECIDED, Move.SIGN): Stage.SIGNED,
    (Stage.DECIDED, Move.GIVE_BACK): Stage.OPENED,
    (Stage.SIGNED, Move.CLOSE): Stage.CLOSED,
}
#: What each act asks of the firewall. Asking and answering are one right; so are signing and giving back.
QUESTIONS: Final[dict[Move, Action]] = {
    Move.ASK: Action.WRITE,
    Move.ANSWER: Action.WRITE,
    Move.DECIDE: Action.REVIEW,
    Move.SIGN: Action.SIGN,
    Move.GIVE_BACK: Action.SIGN,
    Move.CLOSE: Action.CLOSE,
}
#: Of the second person alone: not of whoever decided.
SECOND: Final = frozenset({Move.SIGN, Move.GIVE_BACK})
#: How the answer of somebody who was asked stands in the log: of their own zone, about the review.
ANSWERED: Final = (Action.WRITE.value, Kind.REVIEW_QUESTION.value)
#: The acts of reviews as they stand in the log.
ACTS: Final = (*sorted({(action.value, Kind.REVIEW_CASE.value) for action in QUESTIONS.values()}), ANSWERED)


class Act(NamedTuple):
    """One act that counted. word: the judgement and its reason code; whom and what was asked; or ""."""

    entry: str
    at: str
    actor: str
    role: str
    move: Move
    word: str


@dataclass(frozen=True, slots=True)
class Review:
    """id: of the entry that opened it. about: the look. reviewed: who looked. subject: the case, or "".

    version: how many acts counted, the opening included; whoever acts names the one they saw.
    """

    id: str
    about: str
    reviewed: str
    subject: str
    origin: str
    opened_at: str
    opened_by: str
    stage: Stage = Stage.OPENED
    judgement: str = ""
    reason_code: str = ""
    decided_by: str = ""
    acts: tuple[Act, ...] = ()
    asked: frozenset[str] = frozenset()  # who has a question of the vault to answer
    parties: frozenset[str] = frozenset()  # who else had a part in what is reviewed
    strays: int = 0

    @property
    def version(self) -> int:
        return len(self.acts) + 1

    @property
    def name(self) -> str:
        """As its acts name it in the log."""
        return MARK + self.id


def is_opening(body: Mapping[str, Any]) -> bool:
    """Whether an entry opened a review."""
    act = (body["action"], body["kind"], body["decision"])
    opens = act == (Action.CREATE.value, Kind.REVIEW_CASE.value, Verdict.ALLOW.value) and bool(body["count"])
    return opens and body["zone"] == _OVERSIGHT


def outcome_of(move: Move, word: str = "") -> str:
    """How an act stands in its entry: a code, and for a decision judgement and reason code."""
    return f"{move.value}:{word}" if word else move.value


def review_of(
    opening: Mapping[str, Any], look: Mapping[str, Any], acts: Iterable[Mapping[str, Any]],
    parties: frozenset[str] = frozenset(),
) -> Review:  # fmt: skip
    """opening: for which `is_opening` holds. look: the entry it is about. acts: entries that name the review.

    parties: who else had a part in it, by their names in the log: none of their acts counts.
    """
    review = Review(
        opening["entry"], opening["object"], look["actor"], look["subject"], opening["outcome"], opening["at"],
        opening["actor"], parties=parties,
    )  # fmt: skip
    for body in sorted(acts, key=lambda body: (body["at"], body["entry"])):
        if body["decision"] == Verdict.ALLOW.value and body["count"]:
            review = _after(review, body)
    return review


def _after(review: Review, body: Mapping[str, Any]) -> Review:
    code, _, word = body["outcome"].partition(":")
    stray = replace(review, strays=review.strays + 1)
    if code not in _MOVES or QUESTIONS[_MOVES[code]].value != body["action"] or body["subject"] != review.name:
        return stray
    move = _MOVES[code]
    if body["zone"] != (_CASEWORK if (body["action"], body["kind"]) == ANSWERED else _OVERSIGHT):
        return stray
    act = Act(body["entry"], body["at"], body["actor"], body["role"], move, word)
    if (body["action"], body["kind"]) == ANSWERED:
        if move is not Move.ANSWER or act.actor not in review.asked or review.stage not in _UNDECIDED:
            return stray
        return replace(
            review, stage=Stage.OPENED, acts=(*review.acts, act), asked=review.asked - {act.actor}
        )  # fmt: skip
    if not may(review, move, body["actor"]):
        return stray
    moved = replace(review, stage=MOVES[review.stage, move], acts=(*review.acts, act))
    if move is Move.ASK and word:
        return replace(moved, asked=review.asked | {word.partition(":")[0]})
    if move is Move.DECIDE:
        judgement, _, reason_code = word.partition(":")
        return replace(moved, judgement=judgement, reason_code=reason_code, decided_by=act.actor)
    if move is Move.GIVE_BACK:
        return replace(moved, judgement="", reason_code="", decided_by="")
    return moved


def may(review: Review, move: Move, actor: str) -> bool:
    """Whether the stage allows the act, and this person does.

    Nobody reviews what they had a part in, or signs what they decided.
    """
    if (review.stage, move) not in MOVES or actor == review.reviewed or actor in review.parties:
        return False
    return move not in SECOND or actor != review.decided_by


_OVERSIGHT, _CASEWORK = str(OVERSIGHT), str(CASEWORK)
_MOVES: Final = {move.value: move for move in Move}
_UNDECIDED: Final = frozenset({Stage.OPENED, Stage.ASKED})


class Precision(NamedTuple):
    """How often an origin was right. Counted are reviews that a second person signed.

    right: share of those that were no appropriate look, three digits; None while nothing is signed.
    """

    origin: str
    opened: int
    judged: dict[str, int]
    right: float | None


def precision(reviews: Iterable[Review]) -> dict[str, Precision]:
    """By origin, for every origin there can be."""
    opened: Counter[str] = Counter()
    judged: dict[str, Counter[str]] = {origin: Counter() for origin in ORIGINS}
    for review in reviews:
        if review.origin not in ORIGINS:
            continue
        opened[review.origin] += 1
        if review.stage in (Stage.SIGNED, Stage.CLOSED):
            judged[review.origin][review.judgement] += 1
    return {origin: _precise(origin, opened[origin], judged[origin]) for origin in sorted(ORIGINS)}


def _precise(origin: str, opened: int, judged: Counter[str]) -> Precision:
    ended = judged.total()
    wrong = ended - judged[Judgement.APPROPRIATE.value]
    counts = {judgement.value: judged[judgement.value] for judgement in Judgement}
    return Precision(origin, opened, counts, round(wrong / ended, 3) if ended else None)
