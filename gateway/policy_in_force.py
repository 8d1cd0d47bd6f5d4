"""Which policy is in force, how it gets there, and how another takes its place while the gateway serves.

Without PAREFEU_POLICY_DIR it is the policy that came with the program. With it, the folder's, held against the one that
was in force before: the copy in `home/policy-in-force`, or at first the program's own. One that lets anybody do or
see more needs the signatures of two reviewers. A new one is built aside and checked whole; only then one reference is
replaced. Whatever fails leaves the old one in force.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import Final

from gateway.policy_approval import check_widening, step_of
from gateway.settings import Settings
from policies.compiler import Table, compile_table
from policies.firewall import LiveFirewall, TableFirewall, load_firewall
from policies.impact import Impact, compare
from policies.lines import Source
from policies.loader import load_source
from policies.shadow import ShadowedFirewall
from vault.errors import PolicyRejected

_KEPT: Final = "policy-in-force"


class PolicyInForce:
    """One process's policy. Building belongs to one thread at a time; anybody may ask `firewall` meanwhile."""

    def __init__(self, settings: Settings) -> None:
        """Load the first policy. Raises PolicyRejected: then nothing is served."""
        self._settings: Final = settings
        first, _ = self._build(self._last())
        self.firewall: Final = LiveFirewall(first)
        self._keep(first.table.source)

    def reload(self) -> Impact:
        """Read the folder again and put it in force. Returns what changed. Raises PolicyRejected: nothing did."""
        fresh, impact = self._build(self.firewall.current.table)
        self._keep(fresh.table.source)
        self.firewall.reload(lambda: fresh)
        return impact

    def _build(self, before: Table | None) -> tuple[TableFirewall, Impact]:
        folder = self._settings.policy_dir
        fresh = load_firewall(folder)
        impact = compare(before, fresh.table) if before is not None else Impact(())
        if folder is not None and before is not None and impact.widens:
            step = step_of(before.source, fresh.table.source, impact)
            check_widening(folder, step, self._settings.reviewers)
        return ShadowedFirewall(fresh), impact

    def _last(self) -> Table | None:
        """What was in force when the process last ended. A copy that this program cannot read any more does not count:
        then the program's own policy is what the folder is held against."""
        if self._settings.policy_dir is None:
            return None
        kept = self._settings.home / _KEPT
        if kept.is_dir():
            with suppress(PolicyRejected):
                return compile_table(load_source(kept))
        return compile_table(load_source())

    def _keep(self, source: Source) -> None:
        """Keep a copy, whole or not at all. From the bytes that were read, not from the folder: it may have changed."""
        if self._settings.policy_dir is None:
            return
        kept = self._settings.home / _KEPT
        fresh, old = kept.with_name(f"{_KEPT}.new"), kept.with_name(f"{_KEPT}.old")
        for left in (fresh, old):
            shutil.rmtree(left, ignore_errors=True)
        for name, content in source.files:
            file = fresh / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if kept.exists():
            os.replace(kept, old)
        os.replace(fresh, kept)
        shutil.rmtree(old, ignore_errors=True)
