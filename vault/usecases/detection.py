"""The detection rules over a period of the log, how often each was right, and a random sample: all are logged looks.

Like an explanation, a run has two halves: `gather` reads in one transaction, `tell` judges outside, because the policy
that decided a look may have to be read from where it was kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from vault.access.actor import Actor
from vault.access.enforcement import Item
from vault.access.shaping import shape
from vault.audit.events import Verdict
from vault.audit.reading import EntryFilter, Line, Volume
from vault.cases.calendar import Calendar, plausible
from vault.errors import InvalidInput
from vault.ids import EntryId
from vault.oversight.detecting import TURNS, Detection, Finding, Rule, RuleName, Surroundings, detect
from vault.oversight.explaining import EVIDENCE, CaseFile, explain
from vault.oversight.reviewing import Precision, precision
from vault.oversight.sampling import SEED_BYTES, drawn, sample_size
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Values
from vault.usecases.explanations import MOST_EVIDENCE, Needs
from vault.usecases.reviews import all_reviews, openings
from vault.usecases.trail import Oversight, entry_values, purpose_of
from vault.vocabulary import Action, Facts, Kind, ReleaseProfile, Role

#: What one run goes through: a day of some hundred people. Beyond, a shorter period is asked for.
MOST_LINES: Final = 20_000
LONGEST: Final = timedelta(days=31)
#: Looks that one sample is drawn from.
MOST_LOOKS: Final = 200_000
_SUBJECTS_AT_ONCE: Final = 50
_YEAR: Final = timedelta(days=365)
_ROLES: Final = tuple(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class Period:
    """since is inside, until is not; both aware."""

    since: datetime
    until: datetime

    def check(self) -> None:
        """Raises InvalidInput."""
        if not (plausible(self.since.date()) and plausible(self.until.date())):
            raise InvalidInput("the period cannot be meant", field="since")
        if not timedelta(0) < self.until - self.since <= LONGEST:
            raise InvalidInput(f"a period lasts at most {LONGEST.days} days", field="until")

    def __str__(self) -> str:
        return f"since={self.since.isoformat()} until={self.until.isoformat()}"


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that a run judges. accesses: entries as they stand, of the looks that can be explained.

    after: what came in the minutes after the period.
    """

    profile: ReleaseProfile
    lines: list[Line]
    after: list[Line]
    accesses: list[dict[str, Any]]
    file: CaseFile
    turns: dict[str, list[tuple[datetime, bool]]]
    volumes: list[Volume]
    reviews: dict[tuple[str, str], str]


def gather(uow: UnitOfWork, actor: Actor, period: Period, oversight: Oversight) -> Gathered:
    """Raises InvalidInput, LogBeingFiled."""
    period.check()
    rules = oversight.detection
    lines = uow.trail.lines(period.since, period.until, MOST_LINES + 1)
    permit = oversight.guard.permit(
        uow, actor, Action.LIST, Item(Kind.FINDING), purpose=purpose_of(actor), facts=Facts(), outcome="detected",
        count=len(lines), config=rules.digest.hex(), reason=str(period),
    )  # fmt: skip
    if len(lines) > MOST_LINES:
        raise InvalidInput(f"more than {MOST_LINES} entries: ask for a shorter period", field="until")
    after = uow.trail.lines(period.until, period.until + rules.minutes_after, MOST_LINES)
    watched = rules.rules[RuleName.OUTSIDE_CASELOAD].roles
    accesses = [
        line for line in lines
        if line.decision == Verdict.ALLOW.value and line.rule and line.subject and line.role in watched
    ]  # fmt: skip
    stored = uow.trail.several([EntryId.parse(line.entry) for line in accesses])
    bodies: list[dict[str, Any]] = [entry.told() for entry in stored.values()]
    acts = _acts(uow, {line.subject for line in lines if line.subject}, period.until)
    sessions = uow.trail.several([EntryId.parse(name) for name in sorted({b["session"] for b in bodies} - {""})])
    file = CaseFile.of(
        (act for act in acts if (act["action"], act["kind"]) in EVIDENCE),
        (entry.told() for entry in sessions.values()),
    )
    day = datetime.combine(period.since.astimezone(UTC).date(), time(0), UTC)
    volumes = uow.trail.volumes(day - timedelta(days=rules.baseline_days), period.until)
    opened = openings(uow, EntryFilter(since=period.since))
    return Gathered(
        permit.profile, lines, after, bodies, file, _turns(acts), volumes,
        {(body["outcome"], body["object"]): body["entry"] for body in opened},
    )  # fmt: skip


def _acts(uow: UnitOfWork, subjects: Iterable[str], until: datetime) -> list[dict[str, Any]]:
    """What was done about these cases that looks are explained by, and by which they were closed."""
    ordered, wanted = sorted(subjects), (*EVIDENCE, *TURNS)
    found: list[dict[str, Any]] = []
    for start in range(0, len(ordered), _SUBJECTS_AT_ONCE):
        page = uow.trail.evidence(ordered[start : start + _SUBJECTS_AT_ONCE], wanted, until, MOST_EVIDENCE)
        if len(page) == MOST_EVIDENCE:
            raise InvalidInput("too much happened in these cases: ask for a shorter period", field="until")
        found += [entry.told() for entry in page]
    return found


