"""Pages that anybody may read: what this is, who sees what, the leaflet, accessibility."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from gateway.pages.site import Door, Visit
from policies.firewall import TableFirewall, rules_in_force
from policies.matrix import accesses
from vault.vocabulary import KIND_COMPARTMENT, ROLE_ZONE, Action, Compartment, Kind, Role

#: What opens something, as opposed to writing or moving it.
_SEEING: Final = frozenset({Action.READ, Action.LIST, Action.SEARCH, Action.REVEAL})


class PublicPages:
    """doors: the zones that this process serves."""

    def __init__(self, doors: tuple[Door, ...]) -> None:
        self.doors = doors

    async def start(self, visit: Visit) -> Response:
        return visit.draw("start.html", doors=self.doors)

    async def who_sees_what(self, visit: Visit) -> Response:
        """From the decided rules, at this very moment: no second table that could be out of date."""
        firewall = visit.site.services.firewall
        rules = rules_in_force(firewall)
        seen = {} if rules is None else _seen(rules)
        return visit.draw("who_sees_what.html", seen=seen, digest=firewall.digest.hex())

    async def leaflet(self, visit: Visit) -> Response:
        return visit.draw("leaflet.html")

    async def accessibility(self, visit: Visit) -> Response:
        return visit.draw("accessibility.html")


def _seen(firewall: TableFirewall) -> dict[Role, list[tuple[Compartment, tuple[str, ...]]]]:
    """For each role the compartments it sees something of, and under which conditions; in the compartments' order."""
    found: dict[Role, dict[Compartment, set[str]]] = {role: {} for role in Role}
    for access in accesses(firewall.table):
        role, kind, action, _ = access.key
        if action in _SEEING:
            needs = found[role].setdefault(_compartment(role, kind), set())
            needs |= {need for part in access.needs.split(" or ") for need in part.split("+")}
    return {
        role: [
            (compartment, tuple(sorted(compartments[compartment] - {"none"})))
            for compartment in Compartment
            if compartment in compartments
        ]
        for role, compartments in found.items()
    }


def _compartment(role: Role, kind: Kind) -> Compartment:
    """A referral is a copy of its own: what a partner sees is not the contact sheet."""
    assert role in ROLE_ZONE
    return KIND_COMPARTMENT[kind]
