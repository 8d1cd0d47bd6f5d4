"""The doctor at an installation: its files and keys, its databases' rows, its log's tree, a sample of its records."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from vault.doctor.access_checks import ACCESS_CHECKS
from vault.doctor.case_checks import CASE_CHECKS
from vault.doctor.case_sample_checks import CASE_SAMPLE_CHECKS
from vault.doctor.checks import Check, Fault, Findings, Progress, Severity, examine, nobody
from vault.doctor.emergency_checks import EMERGENCY_CHECKS
from vault.doctor.erasure_checks import ERASURE_CHECKS
from vault.doctor.exception_checks import EXCEPTION_CHECKS
from vault.doctor.key_checks import KEY_CHECKS
from vault.doctor.log_checks import LOG_CHECKS
from vault.doctor.passkey_checks import PASSKEY_CHECKS
from vault.doctor.people_checks import PEOPLE_CHECKS
from vault.doctor.recorded_checks import RECORDED_CHECKS
from vault.doctor.surroundings import Colleague, Surroundings
from vault.errors import ConfigurationError, ForeignStore, StoreMismatch, StoreUnavailable, VaultError
from vault.ids import ActorId

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.wiring import Services
    from vault.crypto.directory import ZoneDirectory
    from vault.doctor.survey import Survey
    from vault.ports import Clock

DIRECTORY: Final = Check(
    "directory", "the directory of the zones' keys is whole, signed by the pinned key, and not an older one",
    "whoever replaced it can have things sealed to keys of their own",
    "put back directory.json and directory.pin; ask who keeps the offline key",
)  # fmt: skip
ROOTS: Final = Check(
    "roots", "the keys of each zone here stand under a root of the kind that the settings say",
    "the zone starts no more, or starts with a root that was thought to be gone",
    "put PAREFEU_ROOTS_FILE right, or move the keys with `parefeu keys move-root`",
)  # fmt: skip
DATABASES: Final = Check(
    "databases", "both databases are there, and every page of an embedded one can be read",
    "rows are lost, or will be", "stop; put back the backup (main database first, keystore second)",
)  # fmt: skip
SCHEMA: Final = Check(
    "schema", "both databases have exactly this program's schema", "rows would be misread",
    "stop the servers, back up, run `parefeu db migrate`",
)  # fmt: skip
INSTALLATION: Final = Check(
    "installation", "both databases bear this installation's pin", "one of the two belongs to another installation",
    "check the addresses of both; put back this installation's own",
)  # fmt: skip
TREE: Final = Check(
    "log_tree", "the log's tree, its checkpoints and the entries stored are one",
    "an entry was changed or taken away after it was signed", "run `parefeu audit verify`; tell the auditor",
)  # fmt: skip
NAMES: Final = Check(
    "log_names", "the log's policy file has a key for the trees of this half-year and the next",
    "the log stays in the tree of a half-year that is over, or soon will; it is whole, and goes on",
    "look at the clock; else put what `parefeu audit policy --ahead 8` prints into policy.txt, hand it to the auditor "
    "and the witnesses, and start what keeps the log again",
    severity=Severity.REMARK,
)  # fmt: skip
SAMPLE: Final = Check(
    "sample", "records of a sample open with casework's keys, and say of themselves what their rows say",
    "ciphertexts were moved, exchanged or damaged, or a key was lost",
    "put back the backup that still opens; look who wrote to the database",
)  # fmt: skip
#: Checks of rows, in the order in which they are run.
ROW_CHECKS: Final = (
    *PEOPLE_CHECKS, *PASSKEY_CHECKS, *KEY_CHECKS, *ERASURE_CHECKS, *LOG_CHECKS, *RECORDED_CHECKS, *ACCESS_CHECKS,
    *EXCEPTION_CHECKS, *EMERGENCY_CHECKS, *CASE_SAMPLE_CHECKS, *CASE_CHECKS,
)  # fmt: skip
CHECKS: Final = (DIRECTORY, ROOTS, DATABASES, SCHEMA, INSTALLATION, *ROW_CHECKS, TREE, NAMES, SAMPLE)


def look(settings: Settings, clock: Clock, progress: Progress = nobody) -> Findings:
    """Everything but the sample. What hinders all that follows is found alone. Never raises for what it finds."""
    from vault.storage.survey import SqlSurvey

    findings = Findings()
    directory = _directory(settings, findings)
    _roots(settings, findings)
    if directory is None or not _databases(settings, findings):
        return findings
    with SqlSurvey(settings.main_url, settings.keys_url) as survey:
        try:
            examine(ROW_CHECKS, survey, _surroundings(settings, directory, survey, clock), findings, progress)
        except StoreUnavailable as fault:
            findings.add(DATABASES, Fault(str(fault)))
            return findings
    _tree(settings, clock, findings, progress)
    return findings


def _directory(settings: Settings, findings: Findings) -> ZoneDirectory | None:
    from gateway.instance import read_directory

    try:
        return read_directory(settings)
    except VaultError as fault:
        findings.add(DIRECTORY, Fault(str(fault)))
        return None


def roots_here(settings: Settings) -> dict[str, str]:
    """The kind of root under which the keys stand, of every zone whose folder is here, and of the log."""
    from gateway.roots import LOG, keys_file, kind_here

    folder, found = settings.home / "zones", {}
    for name in (*sorted(path.name for path in folder.glob("*")), LOG):
        if keys_file(settings, name).exists():
            try:
                found[name] = kind_here(settings, name)
            except VaultError:
                found[name] = "unreadable"
    return found


def _roots(settings: Settings, findings: Findings) -> None:
    """Opens nothing: what the keys say of themselves is held against the settings."""
    from gateway.roots import place_of

    for name, found in roots_here(settings).items():
        try:
            meant = place_of(settings, name).kind
        except ConfigurationError as fault:
            findings.add(ROOTS, Fault(str(fault)))
            return
        if found != meant:
            findings.add(ROOTS, Fault(f"the keys stand under a root of kind {found}, the settings say {meant}", name))


def _databases(settings: Settings, findings: Findings) -> bool:
    """Whether rows can be looked at."""
    from gateway.instance import read_pin
    from vault.storage import installation, migrate
    from vault.storage.store import Store

    store = Store(settings.main_url, settings.keys_url)
    try:
        for which, database in (("main", store.main), ("keystore", store.keystore)):
            name: migrate.Which = "main" if which == "main" else "keystore"
            migrate.check(database.engine, name)
            migrate.look_through(database.engine, name)
            database.connect()
            installation.check(database, name, read_pin(settings))
    except StoreMismatch as fault:
        findings.add(SCHEMA, Fault(str(fault)))
    except ForeignStore as fault:
        findings.add(INSTALLATION, Fault(str(fault)))
    except StoreUnavailable as fault:
        findings.add(DATABASES, Fault(str(fault)))
    else:
        return True
    finally:
        store.close()
    return False


def _surroundings(settings: Settings, directory: ZoneDirectory, survey: Survey, clock: Clock) -> Surroundings:
    from gateway.organisation import load_organisation
    from gateway.parameters import load_parameters
    from vault.cases.calendar import Calendar

    parameters, (organisation, _) = (
        load_parameters(settings.parameters_file),
        load_organisation(settings.organisation_file),
    )
    columns = ("actor_id", "zone", "role", "region", "active")
    staff = {
        ActorId(actor): Colleague(ActorId(actor), zone, role, region, bool(active))
        for actor, zone, role, region, active in survey.rows("staff", *columns)
    }
    return Surroundings(
        clock.now(), parameters, Calendar(parameters.terms.extra_holidays),
        frozenset(str(entry.zone) for entry in directory.entries), int(organisation.cell.total_seconds()), staff,
    )  # fmt: skip


def _tree(settings: Settings, clock: Clock, findings: Findings, progress: Progress) -> None:
    """The same verification as `parefeu audit verify`. Before a tree was begun there is nothing to verify."""
    from auditor.verify import Failed, Policy, verify_logs
    from gateway.cli.audit_log import reading
    from gateway.log.key import periods, periods_named, read_policy
    from gateway.log.source import live_source

    try:
        with reading(settings) as reader:
            heads = [head for head in reader.heads() if head.note]
            if heads:
                policy = Policy.parse(read_policy(settings))
                named = periods_named(policy, heads[-1].origin.rpartition("/")[0])
                for period in periods(clock.now(), 2):
                    if period not in named:
                        findings.add(NAMES, Fault("policy.txt names no tree for this half-year, or the next", period))
                reads = [live_source(reader, head, policy) for head in heads]
                verify_logs(reads, policy, progress=lambda done, total: progress(TREE.name, done, total))
    except Failed as fault:
        findings.add(TREE, Fault(f"{fault.kind}: {fault}"))
    except VaultError as fault:
        findings.add(TREE, Fault(str(fault)))


def sample_of(settings: Settings, wanted: int) -> list[tuple[bytes, int]]:
    """Versions of records, spread evenly over all of them by id. Raises StoreUnavailable."""
    from vault.storage.survey import SqlSurvey

    with SqlSurvey(settings.main_url, settings.keys_url) as survey:
        erased = {case for (case,) in survey.rows("cases", "case_id", state="erased")}
        stride = max(1, survey.count("records") // wanted)
        rows = survey.rows("records", "record_id", "version", "case_id", order=("record_id", "version"))
        found = [(row[0], row[1]) for place, row in enumerate(rows) if place % stride == 0 and row[2] not in erased]
    return found[:wanted]


def try_sample(services: Services, sample: list[tuple[bytes, int]], findings: Findings, progress: Progress) -> None:
    """Open each and drop it; the log says that it was done. Needs casework's keys."""
    from vault.ids import RecordId
    from vault.usecases.soundness import try_records
    from vault.vocabulary import CASEWORK

    casework = services.casework
    assert casework is not None
    for first in range(0, len(sample), _AT_ONCE):
        progress(SAMPLE.name, first, len(sample))
        part = [(RecordId(raw), version) for raw, version in sample[first : first + _AT_ONCE]]
        failed = services.worker.run(CASEWORK, partial(try_records, wanted=part, casework=casework))
        for record, code in failed:
            findings.add(SAMPLE, Fault(f"a record does not open ({code})", record.hex()))


_AT_ONCE: Final = 64
