"""A service that asks the firewall for decisions, as the tests of the decision points use it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.house import House, prefix_of
from vault.usecases.decision_clients import add_client
from vault.vocabulary import CASEWORK, Zone


@dataclass(frozen=True)
class Asker:
    """below: the decision point's path below the zone's prefix."""

    house: House
    token: str
    zone: Zone
    below: str = ""

    def send(self, path: str, body: Any = None, **options: Any) -> Any:
        headers = {"authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        payload = {"json": body} if "content" not in options else {}
        return self.house.app.post(
            f"{prefix_of(self.zone)}{self.below}/access/v1/{path}", headers=headers, **payload, **options
        )

    def ask(self, path: str, body: Any) -> Any:
        reply = self.send(path, body)
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"] == "application/json"
        return reply.json()

    def decision(self, subject: str, action: str, kind: str, resource: str, purpose: str, **context: str) -> bool:
        told = self.ask("evaluation", vault_question(subject, action, kind, resource, purpose, **context))
        found: bool = told["decision"]
        return found


def vault_question(
    subject: str, action: str, kind: str, resource: str, purpose: str, **context: str
) -> dict[str, Any]:  # fmt: skip
    return {
        "subject": {"type": "staff", "id": subject},
        "action": {"name": action},
        "resource": {"type": kind, "id": resource},
        "context": {"purpose": purpose} | context,
    }


def asker(house: House, zone: Zone = CASEWORK, *, login: str = "archive", below: str = "") -> Asker:
    """A new client of a zone, with its token."""
    service = house.services.sign_in[zone]
    token: str = house.services.worker.run(
        zone, lambda uow: add_client(uow, login, "Archive of documents", timedelta(hours=10), service)
    )
    return Asker(house, token, zone, below)
