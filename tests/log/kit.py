"""A sequencer on a house's databases, with a key of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from auditor.verify import Failed, Policy, Read, verify_logs
from gateway.clock import SystemEntropy
from gateway.instance import read_directory
from gateway.log.source import live_source
from tests.house import House
from vault.audit.log import Lane
from vault.audit.sequencer import BATCH, Sequencer
from vault.audit.turns import Head
from vault.crypto.detail import DetailLane
from vault.crypto.log_key import LogKey
from vault.sensitive import Sensitive
from vault.storage.log_reader import SqlLogReader
from vault.storage.log_store import SqlLogStore
from vault.storage.store import Store
from vault.usecases.sign_in import issue_token
from vault.vocabulary import OVERSIGHT

NAME = "log.example"
KEY = LogKey(NAME, Sensitive(b"\x07" * 32))


def lane_of(house: House) -> Lane:
    overseer = read_directory(house.settings).of(OVERSIGHT).sealing

    def start_epoch(lane: bytes, epoch: int) -> DetailLane:
        return DetailLane.start(overseer, lane, epoch, SystemEntropy())

    return Lane(OVERSIGHT, clock=house.clock, entropy=SystemEntropy(), start_epoch=start_epoch)


class Keeper:
    """A sequencer with a connection of its own."""

    def __init__(
        self, house: House, *, batch: int = BATCH, before_signing: Callable[[Head | None], None] = lambda _: None
    ) -> None:
        self.house = house
        self._options: dict[str, Any] = {"batch": batch, "before_signing": before_signing}
        self.move(Store(house.settings.main_url, house.settings.keys_url).connect())

    def move(self, store: Store) -> None:
        """Go on as a new process over another connection."""
        self.store = store
        self.sequencer = Sequencer(SqlLogStore(store), lane_of(self.house), KEY, self.house.clock, **self._options)

    def turn(self, reopen: str = "", **options: Any) -> Any:
        return self.sequencer.turn(reopen, **options)

    def live(self) -> list[Read]:
        """Each tree as the verifier reads it."""
        reader = SqlLogReader(self.store.main)
        return [live_source(reader, head, POLICY) for head in reader.heads()]

    def close(self) -> None:
        self.store.close()


def jump(house: House, **by: float) -> None:
    """Move the clock and sign everybody in anew: sessions do not outlive a working day."""
    house.clock.move(**by)
    for login, row in house.staff.items():
        service = house.services.sign_in[row.zone]
        house.tokens[login] = house.services.worker.run(
            row.zone, lambda uow, login=login, service=service: issue_token(uow, login, timedelta(hours=10), service)
        )


POLICY = Policy.parse(
    "".join(f"log {KEY.signer(f'{NAME}/{period}').verifier}\n" for period in ("2026h2", "2026h2-1", "2027h1", "2027h2"))
    + "quorum none\n"
)


def verdict(source: str | list[Read], policy: Policy = POLICY, **options: Any) -> str:
    """The kind of failure, or `sound`."""
    try:
        verify_logs(source, policy, **options)
    except Failed as fault:
        return fault.kind
    return "sound"
