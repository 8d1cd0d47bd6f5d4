"""The log beside a server: says what is in force, beats for the lanes, sequences where it may, refuses when it must.

An embedded installation keeps the log itself, in a thread. A process of one zone does not hold the log's key: it
looks at how far the tree is (`log.heads`, which every zone may read) and refuses requests when that is too far
behind, so that nothing runs ahead of what can be proved.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from importlib.metadata import version
from typing import Final

from gateway.clock import SystemEntropy
from gateway.instance import read_directory
from gateway.log.configuration import keep_configuration
from gateway.log.keeper import PRESS_AFTER, LogKeeper, LogThread
from gateway.log.key import has_log_key, load_log_key
from gateway.log.lanes import close_lanes, write
from gateway.log.replay import keep_policy
from gateway.settings import Settings
from gateway.wiring import Services
from vault.audit.log import Lane
from vault.audit.log_events import heartbeat, keys_loaded, policy_loaded, settings_loaded
from vault.audit.sequencer import BATCH
from vault.crypto.detail import DetailLane
from vault.crypto.directory import ZoneDirectory
from vault.crypto.providers.file import FileRoot
from vault.errors import KeyringMissing, StoreError
from vault.ports import Clock
from vault.storage.log_reader import SqlLogReader
from vault.storage.store import Store
from vault.vocabulary import OVERSIGHT, Zone

#: A lane that wrote something says so again after this long: what is cut off its end is younger.
BEAT_EVERY: Final = 10.0  # seconds
#: A lane that wrote nothing says that it lives.
BEAT_IDLE: Final = 600.0  # seconds
_LOOK_EVERY: Final = 1.0  # seconds

log = logging.getLogger("parefeu.log")


def log_lane(directory: ZoneDirectory, clock: Clock) -> Lane:
    """The sequencer's own lane: it writes for oversight, and seals its details to it."""
    overseer, entropy = directory.of(OVERSIGHT).sealing, SystemEntropy()

    def start_epoch(lane: bytes, epoch: int) -> DetailLane:
        return DetailLane.start(overseer, lane, epoch, entropy)

    return Lane(OVERSIGHT, clock=clock, entropy=entropy, start_epoch=start_epoch)


def log_store(settings: Settings) -> Store:
    """The sequencer's own connections, as its own role where there are roles. Raises StoreUnavailable."""
    return Store(settings.log_url or settings.main_url, settings.log_keystore_url or settings.keys_url).connect()


def make_keeper(
    settings: Settings, clock: Clock, root: type[FileRoot] = FileRoot, services: Services | None = None
) -> LogKeeper:
    """Open the log's key and put a keeper together. services: an embedded server's, whose writer is shared.

    Raises KeyringError, ConfigurationError, StoreError, `auditor.verify.Failed`.
    """
    key = load_log_key(settings, SystemEntropy(), root)
    directory = services.directory if services is not None else read_directory(settings)
    exclusive = services.exclusive if services is not None else nullcontext
    store = log_store(settings)
    if services is not None:
        store.main.settled_by_others()  # by `LogKeeper.settle`, between its turns
        with exclusive():
            services.store.main.settled_by_others()
    return LogKeeper(settings, key, store, log_lane(directory, clock), clock, exclusive=exclusive)


def log_beside(services: Services, root: type[FileRoot] = FileRoot) -> Callable[[], None]:
    """Return what starts it all, to be called once the server answers. When the services close, lanes are closed
    and the log is brought up to date first. Raises KeyringMissing where nobody could keep the log."""
    settings = services.settings
    thread: LogThread | None = None
    if settings.embedded and has_log_key(settings):
        thread = LogThread(lambda: make_keeper(settings, services.clock, root, services), _press(services))
    elif settings.sqlite:  # nobody else could keep its log: entries would pile up that nothing proves
        raise KeyringMissing("the log has no key here: put back the home's folder `log`, or run `parefeu audit init`")
    pulse = Pulse(services, watch=thread is None)

    def stop() -> None:
        pulse.stop()
        close_lanes(services)
        if thread is not None:
            thread.stop()

    def start() -> None:
        announce(services)
        pulse.start()
        if thread is not None:
            thread.start()
        services.before_close.append(stop)

    return start


def _press(services: Services) -> Callable[[bool], None]:
    usual = services.worker.limit

    def press(wait: bool) -> None:
        services.worker.limit = 0 if wait else usual

    return press


def announce(services: Services) -> None:
    """Keep policy and settings; write down that they and the keys are in force here. Raises StoreUnavailable."""
    keep_policy(services.settings, services.firewall)
    texts = services.casework.texts.digest if services.casework is not None else ""
    settings = keep_configuration(services.settings, texts, version("parefeu"))
    for zone in services.sign_in:
        keys = keys_loaded(services.directory.serial, services.directory.of(zone).key_version)
        write(services, zone, policy_loaded(services.firewall.digest), settings_loaded(settings), keys)


class Pulse(threading.Thread):
    """Beats for the lanes; where another process keeps the log, watches how far it is (`watch`)."""

    def __init__(self, services: Services, *, watch: bool, every: float = BEAT_EVERY, idle: float = BEAT_IDLE) -> None:
        super().__init__(name="pulse", daemon=True)
        self._services = services
        self._every = every
        self._idle = idle
        self._over = threading.Event()
        self._press = _press(services)
        self._reader: SqlLogReader | None = None
        if watch:
            store = Store(services.settings.main_url, services.settings.keys_url)
            self._reader = SqlLogReader(store.main)
        self._beaten: dict[Zone, tuple[int, float]] = {}

    def stop(self) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        last = seen = time.monotonic()
        while not self._over.wait(min(_LOOK_EVERY, self._every)):
            try:
                if self._reader is not None:
                    self._press(self.behind(self._reader))
                    seen = time.monotonic()
                if time.monotonic() - last >= self._every:
                    last = time.monotonic()
                    self.beat(last)
            except StoreError:
                log.warning("no heartbeat: the store does not answer")
                if self._reader is not None and time.monotonic() - seen > PRESS_AFTER:
                    self._press(True)  # how far the log is cannot be seen: nothing may run ahead of it

    def beat(self, now: float) -> None:
        """A heartbeat in each lane that wrote since the last one, or has been silent for long."""
        for zone, lane in self._services.lanes.items():
            number, at = self._beaten.get(zone, (-1, 0.0))
            if lane.announced and (lane.number != number or now - at >= self._idle):
                write(self._services, zone, heartbeat())
                self._beaten[zone] = (lane.number, now)

    def behind(self, reader: SqlLogReader) -> bool:
        """Whether the tree is too far behind. Before its first turn there is no tree to wait for.

        A turn of a moment that is still to come tells nothing: the clock was set back.
        """
        turned = reader.turned()
        if turned is None:
            return False
        at, waiting = turned
        return waiting >= BATCH or abs((self._services.clock.now() - at).total_seconds()) > PRESS_AFTER
