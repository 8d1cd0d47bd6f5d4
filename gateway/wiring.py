"""Builds everything from settings: the only place that picks concrete adapters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from gateway.access_rules import load_access_rules
from gateway.auth.oidc import Provider
from gateway.auth.oidc_rules import load_providers
from gateway.background import Pace
from gateway.break_glass_rules import load_emergency_rules
from gateway.case_sample_rules import load_case_sample_rules
from gateway.clock import SystemClock, SystemEntropy
from gateway.detection import load_detection
from gateway.exception_rules import load_exception_rules
from gateway.instance import open_zones, read_directory, read_pin
from gateway.keyring_file import KeyringFile, LiveWrapper
from gateway.office_texts import load_texts
from gateway.organisation import load_organisation
from gateway.parameters import load_parameters
from gateway.policy_in_force import PolicyInForce
from gateway.protocol_rules import load_protocols
from gateway.referral_rules import load_referral_rules
from gateway.replay import replay
from gateway.report_words import ReportWords, load_report_words
from gateway.retention_rules import load_retention_rules
from gateway.settings import Settings, slug
from gateway.timetable_rules import load_timetable
from policies.namespace import Namespace, load_namespace
from vault.access.asking import ASKING_ZONES, READERS, AccessOffice
from vault.access.correspondence import Correspondence
from vault.access.enforcement import Guard
from vault.access.releases import Receiver, Sender
from vault.access.sealing import RecordKeeper
from vault.audit.log import Lane
from vault.cases.calendar import Calendar
from vault.cases.protocols import Protocols
from vault.crypto.blind_index import BlindIndex
from vault.crypto.detail import DetailLane
from vault.crypto.directory import ZoneDirectory
from vault.crypto.hierarchy import ZoneKeyring
from vault.crypto.providers.file import FileRoot
from vault.errors import ConfigurationError
from vault.ports import Clock, Entropy, Firewall
from vault.pseudonyms import PseudonymKeys
from vault.storage import generations, installation, migrate
from vault.storage.erasures import unfinished
from vault.storage.store import Store, claim
from vault.storage.worker import GroupRunner, Worker
from vault.usecases.casework import Casework
from vault.usecases.erasing import ErasureWatch
from vault.usecases.passkeys import PasskeyDesk
from vault.usecases.received import Reception
from vault.usecases.sign_in import SignIn
from vault.usecases.trail import Oversight
from vault.vocabulary import CASEWORK, OVERSIGHT, Zone, ZoneKind


@dataclass(slots=True)
class Services:
    """Everything a running process has, for the zones it serves."""

    settings: Settings
    worker: Worker
    store: Store
    firewall: Firewall
    clock: Clock
    directory: ZoneDirectory
    lanes: dict[Zone, Lane]
    exclusive: Callable[[], AbstractContextManager[Store]]
    sign_in: dict[Zone, SignIn]
    passkeys: dict[Zone, PasskeyDesk]
    providers: dict[Zone, Provider]
    reception: dict[Zone, Reception]
    access: dict[Zone, AccessOffice] = field(default_factory=dict)  # of zones that ask for access, or answer
    casework: Casework | None = None
    sender: Sender | None = None
    oversight: Oversight | None = None
    erasures: ErasureWatch | None = None
    report_words: ReportWords | None = None
    correspondence: dict[Zone, Correspondence] = field(default_factory=dict)
    #: What must end before the store is let go, in reverse order.
    before_close: list[Callable[[], None]] = field(default_factory=list)
    policy: PolicyInForce | None = None  # None where a firewall was handed in
    namespaces: dict[Zone, tuple[Namespace, ...]] = field(default_factory=dict)
    #: Each zone's keys on disk: whoever rotates them, or must know whether somebody did.
    keyring_files: dict[Zone, KeyringFile] = field(default_factory=dict)
    #: How fast this process makes the log findable.
    filing_pace: Pace = field(default_factory=Pace)
    _held: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        while self.before_close:
            self.before_close.pop()()
        self.worker.close()
        self.store.close()
        self._held.close()


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    firewall: Firewall | None = None,
    root: type[FileRoot] = FileRoot,
    note: Callable[[], str] = lambda: "starting",
) -> Services:
    """Open keys and databases and put the parts together. Raises ConfigurationError, KeyringError, StoreError.

    note: what the embedded store's lock says about its holder.
    """
    settings.check()
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    if settings.sqlite and not settings.home.is_dir():
        raise ConfigurationError("there is no installation here: run `parefeu init` first")
    held = ExitStack()
    try:
        if settings.sqlite:
            held.enter_context(claim(settings.home, note))
        # First: meanwhile the passphrases are being stretched, where that was begun before (`cli.serve.EarlyRoots`).
        policy = PolicyInForce(settings) if firewall is None else None
        firewall = policy.firewall if policy is not None else firewall
        files = open_zones(settings, settings.zones, entropy, root)
        keyrings = {zone: file.keyring for zone, file in files.items()}
        directory = read_directory(settings)
        _check_directory(directory, keyrings)
        store = Store(settings.main_url, settings.keys_url)
        held.callback(store.close)
        migrate.check(store.main.engine, "main")
        migrate.check(store.keystore.engine, "keystore")
        store.connect()
        installation.check(store.main, "main", read_pin(settings))
        installation.check(store.keystore, "keystore", read_pin(settings))
        for zone, file in files.items():
            file.renew()  # a rotation may have ended since
            generations.check(store.keystore, zone, file.keyring.wrapper.marks(zone))
        _check_role(settings, store)
        assert firewall is not None
        services = _assemble(settings, store, keyrings, files, directory, firewall, clock, entropy, held)
    except BaseException:
        held.close()
        raise
    services.policy = policy
    try:
        replay(services, unfinished(store.main, store.keystore))
    except BaseException:
        services.close()
        raise
    return services


def _assemble(
    settings: Settings, store: Store, keyrings: dict[Zone, ZoneKeyring], files: dict[Zone, KeyringFile],
    directory: ZoneDirectory, firewall: Firewall, clock: Clock, entropy: Entropy, held: ExitStack,
) -> Services:  # fmt: skip
    overseer = directory.of(OVERSIGHT).sealing

    def start_epoch(lane: bytes, epoch: int) -> DetailLane:
        return DetailLane.start(overseer, lane, epoch, entropy)

    lanes = {zone: Lane(zone, clock=clock, entropy=entropy, start_epoch=start_epoch) for zone in keyrings}
    guard, protocols = Guard(firewall, clock), load_protocols(settings.protocols_file)
    correspondence = {
        zone: Correspondence(zone, directory, keyring.sealing, keyring.signing, clock, entropy)
        for zone, keyring in keyrings.items()
    }
    runner = GroupRunner(store, lanes)
    sign_in = {zone: SignIn(zone, keyring.log_key, clock, entropy) for zone, keyring in keyrings.items()}
    origin = settings.passkey_origin
    services = Services(
        settings=settings,
        worker=Worker(runner),
        store=store,
        firewall=firewall,
        clock=clock,
        directory=directory,
        lanes=lanes,
        exclusive=runner.exclusive,
        sign_in=sign_in,
        passkeys={
            zone: PasskeyDesk(sign_in[zone], guard, directory, keyring.signing, origin)
            for zone, keyring in keyrings.items()
        },
        providers={zone: Provider(rules, secret, clock) for zone, (rules, secret) in load_providers(settings).items()},
        reception={
            zone: Reception(guard, Receiver(zone, directory, keyring.sealing, clock), correspondence[zone], protocols)
            for zone, keyring in keyrings.items()
            if zone.kind is not ZoneKind.CASEWORK
        },
        access=_offices(settings, keyrings, directory, guard, clock, entropy, protocols),
        namespaces=load_namespaces(settings),
        correspondence=correspondence,
        keyring_files=files,
        _held=held,
    )
    own = keyrings.get(CASEWORK)
    if own is not None and own.pseudonym_root is not None and own.blind_index_key is not None:
        pseudonyms, index = PseudonymKeys(own.pseudonym_root), BlindIndex(own.blind_index_key.expose())
        keeper = RecordKeeper(LiveWrapper(files[CASEWORK]), clock=clock, entropy=entropy)
        services.casework = _casework(
            settings, guard, keeper, pseudonyms, index, directory, clock, entropy, protocols
        )  # fmt: skip
        services.sender = Sender(directory, own.signing, clock, entropy, protocols)
    if OVERSIGHT in keyrings:
        services.oversight = _oversight(settings, keyrings[OVERSIGHT], guard, clock, entropy)
        rules = load_retention_rules(settings.retention_file)
        services.erasures = ErasureWatch(guard, correspondence[OVERSIGHT], rules)
        services.report_words = load_report_words(settings.texts_dir)
    return services


def _offices(
    settings: Settings, keyrings: dict[Zone, ZoneKeyring], directory: ZoneDirectory, guard: Guard, clock: Clock,
    entropy: Entropy, protocols: Protocols,
) -> dict[Zone, AccessOffice]:  # fmt: skip
    rules, exceptions = load_access_rules(settings.access_file), load_exception_rules(settings.exceptions_file)
    return {
        zone: AccessOffice(
            zone, guard, directory, keyring.sealing, keyring.signing, clock, entropy, rules, protocols, exceptions
        )
        for zone, keyring in keyrings.items()
        if zone in READERS or zone in ASKING_ZONES
    }


def _oversight(settings: Settings, own: ZoneKeyring, guard: Guard, clock: Clock, entropy: Entropy) -> Oversight:
    rules = load_detection(settings.detection_file)
    emergencies = load_emergency_rules(settings.break_glass_file)
    table = load_timetable(settings.timetable_file)
    return Oversight(guard, own.sealing, own.signing, clock, entropy, rules, Calendar(), emergencies, table)


def _casework(
    settings: Settings, guard: Guard, keeper: RecordKeeper, pseudonyms: PseudonymKeys, index: BlindIndex,
    directory: ZoneDirectory, clock: Clock, entropy: Entropy, protocols: Protocols,
) -> Casework:  # fmt: skip
    """Everything that the operator configures about casework, read and checked; and the keys it works with."""
    parameters, texts = load_parameters(settings.parameters_file), load_texts(settings.texts_dir)
    organisation, agenda = load_organisation(settings.organisation_file)
    horizon = timedelta(days=parameters.flow.furthest_appointment.value)
    return Casework(
        guard=guard,
        keeper=keeper,
        pseudonyms=pseudonyms,
        index=index,
        clock=clock,
        entropy=entropy,
        texts=texts,
        parameters=parameters,
        calendar=Calendar(parameters.terms.extra_holidays),
        office=settings.office(text for note in texts.notes.values() for text in note.skeletons.values()),
        organisation=organisation,
        agenda_rules=replace(agenda, horizon=horizon),
        rules=load_referral_rules(settings.referrals).limited_to([entry.zone for entry in directory.entries]),
        emergency_rules=load_emergency_rules(settings.break_glass_file),
        sample_rules=load_case_sample_rules(settings.samples_file),
        retention=load_retention_rules(settings.retention_file),
        protocols=protocols,
        partners=frozenset(e.zone for e in directory.entries if e.zone.kind is ZoneKind.PARTNER),
    )


def load_namespaces(settings: Settings) -> dict[Zone, tuple[Namespace, ...]]:
    """The policies beside the vault's, by the zone whose decision clients may ask. Raises PolicyRejected."""
    folder = settings.namespaces_dir
    if folder is None:
        return {}
    if not folder.is_dir():
        raise ConfigurationError("the folder of namespaces is not there")
    known = {slug(zone): zone for zone in settings.zones}
    found: dict[Zone, tuple[Namespace, ...]] = {}
    for zone_folder in sorted(folder.iterdir()):
        zone = known.get(zone_folder.name)
        if zone is not None:  # another zone's process loads the others
            found[zone] = tuple(load_namespace(each) for each in sorted(zone_folder.iterdir()))
    return found


def _check_role(settings: Settings, store: Store) -> None:
    """Row policies bind no superuser and no owner: a zone on such a role has no store wall."""
    if settings.environment == "production" and not store.sqlite and store.main.unbound_role():
        raise ConfigurationError(
            "this zone's database role is a superuser or owns the tables, so row policies do not bind it: "
            "use the role that `parefeu db roles` makes"
        )


def _check_directory(directory: ZoneDirectory, keyrings: dict[Zone, Any]) -> None:
    """A zone whose own keys are not the ones the directory names would seal what nobody can open."""
    for zone, keyring in keyrings.items():
        entry = directory.of(zone)
        if entry.sealing != keyring.sealing.public or entry.verify != keyring.signing.public:
            raise ConfigurationError(f"the directory names other keys for zone {zone} than its keyring holds")