def _turns(acts: Iterable[dict[str, Any]]) -> dict[str, list[tuple[datetime, bool]]]:
    found: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
    for body in sorted(acts, key=lambda body: (body["at"], body["entry"])):
        closed = TURNS.get((body["action"], body["kind"]))
        if closed is not None and body["decision"] == Verdict.ALLOW.value and body["count"]:
            found[body["subject"]].append((datetime.fromisoformat(body["at"]), closed))
    return found


def tell(gathered: Gathered, needs: Needs, rules: Detection, calendar: Calendar) -> Values:
    """What the rules find."""
    unexplained = frozenset(
        body["entry"]
        for body in gathered.accesses
        if not explain(body, needs(body["policy"], body["rule"]), gathered.file).explained
    )
    around = Surroundings(calendar, unexplained, gathered.turns, gathered.volumes, gathered.after)
    found = detect(gathered.lines, around, rules)
    return {
        "findings": [shape(gathered.profile, _finding_values(each, gathered.reviews)) for each in found],
        "looked_at": len(gathered.lines),
        "config": rules.digest.hex(),
    }


def _finding_values(found: Finding, reviews: dict[tuple[str, str], str]) -> Values:
    return {
        **found._asdict(), "rule": found.rule.value, "day": found.day.isoformat(),
        "review": reviews.get((found.rule.value, found.entry)),
    }  # fmt: skip


def read_rules(uow: UnitOfWork, actor: Actor, oversight: Oversight) -> Values:
    """The rules in force with their figures, and how often each origin of reviews was right within a year."""
    rules, now = oversight.detection, oversight.clock.now()
    permit = oversight.guard.permit(
        uow, actor, Action.READ, Item(Kind.FINDING), purpose=purpose_of(actor), facts=Facts(),
        config=rules.digest.hex(),
    )  # fmt: skip
    found = precision(all_reviews(uow, EntryFilter(since=now - _YEAR), now))
    rows = [_rule_values(rules.rules.get(name), each) for name, each in _named(found)]
    return {
        "rules": [shape(permit.profile, row) for row in rows],
        "version": rules.version,
        "config": rules.digest.hex(),
    }


def _named(found: dict[str, Precision]) -> Sequence[tuple[Any, Precision]]:
    """Rules in their order, then the origins that are no rule."""
    ordered = [name for name in RuleName if name.value in found]
    return [(name, found[name.value]) for name in ordered] + [
        (origin, each) for origin, each in found.items() if origin not in {name.value for name in RuleName}
    ]


def _rule_values(rule: Rule | None, found: Precision) -> Values:
    figures: dict[str, Any] = {}
    if rule is not None:
        figures = {
            "at_least": rule.at_least, "begins": f"{rule.begins:%H:%M}", "ends": f"{rule.ends:%H:%M}",
            "factor": rule.factor, "days": rule.days, "minutes": rule.minutes,
        }  # fmt: skip
    return {
        "rule": found.origin, "on": rule.on if rule is not None else None,
        "why": rule.why if rule is not None else "", "roles": sorted(rule.roles) if rule is not None else [],
        "figures": {name: value for name, value in figures.items() if value not in (0, 0.0, "00:00")},
        "opened": found.opened, "judged": found.judged, "precision": found.right,
    }  # fmt: skip


def draw_sample(uow: UnitOfWork, actor: Actor, period: Period, oversight: Oversight) -> Values:
    """Looks of a period, drawn by lot. The seed stands in the log. Raises InvalidInput, LogBeingFiled."""
    period.check()
    rules, seed = oversight.detection, oversight.entropy.bytes(SEED_BYTES)
    looks = uow.trail.looks(period.since, period.until, _ROLES, MOST_LOOKS + 1)
    size = sample_size(len(looks), rules)
    permit = oversight.guard.permit(
        uow, actor, Action.LIST, Item(Kind.SAMPLE, seed.hex()), purpose=purpose_of(actor), facts=Facts(),
        outcome=f"of:{len(looks)}", count=size, config=rules.digest.hex(), reason=str(period),
    )  # fmt: skip
    if len(looks) > MOST_LOOKS:
        raise InvalidInput(f"more than {MOST_LOOKS} looks: ask for a shorter period", field="until")
    chosen = [EntryId(raw) for raw in drawn((look.raw for look in looks), seed, size)]
    stored = uow.trail.several(chosen)
    return {
        "entries": [shape(permit.profile, entry_values(stored[entry])) for entry in chosen],
        "looks": len(looks),
        "seed": seed.hex(),
        "config": rules.digest.hex(),
    }
