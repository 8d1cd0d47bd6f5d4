"""`parefeu erasure`: which closed cases may be kept no longer, and their erasure upon two people's word.

parefeu erasure rules, holds                     what the office's file says; what keeps a case
parefeu erasure due                              regional head: a dry run, nothing is asked
parefeu erasure due --ask retention_over         the same, and ask for each that nothing holds
parefeu erasure ask CASE --ground person_asks    regional head
parefeu erasure asked, approve NUMBER, refuse NUMBER --code still_needed      data protection officer
parefeu erasure carry-out                        operator, where no server runs: a server does it by itself
parefeu erasure list > FILE                      operator: keep it apart from both backups
parefeu erasure replay FILE                      operator: after *both* databases were put back
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted
from gateway.cli.home import Home, Json, hooks_of
from vault.errors import ConfigurationError
from vault.lifecycle.erasure import Refusal
from vault.lifecycle.holds import WHY
from vault.vocabulary import CASEWORK, OVERSIGHT

app = typer.Typer(
    help="Closed cases that may be kept no longer; erase them, upon two words.", no_args_is_help=True,
    add_completion=False,
)  # fmt: skip
Number = Annotated[str, typer.Argument(help="The erasure's number.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=200)]
_DUE = ("due_on", "closed_at", "phase", "reference", "holds", "standing", "refused_for")
_ASKED = ("asked_at", "standing", "cause", "subject", "closed_at", "legal", "erasure")


@app.command("rules")
def rules(
    file: Annotated[
        Path | None,
        typer.Option("--file", envvar="PAREFEU_RETENTION_FILE", help="Check this file, and show what it says."),
    ] = None,
    as_json: Json = False,
) -> None:
    """How long each compartment is kept, upon which grounds a case is erased, and the digest. Needs no vault."""
    from gateway.retention_rules import load_retention_rules

    found = load_retention_rules(file)
    months = {part.value: count for part, count in found.months.items()}
    grounds: list[dict[str, Any]] = [
        {"ground": code, "before_due": each.before_due, "text": each.text} for code, each in found.grounds.items()
    ]
    if as_json:
        output.show_json({"digest": found.digest.hex(), "months": months, "grounds": grounds})
        return
    output.show_rows(
        [{"compartment": name, "months": count} for name, count in months.items()], ("compartment", "months")
    )
    output.show_rows(grounds, ("ground", "before_due", "text"))
    typer.echo(f"digest {found.digest.hex()}")


@app.command("holds")
def holds(as_json: Json = False) -> None:
    """What keeps a case from being erased, and why. Needs no vault."""
    rows: list[dict[str, Any]] = [{"hold": hold.value, "why": why} for hold, why in WHY.items()]
    if as_json:
        output.show_json({"holds": rows})
    else:
        output.show_rows(rows, ("hold", "why"))


@app.command("due")
@at_desk(CASEWORK)
def due(
    desk: Desk,
    by: Annotated[str, typer.Option("--by", help="What is due on this day, YYYY-MM-DD; default: today.")] = "",
    ask: Annotated[str, typer.Option("--ask", help="Ask for each that nothing holds, upon this ground.")] = "",
    limit: Limit = 50,
) -> None:
    """Closed cases of your region that are due, and what holds them. Without --ask nothing is changed."""
    reply = desk.get("/erasures", limit=limit, **({"by": by} if by else {}))
    if not ask:
        desk.show_list(reply, "cases", _DUE)
        return
    asked = [
        desk.post(f"/cases/{quoted(row['reference'])}/erasure", {"ground": ask})
        for row in reply["cases"]
        if not row["holds"] and row["standing"] in (None, "refused", "lapsed")
    ]
    desk.show_list({"asked": asked}, "asked", ("erasure", "reference", "standing"))


@app.command("ask")
@at_desk(CASEWORK)
def ask_erasure(
    desk: Desk,
    case: str,
    ground: Annotated[str, typer.Option("--ground", help="By code: see `parefeu erasure rules`.")],
) -> None:
    """Ask that a closed case be erased (regional head). The data protection officer answers."""
    reply = desk.post(f"/cases/{quoted(case)}/erasure", {"ground": ground})
    desk.done(reply, f"{reply['erasure']}\t{reply['standing']}")


@app.command("asked")
@at_desk(OVERSIGHT)
def asked(desk: Desk, limit: Limit = 50) -> None:
    """What was asked to be erased, newest first (data protection officer)."""
    desk.show_list(desk.get("/erasures", limit=limit), "erasures", _ASKED)


@app.command("approve")
@at_desk(OVERSIGHT)
def approve(desk: Desk, number: Number) -> None:
    """Agree. Casework erases soon after; this cannot be taken back."""
    reply = desk.post(f"/erasures/{quoted(number)}/approve")
    desk.done(reply, reply["standing"])


@app.command("refuse")
@at_desk(OVERSIGHT)
def refuse_erasure(
    desk: Desk, number: Number, code: Annotated[Refusal, typer.Option("--code", help="Why not.")]
) -> None:
    """Refuse, by code. It may be asked again."""
    reply = desk.post(f"/erasures/{quoted(number)}/refuse", {"code": code.value})
    desk.done(reply, reply["standing"])


@app.command("carry-out")
def carry_out(ctx: typer.Context, home: Home = None) -> None:
    """Go on with what was cut short, and erase what was approved. A server that runs does this by itself."""
    from gateway.cli.staff import at_the_store
    from gateway.eraser import erase_all

    with at_the_store(home, CASEWORK, hooks_of(ctx)) as (services, _):
        erased = asyncio.run(erase_all(services))
    typer.echo(f"{erased} erased")


@app.command("list")
def list_tombstones(ctx: typer.Context, home: Home = None) -> None:
    """The references of all erased cases, one a line: nothing of anybody. Keep it apart from both backups."""
    from gateway.cli.staff import at_the_store
    from vault.usecases.erasing import tombstones

    with at_the_store(home, CASEWORK, hooks_of(ctx)) as (services, _):
        for line in services.worker.run(CASEWORK, tombstones):
            typer.echo(line)


@app.command("replay")
def replay_list(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="As `parefeu erasure list` wrote it.")],
    home: Home = None,
) -> None:
    """Erase again every case of a list: for when both databases were put back from before. Before anybody serves."""
    from gateway.cli.staff import at_the_store
    from gateway.replay import finish
    from vault.usecases.casework import parse_reference
    from vault.usecases.erasing import bury_again

    try:
        cases = [parse_reference(line) for line in file.read_text("utf-8").split()]
    except OSError:
        raise ConfigurationError(f"{file.name} cannot be read") from None
    with at_the_store(home, CASEWORK, hooks_of(ctx)) as (services, _):
        casework = services.casework
        assert casework is not None
        again = [
            case for case in dict.fromkeys(cases)
            if services.worker.run(CASEWORK, partial(bury_again, case=case, casework=casework))
        ]  # fmt: skip
        for case in again:
            finish(services, case)
    typer.echo(f"{len(again)} erased again, {len(cases) - len(again)} were erased already")
