"""What must hold of erasing cases, whatever the rules say: a part of the invariants (`policies.invariants`).

A regional head asks about a case of the region, the data protection officer agrees or refuses; nobody does both, and
nobody else does either. That a case is not closed yet is no question of who may ask: it holds the case, as what else
still runs does (`vault.lifecycle.holds`), and the head, who may see where the case stands, is told so.
"""

from __future__ import annotations

from typing import Final

from policies.compiler import Answer
from policies.facts import mask_of
from policies.lines import Key
from vault.vocabulary import Action, Fact, Kind, Phase, Purpose, Role

_Request = tuple[Key, Phase, int, Answer]
#: What each function does about an erasure, and the fact that it needs.
_ACTS: Final[dict[Role, tuple[frozenset[Action], Fact, Purpose]]] = {
    Role.REGIONAL_HEAD: (frozenset({Action.LIST, Action.CREATE}), Fact.REGION, Purpose.CASE_ADMINISTRATION),
    Role.DPO: (frozenset({Action.LIST, Action.SIGN, Action.CLOSE}), Fact.ADDRESSED, Purpose.DATA_PROTECTION),
}


def an_erasure_takes_two(request: _Request) -> bool:
    (role, kind, act, purpose), phase, held, _ = request
    if kind is not Kind.ERASURE:
        return True
    if role not in _ACTS:
        return False
    acts, needed, wanted = _ACTS[role]
    fits = phase not in (Phase.NONE, Phase.ERASED) if act is Action.CREATE else phase is Phase.NONE
    return act in acts and purpose is wanted and fits and bool(held & mask_of((needed,)))
