"""`parefeu policy`: check, explain, print and compare the rules.

Needs no vault, no keys and no database: it reads a policy folder and nothing else. Exit code 1 means that a
policy was rejected, or that a proof found a difference.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gateway.cli import policy_changes
from gateway.cli.policy_faults import fail, reject
from policies.expected import load_expected
from policies.explainer import CATALOGUE
from policies.explainer import explain as explain_decision
from policies.firewall import TableFirewall, load_firewall
from policies.invariants import INVARIANTS
from policies.matrix import render
from policies.mutants import measure
from policies.proof import Proof, prove_every, prove_reduced, prove_whole
from vault.errors import PolicyRejected
from vault.provenance import GRAPH
from vault.vocabulary import FACTS, Action, Fact, Facts, Kind, Phase, Purpose, Question, Role

app = typer.Typer(help="The rules of who may see what.", no_args_is_help=True)

#: Of the mistakes that `policy mutants` makes, so many must be refused.
LEAST_NOTICED = 0.99
_Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="A policy folder (model.conf, rules/, release.csv, expected.csv); default: ours."),
]


@app.command()
def check(
    folder: _Folder = None,
    proof: Annotated[bool, typer.Option("--proof", help="Ask Casbin again, reduced (less than a minute).")] = False,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="Settle every request; Casbin is asked where it can differ (a minute)."),
    ] = False,
    every: Annotated[
        bool, typer.Option("--every", help="Ask Casbin every single request (22 minutes of one core, or more).")
    ] = False,
    processes: Annotated[
        int, typer.Option("--processes", min=1, help="For --whole and --every; default: all cores.")
    ] = (os.cpu_count() or 1),
) -> None:
    """Load the rules as the vault would: form, contradictions, expectations, invariants; print the digest."""
    firewall = _load(folder)
    table = firewall.table
    rules = table.source.rules
    allows = sum(rule.allows for rule in rules)
    typer.echo(f"rules       {len(rules)}: {allows} allow, {len(rules) - allows} deny")
    typer.echo(f"profiles    {len(table.source.profiles)}")
    typer.echo(f"cells       {len(table.cells)} of role, kind, action and purpose; every other is denied")
    typer.echo("expected    every request is answered as expected.csv says")
    typer.echo(f"invariants  {len(INVARIANTS)} and the release profiles' hold")
    typer.echo(f"provenance  {len(GRAPH)} fields: nothing that was told reaches follow-up by any way")
    typer.echo(f"digest      {table.digest.hex()}")
    if proof:
        _report(_with_bar(lambda advance: prove_reduced(table, advance)), "reduced proof")
    if whole:
        _report(_with_bar(_in_processes(prove_whole, folder, table.digest, processes)), "whole proof")
    if every:
        _report(_with_bar(_in_processes(prove_every, folder, table.digest, processes)), "proof of every request")


@app.command()
def explain(
    role: Annotated[Role, typer.Option("--role")],
    action: Annotated[Action, typer.Option("--action")],
    kind: Annotated[Kind, typer.Option("--kind")],
    purpose: Annotated[Purpose, typer.Option("--purpose")],
    phase: Annotated[Phase, typer.Option("--phase")] = Phase.NONE,
    fact: Annotated[list[Fact] | None, typer.Option("--fact", help="A fact that is true; may be repeated.")] = None,
    unknown: Annotated[list[Fact] | None, typer.Option("--unknown", help="A fact that is not known.")] = None,
    folder: _Folder = None,
    language: Annotated[str, typer.Option("--language", help="fr, nl, de or en.")] = "en",
) -> None:
    """Say what the firewall answers to a question, and why. Facts that are not named are false."""
    held, open_ = set(fact or ()), set(unknown or ())
    if held & open_:
        fail("a fact is either true or unknown", code=2)
    facts = Facts.of(**{name.value: None if name in open_ else name in held for name in FACTS})
    if language not in CATALOGUE:
        fail(f"the languages are {', '.join(CATALOGUE)}", code=2)
    question = Question(role, action, kind, purpose, phase)
    explanation = explain_decision(_load(folder), question, facts, language=language)
    typer.echo(explanation.text())
    if explanation.rules:
        typer.echo(f"rules: {', '.join(explanation.rules)}")


@app.command()
def matrix(
    folder: _Folder = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="For a document instead of a terminal.")] = False,
) -> None:
    """Print who may see what, as the table decides it."""
    typer.echo(render(_load(folder).table, markdown=markdown), nl=False)


@app.command()
def mutants(
    folder: _Folder = None,
    every: Annotated[int, typer.Option("--every", min=1, help="Only each so-many-th, for a sample.")] = 1,
) -> None:
    """Spoil every rule in every way of one slip, and count what would load all the same. About a minute."""
    firewall = _load(folder)
    measured, seconds = _with_bar(
        lambda advance: measure(firewall.table.source, load_expected(folder), every=every, progress=advance), "mutants"
    )
    for name in measured.unnoticed:
        typer.echo(f"would load: {name}", err=True)
    mistakes = measured.made - measured.same
    typer.echo(f"mutants   {measured.made:,} of the rules; {measured.same:,} decide as before; {seconds:.0f} s")
    typer.echo(f"noticed   {mistakes - len(measured.unnoticed):,} of {mistakes:,}: {measured.share:.2%}")
    if measured.share < LEAST_NOTICED:
        fail(f"fewer than {LEAST_NOTICED:.0%} of the mistakes were noticed")


for _command in (policy_changes.diff, policy_changes.reviewer, policy_changes.approve):
    app.command(_command.__name__)(_command)


def _load(folder: Path | None) -> TableFirewall:
    try:
        return load_firewall(folder)
    except PolicyRejected as error:
        reject(error, folder)


_Done = TypeVar("_Done")
_Prover = Callable[[Path | None, bytes, int, Callable[[int, int], None]], Proof]


def _in_processes(
    prove: _Prover, folder: Path | None, digest: bytes, processes: int
) -> Callable[[Callable[[int, int], None]], Proof]:
    def proven(advance: Callable[[int, int], None]) -> Proof:
        try:
            return prove(folder, digest, processes, advance)
        except PolicyRejected as error:
            reject(error, folder)

    return proven


def _with_bar(prove: Callable[[Callable[[int, int], None]], _Done], unit: str = "requests") -> tuple[_Done, float]:
    """Run something long under a progress bar (shown on a terminal only). Returns its result with its seconds."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.completed:,.0f} " + unit), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    started = time.perf_counter()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        proof = prove(lambda done, total: bar.update(task, completed=done, total=total))
    return proof, time.perf_counter() - started


def _report(proven: tuple[Proof, float], name: str) -> None:
    proof, seconds = proven
    for difference in proof.differences:
        typer.echo(difference, err=True)
    if not proof.holds:
        fail(f"the {name} found differences between the table and Casbin")
    settled = f", which settle all {proof.settled:,}" if proof.settled else ""
    typer.echo(f"{name}  {proof.requests:,} requests asked of Casbin{settled}, in {seconds:.0f} s: no difference")
