"""Why not? What the rules say about one's own role, in four languages; to oversight, which rule answered an entry.

The first looks at the rules and at nothing else, so it can say who could do something about a refusal without telling
whether there is anything to refuse. It names no rule. The second is for whoever may read that entry, and names them.
"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.json import StrictRoute, json_response
from gateway.api.receiving import prefix
from gateway.gate import Asks, Gate
from gateway.settings import slug
from policies.explainer import what_rules_say
from policies.firewall import TableFirewall, rules_in_force
from vault.errors import ConfigurationError, NotFound
from vault.ids import EntryId
from vault.ports import Firewall
from vault.usecases import trail
from vault.vocabulary import Action, Kind, Purpose, Role, ZoneKind

Language = Literal["fr", "nl", "de", "en"]


def router(gate: Gate) -> APIRouter:
    """`GET PREFIX/why` in every zone, and `GET /oversight/entries/{entry}/why` in oversight's."""
    zone = slug(gate.zone)
    api = APIRouter(tags=[zone], route_class=StrictRoute)

    async def why(
        request: Request, action: Action | None = None, kind: Kind | None = None, purpose: Purpose | None = None,
        language: Language = "en",
    ) -> Response:  # fmt: skip
        """What your role may do, when, and who could help; narrowed to an action, a kind, a purpose."""
        actor = await gate.run(request, lambda _, actor: actor)
        told = what_rules_say(
            rules_of(gate.services.firewall), actor.role, action=action, kind=kind, purpose=purpose, language=language
        )
        return json_response({"possible": told.allowed, "sentences": told.sentences})

    api.add_api_route(
        f"{prefix(gate)}/why", why, operation_id=f"{zone}_why", openapi_extra=Asks(str(gate.zone), None).extra(),
        response_model=None,
    )  # fmt: skip
    if gate.zone.kind is ZoneKind.OVERSIGHT:
        _add_entries(api, gate)
    return api


def _add_entries(api: APIRouter, gate: Gate) -> None:
    oversight = gate.services.oversight
    if oversight is None:
        raise ConfigurationError("this process has no oversight keys")

    async def explain_entry(request: Request, entry: str, language: Language = "en") -> Response:
        """Which rule answered what an entry records, with its text, and the rules that would have allowed it."""
        wanted = EntryId.parse(entry)
        found = await gate.run(request, lambda uow, actor: trail.read_entry(uow, actor, wanted, oversight))
        return json_response(explained(rules_of(gate.services.firewall), found, language))

    api.add_api_route(
        "/oversight/entries/{entry}/why",
        explain_entry,
        operation_id="oversight_explain_entry",
        openapi_extra=Asks("oversight", Action.READ, Kind.AUDIT_ENTRY, Purpose.ACCESS_REVIEW).extra(),
        response_model=None,
    )


def explained(firewall: TableFirewall, entry: dict[str, Any], language: str) -> dict[str, Any]:
    """entry: as the release profile shows it. Rules by id, as they stand today: `current` says whether they did then.

    Raises NotFound for an entry that records no answer of the firewall to a person.
    """
    try:
        role, action, kind = Role(entry["role"]), Action(entry["action"]), Kind(entry["kind"])
        purpose = Purpose(entry["purpose"])
    except ValueError:
        raise NotFound("this entry records no question to the firewall") from None
    told = what_rules_say(firewall, role, action=action, kind=kind, purpose=purpose, language=language)
    texts = {rule.id: rule.why for rule in firewall.table.source.rules}
    return {
        "entry": entry["entry"],
        "decision": entry["decision"],
        "rule": entry["rule"],
        "rule_says": texts.get(entry["rule"], ""),
        "would_allow": {rule: texts[rule] for rule in told.rules},
        "sentences": told.sentences,
        "current": entry["policy"] == firewall.digest.hex(),
    }


def rules_of(firewall: Firewall) -> TableFirewall:
    """The rules in force. Raises ConfigurationError where what answers has none."""
    current = rules_in_force(firewall)
    if current is None:
        raise ConfigurationError("this firewall has no rules to explain")
    return current
