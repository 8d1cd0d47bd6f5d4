"""The invented staff of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from gateway.client import Gateway, prefix_of
from gateway.wiring import Services
from vault.usecases import sign_in
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Role, Zone

PARTNERS: Final = ("caritas", "fedasil")


@dataclass(frozen=True, slots=True)
class Member:
    login: str
    name: str
    zone: Zone
    role: Role
    region: str = ""


STAFF: Final = (
    Member("amina", "Amina Verzonnen", CASEWORK, Role.COACH, "brussels"),
    Member("bert", "Bert Inventé", CASEWORK, Role.COACH, "antwerp"),
    Member("claire", "Claire Fictive", CASEWORK, Role.COACH, "liege"),
    Member("dirk", "Dirk Imaginaire", CASEWORK, Role.COACH, "ghent"),
    Member("hugo", "Hugo Testmans", CASEWORK, Role.REGIONAL_HEAD, "brussels"),
    Member("anke", "Anke Testmans", CASEWORK, Role.REGIONAL_HEAD, "antwerp"),
    Member("luc", "Luc Testmans", CASEWORK, Role.REGIONAL_HEAD, "liege"),
    Member("greet", "Greet Testmans", CASEWORK, Role.REGIONAL_HEAD, "ghent"),
    Member("chloe", "Chloé Testmans", CASEWORK, Role.REGIONAL_HEAD, "charleroi"),
    Member("nele", "Nele Voorbeeld", CASEWORK, Role.DESK_OFFICER, "brussels"),
    Member("frank", "Frank Exemple", FOLLOW_UP, Role.FOLLOW_UP_OFFICER),
    Member("cari", "Cari Bénévole", Zone.parse("partner:caritas"), Role.PARTNER_AGENT),
    Member("fedi", "Fedi Opvang", Zone.parse("partner:fedasil"), Role.PARTNER_AGENT),
    Member("odile", "Odile Contrôle", OVERSIGHT, Role.AUDITOR),
    Member("dora", "Dora Privacy", OVERSIGHT, Role.DPO),
    Member("otto", "Otto Machinist", OVERSIGHT, Role.OPERATOR),
)
BY_LOGIN: Final = {member.login: member for member in STAFF}
DESKS: Final = {member.region: member.login for member in STAFF if member.role is Role.DESK_OFFICER}
HEADS: Final = {member.region: member.login for member in STAFF if member.role is Role.REGIONAL_HEAD}


def hire(services: Services, password: str) -> dict[str, str]:
    """Add everybody, with this hashed password. Returns each one's second factor, base32."""
    from base64 import b32encode

    secrets = {}
    for member in STAFF:
        service = services.sign_in[member.zone]
        new = sign_in.NewStaff(member.login, member.name, member.role, member.region, password)
        row = services.worker.run(member.zone, partial(sign_in.add_staff, new=new, service=service))
        secrets[member.login] = b32encode(service.totp_secret(row.id, row.totp_generation)).decode("ascii")
    return secrets


def token_for(services: Services, login: str, lifetime: timedelta) -> str:
    member = BY_LOGIN[login]
    service = services.sign_in[member.zone]
    issued: str = services.worker.run(member.zone, lambda uow: sign_in.issue_token(uow, login, lifetime, service))
    return issued


class Caller:
    """One member of staff at a gateway. Paths are the zone's own: `/cases`."""

    def __init__(self, gateway: Gateway, member: Member, token: str) -> None:
        self._gateway, self._token = gateway, token
        self.member = member
        self.prefix = prefix_of(member.zone)

    def ask(self, method: str, path: str, body: object = None) -> dict[str, object]:
        reply: dict[str, object] = self._gateway.send(method, self.prefix + path, token=self._token, body=body)
        return reply

    def get(self, path: str, **query: object) -> dict[str, object]:
        reply: dict[str, object] = self._gateway.send("GET", self.prefix + path, token=self._token, query=query)
        return reply

    def post(self, path: str, body: object = None) -> dict[str, object]:
        reply: dict[str, object] = self._gateway.send("POST", self.prefix + path, token=self._token, body=body)
        return reply

    def put(self, path: str, body: object) -> dict[str, object]:
        return self.ask("PUT", path, body)

    def elsewhere(self, path: str) -> dict[str, object]:
        """A request outside the own zone, with the own token."""
        reply: dict[str, object] = self._gateway.send("GET", path, token=self._token)
        return reply
