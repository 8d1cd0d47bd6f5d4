"""`parefeu policy`: check, explain, print and compare the rules.

Needs no vault, no keys and no database: it reads a policy folder and nothing else. Exit code 1 means that a
policy was rejected, or that a proof found a difference.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from policies.compiler import Table, compile_table
from policies.explainer import explain as explain_decision
from policies.firewall import TableFirewall, load_firewall
from policies.impact import compare
from policies.invariants import INVARIANTS
from policies.loader import load_source
from policies.matrix import render
from policies.proof import Proof, prove_every, prove_reduced, prove_whole
from vault.errors import PolicyRejected
from vault.vocabulary import FACTS, Action, Fact, Facts, Kind, Phase, Purpose, Question, Role

app = typer.Typer(help="The rules of who may see what.", no_args_is_help=True)

_Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="A policy folder (model.conf, rules/, release.csv, expected.csv); default: ours."),
]


@app.command()
def check(
    folder: _Folder = None,
    proof: Annotated[bool, typer.Option("--proof", help="Ask Casbin again, reduced (about 10 seconds).")] = False,
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
) -> None:
    """Say what the firewall answers to a question, and why. Facts that are not named are false."""
    held, open_ = set(fact or ()), set(unknown or ())
    if held & open_:
        _fail("a fact is either true or unknown", code=2)
    facts = Facts.of(**{name.value: None if name in open_ else name in held for name in FACTS})
    explanation = explain_decision(_load(folder), Question(role, action, kind, purpose, phase), facts)
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
def diff(old: Path, new: Path) -> None:
    """Say who gains and who loses what between two policy folders. A widening needs a second reviewer.

    Both must load, but need not meet expected.csv or the invariants yet: `policy check` says whether they do.
    """
    before, after = _compile(old), _compile(new)
    impact = compare(before, after)
    for sentence in impact.sentences:
        typer.echo(sentence)
    if not impact.changes:
        same = "the same policy" if before.digest == after.digest else "other files, the same decisions"
        typer.echo(f"nobody gains or loses anything: {same}")
    if impact.widens:
        typer.echo("This widens access: a second person must review it.")


def _load(folder: Path | None) -> TableFirewall:
    try:
        return load_firewall(folder)
    except PolicyRejected as error:
        _reject(error, folder)


def _compile(folder: Path) -> Table:
    try:
        return compile_table(load_source(folder))
    except PolicyRejected as error:
        _reject(error, folder)


def _reject(error: PolicyRejected, folder: Path | None) -> NoReturn:
    where = f" in {folder}" if folder is not None else ""
    for fault in error.faults:
        typer.echo(fault, err=True)
    _fail(f"the policy{where} was rejected: {len(error.faults)} fault(s); nothing was loaded")


def _fail(message: str, *, code: int = 1) -> NoReturn:
    typer.echo(f"parefeu policy: {message}", err=True)
    raise typer.Exit(code)


_Prover = Callable[[Path | None, bytes, int, Callable[[int, int], None]], Proof]


def _in_processes(
    prove: _Prover, folder: Path | None, digest: bytes, processes: int
) -> Callable[[Callable[[int, int], None]], Proof]:
    def proven(advance: Callable[[int, int], None]) -> Proof:
        try:
            return prove(folder, digest, processes, advance)
        except PolicyRejected as error:
            _reject(error, folder)

    return proven


def _with_bar(prove: Callable[[Callable[[int, int], None]], Proof]) -> tuple[Proof, float]:
    """Run a proof under a progress bar (shown on a terminal only). Returns it with its seconds."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.completed:,.0f} requests"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
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
        _fail(f"the {name} found differences between the table and Casbin")
    settled = f", which settle all {proof.settled:,}" if proof.settled else ""
    typer.echo(f"{name}  {proof.requests:,} requests asked of Casbin{settled}, in {seconds:.0f} s: no difference")
