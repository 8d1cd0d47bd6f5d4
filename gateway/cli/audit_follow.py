"""`parefeu audit follow`: hand the log's entries to another system, as they are signed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.audit_log import PolicyFile, reading
from gateway.cli.home import Home, plain_settings
from vault.errors import ConfigurationError

if TYPE_CHECKING:
    from auditor.verify import Policy, Read
    from gateway.settings import Settings


def follow(
    to: Annotated[str, typer.Argument(envvar="PAREFEU_FOLLOW_TO", help="A file, or syslog+tls://HOST[:6514].")],
    home: Home = None,
    policy: PolicyFile = None,
    source: Annotated[
        str, typer.Option("--from", help="The log as published files (folder or web address); default: the database.")
    ] = "",
    memory: Annotated[
        Path | None, typer.Option("--memory", help="Where it keeps how far it came; default: HOME/log/follower.")
    ] = None,
    roots: Annotated[
        Path | None,
        typer.Option(
            "--roots", envvar="PAREFEU_FOLLOW_ROOTS", help="PEM: who may vouch for the server; else the system's."
        ),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate", envvar="PAREFEU_FOLLOW_CERTIFICATE", help="PEM: ours, if the server asks for one."
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", envvar="PAREFEU_FOLLOW_KEY", help="PEM: the key of our certificate.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Send what there is, and end.")] = False,
) -> None:
    """Send each entry as an OCSF event, once at least, in order, until SIGTERM or SIGINT. Names nobody and no case.

    It only reads: whatever happens to it or to the server, the vault goes on. Exit codes as of `audit verify`: a log
    that tells another story than before is not followed any further.
    """
    from auditor.verify import CODES, Failed, Policy
    from gateway.cli import logs
    from gateway.clock import SystemEntropy
    from gateway.log.delivery import NotDelivered, target_of
    from gateway.log.follower import Follower, Memory
    from gateway.log.key import read_policy

    settings = plain_settings(home)
    wanted = Policy.parse(read_policy(settings, policy))
    target = target_of(to, roots, certificate, key)
    kept = Memory(memory or settings.log_home / "follower", SystemEntropy())
    over = threading.Event()
    with kept.held() as position, _trees(settings, source, wanted) as trees:
        follower = Follower(trees, wanted, target, position, kept.keep)
        try:
            if once:
                typer.echo(f"{follower.catch_up()} events sent")
                return
            logs.configure()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: over.set())
            typer.echo("parefeu: following the log", err=True)
            follower.keep_on(over)
        except NotDelivered as fault:
            raise ConfigurationError(f"the events were not taken ({fault.why}): they wait") from fault
        except Failed as fault:
            typer.echo(f"{fault.kind}: {fault}. Nothing more is sent: see docs/access-log.md", err=True)
            raise typer.Exit(CODES[fault.kind]) from fault


@contextmanager
def _trees(settings: Settings, source: str, policy: Policy) -> Iterator[Callable[[], Sequence[Read]]]:
    from auditor.verify import logs_of
    from gateway.log.source import live_trees

    if source:
        yield lambda: logs_of(source)
        return
    with reading(settings) as reader:
        yield lambda: live_trees(reader, policy)
