"""`parefeu audit verify | prove | export | diff | policy | init | sequence | reopen | erase`: the whole log.

These read the log where it lies (oversight's database role is enough) or files of it, open nothing personal, and are
not written down in it: what they read is what any auditor may hold a copy of. Opening details is another thing
(`audit detail`), and is logged.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.home import Home, Json, hooks_of, settings_of
from vault.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from auditor.verify import Policy, Read
    from gateway.log.keeper import LogKeeper
    from gateway.settings import Settings
    from vault.storage.log_reader import SqlLogReader

PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="Whose signatures count; default: the installation's own file.")
]


@contextmanager
def reading(settings: Settings) -> Iterator[SqlLogReader]:
    """The log of an installation, read where it lies. Raises ConfigurationError, StoreUnavailable."""
    from gateway.log.live import reading as live

    with live(settings) as reader:
        yield reader


def _policy(settings: Settings, file: Path | None) -> tuple[str, Policy]:
    from auditor.verify import Policy
    from gateway.log.key import read_policy

    text = read_policy(settings, file)
    return text, Policy.parse(text)


def shown_checkpoint(reader: SqlLogReader, settings: Settings, file: Path | None) -> bytes:
    """The newest tree's checkpoint as it is shown. Raises NotFound before there is one."""
    from gateway.log.source import shown
    from vault.errors import NotFound

    head = next((head for head in reversed(reader.heads()) if head.note), None)
    if head is None:
        raise NotFound("no tree was begun yet")
    return shown(reader, head, _policy(settings, file)[1])[0].encode()


