"""What a change of the rules newly allows or denies: two decided tables, compared request for request.

    compare(old, new).sentences
    # wider: coach, referral, release, coaching, active/suspended: no longer needs consent (32 condition sets)

Not the lines are compared but what they decide, so a rule rewritten without effect gives no sentence. A
widening needs a second reviewer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.compiler import UNLISTED, Answer, Table
from policies.facts import ALL_FACTS, condition_sets, facts_of
from policies.lines import Key
from vault.vocabulary import FACTS, Phase, ReleaseProfile, Treatment

_WIDER: Final = "wider"
_NARROWER: Final = "narrower"
_BOTH: Final = "wider in part"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """direction: `wider`, `narrower` or `wider in part`. about: which access or profile."""

    direction: str
    about: str
    what: str

    @property
    def sentence(self) -> str:
        return f"{self.direction}: {self.about}: {self.what}"


@dataclass(frozen=True, slots=True)
class Impact:
    """All changes, the widening ones first."""

    changes: tuple[Change, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(change.sentence for change in self.changes)

    @property
    def widens(self) -> bool:
        """Whether anybody could do or see more than before: then a second person must review the change."""
        return any(change.direction in (_WIDER, _BOTH) for change in self.changes)


def compare(old: Table, new: Table) -> Impact:
    """Who gains and who loses what, between two policies."""
    grouped: dict[tuple[Key, str, str], list[Phase]] = defaultdict(list)
    for key in sorted({*old.cells, *new.cells}):
        for phase in Phase:
            change = _phase_change(old, new, key, phase)
            if change is not None:
                grouped[(key, *change)].append(phase)
    changes = [
        Change(direction, f"{role}, {kind}, {act}, {purpose}, {'/'.join(phases)}", what)
        for ((role, kind, act, purpose), direction, what), phases in grouped.items()
    ]
    changes.extend(_profile_changes(old, new))
    rank = (_WIDER, _BOTH, _NARROWER).index
    return Impact(tuple(sorted(changes, key=lambda change: (rank(change.direction), change))))


def _phase_change(old: Table, new: Table, key: Key, phase: Phase) -> tuple[str, str] | None:
    """Direction and words of what changes for one cell in one phase."""
    relevant = _relevant(old, key) | _relevant(new, key)
    before = {held: old.answer(key, phase, held) for held in condition_sets(relevant)}
    after = {held: new.answer(key, phase, held) for held in condition_sets(relevant)}
    gained = sum(after[held].allowed and not before[held].allowed for held in before)
    lost = sum(before[held].allowed and not after[held].allowed for held in before)
    # Each set of relevant facts stands for all sets of the other facts.
    weight = 1 << (len(FACTS) - relevant.bit_count())
    swapped = [
        (before[held].profile, after[held].profile)
        for held in before
        if before[held].allowed and after[held].allowed and before[held].profile != after[held].profile
    ]
    other = len(swapped)
    shows_more = any(_shows_more(old.source.profiles[was], new.source.profiles[now]) for was, now in swapped)
    words = [word for word in (_needs_change(before, after), _profile_change(before, after)) if word]
    if not (gained or lost or other):
        return None
    wider, narrower = bool(gained) or shows_more, bool(lost) or (bool(other) and not shows_more)
    direction = _BOTH if wider and narrower else _WIDER if wider else _NARROWER
    count = (gained + lost + other) * weight
    return direction, f"{' and '.join(words)} ({count} of {ALL_FACTS + 1} condition sets)"


def _relevant(table: Table, key: Key) -> int:
    cell = table.cells.get(key)
    return 0 if cell is None else cell.relevant


def _minimal(answers: dict[int, Answer]) -> tuple[int, ...]:
    """The smallest sets of facts with which access is allowed."""
    allowed = [held for held, answer in answers.items() if answer.allowed]
    return tuple(held for held in allowed if not any(other != held and other & held == other for other in allowed))


def _needs(minimal: tuple[int, ...]) -> str:
    return " or ".join("+".join(facts_of(held)) or "no fact" for held in minimal)


def _needs_change(before: dict[int, Answer], after: dict[int, Answer]) -> str:
    old, new = _minimal(before), _minimal(after)
    if not old and not new:
        return ""
    if not old:
        return f"gains access, needing {_needs(new)}"
    if not new:
        return f"loses access, which needed {_needs(old)}"
    if old == new:
        changed = any(before[held].allowed != after[held].allowed for held in before)
        return f"a deny line changes, needing {_needs(new)}" if changed else ""
    if len(old) == len(new) == 1:
        dropped, added = facts_of(old[0] & ~new[0]), facts_of(new[0] & ~old[0])
        parts = [f"no longer needs {'+'.join(dropped)}"] if dropped else []
        parts.extend([f"now also needs {'+'.join(added)}"] if added else [])
        return " and ".join(parts)
    return f"needed {_needs(old)} and now needs {_needs(new)}"


def _profile_change(before: dict[int, Answer], after: dict[int, Answer]) -> str:
    for held, answer in before.items():
        now = after.get(held, UNLISTED)
        if answer.allowed and now.allowed and answer.profile != now.profile:
            return f"is answered with {now.profile} instead of {answer.profile}"
    return ""


def _shows_more(was: ReleaseProfile, now: ReleaseProfile) -> bool:
    """Whether the other profile shows a field that this one does not, or shows one less veiled."""
    before = dict(was.fields)
    return any(
        name not in before or (shown is not before[name] and _direction(before[name], shown) == _WIDER)
        for name, shown in now.fields
    )


def _direction(was: Treatment, now: Treatment) -> str:
    """Clear says more than any other treatment, a mask less; the others cannot be ranked, so they count as wider."""
    return _NARROWER if was is Treatment.CLEAR or now is Treatment.MASK else _WIDER


def _profile_changes(old: Table, new: Table) -> Iterator[Change]:
    """Fields that a release profile shows, hides, or shows otherwise."""
    empty = ReleaseProfile("", ())
    for name in sorted({*old.source.profiles, *new.source.profiles}):
        before = dict(old.source.profiles.get(name, empty).fields)
        after = dict(new.source.profiles.get(name, empty).fields)
        for field in {**before, **after}:
            was, now = before.get(field), after.get(field)
            if was is None and now is not None:
                yield Change(_WIDER, f"profile {name}", f"now shows {field} ({now})")
            elif now is None and was is not None:
                yield Change(_NARROWER, f"profile {name}", f"no longer shows {field}")
            elif was is not None and now is not None and was is not now:
                yield Change(_direction(was, now), f"profile {name}", f"shows {field} as {now} instead of {was}")
