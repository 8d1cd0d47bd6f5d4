"""What must hold of samples, whatever the rules say: a part of the invariants (`policies.invariants`).

A regional head looks at a case that was drawn by lot, for some days: at notes with their stand-ins and at what was
recorded about stay and return, and at nothing else.
"""

from __future__ import annotations

from typing import Final

from policies.compiler import Answer
from policies.facts import mask_of
from policies.lines import Key
from vault.vocabulary import Action, Fact, Kind, Phase, Purpose, Role

_Request = tuple[Key, Phase, int, Answer]
_HELD: Final = mask_of((Fact.REGION, Fact.SAMPLE))
_SEEN: Final[dict[Kind, frozenset[Action]]] = {
    Kind.NOTE: frozenset({Action.LIST, Action.READ}),
    Kind.STAY_FACT: frozenset({Action.READ}),
    Kind.RETURN_FACT: frozenset({Action.READ}),
}
_UNDER_WAY: Final = frozenset({Phase.ACTIVE, Phase.SUSPENDED, Phase.CLOSING})
#: What a head does about a sample itself, and the fact that each needs.
_OWN: Final = {
    Action.CREATE: Fact.REGION, Action.LIST: Fact.OWN, Action.READ: Fact.OWN, Action.CLOSE: Fact.SAMPLE,
}  # fmt: skip


def is_a_look_at_a_sample(request: _Request) -> bool:
    """What a head may see of what is its coach's own."""
    (role, kind, act, purpose), phase, held, _ = request
    head = role is Role.REGIONAL_HEAD and purpose is Purpose.SUPERVISION
    return head and act in _SEEN.get(kind, ()) and phase in _UNDER_WAY and held & _HELD == _HELD


def supervision_sees_a_drawn_case_alone(request: _Request) -> bool:
    (_, kind, _, purpose), _, _, _ = request
    return purpose is not Purpose.SUPERVISION or kind is Kind.CASE_SAMPLE or is_a_look_at_a_sample(request)


def a_sample_is_its_heads(request: _Request) -> bool:
    """Asked for, read and ended by the head it is drawn for; the coach of the case is told, and nobody else."""
    (role, kind, act, purpose), _, held, _ = request
    if kind is not Kind.CASE_SAMPLE:
        return True
    if role is Role.COACH:
        told = act is Action.LIST and purpose is Purpose.CASE_ADMINISTRATION
        return told and bool(held & mask_of((Fact.OWN,)))
    needed = _OWN.get(act)
    head = role is Role.REGIONAL_HEAD and purpose is Purpose.SUPERVISION
    return head and needed is not None and bool(held & mask_of((needed,)))