def _told(check: Callable[[], dict[str, Any]], as_json: bool) -> None:
    """Run a check, print what it found, and exit with its failure's code."""
    from auditor.verify import CODES, MEANS, Failed

    try:
        found = check()
    except Failed as fault:
        found = {"verdict": fault.kind, "what": str(fault), "means": MEANS[fault.kind]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as fault:
        found = {"verdict": "read", "what": f"{type(fault).__name__}: {fault}", "means": MEANS["read"]}
    if as_json:
        output.show_json(found)
    else:
        output.show_record(found)
    if found["verdict"] != "sound":
        raise typer.Exit(CODES[found["verdict"]])


def verify(
    source: Annotated[str, typer.Argument(help="A folder or web address; default: this installation's database.")] = "",
    home: Home = None,
    policy: PolicyFile = None,
    checkpoint: Annotated[list[Path] | None, typer.Option("--checkpoint", help="One you kept; repeat it.")] = None,
    max_age: Annotated[
        float | None, typer.Option("--max-age", help="Hours the newest sign of life may be old.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the log from its first entry to its newest checkpoint.

    Exit code: 0 sound; 10 hash, 11 root, 12 signature, 13 gap, 14 fork, 15 stale, 16 quorum; 2 unreadable.
    """
    from auditor.verify import bar, is_evidence, read_file, summary, text_of, verify_evidence, verify_logs
    from gateway.log.live import check as check_live

    settings = settings_of(home)
    options: dict[str, Any] = {
        "max_age": None if max_age is None else max_age * 3600,
        "now": time.time(),
        "progress": bar,
    }

    def check() -> dict[str, Any]:
        _, wanted = _policy(settings, policy)
        options["notes"] = [text_of(read_file(file)) for file in checkpoint or []]
        if source and is_evidence(Path(source)):
            found = verify_evidence(Path(source), wanted, options["notes"], options["max_age"])
            return {"verdict": "sound", "entries": len(found)}
        if source:
            return summary(*verify_logs(source, wanted, **options))
        with reading(settings) as reader:
            return check_live(reader, wanted, **options)

    _told(check, as_json)


def prove(
    entry: str,
    home: Home = None,
    policy: PolicyFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the proof to this file.")] = None,
) -> None:
    """Print where one entry stands in the log, as a file that anybody can check offline (.tlog-proof)."""
    from gateway.log.evidence import prove as proof_of
    from vault.ids import EntryId

    settings = settings_of(home)
    _, wanted = _policy(settings, policy)
    with reading(settings) as reader:
        text = proof_of(reader, EntryId.parse(entry), wanted).proof.encode()
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")


def export(
    folder: Path,
    home: Home = None,
    policy: PolicyFile = None,
    case: Annotated[str, typer.Option("--case", help="Entries about one case, by its log pseudonym.")] = "",
    actor: Annotated[str, typer.Option("--actor", help="Entries of one actor, by log pseudonym.")] = "",
    period: Annotated[str, typer.Option("--period", help="FROM/TO, ISO dates or times, UTC.")] = "",
    detail: Annotated[list[Path] | None, typer.Option("--detail", help="One kept by `audit detail --opening`.")] = None,
) -> None:
    """Write the whole log as files; with --case, --actor or --period, a bundle of evidence that stands alone."""
    from gateway.log.evidence import proofs_of, write_bundle
    from gateway.log.key import replace_file
    from gateway.log.source import publish
    from vault.ids import EntryId

    settings = settings_of(home)
    text, wanted = _policy(settings, policy)
    with reading(settings) as reader:
        if not (case or actor or period):
            folder.mkdir(parents=True, exist_ok=True)
            written = publish(reader, folder, wanted)
            replace_file(folder / "policy.txt", text.encode())
            typer.echo(f"{written} files written; check with: audit-verify {folder} --policy {folder / 'policy.txt'}")
            return
        since, until = _period(period)
        found = [EntryId(raw) for raw in reader.entries_where(subject=case, actor=actor, since=since, until=until)]
        details = {EntryId.parse(file.stem): file.read_bytes() for file in detail or []}
        found += [each for each in details if each not in found]  # a sign-in, which says who a session was
        about = ", ".join(word for word in (case and f"case {case}", actor and f"actor {actor}", period) if word)
        count = write_bundle(
            folder, proofs_of(reader, found, wanted), text, hooks_day(), about=about, details=details
        )  # fmt: skip
    if count < len(found):
        typer.echo(f"not in it: {len(found) - count} entries that no checkpoint holds yet", err=True)
    typer.echo(f"{count} entries with their proofs; check with: python {folder / 'verify.py'} {folder} --policy …")


def hooks_day() -> str:
    from gateway.clock import SystemClock

    return SystemClock().now().date().isoformat()


def _period(text: str) -> tuple[datetime | None, datetime | None]:
    """`2026-11-01/2026-12-01`; either side may be empty. Raises InvalidInput."""
    begin, _, end = text.partition("/")
    return moment(begin), moment(end)


def moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("a moment is an ISO date or time", field="period") from None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def diff(
    old: Path,
    new: Path,
    source: Annotated[str, typer.Argument(help="A folder or address; default: this installation's database.")] = "",
    home: Home = None,
    policy: PolicyFile = None,
    as_json: Json = False,
) -> None:
    """Compare two checkpoints: is one the beginning of the other, and what was added in between?"""
    from auditor.verify import Checkpoint, Failed, Lanes, bar, entries_of, read_file, reader, text_of, verify_log
    from gateway.log.source import live_source
    from vault.audit.legible import said

    settings = settings_of(home)

    def compare(read: Read, wanted: Policy, one: Checkpoint, other: Checkpoint) -> dict[str, Any]:
        whole = verify_log(read, wanted, Lanes(), others=[one.note, other.note], progress=bar)
        added = Counter[str]()
        # By the files of the newest checkpoint: of a tile that was not full at an older one there may be no other.
        for entry, _ in islice(entries_of(read, whole.entries), one.size, other.size):
            body = said(entry)
            added["{action} {kind} {decision}".format(**body) if body is not None else "illegible"] += 1
        return {
            "verdict": "sound", "origin": one.origin, "from": one.size, "to": other.size,
            **dict(added.most_common()),
        }  # fmt: skip

    def check() -> dict[str, Any]:
        _, wanted = _policy(settings, policy)
        one, other = sorted(
            (Checkpoint.open(text_of(read_file(file)), wanted) for file in (old, new)), key=lambda each: each.size
        )
        if one.origin != other.origin:
            raise Failed("fork", f"they are of two logs: {one.origin} and {other.origin}")
        if one.size == other.size:
            if one.root != other.root:
                raise Failed("fork", f"two checkpoints of {one.size} entries name different trees")
            return {"verdict": "sound", "origin": one.origin, "from": one.size, "to": other.size}
        if source:
            return compare(reader(source), wanted, one, other)
        with reading(settings) as live:
            head = next((head for head in live.heads() if head.origin == one.origin), None)
            if head is None:
                raise Failed("read", f"this database holds no log {one.origin}")
            return compare(live_source(live, head, wanted), wanted, one, other)

    _told(check, as_json)


def policy(home: Home = None, ahead: Annotated[int, typer.Option("--ahead", min=0, max=40)] = 0) -> None:
    """Print the policy file for auditors and witnesses; --ahead N: the key of each of the next N trees."""
    from gateway.clock import SystemClock
    from gateway.log.key import load_log_key, periods, read_policy

    settings = settings_of(home)
    if not ahead:
        typer.echo(read_policy(settings), nl=False)
        return
    from gateway.clock import SystemEntropy

    key = load_log_key(settings, SystemEntropy())
    for name in periods(SystemClock().now(), ahead):
        typer.echo(str(key.signer(f"{key.name}/{name}").verifier))


def init(
    ctx: typer.Context,
    home: Home = None,
    name: Annotated[str, typer.Option("--log-name", help="What its origins begin with, like log.example.org.")] = "",
) -> None:
    """Make the log's own key, for an installation that has none yet."""
    from gateway.clock import SystemClock, SystemEntropy
    from gateway.log.key import create_log_key

    settings = settings_of(home)
    made = create_log_key(settings, name, SystemClock(), SystemEntropy(), hooks_of(ctx).root_class())
    typer.echo(f"made        {settings.log_home}")
    typer.echo(f"log         {made.name}")
    typer.echo(f"Hand {settings.log_home / 'policy.txt'} to the auditor, and {settings.log_passphrase_file} to whoever")
    typer.echo(
        "starts the log (`parefeu serve`, or `parefeu audit sequence` where each zone has a process of its own)."
    )


@contextmanager
def _keeper(ctx: typer.Context, home: Path | None) -> Iterator[LogKeeper]:
    """The log's keeper, alone: an embedded store must not be served meanwhile."""
    from contextlib import ExitStack

    from gateway.clock import SystemClock
    from gateway.log.running import make_keeper
    from vault.storage.store import claim

    settings, hooks = settings_of(home), hooks_of(ctx)
    with ExitStack() as held:
        if settings.sqlite:
            held.enter_context(claim(settings.home, lambda: "the log's keeper"))
        keeper = make_keeper(settings, hooks.clock or SystemClock(), hooks.root_class())
        held.callback(keeper.close)
        yield keeper


def sequence(
    ctx: typer.Context,
    home: Home = None,
    once: Annotated[bool, typer.Option("--once", help="Take what waits, show the head, and end.")] = False,
) -> None:
    """Keep the log until SIGTERM or SIGINT: sequence, ask witnesses, publish. An embedded server does so itself."""
    from gateway.cli import logs
    from gateway.log.keeper import LogThread

    if once:
        with _keeper(ctx, home) as keeper:
            while keeper.turn().full:
                pass
            keeper.turn(last=True)
            keeper.show()
            typer.echo(f"{keeper.state.size} entries in the tree")
        return
    logs.configure()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with _keeper(ctx, home) as keeper:
        thread = LogThread(lambda: keeper)
        thread.start()
        typer.echo("parefeu: keeping the log", err=True)
        while thread.is_alive() and not over.wait(0.5) and not thread.state.stopped:
            pass
        thread.stop()
    if thread.state.stopped:
        raise ConfigurationError(f"the log stopped ({thread.state.stopped}): see docs/access-log.md")


def reopen(
    ctx: typer.Context,
    home: Home = None,
    reason: Annotated[str, typer.Option("--reason", help="A code that the first entry will give.")] = "restored",
) -> None:
    """After a restored backup: begin a new tree, which names the head it goes on from. The old one signs no more."""
    if not reason.isidentifier() or not reason.isascii() or len(reason) > 40:
        raise InvalidInput("a reason is one word of letters, digits and '_'", field="reason")
    with _keeper(ctx, home) as keeper:
        turned = keeper.turn(reopen=reason)
        if turned.head is None:
            raise ConfigurationError("another process keeps the log: stop it first")
        keeper.forget_seen()
        keeper.show()
    typer.echo(f"opened      {turned.head.origin}")
    typer.echo("Add its key to the policy file and to every witness: `parefeu audit policy` and docs/access-log.md.")


def erase(
    ctx: typer.Context,
    home: Home = None,
    before: Annotated[str, typer.Option("--before", help="Details older than this (ISO date or time, UTC) …")] = "",
    actor: Annotated[str, typer.Option("--actor", help="… or those of one actor, by log pseudonym.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="A code that the log will give.")] = "retention",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy details of entries for good; the entries, their proofs and every signature stay valid.

    Runs as owner of the keystore, beside no other keeper of the log. What is erased is written down first.
    """
    from vault.audit.log_events import details_erased
    from vault.storage.detail_erasure import DetailErasure
    from vault.storage.store import Database, make_engine

    if bool(before) == bool(actor):
        raise InvalidInput("name --before or --actor", field="before")
    if not reason.isidentifier() or not reason.isascii() or len(reason) > 40:
        raise InvalidInput("a reason is one word of letters, digits and '_'", field="reason")
    settings, until = settings_of(home), moment(before)
    with _keeper(ctx, home) as keeper, reading(settings) as reader:
        while keeper.turn().full:  # what still waits has its detail in the main database
            pass
        entries = reader.entries_where(actor=actor) if actor else []
        keystore = Database(make_engine(settings.keys_url))
        try:
            erasure = DetailErasure(keystore, entries=entries, before=until)
            count = erasure.count()
            if count and not yes:
                typer.confirm(f"{count} details will be destroyed for good. Go on?", abort=True)
            what = f"actor:{actor}" if actor else f"before:{until.isoformat() if until else ''}"
            if keeper.turn(say=[details_erased(what, count, reason)], last=True).head is None:
                raise ConfigurationError("another process keeps the log: stop it first")
            keeper.show()
            typer.echo(f"{erasure.carry_out()} details destroyed")
        finally:
            keystore.close()
