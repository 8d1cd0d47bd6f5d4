"""Services of other systems that may ask for decisions, and do nothing else.

A client has a login and a token like a member of staff, and no role: `decision_client` is no word of the policy, so
there is no question that a client could be allowed, and its token is no session anywhere but at the decision point.
The token of a member of staff is none there: who may see a note may not therefore ask about everybody else.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from vault.audit.events import Detail, Event, Happening, Verdict
from vault.errors import InvalidInput, NotSignedIn
from vault.ids import ActorId, SessionId
from vault.ports import Clock
from vault.unit_of_work import StaffRow, UnitOfWork
from vault.usecases.sign_in import SignIn, issue_token
from vault.vocabulary import Zone

#: What stands in a client's row where a member of staff has a role.
CLIENT_ROLE: Final = "decision_client"
#: No password ever matches this: a client never signs in, it bears a token.
_NO_PASSWORD: Final = "$argon2id$none"


class DecisionClient(NamedTuple):
    """log_name: the client's pseudonym in the log. name, source (network address): for the sealed detail only."""

    id: ActorId
    zone: Zone
    session: SessionId
    log_name: str
    name: str
    source: str

    def detail(self, reason: str = "") -> Detail:
        return Detail(self.id.hex(), self.name, self.source, reason)


def add_client(uow: UnitOfWork, login: str, name: str, lifetime: timedelta, service: SignIn) -> str:
    """Add a client of this zone and issue its first token, shown once. Raises Conflict, InvalidInput."""
    if not (1 <= len(login) <= 80 and login.isascii() and login.isprintable() and login == login.lower()):
        raise InvalidInput("a login has 1 to 80 lower-case ASCII characters", field="login")
    if not (1 <= len(name) <= 120 and name.isprintable()):
        raise InvalidInput("a name has 1 to 120 printable characters", field="name")
    actor = ActorId(service.entropy.bytes(16))
    row = StaffRow(actor, service.zone, login, name, CLIENT_ROLE, "", service.log_name(actor), _NO_PASSWORD, 1, 0, True)
    event = Event(Happening.STAFF_ADDED.value, "staff", Verdict.NONE, actor=row.log_name, role=CLIENT_ROLE)
    uow.staff.add(row, uow.audit.append(event, Detail(actor.hex(), name)))
    return issue_token(uow, login, lifetime, service)


def introduce(uow: UnitOfWork, token_hash: bytes, source: str, clock: Clock) -> DecisionClient:
    """Which client bears this token, in the transaction of what it asks. Raises NotSignedIn, also for staff."""
    row = uow.sessions.find(token_hash)
    if row is None or row.ended or not row.active or row.expires_at <= clock.now() or row.zone != str(uow.zone):
        raise NotSignedIn("sign in first")
    if row.role != CLIENT_ROLE or not row.service:
        raise NotSignedIn("sign in first")
    return DecisionClient(row.actor, uow.zone, row.session, row.log_name, row.name, source)
