"""What the log's policy file asks of witnesses, for whoever looks how whole the log is."""

from __future__ import annotations

from auditor.verify import Checkpoint, Failed, Policy
from gateway.log.key import read_policy
from gateway.settings import Settings
from vault.errors import KeyringMissing
from vault.oversight.standing import Quorum


def quorum_of(settings: Settings) -> Quorum | None:
    """None if the policy file is not on this machine, or cannot be read."""
    try:
        policy = Policy.parse(read_policy(settings))
    except (KeyringMissing, Failed):
        return None

    def met(note: str) -> int | None:
        try:
            seen = Checkpoint.open(note, policy).seen
        except Failed:
            return None
        return len(seen) if policy.met(seen) else None

    return Quorum(policy.quorum != "none", met)
