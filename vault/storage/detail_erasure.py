"""Destroying details of audit entries: rows and keys of the keystore. The entries and their proofs know nothing of it.

An entry commits to its detail by a salted digest: without the detail, with which its salt goes, it tells nothing.
Details older than a moment go with the keys of their ten minutes; one actor's go alone, since a key is shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from vault.audit.log import EPOCH_SECONDS
from vault.errors import StoreUnavailable
from vault.storage.store import DRIVER_ERRORS, Database


class DetailErasure:
    """keystore: as its owner. entries: whose details go. before: details of all that was written earlier go."""

    def __init__(self, keystore: Database, *, entries: Sequence[bytes] = (), before: datetime | None = None) -> None:
        self._keystore = keystore
        self._entries = list(entries)
        #: Keys last ten minutes: those of the ten minutes in which the moment lies stay.
        self._epoch = int(before.timestamp()) // EPOCH_SECONDS if before is not None else 0

    def count(self) -> int:
        """How many details there are to destroy. Raises StoreUnavailable."""
        if not self._entries:
            return int(self._run("SELECT count(*) FROM {keystore}details WHERE epoch < ?", self._epoch).fetchone()[0])
        return sum(
            self._run("SELECT count(*) FROM {keystore}details WHERE entry_id = ?", entry).fetchone()[0]
            for entry in self._entries
        )

    def carry_out(self) -> int:
        """Destroy them; how many there were. Raises StoreUnavailable: run it again then."""
        self._connect()
        try:
            self._keystore.begin()
            gone = sum(
                self._run("DELETE FROM {keystore}details WHERE entry_id = ?", entry).rowcount for entry in self._entries
            )
            gone += self._run("DELETE FROM {keystore}details WHERE epoch < ?", self._epoch).rowcount
            self._run("DELETE FROM {keystore}detail_keys WHERE epoch < ?", self._epoch)
            self._keystore.commit()
            # What was deleted shall not linger in free pages and dead rows.
            if not self._keystore.sqlite:
                self._run("VACUUM {keystore}details, {keystore}detail_keys")
            elif not self._keystore.purge(wait=True):
                raise StoreUnavailable("destroyed, but somebody who reads the keystore keeps their pages: run it again")
        except DRIVER_ERRORS as fault:
            self._keystore.rollback()
            raise StoreUnavailable("the keystore cannot be written") from fault
        return int(gone)

    def _connect(self) -> None:
        if not self._keystore.connected:
            self._keystore.connect()

    def _run(self, statement: str, *values: Any) -> Any:
        self._connect()
        text = statement.format(keystore="" if self._keystore.sqlite else "keystore.")
        return self._keystore.raw.execute(text if self._keystore.sqlite else text.replace("?", "%s"), values)
