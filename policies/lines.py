"""What a rule, a release profile and a whole policy are, once they have been read.

A `Rule` is one line of `rules/*.csv`. A rule that names several phases (`active/suspended`) becomes one
Casbin line for each; all of them carry the rule's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policies.facts import need_of
from vault.vocabulary import Action, Kind, Phase, Purpose, ReleaseProfile, Role

#: Role, kind, action, purpose: what a rule is about. A cell that no rule names is denied.
Key = tuple[Role, Kind, Action, Purpose]

ANY_STATE: Final = "any"
NO_RELEASE: Final = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the rules.

    states: phases as written, or `("any",)`. release: a profile's name, `none` exactly on a deny line.
    why: for the reader alone; it decides nothing. place: file and line, such as `casework.csv:3`.
    """

    id: str
    role: Role
    kind: Kind
    act: Action
    purpose: Purpose
    states: tuple[str, ...]
    need: str
    release: str
    allows: bool
    why: str
    place: str

    @property
    def key(self) -> Key:
        return (self.role, self.kind, self.act, self.purpose)

    @property
    def needed(self) -> int:
        return need_of(self.need)

    @property
    def phases(self) -> frozenset[Phase]:
        return frozenset(Phase) if self.states == (ANY_STATE,) else frozenset(map(Phase, self.states))

    def casbin_lines(self) -> tuple[tuple[str, ...], ...]:
        """The lines Casbin gets, one a state: id, role, kind, act, purpose, state, need, release, eft."""
        head = (self.id, self.role.value, self.kind.value, self.act.value, self.purpose.value)
        effect = "allow" if self.allows else "deny"
        return tuple((*head, state, self.need, self.release, effect) for state in self.states)


@dataclass(frozen=True, slots=True)
class Source:
    """A policy that was read and found well-formed, and the very bytes it was read from.

    files: name and content, in a fixed order; the digest covers them.
    """

    model: str
    rules: tuple[Rule, ...]
    profiles: Mapping[str, ReleaseProfile]
    files: tuple[tuple[str, bytes], ...]
