"""`parefeu ceremony`: who hides behind a pseudonym, for minutes, upon two signatures.

parefeu ceremony ask --pseudonym F-… --basis oqt_execution --minutes 5 --reason "…"      follow-up
parefeu access approve NUMBER --key FOLDER       regional head and data protection officer, each with their own key
parefeu ceremony begin NUMBER                    regional head: prints the ceremony's number
parefeu ceremony open CEREMONY                   data protection officer: the minutes run from here
parefeu ceremony read CEREMONY                   who asked
parefeu ceremony end CEREMONY --reason misused   either approver
parefeu ceremony review --waiting                auditor, data protection officer
parefeu ceremony signatures CEREMONY --out FILE  the same; FILE is for `parefeu access check`
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.desk import Desk, Since, Waiting, at_desk, quoted
from vault.errors import EnvelopeRejected
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, ZoneKind

app = typer.Typer(
    help="Who hides behind a pseudonym, for minutes, upon two signatures.", no_args_is_help=True, add_completion=False
)
Number = Annotated[str, typer.Argument(help="The ceremony's number.")]


@app.command("ask")
@at_desk(FOLLOW_UP)
def ask(
    desk: Desk,
    pseudonym: Annotated[str, typer.Option("--pseudonym", help="The case as your sheets name it (F-…).")],
    basis: Annotated[str, typer.Option("--basis", help="The legal basis, by code.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; approvers read it.")],
    minutes: Annotated[int, typer.Option("--minutes", min=1, help="How long you need to know.")],
) -> None:
    """Ask who it is. `parefeu access` lists, shows and explains it like every request."""
    body = {"pseudonym": pseudonym, "basis": basis, "reason": reason, "minutes": minutes}
    reply = desk.post("/ceremonies", body)
    desk.done(reply, f"{reply['request']}\tto be answered by {reply['due_at']}")


@app.command("begin")
@at_desk(CASEWORK)
def begin(desk: Desk, number: Annotated[str, typer.Argument(help="The request's number.")]) -> None:
    """Begin it, once both functions have signed (regional head). Nobody can read it yet."""
    reply = desk.post(f"/access-requests/{quoted(number)}/ceremony")
    desk.done(reply, f"{reply['ceremony']}\tto be opened by {reply['open_until']}")


@app.command("open")
@at_desk(OVERSIGHT)
def open_(desk: Desk, number: Number) -> None:
    """Let the second share go (data protection officer). The minutes run from here."""
    reply = desk.post(f"/ceremonies/{quoted(number)}/opening")
    desk.done(reply, f"{reply['ceremony']}\tuntil {reply['expires_at']}")


@app.command("read")
@at_desk(FOLLOW_UP)
def read(desk: Desk, number: Number) -> None:
    """Who it is, while the minutes run. Each look is logged."""
    desk.show(desk.get(f"/ceremonies/{quoted(number)}"))


@app.command("end")
@at_desk(kinds=(ZoneKind.CASEWORK, ZoneKind.OVERSIGHT))
def end(
    desk: Desk,
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="no_longer_needed, given_by_mistake or misused.")],
) -> None:
    """End it at once (regional head or data protection officer)."""
    reply = desk.post(f"/ceremonies/{quoted(number)}/end", {"reason": reason})
    desk.done(reply, f"{reply['ceremony']}\tended at {reply['ended_at']}")


_USES = (
    "begun_at", "course", "subject", "begun_by", "opened_by", "minutes", "looks", "stage", "due_on", "overdue", "entry",
    "ceremony",
)  # fmt: skip


@app.command("review")
@at_desk(OVERSIGHT)
def review(
    desk: Desk,
    since: Since = "",
    waiting: Waiting = False,
) -> None:
    """Ceremonies, each with its review (`parefeu audit review open ENTRY --origin ceremony`)."""
    desk.show_reviewed("ceremonies", _USES, since, waiting=waiting)


@app.command("signatures")
@at_desk(OVERSIGHT)
def signatures(
    desk: Desk,
    number: Number,
    out: Annotated[
        Path | None, typer.Option("--out", help="Keep form and signatures in this file, for `parefeu access check`.")
    ] = None,
) -> None:
    """What was asked and why, who approved, and whether each signature holds. Looking is logged."""
    found = desk.get(f"/ceremonies/{quoted(number)}")
    if out is not None:
        from gateway.private import write_private

        write_private(out, json.dumps(found, ensure_ascii=False, indent=2).encode())
    if not desk.as_json:
        found = {name: value for name, value in found.items() if name not in ("canonical", "answers")}
    desk.show(found)
    if not found["trusted"]:
        raise EnvelopeRejected("not both functions have signed this with listed keys, or it is not what the log says")
