"""`parefeu policy diff`, `reviewer` and `approve`: what a change of the rules does, and who signs for it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.home import Home, Hooks, hooks_of
from gateway.cli.policy_faults import reject
from policies.compiler import Table, compile_table
from policies.impact import Impact, compare
from policies.loader import load_source
from policies.recorded import Recorded, Replay, replay
from vault.errors import ConfigurationError, PolicyRejected
from vault.vocabulary import OVERSIGHT

if TYPE_CHECKING:
    from vault.sensitive import Sensitive

_Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file that holds the passphrase; default: you are asked.")
]
#: Kinds of recorded decisions that are told one by one.
_TOLD = 20


def diff(
    ctx: typer.Context,
    old: Path,
    new: Path,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Also hold the decisions in the log of --home against both.")
    ] = False,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far back, with --recorded.")] = 30,
    home: Home = None,
) -> None:
    """Say who gains and who loses what between two policy folders. A widening needs two reviewers.

    Both must load, but need not meet expected.csv or the invariants yet: `policy check` says whether they do.
    With --recorded: how many decisions of the last days would differ; oversight's keys and database are needed.
    """
    before, after = _compiled(old), _compiled(new)
    impact = compare(before, after)
    _tell(before, after, impact)
    if recorded:
        _tell_recorded(_replayed(home, hooks_of(ctx), days, before, after), days)


def reviewer(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the key is to lie; made if it is not there.")],
    passphrase_file: _Passphrase = None,
) -> None:
    """Make a key to sign policies with. Prints the fingerprint that PAREFEU_POLICY_REVIEWERS names."""
    from gateway.clock import SystemEntropy
    from gateway.policy_approval import create_reviewer

    passphrase = asked_passphrase(passphrase_file, new=True)
    typer.echo(create_reviewer(folder, passphrase, SystemEntropy(), hooks_of(ctx).root_class()))


def approve(
    ctx: typer.Context,
    old: Path,
    new: Path,
    key: Annotated[Path, typer.Option("--key", help="The folder of your own key (`parefeu policy reviewer`).")],
    name: Annotated[str, typer.Option("--name", help="Who you are; stands beside the signature.")],
    passphrase_file: _Passphrase = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: you have read the sentences already.")] = False,
) -> None:
    """Read what a policy would change, and sign for it. OLD is the policy in force, NEW the one to come."""
    from gateway.clock import SystemClock, SystemEntropy
    from gateway.policy_approval import NEEDED, step_of
    from gateway.policy_approval import approve as sign
    from gateway.policy_approval import open_reviewer as open_key

    before, after = _compiled(old), _compiled(new)
    impact = compare(before, after)
    _tell(before, after, impact)
    if not yes:
        typer.confirm("Sign for this?", abort=True, err=True)
    own = open_key(key, asked_passphrase(passphrase_file), SystemEntropy(), hooks_of(ctx).root_class())
    step = step_of(before.source, after.source, impact)
    count = sign(new, step, name, own, SystemClock().now())
    typer.echo(f"signed: {count} of {NEEDED} that a widening needs")


def _compiled(folder: Path) -> Table:
    try:
        return compile_table(load_source(folder))
    except PolicyRejected as error:
        reject(error, folder)


def _tell(before: Table, after: Table, impact: Impact) -> None:
    for sentence in impact.sentences:
        typer.echo(sentence)
    if not impact.changes:
        same = "the same policy" if before.digest == after.digest else "other files, the same decisions"
        typer.echo(f"nobody gains or loses anything: {same}")
    if impact.widens:
        typer.echo("This widens access: two reviewers must sign it, or it does not load.")


def _tell_recorded(replayed: Replay, days: int) -> None:
    total = replayed.same + replayed.differs + replayed.may_differ + replayed.unknown
    typer.echo(f"recorded   {total:,} decisions of the last {days} days")
    typer.echo(f"differ     {replayed.differs:,} would be answered otherwise")
    typer.echo(f"may        {replayed.may_differ:,} might: the log does not say in which phase and with which facts")
    typer.echo(f"same       {replayed.same:,} would not")
    typer.echo(f"unknown    {replayed.unknown:,} were not decided by rules of the first folder")
    for line in replayed.lines[:_TOLD]:
        typer.echo(f"  {line}")


def _replayed(home: Path | None, hooks: Hooks, days: int, before: Table, after: Table) -> Replay:
    from gateway.cli.staff import at_the_store
    from vault.storage.filing import BATCH
    from vault.usecases.recorded_decisions import count_page, note_the_look

    tallies: Counter[Recorded] = Counter()
    with at_the_store(home, OVERSIGHT, hooks) as (services, _):
        run = services.worker.run
        since = services.clock.now() - timedelta(days=days)
        while run(OVERSIGHT, lambda uow: uow.trail.file(BATCH)) == BATCH:
            pass
        place = None
        while True:
            counted, place = run(OVERSIGHT, partial(count_page, since=since, before=place))
            tallies.update({Recorded(*words): count for words, count in counted.items()})
            if place is None:
                break
        run(OVERSIGHT, lambda uow: note_the_look(uow, after.digest.hex(), tallies.total()))
    return replay(before, after, tallies)


def asked_passphrase(file: Path | None, *, new: bool = False) -> Sensitive[str]:
    from gateway.instance import read_passphrase
    from vault.sensitive import Sensitive

    if file is not None:
        return read_passphrase(file)
    typed: str = typer.prompt("Passphrase of the key", hide_input=True, confirmation_prompt=new, err=True)
    if not typed:
        raise ConfigurationError("a key needs a passphrase")
    return Sensitive(typed)
