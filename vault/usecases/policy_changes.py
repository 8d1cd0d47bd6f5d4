"""Write down that another policy took the place of the one in force, or was refused."""

from __future__ import annotations

from vault.audit.events import Detail, Event, Happening, Verdict
from vault.unit_of_work import UnitOfWork


def record_policy_change(uow: UnitOfWork, digest: bytes, outcome: str, *, loaded: bool) -> None:
    """digest: of the policy that is in force now. outcome: a code, such as `wider`, `narrower`, `unsigned`."""
    happening = Happening.POLICY_LOADED if loaded else Happening.POLICY_REFUSED
    event = Event(happening.value, "policy", Verdict.NONE, policy=digest.hex(), outcome=outcome)
    uow.audit.append(event, Detail())
