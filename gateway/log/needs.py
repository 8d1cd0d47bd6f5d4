"""Which facts a rule asked for, in the policy that an entry names: the one in force, or one that was kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.log.replay import kept_policy
from gateway.settings import Settings
from policies.facts import facts_of
from policies.firewall import TableFirewall
from vault.errors import ConfigurationError
from vault.vocabulary import Fact

_MOST: Final = 64  # policies remembered: years of changes

_Rules = Mapping[str, tuple[Fact, ...]]


class KeptNeeds:
    """Implements `vault.usecases.explanations.Needs`. Reading a kept policy takes half a second."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, _Rules | None] = {}
        self._lock = threading.Lock()

    def in_force(self, firewall: TableFirewall) -> None:
        """The present policy needs no reading."""
        self._remember(firewall.digest.hex(), _rules(firewall))

    def __call__(self, digest: str, rule: str) -> Sequence[Fact] | None:
        if digest not in self._known:
            try:
                self._remember(digest, _rules(kept_policy(self._settings, digest)))
            except ConfigurationError:
                self._remember(digest, None)
        rules = self._known.get(digest)
        return rules.get(rule) if rules is not None else None

    def _remember(self, digest: str, rules: _Rules | None) -> None:
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[digest] = rules


def _rules(firewall: TableFirewall) -> _Rules:
    return {rule.id: facts_of(rule.needed) for rule in firewall.table.source.rules if rule.allows}
